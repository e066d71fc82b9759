//! The table of brands and ways to sign in of the crate page, row by row: each row is a test of its own.
//!
//! Of every brand: by browser with its key, by browser with nothing but its well-known address, with a personal login token where it gives them out, and
//! what of it stands in a configuration, which must then open a remote that works and renew its token. Of Jottacloud also the legacy way. That the table
//! has no row without a test is a test as well.

use std::{collections::BTreeMap, sync::Arc};

use jotta_api::{
    JottaRemote,
    auth::{BRANDS, Brand, Identity, LoginToken, PasswordOutcome, SignedIn},
};
use remote_core::{
    auth::MemoryTokenStore,
    http::{HttpSettings, Request},
    path::RemotePath,
    remote::Remote as _,
    secret::Secret,
};
use remote_emulator::{
    identity::{
        Brand as EmulatedBrand, Consent, DEFAULT_LOGIN, DEFAULT_LOGIN_PASSWORD, IdentityConfig,
    },
    jotta::JottaConfig,
};
use tests::jotta::{JottaBench, http, url};

/// An emulator that has all known brands, and one that nobody knows.
async fn bench() -> JottaBench {
    let mut identity = IdentityConfig::default();
    identity.settings.consent = Consent::Allow;
    let other = EmulatedBrand::new("other", "Other Cloud", "id.example.org", "other");
    JottaBench::with(JottaConfig::default().identity(identity.brand(other))).await
}

/// Where the page of the service sends a browser.
async fn browse(page: &url::Url) -> url::Url {
    let get = remote_core::http::Method::GET;
    let request = Request::new(get, page.clone(), "page").follow_redirects(false);
    let response = http().send(request).await.unwrap();
    let location = response.header("location").expect("a redirect");
    url(std::str::from_utf8(location).unwrap())
}

async fn by_browser(bench: &JottaBench, brand: &Brand) -> SignedIn {
    let identity = Identity::new(http(), bench.addresses());
    let sign_in = identity.start_browser(brand).await.unwrap();
    let asked: BTreeMap<String, String> = sign_in
        .url()
        .query_pairs()
        .map(|(key, value)| (key.into_owned(), value.into_owned()))
        .collect();
    assert_eq!(asked["client_id"], brand.client_id);
    assert_eq!(asked["scope"], brand.scopes.join(" "));
    assert_eq!(asked["redirect_uri"], "http://localhost:53682/");
    let back = browse(sign_in.url()).await;
    identity.finish_browser(&sign_in, &back).await.unwrap()
}

/// What a sign-in leaves in a configuration opens a remote, whose token is renewed as that brand wants it.
async fn serves(bench: &JottaBench, signed_in: &SignedIn) {
    let mut options: BTreeMap<String, String> = signed_in
        .config_values()
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.expose().to_owned()))
        .collect();
    for key in ["jfs_url", "api_url", "identity_url"] {
        options.insert(key.to_owned(), bench.options()[key].clone());
    }
    let store = MemoryTokenStore::new(signed_in.token.clone());
    let remote = JottaRemote::from_options_with(
        &options,
        RemotePath::root(),
        &HttpSettings::default(),
        Some(Arc::new(store)),
    )
    .unwrap();
    remote.stat(&RemotePath::root()).await.unwrap();
    let before = bench.service().identity().stats().totals.refreshes;
    bench.service().identity().expire_access_tokens();
    remote.stat(&RemotePath::root()).await.unwrap();
    let totals = bench.service().identity().stats().totals;
    assert_eq!(
        (totals.refreshes - before, totals.reuse_detected),
        (1, 0),
        "the client of the sign-in is the one of the renewal"
    );
}

/// A row of the table: client, number of scopes.
async fn row(key: &str, client_id: &str, scopes: usize) {
    let bench = bench().await;
    let brand = Brand::find(key).unwrap();
    assert_eq!(brand.scopes.len(), scopes);
    let traditional = by_browser(&bench, brand).await;
    assert_eq!(traditional.client_id, client_id);
    serves(&bench, &traditional).await;

    let by_address = Brand::of_well_known(&brand.well_known).unwrap();
    let addressed = by_browser(&bench, &by_address).await;
    assert_eq!(addressed.client_id, client_id);
    serves(&bench, &addressed).await;

    let realm = brand.well_known_url().unwrap();
    let realm = realm.path().split('/').nth(3).unwrap();
    let standard = by_login_token(&bench, realm).await;
    serves(&bench, &standard).await;
}

