//! Local files to copy: the same bytes on every machine, no two files alike, nothing that compresses.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::Path,
};

const BLOCK: usize = 64 * 1024;

/// Makes `folders` folders with `files` files of `size` bytes each, below `root`. Trees of different names have no content in common.
pub(crate) fn make_tree(
    root: &Path,
    files: u64,
    folders: u64,
    size: u64,
    name: &str,
) -> io::Result<()> {
    for folder in 0..folders {
        fs::create_dir_all(root.join(folder_name(folder)))?;
    }
    for file in 0..files {
        let path = root
            .join(folder_name(file % folders))
            .join(format!("file-{file:06}.bin"));
        make_file(&path, size, seed(name, file))?;
    }
    Ok(())
}

/// FNV-1a: names that differ in one letter must not share the contents of files with other numbers.
fn seed(name: &str, file: u64) -> u64 {
    let bytes = name.bytes().chain(file.to_le_bytes());
    bytes.fold(0xCBF2_9CE4_8422_2325, |seed, byte| {
        (seed ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    })
}

fn folder_name(index: u64) -> String {
    format!("folder-{index:04}")
}

/// Makes a file of `size` bytes that depend on `seed`.
pub(crate) fn make_file(path: &Path, size: u64, seed: u64) -> io::Result<()> {
    let mut file = BufWriter::with_capacity(BLOCK, File::create(path)?);
    let mut random = Random::new(seed);
    let mut left = size;
    while left > 0 {
        let bytes = random.next().to_le_bytes();
        let count = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        file.write_all(bytes.get(..count).unwrap_or(&bytes))?;
        left -= count as u64;
    }
    file.flush()
}

/// xorshift64*: enough to keep anything from compressing.
#[derive(Debug)]
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        // Any odd multiplier keeps seeds apart; zero is the one state the generator never leaves.
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).max(1))
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_files_of_no_two_rounds_are_alike() {
        let mut states = HashSet::new();
        for name in [
            "ours-4-0",
            "ours-4-1",
            "ours-16-0",
            "rclone-4-0",
            "rclone-4-1",
        ] {
            for file in 0..1000 {
                assert!(
                    states.insert(Random::new(seed(name, file)).0),
                    "{name} {file}"
                );
            }
        }
    }
}
