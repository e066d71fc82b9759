//! Configuration files, connection strings, variables, and setting up.

use std::{fs, path::PathBuf};

use remote_config::{
    Config, Environment, Overrides,
    document::Document,
    encryption::{ConfigKey, PasswordSources},
    redact::{Redaction, redacted},
    remote_string::RemoteString,
    store::Store,
};
use remote_core::{
    operation::WriteOptions,
    options::TypedOptions,
    remote::RemoteExt as _,
    secret::Secret,
    setup::{Answer, SetupSection},
};
use remote_emulator::koofr::{KoofrConfig, UserConfig};
use remotes::Opener;
use tests::koofr::{Bench, path};

use crate::watch::{
    ACCESS, ALL, CLIENT_SECRET, CONFIG_PASSWORD, PASSWORD, REFRESH, USER, USERINFO, WRONG, chain,
    check, debug, log, logged, obscured, shown,
};

/// A file with every kind of secret in it.
fn text(endpoint: &str, password: &str) -> String {
    format!(
        "# mine\n[koofr]\ntype = koofr\nprovider = other\nendpoint = {endpoint}\nuser = {USER}\npassword = {}\n\n\
         [jotta]\ntype = jottacloud\nclient_secret = {CLIENT_SECRET}\n\
         token = {{\"access_token\":\"{ACCESS}\",\"refresh_token\":\"{REFRESH}\",\"expiry\":\"2026-01-02T03:04:05Z\"}}\n\n\
         [unknown]\ntype = nothing\nsecret = {WRONG}\n",
        obscured(password)
    )
}

struct File {
    dir: tempfile::TempDir,
}

impl File {
    fn new(text: &str) -> Self {
        log();
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("rclone.conf"), text).unwrap();
        Self { dir }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("rclone.conf")
    }
}

async fn bench() -> Bench {
    log();
    Bench::with(KoofrConfig::default().user(UserConfig::new(USER, PASSWORD))).await
}

/// Uses a remote as a program would that was given its name; what shows of it.
async fn use_remote(opener: &Opener, name: &str) -> String {
    let mut text = debug(opener);
    let remote = match opener.open(name) {
        Ok(remote) => remote,
        Err(error) => return text + &chain(&error) + &shown(&error.into()),
    };
    text += &debug(&remote);
    let file = path("d/f");
    for failed in [
        remote
            .write_bytes(&file, "content", WriteOptions::default())
            .await
            .err(),
        remote.read_bytes(&file, 100).await.err(),
        remote.stat(&path("missing")).await.err(),
        remote.create_dir(&path("e")).await.err(),
        remote.remove_file(&file).await.err(),
    ]
    .into_iter()
    .flatten()
    {
        text += &shown(&failed);
    }
    text
}

#[tokio::test]
async fn remotes_of_a_file_do_not_show_their_secrets() {
    let bench = bench().await;
    for password in [PASSWORD, WRONG] {
        let file = File::new(&text(bench.service().url(), password));
        let opener = Opener::builder()
            .config_path(file.path())
            .environment(Environment::empty())
            .build()
            .unwrap();
        for name in [
            "koofr:",
            "koofr:missing",
            "jotta:",
            "unknown:",
            "nobody:",
            "koofr,setmtime=maybe:",
        ] {
            check(&use_remote(&opener, name).await, ALL, name);
        }
    }
    assert!(logged().contains("answered"), "something was logged");
    check(&logged(), ALL, "the log");
}

#[tokio::test]
async fn connection_strings_variables_and_overrides_do_not_show_their_secrets() {
    let bench = bench().await;
    let url = bench.service().url();
    let hidden = obscured(PASSWORD);
    let with_userinfo = url.replace("http://", &format!("http://{USERINFO}:{USERINFO}@"));
    let environment = Environment::from_iter([
        ("RCLONE_CONFIG_MADE_TYPE", "koofr"),
        ("RCLONE_CONFIG_MADE_PROVIDER", "other"),
        ("RCLONE_CONFIG_MADE_ENDPOINT", url),
        ("RCLONE_CONFIG_MADE_USER", USER),
        ("RCLONE_CONFIG_MADE_PASSWORD", &hidden),
        ("RCLONE_KOOFR_PASSWORD", &hidden),
        ("RCLONE_JOTTACLOUD_TOKEN", REFRESH),
        ("RCLONE_CONFIG_PASS", CONFIG_PASSWORD),
    ]);
    let mut overrides = Overrides::default();
    overrides.set("koofr", "password", hidden.as_str());
    let file = File::new(&text(url, WRONG));
    let config = Config::open(file.path()).unwrap();
    let mut seen = debug(&environment) + &debug(&overrides);
    let builder = Opener::builder()
        .config(config)
        .environment(environment.clone())
        .overrides(overrides);
    seen += &debug(&builder);
    let opener = builder.build().unwrap();
    for name in [
        "made:".to_owned(),
        "koofr:".to_owned(),
        format!(":koofr,provider=other,endpoint=\"{url}\",user=\"{USER}\",password={hidden}:"),
        format!("koofr,endpoint=\"{with_userinfo}\":"),
        format!("koofr,password={WRONG}:"),
        format!("koofr,password={WRONG}"),
        format!("koofr,password=\"{WRONG}:"),
        format!("koofr,{WRONG}"),
        format!(":nothing,password={WRONG}:"),
        format!(":koofr,nothing={WRONG}:"),
    ] {
        check(&use_remote(&opener, &name).await, ALL, "an opened remote");
        match RemoteString::parse(&name) {
            Ok(remote) => seen += &debug(&remote),
            Err(error) => seen += &chain(&error),
        }
        match opener.config().remote(&name, &environment) {
            Ok(remote) => {
                let options = TypedOptions::new(&koofr_api::options::BACKEND, &remote);
                seen += &(debug(&remote) + &debug(&options));
                for key in ["endpoint", "user", "password", "nothing"] {
                    seen += &match options.value(key) {
                        // The value itself is what was asked for.
                        Ok((_, origin)) => debug(&origin),
                        Err(error) => chain(&error),
                    };
                }
            }
            Err(error) => seen += &chain(&error),
        }
    }
    check(&seen, ALL, "what came back");
    check(&logged(), ALL, "the log");
}

