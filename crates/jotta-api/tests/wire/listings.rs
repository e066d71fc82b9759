//! The flat listing with the trash, and the streamed one.

use futures::TryStreamExt as _;
use jotta_api::api::listing::ListedFolder;
use remote_core::{
    error::{ErrorKind, Result},
    operation::{ListOptions, ReadOptions},
    remote::Remote as _,
};
use wiremock::{MockServer, ResponseTemplate};

use crate::common::{
    ARCHIVE, archive, at, client, failure, file, once, path, remote, request, trace, xml,
};

async fn flat(body: &str) -> Result<Vec<ListedFolder>> {
    let server = MockServer::start().await;
    let list = request("GET", &format!("{ARCHIVE}/d"));
    list.respond_with(xml(body)).mount(&server).await;
    let folders = client(&server).list_folders(&archive().below("d"));
    let folders = folders.try_collect().await;
    assert_eq!(trace(&server).await, [format!("GET {ARCHIVE}/d?mode=list")]);
    folders
}

#[tokio::test]
async fn a_flat_listing_tells_folders_with_their_files_and_the_trash() {
    let body = format!(
        "<filedirlist time=\"\" host=\"dn-1\"><folders><folder name=\"d\"><path xml:space=\"preserve\">/u1/Jotta/Archive</path><abspath>/u1/Jotta/Archive</abspath>\
         <files>{}<file name=\"half\"><latestRevision><state>INCOMPLETE</state></latestRevision></file></files></folder>\
         <folder name=\"gone\" deleted=\"2026-01-03-T09:44:04Z\"><path>/u1/Jotta/Archive/d</path></folder></folders></filedirlist>",
        file("a &amp; b", "content")
    );
    let folders = flat(&body).await.unwrap();
    let [live, gone] = folders.as_slice() else {
        panic!("{folders:?}")
    };
    assert_eq!(live.folder.parent.as_deref(), Some("/u1/Jotta/Archive"));
    let files: Vec<_> = live
        .files()
        .iter()
        .map(|file| (file.name.as_str(), file.is_live()))
        .collect();
    assert_eq!(files, [("a & b", true), ("half", false)]);
    assert!(gone.folder.is_deleted() && gone.files().is_empty());
}

#[tokio::test]
async fn odd_flat_listings_are_empty_or_errors_but_never_short() {
    assert!(flat("<filedirlist/>").await.unwrap().is_empty());
    let broken = "<filedirlist><folders><folder name=\"d\"><files><file name=\"a\"></files>";
    for (body, kinds) in [
        (
            "<mountPoint><name>d</name></mountPoint>",
            [ErrorKind::Protocol; 2],
        ),
        ("", [ErrorKind::Protocol; 2]),
        (broken, [ErrorKind::Protocol, ErrorKind::Transport]),
        (
            "<filedirlist><folders><fol",
            [ErrorKind::Protocol, ErrorKind::Transport],
        ),
    ] {
        let error = flat(body).await.unwrap_err();
        assert!(kinds.contains(&error.kind()), "{body}: {error:?}");
    }
}

#[tokio::test]
async fn sizes_and_dates_that_make_no_sense_do_not_fail_a_listing() {
    const ENTRY: &str = "<file><path>/Archive/d</path><filename>f</filename>";
    for (value, size) in [
        ("", None),
        ("-1", None),
        (" 5 ", Some(5)),
        ("0x10", None),
        ("99999999999999999999", None),
        ("18446744073709551615", Some(u64::MAX)),
    ] {
        for date in [
            "",
            "yesterday",
            "0000-00-00T00:00:00Z",
            "-5",
            "9999-12-31T23:59:59.999Z",
            "0001-01-01T00:00:00Z",
        ] {
            let server = MockServer::start().await;
            let body = format!(
                "<l>{ENTRY}<md5></md5><size>{value}</size><modified>{date}</modified><created>{date}</created></file>\
                 <stats><folders>1</folders><files>1</files></stats></l>"
            );
            let list = request("GET", &format!("{ARCHIVE}/d"));
            list.respond_with(xml(body)).mount(&server).await;
            let entries = remote(&server).list_recursive(&path("d"), ListOptions::default());
            let entries: Vec<_> = entries.try_collect().await.unwrap();
            let [entry] = entries.as_slice() else {
                panic!("{entries:?}")
            };
            assert_eq!((entry.size, entry.hash), (size, None), "{value:?} {date:?}");
        }
    }
}

