//! Remotes that show the trash (`trashed_only`): what is not in the trash, which they do not show, is never harmed by them.

use std::time::SystemTime;

use futures::TryStreamExt as _;
use jotta_api::JottaRemote;
use remote_core::{
    entry::Entry,
    error::ErrorKind,
    operation::{ListOptions, RemoveOutcome, RenameOptions, TargetMode},
    path::RemotePath,
    remote::Remote as _,
};
use tests::{jotta::JottaBench, koofr::path};

/// A live folder with something of both kinds in it, at every level.
async fn start() -> JottaBench {
    let bench = JottaBench::start().await;
    let service = bench.service();
    for file in [
        "d/live",
        "d/gone",
        "d/sub/live",
        "d/sub/gone",
        "d/away/x",
        "top",
    ] {
        service
            .write(&format!("/Jotta/Archive/{file}"), file)
            .unwrap();
    }
    for gone in ["d/gone", "d/sub/gone", "d/away"] {
        service.trash(&format!("/Jotta/Archive/{gone}")).unwrap();
    }
    bench
}

fn view(bench: &JottaBench, hard: bool) -> JottaRemote {
    let builder = bench.builder().trashed_only(true);
    builder.hard_delete(hard).build()
}

async fn files(remote: &JottaRemote) -> Vec<String> {
    let entries = remote.list_recursive(&RemotePath::root(), ListOptions::default());
    let entries: Vec<Entry> = entries.try_collect().await.unwrap();
    let files = entries.iter().filter(|entry| !entry.is_directory());
    let mut files: Vec<String> = files.map(|entry| entry.path.to_string()).collect();
    files.sort();
    files
}

const LIVE: [&str; 3] = ["d/live", "d/sub/live", "top"];

#[tokio::test]
async fn what_is_removed_for_good_is_what_is_shown() {
    for all in ["d", ""] {
        let bench = start().await;
        let trash = view(&bench, true);
        assert_eq!(files(&trash).await, ["d/away/x", "d/gone", "d/sub/gone"]);
        let removed = trash.remove_dir_all(&path(all)).await.unwrap();
        assert_eq!(removed, RemoveOutcome::Removed);
        assert_eq!(files(&trash).await, [""; 0], "{all}");
        assert_eq!(bench.service().trash_count(), 0, "{all}");
        assert_eq!(files(&bench.remote()).await, LIVE, "{all}");
    }
}

#[tokio::test]
async fn one_tree_or_file_of_the_trash_is_removed_for_good() {
    let bench = start().await;
    let trash = view(&bench, true);
    for (gone, left) in [("d/away", 2), ("d/none", 2)] {
        trash.remove_dir_all(&path(gone)).await.unwrap();
        assert_eq!(files(&trash).await.len(), left, "{gone}");
    }
    let outcome = trash.remove_file(&path("d/live")).await.unwrap();
    assert_eq!(outcome, RemoveOutcome::Missing);
    let outcome = trash.remove_file(&path("d/gone")).await.unwrap();
    assert_eq!(outcome, RemoveOutcome::Removed);
    let error = trash.remove_dir_all(&path("d/sub/gone")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotADirectory);
    assert_eq!(files(&bench.remote()).await, LIVE);
}

#[tokio::test]
async fn a_directory_that_shows_something_is_not_empty() {
    let bench = start().await;
    bench.service().write("/Jotta/Archive/e/gone", "x").unwrap();
    bench.service().trash("/Jotta/Archive/e/gone").unwrap();
    for dir in ["e", "d/sub", "d/away"] {
        let trash = view(&bench, true);
        let error = trash.remove_dir(&path(dir)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DirectoryNotEmpty, "{dir}");
    }
    assert_eq!(files(&view(&bench, true)).await.len(), 4);
}

#[tokio::test]
async fn nothing_goes_into_the_trash_from_the_trash() {
    let bench = start().await;
    let trash = view(&bench, false);
    let before = bench.service().entries("/Jotta/Archive");
    let unsupported = [
        trash.remove_dir_all(&path("d")).await,
        trash.remove_dir_all(&path("")).await,
        trash.remove_file(&path("d/gone")).await,
    ];
    for outcome in unsupported {
        assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Unsupported);
    }
    let gone = path("d/gone");
    let touched = trash.set_modified(&gone, SystemTime::UNIX_EPOCH).await;
    assert_eq!(touched.unwrap_err().kind(), ErrorKind::Unsupported);
    let replace = RenameOptions::default().with_target(TargetMode::Replace);
    let renamed = trash.rename(&path("d/gone"), &path("top"), replace).await;
    assert_eq!(renamed.unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(bench.service().entries("/Jotta/Archive"), before);
}
