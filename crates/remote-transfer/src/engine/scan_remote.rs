//! Finds what is in a folder of a remote.

use std::{
    collections::{HashSet, VecDeque},
    fmt,
    sync::Arc,
    vec,
};

use futures::{StreamExt as _, stream::BoxStream};
use remote_core::{
    capabilities::CaseRule,
    entry::{Entry, EntryKind},
    error::{Error, ErrorKind, Result},
    operation::ListOptions,
    path::RemotePath,
    remote::Remote,
};

use super::{
    collision::part,
    index::{Printer, Seen},
    job::{Job, Origin, RemoteFile, SourceFile, Target},
    scan::Item,
    scan_local::collision,
};
use crate::summary::{Problem, ProblemKind};

/// A recursive listing of a folder.
///
/// Where the source tells names apart that the target does not, all names must be known before one of them is copied. Otherwise entries are copied as
/// they come.
pub(crate) struct RemoteScan {
    job: Arc<Job>,
    remote: Arc<dyn Remote>,
    base: RemotePath,
    case: CaseRule,
    listing: BoxStream<'static, Result<Entry>>,
    /// The newest error: what follows it tells whether it ended the listing.
    held: Option<Error>,
    has_entries: bool,
    has_problems: bool,
    order: Order,
    ready: VecDeque<Item>,
}

enum Order {
    /// As they come.
    Listed {
        seen: Seen,
        refused: HashSet<RemotePath>,
    },
    /// All of them first, then level by level.
    Collecting(Vec<Found>),
    Sorted(vec::IntoIter<Item>),
}

/// An entry with its path below the folder.
struct Found {
    path: RemotePath,
    entry: Entry,
}

impl RemoteScan {
    pub(crate) fn new(
        job: Arc<Job>,
        remote: Arc<dyn Remote>,
        base: RemotePath,
        printer: Printer,
    ) -> Self {
        let case = printer.case();
        let listing = remote.list_recursive(&base, ListOptions::default().with_keep_going(true));
        let tells_more_apart =
            case == CaseRule::Insensitive && remote.capabilities().case != CaseRule::Insensitive;
        let order = if tells_more_apart {
            Order::Collecting(Vec::new())
        } else {
            Order::Listed {
                seen: Seen::new(printer),
                refused: HashSet::new(),
            }
        };
        Self {
            job,
            remote,
            base,
            case,
            listing,
            held: None,
            has_entries: false,
            has_problems: false,
            order,
            ready: VecDeque::new(),
        }
    }

    /// Starts the listing, which tells whether there is a folder at all.
    pub(crate) async fn begin(&mut self) -> Result<()> {
        if let Some(first) = self.next().await? {
            self.ready.push_front(first);
        }
        Ok(())
    }

