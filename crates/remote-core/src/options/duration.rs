//! Lengths of time, such as `1h30m` or `1.5d`.

use std::{
    fmt::{self, Write as _},
    str::FromStr,
    time::{Duration, SystemTime},
};

use super::{ParseValueError, date, number::parse_float};

const EXPECTED: &str = "a duration such as 10s, 1h30m, 1.5d, 2w, a date, or off";

const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400 * SECOND;

/// Units that stand alone behind one number, the longest first.
const LONG_UNITS: [(&str, i64); 4] = [
    ("y", 365 * DAY),
    ("M", 30 * DAY),
    ("w", 7 * DAY),
    ("d", DAY),
];

/// A length of time as rclone writes it in options: `3m0s`, `1h30m`, `1.5d`, `2w`, `off`.
///
/// Either a sum of numbers with the units `ns`, `us`, `µs`, `ms`, `s`, `m`, `h`; or **one** number with `d`, `w`, `M` (30 days), `y`
/// (365 days) or nothing (seconds); or a date, meaning the time that has passed since; or `off`. Kept in nanoseconds, may be
/// negative. Units are case-sensitive: `1M` is a month, `1m` a minute.
///
/// # Examples
///
/// ```
/// use remote_core::options::OptionDuration;
///
/// let wait: OptionDuration = "36h".parse()?;
/// assert_eq!(wait.to_string(), "1.5d");
/// assert_eq!(wait.clock(), "36h0m0s");
/// assert_eq!(wait.readable(), "1d12h");
/// # Ok::<(), remote_core::options::ParseValueError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct OptionDuration(i64);

impl OptionDuration {
    /// No limit, or a feature that is switched off, depending on the option.
    pub const OFF: Self = Self(i64::MAX);

    /// Takes a number of nanoseconds.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// The length in nanoseconds; `i64::MAX` when off.
    #[must_use]
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// The length, or nothing when off or negative.
    #[must_use]
    pub fn duration(self) -> Option<Duration> {
        if self == Self::OFF {
            None
        } else {
            u64::try_from(self.0).ok().map(Duration::from_nanos)
        }
    }

    /// Reads a duration; a date counts back from `now`, in the system's time zone unless it names its own.
    ///
    /// # Errors
    ///
    /// The text is not a duration, or does not fit 64 bits of nanoseconds. rclone goes on with a meaningless number in some
    /// of the latter cases.
    pub fn parse_at(text: &str, now: SystemTime) -> Result<Self, ParseValueError> {
        parse_relative(text)
            .or_else(|| date::parse_system(text).and_then(|date| since(date, now)))
            .ok_or(ParseValueError::new(EXPECTED))
    }

    /// The form with hours as the largest unit: `36h0m0s`, `1.5s`, `100ms`, `0s`.
    #[must_use]
    pub fn clock(self) -> String {
        let magnitude = self.0.unsigned_abs();
        let sign = if self.0 < 0 { "-" } else { "" };
        let second = SECOND.unsigned_abs();
        match magnitude {
            0 => "0s".to_owned(),
            1..1_000 => format!("{sign}{magnitude}ns"),
            1_000..1_000_000 => format!("{sign}{}µs", decimal(magnitude, 1_000)),
            1_000_000..1_000_000_000 => format!("{sign}{}ms", decimal(magnitude, 1_000_000)),
            _ => {
                let minutes = magnitude / (60 * second);
                let seconds = decimal(magnitude % (60 * second), second);
                match (minutes / 60, minutes % 60) {
                    (0, 0) => format!("{sign}{seconds}s"),
                    (0, minutes) => format!("{sign}{minutes}m{seconds}s"),
                    (hours, minutes) => format!("{sign}{hours}h{minutes}m{seconds}s"),
                }
            }
        }
    }

    /// The form for people, in whole units down to milliseconds: `1y5w`, `1d12h`, `27m50s`; `off`.
    ///
    /// What is shorter than a millisecond is not shown, so that very short durations print as nothing, like in rclone.
    #[must_use]
    pub fn readable(self) -> String {
        const MILLISECOND: i64 = SECOND / 1_000;
        const UNITS: [(&str, i64); 7] = [
            ("y", 365 * DAY),
            ("w", 7 * DAY),
            ("d", DAY),
            ("h", 3_600 * SECOND),
            ("m", 60 * SECOND),
            ("s", SECOND),
            ("ms", MILLISECOND),
        ];
        if self == Self::OFF {
            return "off".to_owned();
        }
        if self.0 == 0 {
            return "0s".to_owned();
        }
        let mut text = String::from(if self.0 < 0 { "-" } else { "" });
        let mut rest = self.magnitude_through_double();
        for (name, length) in UNITS {
            let count = rest / length;
            rest %= length;
            if count != 0 {
                // Writing into a string cannot fail.
                _ = write!(text, "{count}{name}");
            }
        }
        text
    }

    /// The absolute value, rounded to double precision like rclone does before it cuts it into units. The two ends
    /// of the range come out negative there, and so they do here.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "the rounding is part of the printed form"
    )]
    fn magnitude_through_double(self) -> i64 {
        let magnitude = (self.0 as f64).abs();
        if magnitude >= 2f64.powi(63) {
            i64::MIN
        } else {
            magnitude as i64
        }
    }
}

