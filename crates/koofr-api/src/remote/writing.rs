//! Writing files: one request into a known directory, verified, and looked into when the answer is lost.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use remote_core::{
    entry::{Entry, Tag, TagParts},
    error::{Effect, Error, ErrorKind, IntegrityError, Result, RetryAdvice},
    http::Body,
    operation::{WriteMode, WriteOptions},
    path::RemotePath,
    progress::Progress,
    retry::{Idempotency, RetryPolicy},
    source::{Sending, Sent, UploadSource},
};

use super::{Inner, entries, paths, removing::just_seen};
use crate::{
    api::{
        files::{Conditions, RemoveOptions},
        upload::{PutMode, PutOptions},
    },
    model::file::FileInfo,
    time::to_millis,
};

/// The largest file that is sent into a directory that may be missing: a body that is refused has cost a moment at most.
const TRIED_FIRST_BYTES: u64 = 1024 * 1024;

/// An upload that may take several attempts.
struct Upload<'a> {
    inner: &'a Inner,
    server: &'a str,
    parent: &'a str,
    name: &'a str,
    source: &'a Arc<dyn UploadSource>,
    options: &'a WriteOptions,
    put: PutOptions,
    /// The parent was found missing once although it was known or expected.
    parent_made_again: AtomicBool,
    /// It was made just now, so the next attempt need not wait.
    parent_just_made: AtomicBool,
    /// What was stored was not what was sent, once.
    was_damaged: AtomicBool,
    /// What an attempt has sent that was given up, and which the service may carry out yet.
    given_up: Mutex<Option<Sent>>,
}

impl Inner {
    pub(super) async fn write(
        &self,
        path: &RemotePath,
        source: Arc<dyn UploadSource>,
        options: WriteOptions,
    ) -> Result<Entry> {
        let server = self.paths.to_server(path)?;
        let Some((parent, name)) = paths::split(&server) else {
            return Err(Error::with_message(
                ErrorKind::IsADirectory,
                "the root of the storage is a directory",
            ));
        };
        // Not part of the attempts: it is repeated by itself.
        self.mount().await?;
        self.prepare_dir(parent, &source, &options).await?;
        let upload = Upload {
            inner: self,
            server: &server,
            parent,
            name,
            source: &source,
            options: &options,
            put: put_options(&options, source.size())?,
            parent_made_again: AtomicBool::new(false),
            parent_just_made: AtomicBool::new(false),
            was_damaged: AtomicBool::new(false),
            given_up: Mutex::new(None),
        };
        let retry = match source.can_reopen() {
            true => self.retry.clone(),
            // A second attempt would hide why the first one failed behind a source that cannot be opened again.
            false => self.retry.clone().with_policy(RetryPolicy::never()),
        };
        let stored = retry
            .run(Idempotency::Idempotent, |_attempt| upload.attempt())
            .await?;
        self.dirs.insert(parent);
        Ok(entries::entry(path.clone(), &stored))
    }

    /// Sees to the directory of a file that is about to be sent, as far as the upload itself will not find out.
    async fn prepare_dir(
        &self,
        parent: &str,
        source: &Arc<dyn UploadSource>,
        options: &WriteOptions,
    ) -> Result<()> {
        // Something can only be matched in a directory that exists.
        if matches!(options.mode, WriteMode::IfMatch(_)) || self.dirs.contains(parent) {
            return Ok(());
        }
        if !options.expects_dir || parent == "/" {
            return self.ensure_dir(parent).await;
        }
        let is_small = source.size().is_some_and(|size| size <= TRIED_FIRST_BYTES);
        if is_small && source.can_reopen() {
            return Ok(());
        }
        match self.info_if_exists(parent).await? {
            Some(info) if info.is_dir() => {
                self.dirs.insert(parent);
                Ok(())
            }
            _ => self.ensure_dir(parent).await,
        }
    }
}

