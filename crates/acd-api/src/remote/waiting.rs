//! Waiting for files that the service has taken and does not show yet.
//!
//! At the end of large uploads the service often answered with a failure, or not at all, while the file was still being processed; it appeared minutes later.

use std::{sync::Arc, time::Duration};

use remote_core::{
    error::{Error, Result},
    source::Sent,
};
use tokio::time::Instant;

use super::{
    Inner,
    known::{Id, Thing, fit, fold},
    looking::thing_in,
};
use crate::{
    error::ApiError,
    model::node::{Node, NodeStatus},
};

/// How long to wait for a gibibyte unless set; what users of other programs had measured.
pub const DEFAULT_UPLOAD_WAIT_PER_GB: Duration = Duration::from_secs(180);

/// How long to wait at least unless set.
pub const DEFAULT_UPLOAD_WAIT_MIN: Duration = Duration::from_secs(10);

/// The pause between two looks unless set.
pub const DEFAULT_UPLOAD_WAIT_INTERVAL: Duration = Duration::from_secs(5);

/// How long to wait for an upload whose end has failed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wait {
    pub(super) per_gb: Duration,
    pub(super) min: Duration,
    pub(super) interval: Duration,
}

impl Wait {
    /// Zero per gibibyte means one look and no waiting.
    pub(super) fn budget(&self, bytes: u64) -> Duration {
        if self.per_gb.is_zero() {
            return Duration::ZERO;
        }
        #[expect(clippy::cast_precision_loss, reason = "a rough duration")]
        let gibibytes = bytes as f64 / f64::from(1_u32 << 30);
        let seconds = self.per_gb.as_secs_f64() * gibibytes;
        let budget = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
        budget.max(self.min)
    }
}

/// Where an upload goes.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// A name in a folder, where nothing is.
    New,
    /// The place of a file.
    Over(Id),
}

/// What was found of an upload whose answer was lost.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It is there, whole.
    Ours(Arc<Thing>),
    /// Something else has its name.
    Foreign(Arc<Thing>),
    /// Nothing that tells, as far as looking was possible.
    Nothing,
    /// Looking failed each time.
    Unseen,
}

enum Look {
    Ours(Arc<Thing>),
    Foreign(Arc<Thing>),
    NotYet,
}

impl Inner {
    /// How long to look for an upload that has failed like this: once where the service has given up on it.
    pub(super) fn time_to_look(&self, error: &Error, sent: &Sent) -> Duration {
        match ApiError::of(error).is_some_and(ApiError::is_incomplete_upload) {
            true => Duration::ZERO,
            false => self.wait.budget(sent.bytes()),
        }
    }

    /// Looks for what was sent until it is there or the time is up. Size and hash must be those that were sent.
    pub(super) async fn wait_for(
        &self,
        folder: &Id,
        name: &str,
        place: &Place,
        sent: &Sent,
        budget: Duration,
    ) -> Outcome {
        // It may take long, and nothing moves meanwhile.
        tracing::info!(
            bytes = sent.bytes(),
            budget_s = budget.as_secs(),
            "the end of an upload has failed, looking for the file"
        );
        let started = Instant::now();
        let mut seen = false;
        let mut foreign = None;
        loop {
            match self.look_for(folder, name, place, sent).await {
                Ok(Look::Ours(thing)) => return Outcome::Ours(thing),
                Ok(Look::Foreign(thing)) => {
                    seen = true;
                    foreign = Some(thing);
                }
                Ok(Look::NotYet) => seen = true,
                Err(error) if error.is_fatal() => return Outcome::Unseen,
                Err(error) => {
                    tracing::debug!(kind = ?error.kind(), "cannot look for an upload");
                }
            }
            let left = budget.saturating_sub(started.elapsed());
            if left.is_zero() {
                return match foreign {
                    Some(thing) => Outcome::Foreign(thing),
                    None if seen => Outcome::Nothing,
                    None => Outcome::Unseen,
                };
            }
            tokio::time::sleep(self.wait.interval.min(left)).await;
        }
    }

