//! Downloads.

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_RANGE, CONTENT_TYPE, HeaderName, LOCATION, RANGE,
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use crate::ids;
use crate::koofr::context::{Context, Query};
use crate::koofr::error::{Answer, Problem, Refusal};
use crate::koofr::files::FileInfo;
use crate::koofr::model::{DirectLink, Mount};
use crate::koofr::path::Path;
use crate::koofr::state::{Entry, State};
use crate::range::{Wanted, wanted};
use crate::reply::{Reply, ReplyBody};
use crate::store::Content;
use crate::tree::TreeEntry;
use crate::zip;

const X_FILE_INFO: HeaderName = HeaderName::from_static("x-file-info");

/// A file that can be sent, or a folder.
pub(crate) enum Source {
    File(FileInfo, Content),
    Folder(Entry),
}

/// What lies at a path, for readers.
pub(crate) fn source(
    state: &State,
    mount: &Mount,
    path: &Path,
    now: i64,
) -> Result<Source, Problem> {
    let entry = state.look_up(mount, path, now)?;
    let content = match entry {
        Entry::Node(id) => state
            .nodes
            .get(id)
            .and_then(|node| node.file())
            .map(|file| file.content.clone()),
        Entry::Tree(TreeEntry::File(folder, file)) => state
            .tree
            .as_ref()
            .map(|tree| Content::Memory(Bytes::from(tree.content(folder, file)))),
        Entry::Tree(_) => None,
    };
    Ok(match content {
        Some(content) => Source::File(state.info(mount, entry), content),
        None => Source::Folder(entry),
    })
}

/// `GET files/get`
pub(crate) fn get(context: &Context<'_>) -> Answer {
    let query = &context.query;
    let path = query.path("path")?;
    let force = query.boolean("force")? == Some(true);
    let version = query.get("version")?;
    // Renditions are not made; the original is sent instead.
    query.get("thumb")?;
    query.get("convert")?;
    let found = context.read(|state| {
        let mount = state.online_mount(&context.user, context.param(0))?;
        match version {
            Some(version) => old_version(state, mount, &path, version),
            None => source(state, mount, &path, context.now()),
        }
    })?;
    match found {
        Source::File(info, content) => send(context, &info, &content, force),
        Source::Folder(_) if context.settings().zip_folders => {
            let files = context.read(|state| {
                let mount = state.online_mount(&context.user, context.param(0))?;
                Ok(zip_members(state, mount, &path, "", context.now()))
            })?;
            Ok(send_zip(files))
        }
        Source::Folder(_) => Err(context.refuse(Problem::NotFile)),
    }
}

fn old_version(
    state: &State,
    mount: &Mount,
    path: &Path,
    version: &str,
) -> Result<Source, Problem> {
    let item = super::trash::version(state, mount, path, version)?;
    let node = state.nodes.get(item.node).ok_or(Problem::NotFound)?;
    let file = node.file().ok_or(Problem::NotFile)?;
    Ok(Source::File(
        FileInfo::of(node, false, state.storage(mount).hashes),
        file.content.clone(),
    ))
}

/// A download answer, whole or the range the request asks for.
pub(crate) fn send(
    context: &Context<'_>,
    info: &FileInfo,
    content: &Content,
    force: bool,
) -> Answer {
    let total = content.len();
    let range = context.call.headers.get(RANGE);
    let wanted = range.map_or(Wanted::All, |header| wanted(header.as_bytes(), total));
    let (status, range) = match wanted {
        Wanted::All => (StatusCode::OK, 0..total),
        Wanted::Part(range) => (StatusCode::PARTIAL_CONTENT, range),
        Wanted::None => return Err(Refusal::range(total)),
    };
    let mut reply = Reply::status(status)
        .header(CONTENT_TYPE, &info.content_type)
        .header(ACCEPT_RANGES, "bytes")
        .header(
            X_FILE_INFO,
            file_info_header(info, context.settings().escape_file_info),
        )
        .length(range.end - range.start);
    if status == StatusCode::PARTIAL_CONTENT {
        let value = format!("bytes {}-{}/{total}", range.start, range.end - 1);
        reply = reply.header(CONTENT_RANGE, value);
    }
    if force {
        let name = utf8_percent_encode(&info.name, NON_ALPHANUMERIC);
        reply = reply.header(
            CONTENT_DISPOSITION,
            format!("attachment; filename*=UTF-8''{name}"),
        );
    }
    reply.body = ReplyBody::Stream(content.stream(range));
    Ok(reply)
}

