//! A sign-in by browser on its way.

use std::fmt;

use remote_core::{
    auth::{OAuthClient, SignIn},
    error::Result,
    secret::Secret,
};
use url::Url;

use crate::addresses::fixed;

/// Where the browser is sent back to.
pub(super) fn redirect_url() -> Url {
    fixed("http://localhost:53682/")
}

/// A sign-in by browser that was begun; good for one attempt.
///
/// `Debug` shows no secret.
#[derive(Clone)]
pub struct BrowserSignIn {
    sign_in: SignIn,
    client_id: String,
    token_url: Url,
}

impl BrowserSignIn {
    pub(super) fn start(client: &OAuthClient, client_id: String, token_url: Url) -> Result<Self> {
        let sign_in = client.authorize()?;
        Ok(Self {
            sign_in,
            client_id,
            token_url,
        })
    }

    /// The page that a person has to open.
    #[must_use]
    pub fn url(&self) -> &Url {
        self.sign_in.url()
    }

    /// The value that must come back with the browser.
    #[must_use]
    pub fn state(&self) -> &Secret {
        self.sign_in.state()
    }

    /// What this program is called at the brand.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The published address for tokens.
    #[must_use]
    pub fn token_url(&self) -> &Url {
        &self.token_url
    }

    /// The core's part, for [`RedirectReceiver`](remote_core::auth::RedirectReceiver), which receives the browser.
    #[must_use]
    pub fn sign_in(&self) -> &SignIn {
        &self.sign_in
    }
}

impl fmt::Debug for BrowserSignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrowserSignIn")
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}
