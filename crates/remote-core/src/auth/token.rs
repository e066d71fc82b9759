//! A token and its form in a configuration file.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    error::{Effect, Error, ErrorKind},
    secret::Secret,
};

/// The longest text of a token that is read or stored; real tokens stay far below.
pub const MAX_TOKEN_BYTES: usize = 64 * 1024;

/// How Go writes a time that was never set, which stands for "does not expire".
const NEVER: &str = "0001-01-01T00:00:00Z";

/// The same moment, which may be written with another zone.
const NEVER_SECONDS: i64 = -62_135_596_800;

/// An OAuth token.
///
/// `Debug` shows neither of the two secrets.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Token {
    /// What is presented with every request.
    pub access_token: Secret,
    /// The kind as the service spelled it, usually `bearer`; may be empty.
    pub token_type: String,
    /// What a new access token is obtained with.
    pub refresh_token: Option<Secret>,
    /// When the access token ends; never when absent.
    pub expires: Option<SystemTime>,
    /// The lifetime the service stated when it issued the token; informative.
    pub expires_in: Option<Duration>,
}

impl Token {
    /// A token of type `bearer` that never expires.
    #[must_use]
    pub fn new(access_token: impl Into<Secret>) -> Self {
        Self {
            access_token: access_token.into(),
            token_type: "bearer".to_owned(),
            refresh_token: None,
            expires: None,
            expires_in: None,
        }
    }

    /// Sets [`Token::refresh_token`].
    #[must_use]
    pub fn with_refresh_token(mut self, token: impl Into<Secret>) -> Self {
        self.refresh_token = Some(token.into());
        self
    }

    /// Sets [`Token::expires`].
    #[must_use]
    pub fn with_expires(mut self, expires: impl Into<Option<SystemTime>>) -> Self {
        self.expires = expires.into();
        self
    }

    /// Sets [`Token::expires_in`], and [`Token::expires`] counted from `issued`.
    #[must_use]
    pub fn with_expires_in(mut self, lifetime: Duration, issued: SystemTime) -> Self {
        self.expires_in = Some(lifetime);
        self.expires = issued.checked_add(lifetime);
        self
    }

    /// Reads the JSON that rclone keeps under the key `token`, including the field names of very old files.
    ///
    /// Unknown fields are ignored.
    ///
    /// # Errors
    ///
    /// [`ParseTokenError`] says which part cannot be read, without quoting it.
    ///
    /// # Examples
    ///
    /// ```
    /// use remote_core::auth::Token;
    ///
    /// let token = Token::parse(r#"{"access_token":"a","token_type":"bearer","expiry":"2026-01-02T03:04:05Z"}"#)?;
    /// assert_eq!(token.access_token.expose(), "a");
    /// assert!(token.refresh_token.is_none());
    /// # Ok::<(), remote_core::auth::ParseTokenError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, ParseTokenError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(ParseTokenError::Empty);
        }
        if text.len() > MAX_TOKEN_BYTES {
            return Err(ParseTokenError::TooLong);
        }
        // The cause is dropped on purpose: it may quote a secret.
        let stored: Stored = serde_json::from_str(text).map_err(|error| ParseTokenError::Json {
            column: error.column(),
        })?;
        let token = stored.into_token()?;
        token.check()?;
        Ok(token)
    }

    /// Whether the JSON of the token can be read again. What keeps tokens asks before it replaces one that can be.
    ///
    /// # Errors
    ///
    /// * [`Empty`](ParseTokenError::Empty): there is neither an access token nor a refresh token.
    /// * [`TooLong`](ParseTokenError::TooLong): [`to_json`](Self::to_json) has more than [`MAX_TOKEN_BYTES`].
    pub fn check(&self) -> Result<(), ParseTokenError> {
        if self.access_token.is_empty() && self.refresh_token.as_ref().is_none_or(Secret::is_empty)
        {
            return Err(ParseTokenError::Empty);
        }
        if self.to_json().expose().len() > MAX_TOKEN_BYTES {
            return Err(ParseTokenError::TooLong);
        }
        Ok(())
    }

    /// For implementors of remotes: the token, if the answer in which a service issued it can be used and kept. A refresh token without a letter is none.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Protocol`] without an access token, or for a token that could not be read again. Its effect is [unknown](Effect::Unknown): the refresh token
    /// that was presented may be spent.
    pub fn issued(mut self) -> Result<Self, Error> {
        self.refresh_token = self.refresh_token.filter(|token| !token.is_empty());
        let refused = |message| {
            Error::with_message(ErrorKind::Protocol, message).with_effect(Effect::Unknown)
        };
        if self.access_token.is_empty() {
            return Err(refused("the service answered a sign-in without a token"));
        }
        self.check().map_err(|error| {
            refused("the service has issued a token that cannot be kept").with_source(error)
        })?;
        Ok(self)
    }

    /// Writes the JSON as rclone does: one line without blanks, `<`, `>` and `&` escaped, the time in UTC. In addition the `%` of `%(` is
    /// escaped, which readers of the file would take for a reference to another value.
    ///
    /// An end that rclone could not read is written as the nearest one that it can: the year 1970 or 9999.
    #[must_use]
    pub fn to_json(&self) -> Secret {
        let expiry = self
            .expires
            .map_or_else(|| NEVER.to_owned(), |time| written_time(time).to_string());
        let refresh_token = self.refresh_token.as_ref().map(Secret::expose);
        let written = Written {
            access_token: self.access_token.expose(),
            token_type: &self.token_type,
            refresh_token: refresh_token.unwrap_or_default(),
            expiry: &expiry,
            expires_in: self.expires_in.and_then(lifetime_of).unwrap_or(0),
        };
        let json = serde_json::to_string(&written).unwrap_or_default();
        Secret::new(escape_like_go(&Secret::new(json)))
    }

    /// Whether the token has ended, or will within `slack`.
    #[must_use]
    pub fn expires_within(&self, slack: Duration, now: SystemTime) -> bool {
        match self.expires {
            Some(expires) => expires
                .duration_since(now)
                .map_or(true, |remaining| remaining <= slack),
            None => false,
        }
    }

    /// Keeps the refresh token of the one before if this one came without.
    #[must_use]
    pub fn or_refresh_token_of(mut self, old: &Self) -> Self {
        if self.refresh_token.is_none() {
            self.refresh_token.clone_from(&old.refresh_token);
        }
        self
    }
}

