use std::path::PathBuf;

use futures::stream;
use remote_core::memory::MemoryRemote;

use super::*;
use crate::{
    engine::{compare::Rule, turns::Turns},
    local::Blocking,
    options::Compare,
};

fn path(text: &str) -> RemotePath {
    RemotePath::parse(text).unwrap()
}

fn file(text: &str) -> Result<Entry> {
    Ok(Entry::file(path(text), 1))
}

fn directory(text: &str) -> Result<Entry> {
    Ok(Entry::directory(path(text)))
}

fn failure(kind: ErrorKind, text: &str) -> Result<Entry> {
    Err(Error::new(kind).with_path(&path(text)))
}

/// A scan of the folder `b` that lists this.
fn scan(listing: Vec<Result<Entry>>) -> RemoteScan {
    let job = Job {
        target: Target::Local(PathBuf::new()),
        rule: Rule::new(Compare::default(), [None, None]),
        blocking: Blocking::new(),
        finishing: crate::engine::finishing::Finishing::new(),
        checks: Turns::new(1),
        transfers: Turns::new(1),
        observer: None,
        sync_files: false,
        batch_bytes: 1,
        filter: None,
    };
    let remote = Arc::new(MemoryRemote::new());
    let printer = Printer::new(CaseRule::Sensitive);
    let mut scan = RemoteScan::new(Arc::new(job), remote, path("b"), printer);
    scan.listing = stream::iter(listing).boxed();
    scan
}

/// What a scan finds, and whether it ended in an error.
async fn found(listing: Vec<Result<Entry>>) -> (Vec<String>, Option<ErrorKind>) {
    let mut scan = scan(listing);
    let mut found = Vec::new();
    loop {
        match scan.next().await {
            Ok(Some(Item::Directory(path))) => found.push(format!("{path}/")),
            Ok(Some(Item::File(file))) => found.push(file.path.to_string()),
            Ok(Some(Item::Problem(problem))) => {
                found.push(format!("{:?} of {}", problem.kind, problem.path));
            }
            Ok(None) => return (found, None),
            Err(error) => return (found, Some(error.kind())),
        }
    }
}

#[tokio::test]
async fn a_directory_that_cannot_be_listed_is_a_problem_of_its_own() {
    let incomplete = remote_core::operation::incomplete(1);
    let (found, error) = found(vec![
        directory("b/d"),
        failure(ErrorKind::PermissionDenied, "b/d"),
        file("b/a"),
        Err(incomplete),
    ])
    .await;
    assert_eq!(found, ["d/", "ListingFailed of d", "a"]);
    assert_eq!(error, None);
}

#[tokio::test]
async fn a_listing_that_only_says_that_it_is_incomplete_is_a_problem_too() {
    let (found, error) = found(vec![
        file("b/a"),
        Err(remote_core::operation::incomplete(2)),
    ])
    .await;
    assert_eq!(found, ["a", "ListingFailed of "]);
    assert_eq!(error, None);
}

#[tokio::test]
async fn a_listing_that_breaks_off_fails() {
    let listing = vec![file("b/a"), failure(ErrorKind::Transport, "b")];
    let (found, error) = found(listing).await;
    assert_eq!(
        (&found[..], error),
        (&["a".to_owned()][..], Some(ErrorKind::Transport))
    );
}

#[tokio::test]
async fn a_folder_that_cannot_be_listed_at_all_fails_with_its_own_error() {
    let listing = vec![
        failure(ErrorKind::NotFound, "b"),
        Err(remote_core::operation::incomplete(1)),
    ];
    assert_eq!(found(listing).await, (vec![], Some(ErrorKind::NotFound)));
}

#[tokio::test]
async fn what_concerns_everything_ends_a_listing_that_goes_on() {
    let listing = vec![failure(ErrorKind::Authentication, "b/d"), file("b/a")];
    assert_eq!(
        found(listing).await,
        (vec![], Some(ErrorKind::Authentication))
    );
}

#[tokio::test]
async fn what_is_listed_twice_is_copied_once() {
    let (found, error) = found(vec![
        file("b/a"),
        file("b/a"),
        directory("b/a"),
        file("b/a/x"),
        directory("b/d"),
        file("b/d/x"),
    ])
    .await;
    let twice = "NameCollision of a";
    assert_eq!(found, ["a", twice, twice, "d/", "d/x"]);
    assert_eq!(error, None);
}

#[tokio::test]
async fn entries_from_elsewhere_are_refused() {
    for elsewhere in ["c", "bb/a", "B/a"] {
        let (found, error) = found(vec![file(elsewhere)]).await;
        assert_eq!(
            (found.len(), error),
            (0, Some(ErrorKind::Protocol)),
            "{elsewhere}"
        );
    }
}

#[test]
fn entries_are_found_below_a_folder_in_another_spelling() {
    let (insensitive, sensitive) = (CaseRule::Insensitive, CaseRule::Sensitive);
    for (base, entry, case, expected) in [
        ("a/b", "a/b/C", sensitive, Some("C")),
        ("a/b", "A/B/C", insensitive, Some("C")),
        ("a/b", "A/B/C", sensitive, None),
        ("a/b", "a", insensitive, None),
        ("", "x", sensitive, Some("x")),
    ] {
        let below = below(&path(base), &path(entry), case);
        assert_eq!(below, expected.map(path), "{entry} below {base}");
    }
}
