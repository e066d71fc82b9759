//! Links as the public uses them, without an account.

use hyper::StatusCode;
use hyper::header::{LOCATION, REFERER};
use serde_json::json;

use crate::koofr::Koofr;
use crate::koofr::content::{Source, send, send_zip, source, zip_members};
use crate::koofr::context::Context;
use crate::koofr::error::{Answer, Level, Problem, Refusal};
use crate::koofr::model::{Link, LinkKind, Mount};
use crate::koofr::path::Path;
use crate::koofr::state::State;
use crate::reply::Reply;

/// The link of an id, if it is valid and the password is right.
fn open(koofr: &Koofr, kind: LinkKind, id: &str, password: Option<&str>) -> Result<Link, Refusal> {
    let now = koofr.clock.now_ms();
    let state = koofr.lock();
    let link = state
        .account
        .links
        .iter()
        .find(|link| link.kind == kind && link.id == id && link.is_valid(now))
        .ok_or_else(|| Refusal::problem(Problem::NotFound, Level::V21))?;
    match &link.password {
        Some(wanted) if password != Some(wanted) => Err(Refusal::empty(StatusCode::UNAUTHORIZED)),
        _ => Ok(link.clone()),
    }
}

/// An upload link.
pub(crate) fn receiver(koofr: &Koofr, id: &str, password: Option<&str>) -> Result<Link, Refusal> {
    open(koofr, LinkKind::Receiver, id, password)
}

fn link(context: &Context<'_>) -> Result<Link, Refusal> {
    let password = context.query.get("password")?;
    open(context.koofr, LinkKind::Link, context.param(0), password)
}

/// The mount of a link and the place of `path` below what is linked.
fn place<'s>(state: &'s State, link: &Link, path: &Path) -> Result<(&'s Mount, Path), Problem> {
    let mount = state.online_mount(&link.owner, &link.mount_id)?;
    let base = Path::parse(&link.path).map_err(|_not_allowed| Problem::NotFound)?;
    let target = path
        .segments()
        .iter()
        .fold(base, |base, name| base.join(name));
    Ok((mount, target))
}

/// `GET public/links/{id}`
pub(crate) fn info(context: &Context<'_>) -> Answer {
    let link = link(context)?;
    context.read(|state| {
        let (mount, path) = place(state, &link, &Path::default())?;
        let entry = state.look_up(mount, &path, context.now())?;
        Ok(Reply::json(&json!({
            "id": link.id,
            "name": link.name,
            "file": state.info(mount, entry),
            "publicUrlBase": context.base(),
        })))
    })
}

/// `GET public/links/{id}/bundle`
pub(crate) fn bundle(context: &Context<'_>) -> Answer {
    let below = context.query.path("path")?;
    let link = link(context)?;
    context.read(|state| {
        let (mount, path) = place(state, &link, &below)?;
        let entry = state.look_up(mount, &path, context.now())?;
        let mut answer = json!({"file": state.info(mount, entry)});
        if state.is_dir(entry) {
            let files = super::entries::children(state, mount, entry, context.now());
            answer["files"] = json!(files);
        }
        Ok(Reply::json(&answer))
    })
}

/// `GET /content/links/{id}/files/get[/{name}]`
pub(crate) fn get(context: &Context<'_>) -> Answer {
    let below = context.query.path("path")?;
    let force = context.query.boolean("force")? == Some(true);
    let link = link(context)?;
    let referer = context
        .call
        .headers
        .get(REFERER)
        .and_then(|value| value.to_str().ok());
    let own_page = referer.is_some_and(|referer| referer.contains(&format!("/links/{}", link.id)));
    if context.settings().check_referer && !own_page {
        return Err(Refusal::text(
            StatusCode::FORBIDDEN,
            "hotlinking not allowed",
        ));
    }
    if !link.downloadable {
        return Err(context.refuse(Problem::Forbidden));
    }
    let (found, members) = context.read(|state| {
        let (mount, path) = place_of_file(state, &link, &below, context.now())?;
        let found = source(state, mount, &path, context.now())?;
        let members = match &found {
            Source::Folder(_) => zip_members(state, mount, &path, path.name(), context.now()),
            Source::File(..) => Vec::new(),
        };
        Ok((found, members))
    })?;
    context.change(|state| {
        let links = &mut state.account_mut().links;
        if let Some(known) = links.iter_mut().find(|known| known.id == link.id) {
            known.counter += 1;
        }
        Ok(())
    })?;
    match found {
        Source::File(info, content) => send(context, &info, &content, force),
        Source::Folder(_) => Ok(send_zip(members)),
    }
}

/// A linked file may be addressed as `/` and as `/name`.
fn place_of_file<'s>(
    state: &'s State,
    link: &Link,
    below: &Path,
    now: i64,
) -> Result<(&'s Mount, Path), Problem> {
    let (mount, top) = place(state, link, &Path::default())?;
    let entry = state.look_up(mount, &top, now)?;
    let itself = below.parent().is_root() && below.is_inside(&Path::default().join(top.name()));
    if !state.is_dir(entry) && itself {
        return Ok((mount, top));
    }
    place(state, link, below)
}

/// `GET /links/{id}` and `GET /receive/{id}`: the page a browser would show. With the short name instead of the id:
/// a redirect to it.
pub(crate) fn page(context: &Context<'_>) -> Answer {
    let (kind, page) = if context.call.path.starts_with("/links/") {
        (LinkKind::Link, "links")
    } else {
        (LinkKind::Receiver, "receive")
    };
    let wanted = context.param(0);
    let now = context.now();
    let link = context.read(|state| {
        let mut links = state.account.links.iter();
        let found = links.find(|link| {
            link.kind == kind && link.is_valid(now) && (link.id == wanted || link.hash == wanted)
        });
        found.cloned().ok_or(Problem::NotFound)
    })?;
    if link.id != wanted {
        let target = format!("{}/{page}/{}", context.base(), link.id);
        return Ok(Reply::status(StatusCode::FOUND).header(LOCATION, target));
    }
    let text = "<!DOCTYPE html>\n<html><body>A shared entry of the emulator.</body></html>\n";
    Ok(Reply::bytes(
        StatusCode::OK,
        "text/html; charset=utf-8",
        text.into(),
    ))
}
