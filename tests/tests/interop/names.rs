//! The same files for everybody: what one program writes, every other reads.
//!
//! * names: control characters, DEL, backslash, quotes, the look-alikes and the quotation mark that escapes them, spaces and dots at the ends, characters
//!   other systems forbid, characters beyond 16 bits, both normal forms, bytes that are not UTF-8, the longest names
//! * times: before 1970, far ahead, finer than the service keeps
//! * contents: 0 B, 1 B, 64 KiB, 1 MiB + 1, 20 MiB
//! * the mark that escapes: as rclone writes it, and alone, which only we can read from a disk
//!
//! Written by rclone 1.60.1, by rclone 1.75.2 and by us; listed, checked and read back by all three. Both normal forms of one name lie in different folders, since rclone
//! takes them for one; times beyond 2262 are left out, since rclone's own nanoseconds end there.

use std::{
    ffi::OsString,
    os::unix::ffi::OsStringExt as _,
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

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
    listing::{self, entries},
    stage::Stage,
    tool::{ALL, Program, RCLONES},
};

/// Names as bytes, one folder each so that none can hide another.
pub(crate) const NAMES: &[&[u8]] = &[
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
    "\u{200b}zero\u{feff}".as_bytes(),
    "replacement \u{fffd}".as_bytes(),
    b"bytes \xfe\xff",
    b"\xc3 \xe9t\xe9 \xed\xa0\x80",
    "日本語 עברית ไทย".as_bytes(),
];

/// Names that rclone's own local side loses: it decodes them, encodes them again, and looks for a file of another name.
const STRAY: &[&str] = &["‛", "a‛b", "‛41", "‛FE‛"];

/// The same names as rclone writes them on a disk, where it doubles the mark.
const DOUBLED: &[&str] = &["‛‛", "a‛‛b", "‛‛41", "‛‛FE‛‛"];

const SIZES: [usize; 5] = [0, 1, 64 << 10, (1 << 20) + 1, 20 << 20];

/// The largest of them.
pub(crate) const LARGEST: u64 = 20 << 20;

/// Seconds and nanoseconds since 1970.
const TIMES: [(i64, u32); 6] = [
    (-1_000_000_000, 0),
    (-2, 500_000_000),
    (0, 0),
    (1_600_000_000, 123_456_789),
    (1_600_000_000, 999_999_999),
    (7_258_118_400, 1_000_000),
];

