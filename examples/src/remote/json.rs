//! JSON as rclone prints it: which characters are escaped, how times are written.

use std::time::{Duration, SystemTime};

use jiff::{
    Timestamp,
    tz::{Offset, TimeZone},
};

/// Appends a string in quotes.
///
/// `<`, `>`, `&` and two line separators are escaped besides what must be, and each byte that is not UTF-8 becomes U+FFFD.
pub(super) fn push_string(line: &mut Vec<u8>, text: &[u8]) {
    line.push(b'"');
    match std::str::from_utf8(text) {
        Ok(text) => push_text(line, text),
        Err(_some_bytes) => {
            for chunk in text.utf8_chunks() {
                push_text(line, chunk.valid());
                for _ in chunk.invalid() {
                    line.extend_from_slice(b"\\ufffd");
                }
            }
        }
    }
    line.push(b'"');
}

/// Most names have nothing to escape and are copied in one piece.
fn push_text(line: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    let mut done = 0;
    for (place, &byte) in bytes.iter().enumerate() {
        let Some((escape, length)) = escape(byte, bytes.get(place..).unwrap_or_default()) else {
            continue;
        };
        line.extend_from_slice(bytes.get(done..place).unwrap_or_default());
        match escape {
            Escape::Short(c) => line.extend_from_slice(&[b'\\', c]),
            Escape::Long(code) => line.extend_from_slice(format!("\\u{code:04x}").as_bytes()),
        }
        done = place + length;
    }
    line.extend_from_slice(bytes.get(done..).unwrap_or_default());
}

enum Escape {
    Short(u8),
    Long(u32),
}

/// How the character at the start of `rest` is escaped, if it is, and how many bytes it takes.
fn escape(byte: u8, rest: &[u8]) -> Option<(Escape, usize)> {
    let escape = match byte {
        b'"' | b'\\' => Escape::Short(byte),
        b'\n' => Escape::Short(b'n'),
        b'\r' => Escape::Short(b'r'),
        b'\t' => Escape::Short(b't'),
        0x08 => Escape::Short(b'b'),
        0x0c => Escape::Short(b'f'),
        ..0x20 | b'<' | b'>' | b'&' => Escape::Long(byte.into()),
        // U+2028 and U+2029 end lines in JavaScript.
        0xe2 => match rest {
            [_, 0x80, 0xa8, ..] => return Some((Escape::Long(0x2028), 3)),
            [_, 0x80, 0xa9, ..] => return Some((Escape::Long(0x2029), 3)),
            _ => return None,
        },
        _ => return None,
    };
    Some((escape, 1))
}

