//! Accounts, sizes and switches.

use serde::{Deserialize, Serialize};

use crate::identity::{Brand, Consent, IdentityConfig, IdentitySettings};
use crate::koofr::TreeConfig;

/// The application that is registered unless told otherwise.
pub const DEFAULT_CLIENT_ID: &str = "amzn1.application-oa2-client.0123456789abcdef0123456789abcdef";

/// Its secret. Not one: it opens nothing but an emulator.
pub const DEFAULT_CLIENT_SECRET: &str = "emulator-secret";

/// What an Amazon Drive emulator starts with.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct AcdConfig {
    /// The person, lifetimes and switches of the sign-in. All persons share the one drive.
    pub identity: IdentityConfig,
    /// The id of the application.
    pub client_id: String,
    /// The secret of the application.
    pub client_secret: String,
    /// A synthetic tree under `/tree`. It can be read and its entries can be trashed, which removes them for good;
    /// anything else is refused with 403.
    pub tree: Option<TreeConfig>,
    /// Choices where the service's behaviour is unknown or varies, and misbehaviour that can be ordered.
    pub settings: AcdSettings,
}

impl Default for AcdConfig {
    fn default() -> Self {
        let settings = IdentitySettings {
            consent: Consent::Allow,
            ..IdentitySettings::default()
        };
        let mut identity = IdentityConfig::default().settings(settings);
        identity.brands.clear();
        Self {
            identity,
            client_id: DEFAULT_CLIENT_ID.to_owned(),
            client_secret: DEFAULT_CLIENT_SECRET.to_owned(),
            tree: None,
            settings: AcdSettings::default(),
        }
    }
}

impl AcdConfig {
    /// Sets persons, lifetimes and switches of the sign-in. Realms in it are kept; the one of Amazon is added.
    #[must_use]
    pub fn identity(mut self, identity: IdentityConfig) -> Self {
        self.identity = identity;
        self
    }

