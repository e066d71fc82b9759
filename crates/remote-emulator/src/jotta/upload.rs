//! Uploads: promised by `allocate` and sent to the address it gives, or sent directly.

pub(crate) mod direct;
pub(crate) mod receiver;

use futures::StreamExt;
use hyper::header::RANGE;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::jotta::file::Described;
use crate::jotta::jfs::{checked_md5, date_or_now};
use crate::jotta::nodes::NodeId;
use crate::jotta::ops::{Allocated, By};
use crate::jotta::problem::{Problem, UploadError};
use crate::jotta::upload::receiver::take_body;
use crate::jotta::{Jotta, dates, path};
use crate::reply::Reply;
use crate::service::Call;
use crate::store::{Content, Written};

/// The longest body of an `allocate` request.
const BODY_LIMIT: usize = 1024 * 1024;

#[derive(Debug, Deserialize)]
struct Order {
    path: String,
    bytes: u64,
    md5: String,
    #[serde(default)]
    created: Option<Value>,
    #[serde(default)]
    modified: Option<Value>,
    #[serde(default)]
    conflict_handler: Option<String>,
}

/// `POST files/v1/allocate`
pub(crate) async fn allocate(jotta: &Jotta, call: &mut Call) -> Result<Reply, UploadError> {
    let account = jotta.signed_in(call)?;
    let body = call.read_body(BODY_LIMIT).await?;
    let order: Order =
        serde_json::from_slice(&body).map_err(|error| Problem::invalid(error.to_string()))?;
    let segments = path::from_allocate(&order.path)?;
    let about = order.about(jotta)?;
    let reject = match order.conflict_handler.as_deref() {
        None | Some("CREATE_NEW_REVISION") => false,
        Some("REJECT_CONFLICTS") => true,
        Some(other) => {
            let text = format!("unknown conflict handler `{other}`");
            return Err(Problem::invalid(text).into());
        }
    };
    let by = jotta.by(account, call);
    let waiting = jotta.lock().waiting_upload(&by, &segments);
    if let Some(upload_id) = waiting {
        jotta.active.settle(&upload_id).await;
    }
    let allocated = jotta.change(|state| state.allocate(&by, &segments, &about, reject))??;
    let base = jotta.upload_base(call);
    let mut answer = json!({
        "name": segments.last(),
        "path": segments.get(1..).unwrap_or_default().join("/"),
        "state": "COMPLETED",
        "upload_id": "",
        "upload_url": "",
        "bytes": about.size,
        "resume_pos": about.size,
    });
    if let Allocated::Open {
        upload_id,
        received,
        state,
        ..
    } = allocated
    {
        answer["state"] = state.name().into();
        answer["upload_url"] = format!("{base}/upload/{upload_id}").into();
        answer["upload_id"] = upload_id.into();
        answer["resume_pos"] = received.into();
    }
    Ok(Reply::json(&answer))
}

impl Order {
    fn about(&self, jotta: &Jotta) -> Result<Described, Problem> {
        let now = jotta.clock.now_ms();
        let year_one = jotta.lock().settings.year_one_is_now;
        let date = |value: &Option<Value>| {
            let date = match value {
                None | Some(Value::Null) => None,
                Some(Value::String(text)) => dates::parse(text),
                Some(Value::Number(ms)) => ms.as_i64().map(dates::whole_seconds),
                Some(other) => {
                    let text = format!("`{other}` is not a date");
                    return Err(Problem::invalid(text));
                }
            };
            Ok(date_or_now(date, now, year_one))
        };
        Ok(Described {
            size: self.bytes,
            md5: checked_md5(&self.md5)?,
            created: date(&self.created)?,
            modified: date(&self.modified)?,
        })
    }
}

/// `POST {upload_url}`
pub(crate) async fn receive(
    jotta: &Jotta,
    call: &mut Call,
    upload_id: &str,
) -> Result<Reply, UploadError> {
    let account = jotta.signed_in(call)?;
    jotta.active.settle(upload_id).await;
    let by = jotta.by(account, call);
    let start = Start::find(jotta, &by, upload_id)?;
    let range = call.headers.get(RANGE).map(|range| range.as_bytes());
    let anew = match range.map(range_start) {
        None => true,
        Some(Some(offset)) if offset == start.received => false,
        Some(_) => {
            let text = format!("the upload goes on at {}", start.received);
            let class = "RequestedRangeNotSatisfiedException";
            return Err(Problem::new(416, class, text).into());
        }
    };
    jotta.change(|state| state.check_space(by.user(), start.missing_space))??;
    let offset = if anew { 0 } else { start.received };
    let written = take_body(jotta, call, upload_id, offset, start.size - offset).await?;
    match conclude(jotta, call, &by, upload_id, written.filter(|_| anew)).await? {
        Outcome::Complete(file) => Ok(complete_answer(jotta, file)),
        Outcome::Corrupt => {
            let status = jotta.lock().settings.corrupt_status;
            let text = "The content does not have the promised MD5";
            Err(Problem::new(status, "CorruptUploadOpenApiException", text).into())
        }
        Outcome::Incomplete { received, size } => {
            let text = format!("{received} of {size} bytes received");
            Err(Problem::new(420, "IncompleteUploadOpenApiException", text).into())
        }
        Outcome::Gone => Err(gone(upload_id).into()),
    }
}

