//! What talks to Koofr: credentials of every kind, right and wrong, links, a service that repeats what it was told, settings.

use std::{collections::BTreeMap, sync::Arc, time::SystemTime};

use koofr_api::{
    Client, KoofrRemote,
    auth::{Credentials, oauth::OAuthSession},
    provider::Provider,
};
use remote_core::{
    auth::{MemoryTokenStore, Token},
    http::{HttpClient, HttpSettings, Proxy},
    operation::{LinkOptions, WriteOptions},
    path::RemotePath,
    remote::{Remote as _, RemoteExt as _},
    secret::Secret,
};
use remote_emulator::{
    fault::{Fault, FaultAction},
    koofr::{DEFAULT_CLIENT_ID, KoofrConfig, UserConfig},
};
use tests::{
    koofr::{Bench, client_of, path},
    patience::{client_with, impatient},
    raw::{RawServer, answer},
};

use crate::watch::{
    ALL, CLIENT_SECRET, LINK_PASSWORD, PASSWORD, PROXY, USER, WRONG, check, debug, log, logged,
    shown,
};

async fn bench() -> Bench {
    log();
    Bench::with(KoofrConfig::default().user(UserConfig::new(USER, PASSWORD))).await
}

/// The main operations, and what fails of them.
async fn use_it(remote: &KoofrRemote) -> String {
    let f = path("d/f");
    let mut text = debug(remote) + &debug(remote.client());
    let options = WriteOptions::default;
    for result in [
        remote.write_bytes(&f, "content", options()).await.err(),
        remote.read_bytes(&f, 100).await.err(),
        remote.read_bytes(&path("missing"), 100).await.err(),
        remote.stat(&f).await.err(),
        remote.remove_file(&f).await.err(),
        remote.usage().await.err(),
    ]
    .into_iter()
    .flatten()
    {
        text += &shown(&result);
    }
    text
}

#[tokio::test]
async fn passwords_do_not_show() {
    let bench = bench().await;
    for credentials in [
        Credentials::basic(USER, PASSWORD),
        Credentials::basic(USER, WRONG),
        Credentials::login(USER, PASSWORD),
        Credentials::login(USER, WRONG),
    ] {
        check(&debug(&credentials), ALL, "Debug of credentials");
        let client = bench.client_with(credentials);
        let text = use_it(&KoofrRemote::builder(client).build()).await;
        check(&text, ALL, "what came back");
    }
    assert!(logged().contains("answered"), "something was logged");
    check(&logged(), ALL, "the log");
}

#[tokio::test]
async fn tokens_do_not_show() {
    let bench = bench().await;
    let service = bench.service();
    let login = service.login_token().unwrap();
    let (access, refresh) = service.oauth_tokens().unwrap();
    let provider = Provider::Other(service.url().parse().unwrap());
    let http = HttpClient::new(&HttpSettings::default()).unwrap();
    let mut text = String::new();
    for secret in [CLIENT_SECRET, remote_emulator::koofr::DEFAULT_CLIENT_SECRET] {
        let session = OAuthSession::new(
            http.clone(),
            &provider,
            DEFAULT_CLIENT_ID,
            Some(Secret::new(secret)),
        );
        let token = Token::new(access.as_str())
            .with_refresh_token(refresh.as_str())
            .with_expires(SystemTime::UNIX_EPOCH);
        text += &debug(&token);
        let store = MemoryTokenStore::new(token);
        text += &debug(&store);
        let cache = session.tokens(Arc::new(store));
        text += &(debug(&cache) + &debug(&session));
        let client = bench.client_with(Credentials::OAuth(cache));
        text += &use_it(&KoofrRemote::builder(client).build()).await;
    }
    let client = bench.client_with(Credentials::Token(Secret::new(login.as_str())));
    text += &use_it(&KoofrRemote::builder(client).build()).await;
    let secrets = [
        access.as_str(),
        refresh.as_str(),
        login.as_str(),
        CLIENT_SECRET,
    ];
    check(&text, &secrets, "what came back");
    check(&logged(), &secrets, "the log");
}

