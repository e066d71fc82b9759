//! The file on disk: what is read, how it is replaced, what survives a failure, and several writers at once.

use std::{fs, path::Path, time::Duration};

use remote_config::{
    Config, Error,
    document::{Document, MAX_FILE_BYTES},
    location::Location,
    store::Store,
};
use remote_core::secret::Secret;
use tempfile::TempDir;

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn store(path: &Path) -> Store {
    Store::new(Location::File(path.to_owned()))
}

#[test]
fn a_missing_file_is_an_empty_configuration_and_is_created_with_its_folder() {
    let dir = folder();
    let path = dir.path().join("new/rclone/rclone.conf");
    let mut config = Config::open(&path).unwrap();
    assert!(config.sections().is_empty());
    config.save().unwrap();
    assert!(!path.exists());
    config.set("koofr", "type", "koofr").unwrap();
    assert!(config.is_changed());
    config.save().unwrap();
    assert!(!config.is_changed());
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        "[koofr]\ntype = koofr\n\n"
    );
}

#[test]
fn memory_only_saves_nothing() {
    let dir = folder();
    let path = dir.path().join("notfound");
    let mut config = Config::open(&path).unwrap();
    config.set("koofr", "type", "koofr").unwrap();
    config.save().unwrap();
    assert_eq!(
        config.get("koofr", "type").unwrap().as_deref(),
        Some("koofr")
    );
    assert!(!config.is_changed() && !path.exists());
}

#[test]
fn saving_makes_the_changes_to_what_another_process_has_written() {
    let dir = folder();
    let path = dir.path().join("rclone.conf");
    fs::write(&path, "[a]\nx = 1\n[b]\ny = 1\n").unwrap();
    let mut first = Config::open(&path).unwrap();
    let mut second = Config::open(&path).unwrap();
    first.set("a", "x", "2").unwrap();
    second.set("b", "y", "2").unwrap();
    first.save().unwrap();
    second.save().unwrap();
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        "[a]\nx = 2\n[b]\ny = 2\n"
    );
    assert!(first.reload_if_changed().unwrap());
    assert!(!first.reload_if_changed().unwrap());
    assert_eq!(first.get("b", "y").unwrap().as_deref(), Some("2"));
}

#[test]
fn reloading_keeps_changes_that_are_not_saved() {
    let dir = folder();
    let path = dir.path().join("rclone.conf");
    fs::write(&path, "[a]\nx = 1\n").unwrap();
    let mut config = Config::open(&path).unwrap();
    config.set("a", "x", "mine").unwrap();
    fs::write(&path, "[a]\nx = 1\ny = theirs\n").unwrap();
    assert!(config.reload_if_changed().unwrap());
    assert_eq!(config.get("a", "x").unwrap().as_deref(), Some("mine"));
    assert_eq!(config.get("a", "y").unwrap().as_deref(), Some("theirs"));
}

#[test]
fn what_a_program_without_the_lock_writes_meanwhile_is_not_lost() {
    let dir = folder();
    let path = dir.path().join("rclone.conf");
    fs::write(&path, "[a]\nx = 1\n").unwrap();
    let mut calls = 0;
    let change = |document: &mut Document| {
        calls += 1;
        if calls == 1 {
            fs::write(&path, "[a]\nx = 1\ny = theirs\n").unwrap();
        }
        document.set("a", "x", "mine").unwrap();
        Ok(())
    };
    store(&path).update(change).unwrap();
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        "[a]\nx = mine\ny = theirs\n"
    );
    assert_eq!(calls, 2);
}

#[test]
fn a_file_that_never_stays_the_same_is_left_alone() {
    let dir = folder();
    let path = dir.path().join("rclone.conf");
    let mut calls = 0;
    let change = |document: &mut Document| {
        calls += 1;
        let theirs = format!("[a]\n{}", "# theirs\n".repeat(calls));
        fs::write(&path, theirs).unwrap();
        document.set("a", "x", "mine").unwrap();
        Ok(())
    };
    let result = store(&path).update(change);
    assert!(matches!(result, Err(Error::Changed { .. })));
    let left = fs::read_to_string(&path).unwrap();
    assert_eq!(left, format!("[a]\n{}", "# theirs\n".repeat(calls)));
}

#[test]
fn a_file_that_rclone_is_about_to_put_in_place_is_waited_for() {
    let dir = folder();
    let path = dir.path().join("rclone.conf");
    let (old, new) = (
        dir.path().join("rclone.conf.old123"),
        dir.path().join("new"),
    );
    fs::write(&old, "[a]\nx = old\n").unwrap();
    fs::write(&new, "[a]\nx = new\n").unwrap();
    let reader = std::thread::spawn({
        let store = store(&path);
        move || store.load().unwrap().0
    });
    // The reader has either seen nothing of this yet, or is waiting.
    fs::rename(&new, &path).unwrap();
    let document = reader.join().unwrap();
    assert_eq!(document.raw("a", "x"), Some(&b"new"[..]));
}

