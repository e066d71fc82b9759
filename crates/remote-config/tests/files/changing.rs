//! Encrypted files that are edited, and passwords that are set, changed and removed: by this process, by others meanwhile, and where the file is
//! gone when it is saved.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use remote_config::{
    Config, Error,
    document::Document,
    encryption::{
        DecryptError, PasswordError, PasswordSources, UnlockError, encrypt, is_encrypted,
    },
    location::Location,
    store::Store,
};

use crate::passwords::{
    PASSWORD, PLAIN, encrypted, given, key, plain_of, secret, set, store, unlock_error,
};

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
