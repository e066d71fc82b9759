//! What browsers are shown.

use url::Url;

use crate::{error::Result, secret::Secret};

/// An answer: a status, perhaps an address to go on to, and a text.
pub(super) struct Page {
    status: &'static str,
    location: Option<String>,
    title: &'static str,
    text: String,
}

impl Page {
    fn new(status: &'static str, title: &'static str, text: impl Into<String>) -> Self {
        Self {
            status,
            location: None,
            title,
            text: text.into(),
        }
    }

    /// What came of the sign-in.
    pub(super) fn result(outcome: &Result<Secret>) -> Self {
        match outcome {
            Ok(_) => Self::new(
                "200 OK",
                "Signed in",
                "You can close this page and go back to the program.",
            ),
            Err(error) => Self::new(
                "200 OK",
                "Not signed in",
                format!("{error}. You can close this page and go back to the program."),
            ),
        }
    }

    pub(super) fn redirect(to: &Url) -> Self {
        Self {
            location: Some(to.to_string()),
            ..Self::new(
                "307 Temporary Redirect",
                "Signing in",
                "You are sent to the sign-in page.",
            )
        }
    }

    pub(super) fn bad(text: &str) -> Self {
        Self::new("400 Bad Request", "Not understood", text)
    }

    pub(super) fn forbidden(text: &str) -> Self {
        Self::new("403 Forbidden", "Not allowed", text)
    }

    pub(super) fn not_found() -> Self {
        Self::new("404 Not Found", "Not found", "There is no such page.")
    }

    pub(super) fn too_long() -> Self {
        Self::new(
            "431 Request Header Fields Too Large",
            "Not understood",
            "The request is too long.",
        )
    }

    pub(super) fn wrong_method() -> Self {
        Self::new(
            "405 Method Not Allowed",
            "Not allowed",
            "This page can only be read.",
        )
    }

    /// The answer as it is sent. It is not kept, loads nothing, and does not tell its address to other pages.
    pub(super) fn to_bytes(&self, without_body: bool) -> Vec<u8> {
        let body = format!(
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title></head><body><h1>{title}</h1><p>{text}</p></body></html>\n",
            title = self.title,
            text = escape(&self.text)
        );
        let mut head = format!(
            "HTTP/1.1 {}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\nContent-Security-Policy: default-src 'none'\r\nReferrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n",
            self.status,
            body.len()
        );
        if let Some(location) = &self.location {
            // An address that was parsed has no line ends in it.
            head.push_str(&format!("Location: {location}\r\n"));
        }
        head.push_str("\r\n");
        if !without_body {
            head.push_str(&body);
        }
        head.into_bytes()
    }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}
