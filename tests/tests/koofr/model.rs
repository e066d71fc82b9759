//! Random sequences of operations on a Koofr remote and on a `MemoryRemote` side by side: the same outcome of every call, and the same tree
//! in the end.
//!
//! Covered: writes in all modes with matching and stale tags, directories, removals of all kinds, copies and renames of files and directories
//! with and without replacing, changes of case, times, looks, listings and reads of whole files and ranges, with paths of which many collide,
//! differ in case only, lie below each other or below files.
//!
//! Not covered: what the two may differ in, which is the order of listings, the time of directories, the spelling
//! of a name after a write in another case, which of several reasons for a refusal is named, and the text of errors.
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, SystemTime},
};

use futures::TryStreamExt as _;
use proptest::{
    prelude::{Just, ProptestConfig, Strategy, prop, prop_oneof},
    sample::select,
    test_runner::{TestCaseError, TestRng, TestRunner},
};
use remote_core::{
    capabilities::CaseRule,
    entry::{Entry, Tag},
    error::{ErrorKind, Result},
    memory::MemoryRemote,
    operation::{
        CopyOptions, ListOptions, ReadOptions, RenameOptions, TargetMode, WriteMode, WriteOptions,
    },
    remote::{Remote, RemoteExt as _},
};
use tests::koofr::{Bench, path};

/// The same sequences in every run; raise the number for a search.
const CASES: u32 = 128;
const MAX_STEPS: usize = 24;

#[derive(Clone, Copy, Debug)]
enum Mode {
    Overwrite,
    CreateNew,
    Match,
    MatchStale,
}

