//! Opening, saving and re-encrypting files with passwords from every source:
//!
//! * without a password, and with damaged or newer files: refused, and never overwritten
//! * the sources in their order; each one that fails, and what it says; no secret in what is said
//! * a callback that is asked again, gives up, or never stops
//! * commands: quoting, line ends, failures, too much output, no end, the variables they see
//! * set, change and remove; other processes that do so meanwhile; a file that is gone when it is saved

use std::{
    fs,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use remote_config::{
    Config, Environment, Error,
    document::Document,
    encryption::{
        CommandError, ConfigKey, DecryptError, MAX_ATTEMPTS, PasswordCommand, PasswordError,
        PasswordOrigin, PasswordSources, UnlockError, decrypt, encrypt, is_encrypted,
    },
    location::Location,
    store::Store,
};
use remote_core::secret::Secret;
use tempfile::TempDir;

const PLAIN: &str = "# canary-comment\n[koofr]\ntype = koofr\n";
const PASSWORD: &str = "canary-pass word";

fn secret(text: &str) -> Secret {
    Secret::new(text)
}

fn key(password: &str) -> ConfigKey {
    ConfigKey::derive(&secret(password)).unwrap()
}

/// A folder with an encrypted `rclone.conf`.
fn encrypted() -> (TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rclone.conf");
    fs::write(&path, encrypt(PLAIN.as_bytes(), &key(PASSWORD))).unwrap();
    (dir, path)
}

fn store(path: &Path, sources: PasswordSources) -> Store {
    Store::new(Location::File(path.to_owned())).passwords(sources)
}

fn given(password: &str) -> PasswordSources {
    PasswordSources::none().password(secret(password))
}

fn unlock_error(result: Result<impl Sized, Error>) -> UnlockError {
    match result {
        Err(Error::Unlock { source, .. }) => source,
        Err(error) => panic!("another error: {error:?}"),
        Ok(_) => panic!("the file opens"),
    }
}

fn plain_of(path: &Path, password: &str) -> String {
    let plain = decrypt(&fs::read(path).unwrap(), &key(password)).unwrap();
    String::from_utf8(plain).unwrap()
}

fn set(store: &Store, value: &str) -> Result<(), Error> {
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
fn an_encrypted_file_is_edited_and_stays_encrypted() {
    let (dir, path) = encrypted();
    let mut config = Config::load(store(&path, given(PASSWORD))).unwrap();
    assert!(config.is_file_encrypted().unwrap());
    let before = fs::read(&path).unwrap();
    config.set("koofr", "user", "canary-user").unwrap();
    config.save().unwrap();
    assert_eq!(
        plain_of(&path, PASSWORD),
        format!("{PLAIN}user = canary-user\n")
    );
    let after = fs::read(&path).unwrap();
    // Another nonce: nothing of the old data comes again.
    assert_ne!(before[62..94], after[62..94]);
    for entry in fs::read_dir(dir.path()).unwrap() {
        let content = fs::read(entry.unwrap().path()).unwrap();
        assert!(!String::from_utf8_lossy(&content).contains("canary"));
    }
}

#[test]
fn passwords_are_set_changed_and_removed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rclone.conf");
    fs::write(&path, PLAIN).unwrap();
    let store = store(&path, PasswordSources::none());
    store.set_password(&secret("first")).unwrap();
    assert!(store.is_encrypted().unwrap());
    assert_eq!(plain_of(&path, "first"), PLAIN);
    // The store knows the password it has set.
    store.set_password(&secret("secönd")).unwrap();
    assert_eq!(plain_of(&path, "secönd"), PLAIN);
    set(&store, "ann").unwrap();
    store.remove_password().unwrap();
    assert!(!store.is_encrypted().unwrap());
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        format!("{PLAIN}user = ann\n")
    );
    set(&store, "bob").unwrap();
    assert!(!store.is_encrypted().unwrap());
}

#[test]
fn a_config_saves_and_encrypts_in_one_step() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rclone.conf");
    let mut config = Config::load(store(&path, PasswordSources::none())).unwrap();
    config.set("koofr", "type", "koofr").unwrap();
    config.set_file_password(&secret(PASSWORD)).unwrap();
    assert!(!config.is_changed());
    assert_eq!(plain_of(&path, PASSWORD), "[koofr]\ntype = koofr\n\n");
    assert!(!config.reload_if_changed().unwrap());
    config.set("koofr", "user", "ann").unwrap();
    config.remove_file_password().unwrap();
    assert!(fs::read_to_string(&path).unwrap().contains("user = ann"));
    config.remove_file_password().unwrap();
}

#[test]
fn an_empty_encrypted_file_is_made_where_there_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("new/rclone.conf");
    let store = store(&path, PasswordSources::none());
    store.set_password(&secret(PASSWORD)).unwrap();
    assert_eq!(plain_of(&path, PASSWORD), "");
    assert_eq!(store.load().unwrap().0, Document::new());
}

