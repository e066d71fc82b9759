//! The options of a Jottacloud remote: one table for parsing, environment variables, documentation, setup and redaction.

use remote_core::options::{Backend, OptionSpec, OptionType};

/// What rclone calls the backend `jottacloud`: names, types and defaults are rclone's, the explanations are ours.
///
/// The options behind `description` are additions. Some of them are keys that rclone writes into its configuration without calling them options (`configVersion`,
/// `tokenURL`, `username`, `device`, `mountpoint`); the others move the addresses of the service, for emulators, and are ignored by rclone.
pub static BACKEND: Backend = Backend::new(
    "jottacloud",
    "Jottacloud and its white-label brands",
    OPTIONS,
);

const OPTIONS: &[OptionSpec] = &[
    OptionSpec::new(
        "client_id",
        OptionType::String,
        "What this program is called at the sign-in service.\n\nWritten by the setup; a token can be renewed only with the one it was made with.",
    )
    .sensitive(),
    OptionSpec::new(
        "client_secret",
        OptionType::String,
        "Secret of a registered device, obscured.\n\nFor sign-ins with user name and password only.",
    )
    .sensitive(),
    OptionSpec::new("token", OptionType::String, "The token, as JSON; kept up to date by every program that uses it.")
        .sensitive()
        .advanced(),
    OptionSpec::new("auth_url", OptionType::String, "Address of the page on which people sign in.\n\nThat of the brand if empty.").advanced(),
    OptionSpec::new("token_url", OptionType::String, "Address at which tokens are renewed.\n\nThe one that was found when signing in if empty.").advanced(),
    OptionSpec::new(
        "client_credentials",
        OptionType::Bool,
        "Sign in as the program itself.\n\nThe service has no such way; the option is here because rclone has it, and is refused.",
    )
    .default_text("false")
    .advanced(),
    OptionSpec::new(
        "md5_memory_limit",
        OptionType::Size,
        "Files larger than this are kept in a temporary file while their MD5 is computed, if they can be read only once.\n\nOther files are not kept.",
    )
    .default_text("10Mi")
    .advanced(),
    OptionSpec::new(
        "trashed_only",
        OptionType::Bool,
        "Show only files that are in the trash.\n\nThey appear in the folders they were in.",
    )
    .default_text("false")
    .advanced(),
    OptionSpec::new("hard_delete", OptionType::Bool, "Remove files for good instead of putting them into the trash.")
        .default_text("false")
        .advanced(),
    OptionSpec::new(
        "upload_resume_limit",
        OptionType::Size,
        "Files larger than this are resumed when an upload breaks off.\n\nHere all files are; the option has no effect, as in rclone.",
    )
    .default_text("10Mi")
    .advanced(),
    OptionSpec::new(
        "no_versions",
        OptionType::Bool,
        "Keep no older contents of files that are replaced.\n\nThe new content is stored beside the file before the old one is removed.",
    )
    .default_text("false")
    .advanced(),
    OptionSpec::new(
        "encoding",
        OptionType::Encoding,
        "Characters that are replaced in stored names.\n\nAll programs that use the same files must agree on it. Up to 1.73, rclone did not replace the percent sign.",
    )
    .default_text("Slash,LtGt,DoubleQuote,Colon,Question,Asterisk,Pipe,Percent,Del,Ctl,InvalidUtf8,Dot")
    .advanced(),
    OptionSpec::new("description", OptionType::String, "A remark for people; not used.").advanced(),
    OptionSpec::new(
        "configVersion",
        OptionType::String,
        "How the remote signs in: 1 with a token of the sign-in service, 0 with one of the older interface.\n\nWritten by the setup, by rclone's as well.",
    )
    .hidden()
    .ours(),
    OptionSpec::new("tokenURL", OptionType::String, "Where the token is renewed.\n\nWritten by the setup, by rclone's as well.")
        .hidden()
        .ours(),
    OptionSpec::new("username", OptionType::String, "Who signed in. Not used.\n\nWritten by the setup, by rclone's as well.")
        .sensitive()
        .hidden()
        .ours(),
    OptionSpec::new("device", OptionType::String, "Device to use.\n\nThe built-in one, Jotta, if empty. Written by the setup, by rclone's as well.")
        .hidden()
        .ours(),
    OptionSpec::new("mountpoint", OptionType::String, "Mount point of the device to use.\n\nArchive if empty. Written by the setup, by rclone's as well.")
        .hidden()
        .ours(),
    OptionSpec::new("jfs_url", OptionType::String, "Address of the XML interface, for emulators.\n\nPlain http for this machine only.")
        .advanced()
        .hidden()
        .ours(),
    OptionSpec::new("api_url", OptionType::String, "Address of the JSON interface, for emulators.\n\nPlain http for this machine only.")
        .advanced()
        .hidden()
        .ours(),
    OptionSpec::new(
        "identity_url",
        OptionType::String,
        "Takes the place of scheme, host and port of all addresses for signing in, for emulators.\n\nPlain http for this machine only.",
    )
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
        let theirs: Vec<_> = BACKEND
            .options
            .iter()
            .filter(|option| !option.ours)
            .map(|option| option.name)
            .collect();
        assert_eq!(
            theirs,
            [
                "client_id",
                "client_secret",
                "token",
                "auth_url",
                "token_url",
                "client_credentials",
                "md5_memory_limit",
                "trashed_only",
                "hard_delete",
                "upload_resume_limit",
                "no_versions",
                "encoding",
                "description",
            ]
        );
        assert!(
            BACKEND
                .options
                .iter()
                .skip(theirs.len())
                .all(|option| option.ours)
        );
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
