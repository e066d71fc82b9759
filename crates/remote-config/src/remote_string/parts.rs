//! The notation of remote strings, on bytes.

use std::collections::BTreeMap;

use crate::name::is_legal;

/// A remote string that does not follow the notation.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, thiserror::Error)]
pub enum RemoteStringError {
    /// Something else than `,`, `:` or the same quote behind a closing quote.
    #[error("after a quoted value comes `,` or `:`, or the quote again if it belongs to the value")]
    AfterQuote,
    /// An option name with other characters than ASCII letters, digits, `_` and `.`.
    #[error("option names consist of ASCII letters, digits, `_` and `.`")]
    BadParameter,
    /// Nothing before the colon or comma that ends the name.
    #[error("the name of the remote is empty")]
    EmptyName,
    /// Nothing where an option name is expected.
    #[error("an option name is empty")]
    EmptyParameter,
    /// An empty text.
    #[error("an empty text is not a remote")]
    EmptyString,
    /// A name that is not legal; see [`is_legal`].
    #[error("the name of the remote has characters that are not allowed")]
    InvalidName,
    /// A name at the start that never ends.
    #[error("the name of the remote must end with `:`")]
    NameNotTerminated,
    /// An option name that never ends.
    #[error("an option name must end with `=`, `,` or `:`")]
    ParameterNotTerminated,
    /// A quote that never ends.
    #[error("a quoted value is not closed")]
    QuoteNotClosed,
    /// A value without quotes that never ends.
    #[error("an option value must end with `,` or `:`")]
    ValueNotTerminated,
}

/// The parts of a remote string that need not be Unicode text, such as one with a local path.
#[non_exhaustive]
#[derive(Clone, Eq, PartialEq)]
pub struct RemoteParts<'a> {
    /// The name or backend without a leading colon; empty for a local path.
    pub name: &'a [u8],
    /// Whether the string began with a colon.
    pub on_the_fly: bool,
    /// The options.
    pub options: BTreeMap<&'a [u8], Vec<u8>>,
    /// Everything before the colon that ends the remote; empty for a local path.
    pub config_string: &'a [u8],
    /// Everything behind that colon.
    pub path: &'a [u8],
}

impl<'a> RemoteParts<'a> {
    /// Takes a remote string apart.
    ///
    /// # Errors
    ///
    /// The first rule that is broken.
    pub fn parse(text: &'a [u8]) -> Result<Self, RemoteStringError> {
        if text.is_empty() {
            return Err(RemoteStringError::EmptyString);
        }
        if !text.contains(&b':') {
            return Ok(Self::local(text));
        }
        let (on_the_fly, rest) = match text.strip_prefix(b":") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let end = rest
            .iter()
            .position(|byte| matches!(byte, b'/' | b'\\' | b':' | b','));
        let Some((name, rest)) = end.and_then(|end| rest.split_at_checked(end)) else {
            return Err(RemoteStringError::NameNotTerminated);
        };
        if matches!(rest, [b'/' | b'\\', ..]) {
            return if on_the_fly {
                Err(RemoteStringError::InvalidName)
            } else {
                Ok(Self::local(text))
            };
        }
        if cfg!(windows)
            && !on_the_fly
            && matches!((name, rest), ([b'A'..=b'Z' | b'a'..=b'z'], [b':', ..]))
        {
            return Ok(Self::local(text));
        }
        check_name(name)?;
        let (options, path) = options(rest)?;
        let config_string = text.get(..text.len() - path.len() - 1).unwrap_or_default();
        Ok(Self {
            name,
            on_the_fly,
            options,
            config_string,
            path,
        })
    }

    fn local(path: &'a [u8]) -> Self {
        Self {
            name: b"",
            on_the_fly: false,
            options: BTreeMap::new(),
            config_string: b"",
            path,
        }
    }
}

/// Options may be secret, so only their number is shown.
impl std::fmt::Debug for RemoteParts<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RemoteParts")
            .field("name", &String::from_utf8_lossy(self.name))
            .field("options", &self.options.len())
            .finish_non_exhaustive()
    }
}

fn check_name(name: &[u8]) -> Result<(), RemoteStringError> {
    match std::str::from_utf8(name) {
        Ok("") => Err(RemoteStringError::EmptyName),
        Ok(name) if is_legal(name) => Ok(()),
        _ => Err(RemoteStringError::InvalidName),
    }
}

type Options<'a> = BTreeMap<&'a [u8], Vec<u8>>;

/// Reads options from the comma or colon behind the name on; returns them and the path.
fn options(text: &[u8]) -> Result<(Options<'_>, &[u8]), RemoteStringError> {
    let mut options = Options::new();
    let mut rest = text;
    loop {
        let after_comma = match rest {
            [b':', path @ ..] => return Ok((options, path)),
            [b',', after @ ..] => after,
            _ => return Err(RemoteStringError::AfterQuote),
        };
        let (key, after_key) = parameter(after_comma)?;
        let (value, after_value) = match after_key {
            [b'=', quote @ (b'"' | b'\''), quoted @ ..] => quoted_value(quoted, *quote)?,
            [b'=', plain @ ..] => plain_value(plain)?,
            _ => (b"true".to_vec(), after_key),
        };
        options.insert(key, value);
        rest = after_value;
    }
}

fn parameter(text: &[u8]) -> Result<(&[u8], &[u8]), RemoteStringError> {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.');
    let end = text.iter().position(|byte| !allowed(byte));
    let Some((key, rest)) = end.and_then(|end| text.split_at_checked(end)) else {
        return Err(RemoteStringError::ParameterNotTerminated);
    };
    match rest {
        [b'=' | b',' | b':', ..] if key.is_empty() => Err(RemoteStringError::EmptyParameter),
        [b'=' | b',' | b':', ..] => Ok((key, rest)),
        _ => Err(RemoteStringError::BadParameter),
    }
}

fn plain_value(text: &[u8]) -> Result<(Vec<u8>, &[u8]), RemoteStringError> {
    let end = text.iter().position(|byte| matches!(byte, b',' | b':'));
    let parts = end.and_then(|end| text.split_at_checked(end));
    let (value, rest) = parts.ok_or(RemoteStringError::ValueNotTerminated)?;
    Ok((value.to_vec(), rest))
}

/// Reads up to the closing quote; a doubled one stands for itself.
fn quoted_value(text: &[u8], quote: u8) -> Result<(Vec<u8>, &[u8]), RemoteStringError> {
    let mut value = Vec::new();
    let mut rest = text;
    loop {
        let end = rest.iter().position(|&byte| byte == quote);
        let parts = end.and_then(|end| rest.split_at_checked(end));
        let (part, after) = parts.ok_or(RemoteStringError::QuoteNotClosed)?;
        value.extend_from_slice(part);
        match after {
            [_, next, after @ ..] if *next == quote => {
                value.push(quote);
                rest = after;
            }
            [_, after @ ..] => return Ok((value, after)),
            [] => return Err(RemoteStringError::QuoteNotClosed),
        }
    }
}
