//! Following changes through the activity log of the account.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
};

use futures::{
    StreamExt as _, TryStreamExt as _,
    stream::{self, BoxStream},
};
use remote_core::{
    error::{Error, ErrorKind, Result},
    operation::{Change, ChangeCursor},
    path::RemotePath,
    stored::{PathMap, Place},
};

use super::Inner;
use crate::{
    api::activity::ActivityQuery,
    model::activity::{Activity, ActivityKind},
};

/// Entries asked for at once; if as many come, some may have been left out, and everything has to be listed again.
const MAX_ENTRIES: u32 = 1000;

/// How far the log has been read: the time of the last entry, and the entries of that time.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct Position {
    millis: i64,
    seen: BTreeSet<String>,
}

impl Inner {
    pub(super) fn changes(
        self: Arc<Self>,
        since: Option<ChangeCursor>,
    ) -> BoxStream<'static, Result<Change>> {
        let start = match since {
            None => Ok(None),
            Some(cursor) => Position::parse(&cursor).map(Some),
        };
        stream::once(async move { start })
            .map_ok(move |position| {
                Follow {
                    inner: Arc::clone(&self),
                    position,
                    queue: VecDeque::new(),
                }
                .stream()
            })
            .try_flatten()
            .map_err(|error: Error| error.with_operation("changes"))
            .boxed()
    }
}

struct Follow {
    inner: Arc<Inner>,
    position: Option<Position>,
    queue: VecDeque<Change>,
}

impl Follow {
    fn stream(self) -> BoxStream<'static, Result<Change>> {
        stream::try_unfold(self, |mut follow| async move {
            Ok(Some((follow.next().await?, follow)))
        })
        .boxed()
    }

    async fn next(&mut self) -> Result<Change> {
        loop {
            if let Some(change) = self.queue.pop_front() {
                return Ok(change);
            }
            let changed = self.poll().await?;
            if !changed {
                tokio::time::sleep(self.inner.poll_interval).await;
            }
        }
    }

    /// Asks once; the first time only to find out where the log ends. Returns whether there is something to tell.
    async fn poll(&mut self) -> Result<bool> {
        let mount = self.inner.mount().await?.to_owned();
        let mut query = ActivityQuery::default().with_limit(MAX_ENTRIES);
        if let Some(position) = &self.position {
            query = query.with_since_time(position.millis);
        }
        let entries = self.inner.client.activity(&query).await?;
        let is_cut_off = entries.len() >= MAX_ENTRIES as usize;
        let Some(position) = &mut self.position else {
            let position = self.position.insert(Position::default());
            position.take_new(entries);
            self.queue.push_back(Change::Checkpoint(position.cursor()));
            return Ok(true);
        };
        let fresh = position.take_new(entries);
        if fresh.is_empty() {
            return Ok(false);
        }
        if is_cut_off {
            self.queue.push_back(Change::Rescan(RemotePath::root()));
        }
        self.queue.extend(
            fresh
                .iter()
                .filter_map(|entry| change_of(&self.inner.paths, &mount, entry)),
        );
        self.queue.push_back(Change::Checkpoint(position.cursor()));
        Ok(true)
    }
}

impl Position {
    /// The entries that were not read before, oldest first; they count as read afterwards.
    fn take_new(&mut self, mut entries: Vec<Activity>) -> Vec<Activity> {
        let key = |entry: &Activity| {
            (
                entry.timestamp.unwrap_or_default(),
                entry.id.len(),
                entry.id.clone(),
            )
        };
        entries.retain(|entry| {
            let millis = entry.timestamp.unwrap_or_default();
            millis > self.millis || millis == self.millis && !self.seen.contains(&entry.id)
        });
        entries.sort_by_key(key);
        for entry in &entries {
            let millis = entry.timestamp.unwrap_or_default();
            if millis > self.millis {
                self.millis = millis;
                self.seen.clear();
            }
            self.seen.insert(entry.id.clone());
        }
        entries
    }

    fn cursor(&self) -> ChangeCursor {
        let seen: Vec<&str> = self.seen.iter().map(String::as_str).collect();
        ChangeCursor::new(format!("{}/{}", self.millis, seen.join(",")))
    }

    fn parse(cursor: &ChangeCursor) -> Result<Self> {
        let parsed = cursor.as_str().split_once('/').and_then(|(millis, seen)| {
            let seen = seen
                .split(',')
                .filter(|id| !id.is_empty())
                .map(str::to_owned)
                .collect();
            Some(Self {
                millis: millis.parse().ok()?,
                seen,
            })
        });
        parsed.ok_or_else(|| {
            Error::with_message(
                ErrorKind::InvalidInput,
                "the cursor does not come from this service",
            )
        })
    }
}

