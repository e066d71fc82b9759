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
    let seed = name.bytes().fold(1, |seed: u64, byte| {
        seed.wrapping_mul(0x0100_0000_01B3) ^ u64::from(byte)
    });
    for folder in 0..folders {
        fs::create_dir_all(root.join(folder_name(folder)))?;
    }
    for file in 0..files {
        let path = root
            .join(folder_name(file % folders))
            .join(format!("file-{file:06}.bin"));
        make_file(&path, size, seed.wrapping_add(file))?;
    }
    Ok(())
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
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1 << 63)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }
}
