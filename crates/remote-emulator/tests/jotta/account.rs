//! Account, quota and the views of files.

use std::time::Duration;

use remote_emulator::jotta::JottaConfig;
use serde_json::json;

use crate::client::{Request, Server};
use crate::xml;

async fn customer(server: &Server) -> serde_json::Value {
    server
        .send(Request::new("GET", "/account/v1/customer"))
        .await
        .json()
}

#[tokio::test]
async fn the_customer_information_has_the_types_that_are_checked() {
    let server = Server::start().await;
    server.put("/Jotta/Archive/a", b"12345").await;
    let customer = customer(&server).await;
    assert_eq!(customer["username"], server.user.as_str());
    assert_eq!(customer["usage"], 5);
    assert_eq!(customer["quota"], -1);
    for name in [
        "email",
        "name",
        "country_code",
        "language_code",
        "customer_group_code",
        "brand_code",
        "account_type",
        "subscription_type",
        "web_hash",
        "android_hash",
        "ios_hash",
    ] {
        assert!(customer[name].is_string(), "{name}");
    }
    for name in ["business_usage", "business_quota"] {
        assert!(customer[name].is_i64(), "{name}");
    }
    assert_eq!(customer["write_locked"], json!(false));
    assert_eq!(customer["read_locked"], json!(false));
    assert_eq!(customer["locked_cause"], json!(null));
}

#[tokio::test]
async fn the_account_tells_quota_and_locks() {
    let server = Server::with(JottaConfig::default().capacity(8)).await;
    let account = server.xml("").await;
    assert_eq!(xml::element(&account, "username"), Some(&*server.user));
    assert_eq!(xml::element(&account, "capacity"), Some("8"));
    assert_eq!(xml::element(&account, "usage"), Some("0"));
    assert_eq!(xml::element(&account, "quota-write-locked"), Some("false"));
    server.put("/Jotta/Archive/a", b"12345678").await;
    let account = server.xml("").await;
    assert_eq!(xml::element(&account, "usage"), Some("8"));
    assert_eq!(xml::element(&account, "quota-write-locked"), Some("true"));
    server.jotta().set_capacity(-1).unwrap();
    assert_eq!(xml::element(&server.xml("").await, "capacity"), Some("-1"));
    server.jotta().set_locked(true, false).unwrap();
    let account = server.xml("").await;
    assert_eq!(xml::element(&account, "write-locked"), Some("true"));
    assert_eq!(xml::element(&account, "locked"), Some("false"));
    assert_eq!(customer(&server).await["write_locked"], json!(true));
    server.jotta().set_locked(true, true).unwrap();
    assert_eq!(server.get("").await.outcome(), "403 AccessDeniedException");
    assert_eq!(customer(&server).await["read_locked"], json!(true));
}

#[tokio::test]
async fn the_trash_takes_up_space_unless_told_otherwise() {
    let server = Server::start().await;
    server.put("/Jotta/Archive/a", b"123").await;
    server.put("/Jotta/Sync/b", b"12345").await;
    server.command("/Jotta/Archive/a?dl=true").await;
    assert_eq!(customer(&server).await["usage"], 8);
    let mount = server.xml("/Jotta/Sync").await;
    assert_eq!(xml::element(&mount, "size"), Some("5"));
    server
        .jotta()
        .change_settings(|settings| settings.trash_uses_space = false);
    server.put("/Jotta/Sync/c", b"1").await;
    assert_eq!(customer(&server).await["usage"], 6);
    server
        .send(Request::new("POST", "/files/v1/purge_trash"))
        .await;
    assert_eq!(customer(&server).await["usage"], 6);
}

#[tokio::test]
async fn the_latest_files_come_newest_first() {
    let server = Server::start().await;
    for number in 0..12 {
        server
            .put(
                &format!("/Jotta/Archive/f{number}"),
                format!("{number}").as_bytes(),
            )
            .await;
        server.emulator.clock().advance(Duration::from_secs(1));
    }
    let latest = server
        .xml("/Jotta/Latest?sort=updated&max=3&web=true")
        .await;
    assert_eq!(xml::names(&latest, "file"), ["f11", "f10", "f9"]);
    let counts = xml::tags(&latest, "metadata")[0];
    assert_eq!(xml::attribute(counts, "num_files"), Some("12"));
    assert!(xml::element(&latest, "abspath").is_some());
    let latest = server.xml("/Jotta/Latest").await;
    assert_eq!(xml::names(&latest, "file").len(), 10);
    assert_eq!(server.get("/Jotta/Latest?max=many").await.status, 400);
    let shared = server.xml("/Jotta/Shared").await;
    assert_eq!(xml::element(&shared, "size"), Some(""));
}

#[tokio::test]
async fn dates_and_folders_can_be_told_more_about() {
    let server = Server::start().await;
    server.command("/Jotta/Archive/d?mkDir=true").await;
    assert!(!server.xml("/Jotta/Archive/d").await.contains("modified"));
    server.jotta().change_settings(|settings| {
        settings.folder_modified = true;
        settings.empty_dates = false;
        settings.empty_sizes = true;
    });
    assert_eq!(
        xml::element(&server.xml("/Jotta/Sync").await, "size"),
        Some("")
    );
    assert!(server.xml("/Jotta/Archive/d").await.contains("<modified>2"));
    assert_ne!(
        xml::element(&server.xml("/Jotta/Sync").await, "modified"),
        Some("")
    );
}