    /// Sets the application.
    #[must_use]
    pub fn client(mut self, id: impl Into<String>, secret: impl Into<String>) -> Self {
        self.client_id = id.into();
        self.client_secret = secret.into();
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
    pub fn settings(mut self, settings: AcdSettings) -> Self {
        self.settings = settings;
        self
    }

    /// The provider of the tokens, with Amazon's realm.
    pub(crate) fn provider(&self) -> IdentityConfig {
        let brand = Brand::amazon(&self.client_id, &self.client_secret);
        self.identity.clone().brand(brand)
    }
}

/// Choices where public sources disagree or are silent about the service, and misbehaviour of it that can be ordered.
///
/// In JSON (`GET` and `PATCH /_emulator/acd/settings`) the fields have the same names.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent switches, each with a name of its own"
)]
#[non_exhaustive]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct AcdSettings {
    /// Let `account/endpoint` name no addresses. Off.
    pub endpoints_missing: bool,
    /// What `account/endpoint` says of the account. On; off also refuses uploads with 403.
    pub customer_exists: bool,
    /// `metadataUrl`; where the request came to by default.
    pub metadata_url: Option<String>,
    /// `contentUrl`; where the request came to by default.
    pub content_url: Option<String>,
    /// The friendly name of the application: `createdBy` of what it makes, and owner of its properties.
    pub application: String,
    /// Refuse properties of other owners with 403. Off.
    pub refuse_foreign_properties: bool,
    /// Look at the scopes of tokens. On.
    pub check_scopes: bool,
    /// Answer 400 instead of 401 to uploads with an expired token, as the content host did. On.
    pub disguise_expired_uploads: bool,
    /// Fail uploads that end this long after their token; never by default. Milliseconds.
    pub fail_uploads_after_expiry_ms: Option<u64>,
    /// Accept tokens in `x-amz-access-token`. On.
    pub accept_amz_access_token: bool,
    /// Match names in filters with regard to case. Off.
    pub case_sensitive_filters: bool,
    /// Refuse filters with unescaped special characters in unquoted names and unquoted ids with a leading minus sign. Off; rclone sends such ids.
    pub strict_filters: bool,
    /// Understand `field:[a TO b]`. On.
    pub range_filters: bool,
    /// Let queries without a status clause find nodes that are still being processed. On.
    pub pending_in_queries: bool,
    /// Nodes on a page; 200. A client that asks for fewer gets fewer.
    pub page_size: usize,
    /// How long a page token is good. Ten minutes, in milliseconds.
    pub page_token_lifetime_ms: u64,
    /// Give every page the token it was asked for with, so that a listing never ends. Off.
    pub repeat_page_tokens: bool,
    /// How many requests for a further page are answered 429 from now on; the page is then lost, and the same token leads to the one after it. 0.
    pub drop_pages: u32,
    /// Put nodes that are somewhere else, have no name or are in the trash among the children of every folder. Off.
    pub bogus_children: bool,
    /// How long queries do not see a change. 0, in milliseconds of the emulator's clock.
    pub index_lag_ms: u64,
    /// How long requests by id do not see a change. 0, in milliseconds of the emulator's clock.
    pub id_lag_ms: u64,
    /// Let lagging queries show nodes as they were. Off: what is found is decided by the old state, what is shown is the new one.
    pub stale_documents: bool,
    /// How long new contents are processed: the node is `PENDING`, without size and MD5. 0, in milliseconds.
    pub processing_ms: u64,
    /// Let answers to uploads show nodes that are being processed as such. Off: they show the finished node.
    pub pending_in_answers: bool,
    /// The code of the 409 for a content the drive already has.
    pub duplicate_code: String,
    /// Name the existing node in that 409. On.
    pub duplicate_names_node: bool,
    /// Name the existing node in the 409 for a `localId` that was used before. On.
    pub local_id_names_node: bool,
    /// Bytes in the drive; more is refused with 403. One TiB.
    pub quota: u64,
    /// Contents beyond this never appear; the upload ends in 504. 50,000 MiB.
    pub max_file_size: u64,
    /// Characters of a name; longer ones are refused with 400. 256.
    pub max_name_chars: usize,
    /// Characters a name must not have. None.
    pub forbidden_name_chars: String,
    /// Answer 409 to a rename to the name the node has. Off.
    pub same_name_conflicts: bool,
    /// Attach nodes that lose their last parent to the root. Off: they stay orphans.
    pub orphans_to_root: bool,
    /// Refuse to make a folder its own ancestor. Off.
    pub refuse_cycles: bool,
    /// The status of a removed parent. 200; the documentation says 202.
    pub remove_parent_status: u16,
    /// The status for a move of a node in the trash. 403.
    pub move_trashed_status: u16,
    /// Let requests by id find nodes in the trash. On.
    pub trashed_by_id: bool,
    /// Give nodes in the trash the members `exclusivelyTrashed` and `recursivelyTrashed`. Off.
    pub trash_flags: bool,
    /// Leave what is also in a folder elsewhere when its other folder is trashed. Off.
    pub trash_spares_linked: bool,
    /// Answer 409 to a restore when the name is taken. On.
    pub restore_checks_names: bool,
    /// Days after which the trash lets go of a node. 30.
    pub trash_days: u32,
    /// Allow `DELETE nodes/{id}`. Off.
    pub allow_purge: bool,
    /// The status of a purge that is not allowed. 403.
    pub purge_status: u16,
    /// Offer the bulk calls of later years. Off: 403.
    pub extended: bool,
    /// Nodes in one object of the change feed; 2000.
    pub change_chunk: usize,
    /// End the change feed after this many objects, without its end mark. Never.
    pub truncate_changes_after: Option<usize>,
    /// Let the next requests for changes not know their checkpoints. 0.
    pub forget_checkpoints: u32,
    /// The `statusCode` in the objects of the feed. 200.
    pub change_status: u16,
    /// Give purged nodes in the change feed a kind. Off; rclone 1.60.1 crashes on such.
    pub purged_with_kind: bool,
    /// Compress the change feed for clients that accept it. Off.
    pub gzip_changes: bool,
    /// Downloads of files of at least this many bytes are redirected to the storage. 10 GiB.
    pub redirect_from: u64,
    /// Scheme and host of the storage; by default the host the request came to, or a host of S3 for who comes through the proxy.
    pub storage_origin: Option<String>,
    /// Let the storage fail for names beyond Latin-1. On.
    pub storage_latin1_only: bool,
    /// How long temporary links and addresses of the storage are good. 15 minutes, in milliseconds.
    pub link_lifetime_ms: u64,
    /// Refuse chunked uploads of nothing with 411. On.
    pub refuse_chunked_empty: bool,
}

