//! Every call that changes something, against every way in which its answer can be lost, late or refused.
//!
//! Cases of the first matrix, where one request meets the fault and all others are served:
//!
//! * the change is made and the connection closes without an answer, or a 504 comes in place of it, or nothing comes until time is up;
//! * the connection closes before the change is made: at once, or in the middle of the body;
//! * the request is held back until time is up, and not carried out;
//! * a bare 500 or 503 before any effect;
//! * 429 with `Retry-After` in seconds and as a date.
//!
//! In each cell the call succeeds, the tree is the right one, nothing temporary is left, and a body is sent once if the change was
//! made the first time and twice if it was not. What comes back is the result that an undisturbed call has.
//!
//! Cases of the second matrix, where things do not get better:
//!
//! * each of the above for every attempt;
//! * the answer is lost and from then on the service cannot be reached, or is busy, or the sign-in is refused.
//!
//! In each cell the error's effect is true: "not made" only if nothing changed, "made" only if everything did.
//!
//! Also: a request that is carried out long after the client gave it up and repeated it; two lost answers in a row; a target with the same
//! content that was there before; a public link without the password it was to have.
//!
//! Not simulated: a service that carries out half of a change of several entries.

use std::time::Duration;

use futures::{StreamExt as _, stream};
use koofr_api::{KoofrRemote, model::link::Link};
use remote_core::{
    error::{Effect, ErrorKind, report},
    operation::{CopyOptions, RenameOptions, WriteMode, WriteOptions},
    remote::{Remote as _, RemoteExt as _},
};
use remote_emulator::fault::{Fault, FaultAction, FaultAnswer, RetryAfter};
use tests::{
    changes::{Change, TEMPORARY, Tree, links, tree},
    koofr::{Bench, path},
    matrix::{self, Cell},
    patience::remote_by,
    raw::{Relay, Relayed},
};

/// How the answer is lost, late or refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Loss {
    LostAnswer,
    Answered504,
    SilentAfter,
    Closed,
    HeldBack,
    Answered500,
    Answered503,
    Busy,
    BusyUntil,
}

impl Loss {
    const ALL: [Self; 9] = [
        Self::LostAnswer,
        Self::Answered504,
        Self::SilentAfter,
        Self::Closed,
        Self::HeldBack,
        Self::Answered500,
        Self::Answered503,
        Self::Busy,
        Self::BusyUntil,
    ];

    /// Whether the service carries the request out.
    fn is_carried_out(self) -> bool {
        matches!(
            self,
            Self::LostAnswer | Self::Answered504 | Self::SilentAfter
        )
    }

    /// The fault to order for a request; silence needs a [`Relay`] instead.
    fn fault(self, change: Change) -> Option<Fault> {
        let busy = |retry_after| FaultAction::RateLimit {
            retry_after: Some(retry_after),
        };
        let action = match self {
            Self::LostAnswer => FaultAction::CommitThenClose,
            Self::Answered504 => FaultAction::CommitThenAnswer(FaultAnswer::new(504)),
            Self::SilentAfter => return None,
            Self::Closed if change.content().is_some_and(|content| !content.is_empty()) => {
                FaultAction::CutRequest { after: 3 }
            }
            Self::Closed => FaultAction::Close,
            Self::HeldBack => FaultAction::NoAnswer,
            Self::Answered500 => FaultAction::status(500),
            Self::Answered503 => FaultAction::status(503),
            Self::Busy => busy(RetryAfter::Seconds(1)),
            Self::BusyUntil => busy(RetryAfter::Date { date_in: 1 }),
        };
        Some(
            Fault::new(action)
                .on(change.endpoint())
                .method(change.method()),
        )
    }
}

/// An emulator with something on it, and a remote on the way to it.
struct Scene {
    bench: Bench,
    _relay: Option<Relay>,
    remote: KoofrRemote,
    before: Tree,
}

