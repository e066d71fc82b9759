//! Sizes with a suffix, such as `10Mi`.

use std::{fmt, str::FromStr};

use super::{ParseValueError, number::parse_float};

/// A number of bytes as rclone writes it in options: `100Ki`, `10Mi`, `1.5G`, `512B`, `off`.
///
/// **A number without a suffix counts kibibytes**, not bytes; the suffix `B` counts bytes. All suffixes are powers of 1024.
/// A negative number means "off".
///
/// `Display` prints rclone's short form, which keeps three decimals and prints values below 1024 without a
/// suffix; [`to_exact`](Self::to_exact) prints the form that reads back as the same number.
///
/// # Examples
///
/// ```
/// use remote_core::options::SizeSuffix;
///
/// let limit: SizeSuffix = "1.5M".parse()?;
/// assert_eq!(limit.bytes(), Some(1_572_864));
/// assert_eq!(limit.to_string(), "1.500Mi");
/// assert_eq!(limit.to_exact(), "1572864B");
/// # Ok::<(), remote_core::options::ParseValueError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SizeSuffix(i64);

impl SizeSuffix {
    /// No limit, or a feature that is switched off, depending on the option.
    pub const OFF: Self = Self(-1);

    /// Takes a number of bytes; every negative number means "off".
    #[must_use]
    pub const fn new(bytes: i64) -> Self {
        Self(bytes)
    }

    /// The number of bytes, or nothing when off.
    #[must_use]
    pub fn bytes(self) -> Option<u64> {
        u64::try_from(self.0).ok()
    }

    /// The number as stored: bytes, negative when off.
    #[must_use]
    pub const fn as_i64(self) -> i64 {
        self.0
    }

    /// The form that reads back as the same number: bytes with the suffix `B`, or `off`.
    #[must_use]
    pub fn to_exact(self) -> String {
        match self.0 {
            ..0 => "off".to_owned(),
            0 => "0".to_owned(),
            bytes => format!("{bytes}B"),
        }
    }

    /// The form for people: `1.500 KiB`, `512 B`, `off`.
    #[must_use]
    pub fn with_unit(self) -> String {
        if self.0 < 0 {
            return "off".to_owned();
        }
        let (number, suffix) = self.scaled();
        format!("{number} {suffix}B")
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "the printed form has three decimals"
    )]
    fn scaled(self) -> (String, &'static str) {
        const UNITS: [(u32, &str); 6] = [
            (60, "Ei"),
            (50, "Pi"),
            (40, "Ti"),
            (30, "Gi"),
            (20, "Mi"),
            (10, "Ki"),
        ];
        let unit = UNITS.iter().find(|(shift, _)| self.0 >= 1 << shift);
        let Some(&(shift, suffix)) = unit else {
            return (self.0.to_string(), "");
        };
        let scaled = self.0 as f64 / (1i64 << shift) as f64;
        let decimals = if scaled.fract() == 0.0 { 0 } else { 3 };
        (format!("{scaled:.decimals$}"), suffix)
    }
}

impl fmt::Display for SizeSuffix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 0 {
            return f.write_str("off");
        }
        let (number, suffix) = self.scaled();
        write!(f, "{number}{suffix}")
    }
}

impl FromStr for SizeSuffix {
    type Err = ParseValueError;

    /// Reads a size. A result that does not fit 63 bits, an infinity and a "not a number" are refused; rclone takes
    /// them and goes on with a meaningless number.
    fn from_str(text: &str) -> Result<Self, ParseValueError> {
        parse(text).ok_or(ParseValueError::new(EXPECTED))
    }
}

const EXPECTED: &str = "a size such as 10Mi, 1.5G, 512B or off (a plain number counts KiB)";

#[expect(
    clippy::cast_possible_truncation,
    reason = "the range is checked before, and the fraction is dropped on purpose"
)]
fn parse(text: &str) -> Option<SizeSuffix> {
    if text.eq_ignore_ascii_case("off") {
        return Some(SizeSuffix::OFF);
    }
    let (number, shift) = split_suffix(text)?;
    let number = parse_float(number).ok()?;
    if number.is_nan() || number < 0.0 {
        return None;
    }
    let bytes = number * 2f64.powi(shift);
    (bytes < 2f64.powi(63)).then_some(SizeSuffix(bytes as i64))
}

/// Cuts the suffix off and tells the power of two it stands for.
fn split_suffix(text: &str) -> Option<(&str, i32)> {
    let last = text.chars().next_back()?;
    let without = |count: usize| {
        text.len()
            .checked_sub(count)
            .and_then(|end| text.get(..end))
    };
    match last {
        '0'..='9' | '.' => Some((text, 10)),
        // Only a lower-case `i` before the `B` makes `KiB`; what ends in a bare `B` counts bytes.
        'b' | 'B' if text.len() > 2 && text.as_bytes().get(text.len() - 2) == Some(&b'i') => {
            Some((
                without(3)?,
                unit(*text.as_bytes().get(text.len().checked_sub(3)?)?)?,
            ))
        }
        'b' | 'B' => Some((without(1)?, 0)),
        'i' | 'I' => Some((
            without(2)?,
            unit(*text.as_bytes().get(text.len().checked_sub(2)?)?)?,
        )),
        _ => Some((without(1)?, unit(u8::try_from(last).ok()?)?)),
    }
}

fn unit(letter: u8) -> Option<i32> {
    match letter.to_ascii_lowercase() {
        b'k' => Some(10),
        b'm' => Some(20),
        b'g' => Some(30),
        b't' => Some(40),
        b'p' => Some(50),
        b'e' => Some(60),
        _ => None,
    }
}