#[test]
fn files_that_are_broken_do_not_show_their_lines() {
    let whole = text("http://127.0.0.1:1", PASSWORD);
    let breaks: [(&str, String); 6] = [
        (
            "a line that is none",
            whole.replace("client_secret = ", "client_secret "),
        ),
        (
            "a section that does not close",
            whole.replace("[jotta]", "[jotta"),
        ),
        ("a line before all sections", format!("{WRONG}\n{whole}")),
        (
            "a line that is too long",
            format!("{whole}{}\n", WRONG.repeat(100_000)),
        ),
        ("half an encryption", format!("RCLONE_ENCRYPT_V0:\n{whole}")),
        (
            "no text",
            format!("[x]\nsecret = {WRONG}\u{0}\n\u{feff}[y\n{WRONG}"),
        ),
    ];
    for (what, broken) in breaks {
        let file = File::new(&broken);
        let mut seen = String::new();
        match Config::load(Store::at(file.path()).passwords(PasswordSources::none())) {
            Ok(config) => seen += &(debug(&config) + &debug(config.document())),
            Err(error) => seen += &chain(&error),
        }
        match Document::parse(broken.as_bytes()) {
            Ok(document) => seen += &debug(&document),
            Err(error) => seen += &chain(&error),
        }
        check(&seen, ALL, what);
    }
    check(&logged(), ALL, "the log");
}

#[test]
fn an_encrypted_file_shows_neither_its_password_nor_its_contents() {
    let file = File::new(&text("http://127.0.0.1:1", PASSWORD));
    let password = Secret::new(CONFIG_PASSWORD);
    let right = PasswordSources::none().password(password.clone());
    let store = Store::at(file.path()).passwords(right.clone());
    store.set_password(&password).unwrap();
    check(&fs::read_to_string(file.path()).unwrap(), ALL, "the file");
    let mut seen = debug(&store) + &debug(&right) + &debug(&ConfigKey::derive(&password).unwrap());
    let mut config = Config::load(store.clone()).unwrap();
    config.set("koofr", "description", "x").unwrap();
    config
        .set_password("koofr", "password", &Secret::new(WRONG))
        .unwrap();
    seen += &debug(&config);
    config.save().unwrap();
    for wrong in [
        PasswordSources::none(),
        PasswordSources::none().password(WRONG.into()),
    ] {
        let store = Store::at(file.path()).passwords(wrong);
        seen += &(debug(&store) + &chain(&store.load().unwrap_err()));
    }
    let damaged = fs::read_to_string(file.path()).unwrap().replace('A', "*");
    fs::write(file.path(), damaged).unwrap();
    let fresh = Store::at(file.path()).passwords(right);
    if let Err(error) = fresh.load() {
        seen += &chain(&error);
    }
    check(&seen, ALL, "what came back");
    check(&logged(), ALL, "the log");
}

#[test]
fn changes_that_cannot_be_made_do_not_show_their_values() {
    let file = File::new(&text("http://127.0.0.1:1", PASSWORD));
    let mut config = Config::open(file.path()).unwrap();
    let mut seen = String::new();
    for (section, key, value) in [
        ("koofr", "password", format!("{WRONG}\n{WRONG}")),
        ("koofr", "password", format!("%({WRONG})s")),
        ("koofr", "pass word\n", WRONG.to_owned()),
        ("a/b", "password", WRONG.to_owned()),
    ] {
        if let Err(error) = config.set(section, key, &value) {
            seen += &chain(&error);
        }
    }
    assert!(!seen.is_empty());
    seen += &debug(&config);
    check(&seen, ALL, "what came back");
    let backends: Vec<_> = remotes::backends().collect();
    for redaction in [Redaction::Careful, Redaction::Rclone] {
        let shown = redacted(config.document(), &backends, redaction);
        let shown = String::from_utf8(shown).unwrap();
        check(&shown, &[PASSWORD], "the redacted file");
        if redaction == Redaction::Careful {
            check(&shown, ALL, "the redacted file");
        }
    }
}

#[test]
fn what_is_answered_while_setting_up_does_not_show() {
    log();
    let mut section = SetupSection::new("mine", "koofr");
    section.set("user", USER);
    section.set_password("password", Secret::new(PASSWORD));
    section.set("token", REFRESH);
    let seen = debug(&section) + &debug(&Answer::secret(WRONG.into()));
    check(&seen, ALL, "Debug");
}
