//! The same files for everybody: what one program writes, every other reads, on any of the services.

use std::{sync::Arc, time::Duration};

use futures::TryStreamExt as _;
use remote_config::Environment;
use remote_core::{
    encoding::Encoding,
    entry::Entry,
    operation::{ListOptions, WriteOptions},
    path::RemotePath,
    remote::{Remote, RemoteExt as _},
};
use remotes::Opener;

use crate::interop::{
    files::{self, Tree},
    listing::{self, Entries},
    names::{LARGEST, difficult_files, expect_same_tree, raw},
    stage::{Service, Stage},
    tool::{Program, Tool},
};

/// Names of 255 characters, which need more bytes than names of this system may have.
const LONG_NAMES: [&str; 3] = ["é", "文", "a😀+%;"];

/// One program writes difficult names, times and contents; all list, check and read them back, and none sends them again.
pub async fn everybody_reads_what_was_written_by<S: Service>(writer: Program) {
    let stage = Stage::<S>::new().await;
    let written = write_difficult_files(&stage);
    let kept = stage.at("kept");
    copy(&S::agreeing_tool(&stage, writer), "local", &kept).await;

    let listing = list(&stage, S::newest(), &kept).await;
    assert_eq!(
        listing.len(),
        written.len(),
        "{writer}: everything is there"
    );
    for reader in S::PROGRAMS.iter().copied() {
        let theirs = list(&stage, reader, &kept).await;
        let what = format!("{reader} lists what {writer} wrote");
        listing::expect_same(&theirs, &listing, &what);
        let back = format!("back-{reader}");
        copy(&S::agreeing_tool(&stage, reader), &kept, &back).await;
        expect_same::<S>(
            &written,
            &files::read(&stage.path(back)),
            &format!("{writer} to {reader}"),
        );
    }
    for rclone in S::rclones() {
        let tool = S::agreeing_tool(&stage, rclone);
        for how in [&["check"][..], &["check", "--download"]] {
            let arguments = how.iter().copied().chain(["local", &kept]);
            let checked = tool.run(arguments).await.success();
            checked.says("0 differences found");
        }
    }
    for second in S::PROGRAMS.iter().copied() {
        stage.take_trace();
        copy(&S::agreeing_tool(&stage, second), "local", &kept).await;
        let mut again = stage.take_trace();
        again.retain(|line| S::SENDS.iter().any(|word| line.starts_with(word)));
        assert_eq!(again, Vec::<String>::new(), "{writer}, then {second}");
    }
}

/// rclone writes, the library lists and reads.
pub async fn the_library_reads_what_was_written_by<S: Service>(writer: Program) {
    let stage = Stage::<S>::new().await;
    let written = write_difficult_files(&stage);
    let tool = S::agreeing_tool(&stage, writer);
    copy(&tool, "local", &stage.at("kept")).await;

    let remote = open(&stage, "kept");
    let entries: Vec<Entry> = remote
        .list_recursive(&RemotePath::root(), ListOptions::default())
        .try_collect()
        .await
        .expect("the tree can be listed");

    let mut read = Tree::new();
    for entry in entries {
        let content = content(remote.as_ref(), &entry).await;
        read.insert(raw(&entry.path), content);
    }
    expect_same::<S>(&written, &read, &format!("{writer} to the library"));
}

async fn content(remote: &dyn Remote, entry: &Entry) -> Option<(Vec<u8>, std::time::SystemTime)> {
    if entry.is_directory() {
        return None;
    }
    let content = remote.read_bytes(&entry.path, LARGEST).await;
    let content = content.unwrap_or_else(|error| panic!("{}: {error}", entry.path));
    assert_eq!(entry.size, Some(content.len() as u64), "{}", entry.path);
    let modified = entry.modified.expect("files have times");
    Some((content.to_vec(), modified))
}

/// The library writes, every rclone reads.
pub async fn rclone_reads_what_the_library_wrote<S: Service>() {
    let stage = Stage::<S>::new().await;
    let local = write_difficult_files(&stage);
    let remote = open(&stage, "kept");
    for (path, entry) in &local {
        let mut to = RemotePath::root();
        for name in path.split(|&byte| byte == b'/') {
            let name = Encoding::LOCAL_UNIX.decode(name);
            to = to.child(&name).expect("the name is allowed");
        }
        let Some((content, modified)) = entry else {
            remote.create_dir(&to).await.expect("it can be made");
            continue;
        };
        let options = WriteOptions::default().with_modified(*modified);
        let stored = remote.write_bytes(&to, content.clone(), options).await;
        let stored = stored.unwrap_or_else(|error| panic!("{to}: {error}"));
        assert_eq!(raw(&stored.path), *path);
    }
    for reader in S::rclones() {
        let back = format!("back-{reader}");
        let tool = S::agreeing_tool(&stage, reader);
        copy(&tool, &stage.at("kept"), &back).await;
        expect_same::<S>(
            &local,
            &files::read(&stage.path(&back)),
            &format!("the library to {reader}"),
        );
    }
}

/// Names longer than this system allows are written by the library and read by everybody.
pub async fn names_of_255_characters_are_read_by_everybody<S: Service>() {
    let stage = Stage::<S>::new().await;
    let remote = open(&stage, "long");
    let names = LONG_NAMES.map(|part| part.repeat(255).chars().take(255).collect::<String>());
    for name in &names {
        let path = RemotePath::root().child(name.as_bytes());
        let options = WriteOptions::default();
        remote
            .write_bytes(&path.expect("it is a name"), name.clone(), options)
            .await
            .expect("it can be written");
    }
    for program in S::PROGRAMS.iter().copied() {
        let tool = S::agreeing_tool(&stage, program);
        for name in &names {
            let content = tool.run(["cat", &stage.at(&format!("long/{name}"))]).await;
            assert_eq!(content.success().text(), *name, "{program}");
        }
        let listed = list(&stage, program, &stage.at("long")).await;
        assert_eq!(listed.len(), names.len(), "{program}");
    }
}

/// Makes the difficult files that the service allows in the local folder `local`.
fn write_difficult_files<S: Service>(stage: &Stage<S>) -> Tree {
    let local = stage.path("local");
    difficult_files(&local, S::allows);
    files::read(&local)
}

/// The whole tree as a program lists it.
pub async fn list<S: Service>(stage: &Stage<S>, program: Program, remote: &str) -> Entries {
    let list = ["lsjson", "-R", "--hash", remote];
    let tool = S::agreeing_tool(stage, program);
    let listed = tool.run(list).await.success().json();
    match S::FOLDER_TIMES {
        true => listing::entries_with_folder_times(&listed),
        false => listing::entries(&listed),
    }
}

async fn copy(tool: &Tool, from: &str, to: &str) {
    tool.run(["copy", from, to]).await.success();
}

/// Same names, same bytes, times as far as the service keeps them.
fn expect_same<S: Service>(written: &Tree, back: &Tree, what: &str) {
    let precision = S::TIME_PRECISION_MS.map(|ms| Duration::from_millis(ms.into()));
    expect_same_tree(precision, written, back, what);
}

/// A path on the remote of a stage, opened by the library.
#[must_use]
pub fn open<S: Service>(stage: &Stage<S>, path: &str) -> Arc<dyn Remote> {
    let opener = Opener::builder()
        .config_path(&stage.config)
        .environment(Environment::empty())
        .build()
        .expect("the configuration can be read");
    let remote = opener.open(&stage.at(path));
    remote.expect("the remote is configured")
}
