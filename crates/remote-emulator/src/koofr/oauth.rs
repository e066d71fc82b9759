//! OAuth 2: the authorisation page, which consents at once, tokens, the device flow, logout.

use std::collections::HashMap;

use hyper::StatusCode;
use hyper::header::LOCATION;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use crate::ids;
use crate::koofr::context::{Context, Query};
use crate::koofr::error::{Answer, Problem, Refusal};
use crate::koofr::model::{Token, TokenKind};
use crate::koofr::{DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET, Koofr};
use crate::reply::Reply;

const OUT_OF_BAND: &str = "urn:ietf:wg:oauth:2.0:oob";
const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// How long a code may wait for its exchange.
const CODE_LIFETIME_MS: i64 = 10 * 60 * 1000;

/// Seconds a device is told to wait between two questions.
const DEVICE_INTERVAL_SECS: u32 = 1;

/// Consents that were given and not yet exchanged.
#[derive(Debug, Default)]
pub(crate) struct Grants {
    codes: HashMap<String, Code>,
    devices: HashMap<String, Device>,
}

#[derive(Debug)]
struct Code {
    user: String,
    client: String,
    redirect_uri: String,
    scope: String,
    expires: i64,
}

#[derive(Debug)]
struct Device {
    user_code: String,
    client: String,
    scope: String,
    expires: i64,
    approved_by: Option<String>,
}

impl Grants {
    /// Consents to what a device asks for; false when no device shows this code.
    pub(crate) fn approve(&mut self, user_code: &str, user: &str) -> bool {
        let device = self
            .devices
            .values_mut()
            .find(|device| device.user_code == user_code);
        device
            .map(|device| device.approved_by = Some(user.to_owned()))
            .is_some()
    }
}

fn allowed_scope(scope: &str) -> bool {
    scope
        .split(' ')
        .filter(|part| !part.is_empty())
        .all(|part| matches!(part, "public" | "files.read" | "files.import"))
}

/// An address with parameters added to its query.
fn with_query(address: &str, pairs: &[(&str, &str)]) -> String {
    let mut out = address.to_owned();
    for (key, value) in pairs {
        out.push(if out.contains('?') { '&' } else { '?' });
        out.push_str(&format!(
            "{key}={}",
            utf8_percent_encode(value, NON_ALPHANUMERIC)
        ));
    }
    out
}

fn see_other(target: &str) -> Reply {
    Reply::status(StatusCode::SEE_OTHER).header(LOCATION, target)
}

/// `GET /oauth2/auth`
pub(crate) fn authorize(context: &Context<'_>) -> Answer {
    let query = &context.query;
    let client = query.required("client_id")?;
    if client != DEFAULT_CLIENT_ID {
        return Err(Refusal::bad_query("unknown client"));
    }
    let redirect_uri = query.required("redirect_uri")?;
    let state = query.get("state")?.unwrap_or_default();
    let scope = query.get("scope")?.unwrap_or("public");
    let problem = if query.get("response_type")? != Some("code") {
        Some(("unsupported_response_type", "only `code` is supported"))
    } else if !allowed_scope(scope) {
        Some(("invalid_scope", "the scope is not known"))
    } else if context.settings().deny_consent {
        Some(("access_denied", "the user said no"))
    } else {
        None
    };
    if let Some((error, description)) = problem {
        let pairs = [
            ("error", error),
            ("error_description", description),
            ("state", state),
        ];
        return Ok(see_other(&with_query(redirect_uri, &pairs)));
    }
    let code = ids::token();
    let now = context.now();
    context.change(|all| {
        let user = all
            .account
            .users
            .first()
            .ok_or(Problem::NotFound)?
            .id
            .clone();
        all.grants.codes.retain(|_, known| known.expires > now);
        all.grants.codes.insert(
            code.clone(),
            Code {
                user,
                client: client.to_owned(),
                redirect_uri: redirect_uri.to_owned(),
                scope: scope.to_owned(),
                expires: now + CODE_LIFETIME_MS,
            },
        );
        Ok(())
    })?;
    if redirect_uri == OUT_OF_BAND {
        return Ok(Reply::text(StatusCode::OK, code));
    }
    Ok(see_other(&with_query(
        redirect_uri,
        &[("code", &code), ("state", state)],
    )))
}

