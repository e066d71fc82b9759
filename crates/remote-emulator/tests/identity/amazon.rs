use remote_emulator::identity::{Brand, Consent, IdentityConfig, IdentitySettings};

use crate::client::{Server, basic, encode};

const TOKEN: &str = "/auth/o2/token";
const CLIENT: &str = "amzn1.application-oa2-client.0123456789abcdef0123456789abcdef";

async fn server() -> Server {
    let mut settings = IdentitySettings::default();
    settings.consent = Consent::Allow;
    let config = IdentityConfig::default()
        .brand(Brand::amazon(CLIENT, "s3cret"))
        .settings(settings);
    Server::with(config).await
}

#[tokio::test]
async fn a_sign_in_gives_tokens_in_the_shape_of_amazon() {
    let server = server().await;
    let query = encode(&[
        ("client_id", CLIENT),
        ("response_type", "code"),
        ("scope", "clouddrive:read_all clouddrive:write"),
        ("redirect_uri", "http://127.0.0.1:53682/"),
        ("state", "nonce"),
    ]);
    let back = server.get(&format!("/ap/oa?{query}")).await;
    let location = back.header("location").to_owned();
    let code = location.split("code=").nth(1).unwrap();
    let code = code
        .split('&')
        .next()
        .unwrap()
        .replace("%2D", "-")
        .replace("%2E", ".");
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", "http://127.0.0.1:53682/"),
    ];
    // A wrong secret uses nothing up.
    let wrong = server
        .form_with(TOKEN, &[basic(CLIENT, "wrong")], &fields)
        .await;
    assert_eq!(
        (wrong.status, wrong.field("error")),
        (401, "invalid_client".to_owned())
    );
    let answer = server
        .form_with(TOKEN, &[basic(CLIENT, "s3cret")], &fields)
        .await;
    assert!(
        answer.field("access_token").starts_with("Atza|"),
        "{answer:?}"
    );
    let refresh = answer.field("refresh_token");
    assert!(refresh.starts_with("Atzr|"));

    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh.as_str()),
        ("client_id", CLIENT),
        ("client_secret", "s3cret"),
    ];
    for _ in 0..2 {
        let again = server.form(TOKEN, &fields).await;
        assert_eq!(again.field("refresh_token"), refresh);
        let access = again.field("access_token");
        let header = [("Authorization", format!("Bearer {access}"))];
        let profile = server.send("GET", "/user/profile", &header, "").await;
        assert_eq!(profile.field("email"), "jane@example.com");
        let query = encode(&[("access_token", &access)]);
        let info = server.get(&format!("/auth/o2/tokeninfo?{query}")).await;
        assert_eq!(info.field("aud"), CLIENT);
    }
}

#[tokio::test]
async fn without_the_brand_its_addresses_are_not_there() {
    let server = Server::start().await;
    assert_eq!(server.get("/ap/oa").await.status, 404);
}
