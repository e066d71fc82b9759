//! Uploads: promised by `allocate` and sent to the address it gives, or sent directly.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use hyper::StatusCode;
use hyper::header::RANGE;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::body::{BodyError, RequestBody};
use crate::jotta::file::Described;
use crate::jotta::jfs::{Context, checked_md5, date_or_now, described};
use crate::jotta::nodes::NodeId;
use crate::jotta::ops::{Allocated, By};
use crate::jotta::problem::{Answer, Problem, UploadError};
use crate::jotta::render::{Detail, Renderer, reply};
use crate::jotta::xml::Xml;
use crate::jotta::{Jotta, dates, path};
use crate::multipart::{Multipart, MultipartError, boundary};
use crate::reply::Reply;
use crate::service::Call;
use crate::store::{Content, Written};

/// The longest body of an `allocate` request.
const BODY_LIMIT: usize = 1024 * 1024;

/// How long a new request for the same upload waits for the old one to notice that its client has gone.
const GRACE: Duration = Duration::from_secs(2);

/// The uploads that are being received, by their address.
#[derive(Debug, Default)]
pub(crate) struct Active {
    running: Mutex<HashMap<String, Running>>,
}

#[derive(Clone, Debug)]
struct Running {
    stop: Arc<watch::Sender<bool>>,
    ended: watch::Receiver<()>,
}

impl Active {
    /// Ends once nothing is received for this upload any more, so that all that arrived is counted.
    async fn settle(&self, upload_id: &str) {
        loop {
            let running = self.lock().get(upload_id).cloned();
            let Some(mut running) = running else { return };
            if tokio::time::timeout(GRACE, running.ended.changed())
                .await
                .is_err()
            {
                running.stop.send_replace(true);
                // Ends as soon as the receiver has put away what it has.
                drop(running.ended.changed().await);
            }
        }
    }