impl fmt::Display for OptionDuration {
    #[expect(
        clippy::cast_precision_loss,
        reason = "long durations print as a decimal number of the unit"
    )]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::OFF {
            return f.write_str("off");
        }
        let value = self.0 as f64;
        match LONG_UNITS
            .iter()
            .find(|(_, length)| value.abs() >= *length as f64)
        {
            Some((name, length)) => write!(f, "{}{name}", value / *length as f64),
            None => f.write_str(&self.clock()),
        }
    }
}

impl FromStr for OptionDuration {
    type Err = ParseValueError;

    /// Reads a duration; a date counts back from the present. See [`OptionDuration::parse_at`].
    fn from_str(text: &str) -> Result<Self, ParseValueError> {
        Self::parse_at(text, SystemTime::now())
    }
}

/// Prints a quotient with as many decimals as it has.
fn decimal(value: u64, unit: u64) -> String {
    let digits = unit.ilog10() as usize;
    let text = format!("{}.{:0digits$}", value / unit, value % unit);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn since(date: SystemTime, now: SystemTime) -> Option<OptionDuration> {
    let nanos = match now.duration_since(date) {
        Ok(past) => i64::try_from(past.as_nanos()).unwrap_or(i64::MAX),
        Err(future) => i64::try_from(future.duration().as_nanos()).map_or(i64::MIN, |nanos| -nanos),
    };
    Some(OptionDuration(nanos))
}

fn parse_relative(text: &str) -> Option<OptionDuration> {
    if text == "off" {
        return Some(OptionDuration::OFF);
    }
    parse_clock(text)
        .or_else(|| parse_single(text))
        .map(OptionDuration)
}

/// Reads numbers with units, added up: `1h2m3.5s`.
fn parse_clock(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total = 0u64;
    while !rest.is_empty() {
        let (nanos, after) = parse_pair(rest)?;
        total = total.checked_add(nanos).filter(|&total| total <= 1 << 63)?;
        rest = after;
    }
    if negative {
        0i64.checked_sub_unsigned(total)
    } else {
        i64::try_from(total).ok()
    }
}

/// Reads one number and its unit; returns nanoseconds and the rest of the text.
fn parse_pair(text: &str) -> Option<(u64, &str)> {
    let number_end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, rest) = text.split_at(number_end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
        return None;
    }
    let unit_end = rest
        .find(|c: char| c.is_ascii_digit() || c == '.')
        .unwrap_or(rest.len());
    let (unit, rest) = rest.split_at(unit_end);
    let unit: u64 = match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    };
    let whole: u64 = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    let nanos = whole
        .checked_mul(unit)?
        .checked_add(fraction_of(fraction, unit))?;
    Some((nanos, rest))
}

/// The value of the digits behind the decimal point in nanoseconds, cut to whole ones.
fn fraction_of(digits: &str, unit: u64) -> u64 {
    // Digits beyond the eighteenth are below a nanosecond of every unit.
    let (mut value, mut scale) = (0u128, 1u128);
    for digit in digits.bytes().take(18) {
        value = value * 10 + u128::from(digit - b'0');
        scale *= 10;
    }
    u64::try_from(value * u128::from(unit) / scale).unwrap_or(u64::MAX)
}

/// Reads one number with one long unit, or with none for seconds: `1.5d`, `-2w`, `1e3`.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "computed in double precision and cut, with the range checked"
)]
fn parse_single(text: &str) -> Option<i64> {
    let long = LONG_UNITS
        .iter()
        .find_map(|(name, length)| Some((text.strip_suffix(name)?, *length)));
    let (number, length) = long.unwrap_or((text, SECOND));
    let nanos = parse_float(number).ok()? * length as f64;
    (nanos >= -(2f64.powi(63)) && nanos < 2f64.powi(63)).then_some(nanos as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_counts_back_from_the_given_moment() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_136_214_245 + 60);
        let parsed = OptionDuration::parse_at("2006-01-02T15:04:05Z", now).unwrap();
        assert_eq!(parsed.to_string(), "1m0s");
        let parsed = OptionDuration::parse_at("2006-01-02T15:06:05Z", now).unwrap();
        assert_eq!(parsed.to_string(), "-1m0s");
    }

    #[test]
    fn a_date_too_far_away_is_the_longest_duration() {
        let now = SystemTime::UNIX_EPOCH;
        assert_eq!(
            OptionDuration::parse_at("0001-01-01T00:00:00Z", now),
            Ok(OptionDuration(i64::MAX))
        );
        assert_eq!(
            OptionDuration::parse_at("9999-01-01T00:00:00Z", now),
            Ok(OptionDuration(i64::MIN))
        );
    }

    #[test]
    fn long_fractions_are_cut_not_refused() {
        assert_eq!(
            "0.1234567890123456789012345s".parse(),
            Ok(OptionDuration(123_456_789))
        );
    }

    #[test]
    fn negative_and_unlimited_durations_have_no_std_form() {
        assert_eq!(OptionDuration::OFF.duration(), None);
        assert_eq!(OptionDuration(-1).duration(), None);
        assert_eq!(OptionDuration(5).duration(), Some(Duration::from_nanos(5)));
    }
}
