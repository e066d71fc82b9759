//! ZIP archives of stored entries, produced while they are sent.

use std::io;

use bytes::Bytes;
use futures::{StreamExt, stream};

use crate::reply::ByteStream;
use crate::store::Content;

/// An entry of an archive; a folder has no content and a name that ends in a slash.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) content: Option<Content>,
}

/// Names are UTF-8, and sizes and checksum follow the data.
const FLAGS: u16 = 0x0808;

/// Version 4.5, the first with 64-bit sizes.
const VERSION: u16 = 45;

/// The first of January 1980, the earliest date the format knows.
const DATE: u16 = 0x21;

/// What the directory at the end repeats about an entry.
struct Written {
    name: String,
    crc: u32,
    size: u64,
    offset: u64,
}

enum Step {
    Head(std::vec::IntoIter<Member>),
    Data(std::vec::IntoIter<Member>, ByteStream, Written, Crc),
    End,
}

struct Progress {
    offset: u64,
    written: Vec<Written>,
}

/// The archive as a stream.
pub(crate) fn archive(members: Vec<Member>) -> ByteStream {
    let progress = Progress {
        offset: 0,
        written: Vec::new(),
    };
    stream::try_unfold(
        (Step::Head(members.into_iter()), progress),
        |(step, mut progress)| async move {
            let made = next(step, &mut progress).await?;
            Ok(made.map(|(bytes, step)| {
                progress.offset += bytes.len() as u64;
                (bytes, (step, progress))
            }))
        },
    )
    .boxed()
}

async fn next(step: Step, progress: &mut Progress) -> io::Result<Option<(Bytes, Step)>> {
    match step {
        Step::Head(mut members) => {
            let Some(member) = members.next() else {
                return Ok(Some((directory(progress), Step::End)));
            };
            let head = local_head(&member.name);
            let written = Written {
                name: member.name,
                crc: 0,
                size: 0,
                offset: progress.offset,
            };
            let data = match member.content {
                Some(content) => content.stream(0..content.len()),
                None => stream::empty().boxed(),
            };
            Ok(Some((head, Step::Data(members, data, written, Crc::new()))))
        }
        Step::Data(members, mut data, mut written, mut crc) => match data.next().await {
            Some(bytes) => {
                let bytes = bytes?;
                crc.update(&bytes);
                written.size += bytes.len() as u64;
                Ok(Some((bytes, Step::Data(members, data, written, crc))))
            }
            None => {
                written.crc = crc.value();
                let mut out = Vec::new();
                put32(&mut out, 0x0807_4b50);
                put32(&mut out, written.crc);
                put64(&mut out, written.size);
                put64(&mut out, written.size);
                progress.written.push(written);
                Ok(Some((out.into(), Step::Head(members))))
            }
        },
        Step::End => Ok(None),
    }
}

fn put16(out: &mut Vec<u8>, value: u16) {
    out.extend_from_slice(&value.to_le_bytes());
}

fn put32(out: &mut Vec<u8>, value: u32) {
    out.extend_from_slice(&value.to_le_bytes());
}

fn put64(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(&value.to_le_bytes());
}

fn name_length(name: &str) -> u16 {
    u16::try_from(name.len()).unwrap_or(u16::MAX)
}

fn name_bytes(name: &str) -> &[u8] {
    &name.as_bytes()[..usize::from(name_length(name))]
}

fn local_head(name: &str) -> Bytes {
    let mut out = Vec::new();
    put32(&mut out, 0x0403_4b50);
    for value in [VERSION, FLAGS, 0, 0, DATE] {
        put16(&mut out, value);
    }
    // Checksum and sizes stand behind the data; the sizes there have 64 bits because of the extra field.
    put32(&mut out, 0);
    put32(&mut out, u32::MAX);
    put32(&mut out, u32::MAX);
    put16(&mut out, name_length(name));
    put16(&mut out, 20);
    out.extend_from_slice(name_bytes(name));
    put16(&mut out, 1);
    put16(&mut out, 16);
    put64(&mut out, 0);
    put64(&mut out, 0);
    out.into()
}

