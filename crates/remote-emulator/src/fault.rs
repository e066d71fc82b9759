//! Faults that can be ordered: which requests they meet and what happens to those.
//!
//! The same types serve the library ([`Faults::push`]) and the program (`POST /_emulator/faults`, one object or an
//! array). One request meets at most one fault: the first in order of arrival that matches it and is due.
//!
//! ```
//! use remote_emulator::fault::{Fault, FaultAction};
//!
//! // The second upload is stored, but its answer never arrives.
//! let fault = Fault::new(FaultAction::CommitThenClose).on("files/put").skip(1);
//! let same: Fault = serde_json::from_str(
//!     r#"{"endpoint":"files/put","skip":1,"action":"commit_then_close"}"#,
//! )?;
//! assert_eq!(fault, same);
//! # Ok::<(), serde_json::Error>(())
//! ```

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use crate::fault_queue::{Faults, Hold};

/// A fault: the requests it meets, how many of them, and what is done to them.
#[non_exhaustive]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Only requests with this method, in upper case; any when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Only requests to the endpoint of this name, such as `files/put`; any when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// Only requests whose address path contains this text; any when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Only requests whose decoded query contains this text (`path=/a b&filename=c.txt`); any when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// How many matching requests pass before the first is met; 0 by default.
    #[serde(default)]
    pub skip: u64,
    /// How many requests are met; one by default.
    #[serde(default)]
    pub times: Times,
    /// How many of a hundred matching requests are met, all by default. Which ones looks random, and is the same in every run.
    #[serde(default = "all", skip_serializing_if = "is_all")]
    pub percent: u8,
    /// Wait this long, in milliseconds, before anything else happens; 0 by default.
    #[serde(default)]
    pub delay_ms: u64,
    /// What happens.
    pub action: FaultAction,
}

impl Fault {
    /// A fault that meets the next request, whatever it is.
    #[must_use]
    pub fn new(action: FaultAction) -> Self {
        Self {
            method: None,
            endpoint: None,
            path: None,
            query: None,
            skip: 0,
            times: Times::default(),
            percent: all(),
            delay_ms: 0,
            action,
        }
    }

    /// A fault that only delays the next request.
    #[must_use]
    pub fn delay(by: Duration) -> Self {
        Self::new(FaultAction::Delay).delayed(by)
    }

    /// Restricts it to an endpoint.
    #[must_use]
    pub fn on(mut self, endpoint: impl Into<String>) -> Self {
        self.endpoint = Some(endpoint.into());
        self
    }

    /// Restricts it to a method.
    #[must_use]
    pub fn method(mut self, method: impl Into<String>) -> Self {
        self.method = Some(method.into());
        self
    }

    /// Restricts it to addresses whose path contains `text`.
    #[must_use]
    pub fn path_contains(mut self, text: impl Into<String>) -> Self {
        self.path = Some(text.into());
        self
    }

    /// Restricts it to requests whose decoded query contains `text`, a file name for example.
    #[must_use]
    pub fn query_contains(mut self, text: impl Into<String>) -> Self {
        self.query = Some(text.into());
        self
    }

    /// Lets `count` matching requests pass first.
    #[must_use]
    pub fn skip(mut self, count: u64) -> Self {
        self.skip = count;
        self
    }

    /// Meets `count` requests instead of one.
    #[must_use]
    pub fn times(mut self, count: u64) -> Self {
        self.times = Times::Count(count);
        self
    }

    /// Meets every matching request until it is cleared.
    #[must_use]
    pub fn always(mut self) -> Self {
        self.times = Times::Always;
        self
    }

    /// Meets this many of a hundred matching requests, until it is cleared.
    #[must_use]
    pub fn percent(mut self, percent: u8) -> Self {
        self.percent = percent;
        self.always()
    }

    /// Waits before the action.
    #[must_use]
    pub fn delayed(mut self, by: Duration) -> Self {
        self.delay_ms = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self
    }