/// What an entry means below the root of the remote, if anything.
fn change_of(paths: &PathMap, mount: &str, entry: &Activity) -> Option<Change> {
    let inside = |its_mount: &Option<String>, path: &Option<String>| {
        let here = its_mount
            .as_deref()
            .is_none_or(|its_mount| its_mount == mount);
        path.as_deref()
            .filter(|_| here)
            .and_then(|path| paths.place(path))
    };
    let from = inside(&entry.mount_id, &entry.path);
    let new_mount = if entry.new_mount_id.is_some() {
        &entry.new_mount_id
    } else {
        &entry.mount_id
    };
    let to = inside(new_mount, &entry.new_path);
    match (&entry.kind, from, to) {
        (
            ActivityKind::FileUploaded | ActivityKind::FileDirCreated,
            Some(Place::Below(path)),
            _,
        ) => Some(Change::Written(path, None)),
        (ActivityKind::FileDeleted, Some(Place::Below(path)), _) => Some(Change::Removed(path)),
        (ActivityKind::FileCopied, _, Some(Place::Below(path))) => Some(Change::Rescan(path)),
        (ActivityKind::FileMoved | ActivityKind::FileRenamed, from, to) => moved(from, to),
        // The root itself, or something above it, and whatever later versions of the service log.
        (ActivityKind::FileUploaded | ActivityKind::FileDirCreated, _, _) => None,
        (_, Some(Place::Below(path)), _) => Some(Change::Rescan(path)),
        (_, Some(Place::Above), _) => Some(Change::Rescan(RemotePath::root())),
        _ => None,
    }
}

fn moved(from: Option<Place>, to: Option<Place>) -> Option<Change> {
    match (from, to) {
        (Some(Place::Above), _) | (_, Some(Place::Above)) => {
            Some(Change::Rescan(RemotePath::root()))
        }
        (Some(Place::Below(from)), Some(Place::Below(to))) => Some(Change::Renamed { from, to }),
        (Some(Place::Below(from)), None) => Some(Change::Removed(from)),
        // A whole tree may have come in.
        (None, Some(Place::Below(to))) => Some(Change::Rescan(to)),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::DEFAULT_ENCODING;

    fn change(json: &str) -> Option<String> {
        let paths = PathMap::new(RemotePath::parse("backup").unwrap(), DEFAULT_ENCODING);
        let entry: Activity = serde_json::from_str(json).unwrap();
        change_of(&paths, "m1", &entry).map(|change| format!("{change:?}"))
    }

    fn told(kind: &str, rest: &str) -> Option<String> {
        change(&format!(r#"{{"type":"{kind}","mountId":"m1",{rest}}}"#))
    }

    #[test]
    fn entries_become_changes_below_the_root() {
        for (kind, rest, expected) in [
            (
                "file_uploaded",
                r#""path":"/backup/a""#,
                Some(r#"Written("a", None)"#),
            ),
            ("file_uploaded", r#""path":"/other/a""#, None),
            (
                "file_deleted",
                r#""path":"/Backup/a""#,
                Some(r#"Removed("a")"#),
            ),
            ("file_deleted", r#""path":"/backup""#, Some(r#"Rescan("")"#)),
            ("file_dir_created", r#""path":"/backup""#, None),
            (
                "file_moved",
                r#""path":"/backup/a","newPath":"/backup/b""#,
                Some(r#"Renamed { from: "a", to: "b" }"#),
            ),
            (
                "file_moved",
                r#""path":"/backup/a","newPath":"/b""#,
                Some(r#"Removed("a")"#),
            ),
            (
                "file_moved",
                r#""path":"/a","newPath":"/backup/b""#,
                Some(r#"Rescan("b")"#),
            ),
            (
                "file_moved",
                r#""path":"/backup/a","newPath":"/backup/b","newMountId":"m2""#,
                Some(r#"Removed("a")"#),
            ),
            (
                "something_new",
                r#""path":"/backup/a""#,
                Some(r#"Rescan("a")"#),
            ),
            ("link_created", r#""linkId":"1""#, None),
        ] {
            assert_eq!(told(kind, rest).as_deref(), expected, "{kind} {rest}");
        }
        assert_eq!(
            change(r#"{"type":"file_deleted","mountId":"m2","path":"/backup/a"}"#),
            None
        );
    }

    #[test]
    fn entries_of_one_moment_are_told_once() {
        let entries = |ids: &[(i64, &str)]| -> Vec<Activity> {
            ids.iter()
                .map(|(time, id)| {
                    serde_json::from_str(&format!(r#"{{"id":"{id}","timestamp":{time}}}"#)).unwrap()
                })
                .collect()
        };
        let mut position = Position::default();
        assert_eq!(position.take_new(entries(&[(5, "2"), (4, "1")])).len(), 2);
        let told = position.take_new(entries(&[(4, "1"), (5, "2"), (5, "10"), (6, "11")]));
        assert_eq!(
            told.iter()
                .map(|entry| entry.id.as_str())
                .collect::<Vec<_>>(),
            ["10", "11"]
        );
        assert_eq!(Position::parse(&position.cursor()).unwrap(), position);
        assert!(Position::parse(&ChangeCursor::new("nonsense")).is_err());
    }
}
