use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use aes::cipher::{KeyIvInit, StreamCipher};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::acd::AcdHandle;
use crate::clock::Clock;
use crate::identity::IssuedTokens;
use crate::jotta::JottaHandle;

type Aes256Ctr = ctr::Ctr128BE<aes::Aes256>;

/// The fixed key of obscured values. It is public: obscuring hides a value from a glance, nothing more.
const KEY: [u8; 32] = [
    0x9c, 0x93, 0x5b, 0x48, 0x73, 0x0a, 0x55, 0x4d, 0x6b, 0xfd, 0x7c, 0x63, 0xc8, 0x86, 0xa9, 0x2b,
    0xd3, 0x90, 0x19, 0x8e, 0xb8, 0x12, 0x8a, 0xfb, 0xf4, 0xde, 0x16, 0x2b, 0x8b, 0x95, 0xf6, 0x38,
];

/// Where the main brand of Jottacloud gives out tokens.
const JOTTA_TOKEN_URL: &str =
    "https://id.jottacloud.com/auth/realms/jottacloud/protocol/openid-connect/token";

/// A section of a configuration file as rclone reads it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Section {
    name: String,
    values: Vec<(String, String)>,
}

impl Section {
    /// The section of a Koofr emulator: type, provider, endpoint, user and obscured password.
    #[must_use]
    pub fn koofr(name: &str, endpoint: &str, user: &str, password: &str) -> Self {
        let values = [
            ("type", "koofr"),
            ("provider", "other"),
            ("endpoint", endpoint),
            ("user", user),
            ("password", &obscure(password, rand::random())),
        ];
        Self {
            name: name.to_owned(),
            values: values
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
        }
    }

    /// The section of a Jottacloud emulator as rclone 1.75 writes it after a sign-in with a personal login token, with
    /// tokens that are good. Its `tokenURL` names the real host, which rclone reaches through the
    /// [`proxy`](crate::proxy); the keys `jfs_url`, `api_url` and `identity_url`, which rclone ignores, name the plain
    /// address for clients that know them.
    ///
    /// # Errors
    ///
    /// The tokens could not be saved by the emulator.
    pub fn jotta(name: &str, service: &JottaHandle) -> io::Result<Self> {
        let tokens = service.sign_in()?;
        let token = token(&tokens, service.clock());
        let values = [
            ("type", "jottacloud".to_owned()),
            ("configVersion", "1".to_owned()),
            ("client_id", "jottacli".to_owned()),
            ("client_secret", String::new()),
            ("tokenURL", JOTTA_TOKEN_URL.to_owned()),
            ("token", token),
            ("device", String::new()),
            ("mountpoint", String::new()),
            ("jfs_url", service.jfs_url()),
            ("api_url", service.api_url()),
            ("identity_url", service.api_url()),
        ];
        Ok(Self {
            name: name.to_owned(),
            values: values.map(|(key, value)| (key.to_owned(), value)).into(),
        })
    }

    /// The section of an Amazon Drive emulator as rclone 1.60 writes it after a sign-in, with tokens that are good.
    /// `auth_url` and `token_url` name the plain address, as does `endpoint_url`, which rclone ignores: it looks for the
    /// drive under its real name and reaches it through the [`proxy`](crate::proxy).
    ///
    /// # Errors
    ///
    /// The tokens could not be saved by the emulator.
    pub fn acd(name: &str, service: &AcdHandle) -> io::Result<Self> {
        let tokens = service.sign_in()?;
        let values = [
            ("type", "amazon cloud drive".to_owned()),
            ("client_id", service.client_id().to_owned()),
            ("client_secret", service.client_secret().to_owned()),
            ("auth_url", service.auth_url()),
            ("token_url", service.token_url()),
            ("token", token(&tokens, service.clock())),
            ("endpoint_url", service.endpoint_url()),
        ];
        Ok(Self {
            name: name.to_owned(),
            values: values.map(|(key, value)| (key.to_owned(), value)).into(),
        })
    }

    fn render(&self) -> String {
        let lines: String = self
            .values
            .iter()
            .map(|(key, value)| format!("{key} = {value}\n"))
            .collect();
        format!("[{}]\n{lines}", self.name)
    }
}

/// Tokens as rclone keeps them, the members in its order.
fn token(tokens: &IssuedTokens, clock: &Clock) -> String {
    let lifetime = i64::try_from(tokens.expires_in).unwrap_or(i64::MAX);
    let expiry = clock.now_ms().saturating_add(lifetime.saturating_mul(1000));
    let token = serde_json::json!({
        "access_token": tokens.access_token,
        "token_type": "bearer",
        "refresh_token": tokens.refresh_token,
        "expiry": crate::jotta::rfc3339(expiry),
    });
    let members = ["access_token", "token_type", "refresh_token", "expiry"]
        .map(|key| format!("\"{key}\":{}", token[key]));
    format!("{{{}}}", members.join(","))
}

