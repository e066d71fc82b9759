//! How often is tried to reach a service that cannot be reached: a few times if it has never been, as often as anything else once it was.

use std::time::Duration;

use koofr_api::{Client, KoofrRemote, auth::Credentials, provider::Provider};
use remote_core::{
    error::{ErrorKind, Result},
    operation::{ListOptions, WriteOptions},
    path::RemotePath,
    remote::{Remote as _, RemoteExt as _},
    retry::{DEFAULT_MAX_ATTEMPTS, DEFAULT_MAX_CONTACT_ATTEMPTS, RetryPolicy},
};
use tests::koofr::{Bench, path};

/// The default, but for delays that are too short to wait for.
fn hurried() -> RetryPolicy {
    RetryPolicy::default()
        .with_base_delay(Duration::from_millis(1))
        .with_max_delay(Duration::from_millis(2))
}

fn remote(url: &str, credentials: Credentials, policy: RetryPolicy) -> KoofrRemote {
    let client = Client::builder(Provider::Other(url.parse().unwrap()))
        .credentials(credentials)
        .retry_policy(policy)
        .build()
        .unwrap();
    KoofrRemote::builder(client).build()
}

/// An address at which nobody listens.
fn nobody() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

async fn attempts_of(remote: &KoofrRemote, call: impl Future<Output = Result<()>>) -> u64 {
    let before = remote.request_count();
    let error = call.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport, "{error:?}");
    assert!(error.help().is_some_and(|help| help.contains("address")));
    remote.request_count() - before
}

#[tokio::test]
async fn an_address_where_nobody_listens_is_tried_a_few_times_by_every_call() {
    let credentials = || Credentials::basic("ann@example.org", "secret");
    let remote = remote(&nobody(), credentials(), hurried());
    let few = u64::from(DEFAULT_MAX_CONTACT_ATTEMPTS);
    let (file, root) = (path("f"), RemotePath::root());
    let stat = async { remote.stat(&file).await.map(drop) };
    assert_eq!(attempts_of(&remote, stat).await, few);
    let options = WriteOptions::default();
    let write = async { remote.write_bytes(&file, "x", options).await.map(drop) };
    assert_eq!(attempts_of(&remote, write).await, few);
    let list = async {
        let entries = remote.list(&root, ListOptions::default());
        futures::TryStreamExt::try_collect::<Vec<_>>(entries)
            .await
            .map(drop)
    };
    assert_eq!(attempts_of(&remote, list).await, few);
}

#[tokio::test]
async fn whoever_waits_for_a_network_tries_as_often_as_they_like() {
    for (policy, expected) in [
        (
            hurried().with_max_contact_attempts(DEFAULT_MAX_ATTEMPTS),
            u64::from(DEFAULT_MAX_ATTEMPTS),
        ),
        (hurried().with_max_contact_attempts(0), 1),
        (hurried().with_max_attempts(2), 2),
    ] {
        let remote = remote(&nobody(), Credentials::basic("u", "p"), policy);
        let stat = async { remote.stat(&path("f")).await.map(drop) };
        assert_eq!(attempts_of(&remote, stat).await, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_has_answered_before_is_waited_for() {
    let bench = Bench::start().await;
    let service = bench.service();
    let credentials = Credentials::basic(service.user(), service.password());
    let remote = remote(service.url(), credentials, hurried());
    remote.stat(&RemotePath::root()).await.unwrap();
    drop(bench);
    let error = remote.stat(&RemotePath::root()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.attempts()),
        (ErrorKind::Transport, DEFAULT_MAX_ATTEMPTS)
    );
}
