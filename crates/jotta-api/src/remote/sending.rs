//! One upload: announce, send what is missing, and announce again until all is there.
//!
//! The announcement is also the look that tells what became of an attempt whose answer was lost: it says that the file is stored, or which byte is the first
//! that is missing. So nothing is sent twice that has arrived.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::SystemTime,
};

use remote_core::{
    error::{Effect, Error, ErrorKind, IntegrityError, Result, RetryAdvice},
    http::Body,
    progress::Progress,
    retry::Idempotency,
};

use super::{
    Inner,
    hashing::Prepared,
    looking::{Found, is_a_directory},
};
use crate::{
    api::files::ContentTimes,
    error::ApiError,
    location::Location,
    model::{
        file::{Revision, RevisionState},
        upload::{Allocation, Uploaded},
    },
};

/// How often a whole series of attempts is made again because the last one has brought some bytes further.
const MAX_ROUNDS: u32 = 100;

/// An upload that may take several attempts.
pub(super) struct Upload<'a> {
    pub(super) inner: &'a Inner,
    pub(super) place: &'a Location,
    pub(super) prepared: &'a Prepared,
    pub(super) content: ContentTimes,
    pub(super) progress: Option<Arc<dyn Progress>>,
    /// The most bytes that the service has acknowledged.
    arrived: AtomicU64,
    /// The bytes were not those that were announced, once.
    was_corrupt: AtomicBool,
}

/// What is stored after an upload.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stored {
    pub(super) modified: Option<SystemTime>,
}

impl<'a> Upload<'a> {
    pub(super) fn new(
        inner: &'a Inner,
        place: &'a Location,
        prepared: &'a Prepared,
        content: ContentTimes,
        progress: Option<Arc<dyn Progress>>,
    ) -> Self {
        Self {
            inner,
            place,
            prepared,
            content,
            progress,
            arrived: AtomicU64::new(0),
            was_corrupt: AtomicBool::new(false),
        }
    }

    /// Makes attempts as the policy allows, and again as long as they bring bytes further.
    pub(super) async fn run(&self) -> Result<Stored> {
        let mut round = 0;
        loop {
            round += 1;
            let before = self.arrived.load(Ordering::Relaxed);
            let attempts = self
                .inner
                .retry
                .run(Idempotency::Idempotent, |_attempt| self.attempt());
            let error = match attempts.await {
                Ok(stored) => return Ok(stored),
                Err(error) => error,
            };
            let came_further = self.arrived.load(Ordering::Relaxed) > before;
            let may_go_on = self.inner.retry.policy().max_attempts > 1
                && error.retry_advice() != RetryAdvice::Never
                && round < MAX_ROUNDS;
            if came_further && may_go_on {
                continue;
            }
            return self.settle(error).await;
        }
    }

    /// One attempt, and another one at once where the token had ended.
    async fn attempt(&self) -> Result<Stored> {
        match self.send().await {
            Err(error) if was_renewed(&error) => self.send().await,
            other => other,
        }
    }

    async fn send(&self) -> Result<Stored> {
        let client = &self.inner.client;
        let announced = client.allocate_once(self.place, &self.content).await;
        let allocation = match announced {
            Ok(allocation) => allocation,
            // An answer that cannot be read does not say whether bytes are missing.
            Err(error) if error.effect() == Effect::Made => {
                return Err(error.with_effect(Effect::Unknown));
            }
            Err(error) => return Err(self.inner.say_what_is_there(self.place, error).await),
        };
        let allocation = self.checked(allocation)?;
        if allocation.is_completed() {
            self.tell(|progress| progress.moved(self.content.bytes));
            return Ok(Stored {
                modified: Some(self.content.modified),
            });
        }
        let from = allocation.resume_pos;
        self.arrived.fetch_max(from, Ordering::Relaxed);
        let body = Body::Stream {
            stream: self.prepared.source.open(from).await?,
            size: Some(self.content.bytes - from),
            progress: self.progress.clone(),
        };
        self.tell(|progress| progress.moved(from));
        let sent = self
            .inner
            .client
            .upload(&allocation, self.content.bytes, body)
            .await;
        let stored = match sent {
            Ok(uploaded) => self.verify(&uploaded).await,
            // It was stored, and its answer cannot be read.
            Err(error) if error.effect() == Effect::Made => self.verify_by_looking().await,
            Err(error) => {
                self.tell(|progress| progress.restarted(from));
                return Err(self.judge(error).await);
            }
        };
        if stored.is_err() {
            self.tell(|progress| progress.restarted(self.content.bytes));
        }
        stored
    }

    /// Refuses what cannot be; what the service has of a damaged upload is sent again.
    fn checked(&self, mut allocation: Allocation) -> Result<Allocation> {
        if allocation.state == RevisionState::Corrupt {
            allocation.resume_pos = 0;
        }
        let wrong_size = allocation
            .bytes
            .is_some_and(|bytes| bytes != self.content.bytes);
        if allocation.resume_pos > self.content.bytes || wrong_size {
            let effect = match allocation.is_completed() {
                true => Effect::Unknown,
                false => Effect::NotMade,
            };
            return Err(Error::with_message(
                ErrorKind::Protocol,
                "the service expects other bytes than were announced",
            )
            .with_effect(effect));
        }
        Ok(allocation)
    }

