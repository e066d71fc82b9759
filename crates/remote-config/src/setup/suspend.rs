//! A dialogue as text.

use std::fmt;

use remote_core::{secret::Secret, setup::SetupSection};
use serde::{Deserialize, Serialize};

use crate::obscure::{obscure, reveal};

use super::{SetupError, dialogue::Stage};

/// The form of the text; raised when an older program could misunderstand a newer text.
const VERSION: u32 = 1;

/// The longest text of a suspended dialogue. A section with its tokens takes some KiB.
pub const MAX_SUSPENDED_BYTES: usize = 1 << 20;

/// A setup dialogue as text, to be gone on with in another process.
///
/// It holds what the configuration file would hold: passwords obscured, and tokens as they are. Keep it as you keep that file, readable by its owner only (mode `0600`), and
/// remove it when the dialogue is over; or keep it [encrypted](crate::encryption::encrypt). `Debug` shows nothing of it, and it is wiped from memory when dropped.
///
/// ```
/// use remote_config::{encryption::{ConfigKey, decrypt, encrypt}, setup::{Dialogue, SuspendedDialogue}};
/// # use remote_core::secret::Secret;
///
/// let dialogue = Dialogue::create(&[], Vec::new());
/// let key = ConfigKey::derive(&Secret::new("of this application"))?;
/// let kept: Vec<u8> = encrypt(dialogue.suspend()?.expose().as_bytes(), &key);
///
/// // In another process.
/// let suspended = SuspendedDialogue::new(String::from_utf8(decrypt(&kept, &key)?)?);
/// let dialogue = Dialogue::resume(&[], &suspended)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Eq, PartialEq)]
pub struct SuspendedDialogue(Secret);

impl SuspendedDialogue {
    /// A text that was kept. Whether it is one is seen when the dialogue is [resumed](super::Dialogue::resume).
    pub fn new(text: impl Into<Secret>) -> Self {
        Self(text.into())
    }

    /// The text. Every use of this method deserves a second look.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl fmt::Debug for SuspendedDialogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SuspendedDialogue(…)")
    }
}

/// A dialogue between two answers.
#[derive(Deserialize, Serialize)]
pub(super) struct Suspended {
    /// Also says what kind of text this is.
    #[serde(rename = "remote_setup")]
    version: u32,
    pub(super) stage: Stage,
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) type_name: String,
    pub(super) section: Vec<Entry>,
    /// The section as it was before, if it is edited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) original: Option<Vec<Entry>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) taken: Vec<String>,
    pub(super) confirm: bool,
}

/// A key with its value or, obscured, its password.
#[derive(Deserialize, Serialize)]
pub(super) struct Entry {
    key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    obscured: Option<String>,
}

impl Suspended {
    pub(super) fn new(stage: Stage, name: &str, section: &SetupSection) -> Self {
        Self {
            version: VERSION,
            stage,
            name: name.to_owned(),
            type_name: section.type_name().to_owned(),
            section: entries(section),
            original: None,
            taken: Vec::new(),
            confirm: true,
        }
    }

    /// The text, unless it is too long to be read again.
    pub(super) fn to_text(&self) -> Result<SuspendedDialogue, SetupError> {
        // Texts, numbers and lists of them always can be written.
        let text = SuspendedDialogue::new(serde_json::to_string(self).unwrap_or_default());
        match text.expose().len() {
            ..=MAX_SUSPENDED_BYTES => Ok(text),
            bytes => Err(SetupError::TooLong { bytes }),
        }
    }

    pub(super) fn parse(text: &str) -> Result<Self, SetupError> {
        let wrong = |detail: String| SetupError::Suspended { detail };
        if text.len() > MAX_SUSPENDED_BYTES {
            return Err(wrong(format!(
                "it is longer than {MAX_SUSPENDED_BYTES} bytes"
            )));
        }
        // Only the place is told: the message of the parser may repeat what is there.
        let parsed: Self = serde_json::from_str(text).map_err(|error| {
            wrong(format!(
                "it does not read at line {}, column {}",
                error.line(),
                error.column()
            ))
        })?;
        if parsed.version == VERSION {
            Ok(parsed)
        } else {
            Err(wrong(format!(
                "it is of version {}, and this program knows version {VERSION}",
                parsed.version
            )))
        }
    }
}

pub(super) fn entries(section: &SetupSection) -> Vec<Entry> {
    let entry = |key: &str| Entry {
        key: key.to_owned(),
        value: section.get(key).map(str::to_owned),
        obscured: section.password(key).map(obscure),
    };
    section.keys().map(entry).collect()
}

pub(super) fn section_of(
    name: &str,
    type_name: &str,
    entries: Vec<Entry>,
) -> Result<SetupSection, SetupError> {
    let mut section = SetupSection::new(name, type_name);
    for entry in entries {
        match (entry.value, entry.obscured) {
            (Some(value), None) => section.set(entry.key, value),
            (None, Some(obscured)) => {
                let password: Secret =
                    reveal(&obscured).map_err(|_wrong| SetupError::Suspended {
                        detail: format!("the password of {:?} cannot be revealed", entry.key),
                    })?;
                section.set_password(entry.key, password);
            }
            _ => {
                let detail = format!("{:?} needs either a value or a password", entry.key);
                return Err(SetupError::Suspended { detail });
            }
        }
    }
    Ok(section)
}
