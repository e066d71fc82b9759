//! What requests change, as operations on the state. Places are the segments of a path below the account:
//! device, mount point, folders, name.

mod moves;
mod removal;
mod store;

use serde_json::{Value, json};

use crate::ids;
use crate::jotta::BUILT_IN_DEVICE;
use crate::jotta::dates;
use crate::jotta::file::FileData;
use crate::jotta::nodes::{Kind, MountKind, Node, NodeId, new_share};
use crate::jotta::path::check_name;
use crate::jotta::problem::Problem;
use crate::jotta::state::{Account, Entry, State};
use crate::names::fold;
use crate::tree::TREE_NAME;

pub(crate) use self::moves::Moved;
pub(crate) use self::removal::Wanted;
pub(crate) use self::store::Allocated;

/// Who causes a change, and when.
#[derive(Clone, Debug)]
pub(crate) struct By {
    pub(crate) account: Account,
    pub(crate) now: i64,
    /// What becomes different stays hidden from readers until then.
    pub(crate) hidden_until: i64,
}

impl By {
    pub(crate) fn user(&self) -> &str {
        &self.account.username
    }

    fn path(&self, segments: &[String]) -> String {
        format!("/{}/{}", self.account.username, segments.join("/"))
    }
}

/// A name in a folder, and the file that has it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot<'n> {
    pub(crate) parent: NodeId,
    pub(crate) name: &'n str,
    pub(crate) file: Option<NodeId>,
}

impl State {
    fn conflict(&self, path: &str) -> Problem {
        let text = format!("{path} exists already");
        Problem::new(self.settings.conflict_status, "UniqueFileException", text)
    }

    /// The node of a place whose kind the request names; tombstones included, the synthetic tree not.
    fn node_at(&self, by: &By, segments: &[String]) -> Option<NodeId> {
        self.nodes.find(by.account.root, segments)
    }

    fn refuse_tree(&self, mount: NodeId, rest: &[String]) -> Result<(), Problem> {
        let inside = rest.first().is_some_and(|name| fold(name) == TREE_NAME);
        if inside && self.tree_in(mount).is_some() {
            return Err(Problem::forbidden("the synthetic tree cannot be changed"));
        }
        Ok(())
    }

    /// The mount point of a place that is about to be written to; made when it is missing, revived from the trash.
    fn writable_mount(&mut self, by: &By, segments: &[String]) -> Result<NodeId, Problem> {
        let [device, mount, rest @ ..] = segments else {
            return Err(Problem::invalid("the path names no mount point"));
        };
        let device = self
            .nodes
            .child(by.account.root, device)
            .ok_or_else(|| Problem::no_path(&by.path(segments)))?;
        let Some(id) = self.nodes.child(device, mount) else {
            check_name(mount, &self.settings)?;
            let kind = Kind::Mount(MountKind::Custom);
            return Ok(self.nodes.create(device, mount, kind, by.now));
        };
        let node = self.nodes.get(id);
        if node.is_some_and(|node| matches!(node.kind, Kind::Mount(MountKind::View))) {
            let text = format!("{mount} is a view and cannot be written to");
            return Err(Problem::forbidden(text));
        }
        if node.is_some_and(|node| !node.is_live()) {
            self.revive(by, id);
        }
        self.refuse_tree(id, rest)?;
        Ok(id)
    }

    fn revive(&mut self, by: &By, id: NodeId) {
        if let Some(node) = self.nodes.get_mut(id) {
            node.deleted = None;
            node.changed = by.now;
        }
    }

    /// The folder at a place, made with those above it, and revived without its children where it is a tombstone.
    pub(crate) fn make_folder(&mut self, by: &By, segments: &[String]) -> Result<NodeId, Problem> {
        let mut here = self.writable_mount(by, segments)?;
        let rest = segments.get(2..).unwrap_or_default();
        for name in rest {
            here = self.enter(by, here, name, segments)?;
        }
        Ok(here)
    }

    fn enter(
        &mut self,
        by: &By,
        parent: NodeId,
        name: &str,
        segments: &[String],
    ) -> Result<NodeId, Problem> {
        let found = self.nodes.child(parent, name);
        let state = found.and_then(|id| self.nodes.get(id));
        match (found, state.map(|node| (node.is_folder(), node.is_live()))) {
            (Some(id), Some((true, true))) => return Ok(id),
            (Some(id), Some((true, false))) => {
                self.revive(by, id);
                return Ok(id);
            }
            (Some(_), Some((false, live))) if live || self.settings.trashed_names_conflict => {
                return Err(self.conflict(&by.path(segments)));
            }
            (Some(id), Some((false, _))) => self.nodes.bury(id),
            _ => {}
        }
        check_name(name, &self.settings)?;
        let id = self.nodes.create(parent, name, Kind::Folder, by.now);
        self.set_hidden(by, id);
        self.changed(by, parent);
        let data =
            json!({"FROM": self.nodes.path(id), "actorDevice": "emulator", "uuid": ids::uuid()});
        self.announce(by.user(), "CREATE_DIR", data, by.now);
        Ok(id)
    }

