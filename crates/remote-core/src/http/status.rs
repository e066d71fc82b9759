//! What a status means before a service's own words are read.

use std::time::{Duration, SystemTime};

use super::{HeaderMap, StatusCode, header};
use crate::error::{ErrorKind, RetryAdvice};

/// The longest `Retry-After` that is believed: longer ones are taken as this, so that no answer makes time overflow.
pub const MAX_RETRY_AFTER: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The delay that a `Retry-After` header asks for, given in seconds or as a date; a date in the past is no delay.
///
/// A date is one of the service's clock, so it counts from the `Date` of the same answer; from `now` only where there is none.
///
/// Absent when there is no such header or it is malformed. At most [`MAX_RETRY_AFTER`].
#[must_use]
pub fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    let delay = if text.bytes().all(|byte| byte.is_ascii_digit()) {
        let seconds = match text.parse() {
            Ok(seconds) => seconds,
            Err(_) if text.is_empty() => return None,
            // Only too many digits are left.
            Err(_) => u64::MAX,
        };
        Duration::from_secs(seconds)
    } else {
        let at = httpdate::parse_http_date(text).ok()?;
        at.duration_since(answered_at(headers).unwrap_or(now))
            .unwrap_or_default()
    };
    Some(delay.min(MAX_RETRY_AFTER))
}

/// When the service says that it answered.
fn answered_at(headers: &HeaderMap) -> Option<SystemTime> {
    let text = headers.get(header::DATE)?.to_str().ok()?;
    httpdate::parse_http_date(text.trim()).ok()
}

/// The kind and the advice that providers start from when an answer has this status and its body says nothing better.
///
/// `delay` is what [`retry_after`] found. A status that is no failure gives [`ErrorKind::Protocol`], since nobody asks about one that was expected.
#[must_use]
pub fn classify_status(status: StatusCode, delay: Option<Duration>) -> (ErrorKind, RetryAdvice) {
    match status.as_u16() {
        401 => (ErrorKind::Authentication, RetryAdvice::Never),
        402 | 507 => (ErrorKind::QuotaExceeded, RetryAdvice::Never),
        403 => (ErrorKind::PermissionDenied, RetryAdvice::Never),
        404 | 410 => (ErrorKind::NotFound, RetryAdvice::Never),
        405 | 501 => (ErrorKind::Unsupported, RetryAdvice::Never),
        407 => (ErrorKind::Transport, RetryAdvice::Never),
        408 => (ErrorKind::Timeout, RetryAdvice::IfIdempotent(delay)),
        409 | 412 => (ErrorKind::PreconditionFailed, RetryAdvice::Never),
        413 => (ErrorKind::TooLarge, RetryAdvice::Never),
        400 | 414 | 416 | 422 => (ErrorKind::InvalidInput, RetryAdvice::Never),
        423 | 425 => (ErrorKind::Service, RetryAdvice::IfIdempotent(delay)),
        429 => (ErrorKind::RateLimited, RetryAdvice::Safe(delay)),
        // A service that names a time has turned the request away before doing anything; a bare 503 can come from a proxy
        // that lost the service halfway.
        503 if delay.is_some() => (ErrorKind::Service, RetryAdvice::Safe(delay)),
        499..=599 => (ErrorKind::Service, RetryAdvice::IfIdempotent(delay)),
        400..=498 => (ErrorKind::Other, RetryAdvice::Never),
        _ => (ErrorKind::Protocol, RetryAdvice::Never),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(value: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::RETRY_AFTER, value.parse().unwrap());
        headers
    }

    fn seconds(value: &'static str) -> Option<u64> {
        let now = httpdate::parse_http_date("Wed, 21 Oct 2015 07:28:00 GMT").unwrap();
        retry_after(&headers(value), now).map(|delay| delay.as_secs())
    }

    #[test]
    fn retry_after_is_read_in_seconds_and_in_every_form_of_date() {
        assert_eq!(seconds("0"), Some(0));
        assert_eq!(seconds(" 120 "), Some(120));
        assert_eq!(seconds("Wed, 21 Oct 2015 07:28:30 GMT"), Some(30));
        assert_eq!(seconds("Wednesday, 21-Oct-15 07:28:30 GMT"), Some(30));
        assert_eq!(seconds("Wed Oct 21 07:28:30 2015"), Some(30));
    }

    #[test]
    fn a_date_counts_from_the_clock_of_the_service() {
        let now = httpdate::parse_http_date("Wed, 21 Oct 2015 07:28:00 GMT").unwrap();
        let seconds = |date: &'static str| {
            let mut headers = headers("Wed, 21 Oct 2015 09:00:30 GMT");
            headers.insert(header::DATE, date.parse().unwrap());
            retry_after(&headers, now).map(|delay| delay.as_secs())
        };
        assert_eq!(seconds("Wed, 21 Oct 2015 09:00:00 GMT"), Some(30));
        assert_eq!(seconds("Wed, 21 Oct 2015 10:00:00 GMT"), Some(0));
        assert_eq!(seconds("yesterday"), Some(92 * 60 + 30));
    }

    #[test]
    fn a_date_in_the_past_asks_for_no_delay() {
        assert_eq!(seconds("Wed, 21 Oct 2015 07:00:00 GMT"), Some(0));
    }

    #[test]
    fn malformed_and_missing_values_are_no_delay_and_huge_ones_are_cut() {
        for value in ["", "-1", "soon", "1.5", "99 Oct"] {
            assert_eq!(seconds(value), None, "{value}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), SystemTime::now()), None);
        assert_eq!(
            seconds("99999999999999999999999999"),
            Some(MAX_RETRY_AFTER.as_secs())
        );
        assert_eq!(
            seconds("Fri, 31 Dec 9999 23:59:59 GMT"),
            Some(MAX_RETRY_AFTER.as_secs())
        );
    }

    #[test]
    fn statuses_have_the_kind_and_advice_that_callers_branch_on() {
        let delay = Some(Duration::from_secs(3));
        let expect = [
            (401, ErrorKind::Authentication, RetryAdvice::Never),
            (403, ErrorKind::PermissionDenied, RetryAdvice::Never),
            (404, ErrorKind::NotFound, RetryAdvice::Never),
            (408, ErrorKind::Timeout, RetryAdvice::IfIdempotent(delay)),
            (409, ErrorKind::PreconditionFailed, RetryAdvice::Never),
            (412, ErrorKind::PreconditionFailed, RetryAdvice::Never),
            (413, ErrorKind::TooLarge, RetryAdvice::Never),
            (416, ErrorKind::InvalidInput, RetryAdvice::Never),
            (429, ErrorKind::RateLimited, RetryAdvice::Safe(delay)),
            (499, ErrorKind::Service, RetryAdvice::IfIdempotent(delay)),
            (500, ErrorKind::Service, RetryAdvice::IfIdempotent(delay)),
            (503, ErrorKind::Service, RetryAdvice::Safe(delay)),
            (507, ErrorKind::QuotaExceeded, RetryAdvice::Never),
        ];
        for (status, kind, advice) in expect {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(classify_status(status, delay), (kind, advice), "{status}");
        }
        assert_eq!(
            classify_status(StatusCode::SERVICE_UNAVAILABLE, None).1,
            RetryAdvice::IfIdempotent(None)
        );
    }
}
