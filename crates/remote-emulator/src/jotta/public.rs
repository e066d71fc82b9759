//! Public links, which need no credentials.

use hyper::StatusCode;

use crate::content_type;
use crate::jotta::jfs::send;
use crate::jotta::nodes::{Node, NodeId, Share};
use crate::jotta::problem::{Answer, Problem};
use crate::jotta::routes::Use;
use crate::jotta::state::State;
use crate::jotta::{Jotta, path};
use crate::reply::Reply;
use crate::service::Call;
use crate::zip;

/// What is shared in a way that `wanted` recognises, and is live.
fn shared(state: &State, wanted: impl Fn(&Share) -> bool) -> Option<NodeId> {
    let mut nodes = state.nodes.iter();
    let found = nodes.find(|(_, node)| node.is_live() && node.share.as_ref().is_some_and(&wanted));
    found.map(|(id, _)| id)
}

/// `GET /opin/io/downloadPublic/{user}/{uri}`: a file as it is, a folder as an archive. `streamPublic` serves files only, and `publicThumb` images, each of which is
/// its own preview.
pub(crate) fn content(jotta: &Jotta, call: &Call, wanted: Use, user: &str, uri: &str) -> Answer {
    let state = jotta.lock();
    let user = path::from_url(user, &state.settings)?.join("/");
    let found = shared(&state, |share| share.uri == uri);
    let owned = found.filter(|id| {
        let owner = state.nodes.line(*id).last();
        owner.is_some_and(|(_, owner)| owner.name == user)
    });
    let Some((id, node)) = owned.and_then(|id| Some((id, state.nodes.get(id)?))) else {
        return Err(Problem::no_file(uri));
    };
    if node.file().is_none() && wanted == Use::Download {
        let members = members(&state, id);
        return Ok(Reply::stream("application/zip", zip::archive(members)));
    }
    let current = node.file().and_then(|file| file.current());
    let content = current.and_then(|current| current.content.clone());
    let is_image = content_type::of(&node.name).starts_with("image/");
    let content = content.filter(|_| wanted != Use::Thumbnail || is_image);
    let content = content.ok_or_else(|| Problem::no_file(uri))?;
    send(call, &node.name, &content)
}

/// The live folder and what is live and complete below it, named from the folder on.
fn members(state: &State, folder: NodeId) -> Vec<zip::Member> {
    let mut members = Vec::new();
    let mut left = vec![(folder, String::new())];
    while let Some((id, prefix)) = left.pop() {
        let Some(node) = state.nodes.get(id).filter(|node| node.is_live()) else {
            continue;
        };
        let name = format!("{prefix}{}", node.name);
        let Some(file) = node.file() else {
            let name = format!("{name}/");
            left.extend(node.children().map(|child| (child, name.clone())));
            members.push(zip::Member {
                name,
                content: None,
            });
            continue;
        };
        let content = file.current().and_then(|current| current.content.clone());
        if content.is_some() {
            members.push(zip::Member { name, content });
        }
    }
    members
}

/// The page a public link leads to.
pub(crate) fn page(jotta: &Jotta, share_path: &str) -> Answer {
    let state = jotta.lock();
    let found = shared(&state, |share| share.path == share_path);
    let node: Option<&Node> = found.and_then(|id| state.nodes.get(id));
    let Some((node, share)) = node.and_then(|node| Some((node, node.share.as_ref()?))) else {
        return Err(Problem::no_path(share_path));
    };
    let mut name = node.name.replace('&', "&amp;");
    name = name.replace('<', "&lt;");
    let text = format!(
        "<!DOCTYPE html>\n<html><head><title>{name}</title></head><body>{name} is shared as {}.</body></html>\n",
        share.uri
    );
    Ok(Reply::bytes(
        StatusCode::OK,
        "text/html; charset=utf-8",
        text.into(),
    ))
}
