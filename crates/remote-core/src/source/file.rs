//! A source in a local file.

use std::{
    fs::{self, File, Metadata},
    io::{self, Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{
    StreamExt as _,
    stream::{self, BoxStream},
};

use super::{
    CHUNK_BYTES, UploadSource, offset_behind_end,
    pass::{self, Reader},
};
use crate::{
    error::{Error, ErrorKind, Result},
    hash::{HashAlgorithm, HashValue, Hasher},
};

/// A local file, as it was when the source was made.
///
/// Size, modification time and, on Unix, the identity of the file are remembered. Every pass compares them when it starts and once more before it hands out
/// its last piece, so that an upload of a file that was written to, cut off or replaced meanwhile never completes. A file that was replaced by
/// renaming another one over it while a pass is under way is read to its end as it was.
///
/// Reading takes place on the blocking threads of the Tokio runtime, one piece ahead of its use.
///
/// # Examples
///
/// ```
/// use remote_core::source::FileSource;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let dir = tempfile::tempdir()?;
/// let path = dir.path().join("letter.txt");
/// std::fs::write(&path, "Dear reader")?;
///
/// let source = FileSource::open(&path).await?;
/// assert_eq!(source.size(), 11);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct FileSource(Arc<Inner>);

/// What becomes of a symbolic link in the place of a source.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a link is followed or it is not")]
pub enum Links {
    /// The file it leads to is the source.
    #[default]
    Follow,
    /// It is an error, also when it took the place of a file only now. Links among the directories above are followed. On systems other than Unix
    /// the look that finds it and the opening are two steps.
    Refuse,
}

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    links: Links,
    state: FileState,
}

impl FileSource {
    /// Looks at a file and remembers its state. Symbolic links are followed.
    ///
    /// # Errors
    ///
    /// [`SourceFailed`](ErrorKind::SourceFailed) if the file cannot be looked at or read, [`InvalidInput`](ErrorKind::InvalidInput) if it is a directory, pipe,
    /// socket or device.
    pub async fn open(path: impl Into<PathBuf>) -> Result<Self> {
        Self::open_with(path, Links::Follow).await
    }

    /// Like [`open`](Self::open), with a rule for symbolic links that holds for every pass.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open); a refused link is [`InvalidInput`](ErrorKind::InvalidInput).
    pub async fn open_with(path: impl Into<PathBuf>, links: Links) -> Result<Self> {
        let path = path.into();
        pass::blocking(move || {
            let state = FileState::of(&open_regular(&path, links)?, &path)?;
            Ok(Self(Arc::new(Inner { path, links, state })))
        })
        .await
    }

    /// Where the file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// When the file was last modified, where the system tells.
    #[must_use]
    pub fn modified(&self) -> Option<SystemTime> {
        self.0.state.modified
    }

    /// The number of bytes in the file, which is always known.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.0.state.size
    }
}

#[async_trait]
impl UploadSource for FileSource {
    fn size(&self) -> Option<u64> {
        Some(self.0.state.size)
    }

    async fn open(&self, offset: u64) -> Result<BoxStream<'static, Result<Bytes>>> {
        let inner = Arc::clone(&self.0);
        let start = pass::blocking(move || Pass::start(inner, offset)).await?;
        Ok(match start {
            Start::Whole(chunk) => stream::iter(chunk.map(Ok)).boxed(),
            Start::Rest(pass) => pass::read_ahead(pass),
        })
    }

    /// In legs of many pieces, each of them one blocking call: nothing is handed from thread to thread but the state, and whoever gives up waits for no more than
    /// a leg.
    async fn read_hash(&self, algorithm: HashAlgorithm) -> Result<HashValue> {
        let inner = Arc::clone(&self.0);
        let first = move || Pass::open(inner, 0)?.hash_leg(Hasher::new(algorithm));
        let (mut pass, mut hasher) = pass::blocking(first).await?;
        while pass.remaining > 0 {
            (pass, hasher) = pass::blocking(move || pass.hash_leg(hasher)).await?;
        }
        Ok(hasher.finish())
    }
}

/// Bytes that are hashed by one blocking call, which takes about a tenth of a second.
const LEG_BYTES: u64 = 64 << 20;

/// How a pass starts: what fits into one piece is read in the same blocking call.
enum Start {
    Whole(Option<Bytes>),
    Rest(Pass),
}

struct Pass {
    source: Arc<Inner>,
    file: File,
    remaining: u64,
}

impl Pass {
    fn open(source: Arc<Inner>, offset: u64) -> Result<Self> {
        let Some(remaining) = source.state.size.checked_sub(offset) else {
            return Err(offset_behind_end(offset, source.state.size));
        };
        let mut file = open_regular(&source.path, source.links)?;
        source.verify(&file)?;
        file.seek(SeekFrom::Start(offset))
            .map_err(|error| unreadable(&source.path, error))?;
        Ok(Self {
            source,
            file,
            remaining,
        })
    }

