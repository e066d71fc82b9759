//! Modification times in the steps of a service.

use std::time::{Duration, SystemTime};

/// The latest time that is not after `time` and a whole number of steps away from 1970.
pub(crate) fn round_down(time: SystemTime, step: Duration) -> SystemTime {
    let step_nanos = step.as_nanos().max(1);
    let excess = match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => since.as_nanos() % step_nanos,
        Err(before) => match before.duration().as_nanos() % step_nanos {
            0 => 0,
            beyond => step_nanos - beyond,
        },
    };
    time.checked_sub(duration_of(excess)).unwrap_or(time)
}

fn duration_of(nanos: u128) -> Duration {
    const NANOS_PER_SECOND: u128 = 1_000_000_000;
    let seconds = u64::try_from(nanos / NANOS_PER_SECOND).unwrap_or(u64::MAX);
    let rest = u32::try_from(nanos % NANOS_PER_SECOND).unwrap_or_default();
    Duration::new(seconds, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rounded_towards_the_past() {
        let epoch = SystemTime::UNIX_EPOCH;
        let step = Duration::from_millis(10);
        let rounded = |time| round_down(time, step);
        assert_eq!(rounded(epoch + Duration::from_millis(19)), epoch + step);
        assert_eq!(rounded(epoch + step), epoch + step);
        assert_eq!(rounded(epoch - Duration::from_millis(1)), epoch - step);
        assert_eq!(rounded(epoch - step), epoch - step);
        assert_eq!(round_down(epoch + step, Duration::ZERO), epoch + step);
    }
}