/// The description as JSON that fits into a header.
fn file_info_header(info: &FileInfo, ascii: bool) -> String {
    let json = serde_json::to_string(info).unwrap_or_default();
    let mut out = String::with_capacity(json.len());
    for char in json.chars() {
        // DEL is legal in JSON and illegal in headers.
        if char == '\u{7f}' || (ascii && !char.is_ascii()) {
            let mut units = [0; 2];
            for unit in char.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(char);
        }
    }
    out
}

/// `GET files/get` under the API prefix: sends the client to the content address.
pub(crate) fn redirect(context: &Context<'_>) -> Answer {
    context.query.path("path")?;
    context.read(|state| state.mount(&context.user, context.param(0)).map(|_| ()))?;
    let target = format!(
        "{}/content{}?{}",
        context.base(),
        context.call.path,
        context.call.query
    );
    Ok(Reply::status(StatusCode::SEE_OTHER).header(LOCATION, target))
}

/// `GET files/external`: where the foreign service would show the entry.
pub(crate) fn external(context: &Context<'_>) -> Answer {
    let path = context.query.path("path")?;
    let origin = context.read(|state| {
        let mount = state.online_mount(&context.user, context.param(0))?;
        state.look_up(mount, &path, context.now())?;
        Ok(mount.origin.clone())
    })?;
    let target = format!("{}/external/{origin}", context.base());
    Ok(Reply::status(StatusCode::SEE_OTHER).header(LOCATION, target))
}

/// `GET files/externalstatus`
pub(crate) fn external_status(context: &Context<'_>) -> Answer {
    context.read(|state| {
        let mount = state.mount(&context.user, context.param(0))?;
        let status = if mount.synced { "ok" } else { "syncing" };
        Ok(Reply::json(&json!({ "status": status })))
    })
}

/// `GET files/download` and `GET files/upload`: an address that works without credentials for a while.
fn direct(context: &Context<'_>, upload: bool) -> Answer {
    let path = context.query.path("path")?;
    let now = context.now();
    let lifetime =
        i64::try_from(context.settings().direct_link_lifetime.as_millis()).unwrap_or(i64::MAX);
    let token = ids::token();
    context.change(|state| {
        let mount = state.online_mount(&context.user, context.param(0))?;
        let entry = state.look_up(mount, &path, now)?;
        match (upload, state.is_dir(entry)) {
            (true, false) => return Err(Problem::NotDir),
            (false, true) => return Err(Problem::NotFile),
            _ => {}
        }
        let link = DirectLink {
            user: context.user.clone(),
            mount_id: mount.id.clone(),
            path: path.to_string(),
            upload,
            expires: now.saturating_add(lifetime),
        };
        state.direct.retain(|_, known| known.expires > now);
        state.direct.insert(token.clone(), link);
        Ok(())
    })?;
    let link = format!("{}/content/direct/{token}", context.base());
    Ok(Reply::json(&json!({ "link": link })))
}

pub(crate) fn download_link(context: &Context<'_>) -> Answer {
    direct(context, false)
}

pub(crate) fn upload_link(context: &Context<'_>) -> Answer {
    direct(context, true)
}

/// The valid direct link of a token.
pub(crate) fn direct_link(
    state: &State,
    token: &str,
    upload: bool,
    now: i64,
) -> Result<DirectLink, Problem> {
    state
        .direct
        .get(token)
        .filter(|link| link.upload == upload && link.expires > now)
        .cloned()
        .ok_or(Problem::NotFound)
}

