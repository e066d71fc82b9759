use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::Arc;

use bytes::Bytes;

use crate::clock::Clock;
use crate::fault::Faults;
use crate::ids;
use crate::koofr::change::{Change, ChangeKind};
use crate::koofr::config::{DEFAULT_CLIENT_ID, MountConfig, UserConfig};
use crate::koofr::content::{self, Source};
use crate::koofr::context::by_emulator;
use crate::koofr::error::Problem;
use crate::koofr::model::{Mount, Token, TokenKind};
use crate::koofr::ops::{Conditions, PutMode, PutRequest};
use crate::koofr::path::Path;
use crate::koofr::state::{Entry, State};
use crate::koofr::{Koofr, oauth};
use crate::record::{RequestLog, RequestRecord};
use crate::service::Service;
use crate::store::{Written, md5_hex};

/// There is no mount of this id or name.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("no mount `{0}`")]
pub struct UnknownMount(pub String);

/// An entry as it is stored.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub struct KoofrEntry {
    /// The path inside the mount, with the stored spelling, starting with `/`.
    pub path: String,
    /// Whether it is a folder.
    pub is_dir: bool,
    /// Bytes; 0 for a folder.
    pub size: u64,
    /// Modification time in milliseconds since the Unix epoch.
    pub modified: i64,
    /// MD5 of the content in lower-case hexadecimal; absent for folders.
    pub hash: Option<String>,
    /// The tags.
    pub tags: BTreeMap<String, Vec<String>>,
}

/// The running Koofr service, to be looked at and interfered with. Clones reach the same service.
///
/// A mount is named by its id, its name, or `primary` for the first account's own storage. The synthetic tree is
/// not part of what the inspecting methods tell.
#[derive(Clone)]
pub struct KoofrHandle {
    pub(crate) koofr: Arc<Koofr>,
    pub(crate) url: String,
    pub(crate) log: RequestLog,
    pub(crate) faults: Faults,
}

impl fmt::Debug for KoofrHandle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("KoofrHandle")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl KoofrHandle {
    /// The address, such as `http://127.0.0.1:40123`: what rclone calls `endpoint`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The user name of the first account.
    #[must_use]
    pub fn user(&self) -> String {
        let state = self.koofr.lock();
        state
            .account
            .users
            .first()
            .map(|user| user.email.clone())
            .unwrap_or_default()
    }

    /// An application password of the first account.
    #[must_use]
    pub fn password(&self) -> String {
        let state = self.koofr.lock();
        let user = state.account.users.first();
        user.and_then(|user| user.app_passwords.first())
            .map(|known| known.plain.clone())
            .unwrap_or_default()
    }

