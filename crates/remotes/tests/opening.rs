//! Opening by name: file, connection string, on the fly, environment; each thing that can be wrong with a name, told without a request and without a secret.
//!
//! What the remotes do afterwards is the business of the suites across crates.

#![allow(
    clippy::unwrap_used,
    reason = "tests may unwrap, also in their helper functions"
)]
#![cfg(feature = "koofr")]

use std::{collections::BTreeSet, error::Error as _, io::Write as _, sync::Arc};

use remote_config::{
    Config, Environment, Overrides,
    document::Document,
    encryption::{ConfigKey, encrypt},
};
use remote_core::{
    error::{ErrorKind, report},
    path::RemotePath,
    remote::Remote,
    secret::Secret,
};
use remotes::{Error, Located, Opener};

const OBSCURED: &str = "YWFhYWFhYWFhYWFhYWFhYXMaGgIlEQ"; // "potato"

fn opener_with(environment: Environment) -> Opener {
    let text = format!(
        "[work]\ntype = koofr\nuser = ann@example.org\npassword = {OBSCURED}\n\n\
         [old]\ntype = drive\n\n\
         [half]\ntype = koofr\nuser = ann@example.org\n\n\
         [odd]\ntype = koofr\nuser = u\npassword = not%obscured\n\n\
         [untyped]\nuser = x\n"
    );
    let config = Config::in_memory(Document::parse(text.as_bytes()).unwrap());
    Opener::builder()
        .config(config)
        .environment(environment)
        .build()
        .unwrap()
}

fn opener() -> Opener {
    opener_with(Environment::empty())
}

fn service(remote: &Arc<dyn Remote>) -> &'static str {
    assert_eq!(remote.request_count(), 0);
    remote.capabilities().service
}

#[test]
fn remotes_of_the_file_are_opened_by_name() {
    let remote = opener().open("work:backup/2026").unwrap();
    assert_eq!(service(&remote), "koofr");
}

#[test]
fn options_in_the_text_override_the_file() {
    let opener = opener();
    let keeps_times = |text| {
        let remote = opener.open(text).unwrap();
        remote.capabilities().time_precision.is_some()
    };
    assert!(keeps_times("work:backup"));
    assert!(!keeps_times("work,setmtime=false:backup"));
}

#[test]
fn overrides_of_the_program_override_the_file() {
    let mut overrides = Overrides::default();
    overrides.set("koofr", "setmtime", "false");
    let text = format!("[work]\ntype = koofr\nuser = u\npassword = {OBSCURED}\nsetmtime = true\n");
    let opener = Opener::builder()
        .config(Config::in_memory(Document::parse(text.as_bytes()).unwrap()))
        .environment(Environment::empty())
        .overrides(overrides)
        .build()
        .unwrap();
    let remote = opener.open("work:").unwrap();
    assert_eq!(remote.capabilities().time_precision, None);
}

#[test]
fn a_remote_needs_no_configuration() {
    let text = format!(
        ":koofr,provider=other,endpoint=\"http://127.0.0.1:1\",user=u,password={OBSCURED}:path"
    );
    assert_eq!(service(&opener().open(&text).unwrap()), "koofr");
}

#[test]
fn a_remote_can_be_made_of_variables() {
    let environment = Environment::from_iter([
        ("RCLONE_CONFIG_CLOUD_TYPE", "koofr"),
        ("RCLONE_CONFIG_CLOUD_USER", "u"),
        ("RCLONE_KOOFR_PASSWORD", OBSCURED),
    ]);
    let opener = opener_with(environment);
    assert_eq!(service(&opener.open("cloud:").unwrap()), "koofr");
    assert_eq!(opener.remotes().first().map(String::as_str), Some("cloud"));
}

#[test]
fn a_section_without_a_type_is_told_as_that() {
    let error = opener().open("untyped:x").unwrap_err();
    assert!(
        matches!(&error, Error::UnknownType { name, type_name } if name == "untyped" && type_name.is_empty())
    );
    assert!(error.to_string().contains("supported are: "), "{error}");
}