#[tokio::test]
async fn an_entry_without_a_name_or_outside_the_folder_is_an_error() {
    for (entry, word) in [
        ("<file><path>/Archive/d</path></file>", "no path or name"),
        ("<folder/>", "no path or name"),
        (
            "<file><path>/Archive/other</path><filename>f</filename></file>",
            "not below",
        ),
        (
            "<file><path>/Sync/d</path><filename>f</filename></file>",
            "not below",
        ),
    ] {
        let server = MockServer::start().await;
        let body = format!("<l>{entry}<stats><folders>1</folders><files>1</files></stats></l>");
        let list = request("GET", &format!("{ARCHIVE}/d"));
        list.respond_with(xml(body)).mount(&server).await;
        let entries = remote(&server).list_recursive(&path("d"), ListOptions::default());
        let error = entries.try_collect::<Vec<_>>().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{entry}");
        assert!(error.to_string().contains(word), "{error}");
    }
}

#[tokio::test]
async fn a_missing_folder_costs_one_request_for_those_who_need_not_know_whether_it_is_a_file() {
    for (may_be_missing, requests) in [(true, 1), (false, 2)] {
        let server = MockServer::start().await;
        let missing = request("GET", &format!("{ARCHIVE}/d"));
        let answer = failure(404, "NoSuchPathException");
        missing.respond_with(answer).mount(&server).await;
        let options = ListOptions::default().with_file_may_be_missing(may_be_missing);
        let entries = remote(&server).list_recursive(&path("d"), options);
        let error = entries.try_collect::<Vec<_>>().await.unwrap_err();
        assert!(error.is_not_found());
        assert_eq!(trace(&server).await.len(), requests);
    }
}

#[tokio::test]
async fn revisions_are_told_newest_first_without_those_that_failed() {
    let server = MockServer::start().await;
    let revision = |number: u64, state: &str, content: &str| {
        let md5 = crate::common::described(content).md5;
        format!(
            "<number>{number}</number><state>{state}</state><size>{}</size><md5>{md5}</md5><modified>2023-11-14-T22:13:20Z</modified>",
            content.len()
        )
    };
    let body = format!(
        "<file name=\"a\"><latestRevision>{}</latestRevision><revisions><revision>{}</revision><revision>{}</revision><revision/></revisions>\
         <currentRevision>{}</currentRevision></file>",
        revision(5, "INCOMPLETE", "five"),
        revision(3, "COMPLETED", "three"),
        revision(2, "CORRUPT", "two"),
        revision(4, "COMPLETED", "four"),
    );
    let look = request("GET", &format!("{ARCHIVE}/a"));
    let look = look.and(wiremock::matchers::query_param_is_missing("mode"));
    look.respond_with(xml(body)).mount(&server).await;
    let old = request("GET", &format!("{ARCHIVE}/a"));
    let old = old.and(wiremock::matchers::query_param("revision", "3"));
    let content = ResponseTemplate::new(200).set_body_string("three");
    once(&server, old, content).await;
    let remote = remote(&server);
    let revisions = remote.revisions(&path("a")).await.unwrap();
    let numbers: Vec<_> = revisions.iter().map(|revision| revision.number).collect();
    assert_eq!(numbers, [Some(4), Some(3)]);
    assert_eq!(revisions[1].modified, Some(at(1_700_000_000)));
    let old = remote.read_revision(&path("a"), 3).await.unwrap();
    assert_eq!(old.bytes(10).await.unwrap(), "three");
    for number in [2, 5, 9] {
        let error = remote.read_revision(&path("a"), number).await.unwrap_err();
        assert!(error.is_not_found(), "{number}");
    }
    assert_eq!(
        trace(&server).await[2],
        format!("GET {ARCHIVE}/a?mode=bin&revision=3")
    );
}

#[tokio::test]
async fn what_is_read_as_it_is_sent_costs_one_request() {
    let server = MockServer::start().await;
    let content = request("GET", &format!("{ARCHIVE}/a"));
    let content = content.and(wiremock::matchers::query_param("mode", "bin"));
    let body = ResponseTemplate::new(200).set_body_string("content");
    once(&server, content, body).await;
    let remote = remote(&server);
    let download = remote.read_as_sent(&path("a")).await.unwrap();
    let entry = download.entry();
    assert_eq!(
        (entry.size, entry.hash, entry.modified),
        (Some(7), None, None)
    );
    assert_eq!(download.bytes(10).await.unwrap(), "content");
    assert_eq!(trace(&server).await, [format!("GET {ARCHIVE}/a?mode=bin")]);
    // Nothing was learned that a later call could rest on.
    let options = ReadOptions::default();
    assert!(remote.read(&path("a"), options).await.is_err());
}
