//! Signing in, with everything that can be wrong about it.
//!
//! Cases:
//!
//! * a wrong password is presented once, also by many calls at the same time and by calls that follow; for uploads as well;
//! * a locked sign-in (429 with the service's text) is told as such, and never repeated;
//! * a token in place of the password: one exchange, one renewal and one repetition after it ends, none after the password is wrong;
//! * OAuth: one refresh for many calls, before the token ends and after it is refused; a refresh that is refused; a service that names
//!   another server;
//! * a password that is revoked while it is used;
//! * an unknown storage, one that is not connected, a second storage by id and by name.
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, SystemTime},
};

use futures::future::join_all;
use koofr_api::{
    KoofrRemote,
    auth::{Credentials, oauth::OAuthSession},
    provider::Provider,
};
use remote_core::{
    auth::{MemoryTokenStore, Token, TokenStore as _},
    error::{ErrorKind, report},
    http::{HttpClient, HttpSettings},
    operation::WriteOptions,
    path::RemotePath,
    remote::{Remote as _, RemoteExt as _},
    secret::Secret,
};
use remote_emulator::{
    fault::{Fault, FaultAction, FaultAnswer},
    koofr::{DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET, KoofrConfig, KoofrSettings, MountConfig},
};
use tests::koofr::{Bench, path};

fn remote_with(bench: &Bench, credentials: Credentials) -> KoofrRemote {
    KoofrRemote::builder(bench.client_with(credentials)).build()
}

