//! Listings that no honest service sends.
//!
//! Cases:
//!
//! * a listing without end, dropped;
//! * names with slashes, dots, NUL and control characters, absolute paths, names that are too long or empty, entries that come twice, files
//!   below files, paths without a slash: nothing leads out of the folder that is listed or restored into, nothing panics;
//! * numbers as texts, negative and huge sizes and times, unknown kinds and fields.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures::{StreamExt as _, TryStreamExt as _};
use remote_core::{
    error::{Error, ErrorKind, Result, report},
    operation::ListOptions,
    path::RemotePath,
    remote::Remote as _,
};
use remote_transfer::{Location, TransferOptions, copy};
use tests::{
    koofr::path,
    patience::remote_of,
    raw::{MOUNT, RawServer, answer, json},
};
use tokio::sync::Notify;

use crate::faults_list::{items, listed};

#[tokio::test]
async fn dropping_an_endless_listing_ends_its_request() {
    let (sent, ended) = (Arc::new(AtomicU64::new(0)), Arc::new(Notify::new()));
    let (counter, end) = (Arc::clone(&sent), Arc::clone(&ended));
    let server = RawServer::start(move |_, mut connection| {
        let (counter, end) = (Arc::clone(&counter), Arc::clone(&end));
        async move {
            let head = connection.head().await.unwrap_or_default();
            if !head.contains("listrecursive") {
                connection.send(json(MOUNT)).await;
                connection.finish().await;
                return;
            }
            connection.send(NDJSON).await;
            connection.send(format!("{ROOT}\n")).await;
            let line = format!("{}\n", entry_line("/f", "f"));
            while connection.try_send(line.as_bytes()).await {
                counter.fetch_add(line.len() as u64, Ordering::Relaxed);
            }
            end.notify_one();
        }
    })
    .await;
    let remote = remote_of(&server.url());
    let mut listing = remote.list_recursive(&RemotePath::root(), ListOptions::default());
    for _ in 0..10 {
        listing.next().await.unwrap().unwrap();
    }
    drop(listing);
    tokio::time::timeout(Duration::from_secs(30), ended.notified())
        .await
        .expect("the server notices");
    // What the buffers of two sockets hold, and not what a second brings.
    let sent = sent.load(Ordering::Relaxed);
    assert!(sent < 64 << 20, "{sent} bytes were taken");
}

const NDJSON: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\ncontent-length: 1099511627776\r\n\r\n";
const ROOT: &str = r#"{"type":"file","path":"/","file":{"name":"","type":"dir","modified":0,"size":0,"contentType":""}}"#;

fn entry_line(path: &str, name: &str) -> String {
    serde_json::json!({
        "type": "file", "path": path,
        "file": {"name": name, "type": "file", "modified": 1, "size": 1, "contentType": "", "hash": "00000000000000000000000000000000"},
    })
    .to_string()
}

fn dir_line(path: &str) -> String {
    serde_json::json!({
        "type": "file", "path": path,
        "file": {"name": "d", "type": "dir", "modified": 1, "size": 0, "contentType": ""},
    })
    .to_string()
}

/// A server with these lines in its recursive listing, and one byte in every file.
async fn serving(lines: Vec<String>) -> RawServer {
    let body = format!("{ROOT}\n{}\n", lines.join("\n"));
    RawServer::serving(move |head| match head {
        _ if head.contains("listrecursive") => {
            answer("200 OK", "application/x-ndjson", body.as_str())
        }
        _ if head.contains("/files/get") => answer("200 OK", "text/plain", "x"),
        _ if head.contains("/files/info") => json(
            r#"{"name":"f","type":"file","modified":1,"size":1,"contentType":"","hash":"9dd4e461268c8034f5c8564e155c67a6"}"#,
        ),
        _ => json(MOUNT),
    })
    .await
}

