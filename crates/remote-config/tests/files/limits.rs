//! Where nothing can be written: no room, and a folder that may not be changed. The old file is there whole, nothing is left beside it, and
//! the caller is told.
//!
//! Room is limited by the system's limit on the size of files, which fails in the middle of writing like a full disk does. The
//! folder is tried by a process without privileges; privileged tests start one.

use std::{
    fs,
    os::unix::{fs::MetadataExt as _, fs::PermissionsExt as _, process::CommandExt as _},
    path::Path,
    process::{Command, Output},
};

use remote_core::secret::Secret;

use crate::child::{self, PASSWORDS, Role};

/// A user without any privilege; the number means `nobody` on most systems.
const NOBODY: u32 = 65534;

/// The second process has run and found what it expects.
fn assert_passed(output: &Output) {
    let said = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    let passed = output.status.success() && said.contains("1 passed");
    assert!(passed, "{}: {said}\n{error}", output.status);
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_disk_without_room_leaves_the_old_file() {
    for encrypted in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rclone.conf");
        fs::write(&path, child::text(7)).unwrap();
        if encrypted {
            let store = child::store(&path);
            store.set_password(&Secret::new(PASSWORDS[0])).unwrap();
        }
        let before = fs::read(&path).unwrap();
        let program = std::env::current_exe().unwrap();
        // The signal is ignored, so that writing fails instead. The limit is some kilobytes, whatever the unit of this shell.
        let limited = child::command(&program, Role::FailsToSave, &path);
        let mut command = Command::new("sh");
        command
            .args(["-c", "trap '' XFSZ; ulimit -f 16 && exec \"$0\" \"$@\""])
            .arg(limited.get_program())
            .args(limited.get_args());
        for (name, value) in limited.get_envs() {
            command.env(name, value.unwrap());
        }
        assert_passed(&command.output().unwrap());
        assert!(fs::read(&path).unwrap() == before);
        let mut expected = vec!["rclone.conf", "rclone.conf.lock"];
        expected.sort_unstable();
        assert_eq!(names(dir.path()), expected);
    }
}

#[test]
fn a_folder_that_may_not_be_changed_leaves_the_old_file() {
    // With and without a lock file that everybody may use.
    for lock in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("config");
        fs::create_dir(&folder).unwrap();
        let path = folder.join("rclone.conf");
        fs::write(&path, child::text(7)).unwrap();
        if lock {
            let lock = folder.join("rclone.conf.lock");
            fs::write(&lock, "").unwrap();
            fs::set_permissions(&lock, fs::Permissions::from_mode(0o666)).unwrap();
        }
        let before = names(&folder);
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).unwrap();

        // Where the program lies may be closed to others, so they get a copy.
        let program = dir.path().join("program");
        fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
        let mut command = child::command(&program, Role::FailsToSave, &path);
        if fs::metadata(dir.path()).unwrap().uid() == 0 {
            command.uid(NOBODY).gid(NOBODY);
        }
        let output = command.current_dir(dir.path()).output().unwrap();

        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        assert_passed(&output);
        assert_eq!(fs::read_to_string(&path).unwrap(), child::text(7));
        assert_eq!(names(&folder), before);
    }
}