#[test]
fn unknown_names_list_the_known_ones() {
    let error = opener().open("wrok:x").unwrap_err();
    assert!(
        matches!(&error, Error::UnknownRemote { known, .. } if known.contains(&"work".to_owned()))
    );
    assert!(
        error.to_string().contains("configured are: work, "),
        "{error}"
    );
    let empty = Opener::builder()
        .config(Config::in_memory(Document::parse(b"").unwrap()))
        .environment(Environment::empty())
        .build()
        .unwrap();
    let error = empty.open("work:x").unwrap_err();
    assert!(
        error.to_string().contains("no remotes are configured"),
        "{error}"
    );
}

#[test]
fn unknown_types_list_the_known_ones() {
    for (text, type_name) in [("old:x", "drive"), (":ftp,host=x:y", "ftp")] {
        let error = opener().open(text).unwrap_err();
        assert!(
            matches!(&error, Error::UnknownType { type_name: found, .. } if found == type_name)
        );
        let text = error.to_string();
        let (_, known) = text.split_once("supported are: ").unwrap();
        assert!(known.split(", ").any(|name| name == "koofr"), "{text}");
    }
}

#[test]
fn local_paths_are_located_and_not_opened() {
    let opener = opener();
    for path in ["backup", "/tmp/a:b", "./work:x", "a,b=c"] {
        let error = opener.open(path).unwrap_err();
        assert!(matches!(error, Error::LocalPath { .. }), "{error}");
        assert!(error.to_string().contains("name:path"), "{error}");
        match opener.locate(path).unwrap() {
            Located::Local(local) => assert_eq!(local.to_str(), Some(path)),
            other => panic!("{other:?}"),
        }
    }
}

#[cfg(unix)]
#[test]
fn arguments_that_are_no_text_are_located() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _};
    let opener = opener();
    for local in [&b"\xff"[..], b"\xff:x", b"caf\xe9/a:b", b"/tmp/a:\xff"] {
        match opener.locate_os(OsStr::from_bytes(local)).unwrap() {
            Located::Local(path) => assert_eq!(path.as_os_str().as_bytes(), local),
            other => panic!("{other:?}"),
        }
    }
    for (remote, expected) in [
        (&b"work:\xff"[..], &b"\xff"[..]),
        (b"work,setmtime=false:/a/caf\xe9//b:c", b"a/caf\xe9/b:c"),
    ] {
        match opener.locate_os(OsStr::from_bytes(remote)).unwrap() {
            Located::Remote { path, .. } => assert_eq!(path.as_bytes(), expected),
            other => panic!("{other:?}"),
        }
    }
    let above = opener.locate_os(OsStr::from_bytes(b"work:a/../../\xff"));
    assert!(matches!(above.unwrap_err(), Error::Path { .. }));
}

#[test]
fn locating_twice_opens_once() {
    let opener = opener();
    let locate = |text| match opener.locate(text).unwrap() {
        Located::Remote { remote, path, name } => (remote, path, name),
        other => panic!("{other:?}"),
    };
    let (first, path, name) = locate("work:/a//b/");
    assert_eq!(
        (path, name.as_str()),
        (RemotePath::parse("a/b").unwrap(), "work")
    );
    let (second, ..) = locate("work:c");
    assert!(Arc::ptr_eq(&first, &second));
    let (other, ..) = locate("work,setmtime=false:c");
    assert!(!Arc::ptr_eq(&first, &other));
}

#[test]
fn missing_and_wrong_options_are_named() {
    let error = opener().open("half:x").unwrap_err();
    assert!(matches!(error, Error::Options { .. }));
    assert!(report(&error).contains("password"), "{}", report(&error));
    let error = opener().open("work,setmtime=perhaps:x").unwrap_err();
    assert!(
        report(&error).contains("setmtime") && report(&error).contains("perhaps"),
        "{}",
        report(&error)
    );
}

