//! Former contents of files, and points in time to go back to.

use http::Method;
use remote_core::error::Result;
use serde::{Deserialize, Serialize};

use crate::{
    call::{Call, Route},
    client::Client,
    lenient,
    model::{file::FileVersion, job::Job, trash::Snapshot},
    transport::LIST_BYTES,
};

#[derive(Deserialize)]
struct Versions {
    #[serde(default, deserialize_with = "lenient::or_default")]
    versions: Vec<FileVersion>,
}

#[derive(Deserialize)]
struct Snapshots {
    #[serde(default, deserialize_with = "lenient::or_default")]
    snapshots: Vec<Snapshot>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Recovered {
    #[serde(default, deserialize_with = "lenient::text")]
    new_path: String,
}

impl Client {
    /// The former contents of a file. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound) if nothing is there.
    pub async fn versions(&self, mount: &str, path: &str) -> Result<Vec<FileVersion>> {
        let call = Call::get(Route::Api, "files/versions")
            .mount(mount, "files/versions")
            .path(path);
        let answer: Versions = self.json_within(call, LIST_BYTES).await?;
        Ok(answer.versions)
    }

    /// Stores a former content as a **new** file and returns its path. One attempt.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound) if there is no such version.
    pub async fn recover_version(&self, mount: &str, path: &str, version: &str) -> Result<String> {
        let call = Call::change(Method::POST, Route::Api, "files/versions/recover")
            .mount(mount, "files/versions/recover")
            .path(path)
            .query("version", version)
            .json(&serde_json::json!({}));
        let answer: Recovered = self.json(call).await?;
        Ok(answer.new_path)
    }

    /// Puts a former content in the place of the present one. One attempt.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound) if there is no such version.
    pub async fn change_version(&self, mount: &str, path: &str, version: &str) -> Result<()> {
        let call = Call::change(Method::POST, Route::Api, "files/versions/change")
            .mount(mount, "files/versions/change")
            .path(path)
            .query("version", version)
            .json(&serde_json::json!({}));
        self.done(call).await
    }

    /// The points in time that the installation keeps, where it does. Repeated after failures that allow it.
    ///
    /// The form of the answer is not published: a list under `snapshots` is expected.
    ///
    /// # Errors
    ///
    /// [`Protocol`](remote_core::error::ErrorKind::Protocol) where the installation has no such call.
    pub async fn snapshots(&self) -> Result<Vec<Snapshot>> {
        let call = Call::get(Route::Api, "snapshots").at("snapshots");
        let answer: Snapshots = self.json_within(call, LIST_BYTES).await?;
        Ok(answer.snapshots)
    }

    /// Goes back to a point in time, as a job. One attempt. The body is sent as it is, because its fields are not published.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](remote_core::error::ErrorKind::InvalidInput) for a body that the service does not take.
    pub async fn restore_snapshot(&self, body: &(impl Serialize + Sync)) -> Result<Job> {
        let call = Call::change(Method::POST, Route::Api, "jobs/files/restoresnapshot")
            .at("jobs/files/restoresnapshot")
            .json(body);
        self.json(call).await
    }
}
