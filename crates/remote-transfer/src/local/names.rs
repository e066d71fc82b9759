//! Local names and names on a remote.
//!
//! Both programs that write a name and read it back agree with rclone: a local name is decoded with the encoding of the local system, and a name of the remote is encoded
//! with it. So `AC/DC` of a remote is the local `AC／DC`. There is one difference, in names with the quote `‛` where it quotes nothing but itself. For rclone a local
//! `‛‛Twas` is how `‛Twas` is spelled on a disk, and a local `‛Twas` is a file it lists and cannot open. Here both are kept as they are, in both directions: what was
//! backed up comes back under the same name, and two files stay two. So a name that rclone has restored with a doubled quote is another name here.

use std::{borrow::Cow, ffi::OsStr, ffi::OsString};

use remote_core::{
    encoding::Encoding,
    error::{Error, ErrorKind, Result},
    path::RemotePath,
};

/// What the local file system cannot hold in a name.
pub(crate) const ENCODING: Encoding = if cfg!(windows) {
    Encoding::LOCAL_WINDOWS
} else if cfg!(target_os = "macos") {
    Encoding::LOCAL_MACOS
} else {
    Encoding::LOCAL_UNIX
};

/// The path of a local name in a directory.
pub(crate) fn to_remote(dir: &RemotePath, name: &OsStr) -> Result<RemotePath> {
    let name = os_bytes(name)?;
    if is_kept(&name) {
        return Ok(dir.child(&name)?);
    }
    Ok(dir.child(&ENCODING.decode(&name))?)
}

/// The local name of a name in Standard form.
///
/// The result is a single normal name: no separator, no `.` or `..`, no NUL, and on Windows no device and no stream of a file.
pub(crate) fn to_local(standard: &[u8]) -> Result<OsString> {
    let raw = Encoding::STANDARD.decode(standard);
    let name = if is_kept(&raw) {
        raw
    } else {
        Cow::Owned(ENCODING.encode(&raw).into_owned())
    };
    if !is_normal(&name) || (cfg!(windows) && is_windows_device(&name)) {
        return Err(not_allowed(&name));
    }
    os_string(&name)
}

/// Whether a raw name is a local name already, and is the same on both sides: nothing in it stands for anything else, but for quotes that quote quotes.
fn is_kept(raw: &[u8]) -> bool {
    let fits = if cfg!(windows) {
        false
    } else if cfg!(target_os = "macos") {
        std::str::from_utf8(raw).is_ok()
    } else {
        true
    };
    if !fits || !is_normal(raw) {
        return false;
    }
    let decoded = ENCODING.decode(raw);
    // Each round halves the quotes.
    *decoded == *raw || is_kept(&decoded)
}

fn is_normal(name: &[u8]) -> bool {
    let is_separator = |byte: &u8| *byte == b'/' || (cfg!(windows) && matches!(byte, b'\\' | b':'));
    !matches!(name, b"" | b"." | b"..") && !name.contains(&0) && !name.iter().any(is_separator)
}

/// Whether Windows takes a name for a device, such as `con`, `NUL.txt` or `com1 `.
fn is_windows_device(name: &[u8]) -> bool {
    let stem = name.split(|byte| *byte == b'.').next().unwrap_or_default();
    let stem = String::from_utf8_lossy(stem.trim_ascii_end()).to_ascii_uppercase();
    if ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"].contains(&&*stem) {
        return true;
    }
    let number = stem
        .strip_prefix("COM")
        .or_else(|| stem.strip_prefix("LPT"));
    // The superscript digits are taken for digits.
    number.is_some_and(|number| {
        let mut digits = number.chars();
        matches!(digits.next(), Some('0'..='9' | '¹' | '²' | '³')) && digits.next().is_none()
    })
}

fn not_allowed(name: &[u8]) -> Error {
    Error::with_message(
        ErrorKind::InvalidName,
        format!(
            "the local file system cannot hold the name {:?}",
            String::from_utf8_lossy(name)
        ),
    )
}

