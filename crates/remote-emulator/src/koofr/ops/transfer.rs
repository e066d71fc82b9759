//! Copying and moving.

use crate::koofr::change::ChangeKind;
use crate::koofr::error::Problem;
use crate::koofr::model::Mount;
use crate::koofr::nodes::NodeId;
use crate::koofr::state::{By, Entry, State};

use super::{Transfer, TransferKind};

/// A transfer that was found possible.
struct Plan {
    from_mount: Mount,
    to_mount: Mount,
    source: NodeId,
    /// The folder the entry goes into.
    folder: NodeId,
    bytes: u64,
}

impl State {
    /// Copies or moves; returns the new entry.
    pub(crate) fn transfer(&mut self, by: &By, transfer: &Transfer) -> Result<NodeId, Problem> {
        let plan = self.plan(by, transfer)?;
        let from = self.storage(&plan.from_mount).id.clone();
        let to = self.storage(&plan.to_mount).id.clone();
        let copy = transfer.kind == TransferKind::Copy;
        if (copy || from != to)
            && self
                .free(&plan.to_mount, false)
                .is_some_and(|free| plan.bytes > free)
        {
            return Err(Problem::QuotaExceeded);
        }
        let target = if copy {
            let target = self.nodes.copy(plan.source).ok_or(Problem::NotFound)?;
            self.stamp(target, &plan.to_mount, transfer.modified, by);
            target
        } else {
            if from != to {
                self.drop_shares_below(plan.source);
            }
            self.nodes.detach(plan.source);
            self.sub_used(&from, plan.bytes);
            plan.source
        };
        self.add_used(&to, plan.bytes);
        self.nodes.attach(target, plan.folder, transfer.to.name());
        let kind = if copy {
            ChangeKind::Copied
        } else {
            ChangeKind::Moved
        };
        let to = Some((plan.to_mount.id, transfer.to.clone()));
        let from = transfer.from.clone();
        self.report(
            by,
            kind,
            &plan.from_mount.id,
            from,
            to,
            Some(Entry::Node(target)),
        );
        Ok(target)
    }

    /// The checks, in the order of the service.
    fn plan(&self, by: &By, transfer: &Transfer) -> Result<Plan, Problem> {
        let copy = transfer.kind == TransferKind::Copy;
        let from_mount = self.online_mount(&by.user, &transfer.from_mount)?;
        let to_mount = self.online_mount(&by.user, &transfer.to_mount)?;
        if !to_mount.may_write(&by.user) || (!copy && !from_mount.may_write(&by.user)) {
            return Err(Problem::Forbidden);
        }
        let into_self = if copy {
            Problem::CopyIntoSelf
        } else {
            Problem::MoveIntoSelf
        };
        let same_mount = from_mount.id == to_mount.id;
        if transfer.from.is_root() || (same_mount && transfer.to.is_inside(&transfer.from)) {
            return Err(into_self);
        }
        if self.find(to_mount, &transfer.to).is_some() {
            return Err(Problem::AlreadyExists);
        }
        let found = self.find(from_mount, &transfer.from);
        let Entry::Node(source) = found.ok_or(Problem::NotFound)? else {
            return Err(Problem::Forbidden);
        };
        let node = self.nodes.get(source).ok_or(Problem::NotFound)?;
        if !transfer.conditions.hold_for(node) {
            return Err(Problem::Conflict);
        }
        let folder = self.folder(to_mount, &transfer.to.parent())?;
        // Two mounts can show the same folder, so that paths alone do not tell.
        if self.lies_below(folder, source) {
            return Err(into_self);
        }
        Ok(Plan {
            from_mount: from_mount.clone(),
            to_mount: to_mount.clone(),
            source,
            folder,
            bytes: self.nodes.bytes(source),
        })
    }

    fn stamp(&mut self, target: NodeId, mount: &Mount, modified: Option<i64>, by: &By) {
        let keeps = self.storage(mount).keeps_modified;
        self.nodes.edit(target, |node| {
            node.hidden_until = by.hidden_until;
            if !keeps {
                node.modified = by.now;
            } else if let Some(modified) = modified {
                node.modified = modified;
            }
        });
    }

    fn lies_below(&self, mut id: NodeId, top: NodeId) -> bool {
        while let Some(node) = self.nodes.get(id) {
            if id == top {
                return true;
            }
            id = node.parent;
        }
        false
    }
}