async fn scene(change: Change, loss: Loss) -> Scene {
    let bench = Bench::start().await;
    let service = bench.service();
    change.prepare(service);
    if change == Change::EmptyTrash {
        let remote = bench.remote();
        remote.remove_dir_all(&path("d/tree")).await.unwrap();
    }
    let before = tree(service);
    let relay = match loss {
        Loss::SilentAfter => {
            Some(Relay::start(service.url(), marker(change), Relayed::AnswerKept).await)
        }
        _ => None,
    };
    let url = relay.as_ref().map_or(service.url().to_owned(), Relay::url);
    let remote = remote_by(&url, service);
    // What is looked up once for all calls is not part of the matrix.
    remote.mount_id().await.unwrap();
    service.log().clear();
    Scene {
        bench,
        _relay: relay,
        remote,
        before,
    }
}

/// What the head of the request has in it that no other one has.
fn marker(change: Change) -> &'static str {
    match change.endpoint() {
        "files/put" => "/files/put?",
        "files/folder" => "/files/folder?",
        "files/remove" => "/files/remove?",
        "files/copy" => "/files/copy?",
        "files/move" => "/files/move?",
        "links" => "/links HTTP",
        _ => "DELETE /api/v2.1/trash",
    }
}

async fn once(change: Change, loss: Loss) -> Cell {
    let scene = scene(change, loss).await;
    let service = scene.bench.service();
    if let Some(fault) = loss.fault(change) {
        service.faults().push(fault);
    }
    let result = change.make(&scene.remote).await;
    let bodies = service.log().count("POST", "files/put");
    let requests = scene.bench.requests();
    let mut cell = Cell::once(&result, requests);
    if let Ok(word) = &result {
        cell.check(word == expected_word(change), || format!("returned {word}"));
    }
    cell.check(service.faults().pending().is_empty(), || {
        "the fault was not met".to_owned()
    });
    let now = tree(service);
    cell.check(now == change.after(scene.before.clone()), || {
        format!("the tree is {now:#?}")
    });
    let shows = change.was_made(&scene.bench, &scene.before).await;
    cell.check(shows, || "the change does not show".to_owned());
    let expected_bodies = match (change.content(), loss.is_carried_out()) {
        (None, _) => 0,
        (Some(_), true) => 1,
        (Some(_), false) => 2,
    };
    cell.check(bodies == expected_bodies, || {
        format!("{bodies} bodies were sent")
    });
    if matches!(change, Change::PublicLink | Change::ProtectedLink) {
        let links = links(&scene.bench).await;
        let is_open = |link: &&Link| !link.common.has_password;
        let open = links.iter().filter(is_open).count();
        let expected_open = usize::from(change == Change::PublicLink);
        cell.check((links.len(), open) == (1, expected_open), || {
            format!("there are {} links, {open} open", links.len())
        });
    }
    cell
}

/// What the call returns when nothing disturbs it.
fn expected_word(change: Change) -> &'static str {
    match change {
        Change::WriteOver | Change::WriteMatching | Change::SetModified => "d/old",
        Change::WriteNew | Change::WriteEmpty => "d/new",
        Change::CreateDeep => "made",
        Change::RemoveFile | Change::RemoveDir | Change::RemoveTree => "Removed",
        Change::CopyFile | Change::RenameFile => "d/tree/new",
        Change::CopyDir => "d/tree2",
        Change::RenameDir => "d/empty/tree",
        Change::RenameCase => "d/OLD",
        Change::RenameDirCase => "d/Tree",
        Change::CopyOver | Change::RenameOver => "d/other",
        Change::PublicLink | Change::ProtectedLink => "link",
        Change::EmptyTrash => "emptied",
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_lost_answer_changes_neither_result_nor_tree() {
    matrix::try_all(&Change::ALL, &Loss::ALL, once).await;
}

/// What goes wrong and does not get better.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Outage {
    AlwaysLost,
    AlwaysClosed,
    Always500,
    AlwaysBusy,
    LostThenClosed,
    LostThenBusy,
    LostThenUnauthorized,
}

impl Outage {
    const ALL: [Self; 7] = [
        Self::AlwaysLost,
        Self::AlwaysClosed,
        Self::Always500,
        Self::AlwaysBusy,
        Self::LostThenClosed,
        Self::LostThenBusy,
        Self::LostThenUnauthorized,
    ];

