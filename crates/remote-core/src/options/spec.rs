//! The static description of a provider and its options.

use super::{OptionType, OptionValue, ParseValueError};

/// One option of a provider, as an entry of a static table.
///
/// Built in a `const` context: [`OptionSpec::new`] and the methods that follow it.
#[non_exhaustive]
#[derive(Clone, Copy, Debug)]
pub struct OptionSpec {
    /// Key in the configuration file, `snake_case`. Names may repeat with different provider filters.
    pub name: &'static str,
    /// Explanation; the first line is the short form.
    pub help: &'static str,
    /// Type of the value.
    pub value_type: OptionType,
    /// Default as text; empty for none (an empty text, `false`, zero, an empty list).
    pub default: &'static str,
    /// Variants of the service the option applies to, as a list for [`provider_matches`]; empty for all.
    pub provider: &'static str,
    /// Must not be empty.
    pub required: bool,
    /// Left out of the first round of the setup dialogue.
    pub advanced: bool,
    /// A password: stored obscured, never shown.
    pub secret: bool,
    /// Not a password, but nothing to show in logs and dumps either, such as a user name.
    pub sensitive: bool,
    /// Left out of the setup dialogue and the help of command lines altogether.
    pub hidden: bool,
    /// Only the listed examples are allowed as value.
    pub exclusive: bool,
    /// The option is this project's own; rclone does not know it and ignores it.
    pub ours: bool,
    /// Values to offer.
    pub examples: &'static [OptionExample],
}

impl OptionSpec {
    /// An optional option of all variants, without default.
    #[must_use]
    pub const fn new(name: &'static str, value_type: OptionType, help: &'static str) -> Self {
        Self {
            name,
            help,
            value_type,
            default: "",
            provider: "",
            required: false,
            advanced: false,
            secret: false,
            sensitive: false,
            hidden: false,
            exclusive: false,
            ours: false,
            examples: &[],
        }
    }

    /// Sets the default, as text.
    #[must_use]
    pub const fn default_text(mut self, default: &'static str) -> Self {
        self.default = default;
        self
    }

    /// Restricts the option to variants of the service; see [`provider_matches`] for the form.
    #[must_use]
    pub const fn provider(mut self, filter: &'static str) -> Self {
        self.provider = filter;
        self
    }

    /// Marks the option as one that must not be empty.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Marks the option as advanced.
    #[must_use]
    pub const fn advanced(mut self) -> Self {
        self.advanced = true;
        self
    }

    /// Marks the option as a password.
    #[must_use]
    pub const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// Marks the value as nothing to show.
    #[must_use]
    pub const fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }

    /// Hides the option from people.
    #[must_use]
    pub const fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }

    /// Allows the examples only.
    #[must_use]
    pub const fn exclusive(mut self) -> Self {
        self.exclusive = true;
        self
    }

    /// Marks the option as one rclone does not have.
    #[must_use]
    pub const fn ours(mut self) -> Self {
        self.ours = true;
        self
    }

    /// Offers values.
    #[must_use]
    pub const fn examples(mut self, examples: &'static [OptionExample]) -> Self {
        self.examples = examples;
        self
    }

    /// The default as a typed value.
    ///
    /// # Errors
    ///
    /// The table is wrong: the default is not of the option's type.
    pub fn default_value(&self) -> Result<OptionValue, ParseValueError> {
        if self.default.is_empty() {
            Ok(self.value_type.zero())
        } else {
            self.value_type.parse(self.default)
        }
    }

    /// Whether the option applies to a variant of the service.
    #[must_use]
    pub fn applies_to(&self, provider: &str) -> bool {
        provider_matches(self.provider, provider)
    }
}

/// A value to offer for an option.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct OptionExample {
    /// The value.
    pub value: &'static str,
    /// What it means.
    pub help: &'static str,
    /// Variants of the service it applies to, as a list for [`provider_matches`]; empty for all.
    pub provider: &'static str,
}

impl OptionExample {
    /// A value for all variants of the service.
    #[must_use]
    pub const fn new(value: &'static str, help: &'static str) -> Self {
        Self {
            value,
            help,
            provider: "",
        }
    }
}