#[test]
fn leftovers_of_a_killed_process_are_removed_and_nothing_else_is() {
    let dir = folder();
    let path = dir.path().join("rclone.conf");
    fs::write(&path, "[a]\nx = 1\n").unwrap();
    let leftover = "rclone.conf.Ab12Cd34Ef.saving";
    let others = [
        "rclone.conf.old123",
        "rclone.conf.saving",
        "rclone.conf.too-short.saving",
        "rclone.conf.Ab12Cd34E_.saving",
        "other.conf.Ab12Cd34Ef.saving",
    ];
    for name in others.into_iter().chain([leftover]) {
        fs::write(dir.path().join(name), "[a]\nx = canary\n").unwrap();
    }
    store(&path).set_password(&Secret::new("p")).unwrap();
    assert!(!dir.path().join(leftover).exists());
    for name in others {
        assert!(dir.path().join(name).exists(), "{name}");
    }
}

#[test]
fn comments_unknown_keys_and_spelling_survive_saving() {
    let dir = folder();
    let path = dir.path().join("rclone.conf");
    let text = "; mine\r\n\r\n[a]\r\n  TYPE=x ; no comment\r\n# above\r\nunknown:`q`\r\n\r\n# last";
    fs::write(&path, text).unwrap();
    let mut config = Config::open(&path).unwrap();
    config.set("b", "k", "v").unwrap();
    config.save().unwrap();
    config.set_file_password(&Secret::new("p")).unwrap();
    config.remove_file_password().unwrap();
    let saved = fs::read_to_string(&path).unwrap();
    assert!(saved.starts_with(text), "{saved}");
    assert!(saved.ends_with("[b]\r\nk = v\r\n\r\n"), "{saved}");
}

#[test]
fn many_writers_lose_nothing() {
    let dir = folder();
    let path = dir.path().join("rclone.conf");
    let writers = 8;
    let rounds = 10;
    std::thread::scope(|scope| {
        for writer in 0..writers {
            let store = store(&path);
            scope.spawn(move || {
                for round in 0..rounds {
                    let add = |document: &mut Document| {
                        document
                            .set(format!("w{writer}"), format!("k{round}"), "v")
                            .unwrap();
                        Ok(())
                    };
                    store.update(add).unwrap();
                }
            });
        }
    });
    let (document, _) = store(&path).load().unwrap();
    for writer in 0..writers {
        assert_eq!(document.keys(format!("w{writer}")).count(), rounds);
    }
}

#[test]
fn a_held_lock_ends_the_wait_with_an_error() {
    let dir = folder();
    let path = dir.path().join("rclone.conf");
    fs::write(&path, "").unwrap();
    let held = fs::File::create(dir.path().join("rclone.conf.lock")).unwrap();
    held.lock().unwrap();
    let store = store(&path).lock_timeout(Duration::ZERO);
    assert!(matches!(
        store.update(|_| Ok(())),
        Err(Error::Locked { .. })
    ));
}

#[test]
fn broken_files_name_the_line_and_not_its_content() {
    let dir = folder();
    let path = dir.path().join("rclone.conf");
    fs::write(&path, "[a]\ntype = local\nhunter2\n").unwrap();
    let error = Config::open(&path).unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(error.to_string().contains("rclone.conf"), "{error}");
    assert!(
        cause.starts_with("line 3:") && !cause.contains("hunter2"),
        "{cause}"
    );
}

#[test]
fn files_beyond_the_limit_are_refused() {
    let dir = folder();
    let path = dir.path().join("rclone.conf");
    let file = fs::File::create(&path).unwrap();
    file.set_len(MAX_FILE_BYTES as u64 + 1).unwrap();
    assert!(matches!(Config::open(&path), Err(Error::Parse { .. })));
}

