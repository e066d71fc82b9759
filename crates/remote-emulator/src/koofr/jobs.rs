//! Background jobs, done at once and reported as finished.

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::koofr::context::Context;
use crate::koofr::error::{Answer, Level, Problem, Refusal};
use crate::koofr::ops::{Conditions, RemoveConditions, Transfer, TransferKind};
use crate::koofr::path::free_name;
use crate::koofr::state::State;
use crate::reply::Reply;

/// Jobs that are remembered until they are deleted.
const JOB_LIMIT: usize = 1000;

impl State {
    /// Remembers a job that is already done.
    pub(crate) fn finished_job(&mut self, now: i64, kind: &str, parameters: &Value) -> Value {
        self.job_ids += 1;
        let job = json!({
            "id": self.job_ids.to_string(),
            "type": kind,
            "state": "completed",
            "progress": 100,
            "created": now,
            "parameters": parameters,
            "result": {},
        });
        self.jobs.insert(self.job_ids, job.clone());
        if self.jobs.len() > JOB_LIMIT {
            self.jobs.pop_first();
        }
        job
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    mount_id: String,
    path: String,
}

#[derive(Debug, Deserialize)]
struct Pair {
    src: Place,
    dst: Place,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "UPPERCASE")]
enum Resolution {
    Rename,
    Skip,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TransferOrder {
    files: Vec<Pair>,
    conflict_resolution: Option<Resolution>,
}

fn transfer(context: &Context<'_>, kind: TransferKind, name: &str) -> Answer {
    let order: TransferOrder = context.json()?;
    let mut transfers = Vec::new();
    let mut errors = Vec::new();
    for pair in &order.files {
        let transfer = plan(context, kind, pair)?;
        let taken = context.read(|state| {
            let mount = state.online_mount(&context.user, &transfer.to_mount)?;
            Ok(state.find(mount, &transfer.to).is_some())
        })?;
        match (taken, order.conflict_resolution) {
            (true, None) => errors.push(json!({
                "error": {"code": "AlreadyExists", "message": "an entry of this name exists"},
                "file": {"mountId": pair.dst.mount_id, "path": pair.dst.path},
            })),
            (true, Some(Resolution::Skip)) => {}
            _ => transfers.push(transfer),
        }
    }
    if !errors.is_empty() {
        return Err(Refusal::from(Reply::json_with(
            StatusCode::CONFLICT,
            &json!({ "errors": errors }),
        )));
    }
    if transfers.is_empty() {
        return Ok(Reply::status(StatusCode::NO_CONTENT));
    }
    let by = context.by();
    let job = context.change(|state| {
        for mut transfer in transfers {
            if order.conflict_resolution == Some(Resolution::Rename) {
                let mount = state.online_mount(&context.user, &transfer.to_mount)?;
                let parent = transfer.to.parent();
                let name = free_name(transfer.to.name(), |name| {
                    state.find(mount, &parent.join(name)).is_some()
                });
                transfer.to = parent.join(&name);
            }
            state.transfer(&by, &transfer)?;
        }
        Ok(state.finished_job(by.now, name, &json!({"count": order.files.len()})))
    })?;
    Ok(Reply::json(&job))
}

fn plan(context: &Context<'_>, kind: TransferKind, pair: &Pair) -> Result<Transfer, Refusal> {
    let to = crate::koofr::ops::destination(&pair.dst.path)
        .map_err(|problem| context.refuse(problem))?;
    Ok(Transfer {
        kind,
        from_mount: pair.src.mount_id.clone(),
        from: context.body_path(&pair.src.path)?,
        to_mount: pair.dst.mount_id.clone(),
        to,
        conditions: Conditions::default(),
        modified: None,
    })
}

/// `POST jobs/files/copy`
pub(crate) fn copy(context: &Context<'_>) -> Answer {
    transfer(context, TransferKind::Copy, "copyFiles")
}

/// `POST jobs/files/move`
pub(crate) fn move_files(context: &Context<'_>) -> Answer {
    transfer(context, TransferKind::Move, "moveFiles")
}

#[derive(Debug, Deserialize)]
struct RemoveOrder {
    files: Vec<Place>,
}

/// `POST jobs/files/remove`
pub(crate) fn remove(context: &Context<'_>) -> Answer {
    let order: RemoveOrder = context.json()?;
    let by = context.by();
    let mut paths = Vec::new();
    for place in &order.files {
        paths.push((place.mount_id.as_str(), context.body_path(&place.path)?));
    }
    let job = context.change(|state| {
        for (mount, path) in &paths {
            state.remove(
                &by,
                mount,
                path,
                &RemoveConditions::default(),
                context.settings(),
            )?;
        }
        Ok(state.finished_job(by.now, "removeFiles", &json!({"count": paths.len()})))
    })?;
    Ok(Reply::json(&job))
}

/// `POST jobs/files/restoresnapshot`: there are no snapshots.
pub(crate) fn restore_snapshot(_context: &Context<'_>) -> Answer {
    Err(Refusal::problem(Problem::NotFound, Level::V21))
}

/// `GET jobs`
pub(crate) fn list(context: &Context<'_>) -> Answer {
    context.read(|state| {
        let jobs: Vec<&Value> = state.jobs.values().collect();
        Ok(Reply::json(&json!({ "jobs": jobs })))
    })
}

fn number(context: &Context<'_>) -> Result<u64, Problem> {
    context
        .param(0)
        .parse()
        .map_err(|_no_number| Problem::NotFound)
}

/// `GET jobs/{id}`; aborting a finished job changes nothing.
pub(crate) fn get(context: &Context<'_>) -> Answer {
    context.read(|state| {
        let job = state.jobs.get(&number(context)?).ok_or(Problem::NotFound)?;
        Ok(Reply::json(job))
    })
}

/// `DELETE jobs/{id}`
pub(crate) fn delete(context: &Context<'_>) -> Answer {
    context.change(|state| {
        state
            .jobs
            .remove(&number(context)?)
            .ok_or(Problem::NotFound)
    })?;
    Ok(Reply::status(StatusCode::NO_CONTENT))
}

/// `DELETE jobs/completed`
pub(crate) fn delete_completed(context: &Context<'_>) -> Answer {
    context.change(|state| {
        state.jobs.clear();
        Ok(())
    })?;
    Ok(Reply::status(StatusCode::NO_CONTENT))
}
