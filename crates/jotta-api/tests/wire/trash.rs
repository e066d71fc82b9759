//! The trash of the account, and removing folders of which nothing is known.

use jotta_api::model::item::Item;
use remote_core::{
    error::{Effect, ErrorKind},
    operation::RemoveOutcome,
    remote::Remote as _,
};
use wiremock::{MockServer, ResponseTemplate, matchers};

use crate::common::{
    ARCHIVE, archive, client, failure, file, header, json, once, only, path, remote, request,
    trace, xml,
};

#[tokio::test]
async fn emptying_the_trash_tells_what_went() {
    for (body, expected) in [
        (r#"{"folders":2,"files":3}"#, (2, 3)),
        (r#"{"folders":"2","more":1}"#, (2, 0)),
        ("{}", (0, 0)),
        (r#"{"folders":-1,"files":null}"#, (0, 0)),
    ] {
        let server = MockServer::start().await;
        let purge = request("POST", "/files/v1/purge_trash");
        once(&server, purge, json(200, body)).await;
        let purged = client(&server).purge_trash().await.unwrap();
        assert_eq!((purged.folders, purged.files), expected, "{body}");
        let request = only(&server).await;
        assert!(request.body.is_empty() && header(&request, "content-type").is_empty());
        assert_eq!(header(&request, "content-length"), "0");
    }
}

#[tokio::test]
async fn a_refusal_to_empty_the_trash_says_that_nothing_went() {
    let refused = r#"{"code":403,"message":"the account is locked","x-id":"9"}"#;
    for (status, body, kind, effect) in [
        (403, refused, ErrorKind::PermissionDenied, Effect::NotMade),
        (429, "", ErrorKind::RateLimited, Effect::NotMade),
        (500, "", ErrorKind::Service, Effect::Unknown),
        (200, "<html>", ErrorKind::Protocol, Effect::Made),
    ] {
        let server = MockServer::start().await;
        let purge = request("POST", "/files/v1/purge_trash");
        purge.respond_with(json(status, body)).mount(&server).await;
        let error = client(&server).purge_trash().await.unwrap_err();
        assert_eq!((error.kind(), error.effect()), (kind, effect), "{status}");
        assert_eq!(trace(&server).await.len(), 1, "one attempt");
        // The remote tells a person what to do.
        let error = remote(&server).empty_trash().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{status}");
        if status == 403 {
            assert!(error.help().unwrap().contains("lock"), "{error:?}");
        }
    }
}

#[tokio::test]
async fn the_view_of_the_trash_tells_where_things_were() {
    let server = MockServer::start().await;
    let body = "<mountPoint><name>Trash</name><path>/u1/Jotta</path><size></size><modified></modified><folders>\
        <folder name=\"Old\" deleted=\"2026-01-03-T19:09:21Z\" contextType=\"TRASH\"><abspath>/u1/Jotta/Archive</abspath></folder>\
        <folder name=\"Set\" deleted=\"2026-01-03-T11:40:28Z\"><abspath>/u1/PC01</abspath></folder></folders>\
        <files><file name=\"a\" deleted=\"\"><abspath>/u1/Jotta/Archive/Test</abspath></file></files></mountPoint>";
    once(&server, request("GET", "/jfs/u1/Jotta/Trash"), xml(body)).await;
    let trash = client(&server).trash().await.unwrap();
    let parents: Vec<_> = trash
        .folders
        .iter()
        .map(|folder| folder.parent.as_deref())
        .chain(trash.files.iter().map(|file| file.parent.as_deref()))
        .collect();
    assert_eq!(
        parents,
        [
            Some("/u1/Jotta/Archive"),
            Some("/u1/PC01"),
            Some("/u1/Jotta/Archive/Test")
        ]
    );
    assert!(trash.files[0].is_deleted(), "that it is there matters");
}

#[tokio::test]
async fn commands_that_take_away_have_neither_body_nor_type() {
    let server = MockServer::start().await;
    let client = client(&server);
    let trashed =
        "<folder name=\"d\" deleted=\"2026-01-03-T19:09:21Z\" time=\"2026-01-03-T19:09:22Z\"/>";
    let all = request("POST", &format!("{ARCHIVE}/d"));
    all.respond_with(xml(trashed)).mount(&server).await;
    let place = archive().below("d");
    let told = client.trash_folder(&place).await.unwrap();
    assert!(
        matches!(told, Some(Item::Folder(folder)) if folder.is_deleted() && folder.told.is_some())
    );
    client.trash_file(&place).await.unwrap();
    client.remove_file(&place).await.unwrap();
    client.remove_folder(&place).await.unwrap();
    let commands = ["dlDir", "dl", "rm", "rmDir"];
    let expected = commands.map(|command| format!("POST {ARCHIVE}/d?{command}=true"));
    assert_eq!(trace(&server).await, expected);
    for request in server.received_requests().await.unwrap() {
        assert!(request.body.is_empty() && header(&request, "content-type").is_empty());
    }
}

#[tokio::test]
async fn a_success_does_not_depend_on_what_its_answer_says() {
    for body in ["", "<html>", "{}", "<folder name=", "<error/>"] {
        let server = MockServer::start().await;
        let trash = request("POST", &format!("{ARCHIVE}/d"));
        trash.respond_with(xml(body)).mount(&server).await;
        let told = client(&server).trash_folder(&archive().below("d")).await;
        assert!(told.unwrap().is_none(), "{body}");
    }
}

/// What removing a directory comes to that the remote has not seen: the answer to the command, the answer to a look after it.
async fn removed(
    command: ResponseTemplate,
    look: ResponseTemplate,
) -> (Result<RemoveOutcome, ErrorKind>, usize) {
    let server = MockServer::start().await;
    let dir = format!("{ARCHIVE}/d");
    let command_sent = request("POST", &dir).and(matchers::query_param("dlDir", "true"));
    command_sent.respond_with(command).mount(&server).await;
    request("GET", &dir).respond_with(look).mount(&server).await;
    let outcome = remote(&server).remove_dir_all(&path("d")).await;
    let requests = trace(&server).await.len();
    (outcome.map_err(|error| error.kind()), requests)
}

#[tokio::test]
async fn an_answer_tells_whether_a_directory_was_there_or_a_look_does() {
    let tombstone = |told: &str| {
        xml(format!(
            "<folder name=\"d\" deleted=\"2026-01-03-T19:09:21Z\" time=\"2026-01-03-T{told}Z\"/>"
        ))
    };
    let (fresh, stale) = (|| tombstone("19:09:21"), || tombstone("20:00:00"));
    let missing = || failure(404, "NoSuchPathException");
    let live = || xml("<folder name=\"d\" time=\"2026-01-03-T19:09:21Z\"/>");
    let of_file = || xml(file("d", "content"));
    let empty = || ResponseTemplate::new(200);
    let (gone, absent) = (Ok(RemoveOutcome::Removed), Ok(RemoveOutcome::Missing));
    let not_a_directory = Err(ErrorKind::NotADirectory);
    assert_eq!(removed(fresh(), missing()).await, (gone, 1));
    assert_eq!(removed(stale(), missing()).await, (absent, 1));
    // The answer says nothing.
    assert_eq!(removed(empty(), fresh()).await, (gone, 2));
    assert_eq!(removed(empty(), stale()).await, (absent, 2));
    assert_eq!(removed(empty(), missing()).await, (absent, 2));
    assert_eq!(removed(empty(), of_file()).await, (not_a_directory, 2));
    // It was not removed, whatever was said: the second time it is not asked again.
    assert_eq!(removed(empty(), live()).await, (gone, 3));
    // Refused: a file, or nothing.
    assert_eq!(removed(missing(), of_file()).await, (not_a_directory, 2));
    assert_eq!(removed(missing(), missing()).await, (absent, 2));
    // Against all experience, a file was taken.
    assert_eq!(removed(of_file(), missing()).await, (not_a_directory, 1));
    // The answer is lost.
    let lost = || ResponseTemplate::new(500);
    assert_eq!(removed(lost(), fresh()).await, (gone, 2));
    assert_eq!(removed(lost(), missing()).await, (absent, 2));
    let refused = failure(403, "AccessDeniedException");
    let denied = Err(ErrorKind::PermissionDenied);
    assert_eq!(removed(refused, missing()).await, (denied, 1));
}
