//! Listings. Each entry is printed as it comes, so that a million of them take no memory.

use std::{ffi::OsString, io::Write as _, sync::Arc};

use clap::Args;
use futures::{StreamExt as _, stream::BoxStream};
use remote_core::{
    entry::Entry,
    error::{Error, ErrorKind},
    hash::HashAlgorithm,
    operation::ListOptions,
    path::RemotePath,
    remote::Remote,
};

use super::{account::with_unit, lines::Lines, places::Places};
use crate::{console::Console, failure::Failure, program::Result};

#[derive(Args, Debug)]
pub(super) struct Lsjson {
    pub(super) place: OsString,
    /// List everything below
    #[arg(short = 'R', long)]
    pub(super) recursive: bool,
    /// Print the hashes of files
    #[arg(long)]
    pub(super) hash: bool,
    /// Print hashes of this type only; may be repeated, and implies --hash
    #[arg(long, value_name = "TYPE", ignore_case = true, value_parser = HASH_TYPES)]
    pub(super) hash_type: Vec<String>,
    /// Print the entry itself, not what is in it
    #[arg(long)]
    pub(super) stat: bool,
    /// Leave out folders
    #[arg(long)]
    pub(super) files_only: bool,
    /// Leave out files
    #[arg(long, conflicts_with = "files_only")]
    pub(super) dirs_only: bool,
    /// Leave out modification times
    #[arg(long)]
    pub(super) no_modtime: bool,
    /// Leave out media types
    #[arg(long)]
    pub(super) no_mimetype: bool,
    #[command(flatten)]
    pub(super) depth: Depth,
}

/// The hashes that rclone knows by these names. A service has few of them; rclone leaves the others out, and so do we.
const HASH_TYPES: [&str; 13] = [
    "md5",
    "sha1",
    "sha256",
    "sha512",
    "whirlpool",
    "crc32",
    "blake3",
    "xxh3",
    "xxh128",
    "dropbox",
    "hidrive",
    "mailru",
    "quickxor",
];

/// How deep to look.
#[derive(Args, Debug)]
pub(super) struct Depth {
    /// List this many levels of folders; all if zero, and without a number
    #[arg(long, value_name = "N", default_value_t = -1, allow_hyphen_values = true)]
    max_depth: i64,
}

impl Depth {
    #[cfg(test)]
    pub(super) const ALL: Self = Self { max_depth: -1 };

    /// The number of levels, none for all. What is not recursive has one level unless told otherwise, as for rclone.
    fn levels(&self, recursive: bool) -> Option<usize> {
        match usize::try_from(self.max_depth) {
            // rclone counts down, and so never arrives.
            Ok(0) => None,
            Ok(levels) => Some(levels),
            Err(_negative) => (!recursive).then_some(1),
        }
    }
}

impl Lsjson {
    pub(super) async fn run(&self, places: &Places, console: &mut Console) -> Result {
        let (remote, path) = places.remote(&self.place)?;
        let mut lines = Lines::new(self, remote.capabilities());
        if self.stat {
            let entry = remote.stat(&path).await?;
            return match self.includes(&entry) {
                true => lines.print_alone(&entry, console),
                false => Ok(console.out.write_all(b"null\n")?),
            };
        }
        let levels = self.depth.levels(self.recursive);
        let mut below = Below::new(&remote, &path, levels).await?;
        while let Some(entry) = below.next(console).await? {
            if self.includes(&entry) {
                lines.print(&below.shown(&entry), &entry, console)?;
            }
        }
        lines.finish(console)?;
        below.finish()
    }

    fn includes(&self, entry: &Entry) -> bool {
        !(self.files_only && entry.is_directory() || self.dirs_only && entry.is_file())
    }

    /// Whether hashes of this type are printed.
    pub(super) fn shows(&self, algorithm: HashAlgorithm) -> bool {
        match self.hash_type.as_slice() {
            [] => self.hash,
            types => types
                .iter()
                .any(|name| name.eq_ignore_ascii_case(algorithm.name())),
        }
    }
}

#[derive(Args, Debug)]
pub(super) struct Ls {
    place: OsString,
    #[command(flatten)]
    depth: Depth,
}

impl Ls {
    pub(super) async fn run(&self, places: &Places, console: &mut Console) -> Result {
        let (remote, path) = places.remote(&self.place)?;
        let mut below = Below::new(&remote, &path, self.depth.levels(true)).await?;
        while let Some(entry) = below.next(console).await? {
            if entry.is_file() {
                // An unknown size is -1.
                let size = entry.size.map_or(-1, i128::from);
                write!(console.out, "{size:9} ")?;
                console.print_name(below.shown(&entry).as_bytes())?;
                console.out.write_all(b"\n")?;
            }
        }
        below.finish()
    }
}

#[derive(Args, Debug)]
pub(super) struct Size {
    place: OsString,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    depth: Depth,
}

impl Size {
    pub(super) async fn run(&self, places: &Places, console: &mut Console) -> Result {
        let (remote, path) = places.remote(&self.place)?;
        let mut below = Below::new(&remote, &path, self.depth.levels(true)).await?;
        let mut total = Total::default();
        while let Some(entry) = below.next(console).await? {
            if entry.is_file() {
                total.add(&entry);
            }
        }
        let text = if self.json {
            total.json()
        } else {
            total.text()
        };
        writeln!(console.out, "{text}")?;
        below.finish()
    }
}

/// How much there is.
#[derive(Debug, Default)]
struct Total {
    count: u64,
    bytes: u64,
    sizeless: u64,
}

