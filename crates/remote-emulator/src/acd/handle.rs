use std::fmt;
use std::io;
use std::sync::Arc;

use bytes::Bytes;

use crate::acd::Acd;
use crate::acd::config::{AcdSettings, LateUpload};
use crate::acd::node::{Blob, Data, FileContent, Key, Kind, Node, Parent, ROOT, Trashed};
use crate::acd::problem::Problem;
use crate::acd::state::{Moment, State};
use crate::clock::Clock;
use crate::fault::Faults;
use crate::identity::{IdentityHandle, IssuedTokens};
use crate::record::{RequestLog, RequestRecord};
use crate::store::md5_hex;

/// The realm of the sign-in.
const REALM: &str = "amazon";

/// A node as tests look at it.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AcdNode {
    /// The id.
    pub id: String,
    /// The name; none for the root and for planted nodes without one.
    pub name: Option<String>,
    /// `FILE`, `FOLDER` or `ASSET`.
    pub kind: &'static str,
    /// `AVAILABLE`, `PENDING` or `TRASH`.
    pub status: &'static str,
    /// Ids of the parents.
    pub parents: Vec<String>,
    /// Counts changes.
    pub version: u64,
    /// Counts contents; 0 without one.
    pub content_version: u64,
    /// Bytes of the content.
    pub size: Option<u64>,
    /// Lower-case hexadecimal MD5 of the content.
    pub md5: Option<String>,
    /// Milliseconds since the Unix epoch.
    pub modified: i64,
}

/// A node that is put into the drive as it is, whatever rules it breaks.
#[non_exhaustive]
#[derive(Clone, Debug, Default)]
pub struct PlantedNode {
    /// Whether it is a folder.
    pub folder: bool,
    /// The name.
    pub name: Option<String>,
    /// Ids of the parents; they need not be there.
    pub parents: Vec<String>,
    /// The content, of a file.
    pub content: Bytes,
    /// Whether it lies in the trash.
    pub trashed: bool,
}

impl PlantedNode {
    /// A file.
    #[must_use]
    pub fn file(name: Option<&str>, parents: &[&str], content: impl Into<Bytes>) -> Self {
        Self {
            folder: false,
            name: name.map(str::to_owned),
            parents: parents.iter().map(|&id| id.to_owned()).collect(),
            content: content.into(),
            trashed: false,
        }
    }

    /// A folder.
    #[must_use]
    pub fn folder(name: Option<&str>, parents: &[&str]) -> Self {
        Self {
            folder: true,
            ..Self::file(name, parents, "")
        }
    }
}

/// The running Amazon Drive service, to be looked at and interfered with. Clones reach the same service.
///
/// Paths begin with `/` and are looked up without regard to case among what is not in the trash.
#[derive(Clone)]
pub struct AcdHandle {
    pub(crate) acd: Arc<Acd>,
    /// Scheme and host, without a slash at the end.
    pub(crate) url: String,
    pub(crate) client: (String, String),
    pub(crate) log: RequestLog,
    pub(crate) faults: Faults,
}

impl fmt::Debug for AcdHandle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("AcdHandle")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl AcdHandle {
    /// The address, such as `http://127.0.0.1:40123`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where `account/endpoint` is; ends in `/`.
    #[must_use]
    pub fn endpoint_url(&self) -> String {
        format!("{}/drive/v1/", self.url)
    }

    /// Where contents are; ends in `/`.
    #[must_use]
    pub fn content_url(&self) -> String {
        format!("{}/cdproxy/", self.url)
    }

    /// Where people sign in.
    #[must_use]
    pub fn auth_url(&self) -> String {
        format!("{}/ap/oa", self.url)
    }

    /// Where tokens are given out.
    #[must_use]
    pub fn token_url(&self) -> String {
        format!("{}/auth/o2/token", self.url)
    }

