//! The service's three ways to write a moment, all with whole seconds.
//!
//! | form | example | where |
//! | --- | --- | --- |
//! | JFS time | `2026-03-04-T05:06:07Z` | XML, request headers |
//! | RFC 3339 | `2026-03-04T05:06:07.000Z` | `allocate`, streamed listings |
//! | milliseconds since 1970 | `1772600767000` | the answer to an upload |

use std::time::{Duration, SystemTime};

use jiff::Timestamp;

/// What Go writes for a time that was never set. Clients send it by mistake, so it is no time at all.
const NEVER: i64 = -62_135_596_800;

/// Reads a JFS time or an RFC 3339 time; nothing for an empty, malformed or unset one.
#[must_use]
pub fn parse(text: &str) -> Option<SystemTime> {
    let text = text.trim();
    if text.len() > 64 {
        return None;
    }
    let timestamp: Timestamp = match text.split_once("-T") {
        Some((date, time)) => format!("{date}T{time}").parse().ok()?,
        None => text.parse().ok()?,
    };
    let seconds = timestamp.as_second();
    let nanos = u32::try_from(timestamp.subsec_nanosecond().max(0)).ok()?;
    if seconds == NEVER {
        return None;
    }
    from_parts(seconds, nanos)
}

/// Writes a JFS time in UTC, rounded down to seconds. Years outside 1 to 9999 become the nearest one inside.
#[must_use]
pub fn format_jfs(time: SystemTime) -> String {
    // Both forms are the same but for one hyphen.
    format_rfc3339(time).replacen('T', "-T", 1)
}

/// Writes an RFC 3339 time in UTC, rounded down to seconds. Years outside 1 to 9999 become the nearest one inside.
#[must_use]
pub fn format_rfc3339(time: SystemTime) -> String {
    const FIRST: i64 = NEVER + 1;
    const LAST: i64 = 253_402_207_200;
    let seconds = to_seconds(time).clamp(FIRST, LAST);
    Timestamp::from_second(seconds)
        .unwrap_or(Timestamp::UNIX_EPOCH)
        .to_string()
}

/// A moment by its milliseconds since 1970; nothing for one that this machine cannot express.
#[must_use]
pub fn from_millis(millis: i64) -> Option<SystemTime> {
    let nanos = u32::try_from(millis.rem_euclid(1000)).ok()? * 1_000_000;
    from_parts(millis.div_euclid(1000), nanos)
}

/// The same moment without the fraction of its second, which the service does not keep.
#[must_use]
pub fn floor(time: SystemTime) -> SystemTime {
    from_parts(to_seconds(time), 0).unwrap_or(time)
}

fn to_seconds(time: SystemTime) -> i64 {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
        Err(before) => {
            let before = before.duration();
            let whole = i64::try_from(before.as_secs()).unwrap_or(i64::MAX);
            // Down means further away from 1970 here.
            -whole - i64::from(before.subsec_nanos() > 0)
        }
    }
}

fn from_parts(seconds: i64, nanos: u32) -> Option<SystemTime> {
    let whole = Duration::from_secs(seconds.unsigned_abs());
    let second = if seconds >= 0 {
        SystemTime::UNIX_EPOCH.checked_add(whole)
    } else {
        SystemTime::UNIX_EPOCH.checked_sub(whole)
    };
    second?.checked_add(Duration::new(0, nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(text: &str) -> Option<i64> {
        parse(text).map(to_seconds)
    }

    #[test]
    fn all_forms_of_one_moment_are_read() {
        for text in [
            "2026-03-04-T05:06:07Z",
            "2026-03-04-T06:06:07+0100",
            "2026-03-04T05:06:07Z",
            "2026-03-04T05:06:07.000Z",
            "2026-03-04T06:06:07+01:00",
            " 2026-03-04-T05:06:07Z\n",
        ] {
            assert_eq!(seconds(text), Some(1_772_600_767), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_nothing() {
        for text in [
            "",
            "now",
            "2026-13-04-T05:06:07Z",
            "0001-01-01-T00:00:00Z",
            "2026-03-04-T",
            "-T",
            "9".repeat(100).as_str(),
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn old_and_far_years_survive() {
        for text in [
            "1927-05-06-T07:08:09Z",
            "1969-12-31-T23:59:59Z",
            "9998-01-01-T00:00:00Z",
        ] {
            assert_eq!(format_jfs(parse(text).unwrap()), text);
        }
    }

    #[test]
    fn times_are_written_in_whole_seconds_and_utc() {
        let time = SystemTime::UNIX_EPOCH + Duration::new(1_772_600_767, 999_999_999);
        assert_eq!(format_jfs(time), "2026-03-04-T05:06:07Z");
        assert_eq!(format_rfc3339(time), "2026-03-04T05:06:07Z");
        let before = SystemTime::UNIX_EPOCH - Duration::from_millis(1);
        assert_eq!(format_rfc3339(before), "1969-12-31T23:59:59Z");
        assert_eq!(to_seconds(floor(before)), -1);
    }

    #[test]
    fn milliseconds_may_be_negative_and_absurd_ones_do_no_harm() {
        assert_eq!(from_millis(-1).map(to_seconds), Some(-1));
        assert_eq!(
            from_millis(1_772_600_767_123).map(to_seconds),
            Some(1_772_600_767)
        );
        let _as_it_may_be = (from_millis(i64::MIN), from_millis(i64::MAX));
    }
}
