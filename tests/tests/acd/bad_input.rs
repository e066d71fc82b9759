//! What people, other programs and the service get wrong: a typed error each, nothing lost, no loop without end.

use std::{sync::Arc, time::Duration};

use acd_api::{
    Client,
    api::nodes::{NodePatch, NodeQuery},
    auth::{Credentials, SignInApp},
    filter::Filter,
    setup::AcdSetup,
};
use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt as _, stream, stream::BoxStream};
use remote_core::{
    auth::{MemoryTokenStore, Token, TokenStore as _},
    error::{Effect, ErrorKind, Result},
    http::{HttpClient, HttpSettings, Proxy},
    operation::{Change, WriteMode, WriteOptions},
    remote::{Remote as _, RemoteExt as _},
    setup::{Answer, SetupSection, SetupSteps as _, StepOutcome, StepState},
    source::{StreamSource, UploadSource},
};
use remote_emulator::{acd::PlantedNode, identity::Consent};
use tests::acd::{Bench, path, quick, quick_remote};

/// A client of an application with a token that has ended, and the store of the token.
fn client_of(bench: &Bench, app: &SignInApp) -> (Client, Arc<MemoryTokenStore>) {
    let http = HttpClient::new(&HttpSettings::default().with_proxy(Proxy::None)).unwrap();
    let mut token = bench.token();
    token.expires = Some(std::time::SystemTime::UNIX_EPOCH);
    let store = Arc::new(MemoryTokenStore::new(token));
    let tokens = app.tokens(&http, Arc::clone(&store) as Arc<_>);
    let client = Client::builder(Credentials::Tokens(tokens))
        .endpoint_url(bench.service().endpoint_url().parse().unwrap())
        .http_client(http)
        .retry_policy(quick())
        .build()
        .unwrap();
    (client, store)
}

fn renewals(bench: &Bench) -> u64 {
    bench.service().log().count("POST", "identity/token")
}

#[tokio::test]
async fn a_wrong_application_is_told_once_and_its_token_kept() {
    let bench = Bench::start().await;
    let service = bench.service();
    let token_url: url::Url = service.token_url().parse().unwrap();
    for (id, secret) in [
        ("amzn1.somebody-else", service.client_secret()),
        (service.client_id(), "wrong"),
    ] {
        let app = SignInApp::new(id, secret).with_token_url(token_url.clone());
        let (client, store) = client_of(&bench, &app);
        service.log().clear();
        let remote = quick_remote(client).build();
        for _call in 0..3 {
            let error = remote.stat(&path("f")).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Authentication, "{error}");
        }
        assert_eq!(renewals(&bench), 1);
        let kept = store.load().await.unwrap().unwrap();
        assert!(kept.refresh_token.is_some());
    }
}

#[tokio::test]
async fn a_revoked_token_is_presented_once() {
    let bench = Bench::start().await;
    let (client, _store) = client_of(&bench, &bench.app());
    bench.service().identity().revoke_all().unwrap();
    bench.service().log().clear();
    let remote = quick_remote(client).build();
    for _call in 0..3 {
        let error = remote.list_all(&path("")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Authentication);
        assert!(error.help().is_some_and(|help| help.contains("sign in")));
    }
    assert_eq!(renewals(&bench), 1);
}

#[tokio::test]
async fn refused_consent_is_told_and_leaves_no_token() {
    let bench = Bench::start().await;
    let service = bench.service();
    service
        .identity()
        .change_settings(|settings| settings.consent = Consent::Deny);
    let mut section = SetupSection::new("acd", "amazon cloud drive");
    section.set("client_id", service.client_id());
    section.set("client_secret", service.client_secret());
    section.set("auth_url", service.auth_url());
    section.set("token_url", service.token_url());
    let steps = AcdSetup::new(HttpSettings::default().with_proxy(Proxy::None));
    let local = StepState::new("config_is_local");
    let yes = Answer::yes_no(true);
    let begun = steps.step(&mut section, &local, Some(&yes));
    let StepOutcome::Ask { next, .. } = begun.await.unwrap() else {
        panic!("it asks to open an address");
    };
    let back = bench.visit(next.recall(0)).await;
    assert!(back.as_str().contains("error="), "{back}");
    let answer = Answer::text(back.as_str());
    let refused = steps.step(&mut section, &next, Some(&answer)).await;
    let StepOutcome::ShowError { message, next } = refused.unwrap() else {
        panic!("it tells the refusal");
    };
    assert!(message.contains("refused"), "{message}");
    assert_eq!(next.name(), "config_is_local");
    assert!(section.get("token").is_none());
    assert_eq!(renewals(&bench), 0);
}

