//! Signing in: tokens, where they are kept, and how they are renewed exactly once.
//!
//! * [`Token`] is an OAuth token in the form that rclone keeps in its configuration file.
//! * [`TokenStore`] keeps it between runs; [`MemoryTokenStore`] forgets it. A store can be shared between processes.
//! * [`TokenCache`] hands out a token that is valid, and renews it when needed through a [`TokenRefresher`]: one renewal at a time,
//!   saved before it is used, carried through even if the caller goes away.
//! * [`TokenSigner`] is what a client signs its requests with: a token that was given, or the cache.
//! * `OAuthClient` (feature `http`) signs people in, with `RedirectReceiver` as the page on this machine that their browser comes back to.
//! * [`basic`] and [`bearer`] make the values of `Authorization` headers.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::secret::Secret;

pub use self::{
    cache::{RefreshTokenRefused, TOKEN_REFRESH_SLACK, TokenCache, TokenRefresher},
    signer::TokenSigner,
    store::{MemoryTokenStore, Presented, TokenLock, TokenStore},
    token::{MAX_TOKEN_BYTES, ParseTokenError, Token},
};
#[cfg(feature = "http")]
pub use self::{
    oauth::{DeviceSignIn, OAuthClient, SignIn},
    redirect::{REDIRECT_PORT, RedirectReceiver},
};

mod cache;
#[cfg(feature = "http")]
mod oauth;
#[cfg(feature = "http")]
mod redirect;
mod signer;
mod store;
mod token;

/// The value of an `Authorization` header for a user name and a password, as UTF-8.
///
/// ```
/// use remote_core::{auth, secret::Secret};
///
/// let value = auth::basic("Aladdin", &Secret::new("open sesame"));
/// assert_eq!(value.expose(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
/// ```
#[must_use]
pub fn basic(user: &str, password: &Secret) -> Secret {
    let pair = Secret::new(format!("{user}:{}", password.expose()));
    let encoded = Secret::new(STANDARD.encode(pair.expose()));
    Secret::new(format!("Basic {}", encoded.expose()))
}

/// The value of an `Authorization` header for a token.
///
/// The scheme is always written `Bearer`: services that issue tokens of type `bearer` accept it in this spelling only.
#[must_use]
pub fn bearer(token: &Token) -> Secret {
    Secret::new(format!("Bearer {}", token.access_token.expose()))
}
