//! What the server needs to know about an emulated service.

use bytes::Bytes;
use futures::future::BoxFuture;
use hyper::header::HeaderMap;
use hyper::upgrade::OnUpgrade;
use hyper::{Method, StatusCode};

use crate::body::{BodyError, RequestBody};
use crate::reply::Reply;

/// Names in the JSON of a service that faults have to find.
#[derive(Debug)]
pub(crate) struct JsonFields {
    pub(crate) hash: &'static str,
    pub(crate) size: &'static str,
    pub(crate) space: &'static [&'static str],
    /// The header that describes the file of a download.
    pub(crate) info_header: &'static str,
}

/// A request on its way through a service.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: RequestBody,
    pub(crate) upgrade: Option<OnUpgrade>,
    /// What is created stays hidden from readers this long, by the emulator's clock.
    pub(crate) hide_for_ms: Option<u64>,
    /// MD5 of what was sent, once known.
    pub(crate) body_md5: Option<String>,
}

impl Call {
    /// A header as text; empty when absent or not text.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The whole request body, remembered by its MD5.
    pub(crate) async fn read_body(&mut self, limit: usize) -> Result<Bytes, BodyError> {
        let bytes = self.body.read_all(limit).await?;
        if !bytes.is_empty() {
            self.body_md5 = Some(crate::store::md5_hex(&bytes));
        }
        Ok(bytes)
    }
}

/// An emulated service.
pub(crate) trait Service: Send + Sync + 'static {
    /// The stable name of the endpoint a request goes to.
    fn endpoint(&self, method: &Method, path: &str) -> &'static str;

    /// The same for a service whose queries say what is to be done.
    fn endpoint_of(&self, method: &Method, path: &str, _query: &str) -> &'static str {
        self.endpoint(method, path)
    }

    /// Handles a request. An error means that the connection is closed without an answer.
    fn handle<'a>(&'a self, call: &'a mut Call) -> BoxFuture<'a, Result<Reply, BodyError>>;

    /// The service's error document.
    fn error(&self, status: StatusCode, code: &str, message: &str) -> Reply;

    /// The same for a service that words errors differently at some of its endpoints.
    fn error_at(&self, _endpoint: &str, status: StatusCode, code: &str, message: &str) -> Reply {
        self.error(status, code, message)
    }

    /// The answer for a storage that is not connected.
    fn offline(&self) -> Reply;

    /// The answer for a full storage.
    fn quota_exceeded(&self) -> Reply;

    /// The answer for a client that asks too often.
    fn too_many_requests(&self) -> Reply {
        Reply::text(StatusCode::TOO_MANY_REQUESTS, "too many requests")
    }

    /// Ends the life of all access tokens, and of refresh tokens too when `all`.
    fn expire_tokens(&self, all: bool);

    /// Connects or disconnects a storage; false when there is none of that name.
    fn set_online(&self, storage: &str, online: bool) -> bool;

    fn json_fields(&self) -> &'static JsonFields;

    /// Answers an administration command that only this service has; nothing for one it does not know.
    fn administer(&self, _command: &str, _method: &Method, _body: &Bytes) -> Option<Reply> {
        None
    }
}