impl Default for AcdSettings {
    fn default() -> Self {
        Self {
            endpoints_missing: false,
            customer_exists: true,
            metadata_url: None,
            content_url: None,
            application: "acd-api".to_owned(),
            refuse_foreign_properties: false,
            check_scopes: true,
            disguise_expired_uploads: true,
            fail_uploads_after_expiry_ms: None,
            accept_amz_access_token: true,
            case_sensitive_filters: false,
            strict_filters: false,
            range_filters: true,
            pending_in_queries: true,
            page_size: 200,
            page_token_lifetime_ms: 600_000,
            repeat_page_tokens: false,
            drop_pages: 0,
            bogus_children: false,
            index_lag_ms: 0,
            id_lag_ms: 0,
            stale_documents: false,
            processing_ms: 0,
            pending_in_answers: false,
            duplicate_code: "MD5_DUPLICATE".to_owned(),
            duplicate_names_node: true,
            local_id_names_node: true,
            quota: 1 << 40,
            max_file_size: 50_000 << 20,
            max_name_chars: 256,
            forbidden_name_chars: String::new(),
            same_name_conflicts: false,
            orphans_to_root: false,
            refuse_cycles: false,
            remove_parent_status: 200,
            move_trashed_status: 403,
            trashed_by_id: true,
            trash_flags: false,
            trash_spares_linked: false,
            restore_checks_names: true,
            trash_days: 30,
            allow_purge: false,
            purge_status: 403,
            extended: false,
            change_chunk: 2000,
            truncate_changes_after: None,
            forget_checkpoints: 0,
            change_status: 200,
            purged_with_kind: false,
            gzip_changes: false,
            redirect_from: 10 << 30,
            storage_origin: None,
            storage_latin1_only: true,
            link_lifetime_ms: 900_000,
            refuse_chunked_empty: true,
        }
    }
}

/// An upload that is answered with an error although it is stored.
#[non_exhaustive]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LateUpload {
    /// The status of the answer, which has no body.
    pub status: u16,
    /// How long the file stays invisible, to queries and by id, in milliseconds of the emulator's clock.
    #[serde(default)]
    pub visible_after_ms: u64,
    /// What is stored.
    #[serde(default)]
    pub stored: StoredAs,
}

impl LateUpload {
    /// An upload that is stored as it is, at once.
    #[must_use]
    pub fn new(status: u16) -> Self {
        Self {
            status,
            visible_after_ms: 0,
            stored: StoredAs::Same,
        }
    }

    /// Sets how long the file stays invisible.
    #[must_use]
    pub fn visible_after_ms(mut self, ms: u64) -> Self {
        self.visible_after_ms = ms;
        self
    }

    /// Sets what is stored.
    #[must_use]
    pub fn stored(mut self, stored: StoredAs) -> Self {
        self.stored = stored;
        self
    }
}

/// What becomes of the content of a [`LateUpload`].
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StoredAs {
    /// It is stored as it was sent.
    #[default]
    Same,
    /// As many bytes, but others.
    OtherBytes,
    /// One byte more.
    OtherSize,
}
