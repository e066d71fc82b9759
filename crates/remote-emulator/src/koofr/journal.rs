//! The state on disk: a file of JSON lines, one per change, rewritten without its history at every start.
//!
//! A change is one line, so it is there as a whole or not at all; a last line that was cut by the end of the process
//! is dropped. Contents are stored before the line that mentions them is written. What was answered survives the end
//! of the process; a power failure may take the last seconds, since nothing waits for the disk.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::koofr::model::{Account, TrashItem};
use crate::koofr::nodes::{Dir, FileData, Kind, Node, NodeId, Tags};
use crate::koofr::tree::Tombstone;
use crate::store::{Content, ContentStore};

/// One thing that became different.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Record {
    Account(Box<Account>),
    Gone(NodeId),
    Node(Box<SavedNode>),
    Trash(u64, Box<TrashItem>),
    Tree(Tombstone),
    Untrash(u64),
}

#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct SavedNode {
    id: NodeId,
    parent: NodeId,
    seq: u64,
    name: String,
    modified: i64,
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    tags: Tags,
    #[serde(default, skip_serializing_if = "is_zero")]
    hidden_until: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file: Option<SavedFile>,
}

#[derive(Debug, Deserialize, Serialize)]
struct SavedFile {
    size: u64,
    hash: String,
    content_type: String,
    /// Absent for an empty file, which needs no content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    object: Option<String>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature serde calls"
)]
fn is_zero(value: &i64) -> bool {
    *value == 0
}

impl SavedNode {
    pub(crate) fn new(id: NodeId, node: &Node) -> Self {
        Self {
            id,
            parent: node.parent,
            seq: node.seq,
            name: node.name.clone(),
            modified: node.modified,
            tags: node.tags.clone(),
            hidden_until: node.hidden_until,
            file: node.file().map(|file| SavedFile {
                size: file.size,
                hash: file.hash.clone(),
                content_type: file.content_type.clone(),
                object: match &file.content {
                    Content::Disk(disk) => Some(disk.id.clone()),
                    Content::Memory(_) => None,
                },
            }),
        }
    }

    pub(crate) fn id(&self) -> NodeId {
        self.id
    }

    /// The content's name in the store.
    pub(crate) fn object(&self) -> Option<&str> {
        self.file.as_ref()?.object.as_deref()
    }

    pub(crate) fn restore(self, store: &ContentStore) -> io::Result<Node> {
        let kind = match self.file {
            None => Kind::Dir(Dir::default()),
            Some(file) => Kind::File(FileData {
                size: file.size,
                hash: file.hash,
                content_type: file.content_type,
                content: match &file.object {
                    Some(object) => store.open(object)?,
                    None => Content::Memory(bytes::Bytes::new()),
                },
            }),
        };
        Ok(Node {
            parent: self.parent,
            seq: self.seq,
            name: self.name,
            modified: self.modified,
            tags: self.tags,
            hidden_until: self.hidden_until,
            kind,
        })
    }
}

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
                format!("{} is in use by another process", dir.display()),
            )),
        }
    }

    /// Every line that was saved, oldest first.
    pub(crate) fn read(dir: &Path, mut each: impl FnMut(Vec<Record>)) -> io::Result<()> {
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
    pub(crate) fn rewrite(
        dir: &Path,
        lock: File,
        records: impl Iterator<Item = Record>,
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
    pub(crate) fn append(&mut self, records: &[Record]) -> io::Result<()> {
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
