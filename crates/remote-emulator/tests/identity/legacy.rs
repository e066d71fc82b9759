use remote_emulator::identity::{
    DEFAULT_LOGIN, DEFAULT_LOGIN_PASSWORD, IdentityConfig, IdentityUser, LEGACY_CLIENT_ID,
    REGISTER_BEARER,
};

use crate::client::{Server, basic, encode};

const TOKEN: &str = "/auth/v1/token";

fn password(client: &str) -> [(&str, &str); 5] {
    [
        ("grant_type", "PASSWORD"),
        ("username", DEFAULT_LOGIN),
        ("password", DEFAULT_LOGIN_PASSWORD),
        ("client_id", client),
        ("client_secret", "whatever"),
    ]
}

#[tokio::test]
async fn a_device_registers_with_the_public_bearer() {
    let server = Server::start().await;
    let target = "/auth/v1/register?device_id=rclone-0123456789abcdefghijk";
    assert_eq!(server.form(target, &[]).await.status, 401);
    let bearer = ("Authorization", format!("Bearer {REGISTER_BEARER}"));
    let device = server
        .form_with(target, std::slice::from_ref(&bearer), &[])
        .await;
    assert_eq!(device.status, 200);
    let (id, secret) = (device.field("client_id"), device.field("client_secret"));
    assert_eq!(server.form(TOKEN, &password(&id)).await.status, 200);
    assert_eq!(server.form(TOKEN, &password("stranger")).await.status, 400);
    server
        .identity()
        .change_settings(|settings| settings.check_legacy_secret = true);
    assert_eq!(server.form(TOKEN, &password(&id)).await.status, 400);
    let mut fields = password(&id);
    fields[4].1 = &secret;
    assert_eq!(server.form(TOKEN, &fields).await.status, 200);
    // Another client sends the parameter in the body.
    let body = [("device_id", "2c5ea4c0-4067-11e9-8bad-9b1deb4d3b7d")];
    let answer = server
        .form_with("/auth/v1/register", &[bearer], &body)
        .await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_person_with_one_time_codes_is_asked_for_one() {
    let user = IdentityUser::new(DEFAULT_LOGIN, "jane1234", DEFAULT_LOGIN_PASSWORD).otp("123456");
    let server = Server::with(IdentityConfig::default().user(user)).await;
    // rclone puts everything into the query.
    let target = format!("{TOKEN}?{}", encode(&password(LEGACY_CLIENT_ID)));
    let asked = server.form(&target, &[]).await;
    assert_eq!(asked.status, 400);
    assert_eq!(
        asked.field("error"),
        "invalid_client_or_otp_missing_or_wrong"
    );
    assert_eq!(asked.header("x-jottacloud-otp"), "required; SMS");
    let code = |code: &str| [("X-Jottacloud-Otp", code.to_owned())];
    assert_eq!(
        server.form_with(&target, &code("000000"), &[]).await.status,
        400
    );
    let answer = server.form_with(&target, &code("123456"), &[]).await;
    assert_eq!(answer.status, 200);
    assert!(!answer.field("session_id").is_empty());
    let log = format!("{:?}", server.identity().requests());
    assert!(
        !log.contains("123456") && !log.contains(DEFAULT_LOGIN_PASSWORD),
        "{log}"
    );
}

#[tokio::test]
async fn the_grant_is_in_upper_case_and_the_refresh_token_rotates() {
    let server = Server::start().await;
    let first = server.form(TOKEN, &password(LEGACY_CLIENT_ID)).await;
    let refresh = first.field("refresh_token");
    let lower = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh.as_str()),
        ("client_id", LEGACY_CLIENT_ID),
    ];
    assert_eq!(server.form(TOKEN, &lower).await.status, 400);
    let upper = [("grant_type", "REFRESH_TOKEN"), lower[1]];
    let header = basic(LEGACY_CLIENT_ID, "obscured");
    let second = server
        .form_with(TOKEN, std::slice::from_ref(&header), &upper)
        .await;
    assert_eq!(second.status, 200);
    assert_ne!(second.field("refresh_token"), refresh);
    let again = server.form_with(TOKEN, &[header], &upper).await;
    assert_eq!(again.outcome(), "400 invalid_grant Stale token");
    assert_eq!(server.identity().stats().totals.reuse_detected, 1);
}

#[tokio::test]
async fn a_wrong_password_is_refused() {
    let server = Server::start().await;
    let mut fields = password(LEGACY_CLIENT_ID);
    fields[2].1 = "wrong";
    assert_eq!(
        server.form(TOKEN, &fields).await.field("error"),
        "invalid_grant"
    );
}