    async fn look_for(&self, folder: &Id, name: &str, place: &Place, sent: &Sent) -> Result<Look> {
        let nodes = match place {
            Place::Over(id) => self.node_if_exists(id).await?.into_iter().collect(),
            Place::New => self.nodes_named(folder, name).await?,
        };
        let mut look = Look::NotYet;
        for node in &nodes {
            match judge(node, folder, name, sent) {
                Look::Ours(thing) => return Ok(Look::Ours(thing)),
                // What is in the place of the upload is what it is to replace.
                Look::Foreign(thing) if matches!(place, Place::New) => look = Look::Foreign(thing),
                _ => {}
            }
        }
        Ok(look)
    }

    /// Waits until a node is available in a folder and tells the size and hash of its content.
    pub(super) async fn wait_until_processed(
        &self,
        id: &str,
        folder: &Id,
        bytes: u64,
    ) -> Result<Processed> {
        let budget = self.wait.budget(bytes);
        let started = Instant::now();
        loop {
            let state = match self.node_if_exists(id).await? {
                Some(node) => Processed::of(&node, folder),
                None => Processed::Elsewhere,
            };
            let left = budget.saturating_sub(started.elapsed());
            if left.is_zero() || matches!(state, Processed::Done(_)) {
                return Ok(state);
            }
            tokio::time::sleep(self.wait.interval.min(left)).await;
        }
    }
}

/// How far the service is with a content that it has taken.
#[derive(Debug)]
pub(super) enum Processed {
    /// It has told all about it.
    Done(Arc<Thing>),
    /// It is in its folder, and not available yet or without size or hash.
    NotYet,
    /// It is not in its folder.
    Elsewhere,
}

impl Processed {
    fn of(node: &Node, folder: &str) -> Self {
        match thing_in(node, folder) {
            Some(thing) if is_processed(&thing) => Self::Done(thing),
            Some(_) => Self::NotYet,
            None if node.status == NodeStatus::Pending && node.is_in(folder) => Self::NotYet,
            None => Self::Elsewhere,
        }
    }
}

/// Whether the service has said all about a content.
pub(super) fn is_processed(thing: &Thing) -> bool {
    thing.size.is_some() && thing.md5.is_some()
}

fn judge(node: &Node, folder: &str, name: &str, sent: &Sent) -> Look {
    let has_name = node
        .name
        .as_deref()
        .is_some_and(|stored| fold(stored) == fold(name) || fit(stored, name).is_some());
    if !has_name || !node.is_in(folder) || node.status != NodeStatus::Available {
        return Look::NotYet;
    }
    let Some(thing) = Thing::of(node) else {
        return Look::NotYet;
    };
    if thing.is_folder {
        return Look::Foreign(thing);
    }
    match (thing.size, thing.md5) {
        (Some(size), Some(md5)) if sent.mismatch(size, Some(md5)).is_none() => Look::Ours(thing),
        (Some(_), Some(_)) => Look::Foreign(thing),
        _ => Look::NotYet,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(per_gb: Duration) -> Wait {
        Wait {
            per_gb,
            min: DEFAULT_UPLOAD_WAIT_MIN,
            interval: DEFAULT_UPLOAD_WAIT_INTERVAL,
        }
    }

    // Specification of the service, section 13.2, with our own floor.
    #[test]
    fn the_time_to_wait_grows_with_the_size() {
        let wait_of = |bytes| wait(DEFAULT_UPLOAD_WAIT_PER_GB).budget(bytes).as_secs();
        assert_eq!(wait_of(0), 10);
        assert_eq!(wait_of(20 << 20), 10);
        assert_eq!(wait_of(1 << 30), 180);
        assert_eq!(wait_of(10 << 30), 1800);
        assert_eq!(wait_of(50_000 << 20), 8789);
        assert_eq!(wait(Duration::ZERO).budget(1 << 40), Duration::ZERO);
        assert!(wait(Duration::MAX).budget(u64::MAX) > Duration::from_secs(1 << 40));
    }
}
