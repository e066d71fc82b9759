//! The options of an Amazon Drive remote: one table for parsing, environment variables, documentation, setup and redaction.

use remote_core::options::{Backend, OptionSpec, OptionType};

/// What rclone calls the backend `amazon cloud drive`, up to version 1.65: names, types and defaults are rclone's, the explanations are ours.
///
/// The last four options are additions, which rclone ignores. Each option can also be given in the environment, as `RCLONE_ACD_<NAME>` for all remotes or
/// `RCLONE_CONFIG_<REMOTE>_<NAME>` for one.
pub static BACKEND: Backend = Backend::new(
    "amazon cloud drive",
    "Amazon Drive and services with the same interface; the public service has closed",
    OPTIONS,
)
.prefix("acd");

const OPTIONS: &[OptionSpec] = &[
    OptionSpec::new(
        "client_id",
        OptionType::String,
        "Id of the application that you have registered with the service.\n\nThere is none for everybody.",
    )
    .sensitive(),
    OptionSpec::new("client_secret", OptionType::String, "Secret of the application.").sensitive(),
    OptionSpec::new("token", OptionType::String, "The token, as JSON; kept up to date by every program that uses it.")
        .sensitive()
        .advanced(),
    OptionSpec::new(
        "auth_url",
        OptionType::String,
        "Address of the page on which people sign in.\n\nThat of the public service, https://www.amazon.com/ap/oa, if empty.",
    )
    .advanced(),
    OptionSpec::new(
        "token_url",
        OptionType::String,
        "Address at which tokens are issued and renewed.\n\nThat of the public service, https://api.amazon.com/auth/o2/token, if empty.",
    )
    .advanced(),
    OptionSpec::new(
        "checkpoint",
        OptionType::String,
        "Place in the feed of changes up to which they are known; written by rclone.",
    )
    .advanced()
    .hidden(),
    OptionSpec::new(
        "upload_wait_per_gb",
        OptionType::Duration,
        "How long to look for a file after the end of its upload has failed, for each gibibyte.\n\nLarge files may appear minutes later. With 0 there is one look and no waiting.",
    )
    .default_text("3m0s")
    .advanced(),
    OptionSpec::new(
        "templink_threshold",
        OptionType::Size,
        "Files of at least this size are fetched by a temporary link.\n\nNever if off.",
    )
    .default_text("9Gi")
    .advanced(),
    OptionSpec::new(
        "encoding",
        OptionType::Encoding,
        "Characters that are replaced in stored names.\n\nAll programs that use the same files must agree on it.",
    )
    .default_text("Slash,InvalidUtf8,Dot")
    .advanced(),
    OptionSpec::new(
        "endpoint_url",
        OptionType::String,
        "Address at which the service tells where an account lives, such as http://127.0.0.1:8080/drive/v1/.\n\nThat of the public service if empty. Plain http for this machine only.",
    )
    .advanced()
    .ours(),
    OptionSpec::new(
        "metadata_url",
        OptionType::String,
        "Address of everything but contents.\n\nThe one that the service tells if empty.",
    )
    .advanced()
    .hidden()
    .ours(),
    OptionSpec::new(
        "content_url",
        OptionType::String,
        "Address of contents.\n\nThe one that the service tells if empty.",
    )
    .advanced()
    .hidden()
    .ours(),
    OptionSpec::new(
        "pacer_min_sleep",
        OptionType::Duration,
        "Distance at which calls begin, also while all is well.\n\nrclone keeps 20ms for this service and cannot be told otherwise. Calls slow down by themselves where the service is too busy.",
    )
    .default_text("0s")
    .advanced()
    .hidden()
    .ours(),
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
                "client_id",
                "client_secret",
                "token",
                "auth_url",
                "token_url",
                "checkpoint",
                "upload_wait_per_gb",
                "templink_threshold",
                "encoding",
                "endpoint_url",
                "metadata_url",
                "content_url",
                "pacer_min_sleep",
            ]
        );
        for name in ["amazon cloud drive", "acd", "amazonclouddrive"] {
            assert!(BACKEND.is_named(name));
        }
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