    pub(crate) async fn next(&mut self) -> Result<Option<Item>> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Ok(Some(item));
            }
            if let Order::Sorted(items) = &mut self.order {
                return Ok(items.next());
            }
            match self.listing.next().await {
                Some(Ok(entry)) => {
                    self.release_held()?;
                    self.accept(entry)?;
                }
                Some(Err(error)) if error.is_fatal() => return Err(error),
                Some(Err(error)) => {
                    self.release_held()?;
                    self.held = Some(error);
                }
                None => self.finish()?,
            }
        }
    }

    /// The listing went on after an error, so that concerned one directory only; the root is too much to miss.
    fn release_held(&mut self) -> Result<()> {
        let Some(error) = self.held.take() else {
            return Ok(());
        };
        let dir = error
            .path()
            .and_then(|path| below(&self.base, path, self.case));
        if !self.has_entries && dir.as_ref().is_none_or(RemotePath::is_root) {
            return Err(error);
        }
        self.has_problems = true;
        let problem = Problem::new(dir.unwrap_or_default(), ProblemKind::ListingFailed, error);
        self.ready.push_back(Item::Problem(problem));
        Ok(())
    }

    /// The listing is over: complete unless an error was the last that came.
    fn finish(&mut self) -> Result<()> {
        match self.held.take() {
            None => {}
            Some(error) if error.kind() == ErrorKind::Incomplete && self.has_problems => {}
            Some(error) if error.kind() == ErrorKind::Incomplete => {
                let root = RemotePath::root();
                let problem = Problem::new(root, ProblemKind::ListingFailed, error);
                self.ready.push_back(Item::Problem(problem));
            }
            Some(error) => return Err(error),
        }
        let items = match &mut self.order {
            Order::Collecting(found) => {
                let found = std::mem::take(found);
                self.by_level(found)
            }
            Order::Listed { .. } | Order::Sorted(_) => Vec::new(),
        };
        self.order = Order::Sorted(items.into_iter());
        Ok(())
    }

    fn accept(&mut self, entry: Entry) -> Result<()> {
        self.has_entries = true;
        let path = below(&self.base, &entry.path, self.case)
            .ok_or_else(|| outside(&self.base, &entry.path))?;
        if path.is_root() || !self.job.includes_with_ancestors(&path) {
            return Ok(());
        }
        let found = Found { path, entry };
        let item = match &mut self.order {
            Order::Collecting(all) => {
                all.push(found);
                return Ok(());
            }
            Order::Sorted(_) => return Ok(()),
            Order::Listed { seen, refused } => {
                if !refused.is_empty() && found.path.ancestors().any(|dir| refused.contains(&dir)) {
                    return Ok(());
                }
                if !seen.insert(&found.path) {
                    if found.entry.is_directory() {
                        refused.insert(found.path.clone());
                    }
                    let winner = found.path.clone();
                    Item::Problem(collision(found.path, &winner))
                } else {
                    item(&self.remote, found)
                }
            }
        };
        self.ready.push_back(item);
        Ok(())
    }

    /// Level by level, since a directory that is not copied takes all that is below it along.
    fn by_level(&self, mut found: Vec<Found>) -> Vec<Item> {
        let at_target = |path: &RemotePath| match &self.job.target {
            Target::Remote(target) => target.index.has_spelling(path),
            Target::Local(_) | Target::LocalFile(_) => false,
        };
        found.sort_by_cached_key(|found| std::cmp::Reverse(found.path.depth()));
        let mut items = Vec::with_capacity(found.len());
        let mut refused: HashSet<RemotePath> = HashSet::new();
        while let Some(depth) = found.last().map(|found| found.path.depth()) {
            let start = found.partition_point(|found| found.path.depth() > depth);
            let mut level = found.split_off(start);
            level.retain(|found| {
                let is_kept = found
                    .path
                    .parent()
                    .is_none_or(|dir| !refused.contains(&dir));
                if !is_kept && found.entry.is_directory() {
                    refused.insert(found.path.clone());
                }
                is_kept
            });
            let parted = part(level, self.case, |found| &found.path, at_target);
            for (loser, winner) in parted.colliding {
                if loser.entry.is_directory() {
                    refused.insert(loser.path.clone());
                }
                items.push(Item::Problem(collision(loser.path, &winner)));
            }
            let copied = parted.copied.into_iter();
            items.extend(copied.map(|found| item(&self.remote, found)));
        }
        items
    }
}

fn item(remote: &Arc<dyn Remote>, found: Found) -> Item {
    match found.entry.kind {
        EntryKind::Directory => Item::Directory(found.path),
        EntryKind::File => Item::File(Box::new(SourceFile {
            path: found.path,
            origin: Origin::Remote(RemoteFile {
                remote: Arc::clone(remote),
                entry: found.entry,
            }),
        })),
    }
}

/// The path of a listed entry below the listed folder, whose own spelling may differ where case does not matter.
pub(crate) fn below(base: &RemotePath, path: &RemotePath, case: CaseRule) -> Option<RemotePath> {
    if let Some(path) = path.strip_prefix(base) {
        return Some(path);
    }
    let excess = path.depth().checked_sub(base.depth())?;
    let spelled = std::iter::once(path.clone())
        .chain(path.ancestors())
        .nth(excess)?;
    if case.key(&spelled) != case.key(base) {
        return None;
    }
    path.strip_prefix(&spelled)
}

/// The error for an entry that does not lie in the listed folder.
pub(crate) fn outside(base: &RemotePath, path: &RemotePath) -> Error {
    let message = format!("the listing of {base:?} has an entry that lies elsewhere");
    Error::with_message(ErrorKind::Protocol, message).with_path(path)
}

impl fmt::Debug for RemoteScan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteScan")
            .field("base", &self.base)
            .field("ready", &self.ready.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
