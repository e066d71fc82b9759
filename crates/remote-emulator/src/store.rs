//! Contents of files: small ones in memory, large ones on disk, never a large one whole in memory.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures::{StreamExt, stream};
use md5::{Digest, Md5};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::ids;
use crate::reply::ByteStream;

/// Contents up to this size are kept in memory, unless the state has to survive the process.
const MEMORY_LIMIT: usize = 1024 * 1024;

/// Bytes handed to the writing thread at once; large enough that waking it costs nothing beside hashing.
const BATCH_BYTES: usize = 256 * 1024;

/// Batches that may wait for the writing thread before the network is held back.
const BATCHES_AHEAD: usize = 4;

/// Bytes read from disk at once.
const READ_BYTES: usize = 256 * 1024;

/// The lower-case hexadecimal MD5 of `bytes`.
pub(crate) fn md5_hex(bytes: &[u8]) -> String {
    hex(&Md5::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value & 0xf)]);
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(*byte)])
        .collect()
}

/// The bytes of one file, shared by all entries that have them.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    Memory(Bytes),
    Disk(Arc<DiskContent>),
}

#[derive(Debug)]
pub(crate) struct DiskContent {
    /// The name of the file inside the store.
    pub(crate) id: String,
    path: PathBuf,
    length: u64,
}

impl Content {
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::Disk(disk) => disk.length,
        }
    }

    /// The bytes of `range`, which must lie inside the content.
    pub(crate) fn stream(&self, range: Range<u64>) -> ByteStream {
        match self {
            Self::Memory(bytes) => {
                let at = |offset: u64| {
                    usize::try_from(offset)
                        .unwrap_or(usize::MAX)
                        .min(bytes.len())
                };
                let slice = bytes.slice(at(range.start)..at(range.end));
                stream::iter((!slice.is_empty()).then_some(Ok(slice))).boxed()
            }
            Self::Disk(disk) => read_file(Arc::clone(disk), range),
        }
    }

    /// All bytes at once, for tests and small documents.
    pub(crate) fn read(&self) -> io::Result<Bytes> {
        match self {
            Self::Memory(bytes) => Ok(bytes.clone()),
            Self::Disk(disk) => fs::read(&disk.path).map(Bytes::from),
        }
    }
}

fn read_file(disk: Arc<DiskContent>, range: Range<u64>) -> ByteStream {
    let state = (disk, None::<File>, range);
    stream::try_unfold(state, |(disk, file, range)| async move {
        if range.is_empty() {
            return Ok(None);
        }
        spawn_blocking(move || {
            let mut file = match file {
                Some(file) => file,
                None => {
                    let mut file = File::open(&disk.path)?;
                    file.seek(SeekFrom::Start(range.start))?;
                    file
                }
            };
            let left = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
            let mut buffer = vec![0; left.min(READ_BYTES)];
            file.read_exact(&mut buffer)?;
            let rest = range.start + buffer.len() as u64..range.end;
            Ok(Some((Bytes::from(buffer), (disk, Some(file), rest))))
        })
        .await
        .map_err(io::Error::other)?
    })
    .boxed()
}

/// Where contents live.
#[derive(Debug)]
pub(crate) struct ContentStore {
    dir: PathBuf,
    memory_limit: usize,
    /// Removes the directory when the store is temporary.
    _temporary: Option<tempfile::TempDir>,
}

impl ContentStore {
    /// A store that ends with the process.
    pub(crate) fn temporary() -> io::Result<Self> {
        let dir = tempfile::Builder::new()
            .prefix("remote-emulator-")
            .tempdir()?;
        Ok(Self {
            dir: dir.path().to_owned(),
            memory_limit: MEMORY_LIMIT,
            _temporary: Some(dir),
        })
    }

