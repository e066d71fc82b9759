//! What an account consists of besides files: mounts, links, trash, users, tokens. All of it can be saved as JSON.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::koofr::nodes::NodeId;

pub(crate) type UserId = String;

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct User {
    pub(crate) id: UserId,
    pub(crate) email: String,
    pub(crate) first_name: String,
    pub(crate) last_name: String,
    pub(crate) account_password: Option<String>,
    pub(crate) app_passwords: Vec<AppPassword>,
    pub(crate) bookmarks: Vec<Bookmark>,
    pub(crate) security: SecuritySettings,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct AppPassword {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) plain: String,
    pub(crate) created: i64,
    pub(crate) last_used: Option<i64>,
    pub(crate) scopes: Vec<String>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Bookmark {
    pub(crate) name: String,
    pub(crate) mount_id: String,
    pub(crate) path: String,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct SecuritySettings {
    pub(crate) download_link_auto_password: bool,
    pub(crate) download_link_require_password: bool,
    pub(crate) upload_link_auto_password: bool,
    pub(crate) upload_link_require_password: bool,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Mount {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) origin: String,
    pub(crate) online: bool,
    pub(crate) primary: bool,
    pub(crate) owner: UserId,
    pub(crate) root: NodeId,
    pub(crate) space_mib: Option<u64>,
    pub(crate) can_write: bool,
    pub(crate) can_upload: bool,
    pub(crate) hashes: bool,
    pub(crate) keeps_modified: bool,
    pub(crate) synced: bool,
    pub(crate) added: i64,
    pub(crate) version: i32,
    /// The mount this one is a shared folder of.
    pub(crate) parent: Option<String>,
    pub(crate) members: Vec<Member>,
    pub(crate) groups: Vec<Member>,
}

/// Who else may use a shared folder, or which group.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Member {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) permissions: Permissions,
    pub(crate) added: i64,
}

pub(crate) type Permissions = BTreeMap<String, bool>;

/// Download and upload links.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) enum LinkKind {
    Link,
    Receiver,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Link {
    pub(crate) kind: LinkKind,
    pub(crate) id: String,
    pub(crate) owner: UserId,
    pub(crate) mount_id: String,
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) hash: String,
    pub(crate) counter: u64,
    pub(crate) password: Option<String>,
    pub(crate) valid_from: Option<i64>,
    pub(crate) valid_to: Option<i64>,
    pub(crate) message: Option<String>,
    pub(crate) downloadable: bool,
    pub(crate) alert: bool,
}

impl Link {
    pub(crate) fn is_valid(&self, now: i64) -> bool {
        let from = self.valid_from.filter(|time| *time != 0);
        let to = self.valid_to.filter(|time| *time != 0);
        from.is_none_or(|time| now >= time) && to.is_none_or(|time| now < time)
    }
}

/// What was removed or overwritten.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct TrashItem {
    pub(crate) version: String,
    pub(crate) mount_id: String,
    pub(crate) path: String,
    pub(crate) deleted: i64,
    pub(crate) node: NodeId,
    pub(crate) bytes: u64,
    /// The content was replaced, so it is an old version of the file at that path.
    pub(crate) overwritten: bool,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) enum TokenKind {
    Access,
    Login,
    Refresh,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) user: UserId,
    /// The time after which it is refused; `i64::MAX` for never.
    pub(crate) expires: i64,
    pub(crate) scope: String,
    pub(crate) client: String,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct VaultRepo {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) mount_id: String,
    pub(crate) path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) salt: Option<String>,
    pub(crate) password_validator: String,
    pub(crate) password_validator_encrypted: String,
    pub(crate) added: i64,
}

/// Everything that is small and saved as a whole.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Account {
    pub(crate) users: Vec<User>,
    pub(crate) mounts: Vec<Mount>,
    pub(crate) links: Vec<Link>,
    pub(crate) tokens: HashMap<String, Token>,
    pub(crate) vault_repos: Vec<VaultRepo>,
}

/// An address that works without credentials for a while.
#[derive(Clone, Debug)]
pub(crate) struct DirectLink {
    pub(crate) user: UserId,
    pub(crate) mount_id: String,
    pub(crate) path: String,
    pub(crate) upload: bool,
    pub(crate) expires: i64,
}