async fn by_login_token(bench: &JottaBench, realm: &str) -> SignedIn {
    let token = bench.service().identity().login_token(realm).unwrap();
    let token = LoginToken::parse(&token).unwrap();
    let identity = Identity::new(http(), bench.addresses());
    let signed_in = identity.sign_in_with_login_token(&token).await.unwrap();
    assert_eq!(signed_in.client_id, "jottacli");
    let token_url = signed_in.token_url.as_ref().unwrap();
    assert!(token_url.path().contains(&format!("/realms/{realm}/")));
    signed_in
}

/// A test for each brand, named after its key, and the list of them.
macro_rules! rows {
    ($($key:ident $client:literal $scopes:literal,)*) => {
        const ROWS: &[&str] = &[$(stringify!($key)),*];
        $(
            #[tokio::test]
            async fn $key() {
                row(stringify!($key), $client, $scopes).await;
            }
        )*
    };
}

rows! {
    jottacloud "desktop" 3,
    elgiganten_dk "desktop" 3,
    elgiganten_se "desktop" 3,
    elkjop "desktop" 3,
    elko "desktop" 3,
    gigantti "desktop" 3,
    letsgo "desktop-win" 2,
    mediamarkt "desktop" 3,
    onlime "desktop" 3,
    phonero "desktop-win" 2,
    tele2 "desktop" 3,
    telia_no "desktop" 3,
    telia_se "desktop" 3,
}

#[test]
fn every_row_of_the_crate_page_has_a_test() {
    let keys: Vec<&str> = BRANDS.iter().map(|brand| brand.key.as_ref()).collect();
    assert_eq!(ROWS, keys);
    let page = include_str!("../../../crates/jotta-api/src/lib.rs");
    let table: Vec<&str> = page
        .lines()
        .skip_while(|line| !line.starts_with("//! | brand | key |"))
        .skip(2)
        .take_while(|line| line.starts_with("//! |"))
        .filter_map(|line| line.split('|').nth(2))
        .flat_map(|keys| keys.split(','))
        .map(|key| key.trim().trim_matches('`'))
        .filter(|key| !key.is_empty())
        .collect();
    assert_eq!(table, ROWS);
}

#[tokio::test]
async fn a_brand_that_nobody_knows_signs_in_by_its_address_alone() {
    let bench = bench().await;
    let address = "https://id.example.org/auth/realms/other/.well-known/openid-configuration";
    let brand = Brand::of_well_known(address).unwrap();
    assert_eq!(
        (brand.client_id.as_ref(), brand.scopes.len()),
        ("desktop", 3)
    );
    let signed_in = by_browser(&bench, &brand).await;
    serves(&bench, &signed_in).await;
    let signed_in = by_login_token(&bench, "other").await;
    serves(&bench, &signed_in).await;
}

#[tokio::test]
async fn jottacloud_by_password_as_old_configurations_do() {
    let bench = bench().await;
    let identity = Identity::new(http(), bench.addresses());
    let registered = identity.register_device().await.unwrap();
    let password = Secret::new(DEFAULT_LOGIN_PASSWORD);
    for device in [None, Some(&registered)] {
        let outcome = identity
            .sign_in_with_password(device, DEFAULT_LOGIN, &password, None)
            .await
            .unwrap();
        let PasswordOutcome::SignedIn(signed_in) = outcome else {
            panic!("a code was asked for")
        };
        assert!(signed_in.is_legacy());
        serves(&bench, &signed_in).await;
    }
    // With a service that looks at the secret of the device.
    bench
        .service()
        .identity()
        .change_settings(|settings| settings.check_legacy_secret = true);
    let outcome = identity
        .sign_in_with_password(Some(&registered), DEFAULT_LOGIN, &password, None)
        .await
        .unwrap();
    let PasswordOutcome::SignedIn(signed_in) = outcome else {
        panic!("a code was asked for")
    };
    serves(&bench, &signed_in).await;
}
