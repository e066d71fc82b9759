//! Every fault, as it looks on the wire.

use std::time::Duration;

use remote_emulator::fault::{Fault, FaultAction, FaultAnswer, RetryAfter};
use remote_emulator::koofr::{DEFAULT_PASSWORD, DEFAULT_USER};
use serde_json::{Value, json};

use crate::client::{Request, Response, Server, basic, download, escape, put};

/// `/a` with ten bytes.
async fn sample() -> Server {
    let server = Server::start().await;
    server.koofr().write("primary", "/a", "0123456789").unwrap();
    server
}

async fn get_with(action: FaultAction) -> Option<Response> {
    let server = sample().await;
    server
        .koofr()
        .faults()
        .push(Fault::new(action).on("files/get"));
    let answer = server.try_send(Request::new("GET", download("/a"))).await;
    assert!(server.koofr().faults().pending().is_empty());
    answer
}

#[tokio::test]
async fn an_answer_can_be_anything() {
    let made_up = FaultAnswer::new(503)
        .with_body("busy")
        .with_retry_after(RetryAfter::Seconds(2))
        .with_header("X-Extra", "1");
    let answer = get_with(FaultAction::Answer(made_up)).await.unwrap();
    assert_eq!((answer.status, answer.text().as_str()), (503, "busy"));
    assert_eq!(
        (answer.header("retry-after"), answer.header("x-extra")),
        (Some("2"), Some("1"))
    );
    let coded = FaultAnswer::new(409).with_code("Conflict");
    assert_eq!(
        get_with(FaultAction::Answer(coded))
            .await
            .unwrap()
            .outcome(),
        "409 Conflict"
    );
    let dated = FaultAction::RateLimit {
        retry_after: Some(RetryAfter::Date { date_in: 60 }),
    };
    let answer = get_with(dated).await.unwrap();
    assert_eq!(answer.status, 429);
    assert!(answer.header("retry-after").unwrap().ends_with(" GMT"));
    let plain = get_with(FaultAction::RateLimit { retry_after: None })
        .await
        .unwrap();
    assert_eq!((plain.status, plain.header("retry-after")), (429, None));
    let html = get_with(FaultAction::Html).await.unwrap();
    assert_eq!(
        (html.status, html.header("content-type")),
        (200, Some("text/html; charset=utf-8"))
    );
    let redirect = FaultAction::Redirect {
        location: "http://other.example/".to_owned(),
        status: 302,
    };
    let redirect = get_with(redirect).await.unwrap();
    assert_eq!(
        (redirect.status, redirect.header("location")),
        (302, Some("http://other.example/"))
    );
    assert_eq!(
        get_with(FaultAction::DeviceOffline)
            .await
            .unwrap()
            .outcome(),
        "404 DeviceOffline"
    );
    assert_eq!(
        get_with(FaultAction::QuotaExceeded)
            .await
            .unwrap()
            .outcome(),
        "413 QuotaExceeded"
    );
}

#[tokio::test]
async fn a_closed_connection_has_no_answer() {
    assert!(get_with(FaultAction::Close).await.is_none());
}

#[tokio::test]
async fn connection_faults_come_before_credentials() {
    let server = sample().await;
    server.koofr().faults().push(Fault::new(FaultAction::Close));
    assert!(
        server
            .try_send(Request::new("GET", "/api/v2/mounts").unsigned())
            .await
            .is_none()
    );
}

#[tokio::test]
async fn bodies_are_cut_at_the_byte() {
    for after in [0, 1, 9] {
        let answer = get_with(FaultAction::CutResponse { after }).await.unwrap();
        let length = usize::try_from(after).unwrap();
        assert_eq!((answer.status, answer.complete), (200, false));
        assert_eq!(
            (answer.header("content-length"), answer.body.len()),
            (Some("10"), length)
        );
    }
    let server = Server::start().await;
    let big = "x".repeat(5_000_000);
    server.koofr().write("primary", "/big", big).unwrap();
    server
        .koofr()
        .faults()
        .push(Fault::new(FaultAction::CutResponse { after: 3_456_789 }));
    assert_eq!(server.download("/big").await.body.len(), 3_456_789);
}

