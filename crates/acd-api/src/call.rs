//! What a method asks for, before it becomes a request: built again for every attempt.

use bytes::Bytes;
use http::Method;
use remote_core::{
    error::{Error, ErrorKind},
    http::{Query, escaped},
};
use serde::Serialize;
use url::Url;

use crate::addresses::below;

/// Below which address a call goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Base {
    /// Where the others are asked for.
    Bootstrap,
    /// Contents.
    Content,
    /// Everything else.
    Metadata,
}

/// One call of the service.
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) base: Base,
    pub(crate) label: &'static str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) json: Option<Bytes>,
    /// Repeating the very same request does no harm.
    pub(crate) repeatable: bool,
    pub(crate) changes: bool,
    path: String,
    query: Query,
    invalid: Option<Error>,
}

impl Call {
    /// A call that only reads.
    pub(crate) fn get(base: Base, label: &'static str) -> Self {
        Self {
            method: Method::GET,
            base,
            label,
            headers: Vec::new(),
            json: None,
            repeatable: true,
            changes: false,
            path: String::new(),
            query: Query::default(),
            invalid: None,
        }
    }

    /// A call that changes something; one attempt.
    pub(crate) fn change(method: Method, base: Base, label: &'static str) -> Self {
        let mut call = Self::get(base, label);
        call.method = method;
        call.repeatable = false;
        call.changes = true;
        call
    }

    /// A call with `POST` that only reads.
    pub(crate) fn reading_post(base: Base, label: &'static str) -> Self {
        let mut call = Self::get(base, label);
        call.method = Method::POST;
        call
    }

    /// One attempt only, because the caller repeats more than this call.
    pub(crate) fn once(mut self) -> Self {
        self.repeatable = false;
        self
    }

    /// Appends fixed segments, such as `account/quota`.
    pub(crate) fn at(mut self, segments: &str) -> Self {
        if !self.path.is_empty() {
            self.path.push('/');
        }
        self.path.push_str(segments);
        self
    }

    /// Appends one segment with a value of the caller, such as an id.
    pub(crate) fn id(mut self, id: &str) -> Self {
        // Dot segments would be resolved away, in every spelling, and an empty one leads to another operation.
        if matches!(id, "" | "." | "..") {
            self.invalid = Some(Error::with_message(
                ErrorKind::InvalidInput,
                format!("{id:?} is no id"),
            ));
        }
        self.path.push_str(&format!("/{}", escaped(id)));
        self
    }

    /// Adds a parameter.
    pub(crate) fn query(mut self, key: &str, value: &str) -> Self {
        self.query.add(key, value);
        self
    }

    /// Adds a parameter if it has a value.
    pub(crate) fn query_opt(self, key: &str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.query(key, &value.to_string()),
            None => self,
        }
    }

    /// Adds a header.
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Sets a body of JSON.
    pub(crate) fn json(mut self, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(bytes) => self.json = Some(bytes.into()),
            Err(error) => {
                self.invalid = Some(
                    Error::with_message(ErrorKind::InvalidInput, "the values cannot be sent")
                        .with_source(error),
                );
            }
        }
        self
    }

    /// What is wrong with the arguments, if anything; found before anything is sent.
    pub(crate) fn take_invalid(&mut self) -> Option<Error> {
        self.invalid.take()
    }

    /// Where the call goes.
    pub(crate) fn url(&self, base: &Url) -> Url {
        below(base, &self.path, self.query.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::Filter;

    // Specification of the service, section 6.2 and appendix A.2.
    #[test]
    fn filters_are_escaped_twice() {
        let filter = Filter::child_of("f1f1").and(Filter::name("q1 (draft)+.txt"));
        let call = Call::get(Base::Metadata, "t")
            .at("nodes")
            .query("filters", filter.as_str());
        let url = call.url(&Url::parse("http://h/drive/v1/").unwrap());
        assert_eq!(
            url.as_str(),
            "http://h/drive/v1/nodes?filters=parents%3A%22f1f1%22%20AND%20name%3A%22q1%5C%20%5C%28draft%5C%29%5C%2B.txt%22"
        );
    }

    #[test]
    fn an_id_is_one_segment() {
        let base = Url::parse("http://h/v1").unwrap();
        let url = |id: &str| {
            Call::get(Base::Metadata, "t")
                .at("nodes")
                .id(id)
                .at("children")
                .url(&base)
        };
        assert_eq!(url("-a_b").path(), "/v1/nodes/-a_b/children");
        assert_eq!(url("a/../b?").path(), "/v1/nodes/a%2F..%2Fb%3F/children");
        for id in ["", ".", ".."] {
            assert!(
                Call::get(Base::Metadata, "t")
                    .id(id)
                    .take_invalid()
                    .is_some()
            );
        }
    }
}
