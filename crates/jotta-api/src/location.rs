//! Where something is in an account.

use remote_core::error::{Error, ErrorKind, Result};

use crate::model::device::is_view;

/// A place in an account: a device, a mount point on it, and a path below that.
///
/// Names are those the service stores, without any encoding; [`JottaRemote`](crate::JottaRemote) encodes them as rclone does. The service compares
/// them without regard to case and keeps their spelling. The path is separated by slashes and empty for the mount point itself.
///
/// ```
/// use jotta_api::location::Location;
///
/// let place = Location::new("Jotta", "Archive").below("docs/letter.txt");
/// assert_eq!(place.name(), "letter.txt");
/// assert_eq!(place.parent().unwrap().path(), "docs");
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Location {
    device: String,
    mount_point: String,
    path: String,
}

impl Location {
    /// A mount point of a device.
    pub fn new(device: impl Into<String>, mount_point: impl Into<String>) -> Self {
        Self {
            device: device.into(),
            mount_point: mount_point.into(),
            path: String::new(),
        }
    }

    /// A place below this one. Slashes around the path do not count.
    #[must_use]
    pub fn below(&self, path: &str) -> Self {
        let path = path.trim_matches('/');
        let path = match (self.path.as_str(), path) {
            ("", path) => path.to_owned(),
            (own, "") => own.to_owned(),
            (own, path) => format!("{own}/{path}"),
        };
        Self {
            path,
            ..self.clone()
        }
    }

    /// Another place on the same mount point.
    #[must_use]
    pub(crate) fn at(&self, path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            ..self.clone()
        }
    }

    /// The device.
    #[must_use]
    pub fn device(&self) -> &str {
        &self.device
    }

    /// The mount point.
    #[must_use]
    pub fn mount_point(&self) -> &str {
        &self.mount_point
    }

    /// The path below the mount point; empty for the mount point itself.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The last name; that of the mount point if the path is empty.
    #[must_use]
    pub fn name(&self) -> &str {
        if self.path.is_empty() {
            return &self.mount_point;
        }
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// The folder it is in; none for the mount point itself.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        if self.is_mount_point() {
            return None;
        }
        let parent = self.path.rsplit_once('/').map_or("", |(parent, _)| parent);
        Some(self.at(parent))
    }

    /// Whether it is the mount point itself.
    #[must_use]
    pub fn is_mount_point(&self) -> bool {
        self.path.is_empty()
    }

    /// Whether it lies on a view of the service (such as `Trash`), in which nothing can be stored.
    #[must_use]
    pub fn is_on_view(&self) -> bool {
        is_view(&self.device, &self.mount_point)
    }

    /// The same place below a parent that the service names, `/user/device/mount point/…`, with a name in it.
    ///
    /// None if the text is not of that form; a parent without mount point is that of a trashed mount point.
    #[must_use]
    pub fn in_parent(parent: &str, name: &str) -> Option<Self> {
        let mut parts = parent.trim_start_matches('/').splitn(4, '/');
        let (_user, device) = (parts.next()?, parts.next()?);
        match parts.next() {
            Some(mount_point) => Some(
                Self::new(device, mount_point)
                    .below(parts.next().unwrap_or_default())
                    .below(name),
            ),
            None => Some(Self::new(device, name)),
        }
    }

    /// Device, mount point and names of the path.
    pub(crate) fn segments(&self) -> impl Iterator<Item = &str> {
        let path = self.path.split('/').filter(|_| !self.path.is_empty());
        [self.device.as_str(), self.mount_point.as_str()]
            .into_iter()
            .chain(path)
    }

    /// The form in the value of `mv` and `cp`.
    pub(crate) fn with_user(&self, user: &str) -> String {
        format!("/{user}{}", self.without_user())
    }

    /// The form in the body of `allocate`.
    pub(crate) fn for_allocate(&self) -> String {
        format!("/jfs{}", self.without_user())
    }

    fn without_user(&self) -> String {
        let mut text = String::new();
        for segment in self.segments() {
            text.push('/');
            text.push_str(segment);
        }
        text
    }

    /// Refuses names that would lead elsewhere.
    pub(crate) fn check(&self) -> Result<()> {
        for segment in self.segments() {
            if matches!(segment, "" | "." | "..") {
                return Err(Error::with_message(
                    ErrorKind::InvalidName,
                    format!("{segment:?} cannot be part of a path"),
                ));
            }
        }
        if self.device.contains('/') || self.mount_point.contains('/') {
            return Err(Error::with_message(
                ErrorKind::InvalidName,
                "names of devices and mount points have no slash",
            ));
        }
        Ok(())
    }

    /// Refuses to change a view of the service.
    pub(crate) fn check_writable(&self) -> Result<()> {
        if self.is_on_view() {
            return Err(Error::with_message(
                ErrorKind::PermissionDenied,
                format!(
                    "{}/{} is a view of the service, in which nothing can be stored or changed",
                    self.device, self.mount_point
                ),
            )
            .with_help("use another mount point, such as Archive"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_place_has_three_forms() {
        let place = Location::new("Jotta", "Archive").below("/a b/c+d/");
        assert_eq!(place.with_user("u1"), "/u1/Jotta/Archive/a b/c+d");
        assert_eq!(place.for_allocate(), "/jfs/Jotta/Archive/a b/c+d");
        assert_eq!(
            place.segments().collect::<Vec<_>>(),
            ["Jotta", "Archive", "a b", "c+d"]
        );
        let root = Location::new("PC", "Set");
        assert_eq!(root.segments().count(), 2);
        assert!(root.parent().is_none() && root.name() == "Set");
    }

    #[test]
    fn the_places_of_trashed_things_are_found() {
        let place = |parent| Location::in_parent(parent, "x").map(|place| place.with_user("u"));
        assert_eq!(
            place("/u/Jotta/Archive"),
            Some("/u/Jotta/Archive/x".to_owned())
        );
        assert_eq!(
            place("/u/Jotta/Archive/a/b"),
            Some("/u/Jotta/Archive/a/b/x".to_owned())
        );
        assert_eq!(place("/u/PC01"), Some("/u/PC01/x".to_owned()));
        assert_eq!(place("/u"), None);
    }

    #[test]
    fn dots_and_views_are_refused() {
        let root = Location::new("jotta", "trash");
        assert_eq!(
            root.check_writable().unwrap_err().kind(),
            ErrorKind::PermissionDenied
        );
        assert!(Location::new("PC", "Trash").check_writable().is_ok());
        for path in ["a/../b", ".", "a//b"] {
            let error = Location::new("Jotta", "Archive")
                .at(path)
                .check()
                .unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidName, "{path}");
        }
    }
}
