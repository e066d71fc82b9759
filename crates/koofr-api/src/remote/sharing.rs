//! Room, links and trash.

use remote_core::{
    error::{Error, Result},
    operation::{LinkOptions, PublicLink, Usage},
    path::RemotePath,
};

use super::Inner;

impl Inner {
    /// What the mount tells, in steps of 1 MiB.
    pub(super) async fn usage(&self) -> Result<Usage> {
        let mount = self.mount().await?;
        let mount = self.client.mount(mount).await?;
        let mut usage = Usage::default();
        usage.total = mount.total_bytes();
        usage.used = mount.used_bytes();
        usage.free = mount.free_bytes();
        Ok(usage)
    }

    pub(super) async fn public_link(
        &self,
        _path: &RemotePath,
        _options: LinkOptions,
    ) -> Result<PublicLink> {
        Err(Error::unsupported("making links"))
    }

    pub(super) async fn empty_trash(&self) -> Result<()> {
        Err(Error::unsupported("emptying the trash"))
    }
}
