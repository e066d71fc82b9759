//! Information, listings of one folder, and changes of entries.

use bytes::Bytes;
use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::koofr::context::Context;
use crate::koofr::error::{Answer, Problem, Refusal};
use crate::koofr::files::FileInfo;
use crate::koofr::listing;
use crate::koofr::model::{LinkKind, Mount};
use crate::koofr::nodes::Tags;
use crate::koofr::ops::{
    Conditions, PutMode, PutRequest, RemoveConditions, Transfer, TransferKind, destination,
};
use crate::koofr::path::Path;
use crate::koofr::state::{Entry, State};
use crate::reply::Reply;
use crate::store::{Content, Written, md5_hex};

/// `GET files/info`
pub(crate) fn info(context: &Context<'_>) -> Answer {
    let path = context.query.path("path")?;
    context.read(|state| {
        let mount = state.online_mount(&context.user, context.param(0))?;
        let entry = state.look_up(mount, &path, context.now())?;
        Ok(Reply::json(&state.info(mount, entry)))
    })
}

/// The children of a folder in stored order, for readers at `now`.
pub(crate) fn children(state: &State, mount: &Mount, dir: Entry, now: i64) -> Vec<FileInfo> {
    let mut files = Vec::new();
    match dir {
        Entry::Node(id) => {
            let nodes = state.nodes.get(id).and_then(|node| node.dir());
            for child in nodes.into_iter().flat_map(|dir| dir.children()) {
                if state
                    .nodes
                    .get(child)
                    .is_some_and(|node| node.hidden_until <= now)
                {
                    files.push(state.info(mount, Entry::Node(child)));
                }
            }
            if id == mount.root
                && let Ok(tree) = state.look_up(mount, &listing::tree_path(), now)
                && matches!(tree, Entry::Tree(_))
            {
                files.push(state.info(mount, tree));
            }
        }
        Entry::Tree(parent) => {
            let mut place = 0;
            while let Some((child, next)) = state
                .tree
                .as_ref()
                .and_then(|tree| tree.next_child(parent, place))
            {
                files.push(state.info(mount, Entry::Tree(child)));
                place = next;
            }
        }
    }
    files
}

#[derive(Serialize)]
struct Files {
    files: Vec<FileInfo>,
}

/// `GET files/list`
pub(crate) fn list(context: &Context<'_>) -> Answer {
    let path = context.query.path("path")?;
    context.read(|state| {
        let mount = state.online_mount(&context.user, context.param(0))?;
        let dir = state.look_up(mount, &path, context.now())?;
        if !state.is_dir(dir) {
            return Err(Problem::NotDir);
        }
        if let Entry::Tree(parent) = dir {
            return Ok(listing::synthetic_folder(context.koofr.handle(), parent));
        }
        let files = children(state, mount, dir, context.now());
        Ok(Reply::json(&Files { files }))
    })
}

/// `GET bundle`
pub(crate) fn bundle(context: &Context<'_>) -> Answer {
    let path = context.query.path("path")?;
    context.read(|state| {
        let mount = state.online_mount(&context.user, context.param(0))?;
        let now = context.now();
        let entry = state.look_up(mount, &path, now)?;
        let mut answer =
            json!({"file": bundle_file(context, state, mount, &path, &state.info(mount, entry))});
        if state.is_dir(entry) {
            let files: Vec<Value> = children(state, mount, entry, now)
                .into_iter()
                .map(|file| {
                    let path = path.join(&file.name);
                    bundle_file(context, state, mount, &path, &file)
                })
                .collect();
            answer["files"] = files.into();
        }
        Ok(Reply::json(&answer))
    })
}

