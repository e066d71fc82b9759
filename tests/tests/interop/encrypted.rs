//! Encrypted configuration files that everybody opens.
//!
//! * a file that we encrypted: both rclones show the same values, with passwords of all kinds of characters, and work with it
//! * a file that rclone 1.75.2 encrypted, and one that 1.60.1 wrote again: we open them
//! * passwords changed and removed by one are changed and removed for the others
//! * password commands: both sides accept the same ones and take the same output for the password
//! * a file that both change in turn keeps its comments and its password
//! * rclone's way of saving, in two steps, never looks like an empty configuration to us
#![cfg(feature = "interop")]
#![allow(
    clippy::unwrap_used,
    reason = "tests may unwrap, also in their helper functions"
)]

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use remote_config::{
    Config, Environment, Error,
    encryption::{PasswordSources, UnlockError},
    location::Location,
    store::Store,
};
use remote_core::secret::Secret;
use tempfile::TempDir;
use tests::interop::{
    koofr::KoofrStage,
    tool::{ALL, Program, RCLONES, Tool},
};

const PASS: &str = "RCLONE_CONFIG_PASS";
const COMMAND: &str = "RCLONE_PASSWORD_COMMAND";

const PLAIN: &str = "# mine\n[a]\ntype = memory\ndescription = ünï\n\n[b]\ntype = memory\n";

/// Passwords that a careless key derivation gets wrong.
fn passwords() -> Vec<String> {
    let marks = |count| format!("a{}b", "\u{301}".repeat(count));
    [
        "p",
        "correct horse battery staple",
        "  outer blanks ",
        "tab\tand \"quotes\" 'both' `$x\\",
        "Ünïcödé",
        "U\u{308}ni\u{308}co\u{308}de\u{301}",
        "ﬁ ligature ①②③ ｆｕｌｌ ㎏ ™",
        "密码🔐 пароль 각",
        "\u{a0}nbsp\u{a0}",
        // More marks on one letter than a text that is processed piece by piece may have.
        &marks(30),
        &marks(31),
        &marks(95),
        &format!("\u{e9}{}", marks(31).replace('a', "\u{1e69}")),
    ]
    .map(str::to_owned)
    .into()
}

/// A folder with a configuration file.
struct Place {
    folder: TempDir,
    config: PathBuf,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("rclone.conf");
        fs::write(&config, PLAIN).unwrap();
        Self { folder, config }
    }

    fn tool(&self, program: Program) -> Tool {
        Tool::new(program, &self.config, self.folder.path())
    }

    fn with(&self, program: Program, password: &str) -> Tool {
        self.tool(program).env(PASS, password)
    }

    /// A file with this content beside the configuration.
    fn file(&self, name: &str, content: &str) -> String {
        let path = self.folder.path().join(name);
        fs::write(&path, content).unwrap();
        path.display().to_string()
    }

    fn open(&self, password: &str) -> Result<Config, Error> {
        open(&self.config, [(PASS, password)])
    }
}

fn open<const N: usize>(path: &Path, variables: [(&str, &str); N]) -> Result<Config, Error> {
    let sources = PasswordSources::from_environment(&Environment::from_iter(variables));
    Config::load(Store::new(Location::new(path)).passwords(sources))
}

fn dump(config: &Config) -> String {
    config.to_json(&Environment::empty())
}

