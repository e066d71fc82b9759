//! Where a brand signs its users in.

use remote_core::error::{Error, ErrorKind, Result};
use serde::Deserialize;
use url::Url;

use crate::addresses::is_loopback;

/// The addresses for signing in that a brand publishes at its well-known address, as they are published.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Discovery {
    /// Issues and renews tokens.
    pub token_endpoint: Url,
    /// The page on which people sign in.
    pub authorization_endpoint: Option<Url>,
    /// Tells about the user.
    pub userinfo_endpoint: Option<Url>,
    /// Ends a sign-in.
    pub end_session_endpoint: Option<Url>,
}

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    token_endpoint: Option<String>,
    #[serde(default)]
    authorization_endpoint: Option<String>,
    #[serde(default)]
    userinfo_endpoint: Option<String>,
    #[serde(default)]
    end_session_endpoint: Option<String>,
}

impl Discovery {
    /// Reads the document. `from` is where it was published: it may name addresses of this machine only if it is on it.
    pub(crate) fn parse(json: &[u8], from: &Url) -> Result<Self> {
        let document: Document = serde_json::from_slice(json).map_err(|error| {
            unusable("the well-known address does not lead to a description of the sign-in")
                .with_source(error)
        })?;
        let address = |text: Option<String>| text.map(|text| safe(&text, from)).transpose();
        let Some(token_endpoint) = address(document.token_endpoint)? else {
            return Err(unusable(
                "the description of the sign-in names no address for tokens",
            ));
        };
        Ok(Self {
            token_endpoint,
            authorization_endpoint: address(document.authorization_endpoint)?,
            userinfo_endpoint: address(document.userinfo_endpoint)?,
            end_session_endpoint: address(document.end_session_endpoint)?,
        })
    }
}

fn safe(text: &str, from: &Url) -> Result<Url> {
    let url = Url::parse(text).map_err(|error| {
        unusable("the description of the sign-in names something that is no address")
            .with_source(error)
    })?;
    let on_this_machine = url.scheme() == "http" && is_loopback(&url) && is_loopback(from);
    if url.scheme() == "https" || on_this_machine {
        return Ok(url);
    }
    Err(unusable(
        "the description of the sign-in names an address that is not encrypted",
    ))
}

fn unusable(message: &str) -> Error {
    Error::with_message(ErrorKind::Protocol, message)
        .with_help("check the well-known address of the brand")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<Discovery> {
        let from = Url::parse("https://id.example.org/x").unwrap();
        Discovery::parse(json.as_bytes(), &from)
    }

    #[test]
    fn only_the_address_for_tokens_is_needed() {
        let found =
            parse(r#"{"token_endpoint":"https://id.example.org/token","issuer":5}"#).unwrap();
        assert_eq!(found.token_endpoint.path(), "/token");
        assert!(found.authorization_endpoint.is_none());
    }

    #[test]
    fn what_cannot_be_used_is_refused() {
        for json in [
            "",
            "<html>",
            "[]",
            "{}",
            r#"{"token_endpoint":"http://id.example.org/token"}"#,
            r#"{"token_endpoint":"http://127.0.0.1/token"}"#,
            r#"{"token_endpoint":"nonsense"}"#,
        ] {
            assert_eq!(
                parse(json).unwrap_err().kind(),
                ErrorKind::Protocol,
                "{json}"
            );
        }
    }
}