    fn order(self, change: Change, bench: &Bench) {
        let faults = bench.service().faults();
        let on = |action| {
            Fault::new(action)
                .on(change.endpoint())
                .method(change.method())
        };
        let busy = || FaultAction::RateLimit {
            retry_after: Some(RetryAfter::Seconds(0)),
        };
        match self {
            Self::AlwaysLost => faults.push(on(FaultAction::CommitThenClose).always()),
            Self::AlwaysClosed => faults.push(on(FaultAction::Close).always()),
            Self::Always500 => faults.push(on(FaultAction::status(500)).always()),
            Self::AlwaysBusy => faults.push(on(busy()).always()),
            Self::LostThenClosed | Self::LostThenBusy | Self::LostThenUnauthorized => {
                faults.push(on(FaultAction::CommitThenClose));
                // The requests before the change are served.
                for fault in self.everything_else(change) {
                    faults.push(fault);
                }
            }
        }
    }

    /// Faults for all requests behind the one that is lost.
    fn everything_else(self, change: Change) -> Vec<Fault> {
        let action = match self {
            Self::LostThenClosed => FaultAction::Close,
            Self::LostThenBusy => FaultAction::RateLimit {
                retry_after: Some(RetryAfter::Seconds(0)),
            },
            _ => FaultAction::status(401),
        };
        let looks_before = match change {
            Change::RemoveFile
            | Change::RemoveDir
            | Change::RenameFile
            | Change::RenameDir
            | Change::RenameCase
            | Change::RenameDirCase
            | Change::RenameOver
            | Change::SetModified
            | Change::WriteOver
            | Change::WriteNew
            | Change::WriteEmpty
            | Change::WriteMatching => 1,
            _ => 0,
        };
        let is_link = matches!(change, Change::PublicLink | Change::ProtectedLink);
        let lists_before = u64::from(is_link);
        let always = |endpoint: &str| Fault::new(action.clone()).on(endpoint).always();
        vec![
            always("files/info").skip(looks_before),
            always("files/listrecursive"),
            always(change.endpoint()).method(change.method()),
            always("links").method("GET").skip(lists_before),
            always("links/{id}"),
        ]
    }
}

async fn lasting(change: Change, outage: Outage) -> Cell {
    let scene = scene(change, Loss::LostAnswer).await;
    outage.order(change, &scene.bench);
    let result = change.make(&scene.remote).await;
    scene.bench.service().faults().clear();
    let mut now = tree(scene.bench.service());
    let was_made = change.was_made(&scene.bench, &scene.before).await;
    // What could not be tidied up is named.
    if let Err(error) = &result {
        let text = report(error);
        now.retain(|path, _| !(path.contains(TEMPORARY) && text.contains(path.as_str())));
    }
    let untouched = now == scene.before && !shows(change, was_made);
    Cell::lasting(&result, was_made, untouched)
}

