//! What is asked.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::options::{OptionSpec, OptionType};

/// A question to the user.
///
/// As JSON it is one object: the fields below, with those of the kind among them. The current value of a password is never its default; that of another
/// [sensitive](Self::sensitive) option is, for the eyes of the user, and does not show in `Debug`.
#[non_exhaustive]
#[derive(Clone, Deserialize, PartialEq, Serialize)]
pub struct Question {
    /// The name of the option, or one that begins with `config_` for a question without an option. The name stays the same in
    /// later versions, so that answers can be given by it beforehand.
    pub name: String,
    /// Explanation; the first line is the short form.
    pub help: String,
    /// What kind of answer is wanted.
    #[serde(flatten)]
    pub kind: QuestionKind,
    /// The type of the value.
    #[serde(rename = "type", with = "type_name")]
    pub value_type: OptionType,
    /// What is taken if the answer is [accept](super::Answer::accept), and shown; empty for none. `true` or `false` for yes or no.
    pub default: String,
    /// An empty answer is refused.
    pub required: bool,
    /// The value is nothing to show in logs.
    pub sensitive: bool,
    /// Values to offer.
    pub choices: Vec<Choice>,
}

/// What kind of answer is wanted.
#[non_exhaustive]
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum QuestionKind {
    /// One of the choices; another text only if not `exclusive`.
    Choice {
        /// Only the listed choices are accepted.
        exclusive: bool,
    },
    /// The user opens an address in a browser, and something comes back.
    OpenAddress {
        /// What to open.
        address: String,
        /// What comes back.
        back: Back,
    },
    /// A password, typed hidden and given in the clear.
    Secret {
        /// There is one already; [accept](super::Answer::accept) keeps it.
        kept: bool,
    },
    /// Something to read, such as a code to type in elsewhere; any answer goes on.
    Show {
        /// What to read.
        text: String,
    },
    /// A text of the question's type.
    Text,
    /// Yes or no: `true` or `false`.
    YesNo,
}

/// What comes back after an address was opened.
#[non_exhaustive]
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "back", rename_all = "snake_case")]
pub enum Back {
    /// The page shows a code; the answer is that code.
    Code,
    /// The service sends the browser to an address that begins with `to`; the answer is that whole address, whether a program that
    /// listens there received it or the user copied it out of the browser.
    Redirect {
        /// Where the browser is sent, such as `http://127.0.0.1:53682/`.
        to: String,
    },
}

/// A value to offer.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Choice {
    /// The value.
    pub value: String,
    /// What it means.
    pub help: String,
}

impl Choice {
    /// A value and what it means.
    pub fn new(value: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            help: help.into(),
        }
    }
}

impl Question {
    /// Asks for a text.
    pub fn text(name: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(name, help, QuestionKind::Text)
    }

    /// Offers choices and accepts other texts.
    pub fn choice(name: impl Into<String>, help: impl Into<String>, choices: Vec<Choice>) -> Self {
        Self::new(name, help, QuestionKind::Choice { exclusive: false }).choices(choices)
    }

    /// Offers choices and accepts nothing else.
    pub fn exclusive(
        name: impl Into<String>,
        help: impl Into<String>,
        choices: Vec<Choice>,
    ) -> Self {
        Self::new(name, help, QuestionKind::Choice { exclusive: true }).choices(choices)
    }

    /// Asks for a password.
    pub fn secret(name: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(name, help, QuestionKind::Secret { kept: false }).sensitive()
    }

    /// Asks for yes or no, with what is taken by default.
    pub fn yes_no(name: impl Into<String>, help: impl Into<String>, default: bool) -> Self {
        let mut question = Self::new(name, help, QuestionKind::YesNo);
        question.value_type = OptionType::Bool;
        question.default_text(default.to_string())
    }

    /// Asks to open an address in a browser. What comes back may be good for signing in, so the question is [sensitive](Self::sensitive).
    pub fn open_address(
        name: impl Into<String>,
        help: impl Into<String>,
        address: impl Into<String>,
        back: Back,
    ) -> Self {
        let address = address.into();
        Self::new(name, help, QuestionKind::OpenAddress { address, back })
            .sensitive()
            .required()
    }

    /// Shows something.
    pub fn show(name: impl Into<String>, help: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new(name, help, QuestionKind::Show { text: text.into() })
    }

    /// The question that an option of a table stands for, in a variant of the service, as [`provider_matches`](crate::options::provider_matches) takes it.
    ///
    /// `current` is the value there is; it takes the place of the default. For a password only whether there is one counts.
    #[must_use]
    pub fn of_option(spec: &OptionSpec, provider: &str, current: Option<&str>) -> Self {
        let choices = choices_of(spec, provider);
        let exclusive = spec.exclusive || matches!(spec.value_type, OptionType::Choice(_));
        let kind = if spec.secret {
            QuestionKind::Secret {
                kept: current.is_some_and(|value| !value.is_empty()),
            }
        } else if !choices.is_empty() {
            QuestionKind::Choice { exclusive }
        } else {
            QuestionKind::Text
        };
        let mut question = Self::new(spec.name, spec.help, kind).choices(choices);
        question.value_type = match spec.value_type {
            // The choices say which words there are.
            OptionType::Choice(_) => OptionType::String,
            other => other,
        };
        question.required = spec.required;
        question.sensitive = spec.sensitive || spec.secret;
        if !spec.secret {
            let current = current.filter(|value| !value.is_empty());
            current
                .unwrap_or(spec.default)
                .clone_into(&mut question.default);
        }
        question
    }

