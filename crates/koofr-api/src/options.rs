//! The options of a Koofr remote: one table for parsing, environment variables, documentation, setup and redaction.

use remote_core::options::{Backend, OptionExample, OptionSpec, OptionType};

/// What rclone calls the backend `koofr`: names, types and defaults are rclone's, the explanations are ours.
///
/// The option `auth` is an addition; rclone ignores it. Each option can also be given in the environment, as
/// `RCLONE_KOOFR_<NAME>` for all remotes or `RCLONE_CONFIG_<REMOTE>_<NAME>` for one.
pub static BACKEND: Backend = Backend::new(
    "koofr",
    "Koofr, Digi Storage and Koofr-compatible servers",
    OPTIONS,
);

const OPTIONS: &[OptionSpec] = &[
    OptionSpec::new(
        "provider",
        OptionType::String,
        "The service the account is with.\n\nWithout it the service follows from the endpoint: no endpoint means Koofr.",
    )
    .examples(PROVIDERS),
    OptionSpec::new(
        "endpoint",
        OptionType::String,
        "Address of the server, such as https://koofr.example.org.\n\nHTTPS unless the server is on this machine. A path in it is kept in front of all requests.",
    )
    .provider("other")
    .required(),
    OptionSpec::new(
        "mountid",
        OptionType::String,
        "Storage to use: id or name of a mount of the account.\n\nThe primary storage if empty.",
    )
    .advanced(),
    OptionSpec::new(
        "setmtime",
        OptionType::Bool,
        "Whether the storage keeps modification times.\n\nSay false for a mount that stands for Dropbox or Amazon Drive; times are then not compared.",
    )
    .default_text("true")
    .advanced(),
    OptionSpec::new("user", OptionType::String, "Name of the user, usually an e-mail address.").required().sensitive(),
    OptionSpec::new(
        "password",
        OptionType::String,
        "Application password, not the password of the account.\n\nMade at https://app.koofr.net/app/admin/preferences/password.",
    )
    .provider("koofr")
    .required()
    .secret(),
    OptionSpec::new(
        "password",
        OptionType::String,
        "Application password, not the password of the account.\n\nMade at https://storage.rcs-rds.ro/app/admin/preferences/password.",
    )
    .provider("digistorage")
    .required()
    .secret(),
    OptionSpec::new(
        "password",
        OptionType::String,
        "Application password, not the password of the account.\n\nMade on the settings page of the service.",
    )
    .provider("other")
    .required()
    .secret(),
    OptionSpec::new(
        "encoding",
        OptionType::Encoding,
        "Characters that are replaced in stored names.\n\nAll programs that use the same files must agree on it.",
    )
    .default_text("Slash,BackSlash,Del,Ctl,InvalidUtf8,Dot")
    .advanced(),
    OptionSpec::new("description", OptionType::String, "A remark for people; not used.").advanced(),
    OptionSpec::new("auth", OptionType::Choice(&["basic", "token"]), "How to sign in with the application password.")
        .default_text("basic")
        .examples(SIGN_INS)
        .advanced()
        .ours(),
];

const PROVIDERS: &[OptionExample] = &[
    OptionExample::new("koofr", "Koofr, https://app.koofr.net/"),
    OptionExample::new("digistorage", "Digi Storage, https://storage.rcs-rds.ro/"),
    OptionExample::new("other", "Any other server with the same interface"),
];

const SIGN_INS: &[OptionExample] = &[
    OptionExample::new(
        "basic",
        "Send the password with every request, as rclone does",
    ),
    OptionExample::new("token", "Exchange the password for a token first"),
];

#[cfg(test)]
mod tests {
    use remote_core::options::OptionValue;

    use super::*;
    use crate::encoding::DEFAULT_ENCODING;

    #[test]
    fn names_and_order_are_rclones_with_ours_at_the_end() {
        let names: Vec<_> = BACKEND.options.iter().map(|option| option.name).collect();
        assert_eq!(
            names,
            [
                "provider",
                "endpoint",
                "mountid",
                "setmtime",
                "user",
                "password",
                "password",
                "password",
                "encoding",
                "description",
                "auth"
            ]
        );
        assert_eq!(BACKEND.prefix, "koofr");
    }

    #[test]
    fn defaults_have_the_type_of_their_option() {
        for option in BACKEND.options {
            assert!(option.default_value().is_ok(), "{}", option.name);
        }
        let encoding = BACKEND.option("encoding").unwrap().default_value();
        assert_eq!(encoding, Ok(OptionValue::Encoding(DEFAULT_ENCODING)));
    }
}
