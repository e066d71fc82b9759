//! The bodies of uploads: kept as they arrive, also when the connection that brings them is gone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::body::{BodyError, RequestBody};
use crate::jotta::Jotta;
use crate::jotta::problem::{Problem, UploadError};
use crate::service::Call;
use crate::store::Written;

/// How long a new request for the same upload waits for the old one to notice that its client has gone.
const GRACE: Duration = Duration::from_secs(2);

/// The uploads that are being received, by their address.
#[derive(Debug, Default)]
pub(crate) struct Active {
    running: Mutex<HashMap<String, Running>>,
}

#[derive(Clone, Debug)]
struct Running {
    stop: Arc<watch::Sender<bool>>,
    ended: watch::Receiver<()>,
}

impl Active {
    /// Ends once nothing is received for this upload any more, so that all that arrived is counted.
    pub(crate) async fn settle(&self, upload_id: &str) {
        loop {
            let running = self.lock().get(upload_id).cloned();
            let Some(mut running) = running else { return };
            if tokio::time::timeout(GRACE, running.ended.changed())
                .await
                .is_err()
            {
                running.stop.send_replace(true);
                // Ends as soon as the receiver has put away what it has.
                drop(running.ended.changed().await);
            }
        }
    }

    /// Ends all of them; what they received is kept.
    pub(crate) fn stop(&self) {
        for running in self.lock().values() {
            running.stop.send_replace(true);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Receives a body of at most `limit` bytes and keeps it as a part of the upload, also when it breaks off. Gives the
/// part.
///
/// It runs on its own, so that what arrived is kept even if the connection that brought it is gone.
pub(crate) async fn take_body(
    jotta: &Jotta,
    call: &mut Call,
    upload_id: &str,
    offset: u64,
    limit: u64,
) -> Result<Option<Written>, UploadError> {
    let body = std::mem::replace(&mut call.body, RequestBody::none());
    let (stop, stopped) = watch::channel(false);
    let (ended_sender, ended) = watch::channel(());
    let running = Running {
        stop: Arc::new(stop),
        ended,
    };
    jotta.active.lock().insert(upload_id.to_owned(), running);
    let receiver = Receiver {
        jotta: jotta.handle(),
        upload_id: upload_id.to_owned(),
        offset,
        limit,
        body,
        stopped,
        _ended: ended_sender,
    };
    let (body, outcome) = tokio::spawn(receiver.run())
        .await
        .map_err(|error| Problem::internal(&std::io::Error::other(error)))?;
    call.body = body;
    outcome
}

struct Receiver {
    jotta: Arc<Jotta>,
    upload_id: String,
    offset: u64,
    limit: u64,
    body: RequestBody,
    stopped: watch::Receiver<bool>,
    /// Tells those who wait, by being dropped.
    _ended: watch::Sender<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.jotta.active.lock().remove(&self.upload_id);
    }
}

impl Receiver {
    async fn run(mut self) -> (RequestBody, Result<Option<Written>, UploadError>) {
        let outcome = self.keep().await;
        let body = std::mem::replace(&mut self.body, RequestBody::none());
        (body, outcome)
    }

    async fn keep(&mut self) -> Result<Option<Written>, UploadError> {
        let mut writer = self.jotta.store.writer();
        let broken = loop {
            let chunk = tokio::select! {
                chunk = self.body.chunk() => chunk,
                _ = self.stopped.wait_for(|stop| *stop) => Err(BodyError::Broken),
            };
            match chunk {
                Ok(Some(chunk)) if writer.length() <= self.limit => writer
                    .write(chunk)
                    .await
                    .map_err(|error| Problem::internal(&error))?,
                // Too much already: the upload is spoilt, whatever else comes.
                Ok(Some(_)) => {}
                Ok(None) => break None,
                Err(error) => break Some(error),
            }
        };
        let written = writer
            .finish()
            .await
            .map_err(|error| Problem::internal(&error))?;
        let part = written.content.clone();
        self.jotta.change(|state| {
            state.add_part(&self.upload_id, part, self.offset);
            Ok(())
        })??;
        match broken {
            Some(error) => Err(error.into()),
            None => Ok(Some(written)),
        }
    }
}
