//! Who sends a request, and `/token`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::StatusCode;
use hyper::header::{AUTHORIZATION, HeaderName};
use serde::Deserialize;
use serde_json::json;

use crate::ids;
use crate::koofr::Koofr;
use crate::koofr::context::Context;
use crate::koofr::error::{Answer, Refusal};
use crate::koofr::model::{Token, TokenKind};
use crate::koofr::state::State;
use crate::reply::Reply;

const X_USER_ID: HeaderName = HeaderName::from_static("x-user-id");
const X_KOOFR_TOKEN: HeaderName = HeaderName::from_static("x-koofr-token");

/// The user an `Authorization` value stands for. The names of the schemes are compared exactly.
pub(crate) fn user_of(koofr: &Koofr, authorization: &str) -> Result<String, Refusal> {
    let (scheme, value) = authorization.split_once(' ').unwrap_or((authorization, ""));
    let now = koofr.clock.now_ms();
    match scheme {
        "Basic" => {
            let decoded = STANDARD.decode(value).unwrap_or_default();
            let decoded = String::from_utf8(decoded).unwrap_or_default();
            let (email, password) = decoded.split_once(':').unwrap_or_default();
            sign_in(koofr, email, password)
        }
        "Token" => by_token(&koofr.lock(), token_value(value), &[TokenKind::Login], now),
        "Bearer" => by_token(&koofr.lock(), value, &[TokenKind::Access], now),
        _ => Err(Refusal::unauthorized()),
    }
}

/// `token=x`, `token="x"` and plain `x` are all in use.
fn token_value(value: &str) -> &str {
    let value = value.strip_prefix("token=").unwrap_or(value);
    value
        .strip_prefix('"')
        .and_then(|v| v.strip_suffix('"'))
        .unwrap_or(value)
}

fn by_token(state: &State, value: &str, kinds: &[TokenKind], now: i64) -> Result<String, Refusal> {
    state
        .account
        .tokens
        .get(value)
        .filter(|token| kinds.contains(&token.kind) && token.expires > now)
        .map(|token| token.user.clone())
        .ok_or_else(Refusal::unauthorized)
}

/// Checks an address and an application password, and counts failures.
fn sign_in(koofr: &Koofr, email: &str, password: &str) -> Result<String, Refusal> {
    let now = koofr.clock.now_ms();
    let mut state = koofr.lock();
    if state.locked_until > now {
        return Err(too_many_logins());
    }
    let known = state
        .account
        .users
        .iter_mut()
        .find(|user| user.email == email)
        .and_then(|user| {
            let used = user
                .app_passwords
                .iter_mut()
                .find(|known| known.plain == password)?;
            used.last_used = Some(now);
            Some(user.id.clone())
        });
    if let Some(id) = known {
        state.failed_logins = 0;
        return Ok(id);
    }
    state.failed_logins += 1;
    if koofr
        .settings
        .lockout_after
        .is_some_and(|limit| state.failed_logins >= limit)
    {
        state.failed_logins = 0;
        let millis = i64::try_from(koofr.settings.lockout_time.as_millis()).unwrap_or(i64::MAX);
        state.locked_until = now.saturating_add(millis);
    }
    Err(Refusal::unauthorized())
}

fn too_many_logins() -> Refusal {
    Refusal::text(StatusCode::TOO_MANY_REQUESTS, "Too many login retries")
}

#[derive(Deserialize)]
struct Credentials {
    email: String,
    password: String,
}

/// `POST /token`
pub(crate) fn post_token(context: &Context<'_>) -> Answer {
    let given: Credentials = context.json()?;
    let (user, token) = new_token(context, &given.email, &given.password)?;
    Ok(Reply::json(&json!({ "token": token })).header(X_USER_ID, user))
}

/// `GET /token`
pub(crate) fn get_token(context: &Context<'_>) -> Answer {
    let email = context.call.header("x-koofr-email");
    let password = context.call.header("x-koofr-password");
    let (_, token) = new_token(context, email, password)?;
    Ok(Reply::status(StatusCode::OK).header(X_KOOFR_TOKEN, token))
}

fn new_token(
    context: &Context<'_>,
    email: &str,
    password: &str,
) -> Result<(String, String), Refusal> {
    let user = sign_in(context.koofr, email, password)?;
    let lifetime = context.settings().token_lifetime;
    let expires = lifetime.map_or(i64::MAX, |time| {
        context
            .now()
            .saturating_add(i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
    });
    let value = ids::uuid();
    let token = Token {
        kind: TokenKind::Login,
        user: user.clone(),
        expires,
        scope: String::new(),
        client: String::new(),
    };
    context.change(|state| {
        state.account_mut().tokens.insert(value.clone(), token);
        Ok(())
    })?;
    Ok((user, value))
}

/// `DELETE /token`
pub(crate) fn delete_token(context: &Context<'_>) -> Answer {
    let authorization = context.call.headers.get(AUTHORIZATION);
    let authorization = authorization
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let (_, value) = authorization.split_once(' ').unwrap_or_default();
    context.change(|state| {
        state.account_mut().tokens.remove(token_value(value));
        Ok(())
    })?;
    Ok(Reply::status(StatusCode::NO_CONTENT))
}