    /// Sets what is taken by default.
    #[must_use]
    pub fn default_text(mut self, default: impl Into<String>) -> Self {
        self.default = default.into();
        self
    }

    /// Refuses an empty answer.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Marks the value as nothing to show.
    #[must_use]
    pub fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }

    /// Says that there is a password already, which [accept](super::Answer::accept) keeps.
    #[must_use]
    pub fn kept(mut self) -> Self {
        if let QuestionKind::Secret { kept } = &mut self.kind {
            *kept = true;
        }
        self
    }

    /// Sets the type of the value; text unless set.
    #[must_use]
    pub fn of_type(mut self, value_type: OptionType) -> Self {
        self.value_type = value_type;
        self
    }

    /// Sets the values to offer.
    #[must_use]
    pub fn choices(mut self, choices: Vec<Choice>) -> Self {
        self.choices = choices;
        self
    }

    fn new(name: impl Into<String>, help: impl Into<String>, kind: QuestionKind) -> Self {
        Self {
            name: name.into(),
            help: help.into(),
            kind,
            value_type: OptionType::String,
            default: String::new(),
            required: false,
            sensitive: false,
            choices: Vec::new(),
        }
    }
}

/// What is nothing to show in logs is not shown.
impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let default = match self.default.as_str() {
            "" => "",
            _ if self.sensitive => "…",
            default => default,
        };
        f.debug_struct("Question")
            .field("name", &self.name)
            .field("help", &self.help)
            .field("kind", &self.kind)
            .field("value_type", &self.value_type)
            .field("default", &default)
            .field("required", &self.required)
            .field("sensitive", &self.sensitive)
            .field("choices", &self.choices)
            .finish()
    }
}

fn choices_of(spec: &OptionSpec, provider: &str) -> Vec<Choice> {
    let listed = spec.examples.iter();
    let choices: Vec<Choice> = listed
        .filter(|example| crate::options::provider_matches(example.provider, provider))
        .map(|example| Choice::new(example.value, example.help))
        .collect();
    match spec.value_type {
        OptionType::Choice(words) if choices.is_empty() => {
            words.iter().map(|word| Choice::new(*word, "")).collect()
        }
        _ => choices,
    }
}

/// Types by the name rclone has for them.
mod type_name {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::options::OptionType;

    const TYPES: [OptionType; 12] = [
        OptionType::Bool,
        OptionType::CommaSeparated,
        OptionType::Duration,
        OptionType::Encoding,
        OptionType::Float,
        OptionType::Int,
        OptionType::Size,
        OptionType::SpaceSeparated,
        OptionType::String,
        OptionType::StringArray,
        OptionType::Tristate,
        OptionType::Uint32,
    ];

    pub(super) fn serialize<S: Serializer>(
        value: &OptionType,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&value.name())
    }

    /// A type of a later version is read as text; whoever asked the question checks the answer again.
    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<OptionType, D::Error> {
        let name = String::deserialize(deserializer)?;
        let known = TYPES.into_iter().find(|known| known.name() == name);
        Ok(known.unwrap_or(OptionType::String))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::OptionExample;

    const REGION: OptionSpec = OptionSpec::new("region", OptionType::String, "Where.")
        .examples(&[
            OptionExample {
                value: "eu",
                help: "Europe",
                provider: "ours",
            },
            OptionExample::new("us", "America"),
        ])
        .default_text("us");

    #[test]
    fn examples_are_those_of_the_variant() {
        let values = |provider| -> Vec<String> {
            let question = Question::of_option(&REGION, provider, None);
            question.choices.into_iter().map(|c| c.value).collect()
        };
        assert_eq!(values("ours"), ["eu", "us"]);
        assert_eq!(values("other"), ["us"]);
    }

    #[test]
    fn the_current_value_takes_the_place_of_the_default() {
        let default = |current| Question::of_option(&REGION, "", current).default;
        assert_eq!(default(None), "us");
        assert_eq!(default(Some("")), "us");
        assert_eq!(default(Some("eu")), "eu");
    }

    #[test]
    fn a_password_is_never_a_default() {
        let spec = OptionSpec::new("pass", OptionType::String, "").secret();
        let question = Question::of_option(&spec, "", Some("s3cret"));
        assert_eq!(question.kind, QuestionKind::Secret { kept: true });
        assert_eq!(question.default, "");
    }

    #[test]
    fn a_sensitive_default_does_not_show_in_debug() {
        let spec = OptionSpec::new("token", OptionType::String, "").sensitive();
        let question = Question::of_option(&spec, "", Some("s3cret"));
        assert_eq!(question.default, "s3cret");
        let shown = format!("{question:?}");
        assert!(
            shown.contains("token") && !shown.contains("s3cret"),
            "{shown}"
        );
    }

    #[test]
    fn questions_survive_json() {
        let redirect = Back::Redirect {
            to: "http://127.0.0.1:53682/".to_owned(),
        };
        for question in [
            Question::of_option(&REGION, "", None),
            Question::secret("p", "Secret."),
            Question::yes_no("y", "Sure?", true),
            Question::open_address("o", "Open.", "https://id.example/", redirect),
            Question::open_address("o", "Open.", "https://id.example/", Back::Code),
            Question::show("s", "Type it in.", "ABCD"),
            Question::text("n", "How many?").of_type(OptionType::Size),
        ] {
            let text = serde_json::to_string(&question).unwrap();
            assert_eq!(
                serde_json::from_str::<Question>(&text).unwrap(),
                question,
                "{text}"
            );
        }
    }
}