    fn start(source: Arc<Inner>, offset: u64) -> Result<Start> {
        let mut pass = Self::open(source, offset)?;
        if pass.remaining <= CHUNK_BYTES as u64 {
            return Ok(Start::Whole(pass.next_chunk()?));
        }
        Ok(Start::Rest(pass))
    }

    /// How many bytes the next piece has.
    fn next_bytes(&self) -> usize {
        usize::try_from(self.remaining)
            .unwrap_or(CHUNK_BYTES)
            .min(CHUNK_BYTES)
    }

    /// Reads the next piece in the place of what `chunk` holds.
    fn read_chunk(&mut self, chunk: &mut Vec<u8>) -> Result<()> {
        let wanted = self.next_bytes() as u64;
        chunk.clear();
        (&mut self.file)
            .take(wanted)
            .read_to_end(chunk)
            .map_err(|error| unreadable(&self.source.path, error))?;
        if (chunk.len() as u64) < wanted {
            return Err(changed(&self.source.path));
        }
        self.remaining -= wanted;
        if self.remaining == 0 {
            self.source.verify(&self.file)?;
        }
        Ok(())
    }

    /// Hashes the next [`LEG_BYTES`].
    fn hash_leg(mut self, mut hasher: Hasher) -> Result<(Self, Hasher)> {
        let end = self.remaining.saturating_sub(LEG_BYTES);
        let mut chunk = Vec::with_capacity(self.next_bytes());
        while self.remaining > end {
            self.read_chunk(&mut chunk)?;
            hasher.update(&chunk);
        }
        Ok((self, hasher))
    }
}

impl Reader for Pass {
    fn next_chunk(&mut self) -> Result<Option<Bytes>> {
        if self.remaining == 0 {
            return Ok(None);
        }
        let mut chunk = Vec::with_capacity(self.next_bytes());
        self.read_chunk(&mut chunk)?;
        Ok(Some(chunk.into()))
    }
}

impl Inner {
    fn verify(&self, file: &File) -> Result<()> {
        if FileState::of(file, &self.path)? == self.state {
            return Ok(());
        }
        Err(changed(&self.path))
    }
}

/// What tells one state of a file from another.
#[derive(Debug, Eq, PartialEq)]
struct FileState {
    size: u64,
    modified: Option<SystemTime>,
    #[cfg(unix)]
    device_and_inode: (u64, u64),
}

impl FileState {
    fn of(file: &File, path: &Path) -> Result<Self> {
        let metadata = file.metadata().map_err(|error| unreadable(path, error))?;
        Ok(Self {
            size: metadata.len(),
            modified: metadata.modified().ok(),
            #[cfg(unix)]
            device_and_inode: {
                use std::os::unix::fs::MetadataExt as _;
                (metadata.dev(), metadata.ino())
            },
        })
    }
}

/// Opens a file that must be a regular one.
///
/// The look before opening keeps devices from being opened at all, which can have effects of its own. The file may be another one by the time it is
/// opened, so opening must not wait for the other end of a pipe, and what was opened is looked at again.
fn open_regular(path: &Path, links: Links) -> Result<File> {
    let metadata = match links {
        Links::Follow => fs::metadata(path),
        Links::Refuse => fs::symlink_metadata(path),
    };
    check_regular(path, &metadata.map_err(|error| unreadable(path, error))?)?;
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt as _;
        let flags = match links {
            Links::Follow => OFlags::NONBLOCK,
            Links::Refuse => OFlags::NONBLOCK | OFlags::NOFOLLOW,
        };
        options.custom_flags(flags.bits().cast_signed());
    }
    let file = options
        .open(path)
        .map_err(|error| unreadable(path, error))?;
    check_regular(
        path,
        &file.metadata().map_err(|error| unreadable(path, error))?,
    )?;
    Ok(file)
}

fn check_regular(path: &Path, metadata: &Metadata) -> Result<()> {
    if metadata.is_file() {
        return Ok(());
    }
    let what = if metadata.is_dir() {
        "a directory"
    } else if metadata.is_symlink() {
        "a symbolic link"
    } else {
        "not a regular file"
    };
    Err(Error::with_message(
        ErrorKind::InvalidInput,
        format!("{} is {what}", path.display()),
    ))
}

fn changed(path: &Path) -> Error {
    Error::with_message(
        ErrorKind::SourceChanged,
        format!("{} changed while it was read", path.display()),
    )
}

fn unreadable(path: &Path, error: io::Error) -> Error {
    Error::with_message(
        ErrorKind::SourceFailed,
        format!("{} cannot be read", path.display()),
    )
    .with_source(error)
}
