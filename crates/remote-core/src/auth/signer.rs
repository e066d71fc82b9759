//! The token of a request: one that was given, or one that is renewed.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use super::{Token, TokenCache};
use crate::{
    error::{Effect, Error, ErrorKind, Result},
    secret::Secret,
};

/// For implementors of remotes: hands out the token that signs a request, and another one after a refusal.
///
/// `Debug` shows neither.
#[derive(Clone)]
pub struct TokenSigner {
    token: Kind,
    help: &'static str,
}

#[derive(Clone)]
enum Kind {
    Fixed(Token),
    Renewed(TokenCache),
}

impl TokenSigner {
    /// With an access token that is not renewed; `help` is told where there is none.
    pub fn fixed(token: impl Into<Secret>, help: &'static str) -> Self {
        Self {
            token: Kind::Fixed(Token::new(token)),
            help,
        }
    }

    /// With tokens that are renewed when needed.
    #[must_use]
    pub fn renewed(tokens: TokenCache) -> Self {
        Self {
            token: Kind::Renewed(tokens),
            help: "sign in again",
        }
    }

    /// The token, renewed before if it is about to end.
    ///
    /// # Errors
    ///
    /// [`Authentication`](ErrorKind::Authentication) if there is none: an empty one is not sent, because some services answer it with a riddle. Those of
    /// [`TokenCache::token`].
    pub async fn token(&self) -> Result<Token> {
        match &self.token {
            Kind::Fixed(token) if token.access_token.is_empty() => Err(Error::with_message(
                ErrorKind::Authentication,
                "there is no token",
            )
            .with_help(self.help)),
            Kind::Fixed(token) => Ok(token.clone()),
            Kind::Renewed(tokens) => tokens.token().await.map_err(not_sent),
        }
    }

    /// After the service has refused a token: whether there is a new one.
    ///
    /// # Errors
    ///
    /// Those of [`TokenCache::refresh_rejected`].
    pub async fn renew(&self, refused: &Token) -> Result<bool> {
        match &self.token {
            Kind::Fixed(_) => Ok(false),
            Kind::Renewed(tokens) => {
                let renewed = tokens.refresh_rejected(refused).await;
                renewed.map(|_token| true).map_err(not_sent)
            }
        }
    }

    /// Sees to it that the token is good for some time yet, before a transfer that takes long. A renewal that fails is not the end: the token is good now.
    ///
    /// # Errors
    ///
    /// Those of [`TokenCache::token`].
    pub async fn last(&self, time: Duration) -> Result<()> {
        let Kind::Renewed(tokens) = &self.token else {
            return Ok(());
        };
        let token = tokens.token().await.map_err(not_sent)?;
        if token.refresh_token.is_some() && token.expires_within(time, SystemTime::now()) {
            let renewed = tokens.refresh_rejected(&token).await;
            if let Err(error) = renewed {
                tracing::debug!(kind = ?error.kind(), "token not renewed before a long transfer");
            }
        }
        Ok(())
    }
}

/// Whatever became of the renewal, the request that needed the token was not made.
fn not_sent(error: Error) -> Error {
    error.with_effect(Effect::NotMade)
}

impl fmt::Debug for TokenSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.token {
            Kind::Fixed(_) => "TokenSigner(fixed)",
            Kind::Renewed(_) => "TokenSigner(renewed)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_token_that_was_given_is_handed_out_and_not_renewed() {
        let signer = TokenSigner::fixed("s3cr3t", "sign in");
        let token = signer.token().await.unwrap();
        assert_eq!(token.access_token.expose(), "s3cr3t");
        assert!(!signer.renew(&token).await.unwrap());
        assert!(signer.last(Duration::MAX).await.is_ok());
        assert!(!format!("{signer:?}").contains("s3cr3t"));
    }

    #[tokio::test]
    async fn an_empty_token_is_none() {
        let error = TokenSigner::fixed("", "go there")
            .token()
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.help()),
            (ErrorKind::Authentication, Some("go there"))
        );
    }
}
