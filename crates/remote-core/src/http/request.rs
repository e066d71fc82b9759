//! One request, still to be sent.

use std::{borrow::Borrow, fmt, time::Duration};

use url::Url;

use super::{Body, HeaderMap, HeaderName, HeaderValue, Method, header, redacted};
use crate::{
    error::{Error, ErrorKind, Result},
    secret::Secret,
};

/// One request, built anew for every attempt.
///
/// `Debug` shows method, redacted address and label only.
#[must_use = "a request does nothing until it is sent"]
pub struct Request {
    pub(super) head: Head,
    pub(super) body: Body,
    invalid: Option<String>,
}

/// All of a request but its body, which only one task at a time can hold.
pub(super) struct Head {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) label: &'static str,
    pub(super) headers: HeaderMap,
    pub(super) changes: bool,
    pub(super) follow_redirects: Option<bool>,
    pub(super) allow_foreign_redirect: bool,
    pub(super) response_timeout: Option<Duration>,
    pub(super) attempt: u32,
}

impl Request {
    /// A request without body, headers and consequences.
    ///
    /// `label` names the kind of call in `tracing` events, such as `files/info`; no part of it may be secret.
    pub fn new(method: Method, url: Url, label: &'static str) -> Self {
        Self {
            head: Head {
                method,
                url,
                label,
                headers: HeaderMap::new(),
                changes: false,
                follow_redirects: None,
                allow_foreign_redirect: false,
                response_timeout: None,
                attempt: 1,
            },
            body: Body::Empty,
            invalid: None,
        }
    }

    /// Adds a header. A name or value that HTTP does not allow makes the sending fail with [`ErrorKind::InvalidInput`].
    pub fn header(self, name: impl TryInto<HeaderName>, value: impl AsRef<[u8]>) -> Self {
        self.add(name, value.as_ref(), false)
    }

    /// Adds a header whose value is secret: it never follows a redirect to another host, port or scheme.
    pub fn secret_header(self, name: impl TryInto<HeaderName>, value: impl Borrow<Secret>) -> Self {
        self.add(name, value.borrow().expose().as_bytes(), true)
    }

    /// Sets the `Authorization` header, such as `Bearer …`; see [`auth::basic`](crate::auth::basic) and
    /// [`auth::bearer`](crate::auth::bearer). It is sent to the origin of this request's address only.
    pub fn authorization(mut self, value: impl Borrow<Secret>) -> Self {
        self.head.headers.remove(header::AUTHORIZATION);
        self.secret_header(header::AUTHORIZATION, value)
    }

    /// Sets the body; unless a header says otherwise, [`Body::json`] and [`Body::form`] bring their content type along.
    pub fn body(mut self, body: Body) -> Self {
        self.body = body;
        self
    }

    /// Says that the request changes something at the service, so that a lost answer means
    /// [`Effect::Unknown`](crate::error::Effect::Unknown); `false` unless set.
    pub fn changes(mut self, changes: bool) -> Self {
        self.head.changes = changes;
        self
    }

    /// Whether redirects are followed; `true` for `GET` and `HEAD` without a body, which are the only requests that can, unless set.
    ///
    /// At most five are followed, and never from `https` to plain `http`. Secret headers are left out as soon as
    /// scheme, host or port differ. Another host is an error unless [allowed](Self::allow_foreign_redirect). With `false` the
    /// redirecting answer itself is returned.
    pub fn follow_redirects(mut self, follow: bool) -> Self {
        self.head.follow_redirects = Some(follow);
        self
    }

    /// Allows redirects to other hosts, which get none of the secret headers; `false` unless set.
    pub fn allow_foreign_redirect(mut self, allow: bool) -> Self {
        self.head.allow_foreign_redirect = allow;
        self
    }

    /// Overrides [`HttpSettings::response_timeout`](super::HttpSettings::response_timeout).
    pub fn response_timeout(mut self, timeout: Duration) -> Self {
        self.head.response_timeout = Some(timeout);
        self
    }

    /// The number of the attempt, for `tracing` events only; one unless set.
    pub fn attempt(mut self, number: u32) -> Self {
        self.head.attempt = number;
        self
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.head.method
    }

    /// The address, which may contain secrets.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.head.url
    }

    pub(super) fn validate(&self) -> Result<()> {
        match &self.invalid {
            Some(name) => Err(Error::with_message(
                ErrorKind::InvalidInput,
                format!("the value for header {name} cannot be sent"),
            )
            .with_help("header values, passwords included, must not contain line breaks")),
            None => Ok(()),
        }
    }

    fn add(mut self, name: impl TryInto<HeaderName>, value: &[u8], secret: bool) -> Self {
        let Ok(name) = name.try_into() else {
            self.invalid.get_or_insert_with(|| "(bad name)".to_owned());
            return self;
        };
        match HeaderValue::from_bytes(value) {
            Ok(mut value) => {
                value.set_sensitive(secret);
                self.head.headers.append(name, value);
            }
            Err(_) => {
                self.invalid.get_or_insert_with(|| name.to_string());
            }
        }
        self
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.head.method)
            .field("url", &redacted(&self.head.url))
            .field("label", &self.head.label)
            .finish_non_exhaustive()
    }
}
