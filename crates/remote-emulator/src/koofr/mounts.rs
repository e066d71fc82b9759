//! Mounts, places and shared folders.

use hyper::StatusCode;
use hyper::header::LOCATION;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::ids;
use crate::koofr::context::Context;
use crate::koofr::error::{Answer, Problem};
use crate::koofr::model::{Member, Mount, Permissions};
use crate::koofr::nodes::Node;
use crate::koofr::state::{Entry, State};
use crate::reply::Reply;

const MIB: u64 = 1024 * 1024;

/// Every right a mount knows.
const RIGHTS: [&str; 7] = [
    "READ",
    "WRITE",
    "OWNER",
    "MOUNT",
    "COMMENT",
    "CREATE_LINK",
    "CREATE_RECEIVER",
];

/// The `Mount` object as `user` sees it.
pub(crate) fn mount_json(
    state: &State,
    mount: &Mount,
    user: &str,
    trash_uses_space: bool,
) -> Value {
    let storage = state.storage(mount);
    let used = state.used(mount, trash_uses_space);
    let owner = state.user(&mount.owner);
    let shared = mount.parent.is_some();
    let kind = match (shared, mount.owner == user) {
        (false, _) => "device",
        (true, true) => "export",
        (true, false) => "import",
    };
    let mut json = json!({
        "id": mount.id,
        "name": mount.name,
        "type": kind,
        "origin": if shared { "share" } else { mount.origin.as_str() },
        "online": mount.online && storage.online,
        "isPrimary": mount.primary,
        "isShared": shared,
        "isDir": true,
        "canWrite": mount.may_write(user),
        "canUpload": mount.may_upload(user),
        "permissions": permissions(mount, user),
        "owner": {
            "id": mount.owner,
            "name": owner.map(|user| format!("{} {}", user.first_name, user.last_name)),
            "email": owner.map(|user| user.email.as_str()),
            "permissions": all_rights(),
        },
        "users": mount.members,
        "groups": mount.groups,
        "version": mount.version,
        "userAdded": mount.added,
        "capabilities": {
            "externalLinks": true,
            "externalStatus": mount.origin != "hosted",
            "officeOnline": false,
            "rawThumbnails": false,
            "tags": true,
        },
    });
    if let Some(object) = json.as_object_mut() {
        add_space(object, storage, used);
        if shared {
            let path = state
                .nodes
                .path(storage.root, mount.root)
                .unwrap_or_default();
            object.insert(
                "root".to_owned(),
                json!({"id": storage.id, "name": storage.name, "path": path}),
            );
        }
    }
    json
}

fn add_space(object: &mut Map<String, Value>, storage: &Mount, used: u64) {
    let total = storage.space_mib;
    let limit = total.map(|mib| mib.saturating_mul(MIB));
    object.insert(
        "overQuota".to_owned(),
        limit.is_some_and(|limit| used > limit).into(),
    );
    object.insert(
        "almostOverQuota".to_owned(),
        limit.is_some_and(|limit| used > limit / 10 * 9).into(),
    );
    if let Some(total) = total {
        object.insert("spaceTotal".to_owned(), total.into());
        object.insert("spaceUsed".to_owned(), used.div_ceil(MIB).into());
    }
}

fn all_rights() -> Permissions {
    RIGHTS
        .iter()
        .map(|right| ((*right).to_owned(), true))
        .collect()
}

fn permissions(mount: &Mount, user: &str) -> Permissions {
    let mut rights = all_rights();
    if let Some(member) = mount.members.iter().find(|member| member.id == user) {
        rights = member.permissions.clone();
    }
    if !mount.can_write {
        rights.insert("WRITE".to_owned(), false);
    }
    rights
}

fn mounts_json(
    context: &Context<'_>,
    state: &State,
    wanted: impl Fn(&Mount) -> bool,
) -> Vec<Value> {
    let trash = context.settings().trash_uses_space;
    state
        .account
        .mounts
        .iter()
        .filter(|mount| mount.is_for(&context.user) && wanted(mount))
        .map(|mount| mount_json(state, mount, &context.user, trash))
        .collect()
}

/// The mounts that occur in a listing, by id.
pub(crate) fn mounts_by_id<'m>(
    context: &Context<'_>,
    state: &State,
    ids: impl Iterator<Item = &'m str>,
) -> Value {
    let trash = context.settings().trash_uses_space;
    let found = ids.filter_map(|id| {
        let mount = state.mount(&context.user, id).ok()?;
        Some((
            id.to_owned(),
            mount_json(state, mount, &context.user, trash),
        ))
    });
    Value::Object(found.collect())
}

