//! Copies and moves on the service.
//!
//! What is at the target is looked at first, since what the service does with it is not known for certain. An old target is moved to a temporary name beside its place
//! and goes into the trash when the new one is there; on failure it is moved back.

use std::{sync::Arc, time::SystemTime};

use remote_core::{
    entry::Entry,
    error::{Effect, Error, ErrorKind, Result},
    operation::TargetMode,
    path::RemotePath,
    settle::{settled, to_the_end},
    stored::{fold, is_below},
};

use super::{
    Inner, entries,
    looking::{Found, not_found},
    removing::Kind,
    ticket::storable,
};
use crate::{
    api::files::ContentTimes,
    location::Location,
    model::file::{FileInfo, Revision},
};

impl Inner {
    pub(super) async fn copy(
        self: &Arc<Self>,
        from: &RemotePath,
        to: &RemotePath,
        modified: Option<SystemTime>,
        target: TargetMode,
    ) -> Result<Entry> {
        let (source, dest) = (self.place(from)?, self.place(to)?);
        dest.check_writable()?;
        let original = match self.look(&source).await? {
            None => return Err(not_found()),
            Some(Found::Dir { .. }) if is_same(&source, &dest) => {
                return Err(Error::new(ErrorKind::AlreadyExists));
            }
            Some(Found::Dir { .. }) => return Err(Error::unsupported("copying directories")),
            Some(Found::File(_, content)) => content,
        };
        if is_same(&source, &dest) {
            return Err(Error::with_message(
                ErrorKind::AlreadyExists,
                "source and target are the same",
            ));
        }
        self.check_target(&dest, target, Kind::File).await?;
        self.ensure_parent(&dest).await?;
        self.seen.forget(dest.path());
        let (inner, place, kept) = (Arc::clone(self), dest.clone(), original.clone());
        let done = to_the_end(async move {
            let copied = inner.copy_one(&source, &kept, &place).await?;
            inner.finish_copy(&place, copied, &kept, modified).await
        });
        let done = done.await?;
        let content = done.content().cloned().unwrap_or(original);
        let entry = entries::entry(to.clone(), &done, &content);
        self.seen.insert_file(dest.path(), &entry);
        Ok(entry)
    }

    /// The copy itself, looked into when its answer is lost.
    async fn copy_one(
        &self,
        source: &Location,
        original: &Revision,
        dest: &Location,
    ) -> Result<FileInfo> {
        let make = |_attempt| self.client.copy_file(source, dest);
        let look = || async {
            match self.client.file(dest).await {
                Ok(file) => Ok(Some(file).filter(|file| has_content(file, original))),
                Err(error) if error.is_not_found() => Ok(None),
                Err(error) => Err(error),
            }
        };
        settled(&self.retry, make, look).await
    }

    /// A copy onto something in the trash stays there until it is touched; a copy that is to have another time is touched as well.
    async fn finish_copy(
        &self,
        dest: &Location,
        copied: FileInfo,
        original: &Revision,
        modified: Option<SystemTime>,
    ) -> Result<FileInfo> {
        if modified.is_none() && copied.is_live() && has_content(&copied, original) {
            return Ok(copied);
        }
        let (Some(bytes), Some(md5)) = (original.size, original.md5) else {
            return Err(Error::with_message(
                ErrorKind::Protocol,
                "the service tells no hash of the copied file",
            )
            .with_effect(Effect::Made));
        };
        let kept = original.modified.unwrap_or(SystemTime::UNIX_EPOCH);
        let times = ContentTimes::new(bytes, md5, modified.map_or(kept, storable))
            .with_created(original.created.unwrap_or(kept));
        self.touch(dest, &times)
            .await
            .map_err(|error| error.with_effect(Effect::Made))
    }

