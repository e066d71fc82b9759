//! Random trees go to a remote and come back as they were.

#![cfg(all(unix, not(target_os = "macos")))]

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

use proptest::prelude::*;
use remote_core::{encoding::Encoding, memory::MemoryRemote};
use remote_transfer::{Location, copy};

use crate::support::{self, at, local_tree};

/// Parts of names that are hard on someone: not UTF-8, look-alikes of the encoding, characters that services refuse.
fn part() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => "[a-c]{1,2}".prop_map(String::into_bytes),
        1 => prop::sample::select(vec![
            &b" "[..], b".", b"..", b"\\", b":", b"?", b"*", b"|", b"<", b">", b"\"", b"'", b"%", b"#", b"+", b"~", b"\n", b"\x01",
            b"\x7f", b"\xff", b"\xc3", b"\xed\xa0\x80", "／".as_bytes(), "．".as_bytes(), "．．".as_bytes(), "␀".as_bytes(), "␊".as_bytes(),
            "‛".as_bytes(), "‛‛".as_bytes(), "‛／".as_bytes(), "é".as_bytes(), "e\u{301}".as_bytes(), "🎉".as_bytes(), "Ａ".as_bytes(), "İ".as_bytes(),
        ])
        .prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 1..4),
    ]
}

/// A name that a Unix file system can hold. Left out are names in which a quote that quotes nothing is beside something that stands for something else:
/// they come back with the quote doubled.
fn name() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(part(), 1..4)
        .prop_map(|parts| parts.concat())
        .prop_filter("not a name", |name| {
            let is_mixed = stands_for_another(name) && !is_canonical(name);
            !matches!(&name[..], b"." | b"..")
                && !name.contains(&b'/')
                && !name.contains(&0)
                && !is_mixed
        })
}

/// Whether something in a name stands for something else than itself.
fn stands_for_another(name: &[u8]) -> bool {
    let text = String::from_utf8_lossy(name);
    ["／", "␀"].iter().any(|mark| text.contains(mark)) || matches!(&*text, "．" | "．．")
}

/// Whether the encoding of the local system spells the name like that.
fn is_canonical(name: &[u8]) -> bool {
    let raw = Encoding::LOCAL_UNIX.decode(name);
    *Encoding::LOCAL_UNIX.encode(&raw) == *name
}

fn random_tree() -> impl Strategy<Value = BTreeMap<Vec<Vec<u8>>, Option<Vec<u8>>>> {
    let path = prop::collection::vec(name(), 1..4);
    let content = prop::option::weighted(0.8, prop::collection::vec(any::<u8>(), 0..200));
    prop::collection::btree_map(path, content, 0..12)
}

/// Makes what can be made of a tree: what is below a file cannot.
fn make(dir: &Path, tree: &BTreeMap<Vec<Vec<u8>>, Option<Vec<u8>>>) {
    for (path, content) in tree {
        let path: PathBuf = path.iter().map(|name| OsStr::from_bytes(name)).collect();
        let path = dir.join(path);
        let _below_a_file = match content {
            None => fs::create_dir_all(&path),
            Some(content) => {
                fs::create_dir_all(path.parent().unwrap()).and_then(|()| fs::write(&path, content))
            }
        };
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_tree_comes_back_as_it_was(tree in random_tree()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (dir, back) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        make(dir.path(), &tree);
        let remote = MemoryRemote::new();
        let (from, there) = (Location::local(dir.path()), at("backup", &remote));
        let options = || support::options().with_sync_files(false);
        let there_and_back = async {
            let sent = copy(&from, &there, &options()).await.unwrap();
            assert!(sent.is_complete(), "{:?}", sent.problems);
            if sent.requests > 1 {
                let fetched = copy(&there, &Location::local(back.path()), &options()).await.unwrap();
                assert!(fetched.is_complete(), "{:?}", fetched.problems);
            }
            let again = copy(&Location::local(back.path()), &there, &options()).await.unwrap();
            assert_eq!((again.files_transferred, again.requests), (0, 1));
        };
        runtime.block_on(there_and_back);
        prop_assert_eq!(local_tree(back.path()), local_tree(dir.path()));
    }
}
