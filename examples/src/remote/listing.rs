//! Listings. Each entry is printed as it comes, so that a million of them take no memory.

use std::{io::Write as _, sync::Arc};

use clap::Args;
use futures::{StreamExt as _, stream::BoxStream};
use remote_core::{
    capabilities::Capabilities,
    entry::Entry,
    error::{Error, ErrorKind},
    operation::ListOptions,
    path::RemotePath,
    remote::Remote,
};

use super::{
    account::with_unit,
    json::{Clock, push_number, push_string},
    media_type::MediaTypes,
    places::Places,
};
use crate::{console::Console, failure::Failure, program::Result};

#[derive(Args, Debug)]
pub(super) struct Lsjson {
    place: String,
    /// List everything below
    #[arg(short = 'R', long)]
    recursive: bool,
    /// Print the hashes of files
    #[arg(long)]
    hash: bool,
    /// Print the entry itself, not what is in it
    #[arg(long, conflicts_with = "recursive")]
    stat: bool,
    /// Leave out folders
    #[arg(long)]
    files_only: bool,
    /// Leave out files
    #[arg(long, conflicts_with = "files_only")]
    dirs_only: bool,
    /// Leave out modification times
    #[arg(long)]
    no_modtime: bool,
    /// Leave out media types
    #[arg(long)]
    no_mimetype: bool,
}

impl Lsjson {
    pub(super) async fn run(&self, places: &Places, console: &mut Console) -> Result {
        let (remote, path) = places.remote(&self.place)?;
        let mut lines = Lines::new(self, remote.capabilities());
        if self.stat {
            let entry = remote.stat(&path).await?;
            return lines.print_alone(&entry, console);
        }
        let mut below = Below::new(&remote, &path, self.recursive).await?;
        while let Some(entry) = below.next(console).await? {
            if !(self.files_only && entry.is_directory() || self.dirs_only && entry.is_file()) {
                lines.print(&below.shown(&entry), &entry, console)?;
            }
        }
        lines.finish(console)?;
        below.finish()
    }
}

#[derive(Args, Debug)]
pub(super) struct Ls {
    place: String,
}

impl Ls {
    pub(super) async fn run(&self, places: &Places, console: &mut Console) -> Result {
        let (remote, path) = places.remote(&self.place)?;
        let mut below = Below::new(&remote, &path, true).await?;
        while let Some(entry) = below.next(console).await? {
            if entry.is_file() {
                // An unknown size is -1.
                let size = entry.size.map_or(-1, i128::from);
                write!(console.out, "{size:9} ")?;
                console.out.write_all(below.shown(&entry).as_bytes())?;
                console.out.write_all(b"\n")?;
            }
        }
        below.finish()
    }
}

