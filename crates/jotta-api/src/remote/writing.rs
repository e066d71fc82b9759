//! Writing files: two requests, one if the service has the content already.

use std::{sync::Arc, time::SystemTime};

use remote_core::{
    entry::{Entry, Tag, TagParts},
    error::{Effect, Error, ErrorKind, Result},
    hash::HashAlgorithm,
    operation::{WriteMode, WriteOptions},
    path::RemotePath,
    progress::Progress,
    settle::to_the_end,
    source::UploadSource,
};

use super::{
    Inner,
    hashing::Prepared,
    looking::{Found, is_a_directory},
    sending::{Stored, Upload},
    ticket::{UploadTicket, storable},
};
use crate::{api::files::ContentTimes, location::Location};

impl Inner {
    pub(super) async fn write(
        self: &Arc<Self>,
        path: &RemotePath,
        source: Arc<dyn UploadSource>,
        options: WriteOptions,
        created: Option<SystemTime>,
    ) -> Result<Entry> {
        let place = self.place_for_file(path)?;
        check_mode(&options.mode)?;
        let prepared = Prepared::new(source, self.md5_memory_limit).await?;
        let content = content_of(&prepared, &options, created);
        let stored = self
            .store(&place, &prepared, content.clone(), options.progress)
            .await?;
        Ok(self.written(path, &place, &content, &stored))
    }

    /// Measures a source, and keeps what is needed to send it later.
    pub(super) async fn prepare(
        &self,
        path: &RemotePath,
        source: &Arc<dyn UploadSource>,
        options: &WriteOptions,
        created: Option<SystemTime>,
    ) -> Result<UploadTicket> {
        let place = self.place_for_file(path)?;
        check_mode(&options.mode)?;
        if !source.can_reopen() {
            return Err(Error::with_message(
                ErrorKind::InvalidInput,
                "only a source that can be opened again can be sent with a ticket",
            ));
        }
        let prepared = Prepared::new(Arc::clone(source), self.md5_memory_limit).await?;
        let content = content_of(&prepared, options, created);
        Ok(UploadTicket::new(&place, &content))
    }

    /// Sends what is missing of a prepared upload.
    pub(super) async fn send_ticket(
        self: &Arc<Self>,
        ticket: &UploadTicket,
        source: Arc<dyn UploadSource>,
        progress: Option<Arc<dyn Progress>>,
    ) -> Result<Entry> {
        let (place, content) = (ticket.place(), ticket.content()?);
        place.check_writable()?;
        let path = self.paths.below(&RemotePath::root(), place.path())?;
        let path = path.strip_prefix(self.paths.root());
        let path = path
            .filter(|_| place.at("") == self.mount_point)
            .ok_or_else(|| {
                Error::with_message(
                    ErrorKind::InvalidInput,
                    "the ticket belongs to another remote",
                )
            })?;
        if path.is_root() {
            return Err(is_a_directory());
        }
        let known = source.hash(HashAlgorithm::Md5);
        let is_other = source.size().is_some_and(|bytes| bytes != content.bytes)
            || known.is_some_and(|md5| md5 != content.md5);
        if is_other || !source.can_reopen() {
            return Err(Error::with_message(
                ErrorKind::SourceChanged,
                "the source is not the one that was prepared",
            ));
        }
        // The service verifies the bytes against the hash in the ticket.
        let prepared = Prepared {
            source,
            bytes: content.bytes,
            md5: content.md5,
        };
        let stored = self
            .store(&place, &prepared, content.clone(), progress)
            .await?;
        Ok(self.written(&path, &place, &content, &stored))
    }

    fn place_for_file(&self, path: &RemotePath) -> Result<Location> {
        let place = self.place(path)?;
        place.check_writable()?;
        if place.is_mount_point() {
            return Err(is_a_directory());
        }
        Ok(place)
    }

    async fn store(
        self: &Arc<Self>,
        place: &Location,
        prepared: &Prepared,
        content: ContentTimes,
        progress: Option<Arc<dyn Progress>>,
    ) -> Result<Stored> {
        self.seen.forget(place.path());
        let stored = if self.no_versions {
            Box::pin(self.replace_for_good(place, prepared, content, progress)).await
        } else {
            Upload::new(self, place, prepared, content, progress)
                .run()
                .await
        };
        match stored {
            Err(error) if error.kind() == ErrorKind::QuotaExceeded => {
                Err(self.full_or_locked(error).await)
            }
            other => other,
        }
    }

