//! What a method asks for, before it becomes a request: built again for every attempt.

use bytes::Bytes;
use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use remote_core::{
    error::{Error, ErrorKind, Result},
    secret::Secret,
};
use serde::Serialize;
use url::Url;

use crate::{error::classify::Asked, level::WireLevel};

/// Everything but the unreserved characters is escaped; for path segments and form values.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Like [`SEGMENT`], but slashes stay: the service takes them raw, and the addresses stay readable.
const QUERY: &AsciiSet = &SEGMENT.remove(b'/');

/// Below which part of the service an address lies.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Route {
    /// `/api/v…`: metadata.
    Api,
    /// `/api/v2`, whatever the level is, with or without the version header.
    ApiV2 { header: bool },
    /// `/content/api/v…`: bytes.
    Content,
    /// `/content/api/v…`, at least at level 2.1: offered on the older path only with the version header.
    Content21,
    /// The root of the host.
    Root,
}

impl Route {
    /// Whether the address depends on the level of the installation.
    pub(crate) fn has_level(self) -> bool {
        matches!(self, Self::Api | Self::Content | Self::Content21)
    }

    fn prefix(self, level: WireLevel) -> String {
        match self {
            Self::Api => format!("/api/{}", level.path()),
            Self::ApiV2 { .. } => "/api/v2".to_owned(),
            Self::Content | Self::Content21 => format!("/content/api/{}", level.path()),
            Self::Root => String::new(),
        }
    }

    pub(crate) fn sends_header(self, level: WireLevel) -> bool {
        match self {
            Self::Api | Self::Content => level.sends_header(),
            Self::ApiV2 { header } => header,
            Self::Content21 => true,
            Self::Root => false,
        }
    }
}

/// A body that can be sent any number of times.
#[derive(Clone)]
pub(crate) struct Payload {
    pub(crate) content_type: &'static str,
    pub(crate) bytes: Bytes,
}

/// One call of the service. Not `Debug`: bodies and headers may hold secrets.
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) route: Route,
    pub(crate) label: &'static str,
    pub(crate) payload: Option<Payload>,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) secret_headers: Vec<(&'static str, Secret)>,
    /// Repeating the very same request does no harm.
    pub(crate) repeatable: bool,
    /// Sent without credentials.
    pub(crate) public: bool,
    pub(crate) follow_redirects: bool,
    /// An answer that points elsewhere is what the call is for.
    pub(crate) wants_redirect: bool,
    /// The answer is content of a file, of whatever type.
    pub(crate) any_content: bool,
    pub(crate) asked: Asked,
    path: String,
    query: String,
    /// An argument that cannot be put into a request; found while building, reported by [`Call::url`].
    invalid: Option<String>,
}

impl Call {
    /// A call that only reads.
    pub(crate) fn get(route: Route, label: &'static str) -> Self {
        Self {
            method: Method::GET,
            route,
            label,
            payload: None,
            headers: Vec::new(),
            secret_headers: Vec::new(),
            repeatable: true,
            public: false,
            follow_redirects: true,
            wants_redirect: false,
            any_content: false,
            asked: Asked::default(),
            path: String::new(),
            query: String::new(),
            invalid: None,
        }
    }

    /// A call that changes something; one attempt, unless [`repeatable`](Self::repeatable) is called.
    pub(crate) fn change(method: Method, route: Route, label: &'static str) -> Self {
        let mut call = Self::get(route, label);
        call.method = method;
        call.repeatable = false;
        call.follow_redirects = false;
        call.asked.changes = true;
        call
    }

    /// A call with `POST` that only reads.
    pub(crate) fn reading_post(route: Route, label: &'static str) -> Self {
        let mut call = Self::get(route, label);
        call.method = Method::POST;
        call.follow_redirects = false;
        call
    }

    /// Marks a change whose repetition has the same result as doing it once.
    pub(crate) fn repeatable(mut self) -> Self {
        self.repeatable = true;
        self
    }

    /// Sends no credentials.
    pub(crate) fn public(mut self) -> Self {
        self.public = true;
        self
    }

    /// Asks for an address: an answer that points elsewhere is handed out.
    pub(crate) fn wants_redirect(mut self) -> Self {
        self.follow_redirects = false;
        self.wants_redirect = true;
        self
    }

    /// Asks for content of any type.
    pub(crate) fn any_content(mut self) -> Self {
        self.any_content = true;
        self
    }

    /// Appends fixed segments, such as `files/info`.
    pub(crate) fn at(mut self, segments: &str) -> Self {
        self.path.push('/');
        self.path.push_str(segments);
        self
    }

    /// Appends one segment with a value of the caller, such as an id.
    pub(crate) fn id(mut self, id: &str) -> Self {
        // Dot segments would be resolved away, in every spelling, and lead to another address.
        if matches!(id, "" | "." | "..") {
            self.invalid = Some(format!("{id:?} is not an id"));
        }
        self.path.push('/');
        self.path.extend(utf8_percent_encode(id, SEGMENT));
        self
    }

    /// Appends `mounts/{mount}` and fixed segments.
    pub(crate) fn mount(self, mount: &str, segments: &str) -> Self {
        let call = self.at("mounts").id(mount);
        if segments.is_empty() {
            call
        } else {
            call.at(segments)
        }
    }

