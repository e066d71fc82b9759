//! The same files for everybody: what one program writes, every other reads, on Jottacloud.
//!
//! The names, times and contents are those of the suite for Koofr, without the invisible U+FEFF, which the service refuses in names. rclone 1.60.1 writes the percent
//! sign as it is, which the service refuses as well; it is given the encoding of the newer one, and tried on its own encoding without such names.

use std::{fs, path::Path, sync::Arc, time::Duration};

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
use tests::interop::{
    files::{self, Tree},
    jotta::JottaStage,
    listing::{self, entries},
    tool::{ALL, Program, RCLONES, Tool},
};

use crate::names::{LARGEST, NAMES, difficult_files, expect_same_within, raw};

/// The service keeps whole seconds.
const PRECISION: Duration = Duration::from_secs(1);

/// The encoding of rclone since 1.74.
const ENCODING: &str =
    "Slash,LtGt,DoubleQuote,Colon,Question,Asterisk,Pipe,Percent,Del,Ctl,InvalidUtf8,Dot";

/// The encoding of rclone up to 1.73.
const OLDER_ENCODING: &str =
    "Slash,LtGt,DoubleQuote,Colon,Question,Asterisk,Pipe,Del,Ctl,InvalidUtf8,Dot";

/// The names that the service allows.
fn allowed_files(root: &Path) {
    difficult_files(root);
    let refused = |name: &&[u8]| String::from_utf8_lossy(name).contains('\u{feff}');
    let index = NAMES
        .iter()
        .position(refused)
        .expect("one of them is refused");
    for folder in [format!("{index:02} "), format!("{index:02} in")] {
        fs::remove_dir_all(root.join(folder)).expect("it was made");
    }
    // The rest of that name is allowed.
    files::write(
        root,
        "zero/\u{200b}zero".as_bytes(),
        b"zero",
        1_600_000_000_000,
    );
}

