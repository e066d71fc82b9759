//! The trash, and old versions of files.

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::koofr::change::ChangeKind;
use crate::koofr::context::Context;
use crate::koofr::error::{Answer, Problem, Refusal};
use crate::koofr::model::{Mount, TrashItem};
use crate::koofr::nodes::{Kind, Node, NodeId};
use crate::koofr::path::{Path, free_name};
use crate::koofr::state::{By, Entry, State};
use crate::reply::Reply;

const DEFAULT_PAGE: usize = 256;
const MILLIS_PER_DAY: i64 = 24 * 60 * 60 * 1000;

/// The version of a file that `version` names.
pub(crate) fn version<'s>(
    state: &'s State,
    mount: &Mount,
    path: &Path,
    version: &str,
) -> Result<&'s TrashItem, Problem> {
    versions_of(state, mount, path)
        .find(|(_, item)| item.version == version)
        .map(|(_, item)| item)
        .ok_or(Problem::NotFound)
}

/// The overwritten contents of a path, newest first.
fn versions_of<'s>(
    state: &'s State,
    mount: &Mount,
    path: &Path,
) -> impl Iterator<Item = (u64, &'s TrashItem)> {
    let storage = state.storage(mount);
    let stored = state
        .nodes
        .find(mount.root, path)
        .and_then(|id| state.nodes.path(storage.root, id))
        .unwrap_or_else(|| path.to_string());
    let id = storage.id.clone();
    state
        .trash
        .iter()
        .rev()
        .filter(move |(_, item)| {
            item.overwritten && item.mount_id == id && State::same_path(&item.path, &stored)
        })
        .map(|(number, item)| (*number, item))
}

impl State {
    /// Lets go of what has been in the trash for too long.
    pub(crate) fn expire_trash(&mut self, now: i64, days: u32) {
        let limit = now.saturating_sub(i64::from(days).saturating_mul(MILLIS_PER_DAY));
        let old: Vec<u64> = self
            .trash
            .iter()
            .filter(|(_, item)| item.deleted < limit)
            .map(|(number, _)| *number)
            .collect();
        self.empty_trash(&old);
    }

    fn empty_trash(&mut self, numbers: &[u64]) {
        for number in numbers {
            if let Some(item) = self.take_from_trash(*number) {
                self.destroy(item.node);
            }
        }
    }

    fn own_trash(&self, user: &str) -> Vec<u64> {
        self.trash
            .iter()
            .filter(|(_, item)| self.mount(user, &item.mount_id).is_ok())
            .map(|(number, _)| *number)
            .collect()
    }

    /// Puts a detached node back to a path, under another name when it is taken; missing folders are made again.
    fn put_back(
        &mut self,
        by: &By,
        mount_id: &str,
        path: &str,
        node: NodeId,
    ) -> Result<Path, Problem> {
        let path = Path::parse(path).map_err(|_not_allowed| Problem::NotFound)?;
        let mount = self.online_mount(&by.user, mount_id)?;
        let (mount_id, root, storage) =
            (mount.id.clone(), mount.root, self.storage(mount).id.clone());
        let mut folder = root;
        for name in path.parent().segments() {
            folder = match self.nodes.child(folder, name) {
                Some(id) if self.nodes.get(id).is_some_and(Node::is_dir) => id,
                Some(_) => return Err(Problem::NotDir),
                None => {
                    let id = self.nodes.create(
                        name,
                        by.now,
                        Kind::Dir(crate::koofr::nodes::Dir::default()),
                    );
                    self.nodes.attach(id, folder, name);
                    id
                }
            };
        }
        let name = free_name(path.name(), |name| self.nodes.child(folder, name).is_some());
        self.nodes.attach(node, folder, &name);
        let bytes = self.nodes.bytes(node);
        self.add_used(&storage, bytes);
        let target = path.parent().join(&name);
        self.report(
            by,
            ChangeKind::Created,
            &mount_id,
            target.clone(),
            None,
            Some(Entry::Node(node)),
        );
        Ok(target)
    }
}

