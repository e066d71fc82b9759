//! Storing uploaded files.

use crate::content_type;
use crate::koofr::change::ChangeKind;
use crate::koofr::config::KoofrSettings;
use crate::koofr::error::Problem;
use crate::koofr::model::Mount;
use crate::koofr::nodes::{FileData, Kind, NodeId, Tags};
use crate::koofr::path::free_name;
use crate::koofr::state::{By, Entry, State};
use crate::store::Written;

use super::{PutMode, PutRequest};

/// Where an upload would go.
enum Slot {
    Free(String),
    Taken(NodeId),
}

impl State {
    /// Checks an upload before its body is read; `bytes` is its length when known.
    pub(crate) fn check_put(
        &self,
        by: &By,
        put: &PutRequest,
        bytes: Option<u64>,
        settings: &KoofrSettings,
    ) -> Result<(), Problem> {
        self.slot(by, put)?;
        let mount = self.online_mount(&by.user, &put.mount)?;
        match (bytes, self.free(mount, settings.trash_uses_space)) {
            (Some(bytes), Some(free))
                if bytes > free.saturating_add(self.freed_by(mount, put, settings)) =>
            {
                Err(Problem::QuotaExceeded)
            }
            _ => Ok(()),
        }
    }

    /// Bytes an overwrite gives back.
    fn freed_by(&self, mount: &Mount, put: &PutRequest, settings: &KoofrSettings) -> u64 {
        if !matches!(put.mode, PutMode::Overwrite { .. })
            || (settings.trash && settings.trash_uses_space)
        {
            return 0;
        }
        self.nodes
            .find(mount.root, &put.parent.join(&put.name))
            .and_then(|id| self.nodes.get(id)?.file())
            .map_or(0, |file| file.size)
    }

    fn slot(&self, by: &By, put: &PutRequest) -> Result<(Slot, NodeId), Problem> {
        let mount = self.online_mount(&by.user, &put.mount)?;
        if !mount.may_upload(&by.user) {
            return Err(Problem::Forbidden);
        }
        let found = self.find(mount, &put.parent.join(&put.name));
        let slot = match (&put.mode, found) {
            (PutMode::AutoRename, Some(_)) => {
                let taken = |name: &str| self.find(mount, &put.parent.join(name)).is_some();
                Slot::Free(free_name(&put.name, taken))
            }
            (PutMode::CreateOnly, Some(_)) => return Err(Problem::CreateConflict),
            (
                PutMode::Overwrite {
                    conditions,
                    ignore_missing,
                },
                None,
            ) => {
                if !conditions.is_empty() && !ignore_missing {
                    return Err(Problem::Conflict);
                }
                Slot::Free(put.name.clone())
            }
            (PutMode::Overwrite { .. }, Some(Entry::Tree(_))) => return Err(Problem::Forbidden),
            (PutMode::Overwrite { conditions, .. }, Some(Entry::Node(id))) => {
                let node = self.nodes.get(id).ok_or(Problem::NotFound)?;
                if !conditions.hold_for(node) {
                    return Err(Problem::Conflict);
                }
                if node.is_dir() {
                    return Err(Problem::NotFile);
                }
                Slot::Taken(id)
            }
            (PutMode::AutoRename | PutMode::CreateOnly, None) => Slot::Free(put.name.clone()),
        };
        Ok((slot, self.folder(mount, &put.parent)?))
    }

    /// Stores a received file; everything is checked again, since the body took its time.
    pub(crate) fn put(
        &mut self,
        by: &By,
        put: PutRequest,
        written: Written,
        settings: &KoofrSettings,
    ) -> Result<NodeId, Problem> {
        let size = written.content.len();
        self.check_put(by, &put, Some(size), settings)?;
        let (slot, parent) = self.slot(by, &put)?;
        let mount = self.online_mount(&by.user, &put.mount)?;
        let mount_id = mount.id.clone();
        let storage = self.storage(mount);
        let storage_id = storage.id.clone();
        let kept = put.modified.filter(|_| storage.keeps_modified);
        let (name, mut tags) = match slot {
            Slot::Free(name) => (name, Tags::new()),
            Slot::Taken(old) => (put.name, self.replace(by, &storage_id, old, settings)),
        };
        for (key, values) in put.tags {
            tags.entry(key).or_default().extend(values);
        }
        let file = FileData {
            size,
            hash: written.md5,
            content_type: content_type::of(&name).to_owned(),
            content: written.content,
        };
        let id = self
            .nodes
            .create(&name, kept.unwrap_or(by.now), Kind::File(file));
        self.nodes.edit(id, |node| {
            node.tags = tags;
            node.hidden_until = by.hidden_until;
        });
        self.nodes.attach(id, parent, &name);
        self.add_used(&storage_id, size);
        let path = put.parent.join(&name);
        self.report(
            by,
            ChangeKind::Created,
            &mount_id,
            path,
            None,
            Some(Entry::Node(id)),
        );
        Ok(id)
    }

    /// Takes away the file that is being overwritten; its tags stay with the name.
    fn replace(&mut self, by: &By, storage: &str, old: NodeId, settings: &KoofrSettings) -> Tags {
        let tags = self.nodes.get(old).map(|node| node.tags.clone());
        self.take_away(by, storage, old, true, settings);
        tags.unwrap_or_default()
    }
}