#[test]
fn a_password_that_was_never_obscured_does_not_show() {
    for text in ["odd:x", "work,password=hunter%2:x"] {
        let error = opener().open(text).unwrap_err();
        let shown = format!("{error} {error:?} {}", report(&error));
        assert!(shown.contains("obscure"), "{shown}");
        assert!(
            !shown.contains("not%obscured") && !shown.contains("hunter"),
            "{shown}"
        );
    }
    let debug = format!("{:?}", opener());
    assert!(!debug.contains(OBSCURED), "{debug}");
}

#[test]
fn texts_that_are_no_remotes_are_refused() {
    for text in ["", "work", ":", "::x", ":koofr", "work,a b:c", "work:../x"] {
        let opener = opener();
        let error = opener.open(text).unwrap_err();
        let expected = match &error {
            Error::Config(_) => text != "work",
            Error::LocalPath { .. } => text == "work",
            Error::Path { .. } => text == "work:../x",
            _ => false,
        };
        assert!(expected, "{text}: {error:?}");
    }
}

#[test]
fn a_broken_file_is_told_with_its_line() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"[work]\ntype = koofr\npassword s3cret\n")
        .unwrap();
    let error = Opener::builder()
        .config_path(file.path())
        .build()
        .unwrap_err();
    let told = report(&error);
    assert!(
        told.contains('3') && told.contains(file.path().to_str().unwrap()),
        "{told}"
    );
    assert!(!told.contains("s3cret"), "{told}");
}

#[test]
fn errors_turn_into_those_of_remotes() {
    let error = opener().open("nobody:x").unwrap_err();
    let error = remote_core::error::Error::from(error);
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.source().is_some());
    assert!(
        report(&error).contains("configured are"),
        "{}",
        report(&error)
    );
}

#[test]
fn each_provider_has_its_own_type() {
    let names: Vec<_> = remotes::backends().map(|backend| backend.name).collect();
    let unique: BTreeSet<_> = names.iter().collect();
    assert_eq!(names.len(), unique.len());
}

#[test]
fn openers_and_errors_can_be_sent() {
    fn assert_send_sync<T: Send + Sync + 'static>() {}
    assert_send_sync::<Opener>();
    assert_send_sync::<Located>();
    assert_send_sync::<Error>();
}

/// A folder with an encrypted configuration of the remote `work`, and its path.
fn encrypted() -> (tempfile::TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rclone.conf");
    let text = format!("[work]\ntype = koofr\nuser = u\npassword = {OBSCURED}\n");
    let key = ConfigKey::derive(&Secret::new("of the file")).unwrap();
    std::fs::write(&path, encrypt(text.as_bytes(), &key)).unwrap();
    (dir, path)
}

#[test]
fn the_password_of_an_encrypted_configuration_is_asked_for() {
    let (_dir, path) = encrypted();
    let opener = Opener::builder()
        .config_path(&path)
        .config_password(|prompt| {
            let answers = ["wrong", "of the file"];
            answers
                .get(prompt.attempt as usize)
                .copied()
                .map(Secret::new)
        })
        .environment(Environment::empty())
        .build()
        .unwrap();
    assert_eq!(service(&opener.open("work:").unwrap()), "koofr");
    assert_eq!(opener.remotes(), ["work"]);
}

#[test]
fn the_password_of_an_encrypted_configuration_comes_from_the_environment_first() {
    let (_dir, path) = encrypted();
    let build = |password: &str| {
        Opener::builder()
            .environment(Environment::from_iter([("RCLONE_CONFIG_PASS", password)]))
            .config_password(|_| panic!("nobody is to be asked"))
            .config_path(&path)
            .build()
    };
    assert_eq!(build("of the file").unwrap().remotes(), ["work"]);
    let error = build("canary-wrong").unwrap_err();
    let cause = report(&error);
    assert!(
        cause.contains("RCLONE_CONFIG_PASS does not open the file"),
        "{cause}"
    );
    assert!(!cause.contains("canary"), "{cause}");
    let none = Opener::builder()
        .config_path(&path)
        .environment(Environment::empty())
        .build();
    assert!(report(&none.unwrap_err()).contains("there is no password"));
}
