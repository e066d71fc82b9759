//! The same files for everybody on Koofr: what one program writes, every other reads.
//!
//! * difficult names, times and contents, written by rclone 1.60.1, by rclone 1.75.2 and by us; listed, checked and read back by all three
//! * a path that one program prints, given to another
//! * the mark that escapes: as rclone writes it, and alone, which only we can read from a disk

use std::{ffi::OsString, os::unix::ffi::OsStringExt as _};

use tests::interop::{
    exchange, files,
    koofr::{Koofr, KoofrStage},
    listing::{self, entries},
    names::{NAMES, difficult_files},
    tool::{ALL, Program, RCLONES},
};

/// Names that rclone's own local side loses: it decodes them, encodes them again, and looks for a file of another name.
const STRAY: &[&str] = &["‛", "a‛b", "‛41", "‛FE‛"];

/// The same names as rclone writes them on a disk, where it doubles the mark.
const DOUBLED: &[&str] = &["‛‛", "a‛‛b", "‛‛41", "‛‛FE‛‛"];

#[tokio::test(flavor = "multi_thread")]
async fn everybody_reads_what_rclone_1_60_1_wrote() {
    exchange::everybody_reads_what_was_written_by::<Koofr>(Program::Rclone160).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_reads_what_rclone_1_75_2_wrote() {
    exchange::everybody_reads_what_was_written_by::<Koofr>(Program::Rclone175).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_reads_what_we_wrote() {
    exchange::everybody_reads_what_was_written_by::<Koofr>(Program::Ours).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_library_reads_what_rclone_wrote() {
    for writer in RCLONES {
        exchange::the_library_reads_what_was_written_by::<Koofr>(writer).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rclone_reads_what_the_library_wrote() {
    exchange::rclone_reads_what_the_library_wrote::<Koofr>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_one_program_prints_leads_every_program_to_the_file() {
    let stage = KoofrStage::new().await;
    difficult_files(&stage.path("local"), |_| true);
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
    let stage = KoofrStage::new().await;
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

/// The one place where we do not follow rclone: for it the doubled mark is how a disk spells the single one, which it cannot open; for us both are names of their own.
/// What rclone wrote is restored as the mark that it means, what we wrote comes back as it was, beside a single mark as well.
#[tokio::test(flavor = "multi_thread")]
async fn a_doubled_mark_that_we_wrote_comes_back_doubled() {
    for writer in ALL {
        let stage = KoofrStage::new().await;
        let write = |names: &[&str]| {
            for (name, content) in names.iter().zip(STRAY) {
                let local = stage.path("local");
                files::write(
                    &local,
                    name.as_bytes(),
                    content.as_bytes(),
                    1_600_000_000_000,
                );
            }
        };
        write(DOUBLED);
        if writer == Program::Ours {
            write(STRAY);
        }
        let tool = stage.tool(writer);
        tool.run(["copy", "local", "koofr:kept"]).await.success();
        let ours = stage.tool(Program::Ours);
        ours.run(["copy", "koofr:kept", "ours"]).await.success();
        let back = files::read(&stage.path("ours"));
        if writer == Program::Ours {
            assert_eq!(back, files::read(&stage.path("local")));
            continue;
        }
        let back = back.into_iter();
        for (name, (content, _)) in back.filter_map(|(name, file)| Some((name, file?))) {
            assert_eq!(name, content, "{writer}");
        }
        let theirs = stage.tool(Program::Rclone175);
        theirs.run(["copy", "koofr:kept", "theirs"]).await.success();
        let theirs = files::read(&stage.path("theirs"));
        assert_eq!(theirs, files::read(&stage.path("local")), "{writer}");
    }
}