    pub(crate) fn matches(&self, target: &Target<'_>) -> bool {
        let is = |wanted: &Option<String>, value: &str| wanted.as_ref().is_none_or(|w| w == value);
        let has = |wanted: &Option<String>, value: &str| {
            wanted.as_ref().is_none_or(|w| value.contains(w.as_str()))
        };
        is(&self.method, target.method)
            && is(&self.endpoint, target.endpoint)
            && has(&self.path, target.path)
            && has(&self.query, target.query)
    }
}

fn all() -> u8 {
    100
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands out a reference"
)]
fn is_all(percent: &u8) -> bool {
    *percent >= all()
}

/// What a fault is compared with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'a> {
    pub(crate) method: &'a str,
    pub(crate) endpoint: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
}

/// How many requests a fault meets. In JSON a number or `"always"`.
#[expect(
    clippy::exhaustive_enums,
    reason = "a number or no limit; there is no third case"
)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Times {
    /// Every matching request until the fault is cleared.
    Always,
    /// This many.
    Count(u64),
}

impl Default for Times {
    fn default() -> Self {
        Self::Count(1)
    }
}

impl Serialize for Times {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Always => serializer.serialize_str("always"),
            Self::Count(count) => serializer.serialize_u64(*count),
        }
    }
}

impl<'de> Deserialize<'de> for Times {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Count(u64),
            Word(String),
        }
        match Form::deserialize(deserializer)? {
            Form::Count(count) => Ok(Self::Count(count)),
            Form::Word(word) if word == "always" => Ok(Self::Always),
            Form::Word(word) => Err(serde::de::Error::custom(format!(
                "`{word}` is neither a number nor `always`"
            ))),
        }
    }
}

