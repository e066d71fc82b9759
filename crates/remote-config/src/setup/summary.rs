//! The section as it is shown before it is saved.

use remote_core::{options::Backend, setup::SetupSection};

use crate::redact::is_secret_name;

/// What rclone shows in place of a password.
pub(super) const PASSWORD: &str = "*** ENCRYPTED ***";

/// The section as it will be in the file, without passwords and tokens. The user's own name is shown: this is for the user's own eyes.
pub(super) fn summary(name: &str, section: &SetupSection, backend: &Backend) -> String {
    let mut text = format!("[{name}]\ntype = {}\n", section.type_name());
    for key in section.keys() {
        let value = section.get(key).unwrap_or_default();
        let is_secret = backend.option(key).is_some_and(|spec| spec.secret);
        let hidden = is_secret || section.password(key).is_some();
        let shown = if hidden {
            PASSWORD
        } else if !value.is_empty() && is_secret_name(key) {
            "XXX"
        } else {
            value
        };
        text.push_str(&format!("{key} = {shown}\n"));
    }
    text
}
