//! Devices and mount points.

use remote_core::error::{Error, ErrorKind, Result};

use crate::{
    call::{Base, Call},
    client::Client,
    model::{
        device::{Device, DeviceType, is_built_in},
        folder::MountPoint,
        item::{Item, unexpected},
    },
};

impl Client {
    /// A device with its mount points, those in the trash included. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound).
    pub async fn device(&self, device: &str) -> Result<Device> {
        let call = Call::get(Base::Jfs, "device").segment(device);
        into_device(self.item_of(call).await?)
    }

    /// Makes a device; one that exists is success. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) for the built-in device, [`InvalidName`](ErrorKind::InvalidName) for a name that is refused.
    pub async fn create_device(&self, device: &str, kind: &DeviceType) -> Result<Device> {
        refuse_built_in(device)?;
        let call = Call::post(Base::Jfs, "create device")
            .segment(device)
            .query("type", kind.as_str())
            .repeatable();
        into_device(self.item_of(call).await?)
    }

    /// Removes a device with everything on it **for good**. One attempt.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound); [`InvalidInput`](ErrorKind::InvalidInput) for the built-in device.
    pub async fn remove_device(&self, device: &str) -> Result<()> {
        refuse_built_in(device)?;
        let call = Call::post(Base::Jfs, "remove device")
            .segment(device)
            .query("rm", "true");
        self.done(call).await
    }

    /// Makes a mount point on a device; one that exists is success. Repeated after failures that allow it.
    ///
    /// On the built-in device the service would make one that none of its own programs shows, so that is refused.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound) if there is no such device; [`InvalidInput`](ErrorKind::InvalidInput) for the built-in device.
    pub async fn create_mount_point(&self, device: &str, mount_point: &str) -> Result<MountPoint> {
        refuse_built_in(device)?;
        let call = mount_point_call("create mount point", device, mount_point).repeatable();
        into_mount_point(self.item_of(call).await?)
    }

    /// Puts a mount point with everything on it into the trash. One attempt.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound); [`InvalidInput`](ErrorKind::InvalidInput) for the built-in device.
    pub async fn trash_mount_point(&self, device: &str, mount_point: &str) -> Result<()> {
        refuse_built_in(device)?;
        self.done(mount_point_call("trash mount point", device, mount_point).query("dl", "true"))
            .await
    }

    /// Removes a mount point with everything on it **for good**. One attempt.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound); [`InvalidInput`](ErrorKind::InvalidInput) for the built-in device.
    pub async fn remove_mount_point(&self, device: &str, mount_point: &str) -> Result<()> {
        refuse_built_in(device)?;
        self.done(mount_point_call("remove mount point", device, mount_point).query("rm", "true"))
            .await
    }
}

fn mount_point_call(label: &'static str, device: &str, mount_point: &str) -> Call {
    Call::post(Base::Jfs, label)
        .segment(device)
        .segment(mount_point)
}

fn refuse_built_in(device: &str) -> Result<()> {
    if is_built_in(device) {
        return Err(Error::with_message(
            ErrorKind::InvalidInput,
            "the built-in device and its mount points belong to the service",
        )
        .with_help("choose another name for the device"));
    }
    Ok(())
}

fn into_device(item: Item) -> Result<Device> {
    match item {
        Item::Device(device) => Ok(device),
        other => Err(unexpected(other.noun())),
    }
}

pub(super) fn into_mount_point(item: Item) -> Result<MountPoint> {
    match item {
        Item::MountPoint(mount_point) => Ok(mount_point),
        other => Err(unexpected(other.noun())),
    }
}
