//! What a remote can do, told before the call.

use std::{borrow::Cow, time::Duration};

use crate::{hash::HashAlgorithm, path::RemotePath};

/// How a remote offers an operation.
#[expect(clippy::exhaustive_enums, reason = "there is no fourth way")]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Support {
    /// The service does it.
    Native,
    /// Several requests take the place of one; the documentation of the remote says what happens when they are interrupted.
    Emulated,
    /// The call fails with [`ErrorKind::Unsupported`](crate::error::ErrorKind::Unsupported).
    Missing,
}

impl Support {
    /// Whether the call works at all.
    #[must_use]
    pub fn is_available(self) -> bool {
        self != Self::Missing
    }
}

/// Whether two names that differ only in upper and lower case are the same name.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CaseRule {
    /// `a` and `A` are the same name; compared after full Unicode lower-casing. The spelling is kept.
    Insensitive,
    /// `a` and `A` are two names.
    Sensitive,
}

impl CaseRule {
    /// The form of a path under which two paths are equal exactly if the remote takes them for the same.
    ///
    /// Bytes that are not UTF-8 are left alone.
    #[must_use]
    pub fn key<'a>(self, path: &'a RemotePath) -> Cow<'a, [u8]> {
        match self {
            Self::Sensitive => Cow::Borrowed(path.as_bytes()),
            Self::Insensitive => lower_case(path.as_bytes()),
        }
    }
}

fn lower_case(text: &[u8]) -> Cow<'_, [u8]> {
    if text.is_ascii() {
        return if text.iter().any(u8::is_ascii_uppercase) {
            Cow::Owned(text.to_ascii_lowercase())
        } else {
            Cow::Borrowed(text)
        };
    }
    let mut lower = Vec::with_capacity(text.len());
    for chunk in text.utf8_chunks() {
        lower.extend_from_slice(chunk.valid().to_lowercase().as_bytes());
        lower.extend_from_slice(chunk.invalid());
    }
    Cow::Owned(lower)
}

/// What happens to a file that is removed or replaced.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Removal {
    /// It is gone at once.
    Permanent,
    /// It can be brought back for some time.
    Trash,
}

/// What a remote can do.
///
/// The conformance suite checks that the calls agree with it.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct Capabilities {
    /// The service, as rclone names its type: `koofr`, `jottacloud`, `amazon cloud drive`, `memory`.
    pub service: &'static str,
    /// Whether upper and lower case tell names apart.
    pub case: CaseRule,
    /// Hashes that listings, looks and writes report for files.
    pub hashes: &'static [HashAlgorithm],
    /// The step in which modification times are kept; absent where they cannot be set.
    pub time_precision: Option<Duration>,
    /// Whether listings tell useful modification times of directories.
    pub directory_times: bool,
    /// The largest file in bytes, where a limit is known.
    pub max_file_bytes: Option<u64>,
    /// The longest name in bytes as stored, where a limit is known.
    pub max_name_bytes: Option<usize>,
    /// [`Remote::list_recursive`](crate::remote::Remote::list_recursive): native is one request.
    pub list_recursive: Support,
    /// Reading a part of a file.
    pub ranged_read: Support,
    /// Writing from a source of unknown size; emulated means that it is spooled first.
    pub write_unknown_size: Support,
    /// Whether a write makes the directories on the way without a request of its own. Where it does not, making them beforehand saves looking for them.
    pub write_makes_dirs: bool,
    /// [`WriteMode::CreateNew`](crate::operation::WriteMode::CreateNew): atomic or missing, never imitated.
    pub create_new: Support,
    /// [`WriteMode::IfMatch`](crate::operation::WriteMode::IfMatch): atomic or missing, never imitated.
    pub if_match: Support,
    /// [`Remote::set_modified`](crate::remote::Remote::set_modified).
    pub set_modified: Support,
    /// [`Remote::copy`](crate::remote::Remote::copy) of files.
    pub copy_file: Support,
    /// [`Remote::copy`](crate::remote::Remote::copy) of directories.
    pub copy_dir: Support,
    /// [`Remote::rename`](crate::remote::Remote::rename) of files.
    pub rename_file: Support,
    /// [`Remote::rename`](crate::remote::Remote::rename) of directories.
    pub rename_dir: Support,
    /// [`TargetMode::Replace`](crate::operation::TargetMode::Replace) for copies and renames; emulated means that the old target is set aside and
    /// restored on failure.
    pub replace_target: Support,
    /// Whether [`Remote::remove_dir`](crate::remote::Remote::remove_dir) cannot race with a file that is created at the same moment.
    pub remove_dir_is_atomic: bool,
    /// [`Remote::remove_dir_all`](crate::remote::Remote::remove_dir_all): native is one request.
    pub remove_dir_all: Support,
    /// [`Remote::usage`](crate::remote::Remote::usage).
    pub usage: Support,
    /// [`Remote::public_link`](crate::remote::Remote::public_link).
    pub public_link: Support,
    /// [`Remote::empty_trash`](crate::remote::Remote::empty_trash).
    pub empty_trash: Support,
    /// [`Remote::changes`](crate::remote::Remote::changes).
    pub changes: Support,
    /// What happens to a file that is removed.
    pub removal: Removal,
    /// Whether replaced contents are kept as versions.
    pub versions: bool,
    /// Whether a change may take a while to show in listings.
    pub delayed_visibility: bool,
}

impl Capabilities {
    /// The capabilities of a remote that can do nothing beyond listing, reading and writing; implementors add what they have.
    #[must_use]
    pub const fn minimal(service: &'static str) -> Self {
        Self {
            service,
            case: CaseRule::Sensitive,
            hashes: &[],
            time_precision: None,
            directory_times: false,
            max_file_bytes: None,
            max_name_bytes: None,
            list_recursive: Support::Emulated,
            ranged_read: Support::Native,
            write_unknown_size: Support::Emulated,
            write_makes_dirs: false,
            create_new: Support::Missing,
            if_match: Support::Missing,
            set_modified: Support::Missing,
            copy_file: Support::Missing,
            copy_dir: Support::Missing,
            rename_file: Support::Missing,
            rename_dir: Support::Missing,
            replace_target: Support::Missing,
            remove_dir_is_atomic: false,
            remove_dir_all: Support::Emulated,
            usage: Support::Missing,
            public_link: Support::Missing,
            empty_trash: Support::Missing,
            changes: Support::Missing,
            removal: Removal::Permanent,
            versions: false,
            delayed_visibility: false,
        }
    }

    /// Whether files come with this hash.
    #[must_use]
    pub fn has_hash(&self, algorithm: HashAlgorithm) -> bool {
        self.hashes.contains(&algorithm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_follow_the_case_rule() {
        let path = RemotePath::parse("Ärger/ẞ/READ.me").unwrap();
        assert_eq!(
            CaseRule::Insensitive.key(&path),
            "ärger/ß/read.me".as_bytes()
        );
        assert_eq!(CaseRule::Sensitive.key(&path), path.as_bytes());
        let bytes = RemotePath::parse_bytes(b"A\xffB").unwrap();
        assert_eq!(CaseRule::Insensitive.key(&bytes).as_ref(), b"a\xffb");
    }
}