/// Whether a filter such as `koofr,other` or `!other` lets a variant of the service pass.
///
/// An empty filter and an unset variant (empty text) match everything. Otherwise the filter is a list separated by commas
/// without blanks, compared exactly; a leading `!` reverses the answer.
#[must_use]
pub fn provider_matches(filter: &str, provider: &str) -> bool {
    if filter.is_empty() || provider.is_empty() {
        return true;
    }
    match filter.strip_prefix('!') {
        Some(excluded) => !excluded.split(',').any(|name| name == provider),
        None => filter.split(',').any(|name| name == provider),
    }
}

/// The static description of a provider: what rclone calls a backend.
#[non_exhaustive]
#[derive(Clone, Copy, Debug)]
pub struct Backend {
    /// The value of `type` in the configuration file, as written by us.
    pub name: &'static str,
    /// One line for people.
    pub description: &'static str,
    /// Start of the names of flags (`--koofr-user`) and environment variables (`RCLONE_KOOFR_USER`).
    pub prefix: &'static str,
    /// Other values of `type` that mean this provider.
    pub aliases: &'static [&'static str],
    /// The options in the order of the setup dialogue.
    pub options: &'static [OptionSpec],
}

impl Backend {
    /// A provider whose prefix is its name.
    #[must_use]
    pub const fn new(
        name: &'static str,
        description: &'static str,
        options: &'static [OptionSpec],
    ) -> Self {
        Self {
            name,
            description,
            prefix: name,
            aliases: &[],
            options,
        }
    }

    /// Sets a prefix that differs from the name.
    #[must_use]
    pub const fn prefix(mut self, prefix: &'static str) -> Self {
        self.prefix = prefix;
        self
    }

    /// Accepts other values of `type`.
    #[must_use]
    pub const fn aliases(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    /// Whether a value of `type` means this provider: its name, its prefix, an alias, or its name without blanks.
    #[must_use]
    pub fn is_named(&self, type_name: &str) -> bool {
        if type_name.is_empty() {
            return false;
        }
        type_name == self.name
            || type_name == self.prefix
            || self.aliases.contains(&type_name)
            || (!type_name.contains(' ') && self.name.split(' ').collect::<String>() == type_name)
    }

    /// The first option of a name.
    #[must_use]
    pub fn option(&self, name: &str) -> Option<&'static OptionSpec> {
        self.options.iter().find(|option| option.name == name)
    }

    /// The first option of a name that applies to a variant of the service.
    #[must_use]
    pub fn option_for(&self, name: &str, provider: &str) -> Option<&'static OptionSpec> {
        self.options
            .iter()
            .find(|option| option.name == name && option.applies_to(provider))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static DRIVE: Backend = Backend::new(
        "big cloud drive",
        "Big Cloud Drive",
        &[
            OptionSpec::new("password", OptionType::String, "First.")
                .provider("koofr")
                .secret(),
            OptionSpec::new("password", OptionType::String, "Second.")
                .provider("other")
                .secret(),
        ],
    )
    .prefix("bcd");

    #[test]
    fn filters_let_unset_variants_pass() {
        for (filter, provider, matches) in [
            ("", "koofr", true),
            ("koofr", "", true),
            ("koofr,other", "other", true),
            ("koofr,other", "Other", false),
            ("!koofr,other", "other", false),
            ("!koofr", "digistorage", true),
        ] {
            assert_eq!(
                provider_matches(filter, provider),
                matches,
                "{filter} {provider}"
            );
        }
    }

    #[test]
    fn a_type_may_be_spelled_in_several_ways() {
        for name in ["big cloud drive", "bcd", "bigclouddrive"] {
            assert!(DRIVE.is_named(name), "{name}");
        }
        for name in ["", "big", "BCD", "big clouddrive"] {
            assert!(!DRIVE.is_named(name), "{name}");
        }
    }

    #[test]
    fn repeated_names_are_told_apart_by_the_variant() {
        assert_eq!(
            DRIVE.option("password").map(|option| option.help),
            Some("First.")
        );
        assert_eq!(
            DRIVE
                .option_for("password", "other")
                .map(|option| option.help),
            Some("Second.")
        );
        assert!(DRIVE.option_for("password", "digistorage").is_none());
    }
}