    /// The id of the application.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client.0
    }

    /// The secret of the application.
    #[must_use]
    pub fn client_secret(&self) -> &str {
        &self.client.1
    }

    /// The provider of the tokens. Its requests are in the same log and meet the same faults.
    #[must_use]
    pub fn identity(&self) -> IdentityHandle {
        IdentityHandle {
            identity: Arc::clone(&self.acd.identity),
            url: self.url.clone(),
            log: self.log.clone(),
            faults: self.faults.clone(),
        }
    }

    /// Signs the person in, as if by browser.
    ///
    /// # Errors
    ///
    /// The state could not be saved.
    pub fn sign_in(&self) -> io::Result<IssuedTokens> {
        self.identity().sign_in(REALM, &self.client.0)
    }

    /// The clock the service lives by.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.acd.clock
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

    /// The choices as they are now.
    #[must_use]
    pub fn settings(&self) -> AcdSettings {
        self.acd.lock().settings.clone()
    }

    /// Changes the choices from the next request on.
    pub fn change_settings(&self, change: impl FnOnce(&mut AcdSettings)) {
        let mut state = self.acd.lock();
        change(&mut state.settings);
        // Retention may have become shorter.
        state.expect(i64::MIN);
    }

    /// Lets the next upload or overwrite be stored and answered with an error.
    pub fn order_late_upload(&self, late: LateUpload) {
        self.acd.lock().late_uploads.push_back(late);
    }

    /// Ends all page tokens.
    pub fn expire_page_tokens(&self) {
        self.acd.lock().pages.expire();
    }

    /// Ends all temporary links and addresses of the storage.
    pub fn expire_links(&self) {
        self.acd.lock().links.expire();
    }

    /// The checkpoint of the change feed that is up to date now.
    #[must_use]
    pub fn checkpoint(&self) -> String {
        let state = self.acd.lock();
        state.checkpoint(state.sequence())
    }

    /// The id of the root.
    #[must_use]
    pub fn root_id(&self) -> String {
        self.acd.lock().root_id()
    }

    /// The node of an id, in the trash or not; `None` when there is none.
    #[must_use]
    pub fn node(&self, id: &str) -> Option<AcdNode> {
        let state = self.current();
        let node = state.node(state.key_of(id)?)?;
        Some(describe(&state, node, self.clock().now_ms()))
    }

    /// The node at a path; `None` when there is none.
    #[must_use]
    pub fn entry(&self, path: &str) -> Option<AcdNode> {
        let state = self.current();
        let node = state.node(resolve(&state, path)?)?;
        Some(describe(&state, node, self.clock().now_ms()))
    }

    /// Everything below a folder that is not in the trash, with its paths from there, sorted; a node with several
    /// parents once for each, one that is inside itself once. Synthetic nodes are left out.
    #[must_use]
    pub fn entries(&self, path: &str) -> Vec<(String, AcdNode)> {
        let state = self.current();
        let Some(top) = resolve(&state, path) else {
            return Vec::new();
        };
        let now = self.clock().now_ms();
        let mut found = Vec::new();
        let mut waiting = vec![(String::new(), top, vec![top])];
        while let Some((path, key, above)) = waiting.pop() {
            for child in state.children(key) {
                let Some(node) = state.node(child).filter(|node| node.data.live()) else {
                    continue;
                };
                let name = node.data.name.as_deref().unwrap_or_default();
                let path = format!("{path}/{name}");
                found.push((path.clone(), describe(&state, node, now)));
                if !above.contains(&child) {
                    let mut above = above.clone();
                    above.push(child);
                    waiting.push((path, child, above));
                }
            }
        }
        found.sort_by(|a, b| a.0.cmp(&b.0));
        found
    }

    /// The numbers of files and folders below a folder, as [`entries`](Self::entries) has them.
    #[must_use]
    pub fn counts(&self, path: &str) -> (u64, u64) {
        let entries = self.entries(path);
        let of_kind = |kind: &str| entries.iter().filter(|(_, node)| node.kind == kind).count();
        (of_kind("FILE") as u64, of_kind("FOLDER") as u64)
    }

    /// The content of a file; `None` when there is no file at the path.
    ///
    /// # Errors
    ///
    /// The content could not be read, or is a generated one.
    pub fn read(&self, path: &str) -> io::Result<Option<Bytes>> {
        let blob = {
            let state = self.current();
            let node = resolve(&state, path).and_then(|key| state.node(key));
            let content = node.and_then(|node| node.data.content.as_ref());
            content.map(|content| content.blob.clone())
        };
        match blob {
            None => Ok(None),
            Some(Blob::Stored(content)) => content.read().map(Some),
            Some(Blob::Zeros(_)) => Err(io::Error::other("a generated content")),
        }
    }

    /// The nodes that calls put into the trash, without what went with them.
    #[must_use]
    pub fn trash_list(&self) -> Vec<AcdNode> {
        let state = self.current();
        let now = self.clock().now_ms();
        let top = |node: &&Node| node.data.trashed.is_some_and(|trashed| trashed.top);
        let nodes = state.nodes().values().filter(top);
        nodes.map(|node| describe(&state, node, now)).collect()
    }

    /// Stores a file behind the back of all clients, with the folders it needs, and gives its id. An existing file is
    /// overwritten.
    ///
    /// # Errors
    ///
    /// The path leads through a file, or the content could not be stored.
    pub fn write(&self, path: &str, content: impl Into<Bytes>) -> io::Result<String> {
        let bytes = content.into();
        let md5 = Some(md5_hex(&bytes));
        let content = self.acd.store.insert(bytes)?;
        self.put(path, Blob::Stored(content), md5)
    }

    /// Stores a file of this many zeros, which take no room. Without an MD5 the service does not know one.
    ///
    /// # Errors
    ///
    /// The path leads through a file.
    pub fn write_zeros(&self, path: &str, size: u64, md5: Option<&str>) -> io::Result<String> {
        self.put(path, Blob::Zeros(size), md5.map(str::to_owned))
    }

    fn put(&self, path: &str, blob: Blob, md5: Option<String>) -> io::Result<String> {
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        self.edit(|state, moment| {
            let folder = make_folder(state, moment, parent)?;
            let old = child(state, folder, name);
            let version = old
                .and_then(|key| state.node(key)?.data.content.as_ref())
                .map_or(1, |content| content.version + 1);
            let content = FileContent {
                blob,
                md5,
                version,
                ready_at: 0,
            };
            let key = match old {
                None => {
                    let mut data = named(name, folder, moment.now);
                    data.content = Some(content);
                    state.create(moment, Kind::File, data)
                }
                Some(key) if state.get(key)?.kind == Kind::File => {
                    state.set_content(moment, key, content);
                    key
                }
                Some(_) => return Err(Problem::bad("there is a folder")),
            };
            Ok(state.get(key)?.id.clone())
        })
    }

    /// Makes a folder and those above it behind the back of all clients, and gives its id. An existing one is fine.
    ///
    /// # Errors
    ///
    /// The path leads through a file.
    pub fn create_dir(&self, path: &str) -> io::Result<String> {
        self.edit(|state, moment| {
            let key = make_folder(state, moment, path)?;
            Ok(state.get(key)?.id.clone())
        })
    }

    /// Moves a node to the trash, with everything below it, behind the back of all clients.
    ///
    /// # Errors
    ///
    /// There is no such node.
    pub fn trash(&self, id: &str) -> io::Result<()> {
        self.edit(|state, moment| state.trash(moment, id).map(drop))
    }

    /// Renames a node behind the back of all clients.
    ///
    /// # Errors
    ///
    /// There is no such node, or the name is taken.
    pub fn rename(&self, id: &str, name: &str) -> io::Result<()> {
        let order = serde_json::json!({ "name": name });
        self.edit(|state, moment| state.patch(moment, id, &order).map(drop))
    }

    /// Moves a node from one folder to another behind the back of all clients.
    ///
    /// # Errors
    ///
    /// There are no such nodes, or the name is taken.
    pub fn move_to(&self, id: &str, from: &str, to: &str) -> io::Result<()> {
        self.edit(|state, moment| state.move_node(moment, to, from, id).map(drop))
    }

    /// Adds a parent to a node behind the back of all clients.
    ///
    /// # Errors
    ///
    /// There are no such nodes, or the name is taken.
    pub fn add_parent(&self, id: &str, parent: &str) -> io::Result<()> {
        self.edit(|state, moment| state.add_parent(moment, parent, id).map(drop))
    }

    /// Removes a parent of a node behind the back of all clients.
    ///
    /// # Errors
    ///
    /// There are no such nodes, or the one is not in the other.
    pub fn remove_parent(&self, id: &str, parent: &str) -> io::Result<()> {
        self.edit(|state, moment| state.remove_parent(moment, parent, id).map(drop))
    }

    /// Puts a node into the drive without looking at any rule, and gives its id: names can be missing or taken, parents
    /// missing.
    ///
    /// # Errors
    ///
    /// The content could not be stored.
    pub fn plant(&self, planted: PlantedNode) -> io::Result<String> {
        let md5 = md5_hex(&planted.content);
        let content = self.acd.store.insert(planted.content)?;
        self.edit(|state, moment| {
            let mut data = Data::new(moment.now);
            data.name = planted.name;
            let parent = |id: String| match state.key_of(&id) {
                Some(key) => Parent::Node(key),
                None => Parent::Id(id),
            };
            data.parents = planted.parents.into_iter().map(parent).collect();
            if planted.trashed {
                data.trashed = Some(Trashed {
                    at: moment.now,
                    call: state.next_trash_call(),
                    top: true,
                });
            }
            let kind = if planted.folder {
                Kind::Folder
            } else {
                data.content = Some(FileContent {
                    blob: Blob::Stored(content),
                    md5: Some(md5),
                    version: 1,
                    ready_at: 0,
                });
                Kind::File
            };
            let key = state.create(moment, kind, data);
            Ok(state.get(key)?.id.clone())
        })
    }

    fn current(&self) -> std::sync::MutexGuard<'_, State> {
        let mut state = self.acd.lock();
        state.expire(self.clock().now_ms());
        state
    }

    fn edit<T>(
        &self,
        change: impl FnOnce(&mut State, Moment) -> Result<T, Problem>,
    ) -> io::Result<T> {
        let mut state = self.current();
        let now = self.clock().now_ms();
        let moment = Moment {
            now,
            index_until: now,
            id_until: now,
        };
        let outcome = change(&mut state, moment);
        state.save()?;
        outcome.map_err(|problem| io::Error::other(problem.text().to_owned()))
    }
}

