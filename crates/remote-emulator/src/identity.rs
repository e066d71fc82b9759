//! Sign-in services: the one of Jottacloud and its brands (OIDC), the older one of Jottacloud, and Login with Amazon.
//!
//! It runs on its own ([`EmulatorBuilder::identity`](crate::EmulatorBuilder::identity)) or inside an emulated service that needs it.
//! Every brand is a [`Brand`]: a realm with its clients, scopes and addresses. All realms share the accounts.
//!
//! | address | what it does |
//! | --- | --- |
//! | `GET /auth/realms/{realm}/.well-known/openid-configuration` | tells the other addresses |
//! | `GET`, `POST /auth/realms/{realm}/protocol/openid-connect/auth` | the page where a person signs in and consents |
//! | `POST …/token` | grants `password` (personal login tokens, good for one use), `authorization_code`, `refresh_token` |
//! | `GET`, `POST …/userinfo` | who the bearer is |
//! | `GET`, `POST …/logout` | ends the session of a refresh token |
//! | `POST /auth/v1/register`, `POST /auth/v1/token` | the older sign-in: registration of a device, password, one-time code |
//! | `/ap/oa`, `/auth/o2/token`, `/auth/o2/tokeninfo`, `/user/profile` | the same for a [`Brand::amazon`] |
//!
//! # Families
//!
//! A sign-in founds a family of tokens. Only its newest refresh token is good: a refresh gives out a new one and spends the one
//! presented. Presenting a spent one ends the whole family, as it is what a thief would do, and is answered `invalid_grant`.
//! The client is identified before anything is spent. [`IdentityHandle::stats`] and `GET /_emulator/identity` count all of this.
//!
//! # Administration
//!
//! Beside what [every service](crate#administration-over-http) has:
//!
//! | request | effect |
//! | --- | --- |
//! | `GET /_emulator/identity` | `{"totals":{"refreshes":1,"reuse_detected":0,…},"families":[…]}` |
//! | `POST /_emulator/identity/login-token` | `{"realm":"jottacloud"}` gives out a personal login token |
//! | `POST /_emulator/identity/revoke` | ends all families |

pub(crate) mod access;
mod account;
mod brand;
mod client;
mod config;
mod discovery;
mod handle;
mod jwt;
mod legacy;
mod page;
mod refusal;
mod request;
mod routes;
mod save;
mod state;
mod token;

use std::fmt;
use std::io;
use std::path::Path as FsPath;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use hyper::header::ALLOW;
use hyper::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;

use crate::body::BodyError;
use crate::clock::Clock;
use crate::reply::Reply;
use crate::service::{Call, JsonFields, Service};

pub use self::brand::{Brand, brands};
pub use self::client::ClientConfig;
pub use self::config::{
    Consent, DEFAULT_LOGIN, DEFAULT_LOGIN_PASSWORD, DEFAULT_USERNAME, IdentityConfig,
    IdentitySettings, IdentityUser, Redirects, StaleText,
};
pub use self::handle::{IdentityHandle, IssuedTokens, UnknownRealm};
pub use self::legacy::{LEGACY_CLIENT_ID, REGISTER_BEARER};
pub use self::state::{FamilyStats, IdentityStats, IdentityTotals};

use self::refusal::Refusal;
use self::request::Request;
use self::routes::{Found, Page};
use self::save::SavedIn;
use self::state::State;

/// The longest form that is read; real ones have a few kilobytes.
const BODY_LIMIT: usize = 1024 * 1024;

/// A running identity provider.
pub(crate) struct Identity {
    state: Mutex<State>,
    pub(crate) clock: Clock,
    brands: Vec<Brand>,
    saved_in: SavedIn,
}

impl fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Identity").finish_non_exhaustive()
    }
}

impl Identity {
    /// Sets the provider up, with the state of `state_dir` when there is one. The caller keeps other processes out of that directory.
    pub(crate) fn new(
        config: IdentityConfig,
        clock: Clock,
        state_dir: Option<&FsPath>,
    ) -> io::Result<Arc<Self>> {
        let saved_in = SavedIn::open(state_dir)?;
        let mut state = State::new(&config);
        if let Some(saved) = saved_in.load()? {
            state.restore(saved);
        }
        Ok(Arc::new(Self {
            state: Mutex::new(state),
            clock,
            brands: config.brands,
            saved_in,
        }))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state, and saves the change before anybody else sees it.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> io::Result<T> {
        let mut state = self.lock();
        let outcome = change(&mut state);
        self.saved_in.save(&state)?;
        Ok(outcome)
    }

    pub(crate) fn brands(&self) -> &[Brand] {
        &self.brands
    }

    /// The stable name of an address of the provider; nothing when the address is not one of its.
    pub(crate) fn find_endpoint(&self, path: &str) -> Option<&'static str> {
        match routes::find(&self.brands, path) {
            Found::Page(_, page) => Some(page.label()),
            Found::UnknownRealm => Some("identity/unknown"),
            Found::Foreign => None,
        }
    }

