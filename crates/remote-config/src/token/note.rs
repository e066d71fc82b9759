//! What the lock file says about the refresh token of a remote.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
};

use remote_core::auth::Presented;
use sha2::{Digest as _, Sha256};

/// A note has a hundred bytes; more than this is none.
const MAX_NOTE_BYTES: u64 = 4096;

/// What is known of a refresh token, in one line: the state and the SHA-256 of the token.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Note {
    pub(super) presented: Presented,
    pub(super) digest: String,
}

impl Note {
    pub(super) fn new(refresh_token: &str, presented: Presented) -> Self {
        Self {
            presented,
            digest: digest(refresh_token),
        }
    }

    pub(super) fn is_about(&self, refresh_token: &str) -> bool {
        self.digest == digest(refresh_token)
    }

    /// Reads the note in a lock file; one that does not make sense, such as half of one, is none: it was not finished, so nothing was presented.
    pub(super) fn read(file: &mut File) -> io::Result<Option<Self>> {
        file.seek(SeekFrom::Start(0))?;
        let mut bytes = Vec::new();
        file.take(MAX_NOTE_BYTES).read_to_end(&mut bytes)?;
        Ok(Self::parse(&String::from_utf8_lossy(&bytes)))
    }

    /// Replaces the note in a lock file. It is on the disk when this returns.
    pub(super) fn write(&self, file: &mut File) -> io::Result<()> {
        let line = format!("{} {}\n", state_name(self.presented), self.digest);
        file.seek(SeekFrom::Start(0))?;
        file.write_all(line.as_bytes())?;
        file.set_len(line.len() as u64)?;
        file.sync_data()
    }

    /// Empties a lock file.
    pub(super) fn clear(file: &File) -> io::Result<()> {
        file.set_len(0)?;
        file.sync_data()
    }

    fn parse(text: &str) -> Option<Self> {
        // Without its end the line was not finished; after it there may be the rest of an older, longer one.
        let (line, _) = text.split_once('\n')?;
        let (state, digest) = line.split_once(' ')?;
        let presented = [Presented::InDoubt, Presented::Refused]
            .into_iter()
            .find(|presented| state_name(*presented) == state)?;
        Some(Self {
            presented,
            digest: digest.to_owned(),
        })
    }
}

fn state_name(presented: Presented) -> &'static str {
    match presented {
        Presented::Refused => "refused",
        // Also for what may be added: not presenting a token is always safe.
        _ => "presenting",
    }
}

pub(super) fn digest(refresh_token: &str) -> String {
    let hash = Sha256::digest(refresh_token.as_bytes());
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_read_as_it_was_written() {
        let mut file = tempfile::tempfile().unwrap();
        assert_eq!(Note::read(&mut file).unwrap(), None);
        for presented in [Presented::InDoubt, Presented::Refused] {
            let note = Note::new("secret", presented);
            note.write(&mut file).unwrap();
            let read = Note::read(&mut file).unwrap().unwrap();
            assert_eq!(read, note);
            assert!(read.is_about("secret") && !read.is_about("other"));
        }
        Note::clear(&file).unwrap();
        assert_eq!(Note::read(&mut file).unwrap(), None);
    }

    #[test]
    fn half_a_note_and_other_texts_are_none() {
        let whole = "presenting 00ff\n";
        assert!(Note::parse(whole).is_some());
        assert!(Note::parse("presenting 00ff\nrest of an older one\n").is_some());
        for text in [
            "",
            "presenting",
            "presenting 00ff",
            "\n",
            "what 00ff\n",
            "refused\n",
        ] {
            assert_eq!(Note::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_token_itself_is_not_in_the_file() {
        let mut file = tempfile::tempfile().unwrap();
        Note::new("hunter2", Presented::InDoubt)
            .write(&mut file)
            .unwrap();
        let mut text = String::new();
        file.seek(SeekFrom::Start(0)).unwrap();
        file.read_to_string(&mut text).unwrap();
        assert!(text.starts_with("presenting ") && !text.contains("hunter2"));
    }
}