#[test]
fn a_blank_password_is_refused() {
    let (_dir, path) = encrypted();
    let before = fs::read(&path).unwrap();
    let store = store(&path, given(PASSWORD));
    for blank in ["", " \t\u{3000}"] {
        assert!(matches!(
            store.set_password(&secret(blank)),
            Err(Error::Password {
                source: PasswordError::Blank,
                ..
            })
        ));
    }
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn what_cannot_be_read_again_is_not_saved() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rclone.conf");
    let text = "x = 1\nRCLONE_ENCRYPT_V7 = y\n";
    fs::write(&path, text).unwrap();
    let result = store(&path, PasswordSources::none()).update(|document| {
        document.remove("DEFAULT", "x");
        Ok(())
    });
    assert!(matches!(result, Err(Error::Unreadable { .. })));
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn a_text_that_would_pass_for_a_damaged_file_stays_encrypted() {
    let (_dir, path) = encrypted();
    let text = b"[a]\nx = 1\nRCLONE_ENCRYPT_V0:\n";
    fs::write(&path, encrypt(text, &key(PASSWORD))).unwrap();
    let store = store(&path, given(PASSWORD));
    set(&store, "v").unwrap();
    assert!(matches!(
        store.remove_password(),
        Err(Error::Decrypt {
            source: DecryptError::LateMarker { line: 3 },
            ..
        })
    ));
    assert!(store.is_encrypted().unwrap());
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
fn nobody_waits_for_the_lock_while_a_password_is_typed() {
    let (_dir, path) = encrypted();
    // Not at once: a process that another test is just starting holds a copy of the lock until it runs.
    let other = store(&path, given(PASSWORD)).lock_timeout(Duration::from_secs(5));
    let sources = PasswordSources::none().ask(move |_| {
        set(&other, "from the other").unwrap();
        Some(secret(PASSWORD))
    });
    let change = |document: &mut Document| {
        document.set("koofr", "pass", "mine").unwrap();
        Ok(())
    };
    store(&path, sources).update(change).unwrap();
    let plain = plain_of(&path, PASSWORD);
    assert!(
        plain.contains("user = from the other\npass = mine\n"),
        "{plain}"
    );
}

#[test]
fn the_password_of_another_process_counts() {
    let (_dir, path) = encrypted();
    let asked = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&asked);
    let sources = PasswordSources::none().ask(move |_| {
        let attempt = counter.fetch_add(1, Ordering::Relaxed);
        Some(secret([PASSWORD, "changed"][attempt as usize]))
    });
    let mine = store(&path, sources);
    set(&mine, "1").unwrap();
    let theirs = store(&path, given(PASSWORD));
    // Changed: asked again, and saved with the new one.
    theirs.set_password(&secret("changed")).unwrap();
    set(&mine, "2").unwrap();
    assert!(plain_of(&path, "changed").contains("user = 2"));
    assert_eq!(asked.load(Ordering::Relaxed), 2);
    // Removed: what is plain stays plain.
    theirs.remove_password().unwrap();
    set(&mine, "3").unwrap();
    assert!(fs::read_to_string(&path).unwrap().contains("user = 3"));
    // Set: what is encrypted stays encrypted.
    theirs.set_password(&secret("changed")).unwrap();
    let wrong = store(&path, given("wrong"));
    assert!(matches!(
        unlock_error(set(&wrong, "4")),
        UnlockError::Wrong { .. }
    ));
    assert!(is_encrypted(&fs::read(&path).unwrap()));
}

#[test]
fn an_encrypted_file_that_is_gone_is_not_replaced_by_a_plain_one() {
    let (_dir, path) = encrypted();
    let mut config = Config::load(store(&path, given(PASSWORD))).unwrap();
    config.set("koofr", "user", "ann").unwrap();
    fs::remove_file(&path).unwrap();
    config.save().unwrap();
    assert_eq!(plain_of(&path, PASSWORD), "[koofr]\nuser = ann\n\n");
}

#[test]
fn reloading_follows_the_file_and_keeps_unsaved_changes() {
    let (_dir, path) = encrypted();
    let mut config = Config::load(store(&path, given(PASSWORD))).unwrap();
    config.set("koofr", "user", "mine").unwrap();
    let text = format!("{PLAIN}pass = theirs\n");
    fs::write(&path, encrypt(text.as_bytes(), &key(PASSWORD))).unwrap();
    assert!(config.reload_if_changed().unwrap());
    assert_eq!(
        config.get("koofr", "user").unwrap().as_deref(),
        Some("mine")
    );
    assert_eq!(
        config.get("koofr", "pass").unwrap().as_deref(),
        Some("theirs")
    );
    fs::write(&path, encrypt(b"[koofr]\n", &key("other"))).unwrap();
    assert!(config.reload_if_changed().is_err());
    assert_eq!(
        config.get("koofr", "pass").unwrap().as_deref(),
        Some("theirs")
    );
}

#[test]
fn in_memory_there_is_nothing_to_encrypt() {
    let store = Store::new(Location::Memory);
    store.set_password(&secret(PASSWORD)).unwrap();
    assert!(!store.is_encrypted().unwrap());
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

#[cfg(unix)]
mod commands {
    use super::*;

    fn shell(script: &str) -> PasswordCommand {
        PasswordCommand::new("sh", ["-c", script])
    }

    #[test]
    fn output_is_taken_without_line_ends_at_both_ends() {
        for (text, password) in [
            (r#"printf '\r\n\n a\nb \r\n\r\n'"#, " a\nb "),
            ("printf ' \t'", " \t"),
            ("printf 'ü'", "ü"),
        ] {
            assert_eq!(shell(text).password().unwrap().expose(), password, "{text}");
        }
    }

    #[test]
    fn words_are_separated_by_blanks_and_quoted_doubly() {
        for (text, password) in [
            ("echo \"a  b\" c", "a  b c"),
            ("echo \"say \"\"hi\"\"\"", "say \"hi\""),
            ("echo $HOME 'x", "$HOME 'x"),
            ("  echo blanks around ", "blanks around"),
        ] {
            let command = PasswordCommand::parse(text).unwrap();
            assert_eq!(command.password().unwrap().expose(), password, "{text}");
        }
        for text in ["", " ", "\"\" echo", "echo \"a", "echo a\"b", "\n"] {
            assert!(
                matches!(PasswordCommand::parse(text), Err(CommandError::Syntax)),
                "{text:?}"
            );
        }
    }

    #[test]
    fn each_failure_has_its_kind() {
        type Check = fn(&CommandError) -> bool;
        let cases: [(PasswordCommand, Check); 7] = [
            (
                shell("echo canary; exit 3"),
                |error| matches!(error, CommandError::Failed(status) if status.code() == Some(3)),
            ),
            (shell("kill -9 $$"), |error| {
                matches!(error, CommandError::Failed(_))
            }),
            (PasswordCommand::new("/no/such/program", [""; 0]), |error| {
                matches!(error, CommandError::Start { .. })
            }),
            (shell("printf '\\n\\r\\n'"), |error| {
                matches!(error, CommandError::Empty)
            }),
            (shell("printf '\\377'"), |error| {
                matches!(error, CommandError::NotText)
            }),
            (shell("yes"), |error| matches!(error, CommandError::TooLong)),
            (
                shell("exec sleep 1000").timeout(Duration::from_millis(50)),
                |error| matches!(error, CommandError::TimedOut(_)),
            ),
        ];
        for (command, check) in cases {
            let error = command.password().unwrap_err();
            assert!(check(&error), "{error:?}");
            let (_dir, path) = encrypted();
            let sources = PasswordSources::none().command(command);
            let error = unlock_error(store(&path, sources).load());
            assert!(matches!(&error, UnlockError::Command(error) if check(error)));
        }
        let (_dir, path) = encrypted();
        let blank = PasswordSources::none().command(shell("printf ' '"));
        assert!(matches!(
            unlock_error(store(&path, blank).load()),
            UnlockError::Unusable {
                origin: PasswordOrigin::Command,
                ..
            }
        ));
    }

    #[test]
    fn a_command_that_closes_its_output_and_stays_is_ended_too() {
        let command = shell("printf x; exec >&-; exec sleep 1000");
        let error = command.timeout(Duration::from_millis(300)).password();
        assert!(matches!(error, Err(CommandError::TimedOut(_))));
    }

    #[test]
    fn a_command_learns_that_the_password_is_to_change_and_where_the_file_is() {
        let command = shell("printf \"<$RCLONE_PASSWORD_CHANGE>\"");
        assert_eq!(command.password().unwrap().expose(), "<>");
        assert_eq!(command.new_password().unwrap().expose(), "<1>");

        let (dir, path) = encrypted();
        fs::write(dir.path().join("old"), PASSWORD).unwrap();
        fs::write(dir.path().join("new"), "the new one").unwrap();
        let script = format!(
            "if [ \"$RCLONE_PASSWORD_CHANGE\" ]; then cat '{0}/new'; else cat \"$RCLONE_CONFIG_DIR/old\"; fi",
            dir.path().display()
        );
        let sources = PasswordSources::none().command(shell(&script));
        let command = sources.password_command().unwrap().unwrap();
        let store = store(&path, sources);
        store
            .set_password(&command.new_password().unwrap())
            .unwrap();
        assert_eq!(plain_of(&path, "the new one"), PLAIN);
    }
}
