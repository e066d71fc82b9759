//! Credentials, addresses and names.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use remote_emulator::identity::{IdentityConfig, IdentityUser};
use remote_emulator::jotta::JottaConfig;
use serde_json::json;

use crate::client::{Request, Server, order};
use crate::xml;

#[tokio::test]
async fn every_interface_wants_a_good_token() {
    let server = Server::start().await;
    let user = &server.user;
    let addresses = [
        ("GET", format!("/jfs/{user}")),
        ("POST", format!("/jfs/{user}/Jotta/Archive/a?mkDir=true")),
        ("GET", format!("/rest/token/{user}/createToken")),
        ("GET", "/account/v1/customer".to_owned()),
        ("POST", "/files/v1/allocate".to_owned()),
        ("POST", "/files/v1/purge_trash".to_owned()),
        ("POST", "/upload/x".to_owned()),
    ];
    for (method, target) in addresses {
        let request = Request::new(method, target.as_str());
        let unsigned = server.send_unsigned(&request).await;
        assert_eq!(
            unsigned.outcome(),
            "401 BadCredentialsException",
            "{target}"
        );
        let wrong = request.header("Authorization", "Bearer wrong");
        let wrong = server.send_unsigned(&wrong).await;
        assert_eq!(wrong.outcome(), "401 BadCredentialsException", "{target}");
    }
}

#[tokio::test]
async fn a_token_ends_by_the_clock_of_the_emulator() {
    let server = Server::start().await;
    assert_eq!(server.get("").await.status, 200);
    server
        .emulator
        .clock()
        .advance(std::time::Duration::from_secs(3601));
    assert_eq!(
        server.get("").await.outcome(),
        "401 BadCredentialsException"
    );
}

#[tokio::test]
async fn passwords_in_headers_are_accepted_on_request_as_long_ago() {
    let user = IdentityUser::new("one@example.com", "one", "a pass:word");
    let identity = IdentityConfig::default().user(user);
    let server = Server::with(JottaConfig::default().identity(identity)).await;
    let with = |credentials: &str| {
        let encoded = STANDARD.encode(credentials);
        Request::new("GET", server.target("/Jotta"))
            .header("Authorization", format!("Basic {encoded}"))
    };
    let right = with("one@example.com:a pass:word");
    assert_eq!(server.send_unsigned(&right).await.status, 401);
    server
        .jotta()
        .change_settings(|settings| settings.accept_basic = true);
    assert_eq!(server.send_unsigned(&right).await.status, 200);
    let by_name = with("one:a pass:word");
    assert_eq!(server.send_unsigned(&by_name).await.status, 200);
    for wrong in ["one:wrong", "two:a pass:word", "one"] {
        let answer = server.send_unsigned(&with(wrong)).await;
        assert_eq!(answer.outcome(), "401 BadCredentialsException", "{wrong}");
    }
    assert_eq!(server.get("/Jotta").await.status, 200);
}

#[tokio::test]
async fn accounts_have_files_of_their_own() {
    let identity = IdentityConfig::default()
        .user(IdentityUser::new("one@example.com", "one", "x"))
        .user(IdentityUser::new("two@example.com", "two", "x"));
    let server = Server::with(JottaConfig::default().identity(identity)).await;
    assert_eq!(server.user, "one");
    server.put("/Jotta/Archive/a", b"x").await;
    let other = server
        .send(Request::new("GET", "/jfs/two/Jotta/Archive"))
        .await;
    assert_eq!(other.outcome(), "403 AccessDeniedException");
    let none = server.send(Request::new("GET", "/jfs/")).await;
    assert_eq!(none.outcome(), "400 UsernameNotFoundException");
}

