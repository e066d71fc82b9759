//! The token endpoint.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, PRAGMA};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::identity::brand::{Brand, Layout};
use crate::identity::client;
use crate::identity::jwt::{self, Claims, Kind};
use crate::identity::refusal::Refusal;
use crate::identity::request::Request;
use crate::identity::state::{Challenge, Code, Family, RefreshProblem, State};
use crate::ids;
use crate::reply::Reply;

/// A media type without a character set: some clients compare it as a whole.
const JSON: &str = "application/json";

/// `POST …/token`
pub(crate) fn token(request: &Request<'_>) -> Result<Reply, Refusal> {
    request.must_be_form()?;
    let grant = request.required("grant_type")?;
    let client = client::identify(request)?;
    let amazon = request.brand()?.layout == Layout::Amazon;
    match grant {
        "authorization_code" => authorization_code(request, &client),
        "password" if !amazon => password(request, &client),
        "refresh_token" => refresh(request, &client),
        _ => Err(Refusal::bad(
            "unsupported_grant_type",
            "Unsupported grant_type",
        )),
    }
}

/// A personal login token is traded for the first tokens of a family.
fn password(request: &Request<'_>, client: &str) -> Result<Reply, Refusal> {
    let brand = request.brand()?;
    let login = request.required("username")?;
    let secret = request.required("password")?;
    let scope = scope(brand, request.value("scope")?.unwrap_or_default())?;
    let now = request.now;
    let outcome = request.identity.change(|state| {
        let discovered = state.discovered.contains(&brand.realm);
        let lifetime = state.settings.login_token_lifetime;
        let must_discover = state.settings.require_discovery;
        let good = state.login_tokens.get_mut(secret).filter(|token| {
            let ends = lifetime.map(|lifetime| {
                let lifetime = i64::try_from(lifetime.as_millis()).unwrap_or(i64::MAX);
                token.created.saturating_add(lifetime)
            });
            !token.used
                && token.realm == brand.realm
                && token.login.eq_ignore_ascii_case(login)
                && ends.is_none_or(|ends| now < ends)
                && (discovered || !must_discover)
        });
        let Some(token) = good else {
            state.totals.refused_grants += 1;
            return None;
        };
        token.used = true;
        let login = token.login.clone();
        let issue = Issue {
            login: &login,
            client,
            scope: &scope,
            by_browser: false,
        };
        issue.found(state, Some(brand), &request.origin(), now)
    })?;
    outcome.map(|tokens| tokens.reply()).ok_or_else(|| {
        let status = request.settings().refused_login_status;
        Refusal::grant(status, "Invalid user credentials")
    })
}

/// A consent from the browser is traded for the first tokens of a family.
fn authorization_code(request: &Request<'_>, client: &str) -> Result<Reply, Refusal> {
    let brand = request.brand()?;
    let code = request.required("code")?;
    let redirect_uri = request.value("redirect_uri")?.unwrap_or_default();
    let verifier = request.value("code_verifier")?;
    let now = request.now;
    let outcome = request.identity.change(|state| {
        let known = state.codes.get(code).cloned();
        let outcome = check_code(known, &brand.realm, client, redirect_uri, verifier, now);
        let outcome = outcome.and_then(|code_of| {
            // Only what is granted is used up.
            state.codes.remove(code);
            let issue = Issue {
                login: &code_of.login,
                client,
                scope: &code_of.scope,
                by_browser: true,
            };
            issue
                .found(state, Some(brand), &request.origin(), now)
                .ok_or("User not found")
        });
        if outcome.is_err() {
            state.totals.refused_grants += 1;
        }
        outcome
    })?;
    outcome
        .map(|tokens| tokens.reply())
        .map_err(|text| Refusal::bad("invalid_grant", text))
}

fn check_code(
    known: Option<Code>,
    realm: &str,
    client: &str,
    redirect_uri: &str,
    verifier: Option<&str>,
    now: i64,
) -> Result<Code, &'static str> {
    let code = known
        .filter(|code| code.expires > now && code.realm == realm)
        .ok_or("Code not valid")?;
    if code.client != client {
        return Err("Auth error");
    }
    if code.redirect_uri != redirect_uri {
        return Err("Incorrect redirect_uri");
    }
    match (&code.challenge, verifier) {
        (Some(challenge), Some(verifier)) if fits(challenge, verifier) => Ok(code),
        (Some(_), _) => Err("PKCE verification failed"),
        (None, _) => Ok(code),
    }
}

fn fits(challenge: &Challenge, verifier: &str) -> bool {
    if challenge.hashed {
        URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) == challenge.value
    } else {
        verifier == challenge.value
    }
}

/// A refresh token is traded for the next tokens of its family.
fn refresh(request: &Request<'_>, client: &str) -> Result<Reply, Refusal> {
    let brand = request.brand()?;
    let presented = request.required("refresh_token")?;
    let rotate = match brand.layout {
        Layout::Amazon => request.settings().amazon_rotates,
        Layout::Realm => request.settings().rotate,
    };
    let outcome = renew(request, Some(brand), client, presented, rotate)?;
    outcome
        .map(|tokens| tokens.reply())
        .map_err(|problem| match problem {
            RefreshProblem::Foreign => {
                let text = "Invalid refresh token. Token client and authorized client don't match";
                Refusal::bad("invalid_grant", text)
            }
            RefreshProblem::Old => Refusal::bad("invalid_grant", "Token is not active"),
            RefreshProblem::Stale => Refusal::stale(request.settings().stale_text),
            RefreshProblem::Unknown => Refusal::bad("invalid_grant", "Invalid refresh token"),
        })
}

