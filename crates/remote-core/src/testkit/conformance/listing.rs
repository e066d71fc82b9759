//! Looking and listing.

use futures::StreamExt as _;

use super::expect::{Failure, Outcome, Test, ensure, refused, same, same_entry};
use crate::{
    entry::{Entry, EntryKind},
    error::{Error, ErrorKind, Result},
    operation::{ListOptions, ReadOptions},
    path::RemotePath,
    remote::RemoteExt as _,
};

pub(super) async fn the_root_is_a_directory(test: Test) -> Outcome {
    let root = test.remote.stat(&RemotePath::root()).await?;
    same("kind of the root", &root.kind, &EntryKind::Directory)?;
    same("path of the root", &root.path, &RemotePath::root())
}

pub(super) async fn nothing_there_is_not_found(test: Test) -> Outcome {
    test.write(&test.path("file")?, b"x").await?;
    for below in ["missing", "missing/below", "file/below"] {
        let path = test.path(below)?;
        refused("stat", test.remote.stat(&path).await, ErrorKind::NotFound)?;
        ensure(!test.remote.exists(&path).await?, "exists says yes")?;
    }
    Ok(())
}

pub(super) async fn a_missing_directory_cannot_be_listed(test: Test) -> Outcome {
    let dir = test.path("missing")?;
    refused("list", test.list(&dir).await, ErrorKind::NotFound)?;
    let below = test.list_recursive(&dir).await;
    refused("list_recursive", below, ErrorKind::NotFound)?;
    Ok(())
}

pub(super) async fn a_file_cannot_be_listed(test: Test) -> Outcome {
    let file = test.path("file")?;
    test.write(&file, b"x").await?;
    refused("list", test.list(&file).await, ErrorKind::NotADirectory)?;
    let below = test.list_recursive(&file).await;
    refused("list_recursive", below, ErrorKind::NotADirectory)?;
    Ok(())
}

pub(super) async fn an_empty_directory_has_no_entries(test: Test) -> Outcome {
    same("list", &test.list(&test.dir).await?, &Vec::new())?;
    same(
        "list_recursive",
        &test.list_recursive(&test.dir).await?,
        &Vec::new(),
    )
}

pub(super) async fn a_listing_has_the_entries_of_one_directory(test: Test) -> Outcome {
    make_tree(&test).await?;
    let entries = test.list(&test.dir).await?;
    same(
        "entries",
        &names(&test, &entries),
        &expected(&["a", "a-b", "file", "z"]),
    )?;
    for entry in entries {
        same_entry(
            "list and stat",
            &entry,
            &test.remote.stat(&entry.path).await?,
        )?;
    }
    Ok(())
}

pub(super) async fn a_recursive_listing_agrees_with_single_ones(test: Test) -> Outcome {
    make_tree(&test).await?;
    let all = test.list_recursive(&test.dir).await?;
    same("entries", &names(&test, &all), &expected(&TREE))?;
    let mut single = Vec::new();
    let mut dirs = vec![test.dir.clone()];
    while let Some(dir) = dirs.pop() {
        for entry in test.list(&dir).await? {
            if entry.is_directory() {
                dirs.push(entry.path.clone());
            }
            single.push(entry);
        }
    }
    single.sort_by(|a, b| a.path.cmp(&b.path));
    same("number of entries", &all.len(), &single.len())?;
    for (one, other) in all.iter().zip(&single) {
        same_entry("list_recursive and list", one, other)?;
    }
    let below = test.list_recursive(&test.path("a")?).await?;
    same(
        "entries of a",
        &names(&test, &below),
        &expected(&TREE[2..6]),
    )
}

pub(super) async fn directories_come_before_their_entries(test: Test) -> Outcome {
    make_tree(&test).await?;
    let mut listing = test
        .remote
        .list_recursive(&test.dir, ListOptions::default());
    let mut seen = vec![test.dir.clone()];
    while let Some(entry) = listing.next().await.transpose()? {
        let parent = entry.path.parent().unwrap_or_default();
        ensure(
            seen.contains(&parent),
            format!("{} came before its directory", entry.path),
        )?;
        if entry.is_directory() {
            seen.push(entry.path);
        }
    }
    Ok(())
}