    pub(super) async fn rename(
        self: &Arc<Self>,
        from: &RemotePath,
        to: &RemotePath,
        target: TargetMode,
    ) -> Result<Entry> {
        let (source, dest) = (self.place(from)?, self.place(to)?);
        dest.check_writable()?;
        source.check_writable()?;
        if source == dest {
            return self.stat(to).await;
        }
        if source.is_mount_point() || dest.is_mount_point() || is_inside(&dest, &source) {
            return Err(Error::new(ErrorKind::IntoSelf));
        }
        let found = self
            .look(&source)
            .await?
            .ok_or_else(|| not_found().with_path(from))?;
        let kind = match &found {
            Found::Dir { .. } => Kind::Dir,
            Found::File(..) => Kind::File,
        };
        let old = match is_same(&source, &dest) {
            true => None,
            false => Some(self.check_target(&dest, target, kind).await?),
        };
        self.seen.forget(source.path());
        self.seen.forget(dest.path());
        let (inner, from, place) = (Arc::clone(self), source, dest.clone());
        to_the_end(async move {
            match old {
                None => inner.change_case(&from, &place, kind).await,
                Some(old) => inner.place_at(&from, &place, kind, old).await,
            }
        })
        .await?;
        match found {
            Found::Dir { .. } => {
                self.seen.insert_dir(dest.path());
                Ok(Entry::directory(to.clone()))
            }
            // A move changes neither content nor times.
            Found::File(file, content) => {
                let entry = entries::entry(to.clone(), &file, &content);
                self.seen.insert_file(dest.path(), &entry);
                Ok(entry)
            }
        }
    }

    /// What stands in the way of a copy or move: nothing, or a file that is to be replaced.
    async fn check_target(
        &self,
        dest: &Location,
        target: TargetMode,
        kind: Kind,
    ) -> Result<Target> {
        let Some(item) = self.item_if_exists(dest).await? else {
            return Ok(Target::Free);
        };
        let is_deleted = item.is_deleted();
        match (self.visible(item)?, kind) {
            (None, _) if is_deleted => Ok(Target::Trashed),
            (None, _) if self.trashed_only => Err(Error::with_message(
                ErrorKind::AlreadyExists,
                "something that is not in the trash has the name of the target",
            )),
            (None, _) => Ok(Target::Free),
            (Some(Found::Dir { .. }), _) => Err(Error::with_message(
                ErrorKind::AlreadyExists,
                "a directory is in the place of the target",
            )),
            (Some(Found::File(..)), Kind::Dir) => Err(Error::with_message(
                ErrorKind::AlreadyExists,
                "a file is in the place of the directory",
            )),
            (Some(Found::File(..)), Kind::File) if target == TargetMode::Replace => {
                Ok(Target::File)
            }
            (Some(Found::File(..)), Kind::File) => Err(Error::new(ErrorKind::AlreadyExists)),
        }
    }

    async fn place_at(
        &self,
        source: &Location,
        dest: &Location,
        kind: Kind,
        old: Target,
    ) -> Result<()> {
        match old {
            Target::Free | Target::Trashed => {
                let moved = self.move_with_parent(source, dest, kind).await;
                moved.map_err(|error| match old {
                    Target::Trashed if error.effect() == Effect::NotMade => error.with_help(
                        "something of this name is in the trash, which the service may refuse to replace; empty the trash, or choose another name",
                    ),
                    _ => error,
                })
            }
            Target::File => self.replace(source, dest).await,
        }
    }

    /// Sets the old target aside, puts the new one in place, and only then removes the old one.
    async fn replace(&self, source: &Location, dest: &Location) -> Result<()> {
        let aside = Self::temporary_beside(dest);
        self.set_aside(dest, &aside, Kind::File).await?;
        match self.move_one(source, dest, false).await {
            Ok(()) => {
                let removed = self.remove(&aside, Kind::File).await;
                removed.map(|_outcome| ()).map_err(|error| {
                    Error::with_message(
                        error.kind(),
                        format!("the former content may be left as {}", aside.path()),
                    )
                    .with_effect(Effect::Made)
                    .with_source(error)
                })
            }
            Err(error) => Err(self.restore_aside(&aside, dest, Kind::File, error).await),
        }
    }