/// Appends a number.
pub(super) fn push_number(line: &mut Vec<u8>, number: u64) {
    let mut digits = [0; 20];
    let mut start = digits.len();
    let mut rest = number;
    loop {
        start -= 1;
        if let (Some(digit), Ok(value)) = (digits.get_mut(start), u8::try_from(rest % 10)) {
            *digit = b'0' + value;
        }
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    line.extend_from_slice(digits.get(start..).unwrap_or_default());
}

/// Writes times in a zone, with the digits that the precision of the remote has.
#[derive(Debug)]
pub(super) struct Clock {
    zone: TimeZone,
    fraction_digits: u32,
}

impl Clock {
    /// In the zone of this machine, for a remote that keeps times in these steps, or none.
    pub(super) fn local(precision: Option<Duration>) -> Self {
        Self::in_zone(TimeZone::system(), precision)
    }

    pub(super) fn in_zone(zone: TimeZone, precision: Option<Duration>) -> Self {
        let nanos = precision.map_or(u128::MAX, |precision| precision.as_nanos());
        // As many digits as it takes to write one step.
        let zeros = (0..9).find(|zeros| nanos <= 10_u128.pow(*zeros));
        let fraction_digits = zeros.map_or(0, |zeros| 9 - zeros);
        Self {
            zone,
            fraction_digits,
        }
    }

    /// Appends a time such as `2026-01-02T03:04:05.678Z`; what is not known or out of range is the start of the year 2000 in UTC.
    pub(super) fn push(&self, line: &mut Vec<u8>, time: Option<SystemTime>) {
        let known = time.and_then(|time| Timestamp::try_from(time).ok());
        let (time, offset) = match known {
            Some(time) => (time, self.zone.to_offset(time)),
            None => (UNKNOWN_TIME, Offset::UTC),
        };
        let local = offset.to_datetime(time);
        let (date, clock) = (local.date(), local.time());
        push_digits(line, date.year().into(), 4);
        for (separator, value) in [
            (b'-', date.month()),
            (b'-', date.day()),
            (b'T', clock.hour()),
            (b':', clock.minute()),
            (b':', clock.second()),
        ] {
            line.push(separator);
            push_digits(line, value.into(), 2);
        }
        if self.fraction_digits > 0 {
            line.push(b'.');
            let unit = 10_i32.pow(9 - self.fraction_digits);
            push_digits(line, clock.subsec_nanosecond() / unit, self.fraction_digits);
        }
        push_offset(line, offset.seconds());
    }
}

/// The start of the year 2000: what rclone prints for the times of folders that the service does not tell.
const UNKNOWN_TIME: Timestamp = Timestamp::constant(946_684_800, 0);

fn push_offset(line: &mut Vec<u8>, seconds: i32) {
    if seconds == 0 {
        return line.push(b'Z');
    }
    line.push(if seconds < 0 { b'-' } else { b'+' });
    let minutes = seconds.abs() / 60;
    push_digits(line, minutes / 60, 2);
    line.push(b':');
    push_digits(line, minutes % 60, 2);
}

fn push_digits(line: &mut Vec<u8>, value: i32, digits: u32) {
    let mut rest = value.unsigned_abs();
    for place in (0..digits).rev() {
        let unit = 10_u32.pow(place);
        let digit = u8::try_from(rest / unit % 10).unwrap_or_default();
        line.push(b'0' + digit);
        rest %= unit;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn string(text: &[u8]) -> String {
        let mut line = Vec::new();
        push_string(&mut line, text);
        String::from_utf8(line).unwrap()
    }

    fn time(zone: TimeZone, precision: Duration, time: Option<SystemTime>) -> String {
        let mut line = Vec::new();
        Clock::in_zone(zone, Some(precision)).push(&mut line, time);
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn strings_are_escaped_like_rclone_escapes_them() {
        for (text, expected) in [
            (&b"plain"[..], "\"plain\""),
            ("né ☃".as_bytes(), "\"né ☃\""),
            (b"a<b>&\"\\", r#""a\u003cb\u003e\u0026\"\\""#),
            (
                b"\n\r\t\x08\x0c\x01\x7f",
                "\"\\n\\r\\t\\b\\f\\u0001\u{7f}\"",
            ),
            (
                "\u{2028}x\u{2029}\u{2027}".as_bytes(),
                "\"\\u2028x\\u2029\u{2027}\"",
            ),
            (b"a\xff\xfeb", r#""a\ufffd\ufffdb""#),
        ] {
            assert_eq!(string(text), expected);
        }
    }

    #[test]
    fn strings_read_back() {
        for text in ["", "a\"b", "\u{0}\u{1f}\u{2028}é<&>\\", "😀"] {
            let read: String = serde_json::from_str(&string(text.as_bytes())).unwrap();
            assert_eq!(read, text);
        }
    }

    #[test]
    fn numbers_are_decimal() {
        for number in [0, 7, 10, 1_000_000_007, u64::MAX] {
            let mut line = Vec::new();
            push_number(&mut line, number);
            assert_eq!(line, number.to_string().as_bytes());
        }
    }

    // As rclone 1.75.2 prints them.
    #[test]
    fn times_have_the_digits_of_the_precision_and_the_zone() {
        let millisecond = Duration::from_millis(1);
        let at = SystemTime::UNIX_EPOCH + Duration::from_millis(1_767_323_045_678);
        for (precision, expected) in [
            (Duration::from_nanos(1), "2026-01-02T03:04:05.678000000Z"),
            (Duration::from_nanos(100), "2026-01-02T03:04:05.6780000Z"),
            (millisecond, "2026-01-02T03:04:05.678Z"),
            (Duration::from_secs(1), "2026-01-02T03:04:05Z"),
            (Duration::from_secs(2), "2026-01-02T03:04:05Z"),
        ] {
            assert_eq!(time(TimeZone::UTC, precision, Some(at)), expected);
        }
        let zone = TimeZone::fixed(jiff::tz::offset(-3));
        assert_eq!(
            time(zone, millisecond, Some(at)),
            "2026-01-02T00:04:05.678-03:00"
        );
        let before = SystemTime::UNIX_EPOCH - Duration::from_nanos(1);
        assert_eq!(
            time(TimeZone::UTC, millisecond, Some(before)),
            "1969-12-31T23:59:59.999Z"
        );
        let zone = TimeZone::fixed(jiff::tz::offset(5));
        assert_eq!(time(zone, millisecond, None), "2000-01-01T00:00:00.000Z");
    }
}
