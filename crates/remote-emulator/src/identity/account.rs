//! Who a token stands for, and signing out.

use hyper::{Method, StatusCode};
use serde_json::json;

use crate::identity::access::Bearer;
use crate::identity::client;
use crate::identity::jwt::subject;
use crate::identity::refusal::Refusal;
use crate::identity::request::Request;
use crate::reply::Reply;

fn bearer(request: &Request<'_>) -> Result<Bearer, Refusal> {
    request
        .identity
        .check_bearer(request.call.header("authorization"))
        .map_err(Refusal::bearer)
}

/// `GET`, `POST …/userinfo`
pub(crate) fn user_info(request: &Request<'_>) -> Result<Reply, Refusal> {
    let bearer = bearer(request)?;
    Ok(Reply::json(&json!({
        "sub": subject(&bearer.username),
        "email_verified": true,
        "preferred_username": bearer.login,
        "email": bearer.login,
    })))
}

/// `GET`, `POST …/logout`: the family of the refresh token in the form ends. A browser gets a page.
pub(crate) fn logout(request: &Request<'_>) -> Result<Reply, Refusal> {
    if request.call.method != Method::POST {
        let page = "<!DOCTYPE html>\n<html><head><title>Signed out</title></head><body>You are signed out.</body></html>\n";
        return Ok(Reply::bytes(
            StatusCode::OK,
            "text/html; charset=utf-8",
            page.into(),
        ));
    }
    request.must_be_form()?;
    client::identify(request)?;
    let token = request.required("refresh_token")?;
    if request.identity.change(|state| state.revoke(token))? {
        Ok(Reply::status(StatusCode::NO_CONTENT))
    } else {
        Err(Refusal::bad("invalid_grant", "Invalid refresh token"))
    }
}

/// `GET /user/profile` of Login with Amazon.
pub(crate) fn profile(request: &Request<'_>) -> Result<Reply, Refusal> {
    let bearer = bearer(request)?;
    Ok(Reply::json(&json!({
        "user_id": format!("amzn1.account.{}", bearer.username.to_uppercase()),
        "email": bearer.login,
        "name": bearer.username,
    })))
}

/// `GET /auth/o2/tokeninfo` of Login with Amazon.
pub(crate) fn token_info(request: &Request<'_>) -> Result<Reply, Refusal> {
    let token = request.query_value("access_token")?.unwrap_or_default();
    let bearer = request.identity.lock().bearer(token, request.now);
    let bearer = bearer.map_err(|_problem| {
        Refusal::bad("invalid_token", "The request has an invalid access token.")
    })?;
    Ok(Reply::json(&json!({
        "aud": bearer.client,
        "user_id": format!("amzn1.account.{}", bearer.username.to_uppercase()),
        "app_id": "amzn1.application.emulator",
        "exp": (bearer.expires - request.now) / 1000,
        "iat": request.now / 1000,
    })))
}
