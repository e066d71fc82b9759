//! `setup` as a process that is talked to through pipes, and on recorded input.
//!
//! * the recorded conversations with rclone's text wizard: the same lines typed lead to the same configuration
//! * the menu: create with a check on an emulator, edit, copy, rename, delete; a file with a password
//! * JSON: the same; a dialogue that is suspended and goes on in another process; lines that make no sense
//! * secrets never show in what is printed
//!
//! That rclone works with the file is the business of the interoperability suite. Typing hidden needs a terminal and is not tested.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use examples::{console::Console, program, setup::Setup};
use remote_config::{
    Config, Environment, encryption::PasswordSources, obscure::reveal, store::Store,
};
use remote_core::secret::Secret;
use remote_transfer::Cancel;
use serde_json::{Value, json};
use support::Stage;

fn command(config: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_setup"));
    command
        .env_clear()
        .env("HOME", config.parent().unwrap())
        .arg("--config")
        .arg(config)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs the program on these lines to its end; returns everything it printed.
fn typed(config: &Path, arguments: &[&str], lines: &[&str]) -> (Option<i32>, String) {
    let mut child = command(config, arguments).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A program that ends early does not read everything.
    drop(stdin.write_all((lines.join("\n") + "\n").as_bytes()));
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let printed = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(printed).unwrap())
}

/// A conversation in JSON.
struct Conversation {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    printed: String,
}

impl Conversation {
    fn begin(config: &Path) -> Self {
        let mut child = command(config, &["--json"]).spawn().unwrap();
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Self {
            child,
            stdin,
            stdout,
            printed: String::new(),
        }
    }

    fn hear(&mut self) -> Value {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        self.printed.push_str(&line);
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line:?}: {error}"))
    }

    fn say(&mut self, line: &Value) -> Value {
        self.say_text(&line.to_string())
    }

    fn say_text(&mut self, line: &str) -> Value {
        let stdin = self.stdin.as_mut().unwrap();
        stdin.write_all(format!("{line}\n").as_bytes()).unwrap();
        stdin.flush().unwrap();
        self.hear()
    }

    /// Answers a row of questions, and returns what comes behind the last answer.
    fn answer(&mut self, rows: &[(&str, Value)], first: Value) -> Value {
        let mut event = first;
        for (name, reply) in rows {
            assert_eq!(event["event"], "question", "{event}");
            assert_eq!(event["question"]["name"], *name, "{event}");
            assert_eq!(event["messages"], json!([]), "{event}");
            event = self.say(reply);
        }
        event
    }

    /// Ends the input, and with it the program. Returns everything it printed.
    fn end(mut self) -> String {
        drop(self.stdin.take());
        assert!(self.child.wait().unwrap().success());
        self.printed
    }
}

fn read(config: &Path) -> Config {
    Config::open(config).unwrap()
}

fn password_of(config: &Config, remote: &str) -> String {
    let obscured = config.get(remote, "password").unwrap().unwrap();
    reveal(&obscured).unwrap().expose().to_owned()
}

/// The conversations that were recorded with rclone's text wizard.
const RECORDED: [&str; 3] = [
    "koofr-other-mistakes.interactive.json",
    "koofr.interactive.json",
    "set-password.interactive.json",
];

fn recorded(name: &str) -> Value {
    let samples =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/remote-config/testdata/flows");
    serde_json::from_slice(&fs::read(samples.join(name)).unwrap()).unwrap()
}

/// Types what was typed into rclone; returns what is printed.
async fn replayed(config: &Path, command: &[&str], stdin: String) -> String {
    let (mut console, out, _) = Console::captured(stdin.leak().as_bytes());
    let options = ["setup", "--config", config.to_str().unwrap(), "--no-check"];
    let arguments = options.iter().chain(command).copied();
    let code = program::run::<Setup>(arguments, &mut console, Cancel::new()).await;
    assert_eq!(code, 0, "{command:?}: {}", out.text());
    out.text()
}

#[test]
fn every_recorded_conversation_is_replayed() {
    let full = std::env::var_os("VECTORS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors"),
        Into::into,
    );
    let Ok(entries) = fs::read_dir(full.join("flows")) else {
        // Only the sample is here, which has them all.
        return;
    };
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names
        .filter(|name| name.ends_with(".interactive.json"))
        .collect();
    names.sort();
    assert_eq!(names, RECORDED);
}

