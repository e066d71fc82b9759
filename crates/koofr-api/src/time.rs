//! Times on the wire: signed milliseconds since the Unix epoch, UTC.

use std::time::{Duration, SystemTime};

/// The point in time of a number of milliseconds since 1970; nothing when this system cannot represent it.
///
/// # Examples
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use koofr_api::time::from_millis;
///
/// assert_eq!(from_millis(-500), SystemTime::UNIX_EPOCH.checked_sub(Duration::from_millis(500)));
/// ```
#[must_use]
pub fn from_millis(millis: i64) -> Option<SystemTime> {
    let distance = Duration::from_millis(millis.unsigned_abs());
    if millis < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(distance)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(distance)
    }
}

/// Milliseconds since 1970, rounded down also before 1970; the nearest representable number for times beyond.
///
/// # Examples
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use koofr_api::time::to_millis;
///
/// let half = Duration::from_micros(500);
/// assert_eq!(to_millis(SystemTime::UNIX_EPOCH + half), 0);
/// assert_eq!(to_millis(SystemTime::UNIX_EPOCH - half), -1);
/// ```
#[must_use]
pub fn to_millis(time: SystemTime) -> i64 {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
        Err(before) => {
            let millis = before.duration().as_nanos().div_ceil(1_000_000);
            i64::try_from(millis).map_or(i64::MIN, |millis| -millis)
        }
    }
}
