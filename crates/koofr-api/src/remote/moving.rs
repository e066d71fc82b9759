//! Copies and moves on the service. It never replaces anything by itself; what a replacement displaces is set aside until the new one is in place.

use std::time::SystemTime;

use remote_core::{
    entry::Entry,
    error::{Effect, Error, ErrorKind, Result},
    operation::TargetMode,
    path::RemotePath,
    settle::settled,
};

use super::{Inner, entries, paths, removing::just_seen};
use crate::{
    api::files::{Conditions, CopyOptions, RemoveOptions},
    model::file::FileInfo,
    time::to_millis,
};

/// What is done on the service.
#[derive(Clone, Copy, Debug)]
enum Action {
    Copy { modified: Option<i64> },
    Move,
}

impl Inner {
    pub(super) async fn copy(
        &self,
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
        self.place(action, &source, &dest, target).await?;
        self.stored(&dest, to).await
    }

    pub(super) async fn rename(
        &self,
        from: &RemotePath,
        to: &RemotePath,
        target: TargetMode,
    ) -> Result<Entry> {
        let (source, dest) = (self.paths.to_server(from)?, self.paths.to_server(to)?);
        if source == dest {
            return self.stat(to).await;
        }
        if paths::fold(&source) == paths::fold(&dest) {
            self.change_case(&source, &dest).await?;
        } else {
            self.place(Action::Move, &source, &dest, target).await?;
        }
        self.dirs.forget(&source);
        self.stored(&dest, to).await
    }

    /// Changes the time of a file by a copy with the new time that takes the place of the original.
    pub(super) async fn set_modified(
        &self,
        path: &RemotePath,
        modified: SystemTime,
    ) -> Result<Entry> {
        let server = self.paths.to_server(path)?;
        let Some(info) = self.info_if_exists(&server).await? else {
            return Err(Error::with_message(ErrorKind::NotFound, "no such file"));
        };
        if info.is_dir() {
            return Err(Error::with_message(
                ErrorKind::IsADirectory,
                "times of directories cannot be set",
            ));
        }
        let millis = to_millis(modified);
        if info.modified == Some(millis) {
            return Ok(entries::entry(path.clone(), &info));
        }
        let fresh = Self::temporary_beside(&server);
        self.put_copy(&fresh, &server, &info, millis).await?;
        self.stored(&server, path).await
    }

