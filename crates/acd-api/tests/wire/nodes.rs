//! Nodes by id and by query, and what is changed of them: one exchange per endpoint.

use acd_api::{
    api::nodes::{NewNode, NodePatch, NodeQuery},
    error::{ApiError, ApiErrorCode},
    filter::Filter,
    model::node::{NodeKind, NodeStatus},
};
use percent_encoding::percent_decode_str;
use remote_core::error::{Effect, ErrorKind};
use serde_json::{Value, json};
use wiremock::MockServer;

use crate::common::{FILE, answer_all, client, count, exchange, failure, json as answer};

const NONE: &str = r#"{"count":0,"data":[]}"#;

#[tokio::test]
async fn a_node_is_asked_for_by_its_id() {
    let told = exchange(answer(200, FILE), async |client| {
        client.node("-a_B0123456789abcdefgh").await
    })
    .await;
    assert_eq!(
        (told.line.as_str(), told.body),
        ("GET /m/nodes/-a_B0123456789abcdefgh", Value::Null)
    );
    let node = told.result.unwrap();
    assert_eq!(
        (node.name.as_deref(), node.size(), node.version),
        (Some("a.txt"), Some(11), Some(4))
    );
    assert_eq!(
        (node.parents, node.labels),
        (vec!["p1".to_owned()], vec!["x".to_owned()])
    );
}

#[tokio::test]
async fn an_id_is_one_segment_whatever_is_in_it() {
    let told = exchange(answer(200, FILE), async |client| {
        client.node("a/../b?c#d%").await
    })
    .await;
    assert_eq!(told.line, "GET /m/nodes/a%2F..%2Fb%3Fc%23d%25");
    let server = MockServer::start().await;
    let client = client(&server);
    for id in ["", ".", ".."] {
        let error = client.node(id).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{id:?}");
        let error = client.trash(id).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.effect()),
            (ErrorKind::InvalidInput, Effect::NotMade)
        );
    }
    assert_eq!(count(&server).await, 0);
}

#[tokio::test]
async fn links_and_renditions_come_where_they_are_asked_for() {
    let body = r#"{"id":"n1","kind":"FILE","tempLink":"https://c.example/cdproxy/templink/s3cr3t",
        "assets":[{"id":"a1","kind":"ASSET","image":{"width":3}},{"id":"a2","kind":"ASSET"}]}"#;
    let told = exchange(answer(200, body), async |client| {
        client.node_with("n1", true, true).await
    })
    .await;
    assert_eq!(told.line, "GET /m/nodes/n1?tempLink=true&asset=ALL");
    let node = told.result.unwrap();
    assert_eq!(node.assets.len(), 2);
    assert_eq!(node.assets[0].kind, NodeKind::Asset);
    assert!(node.temp_link.is_some() && !format!("{node:?}").contains("s3cr3t"));

    for (link, assets, line) in [
        (true, false, "GET /m/nodes/n1?tempLink=true"),
        (false, true, "GET /m/nodes/n1?asset=ALL"),
        (false, false, "GET /m/nodes/n1"),
    ] {
        let told = exchange(answer(200, FILE), async |client| {
            client.node_with("n1", link, assets).await
        })
        .await;
        assert_eq!(told.line, line);
    }
}

#[tokio::test]
async fn the_root_is_found_by_the_query_every_client_uses() {
    let body = r#"{"count":1,"data":[{"id":"r1","kind":"FOLDER","isRoot":true,"parents":[]}]}"#;
    let told = exchange(answer(200, body), async |client| client.root_node().await).await;
    assert_eq!(
        told.line,
        "GET /m/nodes?filters=kind%3AFOLDER%20AND%20isRoot%3Atrue"
    );
    let root = told.result.unwrap();
    assert!(root.is_root && root.name.is_none());
    for body in [NONE, r#"{"count":1,"data":[{"kind":"FOLDER"}]}"#] {
        let told = exchange(answer(200, body), async |client| client.root_node().await).await;
        assert_eq!(told.result.unwrap_err().kind(), ErrorKind::Protocol);
    }
}

#[tokio::test]
async fn a_query_sends_every_parameter_and_nothing_else() {
    let query = NodeQuery::new(Filter::child_of("-p_1"))
        .with_limit(50)
        .with_sort("['modifiedDate DESC']")
        .with_temp_link(true)
        .with_assets(true);
    let parameters = "limit=50&sort=%5B%27modifiedDate%20DESC%27%5D&tempLink=true&asset=ALL";
    let told = exchange(answer(200, NONE), async |client| {
        client.nodes(&query, None).await
    })
    .await;
    let filter = "filters=parents%3A%22-p_1%22";
    assert_eq!(told.line, format!("GET /m/nodes?{filter}&{parameters}"));
    let told = exchange(answer(200, NONE), async |client| {
        client.children("p1", &query, Some("t+/=")).await
    })
    .await;
    assert_eq!(
        told.line,
        format!("GET /m/nodes/p1/children?{filter}&startToken=t%2B%2F%3D&{parameters}")
    );
    let told = exchange(answer(200, NONE), async |client| {
        client.nodes(&NodeQuery::default(), None).await
    })
    .await;
    assert_eq!(told.line, "GET /m/nodes");
}

