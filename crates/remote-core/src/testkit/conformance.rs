//! The promises of the contract as checks that every remote must pass.
//!
//! Each [`Check`] works in a directory of its own, which it gets empty, on a remote that may be shared with others. What
//! [capabilities](crate::remote::Remote::capabilities) call missing must fail with [`Unsupported`](crate::error::ErrorKind::Unsupported) and change nothing; everything else must
//! work. The suite assumes that changes are visible at once, so a remote with [delayed visibility](crate::capabilities::Capabilities::delayed_visibility) needs a service
//! without delay, such as an emulator.
//!
//! Not covered, because it cannot be done through the contract alone: memory use, resumed bodies, lost answers, and what one process does while another works on the
//! same account.
//!
//! ```
//! use std::sync::Arc;
//! use remote_core::{
//!     memory::MemoryRemote,
//!     remote::Remote,
//!     testkit::conformance::{self, Settings},
//! };
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let new_remote = || async { Ok(Arc::new(MemoryRemote::new()) as Arc<dyn Remote>) };
//! let passed = conformance::run(new_remote, &Settings::default()).await?;
//! assert_eq!(passed.len(), conformance::checks().len());
//! # Ok(())
//! # }
//! ```

mod cancelling;
mod conditions;
mod copying;
mod directories;
mod expect;
mod honesty;
mod listing;
mod names;
mod reading;
mod removing;
mod renaming;
mod sources;
mod writing;

use std::{fmt, future::Future, sync::Arc};

use futures::future::BoxFuture;

pub use self::expect::Failure;
use self::expect::{Outcome, Test};
use crate::{error::Result, operation::RemoveOutcome, path::RemotePath, remote::Remote};

/// What the suite must know about a remote beyond its capabilities.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct Settings {
    /// The size of the largest file that is written, in bytes; [`DEFAULT_LARGE_FILE_BYTES`] unless set.
    pub large_file_bytes: usize,
    /// True names that the service cannot store, which must be refused with [`InvalidName`](crate::error::ErrorKind::InvalidName); none unless set.
    pub refused_names: Vec<Vec<u8>>,
    /// Names of checks to leave out; none unless set. The place that sets it says why.
    pub skip: Vec<&'static str>,
    /// A remote of the same kind whose service cannot be reached, to check that this is never taken for "nothing there"; not checked unless set.
    pub unreachable: Option<Arc<dyn Remote>>,
    /// Whether the trash of the account may be emptied; no unless set.
    pub may_empty_trash: bool,
}

/// The default of [`Settings::large_file_bytes`]: 5 MiB, more than one piece for every service and buffer on the way.
pub const DEFAULT_LARGE_FILE_BYTES: usize = 5 << 20;

impl Default for Settings {
    fn default() -> Self {
        Self {
            large_file_bytes: DEFAULT_LARGE_FILE_BYTES,
            refused_names: Vec::new(),
            skip: Vec::new(),
            unreachable: None,
            may_empty_trash: false,
        }
    }
}

impl Settings {
    /// Sets [`large_file_bytes`](Self::large_file_bytes).
    #[must_use]
    pub fn with_large_file_bytes(mut self, bytes: usize) -> Self {
        self.large_file_bytes = bytes;
        self
    }

    /// Sets [`refused_names`](Self::refused_names).
    #[must_use]
    pub fn with_refused_names(mut self, names: Vec<Vec<u8>>) -> Self {
        self.refused_names = names;
        self
    }

    /// Sets [`skip`](Self::skip).
    #[must_use]
    pub fn with_skip(mut self, checks: Vec<&'static str>) -> Self {
        self.skip = checks;
        self
    }

    /// Sets [`unreachable`](Self::unreachable).
    #[must_use]
    pub fn with_unreachable(mut self, remote: Arc<dyn Remote>) -> Self {
        self.unreachable = Some(remote);
        self
    }

