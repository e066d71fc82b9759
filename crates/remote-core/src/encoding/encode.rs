//! From a raw name to the one the service stores.

use std::borrow::Cow;
use std::ops::Range;

use super::Encoding;
use super::lookalike::{self, ALWAYS, ATTENTION, DOTS, QUOTE};
use super::rewriter::Rewriter;

pub(super) fn encode(encoding: Encoding, name: &[u8]) -> Cow<'_, [u8]> {
    if encoding == Encoding::RAW {
        return Cow::Borrowed(name);
    }
    if encoding.contains(Encoding::DOT)
        && let Some((_, encoded)) = DOTS.iter().find(|(raw, _)| raw.as_bytes() == name)
    {
        return Cow::Owned(encoded.as_bytes().to_vec());
    }
    let classes = encoding.bits() | ALWAYS;
    let mut rewriter = Rewriter::new(name);

    let first = first(name, classes);
    let start = first.map_or(0, Edge::len);
    // The two ends never share a character: a name of one character is a matter for its start.
    let last = last(&name[start..], classes);
    let end = name.len() - last.map_or(0, Edge::len);

    if let Some(edge) = first {
        edge.write(&mut rewriter, 0);
    }
    encode_body(name, start..end, classes, &mut rewriter);
    if let Some(edge) = last {
        edge.write(&mut rewriter, end);
    }
    rewriter.finish()
}

/// The first or last character of a name, when a class cares for that position.
#[derive(Clone, Copy)]
enum Edge {
    Raw(u8),
    Lookalike,
}

impl Edge {
    const fn len(self) -> usize {
        match self {
            Self::Raw(_) => 1,
            Self::Lookalike => 3,
        }
    }

    fn write(self, rewriter: &mut Rewriter<'_>, at: usize) {
        match self {
            Self::Raw(raw) => rewriter.replace(at..at + 1, &lookalike::of(raw)),
            Self::Lookalike => rewriter.insert(at, QUOTE),
        }
    }
}

fn first(name: &[u8], classes: u64) -> Option<Edge> {
    let raw = *name.first()?;
    if lookalike::leftmost(raw) & classes != 0 {
        return Some(Edge::Raw(raw));
    }
    let original = lookalike::original(name)?;
    (lookalike::leftmost(original) & classes != 0).then_some(Edge::Lookalike)
}

fn last(name: &[u8], classes: u64) -> Option<Edge> {
    let raw = *name.last()?;
    if lookalike::rightmost(raw) & classes != 0 {
        return Some(Edge::Raw(raw));
    }
    let original = lookalike::original(name.last_chunk::<3>()?)?;
    (lookalike::rightmost(original) & classes != 0).then_some(Edge::Lookalike)
}

fn encode_body(name: &[u8], body: Range<usize>, classes: u64, rewriter: &mut Rewriter<'_>) {
    let bytes = &name[body.clone()];
    if classes & Encoding::INVALID_UTF8.bits() == 0 || str::from_utf8(bytes).is_ok() {
        return encode_characters(name, body, classes, rewriter);
    }
    let mut at = body.start;
    for chunk in bytes.utf8_chunks() {
        let end = at + chunk.valid().len();
        encode_characters(name, at..end, classes, rewriter);
        at = end;
        for byte in chunk.invalid() {
            rewriter.replace(at..at + 1, format!("‛{byte:02X}").as_bytes());
            at += 1;
        }
    }
}

/// Replaces and quotes; invalid bytes are passed through.
fn encode_characters(name: &[u8], range: Range<usize>, classes: u64, rewriter: &mut Rewriter<'_>) {
    let Range { start: mut at, end } = range;
    while let Some(skipped) = name[at..end]
        .iter()
        .position(|&byte| ATTENTION[usize::from(byte)] & classes != 0)
    {
        at += skipped;
        let byte = name[at];
        if byte.is_ascii() {
            rewriter.replace(at..at + 1, &lookalike::of(byte));
            at += 1;
        } else if needs_quote(&name[at..end], classes) {
            rewriter.insert(at, QUOTE);
            at += 3;
        } else {
            at += 1;
        }
    }
}

fn needs_quote(text: &[u8], classes: u64) -> bool {
    text.starts_with(QUOTE)
        || lookalike::original(text).is_some_and(|raw| lookalike::anywhere(raw) & classes != 0)
}
