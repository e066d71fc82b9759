//! Mounts, shares and devices: one exchange per endpoint.

use crate::common::{client, failure, json, once, request};
use koofr_api::{
    PRIMARY,
    error::ApiError,
    model::mount::{Invitee, MountKind, Permission, Permissions},
};
use remote_core::error::ErrorKind;
use serde_json::json;
use wiremock::{MockServer, ResponseTemplate, matchers};

const MOUNT: &str = r#"{"id":"m1","name":"Koofr","type":"device","origin":"hosted","online":true,"isPrimary":true,
    "spaceTotal":10240,"spaceUsed":"10241","permissions":{"READ":true,"WRITE":false,"DANCE":true},
    "owner":{"id":"u","name":"Ann"},"root":{"id":"m0","name":"x","path":"/p"},"capabilities":{"tags":true},"novel":1}"#;

#[tokio::test]
async fn mounts_and_places_are_listed() {
    let server = MockServer::start().await;
    once(
        &server,
        request("GET", "/api/v2.1/mounts"),
        json(200, format!(r#"{{"mounts":[{MOUNT}]}}"#)),
    )
    .await;
    once(
        &server,
        request("GET", "/api/v2.1/places"),
        json(200, r#"{"places":[{"id":"m2","type":"cellar"}]}"#),
    )
    .await;
    let client = client(&server);
    let mount = client.mounts().await.unwrap().remove(0);
    assert_eq!((mount.id.as_str(), &mount.kind), ("m1", &MountKind::Device));
    assert_eq!(mount.total_bytes(), Some(10 << 30));
    assert_eq!(mount.free_bytes(), Some(0));
    assert!(mount.permits(&Permission::Read) && !mount.permits(&Permission::Write));
    assert!(mount.permits(&Permission::Unknown("DANCE".to_owned())));
    let place = client.places().await.unwrap().remove(0);
    assert_eq!(place.kind, MountKind::Unknown("cellar".to_owned()));
    assert_eq!(place.used_bytes(), None);
}

#[tokio::test]
async fn one_mount_is_found_by_its_id_or_the_alias() {
    let server = MockServer::start().await;
    once(
        &server,
        request("GET", "/api/v2.1/mounts/primary"),
        json(200, MOUNT),
    )
    .await;
    once(
        &server,
        request("GET", "/api/v2.1/mounts/gone"),
        failure(404, "NotFound"),
    )
    .await;
    let client = client(&server);
    assert!(client.mount(PRIMARY).await.unwrap().is_primary);
    assert!(client.mount("gone").await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn shares_are_listed_looked_at_renamed_and_left() {
    let server = MockServer::start().await;
    let shared = format!(r#"{{"name":"d","type":"dir","mount":{MOUNT}}}"#);
    once(
        &server,
        request("GET", "/api/v2.1/shared"),
        json(200, format!(r#"{{"files":[{shared}]}}"#)),
    )
    .await;
    once(
        &server,
        request("GET", "/api/v2.1/shared/m1"),
        json(200, &shared),
    )
    .await;
    let asked =
        request("PUT", "/api/v2.1/mounts/m1").and(matchers::body_json(json!({"name": "new"})));
    once(&server, asked, ResponseTemplate::new(204)).await;
    once(
        &server,
        request("DELETE", "/api/v2.1/mounts/m1"),
        ResponseTemplate::new(204),
    )
    .await;
    let client = client(&server);
    let listed = client.shared().await.unwrap().remove(0);
    assert_eq!(listed, client.shared_file("m1").await.unwrap());
    assert_eq!(listed.mount.unwrap().id, "m1");
    client.rename_mount("m1", "new").await.unwrap();
    client.leave_mount("m1").await.unwrap();
}

#[tokio::test]
async fn folders_are_shared_with_people_and_groups() {
    let server = MockServer::start().await;
    let asked = request("POST", "/api/v2.1/mounts/m1/submounts")
        .and(matchers::body_json(json!({"path": "/d"})));
    once(&server, asked, json(201, MOUNT)).await;
    let asked = request("POST", "/api/v2.1/mounts/m1/users").and(matchers::body_json(
        json!({"email": "bob@example.org", "permissions": {"READ": true}}),
    ));
    once(
        &server,
        asked,
        json(
            201,
            r#"{"id":"u2","name":"Bob","permissions":{"READ":true}}"#,
        ),
    )
    .await;
    let asked = request("PUT", "/api/v2.1/mounts/m1/users/u2")
        .and(matchers::body_json(json!({"permissions": {"READ": true}})));
    once(&server, asked, ResponseTemplate::new(204)).await;
    once(
        &server,
        request("DELETE", "/api/v2.1/mounts/m1/users/u2"),
        ResponseTemplate::new(204),
    )
    .await;
    once(
        &server,
        request("PUT", "/api/v2.1/mounts/m1/groups/g"),
        ResponseTemplate::new(204),
    )
    .await;
    once(
        &server,
        request("DELETE", "/api/v2.1/mounts/m1/groups/g"),
        ResponseTemplate::new(204),
    )
    .await;
    let client = client(&server);
    let rights = Permissions::from([(Permission::Read, true)]);
    assert_eq!(client.create_submount("m1", "/d").await.unwrap().id, "m1");
    let who = Invitee::Email("bob@example.org".to_owned());
    assert_eq!(
        client.add_mount_user("m1", &who, &rights).await.unwrap().id,
        "u2"
    );
    client.set_mount_user("m1", "u2", &rights).await.unwrap();
    client.remove_mount_user("m1", "u2").await.unwrap();
    client.set_mount_group("m1", "g", &rights).await.unwrap();
    client.remove_mount_group("m1", "g").await.unwrap();
}

#[tokio::test]
async fn an_ambiguous_address_lists_who_is_meant() {
    let server = MockServer::start().await;
    let people =
        r#"[{"id":"1","name":"Bob","email":"bob@example.org"},{"id":"2","name":"Bob's team"}]"#;
    once(
        &server,
        request("POST", "/api/v2.1/mounts/m1/users"),
        json(409, people),
    )
    .await;
    let who = Invitee::Id("x".to_owned());
    let error = client(&server)
        .add_mount_user("m1", &who, &Permissions::new())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PreconditionFailed);
    let details = &ApiError::of(&error).unwrap().details;
    assert_eq!(details.at("/1/name").unwrap().as_str(), Some("Bob's team"));
}

#[tokio::test]
async fn addresses_for_browsers_are_handed_out() {
    let server = MockServer::start().await;
    let elsewhere =
        || ResponseTemplate::new(303).insert_header("location", "https://cloud.example.org/auth");
    once(
        &server,
        request("GET", "/api/v2.1/mounts/m1/reauth"),
        elsewhere(),
    )
    .await;
    once(
        &server,
        request("GET", "/api/v2.1/devices/d/reauth"),
        elsewhere(),
    )
    .await;
    let client = client(&server);
    assert_eq!(
        client.mount_reauth_url("m1").await.unwrap().expose(),
        "https://cloud.example.org/auth"
    );
    assert_eq!(
        client.device_reauth_url("d").await.unwrap().expose(),
        "https://cloud.example.org/auth"
    );
}

#[tokio::test]
async fn devices_are_managed() {
    let server = MockServer::start().await;
    let device =
        r#"{"id":"d","name":"Laptop","status":"offline","spaceTotal":1,"rootMountId":"m2"}"#;
    once(
        &server,
        request("GET", "/api/v2.1/devices"),
        json(200, format!(r#"{{"devices":[{device}]}}"#)),
    )
    .await;
    let asked = request("POST", "/api/v2.1/devices").and(matchers::body_json(
        json!({"name": "Laptop", "providerName": "storagehub"}),
    ));
    once(&server, asked, json(201, device)).await;
    once(
        &server,
        request("GET", "/api/v2.1/devices/d"),
        json(200, device),
    )
    .await;
    let asked =
        request("PUT", "/api/v2.1/devices/d").and(matchers::body_json(json!({"name": "Desk"})));
    once(&server, asked, ResponseTemplate::new(204)).await;
    let asked = request("PUT", "/api/v2.1/devices/d/search")
        .and(matchers::body_json(json!({"enabled": true})));
    once(&server, asked, ResponseTemplate::new(204)).await;
    once(
        &server,
        request("DELETE", "/api/v2.1/devices/d"),
        ResponseTemplate::new(204),
    )
    .await;
    let client = client(&server);
    let listed = client.devices().await.unwrap().remove(0);
    assert_eq!(
        listed,
        client
            .create_device("Laptop", Some("storagehub"))
            .await
            .unwrap()
    );
    assert_eq!(listed, client.device("d").await.unwrap());
    client.rename_device("d", "Desk").await.unwrap();
    client.set_device_search("d", true).await.unwrap();
    client.remove_device("d").await.unwrap();
}
