//! Where options come from, against the recorded answers of rclone 1.75.2, and the rules that go beyond them: secrets, empty values,
//! remotes without a file, errors.

mod support;

use std::{collections::BTreeMap, error::Error as _};

use remote_config::{Config, Environment, Error, Overrides, ResolvedRemote, document::Document};
use remote_core::{
    options::{OptionErrorKind, Origin, TypedOptions},
    secret::Secret,
};
use serde_json::Value;
use support::{KOOFR, text};

const OBSCURED_POTATO: &str = "YWFhYWFhYWFhYWFhYWFhYXMaGgIlEQ";

fn config(text: &str) -> Config {
    Config::in_memory(Document::parse(text.as_bytes()).expect("a configuration"))
}

fn strings(value: &Value) -> BTreeMap<String, String> {
    serde_json::from_value(value.clone()).expect("a map of texts")
}

fn resolve(row: &Value) -> ResolvedRemote {
    let environment = strings(&row["env"]).into_iter().collect();
    let mut overrides = Overrides::default();
    for flag in row["flags"].as_array().into_iter().flatten() {
        let (option, value) = flag
            .as_str()
            .and_then(|flag| flag.split_once('='))
            .expect("--flag=value");
        let option = option
            .strip_prefix("--koofr-")
            .expect("a flag of this type");
        overrides.set("koofr", option, value);
    }
    let config = config(text(row, "config_file"));
    config
        .remote_with(text(row, "remote"), &environment, &overrides)
        .unwrap_or_else(|error| panic!("{row}: {error}"))
}

#[test]
fn options_come_from_the_layers_of_the_manual() {
    for row in support::rows("resolution.jsonl") {
        let remote = resolve(&row);
        let ours = remote.non_default_options(&KOOFR).expect("texts");
        let mut expected = strings(&row["non_default_options"]);
        // Where both variables are set, the command line prefers the second although the manual says otherwise.
        for key in row["both_env_layers"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
        {
            let environment = strings(&row["env"]);
            let own = &environment[&Environment::remote_variable(remote.name(), key)];
            expected.insert(key.to_owned(), own.clone());
            if own.is_empty() {
                expected.remove(key);
            }
        }
        assert_eq!(ours, expected, "{row}");
        if row["both_env_layers"] == serde_json::json!([]) {
            assert_eq!(
                remote.config_string(&KOOFR).expect("texts"),
                text(&row, "config_string"),
                "{row}"
            );
        }
    }
}

#[test]
fn every_resolved_remote_reads_as_typed_options() {
    for row in support::rows("resolution.jsonl") {
        let remote = resolve(&row);
        let options = TypedOptions::new(&KOOFR, &remote);
        let expected = strings(&row["non_default_options"]);
        let setmtime = options
            .bool("setmtime")
            .unwrap_or_else(|error| panic!("{row}: {error}"));
        // An empty text means the default or the next layer for us, and `false` for rclone.
        if let Some(text) = expected.get("setmtime").filter(|text| !text.is_empty()) {
            assert_eq!(
                setmtime,
                matches!(text.as_str(), "1" | "t" | "TRUE" | "true"),
                "{row}"
            );
        }
        options
            .encoding("encoding")
            .unwrap_or_else(|error| panic!("{row}: {error}"));
    }
}

#[test]
fn the_origin_of_a_value_is_known() {
    let config = config("[k]\ntype = koofr\nuser = file\nmountid = file\n");
    let environment = Environment::from_iter([
        ("RCLONE_CONFIG_K_MOUNTID", "own"),
        ("RCLONE_KOOFR_ENDPOINT", "common"),
    ]);
    let remote = config.remote("k,description=x:", &environment).unwrap();
    let options = TypedOptions::new(&KOOFR, &remote);
    let origin = |name| options.value(name).unwrap().1;
    assert_eq!(origin("user"), Origin::File("k".into()));
    assert_eq!(
        origin("mountid"),
        Origin::Environment("RCLONE_CONFIG_K_MOUNTID".into())
    );
    assert_eq!(
        origin("endpoint"),
        Origin::Environment("RCLONE_KOOFR_ENDPOINT".into())
    );
    assert_eq!(origin("description"), Origin::ConnectionString);
    assert_eq!(origin("setmtime"), Origin::Default);
}

#[test]
fn an_empty_text_is_not_set_for_options_that_cannot_be_empty() {
    let config = config("[k]\ntype = koofr\nsetmtime = false\nuser = file\n");
    let remote = config
        .remote("k,setmtime=,user=:", &Environment::empty())
        .unwrap();
    let options = TypedOptions::new(&KOOFR, &remote);
    assert!(!options.bool("setmtime").unwrap());
    assert_eq!(options.string("user").unwrap(), "");
}

#[test]
fn passwords_are_revealed_from_every_layer() {
    let config = config(&format!(
        "[k]\ntype = koofr\npassword = {OBSCURED_POTATO}\n"
    ));
    let environment = Environment::from_iter([("RCLONE_KOOFR_PASSWORD", OBSCURED_POTATO)]);
    for remote in [
        "k:".to_owned(),
        ":koofr:".to_owned(),
        format!(":koofr,password={OBSCURED_POTATO}:"),
    ] {
        let remote = config.remote(&remote, &environment).unwrap();
        let password = TypedOptions::new(&KOOFR, &remote)
            .required_secret("password")
            .unwrap();
        assert_eq!(password, Secret::new("potato"));
    }
}

#[test]
fn a_password_in_the_clear_is_an_error_that_does_not_show_it() {
    let config = config("[k]\ntype = koofr\npassword = hunter2!\n");
    let remote = config.remote("k:", &Environment::empty()).unwrap();
    let error = TypedOptions::new(&KOOFR, &remote)
        .secret("password")
        .unwrap_err();
    assert_eq!(error.kind(), OptionErrorKind::Unreadable);
    let cause = error.source().map(ToString::to_string).unwrap_or_default();
    let all = format!("{error} {cause} {error:?} {remote:?} {config:?}");
    assert!(!all.contains("hunter2"), "{all}");
    assert!(all.contains("[k]") && all.contains("obscured"), "{all}");
}

#[test]
fn a_wrong_value_is_named_with_its_origin_and_what_is_accepted() {
    let config = config("[k]\ntype = koofr\nsetmtime = yes\n");
    let remote = config.remote("k:", &Environment::empty()).unwrap();
    let error = TypedOptions::new(&KOOFR, &remote)
        .bool("setmtime")
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "option \"setmtime\" = \"yes\" (from section [k] of the configuration file): expected true or false"
    );
}