    /// Sets [`may_empty_trash`](Self::may_empty_trash).
    #[must_use]
    pub fn with_may_empty_trash(mut self, may: bool) -> Self {
        self.may_empty_trash = may;
        self
    }
}

/// One promise.
#[derive(Clone, Copy)]
pub struct Check {
    name: &'static str,
    body: fn(Test) -> BoxFuture<'static, Outcome>,
}

impl Check {
    /// The name, which is a sentence with underscores.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Checks a remote, in a directory of its own in the root, which is removed at the end. Does not look at [`Settings::skip`].
    ///
    /// # Errors
    ///
    /// What did not hold.
    pub async fn run(&self, remote: Arc<dyn Remote>, settings: &Settings) -> Result<(), Failure> {
        let dir = RemotePath::parse(&format!("conformance-{:016x}", rand::random::<u64>()))?;
        remote.create_dir(&dir).await?;
        let test = Test::new(Arc::clone(&remote), dir.clone(), settings.clone());
        let outcome = (self.body)(test).await;
        let cleared = remote.remove_dir_all(&dir).await;
        outcome?;
        match cleared? {
            RemoveOutcome::Removed => Ok(()),
            RemoveOutcome::Missing => Err(Failure::new("the directory of the check is gone")),
        }
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Check({})", self.name)
    }
}

/// Runs all checks one after the other, each with the remote that a call of `new_remote` gives, and tells the names of those that passed.
///
/// # Errors
///
/// The checks that did not pass, or whose remote could not be made, after all have run.
pub async fn run<F, Fut>(new_remote: F, settings: &Settings) -> Result<Vec<&'static str>, Failures>
where
    F: Fn() -> Fut + Send + Sync,
    Fut: Future<Output = Result<Arc<dyn Remote>>> + Send,
{
    let mut passed = Vec::new();
    let mut failed = Vec::new();
    for check in checks() {
        if settings.skip.contains(&check.name) {
            continue;
        }
        let outcome = match new_remote().await {
            Ok(remote) => check.run(remote, settings).await,
            Err(error) => Err(error.into()),
        };
        match outcome {
            Ok(()) => passed.push(check.name),
            Err(failure) => failed.push((check.name, failure)),
        }
    }
    if failed.is_empty() {
        return Ok(passed);
    }
    Err(Failures(failed))
}

/// The checks that a remote did not pass, by name. `Debug` is as readable as `Display`, for tests that end with it.
#[derive(Clone, PartialEq, Eq)]
pub struct Failures(Vec<(&'static str, Failure)>);

impl Failures {
    /// The names of the checks and what did not hold.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Failure)> {
        self.0.iter().map(|(name, failure)| (*name, failure))
    }
}

impl fmt::Display for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of the promises are not kept", self.0.len())?;
        self.iter()
            .try_for_each(|(name, failure)| write!(f, "\n  {name}: {failure}"))
    }
}

impl fmt::Debug for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Failures {}

/// Makes a list of checks whose names are those of the functions.
macro_rules! checks {
    ($($module:ident: $($name:ident),+;)+) => {
        &[$($(Check { name: stringify!($name), body: |test| Box::pin($module::$name(test)) }),+),+]
    };
}