/// A `File` with what else is known about its path.
fn bundle_file(
    context: &Context<'_>,
    state: &State,
    mount: &Mount,
    path: &Path,
    file: &FileInfo,
) -> Value {
    let mut json = json!(file);
    let text = path.to_string();
    let here = |mount_id: &str, other: &str| mount_id == mount.id && State::same_path(&text, other);
    for link in state
        .account
        .links
        .iter()
        .filter(|link| here(&link.mount_id, &link.path))
    {
        let key = match link.kind {
            LinkKind::Link => "link",
            LinkKind::Receiver => "receiver",
        };
        json[key] = super::links::link_json(link, &context.base());
    }
    let user = state.user(&context.user);
    let bookmark = user.and_then(|user| {
        user.bookmarks
            .iter()
            .find(|mark| here(&mark.mount_id, &mark.path))
    });
    if let Some(mark) = bookmark {
        json["bookmark"] = json!({"name": mark.name, "path": mark.path});
    }
    if let Some(repo) = state
        .account
        .vault_repos
        .iter()
        .find(|repo| here(&repo.mount_id, &repo.path))
    {
        json["vaultRepo"] = json!({
            "id": repo.id, "mountId": repo.mount_id, "name": repo.name, "path": repo.path, "added": repo.added,
        });
    }
    if file.is_dir() && !path.is_root() {
        let node = state.nodes.find(mount.root, path);
        let share = state.account.mounts.iter().find(|share| {
            share.parent.is_some() && Some(share.root) == node && share.is_for(&context.user)
        });
        if let Some(share) = share {
            json["mount"] = super::mounts::mount_json(
                state,
                share,
                &context.user,
                context.settings().trash_uses_space,
            );
        }
    }
    json
}

#[derive(Deserialize)]
struct NewName {
    name: String,
}

/// `POST files/folder`
pub(crate) fn create_folder(context: &Context<'_>) -> Answer {
    let parent = context.query.path("path")?;
    let order: NewName = context.json()?;
    let name = context.name(&order.name)?;
    context.change(|state| state.create_dir(&context.by(), context.param(0), &parent, name))?;
    Ok(Reply::status(StatusCode::OK))
}

/// `DELETE files/remove`
pub(crate) fn remove(context: &Context<'_>) -> Answer {
    let query = &context.query;
    let path = query.path("path")?;
    let mut conditions = RemoveConditions {
        entry: Conditions {
            modified: query.number("removeIfModified")?,
            size: query.number("removeIfSize")?,
            hash: query.get("removeIfHash")?.map(str::to_owned),
        },
        empty: query.get("removeIfEmpty")?.is_some(),
    };
    let settings = context.settings();
    if !settings.remove_conditions {
        conditions.entry = Conditions::default();
    }
    let version = context.change(|state| {
        state.remove(
            &context.by(),
            context.param(0),
            &path,
            &conditions,
            settings,
        )
    })?;
    Ok(match version.filter(|_| settings.remove_version) {
        Some(version) => Reply::json(&json!({ "version": version })),
        None => Reply::status(StatusCode::OK),
    })
}

/// `PUT files/rename`
pub(crate) fn rename(context: &Context<'_>) -> Answer {
    let path = context.query.path("path")?;
    let order: NewName = context.json()?;
    let name = context.name(&order.name)?;
    let transfer = Transfer {
        kind: TransferKind::Rename,
        from_mount: context.param(0).to_owned(),
        to: path.parent().join(name),
        to_mount: context.param(0).to_owned(),
        from: path,
        conditions: Conditions::default(),
        modified: None,
    };
    context.change(|state| {
        if transfer.from.is_root() {
            state.online_mount(&context.user, context.param(0))?;
            return Err(Problem::NotDir);
        }
        state.transfer(&context.by(), &transfer)
    })?;
    Ok(Reply::status(StatusCode::OK))
}

