//! The page where a person signs in and consents.

use hyper::header::{CACHE_CONTROL, LOCATION};
use hyper::{Method, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::identity::brand::Brand;
use crate::identity::config::{Consent, Redirects};
use crate::identity::refusal::Refusal;
use crate::identity::request::{Request, is_loopback};
use crate::identity::state::{Challenge, Code};
use crate::ids;
use crate::reply::Reply;

const HTML: &str = "text/html; charset=utf-8";

/// What an application asks for, once client and redirect are known to be right.
struct Asked<'a> {
    brand: &'a Brand,
    client: &'a str,
    redirect_uri: &'a str,
    state: &'a str,
}

impl Asked<'_> {
    /// Sends the browser back with an answer.
    fn back(&self, pairs: &[(&str, &str)]) -> Reply {
        let mut target = self.redirect_uri.to_owned();
        for (key, value) in pairs.iter().chain([&("state", self.state)]) {
            if value.is_empty() {
                continue;
            }
            target.push(if target.contains('?') { '&' } else { '?' });
            let value = utf8_percent_encode(value, NON_ALPHANUMERIC);
            target.push_str(&format!("{key}={value}"));
        }
        Reply::status(StatusCode::FOUND)
            .header(LOCATION, target)
            .header(CACHE_CONTROL, "no-store")
    }

    fn refused(&self, error: &str, description: &str) -> Reply {
        self.back(&[("error", error), ("error_description", description)])
    }
}

/// `GET`, `POST …/auth`
pub(crate) fn authorize(request: &Request<'_>) -> Result<Reply, Refusal> {
    let asked = asked(request)?;
    if request.query_value("response_type")? != Some("code") {
        return Ok(asked.refused("unsupported_response_type", "only `code` is supported"));
    }
    let wanted = request.query_value("scope")?.unwrap_or_default();
    let scope = match asked.brand.granted(wanted) {
        Ok(scope) => scope,
        Err(scope) => {
            return Ok(asked.refused("invalid_scope", &format!("Invalid scopes: {scope}")));
        }
    };
    let challenge = match challenge(request)? {
        Ok(challenge) => challenge,
        Err(text) => return Ok(asked.refused("invalid_request", text)),
    };
    let login = match (request.settings().consent, &request.call.method) {
        (Consent::Deny, _) => return Ok(denied(&asked)),
        (Consent::Allow, _) => request
            .identity
            .lock()
            .first_user()
            .map(|user| user.login.clone()),
        (Consent::Ask, &Method::POST) => match signed_in(request)? {
            Answer::Allowed(login) => Some(login),
            Answer::Denied => return Ok(denied(&asked)),
            Answer::Wrong => {
                request.identity.lock().totals.refused_grants += 1;
                return Ok(form(request, &asked, "Invalid username or password."));
            }
        },
        (Consent::Ask, _) => return Ok(form(request, &asked, "")),
    };
    let Some(login) = login else {
        return Ok(asked.refused("server_error", "there is no account"));
    };
    let code = format!("{}.{}", ids::uuid(), ids::token());
    let lifetime = request.settings().code_lifetime.as_millis();
    let expires = request
        .now
        .saturating_add(i64::try_from(lifetime).unwrap_or(i64::MAX));
    let now = request.now;
    request.identity.change(|state| {
        state.codes.retain(|_, code| code.expires > now);
        let code_of = Code {
            login,
            realm: asked.brand.realm.clone(),
            client: asked.client.to_owned(),
            redirect_uri: asked.redirect_uri.to_owned(),
            scope: scope.clone(),
            challenge,
            expires,
        };
        state.codes.insert(code.clone(), code_of);
    })?;
    Ok(asked.back(&[("code", &code), ("scope", &scope)]))
}