    /// Adds a parameter.
    pub(crate) fn query(mut self, key: &str, value: &str) -> Self {
        if !self.query.is_empty() {
            self.query.push('&');
        }
        self.query.push_str(key);
        self.query.push('=');
        self.query.extend(utf8_percent_encode(value, QUERY));
        self
    }

    /// Adds a parameter if it has a value.
    pub(crate) fn query_opt(self, key: &str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.query(key, &value.to_string()),
            None => self,
        }
    }

    /// Adds a flag: the service wants an empty value, not `true`.
    pub(crate) fn flag(self, key: &str, on: bool) -> Self {
        if on { self.query(key, "") } else { self }
    }

    /// Adds the parameter `path`.
    pub(crate) fn path(self, path: &str) -> Self {
        self.checks_path(path).query("path", path)
    }

    /// Remembers whether a path of the call is one that the service refuses.
    pub(crate) fn checks_path(mut self, path: &str) -> Self {
        self.asked.bad_name |= !path.split('/').all(is_path_segment);
        self
    }

    /// Remembers whether a name of the call is one that the service refuses.
    pub(crate) fn checks_name(mut self, name: &str) -> Self {
        self.asked.bad_name |= !is_name(name);
        self
    }

    /// Notes that the body has a name or path in it.
    pub(crate) fn name_in_body(mut self) -> Self {
        self.asked.name_in_body = true;
        self
    }

    /// Sets a body of JSON.
    pub(crate) fn json(mut self, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(bytes) => {
                self.payload = Some(Payload {
                    content_type: "application/json",
                    bytes: bytes.into(),
                });
            }
            Err(error) => self.invalid = Some(error.to_string()),
        }
        self
    }

    /// Sets a body of form fields.
    pub(crate) fn form<'a>(mut self, fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut text = String::new();
        for (key, value) in fields {
            if !text.is_empty() {
                text.push('&');
            }
            text.push_str(key);
            text.push('=');
            text.extend(utf8_percent_encode(value, SEGMENT));
        }
        self.payload = Some(Payload {
            content_type: "application/x-www-form-urlencoded",
            bytes: text.into(),
        });
        self
    }

    /// Adds a header.
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Adds a header that no other host may see.
    pub(crate) fn secret_header(mut self, name: &'static str, value: Secret) -> Self {
        self.secret_headers.push((name, value));
        self
    }

    /// Where the call goes.
    pub(crate) fn url(&self, base: &Url, level: WireLevel) -> Result<Url> {
        if let Some(reason) = &self.invalid {
            return Err(Error::with_message(
                ErrorKind::InvalidInput,
                reason.as_str(),
            ));
        }
        let mut url = base.clone();
        let prefix = base.path().trim_end_matches('/');
        url.set_path(&format!(
            "{prefix}{}{}",
            self.route.prefix(level),
            self.path
        ));
        url.set_query(Some(self.query.as_str()).filter(|query| !query.is_empty()));
        Ok(url)
    }
}

/// Whether the service takes a text as one segment of a path; empty segments are collapsed.
fn is_path_segment(segment: &str) -> bool {
    !matches!(segment, "." | "..") && !segment.contains('\\')
}

/// Whether the service takes a text as a name.
fn is_name(name: &str) -> bool {
    !name.is_empty()
        && is_path_segment(name)
        && !name.contains(|c: char| c == '/' || c == '\u{7f}' || c < '\u{20}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(call: &Call) -> String {
        let base = Url::parse("https://files.example.org/sub/").unwrap();
        call.url(&base, WireLevel::V2_1).unwrap().to_string()
    }

    #[test]
    fn query_values_are_escaped_down_to_unreserved_characters() {
        let call = Call::get(Route::Content, "t")
            .mount("m 1", "files/put")
            .path("/top/x")
            .query("filename", "b c+é&=#%.txt");
        assert_eq!(
            url(&call),
            "https://files.example.org/sub/content/api/v2.1/mounts/m%201/files/put\
             ?path=/top/x&filename=b%20c%2B%C3%A9%26%3D%23%25.txt"
        );
    }

    #[test]
    fn ids_that_would_lead_elsewhere_are_refused() {
        for id in ["", ".", ".."] {
            let call = Call::get(Route::Api, "t").mount(id, "files/info");
            let base = Url::parse("https://h/").unwrap();
            let error = call.url(&base, WireLevel::V2_0).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
        }
        let call = Call::get(Route::Api, "t").mount("../x?y", "files/info");
        assert!(url(&call).contains("/mounts/..%2Fx%3Fy/files/info"));
    }

    #[test]
    fn names_are_judged_like_the_service_does() {
        for name in ["a", " a", "a.", "...", "a:b*c?\"<>|", "\u{1f600}"] {
            assert!(is_name(name), "{name:?}");
        }
        for name in ["", ".", "..", "a/b", "a\\b", "a\u{7f}", "\n"] {
            assert!(!is_name(name), "{name:?}");
        }
        assert!(!Call::get(Route::Api, "t").path("//a/b/").asked.bad_name);
        assert!(Call::get(Route::Api, "t").path("/a/../b").asked.bad_name);
    }

    #[test]
    fn forms_escape_slashes_too() {
        let call = Call::get(Route::Api, "t").form([("files", "m:/a b"), ("files", "x&y")]);
        let payload = call.payload.unwrap();
        assert_eq!(&payload.bytes[..], b"files=m%3A%2Fa%20b&files=x%26y");
    }
}
