//! The oldest way that still has users: user name, password and one-time code. Kept for configurations that were made with it; since 2025 no brand is known
//! that offers it to new ones.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use remote_core::{
    auth::{Token, TokenRefresher},
    error::{Error, ErrorKind, Result},
    http::HttpClient,
    options::obscure::{self, StoredSecret},
    retry::{Idempotency, Retry},
    secret::Secret,
};
use serde::Deserialize;
use url::Url;

use super::{
    identity::Identity,
    session::SignedIn,
    token_request::{SignInRefusal, TokenRequest},
};
use crate::{addresses::Addresses, error::classify::SIGN_IN_HELP};

/// Where legacy tokens are made and renewed.
pub const LEGACY_TOKEN_URL: &str = "https://api.jottacloud.com/auth/v1/token";

/// What rclone is called there unless the device was registered.
const CLIENT_ID: &str = "nibfk8biu12ju7hpqomr8b1e40";

/// Its secret, obscured as rclone keeps it. Public.
const CLIENT_SECRET: &str = "Vp8eAv7eVElMnQwN-kgU9cbhgApNDaMqWdlDi5qFydlQoji4JBxrGMF2";

/// A placeholder with which devices are registered; public, and the same for everybody.
const REGISTER_BEARER: &str =
    "Bearer c2xrZmpoYWRsZmFramhkc2xma2phaHNkbGZramhhc2xkZmtqaGFzZGxrZmpobGtq";

/// Longest answer to a registration.
const ANSWER_BYTES: usize = 64 * 1024;

/// A device that was registered: id and secret of its own.
#[non_exhaustive]
#[derive(Clone)]
pub struct RegisteredDevice {
    /// The id.
    pub client_id: String,
    /// The secret.
    pub client_secret: Secret,
}

impl RegisteredDevice {
    /// A device that was registered before.
    pub fn new(client_id: impl Into<String>, client_secret: impl Into<Secret>) -> Self {
        Self {
            client_id: client_id.into(),
            client_secret: client_secret.into(),
        }
    }
}

impl fmt::Debug for RegisteredDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegisteredDevice")
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

/// How far a sign-in with a password has come.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub enum PasswordOutcome {
    /// The service has sent a one-time code as a text message: ask for it, and sign in again with it.
    OtpNeeded,
    /// Done.
    SignedIn(Box<SignedIn>),
}

#[derive(Deserialize)]
struct Registered {
    client_id: String,
    client_secret: Secret,
}

impl Identity {
    /// Registers this machine, which gives it a key of its own. One request.
    ///
    /// # Errors
    ///
    /// Those of the connection; [`Authentication`](ErrorKind::Authentication) if the service refuses.
    pub async fn register_device(&self) -> Result<RegisteredDevice> {
        let device_id = format!("rclone-{}", random_letters(21));
        let fields = [("device_id", device_id.as_str())];
        let request = TokenRequest {
            label: "register device",
            url: legacy_url(self.addresses(), "auth/v1/register"),
            fields: &fields,
            headers: vec![("authorization", Secret::new(REGISTER_BEARER))],
        };
        let response = request.ask(self.http()).await?;
        let answer: Registered = response.json(ANSWER_BYTES).await?;
        Ok(RegisteredDevice {
            client_id: answer.client_id,
            client_secret: answer.client_secret,
        })
    }

    /// Signs in with user name and password, and the one-time code if there is one. One request.
    ///
    /// Everything is sent in the body, nothing in the address.
    ///
    /// # Errors
    ///
    /// [`Authentication`](ErrorKind::Authentication) if user name, password or code are wrong; [`LoginLocked`](ErrorKind::LoginLocked) if the account is
    /// locked.
    pub async fn sign_in_with_password(
        &self,
        device: Option<&RegisteredDevice>,
        username: &str,
        password: &Secret,
        one_time_code: Option<&Secret>,
    ) -> Result<PasswordOutcome> {
        let built_in = built_in_secret();
        let (client_id, client_secret) = match device {
            Some(device) => (device.client_id.as_str(), &device.client_secret),
            None => (CLIENT_ID, &built_in),
        };
        let fields = [
            ("grant_type", "PASSWORD"),
            ("username", username),
            ("password", password.expose()),
            ("client_id", client_id),
            ("client_secret", client_secret.expose()),
        ];
        let request = TokenRequest {
            label: "password",
            url: legacy_url(self.addresses(), "auth/v1/token"),
            fields: &fields,
            headers: one_time_code.map(otp_header).into_iter().collect(),
        };
        match request.send(self.http()).await {
            Ok(token) => Ok(PasswordOutcome::SignedIn(Box::new(SignedIn {
                token,
                client_id: device
                    .map(|device| device.client_id.clone())
                    .unwrap_or_default(),
                client_secret: device.map(|device| device.client_secret.clone()),
                token_url: None,
            }))),
            Err(error) => {
                let refusal = SignInRefusal::of(&error);
                let wants_code = refusal.is_some_and(|refusal| refusal.otp_required);
                if wants_code && one_time_code.is_none() {
                    return Ok(PasswordOutcome::OtpNeeded);
                }
                Err(error)
            }
        }
    }
}

