//! Changes that take several requests, with each of these requests failing in turn: replacing copies and renames, changes of case, and
//! setting the time.
//!
//! Cases, for the first, second, … request of each change:
//!
//! * its answer is lost after it was carried out, or it is lost before: the change succeeds all the same;
//! * it is refused for good: the old state is back, nothing temporary is left, and the error says "not made";
//! * it is refused for good, and so is everything after it: no content is lost, what is not in its place is named in the error;
//! * its answer is lost, and nothing can be reached any more: likewise;
//! * somebody else changes the file in the middle.
//!
//! Not simulated: the program ending in the middle, which leaves a file with a temporary name beside the place of the old one.

use std::collections::BTreeSet;

use remote_core::{
    error::{Effect, Error, report},
    operation::{CopyOptions, TargetMode},
    remote::Remote as _,
};
use remote_emulator::fault::{Fault, FaultAction, FaultAnswer};
use tests::{
    changes::{Change, TEMPORARY, Tree, tree},
    koofr::{Bench, path},
};

/// More requests than any of these changes makes.
const MAX_STEPS: u64 = 16;

#[derive(Clone, Copy, Debug)]
enum Failure {
    LostAfter,
    LostBefore,
    Refused,
    RefusedFromHereOn,
    LostAndGone,
}

fn refusal() -> FaultAction {
    FaultAction::Answer(FaultAnswer::new(403).with_code("Forbidden"))
}

/// Runs a change whose request number `step` fails; nothing if it makes fewer requests.
async fn run(change: Change, step: u64, failure: Failure) -> Option<Outcome> {
    let bench = Bench::start().await;
    let service = bench.service();
    change.prepare(service);
    let before = tree(service);
    let remote = bench.remote();
    remote.mount_id().await.unwrap();
    service.log().clear();
    let faults: Vec<Fault> = match failure {
        Failure::LostAfter => vec![Fault::new(FaultAction::CommitThenClose).skip(step)],
        Failure::LostBefore => vec![Fault::new(FaultAction::Close).skip(step)],
        Failure::Refused => vec![Fault::new(refusal()).skip(step)],
        Failure::RefusedFromHereOn => vec![Fault::new(refusal()).skip(step).always()],
        Failure::LostAndGone => vec![
            Fault::new(FaultAction::CommitThenClose).skip(step),
            Fault::new(FaultAction::Close).skip(step).always(),
        ],
    };
    for fault in faults {
        service.faults().push(fault);
    }
    let result = change.make(&remote).await;
    if bench.requests() <= step {
        return None;
    }
    let last = service.requests().into_iter().last();
    service.faults().clear();
    let was_made = change.was_made(&bench, &before).await;
    Some(Outcome {
        name: format!("{change:?}, request {step}, {failure:?}, last {last:?}"),
        result,
        before,
        now: tree(service),
        was_made,
    })
}

struct Outcome {
    name: String,
    result: Result<String, Error>,
    before: Tree,
    now: Tree,
    was_made: bool,
}

impl Outcome {
    fn text(&self) -> String {
        match &self.result {
            Ok(word) => format!("{}: {word}\n{:#?}", self.name, self.now),
            Err(error) => format!(
                "{}: {:?} {}\n{:#?}",
                self.name,
                error.effect(),
                report(error),
                self.now
            ),
        }
    }

    fn temporary(&self) -> Vec<&String> {
        self.now
            .keys()
            .filter(|path| path.contains(TEMPORARY))
            .collect()
    }

    /// Every content that was there is still somewhere, except for what the change was to replace.
    fn keeps_contents(&self, change: Change) -> bool {
        let contents =
            |tree: &Tree| -> BTreeSet<String> { tree.values().flatten().cloned().collect() };
        let mut wanted = contents(&self.before);
        if self.was_made && matches!(change, Change::CopyOver | Change::RenameOver) {
            wanted.remove("another content");
        }
        wanted.is_subset(&contents(&self.now))
    }