#[test]
fn missing_required_options_are_named() {
    let remote = config("[k]\ntype = koofr\n")
        .remote("k:", &Environment::empty())
        .unwrap();
    let options = TypedOptions::new(&KOOFR, &remote);
    for error in [
        options.required_string("user").unwrap_err(),
        options.required_secret("password").unwrap_err(),
    ] {
        assert_eq!(error.kind(), OptionErrorKind::Missing);
    }
}

#[test]
fn a_remote_can_consist_of_variables_and_answers_to_every_spelling() {
    let environment = Environment::from_iter([
        ("RCLONE_CONFIG_MYR_TYPE", "koofr"),
        ("RCLONE_CONFIG_MYR_USER", "u"),
    ]);
    let config = config("[other]\ntype = koofr\n[myr]\ntype = local\n");
    for name in ["myr:x", "MYR:x", "MyR:x"] {
        let remote = config.remote(name, &environment).unwrap();
        assert_eq!((remote.type_name(), remote.path()), ("koofr", "x"));
        assert_eq!(
            TypedOptions::new(&KOOFR, &remote).string("user").unwrap(),
            "u"
        );
    }
    assert_eq!(config.remotes(&environment), ["myr", "other"]);
}

#[test]
fn the_type_may_come_from_the_string() {
    let config = config("[k]\ntype = koofr\n[typeless]\nuser = x\n");
    let type_of = |remote: &str| {
        config
            .remote(remote, &Environment::empty())
            .map(|remote| remote.type_name().to_owned())
    };
    assert_eq!(type_of("k,type=jottacloud:").unwrap(), "jottacloud");
    assert_eq!(type_of(":koofr,user=x:").unwrap(), "koofr");
    assert_eq!(type_of("/tmp/x").unwrap(), "local");
    assert!(
        matches!(type_of("typeless:"), Err(Error::UnknownRemote { name }) if name == "typeless")
    );
    assert!(matches!(type_of("nosuch:"), Err(Error::UnknownRemote { name }) if name == "nosuch"));
    assert!(matches!(type_of("a*b:"), Err(Error::RemoteString { .. })));
}

#[test]
fn dotted_remotes_inherit() {
    let config = config("[k]\ntype = koofr\nuser = parent\n[k.sub]\nmountid = m\n");
    let remote = config.remote("k.sub:", &Environment::empty()).unwrap();
    let options = TypedOptions::new(&KOOFR, &remote);
    assert_eq!(remote.type_name(), "koofr");
    assert_eq!(
        (
            options.string("user").unwrap(),
            options.string("mountid").unwrap()
        ),
        ("parent".into(), "m".into())
    );
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_no_text_is_told_and_not_passed_over() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _};

    let config = config("[k]\ntype = koofr\nuser = file\nmountid = file\n");
    let environment = Environment::from_iter([
        (
            OsStr::new("RCLONE_CONFIG_K_USER"),
            OsStr::from_bytes(b"\xffcanary"),
        ),
        (
            OsStr::new("RCLONE_KOOFR_MOUNTID"),
            OsStr::from_bytes(b"\xff"),
        ),
        (OsStr::new("RCLONE_CONFIG_K_MOUNTID"), OsStr::new("own")),
    ]);
    let remote = config.remote("k:", &environment).unwrap();
    let options = TypedOptions::new(&KOOFR, &remote);
    let error = options.string("user").unwrap_err();
    assert_eq!(error.kind(), OptionErrorKind::Unreadable);
    let said = error.to_string();
    assert!(
        said.contains("RCLONE_CONFIG_K_USER") && !said.contains("canary"),
        "{said}"
    );
    // What counts before it still does.
    assert_eq!(options.string("mountid").unwrap(), "own");
}
