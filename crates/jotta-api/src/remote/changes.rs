//! Following changes through the event stream of the account.

use std::{collections::VecDeque, sync::Arc};

use futures::{
    StreamExt as _, TryStreamExt as _,
    stream::{self, BoxStream},
};
use remote_core::{
    error::{Error, Result},
    operation::{Change, ChangeCursor},
    path::RemotePath,
    stored::{Place, fold},
};

use super::{Inner, removing::TEMPORARY};
use crate::{
    api::events::EventStream,
    model::event::{Event, EventType},
};

impl Inner {
    /// The service replays nothing. So from a cursor on, everything may have changed; and the connection is made before that is told.
    pub(super) fn changes(
        self: Arc<Self>,
        since: Option<ChangeCursor>,
    ) -> BoxStream<'static, Result<Change>> {
        stream::once(async move {
            let events = self.client.events().await?;
            let mut queue = VecDeque::new();
            if since.is_some() {
                queue.push_back(Change::Rescan(RemotePath::root()));
            }
            queue.push_back(Change::Checkpoint(cursor_of(&events)));
            let follow = Follow {
                inner: self,
                events,
                queue,
            };
            Ok::<_, Error>(follow.stream())
        })
        .try_flatten()
        .map_err(|error: Error| error.with_operation("changes"))
        .boxed()
    }

    /// What an event means below the root of the remote, if anything.
    fn change_of(&self, event: &Event) -> Option<Change> {
        let from = event.from.as_deref().and_then(|path| self.place_of(path));
        let to = event.to.as_deref().and_then(|path| self.place_of(path));
        if let Some(Place::Below(path)) = &from {
            let server = self.paths.to_server(path).unwrap_or_default();
            self.seen.forget(server.trim_matches('/'));
        }
        match (&event.kind, from, to) {
            (EventType::NewUpload | EventType::CreateDir, Some(Place::Below(path)), _) => {
                Some(Change::Written(path, None))
            }
            (
                EventType::Delete
                | EventType::DeleteDir
                | EventType::HardDeleteDir
                | EventType::HardDeleteFile,
                Some(Place::Below(path)),
                _,
            ) => Some(Change::Removed(path)),
            (EventType::Move | EventType::MoveDir, from, to) => moved(from, to),
            (
                EventType::ShareFile
                | EventType::UnshareFile
                | EventType::NewUpload
                | EventType::CreateDir,
                _,
                _,
            ) => None,
            // What came back, and whatever later versions of the service tell.
            (_, Some(Place::Below(path)), _) => Some(Change::Rescan(path)),
            (_, Some(Place::Above), _) => Some(Change::Rescan(RemotePath::root())),
            _ => None,
        }
    }

    /// Where a path of the account, `/user/device/mount point/…`, lies.
    fn place_of(&self, absolute: &str) -> Option<Place> {
        let mut parts = absolute.trim_start_matches('/').splitn(4, '/');
        let (_user, device) = (parts.next()?, parts.next()?);
        let own = &self.mount_point;
        if fold(device) != fold(own.device()) {
            return None;
        }
        match parts.next() {
            None => Some(Place::Above),
            Some(mount_point) if fold(mount_point) != fold(own.mount_point()) => None,
            Some(_own) => self
                .paths
                .place(&format!("/{}", parts.next().unwrap_or_default())),
        }
    }
}

struct Follow {
    inner: Arc<Inner>,
    events: EventStream,
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
            let event = self.events.next().await?;
            if let Some(change) = self.inner.change_of(&event) {
                self.queue.push_back(change);
                self.queue
                    .push_back(Change::Checkpoint(cursor_of(&self.events)));
            }
        }
    }
}

fn cursor_of(events: &EventStream) -> ChangeCursor {
    ChangeCursor::new(events.last_uuid().unwrap_or_default())
}

fn moved(from: Option<Place>, to: Option<Place>) -> Option<Change> {
    match (from, to) {
        (Some(Place::Above), _) | (_, Some(Place::Above)) => {
            Some(Change::Rescan(RemotePath::root()))
        }
        // A new content that was stored beside its place first.
        (Some(Place::Below(from)), Some(Place::Below(to))) if is_temporary(&from) => {
            Some(Change::Written(to, None))
        }
        (Some(Place::Below(from)), Some(Place::Below(to))) => Some(Change::Renamed { from, to }),
        (Some(Place::Below(from)), None) => Some(Change::Removed(from)),
        // A whole tree may have come in.
        (None, Some(Place::Below(to))) => Some(Change::Rescan(to)),
        (None, None) => None,
    }
}

fn is_temporary(path: &RemotePath) -> bool {
    path.name()
        .is_some_and(|name| name.starts_with(TEMPORARY.as_bytes()))
}
