//! Local trees to copy and compare.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs::{self, File},
    os::unix::ffi::{OsStrExt as _, OsStringExt as _},
    path::Path,
    time::{Duration, SystemTime},
};

/// What a tree holds, by path relative to its root as bytes: content and modification time of files, nothing for folders.
pub type Tree = BTreeMap<Vec<u8>, Option<(Vec<u8>, SystemTime)>>;

/// Makes a file with the folders on the way; the time is milliseconds since 1970.
pub fn write(root: &Path, path: &[u8], content: &[u8], modified_ms: i64) {
    let path = root.join(OsStr::from_bytes(path));
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).unwrap_or_else(|error| panic!("{}: {error}", parent.display()));
    }
    fs::write(&path, content).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    set_modified(&path, time(modified_ms));
}

/// Sets the modification time of a file.
pub fn set_modified(path: &Path, modified: SystemTime) {
    File::options()
        .write(true)
        .open(path)
        .and_then(|file| file.set_modified(modified))
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// Milliseconds since 1970 as a time.
#[must_use]
pub fn time(ms: i64) -> SystemTime {
    let distance = Duration::from_millis(ms.unsigned_abs());
    match ms < 0 {
        true => SystemTime::UNIX_EPOCH - distance,
        false => SystemTime::UNIX_EPOCH + distance,
    }
}

/// Bytes that do not repeat soon.
#[must_use]
pub fn noise(size: usize, seed: u8) -> Vec<u8> {
    let mut state = u32::from(seed) << 16 | 0x9E37;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[3]
    };
    std::iter::repeat_with(&mut next).take(size).collect()
}

/// Reads a tree.
#[must_use]
pub fn read(root: &Path) -> Tree {
    let mut tree = Tree::new();
    read_into(root, &[], &mut tree);
    tree
}

fn read_into(folder: &Path, prefix: &[u8], tree: &mut Tree) {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let entry = entry.expect("the folder can be read");
        let mut path = prefix.to_owned();
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend(entry.file_name().into_vec());
        let metadata = entry.metadata().expect("the entry is there");
        if metadata.is_dir() {
            read_into(&entry.path(), &path, tree);
            tree.insert(path, None);
        } else {
            let content = fs::read(entry.path()).expect("the file can be read");
            let modified = metadata.modified().expect("this system has file times");
            tree.insert(path, Some((content, modified)));
        }
    }
}
