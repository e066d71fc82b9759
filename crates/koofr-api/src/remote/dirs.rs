//! Which directories are known to exist, so that a write need not ask.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::OnceCell;

use super::paths::fold;

/// The most directories that are remembered: some 4 MiB with paths of usual length.
const MAX_KNOWN: usize = 20_000;

/// A directory: made or seen once the cell is filled; whoever fills it lets the others wait.
type Cell = Arc<OnceCell<()>>;

/// Directories by their path on the mount, case folded.
#[derive(Debug, Default)]
pub(super) struct KnownDirs(Mutex<HashMap<String, Cell>>);

impl KnownDirs {
    /// The cell of a directory. Beyond the limit, knowledge is dropped and gathered again.
    pub(super) fn cell(&self, server: &str) -> Cell {
        let mut cells = self.cells();
        if cells.len() >= MAX_KNOWN {
            cells.clear();
        }
        Arc::clone(cells.entry(fold(server)).or_default())
    }

    /// Whether a directory was made or seen.
    pub(super) fn contains(&self, server: &str) -> bool {
        self.cells()
            .get(&fold(server))
            .is_some_and(|cell| cell.initialized())
    }

    /// Notes that a directory is there, unless the limit is reached.
    pub(super) fn insert(&self, server: &str) {
        let mut cells = self.cells();
        if cells.len() < MAX_KNOWN {
            // An error says that it was noted already.
            let _known_already = cells.entry(fold(server)).or_default().set(());
        }
    }

    /// Forgets a directory and all below it.
    pub(super) fn forget(&self, server: &str) {
        let gone = fold(server);
        self.cells().retain(|dir, _| {
            !(dir.starts_with(&gone) && matches!(dir.as_bytes().get(gone.len()), None | Some(b'/')))
        });
    }

    fn cells(&self) -> MutexGuard<'_, HashMap<String, Cell>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_are_known_in_any_case() {
        let dirs = KnownDirs::default();
        dirs.insert("/Backup");
        assert!(dirs.contains("/BACKUP") && !dirs.contains("/Back"));
    }

    #[test]
    fn forgetting_takes_what_is_below_along() {
        let dirs = KnownDirs::default();
        for dir in ["/a", "/a/b", "/ab", "/c"] {
            dirs.insert(dir);
        }
        dirs.forget("/A");
        assert!(!dirs.contains("/a") && !dirs.contains("/a/b"));
        assert!(dirs.contains("/ab") && dirs.contains("/c"));
    }

    #[test]
    fn an_unfilled_cell_is_not_knowledge() {
        let dirs = KnownDirs::default();
        let cell = dirs.cell("/a");
        assert!(!dirs.contains("/a"));
        cell.set(()).unwrap();
        assert!(dirs.contains("/a"));
    }

    #[test]
    fn the_number_is_bounded() {
        let dirs = KnownDirs::default();
        for index in 0..=MAX_KNOWN {
            dirs.insert(&format!("/{index}"));
        }
        assert_eq!(dirs.cells().len(), MAX_KNOWN);
        dirs.cell("/new").set(()).unwrap();
        assert!(dirs.contains("/new"));
    }
}
