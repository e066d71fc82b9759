//! A request with its parameters taken apart.

use std::net::IpAddr;

use hyper::StatusCode;

use crate::identity::Identity;
use crate::identity::brand::Brand;
use crate::identity::config::IdentitySettings;
use crate::identity::refusal::{Refusal, oauth};
use crate::service::Call;

#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) identity: &'a Identity,
    pub(crate) call: &'a Call,
    /// Of the parameters in the query.
    pub(crate) query: Vec<(String, String)>,
    /// Of the parameters in the body.
    form: Vec<(String, String)>,
    brand: Option<&'a Brand>,
    settings: IdentitySettings,
    /// Milliseconds since the Unix epoch, by the emulator's clock.
    pub(crate) now: i64,
}

impl<'a> Request<'a> {
    pub(crate) fn new(
        identity: &'a Identity,
        brand: Option<&'a Brand>,
        call: &'a Call,
        body: &[u8],
    ) -> Self {
        let settings = identity.lock().settings.clone();
        Self {
            identity,
            call,
            query: crate::query::pairs(&call.query).collect(),
            form: crate::query::pairs(&String::from_utf8_lossy(body)).collect(),
            brand,
            settings,
            now: identity.clock.now_ms(),
        }
    }

    pub(crate) fn settings(&self) -> &IdentitySettings {
        &self.settings
    }

    /// The brand whose address this is.
    pub(crate) fn brand(&self) -> Result<&'a Brand, Refusal> {
        // Only the older sign-in has none, and it does not ask.
        self.brand
            .ok_or_else(|| Refusal::bad("invalid_request", "this address belongs to no realm"))
    }

    /// A parameter of the form. One that is given twice is an error, as the protocol wants it.
    pub(crate) fn value(&self, name: &str) -> Result<Option<&str>, Refusal> {
        single(&self.form, name)
    }

    /// A parameter of the query.
    pub(crate) fn query_value(&self, name: &str) -> Result<Option<&str>, Refusal> {
        single(&self.query, name)
    }

    /// A parameter of the form or the query: the older sign-in takes both.
    pub(crate) fn anywhere(&self, name: &str) -> Result<Option<&str>, Refusal> {
        match self.value(name)? {
            Some(value) => Ok(Some(value)),
            None => self.query_value(name),
        }
    }

    pub(crate) fn required(&self, name: &str) -> Result<&str, Refusal> {
        self.value(name)?.ok_or_else(|| {
            Refusal::bad(
                "invalid_request",
                &format!("Missing form parameter: {name}"),
            )
        })
    }

    /// The body has to be a form, by its label.
    pub(crate) fn must_be_form(&self) -> Result<(), Refusal> {
        let kind = self.call.header("content-type");
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Ok(());
        }
        Err(oauth(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "invalid_request",
            "expected `Content-Type: application/x-www-form-urlencoded`",
        )
        .into())
    }

    /// Scheme and host as the client sees them.
    pub(crate) fn origin(&self) -> String {
        self.settings.origin.clone().unwrap_or_else(|| {
            origin(
                self.call.header("host"),
                self.call.header("x-forwarded-proto"),
            )
        })
    }
}

fn single<'p>(pairs: &'p [(String, String)], name: &str) -> Result<Option<&'p str>, Refusal> {
    let mut found = pairs.iter().filter(|(key, _)| key == name);
    let first = found.next().map(|(_, value)| value.as_str());
    if found.next().is_some() {
        return Err(Refusal::bad("invalid_request", "duplicated parameter"));
    }
    Ok(first.filter(|value| !value.is_empty()))
}

/// This machine is spoken to without TLS, everything else through the proxy and so with it, unless `forwarded` tells.
fn origin(host: &str, forwarded: &str) -> String {
    let scheme = match forwarded {
        "http" | "https" => forwarded,
        _ if is_loopback(host) => "http",
        _ => "https",
    };
    format!("{scheme}://{host}")
}

/// Whether an authority, with or without port, is this machine.
pub(crate) fn is_loopback(authority: &str) -> bool {
    let name = match authority.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => authority,
    };
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || bare
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_spoken_to_without_tls() {
        assert_eq!(origin("127.0.0.1:80", ""), "http://127.0.0.1:80");
        assert_eq!(origin("localhost", ""), "http://localhost");
        assert_eq!(origin("[::1]:8080", ""), "http://[::1]:8080");
        assert_eq!(origin("id.jottacloud.com", ""), "https://id.jottacloud.com");
        assert_eq!(origin("localhost:1", "https"), "https://localhost:1");
    }
}