    /// The service compares without regard to case, so a new spelling goes by way of a third name. Directories above keep theirs.
    async fn change_case(&self, source: &Location, dest: &Location, kind: Kind) -> Result<()> {
        let aside = Self::temporary_beside(source);
        self.set_aside(source, &aside, kind).await?;
        let dest = match source.parent() {
            Some(parent) => parent.below(dest.name()),
            None => dest.clone(),
        };
        match self.move_one(&aside, &dest, is_dir(kind)).await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.restore_aside(&aside, source, kind, error).await),
        }
    }

    async fn set_aside(&self, place: &Location, aside: &Location, kind: Kind) -> Result<()> {
        match self.move_one(place, aside, is_dir(kind)).await {
            Err(error) if error.effect() == Effect::Unknown => Err(Error::with_message(
                error.kind(),
                format!(
                    "failed half way; if {} is missing, it is kept as {}",
                    place.path(),
                    aside.path()
                ),
            )
            .with_effect(Effect::Unknown)
            .with_source(error)),
            other => other,
        }
    }

    /// Puts back what was set aside, and reports the error that made it necessary. Never over something that may have arrived at its place.
    async fn restore_aside(
        &self,
        aside: &Location,
        place: &Location,
        kind: Kind,
        error: Error,
    ) -> Error {
        let is_free = error.effect() == Effect::NotMade
            || matches!(self.item_if_exists(place).await, Ok(None));
        if is_free && self.move_one(aside, place, is_dir(kind)).await.is_ok() {
            return error.with_effect(Effect::NotMade);
        }
        tracing::warn!(kind = ?error.kind(), "what was set aside was not put back");
        Error::with_message(
            error.kind(),
            format!(
                "failed half way; the former content is kept as {}",
                aside.path()
            ),
        )
        .with_help(format!(
            "if {1} is missing, move {0} back to it when the service works again",
            aside.path(),
            place.path()
        ))
        .with_effect(Effect::Unknown)
        .with_source(error)
    }

    /// A move whose target's parent may have to be made: the service does so itself, or says that it is missing.
    async fn move_with_parent(&self, source: &Location, dest: &Location, kind: Kind) -> Result<()> {
        let error = match self.move_one(source, dest, is_dir(kind)).await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        if error.effect() != Effect::NotMade {
            return Err(error);
        }
        let refused = matches!(
            error.kind(),
            ErrorKind::NotFound
                | ErrorKind::AlreadyExists
                | ErrorKind::InvalidInput
                | ErrorKind::InvalidName
                | ErrorKind::PreconditionFailed
        );
        if !refused {
            return Err(error);
        }
        if self.file_on_the_way(dest).await? {
            return Err(
                Error::with_message(ErrorKind::NotADirectory, "a file is on the way")
                    .with_source(error),
            );
        }
        if !error.is_not_found() || self.look(source).await?.is_none() {
            return Err(error);
        }
        self.ensure_parent(dest).await?;
        self.move_one(source, dest, is_dir(kind)).await
    }

    async fn ensure_parent(&self, dest: &Location) -> Result<()> {
        match dest.parent() {
            Some(parent) => self.ensure_dir(&parent).await,
            None => Ok(()),
        }
    }

    /// One move, looked into when its answer is lost: the service has been seen to report failures of moves that it made.
    pub(super) async fn move_one(
        &self,
        source: &Location,
        dest: &Location,
        dir: bool,
    ) -> Result<()> {
        let make = |_attempt| async move {
            match dir {
                true => self.client.move_folder(source, dest).await,
                false => self.client.move_file(source, dest).await.map(|_file| ()),
            }
        };
        let look = || async {
            if self.look(source).await?.is_some() {
                return Ok(None);
            }
            match self.look(dest).await? {
                Some(_arrived) => Ok(Some(())),
                None => Err(Error::with_message(
                    ErrorKind::Other,
                    "neither source nor target is there",
                )),
            }
        };
        settled(&self.retry, make, look).await
    }
}

/// What is at the target of a copy or move.
#[derive(Clone, Copy, Debug)]
enum Target {
    File,
    Free,
    Trashed,
}

fn is_dir(kind: Kind) -> bool {
    matches!(kind, Kind::Dir)
}

/// Whether the service takes two places of a mount point for the same.
fn is_same(one: &Location, other: &Location) -> bool {
    fold(one.path()) == fold(other.path())
}

fn is_inside(place: &Location, dir: &Location) -> bool {
    is_below(place.path(), dir.path())
}

fn has_content(file: &FileInfo, expected: &Revision) -> bool {
    file.content()
        .is_some_and(|content| content.size == expected.size && content.md5 == expected.md5)
}