#[tokio::test]
async fn a_page_tells_its_nodes_the_next_one_and_a_count() {
    let body = format!(r#"{{"count":412,"nextToken":"kgkbpodpt6","data":[{FILE}],"more":{{}}}}"#);
    let told = exchange(answer(200, body), async |client| {
        client.nodes(&NodeQuery::default(), None).await
    })
    .await;
    let page = told.result.unwrap();
    assert_eq!(
        (page.count, page.next_token.as_deref(), page.data.len()),
        (Some(412), Some("kgkbpodpt6"), 1)
    );
}

// Specification of the service, section 6.2: escaped with backslashes, and then once more for the address, blanks as %20.
#[tokio::test]
async fn filters_are_escaped_for_the_expression_and_for_the_address() {
    let sent = async |filter: Filter| {
        let told = exchange(answer(200, NONE), async |client| {
            client.nodes(&NodeQuery::new(filter), None).await
        })
        .await;
        let encoded = told.line.strip_prefix("GET /m/nodes?filters=");
        encoded.unwrap().to_owned()
    };
    let name = |name: &str| Filter::child_of("AbC").and(Filter::name(name));
    assert_eq!(
        sent(name("a b")).await,
        "parents%3A%22AbC%22%20AND%20name%3A%22a%5C%20b%22"
    );
    assert_eq!(
        sent(name("1+1")).await,
        "parents%3A%22AbC%22%20AND%20name%3A%221%5C%2B1%22"
    );
    for (filter, expression) in [
        (
            name(r#"+-&|!(){}[]^'"~*?:\"#),
            r#"parents:"AbC" AND name:"\+\-\&\|\!\(\)\{\}\[\]\^\'\"\~\*\?\:\\""#,
        ),
        (
            name("a/b%20c#d;e"),
            r#"parents:"AbC" AND name:"a/b%20c#d;e""#,
        ),
        (name("日本 é\n"), "parents:\"AbC\" AND name:\"日本\\ é\n\""),
        (name("a AND b"), r#"parents:"AbC" AND name:"a\ AND\ b""#),
        (
            Filter::name_prefix("foo bar").or(Filter::label("x y")),
            r#"name:foo\ bar* OR labels:"x\ y""#,
        ),
        (
            Filter::status(&NodeStatus::Trash).and(Filter::kind(&NodeKind::File)),
            "status:TRASH AND kind:FILE",
        ),
        (
            Filter::md5("6df23dc03f9b54cc38a0fc1483df6e21"),
            "contentProperties.md5:6df23dc03f9b54cc38a0fc1483df6e21",
        ),
        (Filter::raw("size:[1 TO 2]"), "size:[1 TO 2]"),
    ] {
        let encoded = sent(filter).await;
        assert!(!encoded.contains('+'), "{encoded}");
        let decoded = percent_decode_str(&encoded).decode_utf8().unwrap();
        assert_eq!(decoded, expression);
    }
}

#[tokio::test]
async fn a_filter_that_the_service_refuses_is_the_callers_mistake_and_asked_once() {
    for message in ["Invalid filter", "malformed query: kind:("] {
        let told = exchange(failure(400, message), async |client| {
            let query = NodeQuery::new(Filter::raw("kind:("));
            client.all_nodes(&query).await
        })
        .await;
        let error = told.result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        let said = ApiError::of(&error).expect("the service's words are in the chain");
        assert_eq!(said.message, message);
    }
}

#[tokio::test]
async fn folders_are_made_with_all_that_is_known_of_them() {
    let made = r#"{"id":"f1","name":"docs","kind":"FOLDER","parents":["p1"],"status":"AVAILABLE"}"#;
    let told = exchange(answer(201, made), async |client| {
        client
            .create_folder(&NewNode::new("docs & <more>", "p1"))
            .await
    })
    .await;
    assert_eq!(told.line, "POST /m/nodes");
    let body = json!({"name": "docs & <more>", "kind": "FOLDER", "parents": ["p1"]});
    assert_eq!(told.body, body);
    assert!(told.result.unwrap().is_folder());

    let folder = NewNode::new("docs", "p1")
        .with_labels(["a", "b"])
        .with_description("what is in it")
        .with_property("app", "k", "v")
        .with_local_id("0b9d+1");
    let told = exchange(answer(201, made), async |client| {
        client.create_folder(&folder).await
    })
    .await;
    assert_eq!(told.line, "POST /m/nodes?localId=0b9d%2B1");
    assert_eq!(
        told.body,
        json!({"name": "docs", "kind": "FOLDER", "parents": ["p1"], "labels": ["a", "b"], "description": "what is in it",
            "properties": {"app": {"k": "v"}}})
    );

    let mut in_root = NewNode::new("docs", "");
    in_root.parent = None;
    let told = exchange(answer(201, made), async |client| {
        client.create_folder(&in_root).await
    })
    .await;
    assert_eq!(told.body, json!({"name": "docs", "kind": "FOLDER"}));
}

#[tokio::test]
async fn a_patch_sends_what_it_changes_only() {
    for (patch, body) in [
        (
            NodePatch::name("new \"name\""),
            json!({"name": "new \"name\""}),
        ),
        (
            NodePatch::default().with_labels(["x"]).with_description(""),
            json!({"labels": ["x"], "description": ""}),
        ),
        (
            NodePatch::default().with_labels(Vec::<String>::new()),
            json!({"labels": []}),
        ),
        (
            NodePatch::default()
                .with_parents(["p1", "p2"])
                .with_status(NodeStatus::Available),
            json!({"parents": ["p1", "p2"], "status": "AVAILABLE"}),
        ),
        (
            NodePatch::default()
                .with_property("app", "k", "v")
                .with_property("app", "l", "w"),
            json!({"properties": {"app": {"k": "v", "l": "w"}}}),
        ),
    ] {
        let told = exchange(answer(200, FILE), async |client| {
            client.update_node("n1", &patch).await
        })
        .await;
        assert_eq!((told.line.as_str(), told.body), ("PATCH /m/nodes/n1", body));
        assert!(told.result.is_ok());
    }
}

#[tokio::test]
async fn a_name_that_is_taken_tells_which_node_has_it() {
    let conflict = r#"{"logref":"b8a1c898","message":"Node with the name reports already exists under parentId r conflicting NodeId: f1",
        "code":"NAME_ALREADY_EXISTS","info":{"nodeId":"f1"}}"#;
    let told = exchange(answer(409, conflict), async |client| {
        client.create_folder(&NewNode::new("REPORTS", "r")).await
    })
    .await;
    let error = told.result.unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::AlreadyExists, Effect::NotMade)
    );
    let said = ApiError::of(&error).unwrap();
    assert_eq!(said.code, Some(ApiErrorCode::NameAlreadyExists));
    assert_eq!(said.conflicting_node.as_deref(), Some("f1"));
    assert!(said.is_name_conflict() && !said.is_duplicate_content());
}

