//! Personal login tokens: what the user copies from the web page of the service.

use std::fmt;

use remote_core::{
    error::{Error, ErrorKind},
    lenient::Object,
    secret::Secret,
};
use serde::Deserialize;
use url::Url;

use super::{
    brand::{Brand, check_well_known},
    decode_base64,
};

/// Longest text that is taken for a login token; real ones have some hundred characters.
const MAX_BYTES: usize = 16 * 1024;

/// A personal login token: good for one sign-in.
///
/// `Debug` does not show its secret.
#[non_exhaustive]
#[derive(Clone)]
pub struct LoginToken {
    /// Who signs in.
    pub username: String,
    /// The address of the document that tells where to sign in; it tells the brand, too.
    pub well_known: Url,
    /// The secret.
    pub auth_token: Secret,
}

/// Why a text is no login token.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum LoginTokenError {
    /// It is of another brand than the one that was chosen.
    #[error("the login token was made at {found}, not at {expected}")]
    Brand {
        /// The host at which the chosen brand signs in.
        expected: String,
        /// The host at which the token was made.
        found: String,
    },
    /// There is no text.
    #[error("the login token is empty")]
    Empty,
    /// It is JSON, with something missing.
    #[error("the login token has no {0}")]
    Missing(&'static str),
    /// It has characters that login tokens do not have.
    #[error("the login token is not base64 text")]
    NotBase64,
    /// Something else was encoded.
    #[error("what is encoded in the login token is not the JSON of a login token")]
    NotJson,
    /// It is far longer than login tokens are.
    #[error("the login token has more than {MAX_BYTES} characters")]
    TooLong,
    /// The address in it is not one to which a secret may be sent.
    #[error("the login token names an address for signing in that does not begin with https://")]
    UnsafeAddress,
}

impl From<LoginTokenError> for Error {
    fn from(error: LoginTokenError) -> Self {
        let help = match error {
            LoginTokenError::Brand { .. } => {
                "make a login token at the brand you have an account with, or choose the other brand"
            }
            _ => {
                "copy the whole login token from the web page of the service; for Jottacloud it is made at https://www.jottacloud.com/web/secure"
            }
        };
        Self::with_message(ErrorKind::InvalidInput, error.to_string())
            .with_source(error)
            .with_help(help)
    }
}

#[derive(Deserialize)]
struct Fields {
    #[serde(default)]
    username: String,
    #[serde(default, alias = "wellKnownLink")]
    well_known_link: String,
    #[serde(default, alias = "authToken")]
    auth_token: Secret,
}

impl LoginToken {
    /// Reads a login token: base64 of either alphabet, with or without padding and line breaks, of JSON.
    ///
    /// # Errors
    ///
    /// [`LoginTokenError`] tells what is wrong, without quoting it.
    pub fn parse(text: &str) -> Result<Self, LoginTokenError> {
        let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        if text.is_empty() {
            return Err(LoginTokenError::Empty);
        }
        if text.len() > MAX_BYTES {
            return Err(LoginTokenError::TooLong);
        }
        let json = decode_base64(&text).ok_or(LoginTokenError::NotBase64)?;
        // The cause is left out on purpose: it may quote the secret.
        let Object(fields): Object<Fields> =
            serde_json::from_slice(&json).or(Err(LoginTokenError::NotJson))?;
        if fields.username.is_empty() {
            return Err(LoginTokenError::Missing("user name"));
        }
        if fields.auth_token.is_empty() {
            return Err(LoginTokenError::Missing("secret"));
        }
        if fields.well_known_link.is_empty() {
            return Err(LoginTokenError::Missing("address for signing in"));
        }
        let well_known =
            check_well_known(&fields.well_known_link).or(Err(LoginTokenError::UnsafeAddress))?;
        Ok(Self {
            username: fields.username,
            well_known,
            auth_token: fields.auth_token,
        })
    }

    /// Refuses a token of another brand.
    ///
    /// # Errors
    ///
    /// [`LoginTokenError::Brand`].
    pub fn check_brand(&self, brand: &Brand) -> Result<(), LoginTokenError> {
        let expected = Url::parse(&brand.well_known).ok();
        let expected = expected
            .as_ref()
            .and_then(Url::host_str)
            .unwrap_or_default();
        let found = self.well_known.host_str().unwrap_or_default();
        if expected.eq_ignore_ascii_case(found) {
            return Ok(());
        }
        Err(LoginTokenError::Brand {
            expected: expected.to_owned(),
            found: found.to_owned(),
        })
    }
}

impl fmt::Debug for LoginToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginToken")
            .field("well_known", &remote_core::http::redacted(&self.well_known))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use base64::{
        Engine as _,
        engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD},
    };

    use super::*;

    const JSON: &str = r#"{"username":"jane@example.com","realm":"jottacloud","well_known_link":"https://id.jottacloud.com/auth/realms/jottacloud/.well-known/openid-configuration","auth_token":"one?>time~secret"}"#;

    fn error(json: &str) -> LoginTokenError {
        LoginToken::parse(&URL_SAFE_NO_PAD.encode(json)).unwrap_err()
    }

    #[test]
    fn both_alphabets_with_and_without_padding_are_read() {
        let padded = URL_SAFE.encode(JSON);
        for text in [
            URL_SAFE_NO_PAD.encode(JSON),
            padded.clone(),
            STANDARD.encode(JSON),
            format!("  {}\r\n", STANDARD.encode(JSON)),
            padded.chars().flat_map(|c| [c, '\n']).collect(),
        ] {
            let token = LoginToken::parse(&text).unwrap();
            assert_eq!(token.username, "jane@example.com");
            assert_eq!(token.auth_token.expose(), "one?>time~secret");
        }
        let camel = JSON.replace("well_known_link", "wellKnownLink");
        assert!(LoginToken::parse(&URL_SAFE_NO_PAD.encode(camel)).is_ok());
    }

    #[test]
    fn every_kind_of_wrong_text_is_told_apart() {
        assert_eq!(LoginToken::parse(" ").unwrap_err(), LoginTokenError::Empty);
        assert_eq!(
            LoginToken::parse("a%b!").unwrap_err(),
            LoginTokenError::NotBase64
        );
        assert_eq!(
            LoginToken::parse(&"a".repeat(20_000)).unwrap_err(),
            LoginTokenError::TooLong
        );
        assert_eq!(error("not json"), LoginTokenError::NotJson);
        assert_eq!(error("[]"), LoginTokenError::NotJson);
        assert_eq!(error("{}"), LoginTokenError::Missing("user name"));
        assert_eq!(
            error(&JSON.replace("one?>time~secret", "")),
            LoginTokenError::Missing("secret")
        );
        assert_eq!(
            error(&JSON.replace("https://", "http://")),
            LoginTokenError::UnsafeAddress
        );
    }

    #[test]
    fn a_token_of_another_brand_is_noticed() {
        let token = LoginToken::parse(&URL_SAFE_NO_PAD.encode(JSON)).unwrap();
        assert!(
            token
                .check_brand(Brand::find("jottacloud").unwrap())
                .is_ok()
        );
        let error = token
            .check_brand(Brand::find("tele2").unwrap())
            .unwrap_err();
        assert!(
            error.to_string().contains("mittcloud-auth.tele2.se"),
            "{error}"
        );
    }

    #[test]
    fn the_secret_does_not_show() {
        let token = LoginToken::parse(&URL_SAFE_NO_PAD.encode(JSON)).unwrap();
        assert!(!format!("{token:?}").contains("secret"));
        let error = Error::from(error(r#"{"auth_token":{"canary":1}}"#));
        assert!(!format!("{error:?}").contains("canary"));
    }
}
