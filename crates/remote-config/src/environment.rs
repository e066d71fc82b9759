//! Environment variables as a value, so that programs and tests can bring their own.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    fmt,
};

/// A set of environment variables.
///
/// # Examples
///
/// ```
/// use remote_config::Environment;
///
/// let environment = Environment::from_iter([("RCLONE_CONFIG_MYR_TYPE", "koofr")]);
/// assert_eq!(environment.remotes(), [("myr".to_owned(), "koofr".to_owned())]);
/// ```
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
}

/// Variables besides `RCLONE_…` that say where files are.
const LOCATIONS: [&str; 6] = [
    "APPDATA",
    "HOME",
    "HOMEDRIVE",
    "HOMEPATH",
    "USERPROFILE",
    "XDG_CONFIG_HOME",
];

impl Environment {
    /// No variables at all.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// The variables of this process that matter for configuration: `RCLONE_…`, and those that tell the home directory.
    #[must_use]
    pub fn process() -> Self {
        let matters = |name: &OsStr| {
            let name = name.to_string_lossy();
            name.starts_with("RCLONE_") || LOCATIONS.contains(&&*name)
        };
        let mut variables: BTreeMap<_, _> = std::env::vars_os()
            .filter(|(name, _)| matters(name))
            .collect();
        // Without the variable, the user database may know.
        if let (false, Some(home)) = (
            variables.contains_key(OsStr::new("HOME")),
            std::env::home_dir(),
        ) {
            variables.insert("HOME".into(), home.into());
        }
        Self { variables }
    }

    /// The value of a variable; nothing when it is not set or is not Unicode text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(OsStr::to_str)
    }

    /// The value of a variable, in the system's encoding.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.variables
            .get(OsStr::new(name))
            .map(OsString::as_os_str)
    }

    /// Whether there is a variable whose name begins with this.
    pub(crate) fn has_any(&self, prefix: &str) -> bool {
        let first = self.variables.range(OsString::from(prefix)..).next();
        first.is_some_and(|(name, _)| name.as_encoded_bytes().starts_with(prefix.as_bytes()))
    }

    /// The remotes that are made of variables, with their types: `RCLONE_CONFIG_MYR_TYPE=koofr` makes `myr`.
    ///
    /// Names are in lower case, as are types here; the type is used as it is written when the remote is opened. Sorted by name.
    #[must_use]
    pub fn remotes(&self) -> Vec<(String, String)> {
        let remotes = self.variables.iter().filter_map(|(name, value)| {
            let name = name
                .to_str()?
                .strip_prefix("RCLONE_CONFIG_")?
                .strip_suffix("_TYPE")?;
            let value = value
                .to_str()
                .filter(|value| !value.is_empty() && !name.is_empty())?;
            Some((lower(name), lower(value)))
        });
        remotes.collect()
    }

    /// The name of the variable for an option of one remote. The name is only put in upper case: `my-k` gives `RCLONE_CONFIG_MY-K_USER`.
    #[must_use]
    pub fn remote_variable(remote: &str, key: &str) -> String {
        format!(
            "RCLONE_CONFIG_{}_{}",
            upper(remote),
            upper(&key.replace('-', "_"))
        )
    }

    /// The name of the variable for an option of all remotes of a type: `RCLONE_KOOFR_USER`.
    #[must_use]
    pub fn backend_variable(prefix: &str, key: &str) -> String {
        format!(
            "RCLONE_{}",
            upper(&format!("{prefix}_{key}").replace('-', "_"))
        )
    }
}

impl<K: Into<OsString>, V: Into<OsString>> FromIterator<(K, V)> for Environment {
    fn from_iter<T: IntoIterator<Item = (K, V)>>(variables: T) -> Self {
        let variables = variables
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()));
        Self {
            variables: variables.collect(),
        }
    }
}

/// Values may be secret, so only the names are shown.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}

/// Upper case character by character, as rclone does: what would become several characters stays.
fn upper(text: &str) -> String {
    let single = |c: char| {
        let mut upper = c.to_uppercase();
        match (upper.next(), upper.next()) {
            (Some(upper), None) => upper,
            _ => c,
        }
    };
    text.chars().map(single).collect()
}

fn lower(text: &str) -> String {
    text.chars()
        .map(|c| c.to_lowercase().next().unwrap_or(c))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_named_after_remote_and_key() {
        assert_eq!(
            Environment::remote_variable("my-k", "user"),
            "RCLONE_CONFIG_MY-K_USER"
        );
        assert_eq!(
            Environment::remote_variable("café", "client-id"),
            "RCLONE_CONFIG_CAFÉ_CLIENT_ID"
        );
        assert_eq!(
            Environment::remote_variable(":koofr", "user"),
            "RCLONE_CONFIG_:KOOFR_USER"
        );
        assert_eq!(
            Environment::backend_variable("koofr", "user"),
            "RCLONE_KOOFR_USER"
        );
    }

    #[test]
    fn a_remote_needs_a_name_and_a_type() {
        let environment = Environment::from_iter([
            ("RCLONE_CONFIG_A_TYPE_TYPE", "Koofr"),
            ("RCLONE_CONFIG__TYPE", "koofr"),
            ("RCLONE_CONFIG_B_TYPE", ""),
            ("RCLONE_CONFIG_C_USER", "x"),
        ]);
        assert_eq!(
            environment.remotes(),
            [("a_type".to_owned(), "koofr".to_owned())]
        );
    }

    #[test]
    fn debug_output_shows_names_only() {
        let environment = Environment::from_iter([("RCLONE_KOOFR_PASSWORD", "hunter2")]);
        assert_eq!(format!("{environment:?}"), "{\"RCLONE_KOOFR_PASSWORD\"}");
    }
}