/// `GET mounts`
pub(crate) fn list(context: &Context<'_>) -> Answer {
    context.read(|state| {
        Ok(Reply::json(
            &json!({"mounts": mounts_json(context, state, |_| true)}),
        ))
    })
}

/// `GET places`
pub(crate) fn places(context: &Context<'_>) -> Answer {
    context.read(|state| {
        let own = |mount: &Mount| mount.parent.is_none() && mount.owner == context.user;
        Ok(Reply::json(
            &json!({"places": mounts_json(context, state, own)}),
        ))
    })
}

fn shared_file(context: &Context<'_>, state: &State, mount: &Mount) -> Value {
    let mut file = json!(state.info(mount, Entry::Node(mount.root)));
    file["name"] = mount.name.as_str().into();
    file["mount"] = mount_json(
        state,
        mount,
        &context.user,
        context.settings().trash_uses_space,
    );
    file
}

/// `GET shared`
pub(crate) fn shared(context: &Context<'_>) -> Answer {
    context.read(|state| {
        let files: Vec<Value> = state
            .account
            .mounts
            .iter()
            .filter(|mount| mount.parent.is_some() && mount.is_for(&context.user))
            .map(|mount| shared_file(context, state, mount))
            .collect();
        Ok(Reply::json(&json!({ "files": files })))
    })
}

/// `GET shared/{m}`
pub(crate) fn shared_one(context: &Context<'_>) -> Answer {
    context.read(|state| {
        let mount = state.mount(&context.user, context.param(0))?;
        if mount.parent.is_none() {
            return Err(Problem::NotFound);
        }
        Ok(Reply::json(&shared_file(context, state, mount)))
    })
}

/// `GET mounts/{m}`
pub(crate) fn get(context: &Context<'_>) -> Answer {
    context.read(|state| {
        let mount = state.mount(&context.user, context.param(0))?;
        let trash = context.settings().trash_uses_space;
        Ok(Reply::json(&mount_json(state, mount, &context.user, trash)))
    })
}

/// Changes a shared folder the caller owns.
fn edit_share<T>(
    context: &Context<'_>,
    change: impl FnOnce(&mut Mount) -> Result<T, Problem>,
) -> Result<T, crate::koofr::error::Refusal> {
    context.change(|state| {
        let mount = state.mount(&context.user, context.param(0))?;
        if mount.owner != context.user {
            return Err(Problem::Forbidden);
        }
        let id = mount.id.clone();
        let mount = state
            .account_mut()
            .mounts
            .iter_mut()
            .find(|mount| mount.id == id);
        let mount = mount.ok_or(Problem::NotFound)?;
        let changed = change(mount)?;
        mount.version += 1;
        Ok(changed)
    })
}

#[derive(Deserialize)]
struct NewName {
    name: String,
}

/// `PUT mounts/{m}`
pub(crate) fn rename(context: &Context<'_>) -> Answer {
    let order: NewName = context.json()?;
    context.name(&order.name)?;
    edit_share(context, |mount| {
        mount.name = order.name;
        Ok(())
    })?;
    Ok(Reply::status(StatusCode::NO_CONTENT))
}

/// `DELETE mounts/{m}`: stops sharing, or leaves a share.
pub(crate) fn delete(context: &Context<'_>) -> Answer {
    context.change(|state| {
        let mount = state.mount(&context.user, context.param(0))?;
        if mount.parent.is_none() {
            return Err(Problem::Forbidden);
        }
        let (id, own) = (mount.id.clone(), mount.owner == context.user);
        let mounts = &mut state.account_mut().mounts;
        if own {
            mounts.retain(|mount| mount.id != id);
        } else if let Some(mount) = mounts.iter_mut().find(|mount| mount.id == id) {
            mount.members.retain(|member| member.id != context.user);
        }
        Ok(())
    })?;
    Ok(Reply::status(StatusCode::NO_CONTENT))
}

#[derive(Deserialize)]
struct NewShare {
    path: String,
    name: Option<String>,
}

