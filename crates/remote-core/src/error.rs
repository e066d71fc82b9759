//! What can go wrong with a remote, told so that a program can act on it.
//!
//! An [`Error`] answers four questions: what kind of failure it is ([`Error::kind`]), whether the same call may be made
//! again ([`Error::retry_advice`]), whether a change that was asked for took place ([`Error::effect`]), and what a person can
//! do ([`Error::help`]). `Display` prints this layer only; [`report`] prints the whole chain of causes.

use std::{error::Error as StdError, fmt, time::Duration};

use crate::path::RemotePath;

/// The result of an operation on a remote.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A boxed cause.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// What kind of failure an [`Error`] is; a kind exists where a caller would write different code for it.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ErrorKind {
    /// The target exists, and the call was not allowed to replace it.
    AlreadyExists,
    /// The credentials are missing, wrong, expired or revoked.
    Authentication,
    /// The caller cancelled the operation.
    Cancelled,
    /// The bytes differ from what their size or hash promises.
    Corrupted,
    /// A directory still has entries.
    DirectoryNotEmpty,
    /// A listing that went on past failures has ended without some directories.
    Incomplete,
    /// An argument or a configured value cannot be used.
    InvalidInput,
    /// The service cannot store this name.
    InvalidName,
    /// A directory cannot be copied or moved into itself.
    IntoSelf,
    /// A file was asked for and a directory is there.
    IsADirectory,
    /// The service refuses sign-ins for some time, after wrong passwords.
    LoginLocked,
    /// A directory was asked for, or is needed on the way, and a file is there.
    NotADirectory,
    /// Nothing is there. Never stands for "could not find out".
    NotFound,
    /// The storage behind the service is still being synchronised.
    NotSynced,
    /// Anything without a kind of its own.
    Other,
    /// The account may not do this.
    PermissionDenied,
    /// A condition such as [`WriteMode::IfMatch`](crate::operation::WriteMode::IfMatch) did not hold.
    PreconditionFailed,
    /// The service answered something that its protocol does not allow.
    Protocol,
    /// The storage is full.
    QuotaExceeded,
    /// Too many requests.
    RateLimited,
    /// The service failed.
    Service,
    /// The source of an upload was changed while it was read.
    SourceChanged,
    /// The source of an upload cannot be read.
    SourceFailed,
    /// The storage behind the service is not connected.
    StorageOffline,
    /// Nothing moved for too long.
    Timeout,
    /// The file is larger than the service, or a stated limit, allows.
    TooLarge,
    /// The connection failed.
    Transport,
    /// The service does not offer this.
    Unsupported,
}

impl ErrorKind {
    /// A few words for people, lower case.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::AlreadyExists => "target exists",
            Self::Authentication => "sign-in refused",
            Self::Cancelled => "cancelled",
            Self::Corrupted => "content is corrupted",
            Self::DirectoryNotEmpty => "directory is not empty",
            Self::Incomplete => "listing is incomplete",
            Self::InvalidInput => "invalid input",
            Self::InvalidName => "name not allowed",
            Self::IntoSelf => "target lies inside the source",
            Self::IsADirectory => "is a directory",
            Self::LoginLocked => "sign-in locked after wrong passwords",
            Self::NotADirectory => "not a directory",
            Self::NotFound => "not found",
            Self::NotSynced => "storage is still synchronising",
            Self::Other => "failed",
            Self::PermissionDenied => "permission denied",
            Self::PreconditionFailed => "condition not met",
            Self::Protocol => "unexpected answer",
            Self::QuotaExceeded => "storage is full",
            Self::RateLimited => "too many requests",
            Self::Service => "service failed",
            Self::SourceChanged => "source changed while it was read",
            Self::SourceFailed => "source cannot be read",
            Self::StorageOffline => "storage is offline",
            Self::Timeout => "timed out",
            Self::TooLarge => "too large",
            Self::Transport => "connection failed",
            Self::Unsupported => "not supported",
        }
    }
}

/// Whether the same call may be made again.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RetryAdvice {
    /// The answer will not change.
    Never,
    /// The request may have taken effect; repeat it only if repeating is harmless, after the delay the service named.
    IfIdempotent(Option<Duration>),
    /// The request had no effect; repeat it after the delay the service named, if any.
    Safe(Option<Duration>),
}

/// Whether a change that was asked for took place.
///
/// Calls that change nothing report [`Effect::NotMade`].
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Effect {
    /// The change was made, although the call failed, for instance because the result did not verify.
    Made,
    /// The change was not made.
    NotMade,
    /// The request was sent and no answer came, and looking afterwards did not settle it either.
    Unknown,
}

/// A failed operation.
pub struct Error(Box<Repr>);

