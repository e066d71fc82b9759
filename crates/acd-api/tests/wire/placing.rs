//! Moving nodes, and nodes in several folders: one exchange per endpoint.

use remote_core::error::{Effect, ErrorKind};
use serde_json::{Value, json};
use wiremock::{MockServer, ResponseTemplate};

use crate::common::{FILE, answer_all, answers, client, exchange, failure, json as answer, lines};

fn in_folders(parents: &str) -> String {
    format!(r#"{{"id":"n1","name":"a","kind":"FILE","parents":[{parents}]}}"#)
}

#[tokio::test]
async fn a_move_names_the_old_folder_and_the_node_in_its_body() {
    let told = exchange(answer(200, FILE), async |client| {
        client.move_node("n1", "p1", "-p2").await
    })
    .await;
    assert_eq!(told.line, "POST /m/nodes/-p2/children");
    assert_eq!(told.body, json!({"fromParent": "p1", "childId": "n1"}));
    assert_eq!(told.result.unwrap().unwrap().id, "n1");
}

#[tokio::test]
async fn a_folder_more_and_a_folder_less_have_no_body() {
    let told = exchange(answer(200, FILE), async |client| {
        client.add_parent("n1", "p2").await
    })
    .await;
    assert_eq!(
        (told.line.as_str(), told.body),
        ("PUT /m/nodes/p2/children/n1", Value::Null)
    );
    assert!(told.result.unwrap().is_some());
    let told = exchange(answer(202, FILE), async |client| {
        client.remove_any_parent("n1", "p2").await
    })
    .await;
    assert_eq!(
        (told.line.as_str(), told.body),
        ("DELETE /m/nodes/p2/children/n1", Value::Null)
    );
    assert!(told.result.unwrap().is_some());
}

#[tokio::test]
async fn an_answer_need_not_tell_the_node() {
    for said in [
        ResponseTemplate::new(200),
        ResponseTemplate::new(202),
        ResponseTemplate::new(204),
        answer(200, "<html>"),
        answer(200, "[]"),
    ] {
        let told = exchange(said, async |client| {
            client.move_node("n1", "p1", "p2").await
        })
        .await;
        assert!(told.result.unwrap().is_none());
    }
}

#[tokio::test]
async fn the_last_folder_is_not_taken_away_unless_that_is_meant() {
    let server = MockServer::start().await;
    answer_all(&server, answer(200, in_folders(r#""p1""#))).await;
    let error = client(&server).remove_parent("n1", "p1").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::InvalidInput, Effect::NotMade)
    );
    assert_eq!(lines(&server).await, ["GET /m/nodes/n1"]);

    let server = MockServer::start().await;
    answer_all(&server, answer(200, in_folders(r#""p1","p2""#))).await;
    assert!(client(&server).remove_parent("n1", "p1").await.is_ok());
    assert_eq!(
        lines(&server).await,
        ["GET /m/nodes/n1", "DELETE /m/nodes/p1/children/n1"]
    );
}

#[tokio::test]
async fn refusals_of_a_move_are_told_apart() {
    for (status, message, kind) in [
        (404, "Node does not exists", ErrorKind::NotFound),
        (
            409,
            "Node with the name a already exists under parentId p2 conflicting NodeId: n9",
            ErrorKind::AlreadyExists,
        ),
        (
            400,
            r"One of the parentId doesn\u0027t exists",
            ErrorKind::NotFound,
        ),
        (403, "in the trash", ErrorKind::PermissionDenied),
    ] {
        let told = exchange(failure(status, message), async |client| {
            client.move_node("n1", "p1", "p2").await
        })
        .await;
        let error = told.result.unwrap_err();
        assert_eq!(
            (error.kind(), error.effect()),
            (kind, Effect::NotMade),
            "{message}"
        );
    }
}

// A second move would find the node moved already and say that it is not there.
#[tokio::test]
async fn a_move_is_not_repeated() {
    let server = MockServer::start().await;
    let path = "/m/nodes/p2/children";
    answers(
        &server,
        path,
        &[ResponseTemplate::new(504), answer(200, FILE)],
    )
    .await;
    let error = client(&server)
        .move_node("n1", "p1", "p2")
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::Service, Effect::Unknown)
    );
    assert_eq!(lines(&server).await.len(), 1);
}
