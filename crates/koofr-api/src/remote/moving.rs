//! Copies and moves on the service. It never replaces anything by itself.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::SystemTime,
};

use remote_core::{
    entry::Entry,
    error::{Effect, Error, ErrorKind, Result},
    operation::TargetMode,
    path::RemotePath,
    retry::Attempt,
    settle::settled,
};

use super::{Inner, entries, paths};
use crate::{
    api::files::{Conditions, CopyOptions},
    model::file::FileInfo,
    time::to_millis,
};

/// What is done on the service.
#[derive(Clone, Debug)]
pub(super) enum Action {
    Copy {
        modified: Option<i64>,
    },
    /// What was at the source before, where that is known: what tells, when the answer is lost, a target that came by this move from one that was
    /// there before.
    Move {
        seen: Option<Arc<FileInfo>>,
    },
}

impl Inner {
    pub(super) async fn copy(
        self: Arc<Self>,
        from: &RemotePath,
        to: &RemotePath,
        modified: Option<SystemTime>,
        target: TargetMode,
    ) -> Result<Entry> {
        let (source, dest) = (self.paths.to_server(from)?, self.paths.to_server(to)?);
        if paths::fold(&source) == paths::fold(&dest) {
            // Unless there is no source.
            self.stat(from).await?;
            return Err(Error::with_message(
                ErrorKind::AlreadyExists,
                "source and target are the same",
            ));
        }
        let action = Action::Copy {
            modified: modified.map(to_millis),
        };
        self.place(&action, &source, &dest, target).await?;
        self.stored(&dest, to).await
    }

    /// A look, then the move; what was seen is what comes back, since a move changes nothing but the place.
    pub(super) async fn rename(
        self: Arc<Self>,
        from: &RemotePath,
        to: &RemotePath,
        target: TargetMode,
    ) -> Result<Entry> {
        let (source, dest) = (self.paths.to_server(from)?, self.paths.to_server(to)?);
        if source == dest {
            return self.stat(to).await;
        }
        let Some(seen) = self.info_if_exists(&source).await? else {
            return Err(no_source());
        };
        let seen = Arc::new(seen);
        if paths::fold(&source) == paths::fold(&dest) {
            self.change_case(source.clone(), &dest).await?;
        } else {
            let seen = Some(Arc::clone(&seen));
            self.place(&Action::Move { seen }, &source, &dest, target)
                .await?;
        }
        self.dirs.forget(&source);
        Ok(entries::entry(to.clone(), &seen))
    }

    /// Copies or moves to a place whose parent may have to be made, and which may be taken.
    async fn place(
        self: &Arc<Self>,
        action: &Action,
        source: &str,
        dest: &str,
        target: TargetMode,
    ) -> Result<()> {
        let Some((parent, _)) = paths::split(dest) else {
            return Err(Error::with_message(
                ErrorKind::InvalidInput,
                "the root of the storage cannot be a target",
            ));
        };
        if source == "/" || paths::is_below(dest, source) {
            return Err(Error::new(ErrorKind::IntoSelf));
        }
        let mut placed = self.act(action, source, dest, &Conditions::default()).await;
        if let Err(error) = &placed
            && error.is_not_found()
            && self.info_if_exists(source).await?.is_some()
        {
            // The source is there, so it is the parent of the target that is missing.
            self.dirs.forget(parent);
            self.ensure_dir(parent).await?;
            placed = self.act(action, source, dest, &Conditions::default()).await;
        }
        match placed {
            Err(error) if error.is_already_exists() && target == TargetMode::Replace => {
                self.replace(action, source, dest).await
            }
            other => other,
        }
    }

    /// One copy or move, looked into when its answer is lost.
    pub(super) async fn act(
        &self,
        action: &Action,
        source: &str,
        dest: &str,
        conditions: &Conditions,
    ) -> Result<()> {
        let mount = self.mount().await?;
        let in_doubt = &AtomicBool::new(false);
        let make = |_attempt: Attempt| async move {
            match self.act_once(mount, action, source, dest, conditions).await {
                // An attempt that was given up may have been carried out only after the look.
                Err(error) if in_doubt.load(Ordering::Relaxed) && is_refusal(&error) => {
                    match self.look_after(action, source, dest).await {
                        Ok(Some(())) => Ok(()),
                        Ok(None) => Err(error),
                        Err(_) => Err(error.with_effect(Effect::Unknown)),
                    }
                }
                other => other,
            }
        };
        settled(&self.retry, make, || {
            in_doubt.store(true, Ordering::Relaxed);
            self.look_after(action, source, dest)
        })
        .await
    }