/// Trades a refresh token; for the older sign-in as well, which has no brand.
pub(crate) fn renew(
    request: &Request<'_>,
    brand: Option<&Brand>,
    client: &str,
    presented: &str,
    rotate: bool,
) -> Result<Result<Issued, RefreshProblem>, Refusal> {
    let now = request.now;
    let realm = brand.map_or("", |brand| brand.realm.as_str());
    let outcome = request.identity.change(|state| {
        let id = match state.present(presented, realm, client, now) {
            Ok(id) => id,
            Err(problem) => {
                state.totals.refused_grants += 1;
                return Err(problem);
            }
        };
        next(state, brand, &request.origin(), id, rotate, now).ok_or(RefreshProblem::Unknown)
    })?;
    Ok(outcome)
}

fn scope(brand: &Brand, asked: &str) -> Result<String, Refusal> {
    brand
        .granted(asked)
        .map_err(|scope| Refusal::bad("invalid_scope", &format!("Invalid scopes: {scope}")))
}

/// A sign-in that succeeded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Issue<'a> {
    pub(crate) login: &'a str,
    pub(crate) client: &'a str,
    pub(crate) scope: &'a str,
    pub(crate) by_browser: bool,
}

impl Issue<'_> {
    /// Founds a family with its first tokens; nothing if the user is gone.
    pub(crate) fn found(
        self,
        state: &mut State,
        brand: Option<&Brand>,
        origin: &str,
        now: i64,
    ) -> Option<Issued> {
        state.user(self.login)?;
        let id = state.found(Family {
            login: self.login.to_owned(),
            realm: brand.map(|brand| brand.realm.clone()).unwrap_or_default(),
            client: self.client.to_owned(),
            scope: self.scope.to_owned(),
            session: ids::uuid(),
            current: String::new(),
            renewed: now,
            alive: true,
            by_browser: self.by_browser,
            refreshes: 0,
            reuse_detected: 0,
            access_tokens: 0,
        });
        next(state, brand, origin, id, true, now)
    }
}

/// Tokens that were given out, with what the answer tells about them.
#[derive(Clone, Debug)]
pub(crate) struct Issued {
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) id: Option<String>,
    pub(crate) session: String,
    pub(crate) scope: String,
    /// Seconds.
    pub(crate) expires_in: u64,
    /// Seconds; 0 for never.
    pub(crate) refresh_expires_in: u64,
    layout: Layout,
}

impl Issued {
    pub(crate) fn reply(&self) -> Reply {
        let mut body = json!({
            "access_token": self.access,
            "expires_in": self.expires_in,
            "refresh_token": self.refresh,
            "token_type": "bearer",
        });
        if self.layout == Layout::Realm {
            body["refresh_expires_in"] = self.refresh_expires_in.into();
            body["not-before-policy"] = 0.into();
            body["session_state"] = self.session.clone().into();
            body["scope"] = self.scope.clone().into();
            if let Some(id) = &self.id {
                body["id_token"] = id.clone().into();
            }
        }
        answer(&body)
    }
}

/// A token answer.
pub(crate) fn answer(body: &Value) -> Reply {
    Reply::bytes(StatusCode::OK, JSON, body.to_string().into())
        .header(CACHE_CONTROL, "no-store")
        .header(PRAGMA, "no-cache")
}

/// The next tokens of a family.
fn next(
    state: &mut State,
    brand: Option<&Brand>,
    origin: &str,
    id: u64,
    rotate: bool,
    now: i64,
) -> Option<Issued> {
    let layout = brand.map_or(Layout::Realm, |brand| brand.layout);
    let realm_path = brand.map(Brand::realm_path).unwrap_or_default();
    let issuer = format!("{origin}{realm_path}");
    let settings = &state.settings;
    let lifetime = settings.access_token_lifetime;
    let refresh_expires_in = settings
        .refresh_token_lifetime
        .map_or(0, |lifetime| lifetime.as_secs());
    let family = state.families.get(&id)?.clone();
    let username = state.user(&family.login)?.username.clone();
    let expires = now.saturating_add(i64::try_from(lifetime.as_millis()).unwrap_or(i64::MAX));
    let claims = Claims {
        issuer: &issuer,
        username: &username,
        login: &family.login,
        client: &family.client,
        scope: &family.scope,
        session: &family.session,
        issued: now / 1000,
        expires: expires / 1000,
    };
    let access = jwt::token(layout, Kind::Access, claims);
    state.add_access(id, access.clone(), expires, now);
    let refresh = if rotate {
        let token = jwt::token(
            layout,
            Kind::Refresh,
            Claims {
                expires: 0,
                ..claims
            },
        );
        state.set_refresh(id, token.clone(), now);
        token
    } else {
        family.current.clone()
    };
    let openid = family.scope.split(' ').any(|scope| scope == "openid");
    Some(Issued {
        access,
        refresh,
        id: openid.then(|| jwt::token(layout, Kind::Id, claims)),
        session: family.session,
        scope: family.scope,
        expires_in: lifetime.as_secs(),
        refresh_expires_in,
        layout,
    })
}