/// Why a text is no token.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ParseTokenError {
    /// There is no text, or no access token in it.
    #[error("the token is empty")]
    Empty,
    /// The time at which the token ends is not a time.
    #[error("the token's expiry is not a date and time in the form 2006-01-02T15:04:05Z")]
    Expiry,
    /// The text is not the JSON of a token.
    #[error("the token is not the JSON it should be, at character {column}")]
    Json {
        /// Where the trouble starts, counted from one.
        column: usize,
    },
    /// The text is longer than [`MAX_TOKEN_BYTES`], or would be when it is written again.
    #[error("the token has more than {MAX_TOKEN_BYTES} bytes")]
    TooLong,
}

impl From<ParseTokenError> for Error {
    fn from(error: ParseTokenError) -> Self {
        Self::with_message(ErrorKind::InvalidInput, error.to_string())
            .with_source(error)
            .with_help("sign in again")
    }
}

/// The fields as they are read; the capitalised ones are those of very old files.
#[derive(Deserialize)]
struct Stored {
    access_token: Option<Secret>,
    token_type: Option<String>,
    refresh_token: Option<Secret>,
    expiry: Option<String>,
    expires_in: Option<serde_json::Number>,
    #[serde(rename = "AccessToken")]
    old_access_token: Option<Secret>,
    #[serde(rename = "RefreshToken")]
    old_refresh_token: Option<Secret>,
    #[serde(rename = "Expiry")]
    old_expiry: Option<String>,
}

impl Stored {
    fn into_token(self) -> Result<Token, ParseTokenError> {
        let some = |secret: &Secret| !secret.is_empty();
        let (access, refresh, expiry) = match self.access_token.filter(some) {
            Some(access) => (Some(access), self.refresh_token, self.expiry),
            None => (
                self.old_access_token.filter(some),
                self.old_refresh_token.or(self.refresh_token),
                self.old_expiry.or(self.expiry),
            ),
        };
        let refresh = refresh.filter(some);
        // A refresh token alone is enough to start from.
        if access.is_none() && refresh.is_none() {
            return Err(ParseTokenError::Empty);
        }
        Ok(Token {
            // Without an access token the token has ended already.
            expires: match &access {
                Some(_) => expiry.as_deref().map(parse_expiry).transpose()?.flatten(),
                None => Some(SystemTime::UNIX_EPOCH),
            },
            access_token: access.unwrap_or_default(),
            token_type: self.token_type.unwrap_or_default(),
            refresh_token: refresh,
            expires_in: self
                .expires_in
                .and_then(|seconds| lifetime_of(Duration::from_secs(seconds.as_u64()?)))
                .map(Duration::from_secs),
        })
    }
}

#[derive(Serialize)]
struct Written<'a> {
    access_token: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    token_type: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    refresh_token: &'a str,
    expiry: &'a str,
    #[serde(skip_serializing_if = "is_zero")]
    expires_in: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form serde asks for")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

fn parse_expiry(text: &str) -> Result<Option<SystemTime>, ParseTokenError> {
    match text.parse::<Timestamp>() {
        Ok(time) if (time.as_second(), time.subsec_nanosecond()) == (NEVER_SECONDS, 0) => Ok(None),
        Ok(time) => Ok(Some(time.into())),
        Err(_) => Err(ParseTokenError::Expiry),
    }
}

/// The time as it is written: Go reads years of four digits only, and the year 1 would mean that the token never ends.
fn written_time(time: SystemTime) -> Timestamp {
    let time = time.max(SystemTime::UNIX_EPOCH);
    // What is later than this library knows ends with the last of its years, 9999.
    Timestamp::try_from(time).unwrap_or(Timestamp::MAX)
}

/// Whole seconds, as far as rclone can read their number; nothing for none.
fn lifetime_of(lifetime: Duration) -> Option<u64> {
    let seconds = lifetime.as_secs();
    (seconds > 0 && i64::try_from(seconds).is_ok()).then_some(seconds)
}

/// Go escapes what could close an HTML script, and the two line ends that JavaScript knows and JSON does not.
fn escape_like_go(json: &Secret) -> String {
    let mut text = String::with_capacity(json.expose().len() + 16);
    let mut chars = json.expose().chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '%' if chars.peek() == Some(&'(') => text.push_str("\\u0025"),
            '<' => text.push_str("\\u003c"),
            '>' => text.push_str("\\u003e"),
            '&' => text.push_str("\\u0026"),
            '\u{2028}' => text.push_str("\\u2028"),
            '\u{2029}' => text.push_str("\\u2029"),
            c => text.push(c),
        }
    }
    text
}
