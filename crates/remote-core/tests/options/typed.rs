//! Typed reading of a provider's options: defaults, repeated names, and errors that help without showing a secret.

use std::collections::BTreeMap;

use remote_core::{
    options::{
        Backend, OptionErrorKind, OptionExample, OptionSpec, OptionType, Origin, SizeSuffix,
        Tristate, TypedOptions,
    },
    secret::Secret,
};

static DRIVE: Backend = Backend::new(
    "drive",
    "A drive",
    &[
        OptionSpec::new("provider", OptionType::String, ""),
        OptionSpec::new("password", OptionType::String, "")
            .provider("a")
            .secret(),
        OptionSpec::new("password", OptionType::String, "")
            .provider("b")
            .secret()
            .required(),
        OptionSpec::new("device_secret", OptionType::String, "").sensitive(),
        OptionSpec::new("pin", OptionType::Int, "").sensitive(),
        OptionSpec::new("limit", OptionType::Size, "").default_text("10Mi"),
        OptionSpec::new("wait", OptionType::Duration, "").default_text("3m0s"),
        OptionSpec::new("encoding", OptionType::Encoding, "").default_text("Slash,Dot"),
        OptionSpec::new("mode", OptionType::Choice(&["fast", "careful"]), "")
            .default_text("careful"),
        OptionSpec::new("tags", OptionType::CommaSeparated, ""),
        OptionSpec::new("flag", OptionType::Tristate, ""),
        OptionSpec::new("count", OptionType::Uint32, "").default_text("4"),
        OptionSpec::new("ratio", OptionType::Float, ""),
        OptionSpec::new("region", OptionType::String, "")
            .exclusive()
            .examples(&[
                OptionExample::new("eu", "Europe"),
                OptionExample::new("us", "America"),
            ]),
    ],
);

fn source(values: &[(&str, &str)]) -> BTreeMap<String, String> {
    values
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

#[test]
fn options_that_are_not_set_have_their_defaults() {
    for source in [
        source(&[]),
        source(&[
            ("limit", ""),
            ("wait", ""),
            ("mode", ""),
            ("count", ""),
            ("ratio", ""),
        ]),
    ] {
        let options = TypedOptions::new(&DRIVE, &source);
        assert_eq!(options.size("limit").unwrap(), SizeSuffix::new(10 << 20));
        assert_eq!(options.duration("wait").unwrap().clock(), "3m0s");
        assert_eq!(
            options.encoding("encoding").unwrap().to_string(),
            "Slash,Dot"
        );
        assert_eq!(options.choice("mode").unwrap(), "careful");
        assert_eq!(options.list("tags").unwrap(), [""; 0]);
        assert_eq!(options.tristate("flag").unwrap(), Tristate::Unset);
        assert_eq!(options.uint32("count").unwrap(), 4);
        assert!(options.float("ratio").unwrap().abs() < f64::EPSILON);
        assert_eq!(options.value("limit").unwrap().1, Origin::Default);
        assert_eq!(options.secret("password").unwrap(), None);
    }
}

#[test]
fn set_options_are_read_as_their_type() {
    let source = source(&[
        ("limit", "1.5M"),
        ("mode", "FAST"),
        ("tags", "a,\"b,c\""),
        ("region", "eu"),
        ("flag", "t"),
    ]);
    let options = TypedOptions::new(&DRIVE, &source);
    assert_eq!(options.size("limit").unwrap().bytes(), Some(1_572_864));
    assert_eq!(options.choice("mode").unwrap(), "fast");
    assert_eq!(options.list("tags").unwrap(), ["a", "b,c"]);
    assert_eq!(options.string("region").unwrap(), "eu");
    assert_eq!(options.tristate("flag").unwrap().value(), Some(true));
    assert_eq!(options.value("limit").unwrap().1, Origin::Caller);
}

#[test]
fn a_plain_map_holds_passwords_in_the_clear() {
    let source = source(&[("password", "hunter2")]);
    let options = TypedOptions::new(&DRIVE, &source);
    assert_eq!(
        options.required_secret("password").unwrap(),
        Secret::new("hunter2")
    );
    assert!(!format!("{options:?}").contains("hunter2"));
}

#[test]
fn errors_name_the_option_the_value_and_what_is_accepted() {
    let source = source(&[
        ("limit", "lots"),
        ("pin", "12-34"),
        ("region", "asia"),
        ("mode", "slow"),
    ]);
    let options = TypedOptions::new(&DRIVE, &source);
    let error = options.size("limit").unwrap_err();
    assert_eq!(
        (error.kind(), error.option()),
        (OptionErrorKind::Invalid, "limit")
    );
    assert!(
        error
            .to_string()
            .starts_with("option \"limit\" = \"lots\" (set by the program): expected a size"),
        "{error}"
    );
    assert!(
        options
            .string("region")
            .unwrap_err()
            .to_string()
            .ends_with("expected one of eu, us")
    );
    assert!(
        options
            .choice("mode")
            .unwrap_err()
            .to_string()
            .ends_with("expected one of fast, careful")
    );
    let error = options.int("pin").unwrap_err();
    assert!(!format!("{error} {error:?}").contains("12-34"));
}

#[test]
fn asking_for_what_the_table_does_not_have_is_an_error() {
    let source = source(&[]);
    let options = TypedOptions::new(&DRIVE, &source);
    for error in [
        options.string("nosuch").unwrap_err(),
        options.bool("limit").unwrap_err(),
        options.list("limit").unwrap_err(),
        options.secret("limit").unwrap_err(),
    ] {
        assert_eq!(error.kind(), OptionErrorKind::Unsupported);
    }
}

#[test]
fn missing_options_are_told_apart_from_wrong_ones() {
    let source = source(&[("provider", "b")]);
    let options = TypedOptions::new(&DRIVE, &source);
    assert_eq!(
        options.required_secret("password").unwrap_err().kind(),
        OptionErrorKind::Missing
    );
    assert_eq!(
        options.required_string("region").unwrap_err().kind(),
        OptionErrorKind::Missing
    );
}

#[test]
fn every_default_of_a_table_can_be_read() {
    for option in DRIVE.options {
        option.default_value().unwrap();
    }
}

#[test]
fn a_secret_that_is_stored_obscured_is_revealed_and_kept_as_it_stands() {
    const OBSCURED: &str = "YWFhYWFhYWFhYWFhYWFhYXMaGgIlEQ";
    for (text, read) in [
        (None, None),
        (Some(""), None),
        (Some(OBSCURED), Some(("potato", Some(OBSCURED)))),
        (Some("short"), Some(("short", None))),
    ] {
        let values: Vec<_> = text
            .map(|text| ("device_secret", text))
            .into_iter()
            .collect();
        let source = source(&values);
        let options = TypedOptions::new(&DRIVE, &source);
        let secret = options.stored_secret("device_secret").unwrap();
        let parts = secret.as_ref().map(|secret| {
            (
                secret.revealed().expose(),
                secret.stored().map(Secret::expose),
            )
        });
        assert_eq!(parts, read, "{text:?}");
    }
}
