//! What can go wrong with a configuration.

use std::{io, path::PathBuf};

use remote_core::auth::ParseTokenError;

use crate::{
    document::{EditError, ParseError},
    encryption::{DecryptError, PasswordError, UnlockError},
    remote_string::RemoteStringError,
};

/// An error of reading, changing or saving a configuration, or of looking up a remote. Secrets never appear in it.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A program that knows nothing of the lock changes the file again and again. Nothing was saved.
    #[error(
        "the configuration file {} was not saved: another program keeps changing it", path.display()
    )]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The file is encrypted, and what is encrypted cannot be read whatever the password: it is damaged, or in a newer format.
    #[error("cannot decrypt the configuration file {}", path.display())]
    Decrypt {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: DecryptError,
    },
    /// A change that cannot be made.
    #[error("cannot change [{section}]")]
    Edit {
        /// The section that was to be changed.
        section: String,
        /// Why not.
        source: EditError,
    },
    /// Another process has held the lock for too long.
    #[error("the configuration file {} is locked by another process", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// The path leads to something else than a regular file, or around in a circle of links.
    #[error("{} is not a regular file that can be replaced", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The file is no configuration file.
    #[error("cannot read the configuration file {}", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// The line, and what is wrong with it.
        source: ParseError,
    },
    /// The text that was to be the new password of the file cannot be one. The file is as it was.
    #[error("the new password of the configuration file {} cannot be used", path.display())]
    Password {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: PasswordError,
    },
    /// The file exists and cannot be read.
    #[error("cannot read the configuration file {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A remote string that does not follow the notation.
    #[error("not a remote: {source}")]
    RemoteString {
        /// Which rule is broken.
        source: RemoteStringError,
    },
    /// A value that is no Unicode text.
    #[error("the value of \"{key}\" in [{section}] is not Unicode text")]
    Text {
        /// The section.
        section: String,
        /// The key.
        key: String,
    },
    /// The token of a remote cannot be read.
    #[error("the token of [{section}] cannot be used")]
    Token {
        /// The section.
        section: String,
        /// Why not.
        source: ParseTokenError,
    },
    /// The remote is neither in the file nor in environment variables, or has no type.
    #[error("there is no remote named \"{name}\" with a type in the configuration")]
    UnknownRemote {
        /// The name.
        name: String,
    },
    /// The file is encrypted, and there is no password, or one that does not open it.
    #[error("cannot unlock the configuration file {}", path.display())]
    Unlock {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: UnlockError,
    },
    /// The changed configuration could not be read again, so it was not saved. The file is as it was.
    #[error("the configuration file {} was not saved: nobody could read it again", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with the new text.
        source: ParseError,
    },
    /// The file cannot be written. The old one is as it was.
    #[error("cannot save the configuration file {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}