/// What happens to a request. In JSON the name in snake case, with its fields if it has any:
/// `"wrong_hash"`, `{"cut_response":{"after":1000}}`.
#[non_exhaustive]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum FaultAction {
    /// Answers without handling the request. The request body is read first.
    Answer(FaultAnswer),
    /// Closes the connection before the request body is read, without an answer.
    Close,
    /// Handles the request, answers something else.
    CommitThenAnswer(FaultAnswer),
    /// Handles the request, then closes the connection without an answer.
    CommitThenClose,
    /// Announces a length that is `delta` bytes off. A longer one ends in a closed connection after the real
    /// body; a shorter one cuts the body where the length says.
    ContentLength {
        /// Added to the real length.
        delta: i64,
    },
    /// Flips the bits of one byte of the answer's body; length and headers stay right.
    CorruptBody {
        /// Offset of the byte in the body.
        #[serde(default)]
        at: u64,
    },
    /// Closes the connection once this many bytes of the request body were read.
    CutRequest {
        /// Bytes read before the end.
        after: u64,
    },
    /// Closes the connection once exactly this many bytes of the answer's body were sent.
    CutResponse {
        /// Bytes sent before the end.
        after: u64,
    },
    /// Does nothing beyond [`Fault::delay_ms`].
    Delay,
    /// What the request creates or replaces stays invisible to reading requests until the emulator's clock has
    /// advanced by this much. Requests that change something see it at once.
    DelayVisibility {
        /// Milliseconds of the emulator's clock.
        ms: u64,
    },
    /// The service's answer for a storage that is not connected (Koofr: 404 `DeviceOffline`).
    DeviceOffline,
    /// Lets all access tokens expire, then handles the request. Refreshing still works.
    ExpireTokens,
    /// Waits until it is released through the [`Hold`] that ordered it, or until the faults are cleared.
    Hold,
    /// A web page with status 200 instead of the answer. The request is not handled.
    Html,
    /// Handles the request as if it had no `Range` header.
    IgnoreRange,
    /// Puts an error line into a line-wise listing.
    ListingError {
        /// Lines sent before it.
        after_lines: u64,
        /// The service's error code.
        code: String,
        /// Text for people.
        #[serde(default)]
        message: String,
        /// The entry that failed; the listing goes on after it. Without it the listing ends with the error.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        path: Option<String>,
    },
    /// Reads the request, then never answers and keeps the connection open.
    NoAnswer,
    /// All numbers of a JSON answer are sent as strings.
    NumbersAsStrings,
    /// Leaves the file description out of a download's headers (Koofr: `X-File-Info`).
    OmitFileInfo,
    /// Leaves the hashes out of a JSON or XML answer and of the file description of a download.
    OmitHash,
    /// Leaves the space fields out of a JSON or XML answer.
    OmitSpace,
    /// The service's answer for a full storage (Koofr: 413 `QuotaExceeded`). The request is not handled.
    QuotaExceeded,
    /// Status 429.
    RateLimit {
        /// How long to wait; no header when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<RetryAfter>,
    },
    /// Sends the client elsewhere.
    Redirect {
        /// The value of `Location`.
        location: String,
        /// The status; 302 by default.
        #[serde(default = "found")]
        status: u16,
    },
    /// Replaces a text wherever it stands in the answer's body, so that it says something no service should. In an answer
    /// that is sent piece by piece it is looked for inside each line, or each entry of an XML listing.
    ReplaceText {
        /// What is looked for.
        find: String,
        /// What takes its place.
        with: String,
    },
    /// Revokes all tokens, refresh tokens included, then handles the request.
    RevokeTokens,
    /// Sends the headers and this many bytes of the body, then nothing more; the connection stays open.
    StallBody {
        /// Bytes sent before the silence.
        #[serde(default)]
        after: u64,
    },
    /// Ends a listing early; in an XML listing every file and folder counts as a line.
    TruncateListing {
        /// Whole lines sent.
        after_lines: u64,
        /// Whether half of the next line follows.
        #[serde(default)]
        mid_line: bool,
        /// Whether the HTTP framing ends properly, so that only the content can tell; otherwise the connection is
        /// closed without the end mark.
        #[serde(default)]
        clean_end: bool,
    },
    /// Every hash of a JSON or XML answer and of the file description of a download is a wrong one of the right shape.
    WrongHash,
    /// Every file size of a JSON or XML answer and of the file description of a download is off by `delta`.
    WrongSize {
        /// Added to the real size.
        delta: i64,
    },
}

impl FaultAction {
    /// An answer with nothing but a status.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::Answer(FaultAnswer::new(status))
    }

    /// The name used in JSON.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Answer(_) => "answer",
            Self::Close => "close",
            Self::CommitThenAnswer(_) => "commit_then_answer",
            Self::CommitThenClose => "commit_then_close",
            Self::ContentLength { .. } => "content_length",
            Self::CorruptBody { .. } => "corrupt_body",
            Self::CutRequest { .. } => "cut_request",
            Self::CutResponse { .. } => "cut_response",
            Self::Delay => "delay",
            Self::DelayVisibility { .. } => "delay_visibility",
            Self::DeviceOffline => "device_offline",
            Self::ExpireTokens => "expire_tokens",
            Self::Hold => "hold",
            Self::Html => "html",
            Self::IgnoreRange => "ignore_range",
            Self::ListingError { .. } => "listing_error",
            Self::NoAnswer => "no_answer",
            Self::NumbersAsStrings => "numbers_as_strings",
            Self::OmitFileInfo => "omit_file_info",
            Self::OmitHash => "omit_hash",
            Self::OmitSpace => "omit_space",
            Self::QuotaExceeded => "quota_exceeded",
            Self::RateLimit { .. } => "rate_limit",
            Self::Redirect { .. } => "redirect",
            Self::ReplaceText { .. } => "replace_text",
            Self::RevokeTokens => "revoke_tokens",
            Self::StallBody { .. } => "stall_body",
            Self::TruncateListing { .. } => "truncate_listing",
            Self::WrongHash => "wrong_hash",
            Self::WrongSize { .. } => "wrong_size",
        }
    }
}

