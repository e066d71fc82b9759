//! Uploads: with credentials, through a direct link, through a receiver.

use hyper::StatusCode;
use serde_json::json;

use crate::body::BodyError;
use crate::koofr::Koofr;
use crate::koofr::context::{Query, by};
use crate::koofr::error::{Level, Problem, Refusal};
use crate::koofr::files::FileInfo;
use crate::koofr::ops::{Conditions, PutMode, PutRequest};
use crate::koofr::path::{Path, check_name};
use crate::koofr::state::By;
use crate::multipart::{Multipart, MultipartError, boundary};
use crate::reply::Reply;
use crate::service::Call;
use crate::store::{ContentWriter, Written};

/// Why an upload does not end in an entry.
#[derive(Debug)]
pub(crate) enum UploadError {
    /// The connection broke; nobody is there to be answered.
    Broken(BodyError),
    Refused(Refusal),
}

impl From<BodyError> for UploadError {
    fn from(error: BodyError) -> Self {
        Self::Broken(error)
    }
}

impl From<Refusal> for UploadError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<MultipartError> for UploadError {
    fn from(error: MultipartError) -> Self {
        match error {
            MultipartError::Body(error) => Self::Broken(error),
            MultipartError::Malformed(text) => {
                Self::Refused(Refusal::text(StatusCode::BAD_REQUEST, text))
            }
        }
    }
}

/// An upload whose query was understood.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    /// The name may still be empty; a multipart body then brings it.
    pub(crate) put: PutRequest,
    pub(crate) info: bool,
    pub(crate) level: Level,
    pub(crate) by: By,
}

/// Reads the query of `files/put`.
pub(crate) fn order(
    koofr: &Koofr,
    call: &Call,
    mount: &str,
    user: &str,
    level: Level,
) -> Result<Order, Refusal> {
    let query = Query::parse(&call.query);
    let parent = query.path("path")?;
    let name = query.filename("filename")?.unwrap_or_default().to_owned();
    let info = query.boolean("info")?;
    let mode = mode(&query, koofr.settings.lenient_flags)?;
    let modified = query.number("modified")?;
    let mut tags = crate::koofr::nodes::Tags::new();
    for tag in query.all("tags") {
        let (key, value) = tag.split_once('=').unwrap_or((tag, ""));
        tags.entry(key.to_owned())
            .or_default()
            .push(value.to_owned());
    }
    if koofr.settings.require_info && info != Some(true) {
        return Err(Refusal::problem(
            Problem::BadRequest("`info` must be true"),
            level,
        ));
    }
    Ok(Order {
        put: PutRequest {
            mount: mount.to_owned(),
            parent,
            name,
            mode,
            modified,
            tags,
        },
        info: info == Some(true),
        level,
        by: by(koofr, call, user),
    })
}

/// The first matching row decides: overwrite, create only, rename.
fn mode(query: &Query, lenient: bool) -> Result<PutMode, Refusal> {
    let flag = |name: &str| -> Result<bool, Refusal> {
        Ok(match query.get(name)? {
            Some("") => true,
            Some("true") => lenient,
            _ => false,
        })
    };
    let conditions = Conditions {
        modified: query.number("overwriteIfModified")?,
        size: query.number("overwriteIfSize")?,
        hash: query.get("overwriteIfHash")?.map(str::to_owned),
    };
    let ignore_missing = flag("overwriteIgnoreNonexisting")? | flag("overwriteIgnoreNonexistent")?;
    let overwrite = query.get("overwrite")? == Some("true");
    let create_only = query.get("autorename")? == Some("false");
    Ok(if overwrite || !conditions.is_empty() || ignore_missing {
        PutMode::Overwrite {
            conditions,
            ignore_missing,
        }
    } else if create_only {
        PutMode::CreateOnly
    } else {
        PutMode::AutoRename
    })
}

/// Receives the body and stores it.
pub(crate) async fn receive(
    koofr: &Koofr,
    call: &mut Call,
    mut order: Order,
) -> Result<Reply, UploadError> {
    let boundary = boundary(call.header("content-type"));
    if order.put.name.is_empty() && boundary.is_none() {
        return Err(Refusal::bad_query("the parameter `filename` is missing").into());
    }
    let announced = call.body.announced().filter(|_| boundary.is_none());
    if !order.put.name.is_empty() {
        check(koofr, &order, announced)?;
    }
    let written = match boundary {
        Some(boundary) => from_multipart(koofr, call, &mut order, &boundary).await?,
        None => from_raw(koofr, call, &order).await?,
    };
    call.body_md5 = Some(written.md5.clone());
    Ok(commit(koofr, order, written)?)
}

fn check(koofr: &Koofr, order: &Order, bytes: Option<u64>) -> Result<(), Refusal> {
    let state = koofr.lock();
    state
        .check_put(&order.by, &order.put, bytes, &koofr.settings)
        .map_err(|problem| Refusal::problem(problem, order.level))
}

async fn from_raw(koofr: &Koofr, call: &mut Call, order: &Order) -> Result<Written, UploadError> {
    let mut receiver = Receiver::new(koofr, order);
    while let Some(chunk) = call.body.chunk().await? {
        receiver.write(chunk).await?;
    }
    receiver.finish().await
}

