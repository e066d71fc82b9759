//! Between the Standard form and the one a service stores.

use std::borrow::Cow;

use super::Encoding;
use super::rewriter::Rewriter;

/// Rewrites one name from the encoding `from` to the encoding `to`.
///
/// Between equal encodings the name is passed through, even one that is not canonical; rclone does so too.
pub(super) fn convert_name(from: Encoding, to: Encoding, name: &[u8]) -> Cow<'_, [u8]> {
    if from == to {
        return Cow::Borrowed(name);
    }
    let raw = match from.decode(name) {
        Cow::Borrowed(raw) => return to.encode(raw),
        Cow::Owned(raw) => raw,
    };
    let changed = match to.encode(&raw) {
        Cow::Borrowed(_) => None,
        Cow::Owned(encoded) => Some(encoded),
    };
    let encoded = changed.unwrap_or(raw);
    if encoded == name {
        Cow::Borrowed(name)
    } else {
        Cow::Owned(encoded)
    }
}

/// Rewrites each segment of a path. It is split before decoding, because a decoded segment may hold a `/` of its own.
pub(super) fn convert_path(from: Encoding, to: Encoding, path: &[u8]) -> Cow<'_, [u8]> {
    if from == to {
        return Cow::Borrowed(path);
    }
    let mut rewriter = Rewriter::new(path);
    let mut start = 0;
    for segment in path.split(|&byte| byte == b'/') {
        let end = start + segment.len();
        if let Cow::Owned(converted) = convert_name(from, to, segment) {
            rewriter.replace(start..end, &converted);
        }
        start = end + 1;
    }
    rewriter.finish()
}