/// What is listed goes on past what cannot be used.
async fn names_of(lines: Vec<String>) -> (Vec<RemotePath>, Vec<Error>) {
    let server = serving(lines).await;
    let remote = remote_of(&server.url());
    let all = items(&remote, ListOptions::default().with_keep_going(true)).await;
    let (entries, errors): (Vec<_>, Vec<_>) = all.into_iter().partition(Result::is_ok);
    (
        entries
            .into_iter()
            .map(|entry| entry.unwrap().path)
            .collect(),
        errors.into_iter().map(Result::unwrap_err).collect(),
    )
}

fn hostile_paths() -> Vec<String> {
    let long = format!("/{}", "n".repeat(70 * 1024));
    [
        "/..",
        "/../escape",
        "/../../../../tmp/escape",
        "/a/../../escape",
        "//etc/passwd",
        "/.",
        "/nul\0name",
        "/bell\u{7}",
        "/line\nbreak",
        "/back\\slash",
        "/C:\\windows",
        "/con",
        "/trailing ",
        "/trailing.",
        "/\u{202e}txt.exe",
        "/\u{feff}",
        "/empty/",
        "///",
        long.as_str(),
    ]
    .map(str::to_owned)
    .into()
}

#[tokio::test]
async fn hostile_names_stay_below_the_listed_folder() {
    for hostile in hostile_paths() {
        let shown: String = hostile.escape_debug().take(40).collect();
        let lines = vec![entry_line(&hostile, "f"), entry_line("/good", "good")];
        let (paths, errors) = names_of(lines).await;
        assert!(paths.contains(&path("good")), "{shown}");
        for path in &paths {
            for segment in path.segments() {
                assert!(!matches!(segment, b"" | b"." | b".."), "{shown}: {path:?}");
                assert!(!segment.contains(&b'/') && !segment.contains(&0), "{shown}");
            }
        }
        // What was left out is told, and told to be left out.
        assert_eq!(
            paths.len() + errors.len().saturating_sub(1),
            2,
            "{shown}: {errors:?}"
        );
        if let Some(last) = errors.last() {
            assert_eq!(last.kind(), ErrorKind::Incomplete, "{shown}");
            assert_eq!(errors[0].kind(), ErrorKind::InvalidName, "{shown}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_names_are_not_restored_outside_the_folder() {
    let mut lines: Vec<String> = hostile_paths()
        .iter()
        .map(|path| entry_line(path, "f"))
        .collect();
    lines.extend([
        entry_line("/file", "file"),
        entry_line("/file/below", "below"),
        entry_line("/twice", "twice"),
        entry_line("/twice", "twice"),
        dir_line("/d"),
        entry_line("/d", "d"),
    ]);
    let server = serving(lines).await;
    let outside = tempfile::tempdir().unwrap();
    let inside = outside.path().join("x/y/inside");
    std::fs::create_dir_all(&inside).unwrap();
    let from = Location::remote(Arc::new(remote_of(&server.url())), RemotePath::root());
    let result = copy(
        &from,
        &Location::local(&inside),
        &TransferOptions::default(),
    )
    .await;
    if let Ok(summary) = result {
        assert!(!summary.is_complete());
    }
    let only = |dir: &std::path::Path| -> Vec<_> {
        let entries = std::fs::read_dir(dir).unwrap();
        entries.map(|entry| entry.unwrap().file_name()).collect()
    };
    assert_eq!(only(outside.path()), ["x"]);
    assert_eq!(only(&outside.path().join("x")), ["y"]);
    assert_eq!(only(&outside.path().join("x/y")), ["inside"]);
    assert!(!std::path::Path::new("/tmp/escape").exists());
}

#[tokio::test]
async fn a_plain_listing_with_a_hostile_name_stays_in_its_folder_or_fails() {
    let names = [
        "..",
        ".",
        "a/b",
        "/etc/passwd",
        "a\0b",
        "",
        "../../x",
        "a\\b",
    ];
    for name in names {
        let file = |name: &str| serde_json::json!({"name": name, "type": "file", "modified": 1, "size": 1, "contentType": "", "hash": ""});
        let bundle = serde_json::json!({
            "file": {"name": "", "type": "dir", "modified": 0, "size": 0, "contentType": ""},
            "files": [file(name), file("good")],
        })
        .to_string();
        let server = RawServer::serving(move |head| match head {
            _ if head.contains("/bundle") => json(&bundle),
            _ => json(MOUNT),
        })
        .await;
        let listing = remote_of(&server.url()).list(&RemotePath::root(), ListOptions::default());
        match listing.try_collect::<Vec<_>>().await {
            Ok(entries) => {
                assert_eq!(entries.len(), 2, "{name:?}");
                for entry in entries {
                    assert_eq!(entry.path.depth(), 1, "{name:?}: {:?}", entry.path);
                    assert_ne!(entry.path.as_bytes(), b"..", "{name:?}");
                }
            }
            Err(error) => assert_eq!(error.kind(), ErrorKind::InvalidName, "{name:?}"),
        }
    }
}

#[tokio::test]
async fn a_folder_without_a_list_is_not_an_empty_folder() {
    let folder = r#"{"name":"","type":"dir","modified":0,"size":0,"contentType":""}"#;
    for bundle in [
        format!(r#"{{"file":{folder}}}"#),
        format!(r#"{{"file":{folder},"files":null}}"#),
        format!(r#"[{folder},[]]"#),
        "{}".to_owned(),
        "[]".to_owned(),
        "null".to_owned(),
    ] {
        let served = bundle.clone();
        let server = RawServer::serving(move |head| match head {
            _ if head.contains("/bundle") => json(&served),
            _ => json(MOUNT),
        })
        .await;
        let listing = remote_of(&server.url()).list(&RemotePath::root(), ListOptions::default());
        let error = listing.try_collect::<Vec<_>>().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{bundle}");
    }
}

#[tokio::test]
async fn lines_without_sense_are_errors_and_name_themselves() {
    for line in [
        r#"{"type":"file","path":"no/slash","file":{"name":"f","type":"file","size":1}}"#,
        r#"{"type":"file","file":{"name":"f","type":"file","size":1}}"#,
        r#"{"type":"file","path":"/f"}"#,
        r#"{"type":"file","path":["/f"],"file":{}}"#,
        r#"{"type":"file","path":"/f","file":{"name":"f","type":"file","size":1.5}}"#,
        "nonsense",
        "[]",
        "{",
    ] {
        let (_, errors) = names_of(vec![entry_line("/good", "good"), line.to_owned()]).await;
        assert_eq!(errors.len(), 1, "{line}");
        assert_eq!(errors[0].kind(), ErrorKind::Protocol, "{line}");
        assert!(
            report(&errors[0]).contains("line 3"),
            "{}",
            report(&errors[0])
        );
    }
}

#[tokio::test]
async fn odd_numbers_and_unknown_kinds_do_no_harm() {
    let server = serving(vec![
        r#"{"type":"file","path":"/text","file":{"name":"text","type":"file","size":"12","modified":"1700000000000","hash":""},"new":{"x":[1]}}"#.to_owned(),
        r#"{"type":"file","path":"/negative","file":{"name":"n","type":"file","size":-5,"modified":-5}}"#.to_owned(),
        r#"{"type":"file","path":"/huge","file":{"name":"h","type":"file","size":9223372036854775807,"modified":9223372036854775807}}"#.to_owned(),
        r#"{"type":"file","path":"/null","file":{"name":"x","type":"file","size":null,"modified":null,"hash":null}}"#.to_owned(),
        r#"{"type":"summary","entries":4}"#.to_owned(),
        r#"{"type":"file","path":"/strange","file":{"name":"s","type":"socket","size":1}}"#.to_owned(),
    ])
    .await;
    let entries = listed(&remote_of(&server.url())).await.unwrap();
    let named = |name: &str| entries.iter().find(|entry| entry.path == path(name));
    assert_eq!(named("text").unwrap().size, Some(12));
    assert_eq!(named("negative").unwrap().size, None);
    assert_eq!(named("huge").unwrap().size, Some(i64::MAX as u64));
    assert_eq!(named("null").unwrap().size, None);
    assert_eq!(entries.len(), 5);
}
