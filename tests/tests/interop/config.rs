//! One configuration file for everybody.
//!
//! * a file that we wrote: both rclones show the same values and work with it; values that are difficult to write among them
//! * a file that `rclone config create` wrote, by either version: we show the same values, reveal the password and work with it
//! * a file that both change in turn, with comments of its user: ours stay, theirs work on
//! * passwords obscured by one are revealed by the other
//!
//! Values with a line end cannot be written by anybody; both sides refuse them, which their own tests show.

use std::fs;

use remote_config::{
    Config, Environment,
    obscure::{obscure, reveal},
};
use remote_core::secret::Secret;
use remote_emulator::koofr::{DEFAULT_PASSWORD, DEFAULT_USER};
use serde_json::Value;
use tests::interop::{
    koofr::KoofrStage,
    tool::{ALL, Program, RCLONES},
};

/// Values that only careful quoting brings back.
const DIFFICULT: &[&str] = &[
    "",
    " leading",
    "trailing ",
    "\ttabs\t",
    "\"",
    "\"quoted\"",
    "'single'",
    "`",
    "`quoted`",
    "a`b",
    "a`b\"c",
    "\"\"\"",
    "\"\"\"\"\"",
    "\"\"\"abc",
    "\"\"\"abc\"\"\"",
    "\"\"\"a\"\"\"b",
    "a = b : c",
    "# no comment",
    "; no comment",
    "[no header]",
    "100% %(x %()",
    "$HOME ${x} \\n \\",
    "ünïcode 文 😀",
    "<&>\u{2028}",
];

/// A new configuration file of our own making, with a remote `koofr` for this stage.
fn write_config(stage: &KoofrStage) -> Config {
    fs::remove_file(&stage.config).expect("the emulator has written one");
    let mut config = Config::open(&stage.config).expect("a missing file is an empty one");
    for (key, value) in [
        ("type", "koofr"),
        ("provider", "other"),
        ("endpoint", stage.emulator.koofr().url()),
        ("user", DEFAULT_USER),
    ] {
        config
            .set("koofr", key, value)
            .expect("the value can be written");
    }
    config
        .set_password("koofr", "password", &Secret::new(DEFAULT_PASSWORD))
        .expect("the password can be written");
    config.save().expect("the configuration can be saved");
    config
}