fn directory(progress: &Progress) -> Bytes {
    let mut out = Vec::new();
    for entry in &progress.written {
        put32(&mut out, 0x0201_4b50);
        for value in [VERSION, VERSION, FLAGS, 0, 0, DATE] {
            put16(&mut out, value);
        }
        put32(&mut out, entry.crc);
        put32(&mut out, u32::MAX);
        put32(&mut out, u32::MAX);
        put16(&mut out, name_length(&entry.name));
        put16(&mut out, 28);
        for value in [0, 0, 0] {
            put16(&mut out, value);
        }
        put32(&mut out, 0);
        put32(&mut out, u32::MAX);
        out.extend_from_slice(name_bytes(&entry.name));
        put16(&mut out, 1);
        put16(&mut out, 24);
        for value in [entry.size, entry.size, entry.offset] {
            put64(&mut out, value);
        }
    }
    let size = out.len() as u64;
    let count = progress.written.len() as u64;
    let end = progress.offset + size;
    put32(&mut out, 0x0606_4b50);
    put64(&mut out, 44);
    put16(&mut out, VERSION);
    put16(&mut out, VERSION);
    put32(&mut out, 0);
    put32(&mut out, 0);
    for value in [count, count, size, progress.offset] {
        put64(&mut out, value);
    }
    put32(&mut out, 0x0706_4b50);
    put32(&mut out, 0);
    put64(&mut out, end);
    put32(&mut out, 1);
    put32(&mut out, 0x0605_4b50);
    for value in [0, 0, u16::MAX, u16::MAX] {
        put16(&mut out, value);
    }
    put32(&mut out, u32::MAX);
    put32(&mut out, u32::MAX);
    put16(&mut out, 0);
    out.into()
}

/// The checksum of the format (CRC-32, reflected, polynomial 0x04C11DB7).
struct Crc(u32);

const CRC_TABLE: [u32; 256] = crc_table();

const fn crc_table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut index = 0_u32;
    while index < 256 {
        let mut value = index;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 {
                0xedb8_8320 ^ (value >> 1)
            } else {
                value >> 1
            };
            bit += 1;
        }
        table[index as usize] = value;
        index += 1;
    }
    table
}

impl Crc {
    fn new() -> Self {
        Self(u32::MAX)
    }

    fn update(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let [low, ..] = (self.0 ^ u32::from(*byte)).to_le_bytes();
            self.0 = CRC_TABLE[usize::from(low)] ^ (self.0 >> 8);
        }
    }

    fn value(&self) -> u32 {
        !self.0
    }
}

/// The checksum of these bytes.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.value()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_usual_one() {
        let mut crc = Crc::new();
        crc.update(b"123456789");
        assert_eq!(crc.value(), 0xcbf4_3926);
    }

    #[tokio::test]
    async fn the_directory_points_at_every_entry() {
        let file = |name: &str, text: &'static str| Member {
            name: name.to_owned(),
            content: Some(Content::Memory(Bytes::from_static(text.as_bytes()))),
        };
        let folder = Member {
            name: "d/".to_owned(),
            content: None,
        };
        let members = vec![file("a.txt", "hello"), folder, file("d/ü.txt", "")];
        let parts: Vec<Bytes> = archive(members).map(|part| part.unwrap()).collect().await;
        let bytes = parts.concat();
        let at64 = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
        let end = bytes.len() - 22 - 20 - 56;
        assert_eq!(&bytes[end..end + 4], b"PK\x06\x06");
        assert_eq!(at64(end + 24), 3);
        let directory = usize::try_from(at64(end + 48)).unwrap();
        assert_eq!(&bytes[directory..directory + 4], b"PK\x01\x02");
        assert_eq!(at64(directory + 46 + 5 + 4), 5);
    }
}