    /// Whether what was stored is what was sent. An answer that does not say so is looked into.
    async fn verify(&self, uploaded: &Uploaded) -> Result<Stored> {
        let is_ours =
            uploaded.bytes == Some(self.content.bytes) && uploaded.md5 == Some(self.content.md5);
        if is_ours {
            return Ok(Stored {
                modified: uploaded.modified().or(Some(self.content.modified)),
            });
        }
        self.verify_by_looking().await
    }

    async fn verify_by_looking(&self) -> Result<Stored> {
        let (_, content) = self.inner.look_at_file(self.place).await.map_err(|error| {
            error
                .with_effect(Effect::Unknown)
                .with_retry_advice(RetryAdvice::Never)
        })?;
        match self.mismatch(&content) {
            None => Ok(Stored {
                modified: content.modified,
            }),
            Some(mismatch) => Err(Error::from(mismatch)
                .with_effect(Effect::Unknown)
                .with_help(
                    "the service stored another content than was sent; write the file again",
                )),
        }
    }

    /// How a content differs from the one that was announced, if it does.
    fn mismatch(&self, content: &Revision) -> Option<IntegrityError> {
        let actual = content.size.unwrap_or_default();
        if actual != self.content.bytes {
            return Some(IntegrityError::Size {
                expected: self.content.bytes,
                actual,
            });
        }
        let actual = content.md5?;
        (actual != self.content.md5).then_some(IntegrityError::Hash {
            expected: self.content.md5,
            actual,
        })
    }

    /// What a failed attempt to send means for the next one.
    async fn judge(&self, error: Error) -> Error {
        let said = ApiError::of(&error);
        if said.is_some_and(ApiError::is_corrupt_upload) {
            return self.corrupt(error).await;
        }
        // The place to send to is gone, or has other bytes than it said: the next announcement tells.
        let is_outdated = said.is_some_and(|said| matches!(said.status, 404 | 410 | 416));
        let is_incomplete = said.is_some_and(ApiError::is_incomplete_upload);
        if is_outdated || is_incomplete {
            return error
                .with_effect(Effect::NotMade)
                .with_retry_advice(RetryAdvice::Safe(None));
        }
        match error.retry_advice() {
            // Announcing again finds out what has become of it.
            RetryAdvice::IfIdempotent(delay) => error.with_retry_advice(RetryAdvice::Safe(delay)),
            _ => error,
        }
    }

    /// The source may have changed after it was measured, or the bytes were damaged on the way.
    async fn corrupt(&self, error: Error) -> Error {
        match self.prepared.is_unchanged().await {
            Ok(true) if !self.was_corrupt.swap(true, Ordering::Relaxed) => error
                .with_effect(Effect::NotMade)
                .with_retry_advice(RetryAdvice::Safe(None)),
            Ok(true) => error.with_effect(Effect::NotMade),
            Ok(false) => Error::with_message(
                ErrorKind::SourceChanged,
                "the source changed while it was sent, or is not what its hash says",
            )
            .with_source(error),
            Err(unreadable) => unreadable.with_effect(Effect::NotMade),
        }
    }

    /// After the last attempt: whether the file is there nevertheless.
    async fn settle(&self, error: Error) -> Result<Stored> {
        if error.effect() != Effect::Unknown {
            return Err(error);
        }
        match self.inner.look(self.place).await {
            Ok(Some(Found::File(_, content))) if self.mismatch(&content).is_none() => {
                // The same content may have been there before, with its own time.
                if content.modified != Some(self.content.modified) {
                    return Err(error);
                }
                self.tell(|progress| progress.moved(self.content.bytes));
                Ok(Stored {
                    modified: content.modified,
                })
            }
            Ok(_other) => Err(error.with_effect(Effect::NotMade)),
            Err(_) => Err(error),
        }
    }

    fn tell(&self, tell: impl FnOnce(&dyn Progress)) {
        if let Some(progress) = &self.progress {
            tell(&**progress);
        }
    }
}

impl Inner {
    /// The error for a place at which a file or folder cannot be made: it may be taken by a directory, or lie below a file.
    pub(super) async fn say_what_is_there(&self, place: &Location, error: Error) -> Error {
        let may_be_taken = matches!(
            error.kind(),
            ErrorKind::AlreadyExists
                | ErrorKind::InvalidInput
                | ErrorKind::InvalidName
                | ErrorKind::NotFound
                | ErrorKind::PreconditionFailed
        );
        if !may_be_taken {
            return error;
        }
        if let Ok(Some(Found::Dir { .. })) = self.look(place).await {
            return is_a_directory().with_source(error);
        }
        match self.file_on_the_way(place).await {
            Ok(true) => Error::with_message(ErrorKind::NotADirectory, "a file is on the way")
                .with_source(error),
            Ok(false) => error,
            Err(_unknown) => error,
        }
    }

    /// Whether one of the folders above a place is a file.
    pub(super) async fn file_on_the_way(&self, place: &Location) -> Result<bool> {
        let mut above = place.parent();
        while let Some(parent) = above.filter(|parent| !parent.is_mount_point()) {
            match self.look(&parent).await? {
                Some(Found::File(..)) => return Ok(true),
                // What is above a directory are directories.
                Some(Found::Dir { .. }) => return Ok(false),
                None => {}
            }
            above = parent.parent();
        }
        Ok(false)
    }
}

/// The token had ended and was renewed; nothing was stored.
fn was_renewed(error: &Error) -> bool {
    error.kind() == ErrorKind::Authentication
        && matches!(error.retry_advice(), RetryAdvice::Safe(_))
}
