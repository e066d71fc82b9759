//! Watching one request on its way out.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::{error::Error, progress::Progress};

/// The time limits of one request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) connect: Duration,
    pub(super) idle: Duration,
    pub(super) response: Duration,
}

/// What took too long.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Expired {
    /// No byte of the body was asked for: there was no connection to send it on.
    Connecting,
    /// The connection took no further bytes.
    Sending,
    /// The request was sent and no answer came.
    Waiting,
}

/// The state of one request, written by its body and read by a timer.
#[derive(Debug)]
pub(super) struct Watch {
    limits: Limits,
    progress: Option<Arc<dyn Progress>>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    since: Instant,
    sent: u64,
    failure: Option<Error>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Phase {
    /// Nothing of the body was asked for yet.
    Connecting,
    /// A piece was handed over, and the connection is busy with it.
    Sending,
    /// The connection could take more than the source gives.
    Starving,
    /// All of the body was handed over.
    Complete,
    /// The body goes out together with the head, which nobody can observe.
    Unattended,
}

impl Watch {
    pub(super) fn new(limits: Limits, progress: Option<Arc<dyn Progress>>) -> Arc<Self> {
        Arc::new(Self {
            limits,
            progress,
            state: Mutex::new(State {
                phase: Phase::Connecting,
                since: Instant::now(),
                sent: 0,
                failure: None,
            }),
        })
    }

    /// Waits until something takes too long; otherwise forever.
    pub(super) async fn expired(&self) -> Expired {
        // Looking now and then is cheaper than being woken for every piece; it makes a limit late by a quarter at most.
        let pace = (self.limits.idle / 4).max(Duration::from_millis(1));
        loop {
            let now = Instant::now();
            let next = now + pace;
            let wake = match self.deadline() {
                Some((deadline, expired)) if deadline <= now => return expired,
                Some((deadline, _)) => deadline.min(next),
                None => next,
            };
            tokio::time::sleep_until(wake).await;
        }
    }

    pub(super) fn unattended(&self) {
        self.enter(Phase::Unattended);
    }

    pub(super) fn waiting_for_source(&self) {
        self.enter(Phase::Starving);
    }

    pub(super) fn complete(&self) {
        self.enter(Phase::Complete);
    }

    pub(super) fn handed(&self, bytes: u64) {
        let mut state = self.state();
        state.phase = Phase::Sending;
        state.since = Instant::now();
        state.sent += bytes;
        drop(state);
        if let Some(progress) = &self.progress {
            progress.moved(bytes);
        }
    }

    pub(super) fn source_failed(&self, error: Error) {
        self.state().failure = Some(error);
    }

    /// The error of the source, if that is why the request failed.
    pub(super) fn take_failure(&self) -> Option<Error> {
        self.state().failure.take()
    }

    /// Bytes of the body that were handed to the connection.
    pub(super) fn sent(&self) -> u64 {
        self.state().sent
    }

    /// The bytes that were sent have come to nothing.
    pub(super) fn in_vain(&self) {
        let sent = self.sent();
        if let Some(progress) = self.progress.as_ref().filter(|_| sent > 0) {
            progress.restarted(sent);
        }
    }

    fn deadline(&self) -> Option<(Instant, Expired)> {
        let state = self.state();
        let (limit, expired) = match state.phase {
            Phase::Connecting => (
                self.limits.connect.saturating_add(self.limits.idle),
                Expired::Connecting,
            ),
            Phase::Sending => (self.limits.idle, Expired::Sending),
            Phase::Starving => return None,
            Phase::Complete => (self.limits.response, Expired::Waiting),
            Phase::Unattended => (
                self.limits.connect.saturating_add(self.limits.response),
                Expired::Waiting,
            ),
        };
        Some((state.since.checked_add(limit)?, expired))
    }

    fn enter(&self, phase: Phase) {
        let mut state = self.state();
        if state.phase != phase {
            state.phase = phase;
            state.since = Instant::now();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that runs under the lock can panic halfway.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
