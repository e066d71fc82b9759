//! The service's ways to sign in, as plain functions and data.
//!
//! | way | who can use it | functions |
//! | --- | --- | --- |
//! | standard: a personal login token from the web page | Jottacloud, some brands | [`LoginToken::parse`], [`Identity::sign_in_with_login_token`] |
//! | traditional: by browser | Jottacloud and every [brand](Brand) | [`Identity::start_browser`], [`Identity::finish_browser`] |
//! | legacy: user name, password, one-time code | old configurations | [`Identity::register_device`], [`Identity::sign_in_with_password`] |
//!
//! Each ends with a [`SignedIn`], which tells what to keep in a configuration. From then on a [`Session`] renews the token: the service gives a new refresh
//! token with every renewal and takes the second use of an old one for theft, which ends the sign-in. [`TokenCache`] sees to it that none is presented twice.
//!
//! ```no_run
//! use std::sync::Arc;
//! use jotta_api::{Client, addresses::Addresses, auth::{Credentials, Identity, LoginToken}};
//! use remote_core::{auth::MemoryTokenStore, http::{HttpClient, HttpSettings}};
//!
//! # async fn example(pasted: &str) -> remote_core::error::Result<()> {
//! let http = HttpClient::new(&HttpSettings::default())?;
//! let identity = Identity::new(http.clone(), Addresses::default());
//! let signed_in = identity.sign_in_with_login_token(&LoginToken::parse(pasted)?).await?;
//!
//! // A real program keeps the token in a file.
//! let store = MemoryTokenStore::new(signed_in.token.clone());
//! let tokens = signed_in.session(http.clone(), Addresses::default()).tokens(Arc::new(store));
//! let client = Client::builder(Credentials::Tokens(tokens)).http_client(http).build()?;
//! println!("{}", client.username().await?);
//! # Ok(())
//! # }
//! ```

use std::fmt;

use base64::{
    Engine as _,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use remote_core::{
    auth::{Token, TokenCache, TokenSigner},
    secret::Secret,
};
use serde::Deserialize;

use crate::error::classify::SIGN_IN_HELP;

pub(crate) use self::session::{SessionConfig, session_of_config};
pub use self::{
    brand::{BRANDS, Brand},
    browser::BrowserSignIn,
    discovery::Discovery,
    identity::{Identity, UserInfo},
    legacy::{LEGACY_TOKEN_URL, PasswordOutcome, RegisteredDevice},
    login_token::{LoginToken, LoginTokenError},
    session::{DEFAULT_CLIENT_ID, DEFAULT_TOKEN_URL, Session, SignedIn},
    token_request::SignInRefusal,
};

mod brand;
mod browser;
mod discovery;
mod identity;
mod legacy;
mod login_token;
mod session;
mod token_request;

/// How a client signs its requests.
#[non_exhaustive]
#[derive(Clone)]
pub enum Credentials {
    /// An access token that is not renewed.
    Token(Secret),
    /// Tokens that are renewed when needed; see [`Session::tokens`].
    Tokens(TokenCache),
}

impl Credentials {
    /// An access token that is not renewed.
    pub fn token(token: impl Into<Secret>) -> Self {
        Self::Token(token.into())
    }

    pub(crate) fn signer(self) -> TokenSigner {
        match self {
            Self::Token(token) => TokenSigner::fixed(token, SIGN_IN_HELP),
            Self::Tokens(tokens) => TokenSigner::renewed(tokens),
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Token(_) => "Token(…)",
            Self::Tokens(_) => "Tokens(…)",
        })
    }
}

/// The internal name of the user in an access token: the last part of its subject. The token's signature is not checked.
#[must_use]
pub fn user_of_token(token: &Token) -> Option<String> {
    #[derive(Deserialize)]
    struct Claims {
        sub: String,
    }
    let payload = token.access_token.expose().split('.').nth(1)?;
    let claims: Claims = serde_json::from_slice(&decode_base64(payload)?).ok()?;
    let user = claims.sub.rsplit(':').next()?;
    Some(user.to_owned()).filter(|user| !user.is_empty())
}

/// Decodes either alphabet, with or without padding.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    const ENGINE: GeneralPurpose = GeneralPurpose::new(
        &base64::alphabet::URL_SAFE,
        GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true),
    );
    let text: String = text
        .chars()
        .map(|c| match c {
            '+' => '-',
            '/' => '_',
            c => c,
        })
        .collect();
    ENGINE.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_is_the_last_part_of_the_subject() {
        let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD
            .encode(br#"{"sub":"f:0a1b:abc123","exp":1}"#);
        let token = Token::new(format!("e30.{payload}.sig"));
        assert_eq!(user_of_token(&token).as_deref(), Some("abc123"));
        for text in ["", "opaque", "a.b.c", "e30.e30.x"] {
            assert_eq!(user_of_token(&Token::new(text)), None, "{text}");
        }
    }
}
