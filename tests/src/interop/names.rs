//! Difficult names, times and sizes of local files, and how to compare trees of them.
//!
//! * names: control characters, DEL, backslash, quotes, the look-alikes and the quotation mark that escapes them, spaces and dots at the ends, characters
//!   other systems forbid, characters beyond 16 bits, both normal forms, bytes that are not UTF-8, the longest names
//! * times: before 1970, far ahead, finer than the services keep
//! * contents: 0 B, 1 B, 64 KiB, 1 MiB + 1, 20 MiB
//!
//! Both normal forms of one name lie in different folders, since rclone takes them for one; times beyond 2262 are left out, since rclone's own nanoseconds end there.

use std::{
    path::Path,
    time::{Duration, SystemTime},
};

use remote_core::{encoding::Encoding, path::RemotePath};

use crate::interop::files::{self, Tree};

/// Names as bytes, one folder each so that none can hide another.
pub const NAMES: &[&[u8]] = &[
    b"control \x01\x02\x1f\ttab\nline\r",
    b"\x7f",
    b"del \x7f inside",
    b"back\\slash",
    b"\\",
    b"quotes \" ' `",
    "percent ％ ％20 %20 %2F".as_bytes(),
    "wide ＡＢ ＊ ： ＜ ＞ ？ ｜ ＂ ～".as_bytes(),
    "a／b".as_bytes(),
    "a＼b".as_bytes(),
    "symbols ␀ ␁ ␟ ␡ ␠".as_bytes(),
    "‛␀ ‛／".as_bytes(),
    b" leading",
    b"trailing ",
    b"   ",
    b"trailing.",
    b"...",
    "．".as_bytes(),
    "．．".as_bytes(),
    "．a".as_bytes(),
    b".hidden",
    b"a:b*c?<>|",
    b"CON",
    b"nul.txt",
    b"-dash",
    b"~",
    b"#&=+;,@!$()[]{}^",
    "😀 𝒳 \u{10ffff}".as_bytes(),
    "nfc é".as_bytes(),
    "nfd e\u{301}".as_bytes(),
    "\u{200b}zero".as_bytes(),
    "zero\u{feff}".as_bytes(),
    "replacement \u{fffd}".as_bytes(),
    b"bytes \xfe\xff",
    b"\xc3 \xe9t\xe9 \xed\xa0\x80",
    "日本語 עברית ไทย".as_bytes(),
];

const SIZES: [usize; 5] = [0, 1, 64 << 10, (1 << 20) + 1, 20 << 20];

/// The largest of them.
pub const LARGEST: u64 = 20 << 20;

/// Seconds and nanoseconds since 1970.
const TIMES: [(i64, u32); 6] = [
    (-1_000_000_000, 0),
    (-2, 500_000_000),
    (0, 0),
    (1_600_000_000, 123_456_789),
    (1_600_000_000, 999_999_999),
    (7_258_118_400, 1_000_000),
];

/// Makes all of them below a folder, but for names that the service does not allow.
pub fn difficult_files(root: &Path, allows: impl Fn(&[u8]) -> bool) {
    for (index, name) in NAMES.iter().enumerate() {
        if !allows(name) {
            continue;
        }
        let ms = 1_600_000_000_000 + i64::try_from(index).unwrap_or_default();
        let folder = format!("{index:02} ");
        // The name as that of a file and as that of a folder.
        let file = [folder.as_bytes(), b"/", name].concat();
        files::write(root, &file, name, ms);
        let inside = [folder.as_bytes(), b"in/", name, b"/file"].concat();
        files::write(root, &inside, name, ms);
    }
    for name in ["x".repeat(255), "文".repeat(85), "\\".repeat(85)] {
        files::write(
            root,
            format!("long/{name}").as_bytes(),
            b"long",
            1_600_000_000_000,
        );
    }
    for size in SIZES {
        let content = files::noise(size, 5);
        files::write(
            root,
            format!("sizes/{size}").as_bytes(),
            &content,
            1_600_000_000_000,
        );
    }
    for (index, (seconds, nanos)) in TIMES.into_iter().enumerate() {
        let path = format!("times/{index}");
        files::write(root, path.as_bytes(), path.as_bytes(), 0);
        let time = files::time(seconds * 1000) + Duration::from_nanos(nanos.into());
        files::set_modified(&root.join(path), time);
    }
}

/// Same names, same bytes, and times that differ by less than `precision`, if one is given.
pub fn expect_same_tree(precision: Option<Duration>, written: &Tree, back: &Tree, what: &str) {
    let only_in = |one: &Tree, other: &Tree| -> Vec<String> {
        one.keys()
            .filter(|path| !other.contains_key(*path))
            .map(|path| path.escape_ascii().to_string())
            .collect()
    };
    let (lost, strange) = (only_in(written, back), only_in(back, written));
    assert!(
        lost.is_empty() && strange.is_empty(),
        "{what}: without {lost:#?}, but with {strange:#?}"
    );
    for (path, entry) in written {
        let shown = path.escape_ascii();
        match (entry, &back[path]) {
            (None, None) => {}
            (Some((content, modified)), Some((read, time))) => {
                assert!(content == read, "{what}: {shown} has another content");
                assert!(
                    precision.is_none_or(|precision| distance(*modified, *time) < precision),
                    "{what}: {shown}: {modified:?}, {time:?}"
                );
            }
            _ => panic!("{what}: {shown} is a file for one and a folder for the other"),
        }
    }
}

fn distance(left: SystemTime, right: SystemTime) -> Duration {
    left.duration_since(right)
        .unwrap_or_else(|error| error.duration())
}

/// The names of a path as bytes, as this system has them: its own encoding stands between them and the names that are meant.
#[must_use]
pub fn raw(path: &RemotePath) -> Vec<u8> {
    let mut names: Vec<Vec<u8>> = std::iter::once(path.clone())
        .chain(path.ancestors())
        .filter(|path| !path.is_root())
        .map(|path| Encoding::LOCAL_UNIX.encode(&path.raw_name()).into_owned())
        .collect();
    names.reverse();
    names.join(&b'/')
}
