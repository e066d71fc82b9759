//! What comes back for a question.

use std::fmt;

use crate::secret::Secret;

/// The answer to a question: a text, or that what the question offers is to be taken.
///
/// Every answer is held like a secret, because a text may be a token as well; `Debug` shows nothing of it.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Answer(Option<Secret>);

impl Answer {
    /// Takes what is offered: the default, the current value, the password that is there. What pressing Enter means.
    #[must_use]
    pub fn accept() -> Self {
        Self(None)
    }

    /// A text, the empty one included: it takes away a value that is there. Passwords are given in the clear.
    pub fn text(text: impl Into<String>) -> Self {
        Self(Some(Secret::new(text)))
    }

    /// A password in the clear, or any other text that is in a [`Secret`] already.
    #[must_use]
    pub fn secret(secret: Secret) -> Self {
        Self(Some(secret))
    }

    /// Yes or no.
    #[must_use]
    pub fn yes_no(yes: bool) -> Self {
        Self::text(yes.to_string())
    }

    /// Whether what is offered is to be taken.
    #[must_use]
    pub fn is_accept(&self) -> bool {
        self.0.is_none()
    }

    /// The text; empty if what is offered is to be taken.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.as_ref().map_or("", Secret::expose)
    }

    /// Whether a checked answer to a question of yes or no is yes.
    #[must_use]
    pub fn is_yes(&self) -> bool {
        self.expose() == "true"
    }

    /// The text as a secret.
    #[must_use]
    pub fn into_secret(self) -> Secret {
        self.0.unwrap_or_default()
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_accept() {
            "Answer(accept)"
        } else {
            "Answer(…)"
        })
    }
}
