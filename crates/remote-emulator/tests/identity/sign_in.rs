use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use remote_emulator::identity::{
    Consent, DEFAULT_LOGIN, DEFAULT_LOGIN_PASSWORD, IdentityConfig, IdentitySettings, Redirects,
};
use std::time::Duration;

use crate::client::{AUTH, Response, Server, TOKEN, claims, decode_login_token, encode};

const REDIRECT: &str = "http://localhost:53682/";

async fn use_login_token(server: &Server, token: &str, scope: &str) -> Response {
    let token = decode_login_token(token);
    let text = |name: &str| token[name].as_str().unwrap().to_owned();
    let well_known = text("well_known_link");
    let path = well_known.strip_prefix(server.identity().url()).unwrap();
    assert_eq!(server.get(path).await.status, 200);
    let fields = [
        ("client_id", "jottacli"),
        ("grant_type", "password"),
        ("username", &text("username")),
        ("password", &text("auth_token")),
        ("scope", scope),
    ];
    server.form(TOKEN, &fields).await
}

#[tokio::test]
async fn a_login_token_is_good_for_one_use() {
    let server = Server::start().await;
    let token = server.identity().login_token("jottacloud").unwrap();
    let first = use_login_token(&server, &token, "openid offline_access").await;
    assert_eq!(first.status, 200);
    assert_eq!(first.field("scope"), "openid offline_access");
    assert_eq!(claims(&first.field("id_token"))["email"], DEFAULT_LOGIN);
    assert_eq!(
        server.bearer(&first.field("access_token")).await.status,
        200
    );
    let second = use_login_token(&server, &token, "openid offline_access").await;
    assert_eq!(
        second.outcome(),
        "401 invalid_grant Invalid user credentials"
    );
    let totals = server.identity().stats().totals;
    assert_eq!((totals.sign_ins, totals.refused_grants), (1, 1));
}

#[tokio::test]
async fn a_literal_plus_between_scopes_signs_in_without_openid() {
    let server = Server::start().await;
    let token = server.identity().login_token("jottacloud").unwrap();
    let answer = use_login_token(&server, &token, "openid+offline_access").await;
    assert_eq!(answer.status, 200);
    assert!(answer.json().get("id_token").is_none());
}

#[tokio::test]
async fn login_tokens_end_and_may_need_discovery() {
    let mut settings = IdentitySettings::default();
    settings.login_token_lifetime = Some(Duration::from_secs(60));
    settings.require_discovery = true;
    settings.refused_login_status = 400;
    let server = Server::with(IdentityConfig::default().settings(settings)).await;
    let secret = |token: &str| {
        decode_login_token(token)["auth_token"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let direct = server.identity().login_token("jottacloud").unwrap();
    let fields = [
        ("client_id", "jottacli"),
        ("grant_type", "password"),
        ("username", DEFAULT_LOGIN),
        ("password", &secret(&direct)),
    ];
    assert_eq!(server.form(TOKEN, &fields).await.status, 400);
    assert_eq!(
        use_login_token(&server, &direct, "openid").await.status,
        200
    );
    let late = server.identity().login_token("jottacloud").unwrap();
    server.emulator.clock().advance(Duration::from_secs(60));
    assert_eq!(use_login_token(&server, &late, "openid").await.status, 400);
}

fn page(client: &str, extra: &[(&str, &str)]) -> String {
    let mut fields = vec![
        ("client_id", client),
        ("redirect_uri", REDIRECT),
        ("response_type", "code"),
        ("state", "st&ate"),
        ("access_type", "offline"),
    ];
    if !extra.iter().any(|(name, _)| *name == "scope") {
        fields.push(("scope", "openid jotta-default offline_access"));
    }
    fields.extend_from_slice(extra);
    format!("{AUTH}?{}", encode(&fields))
}

/// The parameters of the address a browser is sent to.
fn sent_back(answer: &Response) -> Vec<(String, String)> {
    assert_eq!(answer.status, 302, "{answer:?}");
    let location = answer.header("location").to_owned();
    let query = location.strip_prefix("http://localhost:53682/?").unwrap();
    let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap());
    pairs
        .map(|(name, value)| {
            let value = percent_encoding::percent_decode_str(value);
            (name.to_owned(), value.decode_utf8().unwrap().into_owned())
        })
        .collect()
}

fn value(pairs: &[(String, String)], name: &str) -> String {
    let found = pairs.iter().find(|(key, _)| key == name);
    found.map(|(_, value)| value.clone()).unwrap_or_default()
}

async fn exchange(server: &Server, code: &str, extra: &[(&str, &str)]) -> Response {
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT),
        ("client_id", "desktop"),
    ];
    fields.extend_from_slice(extra);
    server.form(TOKEN, &fields).await
}

const RIGHT: [(&str, &str); 3] = [
    ("username", DEFAULT_LOGIN),
    ("password", DEFAULT_LOGIN_PASSWORD),
    ("consent", "allow"),
];