fn named(name: &str, parent: Key, now: i64) -> Data {
    let mut data = Data::new(now);
    data.name = Some(name.to_owned());
    data.parents = vec![Parent::Node(parent)];
    data
}

fn child(state: &State, parent: Key, name: &str) -> Option<Key> {
    let live = |key: &Key| state.node(*key).is_some_and(|node| node.data.live());
    state.named(parent, name).find(live)
}

fn resolve(state: &State, path: &str) -> Option<Key> {
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    segments.try_fold(ROOT, |key, name| child(state, key, name))
}

fn make_folder(state: &mut State, moment: Moment, path: &str) -> Result<Key, Problem> {
    let mut key = ROOT;
    for name in path.split('/').filter(|segment| !segment.is_empty()) {
        key = match child(state, key, name) {
            None => state.create(moment, Kind::Folder, named(name, key, moment.now)),
            Some(found) if state.get(found)?.kind == Kind::Folder => found,
            Some(_) => return Err(Problem::bad("the path leads through a file")),
        };
    }
    Ok(key)
}

fn describe(state: &State, node: &Node, now: i64) -> AcdNode {
    let content = node.data.content.as_ref();
    AcdNode {
        id: node.id.clone(),
        name: node.data.name.clone(),
        kind: node.kind.name(),
        status: node.data.status(now),
        parents: node.data.parents.iter().map(|p| state.id_of(p)).collect(),
        version: node.data.version,
        content_version: content.map_or(0, |content| content.version),
        size: content.map(|content| content.blob.len()),
        md5: content.and_then(|content| content.md5.clone()),
        modified: node.data.modified,
    }
}