#[tokio::test]
async fn changes_are_sent_once_and_their_effect_is_told() {
    for (status, effect) in [
        (500, Effect::Unknown),
        (504, Effect::Unknown),
        (408, Effect::Unknown),
        (429, Effect::NotMade),
        (400, Effect::NotMade),
    ] {
        let told = exchange(failure(status, "x"), async |client| {
            client.update_node("n1", &NodePatch::name("b")).await
        })
        .await;
        let error = told.result.unwrap_err();
        assert_eq!(error.effect(), effect, "{status}");
    }
    // A change that was made, with an answer that nobody can read.
    let told = exchange(answer(200, ""), async |client| {
        client.update_node("n1", &NodePatch::name("b")).await
    })
    .await;
    let error = told.result.unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::Protocol, Effect::Made)
    );
}

#[tokio::test]
async fn reading_is_repeated_after_a_failure_that_passes() {
    for status in [408, 429, 500, 502, 503, 504] {
        let server = MockServer::start().await;
        crate::common::answers(
            &server,
            "/m/nodes/n1",
            &[
                failure(status, "x"),
                failure(status, "x"),
                answer(200, FILE),
            ],
        )
        .await;
        assert!(client(&server).node("n1").await.is_ok(), "{status}");
        assert_eq!(count(&server).await, 3);
    }
    let server = MockServer::start().await;
    answer_all(&server, failure(500, "Internal failure")).await;
    let error = client(&server).node("n1").await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Service, 3));
}

#[tokio::test]
async fn what_a_repetition_cannot_change_is_asked_once() {
    for (status, message) in [
        (400, "bad"),
        (401, "Token has expired"),
        (403, "not yours"),
        (404, "Node does not exists"),
        (409, "taken"),
        (412, "changed"),
        (501, "not here"),
    ] {
        let told = exchange(failure(status, message), async |client| {
            client.node("n1").await
        })
        .await;
        assert_eq!(told.result.unwrap_err().http_status(), Some(status));
    }
}

// The service takes a request that had no token for one of its storage's kind; it passes.
#[tokio::test]
async fn a_token_that_got_lost_on_the_way_is_sent_again() {
    let server = MockServer::start().await;
    let lost = failure(
        403,
        "Authorization header requires 'Credential' parameter. Authorization=Bearer",
    );
    crate::common::answers(&server, "/m/nodes/n1", &[lost, answer(200, FILE)]).await;
    assert!(client(&server).node("n1").await.is_ok());
}