#[test]
fn a_folder_is_not_a_configuration_file() {
    let dir = folder();
    assert!(matches!(Config::open(dir.path()), Err(Error::Read { .. })));
    assert!(matches!(
        store(dir.path()).update(|_| Ok(())),
        Err(Error::NotAFile { .. })
    ));
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o777
    }

    fn save_something(path: &Path) {
        let mut config = Config::open(path).unwrap();
        config.set("a", "k", "v").unwrap();
        config.save().unwrap();
    }

    #[test]
    fn new_files_are_for_the_owner_only_and_existing_modes_are_kept() {
        let dir = folder();
        let path = dir.path().join("rclone.conf");
        save_something(&path);
        assert_eq!(mode(&path), 0o600);
        for kept in [0o644, 0o640, 0o400, 0o600] {
            fs::write(dir.path().join("x.conf"), "").unwrap();
            fs::set_permissions(dir.path().join("x.conf"), fs::Permissions::from_mode(kept))
                .unwrap();
            save_something(&dir.path().join("x.conf"));
            assert_eq!(mode(&dir.path().join("x.conf")), kept);
            fs::remove_file(dir.path().join("x.conf")).unwrap();
        }
    }

    #[test]
    fn owner_and_group_are_kept_where_the_system_allows() {
        let dir = folder();
        let path = dir.path().join("rclone.conf");
        fs::write(&path, "").unwrap();
        if std::os::unix::fs::chown(&path, Some(4321), Some(4322)).is_err() {
            // Only a privileged user can make somebody else's file.
            return;
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        save_something(&path);
        let metadata = fs::metadata(&path).unwrap();
        assert_eq!(
            (metadata.uid(), metadata.gid(), mode(&path)),
            (4321, 4322, 0o640)
        );
        let lock = fs::metadata(dir.path().join("rclone.conf.lock")).unwrap();
        assert_eq!((lock.uid(), lock.mode() & 0o777), (4321, 0o600));
    }

    #[test]
    fn only_the_file_and_its_lock_are_left_behind() {
        let dir = folder();
        save_something(&dir.path().join("rclone.conf"));
        let mut names: Vec<_> = fs::read_dir(dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        assert_eq!(names, ["rclone.conf", "rclone.conf.lock"]);
    }

    #[test]
    fn links_are_followed_to_the_end() {
        let dir = folder();
        fs::create_dir(dir.path().join("real")).unwrap();
        let (real, middle, link) = (
            dir.path().join("real/r.conf"),
            dir.path().join("real/middle"),
            dir.path().join("rclone.conf"),
        );
        symlink("r.conf", &middle).unwrap();
        symlink("real/middle", &link).unwrap();
        // The file itself need not exist.
        save_something(&link);
        save_something(&link);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert!(fs::symlink_metadata(&middle).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(real).unwrap(), "[a]\nk = v\n\n");
    }

    #[test]
    fn an_absolute_link_stays_when_its_file_is_encrypted_and_decrypted() {
        let dir = folder();
        let (real, link) = (dir.path().join("real.conf"), dir.path().join("link"));
        symlink(&real, &link).unwrap();
        for kept in [0o644, 0o640, 0o400] {
            fs::write(&real, "[a]\nk = v\n").unwrap();
            fs::set_permissions(&real, fs::Permissions::from_mode(kept)).unwrap();
            let store = store(&link);
            store.set_password(&Secret::new("p")).unwrap();
            assert!(store.is_encrypted().unwrap());
            assert_eq!(mode(&real), kept);
            store.remove_password().unwrap();
            assert_eq!(mode(&real), kept);
            assert_eq!(fs::read_to_string(&real).unwrap(), "[a]\nk = v\n");
            fs::remove_file(&real).unwrap();
        }
        assert_eq!(fs::read_link(&link).unwrap(), real);
    }

    #[test]
    fn a_link_into_a_missing_folder_makes_the_folder() {
        let dir = folder();
        let link = dir.path().join("rclone.conf");
        symlink("missing/deeper/r.conf", &link).unwrap();
        save_something(&link);
        let real = dir.path().join("missing/deeper/r.conf");
        assert_eq!(fs::read_to_string(real).unwrap(), "[a]\nk = v\n\n");
    }

    #[test]
    fn a_file_where_a_folder_should_be_is_told() {
        let dir = folder();
        let file = dir.path().join("file");
        fs::write(&file, "kept").unwrap();
        let path = file.join("rclone.conf");
        assert!(matches!(Config::open(&path), Err(Error::Read { .. })));
        let result = store(&path).set_password(&Secret::new("p"));
        assert!(matches!(result, Err(Error::Write { .. })), "{result:?}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "kept");
    }

    #[test]
    fn a_circle_of_links_is_an_error() {
        let dir = folder();
        let (a, b) = (dir.path().join("a"), dir.path().join("b"));
        symlink(&a, &b).unwrap();
        symlink(&b, &a).unwrap();
        assert!(matches!(
            store(&a).update(|_| Ok(())),
            Err(Error::NotAFile { .. })
        ));
    }

    #[test]
    fn a_failure_to_write_leaves_the_old_file() {
        let dir = folder();
        let path = dir.path().join("rclone.conf");
        fs::write(&path, "[a]\nk = old\n").unwrap();
        let mut config = Config::open(&path).unwrap();
        config.set("a", "k", "new").unwrap();
        // A name of this length leaves no room for a temporary one beside it, for privileged users too.
        let long = dir.path().join("x".repeat(255));
        assert!(matches!(
            store(&long).update(|document| {
                document.set("a", "k", "v").unwrap();
                Ok(())
            }),
            Err(Error::Write { .. })
        ));
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o500)).unwrap();
        let saved = config.save();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
        if saved.is_err() {
            assert!(matches!(saved, Err(Error::Write { .. })));
            assert_eq!(fs::read_to_string(&path).unwrap(), "[a]\nk = old\n");
            config.save().unwrap();
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), "[a]\nk = new\n");
    }
}
