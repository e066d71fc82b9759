//! The user, application passwords, bookmarks, and what the installation tells about itself.

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::ids;
use crate::koofr::context::Context;
use crate::koofr::error::{Answer, Problem, Refusal};
use crate::koofr::model::{Bookmark, SecuritySettings, User, VaultRepo};
use crate::koofr::path::Path;
use crate::koofr::state::{State, app_password};
use crate::reply::Reply;

fn me<'s>(context: &Context<'_>, state: &'s State) -> Result<&'s User, Problem> {
    state.user(&context.user).ok_or(Problem::NotFound)
}

fn edit_me<T>(
    context: &Context<'_>,
    change: impl FnOnce(&mut User) -> Result<T, Problem>,
) -> Result<T, Refusal> {
    context.change(|state| {
        let users = &mut state.account_mut().users;
        let user = users.iter_mut().find(|user| user.id == context.user);
        change(user.ok_or(Problem::NotFound)?)
    })
}

/// `GET user`
pub(crate) fn user(context: &Context<'_>) -> Answer {
    context.read(|state| {
        let user = me(context, state)?;
        Ok(Reply::json(&json!({
            "id": user.id,
            "email": user.email,
            "firstName": user.first_name,
            "lastName": user.last_name,
            "hasPassword": true,
            "level": 0,
        })))
    })
}

/// `GET user/authenticated`
pub(crate) fn authenticated(_context: &Context<'_>) -> Answer {
    Ok(Reply::status(StatusCode::NO_CONTENT))
}

/// `GET user/apw`: never shows a password.
pub(crate) fn app_passwords(context: &Context<'_>) -> Answer {
    context.read(|state| {
        let passwords: Vec<Value> = me(context, state)?
            .app_passwords
            .iter()
            .map(|known| {
                json!({
                    "id": known.id, "name": known.name, "created": known.created,
                    "lastUsed": known.last_used, "scopes": known.scopes,
                })
            })
            .collect();
        Ok(Reply::json(&json!({ "passwords": passwords })))
    })
}

#[derive(Deserialize)]
struct NewAppPassword {
    name: String,
    #[serde(default)]
    scopes: Vec<String>,
}

/// `PUT user/apw`
pub(crate) fn add_app_password(context: &Context<'_>) -> Answer {
    let order: NewAppPassword = context.json()?;
    let mut made = app_password(&order.name, ids::code(16), context.now());
    made.scopes = order.scopes;
    let answer = json!({
        "id": made.id, "name": made.name, "created": made.created,
        "lastUsed": null, "scopes": made.scopes, "plain": made.plain,
    });
    edit_me(context, |user| {
        user.app_passwords.push(made);
        Ok(())
    })?;
    Ok(Reply::json(&answer))
}

/// `DELETE user/apw/{id}`
pub(crate) fn delete_app_password(context: &Context<'_>) -> Answer {
    edit_me(context, |user| {
        let before = user.app_passwords.len();
        user.app_passwords
            .retain(|known| known.id != context.param(0));
        if user.app_passwords.len() == before {
            Err(Problem::NotFound)
        } else {
            Ok(())
        }
    })?;
    Ok(Reply::status(StatusCode::OK))
}

/// `GET user/bookmarks`
pub(crate) fn bookmarks(context: &Context<'_>) -> Answer {
    context.read(|state| {
        Ok(Reply::json(
            &json!({"bookmarks": me(context, state)?.bookmarks}),
        ))
    })
}

#[derive(Deserialize)]
struct Bookmarks {
    bookmarks: Vec<Bookmark>,
}

/// `PUT user/bookmarks`: replaces the list.
pub(crate) fn set_bookmarks(context: &Context<'_>) -> Answer {
    let order: Bookmarks = context.json()?;
    edit_me(context, |user| {
        user.bookmarks = order.bookmarks;
        Ok(())
    })?;
    Ok(Reply::status(StatusCode::NO_CONTENT))
}

/// `POST user/bookmarks`
pub(crate) fn add_bookmark(context: &Context<'_>) -> Answer {
    let bookmark: Bookmark = context.json()?;
    edit_me(context, |user| {
        user.bookmarks.push(bookmark);
        Ok(())
    })?;
    Ok(Reply::status(StatusCode::CREATED))
}

/// `DELETE user/bookmarks`
pub(crate) fn delete_bookmark(context: &Context<'_>) -> Answer {
    let mount = context.query.required("mountId")?;
    let path = context.query.path("path")?.to_string();
    edit_me(context, |user| {
        let before = user.bookmarks.len();
        user.bookmarks
            .retain(|known| known.mount_id != mount || !State::same_path(&known.path, &path));
        if user.bookmarks.len() == before {
            Err(Problem::NotFound)
        } else {
            Ok(())
        }
    })?;
    Ok(Reply::status(StatusCode::NO_CONTENT))
}