/// A program that encodes names like the newer rclone.
fn tool(stage: &JottaStage, program: Program) -> Tool {
    let tool = stage.tool(program);
    match program {
        Program::Rclone160 => tool.env("RCLONE_JOTTACLOUD_ENCODING", ENCODING),
        Program::Rclone175 | Program::Ours => tool,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_reads_what_rclone_1_60_1_wrote() {
    everybody_reads_what_was_written_by(Program::Rclone160).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_reads_what_rclone_1_75_2_wrote() {
    everybody_reads_what_was_written_by(Program::Rclone175).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_reads_what_we_wrote() {
    everybody_reads_what_was_written_by(Program::Ours).await;
}

async fn everybody_reads_what_was_written_by(writer: Program) {
    let stage = JottaStage::new().await;
    allowed_files(&stage.path("local"));
    let written = files::read(&stage.path("local"));
    tool(&stage, writer)
        .run(["copy", "local", "jotta:kept"])
        .await
        .success();

    let list = ["lsjson", "-R", "--hash", "jotta:kept"];
    let listing = tool(&stage, Program::Rclone175).run(list).await;
    let listing = entries(&listing.success().json());
    assert_eq!(
        listing.len(),
        written.len(),
        "{writer}: everything is there"
    );
    for reader in ALL {
        let tool = tool(&stage, reader);
        let theirs = tool.run(list).await.success().json();
        let what = format!("{reader} lists what {writer} wrote");
        listing::expect_same(&entries(&theirs), &listing, &what);

        let back = format!("back-{reader}");
        tool.run(["copy", "jotta:kept", &back]).await.success();
        expect_same_within(
            PRECISION,
            &written,
            &files::read(&stage.path(back)),
            &format!("{writer} to {reader}"),
        );
    }
    for rclone in RCLONES {
        let tool = tool(&stage, rclone);
        for arguments in [&["check"][..], &["check", "--download"]] {
            let arguments = arguments.iter().chain(&["local", "jotta:kept"]);
            tool.run(arguments)
                .await
                .success()
                .says("0 differences found");
        }
    }
    for second in ALL {
        stage.take_trace();
        tool(&stage, second)
            .run(["copy", "local", "jotta:kept"])
            .await
            .success();
        let again: Vec<String> = stage
            .take_trace()
            .into_iter()
            .filter(|line| line.starts_with("allocate") || line.starts_with("cphash"))
            .collect();
        assert_eq!(again, Vec::<String>::new(), "{writer}, then {second}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storage_of_the_older_rclone_is_read_with_its_encoding() {
    let stage = JottaStage::new().await;
    let names = [
        "a％b",
        "％20",
        "wide ：",
        "colon :",
        "back\\slash",
        "plus+;&",
        "😀",
    ];
    for name in names {
        let path = format!("{name}/{name}");
        files::write(
            &stage.path("local"),
            path.as_bytes(),
            path.as_bytes(),
            1_600_000_000_000,
        );
    }
    let older = stage.tool(Program::Rclone160);
    older.run(["copy", "local", "jotta:kept"]).await.success();
    let list = ["lsjson", "-R", "--hash", "jotta:kept"];
    let theirs = entries(&older.run(list).await.success().json());

    let encoded = format!("jotta,encoding=\"{OLDER_ENCODING}\":kept");
    for program in [Program::Rclone175, Program::Ours] {
        let tool = stage.tool(program);
        let listed = tool.run(["lsjson", "-R", "--hash", &encoded]).await;
        listing::expect_same(
            &entries(&listed.success().json()),
            &theirs,
            &program.to_string(),
        );
        let back = format!("back-{program}");
        tool.run(["copy", &encoded, &back]).await.success();
        expect_same_within(
            PRECISION,
            &files::read(&stage.path("local")),
            &files::read(&stage.path(back)),
            &program.to_string(),
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_library_reads_what_rclone_wrote() {
    for writer in RCLONES {
        let stage = JottaStage::new().await;
        allowed_files(&stage.path("local"));
        let written = files::read(&stage.path("local"));
        tool(&stage, writer)
            .run(["copy", "local", "jotta:kept"])
            .await
            .success();

        let remote = open(&stage, "jotta:kept");
        let entries: Vec<Entry> = remote
            .list_recursive(&RemotePath::root(), ListOptions::default())
            .try_collect()
            .await
            .unwrap();

        let mut read = Tree::new();
        for entry in entries {
            let content = match entry.is_directory() {
                true => None,
                false => {
                    let content = remote.read_bytes(&entry.path, LARGEST).await.unwrap();
                    Some((content.to_vec(), entry.modified.unwrap()))
                }
            };
            read.insert(raw(&entry.path), content);
        }
        expect_same_within(
            PRECISION,
            &written,
            &read,
            &format!("{writer} to the library"),
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rclone_reads_what_the_library_wrote() {
    let stage = JottaStage::new().await;
    allowed_files(&stage.path("local"));
    let local = files::read(&stage.path("local"));
    let remote = open(&stage, "jotta:kept");
    for (path, entry) in &local {
        let mut to = RemotePath::root();
        for name in path.split(|&byte| byte == b'/') {
            to = to.child(&Encoding::LOCAL_UNIX.decode(name)).unwrap();
        }
        match entry {
            None => remote.create_dir(&to).await.unwrap(),
            Some((content, modified)) => {
                let options = WriteOptions::default().with_modified(*modified);
                let stored = remote.write_bytes(&to, content.clone(), options).await;
                assert_eq!(raw(&stored.unwrap().path), *path);
            }
        }
    }
    for reader in RCLONES {
        let back = format!("back-{reader}");
        tool(&stage, reader)
            .run(["copy", "jotta:kept", &back])
            .await
            .success();
        expect_same_within(
            PRECISION,
            &local,
            &files::read(&stage.path(&back)),
            &format!("the library to {reader}"),
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_255_characters_are_longer_than_this_system_allows_and_read_by_everybody() {
    let stage = JottaStage::new().await;
    let remote = open(&stage, "jotta:long");
    let names = ["é".repeat(255), "文".repeat(255), "a😀".repeat(80) + "+%;"];
    for name in &names {
        let path = RemotePath::root().child(name.as_bytes()).unwrap();
        let options = WriteOptions::default();
        remote
            .write_bytes(&path, name.clone(), options)
            .await
            .unwrap();
    }
    for program in ALL {
        let tool = tool(&stage, program);
        for name in &names {
            let content = tool.run(["cat", &format!("jotta:long/{name}")]).await;
            assert_eq!(content.success().text(), *name, "{program}");
        }
        let listed = tool.run(["lsjson", "jotta:long"]).await.success();
        let listed = entries(&listed.json());
        assert_eq!(listed.len(), names.len(), "{program}");
    }
}

fn open(stage: &JottaStage, spec: &str) -> Arc<dyn Remote> {
    let opener = Opener::builder()
        .config_path(&stage.config)
        .environment(Environment::empty())
        .build()
        .expect("the configuration can be read");
    opener.open(spec).expect("the remote is configured")
}
