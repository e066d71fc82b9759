//! Nodes as JSON.

use hyper::StatusCode;
use serde_json::{Map, Value, json};

use crate::acd::node::{Data, Key, Kind, Node, ROOT, date, etag};
use crate::acd::state::State;
use crate::reply::Reply;

/// A media type without a character set, as the service sends it.
const JSON: &str = "application/json";

/// An answer with this document.
pub(crate) fn reply(status: StatusCode, value: &Value) -> Reply {
    Reply::bytes(status, JSON, value.to_string().into())
}

/// What goes into the document of a node.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Style {
    pub(crate) now: i64,
    /// Show what is being processed as if it were done.
    pub(crate) finished: bool,
    pub(crate) assets: bool,
}

/// A node as it is now, or as a reader sees it.
pub(crate) fn node(
    state: &State,
    key: Option<Key>,
    node: &Node,
    data: &Data,
    style: Style,
) -> Value {
    let parents: Vec<String> = data.parents.iter().map(|p| state.id_of(p)).collect();
    let pending = !style.finished && data.live() && data.pending(style.now);
    let status = match (data.live(), pending) {
        (false, _) => "TRASH",
        (true, true) => "PENDING",
        (true, false) => "AVAILABLE",
    };
    let mut out = Map::new();
    let mut put = |name: &str, value: Value| drop(out.insert(name.to_owned(), value));
    put("id", node.id.clone().into());
    if let Some(name) = &data.name {
        put("name", name.clone().into());
    }
    put("kind", node.kind.name().into());
    put("version", data.version.into());
    put("labels", data.labels.clone().into());
    if !data.description.is_empty() {
        put("description", data.description.clone().into());
    }
    put("createdBy", node.created_by.clone().into());
    put("createdDate", date(node.created).into());
    put("modifiedDate", date(data.modified).into());
    put("parents", parents.into());
    put("status", status.into());
    put("restricted", false.into());
    if key == Some(ROOT) {
        put("isRoot", true.into());
    }
    put("isShared", false.into());
    put("eTagResponse", etag(&node.id, data.version).into());
    put("transforms", json!([]));
    let shown = |owner: &str| {
        let settings = &state.settings;
        !settings.refuse_foreign_properties || owner == settings.application
    };
    let own = data.properties.iter();
    let own: Map<String, Value> = own
        .filter(|(owner, pairs)| shown(owner) && !pairs.is_empty())
        .map(|(owner, pairs)| (owner.clone(), json!(pairs)))
        .collect();
    if !own.is_empty() {
        put("properties", own.into());
    }
    if let Some(trashed) = data.trashed.filter(|_| state.settings.trash_flags) {
        put("exclusivelyTrashed", trashed.top.into());
        put("recursivelyTrashed", (!trashed.top).into());
    }
    if node.kind == Kind::File {
        put("contentProperties", content_properties(data, pending));
    }
    if style.assets && node.kind == Kind::File {
        put("assets", assets(node, data).into());
    }
    Value::Object(out)
}

fn content_properties(data: &Data, pending: bool) -> Value {
    let mut out = json!({ "contentType": data.content_type() });
    if let Some((_, extension)) = data.name.as_deref().unwrap_or_default().rsplit_once('.') {
        out["extension"] = extension.into();
    }
    if let Some(content) = &data.content {
        out["version"] = content.version.into();
        if !pending {
            out["size"] = content.blob.len().into();
            if let Some(md5) = &content.md5 {
                out["md5"] = md5.clone().into();
            }
        }
    }
    out
}

/// Whether the service makes small pictures of a file.
pub(crate) fn has_pictures(data: &Data) -> bool {
    let kind = data.content_type();
    kind.starts_with("image/") || kind.starts_with("video/")
}

/// The small picture of a file that has one. It can be fetched with `viewBox` only, not by this id.
fn assets(node: &Node, data: &Data) -> Vec<Value> {
    if !has_pictures(data) {
        return Vec::new();
    }
    let id = format!("As{}", node.id.get(2..).unwrap_or_default());
    vec![json!({
        "id": id,
        "kind": Kind::Asset.name(),
        "name": "thumbnail.jpg",
        "version": 1,
        "parents": [node.id],
        "status": "AVAILABLE",
        "createdDate": date(node.created),
        "modifiedDate": date(node.created),
        "contentProperties": {"contentType": "image/jpeg", "extension": "jpg", "version": 1},
        "image": {"width": 8, "height": 8},
    })]
}