    fn set_hidden(&mut self, by: &By, id: NodeId) {
        if by.hidden_until > by.now
            && let Some(node) = self.nodes.get_mut(id)
        {
            node.hidden_until = by.hidden_until;
        }
    }

    /// Notes in the mount point that something below it became different.
    fn changed(&mut self, by: &By, id: NodeId) {
        if let Some(mount) = self.mount_of(id)
            && let Some(node) = self.nodes.get_mut(mount)
        {
            node.changed = by.now;
        }
    }

    /// Where a file of this place belongs. Makes the folders above it; a trashed folder of its name gives the name up.
    pub(crate) fn slot<'s>(
        &mut self,
        by: &By,
        segments: &'s [String],
    ) -> Result<Slot<'s>, Problem> {
        let (name, above) = segments
            .split_last()
            .filter(|(_, above)| above.len() >= 2)
            .ok_or_else(|| Problem::invalid("the path names no file"))?;
        check_name(name, &self.settings)?;
        let parent = self.make_folder(by, above)?;
        let found = self.nodes.child(parent, name);
        let file = match found.and_then(|id| Some((id, self.nodes.get(id)?))) {
            Some((id, node)) if node.file().is_some() => Some(id),
            Some((_, node)) if node.is_live() || self.settings.trashed_names_conflict => {
                return Err(self.conflict(&by.path(segments)));
            }
            Some((id, _)) => {
                self.nodes.bury(id);
                None
            }
            None => None,
        };
        Ok(Slot { parent, name, file })
    }

    /// The file of a slot, made when there is none.
    pub(crate) fn file_in(&mut self, by: &By, slot: Slot<'_>) -> NodeId {
        slot.file.unwrap_or_else(|| {
            let kind = Kind::File(Box::new(FileData::new()));
            let id = self.nodes.create(slot.parent, slot.name, kind, by.now);
            self.changed(by, id);
            id
        })
    }

    /// `POST {dev}?type=…`: the device of this name, made when there is none.
    pub(crate) fn make_device(
        &mut self,
        by: &By,
        name: &str,
        kind: &str,
    ) -> Result<NodeId, Problem> {
        if let Some(known) = self.nodes.child(by.account.root, name) {
            return Ok(known);
        }
        check_name(name, &self.settings)?;
        let kind = Kind::Device {
            kind: kind.to_owned(),
            sid: ids::uuid(),
        };
        let id = self.nodes.create(by.account.root, name, kind, by.now);
        let data = json!({"FROM": self.nodes.path(id), "actorDevice": name, "uuid": ids::uuid()});
        self.announce(by.user(), "CREATE_DEVICE", data, by.now);
        Ok(id)
    }

    /// `POST {dev}/{mnt}`: the mount point, and whether it is new.
    pub(crate) fn make_mount(
        &mut self,
        by: &By,
        segments: &[String],
    ) -> Result<(NodeId, bool), Problem> {
        let known = self.node_at(by, segments);
        let existed = known.and_then(|id| self.nodes.get(id));
        let existed = existed.is_some_and(Node::is_live);
        let id = match known.filter(|_| existed) {
            Some(id) => id,
            None => self.writable_mount(by, segments)?,
        };
        Ok((id, !existed))
    }

    /// `enableShare` and `disableShare`; both are fine when nothing changes.
    pub(crate) fn set_share(
        &mut self,
        by: &By,
        segments: &[String],
        on: bool,
    ) -> Result<NodeId, Problem> {
        let id = match self.look_up(&by.account, segments, by.now)? {
            Entry::Node(id) => id,
            Entry::Tree(_) => {
                return Err(Problem::forbidden("the synthetic tree cannot be shared"));
            }
        };
        let node = self.nodes.get(id);
        let sharable = node.is_some_and(|node| {
            node.is_live() && !matches!(node.kind, Kind::Account | Kind::Device { .. })
        });
        if !sharable {
            return Err(self.missing(&by.account, segments));
        }
        if node.is_some_and(|node| node.share.is_some()) == on {
            return Ok(id);
        }
        if let Some(node) = self.nodes.get_mut(id) {
            node.share = on.then(new_share);
        }
        let kind = if on { "SHARE_FILE" } else { "UNSHARE_FILE" };
        self.announce(by.user(), kind, self.event_data(id), by.now);
        Ok(id)
    }

    /// What an event says about an entry.
    fn event_data(&self, id: NodeId) -> Value {
        let mut data = json!({
            "FROM": self.nodes.path(id),
            "actorDevice": BUILT_IN_DEVICE,
            "uuid": ids::uuid(),
        });
        let file = self.nodes.get(id).and_then(Node::file);
        if let Some(file) = file
            && let Some(revision) = file.current()
        {
            data["fileuuid"] = file.uuid.clone().into();
            data["created"] = dates::jfs(revision.about.created).into();
            data["modified"] = dates::jfs(revision.about.modified).into();
            data["updated"] = dates::jfs(revision.updated).into();
            data["md5"] = revision.about.md5.clone().into();
            data["size"] = revision.about.size.to_string().into();
            data["revision"] = revision.number.to_string().into();
            data["mimeType"] = "OTHER".into();
            data["dfs"] = "emulator".into();
        }
        data
    }
}
