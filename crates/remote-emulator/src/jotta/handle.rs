use std::fmt;
use std::io;
use std::sync::Arc;

use bytes::Bytes;

use crate::clock::Clock;
use crate::content_type;
use crate::fault::Faults;
use crate::identity::{IdentityHandle, IssuedTokens};
use crate::ids;
use crate::jotta::Jotta;
use crate::jotta::albums::{Album, Photo};
use crate::jotta::config::JottaSettings;
use crate::jotta::file::{Described, Revision};
use crate::jotta::nodes::{Kind, NodeId};
use crate::jotta::ops::{By, Wanted};
use crate::jotta::path;
use crate::jotta::problem::Problem;
use crate::jotta::state::{Account, State};
use crate::record::{RequestLog, RequestRecord};
use crate::store::md5_hex;

/// The realm of the main brand.
const REALM: &str = "jottacloud";

/// The client of personal login tokens.
const CLIENT: &str = "jottacli";

/// A revision of a file.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub struct JottaRevision {
    /// Counts from 1.
    pub number: u32,
    /// `COMPLETED`, `INCOMPLETE` or `CORRUPT`.
    pub state: &'static str,
    /// Bytes promised.
    pub size: u64,
    /// Bytes that have arrived; the size of a completed one.
    pub received: u64,
    /// The MD5 in the uploader's letter case.
    pub md5: String,
    /// Creation time in milliseconds since the Unix epoch, in whole seconds.
    pub created: i64,
    /// Modification time in milliseconds since the Unix epoch, in whole seconds.
    pub modified: i64,
}

/// An entry as it is stored.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub struct JottaEntry {
    /// `/{device}/{mount point}/…` with the stored spelling.
    pub path: String,
    /// Whether it is a folder or a mount point.
    pub is_dir: bool,
    /// When it went to the trash, in milliseconds since the Unix epoch.
    pub deleted: Option<i64>,
    /// The revisions of a file, oldest first.
    pub revisions: Vec<JottaRevision>,
    /// The identifier of its public link.
    pub public_uri: Option<String>,
}

impl JottaEntry {
    /// The newest completed revision.
    #[must_use]
    pub fn current(&self) -> Option<&JottaRevision> {
        let mut revisions = self.revisions.iter().rev();
        revisions.find(|revision| revision.state == "COMPLETED")
    }
}

/// A photo album that was made.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct JottaAlbum {
    /// Its id, for its owner.
    pub id: String,
    /// Its name in public addresses.
    pub share: String,
}

/// The running Jottacloud service, to be looked at and interfered with. Clones reach the same service.
///
/// Paths are `/{device}/{mount point}/…` in the first account. The synthetic tree is not part of what the inspecting
/// methods tell.
#[derive(Clone)]
pub struct JottaHandle {
    pub(crate) jotta: Arc<Jotta>,
    pub(crate) url: String,
    pub(crate) log: RequestLog,
    pub(crate) faults: Faults,
}

impl fmt::Debug for JottaHandle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("JottaHandle")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl JottaHandle {
    /// The plain HTTP address, such as `http://127.0.0.1:40123`, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The base of the XML interface; ends in `/`.
    #[must_use]
    pub fn jfs_url(&self) -> String {
        format!("{}/jfs/", self.url)
    }

    /// The base of the JSON interface; ends in `/`.
    #[must_use]
    pub fn api_url(&self) -> String {
        format!("{}/", self.url)
    }

    /// The internal user name of the first account.
    #[must_use]
    pub fn username(&self) -> String {
        self.account().username
    }

    /// The identity provider that hands out the tokens. Its requests are in the same log and meet the same faults.
    #[must_use]
    pub fn identity(&self) -> IdentityHandle {
        IdentityHandle {
            identity: Arc::clone(&self.jotta.identity),
            url: self.url.clone(),
            log: self.log.clone(),
            faults: self.faults.clone(),
        }
    }

    /// Signs the first account in, as if by a personal login token.
    ///
    /// # Errors
    ///
    /// The state could not be saved.
    pub fn sign_in(&self) -> io::Result<IssuedTokens> {
        self.identity().sign_in(REALM, CLIENT)
    }

    /// A personal login token of the first account, good for one use, whose address is the plain one.
    ///
    /// # Errors
    ///
    /// The state could not be saved.
    pub fn login_token(&self) -> io::Result<String> {
        self.identity().login_token(REALM)
    }

    /// The clock the service lives by.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.jotta.clock
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

