use std::time::Duration;

use remote_emulator::identity::{IdentityConfig, IdentitySettings, StaleText};

use crate::client::{Server, TOKEN, claims};

#[tokio::test]
async fn every_refresh_gives_out_a_new_pair() {
    let server = Server::start().await;
    let first = server.identity().sign_in("jottacloud", "jottacli").unwrap();
    let answer = server.refresh(&first.refresh_token).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/json");
    let json = answer.json();
    assert_eq!(
        (&json["expires_in"], &json["refresh_expires_in"]),
        (&3600.into(), &0.into())
    );
    assert_eq!(json["token_type"], "bearer");
    let (access, refresh) = (answer.field("access_token"), answer.field("refresh_token"));
    assert_ne!(access, first.access_token);
    assert_ne!(refresh, first.refresh_token);
    assert!(server.identity().is_current(&refresh));
    assert_eq!(server.bearer(&access).await.status, 200);
    // The one before lives on until its end.
    assert_eq!(server.bearer(&first.access_token).await.status, 200);
    assert!(
        claims(&access)["sub"]
            .as_str()
            .unwrap()
            .ends_with(":jane1234")
    );
    let family = server.identity().family(first.family).unwrap();
    assert_eq!(
        (family.refreshes, family.access_tokens, family.alive),
        (1, 2, true)
    );
}

#[tokio::test]
async fn a_spent_token_ends_the_whole_family() {
    let server = Server::start().await;
    let first = server.identity().sign_in("jottacloud", "jottacli").unwrap();
    let other = server.identity().sign_in("jottacloud", "jottacli").unwrap();
    let second = server
        .refresh(&first.refresh_token)
        .await
        .field("refresh_token");

    let stale = "400 invalid_grant Stale token";
    assert_eq!(server.refresh(&first.refresh_token).await.outcome(), stale);
    assert_eq!(server.refresh(&second).await.outcome(), stale);
    assert!(!server.identity().is_current(&second));
    let totals = server.identity().stats().totals;
    assert_eq!((totals.reuse_detected, totals.families_revoked), (1, 1));
    assert!(server.identity().is_valid(&first.access_token));
    // Another sign-in is another family.
    assert_eq!(server.refresh(&other.refresh_token).await.status, 200);
}

#[tokio::test]
async fn access_tokens_end_by_the_clock_of_the_emulator() {
    let server = Server::start().await;
    let first = server.identity().sign_in("jottacloud", "jottacli").unwrap();
    assert_eq!(server.bearer(&first.access_token).await.status, 200);
    server.emulator.clock().advance(Duration::from_secs(3600));
    let ended = server.bearer(&first.access_token).await;
    assert_eq!(ended.outcome(), "401 invalid_token Token has expired");
    assert!(ended.header("www-authenticate").starts_with("Bearer"));
    assert_eq!(server.bearer("nonsense").await.status, 401);
    assert_eq!(server.refresh(&first.refresh_token).await.status, 200);
}

#[tokio::test]
async fn a_refresh_token_belongs_to_its_client_and_realm() {
    let server = Server::start().await;
    let first = server.identity().sign_in("jottacloud", "desktop").unwrap();
    let grant = [
        ("grant_type", "refresh_token"),
        ("refresh_token", first.refresh_token.as_str()),
    ];
    let other_client = server.refresh(&first.refresh_token).await;
    assert_eq!(other_client.field("error"), "invalid_grant");
    let elsewhere = TOKEN.replace("jottacloud", "elko");
    let desktop = [grant[0], grant[1], ("client_id", "desktop")];
    assert_eq!(server.form(&elsewhere, &desktop).await.status, 400);
    assert_eq!(
        server.refresh("nonsense").await.outcome(),
        "400 invalid_grant Invalid refresh token"
    );
    // None of that has spent it.
    assert_eq!(server.form(TOKEN, &desktop).await.status, 200);
}

#[tokio::test]
async fn grants_in_upper_case_are_not_known() {
    let server = Server::start().await;
    for grant in ["REFRESH_TOKEN", "PASSWORD", "client_credentials"] {
        let fields = [("grant_type", grant), ("client_id", "jottacli")];
        let answer = server.form(TOKEN, &fields).await;
        assert_eq!(
            answer.outcome(),
            "400 unsupported_grant_type Unsupported grant_type"
        );
    }
}

#[tokio::test]
async fn switches_change_rotation_revocation_and_words() {
    let mut settings = IdentitySettings::default();
    settings.stale_text = StaleText::Session;
    settings.reuse_revokes_family = false;
    settings.refresh_token_lifetime = Some(Duration::from_secs(60));
    let server = Server::with(IdentityConfig::default().settings(settings)).await;
    let first = server.identity().sign_in("jottacloud", "jottacli").unwrap();
    let answer = server.refresh(&first.refresh_token).await;
    assert_eq!(answer.json()["refresh_expires_in"], 60);
    let second = answer.field("refresh_token");
    assert_eq!(
        server.refresh(&first.refresh_token).await.outcome(),
        "400 invalid_grant Session doesn't have required client"
    );
    server
        .identity()
        .change_settings(|settings| settings.rotate = false);
    assert_eq!(server.refresh(&second).await.field("refresh_token"), second);
    server.emulator.clock().advance(Duration::from_secs(61));
    assert_eq!(
        server.refresh(&second).await.outcome(),
        "400 invalid_grant Token is not active"
    );
}

#[tokio::test]
async fn signing_out_ends_the_family() {
    let server = Server::start().await;
    let first = server.identity().sign_in("jottacloud", "jottacli").unwrap();
    let fields = [
        ("client_id", "jottacli"),
        ("refresh_token", first.refresh_token.as_str()),
    ];
    let logout = TOKEN.replace("/token", "/logout");
    assert_eq!(server.form(&logout, &fields).await.status, 204);
    assert_eq!(
        server.refresh(&first.refresh_token).await.outcome(),
        "400 invalid_grant Stale token"
    );
    assert_eq!(server.identity().stats().totals.reuse_detected, 0);
    // Removing a device blocks the next refresh, not the access token.
    assert_eq!(server.bearer(&first.access_token).await.status, 200);
    server
        .identity()
        .change_settings(|settings| settings.revocation_ends_access_tokens = true);
    assert_eq!(server.bearer(&first.access_token).await.status, 401);
}
