//! How the services compare names.

/// The form in which names are compared: full Unicode lower case.
pub(crate) fn fold(name: &str) -> String {
    name.to_lowercase()
}
