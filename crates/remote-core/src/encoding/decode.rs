//! From the name the service stores to the raw one.

use std::borrow::Cow;
use std::ops::Range;

use super::Encoding;
use super::lookalike::{self, ALWAYS, DOTS, QUOTE};
use super::rewriter::Rewriter;

/// The length of a look-alike, which is also that of the quote.
const WIDTH: usize = QUOTE.len();

pub(super) fn decode(encoding: Encoding, name: &[u8]) -> Cow<'_, [u8]> {
    if encoding == Encoding::RAW {
        return Cow::Borrowed(name);
    }
    if encoding.contains(Encoding::DOT)
        && let Some((raw, _)) = DOTS.iter().find(|(_, encoded)| encoded.as_bytes() == name)
    {
        return Cow::Owned(raw.as_bytes().to_vec());
    }
    let classes = encoding.bits() | ALWAYS;
    let mut rewriter = Rewriter::new(name);
    let start = decode_first(name, classes, &mut rewriter);
    let (end, last) = last(name, start, classes);
    decode_body(name, start..end, classes, &mut rewriter);
    match last {
        Some(Edge::Lookalike(raw)) => rewriter.replace(end..name.len(), &[raw]),
        Some(Edge::Quoted) => rewriter.remove(end..end + WIDTH),
        None => {}
    }
    rewriter.finish()
}

/// Takes off what a class for the first character put there and returns where the rest starts.
fn decode_first(name: &[u8], classes: u64, rewriter: &mut Rewriter<'_>) -> usize {
    let replaced = |text: &[u8]| {
        lookalike::original(text).filter(|&raw| lookalike::leftmost(raw) & classes != 0)
    };
    if let Some(raw) = replaced(name) {
        rewriter.replace(0..WIDTH, &[raw]);
        return WIDTH;
    }
    if name.strip_prefix(QUOTE).and_then(replaced).is_some() {
        rewriter.remove(0..WIDTH);
        return 2 * WIDTH;
    }
    0
}

enum Edge {
    /// The look-alike of this character.
    Lookalike(u8),
    /// A quote and a look-alike, which stands for itself.
    Quoted,
}

/// Finds what a class for the last character put at the end of `name[start..]`, and where that begins.
fn last(name: &[u8], start: usize, classes: u64) -> (usize, Option<Edge>) {
    let rest = &name[start..];
    let original = rest
        .last_chunk::<WIDTH>()
        .and_then(|text| lookalike::original(text))
        .filter(|&raw| lookalike::rightmost(raw) & classes != 0);
    let Some(raw) = original else {
        return (name.len(), None);
    };
    let end = name.len() - WIDTH;
    // Taking any quote here, even the second of a doubled one, is what rclone does; it is why a few names do not survive.
    if name[start..end].ends_with(QUOTE) {
        (end - WIDTH, Some(Edge::Quoted))
    } else {
        (end, Some(Edge::Lookalike(raw)))
    }
}

fn decode_body(name: &[u8], body: Range<usize>, classes: u64, rewriter: &mut Rewriter<'_>) {
    let replaced = |text: &[u8]| {
        lookalike::original(text).filter(|&raw| lookalike::anywhere(raw) & classes != 0)
    };
    let Range { start: mut at, end } = body;
    while let Some(skipped) = name[at..end].iter().position(|&byte| is_lead(byte)) {
        at += skipped;
        let text = &name[at..end];
        if let Some(raw) = replaced(text) {
            rewriter.replace(at..at + WIDTH, &[raw]);
            at += WIDTH;
        } else if let Some(quoted) = text.strip_prefix(QUOTE) {
            if quoted.starts_with(QUOTE) || replaced(quoted).is_some() {
                rewriter.remove(at..at + WIDTH);
                at += 2 * WIDTH;
            } else if let Some(byte) = invalid_byte(quoted, classes) {
                rewriter.replace(at..at + WIDTH + 2, &[byte]);
                at += WIDTH + 2;
            } else {
                // A quote that quotes nothing stays, and so does what follows.
                at += WIDTH;
            }
        } else {
            at += 1;
        }
    }
}

/// Whether a look-alike or the quote may start with this byte.
const fn is_lead(byte: u8) -> bool {
    matches!(byte, 0xE2 | 0xEF)
}

/// The byte that two hexadecimal digits after a quote stand for.
fn invalid_byte(quoted: &[u8], classes: u64) -> Option<u8> {
    if classes & Encoding::INVALID_UTF8.bits() == 0 {
        return None;
    }
    let &[high, low] = quoted.first_chunk::<2>()?;
    Some(hex_value(high)? << 4 | hex_value(low)?)
}

const fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}
