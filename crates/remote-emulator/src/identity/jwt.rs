//! Tokens in the shapes the services use. Nobody can verify them: the signature is random.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::identity::brand::Layout;
use crate::ids;

/// What a token says about itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claims<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) username: &'a str,
    pub(crate) login: &'a str,
    pub(crate) client: &'a str,
    pub(crate) scope: &'a str,
    pub(crate) session: &'a str,
    /// Seconds since the Unix epoch.
    pub(crate) issued: i64,
    /// Seconds since the Unix epoch; 0 for never.
    pub(crate) expires: i64,
}

/// The kinds of tokens.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Access,
    Id,
    Refresh,
}

/// A new token.
pub(crate) fn token(layout: Layout, kind: Kind, claims: Claims<'_>) -> String {
    match (layout, kind) {
        (Layout::Realm, _) => jwt(kind, claims),
        (Layout::Amazon, Kind::Refresh) => format!("Atzr|{}", opaque()),
        (Layout::Amazon, _) => format!("Atza|{}", opaque()),
    }
}

fn opaque() -> String {
    format!("IwEB{}{}", ids::token(), ids::token())
}

/// The `sub` of a user: its last part is the internal name.
pub(crate) fn subject(username: &str) -> String {
    // The middle part is the same for everybody: it names the place where the accounts are kept.
    format!("f:7c1b6a52-93c5-4a44-8c6e-1d6a2f0b9e11:{username}")
}

fn jwt(kind: Kind, claims: Claims<'_>) -> String {
    let mut body = json!({
        "exp": claims.expires,
        "iat": claims.issued,
        "jti": ids::uuid(),
        "iss": claims.issuer,
        "sub": subject(claims.username),
        "typ": match kind {
            Kind::Access => "Bearer",
            Kind::Id => "ID",
            Kind::Refresh => "Offline",
        },
        "azp": claims.client,
        "session_state": claims.session,
        "scope": claims.scope,
    });
    if kind == Kind::Id {
        body["aud"] = claims.client.into();
        body["email"] = claims.login.into();
        body["preferred_username"] = claims.login.into();
    }
    let header = json!({"alg": "RS256", "typ": "JWT", "kid": "emulator"});
    let signature: [u8; 32] = rand::random();
    format!(
        "{}.{}.{}",
        encode(&header),
        encode(&body),
        URL_SAFE_NO_PAD.encode(signature)
    )
}

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}
