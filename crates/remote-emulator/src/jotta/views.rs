//! The views of the built-in device: `Trash`, `Links`, `Latest`, `Shared`.

use hyper::StatusCode;

use crate::jotta::BUILT_IN_DEVICE;
use crate::jotta::nodes::{Node, NodeId};
use crate::jotta::problem::{Answer, Problem};
use crate::jotta::render::{Detail, Renderer, counts, reply};
use crate::jotta::state::Account;
use crate::jotta::xml::Xml;

/// How many files `Latest` shows at least when nothing else is asked for.
const LATEST_DEFAULT: usize = 10;

/// `GET {user}/Jotta/Trash`: the top-most tombstones of all devices.
pub(crate) fn trash(renderer: &Renderer<'_>, account: &Account) -> Answer {
    let mut all = renderer.state.top_tombstones(account.root);
    all.sort_by_key(|id| renderer.state.nodes.path(*id));
    let is_file = |id: &NodeId| {
        let node = renderer.state.nodes.get(*id);
        node.is_some_and(|node| node.file().is_some())
    };
    let (files, folders): (Vec<NodeId>, Vec<NodeId>) = all.into_iter().partition(is_file);
    let mut xml = open_mount(renderer, account, "Trash");
    section(renderer, &mut xml, "folders", &folders);
    section(renderer, &mut xml, "files", &files);
    counts(&mut xml, folders.len(), files.len());
    xml.close("mountPoint");
    Ok(reply(StatusCode::OK, xml))
}

/// `GET {user}/Jotta/Shared`: folders shared with other people, of which there are none.
pub(crate) fn shared(renderer: &Renderer<'_>, account: &Account) -> Answer {
    let mut xml = open_mount(renderer, account, "Shared");
    counts(&mut xml, 0, 0);
    xml.close("mountPoint");
    Ok(reply(StatusCode::OK, xml))
}

fn open_mount(renderer: &Renderer<'_>, account: &Account, name: &str) -> Xml {
    let mut xml = Xml::document();
    let time = renderer.time();
    let attributes = [("time", time.as_str()), ("host", super::HOST_NAME)];
    xml.open("mountPoint", &attributes);
    xml.spaced("name", name);
    let parent = format!("/{}/{BUILT_IN_DEVICE}", account.username);
    xml.spaced("path", &parent);
    xml.spaced("abspath", &parent);
    xml.text("size", "");
    xml.text("modified", "");
    xml.text("device", BUILT_IN_DEVICE);
    xml.text("user", &account.username);
    xml
}

fn section(renderer: &Renderer<'_>, xml: &mut Xml, name: &str, ids: &[NodeId]) {
    if ids.is_empty() {
        return;
    }
    xml.open(name, &[]);
    for id in ids {
        match renderer.state.nodes.get(*id) {
            Some(node) if node.is_folder() || node.file().is_some() => {
                renderer.node(xml, *id, Detail::InTrash);
            }
            Some(node) => trashed_mount(renderer, xml, *id, node),
            None => {}
        }
    }
    xml.close(name);
}

/// A trashed mount point looks like a folder whose parent is a device.
fn trashed_mount(renderer: &Renderer<'_>, xml: &mut Xml, id: NodeId, node: &Node) {
    let deleted = node.deleted.map(super::dates::jfs).unwrap_or_default();
    let attributes = [
        ("name", node.name.as_str()),
        ("deleted", &deleted),
        ("contextType", "TRASH"),
    ];
    xml.open("folder", &attributes);
    xml.spaced("abspath", &renderer.state.nodes.parent_path(id));
    xml.close("folder");
}

/// `GET {user}/Jotta/Links`: everything with a public link, in the trash as well.
pub(crate) fn links(renderer: &Renderer<'_>, account: &Account) -> Answer {
    let found = files(renderer, account, |node| node.share.is_some());
    Ok(search_result(renderer, &found, found.len()))
}

/// `GET {user}/Jotta/Latest?sort=updated&max={n}`: live files, the newest upload first.
pub(crate) fn latest(renderer: &Renderer<'_>, account: &Account, max: Option<&str>) -> Answer {
    let max = match max {
        None => LATEST_DEFAULT,
        Some(text) => text
            .parse()
            .map_err(|_no_number| Problem::invalid(format!("`{text}` is not a number")))?,
    };
    let mut found = files(renderer, account, Node::is_complete);
    let updated = |id: &NodeId| {
        let file = renderer.state.nodes.get(*id).and_then(Node::file);
        file.and_then(|file| file.current())
            .map_or(i64::MIN, |current| current.updated)
    };
    found.sort_by_key(|id| std::cmp::Reverse(updated(id)));
    Ok(search_result(renderer, &found, max))
}

/// The files of an account that are wanted, by path.
fn files(
    renderer: &Renderer<'_>,
    account: &Account,
    wanted: impl Fn(&Node) -> bool,
) -> Vec<NodeId> {
    let nodes = &renderer.state.nodes;
    let mut found: Vec<NodeId> = nodes
        .subtree(account.root)
        .into_iter()
        .filter(|id| {
            nodes.get(*id).is_some_and(|node| {
                node.file().is_some() && wanted(node) && node.hidden_until <= renderer.now
            })
        })
        .collect();
    found.sort_by_key(|id| nodes.path(*id));
    found
}

fn search_result(renderer: &Renderer<'_>, found: &[NodeId], max: usize) -> crate::reply::Reply {
    let mut xml = Xml::document();
    let time = renderer.time();
    let attributes = [("time", time.as_str()), ("host", super::HOST_NAME)];
    xml.open("searchresult", &attributes);
    xml.open("files", &[]);
    for id in found.iter().take(max) {
        renderer.node(&mut xml, *id, Detail::Found);
    }
    xml.close("files");
    let (max, total) = (max.to_string(), found.len().to_string());
    let counted = [
        ("first", "0"),
        ("max", &max),
        ("total", &total),
        ("num_files", &total),
    ];
    xml.empty("metadata", &counted);
    xml.close("searchresult");
    reply(StatusCode::OK, xml)
}
