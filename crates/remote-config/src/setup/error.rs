//! What can go wrong with a dialogue, beside answers that do not fit.

/// Why a dialogue cannot go on. It stays where it is. Secrets never appear in it.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The configuration cannot hold the section, or cannot be read.
    #[error("the remote \"{name}\" cannot be written to the configuration")]
    Config {
        /// The remote.
        name: String,
        /// Why not.
        source: crate::Error,
    },
    /// There is a remote of this name by now.
    #[error("there is already a remote named \"{name}\"; choose another name, or edit that one")]
    Exists {
        /// The name.
        name: String,
    },
    /// The steps of a provider go on without asking anything.
    #[error("the steps of type \"{type_name}\" do not come to an end")]
    Endless {
        /// The type.
        type_name: String,
    },
    /// An answer was given while nothing was asked: before the first [turn](super::Dialogue::turn), or after the end.
    #[error("there is no question to answer")]
    NotAsked,
    /// The dialogue has not come to its end yet, or was discarded.
    #[error("the dialogue is not finished")]
    NotFinished,
    /// A parameter that cannot be used.
    #[error("{detail}")]
    Parameter {
        /// What is wrong with it.
        detail: String,
    },
    /// A state that this dialogue never is in.
    #[error("there is no state \"{state}\": {detail}")]
    State {
        /// The state.
        state: String,
        /// What is wrong with it.
        detail: &'static str,
    },
    /// A step of the provider has failed.
    #[error("a step of setting up \"{name}\" has failed")]
    Step {
        /// The remote.
        name: String,
        /// Why.
        source: remote_core::error::Error,
    },
    /// The text is not a suspended dialogue.
    #[error("the text is not a suspended setup dialogue: {detail}")]
    Suspended {
        /// What is wrong with it.
        detail: String,
    },
    /// The dialogue cannot be suspended: its text would be too long to be resumed, because the section is far larger than one that a dialogue makes, or there are
    /// too many other remotes.
    #[error(
        "the dialogue cannot be suspended: its text of {bytes} bytes would be longer than {max} bytes", max = super::MAX_SUSPENDED_BYTES
    )]
    TooLong {
        /// The length of the text.
        bytes: usize,
    },
    /// There is no such remote to edit.
    #[error("there is no remote named \"{name}\" with a type in the configuration")]
    UnknownRemote {
        /// The name.
        name: String,
    },
    /// Nothing here can set up this type.
    #[error("the type \"{type_name}\" is not known; known are: {known}")]
    UnknownType {
        /// The type.
        type_name: String,
        /// Those that are known.
        known: String,
    },
}