struct Repr {
    kind: ErrorKind,
    message: Option<String>,
    operation: Option<&'static str>,
    path: Option<RemotePath>,
    effect: Effect,
    advice: RetryAdvice,
    status: Option<u16>,
    request_id: Option<String>,
    help: Option<String>,
    attempts: u32,
    no_contact: bool,
    source: Option<BoxError>,
}

impl Error {
    /// An error of a kind, without a cause, that advises against a retry and says that nothing was changed.
    #[must_use]
    pub fn new(kind: ErrorKind) -> Self {
        Self(Box::new(Repr {
            kind,
            message: None,
            operation: None,
            path: None,
            effect: Effect::NotMade,
            advice: RetryAdvice::Never,
            status: None,
            request_id: None,
            help: None,
            attempts: 1,
            no_contact: false,
            source: None,
        }))
    }

    /// An error of a kind with a text: lower case, no full stop, no secret.
    #[must_use]
    pub fn with_message(kind: ErrorKind, message: impl Into<String>) -> Self {
        let mut error = Self::new(kind);
        error.0.message = Some(message.into());
        error
    }

    /// An [`ErrorKind::Unsupported`] error for an operation that a service does not offer.
    #[must_use]
    pub fn unsupported(what: &str) -> Self {
        Self::with_message(
            ErrorKind::Unsupported,
            format!("{what} is not offered by this service"),
        )
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Names the operation; the innermost name is kept.
    #[must_use]
    pub fn with_operation(mut self, operation: &'static str) -> Self {
        self.0.operation.get_or_insert(operation);
        self
    }

    /// Names the path; the innermost path is kept.
    #[must_use]
    pub fn with_path(mut self, path: &RemotePath) -> Self {
        self.0.path.get_or_insert_with(|| path.clone());
        self
    }

    /// Replaces the path, where a caller translates between two roots.
    #[must_use]
    pub fn replace_path(mut self, path: RemotePath) -> Self {
        self.0.path = Some(path);
        self
    }

    /// Changes the kind, where more is known than the layer below could see.
    #[must_use]
    pub fn with_kind(mut self, kind: ErrorKind) -> Self {
        self.0.kind = kind;
        self
    }

    /// Says whether the change was made.
    #[must_use]
    pub fn with_effect(mut self, effect: Effect) -> Self {
        self.0.effect = effect;
        self
    }

    /// Says whether the same call may be made again.
    #[must_use]
    pub fn with_retry_advice(mut self, advice: RetryAdvice) -> Self {
        self.0.advice = advice;
        self
    }

    /// Adds the HTTP status.
    #[must_use]
    pub fn with_http_status(mut self, status: u16) -> Self {
        self.0.status = Some(status);
        self
    }

    /// Adds the id that the service gave to the failed request.
    #[must_use]
    pub fn with_request_id(mut self, id: impl Into<String>) -> Self {
        self.0.request_id = Some(id.into());
        self
    }

    /// Adds a sentence on what the user can do; the innermost one is kept.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.0.help.get_or_insert_with(|| help.into());
        self
    }

    /// Notes that this many attempts were made before giving up.
    #[must_use]
    pub fn with_attempts(mut self, attempts: u32) -> Self {
        self.0.attempts = attempts;
        self
    }

    /// Notes whether nothing has answered so far: no connection could be made, for this request or any earlier one of its client.
    #[must_use]
    pub fn with_no_contact(mut self, no_contact: bool) -> Self {
        self.0.no_contact = no_contact;
        self
    }

    /// What kind of failure this is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether the same call may be made again.
    #[must_use]
    pub fn retry_advice(&self) -> RetryAdvice {
        self.0.advice
    }

