//! The activity log.

use serde_json::{Value, json};

use crate::koofr::change::{Change, ChangeKind};
use crate::koofr::context::Context;
use crate::koofr::error::Answer;
use crate::koofr::model::{Link, Member};
use crate::koofr::state::{ACTIVITY_LIMIT, By, State};
use crate::reply::Reply;

const DEFAULT_LIMIT: usize = 100;

impl State {
    /// Writes a change of files into the log.
    pub(crate) fn log_activity(&mut self, by: &By, change: &Change) {
        let renamed = change.to.as_ref().is_some_and(|(mount, path)| {
            *mount == change.mount && path.parent() == change.path.parent()
        });
        let is_dir = change
            .file
            .as_ref()
            .is_some_and(crate::koofr::files::FileInfo::is_dir);
        let kind = match change.kind {
            ChangeKind::Created if is_dir => "file_dir_created",
            ChangeKind::Created => "file_uploaded",
            ChangeKind::Removed => "file_deleted",
            ChangeKind::Copied => "file_copied",
            ChangeKind::Moved if renamed => "file_renamed",
            ChangeKind::Moved => "file_moved",
            ChangeKind::TagsUpdated | ChangeKind::Refreshed | ChangeKind::SyncDone => return,
        };
        let mut entry = json!({"path": change.path.to_string()});
        if let Some((mount, path)) = &change.to {
            entry["newPath"] = path.to_string().into();
            entry["newMountId"] = mount.as_str().into();
            entry["newMountName"] = self.mount_name(mount).into();
        }
        self.log_entry(by, kind, &change.mount, entry);
    }

    /// Writes the creation of a link into the log.
    pub(crate) fn log_link(&mut self, by: &By, link: &Link) {
        let entry = json!({"path": link.path, "linkId": link.id});
        self.log_entry(by, "link_created", &link.mount_id, entry);
    }

    /// Writes a change of a share's members into the log.
    pub(crate) fn log_member(&mut self, by: &By, mount: &str, member: &Member, kind: &str) {
        let entry = json!({"mountUserId": member.id, "mountUserName": member.name});
        self.log_entry(by, kind, mount, entry);
    }

    fn mount_name(&self, id: &str) -> Option<String> {
        self.account
            .mounts
            .iter()
            .find(|mount| mount.id == id)
            .map(|mount| mount.name.clone())
    }

    fn log_entry(&mut self, by: &By, kind: &str, mount: &str, mut entry: Value) {
        self.activity_ids += 1;
        entry["type"] = kind.into();
        entry["id"] = self.activity_ids.to_string().into();
        entry["timestamp"] = by.now.into();
        entry["mountId"] = mount.into();
        entry["mountName"] = self.mount_name(mount).into();
        entry["user_agent"] = by.agent.as_str().into();
        if let Some(user) = self.user(&by.user) {
            entry["user"] = json!({
                "id": user.id,
                "email": user.email,
                "name": format!("{} {}", user.first_name, user.last_name),
                "firstName": user.first_name,
                "lastName": user.last_name,
            });
        }
        if self.activity.len() == ACTIVITY_LIMIT {
            self.activity.pop_front();
        }
        self.activity.push_back(entry);
    }
}

/// `GET user/activity`: newest first.
pub(crate) fn list(context: &Context<'_>) -> Answer {
    let query = &context.query;
    let limit = query
        .number("limit")?
        .and_then(|limit| usize::try_from(limit).ok());
    let before = query.number("startIdExclusive")?;
    let until = query.number("startTime")?;
    let since = query.number("sinceTime")?;
    let mount = query.get("mountId")?;
    let categories = query.get("categories")?;
    context.read(|state| {
        let wanted = |entry: &&Value| {
            let id = entry["id"].as_str().and_then(|id| id.parse::<i64>().ok());
            let time = entry["timestamp"].as_i64();
            let kind = entry["type"].as_str().unwrap_or_default();
            before.is_none_or(|before| id < Some(before))
                && until.is_none_or(|until| time <= Some(until))
                && since.is_none_or(|since| time >= Some(since))
                && mount.is_none_or(|mount| entry["mountId"] == mount)
                && categories
                    .is_none_or(|list| list.split(',').any(|category| kind.starts_with(category)))
                && entry["mountId"]
                    .as_str()
                    .is_some_and(|id| state.mount(&context.user, id).is_ok())
        };
        let entries: Vec<&Value> = state
            .activity
            .iter()
            .rev()
            .filter(wanted)
            .take(limit.unwrap_or(DEFAULT_LIMIT))
            .collect();
        Ok(Reply::json(&json!({ "activity": entries })))
    })
}