#[tokio::test]
async fn links_and_their_passwords_do_not_show() {
    let bench = bench().await;
    let remote = bench.remote();
    let f = path("f");
    remote
        .write_bytes(&f, "content", WriteOptions::default())
        .await
        .unwrap();
    let options = LinkOptions::default().with_password(Secret::new(LINK_PASSWORD));
    let mut text = debug(&options);
    remote.public_link(&f, options.clone()).await.unwrap();
    let mount = remote.mount_id().await.unwrap();
    let links = remote.client().links(mount).await.unwrap();
    text += &debug(&links);
    let direct = remote.client().download_link(mount, "/f").await.unwrap();
    text += &debug(&direct);
    for endpoint in ["links", "links/{id}/password/set"] {
        let failing = Fault::new(FaultAction::status(500)).on(endpoint);
        bench.service().faults().push(failing.always());
        if let Err(error) = remote.public_link(&f, options.clone()).await {
            text += &shown(&error);
        }
        bench.service().faults().clear();
    }
    let secrets = [LINK_PASSWORD, direct.expose()];
    check(&text, &secrets, "what came back");
    check(&logged(), &secrets, "the log");
}

#[tokio::test]
async fn what_a_service_repeats_does_not_bring_back_the_authorization_header() {
    log();
    let header = remote_core::auth::basic(USER, &Secret::new(PASSWORD));
    let location = format!("http://{USER}:{WRONG}@127.0.0.1:1/x?token={WRONG}#{WRONG}");
    let redirect = format!(
        "HTTP/1.1 302 Found\r\nlocation: {location}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    );
    for bytes in [
        redirect.into_bytes(),
        format!(
            "HTTP/1.1 200 OK\r\nx-echo: {}\r\ncontent-length: 2\r\nconnection: close\r\n\r\n[]",
            header.expose()
        )
        .into_bytes(),
        answer(
            "200 OK",
            "application/json",
            format!("{{\"id\": [\"{PASSWORD}\"]}}"),
        ),
    ] {
        let server = RawServer::answering(bytes).await;
        let client = client_with(
            &server.url(),
            Credentials::basic(USER, PASSWORD),
            &impatient(),
        );
        let text = use_it(&KoofrRemote::builder(client).build()).await;
        check(&text, ALL, "what came back");
    }
}

#[tokio::test]
async fn options_do_not_show_their_secrets() {
    let bench = bench().await;
    let good: BTreeMap<String, String> = [
        ("provider", "other"),
        ("endpoint", bench.service().url()),
        ("user", USER),
        ("password", WRONG),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into();
    let remote = KoofrRemote::from_options(&good, RemotePath::root()).unwrap();
    check(&use_it(&remote).await, ALL, "what came back");
    for (key, value) in [
        ("provider", "nonsense"),
        ("endpoint", "nonsense"),
        ("endpoint", &format!("http://u:{WRONG}@h/")),
        ("encoding", "nonsense"),
        ("setmtime", "nonsense"),
        ("auth", "nonsense"),
        ("user", ""),
    ] {
        let mut options = good.clone();
        options.insert(key.to_owned(), value.to_owned());
        if let Err(error) = KoofrRemote::from_options(&options, RemotePath::root()) {
            check(&shown(&error), ALL, key);
        }
    }
}

#[tokio::test]
async fn settings_and_builders_do_not_show_secrets() {
    log();
    let proxy = format!("http://u:{PROXY}@127.0.0.1:1/").parse().unwrap();
    let settings = HttpSettings::default().with_proxy(Proxy::Url(proxy));
    let builder = Client::builder(Provider::Koofr)
        .credentials(Credentials::basic(USER, PASSWORD))
        .http_settings(settings.clone());
    let text = debug(&settings) + &debug(&builder) + &debug(&builder.build().unwrap());
    check(&text, ALL, "Debug");
    let client = client_of("http://127.0.0.1:1", Credentials::basic(USER, PASSWORD));
    let builder = KoofrRemote::builder(client);
    check(&debug(&builder), ALL, "Debug of a builder");
    check(&use_it(&builder.build()).await, ALL, "what came back");
    // Through the proxy that is not there.
    let client = Client::builder(Provider::Koofr)
        .credentials(Credentials::basic(USER, PASSWORD))
        .http_settings(settings)
        .retry_policy(tests::patience::attempts(1))
        .build()
        .unwrap();
    let text = use_it(&KoofrRemote::builder(client).build()).await;
    check(&text, ALL, "what came back");
    check(&logged(), ALL, "the log");
}
