//! Public links and upload links, from the owner's side and the visitor's: one exchange per endpoint.

use crate::common::{FILE, client, failure, json, once, queries, request};
use bytes::Bytes;
use futures::TryStreamExt as _;
use koofr_api::api::{
    download::{ByteRange, GetOptions},
    links::Validity,
};
use remote_core::{
    error::{ErrorKind, RetryAdvice},
    secret::Secret,
};
use serde_json::{Value, json};
use wiremock::{MockServer, ResponseTemplate, matchers};

const LINK: &str = r#"{"id":"l1","mountId":"m","name":"a.txt","path":"/a.txt","counter":3,"url":"https://h/links/l1",
    "shortUrl":"https://k00.fr/x","hash":"x","hasPassword":true,"password":"pw","validTo":1700000000000}"#;

/// The endpoints that both kinds of links have in common, each expected once.
async fn serve(kind: &str) -> MockServer {
    let server = MockServer::start().await;
    let all = format!("/api/v2.1/mounts/m/{kind}");
    let one = format!("{all}/l1");
    once(
        &server,
        request("GET", &all),
        json(200, format!(r#"{{"{kind}":[{LINK}]}}"#)),
    )
    .await;
    once(
        &server,
        request("GET", &format!("/api/v2.1/{kind}")),
        json(
            200,
            format!(r#"{{"{kind}":[{LINK}],"mounts":{{"m":{{"id":"m"}}}}}}"#),
        ),
    )
    .await;
    let created = request("POST", &all).and(matchers::body_json(json!({"path": "/a.txt"})));
    once(&server, created, json(201, LINK)).await;
    once(&server, request("GET", &one), json(200, LINK)).await;
    once(&server, request("DELETE", &one), ResponseTemplate::new(204)).await;
    let set = |property: &str, body: Value| {
        request("PUT", &format!("{one}/{property}")).and(matchers::body_json(body))
    };
    once(
        &server,
        set("urlHash", json!({"hash": "mine"})),
        json(200, LINK),
    )
    .await;
    once(
        &server,
        set("password/set", json!({"password": "pw"})),
        json(200, LINK),
    )
    .await;
    once(
        &server,
        request("PUT", &format!("{one}/password/reset")),
        json(200, LINK),
    )
    .await;
    once(
        &server,
        request("DELETE", &format!("{one}/password")),
        json(200, LINK),
    )
    .await;
    once(
        &server,
        set("validity", json!({"validTo": 5})),
        json(200, LINK),
    )
    .await;
    once(
        &server,
        set("message", json!({"message": "hello"})),
        json(200, LINK),
    )
    .await;
    let picture = ResponseTemplate::new(200).set_body_raw(&b"PNG"[..], "image/png");
    once(&server, request("GET", &format!("{one}/qr")), picture).await;
    server
}

#[tokio::test]
async fn public_links_have_all_their_endpoints() {
    let server = serve("links").await;
    let one = "/api/v2.1/mounts/m/links/l1";
    let asked = request("PUT", &format!("{one}/downloadable"))
        .and(matchers::body_json(json!({"downloadable": false})));
    once(&server, asked, json(200, LINK)).await;
    once(
        &server,
        request("GET", &format!("{one}/counter")),
        json(200, r#"{"counter":"12"}"#),
    )
    .await;
    let client = client(&server);
    let link = client.create_link("m", "/a.txt").await.unwrap();
    assert_eq!(
        (link.common.url.as_str(), link.common.valid_to),
        ("https://h/links/l1", Some(1_700_000_000_000))
    );
    assert_eq!(
        client.links("m").await.unwrap(),
        std::slice::from_ref(&link)
    );
    assert_eq!(client.account_links().await.unwrap().mounts["m"].id, "m");
    assert_eq!(client.link("m", "l1").await.unwrap(), link);
    client.set_link_hash("m", "l1", "mine").await.unwrap();
    client
        .set_link_password("m", "l1", &Secret::new("pw"))
        .await
        .unwrap();
    client.reset_link_password("m", "l1").await.unwrap();
    client.remove_link_password("m", "l1").await.unwrap();
    client
        .set_link_validity("m", "l1", &Validity::default().with_valid_to(5))
        .await
        .unwrap();
    client.set_link_message("m", "l1", "hello").await.unwrap();
    client
        .set_link_downloadable("m", "l1", false)
        .await
        .unwrap();
    assert_eq!(client.link_counter("m", "l1").await.unwrap(), 12);
    assert_eq!(client.link_qr("m", "l1").await.unwrap(), "PNG");
    client.remove_link("m", "l1").await.unwrap();
}

#[tokio::test]
async fn upload_links_have_all_their_endpoints() {
    let server = serve("receivers").await;
    let asked = request("PUT", "/api/v2.1/mounts/m/receivers/l1/alert")
        .and(matchers::body_json(json!({"alert": true})));
    once(&server, asked, json(200, LINK)).await;
    let client = client(&server);
    let link = client.create_receiver("m", "/a.txt").await.unwrap();
    assert_eq!(
        client.receivers("m").await.unwrap(),
        std::slice::from_ref(&link)
    );
    assert_eq!(
        client.account_receivers().await.unwrap().receivers,
        std::slice::from_ref(&link)
    );
    assert_eq!(client.receiver("m", "l1").await.unwrap(), link);
    client.set_receiver_hash("m", "l1", "mine").await.unwrap();
    client
        .set_receiver_password("m", "l1", &Secret::new("pw"))
        .await
        .unwrap();
    client.reset_receiver_password("m", "l1").await.unwrap();
    client.remove_receiver_password("m", "l1").await.unwrap();
    client
        .set_receiver_validity("m", "l1", &Validity::default().with_valid_to(5))
        .await
        .unwrap();
    client
        .set_receiver_message("m", "l1", "hello")
        .await
        .unwrap();
    client.set_receiver_alert("m", "l1", true).await.unwrap();
    assert_eq!(client.receiver_qr("m", "l1").await.unwrap(), "PNG");
    client.remove_receiver("m", "l1").await.unwrap();
}

#[tokio::test]
async fn a_limit_of_the_plan_is_not_waited_for() {
    let server = MockServer::start().await;
    once(
        &server,
        request("POST", "/api/v2.1/mounts/m/links"),
        failure(429, "LimitExceeded"),
    )
    .await;
    let error = client(&server).create_link("m", "/a").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.retry_advice()),
        (ErrorKind::RateLimited, RetryAdvice::Never)
    );
    assert!(error.help().is_some_and(|help| help.contains("plan")));
}

#[tokio::test]
async fn visitors_send_no_credentials_and_come_from_the_services_own_page() {
    let server = MockServer::start().await;
    let asked = request("GET", "/api/v2/public/links/l1")
        .and(matchers::query_param("password", "p w"))
        .and(matchers::header("x-koofr-version", "2.1"));
    once(
        &server,
        asked,
        json(200, format!(r#"{{"id":"l1","name":"d","file":{FILE}}}"#)),
    )
    .await;
    once(
        &server,
        request("GET", "/api/v2/public/links/l1/bundle"),
        json(200, format!(r#"{{"file":{FILE}}}"#)),
    )
    .await;
    let asked = request("GET", "/content/links/l1/files/get/a.txt")
        .and(matchers::query_param("path", "/a.txt"))
        .and(matchers::header(
            "referer",
            format!("{}/links/l1", server.uri()).as_str(),
        ))
        .and(matchers::header("range", "bytes=0-3"));
    let answer = ResponseTemplate::new(206)
        .set_body_string("hell")
        .insert_header("content-range", "bytes 0-3/11");
    once(&server, asked, answer).await;
    let client = client(&server);
    let password = Secret::new("p w");
    let link = client.public_link("l1", Some(&password)).await.unwrap();
    assert_eq!(link.file.name, "a.txt");
    client.public_bundle("l1", "/", None).await.unwrap();
    let options = GetOptions::default().with_range(ByteRange::Window(0..4));
    let download = client
        .public_get("l1", "/a.txt", "a.txt", None, &options)
        .await
        .unwrap();
    let pieces: Vec<Bytes> = download.body.try_collect().await.unwrap();
    assert_eq!(pieces.concat(), b"hell");
    for asked in server.received_requests().await.unwrap() {
        assert!(asked.headers.get("authorization").is_none());
    }
    assert_eq!(queries(&server).await[0], "password=p%20w");
}

#[tokio::test]
async fn links_that_ended_are_not_found() {
    let server = MockServer::start().await;
    wiremock::Mock::given(matchers::any())
        .respond_with(ResponseTemplate::new(404))
        .mount(&server)
        .await;
    let client = client(&server);
    assert!(
        client
            .public_link("l1", None)
            .await
            .unwrap_err()
            .is_not_found()
    );
    let get = client
        .public_get("l1", "/", "a", None, &GetOptions::default())
        .await;
    assert!(get.unwrap_err().is_not_found());
}
