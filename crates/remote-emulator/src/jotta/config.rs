use crate::identity::IdentityConfig;
use crate::koofr::TreeConfig;

/// What a Jottacloud emulator starts with.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct JottaConfig {
    /// Accounts, brands and sign-in. Every account has files of its own; the first one is what the
    /// [`JottaHandle`](super::JottaHandle) looks at.
    pub identity: IdentityConfig,
    /// The size of each account in bytes; −1, the default, for unlimited.
    pub capacity: i64,
    /// A synthetic tree under `/tree` of the first account's `Archive`.
    pub tree: Option<TreeConfig>,
    /// Choices where the service's behaviour is unknown or varies.
    pub settings: JottaSettings,
}

impl Default for JottaConfig {
    fn default() -> Self {
        Self {
            identity: IdentityConfig::default(),
            capacity: -1,
            tree: None,
            settings: JottaSettings::default(),
        }
    }
}

impl JottaConfig {
    /// Sets accounts, brands and sign-in.
    #[must_use]
    pub fn identity(mut self, identity: IdentityConfig) -> Self {
        self.identity = identity;
        self
    }

    /// Sets the size of each account in bytes.
    #[must_use]
    pub fn capacity(mut self, bytes: i64) -> Self {
        self.capacity = bytes;
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
    pub fn settings(mut self, settings: JottaSettings) -> Self {
        self.settings = settings;
        self
    }
}

/// What happens to a move or copy whose destination is taken by a live entry it cannot become a revision of.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum OntoLive {
    /// `UniqueFileException` with [`JottaSettings::conflict_status`].
    #[default]
    Conflict,
    /// The entry at the destination goes to the trash and the moved one takes its name.
    Replace,
}

/// Choices where public sources disagree or are silent about the service.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct JottaSettings {
    /// Refuse `%25` in the path of an address with 400. On.
    pub refuse_percent: bool,
    /// Refuse the characters `< > " : ? * |` and U+FEFF in new names with 400. On. Control characters are always
    /// refused.
    pub strict_names: bool,
    /// Answer 404 to `dl` and `dlDir` of what is not there. Off: 200 with an empty body.
    pub trash_missing_is_404: bool,
    /// What `mv` and `mvDir` do when a live entry has the name of the destination.
    pub move_onto_live: OntoLive,
    /// Answer 500 to `mv` and `mvDir` onto a tombstone and do nothing. Off: it succeeds.
    pub move_onto_trashed_fails: bool,
    /// Refuse a `mv` or `mvDir` whose destination is the source in other letter case like one onto a live entry. Off: it
    /// renames.
    pub case_rename_conflicts: bool,
    /// Refuse a folder whose name a trashed file has, and the other way round, as a conflict. Off: the new entry takes the
    /// name and the tombstone stays in the trash.
    pub trashed_names_conflict: bool,
    /// Let `rmDir` remove a file. Off: 404.
    pub rm_dir_takes_files: bool,
    /// The status of `UniqueFileException`; 409.
    pub conflict_status: u16,
    /// The status of an upload whose bytes do not have the promised MD5; 421.
    pub corrupt_status: u16,
    /// Answer 460 to what does not fit into the account. On.
    pub enforce_capacity: bool,
    /// Count what lies in the trash as used. On.
    pub trash_uses_space: bool,
    /// Give a revision of its own to a `cphash` or `allocate` that changes nothing but times. Off.
    pub touch_adds_revision: bool,
    /// Take a date in the year 1 as "now". Off: it is stored and printed back.
    pub year_one_is_now: bool,
    /// Honour `revision` in downloads. On; off sends the current revision whatever was asked for.
    pub old_revisions: bool,
    /// Print MD5 values as the uploader sent them. On; off prints upper case.
    pub keep_md5_case: bool,
    /// The name of the root element of `liststream`, which nobody has recorded; `liststream`.
    pub stream_root: String,
    /// Let `liststream` name every folder. On; off leaves out those that files in them imply.
    pub stream_all_folders: bool,
    /// Answer `liststream` of a trashed folder with an empty tree. Off: 404.
    pub stream_of_trashed_is_empty: bool,
    /// Leave the `size` elements of devices and mount points empty. Off.
    pub empty_sizes: bool,
    /// Print a `modified` element in folders. Off.
    pub folder_modified: bool,
    /// Days after which the trash lets go of an entry, by the emulator's clock.
    pub trash_retention_days: u32,
    /// How many revisions of a file are kept, the current one included; 5.
    pub kept_revisions: usize,
    /// The mount points of the built-in device that its listing shows. All of them can be reached.
    pub listed_mounts: Vec<String>,
    /// The host of upload addresses for clients that came to the service's real host names.
    pub upload_host: String,
    /// Accept user name and password in a Basic header in place of a token, as the service did before 2019. Off.
    pub accept_basic: bool,
    /// Leave the `modified` element of a mount point without entries empty. On; off prints when it was made.
    pub empty_dates: bool,
}

impl Default for JottaSettings {
    fn default() -> Self {
        Self {
            refuse_percent: true,
            strict_names: true,
            trash_missing_is_404: false,
            move_onto_live: OntoLive::Conflict,
            move_onto_trashed_fails: false,
            case_rename_conflicts: false,
            trashed_names_conflict: false,
            rm_dir_takes_files: false,
            conflict_status: 409,
            corrupt_status: 421,
            enforce_capacity: true,
            trash_uses_space: true,
            touch_adds_revision: false,
            year_one_is_now: false,
            old_revisions: true,
            keep_md5_case: true,
            stream_root: "liststream".to_owned(),
            stream_all_folders: true,
            stream_of_trashed_is_empty: false,
            empty_sizes: false,
            folder_modified: false,
            trash_retention_days: 30,
            kept_revisions: 5,
            listed_mounts: ["Archive", "Shared", "Sync", "Latest", "Trash"]
                .map(str::to_owned)
                .into(),
            upload_host: "up-no-001.jottacloud.com".to_owned(),
            accept_basic: false,
            empty_dates: true,
        }
    }
}