/// An error of the token endpoint.
fn token_error(status: StatusCode, error: &str) -> Refusal {
    Refusal::from(Reply::json_with(status, &json!({ "error": error })))
}

fn invalid_grant() -> Refusal {
    token_error(StatusCode::UNAUTHORIZED, "invalid_grant")
}

fn form(context: &Context<'_>) -> Result<Query, Refusal> {
    let kind = context.call.header("content-type");
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(Refusal::text(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "expected `Content-Type: application/x-www-form-urlencoded`",
        ));
    }
    Ok(context.form())
}

/// The client, from the form or from Basic credentials.
fn client(context: &Context<'_>, form: &Query, with_secret: bool) -> Result<String, Refusal> {
    use base64::Engine;
    let basic = context.call.header("authorization").strip_prefix("Basic ");
    let decoded =
        basic.and_then(|value| base64::engine::general_purpose::STANDARD.decode(value).ok());
    let decoded = decoded
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .unwrap_or_default();
    let (id, secret) = match decoded.split_once(':') {
        Some((id, secret)) => (id, secret),
        None => (
            form.get("client_id")?.unwrap_or_default(),
            form.get("client_secret")?.unwrap_or_default(),
        ),
    };
    if id == DEFAULT_CLIENT_ID && (!with_secret || secret == DEFAULT_CLIENT_SECRET) {
        Ok(id.to_owned())
    } else {
        Err(token_error(StatusCode::UNAUTHORIZED, "invalid_client"))
    }
}

/// `POST /oauth2/token`
pub(crate) fn token(context: &Context<'_>) -> Answer {
    let form = form(context)?;
    match form.get("grant_type")? {
        Some("authorization_code") => by_code(context, &form),
        Some("refresh_token") => by_refresh(context, &form),
        Some(DEVICE_GRANT) => by_device(context, &form),
        _ => Err(Refusal::text(
            StatusCode::UNPROCESSABLE_ENTITY,
            "unknown or missing grant type",
        )),
    }
}

fn by_code(context: &Context<'_>, form: &Query) -> Answer {
    let client = client(context, form, true)?;
    let code = form.get("code")?.unwrap_or_default();
    let redirect_uri = form.get("redirect_uri")?;
    let now = context.now();
    let grant = context.koofr.lock().grants.codes.remove(code);
    let grant = grant
        .filter(|grant| grant.expires > now && grant.client == client)
        .filter(|grant| redirect_uri == Some(&grant.redirect_uri))
        .ok_or_else(invalid_grant)?;
    let refresh = ids::token();
    grant_tokens(context, &grant.user, &grant.scope, &client, &refresh, None)
}

fn by_refresh(context: &Context<'_>, form: &Query) -> Answer {
    let client = client(context, form, true)?;
    let presented = form.get("refresh_token")?.unwrap_or_default();
    let known = context.koofr.lock().account.tokens.get(presented).cloned();
    let known = known
        .filter(|token| token.kind == TokenKind::Refresh && token.client == client)
        .ok_or_else(invalid_grant)?;
    if context.settings().rotate_refresh_tokens {
        grant_tokens(
            context,
            &known.user,
            &known.scope,
            &client,
            &ids::token(),
            Some(presented),
        )
    } else {
        grant_tokens(context, &known.user, &known.scope, &client, presented, None)
    }
}

fn by_device(context: &Context<'_>, form: &Query) -> Answer {
    let client = client(context, form, false)?;
    let code = form.get("device_code")?.unwrap_or_default().to_owned();
    let now = context.now();
    let approved = {
        let mut state = context.koofr.lock();
        let device = state
            .grants
            .devices
            .get(&code)
            .filter(|device| device.client == client);
        let device = device.ok_or_else(|| token_error(StatusCode::BAD_REQUEST, "invalid_grant"))?;
        if device.expires <= now {
            return Err(token_error(StatusCode::BAD_REQUEST, "expired_token"));
        }
        let Some(user) = device.approved_by.clone() else {
            return Err(token_error(
                StatusCode::BAD_REQUEST,
                "authorization_pending",
            ));
        };
        let scope = device.scope.clone();
        state.grants.devices.remove(&code);
        (user, scope)
    };
    grant_tokens(
        context,
        &approved.0,
        &approved.1,
        &client,
        &ids::token(),
        None,
    )
}