fn gone(upload_id: &str) -> Problem {
    let text = format!("There is no upload {upload_id}");
    Problem::new(404, "NoSuchUploadException", text)
}

/// The offset of `bytes={offset}-…`; where it ends is not looked at.
fn range_start(header: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(header).ok()?.strip_prefix("bytes=")?;
    text.split_once('-')?.0.trim().parse().ok()
}

/// What is known about an upload before its body is read.
struct Start {
    size: u64,
    received: u64,
    /// What the file will take up beyond what it does now.
    missing_space: u64,
}

impl Start {
    fn find(jotta: &Jotta, by: &By, upload_id: &str) -> Result<Self, Problem> {
        let state = jotta.lock();
        let found = state.unfinished(upload_id);
        let (file, revision) = found.ok_or_else(|| gone(upload_id))?;
        let owner = state.nodes.line(file).last().map(|(id, _)| id);
        if owner != Some(by.account.root) {
            return Err(gone(upload_id));
        }
        let current = state
            .nodes
            .get(file)
            .and_then(|node| node.file()?.current());
        let replaced = current.map_or(0, |current| current.about.size);
        Ok(Self {
            size: revision.about.size,
            received: revision.received(),
            missing_space: revision.about.size.saturating_sub(replaced),
        })
    }
}

/// How an upload stands after a body.
enum Outcome {
    Complete(NodeId),
    Corrupt,
    Gone,
    Incomplete { received: u64, size: u64 },
}

/// Looks at what has arrived. `whole` is the body if it began at the first byte.
async fn conclude(
    jotta: &Jotta,
    call: &mut Call,
    by: &By,
    upload_id: &str,
    whole: Option<Written>,
) -> Result<Outcome, UploadError> {
    let found = {
        let state = jotta.lock();
        let found = state.unfinished(upload_id);
        found.map(|(_, revision)| (revision.about.clone(), revision.parts.clone()))
    };
    let Some((about, parts)) = found else {
        return Ok(Outcome::Gone);
    };
    let received: u64 = parts.iter().map(Content::len).sum();
    if received < about.size {
        return Ok(Outcome::Incomplete {
            received,
            size: about.size,
        });
    }
    let written = match whole {
        Some(written) => {
            drop(parts);
            written
        }
        None => join(jotta, parts).await?,
    };
    call.body_md5 = Some(written.md5.clone());
    let right = received == about.size && written.md5.eq_ignore_ascii_case(&about.md5);
    let by = By {
        now: jotta.clock.now_ms(),
        ..by.clone()
    };
    Ok(jotta.change(|state| {
        if right {
            let file = state.finish_upload(&by, upload_id, written.content);
            return Ok(file.map_or(Outcome::Gone, Outcome::Complete));
        }
        state.release([written.content]);
        state.spoil_upload(upload_id);
        Ok(Outcome::Corrupt)
    })??)
}

/// One content of several parts.
async fn join(jotta: &Jotta, parts: Vec<Content>) -> Result<Written, Problem> {
    let mut writer = jotta.store.writer();
    for part in &parts {
        let mut bytes = part.stream(0..part.len());
        while let Some(chunk) = bytes.next().await {
            let chunk = chunk.map_err(|error| Problem::internal(&error))?;
            let written = writer.write(chunk).await;
            written.map_err(|error| Problem::internal(&error))?;
        }
    }
    let written = writer.finish().await;
    written.map_err(|error| Problem::internal(&error))
}

fn complete_answer(jotta: &Jotta, file: NodeId) -> Reply {
    let state = jotta.lock();
    let path = state.nodes.path(file);
    let node = state.nodes.get(file).and_then(|node| node.file());
    let current = node.and_then(|file| file.current());
    let (bytes, md5, modified) = current.map_or((0, "", 0), |current| {
        let about = &current.about;
        (about.size, about.md5.as_str(), about.modified)
    });
    Reply::json(&json!({
        "path": path,
        "content_id": format!("{md5}{bytes:016x}"),
        "bytes": bytes,
        "md5": md5,
        "modified": modified,
    }))
}