/// `GET /content/direct/{token}`
pub(crate) fn get_direct(context: &Context<'_>) -> Answer {
    let found = context.read(|state| {
        let link = direct_link(state, context.param(0), false, context.now())?;
        let mount = state.online_mount(&link.user, &link.mount_id)?;
        let path = Path::parse(&link.path).map_err(|_not_allowed| Problem::NotFound)?;
        source(state, mount, &path, context.now())
    })?;
    match found {
        Source::File(info, content) => send(context, &info, &content, false),
        Source::Folder(_) => Err(context.refuse(Problem::NotFile)),
    }
}

/// The files at and below a path, named relative to its parent.
pub(crate) fn zip_members(
    state: &State,
    mount: &Mount,
    path: &Path,
    prefix: &str,
    now: i64,
) -> Vec<zip::Member> {
    let mut members = Vec::new();
    let mut left = vec![(path.clone(), prefix.to_owned())];
    while let Some((path, name)) = left.pop() {
        match source(state, mount, &path, now) {
            Ok(Source::File(info, content)) => members.push(zip::Member {
                name: if name.is_empty() { info.name } else { name },
                content: Some(content),
            }),
            Ok(Source::Folder(entry)) => {
                if !name.is_empty() {
                    members.push(zip::Member {
                        name: format!("{name}/"),
                        content: None,
                    });
                }
                let below = super::entries::children(state, mount, entry, now);
                left.extend(below.into_iter().rev().map(|child| {
                    let slash = if name.is_empty() { "" } else { "/" };
                    (
                        path.join(&child.name),
                        format!("{name}{slash}{}", child.name),
                    )
                }));
            }
            Err(_) => {}
        }
    }
    members
}

pub(crate) fn send_zip(members: Vec<zip::Member>) -> Reply {
    Reply::stream("application/zip", zip::archive(members))
}

fn named_files(form: &Query) -> Result<Vec<&str>, Refusal> {
    let files: Vec<&str> = form.all("files").collect();
    if files.is_empty() {
        return Err(Refusal::bad_query("the form has no `files`"));
    }
    Ok(files)
}

/// `POST files/get?path=`: named children of a folder as an archive.
pub(crate) fn zip_children(context: &Context<'_>) -> Answer {
    let path = context.query.path("path")?;
    let form = context.form();
    let names = named_files(&form)?;
    let members = context.read(|state| {
        let mount = state.online_mount(&context.user, context.param(0))?;
        let dir = state.look_up(mount, &path, context.now())?;
        if !state.is_dir(dir) {
            return Err(Problem::NotDir);
        }
        let mut members = Vec::new();
        for name in names {
            let child = path.join(name);
            state.look_up(mount, &child, context.now())?;
            members.extend(zip_members(state, mount, &child, name, context.now()));
        }
        Ok(members)
    })?;
    Ok(send_zip(members))
}

/// `POST {content}/files/get`: entries of any mounts as an archive.
pub(crate) fn zip_anywhere(context: &Context<'_>) -> Answer {
    let form = context.form();
    let entries = named_files(&form)?;
    let members = context.read(|state| {
        let mut members = Vec::new();
        for entry in entries {
            let (mount, path) = entry
                .split_once(':')
                .ok_or(Problem::BadRequest("expected mount:path"))?;
            let path = Path::parse(path)
                .map_err(|_not_allowed| Problem::BadRequest("the path is not allowed"))?;
            let mount = state.online_mount(&context.user, mount)?;
            state.look_up(mount, &path, context.now())?;
            members.extend(zip_members(state, mount, &path, path.name(), context.now()));
        }
        Ok(members)
    })?;
    Ok(send_zip(members))
}

/// A small picture, for `qr` and profile pictures: nothing but a valid image.
pub(crate) fn picture(_context: &Context<'_>) -> Answer {
    const IMAGE: &[u8] = br#"<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="8" height="8"/></svg>"#;
    Ok(Reply::bytes(
        StatusCode::OK,
        "image/svg+xml",
        Bytes::from_static(IMAGE),
    ))
}