/// `GET user/settings/security`
pub(crate) fn security(context: &Context<'_>) -> Answer {
    context.read(|state| Ok(Reply::json(&me(context, state)?.security)))
}

/// `PUT user/settings/security`
pub(crate) fn set_security(context: &Context<'_>) -> Answer {
    let order: SecuritySettings = context.json()?;
    edit_me(context, |user| {
        user.security = order;
        Ok(())
    })?;
    Ok(Reply::status(StatusCode::NO_CONTENT))
}

/// `GET user/appconfig`
pub(crate) fn app_config(context: &Context<'_>) -> Answer {
    Ok(Reply::json(&json!({
        "trash": {"enabled": context.settings().trash, "emptyEnabled": true},
        "snapshots": {"enabled": false},
        "search": {"enabled": true},
        "links": {"enabled": true, "password": true, "validity": true, "urlHash": true},
    })))
}

/// `GET user/attributes` and `GET user/connections`
pub(crate) fn empty_object(_context: &Context<'_>) -> Answer {
    Ok(Reply::json(&json!({})))
}

/// `GET basicconfig`
pub(crate) fn basic_config(context: &Context<'_>) -> Answer {
    let base = context.base();
    Ok(Reply::json(&json!({
        "product": {"name": "Koofr", "publicUrl": base, "marketingUrl": base},
        "localization": {"default": "en", "locales": ["en"]},
    })))
}

/// `GET /profile`
pub(crate) fn profile(context: &Context<'_>) -> Answer {
    Ok(Reply::json(&json!({
        "base": context.base(), "name": "Koofr", "version": env!("CARGO_PKG_VERSION"),
    })))
}

/// `GET /ip`
pub(crate) fn ip(_context: &Context<'_>) -> Answer {
    Ok(Reply::text(StatusCode::OK, "127.0.0.1"))
}

/// `GET devices`: none are connected.
pub(crate) fn devices(_context: &Context<'_>) -> Answer {
    Ok(Reply::json(&json!({"devices": []})))
}

/// `GET vault/repos`
pub(crate) fn vault_repos(context: &Context<'_>) -> Answer {
    context.read(|state| {
        let repos: Vec<&VaultRepo> = state
            .account
            .vault_repos
            .iter()
            .filter(|repo| state.mount(&context.user, &repo.mount_id).is_ok())
            .collect();
        let ids = repos.iter().map(|repo| repo.mount_id.as_str());
        let mounts = super::mounts::mounts_by_id(context, state, ids);
        Ok(Reply::json(&json!({"repos": repos, "mounts": mounts})))
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewVault {
    mount_id: String,
    path: String,
    salt: Option<String>,
    password_validator: String,
    password_validator_encrypted: String,
}

/// `POST vault/repos`
pub(crate) fn add_vault_repo(context: &Context<'_>) -> Answer {
    let order: NewVault = context.json()?;
    let path = context.body_path(&order.path)?;
    let now = context.now();
    let made: Result<VaultRepo, (StatusCode, &str)> = context.change(|state| {
        let mount = state.online_mount(&context.user, &order.mount_id)?;
        let mount_id = mount.id.clone();
        if state.look_up(mount, &path, now).is_err() {
            return Ok(Err((StatusCode::NOT_FOUND, "VaultReposLocationNotFound")));
        }
        let overlaps = state.account.vault_repos.iter().any(|repo| {
            let known = Path::parse(&repo.path).unwrap_or_default();
            repo.mount_id == mount_id && (known.is_inside(&path) || path.is_inside(&known))
        });
        if overlaps {
            return Ok(Err((StatusCode::CONFLICT, "VaultReposAlreadyExists")));
        }
        let repo = VaultRepo {
            id: ids::uuid(),
            name: path.name().to_owned(),
            mount_id,
            path: path.to_string(),
            salt: order.salt,
            password_validator: order.password_validator,
            password_validator_encrypted: order.password_validator_encrypted,
            added: now,
        };
        state.account_mut().vault_repos.push(repo.clone());
        Ok(Ok(repo))
    })?;
    match made {
        Ok(repo) => Ok(Reply::json_with(StatusCode::CREATED, &repo)),
        Err((status, code)) => Err(Refusal::code(
            status,
            code,
            "the safe box cannot be registered",
        )),
    }
}

/// `DELETE vault/repos/{id}`
pub(crate) fn delete_vault_repo(context: &Context<'_>) -> Answer {
    context.change(|state| {
        let repos = &mut state.account_mut().vault_repos;
        let before = repos.len();
        repos.retain(|repo| repo.id != context.param(0));
        if repos.len() == before {
            Err(Problem::NotFound)
        } else {
            Ok(())
        }
    })?;
    Ok(Reply::status(StatusCode::NO_CONTENT))
}
