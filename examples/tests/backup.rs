//! `backup` and `restore`: the demonstration on the emulator, a configured remote, and what they say when something is wrong.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::fs;

use examples::{backup::Backup, restore::Restore};
use remote_emulator::{Emulator, Section, acd::AcdConfig, jotta::JottaConfig, write_sections};
use support::{Stage, make_tree, run};

/// The cells of a row of the table.
fn row(out: &str, name: &str) -> Vec<String> {
    let line = out.lines().find(|line| line.starts_with(name));
    let line = line.unwrap_or_else(|| panic!("no row {name} in\n{out}"));
    line.split_whitespace().map(str::to_owned).collect()
}

fn cell(out: &str, name: &str, column: &str) -> String {
    let head = out.lines().next().unwrap().split_whitespace();
    let place = head.clone().position(|title| title == column);
    let place = place.unwrap_or_else(|| panic!("no column {column} in\n{out}"));
    row(out, name)[place + 1].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demonstration_ends_with_a_restored_copy() {
    let dir = tempfile::tempdir().unwrap();
    make_tree(dir.path(), &["a", "d/b", "d/e/c", "left/out"]);
    fs::write(dir.path().join("empty"), "").unwrap();
    let folder = dir.path().to_str().unwrap();
    let ended = run::<Backup>(b"", &[folder, "--exclude", "left"]).await;
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(cell(&ended.out, "backup", "files"), "4");
    assert_eq!(cell(&ended.out, "again", "files"), "0");
    assert_eq!(cell(&ended.out, "again", "skipped"), "4");
    assert_eq!(cell(&ended.out, "restore", "files"), "4");
    let requests: u64 = cell(&ended.out, "again", "requests").parse().unwrap();
    assert!(requests <= 2, "{}", ended.out);
    assert!(
        ended.out.contains("byte for byte: 4 files"),
        "{}",
        ended.out
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_run_on_the_same_state_sends_nothing() {
    let dir = tempfile::tempdir().unwrap();
    make_tree(&dir.path().join("src"), &["a", "d/b"]);
    let text = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (src, state, back) = (text("src"), text("state"), text("back"));
    let arguments = [src.as_str(), "--state-dir", &state];

    let first = run::<Backup>(b"", &arguments).await.ok();
    assert_eq!(cell(&first, "backup", "files"), "2");
    let second = run::<Backup>(b"", &arguments).await.ok();
    assert_eq!(cell(&second, "backup", "files"), "0");
    assert_eq!(cell(&second, "backup", "skipped"), "2");

    let restored = run::<Restore>(b"", &[&back, "--state-dir", &state]).await;
    assert_eq!(cell(&restored.ok(), "restore", "files"), "2");
    let content = fs::read_to_string(dir.path().join("back/d/b")).unwrap();
    assert_eq!(content, "d/b");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_service_is_backed_up_to_on_its_emulator_and_restored_from() {
    for (service, remote) in [
        ("Koofr", "koofr:b/2026"),
        ("Jottacloud", "jotta:b/2026"),
        ("Amazon Drive", "acd:b/2026"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let files = ["a", "d/b", "d/e/c +%;\u{e9}\u{1f980}"];
        make_tree(&dir.path().join("src"), &files);
        let text = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
        let (src, state, back) = (text("src"), text("state"), text("back"));
        let to = [&*src, "--to", remote, "--state-dir", &state];

        let first = run::<Backup>(b"", &to).await;
        let place = format!("to {remote} on an emulator of {service}");
        assert!(first.err.contains(&place), "{first:?}");
        let first = first.ok();
        assert_eq!(cell(&first, "backup", "files"), "3", "{remote}");
        assert_eq!(cell(&first, "again", "skipped"), "3", "{remote}");
        assert!(first.contains("byte for byte: 3 files"), "{first}");
        let second = run::<Backup>(b"", &to).await.ok();
        assert_eq!(cell(&second, "backup", "files"), "0", "{remote}");

        let from = [&*back, "--from", remote, "--state-dir", &state];
        let restored = run::<Restore>(b"", &from).await.ok();
        assert_eq!(cell(&restored, "restore", "files"), "3", "{remote}");
        for file in files {
            let content = fs::read_to_string(dir.path().join("back").join(file)).unwrap();
            assert_eq!(content, file, "{remote}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configured_remote_is_backed_up_to_and_restored_from() {
    let stage = Stage::new().await;
    make_tree(&stage.path("src"), &["a", "d/b"]);
    let config = stage.config.to_str().unwrap();
    let (src, back) = (stage.text("src"), stage.text("back"));
    let to = [&*src, "--to", "koofr:backup/2026", "--config", config];
    let out = run::<Backup>(b"", &to).await.ok();
    assert_eq!(cell(&out, "backup", "files"), "2");
    assert_eq!(stage.stored("/backup/2026/d/b").unwrap(), b"d/b");
    let from = [&*back, "--from", "koofr:backup/2026", "--config", config];
    let out = run::<Restore>(b"", &from).await.ok();
    assert_eq!(cell(&out, "restore", "files"), "2");
    assert!(stage.path("back/d/b").exists());
}

/// The way an account of one's own is used: by the service's section of a configuration file.
#[tokio::test(flavor = "multi_thread")]
async fn configured_remotes_of_the_other_services_are_backed_up_to() {
    let dir = tempfile::tempdir().unwrap();
    make_tree(&dir.path().join("src"), &["a", "d/b"]);
    let emulator = Emulator::builder()
        .jotta(JottaConfig::default())
        .acd(AcdConfig::default());
    let emulator = emulator.start().await.unwrap();
    let config = dir.path().join("rclone.conf");
    let sections = [
        Section::jotta("mine", emulator.jotta()).unwrap(),
        Section::acd("acd", emulator.acd()).unwrap(),
    ];
    write_sections(&config, &sections).unwrap();
    let (src, config) = (dir.path().join("src"), config.to_str().unwrap());
    for remote in ["mine:b", "acd:b"] {
        let to = [src.to_str().unwrap(), "--to", remote, "--config", config];
        let ended = run::<Backup>(b"", &to).await;
        assert!(!ended.err.contains("emulator"), "{ended:?}");
        assert_eq!(cell(&ended.ok(), "backup", "files"), "2", "{remote}");
    }
    let stored = emulator.acd().read("/b/d/b").unwrap();
    assert_eq!(stored.unwrap(), "d/b");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_out_is_told_and_has_an_exit_code() {
    let stage = Stage::new().await;
    make_tree(&stage.path("src"), &["a"]);
    std::os::unix::fs::symlink("a", stage.path("src/link")).unwrap();
    let (src, config) = (stage.text("src"), stage.config.to_str().unwrap());
    let ended = run::<Backup>(b"", &[&src, "--to", "koofr:b", "--config", config]).await;
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.err.contains("link: "), "{ended:?}");
    assert_eq!(cell(&ended.out, "backup", "problems"), "1");
    assert!(stage.stored("/b/a").is_some());
}

/// On an emulator, which compares afterwards: with what was copied. Jottacloud has one place for two names that differ in case.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn what_was_left_out_is_not_missed_by_the_comparison() {
    use std::os::unix::{ffi::OsStrExt as _, net::UnixListener};
    let dir = tempfile::tempdir().unwrap();
    let src = dir.path().join("src");
    make_tree(&src, &["a", "d/Name", "d/name", "d/\u{1b}[31m"]);
    let latin = std::ffi::OsStr::from_bytes(b"caf\xe9");
    fs::write(src.join(latin), "latin").unwrap();
    fs::create_dir(src.join("empty")).unwrap();
    let _socket = UnixListener::bind(src.join("socket")).unwrap();
    let (src, state) = (src.to_str().unwrap(), dir.path().join("state"));
    let state = state.to_str().unwrap();
    let ended = run::<Backup>(b"", &[src, "--to", "jotta:b", "--state-dir", state]).await;
    assert_eq!(ended.code, 3, "{ended:?}");
    assert_eq!(cell(&ended.out, "backup", "problems"), "2");
    assert_eq!(cell(&ended.out, "restore", "files"), "4");
    let compared = "restored and compared byte for byte: 4 files";
    assert!(ended.out.contains(compared), "{ended:?}");
    assert!(ended.err.contains("socket: "), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_sense_is_refused() {
    let stage = Stage::new().await;
    let (config, missing) = (stage.config.to_str().unwrap(), stage.text("missing"));
    let src = stage.text("");
    let to_nobody = [&*src, "--to", "nobody:b", "--config", config];
    let ended = run::<Backup>(b"", &to_nobody).await;
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.err.contains("configured are: koofr"), "{ended:?}");

    let of_nothing = [&*missing, "--to", "koofr:b", "--config", config];
    let ended = run::<Backup>(b"", &of_nothing).await;
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.err.contains("missing"), "{ended:?}");

    let of_a_file = [config, "--to", "koofr:b", "--config", config];
    let ended = run::<Backup>(b"", &of_a_file).await;
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(ended.err.contains("is no folder"), "{ended:?}");
    let of_no_state = [&*src, "--state-dir", &*missing];
    let ended = run::<Restore>(b"", &of_no_state).await;
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(!stage.path("missing").exists(), "{ended:?}");

    let ended = run::<Backup>(b"", &[&src, "--to", &missing]).await;
    assert_eq!(ended.code, 2, "{ended:?}");
    let with_both = [
        &*src,
        "--to",
        "koofr:b",
        "--config",
        config,
        "--state-dir",
        &missing,
    ];
    assert_eq!(run::<Backup>(b"", &with_both).await.code, 2);
    let of_nobody = [&*src, "--to", "nobody:b", "--state-dir", &missing];
    let ended = run::<Backup>(b"", &of_nobody).await;
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(ended.err.contains("jotta:PATH"), "{ended:?}");
    let ended = run::<Restore>(b"", &[&missing]).await;
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(ended.err.contains("--from"), "{ended:?}");
}