/// `PUT files/create/{template}`: a new empty office document.
pub(crate) fn create_document(context: &Context<'_>) -> Answer {
    let parent = context.query.path("path")?;
    let template = context.param(1);
    if !matches!(template, "docx" | "xlsx" | "pptx") {
        return Err(context.refuse(Problem::BadRequest("no such template")));
    }
    let put = PutRequest {
        mount: context.param(0).to_owned(),
        parent,
        name: format!("New document.{template}"),
        mode: PutMode::AutoRename,
        modified: None,
        tags: Tags::new(),
    };
    let written = Written {
        content: Content::Memory(Bytes::new()),
        md5: md5_hex(b""),
    };
    let name = context.change(|state| {
        let id = state.put(&context.by(), put, written, context.settings())?;
        Ok(state.nodes.get(id).map(|node| node.name.clone()))
    })?;
    Ok(Reply::json(&json!({ "name": name })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TransferOrder {
    to_mount_id: String,
    to_path: String,
    modified: Option<i64>,
    if_modified: Option<i64>,
    if_size: Option<i64>,
    if_hash: Option<String>,
}

fn transfer(context: &Context<'_>, kind: TransferKind) -> Answer {
    let from = context.query.path("path")?;
    let order: TransferOrder = context.json()?;
    let to = destination(&order.to_path).map_err(|problem| context.refuse(problem))?;
    let transfer = Transfer {
        kind,
        from_mount: context.param(0).to_owned(),
        from,
        to_mount: order.to_mount_id,
        to,
        conditions: Conditions {
            modified: order.if_modified,
            size: order.if_size,
            hash: order.if_hash,
        },
        modified: order.modified,
    };
    let name = context.change(|state| {
        let id = state.transfer(&context.by(), &transfer)?;
        Ok(state.nodes.get(id).map(|node| node.name.clone()))
    })?;
    Ok(Reply::json(&json!({ "name": name })))
}

/// `PUT files/copy`
pub(crate) fn copy(context: &Context<'_>) -> Answer {
    transfer(context, TransferKind::Copy)
}

/// `PUT files/move`
pub(crate) fn move_entry(context: &Context<'_>) -> Answer {
    transfer(context, TransferKind::Move)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TagsOrder {
    tags: std::collections::BTreeMap<String, Vec<String>>,
    if_modified: Option<i64>,
    if_size: Option<i64>,
    if_hash: Option<String>,
    if_old_tags: Option<std::collections::BTreeMap<String, Vec<String>>>,
}

fn tags(
    context: &Context<'_>,
    change: fn(&mut Vec<String>, Vec<String>),
) -> Result<Reply, Refusal> {
    let path = context.query.path("path")?;
    let order: TagsOrder = context.json()?;
    let conditions = Conditions {
        modified: order.if_modified,
        size: order.if_size,
        hash: order.if_hash,
    };
    context.change(|state| {
        state.change_tags(
            &context.by(),
            context.param(0),
            &path,
            &conditions,
            |tags| {
                let sorted = |values: Option<&Vec<String>>| {
                    let mut values = values.cloned().unwrap_or_default();
                    values.sort();
                    values
                };
                for (key, wanted) in order.if_old_tags.iter().flatten() {
                    if sorted(tags.get(key)) != sorted(Some(wanted)) {
                        return Err(Problem::Conflict);
                    }
                }
                for (key, values) in order.tags {
                    change(tags.entry(key).or_default(), values);
                }
                tags.retain(|_, values| !values.is_empty());
                Ok(())
            },
        )
    })?;
    Ok(Reply::status(StatusCode::OK))
}

/// `POST files/tags/set`: replaces the named keys, an empty list removes one.
pub(crate) fn set_tags(context: &Context<'_>) -> Answer {
    tags(context, |current, given| *current = given)
}

/// `POST files/tags/add`
pub(crate) fn add_tags(context: &Context<'_>) -> Answer {
    tags(context, |current, given| {
        for value in given {
            if !current.contains(&value) {
                current.push(value);
            }
        }
    })
}

/// `POST files/tags/remove`
pub(crate) fn remove_tags(context: &Context<'_>) -> Answer {
    tags(context, |current, given| {
        current.retain(|value| !given.contains(value));
    })
}
