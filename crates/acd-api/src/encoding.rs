//! Which characters of a file name the service does not store.

use remote_core::encoding::Encoding;

/// The encoding of names unless the option `encoding` says otherwise: `Slash,InvalidUtf8,Dot`, as in rclone.
///
/// * `Slash`: paths are made of names here, so a slash in a name would be lost. No client has sent one.
/// * `InvalidUtf8`: names travel in JSON, which holds text only.
/// * `Dot`: `.` and `..` mean something else in paths.
///
/// Control characters are sent as they are, escaped by JSON; rclone does the same.
pub const DEFAULT_ENCODING: Encoding = Encoding::SLASH
    .union(Encoding::INVALID_UTF8)
    .union(Encoding::DOT);
