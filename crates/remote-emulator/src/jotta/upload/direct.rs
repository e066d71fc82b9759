//! Uploads to the path itself, without an `allocate` before them.

use std::collections::HashMap;

use hyper::StatusCode;

use crate::jotta::file::Described;
use crate::jotta::jfs::{Context, checked_md5, date_or_now, described};
use crate::jotta::nodes::NodeId;
use crate::jotta::ops::{Allocated, By};
use crate::jotta::problem::{Problem, UploadError};
use crate::jotta::render::{Detail, Renderer, reply};
use crate::jotta::upload::receiver::take_body;
use crate::jotta::upload::{BODY_LIMIT, conclude};
use crate::jotta::xml::Xml;
use crate::jotta::{Jotta, dates};
use crate::multipart::{Multipart, MultipartError, boundary};
use crate::reply::Reply;
use crate::service::Call;
use crate::store::{ContentStore, Written};

/// Fields of a form that are looked at.
const FIELDS: usize = 16;

/// `POST …?umode=nomultipart`: the whole file, or the rest of it, with its description in headers. 201 says nothing
/// about the content.
pub(crate) async fn upload(
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
    let (fields, written) = read_form(jotta, call).await?;
    call.body_md5 = Some(written.md5.clone());
    let date = |name: &str| {
        let text = fields.get(name).map(String::as_str);
        date_or_now(text.and_then(dates::parse), by.now, false)
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

/// The fields of a form and the file in it.
async fn read_form(
    jotta: &Jotta,
    call: &mut Call,
) -> Result<(HashMap<String, String>, Written), UploadError> {
    let Some(boundary) = boundary(call.header("content-type")) else {
        return Err(Problem::invalid("the form has no boundary").into());
    };
    let mut fields = HashMap::new();
    let mut file = None;
    let mut form = Multipart::new(&mut call.body, &boundary);
    while let Some(part) = form.next_part().await? {
        let is_file = part.name == "file" || part.filename.is_some();
        let stored = read_part(jotta, &mut form, is_file).await?;
        let unused = if is_file {
            file.replace(stored)
        } else {
            if fields.len() < FIELDS {
                let bytes = stored.content.read();
                let bytes = bytes.map_err(|error| Problem::internal(&error))?;
                fields.insert(part.name, String::from_utf8_lossy(&bytes).into_owned());
            }
            Some(stored)
        };
        if let Some(unused) = unused {
            ContentStore::release(unused.content);
        }
    }
    let file = file.ok_or_else(|| Problem::invalid("the form has no file"))?;
    Ok((fields, file))
}

/// The content of a part; of a field no more than fits into an order.
async fn read_part(
    jotta: &Jotta,
    form: &mut Multipart<'_>,
    is_file: bool,
) -> Result<Written, UploadError> {
    let mut writer = jotta.store.writer();
    while let Some(chunk) = form.chunk().await? {
        if is_file || writer.length() + chunk.len() as u64 <= BODY_LIMIT as u64 {
            let stored = writer.write(chunk).await;
            stored.map_err(|error| Problem::internal(&error))?;
        }
    }
    let stored = writer.finish().await;
    Ok(stored.map_err(|error| Problem::internal(&error))?)
}