    /// Puts a copy with another time in the place of a file, by way of `fresh`.
    async fn put_copy(&self, fresh: &str, server: &str, seen: &FileInfo, time: i64) -> Result<()> {
        let copy = Action::Copy {
            modified: Some(time),
        };
        let copied = self.act(copy, server, fresh, &Conditions::default()).await;
        let error = match copied {
            Ok(()) => match self.swap_in(fresh, server, seen).await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            },
            Err(error) if error.effect() == Effect::NotMade => return Err(error),
            // The file itself was not touched, whatever became of its copy.
            Err(error) => error.with_effect(Effect::NotMade),
        };
        match self.discard(fresh).await {
            Ok(()) => Err(error),
            Err(_) => Err(left_behind(error, fresh)),
        }
    }

    /// Puts `fresh` in the place of a file, unless that has changed since it was seen.
    async fn swap_in(&self, fresh: &str, server: &str, seen: &FileInfo) -> Result<()> {
        let aside = self.set_aside(server, &just_seen(seen)).await?;
        match self
            .act(Action::Move, fresh, server, &Conditions::default())
            .await
        {
            Ok(()) => self.discard_old(&aside).await,
            Err(error) => Err(self.restore(&aside, server, error).await),
        }
    }

    /// Copies or moves to a place whose parent may have to be made, and which may be taken.
    async fn place(
        &self,
        action: Action,
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

    /// Sets the old target aside, puts the new one in place, and only then removes the old one.
    async fn replace(&self, action: Action, source: &str, dest: &str) -> Result<()> {
        let Some(old) = self.info_if_exists(dest).await? else {
            return self.act(action, source, dest, &Conditions::default()).await;
        };
        if old.is_dir() {
            return Err(Error::with_message(
                ErrorKind::AlreadyExists,
                "a directory is in the place of the target",
            ));
        }
        match self.info_if_exists(source).await? {
            None => {
                return Err(Error::with_message(
                    ErrorKind::NotFound,
                    "the source does not exist",
                ));
            }
            Some(source) if source.is_dir() => {
                return Err(Error::with_message(
                    ErrorKind::AlreadyExists,
                    "a file is in the place of the directory",
                ));
            }
            Some(_file) => {}
        }
        let aside = self.set_aside(dest, &just_seen(&old)).await?;
        match self.act(action, source, dest, &Conditions::default()).await {
            Ok(()) => self.discard_old(&aside).await,
            Err(error) => Err(self.restore(&aside, dest, error).await),
        }
    }

    /// The service takes a new spelling of the same name for a move onto itself, so it goes by way of a third name.
    async fn change_case(&self, source: &str, dest: &str) -> Result<()> {
        let (dest_parent, _) = paths::split(dest).unwrap_or(("/", ""));
        let (source_parent, _) = paths::split(source).unwrap_or(("/", ""));
        let aside = self.set_aside(source, &Conditions::default()).await?;
        // Directories above keep their spelling: only the last name is part of the move.
        let dest = if source_parent == dest_parent {
            dest.to_owned()
        } else {
            with_parent(source_parent, dest)
        };
        match self
            .act(Action::Move, &aside, &dest, &Conditions::default())
            .await
        {
            Ok(()) => Ok(()),
            Err(error) => Err(self.restore(&aside, source, error).await),
        }
    }

    /// Moves something to a temporary name beside it, and returns that.
    async fn set_aside(&self, server: &str, conditions: &Conditions) -> Result<String> {
        let aside = Self::temporary_beside(server);
        match self.act(Action::Move, server, &aside, conditions).await {
            Ok(()) => Ok(aside),
            Err(error) if error.effect() == Effect::Unknown => Err(Error::with_message(
                error.kind(),
                format!("failed half way; if {server} is missing, it is kept as {aside}"),
            )
            .with_help(format!(
                "look for {server}, and if it is missing, move {aside} back to its place"
            ))
            .with_effect(Effect::Unknown)
            .with_source(error)),
            Err(error) => Err(error),
        }
    }

    /// Puts back what was set aside, and reports the error that made it necessary.
    async fn restore(&self, aside: &str, server: &str, error: Error) -> Error {
        match self
            .act(Action::Move, aside, server, &Conditions::default())
            .await
        {
            Ok(()) => error.with_effect(Effect::NotMade),
            Err(failed) => {
                tracing::warn!(kind = ?failed.kind(), "what was set aside could not be put back");
                Error::with_message(
                    error.kind(),
                    format!("failed half way; the former content is kept as {aside}"),
                )
                .with_help(format!(
                    "move {aside} back to its place when the service works again"
                ))
                .with_effect(Effect::Unknown)
                .with_source(error)
            }
        }
    }

    /// Removes what was replaced. The change is made, but what is left of the old state is told.
    async fn discard_old(&self, aside: &str) -> Result<()> {
        match self.discard(aside).await {
            Ok(()) => Ok(()),
            Err(error) => Err(left_behind(error, aside).with_effect(Effect::Made)),
        }
    }

    /// Removes something of ours that is not needed any more; what is left in the worst case is a file with a temporary name.
    async fn discard(&self, server: &str) -> Result<()> {
        let removed = self.remove(server, &RemoveOptions::default()).await;
        removed.map(|_outcome| ())
    }

    /// One copy or move, looked into when its answer is lost.
    async fn act(
        &self,
        action: Action,
        source: &str,
        dest: &str,
        conditions: &Conditions,
    ) -> Result<()> {
        let mount = self.mount().await?;
        let make = |_attempt| async move {
            match action {
                Action::Copy { modified } => {
                    let options = modified.map_or_else(CopyOptions::default, |millis| {
                        CopyOptions::default().with_modified(millis)
                    });
                    self.client.copy(mount, source, mount, dest, &options).await
                }
                Action::Move => {
                    self.client
                        .move_file(mount, source, mount, dest, conditions)
                        .await
                }
            }
            .map(|_stored| ())
        };
        settled(&self.retry, make, || self.look_after(action, source, dest)).await
    }

    /// Whether a copy or move was made. The service refuses a target that exists, so a repetition is harmless; what has to be told apart is a
    /// target that was there before.
    async fn look_after(&self, action: Action, source: &str, dest: &str) -> Result<Option<()>> {
        let Some(arrived) = self.info_if_exists(dest).await? else {
            return Ok(None);
        };
        let left = self.info_if_exists(source).await?;
        match (action, left) {
            (Action::Move, None) => Ok(Some(())),
            (Action::Move, Some(_unmoved)) => Ok(None),
            (Action::Copy { modified }, Some(left)) => {
                self.look_at_copy(source, &left, dest, &arrived, modified)
                    .await
            }
            (Action::Copy { .. }, None) => Err(undecided("the source is gone")),
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
    async fn stored(&self, server: &str, path: &RemotePath) -> Result<Entry> {
        let mount = self.mount().await?;
        let info = self
            .client
            .info(mount, server)
            .await
            .map_err(|error| error.with_effect(Effect::Made))?;
        Ok(entries::entry(path.clone(), &info))
    }
}

/// Looking did not settle whether a change was made.
fn undecided(what: &str) -> Error {
    Error::with_message(ErrorKind::Other, what)
}

/// The error of a change that could not be tidied up after.
fn left_behind(error: Error, stray: &str) -> Error {
    let message = format!("a file with a temporary name may be left as {stray}");
    Error::with_message(error.kind(), message)
        .with_effect(error.effect())
        .with_help("remove the temporary file when the service works again")
        .with_source(error)
}

fn with_parent(parent: &str, dest: &str) -> String {
    let name = paths::split(dest).map_or("", |(_, name)| name);
    format!("{}/{name}", parent.trim_end_matches('/'))
}
