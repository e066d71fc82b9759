//! Listings, a page at a time.

use std::{collections::VecDeque, ops::Bound};

use futures::{
    StreamExt as _,
    stream::{self, BoxStream},
};

use super::{MemoryRemote, key::Key};
use crate::{entry::Entry, error::Result, path::RemotePath};

/// How many entries are taken under one lock; enough that locking does not show, few enough that others hardly wait.
const PAGE_ENTRIES: usize = 256;

struct Listing {
    remote: MemoryRemote,
    dir: RemotePath,
    recursive: bool,
    page: VecDeque<Entry>,
    next: Next,
}

enum Next {
    Start,
    /// Behind this entry; its path is needed to spell the paths below it.
    Behind(Key, RemotePath),
    End,
}

impl MemoryRemote {
    pub(super) fn listing(
        &self,
        dir: &RemotePath,
        recursive: bool,
    ) -> BoxStream<'static, Result<Entry>> {
        let listing = Listing {
            remote: self.clone(),
            dir: dir.clone(),
            recursive,
            page: VecDeque::new(),
            next: Next::Start,
        };
        stream::unfold(listing, |mut listing| async move {
            let item = listing.next_entry().transpose()?;
            if item.is_err() {
                listing.next = Next::End;
            }
            Some((item, listing))
        })
        .boxed()
    }
}

impl Listing {
    fn next_entry(&mut self) -> Result<Option<Entry>> {
        if self.page.is_empty() {
            self.fetch_page().map_err(|error| {
                error
                    .with_operation(if self.recursive {
                        "list_recursive"
                    } else {
                        "list"
                    })
                    .with_path(&self.dir)
            })?;
        }
        Ok(self.page.pop_front())
    }

    fn fetch_page(&mut self) -> Result<()> {
        if matches!(self.next, Next::Start) {
            self.remote.count_request();
        }
        let tree = self.remote.tree();
        let dir_key = tree.key(&self.dir);
        let (start, end) = dir_key.below();
        let (start, mut path) = match std::mem::replace(&mut self.next, Next::End) {
            Next::Start => (start, self.dir.clone()),
            Next::Behind(key, path) if self.recursive => (Bound::Excluded(key), path),
            Next::Behind(key, path) => (Bound::Included(key.behind()), path),
            Next::End => return Ok(()),
        };
        tree.check_dir(&dir_key)?;
        let mut position = start;
        while self.page.len() < PAGE_ENTRIES {
            let Some((key, node)) = tree.range((position, end.clone())).next() else {
                return Ok(());
            };
            let depth = key.depth() - dir_key.depth() + self.dir.depth();
            while path.depth() >= depth {
                path = path.parent().unwrap_or_default();
            }
            path = path.join(&node.name)?;
            self.page.push_back(self.remote.entry(path.clone(), node));
            position = if self.recursive {
                Bound::Excluded(key.clone())
            } else {
                Bound::Included(key.behind())
            };
            self.next = Next::Behind(key.clone(), path.clone());
        }
        Ok(())
    }
}