    /// A store whose contents are files of `dir`.
    pub(crate) fn durable(dir: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&dir)?;
        Ok(Self {
            dir,
            memory_limit: 0,
            _temporary: None,
        })
    }

    /// The content that was stored under `id` before.
    pub(crate) fn open(&self, id: &str) -> io::Result<Content> {
        let path = self.dir.join(id);
        let length = fs::metadata(&path)
            .map_err(|error| io::Error::new(error.kind(), format!("objects/{id}: {error}")))?
            .len();
        Ok(Content::Disk(Arc::new(DiskContent {
            id: id.to_owned(),
            path,
            length,
        })))
    }

    /// Removes everything that is not in `used`: what was being written when the process ended.
    pub(crate) fn sweep(&self, used: &std::collections::HashSet<String>) -> io::Result<()> {
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            if !entry
                .file_name()
                .to_str()
                .is_some_and(|name| used.contains(name))
            {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// Gives up a reference to a content; the last one removes its file.
    pub(crate) fn release(content: Content) {
        if let Content::Disk(disk) = content
            && let Some(disk) = Arc::into_inner(disk)
            && let Err(error) = fs::remove_file(&disk.path)
        {
            tracing::warn!(%error, "a content could not be removed");
        }
    }

    /// Starts a new content.
    pub(crate) fn writer(&self) -> ContentWriter {
        ContentWriter {
            dir: self.dir.clone(),
            keep_in_memory: self.memory_limit > 0,
            length: 0,
            sink: Sink::Memory(BytesMut::new()),
        }
    }

    /// Stores `bytes` as a new content.
    pub(crate) fn insert(&self, bytes: Bytes) -> io::Result<Content> {
        if bytes.len() <= self.memory_limit || bytes.is_empty() {
            return Ok(Content::Memory(bytes));
        }
        store_file(&self.dir, |file| file.write_all(&bytes))
            .map(|disk| Content::Disk(Arc::new(disk)))
    }
}

/// Writes to a temporary name first, so that no file of a final name is ever incomplete.
fn store_file(
    dir: &Path,
    fill: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<DiskContent> {
    let mut file = tempfile::Builder::new().prefix("new-").tempfile_in(dir)?;
    fill(file.as_file_mut())?;
    let length = file.as_file().metadata()?.len();
    let id = ids::token();
    let path = dir.join(&id);
    file.persist(&path).map_err(|error| error.error)?;
    Ok(DiskContent { id, path, length })
}

/// A content that was written completely, with its lower-case hexadecimal MD5.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) content: Content,
    pub(crate) md5: String,
}

/// A content being received. Dropped without [`finish`](Self::finish), it leaves nothing behind.
#[derive(Debug)]
pub(crate) struct ContentWriter {
    dir: PathBuf,
    keep_in_memory: bool,
    length: u64,
    sink: Sink,
}

#[derive(Debug)]
enum Sink {
    Memory(BytesMut),
    Disk(DiskSink),
}

impl ContentWriter {
    /// The number of bytes so far.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    pub(crate) async fn write(&mut self, chunk: Bytes) -> io::Result<()> {
        self.length += chunk.len() as u64;
        match &mut self.sink {
            Sink::Memory(buffer) if buffer.len() + chunk.len() <= MEMORY_LIMIT => {
                buffer.extend_from_slice(&chunk);
                Ok(())
            }
            Sink::Memory(buffer) => {
                let mut disk = DiskSink::start(self.dir.clone());
                disk.write(buffer.split().freeze()).await?;
                disk.write(chunk).await?;
                self.sink = Sink::Disk(disk);
                Ok(())
            }
            Sink::Disk(disk) => disk.write(chunk).await,
        }
    }

    pub(crate) async fn finish(self) -> io::Result<Written> {
        match self.sink {
            Sink::Disk(disk) => disk.finish().await,
            Sink::Memory(buffer) if self.keep_in_memory || buffer.is_empty() => Ok(Written {
                md5: md5_hex(&buffer),
                content: Content::Memory(buffer.freeze()),
            }),
            Sink::Memory(buffer) => spawn_blocking(move || {
                let disk = store_file(&self.dir, |file| file.write_all(&buffer))?;
                Ok(Written {
                    md5: md5_hex(&buffer),
                    content: Content::Disk(Arc::new(disk)),
                })
            })
            .await
            .map_err(io::Error::other)?,
        }
    }
}

enum Message {
    Bytes(Vec<Bytes>),
    End,
}

/// Hashes and writes on a thread of its own while the network delivers the next pieces.
#[derive(Debug)]
struct DiskSink {
    sender: mpsc::Sender<Message>,
    batch: Vec<Bytes>,
    batch_bytes: usize,
    task: JoinHandle<io::Result<Option<Written>>>,
}

impl DiskSink {
    fn start(dir: PathBuf) -> Self {
        let (sender, receiver) = mpsc::channel(BATCHES_AHEAD);
        Self {
            sender,
            batch: Vec::new(),
            batch_bytes: 0,
            task: spawn_blocking(move || receive(&dir, receiver)),
        }
    }

    async fn write(&mut self, chunk: Bytes) -> io::Result<()> {
        self.batch_bytes += chunk.len();
        self.batch.push(chunk);
        if self.batch_bytes >= BATCH_BYTES {
            self.send().await?;
        }
        Ok(())
    }

