//! Download and upload links, as their owner sees them.

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::ids;
use crate::koofr::context::Context;
use crate::koofr::error::{Answer, Problem, Refusal};
use crate::koofr::model::{Link, LinkKind};
use crate::koofr::state::State;
use crate::reply::Reply;

/// The `Link` or `Receiver` object.
pub(crate) fn link_json(link: &Link, base: &str) -> Value {
    let page = match link.kind {
        LinkKind::Link => "links",
        LinkKind::Receiver => "receive",
    };
    let mut json = json!({
        "id": link.id,
        "mountId": link.mount_id,
        "name": link.name,
        "path": link.path,
        "counter": link.counter,
        "url": format!("{base}/{page}/{}", link.id),
        "shortUrl": format!("{base}/{page}/{}", link.hash),
        "hash": link.hash,
        "host": base,
        "hasPassword": link.password.is_some(),
    });
    match link.kind {
        LinkKind::Link => {
            json["passwordRequired"] = false.into();
            json["downloadable"] = link.downloadable.into();
        }
        LinkKind::Receiver => json["alert"] = link.alert.into(),
    }
    let mut set = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            json[key] = value;
        }
    };
    set("password", link.password.clone().map(Value::from));
    set("validFrom", link.valid_from.map(Value::from));
    set("validTo", link.valid_to.map(Value::from));
    set("message", link.message.clone().map(Value::from));
    json
}

fn list_key(kind: LinkKind) -> &'static str {
    match kind {
        LinkKind::Link => "links",
        LinkKind::Receiver => "receivers",
    }
}

fn list_where(
    context: &Context<'_>,
    state: &State,
    kind: LinkKind,
    wanted: impl Fn(&Link) -> bool,
) -> Vec<Value> {
    state
        .account
        .links
        .iter()
        .filter(|link| link.kind == kind && link.owner == context.user && wanted(link))
        .map(|link| link_json(link, &context.base()))
        .collect()
}

fn list(context: &Context<'_>, kind: LinkKind) -> Answer {
    context.read(|state| {
        let mount = state.mount(&context.user, context.param(0))?;
        let links = list_where(context, state, kind, |link| link.mount_id == mount.id);
        Ok(Reply::json(&json!({list_key(kind): links})))
    })
}

pub(crate) fn list_links(context: &Context<'_>) -> Answer {
    list(context, LinkKind::Link)
}

pub(crate) fn list_receivers(context: &Context<'_>) -> Answer {
    list(context, LinkKind::Receiver)
}

fn all(context: &Context<'_>, kind: LinkKind) -> Answer {
    context.read(|state| {
        let links = list_where(context, state, kind, |_| true);
        let ids = state
            .account
            .links
            .iter()
            .map(|link| link.mount_id.as_str());
        let mounts = super::mounts::mounts_by_id(context, state, ids);
        Ok(Reply::json(
            &json!({list_key(kind): links, "mounts": mounts}),
        ))
    })
}

pub(crate) fn all_links(context: &Context<'_>) -> Answer {
    all(context, LinkKind::Link)
}

pub(crate) fn all_receivers(context: &Context<'_>) -> Answer {
    all(context, LinkKind::Receiver)
}

#[derive(Deserialize)]
struct NewLink {
    path: String,
}

fn create(context: &Context<'_>, kind: LinkKind) -> Answer {
    let order: NewLink = context.json()?;
    let path = context.body_path(&order.path)?;
    limit(context, kind)?;
    let (now, base) = (context.now(), context.base());
    let created = context.change(|state| {
        let mount = state.online_mount(&context.user, context.param(0))?;
        let entry = state.look_up(mount, &path, now)?;
        if kind == LinkKind::Receiver && !state.is_dir(entry) {
            return Err(Problem::NotDir);
        }
        let name = state.info(mount, entry).name;
        let mount_id = mount.id.clone();
        let text = path.to_string();
        let known = state.account.links.iter().find(|link| {
            link.kind == kind && link.mount_id == mount_id && State::same_path(&link.path, &text)
        });
        if let Some(known) = known.filter(|_| context.settings().reuse_links) {
            return Ok(link_json(known, &base));
        }
        let security = state
            .user(&context.user)
            .map(|user| user.security.clone())
            .unwrap_or_default();
        let auto_password = match kind {
            LinkKind::Link => security.download_link_auto_password,
            LinkKind::Receiver => security.upload_link_auto_password,
        };
        let link = Link {
            kind,
            id: ids::uuid(),
            owner: context.user.clone(),
            mount_id: mount_id.clone(),
            name,
            path: text,
            hash: ids::code(6),
            counter: 0,
            password: auto_password.then(|| ids::code(10)),
            valid_from: None,
            valid_to: None,
            message: None,
            downloadable: true,
            alert: false,
        };
        let json = link_json(&link, &base);
        state.log_link(&context.by(), &link);
        state.account_mut().links.push(link);
        Ok(json)
    })?;
    Ok(Reply::json_with(StatusCode::CREATED, &created))
}