/// Makes all of them below a folder.
pub(crate) fn difficult_files(root: &Path) {
    for (index, name) in NAMES.iter().enumerate() {
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
    let stage = Stage::new().await;
    difficult_files(&stage.path("local"));
    let written = files::read(&stage.path("local"));
    stage
        .tool(writer)
        .run(["copy", "local", "koofr:kept"])
        .await
        .success();

    let listing = stage
        .tool(Program::Rclone175)
        .run(["lsjson", "-R", "--hash", "koofr:kept"])
        .await;
    let listing = entries(&listing.success().json());
    assert_eq!(
        listing.len(),
        written.len(),
        "{writer}: everything is there"
    );
    for reader in ALL {
        let tool = stage.tool(reader);
        let theirs = tool
            .run(["lsjson", "-R", "--hash", "koofr:kept"])
            .await
            .success()
            .json();
        let what = format!("{reader} lists what {writer} wrote");
        listing::expect_same(&entries(&theirs), &listing, &what);

        let back = format!("back-{reader}");
        tool.run(["copy", "koofr:kept", &back]).await.success();
        expect_same(
            &written,
            &files::read(&stage.path(back)),
            &format!("{writer} to {reader}"),
        );
    }
    for rclone in RCLONES {
        let tool = stage.tool(rclone);
        for arguments in [vec!["check"], vec!["check", "--download"]] {
            let paths = ["local".to_owned(), "koofr:kept".to_owned()];
            let arguments = arguments.into_iter().map(str::to_owned).chain(paths);
            tool.run(arguments)
                .await
                .success()
                .says("0 differences found");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_copies_again_what_another_copied() {
    for writer in ALL {
        let stage = Stage::new().await;
        difficult_files(&stage.path("local"));
        stage
            .tool(writer)
            .run(["copy", "local", "koofr:kept"])
            .await
            .success();
        for second in ALL {
            stage.take_trace();
            stage
                .tool(second)
                .run(["copy", "local", "koofr:kept"])
                .await
                .success();
            let again: Vec<String> = stage
                .take_trace()
                .into_iter()
                .filter(|line| line.starts_with("put"))
                .collect();
            assert_eq!(again, Vec::<String>::new(), "{writer}, then {second}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_one_program_prints_leads_every_program_to_the_file() {
    let stage = Stage::new().await;
    difficult_files(&stage.path("local"));
    stage
        .tool(Program::Rclone175)
        .run(["copy", "local", "koofr:kept"])
        .await
        .success();
    // Bytes that are not UTF-8 cannot be printed as JSON, but they can be listed as lines.
    let list = ["lsf", "-R", "--files-only", "--separator", "", "koofr:kept"];
    let lines = stage
        .tool(Program::Rclone175)
        .run(list)
        .await
        .success()
        .stdout;
    let mut seen = 0;
    for line in lines
        .split(|&byte| byte == b'\n')
        .filter(|line| !line.is_empty())
    {
        if line.starts_with(b"sizes/") || line.starts_with(b"times/") {
            continue;
        }
        let mut argument = OsString::from("koofr:kept/");
        argument.push(OsString::from_vec(line.to_owned()));
        let mut contents = Vec::new();
        for reader in ALL {
            if reader == Program::Ours && argument.to_str().is_none() {
                // Our command line takes text; such a file is reached through its folder.
                continue;
            }
            let output = stage
                .tool(reader)
                .run(["cat".into(), argument.clone()])
                .await;
            contents.push(output.success().stdout);
        }
        assert!(
            contents.iter().all(|content| *content == contents[0]),
            "{argument:?}"
        );
        seen += 1;
    }
    assert_eq!(seen, 2 * NAMES.len() + 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn we_keep_local_names_that_rclone_cannot_open() {
    let stage = Stage::new().await;
    for name in STRAY {
        files::write(
            &stage.path("local"),
            name.as_bytes(),
            name.as_bytes(),
            1_600_000_000_000,
        );
    }
    let ours = stage.tool(Program::Ours);
    ours.run(["copy", "local", "koofr:kept"]).await.success();
    ours.run(["copy", "koofr:kept", "back"]).await.success();
    assert_eq!(
        files::read(&stage.path("local")),
        files::read(&stage.path("back"))
    );

    let mut listings = Vec::new();
    for program in ALL {
        let tool = stage.tool(program);
        let listing = tool
            .run(["lsjson", "-R", "--hash", "koofr:kept"])
            .await
            .success();
        let listing = entries(&listing.json());
        for path in listing.keys() {
            let content = tool
                .run(["cat", &format!("koofr:kept/{path}")])
                .await
                .success();
            assert!(
                STRAY.contains(&content.text().as_str()),
                "{program}: {path}"
            );
        }
        listings.push(listing);
    }
    assert_eq!(listings[0].len(), STRAY.len());
    for (program, listing) in ALL.iter().zip(&listings) {
        listing::expect_same(listing, &listings[0], &program.to_string());
    }
}

/// The one place where two names on a disk stand for one on the service: the mark alone, which rclone cannot open, and the doubled mark, which is how
/// rclone writes it. We restore the name that is meant.
#[tokio::test(flavor = "multi_thread")]
async fn we_restore_a_doubled_mark_as_the_mark_that_is_meant() {
    for writer in ALL {
        let stage = Stage::new().await;
        for (name, content) in DOUBLED.iter().zip(STRAY) {
            files::write(
                &stage.path("local"),
                name.as_bytes(),
                content.as_bytes(),
                1_600_000_000_000,
            );
        }
        stage
            .tool(writer)
            .run(["copy", "local", "koofr:kept"])
            .await
            .success();
        stage
            .tool(Program::Ours)
            .run(["copy", "koofr:kept", "ours"])
            .await
            .success();
        for (name, (content, _)) in files::read(&stage.path("ours"))
            .into_iter()
            .filter_map(|(name, file)| Some((name, file?)))
        {
            assert_eq!(name, content, "{writer}");
        }
        let theirs = stage.tool(Program::Rclone175);
        theirs.run(["copy", "koofr:kept", "theirs"]).await.success();
        assert_eq!(
            files::read(&stage.path("theirs")),
            files::read(&stage.path("local")),
            "{writer}"
        );
    }
}

/// Same names, same bytes, times as far as the service keeps them.
fn expect_same(written: &Tree, back: &Tree, what: &str) {
    expect_same_within(Duration::from_millis(1), written, back, what);
}

/// Same names, same bytes, times that differ by less than `precision`.
pub(crate) fn expect_same_within(precision: Duration, written: &Tree, back: &Tree, what: &str) {
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
                    distance(*modified, *time) < precision,
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

#[tokio::test(flavor = "multi_thread")]
async fn the_library_reads_what_rclone_wrote() {
    for writer in RCLONES {
        let stage = Stage::new().await;
        difficult_files(&stage.path("local"));
        let written = files::read(&stage.path("local"));
        stage
            .tool(writer)
            .run(["copy", "local", "koofr:kept"])
            .await
            .success();

        let remote = open(&stage, "koofr:kept");
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
                    assert_eq!(
                        entry.size,
                        Some(content.len() as u64),
                        "{writer}: {}",
                        entry.path
                    );
                    Some((content.to_vec(), entry.modified.unwrap()))
                }
            };
            read.insert(raw(&entry.path), content);
        }
        expect_same(&written, &read, &format!("{writer} to the library"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rclone_reads_what_the_library_wrote() {
    let stage = Stage::new().await;
    difficult_files(&stage.path("local"));
    let local = files::read(&stage.path("local"));
    let remote = open(&stage, "koofr:kept");
    for (path, entry) in &local {
        let mut to = RemotePath::root();
        for name in path.split(|&byte| byte == b'/') {
            to = to.child(&Encoding::LOCAL_UNIX.decode(name)).unwrap();
        }
        match entry {
            None => remote.create_dir(&to).await.unwrap(),
            Some((content, modified)) => {
                let options = WriteOptions::default().with_modified(*modified);
                let stored = remote
                    .write_bytes(&to, content.clone(), options)
                    .await
                    .unwrap();
                assert_eq!(raw(&stored.path), *path);
            }
        }
    }
    for reader in RCLONES {
        let back = format!("back-{reader}");
        stage
            .tool(reader)
            .run(["copy", "koofr:kept", &back])
            .await
            .success();
        expect_same(
            &local,
            &files::read(&stage.path(&back)),
            &format!("the library to {reader}"),
        );
    }
}

fn open(stage: &Stage, spec: &str) -> Arc<dyn Remote> {
    let opener = Opener::builder()
        .config_path(&stage.config)
        .environment(Environment::empty())
        .build()
        .expect("the configuration can be read");
    opener.open(spec).expect("the remote is configured")
}

/// The names of a path as bytes, as this system has them: its own encoding stands between them and the names that are meant.
pub(crate) fn raw(path: &RemotePath) -> Vec<u8> {
    let mut names: Vec<Vec<u8>> = std::iter::once(path.clone())
        .chain(path.ancestors())
        .filter(|path| !path.is_root())
        .map(|path| Encoding::LOCAL_UNIX.encode(&path.raw_name()).into_owned())
        .collect();
    names.reverse();
    names.join(&b'/')
}
