//! `Range` headers as the service reads them, which is stricter than HTTP asks for.

use std::ops::Range;

/// What to send.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Wanted {
    /// The whole content with 200.
    All,
    /// Nothing fits: 416.
    None,
    /// These bytes with 206.
    Part(Range<u64>),
}

/// Reads a `Range` value for a content of `total` bytes.
pub(crate) fn wanted(header: &[u8], total: u64) -> Wanted {
    let parsed = std::str::from_utf8(header)
        .ok()
        .and_then(|text| text.strip_prefix("bytes="))
        .and_then(|spec| spec.split_once('-'));
    let Some((first, last)) = parsed else {
        return Wanted::None;
    };
    if total == 0 {
        // A range of an empty file cannot be written down, so one that starts at its beginning gets all of it.
        let starts_at_zero =
            number(first) == Some(0) && (last.is_empty() || number(last).is_some());
        return if starts_at_zero {
            Wanted::All
        } else {
            Wanted::None
        };
    }
    let range = match (first, last) {
        ("", suffix) => number(suffix)
            .filter(|length| (1..=total).contains(length))
            .map(|length| total - length..total),
        (first, "") => number(first).map(|first| first..total),
        (first, last) => number(first)
            .zip(number(last))
            .filter(|(first, last)| first <= last)
            .map(|(first, last)| first..total.min(last.saturating_add(1))),
    };
    match range.filter(|range| range.start < total) {
        Some(range) => Wanted::Part(range),
        None => Wanted::None,
    }
}

/// Digits only; `parse` alone would take a sign.
fn number(text: &str) -> Option<u64> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_a_file_of_ten_bytes() {
        let rows: [(&str, Wanted); 9] = [
            ("bytes=0-0", Wanted::Part(0..1)),
            ("bytes=2-4", Wanted::Part(2..5)),
            ("bytes=5-", Wanted::Part(5..10)),
            ("bytes=-3", Wanted::Part(7..10)),
            ("bytes=0-9", Wanted::Part(0..10)),
            ("bytes=0-10", Wanted::Part(0..10)),
            ("bytes=-10", Wanted::Part(0..10)),
            ("bytes=8-100", Wanted::Part(8..10)),
            ("bytes=9-18446744073709551615", Wanted::Part(9..10)),
        ];
        for (header, expected) in rows {
            assert_eq!(wanted(header.as_bytes(), 10), expected, "{header}");
        }
        for header in [
            "bytes=10-",
            "bytes=10-12",
            "bytes=12-9",
            "bytes=-0",
            "bytes=-11",
            "bytes=0-1,3-4",
            "bytes=",
            "bytes=-",
            "bytes= 0-1",
            "items=0-1",
            "",
            "bytes=+1-2",
            "bytes=99999999999999999999-",
            "bytes=a-b",
        ] {
            assert_eq!(wanted(header.as_bytes(), 10), Wanted::None, "{header}");
        }
    }

    #[test]
    fn an_empty_file_is_sent_whole_for_ranges_from_its_start() {
        for header in ["bytes=0-", "bytes=0-0", "bytes=0-99"] {
            assert_eq!(wanted(header.as_bytes(), 0), Wanted::All, "{header}");
        }
        for header in ["bytes=1-", "bytes=-1", "bytes=-0", "bytes=", "x"] {
            assert_eq!(wanted(header.as_bytes(), 0), Wanted::None, "{header}");
        }
    }
}
