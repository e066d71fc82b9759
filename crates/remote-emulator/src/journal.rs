//! State on disk: a file of JSON lines, one per change, rewritten without its history at every start.
//!
//! A change is one line, so it is there as a whole or not at all; a last line that was cut by the end of the process
//! is dropped. Contents are stored before the line that mentions them is written. What was answered survives the end
//! of the process; a power failure may take the last seconds, since nothing waits for the disk.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The file changes are appended to.
#[derive(Debug)]
pub(crate) struct Journal {
    file: File,
    /// Bytes of whole lines.
    length: u64,
    path: PathBuf,
    /// Held as long as the journal lives, so that no second process writes to it.
    _lock: File,
}

impl Journal {
    /// Takes the directory for this process; the journal itself is opened by [`rewrite`](Self::rewrite).
    pub(crate) fn lock(dir: &Path) -> io::Result<File> {
        fs::create_dir_all(dir)?;
        let lock = File::create(dir.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => Ok(lock),
            Err(TryLockError::Error(error)) => Err(error),
            Err(TryLockError::WouldBlock) => Err(io::Error::new(
                io::ErrorKind::ResourceBusy,
                "in use by another emulator",
            )),
        }
    }

    /// Every line that was saved, oldest first.
    pub(crate) fn read<R: DeserializeOwned>(
        dir: &Path,
        mut each: impl FnMut(Vec<R>),
    ) -> io::Result<()> {
        let file = match File::open(dir.join("journal.jsonl")) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        let mut reader = BufReader::new(file);
        let mut line = Vec::new();
        for number in 1_u64.. {
            line.clear();
            if reader.read_until(b'\n', &mut line)? == 0 || !line.ends_with(b"\n") {
                return Ok(());
            }
            let records = serde_json::from_slice(&line).map_err(|error| {
                let text = format!("journal.jsonl, line {number}: {error}");
                io::Error::new(io::ErrorKind::InvalidData, text)
            })?;
            each(records);
        }
        Ok(())
    }

    /// Replaces the journal with these records and opens it for more.
    pub(crate) fn rewrite<R: Serialize>(
        dir: &Path,
        lock: File,
        records: impl Iterator<Item = R>,
    ) -> io::Result<Self> {
        let path = dir.join("journal.jsonl");
        let fresh = dir.join("journal.new");
        let mut writer = BufWriter::new(File::create(&fresh)?);
        for record in records {
            serde_json::to_writer(&mut writer, &[record])?;
            writer.write_all(b"\n")?;
        }
        let file = writer
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        fs::rename(&fresh, &path)?;
        let file = OpenOptions::new().append(true).open(&path)?;
        Ok(Self {
            length: file.metadata()?.len(),
            file,
            path,
            _lock: lock,
        })
    }

    /// Saves one change. A failure leaves the journal as it was.
    pub(crate) fn append(&mut self, records: &[impl Serialize]) -> io::Result<()> {
        let mut line = serde_json::to_vec(records)?;
        line.push(b'\n');
        let written = self.file.write_all(&line);
        match &written {
            Ok(()) => self.length += line.len() as u64,
            // Half a line in the middle would make the journal unreadable.
            Err(_) => self.file.set_len(self.length)?,
        }
        written.map_err(|error| {
            io::Error::new(error.kind(), format!("{}: {error}", self.path.display()))
        })
    }
}