pub(super) async fn listings_of_many_entries_are_complete(test: Test) -> Outcome {
    // More than a page of any service or of this crate.
    const FILES: usize = 300;
    let dir = test.path("many")?;
    let writes = (0..FILES).map(|number| {
        let (test, dir) = (test.clone(), dir.clone());
        async move {
            let path = dir.join_str(&format!("{number:04}"))?;
            test.write(&path, number.to_string().as_bytes()).await
        }
    });
    let written: Vec<_> = futures::stream::iter(writes)
        .buffer_unordered(8)
        .collect()
        .await;
    written.into_iter().collect::<Outcome<Vec<_>>>()?;
    let listings = [test.list(&dir).await?, test.list_recursive(&dir).await?];
    for entries in listings {
        same("number of entries", &entries.len(), &FILES)?;
        for (number, entry) in entries.iter().enumerate() {
            same("path", &entry.path, &dir.join_str(&format!("{number:04}"))?)?;
        }
    }
    Ok(())
}

pub(super) async fn listings_start_with_the_first_poll(test: Test) -> Outcome {
    let before = test.remote.request_count();
    let listings = [
        test.remote.list(&test.dir, ListOptions::default()),
        test.remote
            .list_recursive(&test.dir, ListOptions::default()),
    ];
    same(
        "requests before the first poll",
        &test.remote.request_count(),
        &before,
    )?;
    for mut listing in listings {
        listing.next().await.transpose()?;
    }
    ensure(
        test.remote.request_count() > before,
        "listings do not count as requests",
    )
}

pub(super) async fn the_root_can_be_listed(test: Test) -> Outcome {
    test.write(&test.path("file")?, b"x").await?;
    let entries = test.list(&RemotePath::root()).await?;
    ensure(
        entries
            .iter()
            .any(|entry| entry.path == test.dir && entry.is_directory()),
        "the directory of the check is not in the listing of the root",
    )
}

pub(super) async fn an_unreachable_service_is_not_an_empty_one(test: Test) -> Outcome {
    let Some(remote) = &test.settings.unreachable else {
        return Ok(());
    };
    let path = test.path("file")?;
    broken("stat", remote.stat(&path).await)?;
    broken("exists", remote.exists(&path).await)?;
    broken("read", remote.read(&path, ReadOptions::default()).await)?;
    broken("remove_file", remote.remove_file(&path).await)?;
    broken("remove_dir", remote.remove_dir(&path).await)?;
    broken("remove_dir_all", remote.remove_dir_all(&path).await)?;
    broken("create_dir", remote.create_dir(&path).await)?;
    for options in [
        ListOptions::default(),
        ListOptions::default().with_keep_going(true),
    ] {
        broken_listing(
            &remote
                .list(&test.dir, options.clone())
                .collect::<Vec<_>>()
                .await,
        )?;
        broken_listing(
            &remote
                .list_recursive(&test.dir, options)
                .collect::<Vec<_>>()
                .await,
        )?;
    }
    Ok(())
}

fn broken<T: std::fmt::Debug>(what: &str, result: Result<T>) -> Outcome {
    match result {
        Err(error) if !error.is_not_found() => Ok(()),
        other => Err(Failure::new(format!(
            "{what} of an unreachable service: {other:?}"
        ))),
    }
}

fn broken_listing(items: &[Result<Entry>]) -> Outcome {
    let is_failure = |error: &Error| !error.is_not_found();
    ensure(
        items
            .last()
            .is_some_and(|last| last.as_ref().is_err_and(is_failure)),
        format!(
            "listing of an unreachable service ended with {:?}",
            items.last()
        ),
    )
}

/// A small tree whose order by path differs from the order by depth.
const TREE: [&str; 8] = [
    "a",
    "a-b",
    "a/b",
    "a/b/c",
    "a/b/c/deep",
    "a/file",
    "file",
    "z",
];

async fn make_tree(test: &Test) -> Outcome {
    for dir in ["a/b/c", "z"] {
        test.remote.create_dir(&test.path(dir)?).await?;
    }
    for file in ["a-b", "a/b/c/deep", "a/file", "file"] {
        test.write(&test.path(file)?, file.as_bytes()).await?;
    }
    Ok(())
}

fn names(test: &Test, entries: &[Entry]) -> Vec<String> {
    let below = entries
        .iter()
        .filter_map(|entry| entry.path.strip_prefix(&test.dir));
    below.map(|path| path.to_string()).collect()
}

fn expected(names: &[&str]) -> Vec<String> {
    let mut names: Vec<_> = names.iter().map(ToString::to_string).collect();
    names.sort();
    names
}
