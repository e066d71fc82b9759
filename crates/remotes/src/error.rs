//! Why a remote cannot be opened.

use remote_core::{error::ErrorKind, path::ParsePathError};

/// Why a remote cannot be opened. Nothing was sent anywhere, and no secret is in the text.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration file cannot be read, or the text does not follow the notation of remotes.
    #[error("the configuration cannot be used")]
    Config(#[source] remote_config::Error),
    /// The provider of this remote was left out when the program was built.
    #[error(
        "remote \"{name}\" has the type \"{type_name}\", which this program was built without; enable the cargo feature \"{feature}\" of the crate `remotes`"
    )]
    FeatureDisabled {
        /// The remote.
        name: String,
        /// Its type.
        type_name: String,
        /// What to enable.
        feature: &'static str,
    },
    /// A path of this machine was given where a remote is needed.
    #[error(
        "\"{path}\" is a path on this machine, not a remote; a remote is written name:path; {}",
        known_remotes(known)
    )]
    LocalPath {
        /// What was given, up to the first comma: what comes after it may have been meant as options.
        path: String,
        /// The names of the remotes there are.
        known: Vec<String>,
    },
    /// An option of the remote is missing or wrong; the source says which one.
    #[error("remote \"{name}\" cannot be opened")]
    Options {
        /// The remote.
        name: String,
        /// What is wrong.
        source: remote_core::error::Error,
    },
    /// The part after the colon is not a path.
    #[error("\"{path}\" is not a path inside a remote")]
    Path {
        /// What was given.
        path: String,
        /// Which rule is broken.
        source: ParsePathError,
    },
    /// There is no remote of this name.
    #[error("there is no remote named \"{name}\"; {}", known_remotes(known))]
    UnknownRemote {
        /// What was asked for.
        name: String,
        /// The names of the remotes there are.
        known: Vec<String>,
    },
    /// Nothing here can talk to this service.
    #[error(
        "remote \"{name}\" has the type \"{type_name}\", which is not supported; supported are: {}",
        crate::backends().map(|backend| backend.name).collect::<Vec<_>>().join(", ")
    )]
    UnknownType {
        /// The remote.
        name: String,
        /// Its type.
        type_name: String,
    },
}

/// Adds names that help whoever mistyped one; they are no secret.
fn known_remotes(known: &[String]) -> String {
    match known {
        [] => "no remotes are configured; `rclone config` makes one, or write :koofr,user=…,password=…:path".to_owned(),
        known => format!("configured are: {}", known.join(", ")),
    }
}

/// For functions that fail with the error of remotes otherwise. The kind is [`InvalidInput`](ErrorKind::InvalidInput) unless an option is wrong, whose error
/// keeps its own kind.
impl From<Error> for remote_core::error::Error {
    fn from(error: Error) -> Self {
        let kind = match &error {
            Error::Options { source, .. } => source.kind(),
            _ => ErrorKind::InvalidInput,
        };
        Self::with_message(kind, error.to_string())
            .with_operation("open")
            .with_source(error)
    }
}
