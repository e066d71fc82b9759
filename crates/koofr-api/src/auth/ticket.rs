//! What a request needs to be let in, and what its answer says about the credentials.

use remote_core::{
    auth::{self, Token, TokenCache},
    error::{Error, ErrorKind, Result},
    secret::Secret,
};
use tokio::sync::MutexGuard;

use super::{Credentials, basic::Gate, login::LoginSession};
use crate::{client::Client, error::ApiError};

/// Credentials with what is known about them; shared by the clones of a client.
#[derive(Debug)]
pub(crate) enum Authenticator {
    Basic { header: Secret, gate: Gate },
    Login(LoginSession),
    None,
    OAuth(TokenCache),
    Token(Secret),
}

/// What an answer says about the credentials of its request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    /// They were right.
    Accepted,
    /// Sign-in is locked.
    Locked,
    /// They were wrong.
    Refused,
    /// Nothing.
    Undecided,
}

/// One request's turn. Dropping it without a verdict lets the next one try.
#[derive(Debug)]
pub(crate) struct Ticket<'a> {
    header: Option<Secret>,
    kind: TicketKind<'a>,
}

#[derive(Debug)]
enum TicketKind<'a> {
    Basic(&'a Gate, Option<MutexGuard<'a, ()>>),
    Login(&'a LoginSession, Secret),
    OAuth(&'a TokenCache, Token),
    Plain,
}

impl Authenticator {
    pub(crate) fn new(credentials: Credentials) -> Self {
        match credentials {
            Credentials::Basic { user, password } => Self::Basic {
                header: auth::basic(&user, &password),
                gate: Gate::new(),
            },
            Credentials::Login { email, password } => {
                Self::Login(LoginSession::new(email, password))
            }
            Credentials::None => Self::None,
            Credentials::OAuth(cache) => Self::OAuth(cache),
            Credentials::Token(token) => Self::Token(token),
        }
    }

    /// Whether the next request will wait for others, or make others wait.
    pub(crate) fn is_verified(&self) -> bool {
        match self {
            Self::Basic { gate, .. } => gate.is_verified(),
            Self::Login(_) | Self::None | Self::OAuth(_) | Self::Token(_) => true,
        }
    }

    /// Lets a request in, making or refreshing a token first where that is needed.
    pub(crate) async fn ticket(&self, client: &Client) -> Result<Ticket<'_>> {
        let (header, kind) = match self {
            Self::Basic { header, gate } => (
                Some(header.clone()),
                TicketKind::Basic(gate, gate.enter().await?),
            ),
            Self::Login(session) => {
                let token = session.token(client, None).await?;
                (
                    Some(token_header(&token)),
                    TicketKind::Login(session, token),
                )
            }
            Self::None => (None, TicketKind::Plain),
            Self::OAuth(cache) => {
                let token = cache.token().await?;
                (Some(auth::bearer(&token)), TicketKind::OAuth(cache, token))
            }
            Self::Token(token) => (Some(token_header(token)), TicketKind::Plain),
        };
        Ok(Ticket { header, kind })
    }
}

impl Ticket<'_> {
    /// For requests without credentials.
    pub(crate) fn none() -> Self {
        Self {
            header: None,
            kind: TicketKind::Plain,
        }
    }

    /// The value of the `Authorization` header.
    pub(crate) fn header(&self) -> Option<&Secret> {
        self.header.as_ref()
    }

    /// Notes what the answer says. After a refusal: whether there are new credentials with which the request may be repeated.
    pub(crate) async fn settle(self, client: &Client, verdict: Verdict) -> Result<bool> {
        match (self.kind, verdict) {
            (TicketKind::Basic(gate, _guard), verdict) => {
                match verdict {
                    Verdict::Accepted => gate.accept(),
                    Verdict::Locked => gate.lock_out(),
                    Verdict::Refused => gate.refuse(),
                    Verdict::Undecided => {}
                }
                Ok(false)
            }
            (TicketKind::Login(session, token), Verdict::Refused) => {
                session.token(client, Some(&token)).await.map(|_new| true)
            }
            (TicketKind::OAuth(cache, token), Verdict::Refused) => {
                cache.refresh_rejected(&token).await.map(|_new| true)
            }
            (_, _) => Ok(false),
        }
    }
}

fn token_header(token: &Secret) -> Secret {
    Secret::new(format!("Token token={}", token.expose()))
}

/// The credentials were refused before; nothing was sent.
pub(crate) fn refused() -> Error {
    Error::with_message(
        ErrorKind::Authentication,
        "sign-in was refused before, not trying again with the same password",
    )
    .with_http_status(401)
    .with_help(crate::error::classify::AUTHENTICATION_HELP)
    .with_source(ApiError::new(401))
}

/// Somebody else was just told that sign-in is locked; nothing was sent.
pub(crate) fn login_locked() -> Error {
    Error::new(ErrorKind::LoginLocked)
        .with_http_status(429)
        .with_help(crate::error::classify::LOGIN_LOCKED_HELP)
        .with_source(ApiError::new(429))
}
