//! The gzip envelope, around bytes that are stored as they are.

/// The largest stored block.
const BLOCK: usize = 0xffff;

/// `bytes` in the form that `Content-Encoding: gzip` promises.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    // Deflate, no flags, no time, unknown system.
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    let mut blocks = bytes.chunks(BLOCK).peekable();
    if bytes.is_empty() {
        out.extend_from_slice(&[1, 0, 0, 0xff, 0xff]);
    }
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        out.push(u8::from(blocks.peek().is_none()));
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&(!length).to_le_bytes());
        out.extend_from_slice(block);
    }
    out.extend_from_slice(&crate::zip::crc32(bytes).to_le_bytes());
    let size = u32::try_from(bytes.len() & 0xffff_ffff).unwrap_or_default();
    out.extend_from_slice(&size.to_le_bytes());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_envelope_has_checksum_and_length() {
        let out = gzip(b"123456789");
        assert_eq!(out[..2], [0x1f, 0x8b]);
        assert_eq!(out[10..15], [1, 9, 0, 0xf6, 0xff]);
        assert_eq!(out[24..28], 0xcbf4_3926_u32.to_le_bytes());
        assert_eq!(out[28..], 9_u32.to_le_bytes());
        let long = gzip(&vec![b'x'; BLOCK + 1]);
        assert_eq!(long[10], 0);
        assert_eq!(long[10 + 5 + BLOCK], 1);
    }
}