#[tokio::test]
async fn the_password_that_was_typed_into_rclone_encrypts_the_same_configuration() {
    let flow = recorded("set-password.interactive.json");
    let dir = tempfile::tempdir().unwrap();
    let (ours, theirs) = (dir.path().join("ours.conf"), dir.path().join("theirs.conf"));
    fs::write(&ours, flow["initial_config"].as_str().unwrap()).unwrap();
    fs::write(&theirs, flow["config_after"].as_str().unwrap()).unwrap();
    let out = replayed(&ours, &[], flow["stdin"].as_str().unwrap().to_owned()).await;
    let opened = |path: &Path, password: &str| {
        let sources = PasswordSources::none().password(Secret::new(password));
        let config = Config::load(Store::at(path).passwords(sources)).ok()?;
        assert!(config.is_file_encrypted().unwrap());
        Some(config.to_json(&Environment::empty()))
    };
    // Typed with blanks at both ends, which both programs take away from what comes from a pipe.
    let json = opened(&ours, "pass word").unwrap();
    assert_eq!(Some(json), opened(&theirs, "pass word"));
    assert!(opened(&ours, " pass word ").is_none() && opened(&theirs, " pass word ").is_none());
    let lines: Vec<&str> = flow["stdout"].as_str().unwrap().lines().collect();
    assert_told(&out, lines.into_iter());
}

// Different by design: the option `auth`, which rclone does not have, is asked for among the advanced ones and gets an empty line.
#[tokio::test]
async fn what_was_typed_into_rclone_leads_to_the_same_configuration() {
    for name in RECORDED.into_iter().filter(|name| name.contains("koofr")) {
        let flow = recorded(name);
        let mut stdin = flow["stdin"].as_str().unwrap().to_owned();
        if name.contains("mistakes") {
            let rest = stdin.strip_suffix("\n\nn\n").unwrap();
            stdin = format!("{rest}\n\n\nn\n");
        }
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rclone.conf");
        let out = replayed(&path, &["create", "k", "koofr"], stdin).await;

        let recorded = dir.path().join("recorded.conf");
        fs::write(&recorded, flow["config_after"].as_str().unwrap()).unwrap();
        let (ours, theirs) = (read(&path), read(&recorded));
        let keys = |config: &Config| -> Vec<String> {
            let keys = config.document().keys("k");
            keys.map(|key| String::from_utf8(key.to_vec()).unwrap())
                .collect()
        };
        assert_eq!(keys(&ours), keys(&theirs), "{name}");
        assert_eq!(password_of(&ours, "k"), password_of(&theirs, "k"), "{name}");
        for key in keys(&ours).iter().filter(|key| *key != "password") {
            assert_eq!(
                ours.get("k", key).unwrap(),
                theirs.get("k", key).unwrap(),
                "{name}"
            );
        }
        let leading = flow["stdout"].as_str().unwrap().lines().filter(|line| {
            [
                "Option ",
                "Choose a",
                "Edit advanced",
                "y) Yes",
                "g) Generate",
                "n) No",
                " 1 / ",
                "   \\ (",
                "No choices",
                "Passwords do",
            ]
            .iter()
            .any(|start| line.starts_with(start))
        });
        // Where the answer decides on other questions, ours has to be one of those offered.
        assert_told(
            &out,
            leading.filter(|line| !line.contains("type in your own value")),
        );
    }
}

