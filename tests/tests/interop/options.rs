//! Our tables of options beside those of both rclones, and what each leaves out when it shows a configuration.
//!
//! * every option that rclone has is in our table, in its order: name, variant of the service, type, default, required, password, sensitive, advanced, hidden, exclusive,
//!   examples; every option that we have beyond them is marked as ours
//! * `config redacted`: in the form for rclone the same text; in ours at least the same is left out
//!
//! Help is in words of our own. A provider that is added to `remotes` is compared by itself.

use std::fs;

use remote_config::{
    document::Document,
    redact::{Redaction, redacted},
    setup::rclone::providers_to_json,
};
use remote_core::options::Backend;
use serde_json::Value;
use tests::interop::{
    koofr::KoofrStage,
    tool::{Program, RCLONES},
};

/// What the older version does not have, by the type of the remote, or of all types.
const NEWER: &[(&str, &str)] = &[
    ("", "description"),
    ("jottacloud", "auth_url"),
    ("jottacloud", "client_credentials"),
    ("jottacloud", "client_id"),
    ("jottacloud", "client_secret"),
    ("jottacloud", "token"),
    ("jottacloud", "token_url"),
];

/// Defaults that were other ones in the older version: our tables have the newer.
const OTHER_DEFAULTS: &[(&str, &str)] = &[("jottacloud", "encoding")];

fn is_listed(list: &[(&str, &str)], backend: &Backend, option: &str) -> bool {
    list.iter()
        .any(|(kind, name)| (kind.is_empty() || *kind == backend.name) && *name == option)
}

fn text<'a>(option: &'a Value, field: &str) -> &'a str {
    option[field].as_str().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_say_what_rclone_says() {
    let stage = KoofrStage::new().await;
    let mut known = Vec::new();
    for program in RCLONES {
        let theirs = stage.tool(program).run(["config", "providers"]).await;
        let theirs = theirs.success().json();
        for backend in remotes::backends() {
            let provider = theirs.as_array().unwrap();
            let provider = provider.iter().find(|one| one["Name"] == backend.name);
            let Some(provider) = provider else { continue };
            known.push(backend.name);
            compare(backend, provider, program);
        }
    }
    for backend in remotes::backends() {
        assert!(
            known.contains(&backend.name),
            "no rclone has {}",
            backend.name
        );
    }
}

fn compare(backend: &Backend, theirs: &Value, program: Program) {
    let older = program == Program::Rclone160;
    let ours: Value = serde_json::from_str(&providers_to_json(&[backend])).unwrap();
    assert_eq!(ours[0]["Prefix"], theirs["Prefix"], "{program}");
    let ours = ours[0]["Options"].as_array().unwrap();
    let ours: Vec<&Value> = ours
        .iter()
        .filter(|option| !(older && is_listed(NEWER, backend, text(option, "Name"))))
        .collect();
    let theirs = theirs["Options"].as_array().unwrap();
    let names = |options: &[&Value]| -> Vec<String> {
        options
            .iter()
            .map(|option| text(option, "Name").to_owned())
            .collect()
    };
    let all: Vec<&Value> = theirs.iter().collect();
    assert_eq!(names(&ours), names(&all), "{program}, {}", backend.name);
    for (our, their) in ours.into_iter().zip(theirs) {
        let what = format!("{program}, {}, {}", backend.name, text(our, "Name"));
        for field in ["Required", "IsPassword", "Advanced", "Exclusive", "Hide"] {
            assert_eq!(our[field], their[field], "{what}, {field}");
        }
        assert_eq!(text(our, "Provider"), text(their, "Provider"), "{what}");
        assert_eq!(values(our), values(their), "{what}");
        if !(older && is_listed(OTHER_DEFAULTS, backend, text(our, "Name"))) {
            assert_eq!(our["Default"], their["Default"], "{what}");
            assert_eq!(our["DefaultStr"], their["DefaultStr"], "{what}");
        }
        if older {
            let their = text(their, "Type").replace("MultiEncoder", "Encoding");
            assert_eq!(text(our, "Type"), their, "{what}");
        } else {
            assert_eq!(our["Type"], their["Type"], "{what}");
            assert_eq!(our["Sensitive"], their["Sensitive"], "{what}");
        }
    }
}

/// The examples with the variants they are for.
fn values(option: &Value) -> Vec<(&str, &str)> {
    let examples = option["Examples"].as_array();
    let examples = examples.map(Vec::as_slice).unwrap_or_default();
    examples
        .iter()
        .map(|example| (text(example, "Value"), text(example, "Provider")))
        .collect()
}

/// Remotes of all kinds, with recognisable secrets.
const REMOTES: &str = r#"[known]
type = koofr
provider = other
endpoint = https://alice:hidden-in-url@k.example
user = hidden-user
password = YWFhYWFhYWFhYWFhYWFhYXMaGgIlEQ
mountid =
unknown_token = hidden-by-name

[drive]
type = amazon cloud drive
client_id = id
client_secret = hidden-secret
token = {"access_token":"hidden-token"}

[untyped]
password = hidden-password

[joined]
type = alias
remote = :koofr,user=hidden-user,password="hidden":x
"#;

#[tokio::test(flavor = "multi_thread")]
async fn the_same_is_left_out_when_shown() {
    let stage = KoofrStage::new().await;
    fs::write(&stage.config, REMOTES).unwrap();
    // rclone knows many more types; one that we do not know either way is shown in full there.
    let known = REMOTES.split("[joined]").next().unwrap();
    // The newer rclone has lost Amazon Drive, and shows such a section in full.
    let backends: Vec<&Backend> = remotes::backends()
        .filter(|backend| backend.prefix != "acd")
        .collect();
    let document = Document::parse(known.as_bytes()).unwrap();
    let ours = redacted(&document, &backends, Redaction::Rclone);
    fs::write(&stage.config, known).unwrap();
    let rclone = stage.tool(Program::Rclone175);
    let theirs = rclone.run(["config", "redacted"]).await.success();
    assert_eq!(String::from_utf8(ours).unwrap(), theirs.text());

    fs::write(&stage.config, REMOTES).unwrap();
    let theirs = rclone.run(["config", "redacted"]).await.success().text();
    let program = stage.tool(Program::Ours);
    let ours = program.run(["config", "redacted"]).await.success().text();
    assert!(!ours.contains("hidden") && !ours.contains("YWFh"), "{ours}");
    assert!(ours.contains("mountid = \n"), "{ours}");
    for line in theirs.lines().filter(|line| line.ends_with("= XXX")) {
        assert!(ours.contains(line), "{line:?} is not left out of {ours}");
    }
    let one = program.run(["config", "redacted", "drive"]).await.success();
    assert!(one.text().contains("client_secret = XXX\n"), "{one:?}");
    program
        .run(["config", "redacted", "nothing"])
        .await
        .exit_code(1)
        .says("no remote");
}