#[tokio::test]
async fn a_code_is_good_for_one_trade() {
    let bench = Bench::start().await;
    let http = HttpClient::new(&HttpSettings::default().with_proxy(Proxy::None)).unwrap();
    let oauth = bench.app().oauth_client(&http);
    let sign_in = oauth.authorize().unwrap();
    let back = bench.visit(sign_in.url().as_str()).await;
    let code = sign_in.code_from(&back).unwrap();
    let token: Token = oauth.exchange_code(&sign_in, &code).await.unwrap();
    assert!(token.refresh_token.is_some());
    let error = oauth.exchange_code(&sign_in, &code).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication);
}

#[tokio::test]
async fn filters_that_the_service_refuses_are_the_callers_mistake() {
    let bench = Bench::start().await;
    let client = bench.client();
    client.root_node().await.unwrap();
    for filter in [
        "kind:(FILE OR FOLDER)",
        "(kind:FILE OR kind:FOLDER)",
        "nonsense",
        "colour:red",
        "name:\"open",
    ] {
        let query = NodeQuery::new(Filter::raw(filter));
        let (listed, requests) = bench.counted(client.all_nodes(&query)).await;
        assert_eq!(
            listed.unwrap_err().kind(),
            ErrorKind::InvalidInput,
            "{filter}"
        );
        assert_eq!(requests, 1, "{filter}");
    }
}

#[tokio::test]
async fn nothing_is_taken_from_two_things_of_one_name() {
    let bench = Bench::start().await;
    let service = bench.service();
    let root = service.root_id();
    let mut ids = Vec::new();
    for content in ["one", "two"] {
        let file = PlantedNode::file(Some("same"), &[&root], content);
        ids.push(service.plant(file).unwrap());
    }
    service.write("/other", "other").unwrap();
    let remote = bench.remote();
    let same = path("same");
    for error in [
        remote.read_bytes(&same, 100).await.unwrap_err(),
        remote.remove_file(&same).await.unwrap_err(),
        remote
            .write_bytes(&same, "three", WriteOptions::default())
            .await
            .unwrap_err(),
        remote
            .rename(&same, &path("new"), Default::default())
            .await
            .unwrap_err(),
        remote
            .rename(&path("other"), &same, Default::default())
            .await
            .unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
        assert_eq!(error.effect(), Effect::NotMade);
        assert!(error.help().is_some());
    }
    for id in ids {
        let node = service.node(&id).unwrap();
        assert_eq!(
            (node.status, node.name.as_deref()),
            ("AVAILABLE", Some("same"))
        );
    }
    assert_eq!(service.read("/other").unwrap().unwrap(), "other");
    // Given another name by its id, both can be used.
    let id = service.entry("/same").unwrap().id;
    let patch = NodePatch::name("renamed");
    remote.client().update_node(&id, &patch).await.unwrap();
    assert_eq!(bench.remote().list_all(&path("")).await.unwrap().len(), 3);
}