#[tokio::test]
async fn lookups_ignore_case_and_answers_carry_the_stored_spelling() {
    let server = Server::start().await;
    server.put("/Jotta/Archive/Docs/Report.TXT", b"x").await;
    let file = server.xml("/jotta/ARCHIVE/docs/REPORT.txt").await;
    assert_eq!(xml::names(&file, "file"), ["Report.TXT"]);
    let path = format!("/{}/Jotta/Archive/Docs", server.user);
    assert_eq!(xml::element(&file, "path"), Some(&*path));
    assert_eq!(xml::element(&file, "abspath"), Some(&*path));
    // An upload to another spelling is a revision of the same file.
    server.put("/Jotta/Archive/DOCS/report.txt", b"yy").await;
    let folder = server.xml("/Jotta/Archive/Docs").await;
    assert_eq!(xml::names(&folder, "file"), ["Report.TXT"]);
    assert_eq!(xml::element(&folder, "number"), Some("2"));
}

#[tokio::test]
async fn addresses_are_decoded_as_the_service_does() {
    let server = Server::start().await;
    for name in ["a b", "p+q", "R&D;x=1@2,$.txt", "é😀", "semi;colon", "a#b"] {
        server.put(&format!("/Jotta/Archive/d/{name}"), b"x").await;
    }
    let found = [
        "a%20b",
        "a+b",
        "p%2Bq",
        "R&D;x=1@2,$.txt",
        "R%26D%3Bx%3D1%402%2C%24.txt",
        "%C3%A9%F0%9F%98%80",
        "a%23b",
    ];
    for name in found {
        assert_eq!(
            server.get(&format!("/Jotta/Archive/d/{name}")).await.status,
            200,
            "{name}"
        );
    }
    // A raw plus is a space, and no such file is there.
    let plus = server.get("/Jotta/Archive/d/p+q").await;
    assert_eq!(plus.outcome(), "404 NoSuchFileException");
    assert_eq!(server.get("/Jotta/Archive/d/").await.status, 200);
    let refused = ["d//a", "d/%2E%2E/a", "d/a%2Fb", "d/%FF"];
    for name in refused {
        let outcome = server
            .get(&format!("/Jotta/Archive/{name}"))
            .await
            .outcome();
        assert_eq!(outcome, "400 IllegalArgumentException", "{name}");
    }
}

#[tokio::test]
async fn a_percent_sign_in_an_address_is_refused_unless_told_otherwise() {
    let server = Server::start().await;
    server.put("/Jotta/Archive/50%", b"x").await;
    let listed = server.xml("/Jotta/Archive").await;
    assert_eq!(xml::names(&listed, "file"), ["50%"]);
    assert_eq!(server.get("/Jotta/Archive/50%25").await.status, 400);
    server
        .jotta()
        .change_settings(|settings| settings.refuse_percent = false);
    assert_eq!(server.get("/Jotta/Archive/50%25").await.status, 200);
}

#[tokio::test]
async fn names_that_cannot_be_are_refused() {
    let server = Server::start().await;
    let long = "x".repeat(256);
    for name in ["a:b", "a?b", "a|b", "\u{feff}a", "a\nb", long.as_str()] {
        let answer = server
            .allocate(&order(&format!("/Jotta/Archive/{name}"), b"x"))
            .await;
        assert_eq!(answer.outcome(), "400 InvalidArgumentException", "{name:?}");
    }
    for name in [&"é".repeat(255), "back\\slash", "quote'", " lead"] {
        server.put(&format!("/Jotta/Archive/{name}"), b"x").await;
    }
    server
        .jotta()
        .change_settings(|settings| settings.strict_names = false);
    server.put("/Jotta/Archive/a:b<c>\"&'", b"x").await;
    let listed = server.xml("/Jotta/Archive").await;
    assert!(
        xml::names(&listed, "file").contains(&"a:b&lt;c&gt;&quot;&amp;'"),
        "{listed}"
    );
}

