//! From a remote to a local folder.

use std::fs;

use crate::support::{at, fill, folder, local_tree, options, time};
use remote_core::memory::MemoryRemote;
use remote_transfer::{Location, Summary, copy};

async fn restore(remote: &MemoryRemote, dir: &tempfile::TempDir) -> Summary {
    let to = Location::local(dir.path().join("restored/here"));
    copy(&at("backup", remote), &to, &options()).await.unwrap()
}

#[tokio::test]
async fn a_tree_is_restored_with_contents_and_times_and_a_second_run_does_nothing() {
    let remote = MemoryRemote::new();
    fill(
        &remote,
        &[
            ("backup/a", "one"),
            ("backup/sub/b", "two"),
            ("backup/sub/empty/", ""),
        ],
    )
    .await;
    let dir = tempfile::tempdir().unwrap();
    let summary = restore(&remote, &dir).await;
    let root = dir.path().join("restored/here");
    assert_eq!(
        local_tree(&root).into_iter().collect::<Vec<_>>(),
        [
            ("a".into(), Some(b"one".to_vec())),
            ("sub".into(), None),
            ("sub/b".into(), Some(b"two".to_vec())),
            ("sub/empty".into(), None),
        ]
    );
    let modified = fs::metadata(root.join("sub/b"))
        .unwrap()
        .modified()
        .unwrap();
    assert_eq!(
        modified,
        time(1_600_000_001) - std::time::Duration::from_nanos(456_789)
    );
    assert_eq!((summary.files_transferred, summary.files_verified), (2, 2));
    assert_eq!(
        (summary.bytes_transferred, summary.directories_created),
        (6, 3)
    );
    assert_eq!(summary.requests, 3);

    let again = restore(&remote, &dir).await;
    assert_eq!((again.files_unchanged, again.files_transferred), (2, 0));
    assert_eq!((again.requests, again.directories_created), (1, 0));
}

#[cfg(unix)]
#[tokio::test]
async fn a_replaced_file_keeps_its_permissions_and_a_new_one_gets_the_usual_ones() {
    use std::os::unix::fs::PermissionsExt as _;
    let remote = MemoryRemote::new();
    fill(
        &remote,
        &[("backup/old", "longer than before"), ("backup/new", "two")],
    )
    .await;
    let dir = folder(&[("old", "before"), ("usual", "")]);
    let mode = |name: &str| {
        let metadata = fs::metadata(dir.path().join(name)).unwrap();
        metadata.permissions().mode() & 0o7777
    };
    let odd = fs::Permissions::from_mode(0o4640);
    fs::set_permissions(dir.path().join("old"), odd).unwrap();
    let to = Location::local(dir.path());
    copy(&at("backup", &remote), &to, &options()).await.unwrap();
    // The bit that lets a program run as its owner does not go over to another content.
    assert_eq!(mode("old"), 0o640);
    assert_eq!(mode("new"), mode("usual"));
    assert_eq!(
        fs::read(dir.path().join("old")).unwrap(),
        b"longer than before"
    );
}

#[tokio::test]
async fn many_files_are_restored_with_a_request_each() {
    let remote = MemoryRemote::new();
    let names: Vec<String> = (0..300)
        .map(|number| format!("backup/d{}/f{number}", number % 30))
        .collect();
    let files: Vec<_> = names.iter().map(|name| (&**name, "content")).collect();
    fill(&remote, &files).await;
    let dir = tempfile::tempdir().unwrap();
    let many = options().with_transfers(32).with_checkers(32);
    let to = Location::local(dir.path());
    let summary = copy(&at("backup", &remote), &to, &many).await.unwrap();
    assert_eq!((summary.files_transferred, summary.requests), (300, 301));
    assert_eq!(local_tree(dir.path()).len(), 330);
}

#[tokio::test]
async fn a_large_file_in_odd_pieces_arrives_whole() {
    let content: String = (0..700_000).map(|number| format!("{number} ")).collect();
    let remote = MemoryRemote::new();
    fill(&remote, &[("backup/large", &content)]).await;
    let dir = tempfile::tempdir().unwrap();
    let to = Location::local(dir.path());
    let summary = copy(&at("backup", &remote), &to, &options()).await.unwrap();
    assert_eq!(summary.bytes_transferred, content.len() as u64);
    assert_eq!(
        fs::read(dir.path().join("large")).unwrap(),
        content.as_bytes()
    );
}
