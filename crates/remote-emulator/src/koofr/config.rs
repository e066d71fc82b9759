use std::fmt;
use std::time::Duration;

/// The user every emulator has unless told otherwise.
pub const DEFAULT_USER: &str = "user@example.com";

/// The application password of [`DEFAULT_USER`]. Not a secret: it opens nothing but an emulator.
pub const DEFAULT_PASSWORD: &str = "emulator-app-password";

/// The id of the OAuth application that is registered from the start.
pub const DEFAULT_CLIENT_ID: &str = "emulator-client";

/// The secret of [`DEFAULT_CLIENT_ID`].
pub const DEFAULT_CLIENT_SECRET: &str = "emulator-secret";

/// The size of an account in MiB when nothing else is said: 10 GiB.
pub const DEFAULT_SPACE_MIB: u64 = 10_240;

/// What a Koofr emulator starts with.
#[non_exhaustive]
#[derive(Clone, Debug, Default)]
pub struct KoofrConfig {
    /// The accounts; the default account when empty.
    pub users: Vec<UserConfig>,
    /// Further mounts of the first account.
    pub mounts: Vec<MountConfig>,
    /// Size and rights of the first account's primary mount; the defaults of [`MountConfig::new`] when absent.
    pub primary: Option<MountConfig>,
    /// A synthetic tree under `/tree` of the first account's primary mount.
    pub tree: Option<TreeConfig>,
    /// Choices where the service's behaviour is unknown or varies.
    pub settings: KoofrSettings,
}

impl KoofrConfig {
    /// Adds an account. The first one replaces the default account.
    #[must_use]
    pub fn user(mut self, user: UserConfig) -> Self {
        self.users.push(user);
        self
    }

    /// Adds a mount to the first account.
    #[must_use]
    pub fn mount(mut self, mount: MountConfig) -> Self {
        self.mounts.push(mount);
        self
    }

    /// Sets size and rights of the primary mount.
    #[must_use]
    pub fn primary(mut self, mount: MountConfig) -> Self {
        self.primary = Some(mount);
        self
    }

    /// Serves a synthetic tree.
    #[must_use]
    pub fn tree(mut self, tree: TreeConfig) -> Self {
        self.tree = Some(tree);
        self
    }

    /// Sets the choices.
    #[must_use]
    pub fn settings(mut self, settings: KoofrSettings) -> Self {
        self.settings = settings;
        self
    }
}

/// An account.
#[non_exhaustive]
#[derive(Clone)]
pub struct UserConfig {
    /// The e-mail address, which is the user name.
    pub email: String,
    /// Application passwords.
    pub app_passwords: Vec<String>,
    /// The password of the account itself; the API refuses it. None by default.
    pub account_password: Option<String>,
}

impl UserConfig {
    /// An account with one application password.
    #[must_use]
    pub fn new(email: impl Into<String>, app_password: impl Into<String>) -> Self {
        Self {
            email: email.into(),
            app_passwords: vec![app_password.into()],
            account_password: None,
        }
    }
}

impl fmt::Debug for UserConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("UserConfig")
            .field("email", &self.email)
            .finish_non_exhaustive()
    }
}

/// A mount: own storage or a connected cloud.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct MountConfig {
    /// The name, such as `Koofr`.
    pub name: String,
    /// The id; random when absent.
    pub id: Option<String>,
    /// `hosted`, `desktop`, `dropbox`, `googledrive`, `onedrive`, …
    pub origin: String,
    /// Whether the storage is connected. When not, requests to its files answer 404 `DeviceOffline`.
    pub online: bool,
    /// Whether entries may be changed. When not, changing requests answer 403 `Forbidden`.
    pub can_write: bool,
    /// Whether files may be uploaded although nothing else may be changed.
    pub can_upload: bool,
    /// The size in MiB; uploads that do not fit answer 413. `None` leaves the space fields out and sets no limit.
    pub space_mib: Option<u64>,
    /// Whether MD5 hashes are known.
    pub hashes: bool,
    /// Whether modification times are kept; otherwise they are the time of the upload or copy.
    pub keeps_modified: bool,
    /// Whether a recursive listing works; otherwise it answers `FilesNotSynced`.
    pub synced: bool,
}