fn is_encrypted(path: &Path) -> bool {
    let content = fs::read(path).unwrap();
    content.starts_with(b"# Encrypted rclone configuration File\n\nRCLONE_ENCRYPT_V0:\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_we_encrypt_everybody_opens() {
    let place = Place::new();
    for password in passwords() {
        fs::write(&place.config, PLAIN).unwrap();
        let mut config = open(&place.config, []).unwrap();
        config.set_file_password(&Secret::new(&*password)).unwrap();
        assert!(is_encrypted(&place.config));
        for program in ALL {
            let tool = place.with(program, &password);
            let dumped = tool.run(["config", "dump"]).await.success();
            assert_eq!(
                dumped.text().trim_end(),
                dump(&config),
                "{program} {password}"
            );
            let tool = place.with(program, &(password.clone() + "!"));
            let refused = ["config", "dump", "--ask-password=false"];
            let output = match program.is_rclone() {
                true => tool.run(refused).await,
                false => tool.run(["config", "dump"]).await,
            };
            assert_ne!(
                output.code,
                Some(0),
                "{program} opens with a wrong password"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_rclone_encrypts_we_open() {
    for password in passwords() {
        let place = Place::new();
        let file = place.file("password", &password);
        let set = ["config", "encryption", "set", "--password-command"];
        let command = format!("cat {file}");
        let new = place.tool(Program::Rclone175);
        new.run(set.into_iter().chain([&*command])).await.success();
        assert!(is_encrypted(&place.config));
        let config = place.open(&password).unwrap();
        assert_eq!(config.sections(), ["a", "b"], "{password}");

        let old = place.with(Program::Rclone160, &password);
        let update = ["config", "update", "b", "description", "by 1.60.1"];
        old.run(update).await.success();
        assert!(is_encrypted(&place.config));
        let config = place.open(&password).unwrap();
        let description = config.get("b", "description").unwrap();
        assert_eq!(description.as_deref(), Some("by 1.60.1"), "{password}");
        let comment = config.document().comment("a", None);
        assert_eq!(comment.as_deref(), Some(&b"# mine"[..]), "{password}");
        let dumped = old.run(["config", "dump"]).await.success();
        assert_eq!(dumped.text().trim_end(), dump(&config), "{password}");
        let Err(Error::Unlock { source, .. }) = place.open("wrong") else {
            panic!("it opens with a wrong password");
        };
        assert!(matches!(source, UnlockError::Wrong { .. }));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_are_changed_and_removed_by_everybody() {
    let place = Place::new();
    let store = Store::new(Location::new(&place.config)).passwords(PasswordSources::none());
    store.set_password(&Secret::new("ours")).unwrap();
    let rclone = place.tool(Program::Rclone175);
    let check = ["config", "encryption", "check"];
    rclone.clone().env(PASS, "ours").run(check).await.success();

    // Changed by rclone: the command gives the old password, or the new one when it is told to.
    let (old, new) = (place.file("old", "ours"), place.file("new", "théirs"));
    let script = format!("if [ \"$RCLONE_PASSWORD_CHANGE\" ]; then cat {new}; else cat {old}; fi");
    let command = format!("sh {}", place.file("give", &script));
    let set = [
        "config",
        "encryption",
        "set",
        "--password-command",
        &command,
    ];
    rclone.run(set).await.success();
    assert!(place.open("ours").is_err());
    let mut config = place.open("théirs").unwrap();

    // Changed by us, with the same command: it gives the new one again, so a third one by hand.
    config.set_file_password(&Secret::new("third")).unwrap();
    for program in ALL {
        let dumped = place.with(program, "third").run(["config", "dump"]).await;
        assert_eq!(
            dumped.success().text().trim_end(),
            dump(&config),
            "{program}"
        );
    }

    // Removed by us, and by rclone.
    config.remove_file_password().unwrap();
    for program in ALL {
        place.tool(program).run(["config", "dump"]).await.success();
    }
    assert_ne!(rclone.run(check).await.code, Some(0));
    config.set_file_password(&Secret::new("fourth")).unwrap();
    let remove = ["config", "encryption", "remove"];
    let rclone = rclone.env(PASS, "fourth");
    rclone.run(remove).await.success();
    assert!(!is_encrypted(&place.config));
    assert!(config.reload_if_changed().unwrap());
    assert_eq!(config.sections(), ["a", "b"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn password_commands_mean_the_same_to_everybody() {
    const PASSWORD: &str = "two  words";
    let place = Place::new();
    let store = Store::new(Location::new(&place.config)).passwords(PasswordSources::none());
    store.set_password(&Secret::new(PASSWORD)).unwrap();
    let file = place.file("password", &format!("\r\n\n{PASSWORD}\r\n\n"));
    let blank = place.file("with blank", &format!("{PASSWORD}\n "));
    let script = place.file(
        "give",
        &format!("echo '{PASSWORD}' \"$@\"; exit ${{STATUS:-0}}"),
    );
    for (command, opens) in [
        (format!("cat {file}"), true),
        (format!("cat \"{blank}\""), false),
        ("echo \"two  words\"".to_owned(), true),
        ("echo two  words".to_owned(), true),
        ("echo two words".to_owned(), false),
        ("echo \"two  words".to_owned(), false),
        ("echo two\"  \"words".to_owned(), false),
        (format!("sh {script}"), true),
        ("sh -c \"echo 'two  words'\"".to_owned(), true),
        ("sh -c \"echo \"\"two  words\"\"\"".to_owned(), true),
        (format!("sh -c \"STATUS=3 sh {script}\""), false),
        // Since some version between the two, blanks at the ends do not count.
        (format!("  cat {file} "), true),
        ("true".to_owned(), false),
        ("false".to_owned(), false),
        ("/no/such/program".to_owned(), false),
    ] {
        // The variable with the right password does not help when there is a command.
        for program in ALL {
            if program == Program::Rclone160 && command.starts_with(' ') {
                continue;
            }
            let tool = place.with(program, PASSWORD).env(COMMAND, &command);
            let output = tool.run(["config", "dump"]).await;
            assert_eq!(
                output.code == Some(0),
                opens,
                "{program}: {command}: {output:?}"
            );
        }
        let ours = open(&place.config, [(PASS, PASSWORD), (COMMAND, &command)]);
        assert_eq!(ours.is_ok(), opens, "{command}: {ours:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_file_that_both_change_serves_both() {
    const PASSWORD: &str = "of the file";
    for rclone in RCLONES {
        let stage = KoofrStage::new().await;
        let mut text = fs::read_to_string(&stage.config).unwrap();
        text.insert_str(0, "# my remotes\n\n");
        fs::write(&stage.config, text).unwrap();
        let mut config = open(&stage.config, []).unwrap();
        config.set_file_password(&Secret::new(PASSWORD)).unwrap();
        let tool = stage.tool(rclone).env(PASS, PASSWORD);

        tool.run(["mkdir", "koofr:made"]).await.success();
        let update = ["config", "update", "koofr", "setmtime", "false"];
        tool.run(update).await.success();
        config.set("koofr", "description", "ours").unwrap();
        config.save().unwrap();
        assert!(is_encrypted(&stage.config), "{rclone}");

        let setmtime = config.get("koofr", "setmtime").unwrap();
        assert_eq!(setmtime.as_deref(), Some("false"), "{rclone}");
        let text = config.document().to_bytes();
        assert!(text.starts_with(b"# my remotes\n"), "{rclone}");
        let dumped = tool.run(["config", "dump"]).await.success();
        assert_eq!(dumped.text().trim_end(), dump(&config), "{rclone}");
        let ours = stage.tool(Program::Ours).env(PASS, PASSWORD);
        let listed = ours.run(["lsjson", "koofr:"]).await.success();
        assert_eq!(listed.json()[0]["Name"], "made", "{rclone}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rclone_saving_never_looks_like_an_empty_configuration() {
    const SAVES: usize = 15;
    const PASSWORD: &str = "of the file";
    for rclone in RCLONES {
        let place = Place::new();
        let mut config = open(&place.config, []).unwrap();
        config.set_file_password(&Secret::new(PASSWORD)).unwrap();
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| {
                let mut loads = 0_u32;
                while !done.load(Ordering::Relaxed) {
                    assert_eq!(place.open(PASSWORD).unwrap().sections(), ["a", "b"]);
                    loads += 1;
                }
                loads
            });
            tokio::task::block_in_place(|| {
                tokio::runtime::Handle::current().block_on(async {
                    for round in 0..SAVES {
                        let value = format!("round {round}");
                        let update = ["config", "update", "b", "description", &value];
                        let tool = place.with(rclone, PASSWORD);
                        tool.run(update).await.success();
                    }
                });
            });
            done.store(true, Ordering::Relaxed);
            assert!(reader.join().unwrap() > 0);
        });
    }
}