fn otp_header(code: &Secret) -> (&'static str, Secret) {
    let digits: String = code
        .expose()
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .collect();
    ("x-jottacloud-otp", Secret::new(digits))
}

/// An address of the legacy interface, which lies beside the JSON interface.
fn legacy_url(addresses: &Addresses, path: &str) -> Url {
    let mut url = addresses.api.clone();
    url.set_path(&format!("{}{path}", addresses.api.path()));
    url
}

fn built_in_secret() -> Secret {
    obscure::reveal(CLIENT_SECRET).unwrap_or_default()
}

fn random_letters(count: usize) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    (0..count)
        .map(|_| {
            let index = usize::from(rand::random::<u16>()) % LETTERS.len();
            char::from(LETTERS.get(index).copied().unwrap_or(b'x'))
        })
        .collect()
}

/// Renews legacy tokens.
#[derive(Clone)]
pub(super) struct LegacyRefresher {
    http: HttpClient,
    retry: Retry,
    url: Url,
    client_id: String,
    secret: StoredSecret,
    /// Whether the text of the configuration was the secret.
    takes_stored: Arc<AtomicBool>,
}

impl LegacyRefresher {
    pub(super) fn new(
        http: HttpClient,
        addresses: &Addresses,
        client_id: String,
        secret: Option<StoredSecret>,
    ) -> Self {
        let (client_id, secret) = match secret {
            Some(secret) if !client_id.is_empty() => (client_id, secret),
            _ => (CLIENT_ID.to_owned(), StoredSecret::plain(built_in_secret())),
        };
        Self {
            http,
            retry: Retry::default(),
            url: legacy_url(addresses, "auth/v1/token"),
            client_id,
            secret,
            takes_stored: Arc::default(),
        }
    }

    /// Presents a refresh token. Upper case is this address's own dialect.
    async fn renew(&self, refresh_token: &Secret, client_secret: &Secret) -> Result<Token> {
        let fields = [
            ("grant_type", "REFRESH_TOKEN"),
            ("refresh_token", refresh_token.expose()),
            ("client_id", self.client_id.as_str()),
            ("client_secret", client_secret.expose()),
        ];
        let renewed = self.retry.run(Idempotency::NotIdempotent, |_attempt| {
            let request = TokenRequest {
                label: "legacy refresh",
                url: self.url.clone(),
                fields: &fields,
                headers: Vec::new(),
            };
            request.send(&self.http)
        });
        renewed.await
    }

    /// With the secret that is revealed; with the text of the configuration where the service does not know the device by that. The device is
    /// identified before the refresh token is looked at, so a refusal of the one does not spend the other.
    async fn renew_as_known(&self, refresh_token: &Secret) -> Result<Token> {
        let (revealed, stored) = (self.secret.revealed(), self.secret.stored());
        let Some(stored) = stored else {
            return self.renew(refresh_token, revealed).await;
        };
        if self.takes_stored.load(Ordering::Relaxed) {
            return self.renew(refresh_token, stored).await;
        }
        match self.renew(refresh_token, revealed).await {
            Err(error) if is_unknown_client(&error) => {
                let token = self.renew(refresh_token, stored).await?;
                self.takes_stored.store(true, Ordering::Relaxed);
                Ok(token)
            }
            other => other,
        }
    }
}

impl fmt::Debug for LegacyRefresher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LegacyRefresher")
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl TokenRefresher for LegacyRefresher {
    async fn refresh(&self, old: &Token) -> Result<Token> {
        let Some(refresh_token) = &old.refresh_token else {
            return Err(Error::with_message(
                ErrorKind::Authentication,
                "the token has ended and there is no refresh token",
            )
            .with_help(SIGN_IN_HELP));
        };
        self.renew_as_known(refresh_token)
            .await
            .map_err(not_renewed)
    }
}

fn is_unknown_client(error: &Error) -> bool {
    SignInRefusal::of(error)
        .is_some_and(|said| matches!(said.code.as_str(), "invalid_client" | "unauthorized_client"))
}

/// Says what to do when the service does not renew a token. A device that it does not know is told as such.
fn not_renewed(error: Error) -> Error {
    let has_ended = matches!(
        error.kind(),
        ErrorKind::Authentication | ErrorKind::InvalidInput
    );
    if !has_ended || is_unknown_client(&error) {
        return error;
    }
    Error::with_message(
        ErrorKind::Authentication,
        "the legacy sign-in has ended: the service does not renew its token",
    )
    .with_http_status(error.http_status().unwrap_or(400))
    .with_help("set the remote up again; most brands have moved to signing in by browser")
    .with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_secret_has_the_published_shape() {
        let secret = built_in_secret();
        assert_eq!(secret.expose().len(), 26);
        assert!(
            secret
                .expose()
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        );
    }

    #[test]
    fn dashes_in_one_time_codes_do_not_count() {
        assert_eq!(otp_header(&Secret::new(" 123-456\n")).1.expose(), "123456");
    }
}