impl Upload<'_> {
    /// One attempt, and another one at once where a token had ended or the directory was missing.
    async fn attempt(&self) -> Result<FileInfo> {
        match self.send().await {
            Err(error) if self.goes_on_at_once(&error) && self.source.can_reopen() => {
                self.send().await
            }
            other => other,
        }
    }

    fn goes_on_at_once(&self, error: &Error) -> bool {
        was_renewed(error) || self.parent_just_made.swap(false, Ordering::Relaxed)
    }

    async fn send(&self) -> Result<FileInfo> {
        let inner = self.inner;
        let mount = inner.mount().await?;
        let sending = Sending::open(self.source).await?;
        let sent = sending.sent();
        let body = Body::Stream {
            stream: sending.into_stream(),
            size: self.source.size(),
            progress: self.options.progress.clone(),
        };
        let answer = inner
            .client
            .put(mount, self.parent, self.name, body, &self.put)
            .await;
        match answer {
            Ok(stored) => {
                let verified = self.verify(stored, &sent).await;
                if verified.is_err() {
                    self.progress(|progress| progress.restarted(sent.bytes()));
                }
                verified
            }
            Err(error) => {
                let settled = self.settle(error, &sent).await;
                // A failed attempt was taken back; the bytes did arrive after all.
                if let Ok(stored) = &settled {
                    self.progress(|progress| progress.moved(stored.size.unwrap_or_default()));
                }
                settled
            }
        }
    }

    fn progress(&self, tell: impl FnOnce(&dyn Progress)) {
        if let Some(progress) = &self.options.progress {
            tell(&**progress);
        }
    }

    /// Whether what was stored is what was sent.
    async fn verify(&self, stored: FileInfo, sent: &Sent) -> Result<FileInfo> {
        if paths::fold(&stored.name) != paths::fold(self.name) && !stored.name.is_empty() {
            self.look_where_stored(&stored).await?;
        }
        let Some(mismatch) = difference(sent, &stored) else {
            return Ok(stored);
        };
        // The answer may be wrong instead of the file.
        match self.inner.info_if_exists(self.server).await {
            Ok(Some(now)) if difference(sent, &now).is_none() => Ok(now),
            Ok(Some(now)) => Err(self.discard_damaged(&now, mismatch).await),
            Ok(None) => Err(self.damaged(mismatch, Effect::NotMade)),
            Err(_) => Err(self
                .damaged(mismatch, Effect::Unknown)
                .with_retry_advice(RetryAdvice::Never)),
        }
    }

    /// A file with wrong content is worse than none: a later comparison by size would take it for the right one.
    async fn discard_damaged(&self, now: &FileInfo, mismatch: IntegrityError) -> Error {
        let only_that = RemoveOptions::default().with_conditions(just_seen(now));
        // What was replaced is gone from its place, even if nothing has come into it.
        let (gone, replaced_help) = match self.options.mode {
            WriteMode::CreateNew => (Effect::NotMade, "the damaged file was removed"),
            _ => (
                Effect::Unknown,
                "the damaged file was removed; its former content, if any, is in the trash of the account",
            ),
        };
        match self.inner.remove(self.server, &only_that).await {
            Ok(_gone) => self.damaged(mismatch, gone).with_help(replaced_help),
            Err(_) => self
                .damaged(mismatch, Effect::Made)
                .with_retry_advice(RetryAdvice::Never)
                .with_help("a damaged file is stored; remove it or write it again"),
        }
    }

    /// Worth one more attempt: the bytes may have been damaged on the way. Not where the file that was to be matched is gone now.
    fn damaged(&self, mismatch: IntegrityError, effect: Effect) -> Error {
        let again = !self.was_damaged.swap(true, Ordering::Relaxed)
            && !matches!(self.options.mode, WriteMode::IfMatch(_));
        let advice = if again {
            RetryAdvice::Safe(None)
        } else {
            RetryAdvice::Never
        };
        Error::from(mismatch)
            .with_effect(effect)
            .with_retry_advice(advice)
    }

    /// A server that does not know our conditions stores the file under a free name, and that copy is removed. One that spells names its own way, as with
    /// letters and their accents apart, has it where it belongs.
    async fn look_where_stored(&self, stored: &FileInfo) -> Result<()> {
        let elsewhere = Error::with_message(
            ErrorKind::AlreadyExists,
            "the server stored the file under another name",
        );
        let stray = format!("{}/{}", self.parent.trim_end_matches('/'), stored.name);
        let removed = match self.inner.info_if_exists(self.server).await {
            Ok(Some(here)) if here.name == stored.name => return Ok(()),
            Ok(_) => {
                let only_that = RemoveOptions::default().with_conditions(just_seen(stored));
                self.inner.remove(&stray, &only_that).await.map(|_gone| ())
            }
            Err(unclear) => Err(unclear),
        };
        Err(match removed {
            Ok(()) => elsewhere,
            Err(_) => elsewhere
                .with_effect(Effect::Made)
                .with_help(format!("a stray copy is left as {stray}")),
        })
    }

    /// What a failed attempt means, after a look where that is needed.
    async fn settle(&self, error: Error, sent: &Sent) -> Result<FileInfo> {
        if let Some(earlier) = self.given_up().filter(|_| self.is_refusal(&error)) {
            // That attempt may have been carried out after the look, and then it is what is in the way of this one.
            match self.inner.info_if_exists(self.server).await {
                Ok(Some(now)) if self.is_ours(&now, &earlier) => return Ok(now),
                Ok(_) => {}
                Err(_) => return Err(error.with_effect(Effect::Unknown)),
            }
        }
        match (error.kind(), &self.options.mode) {
            (ErrorKind::NotFound, WriteMode::IfMatch(_)) => {
                Err(error.with_kind(ErrorKind::PreconditionFailed))
            }
            (ErrorKind::NotFound, _) => Err(self.make_parent_again(error).await),
            (ErrorKind::AlreadyExists, _) => Err(self.say_what_exists(error).await),
            (ErrorKind::InvalidInput, WriteMode::CreateNew) if error.http_status() == Some(400) => {
                Err(self.say_what_exists(error).await)
            }
            _ => match error.effect() {
                Effect::Unknown => self.look(error, sent).await,
                Effect::Made => self.recover(error, sent).await,
                _ => Err(error),
            },
        }
    }

    /// Whether the service says that the condition of the upload does not hold: what it says, too, after an upload that was made.
    fn is_refusal(&self, error: &Error) -> bool {
        match self.options.mode {
            WriteMode::CreateNew => {
                error.is_already_exists()
                    || error.kind() == ErrorKind::InvalidInput && error.http_status() == Some(400)
            }
            WriteMode::IfMatch(_) => error.is_precondition_failed(),
            _ => false,
        }
    }

    fn given_up(&self) -> Option<Sent> {
        let given_up = self.given_up.lock();
        given_up.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Somebody removed a directory that we knew.
    async fn make_parent_again(&self, error: Error) -> Error {
        self.inner.dirs.forget(self.parent);
        if self.parent_made_again.swap(true, Ordering::Relaxed) {
            return error;
        }
        match self.inner.ensure_dir(self.parent).await {
            Ok(()) => {
                self.parent_just_made.store(true, Ordering::Relaxed);
                error.with_retry_advice(RetryAdvice::Safe(None))
            }
            Err(error) => error,
        }
    }

    /// Tells a directory in the place of the file from a file.
    async fn say_what_exists(&self, error: Error) -> Error {
        match self.inner.info_if_exists(self.server).await {
            Ok(Some(info)) if info.is_dir() => error.with_kind(ErrorKind::IsADirectory),
            Ok(Some(_file)) => error.with_kind(ErrorKind::AlreadyExists),
            _ => error,
        }
    }

    /// The file was stored and the answer that told so broke off: the upload is not repeated, its result is looked for.
    async fn recover(&self, error: Error, sent: &Sent) -> Result<FileInfo> {
        match self.inner.info_if_exists(self.server).await {
            Ok(Some(now)) if self.is_ours(&now, sent) => Ok(now),
            _ => Err(error.with_retry_advice(RetryAdvice::Never)),
        }
    }

    /// The answer was lost: is the file there?
    async fn look(&self, error: Error, sent: &Sent) -> Result<FileInfo> {
        // The service stores nothing before it has all bytes.
        if !sent.is_complete() {
            return Err(not_made(error));
        }
        let Ok(found) = self.inner.info_if_exists(self.server).await else {
            return Err(error.with_retry_advice(RetryAdvice::Never));
        };
        match (found, &self.options.mode) {
            (Some(now), _) if self.is_ours(&now, sent) => Ok(now),
            (Some(_), WriteMode::CreateNew) => {
                Err(Error::new(ErrorKind::AlreadyExists).with_source(error))
            }
            (Some(now), WriteMode::IfMatch(tag)) if entries::tag(&now).as_ref() != Some(tag) => {
                Err(Error::new(ErrorKind::PreconditionFailed).with_source(error))
            }
            _ => {
                let mut given_up = self.given_up.lock().unwrap_or_else(PoisonError::into_inner);
                *given_up = Some(sent.clone());
                Err(not_made(error))
            }
        }
    }

    fn is_ours(&self, now: &FileInfo, sent: &Sent) -> bool {
        if now.is_dir() || difference(sent, now).is_some() {
            return false;
        }
        // Without a hash the time must tell; a storage that does not keep it makes us send again, which is harmless.
        now.md5().is_some() || self.put.modified.is_some() && now.modified == self.put.modified
    }
}

