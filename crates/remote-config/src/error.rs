//! What can go wrong with a configuration.

use std::{io, path::PathBuf};

use crate::{
    document::{EditError, ParseError},
    remote_string::RemoteStringError,
};

/// An error of reading, changing or saving a configuration, or of looking up a remote. Secrets never appear in it.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A change that cannot be made.
    #[error("cannot change [{section}]")]
    Edit {
        /// The section that was to be changed.
        section: String,
        /// Why not.
        source: EditError,
    },
    /// The file is encrypted. Encrypted files are neither read nor overwritten.
    #[error("the configuration file {} is encrypted", path.display())]
    Encrypted {
        /// The file.
        path: PathBuf,
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
    /// The remote is neither in the file nor in environment variables, or has no type.
    #[error("there is no remote named \"{name}\" with a type in the configuration")]
    UnknownRemote {
        /// The name.
        name: String,
    },
    /// A value that is no Unicode text.
    #[error("the value of \"{key}\" in [{section}] is not Unicode text")]
    Text {
        /// The section.
        section: String,
        /// The key.
        key: String,
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
