//! Typed values and their text forms.

use std::{fmt, str::FromStr};

use crate::encoding::Encoding;

use super::{
    OptionDuration, ParseValueError, SizeSuffix,
    list::{format_array, format_list, parse_list},
    number::{format_float, parse_float_option, parse_signed, parse_unsigned},
};

/// The type of an option's value.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OptionType {
    /// `true` or `false`; also `1 t T TRUE True` and `0 f F FALSE False`, and nothing else.
    Bool,
    /// One of these words, in any case.
    Choice(&'static [&'static str]),
    /// Values separated by commas.
    CommaSeparated,
    /// A length of time.
    Duration,
    /// A set of rules for file names.
    Encoding,
    /// A floating-point number.
    Float,
    /// A signed number of 64 bits.
    Int,
    /// A number of bytes.
    Size,
    /// Values separated by single blanks.
    SpaceSeparated,
    /// Text as it is.
    String,
    /// Values separated by commas; a list of one empty text can be told from an empty list.
    StringArray,
    /// A bool that can be unset.
    Tristate,
    /// An unsigned number of 32 bits.
    Uint32,
}

/// A value of an option.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub enum OptionValue {
    /// A bool.
    Bool(bool),
    /// One of the declared words, spelled as declared.
    Choice(&'static str),
    /// A length of time.
    Duration(OptionDuration),
    /// A set of rules for file names.
    Encoding(Encoding),
    /// A floating-point number.
    Float(f64),
    /// A signed number.
    Int(i64),
    /// A list, with the type that tells how it is written.
    List(OptionType, Vec<String>),
    /// A number of bytes.
    Size(SizeSuffix),
    /// A text.
    String(String),
    /// A bool that can be unset.
    Tristate(Tristate),
    /// An unsigned number.
    Uint32(u32),
}

impl OptionType {
    /// The name rclone uses for the type; the words joined by `|` for a choice.
    #[must_use]
    pub fn name(self) -> String {
        let name = match self {
            Self::Bool => "bool",
            Self::Choice(words) => return words.join("|"),
            Self::CommaSeparated => "CommaSepList",
            Self::Duration => "Duration",
            Self::Encoding => "Encoding",
            Self::Float => "float64",
            Self::Int => "int",
            Self::Size => "SizeSuffix",
            Self::SpaceSeparated => "SpaceSepList",
            Self::String => "string",
            Self::StringArray => "stringArray",
            Self::Tristate => "Tristate",
            Self::Uint32 => "uint32",
        };
        name.to_owned()
    }

    /// Reads a text.
    ///
    /// # Errors
    ///
    /// The text is not a value of this type; the error says what would be.
    pub fn parse(self, text: &str) -> Result<OptionValue, ParseValueError> {
        Ok(match self {
            Self::Bool => OptionValue::Bool(parse_bool(text)?),
            Self::Choice(words) => OptionValue::Choice(parse_choice(words, text)?),
            Self::CommaSeparated | Self::StringArray => {
                OptionValue::List(self, parse_list(text, ',')?)
            }
            Self::Duration => OptionValue::Duration(text.parse()?),
            Self::Encoding => OptionValue::Encoding(parse_encoding(text)?),
            Self::Float => OptionValue::Float(
                parse_float_option(text).or(Err(ParseValueError::new("a number")))?,
            ),
            Self::Int => OptionValue::Int(
                parse_signed(text, 64).or(Err(ParseValueError::new("a whole number")))?,
            ),
            Self::Size => OptionValue::Size(text.parse()?),
            Self::SpaceSeparated => OptionValue::List(self, parse_list(text, ' ')?),
            Self::String => OptionValue::String(text.to_owned()),
            Self::Tristate => OptionValue::Tristate(text.parse()?),
            Self::Uint32 => OptionValue::Uint32(parse_uint32(text)?),
        })
    }

