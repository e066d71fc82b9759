//! Changes in several steps: what is displaced is set aside until the new one is in place, and put back if that fails.
//!
//! The steps run in a task of their own from the first change to the last, so that dropping the future does not leave them half done; only the end of
//! the runtime or of the process does.

use std::{sync::Arc, time::SystemTime};

use remote_core::{
    entry::Entry,
    error::{Effect, Error, ErrorKind, Result},
    path::RemotePath,
    settle::to_the_end,
};

use super::{
    Inner, entries,
    moving::{Action, no_source},
    paths,
    removing::just_seen,
};
use crate::{
    api::files::{Conditions, RemoveOptions},
    model::file::FileInfo,
    time::to_millis,
};

/// A move whose source is known to be there.
const MOVE: Action = Action::Move { seen: None };

impl Inner {
    /// Changes the time of a file by a copy with the new time that takes the place of the original.
    pub(super) async fn set_modified(
        self: Arc<Self>,
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
        let (inner, place) = (Arc::clone(&self), server.clone());
        to_the_end(async move { inner.put_copy(&fresh, &place, &info, millis).await }).await?;
        self.stored(&server, path).await
    }

    /// Puts a copy with another time in the place of a file, by way of `fresh`.
    async fn put_copy(&self, fresh: &str, server: &str, seen: &FileInfo, time: i64) -> Result<()> {
        let copy = Action::Copy {
            modified: Some(time),
        };
        let copied = self.act(&copy, server, fresh, &Conditions::default()).await;
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
        self.take_place(&aside, &MOVE, fresh, server).await
    }

    /// Sets the old target aside, puts the new one in place, and only then removes the old one.
    pub(super) async fn replace(
        self: &Arc<Self>,
        action: &Action,
        source: &str,
        dest: &str,
    ) -> Result<()> {
        let Some(old) = self.info_if_exists(dest).await? else {
            return self.act(action, source, dest, &Conditions::default()).await;
        };
        if old.is_dir() {
            return Err(Error::with_message(
                ErrorKind::AlreadyExists,
                "a directory is in the place of the target",
            ));
        }
        let replaced_by_dir = match action {
            Action::Move { seen: Some(seen) } => seen.is_dir(),
            _ => {
                let source = self.info_if_exists(source).await?;
                source.ok_or_else(no_source)?.is_dir()
            }
        };
        if replaced_by_dir {
            return Err(Error::with_message(
                ErrorKind::AlreadyExists,
                "a file is in the place of the directory",
            ));
        }
        let (inner, action) = (Arc::clone(self), action.clone());
        let (source, dest) = (source.to_owned(), dest.to_owned());
        to_the_end(async move {
            let aside = inner.set_aside(&dest, &just_seen(&old)).await?;
            inner.take_place(&aside, &action, &source, &dest).await
        })
        .await
    }

    /// Puts something in the place of what was set aside, and removes that; puts it back on failure.
    async fn take_place(
        &self,
        aside: &str,
        action: &Action,
        source: &str,
        dest: &str,
    ) -> Result<()> {
        match self.act(action, source, dest, &Conditions::default()).await {
            Ok(()) => self.discard_old(aside).await,
            Err(error) => Err(self.restore(aside, dest, error).await),
        }
    }

    /// The service takes a new spelling of the same name for a move onto itself, so it goes by way of a third name.
    pub(super) async fn change_case(self: &Arc<Self>, source: String, dest: &str) -> Result<()> {
        let (dest_parent, _) = paths::split(dest).unwrap_or(("/", ""));
        let (source_parent, _) = paths::split(&source).unwrap_or(("/", ""));
        // Directories above keep their spelling: only the last name is part of the move.
        let dest = if source_parent == dest_parent {
            dest.to_owned()
        } else {
            with_parent(source_parent, dest)
        };
        let inner = Arc::clone(self);
        to_the_end(async move {
            let aside = inner.set_aside(&source, &Conditions::default()).await?;
            match inner
                .act(&MOVE, &aside, &dest, &Conditions::default())
                .await
            {
                Ok(()) => Ok(()),
                Err(error) => Err(inner.restore(&aside, &source, error).await),
            }
        })
        .await
    }

    /// Moves something to a temporary name beside it, and returns that.
    async fn set_aside(&self, server: &str, conditions: &Conditions) -> Result<String> {
        let aside = Self::temporary_beside(server);
        match self.act(&MOVE, server, &aside, conditions).await {
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
        match self.act(&MOVE, aside, server, &Conditions::default()).await {
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
