//! What was asked of an emulator.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

/// The number of records kept when the builder is not told otherwise.
///
/// The counters are exact however many requests there were; the ring only bounds memory.
pub const DEFAULT_LOG_CAPACITY: usize = 10_000;

/// One request and the status it was answered with.
#[non_exhaustive]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct RequestRecord {
    /// Counts from 1 in order of arrival since the emulator started; clearing the log does not reset it.
    pub number: u64,
    /// The HTTP method.
    pub method: String,
    /// The path of the address as sent, percent-encoded, without the query.
    pub path: String,
    /// The query as sent, without `?`; values of passwords are replaced with `[redacted]`.
    pub query: String,
    /// The stable name of the route, such as `files/info`; `unknown` for a path that is no route.
    pub endpoint: String,
    /// Headers in the order received, names in lower case; credentials are replaced with `[redacted]`.
    pub headers: Vec<(String, String)>,
    /// Bytes of the request body that were read.
    pub body_bytes: u64,
    /// MD5 of the body in lower-case hexadecimal. For uploads: of the file's content, also inside a multipart body.
    /// Absent when there was no body or it was not read to its end.
    pub body_md5: Option<String>,
    /// The status answered; absent while the request runs and when the connection was closed without an answer.
    pub status: Option<u16>,
    /// The kind of the fault that was applied, such as `cut_response`.
    pub fault: Option<String>,
}

impl RequestRecord {
    /// The value of a header, by its lower-case name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The first value of a query parameter, decoded.
    #[must_use]
    pub fn query_value(&self, name: &str) -> Option<String> {
        crate::query::pairs(&self.query)
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }
}

/// How often one method was used on one endpoint.
#[non_exhaustive]
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct EndpointCount {
    /// The HTTP method.
    pub method: String,
    /// The stable name of the route.
    pub endpoint: String,
    /// The number of requests since the start or the last clearing.
    pub count: u64,
}

#[derive(Debug)]
struct Log {
    arrived: u64,
    total: u64,
    counts: BTreeMap<(String, &'static str), u64>,
    records: VecDeque<RequestRecord>,
    capacity: usize,
}

/// The requests an emulated service received, in order of arrival.
#[derive(Clone, Debug)]
pub struct RequestLog {
    inner: Arc<Mutex<Log>>,
}

impl RequestLog {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            inner: Arc::new(Mutex::new(Log {
                arrived: 0,
                total: 0,
                counts: BTreeMap::new(),
                records: VecDeque::new(),
                capacity,
            })),
        }
    }

    /// The most recent requests, oldest first.
    #[must_use]
    pub fn records(&self) -> Vec<RequestRecord> {
        self.lock().records.iter().cloned().collect()
    }

    /// The number of requests since the start or the last [`clear`](Self::clear).
    #[must_use]
    pub fn total(&self) -> u64 {
        self.lock().total
    }

    /// Counts per method and endpoint, sorted by method, then endpoint.
    #[must_use]
    pub fn counts(&self) -> Vec<EndpointCount> {
        self.lock()
            .counts
            .iter()
            .map(|((method, endpoint), count)| EndpointCount {
                method: method.clone(),
                endpoint: (*endpoint).to_owned(),
                count: *count,
            })
            .collect()
    }

    /// How often `method` was used on `endpoint`.
    #[must_use]
    pub fn count(&self, method: &str, endpoint: &str) -> u64 {
        self.lock()
            .counts
            .iter()
            .filter(|((m, e), _)| m == method && *e == endpoint)
            .map(|(_, count)| *count)
            .sum()
    }

    /// Forgets all records and sets all counters to zero.
    pub fn clear(&self) {
        let mut log = self.lock();
        log.total = 0;
        log.counts.clear();
        log.records.clear();
    }

    /// Counts a request and keeps its record; returns its number.
    pub(crate) fn begin(&self, endpoint: &'static str, mut record: RequestRecord) -> u64 {
        let mut log = self.lock();
        log.arrived += 1;
        log.total += 1;
        record.number = log.arrived;
        *log.counts
            .entry((record.method.clone(), endpoint))
            .or_default() += 1;
        if log.capacity > 0 {
            if log.records.len() == log.capacity {
                log.records.pop_front();
            }
            log.records.push_back(record);
        }
        log.arrived
    }

    /// Completes the record of a request, if it is still kept.
    pub(crate) fn finish(&self, number: u64, complete: impl FnOnce(&mut RequestRecord)) {
        let mut log = self.lock();
        // Numbers grow along the ring, so the record is found by bisection.
        if let Ok(index) = log
            .records
            .binary_search_by_key(&number, |record| record.number)
            && let Some(record) = log.records.get_mut(index)
        {
            complete(record);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Log> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