fn grant_tokens(
    context: &Context<'_>,
    user: &str,
    scope: &str,
    client: &str,
    refresh: &str,
    replaced: Option<&str>,
) -> Answer {
    let (access, expires_in) = new_tokens(context.koofr, user, scope, client, refresh, replaced)?;
    let mut answer = json!({
        "access_token": access,
        "refresh_token": refresh,
        "expires_in": expires_in,
        "token_type": "Bearer",
        "scope": scope,
    });
    if let Some(server) = &context.settings().oauth_server {
        answer["server"] = server.as_str().into();
    }
    Ok(Reply::json(&answer))
}

/// Stores a fresh access token and the refresh token; returns the former with its lifetime in seconds.
pub(crate) fn new_tokens(
    koofr: &Koofr,
    user: &str,
    scope: &str,
    client: &str,
    refresh: &str,
    replaced: Option<&str>,
) -> Result<(String, u64), Refusal> {
    let lifetime = koofr.settings.access_token_lifetime;
    let millis = i64::try_from(lifetime.as_millis()).unwrap_or(i64::MAX);
    let now = koofr.clock.now_ms();
    let token = |kind, expires| Token {
        kind,
        user: user.to_owned(),
        expires,
        scope: scope.to_owned(),
        client: client.to_owned(),
    };
    let access = ids::token();
    koofr
        .change(|state| {
            let tokens = &mut state.account_mut().tokens;
            tokens.retain(|_, token| token.expires > now);
            if let Some(old) = replaced {
                tokens.remove(old);
            }
            tokens.insert(
                access.clone(),
                token(TokenKind::Access, now.saturating_add(millis)),
            );
            tokens.insert(refresh.to_owned(), token(TokenKind::Refresh, i64::MAX));
            Ok(())
        })?
        .map_err(|problem| Refusal::problem(problem, crate::koofr::error::Level::V21))?;
    Ok((access, lifetime.as_secs()))
}

/// `POST /oauth2/devicecode`
pub(crate) fn device_code(context: &Context<'_>) -> Answer {
    let form = form(context)?;
    let client = client(context, &form, false)?;
    let scope = form.get("scope")?.unwrap_or("public").to_owned();
    if !allowed_scope(&scope) {
        return Err(token_error(StatusCode::BAD_REQUEST, "invalid_scope"));
    }
    let (device_code, user_code) = (ids::token(), ids::code(8));
    let expires = context.now() + CODE_LIFETIME_MS;
    context.koofr.lock().grants.devices.insert(
        device_code.clone(),
        Device {
            user_code: user_code.clone(),
            client,
            scope,
            expires,
            approved_by: None,
        },
    );
    let page = format!("{}/oauth2/device", context.base());
    Ok(Reply::json(&json!({
        "device_code": device_code,
        "user_code": user_code,
        "verification_uri": page,
        "verification_uri_complete": with_query(&page, &[("user_code", &user_code)]),
        "expires_in": CODE_LIFETIME_MS / 1000,
        "interval": DEVICE_INTERVAL_SECS,
    })))
}

/// `GET /oauth2/device`: opening it with a code consents for the first account.
pub(crate) fn device_page(context: &Context<'_>) -> Answer {
    let Some(code) = context.query.get("user_code")? else {
        return Ok(Reply::text(StatusCode::OK, "add ?user_code= to consent"));
    };
    let mut state = context.koofr.lock();
    let user = state
        .account
        .users
        .first()
        .map(|user| user.id.clone())
        .unwrap_or_default();
    if state.grants.approve(code, &user) {
        Ok(Reply::text(
            StatusCode::OK,
            "the device may use the account",
        ))
    } else {
        Err(Refusal::text(
            StatusCode::NOT_FOUND,
            "no device shows this code",
        ))
    }
}

/// `GET /oauth2/logout`
pub(crate) fn logout(context: &Context<'_>) -> Answer {
    let target = context.query.required("post_logout_redirect_uri")?;
    let state = context.query.get("state")?.unwrap_or_default();
    Ok(see_other(&with_query(
        target,
        &[("loggedout", "true"), ("state", state)],
    )))
}
