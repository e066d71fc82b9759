//! Writing files: one request into a folder of which everything is known, verified, and waited for when the answer is lost.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use futures::StreamExt as _;
use remote_core::{
    entry::Entry,
    error::{Effect, Error, ErrorKind, IntegrityError, Result, RetryAdvice},
    operation::{WriteMode, WriteOptions},
    path::RemotePath,
    progress::Progress,
    retry::{Idempotency, RetryPolicy},
    source::{Sending, Sent, UploadSource},
};

use super::{
    Inner, entries,
    known::{Id, Thing, fit},
    looking::{is_a_directory, thing_in},
    waiting::{Outcome, Place, Processed, is_processed},
};
use crate::{api::nodes::NewNode, error::ApiError, model::node::Node, multipart::Content};

/// An upload that may take several attempts.
struct Upload<'a> {
    inner: &'a Arc<Inner>,
    above: &'a [String],
    name: &'a str,
    source: &'a Arc<dyn UploadSource>,
    options: &'a WriteOptions,
    /// Where to; found out by the first attempt, and again when the service disagrees.
    target: Mutex<Option<(Id, Place)>>,
    /// An attempt may have stored the file although it failed.
    may_be_stored: AtomicBool,
    /// The folder, or the file that is replaced, was found missing once although it was known.
    was_missing: AtomicBool,
    /// What was stored was not what was sent, once.
    was_damaged: AtomicBool,
    /// What had the name was not shown, once.
    was_hidden: AtomicBool,
}

impl Inner {
    pub(super) async fn write(
        self: &Arc<Self>,
        path: &RemotePath,
        source: Arc<dyn UploadSource>,
        options: WriteOptions,
    ) -> Result<Entry> {
        if !matches!(options.mode, WriteMode::Overwrite | WriteMode::CreateNew) {
            return Err(Error::unsupported("replacing a file on a condition"));
        }
        let names = self.names(path)?;
        let Some((above, name)) = names.split() else {
            return Err(is_a_directory());
        };
        self.check_size(source.size())?;
        let upload = Upload {
            inner: self,
            above,
            name,
            source: &source,
            options: &options,
            target: Mutex::new(None),
            may_be_stored: AtomicBool::new(false),
            was_missing: AtomicBool::new(false),
            was_damaged: AtomicBool::new(false),
            was_hidden: AtomicBool::new(false),
        };
        let retry = match source.can_reopen() {
            true => self.retry.clone(),
            // A second attempt would hide why the first one failed behind a source that cannot be opened again.
            false => self.retry.clone().with_policy(RetryPolicy::never()),
        };
        let thing = retry
            .run(Idempotency::Idempotent, |_attempt| upload.attempt())
            .await?;
        Ok(entries::entry(path.clone(), &thing))
    }

    fn check_size(&self, size: Option<u64>) -> Result<()> {
        match (size, self.capabilities.max_file_bytes) {
            (Some(size), Some(limit)) if size > limit => Err(too_large(limit, &size.to_string())),
            _ => Ok(()),
        }
    }
}

fn too_large(limit: u64, size: &str) -> Error {
    Error::with_message(
        ErrorKind::TooLarge,
        format!("the service stores files of at most {limit} bytes, this one has {size}"),
    )
    .with_help("it would take the whole upload and then lose it without a word")
}

/// Stops bytes of unknown number where the service would lose them.
fn at_most(limit: u64, content: Content) -> Content {
    let mut sent = 0_u64;
    content
        .map(move |piece| {
            let piece = piece?;
            sent = sent.saturating_add(piece.len() as u64);
            match sent > limit {
                true => Err(too_large(limit, "more")),
                false => Ok(piece),
            }
        })
        .boxed()
}