#[cfg(unix)]
#[expect(
    clippy::unnecessary_wraps,
    reason = "other systems hold names that are not bytes"
)]
fn os_bytes(name: &OsStr) -> Result<Cow<'_, [u8]>> {
    use std::os::unix::ffi::OsStrExt as _;
    Ok(Cow::Borrowed(name.as_bytes()))
}

#[cfg(not(unix))]
fn os_bytes(name: &OsStr) -> Result<Cow<'_, [u8]>> {
    name.to_str()
        .map(|name| Cow::Borrowed(name.as_bytes()))
        .ok_or_else(|| not_allowed(name.to_string_lossy().as_bytes()))
}

#[cfg(unix)]
#[expect(
    clippy::unnecessary_wraps,
    reason = "other systems hold names that are not bytes"
)]
fn os_string(name: &[u8]) -> Result<OsString> {
    use std::os::unix::ffi::OsStrExt as _;
    Ok(OsStr::from_bytes(name).to_owned())
}

#[cfg(not(unix))]
fn os_string(name: &[u8]) -> Result<OsString> {
    String::from_utf8(name.to_vec())
        .map(OsString::from)
        .map_err(|_not_text| not_allowed(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_of_windows_are_known_in_every_spelling() {
        for name in [
            "con",
            "NUL.txt",
            "Aux.tar.gz",
            "com1",
            "LPT9.x",
            "COM²",
            "prn ",
            "conin$",
        ] {
            assert!(is_windows_device(name.as_bytes()), "{name}");
        }
        for name in ["console", "com", "com10", "lpt.x1", "null", ""] {
            assert!(!is_windows_device(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn only_single_normal_names_are_normal() {
        for name in [&b""[..], b".", b"..", b"a/b", b"/", b"a\0b"] {
            assert!(!is_normal(name), "{name:?}");
        }
        assert!(is_normal(b"...") && is_normal("．．".as_bytes()));
    }

    #[cfg(unix)]
    #[test]
    fn local_names_come_back_as_they_were() {
        use std::os::unix::ffi::OsStrExt as _;
        for name in [
            &b"plain.txt"[..],
            " both ends ".as_bytes(),
            "AC／DC".as_bytes(),
            "．．".as_bytes(),
            "．".as_bytes(),
            "‛／".as_bytes(),
            "‛Twas".as_bytes(),
            "‛".as_bytes(),
            "‛‛".as_bytes(),
            "‛‛Twas".as_bytes(),
            "‛‛‛Twas‛‛ ‛".as_bytes(),
            "␀␁␊".as_bytes(),
            b"line\nfeed\x01\x7f",
            b"caf\xe9 \xff",
            "‛FF".as_bytes(),
            b"back\\slash: a?b*c|\"d\"<e>",
            "日本語 🎉 e\u{301}".as_bytes(),
        ] {
            let name = OsStr::from_bytes(name);
            let path = to_remote(&RemotePath::root(), name).unwrap();
            assert_eq!(to_local(path.as_bytes()).unwrap(), name, "{path}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn names_of_quotes_and_letters_are_never_the_same_on_the_remote() {
        use std::{collections::BTreeSet, os::unix::ffi::OsStrExt as _};
        let mut names = vec![String::new()];
        for _letter in 0..6 {
            let longer = names
                .iter()
                .flat_map(|name| [format!("{name}‛"), format!("{name}x")]);
            names = names.iter().cloned().chain(longer).collect();
        }
        let names: BTreeSet<String> = names.into_iter().filter(|name| !name.is_empty()).collect();
        let mut seen = BTreeSet::new();
        for name in &names {
            let local = OsStr::from_bytes(name.as_bytes());
            let path = to_remote(&RemotePath::root(), local).unwrap();
            assert_eq!(to_local(path.as_bytes()).unwrap(), local);
            assert!(seen.insert(path.to_string()), "{name}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn names_that_lead_elsewhere_get_look_alikes() {
        for (raw, local) in [
            (&b".."[..], "．．"),
            (b".", "．"),
            (b"../../etc/passwd", "..／..／etc／passwd"),
            (b"/", "／"),
            (b"a\0b", "a␀b"),
        ] {
            let path = RemotePath::root().child(raw).unwrap();
            assert_eq!(to_local(path.as_bytes()).unwrap(), local);
        }
    }
}