    /// The service answers alike whether the storage is full or the account is locked, so the account is asked.
    async fn full_or_locked(&self, error: Error) -> Error {
        match self.client.customer().await {
            Ok(customer) if customer.write_locked || customer.read_locked => {
                Error::with_message(error.kind(), "the account is locked, nothing can be stored")
                    .with_effect(error.effect())
                    .with_help("sign in on the web page of the service to see why")
                    .with_source(error)
            }
            _ => error,
        }
    }

    /// Without versions: the new content is stored beside the old file first, so that there is always one of them.
    async fn replace_for_good(
        self: &Arc<Self>,
        place: &Location,
        prepared: &Prepared,
        content: ContentTimes,
        progress: Option<Arc<dyn Progress>>,
    ) -> Result<Stored> {
        let same = match self.look(place).await? {
            Some(Found::Dir { .. }) => return Err(is_a_directory()),
            Some(Found::File(_, old)) => {
                old.md5 == Some(content.md5) && old.size == Some(content.bytes)
            }
            // There is nothing to keep a version of.
            None => true,
        };
        if same {
            return Upload::new(self, place, prepared, content, progress)
                .run()
                .await;
        }
        let fresh = Self::temporary_beside(place);
        let stored = Upload::new(self, &fresh, prepared, content, progress)
            .run()
            .await
            // The file itself was not touched, whatever became of the new one.
            .map_err(|error| error.with_effect(Effect::NotMade))?;
        let (inner, place) = (Arc::clone(self), place.clone());
        to_the_end(async move { inner.put_in_place(&fresh, &place).await }).await?;
        Ok(stored)
    }

    /// Gives the name of a file to the new one beside it. The new one is removed only where the old one certainly is there.
    async fn put_in_place(&self, fresh: &Location, place: &Location) -> Result<()> {
        let error = match self.remove_for_good(place).await {
            Ok(()) => match self.move_one(fresh, place, false).await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            },
            Err(error) if error.effect() == Effect::NotMade => {
                return Err(self.discard(fresh, error).await);
            }
            Err(error) => error,
        };
        Err(Error::with_message(
            error.kind(),
            format!(
                "failed half way; the new content is kept as {}",
                fresh.path()
            ),
        )
        .with_effect(Effect::Unknown)
        .with_help(format!("move {} to {}", fresh.path(), place.path()))
        .with_source(error))
    }

    /// Removes something of ours after a failure, which is returned.
    async fn discard(&self, fresh: &Location, error: Error) -> Error {
        match self.remove_for_good(fresh).await {
            Ok(()) => error.with_effect(Effect::NotMade),
            Err(_) => Error::with_message(
                error.kind(),
                format!(
                    "a file with a temporary name may be left as {}",
                    fresh.path()
                ),
            )
            .with_effect(Effect::NotMade)
            .with_source(error),
        }
    }

    /// The entry of what was just stored, without asking for it.
    fn written(
        &self,
        path: &RemotePath,
        place: &Location,
        content: &ContentTimes,
        stored: &Stored,
    ) -> Entry {
        let tag = Tag::new(TagParts::Hash(content.md5, content.bytes));
        let mut entry = Entry::file(path.clone(), content.bytes)
            .with_modified(stored.modified.or(Some(content.modified)))
            .with_hash(Some(content.md5))
            .with_tag(Some(tag));
        entry.created = Some(content.created);
        self.seen.insert_file(place.path(), &entry);
        // The service has made what was missing of them.
        self.note_dirs(place.parent());
        entry
    }
}

fn content_of(
    prepared: &Prepared,
    options: &WriteOptions,
    created: Option<SystemTime>,
) -> ContentTimes {
    let modified = storable(options.modified.unwrap_or_else(SystemTime::now));
    let created = created.map_or(modified, storable);
    ContentTimes::new(prepared.bytes, prepared.md5, modified).with_created(created)
}

/// The service has a condition for new files; whether of two writers one loses is not known, so it is not offered.
fn check_mode(mode: &WriteMode) -> Result<()> {
    match mode {
        WriteMode::Overwrite => Ok(()),
        WriteMode::CreateNew => Err(Error::unsupported("writing only if nothing is there")),
        _ => Err(Error::unsupported(
            "writing only if the content is the expected one",
        )),
    }
}