/// What rclone prints to lead through the questions, ours does as well, in the same order.
fn assert_told<'a>(ours: &str, theirs: impl Iterator<Item = &'a str>) {
    let mut lines = ours.lines();
    for line in theirs.filter(|line| !line.is_empty()) {
        // A prompt may stand before it, whose answer came from a pipe without a line end of its own.
        let found = lines.any(|ours| ours.trim_end().ends_with(line.trim_end()));
        assert!(
            found,
            "{line:?} does not come, or not in its place, in {ours}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_menu_creates_checks_edits_copies_renames_and_deletes() {
    let stage = Stage::new().await;
    let koofr = stage.emulator.koofr();
    let (url, user, password) = (koofr.url().to_owned(), koofr.user(), koofr.password());
    let config = stage.path("new.conf");
    koofr.log().clear();

    let path = config.clone();
    let lines = [
        "n", "mine", "koofr", "other", &url, &user, "y", "canary", "canary", "n",
        // The check refuses it: other values.
        "1", "", "", "y", &password, &password, // The summary, and the end.
        "y", "q",
    ]
    .map(str::to_owned);
    let (code, printed) = tokio::task::spawn_blocking(move || {
        typed(&path, &[], &lines.each_ref().map(String::as_str))
    })
    .await
    .unwrap();
    assert_eq!(code, Some(0), "{printed}");
    assert!(
        printed.contains("refused") && printed.contains("*** ENCRYPTED ***"),
        "{printed}"
    );
    assert!(
        !printed.contains("canary") && !printed.contains(&password),
        "{printed}"
    );
    assert_eq!(koofr.log().total(), 2, "each password was presented once");
    assert_eq!(password_of(&read(&config), "mine"), password);

    let lines = [
        // Edit: another user, all else as it is.
        "e",
        "1",
        "",
        "",
        "other@example.org",
        "",
        "n",
        "y",
        "c",
        "mine",
        "mine",
        "copied",
        "r",
        "mine",
        "renamed",
        "d",
        "copied",
        "q",
    ];
    let (code, printed) = typed(&config, &["--no-check"], &lines);
    assert_eq!(code, Some(0), "{printed}");
    assert!(printed.contains("already a section"), "{printed}");
    let read = read(&config);
    assert_eq!(read.sections(), ["renamed"]);
    assert_eq!(
        read.get("renamed", "user").unwrap().as_deref(),
        Some("other@example.org")
    );
    assert_eq!(password_of(&read, "renamed"), password);
}

#[test]
fn the_file_gets_changes_and_loses_a_password() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("rclone.conf");
    fs::write(&config, "[k]\ntype = koofr\n").unwrap();
    let opens_with = |password: &str| {
        let sources = PasswordSources::from_environment(&Environment::empty());
        let sources = sources.password(Secret::new(password));
        Config::load(Store::at(&config).passwords(sources)).is_ok()
    };

    let (code, printed) = typed(
        &config,
        &[],
        &["s", "a", "pass word", "pass word", "q", "q"],
    );
    assert_eq!(code, Some(0), "{printed}");
    assert!(
        fs::read_to_string(&config)
            .unwrap()
            .contains("RCLONE_ENCRYPT_V0")
    );
    assert!(opens_with("pass word"));
    assert!(!printed.contains("pass word"), "{printed}");

    // A wrong password is asked for again; then it is changed.
    let lines = [
        "wrong",
        "pass word",
        "s",
        "c",
        "a",
        "b",
        "new",
        "new",
        "q",
        "q",
    ];
    let (code, printed) = typed(&config, &[], &lines);
    assert_eq!(code, Some(0), "{printed}");
    assert!(printed.contains("do not match"), "{printed}");
    assert!(opens_with("new"));

    let (code, printed) = typed(&config, &[], &["new", "s", "u", "q", "q"]);
    assert_eq!(code, Some(0), "{printed}");
    assert_eq!(fs::read_to_string(&config).unwrap(), "[k]\ntype = koofr\n");
}

#[test]
fn input_that_ends_early_saves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("rclone.conf");
    let (code, printed) = typed(
        &config,
        &["--no-check", "create", "k", "koofr"],
        &["koofr", "ann"],
    );
    assert_eq!(code, Some(1), "{printed}");
    assert!(printed.contains("the input ended"), "{printed}");
    assert!(!config.exists());
    for arguments in [&["edit", "k"][..], &["reconnect", "k"]] {
        let (code, printed) = typed(&config, arguments, &[]);
        assert_eq!(code, Some(1), "{printed}");
        assert!(printed.contains("no remote named \"k\""), "{printed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_front_end_sets_a_remote_up_in_two_processes() {
    let stage = Stage::new().await;
    let koofr = stage.emulator.koofr();
    let (url, user, password) = (koofr.url().to_owned(), koofr.user(), koofr.password());
    let config = stage.path("new.conf");
    let path = config.clone();
    let secret = password.clone();
    let printed = tokio::task::spawn_blocking(move || {
        let mut first = Conversation::begin(&path);
        assert_eq!(first.hear()["event"], "ready");
        let types = first.say(&json!({"command": "types"}));
        let types = types["types"].as_array().unwrap();
        assert!(types.iter().any(|kind| kind["type"] == "koofr"));
        let begun = first.say(
            &json!({"command": "create", "answers": {"config_fs_type": "koofr", "user": user}}),
        );
        let event = first.answer(
            &[
                ("config_fs_name", json!({"answer": "mine"})),
                ("provider", json!({"answer": "other"})),
                ("endpoint", json!({"answer": url})),
            ],
            begun,
        );
        assert_eq!(event["question"]["name"], "password");
        assert_eq!(event["question"]["kind"], "secret");
        let event = first.say(&json!({"answer": "  "}));
        assert!(
            event["messages"][0].as_str().unwrap().contains("blanks"),
            "{event}"
        );
        let event = first.say(&json!({"answer": secret}));
        assert_eq!(event["question"]["name"], "config_fs_advanced");
        let suspended = first.say(&json!({"suspend": true}));
        let state = suspended["state"].as_str().unwrap().to_owned();
        let mut printed = first.end();

        let mut second = Conversation::begin(&path);
        second.hear();
        let resumed = second.say(&json!({"command": "resume", "state": state}));
        let event = second.answer(
            &[
                ("config_fs_advanced", json!({"answer": "false"})),
                ("config_fs_confirm", json!({"accept": true})),
            ],
            resumed,
        );
        assert_eq!(event["event"], "saved", "{event}");
        let listed = second.say(&json!({"command": "list"}));
        assert_eq!(
            listed["remotes"],
            json!([{"name": "mine", "type": "koofr"}])
        );
        let checked = second.say(&json!({"command": "reconnect", "name": "mine"}));
        assert_eq!(checked["event"], "saved", "{checked}");
        printed.push_str(&second.end());
        printed
    })
    .await
    .unwrap();
    assert!(!printed.contains(&password), "{printed}");
    assert_eq!(password_of(&read(&config), "mine"), password);
    assert_eq!(
        koofr.log().total(),
        2,
        "one check each for the new remote and for the command"
    );
}

#[test]
fn a_front_end_changes_the_file_and_is_told_what_goes_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("rclone.conf");
    fs::write(
        &config,
        "# mine\n[a]\ntype = koofr\nprovider = koofr\nuser = ann\n",
    )
    .unwrap();
    let mut talk = Conversation::begin(&config);
    talk.hear();
    for (command, event) in [
        (json!({"command": "copy", "from": "a", "to": "b"}), "ok"),
        (json!({"command": "copy", "from": "a", "to": "b"}), "error"),
        (json!({"command": "rename", "from": "b", "to": "c"}), "ok"),
        (
            json!({"command": "rename", "from": "c", "to": "no:name"}),
            "error",
        ),
        (json!({"command": "delete", "name": "c"}), "ok"),
        (json!({"command": "edit", "name": "c"}), "error"),
        (json!({"command": "resume", "state": "{}"}), "error"),
        (json!({"command": "canary"}), "error"),
        (json!({"answer": "nothing is asked"}), "error"),
    ] {
        let heard = talk.say(&command);
        assert_eq!(heard["event"], event, "{command}: {heard}");
    }
    assert_eq!(talk.say_text("canary")["event"], "error");
    assert_eq!(talk.say_text("")["event"], "error");

    let asked = talk.say(&json!({"command": "edit", "name": "a"}));
    assert_eq!(asked["question"]["default"], "koofr");
    assert_eq!(talk.say_text("{\"answer\":1}")["event"], "error");
    let asked = talk.say(&json!({"answer": "nowhere"}));
    assert_eq!(
        (&asked["event"], &asked["question"]["name"]),
        (&json!("question"), &json!("provider"))
    );
    assert_eq!(talk.say(&json!({"cancel": true}))["event"], "discarded");

    // Somebody else breaks the file, and repairs it.
    let good = fs::read(&config).unwrap();
    fs::write(&config, "[broken\n").unwrap();
    assert_eq!(talk.say(&json!({"command": "list"}))["event"], "error");
    fs::write(&config, good).unwrap();
    assert_eq!(talk.say(&json!({"command": "list"}))["event"], "remotes");

    assert_eq!(
        talk.say(&json!({"command": "set_password", "password": "s3cret"}))["event"],
        "ok"
    );
    let printed = talk.end();
    assert!(
        !printed.contains("canary") && !printed.contains("s3cret"),
        "{printed}"
    );

    let mut talk = Conversation::begin(&config);
    assert_eq!(talk.hear()["event"], "locked");
    assert_eq!(talk.say(&json!({"unlock": "wrong"}))["event"], "locked");
    let ready = talk.say(&json!({"unlock": "s3cret"}));
    assert_eq!(
        (&ready["event"], &ready["encrypted"]),
        (&json!("ready"), &json!(true))
    );
    assert_eq!(
        talk.say(&json!({"command": "remove_password"}))["event"],
        "ok"
    );
    talk.end();
    assert_eq!(
        fs::read_to_string(&config).unwrap().trim_end(),
        "# mine\n[a]\ntype = koofr\nprovider = koofr\nuser = ann"
    );
}
