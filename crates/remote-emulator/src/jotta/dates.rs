//! The dates of the two interfaces. Everything is kept as milliseconds since the Unix epoch, whole seconds only.

const DAY: i64 = 86_400;

/// The first second of the year 1 and the last one of the year 9999: what four digits can say.
const RANGE: (i64, i64) = (-62_135_596_800, 253_402_300_799);

/// Date and time of day.
struct Civil {
    year: i64,
    month: i64,
    day: i64,
    seconds: i64,
}

/// Days since the epoch of a date of the proleptic Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn civil(ms: i64) -> Civil {
    let seconds = ms.div_euclid(1000).clamp(RANGE.0, RANGE.1);
    let shifted = seconds.div_euclid(DAY) + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    Civil {
        year: year + era * 400 + i64::from(month <= 2),
        month,
        day,
        seconds: seconds.rem_euclid(DAY),
    }
}

fn text(ms: i64, separator: &str, end: &str) -> String {
    let Civil {
        year,
        month,
        day,
        seconds,
    } = civil(ms);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}{separator}{hour:02}:{minute:02}:{second:02}{end}")
}

/// `2026-03-04-T05:06:07Z`
pub(crate) fn jfs(ms: i64) -> String {
    text(ms, "-T", "Z")
}

/// `2026-03-04T05:06:07.000Z`
pub(crate) fn rfc3339_millis(ms: i64) -> String {
    text(ms, "T", ".000Z")
}

/// `2026-03-04T05:06:07.000000000Z`
pub(crate) fn rfc3339_nanos(ms: i64) -> String {
    text(ms, "T", ".000000000Z")
}

/// Drops what is finer than a second, and what four digits of a year cannot say.
pub(crate) fn whole_seconds(ms: i64) -> i64 {
    ms.div_euclid(1000).clamp(RANGE.0, RANGE.1) * 1000
}

/// Reads the service's own form and RFC 3339, with any offset and fraction; `None` for anything else.
pub(crate) fn parse(text: &str) -> Option<i64> {
    let (date, time) = match text.split_once("-T") {
        Some(parts) => parts,
        None => text.split_once('T')?,
    };
    let mut parts = date.split('-');
    let year = digits(parts.next()?, 4)?;
    let month = digits(parts.next()?, 2)?;
    let day = digits(parts.next()?, 2)?;
    let valid = parts.next().is_none() && (1..=12).contains(&month) && (1..=31).contains(&day);
    let at = time.find(['Z', '+', '-'])?;
    let (clock, offset) = time.split_at_checked(at)?;
    let mut parts = clock.split(':');
    let hour = digits(parts.next()?, 2)?;
    let minute = digits(parts.next()?, 2)?;
    let second = parts.next()?;
    let (second, fraction) = second.split_once('.').unwrap_or((second, "0"));
    let second = digits(second, 2)?;
    let fraction = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let valid = valid && fraction && parts.next().is_none();
    if !valid || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let seconds = days(year, month, day) * DAY + hour * 3600 + minute * 60 + second;
    Some(whole_seconds((seconds - offset_seconds(offset)?) * 1000))
}

/// `Z`, `+0100` or `+01:00` in seconds.
fn offset_seconds(text: &str) -> Option<i64> {
    if text == "Z" {
        return Some(0);
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let rest = text.get(1..)?.replacen(':', "", 1);
    let number = digits(&rest, 4)?;
    Some(sign * (number / 100 * 3600 + number % 100 * 60))
}

fn digits(text: &str, count: usize) -> Option<i64> {
    let valid = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    valid.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_written_and_read() {
        let ms = 1_772_600_767_000;
        assert_eq!(jfs(ms), "2026-03-04-T05:06:07Z");
        assert_eq!(rfc3339_millis(ms), "2026-03-04T05:06:07.000Z");
        for text in [
            "2026-03-04-T05:06:07Z",
            "2026-03-04-T06:06:07+0100",
            "2026-03-04T05:06:07Z",
            "2026-03-04T04:06:07.987-01:00",
        ] {
            assert_eq!(parse(text), Some(ms), "{text}");
        }
    }

    #[test]
    fn odd_years_come_back_with_four_digits() {
        let year_one = parse("0001-01-01-T00:00:00Z").unwrap();
        assert_eq!(jfs(year_one), "0001-01-01-T00:00:00Z");
        assert_eq!(jfs(-1), "1969-12-31-T23:59:59Z");
        assert_eq!(jfs(i64::MIN), "0001-01-01-T00:00:00Z");
        assert_eq!(jfs(i64::MAX), "9999-12-31-T23:59:59Z");
        assert_eq!(parse("1969-12-31-T23:59:59Z"), Some(-1000));
        assert_eq!(jfs(951_782_400_000), "2000-02-29-T00:00:00Z");
    }

    #[test]
    fn anything_else_is_no_date() {
        for text in [
            "",
            "now",
            "2026-3-4-T05:06:07Z",
            "2026-13-04-T05:06:07Z",
            "2026-03-04",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