    async fn send(&mut self) -> io::Result<()> {
        self.batch_bytes = 0;
        let batch = std::mem::take(&mut self.batch);
        let sent = self.sender.send(Message::Bytes(batch)).await;
        sent.map_err(|_closed| io::Error::other("the writing thread has failed"))
    }

    async fn finish(mut self) -> io::Result<Written> {
        // A failed send means that the thread has an error to tell, which is more to the point.
        let sent = match self.send().await {
            Ok(()) => self.sender.send(Message::End).await.is_ok(),
            Err(_) => false,
        };
        drop(self.sender);
        let written = self.task.await.map_err(io::Error::other)??;
        written
            .filter(|_| sent)
            .ok_or_else(|| io::Error::other("the writing thread ended early"))
    }
}

fn receive(dir: &Path, mut receiver: mpsc::Receiver<Message>) -> io::Result<Option<Written>> {
    let mut hasher = Md5::new();
    let mut complete = false;
    let mut file = tempfile::Builder::new().prefix("new-").tempfile_in(dir)?;
    while let Some(message) = receiver.blocking_recv() {
        let Message::Bytes(chunks) = message else {
            complete = true;
            break;
        };
        for chunk in chunks {
            hasher.update(&chunk);
            file.write_all(&chunk)?;
        }
    }
    if !complete {
        return Ok(None);
    }
    let length = file.as_file().metadata()?.len();
    let id = ids::token();
    let path = dir.join(&id);
    file.persist(&path).map_err(|error| error.error)?;
    Ok(Some(Written {
        content: Content::Disk(Arc::new(DiskContent { id, path, length })),
        md5: hex(&hasher.finalize()),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn collect(content: &Content, range: Range<u64>) -> Vec<u8> {
        let parts: Vec<Bytes> = content
            .stream(range)
            .map(|part| part.unwrap())
            .collect()
            .await;
        parts.concat()
    }

    async fn stored(store: &ContentStore, bytes: &[u8]) -> Written {
        let mut writer = store.writer();
        for chunk in bytes.chunks(100_000) {
            writer.write(Bytes::copy_from_slice(chunk)).await.unwrap();
        }
        assert_eq!(writer.length(), bytes.len() as u64);
        writer.finish().await.unwrap()
    }

    #[tokio::test]
    async fn large_contents_go_to_disk_and_come_back() {
        let store = ContentStore::temporary().unwrap();
        let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
        let written = stored(&store, &bytes).await;
        assert!(matches!(written.content, Content::Disk(_)));
        assert_eq!(written.md5, md5_hex(&bytes));
        assert_eq!(written.content.len(), 3_000_000);
        assert_eq!(collect(&written.content, 0..3_000_000).await, bytes);
        assert_eq!(
            collect(&written.content, 299_999..700_001).await,
            bytes[299_999..700_001]
        );
        assert_eq!(written.content.read().unwrap(), bytes);
        ContentStore::release(written.content);
        assert_eq!(fs::read_dir(&store.dir).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn small_contents_stay_in_memory_unless_they_have_to_last() {
        let store = ContentStore::temporary().unwrap();
        let written = stored(&store, b"hello world").await;
        assert!(matches!(written.content, Content::Memory(_)));
        assert_eq!(written.md5, "5eb63bbbe01eeed093cb22bb8f5acdc3");

        let dir = tempfile::tempdir().unwrap();
        let store = ContentStore::durable(dir.path().join("objects")).unwrap();
        let written = stored(&store, b"hello world").await;
        let Content::Disk(disk) = &written.content else {
            panic!("not on disk")
        };
        let again = store.open(&disk.id).unwrap();
        assert_eq!(collect(&again, 6..11).await, b"world");
    }

    #[tokio::test]
    async fn an_unfinished_content_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let store = ContentStore::durable(dir.path().to_owned()).unwrap();
        let mut writer = store.writer();
        for _ in 0..3 {
            writer
                .write(Bytes::from(vec![1; MEMORY_LIMIT]))
                .await
                .unwrap();
        }
        let Sink::Disk(disk) = writer.sink else {
            panic!("not on disk")
        };
        drop(disk.sender);
        assert!(disk.task.await.unwrap().unwrap().is_none());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn the_sweep_keeps_what_is_used() {
        let dir = tempfile::tempdir().unwrap();
        let store = ContentStore::durable(dir.path().to_owned()).unwrap();
        fs::write(dir.path().join("a"), "1").unwrap();
        fs::write(dir.path().join("b"), "1").unwrap();
        store.sweep(&["a".to_owned()].into()).unwrap();
        assert!(dir.path().join("a").exists());
        assert!(!dir.path().join("b").exists());
    }
}
