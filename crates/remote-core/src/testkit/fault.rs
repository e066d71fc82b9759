//! What goes wrong, and when.

use std::fmt;

use super::Call;
use crate::error::{Effect, Error, ErrorKind};

/// A failure that a test orders from a [`FaultyRemote`](super::FaultyRemote): what happens, and to which calls.
///
/// Without [`on`](Self::on) and [`when`](Self::when) it is for every call that it can happen to, and without [`times`](Self::times) for good.
#[derive(Debug)]
pub struct Fault {
    pub(super) what: What,
    operation: Option<&'static str>,
    condition: Option<Condition>,
    skip: u64,
    times: Option<u64>,
}

#[derive(Debug)]
pub(super) enum What {
    /// The call fails after its effect.
    After(MakeError),
    /// The call fails and has no effect.
    Before(MakeError),
    /// A listing ends with an error after so many entries.
    BreakListing(usize, MakeError),
    /// The byte at this position of a body is another one.
    CorruptByte(u64),
    /// A body ends with an error after so many bytes.
    CutDownload(u64, MakeError),
}

impl Fault {
    /// The call fails and changes nothing.
    #[must_use]
    pub fn before(kind: ErrorKind) -> Self {
        Self::before_with(move || Error::with_message(kind, "ordered failure"))
    }

    /// Like [`before`](Self::before), with an error of the test's own.
    #[must_use]
    pub fn before_with(error: impl Fn() -> Error + Send + Sync + 'static) -> Self {
        Self::new(What::Before(MakeError(Box::new(error))))
    }

    /// The call takes effect and its answer is lost: it fails, and [`Effect::Unknown`] is all that is known.
    ///
    /// Listings and bodies fail where they would have ended.
    #[must_use]
    pub fn after(kind: ErrorKind) -> Self {
        Self::after_with(move || {
            Error::with_message(kind, "ordered failure").with_effect(Effect::Unknown)
        })
    }

    /// Like [`after`](Self::after), with an error of the test's own.
    #[must_use]
    pub fn after_with(error: impl Fn() -> Error + Send + Sync + 'static) -> Self {
        Self::new(What::After(MakeError(Box::new(error))))
    }

    /// A listing ends with an error after so many entries, or at its end if there are fewer.
    #[must_use]
    pub fn break_listing(after_entries: usize, kind: ErrorKind) -> Self {
        let error = move || Error::with_message(kind, "ordered failure");
        Self::new(What::BreakListing(
            after_entries,
            MakeError(Box::new(error)),
        ))
    }

    /// A body ends with an error after so many bytes, or at its end if there are fewer.
    #[must_use]
    pub fn cut_download(after_bytes: u64, kind: ErrorKind) -> Self {
        let error = move || Error::with_message(kind, "ordered failure");
        Self::new(What::CutDownload(after_bytes, MakeError(Box::new(error))))
    }

    /// The byte at this position of a body arrives with all its bits turned over; a body that is shorter stays as it is.
    #[must_use]
    pub fn corrupt_byte(position: u64) -> Self {
        Self::new(What::CorruptByte(position))
    }

    /// Only for calls of this method.
    #[must_use]
    pub fn on(mut self, operation: &'static str) -> Self {
        self.operation = Some(operation);
        self
    }

    /// Only for calls that meet a condition.
    #[must_use]
    pub fn when(mut self, condition: impl Fn(&Call) -> bool + Send + Sync + 'static) -> Self {
        self.condition = Some(Condition(Box::new(condition)));
        self
    }

    /// Leaves the first calls alone that it would be for.
    #[must_use]
    pub fn skip(mut self, calls: u64) -> Self {
        self.skip = calls;
        self
    }

    /// Happens so many times and not again.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    fn new(what: What) -> Self {
        Self {
            what,
            operation: None,
            condition: None,
            skip: 0,
            times: None,
        }
    }

    /// Whether the fault happens to this call; counts the call if it is one of those the fault is for.
    pub(super) fn strikes(&mut self, call: &Call) -> bool {
        if !self.is_for(call) || self.times == Some(0) {
            return false;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        if let Some(times) = &mut self.times {
            *times -= 1;
        }
        true
    }

    fn is_for(&self, call: &Call) -> bool {
        self.what.can_happen_to(call.operation)
            && self
                .operation
                .is_none_or(|operation| operation == call.operation)
            && self
                .condition
                .as_ref()
                .is_none_or(|condition| condition.0(call))
    }
}

impl What {
    fn can_happen_to(&self, operation: &str) -> bool {
        match self {
            Self::After(_) | Self::Before(_) => true,
            Self::BreakListing(..) => matches!(operation, "list" | "list_recursive"),
            Self::CorruptByte(_) | Self::CutDownload(..) => operation == "read",
        }
    }
}

pub(super) struct MakeError(Box<dyn Fn() -> Error + Send + Sync>);

impl MakeError {
    pub(super) fn make(&self, call: &Call) -> Error {
        (self.0)()
            .with_operation(call.operation)
            .with_path(&call.path)
    }
}

impl fmt::Debug for MakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&(self.0)(), f)
    }
}

struct Condition(Box<dyn Fn(&Call) -> bool + Send + Sync>);

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Condition(…)")
    }
}
