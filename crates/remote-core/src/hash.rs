//! Content hashes.

use std::{fmt, str::FromStr};

use fast_md5::Md5;

/// Which hash.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum HashAlgorithm {
    /// MD5, 16 bytes; what all three services compute.
    Md5,
}

impl HashAlgorithm {
    /// The name rclone uses, lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
        }
    }
}

/// The hash of some content.
///
/// Prints as lower-case hexadecimal digits.
///
/// # Examples
///
/// ```
/// use remote_core::hash::{HashAlgorithm, HashValue};
///
/// let hash = HashValue::of(HashAlgorithm::Md5, b"hello world");
/// assert_eq!(hash.to_string(), "5eb63bbbe01eeed093cb22bb8f5acdc3");
/// assert_eq!("5EB63BBBE01EEED093CB22BB8F5ACDC3".parse(), Ok(hash));
/// ```
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct HashValue {
    algorithm: HashAlgorithm,
    digest: [u8; 16],
}

/// A text is not the hexadecimal form of a hash.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a hash: expected 32 hexadecimal digits")]
pub struct ParseHashError;

impl HashValue {
    /// An MD5 by its 16 bytes.
    #[must_use]
    pub const fn md5(digest: [u8; 16]) -> Self {
        Self {
            algorithm: HashAlgorithm::Md5,
            digest,
        }
    }

    /// The hash of bytes that are in memory.
    #[must_use]
    pub fn of(algorithm: HashAlgorithm, content: &[u8]) -> Self {
        let mut hasher = Hasher::new(algorithm);
        hasher.update(content);
        hasher.finish()
    }

    /// Which hash it is.
    #[must_use]
    pub fn algorithm(&self) -> HashAlgorithm {
        self.algorithm
    }

    /// The bytes of the hash.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.digest
    }
}

impl FromStr for HashValue {
    type Err = ParseHashError;

    /// Reads 32 hexadecimal digits of either case as an MD5.
    fn from_str(text: &str) -> Result<Self, ParseHashError> {
        let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
            return Err(ParseHashError);
        };
        let pairs: &[[u8; 2]; 16] = pairs.try_into().map_err(|_odd_length| ParseHashError)?;
        let mut digest = [0; 16];
        for (byte, [high, low]) in digest.iter_mut().zip(pairs) {
            *byte = hex_digit(*high)? << 4 | hex_digit(*low)?;
        }
        Ok(Self::md5(digest))
    }
}

fn hex_digit(digit: u8) -> Result<u8, ParseHashError> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        b'A'..=b'F' => Ok(digit - b'A' + 10),
        _ => Err(ParseHashError),
    }
}

impl fmt::Display for HashValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.digest
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for HashValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{self}", self.algorithm.name())
    }
}

/// Computes a hash piece by piece.
pub struct Hasher(Md5);

impl Hasher {
    /// Starts a hash.
    #[must_use]
    pub fn new(algorithm: HashAlgorithm) -> Self {
        match algorithm {
            HashAlgorithm::Md5 => Self(Md5::new()),
        }
    }

    /// Takes in the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of all bytes so far.
    #[must_use]
    pub fn finish(self) -> HashValue {
        HashValue::md5(self.0.finalize())
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hasher(md5)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_give_the_hash_of_the_whole() {
        let mut hasher = Hasher::new(HashAlgorithm::Md5);
        hasher.update(b"hello ");
        hasher.update(b"world");
        assert_eq!(
            hasher.finish(),
            HashValue::of(HashAlgorithm::Md5, b"hello world")
        );
    }

    proptest::proptest! {
        #[test]
        fn the_fast_implementation_agrees_with_the_established_one(
            bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..2_000),
            mut cuts in proptest::collection::vec(0..2_000_usize, 0..6),
        ) {
            use md5::Digest as _;
            cuts.push(0);
            cuts.push(bytes.len());
            cuts.iter_mut().for_each(|cut| *cut = (*cut).min(bytes.len()));
            cuts.sort_unstable();
            let mut hasher = Hasher::new(HashAlgorithm::Md5);
            cuts.windows(2).for_each(|cut| hasher.update(&bytes[cut[0]..cut[1]]));
            let expected: [u8; 16] = md5::Md5::digest(&bytes).into();
            assert_eq!(hasher.finish(), HashValue::md5(expected));
        }
    }

    #[test]
    fn texts_that_are_no_hash_are_refused() {
        for text in [
            "",
            "5eb63bbbe01eeed093cb22bb8f5acdc",
            "5eb63bbbe01eeed093cb22bb8f5acdc3a",
            "zeb63bbbe01eeed093cb22bb8f5acdc3",
        ] {
            assert_eq!(text.parse::<HashValue>(), Err(ParseHashError), "{text}");
        }
    }
}
