//! What changed, for those who follow it.

use std::collections::VecDeque;

use futures::{
    StreamExt as _,
    stream::{self, BoxStream},
};
use tokio::sync::watch;

use super::MemoryRemote;
use crate::{
    error::{Error, ErrorKind, Result},
    operation::{Change, ChangeCursor},
    path::RemotePath,
};

/// The newest changes, numbered from one.
#[derive(Default)]
pub(super) struct ChangeLog {
    newest: u64,
    kept: VecDeque<Change>,
}

/// How many changes are kept for those who fall behind; beyond them they are told to look at everything again.
const MAX_KEPT_CHANGES: usize = 10_000;

impl ChangeLog {
    pub(super) fn push(&mut self, change: Change) {
        self.newest += 1;
        if self.kept.len() == MAX_KEPT_CHANGES {
            self.kept.pop_front();
        }
        self.kept.push_back(change);
    }

    pub(super) fn newest(&self) -> u64 {
        self.newest
    }

    /// The change that follows `position`; to look at everything again, if it is not kept any more.
    fn after(&self, position: u64) -> Option<(u64, Change)> {
        let behind = usize::try_from(self.newest.checked_sub(position)?).ok();
        match behind.map(|behind| (behind, self.kept.len().checked_sub(behind))) {
            Some((0, _)) => None,
            Some((_, Some(index))) => Some((position + 1, self.kept.get(index)?.clone())),
            _ => Some((self.newest, Change::Rescan(RemotePath::root()))),
        }
    }
}

struct Follower {
    remote: MemoryRemote,
    newest: watch::Receiver<u64>,
    position: u64,
    checkpoint_due: bool,
}

impl MemoryRemote {
    pub(super) fn follow(
        &self,
        since: Option<&ChangeCursor>,
    ) -> BoxStream<'static, Result<Change>> {
        let newest = self.tree().log.newest();
        let position = match since {
            Some(cursor) => parse(cursor).filter(|&position| position <= newest),
            None => Some(newest),
        };
        let Some(position) = position else {
            return stream::iter([Err(foreign_cursor())]).boxed();
        };
        let follower = Follower {
            newest: self.0.newest_change.subscribe(),
            remote: self.clone(),
            position,
            checkpoint_due: true,
        };
        stream::unfold(follower, |mut follower| async move {
            let change = follower.next().await;
            Some((Ok(change), follower))
        })
        .boxed()
    }

    /// Wakes those who wait for changes.
    pub(super) fn announce_changes(&self, newest: u64) {
        self.0.newest_change.send_if_modified(|known| {
            let modified = newest > *known;
            *known = newest.max(*known);
            modified
        });
    }
}

impl Follower {
    async fn next(&mut self) -> Change {
        loop {
            let next = self.remote.tree().log.after(self.position);
            if let Some((position, change)) = next {
                self.position = position;
                self.checkpoint_due = true;
                return change;
            }
            if std::mem::take(&mut self.checkpoint_due) {
                return Change::Checkpoint(ChangeCursor::new(self.position.to_string()));
            }
            let position = self.position;
            if self
                .newest
                .wait_for(|&newest| newest > position)
                .await
                .is_err()
            {
                // The sender lives as long as the remote, which this follower holds.
                std::future::pending::<()>().await;
            }
        }
    }
}

fn parse(cursor: &ChangeCursor) -> Option<u64> {
    cursor.as_str().parse().ok()
}

fn foreign_cursor() -> Error {
    Error::with_message(
        ErrorKind::InvalidInput,
        "the cursor does not come from this remote",
    )
    .with_operation("changes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_fall_behind_look_at_everything_again() {
        let mut log = ChangeLog::default();
        assert!(log.after(0).is_none());
        for _ in 0..=MAX_KEPT_CHANGES {
            log.push(Change::Removed(RemotePath::root()));
        }
        assert!(matches!(log.after(0), Some((10_001, Change::Rescan(_)))));
        assert!(matches!(log.after(1), Some((2, Change::Removed(_)))));
        assert!(matches!(
            log.after(10_000),
            Some((10_001, Change::Removed(_)))
        ));
        assert!(log.after(10_001).is_none() && log.after(10_002).is_none());
    }
}
