//! Local folders to be copied.

use std::{fs, path::Path};

/// Makes `dirs` folders, named `dir0` and so on, with `files` small files in all.
///
/// # Panics
///
/// If the file system refuses.
pub fn fill(at: &Path, dirs: usize, files: usize) {
    for index in 0..files {
        let dir = at.join(format!("dir{}", index % dirs));
        fs::create_dir_all(&dir).expect("a folder");
        fs::write(dir.join(format!("file{index}")), format!("content {index}")).expect("a file");
    }
}