fn dump(config: &Config) -> String {
    config.to_json(&Environment::empty())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_we_wrote_everybody_reads() {
    let stage = KoofrStage::new().await;
    let mut config = write_config(&stage);
    for (index, value) in DIFFICULT.iter().enumerate() {
        let key = format!("key_{index}");
        config.set("difficult", &key, value).unwrap();
    }
    config.set("no-remote", "key", "value").unwrap();
    config.set("with blanks and.dots", "type", "koofr").unwrap();
    config.save().unwrap();

    for program in ALL {
        let tool = stage.tool(program);
        let dumped = tool.run(["config", "dump"]).await.success();
        for (index, value) in DIFFICULT.iter().enumerate() {
            let key = format!("key_{index}");
            assert_eq!(dumped.json()["difficult"][key], *value, "{program}");
        }
        assert_eq!(dumped.text().trim_end(), dump(&config), "{program}");
        let listed = tool.run(["lsjson", "koofr:"]).await.success().json();
        assert_eq!(listed, Value::Array(Vec::new()), "{program}");
    }
    for (rclone, mut names) in [
        // 1.60.1 takes every section for a remote.
        (Program::Rclone160, config.sections()),
        (Program::Rclone175, config.remotes(&Environment::empty())),
    ] {
        let remotes = stage.tool(rclone).run(["listremotes"]).await.success();
        names.sort();
        let names: Vec<String> = names.into_iter().map(|name| name + ":").collect();
        assert_eq!(remotes.sorted_lines(), names, "{rclone}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_rclone_wrote_we_read() {
    const DESCRIPTION: &str = "a \"b\" ünï # ; = :";
    const PASSWORDS: [&str; 3] = ["päss wörd", "\"`'%(x)s", " blanks "];
    for rclone in RCLONES {
        let stage = KoofrStage::new().await;
        fs::remove_file(&stage.config).unwrap();
        let tool = stage.tool(rclone);
        let create = ["config", "create", "koofr", "koofr", "provider", "other"];
        let create = create.into_iter().chain([
            "endpoint",
            stage.emulator.koofr().url(),
            "user",
            DEFAULT_USER,
            "password",
            DEFAULT_PASSWORD,
            "description",
            DESCRIPTION,
        ]);
        tool.run(create).await.success();
        for (index, password) in PASSWORDS.into_iter().enumerate() {
            let name = format!("other{index}");
            let create = [
                "config", "create", &name, "koofr", "user", "u", "password", password,
            ];
            tool.run(create).await.success();
        }

        let config = Config::open(&stage.config).unwrap();

        let dumped = tool.run(["config", "dump"]).await.success();
        assert_eq!(dumped.text().trim_end(), dump(&config), "{rclone}");
        let description = config.get("koofr", "description").unwrap();
        assert_eq!(description.as_deref(), Some(DESCRIPTION), "{rclone}");
        for (index, password) in PASSWORDS.into_iter().enumerate() {
            let obscured = config.get(&format!("other{index}"), "password").unwrap();
            let revealed = reveal(&obscured.unwrap()).unwrap();
            assert_eq!(revealed.expose(), password, "{rclone}");
        }
        let ours = stage.tool(Program::Ours);
        ours.run(["mkdir", "koofr:made"]).await.success();
        let listed = tool.run(["lsf", "koofr:"]).await.success();
        assert_eq!(listed.text(), "made/\n", "{rclone}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_both_change_serves_both() {
    for rclone in RCLONES {
        let stage = KoofrStage::new().await;
        drop(write_config(&stage));
        let mut text = fs::read_to_string(&stage.config).unwrap();
        text.insert_str(0, "# my remotes\n\n");
        text.push_str("; the key below is unknown\nunknown = kept\n\n[obsolete]\ntype = koofr\n");
        fs::write(&stage.config, text).unwrap();
        let tool = stage.tool(rclone);

        let mut config = Config::open(&stage.config).unwrap();
        config.set("koofr", "setmtime", "false").unwrap();
        config.copy_section("koofr", "copy").unwrap();
        config.rename_section("obsolete", "renamed").unwrap();
        config.save().unwrap();
        tool.run(["mkdir", "copy:made"]).await.success();
        let remotes = tool.run(["listremotes"]).await.success().sorted_lines();
        assert_eq!(remotes, ["copy:", "koofr:", "renamed:"], "{rclone}");

        let update = ["config", "update", "koofr", "setmtime", "true"];
        tool.run(update).await.success();
        tool.run(["config", "delete", "renamed"]).await.success();

        assert!(config.reload_if_changed().unwrap(), "{rclone}");
        let text = fs::read_to_string(&stage.config).unwrap();
        for kept in [
            "# my remotes",
            "; the key below is unknown",
            "unknown = kept",
        ] {
            assert!(text.contains(kept), "{rclone}: {kept} is lost: {text}");
        }
        let setmtime = config.get("koofr", "setmtime").unwrap();
        assert_eq!(setmtime.as_deref(), Some("true"), "{rclone}");
        assert_eq!(config.sections(), ["koofr", "copy"], "{rclone}");
        config.remove_section("copy").unwrap();
        config.save().unwrap();
        for program in [rclone, Program::Ours] {
            stage.tool(program).run(["ls", "koofr:"]).await.success();
        }
        let dumped = tool.run(["config", "dump"]).await.success();
        assert_eq!(dumped.text().trim_end(), dump(&config), "{rclone}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_are_revealed_by_everybody() {
    let stage = KoofrStage::new().await;
    let long = "long ".repeat(200);
    let passwords = [
        "x",
        "hunter2",
        "pässwörd 文 😀",
        " blanks ",
        "\"`'$\\",
        long.as_str(),
    ];
    for password in passwords {
        let mut obscured = vec![obscure(&Secret::new(password))];
        for program in ALL {
            let text = stage
                .tool(program)
                .run(["obscure", password])
                .await
                .success()
                .text();
            obscured.push(text.trim_end().to_owned());
        }
        for text in &obscured {
            assert_eq!(reveal(text).unwrap().expose(), password, "{text}");
            for program in ALL {
                let revealed = stage
                    .tool(program)
                    .run(["reveal", "--", text])
                    .await
                    .success()
                    .text();
                assert_eq!(
                    revealed.trim_end_matches('\n'),
                    password,
                    "{program}: {text}"
                );
            }
        }
    }
}
