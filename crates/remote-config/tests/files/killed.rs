//! Processes that are killed while they save: the old or the new file is there whole, its mode is kept, no plain text lies next to an encrypted
//! file, and the next one that saves is not hindered.
//!
//! A process is killed as soon as its temporary file is there, as soon as that has content, as soon as the file is replaced, and at other
//! times; it saves plain files, encrypted ones, such behind a link, or changes the password all the time.

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _, symlink},
        process::ExitStatusExt as _,
    },
    path::{Path, PathBuf},
    process::Child,
    thread,
    time::{Duration, Instant},
};

use remote_core::secret::Secret;

use crate::child::{self, PASSWORDS, Role};

const ROUNDS: usize = 12;
const MODE: u32 = 0o640;

/// When a process is killed.
#[derive(Clone, Copy, Debug)]
enum Moment {
    TemporaryFileHasContent,
    TemporaryFileIsThere,
    FileIsReplaced,
    /// So long after the file was replaced.
    Later(Duration),
}

const MOMENTS: [Moment; 6] = [
    Moment::TemporaryFileIsThere,
    Moment::TemporaryFileHasContent,
    Moment::FileIsReplaced,
    Moment::Later(Duration::from_millis(1)),
    Moment::Later(Duration::from_millis(7)),
    Moment::Later(Duration::from_millis(23)),
];

/// A process that does not outlive its test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        self.0.kill().unwrap_or_default();
        drop(self.0.wait());
    }
}

fn temporary_file(folder: &Path) -> Option<PathBuf> {
    fs::read_dir(folder)
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|end| end == "saving"))
}

/// Waits for a moment in the life of another process.
fn wait_for(moment: Moment, file: &Path, inode: u64) {
    let folder = file.parent().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    let replaced = || fs::metadata(file).is_ok_and(|metadata| metadata.ino() != inode);
    let reached = || match moment {
        Moment::TemporaryFileHasContent => temporary_file(folder)
            .and_then(|path| fs::metadata(path).ok())
            .is_some_and(|metadata| metadata.len() > 0),
        Moment::TemporaryFileIsThere => temporary_file(folder).is_some(),
        Moment::FileIsReplaced | Moment::Later(_) => replaced(),
    };
    while !reached() {
        assert!(Instant::now() < deadline, "{moment:?} never comes");
        thread::yield_now();
    }
    if let Moment::Later(time) = moment {
        thread::sleep(time);
    }
}

/// No file of a folder holds plain text.
fn assert_no_plain_text(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let content = fs::read(entry.path()).unwrap();
        let found = content.windows(6).any(|window| window == b"canary");
        assert!(!found, "{:?} holds plain text", entry.file_name());
    }
}

/// Kills processes that work on a file, one after the other.
fn kill_again_and_again(role: Role, path: &Path, file: &Path, encrypted: bool) {
    let folder = file.parent().unwrap();
    let program = std::env::current_exe().unwrap();
    let mut generation = child::generation_of(&child::plain(file));
    for round in 0..ROUNDS {
        let moment = MOMENTS[round % MOMENTS.len()];
        let inode = fs::metadata(file).unwrap().ino();
        let mut process = Process(child::command(&program, role, path).spawn().unwrap());
        wait_for(moment, file, inode);
        process.0.kill().unwrap();
        assert_eq!(process.0.wait().unwrap().signal(), Some(9), "{moment:?}");

        let now = child::generation_of(&child::plain(file));
        assert!(
            now >= generation,
            "{moment:?}: back from {generation} to {now}"
        );
        assert_eq!(
            fs::metadata(file).unwrap().mode() & 0o777,
            MODE,
            "{moment:?}"
        );
        if encrypted {
            assert_no_plain_text(folder);
        }
        // Neither the lock nor what was left behind hinders the next one.
        child::save(&child::store(path), now + 1).unwrap();
        assert_eq!(temporary_file(folder), None, "{moment:?}");
        generation = now + 1;
    }
}

fn new_file(folder: &Path) -> PathBuf {
    let file = folder.join("rclone.conf");
    fs::write(&file, child::text(1)).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(MODE)).unwrap();
    file
}

#[test]
fn a_killed_process_leaves_the_old_or_the_new_plain_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = new_file(dir.path());
    kill_again_and_again(Role::Saves, &file, &file, false);
    // Plain text that was left behind is gone when the file is encrypted.
    let store = child::store(&file);
    store.set_password(&Secret::new(PASSWORDS[0])).unwrap();
    assert_no_plain_text(dir.path());
}

#[test]
fn a_killed_process_leaves_the_old_or_the_new_encrypted_file() {
    let (dir, links) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = new_file(dir.path());
    let link = links.path().join("rclone.conf");
    symlink(&file, &link).unwrap();
    let store = child::store(&file);
    store.set_password(&Secret::new(PASSWORDS[1])).unwrap();
    kill_again_and_again(Role::Saves, &link, &file, true);
    assert_eq!(fs::read_link(&link).unwrap(), file);
}

#[test]
fn a_process_killed_while_it_changes_the_password_leaves_a_file_with_the_old_or_the_new_one() {
    let dir = tempfile::tempdir().unwrap();
    let file = new_file(dir.path());
    let store = child::store(&file);
    store.set_password(&Secret::new(PASSWORDS[0])).unwrap();
    kill_again_and_again(Role::ChangesPassword, &file, &file, true);
}