impl Upload<'_> {
    /// One attempt, and another one at once where a token had ended.
    async fn attempt(&self) -> Result<Arc<Thing>> {
        match self.send().await {
            Err(error) if was_renewed(&error) => match self.source.can_reopen() {
                true => self.send().await,
                false => Err(ended_on_the_way(error)),
            },
            other => other,
        }
    }

    async fn send(&self) -> Result<Arc<Thing>> {
        let (folder, place) = self.find_target().await?;
        let sending = Sending::open(self.source).await?;
        let sent = sending.sent();
        let progress = self.options.progress.clone();
        let content = sending
            .into_stream()
            .inspect(move |piece| {
                if let (Some(progress), Ok(piece)) = (&progress, piece) {
                    progress.moved(piece.len() as u64);
                }
            })
            .boxed();
        let (client, size) = (&self.inner.client, self.source.size());
        let content = match (size, self.inner.capabilities.max_file_bytes) {
            (None, Some(limit)) => at_most(limit, content),
            _ => content,
        };
        let answer = match &place {
            Place::New => {
                let file = NewNode::new(self.name, &*folder);
                client.upload(&file, content, size, false).await
            }
            Place::Over(id) => client.overwrite(id, content, size).await,
        };
        let stored = match answer {
            Ok(node) => self.verify(&folder, &place, node, &sent).await,
            Err(error) => self.settle(&folder, &place, error, &sent).await,
        };
        match &stored {
            Ok(thing) => self.inner.known.made(&folder, thing),
            Err(error) => {
                if error.effect() != Effect::NotMade {
                    self.forget_known(&folder);
                }
                self.progress(|progress| progress.restarted(sent.bytes()));
            }
        }
        stored
    }

    fn progress(&self, tell: impl FnOnce(&dyn Progress)) {
        if let Some(progress) = &self.options.progress {
            tell(&**progress);
        }
    }

    /// Where to: no request where the folder and all that is in it are known.
    async fn find_target(&self) -> Result<(Id, Place)> {
        let known = self.target().clone();
        if let Some(target) = known {
            return Ok(target);
        }
        let folder = self.inner.ensure_dir(self.above).await?.id;
        let place = match self.options.mode {
            // The service refuses a name that is taken, which nobody can come between.
            WriteMode::CreateNew => self.refuse_known(&folder).await?,
            _ => match self.inner.find_to_place(&folder, self.name).await? {
                Some(thing) if thing.is_folder => return Err(is_a_directory()),
                Some(thing) => Place::Over(Arc::clone(&thing.id)),
                None => Place::New,
            },
        };
        let target = (folder, place);
        *self.target() = Some(target.clone());
        Ok(target)
    }

    /// Saves sending the bytes in vain where something is known to have the name.
    async fn refuse_known(&self, folder: &Id) -> Result<Place> {
        if self.inner.known.get(folder, self.name).is_none() {
            return Ok(Place::New);
        }
        match self.inner.find_now(folder, self.name).await? {
            Some(thing) if thing.is_folder => Err(is_a_directory()),
            Some(_file) => Err(Error::new(ErrorKind::AlreadyExists)),
            None => Ok(Place::New),
        }
    }

    fn target(&self) -> std::sync::MutexGuard<'_, Option<(Id, Place)>> {
        self.target.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether what was stored is what was sent, where it was meant to be.
    async fn verify(
        &self,
        folder: &Id,
        place: &Place,
        node: Node,
        sent: &Sent,
    ) -> Result<Arc<Thing>> {
        self.may_be_stored.store(true, Ordering::Relaxed);
        let has_name = |thing: &Thing| fit(&thing.name, self.name).is_some();
        let stored = thing_in(&node, folder).filter(|thing| has_name(thing));
        let stored = match stored {
            Some(thing) if is_processed(&thing) => Some(thing),
            _ if node.id.is_empty() => None,
            _ => {
                let seen = self
                    .inner
                    .wait_until_processed(&node.id, folder, sent.bytes())
                    .await
                    .map_err(|error| error.with_effect(Effect::Made))?;
                match seen {
                    Processed::Done(thing) => Some(thing).filter(|thing| has_name(thing)),
                    Processed::NotYet => return Err(unprocessed()),
                    Processed::Elsewhere => None,
                }
            }
        };
        let Some(stored) = stored else {
            return Err(self.not_in_its_place(folder, place));
        };
        let Some(mismatch) = difference(sent, &stored) else {
            return Ok(stored);
        };
        // The answer may be wrong instead of the file.
        match self.inner.still_there(folder, &stored.id, None).await {
            Ok(Some(now)) if difference(sent, &now).is_none() => Ok(now),
            Ok(_damaged) => Err(self.discard_damaged(folder, place, &stored, mismatch).await),
            Err(_) => Err(self
                .damaged(mismatch, Effect::Unknown)
                .with_retry_advice(RetryAdvice::Never)),
        }
    }

    /// The file that was overwritten has been moved, renamed or removed by somebody else: it has the new content now, wherever it is, and its old place has none.
    fn not_in_its_place(&self, folder: &Id, place: &Place) -> Error {
        self.forget_target(folder, place);
        let again = !self.was_missing.swap(true, Ordering::Relaxed);
        let advice = if again {
            RetryAdvice::Safe(None)
        } else {
            RetryAdvice::Never
        };
        Error::with_message(
            ErrorKind::Service,
            "the service stored the content, but not in the place it was sent to",
        )
        .with_effect(Effect::Unknown)
        .with_retry_advice(advice)
    }

    fn forget_target(&self, folder: &Id, place: &Place) {
        *self.target() = None;
        if matches!(place, Place::Over(_)) {
            self.forget_known(folder);
        }
    }

    fn forget_known(&self, folder: &Id) {
        let known = &self.inner.known;
        if let Some((thing, _)) = known.get(folder, self.name) {
            known.forget(folder, &thing);
        }
    }

    /// A file with wrong content is worse than none: a later comparison by size would take it for the right one.
    async fn discard_damaged(
        &self,
        folder: &Id,
        place: &Place,
        stored: &Arc<Thing>,
        mismatch: IntegrityError,
    ) -> Error {
        let (gone, help) = match place {
            Place::New => (Effect::NotMade, "the damaged file is in the trash"),
            Place::Over(_) => (
                Effect::Unknown,
                "the damaged file is in the trash; its former content is lost, because the service keeps no versions",
            ),
        };
        match self.inner.trash_thing(folder, stored).await {
            Ok(_gone) => {
                *self.target() = None;
                self.damaged(mismatch, gone).with_help(help)
            }
            Err(_) => self
                .damaged(mismatch, Effect::Made)
                .with_retry_advice(RetryAdvice::Never)
                .with_help("a damaged file is stored; remove it or write it again"),
        }
    }

    /// Worth one more attempt: the bytes may have been damaged on the way.
    fn damaged(&self, mismatch: IntegrityError, effect: Effect) -> Error {
        let again = !self.was_damaged.swap(true, Ordering::Relaxed);
        let advice = if again {
            RetryAdvice::Safe(None)
        } else {
            RetryAdvice::Never
        };
        Error::from(mismatch)
            .with_effect(effect)
            .with_retry_advice(advice)
    }

    /// What a failed attempt means, after a look where that is needed.
    async fn settle(
        &self,
        folder: &Id,
        place: &Place,
        error: Error,
        sent: &Sent,
    ) -> Result<Arc<Thing>> {
        if error.is_not_found() {
            return Err(self.find_again(folder, place, error).await);
        }
        if ApiError::of(&error).is_some_and(ApiError::is_name_conflict) {
            return self.resolve_conflict(folder, error, sent).await;
        }
        match error.effect() {
            Effect::Unknown if sent.is_complete() => self.wait(folder, place, error, sent).await,
            // The service stores nothing before it has all bytes.
            Effect::Unknown => Err(not_made(error)),
            Effect::Made => self.wait(folder, place, error, sent).await,
            _ => Err(error),
        }
    }

    /// Somebody removed the folder, or the file, that we knew.
    async fn find_again(&self, folder: &Id, place: &Place, error: Error) -> Error {
        self.forget_target(folder, place);
        if self.was_missing.swap(true, Ordering::Relaxed) {
            return error;
        }
        if matches!(place, Place::New)
            && let Err(error) = self.inner.forget_way(self.above).await
        {
            return error;
        }
        error.with_retry_advice(RetryAdvice::Safe(None))
    }

    /// Something has the name: it may be our own, from an attempt whose answer was lost.
    async fn resolve_conflict(&self, folder: &Id, error: Error, sent: &Sent) -> Result<Arc<Thing>> {
        let found = self.find_in_the_way(folder, &error, sent).await;
        let may_be_ours = self.may_be_stored.load(Ordering::Relaxed);
        match found {
            Ok(Some(thing)) if thing.is_folder => Err(is_a_directory().with_source(error)),
            Ok(Some(thing)) if may_be_ours && difference(sent, &thing).is_none() => Ok(thing),
            Ok(Some(thing)) if self.options.mode == WriteMode::Overwrite => {
                let over = Place::Over(Arc::clone(&thing.id));
                *self.target() = Some((Arc::clone(folder), over));
                Err(error.with_retry_advice(RetryAdvice::Safe(None)))
            }
            // It is there for the service; sending the bytes time and again would not make it show.
            Ok(None) if may_be_ours => Err(not_shown(error)),
            Ok(None) if self.options.mode == WriteMode::Overwrite => Err(self.hidden(error)),
            _ => Err(error),
        }
    }

    /// What the service says is in the way, waited for where it is still being processed or does not show yet.
    async fn find_in_the_way(
        &self,
        folder: &Id,
        error: &Error,
        sent: &Sent,
    ) -> Result<Option<Arc<Thing>>> {
        let inner = self.inner;
        let found = inner.what_is_in_the_way(folder, self.name, error).await?;
        let told = ApiError::of(error).and_then(|said| said.conflicting_node.as_deref());
        match (found, told) {
            (None, Some(id)) => {
                let bytes = sent.bytes();
                match inner.wait_until_processed(id, folder, bytes).await? {
                    Processed::Done(thing) => Ok(Some(thing)),
                    _ => Ok(None),
                }
            }
            (found, _) => Ok(found),
        }
    }

    /// Worth one more attempt: what had the name may have gone meanwhile.
    fn hidden(&self, error: Error) -> Error {
        match self.was_hidden.swap(true, Ordering::Relaxed) {
            true => error,
            false => error.with_retry_advice(RetryAdvice::Safe(None)),
        }
    }

    /// The answer was lost: is the file there, or does it come?
    async fn wait(
        &self,
        folder: &Id,
        place: &Place,
        error: Error,
        sent: &Sent,
    ) -> Result<Arc<Thing>> {
        self.may_be_stored.store(true, Ordering::Relaxed);
        let (inner, budget) = (self.inner, self.inner.time_to_look(&error, sent));
        match inner.wait_for(folder, self.name, place, sent, budget).await {
            Outcome::Ours(thing) => Ok(thing),
            Outcome::Foreign(thing) if thing.is_folder => Err(is_a_directory().with_source(error)),
            Outcome::Foreign(_) if self.options.mode == WriteMode::CreateNew => {
                Err(Error::new(ErrorKind::AlreadyExists).with_source(error))
            }
            Outcome::Foreign(thing) => {
                let over = Place::Over(Arc::clone(&thing.id));
                *self.target() = Some((Arc::clone(folder), over));
                Err(not_made(error))
            }
            // Sending again does no harm: a name is taken once, and the same content over itself is the same.
            Outcome::Nothing => {
                let delay = named_delay(&error);
                Err(error
                    .with_effect(Effect::Unknown)
                    .with_retry_advice(RetryAdvice::Safe(delay)))
            }
            Outcome::Unseen => Err(error
                .with_effect(Effect::Unknown)
                .with_retry_advice(RetryAdvice::Never)),
        }
    }
}

