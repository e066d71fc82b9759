//! What nobody would do to a configuration file, and somebody does.
//!
//! * bytes that are no text, zero bytes, lines of a megabyte, odd names: kept through a save, plain and encrypted
//! * values that explode when they are read: bounded for a whole remote, not for each of its values
//! * several processes that write at once
//! * things in the place of the file and of its locks that are neither

use std::fs;

use remote_config::{Config, Environment, store::Store};
use remote_core::secret::Secret;

#[test]
fn odd_bytes_and_long_lines_survive_saving() {
    let long = "x".repeat(1 << 20);
    let text = [
        "\u{feff}# first\r\n[a]b]\r\nk = \0v\r\n[[c]]\n".as_bytes(),
        b"bytes = \xff\xfe\x85\n\xc3 = half a character\n",
        format!("long = {long}\n{long} = 1\n").as_bytes(),
        "[ü ñ]\nk: `v` x\n\u{3000}type\u{3000}=\u{3000}koofr\n; last".as_bytes(),
    ]
    .concat();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rclone.conf");
    fs::write(&path, &text).unwrap();
    let mut config = Config::open(&path).unwrap();
    assert_eq!(config.sections(), ["a]b", "[c]", "ü ñ"]);
    config.set("a]b", "new", "v").unwrap();
    config.save().unwrap();
    let store = config.store().clone();
    store.set_password(&Secret::new("p")).unwrap();
    store.remove_password().unwrap();
    config.remove("a]b", "new").unwrap();
    config.save().unwrap();
    assert!(fs::read(&path).unwrap() == text);
}

#[test]
fn values_that_explode_are_bounded_for_a_remote_as_a_whole() {
    let mut text = "[a]\ntype = local\nx0 = 0123456789\n".to_owned();
    for level in 1..30 {
        let below = level - 1;
        text += &format!("x{level} = %(x{below})s%(x{below})s\n");
    }
    // Each of these would take megabytes.
    for key in 0..50_000 {
        text += &format!("k{key} = %(x16)s\n");
    }
    let document = remote_config::document::Document::parse(text.as_bytes()).unwrap();
    let config = Config::in_memory(document);
    let remote = config.remote("a:", &Environment::empty()).unwrap();
    assert_eq!(remote.type_name(), "local");
    let stored = remote.lookup("k49999", None).unwrap().unwrap();
    assert_eq!(stored.text, "%(x16)s");
}

#[test]
fn an_edited_file_that_grows_too_large_is_not_saved() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rclone.conf");
    fs::write(&path, "[a]\nk = old\n").unwrap();
    let mut config = Config::open(&path).unwrap();
    let large = "x".repeat(remote_config::document::MAX_FILE_BYTES);
    config.set("a", "k", &large).unwrap();
    let error = config.save().unwrap_err();
    assert!(
        matches!(error, remote_config::Error::Unreadable { .. }),
        "{error:?}"
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), "[a]\nk = old\n");
    assert!(Store::at(&path).load().is_ok());
}

#[cfg(unix)]
mod unix {
    use std::{os::unix::fs::symlink, process::Command};

    use remote_config::Error;

    use super::*;
    use crate::child::{self, KEYS, Role};

    #[test]
    fn eight_processes_that_write_at_once_lose_nothing() {
        for encrypted in [false, true] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("rclone.conf");
            fs::write(&path, "# kept\n").unwrap();
            if encrypted {
                let store = child::store(&path);
                store
                    .set_password(&Secret::new(child::PASSWORDS[1]))
                    .unwrap();
            }
            let program = std::env::current_exe().unwrap();
            let children: Vec<_> = (0..8)
                .map(|_| {
                    child::command(&program, Role::AddsKeys, &path)
                        .spawn()
                        .unwrap()
                })
                .collect();
            let names: Vec<String> = children
                .iter()
                .map(|child| format!("p{}", child.id()))
                .collect();
            for child in children {
                let output = child.wait_with_output().unwrap();
                let said = String::from_utf8_lossy(&output.stderr);
                assert!(output.status.success(), "{said}");
            }
            let (document, _) = child::store(&path).load().unwrap();
            assert!(document.to_bytes().starts_with(b"# kept\n"));
            for name in names {
                assert_eq!(document.keys(&name).count(), KEYS, "{name}");
            }
        }
    }

    #[test]
    fn a_pipe_in_the_place_of_the_file_is_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rclone.conf");
        let made = Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        let result = Store::at(&path).set_password(&Secret::new("p"));
        assert!(matches!(result, Err(Error::NotAFile { .. })), "{result:?}");
        assert!(path.exists());
    }

    #[test]
    fn what_lies_in_the_place_of_a_lock_is_neither_followed_nor_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rclone.conf");
        fs::write(&path, "[a]\nk = old\n").unwrap();
        let lock = dir.path().join("rclone.conf.lock");
        let victim = dir.path().join("victim");
        let save = || {
            let mut config = Config::open(&path).unwrap();
            config.set("a", "k", "new").unwrap();
            config.save()
        };
        symlink(&victim, &lock).unwrap();
        assert!(matches!(save(), Err(Error::Write { .. })));
        assert!(!victim.exists());
        fs::remove_file(&lock).unwrap();

        let made = Command::new("mkfifo").arg(&lock).status().unwrap();
        assert!(made.success());
        assert!(matches!(save(), Err(Error::Write { .. })));
        fs::remove_file(&lock).unwrap();

        fs::create_dir(&lock).unwrap();
        assert!(matches!(save(), Err(Error::Write { .. })));
        fs::remove_dir(&lock).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "[a]\nk = old\n");
        save().unwrap();
    }

    #[test]
    fn a_lock_that_is_somebody_elses_file_does_not_change_hands() {
        use std::os::unix::fs::{MetadataExt as _, chown};

        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rclone.conf");
        fs::write(&path, "").unwrap();
        if chown(&path, Some(4321), Some(4322)).is_err() {
            // Only a privileged user works on somebody else's configuration.
            return;
        }
        let precious = dir.path().join("precious");
        fs::write(&precious, "kept").unwrap();
        fs::hard_link(&precious, dir.path().join("rclone.conf.lock")).unwrap();
        let mut config = Config::open(&path).unwrap();
        config.set("a", "k", "v").unwrap();
        config.save().unwrap();
        assert_eq!(fs::metadata(&precious).unwrap().uid(), 0);
        assert_eq!(fs::read_to_string(&precious).unwrap(), "kept");
    }
}