/// Takes the part named `file`, or else the first one that is a file.
async fn from_multipart(
    koofr: &Koofr,
    call: &mut Call,
    order: &mut Order,
    boundary: &str,
) -> Result<Written, UploadError> {
    let mut multipart = Multipart::new(&mut call.body, boundary);
    let filename = loop {
        match multipart.next_part().await? {
            Some(part) if part.name == "file" || part.filename.is_some() => break part.filename,
            Some(_) => {}
            None => {
                return Err(Refusal::text(
                    StatusCode::BAD_REQUEST,
                    "the multipart body has no file",
                )
                .into());
            }
        }
    };
    if order.put.name.is_empty() {
        let name = filename.unwrap_or_default();
        if check_name(&name).is_err() {
            return Err(Refusal::problem(
                Problem::BadRequest("the name is not allowed"),
                order.level,
            )
            .into());
        }
        order.put.name = name;
        check(koofr, order, None)?;
    }
    let mut receiver = Receiver::new(koofr, order);
    while let Some(chunk) = multipart.chunk().await? {
        receiver.write(chunk).await?;
    }
    // The entry must not appear before the closing boundary was seen.
    while multipart.next_part().await?.is_some() {}
    receiver.finish().await
}

/// Stores a body and refuses it as soon as it cannot fit.
struct Receiver<'a> {
    koofr: &'a Koofr,
    order: &'a Order,
    writer: ContentWriter,
    /// The length at which the space is looked at again.
    next_check: u64,
}

/// Bytes between two looks at the free space.
const CHECK_EVERY: u64 = 16 * 1024 * 1024;

impl<'a> Receiver<'a> {
    fn new(koofr: &'a Koofr, order: &'a Order) -> Self {
        Self {
            koofr,
            order,
            writer: koofr.store.writer(),
            next_check: CHECK_EVERY,
        }
    }

    async fn write(&mut self, chunk: bytes::Bytes) -> Result<(), UploadError> {
        self.writer
            .write(chunk)
            .await
            .map_err(|error| Refusal::internal(&error))?;
        if self.writer.length() >= self.next_check {
            self.next_check += CHECK_EVERY;
            check(self.koofr, self.order, Some(self.writer.length()))?;
        }
        Ok(())
    }

    async fn finish(self) -> Result<Written, UploadError> {
        Ok(self
            .writer
            .finish()
            .await
            .map_err(|error| Refusal::internal(&error))?)
    }
}

fn commit(koofr: &Koofr, order: Order, written: Written) -> Result<Reply, Refusal> {
    let Order {
        put,
        info,
        level,
        by,
    } = order;
    let content = written.content.clone();
    let mount = put.mount.clone();
    let stored: Result<FileInfo, Problem> = koofr.change(|state| {
        let id = state.put(&by, put, written, &koofr.settings)?;
        let mount = state.mount(&by.user, &mount)?;
        Ok(state.info(mount, crate::koofr::state::Entry::Node(id)))
    })?;
    match stored {
        Ok(file) if info => Ok(Reply::json(&file)),
        Ok(file) => Ok(Reply::json(&json!([{ "name": file.name }]))),
        Err(problem) => {
            crate::store::ContentStore::release(content);
            Err(Refusal::problem(problem, level))
        }
    }
}

/// `POST {content}/mounts/{m}/files/put`
pub(crate) async fn put(
    koofr: &Koofr,
    call: &mut Call,
    mount: &str,
    user: &str,
    level: Level,
) -> Result<Reply, UploadError> {
    let order = order(koofr, call, mount, user, level)?;
    receive(koofr, call, order).await
}

/// `POST /content/direct/{token}`: into the folder of the link.
pub(crate) async fn put_direct(
    koofr: &Koofr,
    call: &mut Call,
    token: &str,
) -> Result<Reply, UploadError> {
    let now = koofr.clock.now_ms();
    let link = super::content::direct_link(&koofr.lock(), token, true, now)
        .map_err(|problem| Refusal::problem(problem, Level::V21))?;
    let order = into_folder(koofr, call, &link.user, &link.mount_id, &link.path)?;
    receive(koofr, call, order).await
}

/// `POST /content/receivers/{id}/files/put`: into the folder of an upload link, never replacing anything.
pub(crate) async fn put_receiver(
    koofr: &Koofr,
    call: &mut Call,
    id: &str,
) -> Result<Reply, UploadError> {
    let query = Query::parse(&call.query);
    let password = query.get("password")?;
    let link = super::public::receiver(koofr, id, password)?;
    let mut order = into_folder(koofr, call, &link.owner, &link.mount_id, &link.path)?;
    order.put.mode = PutMode::AutoRename;
    let reply = receive(koofr, call, order).await?;
    koofr
        .change(|state| {
            let links = &mut state.account_mut().links;
            if let Some(link) = links.iter_mut().find(|link| link.id == id) {
                link.counter += 1;
            }
            Ok(())
        })?
        .map_err(|problem| Refusal::problem(problem, Level::V21))?;
    Ok(reply)
}

/// An upload whose folder is given by a link and not by the query.
fn into_folder(
    koofr: &Koofr,
    call: &Call,
    user: &str,
    mount: &str,
    path: &str,
) -> Result<Order, Refusal> {
    let query = Query::parse(&call.query);
    let parent = Path::parse(path)
        .map_err(|_not_allowed| Refusal::problem(Problem::NotFound, Level::V21))?;
    let name = query.filename("filename")?.unwrap_or_default().to_owned();
    Ok(Order {
        put: PutRequest {
            mount: mount.to_owned(),
            parent,
            name,
            mode: mode(&query, koofr.settings.lenient_flags)?,
            modified: query.number("modified")?,
            tags: crate::koofr::nodes::Tags::new(),
        },
        info: query.boolean("info")? != Some(false),
        level: Level::V21,
        by: by(koofr, call, user),
    })
}
