//! Uploads.

use http::Method;
use remote_core::{
    error::{Error, ErrorKind, Result},
    http::Body,
    secret::Secret,
};
use serde::Deserialize;

use super::files::{Conditions, StoredName};
use crate::{
    call::{Call, Route},
    client::Client,
    lenient,
    model::file::FileInfo,
    text_enum,
};

/// What an upload does with a file that has the name already, in any case.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum PutMode {
    /// Stores under a free name, such as `name (1).txt`; the answer tells which.
    AutoRename,
    /// Fails with [`AlreadyExists`](ErrorKind::AlreadyExists). Of several uploads at the same time exactly one wins.
    CreateOnly,
    /// Replaces it.
    #[default]
    Overwrite,
    /// Replaces it if all conditions hold, else fails with [`PreconditionFailed`](ErrorKind::PreconditionFailed), also when nothing is there.
    OverwriteIf(Conditions),
    /// Replaces it if all conditions hold, creates it if nothing is there, else fails with [`PreconditionFailed`](ErrorKind::PreconditionFailed).
    OverwriteIfOrCreate(Conditions),
}

/// How to upload.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct PutOptions {
    /// What to do with a file that has the name already; it is replaced by default.
    pub mode: PutMode,
    /// Modification time to store, in milliseconds since 1970; the time of the upload when absent. Some connected clouds do not keep
    /// it: the answer tells what was stored.
    pub modified: Option<i64>,
    /// Size in bytes to announce, so that a full storage refuses early; the size of the body when absent, if that is known.
    pub size: Option<u64>,
    /// First tags, as pairs of key and value. Not every installation takes them.
    pub tags: Vec<(String, String)>,
    /// Media type to send. The service derives the stored one from the name.
    pub content_type: Option<String>,
}

impl PutOptions {
    /// Sets [`mode`](Self::mode).
    #[must_use]
    pub fn with_mode(mut self, mode: PutMode) -> Self {
        self.mode = mode;
        self
    }

    /// Sets [`modified`](Self::modified).
    #[must_use]
    pub fn with_modified(mut self, millis: i64) -> Self {
        self.modified = Some(millis);
        self
    }

    /// Sets [`size`](Self::size).
    #[must_use]
    pub fn with_size(mut self, bytes: u64) -> Self {
        self.size = Some(bytes);
        self
    }

    /// Adds one of the [`tags`](Self::tags).
    #[must_use]
    pub fn with_tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.push((key.into(), value.into()));
        self
    }

    /// Sets [`content_type`](Self::content_type).
    #[must_use]
    pub fn with_content_type(mut self, content_type: impl Into<String>) -> Self {
        self.content_type = Some(content_type.into());
        self
    }
}

text_enum! {
    /// An empty office document to create.
    pub enum Template {
        /// A text document.
        Docx = "docx",
        /// Slides.
        Pptx = "pptx",
        /// A spreadsheet.
        Xlsx = "xlsx",
    }
}

#[derive(Deserialize)]
pub(crate) struct DirectLink {
    #[serde(default, deserialize_with = "lenient::text")]
    link: String,
}

impl DirectLink {
    pub(crate) fn into_secret(self) -> Result<Secret> {
        if self.link.is_empty() {
            return Err(Error::with_message(
                ErrorKind::Protocol,
                "the answer has no link in it",
            ));
        }
        Ok(Secret::new(self.link))
    }
}