/// Client and redirect have to be right before the browser is sent anywhere.
fn asked<'a>(request: &'a Request<'_>) -> Result<Asked<'a>, Refusal> {
    let brand = request.brand()?;
    let id = request.query_value("client_id")?.unwrap_or_default();
    let Some(client) = brand.client(id) else {
        request.identity.lock().totals.refused_clients += 1;
        return Err(message("Client not found."));
    };
    let redirect_uri = request.query_value("redirect_uri")?.unwrap_or_default();
    let right = match request.settings().redirects {
        Redirects::Loopback => is_loopback_address(redirect_uri),
        Redirects::Registered => client.redirect_uris.iter().any(|uri| uri == redirect_uri),
    };
    if !right {
        return Err(message("Invalid parameter: redirect_uri"));
    }
    Ok(Asked {
        brand,
        client: &client.id,
        redirect_uri,
        state: request.query_value("state")?.unwrap_or_default(),
    })
}

fn is_loopback_address(uri: &str) -> bool {
    let rest = uri.strip_prefix("http://").unwrap_or_default();
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    !authority.is_empty() && !authority.contains('@') && is_loopback(authority)
}

fn challenge(request: &Request<'_>) -> Result<Result<Option<Challenge>, &'static str>, Refusal> {
    let Some(value) = request.query_value("code_challenge")? else {
        return Ok(Ok(None));
    };
    let hashed = match request.query_value("code_challenge_method")? {
        Some("S256") => true,
        Some("plain") | None => false,
        Some(_) => return Ok(Err("Invalid parameter: code_challenge_method")),
    };
    Ok(Ok(Some(Challenge {
        value: value.to_owned(),
        hashed,
    })))
}

/// What the person did on the page.
enum Answer {
    Allowed(String),
    Denied,
    Wrong,
}

fn signed_in(request: &Request<'_>) -> Result<Answer, Refusal> {
    if request.value("consent")? == Some("deny") {
        return Ok(Answer::Denied);
    }
    let login = request.value("username")?.unwrap_or_default();
    let password = request.value("password")?.unwrap_or_default();
    let state = request.identity.lock();
    let user = state.user(login).filter(|user| user.password == password);
    Ok(match user {
        Some(user) => Answer::Allowed(user.login.clone()),
        None => Answer::Wrong,
    })
}

fn denied(asked: &Asked<'_>) -> Reply {
    asked.refused("access_denied", "the user denied the request")
}

/// A page for a mistake of which the application cannot be told.
fn message(text: &str) -> Refusal {
    let page = format!(
        "<!DOCTYPE html>\n<html><head><title>We are sorry</title></head><body><h1>We are sorry…</h1><p id=\"error\">{}</p></body></html>\n",
        escape(text)
    );
    Reply::bytes(StatusCode::BAD_REQUEST, HTML, page.into()).into()
}

fn form(request: &Request<'_>, asked: &Asked<'_>, problem: &str) -> Reply {
    let address = format!("{}?{}", request.call.path, request.call.query);
    let login = request.value("username").ok().flatten().unwrap_or_default();
    let page = format!(
        r#"<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Sign in to {service}</title></head>
<body>
<h1>Sign in to {service}</h1>
<p>The application <b id="client">{client}</b> asks for access to your files.</p>
<p id="error" role="alert">{problem}</p>
<form method="post" action="{address}">
<p><label>Email <input id="username" name="username" autocomplete="username" value="{login}"></label></p>
<p><label>Password <input id="password" name="password" type="password" autocomplete="current-password"></label></p>
<p><button id="allow" name="consent" value="allow">Sign in and allow</button>
<button id="deny" name="consent" value="deny">Deny</button></p>
</form>
</body>
</html>
"#,
        service = escape(&asked.brand.service),
        client = escape(asked.client),
        problem = escape(problem),
        address = escape(&address),
        login = escape(login),
    );
    Reply::bytes(StatusCode::OK, HTML, page.into()).header(CACHE_CONTROL, "no-store")
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_sent_to_this_machine_only() {
        for good in [
            "http://localhost:53682/",
            "http://127.0.0.1:1/cb?x=1",
            "http://[::1]/",
        ] {
            assert!(is_loopback_address(good), "{good}");
        }
        for bad in [
            "https://localhost/",
            "http://example.com/",
            "http://localhost@example.com/",
            "http://localhost.example.com/",
            "http:///",
            "",
        ] {
            assert!(!is_loopback_address(bad), "{bad}");
        }
    }
}
