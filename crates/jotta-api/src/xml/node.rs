//! A small piece of a document.

use std::time::SystemTime;

use crate::time;

/// An element with everything in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, String)>,
    /// The text directly in it, white space included.
    pub(crate) text: String,
    pub(crate) children: Vec<Self>,
}

impl Node {
    /// The value of an attribute.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        let (_, value) = self.attributes.iter().find(|(key, _)| key == name)?;
        Some(value)
    }

    /// The first child of a name.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of a child, white space included; absent when there is no such child.
    pub(crate) fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.as_str())
    }

    /// The text of a child without surrounding white space; absent when that is empty.
    pub(crate) fn word_of(&self, name: &str) -> Option<&str> {
        self.text_of(name)
            .map(str::trim)
            .filter(|text| !text.is_empty())
    }

    /// [`word_of`](Self::word_of), owned.
    pub(crate) fn string_of(&self, name: &str) -> Option<String> {
        self.word_of(name).map(str::to_owned)
    }

    /// The number in a child; absent when it is empty, negative, or no number.
    pub(crate) fn number_of(&self, name: &str) -> Option<u64> {
        self.word_of(name)?.parse().ok()
    }

    /// Whether a child says yes; absent and unknown words are no.
    pub(crate) fn flag_of(&self, name: &str) -> bool {
        matches!(self.word_of(name), Some("true" | "1"))
    }

    /// The moment in a child; absent when it is empty or malformed.
    pub(crate) fn time_of(&self, name: &str) -> Option<SystemTime> {
        time::parse(self.text_of(name)?)
    }
}