#[derive(Args, Debug)]
pub(super) struct Size {
    place: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Size {
    pub(super) async fn run(&self, places: &Places, console: &mut Console) -> Result {
        let (remote, path) = places.remote(&self.place)?;
        let mut below = Below::new(&remote, &path, true).await?;
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
}

impl Below {
    /// Fails if nothing is there.
    async fn new(remote: &Arc<dyn Remote>, path: &RemotePath, recursive: bool) -> Result<Self> {
        let mut below = Self {
            base: path.clone(),
            entries: listing(remote, path, recursive).await?,
            first: None,
            incomplete: None,
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

    /// The next entry. A folder that cannot be listed is told, and the others are listed.
    async fn next(&mut self, console: &mut Console) -> Result<Option<Entry>> {
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

/// Prints entries as rclone does: one object per line, in one buffer that is used again.
struct Lines<'a> {
    wanted: &'a Lsjson,
    clock: Clock,
    directory_times: bool,
    types: Option<MediaTypes>,
    line: Vec<u8>,
    is_first: bool,
}

impl<'a> Lines<'a> {
    fn new(wanted: &'a Lsjson, capabilities: &Capabilities) -> Self {
        Self {
            wanted,
            clock: Clock::local(capabilities.time_precision),
            directory_times: capabilities.directory_times,
            types: (!wanted.no_mimetype).then(MediaTypes::of_system),
            line: Vec::new(),
            is_first: true,
        }
    }

    fn print(&mut self, shown: &RemotePath, entry: &Entry, console: &mut Console) -> Result {
        self.line.clear();
        let before: &[u8] = if self.is_first { b"[\n" } else { b",\n" };
        self.line.extend_from_slice(before);
        self.is_first = false;
        self.object(shown, entry, Layout::LINE);
        Ok(console.out.write_all(&self.line)?)
    }

    fn finish(&mut self, console: &mut Console) -> Result {
        let end: &[u8] = if self.is_first { b"[\n]\n" } else { b"\n]\n" };
        Ok(console.out.write_all(end)?)
    }

    /// One entry by itself: its path is its name, and that of a folder is empty.
    fn print_alone(&mut self, entry: &Entry, console: &mut Console) -> Result {
        let base = match entry.path.parent() {
            Some(parent) if entry.is_file() => parent,
            _ => entry.path.clone(),
        };
        let shown = entry.path.strip_prefix(&base).unwrap_or_default();
        self.line.clear();
        self.object(&shown, entry, Layout::INDENTED);
        self.line.push(b'\n');
        Ok(console.out.write_all(&self.line)?)
    }

    fn object(&mut self, shown: &RemotePath, entry: &Entry, layout: Layout) {
        self.line.push(b'{');
        self.member("Path", layout, true);
        push_string(&mut self.line, shown.as_bytes());
        self.member("Name", layout, false);
        push_string(&mut self.line, shown.name().unwrap_or_default());
        self.member("Size", layout, false);
        match entry.size {
            Some(size) if entry.is_file() => push_number(&mut self.line, size),
            _ => self.line.extend_from_slice(b"-1"),
        }
        self.media_type(shown, entry, layout);
        self.member("ModTime", layout, false);
        self.line.push(b'"');
        if !self.wanted.no_modtime {
            let kept = entry.is_file() || self.directory_times;
            let modified = entry.modified.filter(|_| kept);
            self.clock.push(&mut self.line, modified);
        }
        self.line.push(b'"');
        self.member("IsDir", layout, false);
        let is_dir: &[u8] = if entry.is_directory() {
            b"true"
        } else {
            b"false"
        };
        self.line.extend_from_slice(is_dir);
        self.hashes(entry, layout);
        self.line.extend_from_slice(layout.close);
    }

    fn media_type(&mut self, shown: &RemotePath, entry: &Entry, layout: Layout) {
        if self.wanted.no_mimetype {
            return;
        }
        self.member("MimeType", layout, false);
        let name = String::from_utf8_lossy(shown.name().unwrap_or_default());
        let media_type = match &self.types {
            Some(types) if entry.is_file() => types.of(&name),
            _ => "inode/directory",
        };
        push_string(&mut self.line, media_type.as_bytes());
    }

    fn hashes(&mut self, entry: &Entry, layout: Layout) {
        let Some(hash) = entry.hash.as_ref().filter(|_| self.wanted.hash) else {
            return;
        };
        self.member("Hashes", layout, false);
        self.line.push(b'{');
        self.line.extend_from_slice(layout.nested);
        push_string(&mut self.line, hash.algorithm().name().as_bytes());
        self.line.extend_from_slice(layout.colon);
        self.line.push(b'"');
        for byte in hash.as_bytes() {
            for digit in [byte >> 4, byte & 15] {
                let digit = char::from_digit(digit.into(), 16).unwrap_or_default();
                self.line.push(u8::try_from(digit).unwrap_or_default());
            }
        }
        self.line.push(b'"');
        self.line.extend_from_slice(layout.close_nested);
    }

    fn member(&mut self, name: &str, layout: Layout, is_first: bool) {
        if !is_first {
            self.line.push(b',');
        }
        self.line.extend_from_slice(layout.before);
        self.line.push(b'"');
        self.line.extend_from_slice(name.as_bytes());
        self.line.push(b'"');
        self.line.extend_from_slice(layout.colon);
    }
}

/// White space in JSON.
#[derive(Clone, Copy)]
struct Layout {
    before: &'static [u8],
    colon: &'static [u8],
    close: &'static [u8],
    nested: &'static [u8],
    close_nested: &'static [u8],
}

impl Layout {
    const LINE: Self = Self {
        before: b"",
        colon: b":",
        close: b"}",
        nested: b"",
        close_nested: b"}",
    };
    const INDENTED: Self = Self {
        before: b"\n\t",
        colon: b": ",
        close: b"\n}",
        nested: b"\n\t\t",
        close_nested: b"\n\t}",
    };
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use remote_core::hash::{HashAlgorithm, HashValue};

    use super::*;

    fn path(text: &str) -> RemotePath {
        RemotePath::parse(text).unwrap()
    }

    fn wanted() -> Lsjson {
        Lsjson {
            place: String::new(),
            recursive: false,
            hash: true,
            stat: false,
            files_only: false,
            dirs_only: false,
            no_modtime: false,
            no_mimetype: false,
        }
    }

    fn lines(wanted: &Lsjson) -> Lines<'_> {
        let capabilities = Capabilities::minimal("test");
        let mut lines = Lines::new(wanted, &capabilities);
        let precision = Some(Duration::from_millis(1));
        lines.clock = Clock::in_zone(jiff::tz::TimeZone::UTC, precision);
        lines.types = lines.types.map(|_| MediaTypes::built_in());
        lines
    }

    fn file() -> Entry {
        let at = SystemTime::UNIX_EPOCH + Duration::from_millis(1_767_323_045_678);
        Entry::file(path("d/a.txt"), 2)
            .with_modified(Some(at))
            .with_hash(Some(HashValue::of(HashAlgorithm::Md5, b"hi")))
    }

    // As rclone 1.75.2 prints them.
    #[test]
    fn entries_are_printed_like_rclone_prints_them() {
        let (mut console, out, _err) = Console::captured(b"");
        let wanted = wanted();
        let mut lines = lines(&wanted);
        lines.print(&path("a.txt"), &file(), &mut console).unwrap();
        let folder = Entry::directory(path("d/sub"));
        lines.print(&path("sub"), &folder, &mut console).unwrap();
        lines.finish(&mut console).unwrap();
        assert_eq!(
            out.text(),
            concat!(
                "[\n",
                r#"{"Path":"a.txt","Name":"a.txt","Size":2,"MimeType":"text/plain; charset=utf-8","ModTime":"2026-01-02T03:04:05.678Z","IsDir":false,"Hashes":{"md5":"49f68a5c8493ec2c0bf489821c21fc3b"}},"#,
                "\n",
                r#"{"Path":"sub","Name":"sub","Size":-1,"MimeType":"inode/directory","ModTime":"2000-01-01T00:00:00.000Z","IsDir":true}"#,
                "\n]\n"
            )
        );
    }

    #[test]
    fn one_entry_is_indented() {
        let (mut console, out, _err) = Console::captured(b"");
        let wanted = wanted();
        lines(&wanted).print_alone(&file(), &mut console).unwrap();
        let text = out.text();
        assert!(
            text.starts_with("{\n\t\"Path\": \"a.txt\",\n\t\"Name\": \"a.txt\",\n"),
            "{text}"
        );
        assert!(
            text.ends_with(
                "\t\"Hashes\": {\n\t\t\"md5\": \"49f68a5c8493ec2c0bf489821c21fc3b\"\n\t}\n}\n"
            ),
            "{text}"
        );
    }

    #[test]
    fn an_empty_listing_is_an_empty_array() {
        let (mut console, out, _err) = Console::captured(b"");
        lines(&wanted()).finish(&mut console).unwrap();
        assert_eq!(out.text(), "[\n]\n");
    }

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