/// All checks.
#[must_use]
pub fn checks() -> &'static [Check] {
    checks! {
        listing:
            the_root_is_a_directory,
            nothing_there_is_not_found,
            a_missing_directory_cannot_be_listed,
            a_file_cannot_be_listed,
            an_empty_directory_has_no_entries,
            a_listing_has_the_entries_of_one_directory,
            a_recursive_listing_agrees_with_single_ones,
            directories_come_before_their_entries,
            listings_of_many_entries_are_complete,
            listings_start_with_the_first_poll,
            the_root_can_be_listed,
            an_unreachable_service_is_not_an_empty_one;
        writing:
            a_write_makes_the_directories_on_the_way,
            contents_of_all_sizes_come_back,
            a_source_of_unknown_size_can_be_written,
            a_source_of_one_pass_can_be_written,
            a_write_returns_what_a_look_returns,
            the_modification_time_is_kept,
            a_write_without_a_time_has_a_recent_one,
            overwriting_leaves_one_entry_with_the_last_content,
            a_file_cannot_be_written_over_a_directory,
            a_file_cannot_be_written_below_a_file,
            the_modification_time_can_be_changed,
            the_time_of_nothing_cannot_be_changed,
            progress_counts_the_bytes;
        sources:
            a_changed_source_leaves_the_old_file,
            a_failing_source_leaves_nothing,
            a_source_that_is_too_short_is_refused,
            a_source_that_is_too_long_is_refused,
            a_source_that_lies_about_its_hash_is_refused;
        conditions:
            create_new_writes_once,
            create_new_does_not_replace_a_directory,
            of_many_creators_one_wins,
            if_match_replaces_the_expected_content,
            if_match_refuses_other_content,
            if_match_refuses_nothing_there,
            of_many_replacers_one_wins;
        reading:
            whole_files_can_be_read,
            an_empty_file_can_be_read,
            ranges_deliver_exactly_their_bytes,
            ranges_are_cut_off_at_the_end,
            ranges_behind_the_end_are_refused,
            nothing_there_cannot_be_read,
            a_directory_cannot_be_read,
            a_read_can_insist_on_the_content;
        directories:
            directories_are_made_with_their_ancestors,
            making_a_directory_again_is_success,
            many_can_make_the_same_directory,
            a_directory_cannot_be_made_over_a_file,
            a_directory_cannot_be_made_below_a_file,
            the_root_can_be_made_again,
            many_can_write_into_a_new_directory;
        removing:
            removing_a_file_tells_whether_it_was_there,
            removing_a_file_spares_its_neighbours,
            remove_file_spares_directories,
            remove_dir_removes_empty_directories,
            remove_dir_spares_entries,
            remove_dir_spares_files,
            remove_dir_spares_the_root,
            remove_dir_all_removes_everything_below,
            remove_dir_all_spares_files;
        copying:
            a_file_can_be_copied,
            a_copy_can_have_another_time,
            a_directory_can_be_copied,
            a_copy_makes_the_directories_on_the_way,
            a_copy_does_not_replace_unless_told,
            a_copy_replaces_a_file_when_told,
            a_copy_never_replaces_a_directory,
            a_directory_cannot_be_copied_into_itself,
            a_copy_onto_itself_harms_nothing,
            nothing_there_cannot_be_copied,
            a_copy_below_a_file_is_refused;
        renaming:
            a_renamed_file_keeps_what_it_is,
            a_renamed_directory_keeps_its_entries,
            a_rename_makes_the_directories_on_the_way,
            a_rename_does_not_replace_unless_told,
            a_rename_replaces_a_file_when_told,
            a_rename_never_replaces_a_directory,
            a_directory_cannot_be_renamed_into_itself,
            a_rename_onto_itself_harms_nothing,
            nothing_there_cannot_be_renamed,
            upper_and_lower_case_can_be_changed,
            upper_and_lower_case_of_a_directory_can_be_changed;
        names:
            difficult_file_names_come_back,
            difficult_directory_names_come_back,
            refused_names_are_invalid_names,
            upper_and_lower_case_follow_the_rule,
            neighbours_with_similar_names_are_apart;
        honesty:
            tags_stand_for_the_content,
            hashes_are_those_of_the_content,
            entries_have_what_capabilities_promise,
            usage_is_plausible,
            public_links_lead_somewhere,
            a_trash_can_be_emptied_where_there_is_one,
            changes_are_told_where_they_can_be_followed,
            errors_name_the_operation_and_path;
        cancelling:
            a_dropped_write_leaves_the_old_file,
            a_dropped_write_of_a_new_file_leaves_nothing,
            a_dropped_download_harms_nothing,
            a_dropped_listing_harms_nothing;
    }
}
