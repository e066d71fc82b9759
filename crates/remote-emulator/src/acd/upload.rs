//! Uploads and overwrites: multipart bodies, and what becomes of them.

use bytes::Bytes;
use hyper::StatusCode;
use serde_json::Value;

use crate::acd::config::{LateUpload, StoredAs};
use crate::acd::node::{Blob, FileContent, Key, Kind};
use crate::acd::ops::size;
use crate::acd::problem::{Failure, Problem};
use crate::acd::render::{self, Style};
use crate::acd::state::{Moment, State};
use crate::acd::{Acd, Signed};
use crate::multipart::{Multipart, MultipartError, boundary};
use crate::query;
use crate::reply::Reply;
use crate::service::Call;
use crate::store::{ContentWriter, Written};

/// The longest metadata part.
const METADATA_LIMIT: usize = 1024 * 1024;

/// `POST nodes` at the content host.
pub(crate) async fn upload(acd: &Acd, call: &mut Call, signed: &Signed) -> Result<Reply, Failure> {
    let (metadata, written) = receive(acd, call, true).await?;
    let metadata = metadata.ok_or_else(|| Problem::bad("the metadata part is missing"))?;
    let value = |name: &str| {
        let mut pairs = query::pairs(&call.query);
        pairs.find(|(key, _)| key == name).map(|(_, value)| value)
    };
    let dedup = value("suppress").as_deref() != Some("deduplication");
    let local_id = value("localId");
    let late = acd.lock().late_uploads.pop_front();
    let written = spoilt(acd, written, late.as_ref())?;
    let moment = moment(acd, call, late.as_ref());
    let node = acd.change(|state| {
        state.check_token(signed, moment.now)?;
        let new = state.new_node(&metadata, Kind::File, local_id.as_deref())?;
        let content = content(state, written, 1, moment.now);
        state.check_content(&content, 0, dedup, None)?;
        let key = state.insert(moment, Kind::File, new, Some(content));
        shown(state, key, moment)
    })??;
    Ok(answer(StatusCode::CREATED, &node, late.as_ref()))
}

/// `PUT nodes/{id}/content`
pub(crate) async fn overwrite(
    acd: &Acd,
    call: &mut Call,
    signed: &Signed,
    id: &str,
) -> Result<Reply, Failure> {
    // Looked at first, so that nothing is stored for a node that is not there; the body is read all the same.
    acd.lock().writable_file(id)?;
    let (_, written) = receive(acd, call, false).await?;
    let late = acd.lock().late_uploads.pop_front();
    let written = spoilt(acd, written, late.as_ref())?;
    let moment = moment(acd, call, late.as_ref());
    let node = acd.change(|state| {
        state.check_token(signed, moment.now)?;
        let key = state.writable_file(id)?;
        let data = &state.get(key)?.data;
        let (replaced, version) = (
            size(data),
            data.content.as_ref().map_or(0, |content| content.version),
        );
        let content = content(state, written, version + 1, moment.now);
        state.check_content(&content, replaced, false, Some(key))?;
        state.set_content(moment, key, content);
        shown(state, key, moment)
    })??;
    Ok(answer(StatusCode::OK, &node, late.as_ref()))
}

fn answer(status: StatusCode, node: &Value, late: Option<&LateUpload>) -> Reply {
    match late {
        Some(late) => Problem::silent(late.status).into_reply(),
        None => render::reply(status, node),
    }
}

fn moment(acd: &Acd, call: &Call, late: Option<&LateUpload>) -> Moment {
    let mut moment = acd.moment(call);
    if let Some(late) = late {
        let until = moment.now.saturating_add_unsigned(late.visible_after_ms);
        moment.index_until = moment.index_until.max(until);
        moment.id_until = moment.id_until.max(until);
    }
    moment
}

fn content(state: &State, written: Written, version: u64, now: i64) -> FileContent {
    let processing = state.settings.processing_ms;
    FileContent {
        blob: Blob::Stored(written.content),
        md5: Some(written.md5),
        version,
        ready_at: if processing == 0 {
            0
        } else {
            now.saturating_add_unsigned(processing)
        },
    }
}