    /// Whether the change that was asked for took place.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.0.effect
    }

    /// The operation that failed, such as `write`.
    #[must_use]
    pub fn operation(&self) -> Option<&'static str> {
        self.0.operation
    }

    /// The path it failed on, relative to the remote's root.
    #[must_use]
    pub fn path(&self) -> Option<&RemotePath> {
        self.0.path.as_ref()
    }

    /// The status the service answered with.
    #[must_use]
    pub fn http_status(&self) -> Option<u16> {
        self.0.status
    }

    /// The service's own id of the failed request, to quote to its support.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// What the user can do about it.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        self.0.help.as_deref()
    }

    /// How many attempts were made, at least one.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Whether no connection could be made, for this request or any earlier one of its client: a wrong address or no network is likelier
    /// than a service that is down for a moment, and [`RetryPolicy::max_contact_attempts`](crate::retry::RetryPolicy::max_contact_attempts) holds.
    #[must_use]
    pub fn is_no_contact(&self) -> bool {
        self.0.no_contact
    }

    /// Whether nothing is at the path.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.kind() == ErrorKind::NotFound
    }

    /// Whether the target exists.
    #[must_use]
    pub fn is_already_exists(&self) -> bool {
        self.kind() == ErrorKind::AlreadyExists
    }

    /// Whether the service does not offer the operation.
    #[must_use]
    pub fn is_unsupported(&self) -> bool {
        self.kind() == ErrorKind::Unsupported
    }

    /// Whether a condition of the call did not hold.
    #[must_use]
    pub fn is_precondition_failed(&self) -> bool {
        self.kind() == ErrorKind::PreconditionFailed
    }

    /// Whether this failure concerns the whole account or connection, so that going on with other files makes no sense.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        matches!(
            self.kind(),
            ErrorKind::Authentication
                | ErrorKind::Cancelled
                | ErrorKind::LoginLocked
                | ErrorKind::QuotaExceeded
                | ErrorKind::StorageOffline
        )
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(operation) = self.0.operation {
            write!(f, "{operation}: ")?;
        }
        match &self.0.message {
            Some(message) => f.write_str(message)?,
            None => f.write_str(self.0.kind.description())?,
        }
        match &self.0.path {
            Some(path) if !path.is_root() => write!(f, " ({path})"),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let repr = &*self.0;
        f.debug_struct("Error")
            .field("kind", &repr.kind)
            .field("operation", &repr.operation)
            .field("message", &repr.message)
            .field("path", &repr.path)
            .field("effect", &repr.effect)
            .field("retry_advice", &repr.advice)
            .field("http_status", &repr.status)
            .field("request_id", &repr.request_id)
            .field("attempts", &repr.attempts)
            .field("source", &repr.source)
            .finish_non_exhaustive()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self::new(kind)
    }
}

/// What was promised about some bytes and what they turned out to be; found in the chain of [`ErrorKind::Corrupted`] errors.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum IntegrityError {
    /// The content has another hash.
    #[error("expected hash {expected}, got {actual}")]
    Hash {
        /// The hash that was promised.
        expected: crate::hash::HashValue,
        /// The hash of the bytes.
        actual: crate::hash::HashValue,
    },
    /// There are more bytes than promised.
    #[error("expected {expected} bytes, got more")]
    Long {
        /// The number of bytes that was promised.
        expected: u64,
    },
    /// There are fewer bytes than promised.
    #[error("expected {expected} bytes, got {actual}")]
    Short {
        /// The number of bytes that was promised.
        expected: u64,
        /// The number of bytes that came.
        actual: u64,
    },
    /// The service reports another size than was sent.
    #[error("sent {expected} bytes, stored {actual}")]
    Size {
        /// The number of bytes that was sent.
        expected: u64,
        /// The size the service reports.
        actual: u64,
    },
}

impl From<IntegrityError> for Error {
    fn from(error: IntegrityError) -> Self {
        Self::with_message(ErrorKind::Corrupted, error.to_string()).with_source(error)
    }
}

/// The error and its causes in one line, separated by `: `, followed by the number of attempts if there were several, and the help if there is one.
///
/// Causes that only repeat the text before them are left out.
///
/// # Examples
///
/// ```
/// use remote_core::error::{Error, ErrorKind, report};
///
/// let error = Error::new(ErrorKind::Transport)
///     .with_operation("stat")
///     .with_source(std::io::Error::other("connection refused"));
/// assert_eq!(report(&error), "stat: connection failed: connection refused");
/// ```
#[must_use]
pub fn report(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut help = None;
    let mut attempts = 1;
    let mut next = Some(error);
    while let Some(error) = next {
        let line = error.to_string();
        if !text.contains(&line) {
            text.push_str(": ");
            text.push_str(&line);
        }
        if let Some(error) = error.downcast_ref::<Error>() {
            attempts = attempts.max(error.attempts());
            help = help.or(error.help());
        }
        next = error.source();
    }
    if attempts > 1 {
        text.push_str(&format!(" ({attempts} attempts)"));
    }
    if let Some(help) = help {
        text.push_str("; ");
        text.push_str(help);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_names_operation_text_and_path() {
        let path = RemotePath::parse("photos/a.jpg").unwrap();
        let error = Error::with_message(ErrorKind::NotFound, "no such file")
            .with_path(&path)
            .with_operation("stat");
        assert_eq!(error.to_string(), "stat: no such file (photos/a.jpg)");
    }

    #[test]
    fn the_innermost_context_is_kept() {
        let error = Error::new(ErrorKind::Other)
            .with_operation("copy")
            .with_operation("sync");
        assert_eq!(error.operation(), Some("copy"));
    }

    #[test]
    fn the_report_does_not_repeat_itself() {
        let cause = IntegrityError::Short {
            expected: 2,
            actual: 1,
        };
        assert_eq!(report(&Error::from(cause)), "expected 2 bytes, got 1");
    }

    #[test]
    fn reports_tell_how_often_it_was_tried() {
        let error = Error::new(ErrorKind::Service)
            .with_attempts(10)
            .with_help("try again later");
        assert_eq!(
            report(&error),
            "service failed (10 attempts); try again later"
        );
    }

    #[test]
    fn errors_are_one_pointer_wide() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }
}