fn limit(context: &Context<'_>, kind: LinkKind) -> Result<(), Refusal> {
    let Some(limit) = context.settings().link_limit else {
        return Ok(());
    };
    let count = context.read(|state| Ok(list_where(context, state, kind, |_| true).len()))?;
    if count < limit {
        return Ok(());
    }
    Err(Refusal::code(
        StatusCode::TOO_MANY_REQUESTS,
        "LimitExceeded",
        "the plan allows no more links",
    ))
}

pub(crate) fn create_link(context: &Context<'_>) -> Answer {
    create(context, LinkKind::Link)
}

pub(crate) fn create_receiver(context: &Context<'_>) -> Answer {
    create(context, LinkKind::Receiver)
}

/// The link of the address, among the caller's own on that mount.
fn find<'s>(context: &Context<'_>, state: &'s State) -> Result<&'s Link, Problem> {
    let mount = state.mount(&context.user, context.param(0))?;
    let receivers = context.call.path.contains("/receivers/");
    let kind = if receivers {
        LinkKind::Receiver
    } else {
        LinkKind::Link
    };
    state
        .account
        .links
        .iter()
        .find(|link| {
            link.kind == kind
                && link.mount_id == mount.id
                && link.id == context.param(1)
                && link.owner == context.user
        })
        .ok_or(Problem::NotFound)
}

pub(crate) fn get(context: &Context<'_>) -> Answer {
    context.read(|state| {
        Ok(Reply::json(&link_json(
            find(context, state)?,
            &context.base(),
        )))
    })
}

pub(crate) fn delete(context: &Context<'_>) -> Answer {
    context.change(|state| {
        let id = find(context, state)?.id.clone();
        state.account_mut().links.retain(|link| link.id != id);
        Ok(())
    })?;
    Ok(Reply::status(StatusCode::NO_CONTENT))
}

fn edit(context: &Context<'_>, change: impl FnOnce(&mut Link)) -> Answer {
    let json = context.change(|state| {
        let id = find(context, state)?.id.clone();
        let link = state
            .account_mut()
            .links
            .iter_mut()
            .find(|link| link.id == id);
        let link = link.ok_or(Problem::NotFound)?;
        change(link);
        Ok(link_json(link, &context.base()))
    })?;
    Ok(Reply::json(&json))
}

#[derive(Deserialize)]
struct NewHash {
    hash: String,
}

/// `PUT …/urlHash`
pub(crate) fn set_hash(context: &Context<'_>) -> Answer {
    let order: NewHash = context.json()?;
    context.name(&order.hash)?;
    context.read(|state| {
        let taken = state
            .account
            .links
            .iter()
            .any(|link| link.hash == order.hash && link.id != context.param(1));
        if taken {
            Err(Problem::Conflict)
        } else {
            Ok(())
        }
    })?;
    edit(context, |link| link.hash = order.hash)
}

#[derive(Deserialize)]
struct NewPassword {
    password: String,
}

/// `PUT …/password/set`
pub(crate) fn set_password(context: &Context<'_>) -> Answer {
    let order: NewPassword = context.json()?;
    edit(context, |link| link.password = Some(order.password))
}

/// `PUT …/password/reset`: a generated one.
pub(crate) fn reset_password(context: &Context<'_>) -> Answer {
    edit(context, |link| link.password = Some(ids::code(10)))
}

/// `DELETE …/password`
pub(crate) fn remove_password(context: &Context<'_>) -> Answer {
    edit(context, |link| link.password = None)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Validity {
    valid_from: Option<i64>,
    valid_to: Option<i64>,
}

/// `PUT …/validity`: what is left out becomes unlimited.
pub(crate) fn set_validity(context: &Context<'_>) -> Answer {
    let order: Validity = context.json()?;
    edit(context, |link| {
        link.valid_from = order.valid_from;
        link.valid_to = order.valid_to;
    })
}

#[derive(Deserialize)]
struct Message {
    message: String,
}

/// `PUT …/message`
pub(crate) fn set_message(context: &Context<'_>) -> Answer {
    let order: Message = context.json()?;
    edit(context, |link| link.message = Some(order.message))
}

#[derive(Deserialize)]
struct Downloadable {
    downloadable: bool,
}

/// `PUT links/{id}/downloadable`
pub(crate) fn set_downloadable(context: &Context<'_>) -> Answer {
    let order: Downloadable = context.json()?;
    edit(context, |link| link.downloadable = order.downloadable)
}

#[derive(Deserialize)]
struct Alert {
    alert: bool,
}

/// `PUT receivers/{id}/alert`
pub(crate) fn set_alert(context: &Context<'_>) -> Answer {
    let order: Alert = context.json()?;
    edit(context, |link| link.alert = order.alert)
}

/// `GET …/counter`
pub(crate) fn counter(context: &Context<'_>) -> Answer {
    context.read(|state| {
        Ok(Reply::json(
            &json!({"counter": find(context, state)?.counter}),
        ))
    })
}

/// `GET …/qr`
pub(crate) fn qr(context: &Context<'_>) -> Answer {
    context.read(|state| find(context, state).map(|_| ()))?;
    super::content::picture(context)
}