fn shown(state: &State, key: Key, moment: Moment) -> Result<Value, Problem> {
    let node = state.get(key)?;
    let style = Style {
        now: moment.now,
        finished: !state.settings.pending_in_answers,
        assets: false,
    };
    Ok(render::node(state, Some(key), node, &node.data, style))
}

/// The content that is stored instead of the one that was sent.
fn spoilt(acd: &Acd, written: Written, late: Option<&LateUpload>) -> Result<Written, Failure> {
    let spoil: fn(&mut Vec<u8>) = match late.map(|late| late.stored) {
        None | Some(StoredAs::Same) => return Ok(written),
        Some(StoredAs::OtherBytes) => |bytes| bytes.iter_mut().for_each(|byte| *byte ^= 0xff),
        Some(StoredAs::OtherSize) => |bytes| bytes.push(b'!'),
    };
    let stored = || {
        let mut bytes = written.content.read()?.to_vec();
        spoil(&mut bytes);
        let md5 = crate::store::md5_hex(&bytes);
        let content = acd.store.insert(Bytes::from(bytes))?;
        Ok(Written { content, md5 })
    };
    stored().map_err(|error: std::io::Error| Problem::internal(&error).into())
}

/// Reads the parts: metadata, which comes first if it comes, and the first one after it, which is the content
/// whatever its name is.
async fn receive(
    acd: &Acd,
    call: &mut Call,
    with_metadata: bool,
) -> Result<(Option<Value>, Written), Failure> {
    let boundary = boundary(call.header("content-type"))
        .filter(|boundary| !boundary.is_empty())
        .ok_or_else(|| Problem::bad("expected multipart/form-data with a boundary"))?;
    let announced = call.body.announced().is_some();
    let mut parts = Multipart::new(&mut call.body, &boundary);
    let mut part = parts.next_part().await?;
    let mut metadata = None;
    if part.as_ref().is_some_and(|part| part.name == "metadata") {
        metadata = Some(read_metadata(&mut parts).await?);
        part = parts.next_part().await?;
    } else if with_metadata {
        return Err(Problem::bad("the metadata part has to come first").into());
    }
    if part.is_none() {
        return Err(Problem::bad("the content part is missing").into());
    }
    let mut writer = acd.store.writer();
    while let Some(chunk) = parts.chunk().await? {
        write(&mut writer, chunk).await?;
    }
    // What else there may be is read and forgotten.
    while parts.next_part().await?.is_some() {}
    while call.body.chunk().await?.is_some() {}
    if writer.length() == 0 && !announced && acd.lock().settings.refuse_chunked_empty {
        return Err(Problem::new(411, "Content-Length is missing").into());
    }
    let written = writer.finish().await;
    let written = written.map_err(|error| Problem::internal(&error))?;
    call.body_md5 = Some(written.md5.clone());
    Ok((metadata, written))
}

async fn write(writer: &mut ContentWriter, chunk: Bytes) -> Result<(), Problem> {
    let written = writer.write(chunk).await;
    written.map_err(|error| Problem::internal(&error))
}

async fn read_metadata(parts: &mut Multipart<'_>) -> Result<Value, Failure> {
    let mut bytes = Vec::new();
    while let Some(chunk) = parts.chunk().await? {
        if bytes.len() + chunk.len() > METADATA_LIMIT {
            return Err(MultipartError::Malformed("the metadata part is too long").into());
        }
        bytes.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&bytes)
        .map_err(|error| Problem::bad(format!("Invalid metadata: {error}")).into())
}

impl State {
    /// Whether the token an upload began with was not over for too long when it ended.
    fn check_token(&self, signed: &Signed, now: i64) -> Result<(), Problem> {
        let grace = self.settings.fail_uploads_after_expiry_ms;
        let too_late =
            grace.is_some_and(|grace| signed.expires.saturating_add_unsigned(grace) < now);
        if too_late {
            return Err(Problem::expired_in_disguise());
        }
        Ok(())
    }
}