#[tokio::test]
async fn what_is_not_there_says_what_is_missing() {
    let server = Server::start().await;
    let rows = [
        ("/Jotta/Archive/no", "404 NoSuchFileException"),
        ("/Jotta/Archive/no/no", "404 NoSuchPathException"),
        ("/Jotta/No", "404 NoSuchMountPointException"),
        ("/PC", "404 NoSuchPathException"),
        ("/Jotta/Archive/no?mode=bin", "404 NoSuchFileException"),
        (
            "/Jotta/Archive/no?mode=liststream",
            "404 NoSuchFileException",
        ),
        ("/Jotta/Archive?mode=bin", "404 NoSuchMountPointException"),
        (
            "/Jotta/Archive?mode=nonsense",
            "400 InvalidArgumentException",
        ),
    ];
    for (rest, expected) in rows {
        assert_eq!(server.get(rest).await.outcome(), expected, "{rest}");
    }
    let put = Request::new("PUT", server.target("/Jotta/Archive/a"));
    assert_eq!(server.send(put).await.status, 405);
    assert_eq!(
        server.send(Request::new("GET", "/nothing")).await.status,
        404
    );
}

#[tokio::test]
async fn a_post_without_a_command_is_a_server_error() {
    let server = Server::start().await;
    server.put("/Jotta/Archive/a", b"x").await;
    for rest in [
        "/Jotta/Archive/a",
        "/Jotta/Archive/a?restore=true",
        "/Jotta/Archive/a?cpDir=x",
        "/PC",
        "",
    ] {
        let outcome = server.post(rest).await.outcome();
        assert_eq!(outcome, "500 IllegalStateException", "{rest}");
    }
}

#[tokio::test]
async fn a_command_with_a_content_type_of_bytes_is_not_reached() {
    let server = Server::start().await;
    server.put("/Jotta/Archive/a", b"x").await;
    let request = Request::new("POST", server.target("/Jotta/Archive/a?dl=true"))
        .header("Content-Type", "application/octet-stream");
    assert_eq!(server.send(request).await.status, 404);
    assert!(
        server
            .jotta()
            .entry("/Jotta/Archive/a")
            .unwrap()
            .deleted
            .is_none()
    );
}

#[tokio::test]
async fn bad_orders_are_refused() {
    let server = Server::start().await;
    let good = order("/Jotta/Archive/a", b"x");
    let mut rows = vec![json!([]), json!({}), json!({"path": 1})];
    for (key, value) in [
        ("path", json!("/jfs/Jotta/Archive")),
        ("path", json!("/jfs/Jotta/Archive//a")),
        ("path", json!("/jfs/Jotta/Archive/../a")),
        ("md5", json!("")),
        ("md5", json!("xyz")),
        ("bytes", json!(-1)),
        ("bytes", json!("1")),
        ("modified", json!([])),
        ("conflict_handler", json!("WHATEVER")),
    ] {
        let mut bad = good.clone();
        bad[key] = value;
        rows.push(bad);
    }
    for bad in rows {
        let outcome = server.allocate(&bad).await.outcome();
        assert_eq!(outcome, "400 InvalidArgumentException", "{bad}");
    }
    assert_eq!(server.jotta().counts("/Jotta/Archive"), (0, 0));
}

#[tokio::test]
async fn deep_trees_are_served_like_flat_ones() {
    let server = Server::start().await;
    let deep = "/d".repeat(2000);
    server.put(&format!("/Jotta/Archive{deep}/f"), b"x").await;
    let file = server
        .get(&format!("/Jotta/Archive{deep}/f?mode=bin"))
        .await;
    assert_eq!(file.body, b"x");
    let into = server
        .transfer(
            "/Jotta/Archive/d",
            "mvDir",
            &format!("/Jotta/Archive{deep}/e"),
        )
        .await;
    assert_eq!(into.outcome(), "400 InvalidArgumentException");
    let shared = server.xml("/Jotta/Archive/d?mode=enableShare").await;
    let uri = xml::element(&shared, "publicURI").unwrap();
    let target = format!("/opin/io/downloadPublic/{}/{uri}", server.user);
    let archive = server.send_unsigned(&Request::new("GET", target)).await;
    assert!(archive.complete);
    server.command("/Jotta/Archive/d?rmDir=true").await;
    assert_eq!(server.jotta().counts("/Jotta/Archive"), (0, 0));
}
