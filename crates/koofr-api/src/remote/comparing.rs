//! Comparing two trees of a storage without holding either.

use remote_core::{
    error::{Error, ErrorKind, Result},
    hash::{HashAlgorithm, Hasher},
};

use super::Inner;
use crate::{api::recursive::RecursiveLine, model::file::FileRef};

/// What a tree is made of, whatever the order: the number of entries, and the sum of a hash of each.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct Outline {
    entries: u64,
    sum: u128,
}

impl Outline {
    fn take(&mut self, path: &str, file: &FileRef<'_>) {
        let mut hasher = Hasher::new(HashAlgorithm::Md5);
        hasher.update(path.as_bytes());
        if file.is_dir() {
            hasher.update(b"/");
        } else {
            let (size, md5) = (file.size.unwrap_or_default(), file.md5());
            hasher.update(&size.to_be_bytes());
            hasher.update(md5.as_ref().map_or(b"".as_slice(), |md5| md5.as_bytes()));
        }
        let mut bytes = [0; 16];
        for (to, from) in bytes.iter_mut().zip(hasher.finish().as_bytes()) {
            *to = *from;
        }
        self.entries += 1;
        self.sum = self.sum.wrapping_add(u128::from_be_bytes(bytes));
    }
}

impl Inner {
    /// Whether two folders have the same entries with the same content. Two requests.
    pub(super) async fn is_same_tree(&self, one: &str, other: &str) -> Result<bool> {
        Ok(self.outline(one).await? == self.outline(other).await?)
    }

    async fn outline(&self, server: &str) -> Result<Outline> {
        let mount = self.mount().await?;
        let mut listing = self.client.open_recursive(mount, server).await?;
        let mut outline = Outline::default();
        let mut incomplete = false;
        let mut goes_on = true;
        while goes_on {
            goes_on = listing
                .next_batch(|line| match line {
                    RecursiveLine::Entry { path, file } => outline.take(&path, &file),
                    RecursiveLine::Failed { .. } => incomplete = true,
                })
                .await?;
        }
        if incomplete {
            return Err(Error::new(ErrorKind::Incomplete));
        }
        Ok(outline)
    }
}