#[tokio::test]
async fn a_person_signs_in_on_the_page_and_the_code_is_good_for_one_use() {
    let server = Server::start().await;
    let target = page("desktop", &[]);
    let form = server.get(&target).await;
    assert_eq!(form.status, 200);
    assert!(form.header("content-type").starts_with("text/html"));
    let action = format!("action=\"{}\"", target.replace('&', "&amp;"));
    assert!(form.text.contains(&action), "{}", form.text);

    let wrong = [RIGHT[0], ("password", "<wrong>"), RIGHT[2]];
    let again = server.form(&target, &wrong).await;
    assert_eq!(again.status, 200);
    assert!(again.text.contains("Invalid username or password."));
    assert!(!again.text.contains("<wrong>"));

    let back = sent_back(&server.form(&target, &RIGHT).await);
    assert_eq!(value(&back, "state"), "st&ate");
    let code = value(&back, "code");
    let answer = exchange(&server, &code, &[]).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.field("scope"), "openid jotta-default offline_access");
    assert_eq!(
        exchange(&server, &code, &[]).await.outcome(),
        "400 invalid_grant Code not valid"
    );
}

#[tokio::test]
async fn a_person_may_refuse() {
    let server = Server::start().await;
    let target = page("desktop", &[]);
    let back = sent_back(&server.form(&target, &[("consent", "deny")]).await);
    assert_eq!(value(&back, "error"), "access_denied");
    assert_eq!(value(&back, "state"), "st&ate");
    server
        .identity()
        .change_settings(|settings| settings.consent = Consent::Deny);
    let back = sent_back(&server.get(&target).await);
    assert_eq!(value(&back, "error"), "access_denied");
    server
        .identity()
        .change_settings(|settings| settings.consent = Consent::Allow);
    assert!(!value(&sent_back(&server.get(&target).await), "code").is_empty());
}

#[tokio::test]
async fn wrong_clients_and_redirects_never_send_the_browser_anywhere() {
    let server = Server::start().await;
    let stranger = server.get(&page("stranger", &[])).await;
    assert_eq!((stranger.status, stranger.header("location")), (400, ""));
    let evil = page("desktop", &[]).replace("localhost", "example");
    let evil = server.get(&evil).await;
    assert_eq!((evil.status, evil.header("location")), (400, ""));
    server
        .identity()
        .change_settings(|settings| settings.redirects = Redirects::Registered);
    let other_port = page("desktop", &[]).replace("53682", "53683");
    assert_eq!(server.get(&other_port).await.status, 400);
    assert_eq!(server.get(&page("desktop", &[])).await.status, 200);
}

#[tokio::test]
async fn two_brands_refuse_the_usual_client_and_scope() {
    let server = Server::start().await;
    for realm in ["letsgo", "phonero"] {
        let at = |client: &str, scope: &str| {
            page(client, &[("scope", scope)])
                .replace("realms/jottacloud", &format!("realms/{realm}"))
        };
        assert_eq!(server.get(&at("desktop", "openid")).await.status, 400);
        let scope = "openid jotta-default offline_access";
        let refused = sent_back(&server.get(&at("desktop-win", scope)).await);
        assert_eq!(value(&refused, "error"), "invalid_scope");
        let good = at("desktop-win", "openid offline_access");
        assert_eq!(server.get(&good).await.status, 200);
    }
}

#[tokio::test]
async fn a_code_belongs_to_its_client_redirect_and_proof() {
    let server = Server::start().await;
    server
        .identity()
        .change_settings(|settings| settings.consent = Consent::Allow);
    // The example of RFC 7636.
    let challenge = URL_SAFE_NO_PAD.encode([
        19, 211, 30, 150, 26, 26, 216, 236, 47, 22, 177, 12, 76, 152, 46, 8, 118, 168, 120, 173,
        109, 241, 68, 86, 110, 225, 137, 74, 203, 112, 249, 195,
    ]);
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let proof = [
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    let code = value(
        &sent_back(&server.get(&page("desktop", &proof)).await),
        "code",
    );
    for (extra, word) in [(vec![], "PKCE"), (vec![("code_verifier", "x")], "PKCE")] {
        let refused = exchange(&server, &code, &extra).await;
        assert!(refused.outcome().contains(word), "{refused:?}");
    }
    let right = [("code_verifier", verifier)];
    assert_eq!(exchange(&server, &code, &right).await.status, 200);

    let code = value(&sent_back(&server.get(&page("desktop", &[])).await), "code");
    let fields = |client: &'static str, redirect: &'static str| {
        [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", redirect),
            ("client_id", client),
        ]
    };
    let other = server.form(TOKEN, &fields("jottacli", REDIRECT)).await;
    assert_eq!(other.field("error"), "invalid_grant");
    let other = server
        .form(TOKEN, &fields("desktop", "http://localhost/"))
        .await;
    assert_eq!(other.field("error"), "invalid_grant");
    server.emulator.clock().advance(Duration::from_secs(600));
    assert_eq!(exchange(&server, &code, &[]).await.status, 400);
}

#[tokio::test]
async fn one_session_per_client_ends_the_earlier_one() {
    let server = Server::start().await;
    server.identity().change_settings(|settings| {
        settings.consent = Consent::Allow;
        settings.one_session_per_client = true;
    });
    for _ in 0..2 {
        let code = value(&sent_back(&server.get(&page("desktop", &[])).await), "code");
        assert_eq!(exchange(&server, &code, &[]).await.status, 200);
    }
    let families = server.identity().stats().families;
    let alive: Vec<_> = families.iter().map(|family| family.alive).collect();
    assert_eq!(alive, [false, true]);
}