fn obscure(clear: &str, iv: [u8; 16]) -> String {
    let mut bytes = iv.to_vec();
    bytes.extend_from_slice(clear.as_bytes());
    let mut cipher = Aes256Ctr::new(&KEY.into(), &iv.into());
    if let Some(secret) = bytes.get_mut(iv.len()..) {
        cipher.apply_keystream(secret);
    }
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Writes sections into a configuration file so that rclone can use them at once.
///
/// A file that is there keeps its other sections, its comments and its mode; sections of the same names are
/// replaced. A new file can be read by its owner only. The file is replaced as a whole, never left half-written.
///
/// # Errors
///
/// The file could not be read, is not text, is encrypted, or could not be written.
pub fn write_sections(path: &Path, sections: &[Section]) -> io::Result<()> {
    let old = match fs::read_to_string(path) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    if old.as_deref().is_some_and(is_encrypted) {
        let reason = "the configuration is encrypted, name another file";
        return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
    }
    let text = merge(old.as_deref().unwrap_or_default(), sections);
    let dir = path
        .parent()
        .filter(|dir| !dir.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    // Temporary files can be read by their owner only.
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    file.write_all(text.as_bytes())?;
    if old.is_some() {
        file.as_file()
            .set_permissions(fs::metadata(path)?.permissions())?;
    }
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    // Fails loudly here rather than in the program that wants to use it.
    OpenOptions::new().read(true).open(path).map(|_| ())
}

/// Whether the first line that says something is the mark of rclone's encryption. Sections behind it would make the file unreadable.
fn is_encrypted(text: &str) -> bool {
    let mut lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
    lines
        .find(|line| !line.is_empty() && !line.starts_with(['#', ';']))
        .is_some_and(|line| line.starts_with("RCLONE_ENCRYPT_V"))
}

/// `old` without the sections of these names, and these sections at its end.
fn merge(old: &str, sections: &[Section]) -> String {
    let mut kept = String::new();
    let mut dropping = false;
    for line in old.lines() {
        let header = line
            .trim()
            .strip_prefix('[')
            .and_then(|rest| rest.split_once(']'));
        if let Some((name, _)) = header {
            dropping = sections.iter().any(|section| section.name == name.trim());
        }
        if !dropping {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    let mut text = kept.trim_end().to_owned();
    for section in sections {
        if !text.is_empty() {
            text.push_str("\n\n");
        }
        text.push_str(section.render().trim_end());
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn obscured_values_are_those_of_the_published_examples() {
        let iv = std::array::from_fn(|index| u8::try_from(index).unwrap());
        assert_eq!(obscure("", iv), "AAECAwQFBgcICQoLDA0ODw");
        assert_eq!(obscure("hunter2", iv), "AAECAwQFBgcICQoLDA0OD2nqCVFioHI");
        assert_eq!(
            obscure("pässwörd", iv),
            "AAECAwQFBgcICQoLDA0OD3Fcw1Z0pYM8v0U"
        );
    }

    fn section(value: &str) -> Section {
        Section {
            name: "koofr".to_owned(),
            values: vec![("endpoint".to_owned(), value.to_owned())],
        }
    }

    #[test]
    fn other_sections_and_comments_stay() {
        let old = "# mine\n[a]\nx = 1\n\n[koofr]\nendpoint = old\n\n[b]\n; note\ny = 2\n";
        let new = merge(old, &[section("new")]);
        assert_eq!(
            new,
            "# mine\n[a]\nx = 1\n\n[b]\n; note\ny = 2\n\n[koofr]\nendpoint = new\n"
        );
        assert_eq!(merge(&new, &[section("new")]), new);
        assert_eq!(merge("", &[section("new")]), "[koofr]\nendpoint = new\n");
    }

    #[test]
    fn an_encrypted_file_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rclone.conf");
        let old = "# Encrypted rclone configuration File\n\nRCLONE_ENCRYPT_V0:\nAAAA";
        fs::write(&path, old).unwrap();
        let refused = write_sections(&path, &[section("new")]).unwrap_err();
        assert!(refused.to_string().contains("encrypted"), "{refused}");
        assert_eq!(fs::read_to_string(&path).unwrap(), old);
    }

    #[cfg(unix)]
    #[test]
    fn a_new_file_is_private_and_an_old_one_keeps_its_mode() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rclone.conf");
        write_sections(&path, &[section("one")]).unwrap();
        let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(), 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        write_sections(&path, &[section("two")]).unwrap();
        assert_eq!(mode(), 0o640);
    }
}