/// Whether a change that leaves the tree alone can be told to be made.
fn shows(change: Change, was_made: bool) -> bool {
    was_made
        && matches!(
            change,
            Change::SetModified | Change::PublicLink | Change::ProtectedLink | Change::EmptyTrash
        )
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lasts_is_told_truthfully() {
    matrix::try_all(&Change::ALL, &Outage::ALL, lasting).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_carried_out_late_changes_nothing_any_more() {
    for (change, after) in [
        (Change::WriteOver, Change::WriteOver),
        (Change::WriteMatching, Change::WriteMatching),
        (Change::CopyFile, Change::CopyFile),
        (Change::RenameFile, Change::RenameFile),
        (Change::CreateDeep, Change::CreateDeep),
        (Change::RemoveTree, Change::RemoveTree),
    ] {
        let bench = Bench::start().await;
        change.prepare(bench.service());
        let before = tree(bench.service());
        let relay = Relay::start(bench.service().url(), marker(change), Relayed::Late).await;
        let remote = remote_by(&relay.url(), bench.service());
        change.make(&remote).await.unwrap();
        relay.release().await;
        assert_eq!(tree(bench.service()), after.after(before), "{change:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_carried_out_late_and_is_in_the_way_of_its_repetition_is_one_change() {
    let changes = Change::ALL
        .into_iter()
        .filter(|change| *change != Change::EmptyTrash);
    let wrong: Vec<String> = stream::iter(changes)
        .map(overtaken)
        .buffer_unordered(8)
        .collect::<Vec<_>>()
        .await
        .concat();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Makes a change whose first request is carried out between the look that follows it and its repetition; returns what is wrong.
async fn overtaken(change: Change) -> Vec<String> {
    let bench = Bench::start().await;
    change.prepare(bench.service());
    let before = tree(bench.service());
    let url = bench.service().url();
    let relay = Relay::start(url, marker(change), Relayed::LateBeforeNext).await;
    let remote = remote_by(&relay.url(), bench.service());
    let mut wrong = Vec::new();
    match change.make(&remote).await {
        Ok(word) if word == expected_word(change) => {}
        Ok(word) => wrong.push(format!("{change:?} returned {word}")),
        Err(error) => wrong.push(format!(
            "{change:?}: {:?}: {}",
            error.effect(),
            report(&error)
        )),
    }
    if !change.was_made(&bench, &before).await || tree(bench.service()) != change.after(before) {
        wrong.push(format!(
            "{change:?}: the tree is {:#?}",
            tree(bench.service())
        ));
    }
    wrong
}

#[tokio::test(flavor = "multi_thread")]
async fn two_lost_answers_in_a_row_are_one_change() {
    for change in [Change::WriteOver, Change::RenameFile, Change::RemoveTree] {
        let bench = Bench::start().await;
        change.prepare(bench.service());
        let before = tree(bench.service());
        let fault = Fault::new(FaultAction::CommitThenClose)
            .on(change.endpoint())
            .times(2);
        bench.service().faults().push(fault);
        let word = change.make(&bench.remote()).await.unwrap();
        assert_eq!(word, expected_word(change));
        assert_eq!(tree(bench.service()), change.after(before), "{change:?}");
    }
}

#[tokio::test]
async fn a_target_with_other_content_is_told_to_exist_although_the_first_answer_was_lost() {
    let bench = Bench::start().await;
    Change::WriteNew.prepare(bench.service());
    let remote = bench.remote();
    let failing = |endpoint: &str| {
        let fault = Fault::new(FaultAction::status(500)).on(endpoint);
        bench.service().faults().push(fault);
    };

    failing("files/copy");
    let error = remote
        .copy(&path("d/old"), &path("d/other"), CopyOptions::default())
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::AlreadyExists, Effect::NotMade)
    );

    failing("files/move");
    let error = remote
        .rename(&path("d/old"), &path("d/other"), RenameOptions::default())
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::AlreadyExists, Effect::NotMade)
    );

    failing("files/put");
    let options = WriteOptions::default().with_mode(WriteMode::CreateNew);
    let error = remote
        .write_bytes(&path("d/old"), "something else", options)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::AlreadyExists, Effect::NotMade)
    );
}

#[tokio::test]
async fn a_link_whose_fate_is_unknown_is_named_as_unprotected() {
    let bench = Bench::start().await;
    Change::ProtectedLink.prepare(bench.service());
    Outage::LostThenClosed.order(Change::ProtectedLink, &bench);
    let error = Change::ProtectedLink
        .make(&bench.remote())
        .await
        .unwrap_err();
    assert_eq!(error.effect(), Effect::Unknown);
    assert!(
        report(&error).contains("without the protection"),
        "{}",
        report(&error)
    );
}

#[tokio::test]
async fn a_pause_that_the_service_names_is_kept() {
    let bench = Bench::start().await;
    let remote = bench.remote();
    remote.mount_id().await.unwrap();
    let pause = FaultAction::RateLimit {
        retry_after: Some(RetryAfter::Seconds(3600)),
    };
    bench
        .service()
        .faults()
        .push(Fault::new(pause).on("files/put"));
    let error = remote
        .write_bytes(&path("f"), "x", WriteOptions::default())
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::RateLimited, Effect::NotMade)
    );
    assert!(matches!(
        error.retry_advice(),
        remote_core::error::RetryAdvice::Safe(Some(pause)) if pause == Duration::from_secs(3600)
    ));
    // Other calls of the account keep it as well, without asking.
    let (error, requests) = bench.counted(remote.stat(&path("f"))).await;
    assert_eq!(
        (error.unwrap_err().kind(), requests),
        (ErrorKind::RateLimited, 0)
    );
}