/// What a page of the trash is a part of, written into its cursor.
#[derive(Debug)]
struct Page {
    size: usize,
    field: String,
    descending: bool,
    offset: usize,
}

impl Page {
    fn of(context: &Context<'_>) -> Result<Self, Refusal> {
        let query = &context.query;
        if let Some(cursor) = query.get("cursor")? {
            return Self::parse(cursor)
                .ok_or_else(|| Refusal::bad_query("the cursor is not one of ours"));
        }
        let size = query.number("pageSize")?;
        Ok(Self {
            size: size
                .and_then(|size| usize::try_from(size).ok())
                .filter(|size| *size > 0)
                .unwrap_or(DEFAULT_PAGE),
            field: query.get("sortField")?.unwrap_or("deleted").to_owned(),
            descending: query.get("sortDir")? == Some("desc"),
            offset: 0,
        })
    }

    fn parse(cursor: &str) -> Option<Self> {
        let mut parts = cursor.split('.');
        Some(Self {
            offset: parts.next()?.parse().ok()?,
            size: parts.next()?.parse().ok()?,
            field: parts.next()?.to_owned(),
            descending: parts.next()? == "desc",
        })
    }

    fn cursor_after(&self, total: usize) -> Option<String> {
        let next = self.offset.saturating_add(self.size);
        let direction = if self.descending { "desc" } else { "asc" };
        (next < total).then(|| format!("{next}.{}.{}.{direction}", self.size, self.field))
    }
}

/// `GET trash`
pub(crate) fn list(context: &Context<'_>) -> Answer {
    let page = Page::of(context)?;
    let days = context.settings().trash_retention_days;
    context.change(|state| {
        state.expire_trash(context.now(), days);
        let mut items: Vec<(u64, &TrashItem)> = state
            .own_trash(&context.user)
            .into_iter()
            .filter_map(|number| Some((number, state.trash.get(&number)?)))
            .collect();
        match page.field.as_str() {
            "name" => items.sort_by_key(|(_, item)| name_of(item).to_owned()),
            "path" => items.sort_by_key(|(_, item)| item.path.clone()),
            "size" => items.sort_by_key(|(_, item)| item.bytes),
            _ => items.sort_by_key(|(number, item)| (item.deleted, *number)),
        }
        if page.descending {
            items.reverse();
        }
        let total = items.len();
        let shown = items.into_iter().skip(page.offset).take(page.size);
        let files: Vec<Value> = shown.map(|(_, item)| trash_json(state, item)).collect();
        let ids: Vec<String> = state
            .trash
            .values()
            .map(|item| item.mount_id.clone())
            .collect();
        Ok(Reply::json(&json!({
            "files": files,
            "mounts": super::mounts::mounts_by_id(context, state, ids.iter().map(String::as_str)),
            "retentionDays": days,
            "pageInfo": {"cursor": page.cursor_after(total)},
        })))
    })
}

fn name_of(item: &TrashItem) -> &str {
    item.path.rsplit('/').next().unwrap_or_default()
}

fn trash_json(state: &State, item: &TrashItem) -> Value {
    let node = state.nodes.get(item.node);
    let file = node.and_then(Node::file);
    json!({
        "mountId": item.mount_id,
        "path": item.path,
        "name": name_of(item),
        "deleted": item.deleted,
        "size": file.map_or(0, |file| file.size),
        "contentType": file.map_or("", |file| file.content_type.as_str()),
        "versionId": item.version,
        "tags": node.map(|node| &node.tags),
    })
}

#[derive(Deserialize)]
struct Undelete {
    files: Vec<Item>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    mount_id: String,
    path: String,
    version_id: Option<String>,
}

/// `POST trash/undelete`: an empty list restores everything.
pub(crate) fn undelete(context: &Context<'_>) -> Answer {
    let order: Undelete = context.json()?;
    let by = context.by();
    let job = context.change(|state| {
        let own = state.own_trash(&context.user);
        let chosen = if order.files.is_empty() {
            own
        } else {
            choose(state, &own, &order.files)?
        };
        for number in chosen {
            let Some(item) = state.trash.get(&number).cloned() else {
                continue;
            };
            state.put_back(&by, &item.mount_id, &item.path, item.node)?;
            state.take_from_trash(number);
        }
        Ok(state.finished_job(by.now, "undelete", &json!({"count": order.files.len()})))
    })?;
    Ok(Reply::json(&job))
}

