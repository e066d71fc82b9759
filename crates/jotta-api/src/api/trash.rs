//! The trash of the account.

use remote_core::error::Result;

use super::devices::into_mount_point;
use crate::{
    call::{Base, Call},
    client::Client,
    model::{device::BUILT_IN_DEVICE, folder::MountPoint, upload::Purged},
};

impl Client {
    /// What is in the trash, of all devices: the topmost folders and files only, each with the [parent](crate::model::file::FileInfo::parent) it was in.
    /// An entry whose parent is a device is a mount point. Repeated after failures that allow it.
    ///
    /// Entries are addressed by the place they were at ([`Location::in_parent`](crate::location::Location::in_parent)), not below the trash.
    ///
    /// # Errors
    ///
    /// Those of the connection and the sign-in.
    pub async fn trash(&self) -> Result<MountPoint> {
        let call = Call::get(Base::Jfs, "trash")
            .segment(BUILT_IN_DEVICE)
            .segment("Trash");
        into_mount_point(self.item_of(call).await?)
    }

    /// Removes everything in the trash of the **whole account** for good. One attempt; doing it again does no harm.
    ///
    /// # Errors
    ///
    /// [`PermissionDenied`](remote_core::error::ErrorKind::PermissionDenied) if the service refuses; nothing was removed then.
    pub async fn purge_trash(&self) -> Result<Purged> {
        self.json_of(Call::post(Base::Api, "files/v1/purge_trash").at("files/v1/purge_trash"))
            .await
    }
}
