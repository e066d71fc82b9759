//! Dates in option values.

use std::time::SystemTime;

use jiff::{
    Timestamp,
    civil::{Date, DateTime, Time},
    tz::{Offset, TimeZone},
};

/// Reads a date; one without a zone counts in the system's time zone.
///
/// The accepted forms are `2006-01-02T15:04:05Z` (or with `+07:00`, or without a zone), `2006-01-02 15:04:05` and
/// `2006-01-02`. Seconds may have a fraction, of which nine digits count.
pub(super) fn parse_system(text: &str) -> Option<SystemTime> {
    // Looking up the zone touches the file system; most texts are no dates at all.
    let parts = split(text)?;
    let zone = match parts.offset {
        Some(offset) => TimeZone::fixed(offset),
        None => TimeZone::system(),
    };
    Some(in_zone(parts.civil, &zone))
}

fn in_zone(civil: DateTime, zone: &TimeZone) -> SystemTime {
    // Some moments of the last and the first representable year have no timestamp. They are thousands of years away,
    // where a day more or less makes no difference to a duration of at most 292 years.
    let edge = if civil.year() > 0 {
        Timestamp::MAX
    } else {
        Timestamp::MIN
    };
    zone.to_ambiguous_timestamp(civil)
        .compatible()
        .unwrap_or(edge)
        .into()
}

struct Parts {
    civil: DateTime,
    offset: Option<Offset>,
}

fn split(text: &str) -> Option<Parts> {
    if !text.is_ascii() {
        return None;
    }
    let (date, rest) = text.split_at_checked(10)?;
    let date = parse_date(date)?;
    let Some(separator) = rest.chars().next() else {
        return Some(Parts {
            civil: date.to_datetime(Time::midnight()),
            offset: None,
        });
    };
    if separator != 'T' && separator != ' ' {
        return None;
    }
    let (time, zone) = parse_time(rest.get(1..)?)?;
    let offset = if zone.is_empty() {
        None
    } else {
        Some(parse_offset(zone)?)
    };
    if separator == ' ' && offset.is_some() {
        return None;
    }
    Some(Parts {
        civil: date.to_datetime(time),
        offset,
    })
}

fn parse_date(text: &str) -> Option<Date> {
    let (year, rest) = text.split_once('-')?;
    let (month, day) = rest.split_once('-')?;
    Date::new(
        digits(year, 4)?,
        i8::try_from(digits(month, 2)?).ok()?,
        i8::try_from(digits(day, 2)?).ok()?,
    )
    .ok()
}

/// Reads the time of day and returns what follows it.
fn parse_time(text: &str) -> Option<(Time, &str)> {
    let (hour, rest) = text.split_once(':')?;
    let (minute, rest) = rest.split_once(':')?;
    let (second, rest) = rest.split_at_checked(2)?;
    // rclone takes an hour of one digit too.
    let hour = digits(hour, hour.len().clamp(1, 2))?;
    let (nanos, rest) = parse_fraction(rest);
    let part = |value: i16| i8::try_from(value).ok();
    let second = digits(second, 2).filter(|&second| second < 60)?;
    let time = Time::new(part(hour)?, part(digits(minute, 2)?)?, part(second)?, nanos).ok()?;
    Some((time, rest))
}

/// Reads a fraction behind `.` or `,`; without one the text is returned whole.
fn parse_fraction(text: &str) -> (i32, &str) {
    let Some(after) = text.strip_prefix(['.', ',']) else {
        return (0, text);
    };
    let end = after
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(after.len());
    if end == 0 {
        return (0, text);
    }
    let (fraction, rest) = after.split_at(end);
    let nanos = fraction
        .bytes()
        .chain(std::iter::repeat(b'0'))
        .take(9)
        .fold(0, |value, digit| value * 10 + i32::from(digit - b'0'));
    (nanos, rest)
}

fn parse_offset(text: &str) -> Option<Offset> {
    if text == "Z" {
        return Some(Offset::UTC);
    }
    let sign = match text.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    let hours = digits(hours, 2).filter(|&hours| hours <= 24)?;
    let minutes = digits(minutes, 2).filter(|&minutes| minutes < 60)?;
    Offset::from_seconds(sign * (i32::from(hours) * 3_600 + i32::from(minutes) * 60)).ok()
}

fn digits(text: &str, count: usize) -> Option<i16> {
    (text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn seconds(text: &str) -> Option<u64> {
        let parts = split(text)?;
        let zone = parts
            .offset
            .map_or_else(|| TimeZone::fixed(Offset::constant(1)), TimeZone::fixed);
        in_zone(parts.civil, &zone)
            .duration_since(SystemTime::UNIX_EPOCH)
            .ok()
            .map(|time| time.as_secs())
    }

    #[test]
    fn a_zone_in_the_text_wins_over_the_local_one() {
        assert_eq!(seconds("2006-01-02T15:04:05Z"), Some(1_136_214_245));
        assert_eq!(
            seconds("2006-01-02T15:04:05+07:00"),
            Some(1_136_214_245 - 7 * 3_600)
        );
        assert_eq!(seconds("2006-01-02T15:04:05"), Some(1_136_214_245 - 3_600));
        assert_eq!(seconds("2006-01-02 15:04:05"), Some(1_136_214_245 - 3_600));
        assert_eq!(seconds("1970-01-02"), Some(82_800));
    }

    #[test]
    fn fractions_count_nine_digits() {
        assert_eq!(parse_fraction(".5Z"), (500_000_000, "Z"));
        assert_eq!(parse_fraction(",1234567899"), (123_456_789, ""));
        assert_eq!(parse_fraction(".Z"), (0, ".Z"));
    }

    #[test]
    fn other_forms_are_refused() {
        for text in [
            "2021-02-29",
            "2006-01-02T24:00:00",
            "2006-01-02 15:04:05Z",
            "2006-01-02T15:04",
            "2006-1-02",
            "2006-01-02Z",
            "2006-01-02T15:04:60Z",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
        assert!(
            parse_system("2006-01-02")
                .is_some_and(|time| time > SystemTime::UNIX_EPOCH + Duration::from_secs(1))
        );
    }
}
