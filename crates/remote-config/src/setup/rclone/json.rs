//! Questions and options as rclone prints them.

use std::fmt;

use remote_core::{
    options::{Backend, OptionSpec, OptionType, OptionValue},
    setup::{Question, QuestionKind},
};
use serde::Serialize;
use serde_json::{Value, ser::PrettyFormatter};

/// The answer to a call: the next question, something to tell, or the end.
///
/// The JSON shows the current values of all options but passwords, as that of rclone does; `Debug` shows none.
#[derive(Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Reply {
    state: String,
    option: Option<OptionJson>,
    error: String,
    result: String,
}

impl Reply {
    pub(super) fn new(state: String, option: Option<OptionJson>, error: String) -> Self {
        Self {
            state,
            option,
            error,
            result: String::new(),
        }
    }

    /// The state to come back with; empty at the end.
    #[must_use]
    pub fn state(&self) -> &str {
        &self.state
    }

    /// Whether nothing is left to ask.
    #[must_use]
    pub fn is_end(&self) -> bool {
        self.state.is_empty()
    }

    /// What to tell the user before going on; empty for nothing.
    #[must_use]
    pub fn error(&self) -> &str {
        &self.error
    }

    /// The JSON that rclone prints, indented by tabs, with a line end.
    #[must_use]
    pub fn to_json(&self) -> String {
        to_json(self)
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("state", &self.state)
            .field("asked", &self.option.as_ref().map(|option| &option.name))
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

/// The JSON that `rclone config providers` prints, as far as it is known here: names, prefixes and options, without those that rclone does not know.
#[must_use]
pub fn providers_to_json(backends: &[&Backend]) -> String {
    let providers: Vec<ProviderJson> = backends
        .iter()
        .map(|backend| ProviderJson::of(backend))
        .collect();
    to_json(&providers)
}

fn to_json(value: &impl Serialize) -> String {
    let mut bytes = Vec::new();
    let mut serializer =
        serde_json::Serializer::with_formatter(&mut bytes, PrettyFormatter::with_indent(b"\t"));
    // Texts, numbers and lists of them always can be written to memory.
    match value.serialize(&mut serializer) {
        Ok(()) => String::from_utf8(bytes).unwrap_or_default() + "\n",
        Err(_) => String::new(),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ProviderJson {
    name: &'static str,
    description: &'static str,
    prefix: &'static str,
    options: Vec<OptionJson>,
}

impl ProviderJson {
    fn of(backend: &Backend) -> Self {
        let options = backend.options.iter().filter(|spec| !spec.ours);
        Self {
            name: backend.name,
            description: backend.description,
            prefix: backend.prefix,
            options: options
                .map(|spec| OptionJson::of_spec(spec, "", spec.default))
                .collect(),
        }
    }
}

/// A question or an option.
#[derive(Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OptionJson {
    name: String,
    field_name: String,
    help: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    provider: String,
    default: Value,
    value: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    examples: Vec<ExampleJson>,
    hide: u8,
    required: bool,
    is_password: bool,
    no_prefix: bool,
    advanced: bool,
    exclusive: bool,
    sensitive: bool,
    default_str: String,
    value_str: String,
    #[serde(rename = "Type")]
    type_name: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ExampleJson {
    value: String,
    help: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    provider: String,
}

impl OptionJson {
    /// An option of a table, in a variant of the service, with the current value as default.
    pub(super) fn of_spec(spec: &OptionSpec, provider: &str, current: &str) -> Self {
        let examples = spec
            .examples
            .iter()
            .filter(|example| remote_core::options::provider_matches(example.provider, provider));
        let examples: Vec<ExampleJson> = examples
            .map(|example| ExampleJson {
                value: example.value.to_owned(),
                help: example.help.to_owned(),
                provider: example.provider.to_owned(),
            })
            .collect();
        Self {
            name: spec.name.to_owned(),
            help: spec.help.to_owned(),
            provider: spec.provider.to_owned(),
            default: typed(spec.value_type, current),
            examples,
            // Both bits: not on the command line and not in the dialogue.
            hide: if spec.hidden { 3 } else { 0 },
            required: spec.required,
            is_password: spec.secret,
            advanced: spec.advanced,
            exclusive: spec.exclusive,
            sensitive: spec.sensitive,
            default_str: text_of(spec.value_type, current),
            value_str: text_of(spec.value_type, current),
            type_name: spec.value_type.name(),
            ..Self::default()
        }
    }

    /// A question of a provider, or of the dialogue itself.
    pub(super) fn of_question(question: &Question) -> Self {
        let example = |value: &str, help: &str| ExampleJson {
            value: value.to_owned(),
            help: help.to_owned(),
            provider: String::new(),
        };
        let yes_no = question.kind == QuestionKind::YesNo;
        let listed = question.choices.iter();
        let mut examples: Vec<_> = listed
            .map(|choice| example(&choice.value, &choice.help))
            .collect();
        if yes_no {
            examples = vec![example("true", "Yes"), example("false", "No")];
        }
        let is_password = matches!(question.kind, QuestionKind::Secret { .. });
        Self {
            name: question.name.clone(),
            help: help_of(question),
            default: typed(question.value_type, &question.default),
            examples,
            required: question.required,
            is_password,
            exclusive: yes_no || question.kind == QuestionKind::Choice { exclusive: true },
            // rclone marks what is no password.
            sensitive: question.sensitive && !is_password,
            default_str: question.default.clone(),
            value_str: question.default.clone(),
            type_name: question.value_type.name(),
            ..Self::default()
        }
    }
}

/// What cannot be a field there stands in the help.
fn help_of(question: &Question) -> String {
    let more = match &question.kind {
        QuestionKind::OpenAddress { address, .. } => address,
        QuestionKind::Show { text } => text,
        _ => return question.help.clone(),
    };
    format!("{}\n\n{more}\n", question.help)
}

/// The value as JSON: sizes, durations and encodings are numbers there. A text that is no value of the type stays a text.
fn typed(value_type: OptionType, text: &str) -> Value {
    if text.is_empty() {
        return zero(value_type);
    }
    match value_type.parse(text) {
        Ok(OptionValue::Bool(value)) => value.into(),
        Ok(OptionValue::Duration(value)) => value.as_nanos().into(),
        Ok(OptionValue::Encoding(value)) => value.bits().into(),
        Ok(OptionValue::Float(value)) => value.into(),
        Ok(OptionValue::Int(value)) => value.into(),
        Ok(OptionValue::List(_, items)) => items.into(),
        Ok(OptionValue::Size(value)) => value.as_i64().into(),
        Ok(OptionValue::Uint32(value)) => value.into(),
        _ => text.into(),
    }
}

fn zero(value_type: OptionType) -> Value {
    match value_type.zero() {
        OptionValue::Bool(value) => value.into(),
        OptionValue::Duration(_)
        | OptionValue::Int(_)
        | OptionValue::Size(_)
        | OptionValue::Uint32(_) => 0.into(),
        _ => "".into(),
    }
}

fn text_of(value_type: OptionType, text: &str) -> String {
    if text.is_empty() {
        return value_type.zero().to_string();
    }
    match value_type.parse(text) {
        Ok(value) => value.to_string(),
        Err(_) => text.to_owned(),
    }
}
