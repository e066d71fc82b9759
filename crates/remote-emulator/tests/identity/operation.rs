use std::time::Duration;

use remote_emulator::Emulator;
use remote_emulator::fault::{Fault, FaultAction};
use remote_emulator::identity::{IdentityConfig, IdentityStats};

use crate::client::Server;

#[tokio::test]
async fn administration_tells_the_counters_and_gives_out_login_tokens() {
    let server = Server::start().await;
    let first = server.identity().sign_in("jottacloud", "jottacli").unwrap();
    server.refresh(&first.refresh_token).await;
    server.refresh(&first.refresh_token).await;
    let stats = server.get("/_emulator/identity").await;
    let parsed: IdentityStats = serde_json::from_str(&stats.text).unwrap();
    assert_eq!(parsed, server.identity().stats());
    assert_eq!(parsed.totals.reuse_detected, 1);
    assert!(!stats.text.contains(&first.refresh_token));

    let order = server
        .send(
            "POST",
            "/_emulator/identity/login-token",
            &[],
            r#"{"realm":"elko"}"#,
        )
        .await;
    let token = crate::client::decode_login_token(&order.field("login_token"));
    assert_eq!(token["realm"], "elko");
    assert!(
        token["well_known_link"]
            .as_str()
            .unwrap()
            .starts_with("https://cloud.elko.is/")
    );
    assert_eq!(
        server
            .send("POST", "/_emulator/identity/revoke", &[], "")
            .await
            .status,
        204
    );
    assert_eq!(
        server
            .send("PUT", "/_emulator/identity", &[], "")
            .await
            .status,
        405
    );
    assert_eq!(server.get("/_emulator/nonsense").await.status, 404);
}

#[tokio::test]
async fn faults_lose_an_answer_after_the_token_was_spent() {
    let server = Server::start().await;
    let first = server.identity().sign_in("jottacloud", "jottacli").unwrap();
    let fault = Fault::new(FaultAction::CommitThenClose).on("identity/token");
    server.identity().faults().push(fault);
    assert_eq!(server.refresh(&first.refresh_token).await.status, 0);
    assert!(!server.identity().is_current(&first.refresh_token));
    assert_eq!(server.identity().stats().totals.refreshes, 1);
    assert_eq!(server.identity().log().count("POST", "identity/token"), 1);
}

#[tokio::test]
async fn families_survive_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let start = || {
        Emulator::builder()
            .identity(IdentityConfig::default())
            .state_dir(dir.path())
            .start()
    };
    let server = Server {
        emulator: start().await.unwrap(),
    };
    let first = server.identity().sign_in("jottacloud", "jottacli").unwrap();
    let second = server
        .refresh(&first.refresh_token)
        .await
        .field("refresh_token");
    server.emulator.shutdown().await;

    let server = Server {
        emulator: start().await.unwrap(),
    };
    assert!(server.identity().is_valid(&first.access_token));
    assert!(server.identity().is_current(&second));
    assert_eq!(server.refresh(&second).await.status, 200);
    assert_eq!(server.refresh(&second).await.status, 400);
    let family = server.identity().family(first.family).unwrap();
    assert_eq!(
        (family.refreshes, family.reuse_detected, family.alive),
        (2, 1, false)
    );
}

#[tokio::test]
async fn all_tokens_can_be_ended_at_once() {
    let server = Server::start().await;
    let first = server.identity().sign_in("jottacloud", "jottacli").unwrap();
    server.identity().expire_access_tokens();
    assert_eq!(server.bearer(&first.access_token).await.status, 401);
    assert!(server.identity().is_current(&first.refresh_token));
    server.identity().revoke_all().unwrap();
    assert!(!server.identity().is_current(&first.refresh_token));
    server.emulator.clock().advance(Duration::from_secs(1));
    assert_eq!(server.identity().stats().totals.reuse_detected, 0);
}