fn found() -> u16 {
    302
}

/// An answer made up by a fault.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FaultAnswer {
    /// The HTTP status; one that cannot be a status becomes 500.
    pub status: u16,
    /// The service's error code; the body is then the service's error document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The body as text; ignored when there is a code, empty when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// The `Retry-After` header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<RetryAfter>,
    /// Further headers; they replace those of the same name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
}

impl FaultAnswer {
    /// An answer with an empty body.
    #[must_use]
    pub fn new(status: u16) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }

    /// Makes the body the service's error document with this code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Makes the body this text.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<String>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Adds a `Retry-After` header.
    #[must_use]
    pub fn with_retry_after(mut self, retry_after: RetryAfter) -> Self {
        self.retry_after = Some(retry_after);
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.insert(name.into(), value.into());
        self
    }
}

/// The value of a `Retry-After` header. In JSON a number, `{"date_in":seconds}`, or any text.
#[non_exhaustive]
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(untagged)]
pub enum RetryAfter {
    /// A number of seconds.
    Seconds(u64),
    /// An HTTP date.
    Date {
        /// How many seconds after the answer it lies, by the machine's clock.
        date_in: u64,
    },
    /// This text as it is.
    Text(String),
}

impl RetryAfter {
    pub(crate) fn header_value(&self) -> String {
        match self {
            Self::Seconds(seconds) => seconds.to_string(),
            Self::Date { date_in } => {
                let time = SystemTime::now().checked_add(Duration::from_secs(*date_in));
                httpdate::fmt_http_date(time.unwrap_or(SystemTime::UNIX_EPOCH))
            }
            Self::Text(text) => text.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_survives_json() {
        let answer = FaultAnswer::new(503)
            .with_code("Other")
            .with_retry_after(RetryAfter::Date { date_in: 3 })
            .with_header("x-a", "b");
        let faults = [
            Fault::new(FaultAction::Answer(answer))
                .on("files/get")
                .times(3),
            Fault::new(FaultAction::WrongSize { delta: -1 }).always(),
            Fault::delay(Duration::from_millis(20)).method("PUT"),
            Fault::new(FaultAction::RateLimit {
                retry_after: Some(RetryAfter::Seconds(2)),
            })
            .query_contains("a b"),
        ];
        for fault in faults {
            let text = serde_json::to_string(&fault).unwrap();
            assert_eq!(
                serde_json::from_str::<Fault>(&text).unwrap(),
                fault,
                "{text}"
            );
            assert!(text.contains(fault.action.kind()), "{text}");
        }
    }

    #[test]
    fn the_readme_names_all_actions_and_its_examples_work() {
        const README: &str = include_str!("../README.md");
        let unknown = serde_json::from_str::<FaultAction>("\"unknown\"").unwrap_err();
        let unknown = unknown.to_string();
        // The message names what was found, and then everything there is.
        let actions: Vec<&str> = unknown.split('`').skip(3).step_by(2).collect();
        assert!(actions.contains(&"answer") && actions.contains(&"wrong_size"));
        for action in actions {
            assert!(README.contains(&format!("`{action}`")), "{action}");
        }
        let examples = README.lines().filter_map(|line| {
            let (_, body) = line.split_once("/_emulator/faults -d '")?;
            body.strip_suffix('\'')
        });
        let parsed: Vec<Fault> = examples
            .map(|body| serde_json::from_str(body).unwrap())
            .collect();
        assert!(parsed.len() >= 2, "{parsed:?}");
    }

    #[test]
    fn a_misspelt_field_is_an_error() {
        assert!(serde_json::from_str::<Fault>(r#"{"endpont":"x","action":"close"}"#).is_err());
        assert!(serde_json::from_str::<Fault>(r#"{"times":"ever","action":"close"}"#).is_err());
    }
}