    /// Changes the choices from the next request on.
    pub fn change_settings(&self, change: impl FnOnce(&mut JottaSettings)) {
        change(&mut self.jotta.lock().settings);
    }

    /// Sets the size of the first account in bytes; −1 for unlimited.
    ///
    /// # Errors
    ///
    /// The state could not be saved.
    pub fn set_capacity(&self, bytes: i64) -> io::Result<()> {
        self.edit_account(|account| account.capacity = bytes)
    }

    /// Locks the first account against writing, which is answered 460, and against everything else, which is
    /// answered 403.
    ///
    /// # Errors
    ///
    /// The state could not be saved.
    pub fn set_locked(&self, write: bool, read: bool) -> io::Result<()> {
        self.edit_account(|account| {
            account.write_locked = write;
            account.read_locked = read;
        })
    }

    fn edit_account(&self, edit: impl FnOnce(&mut Account)) -> io::Result<()> {
        let username = self.username();
        self.edit(|state, _| {
            state.edit_account(&username, edit);
            Ok(())
        })
    }

    /// Everything below a device, mount point or folder, tombstones included, sorted by path. Empty when there is
    /// nothing there.
    #[must_use]
    pub fn entries(&self, path: &str) -> Vec<JottaEntry> {
        let state = self.jotta.lock();
        let Some(start) = find(&state, &self.account_of(&state), path) else {
            return Vec::new();
        };
        let below = state.nodes.subtree(start).into_iter().skip(1);
        let mut entries: Vec<JottaEntry> = below.filter_map(|id| entry(&state, id)).collect();
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        entries
    }

    /// The numbers of live, complete files and of live folders below a device, mount point or folder.
    #[must_use]
    pub fn counts(&self, path: &str) -> (u64, u64) {
        let entries = self.entries(path);
        let live = || entries.iter().filter(|entry| entry.deleted.is_none());
        let files = live().filter(|entry| entry.current().is_some()).count();
        let folders = live().filter(|entry| entry.is_dir).count();
        (files as u64, folders as u64)
    }

    /// One entry, looked up like the service does, without regard to case, in the trash as well; `None` when there is
    /// none.
    #[must_use]
    pub fn entry(&self, path: &str) -> Option<JottaEntry> {
        let state = self.jotta.lock();
        let id = find(&state, &self.account_of(&state), path)?;
        entry(&state, id)
    }

    /// The current content of a file, one in the trash included; `None` when there is no file at the path.
    ///
    /// # Errors
    ///
    /// The content could not be read.
    pub fn read(&self, path: &str) -> io::Result<Option<Bytes>> {
        let content = {
            let state = self.jotta.lock();
            let id = find(&state, &self.account_of(&state), path);
            let node = id.and_then(|id| state.nodes.get(id));
            let file = node.and_then(|node| node.file());
            file.and_then(|file| file.current())
                .and_then(|current| current.content.clone())
        };
        content.map(|content| content.read()).transpose()
    }

    /// How many top-most entries lie in the trash.
    #[must_use]
    pub fn trash_count(&self) -> usize {
        let state = self.jotta.lock();
        let account = self.account_of(&state);
        state.top_tombstones(account.root).len()
    }

    /// Stores a file behind the back of all clients, with the folders it needs. An existing file gets a revision.
    ///
    /// # Errors
    ///
    /// The path is not allowed or leads through a file, or the content could not be stored.
    pub fn write(&self, path: &str, content: impl Into<Bytes>) -> io::Result<()> {
        let bytes = content.into();
        let (size, md5) = (bytes.len() as u64, md5_hex(&bytes));
        let content = self.jotta.store.insert(bytes)?;
        let segments = segments(path)?;
        self.edit(|state, by| {
            let about = Described {
                size,
                md5,
                created: by.now.div_euclid(1000) * 1000,
                modified: by.now.div_euclid(1000) * 1000,
            };
            let slot = state.slot(by, &segments)?;
            let file = state.file_in(by, slot);
            let content = state.learn(about.key(), content);
            state.complete(by, file, about, content);
            Ok(())
        })
    }

    /// Makes a folder and those above it behind the back of all clients. An existing one is fine.
    ///
    /// # Errors
    ///
    /// The path is not allowed or leads through a file, or there is no such device.
    pub fn create_dir(&self, path: &str) -> io::Result<()> {
        let segments = segments(path)?;
        self.edit(|state, by| state.make_folder(by, &segments).map(|_| ()))
    }

