//! The text form of an encoding: `Slash,InvalidUtf8,Dot`.

use std::fmt;
use std::str::FromStr;

use super::Encoding;

/// All names, in the order of their bits, which is the order in which they are printed.
const NAMES: [(&str, Encoding); 30] = [
    ("None", Encoding::NONE),
    ("Raw", Encoding::RAW),
    ("Slash", Encoding::SLASH),
    ("LtGt", Encoding::LT_GT),
    ("DoubleQuote", Encoding::DOUBLE_QUOTE),
    ("SingleQuote", Encoding::SINGLE_QUOTE),
    ("BackQuote", Encoding::BACK_QUOTE),
    ("Dollar", Encoding::DOLLAR),
    ("Colon", Encoding::COLON),
    ("Question", Encoding::QUESTION),
    ("Asterisk", Encoding::ASTERISK),
    ("Pipe", Encoding::PIPE),
    ("Hash", Encoding::HASH),
    ("Percent", Encoding::PERCENT),
    ("BackSlash", Encoding::BACK_SLASH),
    ("CrLf", Encoding::CR_LF),
    ("Del", Encoding::DEL),
    ("Ctl", Encoding::CTL),
    ("LeftSpace", Encoding::LEFT_SPACE),
    ("LeftPeriod", Encoding::LEFT_PERIOD),
    ("LeftTilde", Encoding::LEFT_TILDE),
    ("LeftCrLfHtVt", Encoding::LEFT_CR_LF_HT_VT),
    ("RightSpace", Encoding::RIGHT_SPACE),
    ("RightPeriod", Encoding::RIGHT_PERIOD),
    ("RightCrLfHtVt", Encoding::RIGHT_CR_LF_HT_VT),
    ("InvalidUtf8", Encoding::INVALID_UTF8),
    ("Dot", Encoding::DOT),
    ("SquareBracket", Encoding::SQUARE_BRACKET),
    ("Semicolon", Encoding::SEMICOLON),
    ("Exclamation", Encoding::EXCLAMATION),
];

/// Prints the names of the classes in the order of their bits, separated by commas; a bit without a name as a
/// hexadecimal number. Parsing it gives the same encoding back.
impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::NONE {
            return f.write_str("None");
        }
        let set = (0..u64::BITS)
            .map(|bit| Self(1 << bit))
            .filter(|class| self.contains(*class));
        for (index, class) in set.enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            match name(class) {
                Some(name) => f.write_str(name)?,
                None => write!(f, "{:#X}", class.0)?,
            }
        }
        Ok(())
    }
}

/// Reads class names and numbers separated by commas, with blanks around them.
///
/// Names are case-sensitive. A number has up to 64 bits and no sign; it is decimal, or hexadecimal after `0x`, octal
/// after `0o` or just `0`, binary after `0b`, and may have `_` between its digits. Order and repetition do not matter.
///
/// The empty string is an error, like any other empty part. That an empty option means "not set" is for the options to
/// decide.
impl FromStr for Encoding {
    type Err = ParseEncodingError;

    fn from_str(text: &str) -> Result<Self, ParseEncodingError> {
        let mut encoding = Self::NONE;
        for part in text.split(',').map(str::trim) {
            encoding |= named(part)
                .or_else(|| number(part).map(Self))
                .ok_or_else(|| ParseEncodingError { part: part.into() })?;
        }
        Ok(encoding)
    }
}

/// A text that names no [`Encoding`].
///
/// The message quotes the part that was refused and lists the names that would have been accepted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ParseEncodingError {
    part: String,
}

impl ParseEncodingError {
    /// The first part that is neither a class name nor a number, without the blanks around it; empty if there was
    /// nothing between two commas.
    #[must_use]
    pub fn part(&self) -> &str {
        &self.part
    }
}

impl fmt::Display for ParseEncodingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names = NAMES.map(|(name, _)| name);
        names.sort_unstable();
        write!(
            f,
            "bad encoding {:?}: expected a number or one of {}",
            self.part,
            names.join(", ")
        )
    }
}

impl std::error::Error for ParseEncodingError {}

fn name(class: Encoding) -> Option<&'static str> {
    let (name, _) = NAMES.iter().find(|(_, named)| *named == class)?;
    Some(name)
}

fn named(part: &str) -> Option<Encoding> {
    let (_, class) = NAMES.iter().find(|(name, _)| *name == part)?;
    Some(*class)
}

/// Reads an integer the way Go reads one whose base is told by its prefix.
fn number(text: &str) -> Option<u64> {
    let (radix, digits) = match text.as_bytes() {
        [b'0', b'x' | b'X', digits @ ..] => (16, digits),
        [b'0', b'o' | b'O', digits @ ..] => (8, digits),
        [b'0', b'b' | b'B', digits @ ..] => (2, digits),
        // The leading zero stays as a digit, so that the single zero and `0_7` need no rule of their own.
        digits @ [b'0', ..] => (8, digits),
        digits => (10, digits),
    };
    let prefixed = digits.len() < text.len();
    let mut value: u64 = 0;
    // After a prefix one underscore may come before the first digit.
    let mut after_digit = prefixed;
    for &byte in digits {
        if byte == b'_' && after_digit {
            after_digit = false;
            continue;
        }
        let digit = char::from(byte).to_digit(radix)?;
        value = value
            .checked_mul(u64::from(radix))?
            .checked_add(digit.into())?;
        after_digit = true;
    }
    // Neither a prefix alone nor an underscore at the end is a number.
    (after_digit && !digits.is_empty()).then_some(value)
}