    fn is_true(&self) -> bool {
        let Err(error) = &self.result else {
            return self.was_made;
        };
        let text = report(error);
        let mut now = self.now.clone();
        now.retain(|path, _| !(path.contains(TEMPORARY) && text.contains(path.as_str())));
        match error.effect() {
            Effect::Made => self.was_made,
            Effect::NotMade => now == self.before && !self.was_made,
            _ => true,
        }
    }

    /// Something that is not at its old place is named, unless the change was made.
    fn names_what_moved(&self) -> bool {
        let Err(error) = &self.result else {
            return true;
        };
        let text = report(error);
        let old_is_missing = self.before.keys().any(|path| !self.now.contains_key(path));
        let displaced = self.temporary();
        !old_is_missing
            || self.was_made
            || displaced
                .iter()
                .all(|path| path.matches('/').count() > 2 || text.contains(path.as_str()))
    }
}

async fn for_all(failure: Failure, check: impl Fn(Change, &Outcome)) {
    for change in Change::IN_STEPS {
        let mut steps = 0;
        for step in 0..MAX_STEPS {
            let Some(outcome) = run(change, step, failure).await else {
                break;
            };
            check(change, &outcome);
            steps += 1;
        }
        assert!((3..MAX_STEPS).contains(&steps), "{change:?}: {steps} steps");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_in_the_middle_does_not_show() {
    for failure in [Failure::LostAfter, Failure::LostBefore] {
        for_all(failure, |change, outcome| {
            assert!(outcome.result.is_ok(), "{}", outcome.text());
            assert!(outcome.was_made, "{}", outcome.text());
            assert_eq!(
                outcome.temporary(),
                Vec::<&String>::new(),
                "{}",
                outcome.text()
            );
            assert_eq!(
                outcome.now,
                change.after(outcome.before.clone()),
                "{}",
                outcome.text()
            );
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_in_the_middle_puts_everything_back() {
    for_all(Failure::Refused, |change, outcome| {
        assert!(outcome.keeps_contents(change), "{}", outcome.text());
        assert!(outcome.is_true(), "{}", outcome.text());
        match &outcome.result {
            Ok(_) => assert!(outcome.was_made, "{}", outcome.text()),
            Err(error) if error.effect() == Effect::NotMade => {
                assert_eq!(outcome.now, outcome.before, "{}", outcome.text());
            }
            // The change was made, and only tidying up or the look at its result failed.
            Err(error) => {
                assert_eq!(error.effect(), Effect::Made, "{}", outcome.text());
                assert!(outcome.was_made, "{}", outcome.text());
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_when_nothing_can_be_put_back() {
    for failure in [Failure::RefusedFromHereOn, Failure::LostAndGone] {
        for_all(failure, |change, outcome| {
            assert!(outcome.keeps_contents(change), "{}", outcome.text());
            assert!(outcome.is_true(), "{}", outcome.text());
            assert!(outcome.names_what_moved(), "{}", outcome.text());
        })
        .await;
    }
}

#[tokio::test]
async fn a_target_that_changes_while_it_is_replaced_is_not_replaced() {
    let bench = Bench::start().await;
    let service = bench.service().clone();
    Change::CopyOver.prepare(&service);
    // Held: the request that sets the old target aside.
    let hold = service
        .faults()
        .hold(Fault::new(FaultAction::Hold).on("files/move"));
    let remote = bench.remote();
    let (from, to) = (path("d/old"), path("d/other"));
    let replace = CopyOptions::default().with_target(TargetMode::Replace);
    let copying = remote.copy(&from, &to, replace);
    let meddling = async {
        hold.wait_for(1).await;
        service
            .write("primary", "/d/other", "newer content")
            .unwrap();
        hold.release_all();
    };
    let (result, ()) = futures::join!(copying, meddling);
    let error = result.unwrap_err();
    assert!(error.is_precondition_failed(), "{error:?}");
    assert_eq!(error.effect(), Effect::NotMade);
    let now = tree(&service);
    assert_eq!(now.get("/d/other"), Some(&Some("newer content".to_owned())));
    assert!(!now.keys().any(|path| path.contains(TEMPORARY)));
}