    /// Moves a file or a folder to the trash behind the back of all clients.
    ///
    /// # Errors
    ///
    /// There is no such file or folder.
    pub fn trash(&self, path: &str) -> io::Result<()> {
        let segments = segments(path)?;
        self.edit(|state, by| {
            let file = state.trash(by, &segments, Wanted::File);
            file.or_else(|_| state.trash(by, &segments, Wanted::Folder))
                .map(|_| ())
        })
    }

    /// Makes a photo album of files and shares it. It shows the files as they are now, in this order, and is not saved in a state directory.
    ///
    /// # Errors
    ///
    /// There is no file with a content at one of the paths.
    pub fn share_album(&self, title: &str, files: &[&str]) -> io::Result<JottaAlbum> {
        let state = self.jotta.lock();
        let account = self.account_of(&state);
        let photo = |(number, path): (usize, &&str)| {
            let node = find(&state, &account, path).and_then(|id| state.nodes.get(id));
            let current = node.and_then(|node| node.file()?.current());
            let (node, current) = node.zip(current)?;
            let mime = content_type::of(&node.name);
            let content = current.content.clone()?;
            Some(Photo::new(
                &node.name,
                mime,
                current.about.created,
                number,
                content,
            ))
        };
        let photos: Option<Vec<Photo>> = files.iter().enumerate().map(photo).collect();
        let photos = photos.ok_or_else(|| io::Error::other("there is no such file"))?;
        let album = JottaAlbum {
            id: ids::uuid(),
            share: ids::code(12),
        };
        self.jotta.albums.lock().push(Album {
            id: album.id.clone(),
            share: Some(album.share.clone()),
            owner: account.username,
            title: title.to_owned(),
            changed: self.jotta.clock.now_ms(),
            photos,
        });
        Ok(album)
    }

    /// Ends the sharing of a photo album, which stays for its owner; false if there is no such share.
    #[must_use]
    pub fn unshare_album(&self, share: &str) -> bool {
        let mut albums = self.jotta.albums.lock();
        let mut shared = albums.iter_mut();
        let found = shared.find(|album| album.share.as_deref() == Some(share));
        found.map(|album| album.share = None).is_some()
    }

    /// Forgets a content, so that the next upload of it has to send it. The files that have it keep it.
    pub fn forget_content(&self, md5: &str, size: u64) {
        self.jotta.lock().forget(&(md5.to_ascii_lowercase(), size));
    }

    fn account(&self) -> Account {
        self.account_of(&self.jotta.lock())
    }

    fn account_of(&self, state: &State) -> Account {
        // Set up before the service starts, and never removed.
        state
            .first_account()
            .cloned()
            .unwrap_or_else(|| unreachable!("there is always an account"))
    }

    fn edit<T>(&self, change: impl FnOnce(&mut State, &By) -> Result<T, Problem>) -> io::Result<T> {
        let mut state = self.jotta.lock();
        let by = By {
            account: self.account_of(&state),
            now: self.jotta.clock.now_ms(),
            hidden_until: 0,
        };
        let outcome = change(&mut state, &by);
        state.save()?;
        outcome.map_err(|problem| io::Error::other(problem.message))
    }
}

fn segments(path: &str) -> io::Result<Vec<String>> {
    path::from_value(path).map_err(|problem| io::Error::other(problem.message))
}

fn find(state: &State, account: &Account, path: &str) -> Option<NodeId> {
    let segments = path::from_value(path).ok()?;
    state.nodes.find(account.root, &segments)
}

fn entry(state: &State, id: NodeId) -> Option<JottaEntry> {
    let node = state.nodes.get(id)?;
    if matches!(node.kind, Kind::Account | Kind::Device { .. }) {
        return None;
    }
    let path = state.nodes.path(id);
    let below = path.get(1..).and_then(|path| path.split_once('/'));
    let revisions = node.file().map(|file| file.revisions.as_slice());
    Some(JottaEntry {
        path: format!("/{}", below.map_or("", |(_, below)| below)),
        is_dir: node.file().is_none(),
        deleted: node.deleted,
        revisions: revisions.unwrap_or_default().iter().map(revision).collect(),
        public_uri: node.share.as_ref().map(|share| share.uri.clone()),
    })
}

fn revision(revision: &Revision) -> JottaRevision {
    let about = &revision.about;
    JottaRevision {
        number: revision.number,
        state: revision.state.name(),
        size: about.size,
        received: match revision.content {
            Some(_) => about.size,
            None => revision.received(),
        },
        md5: about.md5.clone(),
        created: about.created,
        modified: about.modified,
    }
}
