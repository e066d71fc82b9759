//! The service's ways to sign in.
//!
//! | way | what is sent | requests | after a refusal (401) |
//! | --- | --- | --- | --- |
//! | [`Credentials::Basic`] | user name and application password with every request | none | the call fails, and so does every later one of this client without asking: wrong passwords lock the whole IP address |
//! | [`Credentials::Login`] | a token | 1 before the first call | one new token, one repetition; then the call fails |
//! | [`Credentials::Token`] | a token that was made before | none | the call fails |
//! | [`Credentials::OAuth`] | an access token | 1 per refresh | one refresh, one repetition; then the call fails |
//!
//! The first request with Basic credentials is made alone: requests that start at the same time wait for its answer, so that a wrong password
//! is presented once and not thirty times. To go on with other credentials, use
//! [`Client::with_credentials`](crate::Client::with_credentials).

use std::fmt;

use remote_core::{auth::TokenCache, secret::Secret};

pub mod oauth;

pub(crate) mod basic;
pub(crate) mod login;
pub(crate) mod ticket;

pub(crate) use self::ticket::{Authenticator, Ticket, Verdict};

/// How a client signs in.
#[non_exhaustive]
#[derive(Clone, Default)]
pub enum Credentials {
    /// HTTP Basic: user name and application password; what rclone does, and the simplest.
    Basic {
        /// E-mail address.
        user: String,
        /// Application password. The password of the account itself does not work on `app.koofr.net`.
        password: Secret,
    },
    /// The password is exchanged for a token (`POST /token`), which then signs the calls.
    Login {
        /// E-mail address.
        email: String,
        /// Application password or password of the account.
        password: Secret,
    },
    /// No credentials; for public links and what an installation tells about itself.
    #[default]
    None,
    /// OAuth 2; see [`oauth`].
    OAuth(TokenCache),
    /// A token from an earlier [`login`](crate::Client::login).
    Token(Secret),
}

impl Credentials {
    /// HTTP Basic with an application password.
    pub fn basic(user: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self::Basic {
            user: user.into(),
            password: password.into(),
        }
    }

    /// Exchange of a password for a token.
    pub fn login(email: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self::Login {
            email: email.into(),
            password: password.into(),
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Basic { .. } => "Basic(…)",
            Self::Login { .. } => "Login(…)",
            Self::None => "None",
            Self::OAuth(_) => "OAuth(…)",
            Self::Token(_) => "Token(…)",
        })
    }
}
