//! Comparing two folders byte for byte, with nothing but the standard library.

use std::{
    collections::HashSet,
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use remote_core::path::RemotePath;
use remote_transfer::Filter;

use crate::{failure::Failure, program::Result};

/// What was compared and found to be the same.
#[derive(Clone, Copy, Debug, Default)]
pub struct Same {
    /// Files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Compares all files of a folder, but for those that are left out or could not be copied, with those of the same names in another one.
///
/// # Errors
///
/// The first file that differs or is missing, or cannot be read.
pub async fn trees(
    expected: &Path,
    actual: &Path,
    filter: impl Filter + 'static,
    not_copied: HashSet<PathBuf>,
) -> Result<Same> {
    let (expected, actual) = (expected.to_owned(), actual.to_owned());
    let compared = tokio::task::spawn_blocking(move || {
        let mut comparison = Comparison {
            filter: &filter,
            not_copied: &not_copied,
            same: Same::default(),
        };
        comparison.folder(&expected, &actual, &RemotePath::root())?;
        Ok(comparison.same)
    });
    compared.await?
}

struct Comparison<'a> {
    filter: &'a dyn Filter,
    /// Files and folders, by their paths in the expected folder.
    not_copied: &'a HashSet<PathBuf>,
    same: Same,
}

impl Comparison<'_> {
    fn folder(&mut self, expected: &Path, actual: &Path, at: &RemotePath) -> Result {
        for entry in fs::read_dir(expected).map_err(unreadable(expected))? {
            let entry = entry.map_err(unreadable(expected))?;
            let path = at.child(entry.file_name().as_encoded_bytes())?;
            let (expected, actual) = (entry.path(), actual.join(entry.file_name()));
            if !self.filter.includes(&path) || self.not_copied.contains(&expected) {
                continue;
            }
            let kind = entry.file_type().map_err(unreadable(&expected))?;
            if kind.is_dir() {
                self.folder(&expected, &actual, &path)?;
            } else if kind.is_file() {
                self.same.bytes += file(&expected, &actual)?;
                self.same.files += 1;
            }
        }
        Ok(())
    }
}

fn unreadable(path: &Path) -> impl Fn(io::Error) -> Failure + '_ {
    move |error| Failure::message(format!("cannot read {}: {error}", path.display()))
}

fn file(expected: &Path, actual: &Path) -> Result<u64> {
    let differs = || {
        Failure::message(format!(
            "{} differs from {}",
            actual.display(),
            expected.display()
        ))
    };
    let (mut left, mut right) = (
        File::open(expected).map_err(unreadable(expected))?,
        File::open(actual).map_err(|_missing| differs())?,
    );
    let (mut left_bytes, mut right_bytes) = ([0; 32 * 1024], [0; 32 * 1024]);
    let mut total = 0;
    loop {
        let (read, other) = (
            fill(&mut left, &mut left_bytes).map_err(unreadable(expected))?,
            fill(&mut right, &mut right_bytes).map_err(unreadable(actual))?,
        );
        if left_bytes.get(..read) != right_bytes.get(..other) {
            return Err(differs());
        }
        if read == 0 {
            return Ok(total);
        }
        total += read as u64;
    }
}

/// Reads until the buffer is full or the file ends.
fn fill(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read(rest)? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::copying::CopyArguments;

    async fn compared(change: impl Fn(&Path)) -> Result<Same> {
        compared_without(&[], change).await
    }

    async fn compared_without(not_copied: &[&str], change: impl Fn(&Path)) -> Result<Same> {
        let (left, right) = (tempfile::tempdir()?, tempfile::tempdir()?);
        for dir in [left.path(), right.path()] {
            fs::create_dir(dir.join("sub"))?;
            fs::write(dir.join("sub/a"), vec![7; 100_000])?;
        }
        change(right.path());
        let none = CopyArguments {
            transfers: 1,
            checkers: 1,
            exclude: Vec::new(),
            verbose: false,
        };
        let not_copied = not_copied.iter().map(|name| left.path().join(name));
        trees(
            left.path(),
            right.path(),
            none.filter(),
            not_copied.collect(),
        )
        .await
    }

    #[tokio::test]
    async fn equal_trees_are_counted() {
        let same = compared(|_| {}).await.unwrap();
        assert_eq!((same.files, same.bytes), (1, 100_000));
    }

    #[tokio::test]
    async fn what_could_not_be_copied_is_not_compared() {
        let gone = |dir: &Path| fs::remove_file(dir.join("sub/a")).unwrap();
        for path in ["sub", "sub/a"] {
            let same = compared_without(&[path], gone).await.unwrap();
            assert_eq!(same.files, 0, "{path}");
        }
    }

    #[tokio::test]
    async fn a_byte_or_a_file_makes_a_difference() {
        assert!(
            compared(|dir| fs::write(dir.join("sub/a"), vec![8; 100_000]).unwrap())
                .await
                .is_err()
        );
        assert!(
            compared(|dir| fs::write(dir.join("sub/a"), vec![7; 100_001]).unwrap())
                .await
                .is_err()
        );
        assert!(
            compared(|dir| fs::remove_file(dir.join("sub/a")).unwrap())
                .await
                .is_err()
        );
    }
}
