//! Settings of a remote.

use std::{sync::Arc, time::Duration};

use remote_core::{
    capabilities::{Capabilities, CaseRule, Removal, Support},
    encoding::Encoding,
    hash::HashAlgorithm,
    path::RemotePath,
    retry::{Pacer, Retry},
    stored::PathMap,
};

use super::{DEFAULT_MD5_MEMORY_LIMIT, Inner, JottaRemote, seen::SeenPaths};
use crate::{
    Client,
    auth::Session,
    encoding::DEFAULT_ENCODING,
    location::Location,
    model::device::{BUILT_IN_DEVICE, DEFAULT_MOUNT_POINT},
};

/// Settings of a [`JottaRemote`].
#[derive(Clone, Debug)]
pub struct JottaRemoteBuilder {
    client: Client,
    session: Option<Session>,
    mount_point: Location,
    root: RemotePath,
    encoding: Encoding,
    md5_memory_limit: u64,
    trashed_only: bool,
    hard_delete: bool,
    no_versions: bool,
}

impl JottaRemoteBuilder {
    pub(super) fn new(client: Client) -> Self {
        Self {
            client,
            session: None,
            mount_point: Location::new(BUILT_IN_DEVICE, DEFAULT_MOUNT_POINT),
            root: RemotePath::root(),
            encoding: DEFAULT_ENCODING,
            md5_memory_limit: DEFAULT_MD5_MEMORY_LIMIT,
            trashed_only: false,
            hard_delete: false,
            no_versions: false,
        }
    }

    /// The mount point: a device and the name of one of its mount points; `Archive` of the built-in device by default. An empty text stands for the default.
    #[must_use]
    pub fn mount_point(mut self, device: &str, mount_point: &str) -> Self {
        let or = |text: &str, default: &'static str| match text {
            "" => default.to_owned(),
            text => text.to_owned(),
        };
        self.mount_point = Location::new(
            or(device, BUILT_IN_DEVICE),
            or(mount_point, DEFAULT_MOUNT_POINT),
        );
        self
    }

    /// The folder that is the root of the remote; the mount point by default. It need not exist before something is written.
    #[must_use]
    pub fn root(mut self, root: RemotePath) -> Self {
        self.root = root;
        self
    }

    /// Which characters are replaced in names; [`DEFAULT_ENCODING`] by default.
    #[must_use]
    pub fn encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// How many bytes of a source that can be read once only are kept in memory; [`DEFAULT_MD5_MEMORY_LIMIT`] by default. Other sources are not kept at all.
    #[must_use]
    pub fn md5_memory_limit(mut self, bytes: u64) -> Self {
        self.md5_memory_limit = bytes;
        self
    }

    /// Whether the remote shows the files that are in the trash, in their folders, instead of the others; false by default.
    #[must_use]
    pub fn trashed_only(mut self, only: bool) -> Self {
        self.trashed_only = only;
        self
    }

    /// Whether what is removed is gone for good, without passing through the trash; false by default.
    #[must_use]
    pub fn hard_delete(mut self, hard: bool) -> Self {
        self.hard_delete = hard;
        self
    }

    /// Whether a file that is replaced keeps no older revisions; false by default. The new content is stored under a temporary name before the old file is removed.
    #[must_use]
    pub fn no_versions(mut self, none: bool) -> Self {
        self.no_versions = none;
        self
    }

    /// The session of the client's token, so that [`JottaRemote::disconnect`] can end it.
    #[must_use]
    pub fn session(mut self, session: Session) -> Self {
        self.session = Some(session);
        self
    }

    /// Makes the remote. No request is made before its first use.
    #[must_use]
    pub fn build(self) -> JottaRemote {
        let retry = Retry::new(self.client.retry().policy().clone(), Pacer::new());
        let capabilities = self.capabilities();
        JottaRemote {
            inner: Arc::new(Inner {
                client: self.client,
                session: self.session,
                mount_point: self.mount_point,
                paths: PathMap::new(self.root, self.encoding),
                seen: SeenPaths::default(),
                capabilities,
                retry,
                md5_memory_limit: self.md5_memory_limit,
                trashed_only: self.trashed_only,
                hard_delete: self.hard_delete,
                no_versions: self.no_versions,
            }),
        }
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::minimal("jottacloud");
        capabilities.case = CaseRule::Insensitive;
        capabilities.hashes = &[HashAlgorithm::Md5];
        capabilities.time_precision = Some(Duration::from_secs(1));
        if !self.trashed_only {
            capabilities.list_recursive = Support::Native;
            capabilities.set_modified = Support::Native;
        }
        capabilities.write_makes_dirs = true;
        capabilities.copy_file = Support::Native;
        capabilities.rename_file = Support::Native;
        capabilities.rename_dir = Support::Native;
        capabilities.replace_target = Support::Emulated;
        capabilities.remove_dir_all = Support::Native;
        capabilities.usage = Support::Native;
        capabilities.public_link = Support::Native;
        capabilities.empty_trash = Support::Native;
        capabilities.changes = Support::Native;
        if !self.hard_delete {
            capabilities.removal = Removal::Trash;
        }
        capabilities.versions = !self.no_versions;
        capabilities
    }
}