/// `POST mounts/{m}/submounts`: shares a folder.
pub(crate) fn share(context: &Context<'_>) -> Answer {
    let order: NewShare = context.json()?;
    let path = context.body_path(&order.path)?;
    let now = context.now();
    context.change(|state| {
        let parent = state.online_mount(&context.user, context.param(0))?;
        let root = match state.find(parent, &path).ok_or(Problem::NotFound)? {
            Entry::Node(id) if state.nodes.get(id).is_some_and(Node::is_dir) => id,
            Entry::Node(_) => return Err(Problem::NotDir),
            Entry::Tree(_) => return Err(Problem::Forbidden),
        };
        if path.is_root() {
            return Err(Problem::BadRequest("the root of a mount cannot be shared"));
        }
        let storage = state.storage(parent);
        let mount = Mount {
            id: ids::uuid(),
            name: order.name.unwrap_or_else(|| path.name().to_owned()),
            primary: false,
            owner: context.user.clone(),
            root,
            added: now,
            version: 0,
            parent: Some(storage.id.clone()),
            members: Vec::new(),
            groups: Vec::new(),
            ..storage.clone()
        };
        let json = mount_json(
            state,
            &mount,
            &context.user,
            context.settings().trash_uses_space,
        );
        state.account_mut().mounts.push(mount);
        Ok(Reply::json_with(StatusCode::CREATED, &json))
    })
}

#[derive(Deserialize)]
struct NewMember {
    id: Option<String>,
    email: Option<String>,
    permissions: Permissions,
}

/// `POST mounts/{m}/users`
pub(crate) fn add_member(context: &Context<'_>) -> Answer {
    let order: NewMember = context.json()?;
    let now = context.now();
    let known = context.read(|state| {
        let found = state.account.users.iter().find(|user| {
            order.id.as_ref() == Some(&user.id) || order.email.as_ref() == Some(&user.email)
        });
        let user = found.ok_or(Problem::BadRequest("no such user"))?;
        Ok((
            user.id.clone(),
            format!("{} {}", user.first_name, user.last_name),
            user.email.clone(),
        ))
    })?;
    let (id, name, email) = known;
    let member = Member {
        id: id.clone(),
        name,
        email,
        permissions: order.permissions,
        added: now,
    };
    edit_share(context, |mount| {
        if mount.parent.is_none() {
            return Err(Problem::BadRequest("only a shared folder has members"));
        }
        mount.members.retain(|known| known.id != id);
        mount.members.push(member.clone());
        Ok(())
    })?;
    context.change(|state| {
        state.log_member(&context.by(), context.param(0), &member, "mount_user_added");
        Ok(())
    })?;
    Ok(Reply::json_with(StatusCode::CREATED, &member))
}

#[derive(Deserialize)]
struct NewPermissions {
    permissions: Permissions,
}

fn edit_members(
    context: &Context<'_>,
    list: fn(&mut Mount) -> &mut Vec<Member>,
    change: impl FnOnce(&mut Vec<Member>, usize),
) -> Answer {
    edit_share(context, |mount| {
        let members = list(mount);
        let wanted = context.param(1);
        let index = members.iter().position(|member| member.id == wanted);
        change(members, index.ok_or(Problem::BadRequest("no such member"))?);
        Ok(())
    })?;
    Ok(Reply::status(StatusCode::NO_CONTENT))
}

/// `PUT mounts/{m}/users/{user}`
pub(crate) fn change_member(context: &Context<'_>) -> Answer {
    let order: NewPermissions = context.json()?;
    edit_members(
        context,
        |mount| &mut mount.members,
        |members, index| members[index].permissions = order.permissions,
    )
}

/// `DELETE mounts/{m}/users/{user}`
pub(crate) fn remove_member(context: &Context<'_>) -> Answer {
    edit_members(
        context,
        |mount| &mut mount.members,
        |members, index| drop(members.remove(index)),
    )
}

/// `PUT mounts/{m}/groups/{group}`: adds the group when it is not there.
pub(crate) fn change_group(context: &Context<'_>) -> Answer {
    let order: NewPermissions = context.json()?;
    let now = context.now();
    edit_share(context, |mount| {
        let id = context.param(1);
        match mount.groups.iter_mut().find(|group| group.id == id) {
            Some(group) => group.permissions = order.permissions,
            None => mount.groups.push(Member {
                id: id.to_owned(),
                name: id.to_owned(),
                email: String::new(),
                permissions: order.permissions,
                added: now,
            }),
        }
        Ok(())
    })?;
    Ok(Reply::status(StatusCode::NO_CONTENT))
}

/// `DELETE mounts/{m}/groups/{group}`
pub(crate) fn remove_group(context: &Context<'_>) -> Answer {
    edit_members(
        context,
        |mount| &mut mount.groups,
        |groups, index| drop(groups.remove(index)),
    )
}

/// `GET mounts/{m}/reauth`
pub(crate) fn reauth(context: &Context<'_>) -> Answer {
    let id = context.read(|state| Ok(state.mount(&context.user, context.param(0))?.id.clone()))?;
    let target = format!("{}/app/mounts/{id}/reauth", context.base());
    Ok(Reply::status(StatusCode::SEE_OTHER).header(LOCATION, target))
}