#[tokio::test]
async fn parents_that_are_missing_or_in_a_circle_end_every_walk() {
    let bench = Bench::start().await;
    let service = bench.service();
    let root = service.root_id();
    let outer = service.create_dir("/outer").unwrap();
    let inner = service.create_dir("/outer/inner").unwrap();
    let remote = bench
        .builder()
        .poll_interval(Duration::from_millis(5))
        .build();
    let mut changes = remote.changes(None);
    let Some(Ok(Change::Checkpoint(_))) = changes.next().await else {
        panic!("it begins with a checkpoint");
    };
    // The two folders are in each other and nowhere else, and a file is in a folder that does not exist.
    service.add_parent(&outer, &inner).unwrap();
    service.remove_parent(&outer, &root).unwrap();
    service
        .plant(PlantedNode::file(Some("in circle"), &[&inner], "x"))
        .unwrap();
    service
        .plant(PlantedNode::file(Some("orphan"), &["nowhere"], "x"))
        .unwrap();
    service
        .plant(PlantedNode::file(None, &[&root], "x"))
        .unwrap();
    service.write("/last", "x").unwrap();
    let last = loop {
        match changes.next().await.unwrap().unwrap() {
            Change::Written(at, _) => break at,
            Change::Checkpoint(_) | Change::Removed(_) | Change::Rescan(_) => {}
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(last, path("last"));
    let listed = bench.remote().list_all(&path("")).await.unwrap();
    assert_eq!(listed.len(), 1);
}

/// Says that it is large, and is never asked for its bytes.
#[derive(Debug)]
struct Large(u64);

#[async_trait]
impl UploadSource for Large {
    fn size(&self) -> Option<u64> {
        Some(self.0)
    }

    async fn open(&self, _offset: u64) -> Result<BoxStream<'static, Result<Bytes>>> {
        panic!("nothing of it must be sent")
    }
}

#[tokio::test]
async fn files_beyond_the_limit_are_refused_before_anything_is_sent() {
    let bench = Bench::start().await;
    let remote = bench.remote();
    let limit = remote.capabilities().max_file_bytes.unwrap();
    assert_eq!(limit, 50_000 << 20);
    let at = path("f");
    let write = remote.write(&at, Arc::new(Large(limit + 1)), WriteOptions::default());
    let (written, requests) = bench.counted(write).await;
    let error = written.unwrap_err();
    assert_eq!(
        (error.kind(), error.effect(), requests),
        (ErrorKind::TooLarge, Effect::NotMade, 0)
    );

    // The same where only the bytes themselves tell how many they are.
    let remote = bench.builder().max_file_bytes(10).build();
    for (pieces, fits) in [
        (vec!["12345", "67890"], true),
        (vec!["12345", "678901"], false),
    ] {
        let pieces = pieces.into_iter().map(|piece| Ok(Bytes::from(piece)));
        let source = StreamSource::once(stream::iter(pieces.collect::<Vec<_>>()), None);
        let at = path("g");
        let write = remote.write(&at, Arc::new(source), WriteOptions::default());
        match write.await {
            Ok(entry) => assert!(fits && entry.size == Some(10)),
            Err(error) => {
                assert!(!fits);
                assert_eq!(
                    (error.kind(), error.effect()),
                    (ErrorKind::TooLarge, Effect::NotMade)
                );
            }
        }
    }
    assert_eq!(bench.service().read("/g").unwrap().unwrap(), "1234567890");
}

// The service takes all bytes and says nothing about them but that it gave up waiting.
#[tokio::test]
async fn a_file_that_never_appears_ends_in_an_error_that_says_unknown() {
    let bench = Bench::with_settings(|settings| settings.max_file_size = 10).await;
    let remote = bench.builder().max_file_bytes(None).build();
    for mode in [WriteMode::Overwrite, WriteMode::CreateNew] {
        let options = WriteOptions::default().with_mode(mode);
        let (written, requests) = bench
            .counted(remote.write_bytes(&path("f"), "12345678901", options))
            .await;
        let error = written.unwrap_err();
        assert_eq!(
            (error.kind(), error.effect()),
            (ErrorKind::Service, Effect::Unknown)
        );
        assert!(requests < 100, "{requests}");
    }
    assert!(bench.service().entry("/f").is_none());
}
