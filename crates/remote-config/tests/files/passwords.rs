//! Opening encrypted files with passwords from every source:
//!
//! * without a password, and with damaged or newer files: refused, and never overwritten
//! * the sources in their order; each one that fails, and what it says; no secret in what is said
//! * a callback that is asked again, gives up, or never stops

use std::{
    fs,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

use remote_config::{
    Config, Environment, Error,
    document::Document,
    encryption::{
        ConfigKey, DecryptError, MAX_ATTEMPTS, PasswordCommand, PasswordError, PasswordOrigin,
        PasswordSources, UnlockError, decrypt, encrypt,
    },
    location::Location,
    store::Store,
};
use remote_core::secret::Secret;
use tempfile::TempDir;

pub(crate) const PLAIN: &str = "# canary-comment\n[koofr]\ntype = koofr\n";
pub(crate) const PASSWORD: &str = "canary-pass word";

pub(crate) fn secret(text: &str) -> Secret {
    Secret::new(text)
}

pub(crate) fn key(password: &str) -> ConfigKey {
    ConfigKey::derive(&secret(password)).unwrap()
}

/// A folder with an encrypted `rclone.conf`.
pub(crate) fn encrypted() -> (TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rclone.conf");
    fs::write(&path, encrypt(PLAIN.as_bytes(), &key(PASSWORD))).unwrap();
    (dir, path)
}

pub(crate) fn store(path: &Path, sources: PasswordSources) -> Store {
    Store::new(Location::File(path.to_owned())).passwords(sources)
}

pub(crate) fn given(password: &str) -> PasswordSources {
    PasswordSources::none().password(secret(password))
}

pub(crate) fn unlock_error(result: Result<impl Sized, Error>) -> UnlockError {
    match result {
        Err(Error::Unlock { source, .. }) => source,
        Err(error) => panic!("another error: {error:?}"),
        Ok(_) => panic!("the file opens"),
    }
}

pub(crate) fn plain_of(path: &Path, password: &str) -> String {
    let plain = decrypt(&fs::read(path).unwrap(), &key(password)).unwrap();
    String::from_utf8(plain).unwrap()
}

pub(crate) fn set(store: &Store, value: &str) -> Result<(), Error> {
    let change = |document: &mut Document| {
        document.set("koofr", "user", value).unwrap();
        Ok(())
    };
    store.update(change).map(drop)
}

/// An error with all its causes, in both forms.
fn said(error: &dyn std::error::Error) -> String {
    let mut text = format!("{error:?}");
    let mut next = Some(error);
    while let Some(error) = next {
        text += &format!("\n{error}");
        next = error.source();
    }
    text
}

#[test]
fn files_that_do_not_open_are_neither_read_nor_overwritten() {
    type Check = fn(&Error) -> bool;
    let cases: [(&[u8], Check); 5] = [
        (&encrypt(b"[a]\n", &key(PASSWORD)), |error| {
            matches!(
                error,
                Error::Unlock {
                    source: UnlockError::NoPassword,
                    ..
                }
            )
        }),
        (b"RCLONE_ENCRYPT_V0:\nAAAA", |error| {
            matches!(
                error,
                Error::Decrypt {
                    source: DecryptError::TooShort { bytes: 3 },
                    ..
                }
            )
        }),
        ("\u{feff}RCLONE_ENCRYPT_V0:\nA!==".as_bytes(), |error| {
            matches!(
                error,
                Error::Decrypt {
                    source: DecryptError::Base64 { position: 23 },
                    ..
                }
            )
        }),
        (b"RCLONE_ENCRYPT_V1:\nAA==", |error| {
            matches!(
                error,
                Error::Decrypt {
                    source: DecryptError::NewerFormat,
                    ..
                }
            )
        }),
        (b"[a]\ntype = local\nRCLONE_ENCRYPT_V0:\n", |error| {
            matches!(
                error,
                Error::Decrypt {
                    source: DecryptError::LateMarker { line: 3 },
                    ..
                }
            )
        }),
    ];
    for (content, check) in cases {
        let shown = String::from_utf8_lossy(content);
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rclone.conf");
        fs::write(&path, content).unwrap();
        let store = store(&path, PasswordSources::none());
        for result in [
            Config::load(store.clone()).map(drop),
            set(&store, "v"),
            store.set_password(&secret("new")),
            store.remove_password(),
        ] {
            let error = result.unwrap_err();
            assert!(check(&error), "{shown}: {error:?}");
            assert!(error.to_string().contains("rclone.conf"), "{error}");
        }
        assert_eq!(fs::read(&path).unwrap(), content, "{shown}");
    }
}

#[test]
fn the_first_source_there_is_decides() {
    let (_dir, path) = encrypted();
    let environment = |command: &str, password: &str| {
        PasswordSources::from_environment(&Environment::from_iter([
            ("RCLONE_PASSWORD_COMMAND", command),
            ("RCLONE_CONFIG_PASS", password),
        ]))
    };
    let never = |sources: PasswordSources| sources.ask(|_| panic!("nobody is to be asked"));
    let origin = |sources: PasswordSources| match unlock_error(store(&path, sources).load()) {
        UnlockError::Wrong { origin } => origin,
        error => panic!("{error}"),
    };

    let right = never(environment("", PASSWORD));
    assert!(store(&path, right.clone()).load().is_ok());
    assert!(
        store(&path, right.clone().key(key(PASSWORD)))
            .load()
            .is_ok()
    );
    assert_eq!(origin(right.clone().key(key("other"))), PasswordOrigin::Key);
    assert_eq!(
        origin(right.password(secret("other"))),
        PasswordOrigin::Given
    );
    assert_eq!(
        origin(never(environment("", "other"))),
        PasswordOrigin::Variable
    );
    if cfg!(unix) {
        let command = never(environment("echo other", PASSWORD));
        assert_eq!(origin(command), PasswordOrigin::Command);
        let command = never(environment("echo \"canary-pass word\"", "other"));
        assert!(store(&path, command).load().is_ok());
    }
    assert!(matches!(
        unlock_error(store(&path, environment("", "  ")).load()),
        UnlockError::Unusable {
            origin: PasswordOrigin::Variable,
            source: PasswordError::Blank
        }
    ));
    assert!(matches!(
        unlock_error(store(&path, environment("", "")).load()),
        UnlockError::NoPassword
    ));
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_no_text_is_refused() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _};

    let (_dir, path) = encrypted();
    let environment = Environment::from_iter([(
        OsStr::new("RCLONE_CONFIG_PASS"),
        OsStr::from_bytes(b"abc\xff"),
    )]);
    let sources = PasswordSources::from_environment(&environment);
    assert!(matches!(
        unlock_error(store(&path, sources).load()),
        UnlockError::Unusable {
            source: PasswordError::NotText,
            ..
        }
    ));
}