/// The content is with the service, which does not say what it has made of it.
fn unprocessed() -> Error {
    Error::with_message(
        ErrorKind::Service,
        "the service has taken the content, and does not tell its size and hash yet",
    )
    .with_effect(Effect::Made)
    .with_help("compare the file with its source later")
}

/// An upload whose answer was lost has the name, as it seems.
fn not_shown(conflict: Error) -> Error {
    Error::with_message(
        ErrorKind::Service,
        "the service says that the name is taken, and does not show by what",
    )
    .with_effect(Effect::Unknown)
    .with_help("the file may still be processed; look for it later")
    .with_source(conflict)
}

/// How a stored file differs from what was sent, if it does.
fn difference(sent: &Sent, stored: &Thing) -> Option<IntegrityError> {
    sent.mismatch(stored.size.unwrap_or_default(), stored.md5)
}

fn named_delay(error: &Error) -> Option<std::time::Duration> {
    match error.retry_advice() {
        RetryAdvice::IfIdempotent(delay) | RetryAdvice::Safe(delay) => delay,
        _ => None,
    }
}

fn not_made(error: Error) -> Error {
    let delay = named_delay(&error);
    error
        .with_effect(Effect::NotMade)
        .with_retry_advice(RetryAdvice::Safe(delay))
}

/// Nobody has to sign in again, but the bytes are gone.
fn ended_on_the_way(error: Error) -> Error {
    Error::with_message(
        ErrorKind::Service,
        "the token had ended when the content was sent; it is renewed now",
    )
    .with_retry_advice(RetryAdvice::Safe(None))
    .with_help("give the content once more")
    .with_source(error)
}

/// A token had ended and was renewed; nothing was stored.
fn was_renewed(error: &Error) -> bool {
    error.kind() == ErrorKind::Authentication
        && matches!(error.retry_advice(), RetryAdvice::Safe(_))
}
