//! A sign-in by browser on its way.

use std::fmt;

use remote_core::{
    auth::{OAuthClient, SignIn, Token},
    error::Result,
};
use url::Url;

use crate::addresses::fixed;

/// The port of this machine to which the browser is sent back; registered with the service, so there is no other.
pub const REDIRECT_PORT: u16 = 53682;

/// Where the browser is sent back to.
pub(super) fn redirect_url() -> Url {
    fixed("http://localhost:53682/")
}

/// A sign-in by browser that was begun; good for one attempt.
///
/// `Debug` shows no secret.
#[derive(Clone)]
pub struct BrowserSignIn {
    client: OAuthClient,
    sign_in: SignIn,
    client_id: String,
    token_url: Url,
}

impl BrowserSignIn {
    pub(super) fn start(client: OAuthClient, client_id: String, token_url: Url) -> Result<Self> {
        let sign_in = client.authorize()?;
        Ok(Self {
            client,
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

    /// The state and the check of what comes back, for programs that listen themselves.
    #[must_use]
    pub fn sign_in(&self) -> &SignIn {
        &self.sign_in
    }

    /// Token, client id and the published address for tokens.
    pub(super) async fn finish(&self, redirect: &Url) -> Result<(Token, String, Url)> {
        let code = self.sign_in.code_from(redirect)?;
        let token = self.client.exchange_code(&self.sign_in, &code).await?;
        Ok((token, self.client_id.clone(), self.token_url.clone()))
    }
}

impl fmt::Debug for BrowserSignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrowserSignIn")
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}
