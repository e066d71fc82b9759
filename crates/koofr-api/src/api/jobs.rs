//! Work in the background.

use http::Method;
use remote_core::error::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

use crate::{
    call::{Call, Route},
    client::Client,
    lenient,
    model::job::{ConflictResolution, FileAddress, Job, JobTransfer},
    transport::LIST_BYTES,
};

#[derive(Deserialize)]
struct Jobs {
    #[serde(default, deserialize_with = "lenient::or_default")]
    jobs: Vec<Job>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Transfers<'a> {
    files: &'a [JobTransfer],
    #[serde(skip_serializing_if = "Option::is_none")]
    conflict_resolution: Option<&'a ConflictResolution>,
}

impl Client {
    /// Copies in the background. Nothing if there was nothing to do. One attempt.
    ///
    /// # Errors
    ///
    /// [`PreconditionFailed`](ErrorKind::PreconditionFailed) when targets exist and no resolution was given; they are listed in
    /// [`ApiError::details`](crate::error::ApiError::details). [`InvalidInput`](ErrorKind::InvalidInput) for an empty list.
    pub async fn start_copy_job(
        &self,
        files: &[JobTransfer],
        conflicts: Option<&ConflictResolution>,
    ) -> Result<Option<Job>> {
        self.start_transfer("jobs/files/copy", files, conflicts)
            .await
    }

    /// Moves in the background. Nothing if there was nothing to do. One attempt.
    ///
    /// # Errors
    ///
    /// As for [`start_copy_job`](Self::start_copy_job).
    pub async fn start_move_job(
        &self,
        files: &[JobTransfer],
        conflicts: Option<&ConflictResolution>,
    ) -> Result<Option<Job>> {
        self.start_transfer("jobs/files/move", files, conflicts)
            .await
    }

    /// Removes files, and folders with everything in them, in the background. Nothing if there was nothing to do. One attempt.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) for an empty list.
    pub async fn start_remove_job(&self, files: &[FileAddress]) -> Result<Option<Job>> {
        check(files.len())?;
        self.start("jobs/files/remove", &serde_json::json!({ "files": files }))
            .await
    }

    /// The jobs of the account. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`Authentication`](ErrorKind::Authentication) and the like.
    pub async fn jobs(&self) -> Result<Vec<Job>> {
        let answer: Jobs = self
            .json_within(Call::get(Route::Api, "jobs").at("jobs"), LIST_BYTES)
            .await?;
        Ok(answer.jobs)
    }

    /// One job. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound) if there is no such job, which may mean that it has ended.
    pub async fn job(&self, id: &str) -> Result<Job> {
        self.json(Call::get(Route::Api, "jobs/{id}").at("jobs").id(id))
            .await
    }

    /// Stops a job; what it has done stays done. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound) if there is no such job.
    pub async fn abort_job(&self, id: &str) -> Result<Job> {
        let call = Call::change(Method::PUT, Route::Api, "jobs/{id}/abort")
            .at("jobs")
            .id(id)
            .at("abort")
            .repeatable();
        self.json(call).await
    }

    /// Takes a job off the list. One attempt.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound) if there is no such job, also after a lost answer.
    pub async fn remove_job(&self, id: &str) -> Result<()> {
        self.done(
            Call::change(Method::DELETE, Route::Api, "jobs/{id} remove")
                .at("jobs")
                .id(id),
        )
        .await
    }

    /// Takes all jobs that have ended off the list. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`Authentication`](ErrorKind::Authentication) and the like.
    pub async fn remove_completed_jobs(&self) -> Result<()> {
        let call = Call::change(Method::DELETE, Route::Api, "jobs/completed")
            .at("jobs/completed")
            .repeatable();
        self.done(call).await
    }

    async fn start_transfer(
        &self,
        label: &'static str,
        files: &[JobTransfer],
        conflict_resolution: Option<&ConflictResolution>,
    ) -> Result<Option<Job>> {
        check(files.len())?;
        self.start(
            label,
            &Transfers {
                files,
                conflict_resolution,
            },
        )
        .await
    }

    /// The service answers 204 without a body when there is nothing to do.
    async fn start(
        &self,
        label: &'static str,
        body: &(impl Serialize + Sync),
    ) -> Result<Option<Job>> {
        let call = Call::change(Method::POST, Route::Api, label)
            .at(label)
            .json(body);
        let job: Job = self.json_or_empty(call).await?;
        Ok(Some(job).filter(|job| !job.id.is_empty()))
    }
}

fn check(files: usize) -> Result<()> {
    if files > 0 {
        return Ok(());
    }
    Err(Error::with_message(
        ErrorKind::InvalidInput,
        "a job for no files",
    ))
}
