//! Devices.

use std::time::SystemTime;

use remote_core::text_enum;

use super::folder::{MountPoint, records};
use crate::xml::Node;

/// The device that every account has; its mount points are made by the service.
pub const BUILT_IN_DEVICE: &str = "Jotta";

/// The mount point of the built-in device that programs like this one use.
pub const DEFAULT_MOUNT_POINT: &str = "Archive";

/// The mount points of the built-in device that are views, in which nothing can be stored.
pub const VIEWS: [&str; 4] = ["Latest", "Links", "Shared", "Trash"];

text_enum! {
    /// What kind of device it is.
    pub enum DeviceType {
        /// An Android device.
        Android = "ANDROID",
        /// A desktop computer by Apple.
        Imac = "IMAC",
        /// A tablet by Apple.
        Ipad = "IPAD",
        /// A phone by Apple.
        Iphone = "IPHONE",
        /// The built-in device.
        Jotta = "JOTTA",
        /// A portable computer.
        Laptop = "LAPTOP",
        /// A portable computer by Apple.
        Macbook = "MACBOOK",
        /// A phone with Windows.
        WindowsPhone = "WINDOWS_PHONE",
        /// A desktop computer; what this client makes.
        Workstation = "WORKSTATION",
    }
}

/// A device: a set of mount points, shown as a computer that is backed up.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub struct Device {
    /// Its name as the service stores it; compared without regard to case.
    pub name: String,
    /// The name for people.
    pub display_name: Option<String>,
    /// What kind of device it is.
    pub kind: DeviceType,
    /// Its id.
    pub sid: Option<String>,
    /// Bytes on it.
    pub size: Option<u64>,
    /// When something on it changed last.
    pub modified: Option<SystemTime>,
    /// Its mount points, told for the device that was asked for only; those in the trash included.
    pub mount_points: Vec<MountPoint>,
}

impl Device {
    pub(crate) fn of(node: &Node) -> Self {
        Self {
            name: node.text_of("name").unwrap_or_default().to_owned(),
            display_name: node.string_of("display_name"),
            kind: DeviceType::from(node.word_of("type").unwrap_or_default()),
            sid: node.string_of("sid"),
            size: node.number_of("size"),
            modified: node.time_of("modified"),
            mount_points: records(node, "mountPoints", "mountPoint", MountPoint::of),
        }
    }

    /// Whether it is the built-in one.
    #[must_use]
    pub fn is_built_in(&self) -> bool {
        is_built_in(&self.name)
    }
}

/// Whether a device is the built-in one, by its name.
#[must_use]
pub fn is_built_in(device: &str) -> bool {
    device.eq_ignore_ascii_case(BUILT_IN_DEVICE)
}

/// Whether a mount point is a view of the service, in which nothing can be stored.
#[must_use]
pub fn is_view(device: &str, mount_point: &str) -> bool {
    is_built_in(device)
        && VIEWS
            .iter()
            .any(|view| view.eq_ignore_ascii_case(mount_point))
}
