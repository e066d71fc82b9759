use remote_emulator::identity::{IdentityConfig, IdentitySettings};

use crate::client::{Server, TOKEN, basic};

const WELL_KNOWN: &str = "/auth/realms/jottacloud/.well-known/openid-configuration";

#[tokio::test]
async fn discovery_tells_the_addresses_as_the_client_sees_them() {
    let server = Server::start().await;
    let document = server.get(WELL_KNOWN).await.json();
    let url = server.identity().url();
    let issuer = format!("{url}/auth/realms/jottacloud");
    assert_eq!(document["issuer"], issuer);
    assert_eq!(document["token_endpoint"], format!("{url}{TOKEN}"));
    assert!(document["grant_types_supported"].is_array());
    assert_eq!(document["claims_parameter_supported"], false);

    // Through the proxy a client speaks TLS to the real names.
    let host = [("Host", "id.jottacloud.com".to_owned())];
    let document = server.send("GET", WELL_KNOWN, &host, "").await.json();
    assert_eq!(
        document["token_endpoint"],
        format!("https://id.jottacloud.com{TOKEN}")
    );
}

#[tokio::test]
async fn every_brand_has_its_realm_and_others_have_none() {
    let server = Server::start().await;
    for brand in server.identity().brands() {
        let target = format!(
            "/auth/realms/{}/.well-known/openid-configuration",
            brand.realm
        );
        assert_eq!(server.get(&target).await.status, 200, "{}", brand.key);
    }
    let unknown = server
        .get("/auth/realms/nobody/.well-known/openid-configuration")
        .await;
    assert_eq!(unknown.status, 404);
    assert_eq!(server.get("/elsewhere").await.status, 404);
}

#[tokio::test]
async fn wrong_methods_and_bodies_are_refused() {
    let server = Server::start().await;
    let get = server.get(TOKEN).await;
    assert_eq!((get.status, get.header("allow")), (405, "POST"));
    let text = [("Content-Type", "text/plain".to_owned())];
    assert_eq!(server.send("POST", TOKEN, &text, "x").await.status, 415);
    assert_eq!(
        server
            .form(TOKEN, &[("client_id", "jottacli")])
            .await
            .outcome(),
        "400 invalid_request Missing form parameter: grant_type"
    );
    let twice = [("grant_type", "password"), ("grant_type", "password")];
    assert_eq!(
        server.form(TOKEN, &twice).await.outcome(),
        "400 invalid_request duplicated parameter"
    );
}

#[tokio::test]
async fn a_client_names_itself_by_header_or_form_and_nothing_is_spent_before() {
    let server = Server::start().await;
    let tokens = server.identity().sign_in("jottacloud", "jottacli").unwrap();
    let grant = [
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens.refresh_token.as_str()),
    ];
    let nobody = server.form(TOKEN, &grant).await;
    assert_eq!(nobody.status, 401);
    assert_eq!(nobody.field("error"), "invalid_client");
    for header in [
        basic("stranger", ""),
        ("Authorization", "Basic !".to_owned()),
    ] {
        assert_eq!(server.form_with(TOKEN, &[header], &grant).await.status, 401);
    }
    assert!(server.identity().is_current(&tokens.refresh_token));
    assert_eq!(server.identity().stats().totals.refused_clients, 3);

    // Percent-encoded, with an empty secret, as rclone sends it.
    let header = basic("jotta%63li", "");
    let answer = server.form_with(TOKEN, &[header], &grant).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        server.refresh(&answer.field("refresh_token")).await.status,
        200
    );
    assert_eq!(server.identity().stats().totals.reuse_detected, 0);
}

#[tokio::test]
async fn the_basic_header_can_be_refused_without_spending_anything() {
    let mut settings = IdentitySettings::default();
    settings.accept_basic_client = false;
    settings.refused_client_status = 400;
    let server = Server::with(IdentityConfig::default().settings(settings)).await;
    let tokens = server.identity().sign_in("jottacloud", "jottacli").unwrap();
    let grant = [
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens.refresh_token.as_str()),
    ];
    let refused = server
        .form_with(TOKEN, &[basic("jottacli", "")], &grant)
        .await;
    assert_eq!(
        (refused.status, refused.field("error")),
        (400, "invalid_client".to_owned())
    );
    assert_eq!(server.refresh(&tokens.refresh_token).await.status, 200);
}