/// How a stored file differs from what was sent, if it does.
fn difference(sent: &Sent, stored: &FileInfo) -> Option<IntegrityError> {
    sent.mismatch(stored.size.unwrap_or_default(), stored.md5())
}

fn put_options(options: &WriteOptions, size: Option<u64>) -> Result<PutOptions> {
    let mut put = PutOptions::default().with_mode(match &options.mode {
        WriteMode::CreateNew => PutMode::CreateOnly,
        WriteMode::IfMatch(tag) => PutMode::OverwriteIf(conditions_of(tag)?),
        _ => PutMode::Overwrite,
    });
    put.modified = options.modified.map(to_millis);
    put.size = size;
    // It may come from another service, and is a hint only: the service goes by the name.
    let content_type = options.content_type.as_deref();
    put.content_type = content_type
        .filter(|text| !text.contains(char::is_control))
        .map(str::to_owned);
    Ok(put)
}

fn conditions_of(tag: &Tag) -> Result<Conditions> {
    match tag.parts() {
        TagParts::Hash(hash, size) => Ok(Conditions::default()
            .with_hash(hash.to_string())
            .with_size(*size)),
        TagParts::SizeTime(size, modified) => Ok(Conditions::default()
            .with_size(*size)
            .with_modified(*modified)),
        _ => Err(Error::with_message(
            ErrorKind::InvalidInput,
            "the tag does not come from this service",
        )),
    }
}

fn not_made(error: Error) -> Error {
    let delay = match error.retry_advice() {
        RetryAdvice::IfIdempotent(delay) | RetryAdvice::Safe(delay) => delay,
        _ => None,
    };
    error
        .with_effect(Effect::NotMade)
        .with_retry_advice(RetryAdvice::Safe(delay))
}

/// A token had ended and was renewed; nothing was stored.
fn was_renewed(error: &Error) -> bool {
    error.kind() == ErrorKind::Authentication
        && matches!(error.retry_advice(), RetryAdvice::Safe(_))
}
