use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, Semaphore};

use crate::fault::{Fault, FaultAction, Target, Times};

#[derive(Debug)]
struct Pending {
    fault: Fault,
    gate: Option<Arc<Gate>>,
    /// How many requests it could have met.
    candidates: u64,
}

impl Pending {
    /// Whether the next request is among those that are met.
    fn draws(&mut self) -> bool {
        self.candidates += 1;
        scattered(self.candidates) % 100 < u64::from(self.fault.percent)
    }
}

/// Numbers without a visible pattern, by the method called `SplitMix64`.
fn scattered(number: u64) -> u64 {
    let mut bits = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// The faults that are ordered and not yet used up. Clones share the queue.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    queue: Arc<Mutex<Vec<Pending>>>,
}

impl Faults {
    /// Adds a fault behind those that are already there.
    pub fn push(&self, fault: Fault) {
        // A hold that came from outside has nobody to release it one by one, but clearing the faults does.
        let gate = matches!(fault.action, FaultAction::Hold).then(Arc::default);
        self.lock().push(Pending {
            fault,
            gate,
            candidates: 0,
        });
    }

    /// Holds the requests that `fault` matches until they are released; its action is replaced.
    ///
    /// Holds every matching request unless the fault has a count other than one.
    #[must_use]
    pub fn hold(&self, mut fault: Fault) -> Hold {
        fault.action = FaultAction::Hold;
        if fault.times == Times::default() {
            fault.times = Times::Always;
        }
        let gate = Arc::<Gate>::default();
        self.lock().push(Pending {
            fault,
            gate: Some(Arc::clone(&gate)),
            candidates: 0,
        });
        Hold {
            queue: self.clone(),
            gate,
        }
    }

    /// What is still to come, with the remaining counts.
    #[must_use]
    pub fn pending(&self) -> Vec<Fault> {
        self.lock()
            .iter()
            .map(|entry| entry.fault.clone())
            .collect()
    }

    /// Forgets all faults and lets go of everything that is held.
    pub fn clear(&self) {
        for entry in self.lock().drain(..) {
            if let Some(gate) = entry.gate {
                gate.open();
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// The fault a request meets, if any; counts every fault that matches.
    pub(crate) fn take(&self, target: &Target<'_>) -> Option<Met> {
        let mut queue = self.lock();
        let mut met = None;
        queue.retain_mut(|entry| {
            if !entry.fault.matches(target) {
                return true;
            }
            if entry.fault.skip > 0 {
                entry.fault.skip -= 1;
                return true;
            }
            if met.is_some() || !entry.draws() {
                return true;
            }
            met = Some(Met {
                action: entry.fault.action.clone(),
                delay_ms: entry.fault.delay_ms,
                gate: entry.gate.clone(),
            });
            match &mut entry.fault.times {
                Times::Always => true,
                Times::Count(count) => {
                    *count = count.saturating_sub(1);
                    *count > 0
                }
            }
        });
        met
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Pending>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A fault a request met.
#[derive(Debug)]
pub(crate) struct Met {
    pub(crate) action: FaultAction,
    pub(crate) delay_ms: u64,
    pub(crate) gate: Option<Arc<Gate>>,
}

/// Where held requests wait.
#[derive(Debug)]
pub(crate) struct Gate {
    permits: Semaphore,
    waiting: AtomicU64,
    arrived: Notify,
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            permits: Semaphore::new(0),
            waiting: AtomicU64::new(0),
            arrived: Notify::new(),
        }
    }
}

impl Gate {
    pub(crate) async fn pass(&self) {
        let _counted = Waiting::new(self);
        if let Ok(permit) = self.permits.acquire().await {
            permit.forget();
        }
    }

    fn open(&self) {
        self.permits.close();
    }
}

/// Counts a waiting request for as long as it waits, also when its connection goes away.
struct Waiting<'a>(&'a Gate);

impl<'a> Waiting<'a> {
    fn new(gate: &'a Gate) -> Self {
        gate.waiting.fetch_add(1, Ordering::AcqRel);
        gate.arrived.notify_waiters();
        Self(gate)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Requests that wait to be let through, in order of arrival. Dropping it lets all of them through.
#[derive(Debug)]
pub struct Hold {
    queue: Faults,
    gate: Arc<Gate>,
}

impl Hold {
    /// How many requests wait right now.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        self.gate.waiting.load(Ordering::Acquire)
    }

    /// Ends once at least `count` requests wait.
    pub async fn wait_for(&self, count: u64) {
        loop {
            let arrived = self.gate.arrived.notified();
            tokio::pin!(arrived);
            // Registered before looking, so that an arrival in between is not missed.
            arrived.as_mut().enable();
            if self.waiting() >= count {
                return;
            }
            arrived.await;
        }
    }

    /// Lets the request that has waited longest through, or the next one to come.
    pub fn release_one(&self) {
        self.gate.permits.add_permits(1);
    }

    /// Lets everything through and stops holding.
    pub fn release_all(self) {
        drop(self);
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.queue.lock().retain(|entry| {
            !entry
                .gate
                .as_ref()
                .is_some_and(|gate| Arc::ptr_eq(gate, &self.gate))
        });
        self.gate.open();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put() -> Target<'static> {
        Target {
            method: "POST",
            endpoint: "files/put",
            path: "/content/api/v2/mounts/m/files/put",
            query: "path=/&filename=a b.txt",
        }
    }

    #[test]
    fn one_request_meets_one_fault_and_skips_count_every_match() {
        let faults = Faults::default();
        faults.push(Fault::new(FaultAction::Close).on("files/put"));
        faults.push(
            Fault::new(FaultAction::WrongHash)
                .query_contains("a b.txt")
                .skip(1)
                .times(2),
        );
        faults.push(Fault::new(FaultAction::Html).on("files/get").always());
        let kinds: Vec<_> = (0..4)
            .map(|_| faults.take(&put()).map(|met| met.action.kind()))
            .collect();
        assert_eq!(
            kinds,
            [Some("close"), Some("wrong_hash"), Some("wrong_hash"), None]
        );
        assert_eq!(faults.pending().len(), 1);
        faults.clear();
        assert!(faults.pending().is_empty());
    }

    #[test]
    fn a_share_of_the_requests_is_met_and_always_the_same() {
        for (percent, expected) in [(0, 0..=0), (30, 250..=350), (100, 1000..=1000)] {
            let met = |faults: Faults| -> Vec<bool> {
                faults.push(Fault::new(FaultAction::Close).percent(percent));
                (0..1000).map(|_| faults.take(&put()).is_some()).collect()
            };
            let first = met(Faults::default());
            assert_eq!(first, met(Faults::default()));
            let count = first.iter().filter(|met| **met).count();
            assert!(expected.contains(&count), "{percent}: {count}");
        }
        let fault: Fault = serde_json::from_str(r#"{"percent":30,"action":"close"}"#).unwrap();
        assert_eq!(fault.percent, 30);
    }
}