#[tokio::test]
async fn a_stalled_body_stays_open_and_silent() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let server = sample().await;
    server
        .koofr()
        .faults()
        .push(Fault::new(FaultAction::StallBody { after: 3 }));
    server
        .koofr()
        .faults()
        .push(Fault::new(FaultAction::NoAnswer));
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\n\r\n",
        download("/a"),
        basic(DEFAULT_USER, DEFAULT_PASSWORD)
    );
    let mut stream = tokio::net::TcpStream::connect(server.address)
        .await
        .unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut seen = Vec::new();
    while !seen.ends_with(b"\r\n\r\n012") {
        assert_ne!(stream.read_buf(&mut seen).await.unwrap(), 0);
    }
    assert_eq!(
        stream.try_read(&mut [0]).unwrap_err().kind(),
        std::io::ErrorKind::WouldBlock
    );

    let mut silent = tokio::net::TcpStream::connect(server.address)
        .await
        .unwrap();
    silent.write_all(request.as_bytes()).await.unwrap();
    while server
        .koofr()
        .requests()
        .get(1)
        .is_none_or(|record| record.fault.is_none())
    {
        tokio::task::yield_now().await;
    }
    assert_eq!(server.info("/a").await.status, 200);
    assert_eq!(
        silent.try_read(&mut [0]).unwrap_err().kind(),
        std::io::ErrorKind::WouldBlock
    );
    // Both connections end with the emulator and not before.
    server.emulator.shutdown().await;
    assert_eq!(stream.read(&mut [0]).await.unwrap_or(0), 0);
    assert_eq!(silent.read(&mut [0]).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn a_request_body_can_be_cut() {
    let server = Server::start().await;
    server
        .koofr()
        .faults()
        .push(Fault::new(FaultAction::CutRequest { after: 4 }).on("files/put"));
    assert!(
        server
            .try_send(put("/", "a", "", "0123456789"))
            .await
            .is_none()
    );
    assert_eq!(server.koofr().counts("primary").unwrap(), (0, 0));
    server
        .koofr()
        .faults()
        .push(Fault::new(FaultAction::CutRequest { after: 99 }).on("files/put"));
    assert_eq!(server.put("/", "a", "", "0123456789").await.status, 200);
}

#[tokio::test]
async fn a_change_can_be_made_and_its_answer_lost() {
    let server = Server::start().await;
    let faults = server.koofr().faults();
    faults.push(Fault::new(FaultAction::CommitThenClose).on("files/put"));
    faults
        .push(Fault::new(FaultAction::CommitThenAnswer(FaultAnswer::new(504))).on("files/folder"));
    assert!(server.try_send(put("/", "a", "", "x")).await.is_none());
    assert_eq!(server.mkdir("/", "d").await.status, 504);
    assert_eq!(server.names("/").await, ["a", "d"]);
}

#[tokio::test]
async fn lengths_can_be_wrong_in_both_directions() {
    let longer = get_with(FaultAction::ContentLength { delta: 5 })
        .await
        .unwrap();
    assert_eq!(
        (
            longer.header("content-length"),
            longer.body.len(),
            longer.complete
        ),
        (Some("15"), 10, false)
    );
    let shorter = get_with(FaultAction::ContentLength { delta: -4 })
        .await
        .unwrap();
    assert_eq!(
        (
            shorter.header("content-length"),
            shorter.text().as_str(),
            shorter.complete
        ),
        (Some("6"), "012345", true)
    );
}

#[tokio::test]
async fn descriptions_can_lie() {
    let real = "781e5e245d69b566979b86e28d23f2c7";
    let info = |answer: &Response| {
        serde_json::from_str::<Value>(answer.header("x-file-info").unwrap()).unwrap()
    };
    let honest = get_with(FaultAction::Delay).await.unwrap();
    assert_eq!(info(&honest)["hash"], real);
    let wrong = get_with(FaultAction::WrongHash).await.unwrap();
    assert_eq!(
        (
            wrong.text().as_str(),
            info(&wrong)["hash"].as_str().unwrap().len()
        ),
        ("0123456789", 32)
    );
    assert_ne!(info(&wrong)["hash"], real);
    let wrong = get_with(FaultAction::WrongSize { delta: 3 }).await.unwrap();
    assert_eq!(
        (info(&wrong)["size"].as_u64(), wrong.complete),
        (Some(13), true)
    );
    assert!(
        info(&get_with(FaultAction::OmitHash).await.unwrap())
            .get("hash")
            .is_none()
    );
    assert!(
        get_with(FaultAction::OmitFileInfo)
            .await
            .unwrap()
            .header("x-file-info")
            .is_none()
    );
    let corrupt = get_with(FaultAction::CorruptBody { at: 2 }).await.unwrap();
    assert_eq!((corrupt.body.len(), corrupt.complete), (10, true));
    assert_ne!(corrupt.body, b"0123456789");
    assert_eq!(info(&corrupt)["hash"], real);
}

#[tokio::test]
async fn json_answers_can_lie_too() {
    let server = Server::start().await;
    let faults = server.koofr().faults();
    faults.push(Fault::new(FaultAction::WrongHash).on("files/put"));
    let stored = server.put("/", "a", "", "x").await.json();
    assert_ne!(stored["hash"], server.info("/a").await.json()["hash"]);
    faults.push(Fault::new(FaultAction::NumbersAsStrings).on("files/list"));
    let listed = server.api("GET", "files/list?path=/").await.json();
    assert_eq!(listed["files"][0]["size"], "1");
    faults.push(Fault::new(FaultAction::OmitSpace).on("mounts/{m}"));
    let mount = server.get("/api/v2/mounts/primary").await.json();
    assert!(mount.get("spaceTotal").is_none() && mount.get("spaceUsed").is_none());
    faults.push(Fault::new(FaultAction::OmitHash).on("files/listrecursive"));
    let lines = server
        .get("/content/api/v2/mounts/primary/files/listrecursive?path=/")
        .await
        .lines();
    assert!(lines[1]["file"].get("hash").is_none());
}

#[tokio::test]
async fn ranges_can_be_ignored() {
    let server = sample().await;
    server
        .koofr()
        .faults()
        .push(Fault::new(FaultAction::IgnoreRange));
    let answer = server
        .send(Request::new("GET", download("/a")).header("Range", "bytes=2-3"))
        .await;
    assert_eq!((answer.status, answer.text().as_str()), (200, "0123456789"));
}

async fn listing_with(action: FaultAction) -> Response {
    let server = Server::start().await;
    for name in ["a", "b", "c"] {
        server.koofr().write("primary", name, "x").unwrap();
    }
    server.koofr().faults().push(Fault::new(action));
    server
        .get("/content/api/v2/mounts/primary/files/listrecursive?path=/")
        .await
}

#[tokio::test]
async fn listings_can_break_off() {
    let cut = |mid_line, clean_end| FaultAction::TruncateListing {
        after_lines: 2,
        mid_line,
        clean_end,
    };
    for (mid_line, clean_end) in [(false, false), (true, false), (false, true), (true, true)] {
        let answer = listing_with(cut(mid_line, clean_end)).await;
        let whole = answer.body.iter().filter(|byte| **byte == b'\n').count();
        assert_eq!(
            (answer.complete, whole),
            (clean_end, 2),
            "{mid_line} {clean_end}"
        );
        assert_eq!(!answer.body.ends_with(b"\n"), mid_line);
    }
    let error = |path: Option<&str>| FaultAction::ListingError {
        after_lines: 2,
        code: "DeviceOffline".to_owned(),
        message: "gone".to_owned(),
        path: path.map(str::to_owned),
    };
    let ended = listing_with(error(None)).await;
    assert_eq!((ended.complete, ended.lines().len()), (true, 3));
    assert_eq!(ended.lines()[2]["error"]["code"], "DeviceOffline");
    let went_on = listing_with(error(Some("/b"))).await.lines();
    assert_eq!(
        (went_on.len(), went_on[2]["path"].as_str()),
        (5, Some("/b"))
    );
}

#[tokio::test]
async fn tokens_can_end_at_the_worst_moment() {
    let server = sample().await;
    let (access, _) = server.koofr().oauth_tokens().unwrap();
    let login = server.koofr().login_token().unwrap();
    let with = |value: String| Request::new("GET", "/api/v2/user").header("Authorization", value);
    assert_eq!(
        server.send(with(format!("Bearer {access}"))).await.status,
        200
    );
    assert_eq!(
        server
            .send(with(format!("Token token={login}")))
            .await
            .status,
        200
    );
    server
        .koofr()
        .faults()
        .push(Fault::new(FaultAction::ExpireTokens));
    assert_eq!(
        server.send(with(format!("Bearer {access}"))).await.status,
        401
    );
    assert_eq!(
        server
            .send(with(format!("Token token={login}")))
            .await
            .status,
        401
    );
    let (access, refresh) = server.koofr().oauth_tokens().unwrap();
    server
        .koofr()
        .faults()
        .push(Fault::new(FaultAction::RevokeTokens));
    assert_eq!(
        server.send(with(format!("Bearer {access}"))).await.status,
        401
    );
    let body = format!(
        "grant_type=refresh_token&refresh_token={}&client_id=emulator-client&client_secret=emulator-secret",
        escape(&refresh)
    );
    let refresh = Request::new("POST", "/oauth2/token").unsigned();
    let refresh = refresh
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(body);
    assert_eq!(server.send(refresh).await.status, 401);
}

#[tokio::test]
async fn changes_can_stay_hidden_until_the_clock_moves() {
    let server = Server::start().await;
    server
        .koofr()
        .faults()
        .push(Fault::new(FaultAction::DelayVisibility { ms: 5000 }).on("files/put"));
    server.put("/", "a", "&autorename=false", "x").await;
    assert_eq!(server.info("/a").await.outcome(), "404 NotFound");
    assert!(server.names("/").await.is_empty());
    assert_eq!(
        server
            .put("/", "a", "&autorename=false", "y")
            .await
            .outcome(),
        "409 Conflict"
    );
    server.koofr().clock().advance(Duration::from_secs(6));
    assert_eq!(server.names("/").await, ["a"]);
}

#[tokio::test]
async fn held_requests_are_let_through_one_by_one() {
    let server = sample().await;
    let hold = server
        .koofr()
        .faults()
        .hold(Fault::new(FaultAction::Delay).on("files/get"));
    let first = server.download("/a");
    let second = server.download("/a");
    let director = async {
        hold.wait_for(2).await;
        assert_eq!(server.info("/a").await.status, 200);
        hold.release_one();
        while hold.waiting() > 1 {
            tokio::task::yield_now().await;
        }
        hold.release_all();
    };
    let (first, second, ()) = tokio::join!(first, second, director);
    assert_eq!((first.status, second.status), (200, 200));
    assert_eq!(server.download("/a").await.status, 200);
}

#[tokio::test]
async fn faults_are_chosen_by_method_endpoint_path_and_query() {
    let server = sample().await;
    let faults = server.koofr().faults();
    let teapot = || Fault::new(FaultAction::status(418));
    faults.push(teapot().method("DELETE").always());
    faults.push(teapot().path_contains("/nowhere/").always());
    faults.push(teapot().query_contains("filename=b c").always());
    assert_eq!(server.info("/a").await.status, 200);
    assert_eq!(
        server.api("DELETE", "files/remove?path=/a").await.status,
        418
    );
    assert_eq!(
        server
            .get("/api/v2/mounts/nowhere/files/info?path=/")
            .await
            .status,
        418
    );
    assert_eq!(server.put("/", "b c", "", "x").await.status, 418);
    assert_eq!(server.put("/", "b", "", "x").await.status, 200);
    let met: Vec<_> = server
        .koofr()
        .requests()
        .into_iter()
        .filter(|record| record.fault.is_some())
        .collect();
    assert_eq!(met.len(), 3);
}

#[tokio::test]
async fn faults_are_ordered_listed_and_cleared_over_http() {
    let server = sample().await;
    let admin = |method: &str, target: &str| {
        Request::new(method, format!("/_emulator/{target}")).unsigned()
    };
    let orders = json!([
        {"endpoint": "files/info", "times": 2, "action": {"answer": {"status": 500}}},
        {"method": "GET", "times": "always", "delay_ms": 1, "action": "wrong_hash"},
    ]);
    assert_eq!(
        server
            .send(admin("POST", "faults").json(&orders))
            .await
            .json(),
        json!({"ordered": 2})
    );
    assert_eq!(server.info("/a").await.status, 500);
    let pending = server.send(admin("GET", "faults")).await.json();
    assert_eq!(pending["faults"][0]["times"], 1);
    assert_eq!(server.send(admin("DELETE", "faults")).await.status, 204);
    assert_eq!(server.info("/a").await.status, 200);
    let one = json!({"action": "close"});
    assert_eq!(
        server.send(admin("POST", "faults").json(&one)).await.json(),
        json!({"ordered": 1})
    );
    let wrong = json!({"action": "explode"});
    assert_eq!(
        server
            .send(admin("POST", "faults").json(&wrong))
            .await
            .status,
        422
    );
    assert_eq!(
        server.send(admin("POST", "faults").body("{")).await.status,
        400
    );
}

#[tokio::test]
async fn clock_and_connection_of_a_storage_are_moved_over_http() {
    let server = sample().await;
    let admin = |target: &str, body: Value| {
        Request::new("POST", format!("/_emulator/{target}"))
            .unsigned()
            .json(&body)
    };
    let before = server.koofr().clock().now_ms();
    server
        .send(admin("clock", json!({"advance_ms": 3_600_000})))
        .await;
    assert!(server.koofr().clock().now_ms() >= before + 3_600_000);
    assert_eq!(
        server
            .send(admin("online", json!({"mount": "Koofr", "online": false})))
            .await
            .status,
        204
    );
    assert_eq!(server.info("/a").await.outcome(), "404 DeviceOffline");
    assert_eq!(
        server
            .send(admin(
                "online",
                json!({"mount": "nothing", "online": false})
            ))
            .await
            .status,
        404
    );
    let wrong = Request::new("PUT", "/_emulator/clock").unsigned();
    assert_eq!(server.send(wrong).await.status, 405);
    // None of this needs credentials or is counted.
    assert_eq!(server.koofr().log().total(), 1);
}