#[derive(Clone, Debug)]
enum Step {
    Write(&'static str, &'static str, Mode),
    CreateDir(&'static str),
    RemoveFile(&'static str),
    RemoveDir(&'static str),
    RemoveAll(&'static str),
    Copy(&'static str, &'static str, bool),
    Rename(&'static str, &'static str, bool),
    SetModified(&'static str, u64),
    Stat(&'static str),
    List(&'static str),
    Tree(&'static str),
    Read(&'static str, Option<(u64, u64)>),
}

const PATHS: &[&str] = &[
    "a", "b", "A", "a/x", "a/X", "a/y", "b/x", "b/a/x", "a/x/deep", "c",
];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let at = || select(PATHS);
    let content = select(&["", "one", "two", "three"][..]);
    let mode = select(
        &[
            Mode::Overwrite,
            Mode::CreateNew,
            Mode::Match,
            Mode::MatchStale,
        ][..],
    );
    let range = prop_oneof![
        Just(None),
        (0_u64..6, 0_u64..6).prop_map(|(start, length)| Some((start, start + length)))
    ];
    let step = prop_oneof![
        6 => (at(), content, mode).prop_map(|(at, content, mode)| Step::Write(at, content, mode)),
        2 => at().prop_map(Step::CreateDir),
        2 => at().prop_map(Step::RemoveFile),
        2 => at().prop_map(Step::RemoveDir),
        1 => at().prop_map(Step::RemoveAll),
        3 => (at(), at(), prop::bool::ANY).prop_map(|(from, to, over)| Step::Copy(from, to, over)),
        3 => (at(), at(), prop::bool::ANY).prop_map(|(from, to, over)| Step::Rename(from, to, over)),
        1 => (at(), 0_u64..3).prop_map(|(at, time)| Step::SetModified(at, time)),
        1 => at().prop_map(Step::Stat),
        1 => at().prop_map(Step::List),
        1 => at().prop_map(Step::Tree),
        2 => (at(), range).prop_map(|(at, range)| Step::Read(at, range)),
    ];
    prop::collection::vec(step, 1..MAX_STEPS)
}

/// The time number `index`.
fn time(index: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(1_600_000_000_000 + index * 1_234)
}

/// What of an entry has to be the same.
fn told(entry: &Entry) -> String {
    // Koofr takes over the spelling of a write over a file, `MemoryRemote` keeps the old one.
    let path = entry.path.to_string().to_lowercase();
    if entry.is_directory() {
        return format!("{path}/");
    }
    let hash = entry.hash.map(|hash| hash.to_string());
    format!("{path} {:?} {:?} {:?}", entry.size, hash, entry.modified)
}

async fn listed(remote: &dyn Remote, at: &str, recursive: bool) -> Result<String> {
    let options = ListOptions::default();
    let listing = match recursive {
        true => remote.list_recursive(&path(at), options),
        false => remote.list(&path(at), options),
    };
    let mut entries: Vec<String> = listing.map_ok(|entry| told(&entry)).try_collect().await?;
    entries.sort();
    Ok(entries.join("\n"))
}

fn target(replace: bool) -> TargetMode {
    match replace {
        true => TargetMode::Replace,
        false => TargetMode::CreateNew,
    }
}

/// A remote with the tags it has given out, of which old ones are used again.
struct Player {
    remote: Arc<dyn Remote>,
    tags: BTreeMap<String, Tag>,
}

impl Player {
    fn new(remote: Arc<dyn Remote>) -> Self {
        Self {
            remote,
            tags: BTreeMap::new(),
        }
    }

    async fn mode(&self, at: &str, mode: Mode) -> WriteMode {
        let stale = self.tags.get(at).cloned();
        let seen = match mode {
            Mode::Overwrite => return WriteMode::Overwrite,
            Mode::CreateNew => return WriteMode::CreateNew,
            Mode::MatchStale => stale,
            Mode::Match => self
                .remote
                .stat(&path(at))
                .await
                .ok()
                .and_then(|entry| entry.tag),
        };
        seen.map_or(WriteMode::CreateNew, WriteMode::IfMatch)
    }

    /// What came of a step, in a form that can be compared.
    async fn play(&mut self, step: &Step, number: u64) -> Result<String, ErrorKind> {
        self.try_play(step, number)
            .await
            .map_err(|error| error.kind())
    }

    async fn try_play(&mut self, step: &Step, number: u64) -> Result<String> {
        let remote = Arc::clone(&self.remote);
        Ok(match *step {
            Step::Write(at, content, mode) => {
                let options = WriteOptions::default()
                    .with_mode(self.mode(at, mode).await)
                    .with_modified(time(number));
                let entry = remote.write_bytes(&path(at), content, options).await?;
                if let Some(tag) = &entry.tag {
                    self.tags.entry(at.to_owned()).or_insert(tag.clone());
                }
                format!("{:?} {:?}", entry.size, entry.modified)
            }
            Step::CreateDir(at) => format!("{:?}", remote.create_dir(&path(at)).await?),
            Step::RemoveFile(at) => format!("{:?}", remote.remove_file(&path(at)).await?),
            Step::RemoveDir(at) => format!("{:?}", remote.remove_dir(&path(at)).await?),
            Step::RemoveAll(at) => format!("{:?}", remote.remove_dir_all(&path(at)).await?),
            Step::Copy(from, to, replace) => {
                let options = CopyOptions::default().with_target(target(replace));
                let entry = remote.copy(&path(from), &path(to), options).await?;
                format!("{:?} {:?}", entry.size, entry.hash)
            }
            Step::Rename(from, to, replace) => {
                let options = RenameOptions::default().with_target(target(replace));
                let entry = remote.rename(&path(from), &path(to), options).await?;
                format!("{:?} {:?}", entry.size, entry.hash)
            }
            Step::SetModified(at, index) => {
                let entry = remote.set_modified(&path(at), time(index)).await?;
                format!("{:?}", entry.modified)
            }
            Step::Stat(at) => {
                let entry = remote.stat(&path(at)).await?;
                format!("{:?} {:?}", entry.kind, entry.size)
            }
            Step::List(at) => listed(&*remote, at, false).await?,
            Step::Tree(at) => listed(&*remote, at, true).await?,
            Step::Read(at, range) => {
                let mut options = ReadOptions::default();
                options.range = range.map(|(start, end)| start..end);
                let download = remote.read(&path(at), options).await?;
                let delivered = download.range();
                format!("{delivered:?} {:?}", download.bytes(100).await?)
            }
        })
    }

    async fn tree(&self) -> Result<String> {
        listed(&*self.remote, "", true).await
    }
}

/// How many reasons there are to refuse a copy, a rename or a write over something that has to match.
async fn reasons_to_refuse(remote: &dyn Remote, step: &Step) -> usize {
    let (from, to) = match *step {
        Step::Copy(from, to, _) | Step::Rename(from, to, _) => (from, to),
        Step::Write(at, _, Mode::Match | Mode::MatchStale) => {
            let seen = remote.stat(&path(at)).await;
            let is_dir = seen.is_ok_and(|entry| entry.is_directory());
            return 1 + usize::from(is_dir || is_below_file(remote, at).await);
        }
        _ => return 0,
    };
    let fold = |text: &str| text.to_lowercase();
    let no_source = remote.stat(&path(from)).await.is_err();
    let taken = remote.stat(&path(to)).await.is_ok();
    let into_self = fold(to).starts_with(&(fold(from) + "/")) || fold(to) == fold(from);
    let below_file = is_below_file(remote, to).await;
    [no_source, taken, into_self, below_file]
        .into_iter()
        .filter(|reason| *reason)
        .count()
}

async fn is_below_file(remote: &dyn Remote, at: &str) -> bool {
    let at = path(at);
    for above in at.ancestors().filter(|above| *above != at) {
        if remote.stat(&above).await.is_ok_and(|entry| entry.is_file()) {
            return true;
        }
    }
    false
}

async fn compare(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let bench = Bench::start().await;
    let memory = MemoryRemote::builder()
        .case(CaseRule::Insensitive)
        .time_precision(Some(Duration::from_millis(1)))
        .build();
    let mut koofr = Player::new(bench.shared());
    let mut memory = Player::new(Arc::new(memory));
    let mut number = 10;
    for (index, step) in steps.iter().enumerate() {
        number += 1;
        // The one request for a whole tree is made on the condition that what is there has size 0, which an empty file has as well.
        if let Step::RemoveAll(at) = step
            && let Ok(entry) = memory.remote.stat(&path(at)).await
            && entry.size == Some(0)
        {
            continue;
        }
        let reasons = reasons_to_refuse(&*memory.remote, step).await;
        let expected = memory.play(step, number).await;
        let actual = koofr.play(step, number).await;
        // Of several reasons, each may name another one.
        let both_refuse = expected.is_err() && actual.is_err() && reasons > 1;
        if expected != actual && !both_refuse {
            return Err(TestCaseError::fail(format!(
                "step {index} {step:?}: memory {expected:?}, koofr {actual:?}, of {steps:?}"
            )));
        }
    }
    let (expected, actual) = (memory.tree().await, koofr.tree().await);
    let (expected, actual) = (expected.unwrap(), actual.unwrap());
    if expected != actual {
        return Err(TestCaseError::fail(format!(
            "memory\n{expected}\nkoofr\n{actual}\nof {steps:?}"
        )));
    }
    Ok(())
}

#[test]
fn koofr_and_memory_do_the_same() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let config = ProptestConfig {
        cases: CASES,
        failure_persistence: None,
        max_shrink_iters: 400,
        ..ProptestConfig::default()
    };
    let random = TestRng::deterministic_rng(config.rng_algorithm);
    let mut runner = TestRunner::new_with_rng(config, random);
    let outcome = runner.run(&steps(), |steps| runtime.block_on(compare(steps)));
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}