    /// Ends all of them; what they received is kept.
    pub(crate) fn stop(&self) {
        for running in self.lock().values() {
            running.stop.send_replace(true);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

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

/// Receives a body of at most `limit` bytes and keeps it as a part of the upload, also when it breaks off. Gives the
/// part.
///
/// It runs on its own, so that what arrived is kept even if the connection that brought it is gone.
async fn take_body(
    jotta: &Jotta,
    call: &mut Call,
    upload_id: &str,
    offset: u64,
    limit: u64,
) -> Result<Option<Written>, UploadError> {
    let body = std::mem::replace(&mut call.body, RequestBody::none());
    let (stop, stopped) = watch::channel(false);
    let (ended_sender, ended) = watch::channel(());
    let running = Running {
        stop: Arc::new(stop),
        ended,
    };
    jotta.active.lock().insert(upload_id.to_owned(), running);
    let receiver = Receiver {
        jotta: jotta.handle(),
        upload_id: upload_id.to_owned(),
        offset,
        limit,
        body,
        stopped,
        _ended: ended_sender,
    };
    let (body, outcome) = tokio::spawn(receiver.run())
        .await
        .map_err(|error| Problem::internal(&std::io::Error::other(error)))?;
    call.body = body;
    outcome
}

struct Receiver {
    jotta: Arc<Jotta>,
    upload_id: String,
    offset: u64,
    limit: u64,
    body: RequestBody,
    stopped: watch::Receiver<bool>,
    /// Tells those who wait, by being dropped.
    _ended: watch::Sender<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.jotta.active.lock().remove(&self.upload_id);
    }
}

impl Receiver {
    async fn run(mut self) -> (RequestBody, Result<Option<Written>, UploadError>) {
        let outcome = self.keep().await;
        let body = std::mem::replace(&mut self.body, RequestBody::none());
        (body, outcome)
    }

    async fn keep(&mut self) -> Result<Option<Written>, UploadError> {
        let mut writer = self.jotta.store.writer();
        let broken = loop {
            let chunk = tokio::select! {
                chunk = self.body.chunk() => chunk,
                _ = self.stopped.wait_for(|stop| *stop) => Err(BodyError::Broken),
            };
            match chunk {
                Ok(Some(chunk)) if writer.length() <= self.limit => writer
                    .write(chunk)
                    .await
                    .map_err(|error| Problem::internal(&error))?,
                // Too much already: the upload is spoilt, whatever else comes.
                Ok(Some(_)) => {}
                Ok(None) => break None,
                Err(error) => break Some(error),
            }
        };
        let written = writer
            .finish()
            .await
            .map_err(|error| Problem::internal(&error))?;
        let part = written.content.clone();
        self.jotta.change(|state| {
            state.add_part(&self.upload_id, part, self.offset);
            Ok(())
        })??;
        match broken {
            Some(error) => Err(error.into()),
            None => Ok(Some(written)),
        }
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

/// `POST …?umode=nomultipart`: the whole file, or the rest of it, with its description in headers. 201 says nothing
/// about the content.
pub(crate) async fn direct(
    jotta: &Jotta,
    call: &mut Call,
    rest: &str,
    kind: &str,
) -> Result<Reply, UploadError> {
    let (segments, by) = {
        let context = Context::new(jotta, call, rest)?;
        (context.segments.clone(), context.by())
    };
    match kind {
        "multipart" => from_form(jotta, call, &by, &segments).await,
        "nomultipart" => from_raw(jotta, call, &by, &segments).await,
        // A command with a body: the command is not reached.
        _ => Err(jotta.lock().missing(&by.account, &segments).into()),
    }
}

async fn from_raw(
    jotta: &Jotta,
    call: &mut Call,
    by: &By,
    segments: &[String],
) -> Result<Reply, UploadError> {
    let about = described(call, jotta)?;
    let waiting = jotta.lock().waiting_upload(by, segments);
    if let Some(upload_id) = waiting {
        jotta.active.settle(&upload_id).await;
    }
    let allocated = jotta.change(|state| state.allocate(by, segments, &about, false))??;
    match allocated {
        Allocated::Done(file) => Ok(created(jotta, file)),
        Allocated::Open {
            file,
            upload_id,
            received,
            ..
        } => {
            let anew = received == 0 || call.body.announced() == Some(about.size);
            let offset = if anew { 0 } else { received };
            let written = take_body(jotta, call, &upload_id, offset, about.size - offset).await?;
            conclude(jotta, call, by, &upload_id, written.filter(|_| anew)).await?;
            Ok(created(jotta, file))
        }
    }
}

fn created(jotta: &Jotta, file: NodeId) -> Reply {
    let state = jotta.lock();
    let renderer = Renderer {
        state: &state,
        now: jotta.clock.now_ms(),
    };
    let mut xml = Xml::document();
    renderer.node(&mut xml, file, Detail::Root);
    reply(StatusCode::CREATED, xml)
}

impl From<MultipartError> for UploadError {
    fn from(error: MultipartError) -> Self {
        match error {
            MultipartError::Body(error) => Self::Broken(error),
            MultipartError::Malformed(text) => Self::Refused(Problem::invalid(text)),
        }
    }
}

/// A form with the parts `md5`, `modified`, `created` and `file`; the last one alone will do.
async fn from_form(
    jotta: &Jotta,
    call: &mut Call,
    by: &By,
    segments: &[String],
) -> Result<Reply, UploadError> {
    let Some(boundary) = boundary(call.header("content-type")) else {
        return Err(Problem::invalid("the form has no boundary").into());
    };
    let mut fields: HashMap<String, String> = HashMap::new();
    let mut written = None;
    {
        let mut form = Multipart::new(&mut call.body, &boundary);
        while let Some(part) = form.next_part().await? {
            let mut writer = jotta.store.writer();
            let is_file = part.name == "file" || part.filename.is_some();
            while let Some(chunk) = form.chunk().await? {
                if is_file || writer.length() + chunk.len() as u64 <= BODY_LIMIT as u64 {
                    let stored = writer.write(chunk).await;
                    stored.map_err(|error| Problem::internal(&error))?;
                }
            }
            let stored = writer.finish().await;
            let stored = stored.map_err(|error| Problem::internal(&error))?;
            if is_file {
                written = Some(stored);
            } else {
                let bytes = stored.content.read();
                let bytes = bytes.map_err(|error| Problem::internal(&error))?;
                fields.insert(part.name, String::from_utf8_lossy(&bytes).into_owned());
                crate::store::ContentStore::release(stored.content);
            }
        }
    }
    let Some(written) = written else {
        return Err(Problem::invalid("the form has no file").into());
    };
    call.body_md5 = Some(written.md5.clone());
    let now = by.now;
    let date = |name: &str| {
        let text = fields.get(name).map(String::as_str);
        date_or_now(text.and_then(dates::parse), now, false)
    };
    let about = Described {
        size: written.content.len(),
        md5: match fields.get("md5") {
            Some(md5) => checked_md5(md5)?,
            None => written.md5.clone(),
        },
        created: date("created"),
        modified: date("modified"),
    };
    let right = about.md5.eq_ignore_ascii_case(&written.md5);
    let file = jotta.change(|state| {
        let allocated = state.allocate(by, segments, &about, false)?;
        Ok(match allocated {
            Allocated::Done(file) => {
                state.release([written.content]);
                file
            }
            Allocated::Open {
                file, upload_id, ..
            } if right => state
                .finish_upload(by, &upload_id, written.content)
                .unwrap_or(file),
            Allocated::Open {
                file, upload_id, ..
            } => {
                state.release([written.content]);
                state.spoil_upload(&upload_id);
                file
            }
        })
    })??;
    Ok(created(jotta, file))
}

/// `POST files/v1/purge_trash`
pub(crate) fn purge(jotta: &Jotta, call: &Call) -> Answer {
    let account = jotta.signed_in(call)?;
    let by = jotta.by(account, call);
    let purged = jotta.change(|state| Ok(state.purge(&by)))??;
    Ok(Reply::json(
        &json!({"folders": purged.folders, "files": purged.files}),
    ))
}