    /// Answers a request to an address that [`find_endpoint`](Self::find_endpoint) knows.
    pub(crate) async fn answer(&self, call: &mut Call) -> Result<Reply, BodyError> {
        let (brand, page) = match routes::find(&self.brands, &call.path) {
            Found::Page(brand, page) => (brand, page),
            Found::UnknownRealm => {
                let body = json!({"error": "Realm does not exist"});
                return Ok(Reply::json_with(StatusCode::NOT_FOUND, &body));
            }
            Found::Foreign => return Ok(Reply::status(StatusCode::NOT_FOUND)),
        };
        if !page.allows(&call.method) {
            let reply = Reply::status(StatusCode::METHOD_NOT_ALLOWED);
            return Ok(reply.header(ALLOW, page.methods()));
        }
        let body = match call.read_body(BODY_LIMIT).await {
            Ok(body) => body,
            Err(BodyError::TooLong) => {
                let text = "the form is too long";
                return Ok(Reply::text(StatusCode::PAYLOAD_TOO_LARGE, text));
            }
            Err(error) => return Err(error),
        };
        let request = Request::new(self, brand, call, &body);
        Ok(dispatch(page, &request).unwrap_or_else(Refusal::into_reply))
    }

    /// Answers `/_emulator/identity…`; for the service that embeds the provider as well.
    pub(crate) fn administer(&self, command: &str, method: &Method, body: &[u8]) -> Option<Reply> {
        let reply = match (command, method) {
            ("identity", &Method::GET) => Reply::json(&self.lock().stats()),
            ("identity/login-token", &Method::POST) => self.order_login_token(body),
            ("identity/revoke", &Method::POST) => match self.change(State::revoke_all) {
                Ok(()) => Reply::status(StatusCode::NO_CONTENT),
                Err(error) => Refusal::unsaved(&error).into_reply(),
            },
            ("identity", _) => not_allowed("GET"),
            ("identity/login-token" | "identity/revoke", _) => not_allowed("POST"),
            _ => return None,
        };
        Some(reply)
    }

    fn order_login_token(&self, body: &[u8]) -> Reply {
        let order: LoginTokenOrder = match serde_json::from_slice(body) {
            Ok(order) => order,
            Err(error) => return Reply::text(StatusCode::BAD_REQUEST, error.to_string()),
        };
        let brand = self.brands.iter().find(|brand| brand.realm == order.realm);
        let Some(brand) = brand else {
            return Reply::text(StatusCode::NOT_FOUND, "no such realm");
        };
        let origin = order
            .origin
            .unwrap_or_else(|| format!("https://{}", brand.domain));
        match self.login_token(brand, order.user.as_deref(), &origin) {
            Ok(token) => Reply::json(&json!({ "login_token": token })),
            Err(error) => Refusal::unsaved(&error).into_reply(),
        }
    }
}

/// What the administration is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LoginTokenOrder {
    realm: String,
    /// The login name; the first account unless given.
    user: Option<String>,
    /// Scheme and host of the address in the token; those of the brand unless given.
    origin: Option<String>,
}

fn not_allowed(allow: &str) -> Reply {
    Reply::status(StatusCode::METHOD_NOT_ALLOWED).header(ALLOW, allow)
}

fn dispatch(page: Page, request: &Request<'_>) -> Result<Reply, Refusal> {
    match page {
        Page::Authorize => page::authorize(request),
        Page::Discovery => Ok(discovery::document(request)),
        Page::LegacyRegister => legacy::register(request),
        Page::LegacyToken => legacy::token(request),
        Page::Logout => account::logout(request),
        Page::Profile => account::profile(request),
        Page::Token => token::token(request),
        Page::TokenInfo => account::token_info(request),
        Page::UserInfo => account::user_info(request),
    }
}

impl Service for Identity {
    fn endpoint(&self, _method: &Method, path: &str) -> &'static str {
        self.find_endpoint(path).unwrap_or("unknown")
    }

    fn handle<'a>(&'a self, call: &'a mut Call) -> BoxFuture<'a, Result<Reply, BodyError>> {
        self.answer(call).boxed()
    }

    fn error(&self, status: StatusCode, code: &str, message: &str) -> Reply {
        refusal::oauth(status, code, message)
    }

    fn offline(&self) -> Reply {
        refusal::oauth(
            StatusCode::SERVICE_UNAVAILABLE,
            "temporarily_unavailable",
            "the service is down",
        )
    }

    fn quota_exceeded(&self) -> Reply {
        self.offline()
    }

    fn expire_tokens(&self, all: bool) {
        let changed = self.change(|state| {
            if all {
                state.revoke_all();
            }
            state.expire_access_tokens();
        });
        if let Err(error) = changed {
            tracing::error!(%error, "tokens could not be forgotten");
        }
    }

    fn set_online(&self, _storage: &str, _online: bool) -> bool {
        false
    }

    fn json_fields(&self) -> &'static JsonFields {
        &JsonFields {
            hash: "",
            size: "",
            space: &[],
            info_header: "x-no-such-header",
        }
    }

    fn administer(&self, command: &str, method: &Method, body: &Bytes) -> Option<Reply> {
        Self::administer(self, command, method, body)
    }
}