    /// The clock the service lives by.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.koofr.clock
    }

    /// The faults that are ordered.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// The log of requests, with its counters.
    #[must_use]
    pub fn log(&self) -> &RequestLog {
        &self.log
    }

    /// The most recent requests, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.log.records()
    }

    /// Adds an account with a primary mount, or further application passwords to a known address.
    ///
    /// # Errors
    ///
    /// The state could not be saved.
    pub fn add_user(&self, user: &UserConfig) -> io::Result<()> {
        let now = self.koofr.clock.now_ms();
        self.edit(|state| state.add_user(user, None, now))
    }

    /// Takes an application password away from every account that has it.
    ///
    /// # Errors
    ///
    /// The state could not be saved.
    pub fn revoke_app_password(&self, password: &str) -> io::Result<()> {
        self.edit(|state| {
            for user in &mut state.account_mut().users {
                user.app_passwords.retain(|known| known.plain != password);
            }
        })
    }

    /// Adds a mount to the first account and returns its id.
    ///
    /// # Errors
    ///
    /// The state could not be saved.
    pub fn add_mount(&self, mount: &MountConfig) -> io::Result<String> {
        let now = self.koofr.clock.now_ms();
        self.edit(|state| {
            let owner = state
                .account
                .users
                .first()
                .map(|user| user.id.clone())
                .unwrap_or_default();
            state.add_mount(&owner, mount, false, now)
        })
    }

    /// Connects or disconnects a mount.
    ///
    /// # Errors
    ///
    /// There is no such mount.
    pub fn set_online(&self, mount: &str, online: bool) -> Result<(), UnknownMount> {
        if self.koofr.set_online(mount, online) {
            Ok(())
        } else {
            Err(UnknownMount(mount.to_owned()))
        }
    }

    /// A token for `Authorization: Token token=…` of the first account, as `/token` gives out.
    ///
    /// # Errors
    ///
    /// The state could not be saved.
    pub fn login_token(&self) -> io::Result<String> {
        let value = ids::uuid();
        self.edit(|state| {
            let token = Token {
                kind: TokenKind::Login,
                user: state
                    .account
                    .users
                    .first()
                    .map(|user| user.id.clone())
                    .unwrap_or_default(),
                expires: i64::MAX,
                scope: String::new(),
                client: String::new(),
            };
            state.account_mut().tokens.insert(value.clone(), token);
        })?;
        Ok(value)
    }

    /// An access token and its refresh token for the first account, as the OAuth flow gives out to
    /// [`DEFAULT_CLIENT_ID`].
    ///
    /// # Errors
    ///
    /// The state could not be saved.
    pub fn oauth_tokens(&self) -> io::Result<(String, String)> {
        let user = self
            .koofr
            .lock()
            .account
            .users
            .first()
            .map(|user| user.id.clone());
        let refresh = ids::token();
        let made = oauth::new_tokens(
            &self.koofr,
            &user.unwrap_or_default(),
            "public",
            DEFAULT_CLIENT_ID,
            &refresh,
            None,
        );
        let (access, _) =
            made.map_err(|_refused| io::Error::other("the tokens could not be saved"))?;
        Ok((access, refresh))
    }

    /// Lets all access tokens end now; refresh tokens stay valid.
    pub fn expire_tokens(&self) {
        self.koofr.expire_tokens(false);
    }

    /// Revokes all tokens, refresh tokens included.
    pub fn revoke_tokens(&self) {
        self.koofr.expire_tokens(true);
    }

    /// Consents for the first account to what a device asks for; false when no device shows this code.
    #[must_use]
    pub fn approve_device(&self, user_code: &str) -> bool {
        let mut state = self.koofr.lock();
        let user = state
            .account
            .users
            .first()
            .map(|user| user.id.clone())
            .unwrap_or_default();
        state.grants.approve(user_code, &user)
    }

    /// The ids of all mounts, in the order they were added.
    #[must_use]
    pub fn mounts(&self) -> Vec<String> {
        self.koofr
            .lock()
            .account
            .mounts
            .iter()
            .map(|mount| mount.id.clone())
            .collect()
    }

    /// The id of a mount.
    ///
    /// # Errors
    ///
    /// There is no such mount.
    pub fn mount_id(&self, mount: &str) -> Result<String, UnknownMount> {
        let state = self.koofr.lock();
        find_mount(&state, mount).map(|mount| mount.id.clone())
    }

    /// Everything in a mount, sorted by path.
    ///
    /// # Errors
    ///
    /// There is no such mount.
    pub fn entries(&self, mount: &str) -> Result<Vec<KoofrEntry>, UnknownMount> {
        let state = self.koofr.lock();
        let mount = find_mount(&state, mount)?;
        let mut entries: Vec<KoofrEntry> = state
            .all_paths(mount)
            .into_iter()
            .map(|(path, id)| entry(&state, mount, path, id))
            .collect();
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(entries)
    }

    /// One entry, looked up like the service does, without regard to case; `None` when there is none.
    ///
    /// # Errors
    ///
    /// There is no such mount.
    pub fn entry(&self, mount: &str, path: &str) -> Result<Option<KoofrEntry>, UnknownMount> {
        let state = self.koofr.lock();
        let mount = find_mount(&state, mount)?;
        let id = Path::parse(path)
            .ok()
            .and_then(|path| state.nodes.find(mount.root, &path));
        Ok(id.and_then(|id| Some(entry(&state, mount, state.nodes.path(mount.root, id)?, id))))
    }

    /// The content of a file; `None` when there is no file at the path.
    ///
    /// # Errors
    ///
    /// There is no such mount, or the content could not be read.
    pub fn read(&self, mount: &str, path: &str) -> io::Result<Option<Bytes>> {
        let found = {
            let state = self.koofr.lock();
            let mount = find_mount(&state, mount).map_err(io::Error::other)?;
            let path = Path::parse(path).map_err(io::Error::other)?;
            content::source(&state, mount, &path, i64::MAX)
        };
        match found {
            Ok(Source::File(_, content)) => content.read().map(Some),
            _ => Ok(None),
        }
    }

    /// The numbers of files and of folders in a mount.
    ///
    /// # Errors
    ///
    /// There is no such mount.
    pub fn counts(&self, mount: &str) -> Result<(u64, u64), UnknownMount> {
        let entries = self.entries(mount)?;
        let folders = entries.iter().filter(|entry| entry.is_dir).count() as u64;
        Ok((entries.len() as u64 - folders, folders))
    }

    /// How many entries lie in the trash, overwritten contents included.
    #[must_use]
    pub fn trash_count(&self) -> usize {
        self.koofr.lock().trash.len()
    }

    /// Stores a file behind the back of all clients, with the folders it needs. An existing file is replaced.
    ///
    /// # Errors
    ///
    /// There is no such mount, the path is not allowed or leads through a file, or the content could not be stored.
    pub fn write(&self, mount: &str, path: &str, content: impl Into<Bytes>) -> io::Result<()> {
        let bytes = content.into();
        let path = Path::parse(path).map_err(io::Error::other)?;
        let written = Written {
            md5: md5_hex(&bytes),
            content: self.koofr.store.insert(bytes)?,
        };
        self.make_dirs(mount, &path.parent())?;
        let id = self.mount_id(mount).map_err(io::Error::other)?;
        let put = PutRequest {
            mount: id.clone(),
            parent: path.parent(),
            name: path.name().to_owned(),
            mode: PutMode::Overwrite {
                conditions: Conditions::default(),
                ignore_missing: true,
            },
            modified: None,
            tags: BTreeMap::new(),
        };
        let settings = &self.koofr.settings;
        self.try_edit(|state| {
            let by = by_emulator(&self.koofr, state, &id);
            state.put(&by, put, written, settings).map(|_| ())
        })
    }

    /// Makes a folder and those above it behind the back of all clients. An existing one is fine.
    ///
    /// # Errors
    ///
    /// There is no such mount, or the path is not allowed or leads through a file.
    pub fn create_dir(&self, mount: &str, path: &str) -> io::Result<()> {
        let path = Path::parse(path).map_err(io::Error::other)?;
        self.make_dirs(mount, &path)
    }

    fn make_dirs(&self, mount: &str, path: &Path) -> io::Result<()> {
        let id = self.mount_id(mount).map_err(io::Error::other)?;
        self.try_edit(|state| {
            let by = by_emulator(&self.koofr, state, &id);
            let mut parent = Path::default();
            for name in path.segments() {
                let made = state.create_dir(&by, &id, &parent, name);
                if !matches!(made, Ok(_) | Err(Problem::AlreadyExists)) {
                    return made.map(|_| ());
                }
                parent = parent.join(name);
            }
            Ok(())
        })
    }

    /// Tells the event stream that a connected cloud changed at `path`, or finished synchronising.
    ///
    /// # Errors
    ///
    /// There is no such mount.
    pub fn announce_refresh(
        &self,
        mount: &str,
        path: &str,
        finished: bool,
    ) -> Result<(), UnknownMount> {
        let state = self.koofr.lock();
        let mount = find_mount(&state, mount)?;
        let change = Change {
            kind: if finished {
                ChangeKind::SyncDone
            } else {
                ChangeKind::Refreshed
            },
            mount: mount.id.clone(),
            path: Path::parse(path).unwrap_or_default(),
            to: None,
            file: None,
            user_agent: String::new(),
        };
        // Nobody listening is fine.
        drop(state.events.send(change));
        Ok(())
    }

    fn edit<T>(&self, change: impl FnOnce(&mut State) -> T) -> io::Result<T> {
        let mut state = self.koofr.lock();
        let value = change(&mut state);
        state.save()?;
        Ok(value)
    }

    fn try_edit<T>(&self, change: impl FnOnce(&mut State) -> Result<T, Problem>) -> io::Result<T> {
        self.edit(change)?
            .map_err(|problem| io::Error::other(format!("{problem:?}")))
    }
}

fn find_mount<'s>(state: &'s State, wanted: &str) -> Result<&'s Mount, UnknownMount> {
    state
        .account
        .mounts
        .iter()
        .find(|mount| match wanted {
            "primary" => mount.primary,
            _ => mount.id == wanted || mount.name == wanted,
        })
        .ok_or_else(|| UnknownMount(wanted.to_owned()))
}

fn entry(state: &State, mount: &Mount, path: String, id: u64) -> KoofrEntry {
    let info = state.info(mount, Entry::Node(id));
    KoofrEntry {
        path,
        is_dir: info.is_dir(),
        size: info.size,
        modified: info.modified,
        hash: info.hash,
        tags: info.tags,
    }
}