fn wrong(bench: &Bench) -> KoofrRemote {
    remote_with(bench, Credentials::basic(bench.service().user(), "wrong"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_presented_once() {
    let bench = Bench::start().await;
    let remote = wrong(&bench);
    let calls = (0..16).map(|index| {
        let remote = remote.clone();
        async move {
            let to = path(&format!("d{index}/f"));
            match index % 3 {
                0 => remote.stat(&to).await.map(|_| ()),
                1 => remote
                    .write_bytes(&to, "x", WriteOptions::default())
                    .await
                    .map(|_| ()),
                _ => remote.create_dir(&to).await,
            }
        }
    });
    for result in join_all(calls).await {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Authentication);
        assert!(report(&error).contains("application password"));
    }
    assert_eq!(bench.requests(), 1);
    // Nor later.
    assert!(remote.stat(&path("f")).await.is_err());
    assert_eq!(bench.requests(), 1);
}

#[tokio::test]
async fn a_locked_sign_in_is_told_and_not_repeated() {
    let settings = {
        let mut settings = KoofrSettings::default();
        settings.lockout_after = Some(1);
        settings
    };
    let bench = Bench::with(KoofrConfig::default().settings(settings)).await;
    assert!(wrong(&bench).stat(&path("f")).await.is_err());
    let (error, requests) = bench.counted(bench.remote().stat(&path("f"))).await;
    let error = error.unwrap_err();
    assert_eq!((error.kind(), requests), (ErrorKind::LoginLocked, 1));
    assert!(error.is_fatal() && error.help().unwrap().contains("wait"));
    // The lock ends by itself, and then the right password works with the same remote.
    let remote = bench.remote();
    assert!(remote.stat(&RemotePath::root()).await.is_err());
    bench.service().clock().advance(Duration::from_secs(3600));
    remote.stat(&RemotePath::root()).await.unwrap();
}

#[tokio::test]
async fn a_password_that_is_revoked_while_it_is_used_is_not_presented_on() {
    let bench = Bench::start().await;
    let remote = bench.remote();
    remote.stat(&RemotePath::root()).await.unwrap();
    let password = bench.service().password();
    bench.service().revoke_app_password(&password).unwrap();
    let (results, requests) = bench
        .counted(async {
            let mut kinds = Vec::new();
            for _ in 0..5 {
                kinds.push(remote.stat(&path("f")).await.unwrap_err().kind());
            }
            kinds
        })
        .await;
    assert_eq!(results, [ErrorKind::Authentication; 5]);
    assert_eq!(requests, 1);
}

fn login(bench: &Bench) -> KoofrRemote {
    let service = bench.service();
    remote_with(
        bench,
        Credentials::login(service.user(), service.password()),
    )
}

fn exchanges(bench: &Bench) -> u64 {
    bench.service().log().count("POST", "token")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_exchanged_for_one_token() {
    let bench = Bench::start().await;
    let remote = login(&bench);
    let root = RemotePath::root();
    let calls = (0..16).map(|_| remote.stat(&root));
    for result in join_all(calls).await {
        result.unwrap();
    }
    assert_eq!(exchanges(&bench), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_ends_is_replaced_once() {
    let bench = Bench::start().await;
    let remote = login(&bench);
    remote.stat(&RemotePath::root()).await.unwrap();
    bench.service().expire_tokens();
    let root = RemotePath::root();
    let calls = (0..16).map(|_| remote.stat(&root));
    for result in join_all(calls).await {
        result.unwrap();
    }
    assert_eq!(exchanges(&bench), 2);

    // An upload, whose body has to be sent again.
    bench.service().expire_tokens();
    remote
        .write_bytes(&path("f"), "hello", WriteOptions::default())
        .await
        .unwrap();
    assert_eq!(exchanges(&bench), 3);
    let stored = bench.service().read("primary", "/f").unwrap().unwrap();
    assert_eq!(stored, "hello");
}

#[tokio::test]
async fn a_token_that_is_refused_again_and_again_is_not_replaced_for_ever() {
    let bench = Bench::start().await;
    let remote = login(&bench);
    remote.stat(&RemotePath::root()).await.unwrap();
    let refused = Fault::new(FaultAction::status(401)).on("files/info");
    bench.service().faults().push(refused.always());
    let (error, requests) = bench.counted(remote.stat(&path("f"))).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Authentication);
    assert_eq!(requests, 3);
}

#[tokio::test]
async fn a_wrong_password_is_exchanged_once() {
    let bench = Bench::start().await;
    let remote = remote_with(&bench, Credentials::login(bench.service().user(), "wrong"));
    for _ in 0..3 {
        let error = remote.stat(&path("f")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Authentication);
    }
    assert_eq!(bench.requests(), 1);
}

#[tokio::test]
async fn the_option_auth_selects_tokens() {
    let bench = Bench::start().await;
    let options = BTreeMap::from([
        ("provider".to_owned(), "other".to_owned()),
        ("endpoint".to_owned(), bench.service().url().to_owned()),
        ("user".to_owned(), bench.service().user()),
        ("password".to_owned(), bench.service().password()),
        ("auth".to_owned(), "token".to_owned()),
    ]);
    let remote = KoofrRemote::from_options(&options, RemotePath::root()).unwrap();
    remote.stat(&RemotePath::root()).await.unwrap();
    assert_eq!(exchanges(&bench), 1);
    let requests = bench.service().requests();
    let last = requests.last().unwrap().header("authorization").unwrap();
    assert!(last.starts_with("Token "), "{last}");
}

/// A remote that signs in by OAuth, and the session behind it.
fn oauth(bench: &Bench, expires: SystemTime) -> (KoofrRemote, MemoryTokenStore) {
    let (access, refresh) = bench.service().oauth_tokens().unwrap();
    let token = Token::new(access)
        .with_refresh_token(refresh)
        .with_expires(expires);
    let store = MemoryTokenStore::new(token);
    let provider = Provider::Other(bench.service().url().parse().unwrap());
    let session = OAuthSession::new(
        HttpClient::new(&HttpSettings::default()).unwrap(),
        &provider,
        DEFAULT_CLIENT_ID,
        Some(Secret::new(DEFAULT_CLIENT_SECRET)),
    );
    let credentials = Credentials::OAuth(session.tokens(Arc::new(store.clone())));
    let client = koofr_api::Client::builder(provider)
        .credentials(credentials)
        .server_hint(session.server())
        .build()
        .unwrap();
    (KoofrRemote::builder(client).build(), store)
}

fn refreshes(bench: &Bench) -> u64 {
    bench.service().log().count("POST", "oauth2/token")
}

fn in_an_hour() -> SystemTime {
    SystemTime::now() + Duration::from_secs(3600)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_token_that_has_ended_is_refreshed_once_for_all() {
    let bench = Bench::start().await;
    let (remote, store) = oauth(&bench, SystemTime::UNIX_EPOCH);
    let before = store.load().await.unwrap().unwrap().access_token;
    let root = RemotePath::root();
    for result in join_all((0..32).map(|_| remote.stat(&root))).await {
        result.unwrap();
    }
    assert_eq!(refreshes(&bench), 1);
    assert_ne!(store.load().await.unwrap().unwrap().access_token, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_token_that_is_refused_is_refreshed_once_for_all() {
    let bench = Bench::start().await;
    let (remote, _store) = oauth(&bench, in_an_hour());
    remote.stat(&RemotePath::root()).await.unwrap();
    bench.service().expire_tokens();
    let root = RemotePath::root();
    for result in join_all((0..32).map(|_| remote.stat(&root))).await {
        result.unwrap();
    }
    assert_eq!(refreshes(&bench), 1);
    bench.service().expire_tokens();
    let options = WriteOptions::default();
    remote.write_bytes(&path("f"), "x", options).await.unwrap();
    assert_eq!(refreshes(&bench), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_that_is_refused_asks_to_sign_in_again() {
    let bench = Bench::start().await;
    let (remote, _store) = oauth(&bench, SystemTime::UNIX_EPOCH);
    bench.service().revoke_tokens();
    let root = RemotePath::root();
    for result in join_all((0..8).map(|_| remote.stat(&root))).await {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Authentication);
    }
    // Once for each call at most, and never repeated within a call.
    assert!(refreshes(&bench) <= 8);
}

#[tokio::test]
async fn a_server_that_is_not_the_same_service_gets_no_token() {
    for named in ["http://127.0.0.1:9", "https://evil.example"] {
        let mut settings = KoofrSettings::default();
        settings.oauth_server = Some(named.to_owned());
        let bench = Bench::with(KoofrConfig::default().settings(settings)).await;
        let (remote, _store) = oauth(&bench, SystemTime::UNIX_EPOCH);
        remote.stat(&RemotePath::root()).await.unwrap();
        assert_eq!(refreshes(&bench), 1, "{named}");
    }
}

#[tokio::test]
async fn a_server_that_is_the_same_service_gets_the_requests() {
    let at_home = Bench::start().await;
    let mut settings = KoofrSettings::default();
    // The same machine by another name of it; hosts that are trusted besides the endpoint's are named by the application.
    settings.oauth_server = Some(at_home.service().url().replace("127.0.0.1", "localhost"));
    let bench = Bench::with(KoofrConfig::default().settings(settings)).await;
    let (access, refresh) = bench.service().oauth_tokens().unwrap();
    let token = Token::new(access)
        .with_refresh_token(refresh)
        .with_expires(SystemTime::UNIX_EPOCH);
    let provider = Provider::Other(bench.service().url().parse().unwrap());
    let session = OAuthSession::new(
        HttpClient::new(&HttpSettings::default()).unwrap(),
        &provider,
        DEFAULT_CLIENT_ID,
        Some(Secret::new(DEFAULT_CLIENT_SECRET)),
    )
    .with_trusted_host("localhost");
    let client = koofr_api::Client::builder(provider)
        .credentials(Credentials::OAuth(
            session.tokens(Arc::new(MemoryTokenStore::new(token))),
        ))
        .server_hint(session.server())
        .build()
        .unwrap();
    // The other emulator does not know the token, which shows that it was asked.
    let error = client.user().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication);
    assert!(at_home.requests() > 0);
    assert_eq!(bench.service().log().count("GET", "user"), 0);
}

#[tokio::test]
async fn a_storage_is_found_by_id_and_by_name() {
    let bench = Bench::with(KoofrConfig::default().mount(MountConfig::new("Second"))).await;
    let service = bench.service();
    service.write("Second", "/f", "there").unwrap();
    let id = service.mount_id("Second").unwrap();
    for mount in [id.as_str(), "Second"] {
        let remote = KoofrRemote::builder(bench.client()).mount(mount).build();
        assert_eq!(remote.read_bytes(&path("f"), 10).await.unwrap(), "there");
        assert_eq!(remote.mount_id().await.unwrap(), id);
    }
    let remote = KoofrRemote::builder(bench.client()).mount("Third").build();
    let error = remote.stat(&path("f")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let text = report(&error);
    assert!(
        text.contains("no mount") && text.contains("Second"),
        "{text}"
    );
}

#[tokio::test]
async fn a_storage_that_is_not_connected_is_told_at_the_first_use() {
    let laptop = MountConfig::new("Laptop").online(false);
    let bench = Bench::with(KoofrConfig::default().mount(laptop)).await;
    let remote = KoofrRemote::builder(bench.client()).mount("Laptop").build();
    let error = remote.stat(&path("f")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StorageOffline);
    assert!(report(&error).contains("Laptop"), "{}", report(&error));
    // It is asked for again, since it may have come back.
    bench.service().set_online("Laptop", true).unwrap();
    remote.stat(&RemotePath::root()).await.unwrap();
}

#[tokio::test]
async fn other_failures_of_the_first_call_do_not_spoil_the_credentials() {
    let bench = Bench::start().await;
    let remote = bench.remote();
    let failing = FaultAction::Answer(FaultAnswer::new(500));
    bench.service().faults().push(Fault::new(failing).always());
    let error = remote.stat(&RemotePath::root()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Service);
    bench.service().faults().clear();
    remote.stat(&RemotePath::root()).await.unwrap();
}