impl Total {
    fn add(&mut self, file: &Entry) {
        self.count += 1;
        match file.size {
            Some(size) => self.bytes = self.bytes.saturating_add(size),
            None => self.sizeless += 1,
        }
    }

    fn json(&self) -> String {
        let Self {
            count,
            bytes,
            sizeless,
        } = self;
        format!(r#"{{"count":{count},"bytes":{bytes},"sizeless":{sizeless}}}"#)
    }

    fn text(&self) -> String {
        let bytes = i64::try_from(self.bytes).unwrap_or(i64::MAX);
        let mut text = format!(
            "Total objects: {}\nTotal size: {} ({} Byte)",
            counted(self.count),
            with_unit(bytes),
            self.bytes
        );
        if self.sizeless > 0 {
            let sizeless = counted(self.sizeless);
            text.push_str(&format!("\nTotal objects with unknown size: {sizeless}"));
        }
        text
    }
}

/// A count for people: `999`, `1.235k (1235)`.
fn counted(count: u64) -> String {
    const UNITS: [(u64, &str); 6] = [
        (1_000_000_000_000_000_000, "E"),
        (1_000_000_000_000_000, "P"),
        (1_000_000_000_000, "T"),
        (1_000_000_000, "G"),
        (1_000_000, "M"),
        (1_000, "k"),
    ];
    let Some((unit, suffix)) = UNITS.into_iter().find(|(unit, _)| count >= *unit) else {
        return count.to_string();
    };
    if count.is_multiple_of(unit) {
        return format!("{}{suffix} ({count})", count / unit);
    }
    // Thousandths, rounded; 128 bits hold the product.
    let thousandths = (u128::from(count) * 1_000 + u128::from(unit) / 2) / u128::from(unit);
    let (whole, rest) = (thousandths / 1_000, thousandths % 1_000);
    format!("{whole}.{rest:03}{suffix} ({count})")
}

/// What is below a place; a place that is a file has that file below it, as for rclone.
struct Below {
    base: RemotePath,
    entries: BoxStream<'static, remote_core::error::Result<Entry>>,
    first: Option<Entry>,
    incomplete: Option<Error>,
    levels: Option<usize>,
}

impl Below {
    /// Fails if nothing is there.
    async fn new(
        remote: &Arc<dyn Remote>,
        path: &RemotePath,
        levels: Option<usize>,
    ) -> Result<Self> {
        let mut below = Self {
            base: path.clone(),
            entries: listing(remote, path, levels != Some(1)).await?,
            first: None,
            incomplete: None,
            levels,
        };
        match below.entries.next().await {
            Some(Ok(entry)) => below.first = Some(entry),
            Some(Err(error)) if error.kind() == ErrorKind::NotADirectory => {
                below.first = Some(remote.stat(path).await?);
                below.base = path.parent().unwrap_or_default();
                below.entries = futures::stream::empty().boxed();
            }
            Some(Err(error)) => return Err(error.into()),
            None => {}
        }
        Ok(below)
    }

    /// The next entry that is not too deep.
    async fn next(&mut self, console: &mut Console) -> Result<Option<Entry>> {
        loop {
            let entry = self.next_of_all(console).await?;
            let is_too_deep = entry.as_ref().is_some_and(|entry| {
                let depth = self.shown(entry).depth();
                self.levels.is_some_and(|levels| depth > levels)
            });
            if !is_too_deep {
                return Ok(entry);
            }
        }
    }

    /// The next entry. A folder that cannot be listed is told, and the others are listed.
    async fn next_of_all(&mut self, console: &mut Console) -> Result<Option<Entry>> {
        if let Some(entry) = self.first.take() {
            return Ok(Some(entry));
        }
        while let Some(entry) = self.entries.next().await {
            if let Some(earlier) = self.incomplete.take() {
                let earlier = remote_core::error::report(&earlier);
                console.tell(format_args!("{earlier}"));
            }
            match entry {
                Ok(entry) => return Ok(Some(entry)),
                Err(error) => self.incomplete = Some(error),
            }
        }
        Ok(None)
    }

    /// Fails if something was left out: an error is then the last that came.
    fn finish(self) -> Result {
        match self.incomplete {
            Some(error) => Err(Failure::from(error)),
            None => Ok(()),
        }
    }

    /// The path of an entry as it is shown.
    fn shown(&self, entry: &Entry) -> RemotePath {
        entry
            .path
            .strip_prefix(&self.base)
            .unwrap_or_else(|| entry.path.clone())
    }
}

/// A folder is small enough to be sorted, a tree need not be.
async fn listing(
    remote: &Arc<dyn Remote>,
    path: &RemotePath,
    recursive: bool,
) -> Result<BoxStream<'static, remote_core::error::Result<Entry>>> {
    if recursive {
        let options = ListOptions::default().with_keep_going(true);
        return Ok(remote.list_recursive(path, options));
    }
    let mut entries: Vec<_> = remote.list(path, ListOptions::default()).collect().await;
    entries.sort_by(|a, b| match (a, b) {
        (Ok(a), Ok(b)) => a.path.cmp(&b.path),
        (a, b) => a.is_ok().cmp(&b.is_ok()),
    });
    Ok(futures::stream::iter(entries).boxed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_shortened_in_thousands() {
        for (count, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1k (1000)"),
            (1_235, "1.235k (1235)"),
            (12_345_678, "12.346M (12345678)"),
        ] {
            assert_eq!(counted(count), text);
        }
    }
}