/// The newest item of each path.
fn choose(state: &State, own: &[u64], wanted: &[Item]) -> Result<Vec<u64>, Problem> {
    wanted
        .iter()
        .map(|item| {
            own.iter()
                .rev()
                .find(|number| {
                    state.trash.get(number).is_some_and(|known| {
                        known.mount_id == item.mount_id
                            && State::same_path(&known.path, &item.path)
                            && item
                                .version_id
                                .as_ref()
                                .is_none_or(|id| *id == known.version)
                    })
                })
                .copied()
                .ok_or(Problem::NotFound)
        })
        .collect()
}

/// `DELETE trash`: for good.
pub(crate) fn empty(context: &Context<'_>) -> Answer {
    let job = context.change(|state| {
        let own = state.own_trash(&context.user);
        state.empty_trash(&own);
        Ok(state.finished_job(context.now(), "emptyTrash", &json!({"count": own.len()})))
    })?;
    Ok(Reply::json(&job))
}

/// `GET files/versions`
pub(crate) fn versions(context: &Context<'_>) -> Answer {
    let path = context.query.path("path")?;
    context.read(|state| {
        let mount = state.online_mount(&context.user, context.param(0))?;
        let versions: Vec<Value> = versions_of(state, mount, &path)
            .filter_map(|(_, item)| {
                let node = state.nodes.get(item.node)?;
                let file = node.file()?;
                Some(json!({
                    "id": item.version,
                    "type": "file",
                    "modified": node.modified,
                    "size": file.size,
                    "contentType": file.content_type,
                    "tags": node.tags,
                }))
            })
            .collect();
        if versions.is_empty() {
            state.look_up(mount, &path, context.now())?;
        }
        Ok(Reply::json(&json!({ "versions": versions })))
    })
}

/// `POST files/versions/recover`: the old content becomes a new file beside the current one.
pub(crate) fn recover(context: &Context<'_>) -> Answer {
    let path = context.query.path("path")?;
    let wanted = context.query.required("version")?;
    let by = context.by();
    let target = context.change(|state| {
        let mount = state.online_mount(&context.user, context.param(0))?;
        let item = version(state, mount, &path, wanted)?;
        let (mount_id, stored, node) = (item.mount_id.clone(), item.path.clone(), item.node);
        let copy = state.nodes.copy(node).ok_or(Problem::NotFound)?;
        state.put_back(&by, &mount_id, &stored, copy)
    })?;
    Ok(Reply::json(&json!({"newPath": target.to_string()})))
}

/// `POST files/versions/change`: the old content replaces the current one, which becomes a version itself.
pub(crate) fn change(context: &Context<'_>) -> Answer {
    let path = context.query.path("path")?;
    let wanted = context.query.required("version")?;
    let by = context.by();
    context.change(|state| {
        let mount = state.online_mount(&context.user, context.param(0))?.clone();
        let item = version(state, &mount, &path, wanted)?;
        let (storage, stored, node) = (item.mount_id.clone(), item.path.clone(), item.node);
        let Some(Entry::Node(current)) = state.find(&mount, &path) else {
            return Err(Problem::NotFound);
        };
        let copy = state.nodes.copy(node).ok_or(Problem::NotFound)?;
        let bytes = state.nodes.bytes(current);
        state.sub_used(&storage, bytes);
        state.nodes.detach(current);
        state.discard(&storage, stored.clone(), current, true, by.now);
        state.put_back(&by, &storage, &stored, copy).map(|_| ())
    })?;
    Ok(Reply::status(StatusCode::NO_CONTENT))
}

/// `GET snapshots`: this installation has none.
pub(crate) fn snapshots(_context: &Context<'_>) -> Answer {
    Ok(Reply::json(&json!({"snapshots": []})))
}