    async fn act_once(
        &self,
        mount: &str,
        action: &Action,
        source: &str,
        dest: &str,
        conditions: &Conditions,
    ) -> Result<()> {
        let client = &self.client;
        match action {
            Action::Copy { modified } => {
                let options = modified.map_or_else(CopyOptions::default, |millis| {
                    CopyOptions::default().with_modified(millis)
                });
                client.copy(mount, source, mount, dest, &options).await
            }
            Action::Move { .. } => {
                client
                    .move_file(mount, source, mount, dest, conditions)
                    .await
            }
        }
        .map(|_stored| ())
    }

    /// Whether a copy or move was made. The service refuses a target that exists, so a repetition is harmless; what has to be told apart is a
    /// target that was there before.
    async fn look_after(&self, action: &Action, source: &str, dest: &str) -> Result<Option<()>> {
        let arrived = self.info_if_exists(dest).await?;
        match (action, arrived) {
            (Action::Copy { .. } | Action::Move { seen: None }, None) => Ok(None),
            (Action::Copy { modified }, Some(arrived)) => {
                match self.info_if_exists(source).await? {
                    Some(left) => {
                        self.look_at_copy(source, &left, dest, &arrived, *modified)
                            .await
                    }
                    None => Err(undecided("the source is gone")),
                }
            }
            (Action::Move { seen }, arrived) => {
                if self.info_if_exists(source).await?.is_some() {
                    return Ok(None);
                }
                match (seen, arrived) {
                    (Some(seen), Some(arrived)) if !is_same(seen, &arrived) => Err(undecided(
                        "the source is gone, and something else is at the target",
                    )),
                    (_, Some(_moved)) => Ok(Some(())),
                    (_, None) => Err(undecided("neither source nor target is there")),
                }
            }
        }
    }

    async fn look_at_copy(
        &self,
        source: &str,
        left: &FileInfo,
        dest: &str,
        arrived: &FileInfo,
        modified: Option<i64>,
    ) -> Result<Option<()>> {
        if left.is_dir() != arrived.is_dir() {
            return Ok(None);
        }
        if left.is_dir() {
            // A tree may be there in part.
            return match self.is_same_tree(source, dest).await? {
                true => Ok(Some(())),
                false => Err(undecided("another tree is at the target")),
            };
        }
        let keeps_times = self.capabilities.set_modified.is_available();
        let same_time = arrived.modified == modified.or(left.modified);
        match (left.md5(), arrived.md5()) {
            _ if left.size != arrived.size => Ok(None),
            (Some(left), Some(arrived)) if left != arrived => Ok(None),
            (Some(_), Some(_)) if same_time || !keeps_times => Ok(Some(())),
            (None, None) if same_time && keeps_times => Ok(Some(())),
            _ => Err(undecided("a file that may be another one is at the target")),
        }
    }

    /// The entry of what was just placed.
    pub(super) async fn stored(&self, server: &str, path: &RemotePath) -> Result<Entry> {
        let mount = self.mount().await?;
        let info = self
            .client
            .info(mount, server)
            .await
            .map_err(|error| error.with_effect(Effect::Made))?;
        Ok(entries::entry(path.clone(), &info))
    }
}

/// Whether what arrived is what was seen before it was moved. A move keeps size, hash and time, and those of directories as well.
fn is_same(seen: &FileInfo, arrived: &FileInfo) -> bool {
    if seen.kind != arrived.kind || !seen.is_dir() && seen.size != arrived.size {
        return false;
    }
    match (seen.md5(), arrived.md5()) {
        (Some(seen), Some(arrived)) => seen == arrived,
        _ => match (seen.modified, arrived.modified) {
            (Some(seen), Some(arrived)) => seen == arrived,
            _ => true,
        },
    }
}

/// The service says that the source is not there, or that the target is: what a change looks like that was made before.
fn is_refusal(error: &Error) -> bool {
    error.is_not_found() || error.is_already_exists()
}

pub(super) fn no_source() -> Error {
    Error::with_message(ErrorKind::NotFound, "the source does not exist")
}

/// Looking did not settle whether a change was made.
fn undecided(what: &str) -> Error {
    Error::with_message(ErrorKind::Other, what)
}