#[test]
fn the_callback_is_asked_until_the_file_opens_and_then_never_again() {
    let (_dir, path) = encrypted();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    let sources = PasswordSources::none().ask(move |prompt| {
        let refused = prompt.refused.map(ToString::to_string);
        log.lock().unwrap().push((prompt.attempt, refused));
        Some(secret(["", "wrong", PASSWORD][prompt.attempt as usize]))
    });
    let store = store(&path, sources);
    set(&store, "ann").unwrap();
    set(&store.clone(), "bob").unwrap();
    store.load().unwrap();
    let asked = asked.lock().unwrap();
    assert_eq!(asked.len(), 3, "{asked:?}");
    assert_eq!(asked[0], (0, None));
    assert!(asked[1].1.as_ref().unwrap().contains("cannot be used"));
    assert!(
        asked[2]
            .1
            .as_ref()
            .unwrap()
            .contains("cannot be told apart")
    );
}

#[test]
fn whoever_is_asked_may_give_up_and_nobody_is_asked_for_ever() {
    let (_dir, path) = encrypted();
    let gives_up = PasswordSources::none().ask(|_| None);
    assert!(matches!(
        unlock_error(store(&path, gives_up).load()),
        UnlockError::GaveUp
    ));
    let count = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&count);
    let stubborn = PasswordSources::none().ask(move |_| {
        counter.fetch_add(1, Ordering::Relaxed);
        Some(secret("wrong"))
    });
    assert!(matches!(
        unlock_error(store(&path, stubborn).load()),
        UnlockError::Wrong {
            origin: PasswordOrigin::Callback
        }
    ));
    assert_eq!(count.load(Ordering::Relaxed), MAX_ATTEMPTS);
}

#[test]
fn nobody_is_asked_for_a_plain_missing_or_damaged_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rclone.conf");
    let sources = PasswordSources::none().ask(|_| panic!("nobody is to be asked"));
    let store = store(&path, sources);
    store.load().unwrap();
    fs::write(&path, PLAIN).unwrap();
    store.load().unwrap();
    fs::write(&path, "RCLONE_ENCRYPT_V0:\nAAA").unwrap();
    assert!(matches!(store.load(), Err(Error::Decrypt { .. })));
}

#[test]
fn secrets_show_nowhere() {
    let (_dir, path) = encrypted();
    let environment = Environment::from_iter([
        ("RCLONE_CONFIG_PASS", "canary-variable"),
        ("RCLONE_PASSWORD_COMMAND", "echo canary-command"),
    ]);
    let sources = PasswordSources::from_environment(&environment);
    let command = PasswordCommand::parse("echo canary-argument").unwrap();
    let mut shown = vec![
        format!("{:?}", store(&path, sources.clone())),
        format!("{:?}", given(PASSWORD).key(key(PASSWORD)).command(command)),
        format!("{:?}", Config::load(store(&path, given(PASSWORD))).unwrap()),
    ];
    for sources in [
        sources,
        given("canary-wrong"),
        PasswordSources::none().command(PasswordCommand::new("cat", ["canary-no-such-file"])),
    ] {
        shown.push(said(&store(&path, sources).load().unwrap_err()));
    }
    for text in shown {
        assert!(!text.contains("canary"), "{text}");
    }
}