impl MountConfig {
    /// A connected, writable, hosted storage of [`DEFAULT_SPACE_MIB`].
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            id: None,
            origin: "hosted".to_owned(),
            online: true,
            can_write: true,
            can_upload: true,
            space_mib: Some(DEFAULT_SPACE_MIB),
            hashes: true,
            keeps_modified: true,
            synced: true,
        }
    }

    /// Sets the id.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Sets where the storage comes from.
    #[must_use]
    pub fn origin(mut self, origin: impl Into<String>) -> Self {
        self.origin = origin.into();
        self
    }

    /// Sets whether the storage is connected.
    #[must_use]
    pub fn online(mut self, online: bool) -> Self {
        self.online = online;
        self
    }

    /// Takes the rights to write and upload away.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.can_write = false;
        self.can_upload = false;
        self
    }

    /// Takes the right to write away and leaves the one to upload.
    #[must_use]
    pub fn upload_only(mut self) -> Self {
        self.can_write = false;
        self.can_upload = true;
        self
    }

    /// Sets the size in MiB; `None` for unknown and unlimited.
    #[must_use]
    pub fn space_mib(mut self, mib: Option<u64>) -> Self {
        self.space_mib = mib;
        self
    }

    /// Makes the storage one that knows no hashes.
    #[must_use]
    pub fn without_hashes(mut self) -> Self {
        self.hashes = false;
        self
    }

    /// Makes the storage one that does not keep modification times.
    #[must_use]
    pub fn without_modified(mut self) -> Self {
        self.keeps_modified = false;
        self
    }

    /// Makes the storage one that is still being synchronised.
    #[must_use]
    pub fn not_synced(mut self) -> Self {
        self.synced = false;
        self
    }
}

/// A tree of entries that are computed while they are sent.
///
/// It appears as the folder `/tree`. Its entries can be listed, read and removed; anything else that would change
/// them answers 403 `Forbidden`. Removed entries do not go to the trash, the tree uses no space,
/// and search does not look into it.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TreeConfig {
    /// Folders and files together, `/tree` itself not counted.
    pub entries: u64,
    /// How many of them are folders; a thousandth when absent.
    pub folders: Option<u64>,
}

impl TreeConfig {
    /// A tree of this many folders and files together.
    #[must_use]
    pub fn new(entries: u64) -> Self {
        Self {
            entries,
            folders: None,
        }
    }

    /// Sets how many of the entries are folders; they lie side by side and share the files evenly.
    #[must_use]
    pub fn folders(mut self, folders: u64) -> Self {
        self.folders = Some(folders);
        self
    }
}

/// Choices where public sources disagree or are silent about the service.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct KoofrSettings {
    /// Refuse uploads without `info=true` with 400, as Koofr's published test server does. Off: they answer an
    /// array with the name.
    pub require_info: bool,
    /// Take `true` for the flags that want an empty value. Off, as in Koofr's published test server.
    pub lenient_flags: bool,
    /// Check `removeIfSize`, `removeIfModified` and `removeIfHash`. On, as clients expect.
    pub remove_conditions: bool,
    /// Answer `remove` with the version id of what went to the trash. On; off answers an empty body.
    pub remove_version: bool,
    /// Move what is removed or overwritten to the trash. Off: it is gone at once.
    pub trash: bool,
    /// Count what lies in the trash as used space. Off.
    pub trash_uses_space: bool,
    /// Days after which the trash lets go of an entry.
    pub trash_retention_days: u32,
    /// Escape characters outside ASCII in `X-File-Info` as `\u…`. Off: raw UTF-8.
    pub escape_file_info: bool,
    /// Answer GET of a folder with a ZIP archive. Off: 400 `NotFile`.
    pub zip_folders: bool,
    /// Give a second link of the same path the first one's id. Off: every request creates a link.
    pub reuse_links: bool,
    /// Refuse downloads through links without a matching `Referer` with 403. Off.
    pub check_referer: bool,
    /// Answer 429 after this many wrong passwords in a row. Never by default.
    pub lockout_after: Option<u32>,
    /// How long such a lockout lasts, by the emulator's clock.
    pub lockout_time: Duration,
    /// How long a token from `/token` lives, by the emulator's clock. Unlimited by default.
    pub token_lifetime: Option<Duration>,
    /// How long an OAuth access token lives, by the emulator's clock.
    pub access_token_lifetime: Duration,
    /// Give out a new refresh token at every refresh and refuse the old one. Off.
    pub rotate_refresh_tokens: bool,
    /// The `server` field of OAuth token answers; left out when absent.
    pub oauth_server: Option<String>,
    /// Refuse the authorisation page's request with `access_denied`. Off: it consents for the first account.
    pub deny_consent: bool,
    /// Whether the event stream takes `Basic` and `Token` besides `Bearer`. On.
    pub events_accept_all_schemes: bool,
    /// How many links an account may have before 429. Unlimited by default.
    pub link_limit: Option<usize>,
    /// How long the addresses of `files/download` and `files/upload` work, by the emulator's clock.
    pub direct_link_lifetime: Duration,
}

impl Default for KoofrSettings {
    fn default() -> Self {
        Self {
            require_info: false,
            lenient_flags: false,
            remove_conditions: true,
            remove_version: true,
            trash: true,
            trash_uses_space: false,
            trash_retention_days: 30,
            escape_file_info: false,
            zip_folders: false,
            reuse_links: false,
            check_referer: false,
            lockout_after: None,
            lockout_time: Duration::from_secs(15 * 60),
            token_lifetime: None,
            access_token_lifetime: Duration::from_secs(3600),
            rotate_refresh_tokens: false,
            oauth_server: None,
            deny_consent: false,
            events_accept_all_schemes: true,
            link_limit: None,
            direct_link_lifetime: Duration::from_secs(3600),
        }
    }
}