    /// The value of an option without default: `false`, zero, an empty text or list, the first word of a choice.
    #[must_use]
    pub fn zero(self) -> OptionValue {
        match self {
            Self::Bool => OptionValue::Bool(false),
            Self::Choice(words) => OptionValue::Choice(words.first().copied().unwrap_or_default()),
            Self::CommaSeparated | Self::SpaceSeparated | Self::StringArray => {
                OptionValue::List(self, Vec::new())
            }
            Self::Duration => OptionValue::Duration(OptionDuration::default()),
            Self::Encoding => OptionValue::Encoding(Encoding::from_bits(0)),
            Self::Float => OptionValue::Float(0.0),
            Self::Int => OptionValue::Int(0),
            Self::Size => OptionValue::Size(SizeSuffix::default()),
            Self::String => OptionValue::String(String::new()),
            Self::Tristate => OptionValue::Tristate(Tristate::Unset),
            Self::Uint32 => OptionValue::Uint32(0),
        }
    }
}

/// Prints the text that stands for the value in a configuration file or on a command line.
impl fmt::Display for OptionValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => value.fmt(f),
            Self::Choice(value) => f.write_str(value),
            Self::Duration(value) => value.fmt(f),
            Self::Encoding(value) => value.fmt(f),
            Self::Float(value) => f.write_str(&format_float(*value)),
            Self::Int(value) => value.fmt(f),
            Self::List(OptionType::SpaceSeparated, items) => f.write_str(&format_list(items, ' ')),
            Self::List(OptionType::StringArray, items) => f.write_str(&format_array(items)),
            Self::List(_, items) => f.write_str(&format_list(items, ',')),
            Self::Size(value) => value.fmt(f),
            Self::String(value) => f.write_str(value),
            Self::Tristate(value) => value.fmt(f),
            Self::Uint32(value) => value.fmt(f),
        }
    }
}

/// A bool that can be unset.
#[expect(clippy::exhaustive_enums, reason = "there is no fourth state")]
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Tristate {
    /// No.
    False,
    /// Yes.
    True,
    /// Not decided.
    #[default]
    Unset,
}

impl Tristate {
    /// The bool, or nothing when unset.
    #[must_use]
    pub fn value(self) -> Option<bool> {
        match self {
            Self::False => Some(false),
            Self::True => Some(true),
            Self::Unset => None,
        }
    }
}

impl fmt::Display for Tristate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::False => "false",
            Self::True => "true",
            Self::Unset => "unset",
        })
    }
}

impl FromStr for Tristate {
    type Err = ParseValueError;

    fn from_str(text: &str) -> Result<Self, ParseValueError> {
        let lower = text.to_lowercase();
        if matches!(lower.as_str(), "" | "nil" | "null" | "unset") {
            return Ok(Self::Unset);
        }
        match parse_bool(&lower) {
            Ok(true) => Ok(Self::True),
            Ok(false) => Ok(Self::False),
            Err(_) => Err(ParseValueError::new("true, false or unset")),
        }
    }
}

fn parse_bool(text: &str) -> Result<bool, ParseValueError> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Ok(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok(false),
        _ => Err(ParseValueError::new("true or false")),
    }
}

fn parse_choice(
    words: &'static [&'static str],
    text: &str,
) -> Result<&'static str, ParseValueError> {
    let found = words.iter().find(|word| word.eq_ignore_ascii_case(text));
    found
        .copied()
        .ok_or_else(|| ParseValueError::owned(format!("one of {}", words.join(", "))))
}

fn parse_encoding(text: &str) -> Result<Encoding, ParseValueError> {
    text.parse().or(Err(ParseValueError::new(
        "a list of encoding flags such as Slash,BackSlash,Ctl,Dot",
    )))
}

fn parse_uint32(text: &str) -> Result<u32, ParseValueError> {
    let value = parse_unsigned(text, 32)
        .ok()
        .and_then(|value| u32::try_from(value).ok());
    value.ok_or(ParseValueError::new("a whole number from 0 to 4294967295"))
}
