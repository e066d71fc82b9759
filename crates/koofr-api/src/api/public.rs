//! The visitor's side of public links: no account is needed.

use remote_core::{
    error::{Error, ErrorKind, Result},
    secret::Secret,
};
use serde::Deserialize;

use super::download::{FileDownload, GetOptions};
use crate::{
    call::{Call, Route},
    client::Client,
    lenient,
    model::file::{Bundle, FileInfo},
    transport::LIST_BYTES,
};

/// What a public link leads to.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct PublicLinkInfo {
    /// Id of the link.
    #[serde(deserialize_with = "lenient::text")]
    pub id: String,
    /// Name of what it leads to.
    #[serde(deserialize_with = "lenient::text")]
    pub name: String,
    /// The file or folder.
    pub file: FileInfo,
    /// Where its content is to be fetched, if not from the installation itself.
    #[serde(deserialize_with = "lenient::opt_text")]
    pub public_url_base: Option<String>,
}

impl Client {
    /// What a public link leads to. No credentials are sent. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound) if there is no such link or it has ended,
    /// [`Authentication`](ErrorKind::Authentication) for a missing or wrong password of the link.
    pub async fn public_link(&self, id: &str, password: Option<&Secret>) -> Result<PublicLinkInfo> {
        let call = Call::get(Route::ApiV2 { header: true }, "public/links/{id}")
            .at("public/links")
            .id(id);
        self.json(visit(call, password)).await.map_err(ended)
    }

    /// What is at a path below a public link, and what it contains. No credentials are sent. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// As for [`public_link`](Self::public_link).
    pub async fn public_bundle(
        &self,
        id: &str,
        path: &str,
        password: Option<&Secret>,
    ) -> Result<Bundle> {
        let call = Call::get(Route::ApiV2 { header: true }, "public/links/{id}/bundle")
            .at("public/links")
            .id(id)
            .at("bundle")
            .path(path);
        self.json_within(visit(call, password), LIST_BYTES)
            .await
            .map_err(ended)
    }

    /// Downloads a file through a public link: `path` is `/` for a linked file, else that of the file below the linked folder.
    /// No credentials are sent. Repeated, until the body begins, after failures that allow it.
    ///
    /// Of the options, only the range and `force` are looked at.
    ///
    /// # Errors
    ///
    /// As for [`public_link`](Self::public_link) and [`get`](Self::get).
    pub async fn public_get(
        &self,
        id: &str,
        path: &str,
        name: &str,
        password: Option<&Secret>,
        options: &GetOptions,
    ) -> Result<FileDownload> {
        let mut page = self.inner.base.clone();
        page.set_path(&format!("{}/links/{id}", page.path().trim_end_matches('/')));
        let call = Call::get(Route::Root, "content/links/{id}/files/get")
            .at("content/links")
            .id(id)
            .at("files/get")
            .id(name)
            .path(path)
            .flag("force", options.force)
            // The service refuses visitors that do not come from its own page.
            .header("referer", page.as_str());
        self.download(visit(call, password), options.range.as_ref())
            .await
            .map_err(ended)
    }
}

fn visit(call: Call, password: Option<&Secret>) -> Call {
    call.query_opt("password", password.map(Secret::expose))
        .public()
}

/// Links that do not exist are answered without the service's own form.
fn ended(error: Error) -> Error {
    match (error.kind(), error.http_status()) {
        (ErrorKind::Protocol, Some(404)) => Error::new(ErrorKind::NotFound)
            .with_http_status(404)
            .with_help("ask for a new link: this one has ended or was removed")
            .with_source(error),
        _ => error,
    }
}
