//! Exchanging a password for a token, and giving the token back.

use http::Method;
use remote_core::{
    error::{Error, ErrorKind, Result},
    http::Response,
    secret::Secret,
};
use serde::{Deserialize, Serialize};

use crate::{
    call::{Call, Route},
    client::Client,
};

/// A token that stands for a password.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct Login {
    /// The token, for [`Credentials::Token`](crate::auth::Credentials::Token).
    pub token: Secret,
    /// Id of the account, where the service tells it.
    pub user_id: Option<String>,
}

#[derive(Serialize)]
struct Asked<'a> {
    email: &'a str,
    password: &'a str,
}

#[derive(Deserialize)]
struct Answered {
    /// Some servers write it with a capital letter.
    #[serde(alias = "Token")]
    token: String,
}

impl Client {
    /// Exchanges e-mail address and password for a token (`POST /token`). One attempt, whatever the credentials of the client are.
    ///
    /// The token has no published lifetime: use it until it is refused. [`Credentials::Login`](crate::auth::Credentials::Login) does that by itself.
    ///
    /// # Errors
    ///
    /// [`Authentication`](ErrorKind::Authentication) for wrong credentials, [`LoginLocked`](ErrorKind::LoginLocked) after too many of them.
    pub async fn login(&self, email: &str, password: &Secret) -> Result<Login> {
        self.exchange(email, password).await
    }

    /// The same with headers in place of a body (`GET /token`), as older clients do it. One attempt.
    ///
    /// # Errors
    ///
    /// As for [`login`](Self::login), and [`Protocol`](ErrorKind::Protocol) if the answer has no token.
    pub async fn login_by_header(&self, email: &str, password: &Secret) -> Result<Login> {
        let call = Call::get(Route::Root, "token by header")
            .at("token")
            .public()
            .header("x-koofr-email", email)
            .secret_header("x-koofr-password", password.clone());
        let response = Box::pin(self.attempt(&call, None, 1)).await?;
        match text_of(&response, "x-koofr-token") {
            Some(token) => Ok(Login {
                token: Secret::new(token),
                user_id: text_of(&response, "x-user-id"),
            }),
            None => Err(Error::with_message(
                ErrorKind::Protocol,
                "the answer has no token",
            )),
        }
    }

    /// Gives the token of this client back: it is not valid any more (`DELETE /token`). One attempt.
    ///
    /// # Errors
    ///
    /// [`Authentication`](ErrorKind::Authentication) if it was not valid before.
    pub async fn logout(&self) -> Result<()> {
        self.done(Call::change(Method::DELETE, Route::Root, "token logout").at("token"))
            .await
    }

    pub(crate) async fn exchange(&self, email: &str, password: &Secret) -> Result<Login> {
        let call = Call::change(Method::POST, Route::Root, "token")
            .at("token")
            .public()
            .json(&Asked {
                email,
                password: password.expose(),
            });
        let response = Box::pin(self.attempt(&call, None, 1)).await?;
        let user_id = text_of(&response, "x-user-id");
        // A lost token is no harm: it only means another exchange.
        let answer: Answered = response.json(64 * 1024).await?;
        Ok(Login {
            token: Secret::new(answer.token),
            user_id,
        })
    }
}

fn text_of(response: &Response, name: &str) -> Option<String> {
    let value = std::str::from_utf8(response.header(name)?).ok()?;
    Some(value.to_owned()).filter(|value| !value.is_empty())
}