impl Client {
    /// Uploads a file into an existing folder. The body is sent as it is, with its length if that is known. One attempt.
    ///
    /// The content becomes visible at once when all of it has arrived; an upload that breaks off leaves nothing. Compare the answer's name,
    /// size and hash with what was sent: it is what the service has stored.
    ///
    /// Cost: one request, plus one small request before the first upload of a client that has not made any call yet.
    ///
    /// # Errors
    ///
    /// * [`AlreadyExists`](ErrorKind::AlreadyExists) and [`PreconditionFailed`](ErrorKind::PreconditionFailed) as [`PutMode`] says,
    /// * [`IsADirectory`](ErrorKind::IsADirectory) if the name is that of a folder,
    /// * [`NotFound`](ErrorKind::NotFound) if the parent does not exist,
    /// * [`QuotaExceeded`](ErrorKind::QuotaExceeded) if the storage is full,
    /// * [`InvalidName`](ErrorKind::InvalidName) for a refused name,
    /// * [`InvalidInput`](ErrorKind::InvalidInput) for conditions without any condition in them,
    /// * [`Authentication`](ErrorKind::Authentication) with [`RetryAdvice::Safe`](remote_core::error::RetryAdvice::Safe) when a token has
    ///   ended and was renewed, so that the upload may be made once more.
    ///
    /// At level 2.0 the service says "exists" with a bare 400, which is [`InvalidInput`](ErrorKind::InvalidInput) here unless it names the reason.
    ///
    /// # Cancellation
    ///
    /// The file may have been stored if all of the body was sent.
    pub async fn put(
        &self,
        mount: &str,
        parent: &str,
        name: &str,
        body: Body,
        options: &PutOptions,
    ) -> Result<FileInfo> {
        let size = options.size.or_else(|| size_of_body(&body));
        let mut call = Call::change(Method::POST, Route::Content, "files/put")
            .mount(mount, "files/put")
            .path(parent)
            .checks_name(name)
            .query("filename", name)
            .query("info", "true");
        call = with_mode(call, &options.mode)?
            .query_opt("modified", options.modified)
            .query_opt("size", size);
        for (key, value) in &options.tags {
            call = call.query("tags", &format!("{key}={value}"));
        }
        let content_type = options.content_type.as_deref();
        call = call.header(
            "content-type",
            content_type.unwrap_or("application/octet-stream"),
        );
        let stored = self.send_body(&call, body).await;
        stored.map_err(|error: Error| match (error.kind(), &options.mode) {
            (ErrorKind::PreconditionFailed, PutMode::CreateOnly) => {
                error.with_kind(ErrorKind::AlreadyExists)
            }
            _ => error,
        })
    }

    /// An address to which anyone can upload into a folder for some time, without credentials. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound) if the folder does not exist.
    pub async fn upload_link(&self, mount: &str, path: &str) -> Result<Secret> {
        let call = Call::get(Route::Api, "files/upload")
            .mount(mount, "files/upload")
            .path(path);
        self.json::<DirectLink>(call).await?.into_secret()
    }

    /// Creates an empty office document in a folder, under a name of the service's choice, which is in the answer. One attempt.
    ///
    /// What the path stands for is not published; that it is the folder follows from the answer.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound) if the folder does not exist.
    pub async fn create_from_template(
        &self,
        mount: &str,
        folder: &str,
        template: &Template,
    ) -> Result<StoredName> {
        let call = Call::change(Method::PUT, Route::Api, "files/create")
            .mount(mount, "files/create")
            .id(template.as_str())
            .path(folder);
        self.json_or_empty(call).await
    }
}

fn size_of_body(body: &Body) -> Option<u64> {
    match body {
        Body::Empty => Some(0),
        Body::Bytes(bytes) | Body::Typed { bytes, .. } => Some(bytes.len() as u64),
        Body::Stream { size, .. } => *size,
        _ => None,
    }
}

fn with_mode(call: Call, mode: &PutMode) -> Result<Call> {
    let call = call.query(
        "autorename",
        if *mode == PutMode::AutoRename {
            "true"
        } else {
            "false"
        },
    );
    let (conditions, or_create) = match mode {
        PutMode::AutoRename | PutMode::CreateOnly => return Ok(call),
        // The flag is what rclone sends beside `overwrite`, and means nothing without conditions.
        PutMode::Overwrite => {
            return Ok(call
                .query("overwrite", "true")
                .flag("overwriteIgnoreNonexisting", true));
        }
        PutMode::OverwriteIf(conditions) => (conditions, false),
        PutMode::OverwriteIfOrCreate(conditions) => (conditions, true),
    };
    if conditions.is_empty() {
        return Err(Error::with_message(
            ErrorKind::InvalidInput,
            "a conditional upload needs a condition",
        ));
    }
    // `overwrite=true` stays out: a server that does not know the conditions then refuses instead of replacing.
    Ok(call
        .query_opt("overwriteIfModified", conditions.modified)
        .query_opt("overwriteIfSize", conditions.size)
        .query_opt("overwriteIfHash", conditions.hash.as_deref())
        .flag("overwriteIgnoreNonexisting", or_create))
}
