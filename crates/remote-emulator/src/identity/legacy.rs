//! The older sign-in of Jottacloud: registration of a device, password, one-time code.

use hyper::StatusCode;
use hyper::header::HeaderName;
use serde_json::json;

use crate::identity::client::{self, Claimed};
use crate::identity::refusal::{Refusal, oauth};
use crate::identity::request::Request;
use crate::identity::state::RefreshProblem;
use crate::identity::token::{self, Issue};
use crate::ids;
use crate::reply::Reply;

/// The client id that every rclone shares. Its secret is not looked at.
pub const LEGACY_CLIENT_ID: &str = "nibfk8biu12ju7hpqomr8b1e40";

/// The public placeholder that registrations are made with.
pub const REGISTER_BEARER: &str =
    "c2xrZmpoYWRsZmFramhkc2xma2phaHNkbGZramhhc2xkZmtqaGFzZGxrZmpobGtq";

/// Both directions: what the service asks for and what the client answers.
const OTP_HEADER: HeaderName = HeaderName::from_static("x-jottacloud-otp");

/// `POST /auth/v1/register`
pub(crate) fn register(request: &Request<'_>) -> Result<Reply, Refusal> {
    let bearer = request.call.header("authorization").strip_prefix("Bearer ");
    if bearer != Some(REGISTER_BEARER) {
        let text = "the registration needs its own bearer";
        return Err(oauth(StatusCode::UNAUTHORIZED, "invalid_token", text).into());
    }
    if request.anywhere("device_id")?.is_none() {
        return Err(Refusal::bad("invalid_request", "device_id is missing"));
    }
    let (id, secret) = (ids::code(26), ids::code(32));
    request
        .identity
        .change(|state| state.devices.insert(id.clone(), secret.clone()))?;
    let body = json!({"client_id": id, "client_secret": secret});
    Ok(token::answer(&body))
}

/// `POST /auth/v1/token`; grants are in upper case here.
pub(crate) fn token(request: &Request<'_>) -> Result<Reply, Refusal> {
    let client = device(request)?;
    match request.anywhere("grant_type")? {
        Some("PASSWORD") => password(request, &client),
        Some("REFRESH_TOKEN") => refresh(request, &client),
        _ => Err(Refusal::bad(
            "unsupported_grant_type",
            "the grant is not known",
        )),
    }
}

/// The device, from a Basic header, the form or the query.
fn device(request: &Request<'_>) -> Result<String, Refusal> {
    let claimed = match request.anywhere("client_id")? {
        Some(id) => Claimed {
            id: id.to_owned(),
            secret: request
                .anywhere("client_secret")?
                .unwrap_or_default()
                .to_owned(),
        },
        None => client::claimed(request)?,
    };
    let mut state = request.identity.lock();
    let secret = state.devices.get(&claimed.id);
    let right = match secret {
        Some(secret) => !state.settings.check_legacy_secret || *secret == claimed.secret,
        None => claimed.id == LEGACY_CLIENT_ID,
    };
    if right {
        return Ok(claimed.id);
    }
    state.totals.refused_clients += 1;
    Err(Refusal::bad(
        "invalid_client",
        "the device is not registered",
    ))
}

fn password(request: &Request<'_>, client: &str) -> Result<Reply, Refusal> {
    let login = request.anywhere("username")?.unwrap_or_default();
    let password = request.anywhere("password")?.unwrap_or_default();
    let user = request.identity.lock().user(login).cloned();
    let Some(user) = user.filter(|user| user.password == password) else {
        request.identity.lock().totals.refused_grants += 1;
        return Err(Refusal::bad("invalid_grant", "wrong user name or password"));
    };
    let given = request.call.header(OTP_HEADER.as_str());
    if user.otp.as_deref().is_some_and(|code| code != given) {
        request.identity.lock().totals.refused_grants += 1;
        let reply = oauth(
            StatusCode::BAD_REQUEST,
            "invalid_client_or_otp_missing_or_wrong",
            "a code was sent to the telephone",
        );
        return Err(reply.header(OTP_HEADER, "required; SMS").into());
    }
    let issue = Issue {
        login: &user.login,
        client,
        scope: "",
        by_browser: false,
    };
    let (origin, now) = (request.origin(), request.now);
    let issued = request
        .identity
        .change(|state| issue.found(state, None, &origin, now))?;
    match issued {
        Some(issued) => Ok(reply(&issued)),
        None => Err(Refusal::bad("invalid_grant", "the user is gone")),
    }
}

fn refresh(request: &Request<'_>, client: &str) -> Result<Reply, Refusal> {
    let presented = request.anywhere("refresh_token")?.unwrap_or_default();
    let rotate = request.settings().legacy_rotates;
    match token::renew(request, None, client, presented, rotate)? {
        Ok(issued) => Ok(reply(&issued)),
        Err(RefreshProblem::Stale) => Err(Refusal::stale(request.settings().stale_text)),
        Err(_) => Err(Refusal::bad("invalid_grant", "Invalid refresh token")),
    }
}

fn reply(issued: &token::Issued) -> Reply {
    token::answer(&json!({
        "token_type": "bearer",
        "access_token": issued.access,
        "refresh_token": issued.refresh,
        "session_id": issued.session,
        "expires_in": issued.expires_in,
    }))
}
