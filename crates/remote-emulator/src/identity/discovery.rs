//! The document that tells the addresses of a realm.

use serde_json::json;

use crate::identity::request::Request;
use crate::reply::Reply;

/// `GET …/.well-known/openid-configuration`
pub(crate) fn document(request: &Request<'_>) -> Reply {
    let Ok(brand) = request.brand() else {
        return Reply::status(hyper::StatusCode::NOT_FOUND);
    };
    request
        .identity
        .lock()
        .discovered
        .insert(brand.realm.clone());
    let issuer = format!("{}{}", request.origin(), brand.realm_path());
    let page = |name: &str| format!("{issuer}/protocol/openid-connect/{name}");
    Reply::json(&json!({
        "issuer": issuer,
        "authorization_endpoint": page("auth"),
        "token_endpoint": page("token"),
        "userinfo_endpoint": page("userinfo"),
        "end_session_endpoint": page("logout"),
        "grant_types_supported": ["authorization_code", "refresh_token", "password"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "scopes_supported": brand.scopes,
        "subject_types_supported": ["public"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["plain", "S256"],
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "tls_client_certificate_bound_access_tokens": false,
    }))
}
