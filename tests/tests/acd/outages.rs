//! A service that is down for good: every call ends after as many attempts as the policy allows, however many requests it is made of.

use std::{sync::Arc, time::Duration};

use acd_api::{AcdRemote, Client, auth::Credentials, builder::DEFAULT_BASE_DELAY};
use futures::{FutureExt as _, future::BoxFuture};
use remote_core::{
    auth::{MemoryTokenStore, TokenCache},
    error::{ErrorKind, Result},
    http::{HttpClient, HttpSettings, Proxy},
    operation::{ReadOptions, RenameOptions, TargetMode, WriteOptions},
    remote::{Remote as _, RemoteExt as _},
    retry::{Pacer, Retry, RetryPolicy},
};
use remote_emulator::fault::{Fault, FaultAction};
use tests::acd::{Bench, path, quick};

type Operation = fn(AcdRemote) -> BoxFuture<'static, Result<()>>;

const OPERATIONS: [(&str, Operation); 12] = [
    ("stat", |remote| {
        async move { remote.stat(&path("d/f")).await.map(drop) }.boxed()
    }),
    ("list", |remote| {
        async move { remote.list_all(&path("d")).await.map(drop) }.boxed()
    }),
    ("read", |remote| {
        async move { remote.read_bytes(&path("d/f"), 100).await.map(drop) }.boxed()
    }),
    ("read part", |remote| {
        async move {
            let part = ReadOptions::default().with_range(1..2);
            let download = remote.read(&path("d/f"), part).await?;
            download.bytes(100).await.map(drop)
        }
        .boxed()
    }),
    ("write new", |remote| write(remote, "d/new")),
    ("write over", |remote| write(remote, "d/f")),
    ("write into an unknown folder", |remote| {
        write(remote, "unknown/new")
    }),
    ("make folders", |remote| {
        async move { remote.create_dir(&path("d/x/y")).await }.boxed()
    }),
    ("remove", |remote| {
        async move { remote.remove_file(&path("d/f")).await.map(drop) }.boxed()
    }),
    ("remove tree", |remote| {
        async move { remote.remove_dir_all(&path("d")).await.map(drop) }.boxed()
    }),
    ("rename", |remote| {
        async move {
            let options = RenameOptions::default().with_target(TargetMode::Replace);
            let (from, to) = (path("d/f"), path("d/g"));
            remote.rename(&from, &to, options).await.map(drop)
        }
        .boxed()
    }),
    ("usage", |remote| {
        async move { remote.usage().await.map(drop) }.boxed()
    }),
];

fn write(remote: AcdRemote, to: &'static str) -> BoxFuture<'static, Result<()>> {
    async move {
        let to = path(to);
        let written = remote.write_bytes(&to, "content", WriteOptions::default());
        written.await.map(drop)
    }
    .boxed()
}

/// A drive, and a remote that knows it or has not been used yet.
async fn scene(is_known: bool) -> (Bench, AcdRemote) {
    let bench = Bench::start().await;
    for file in ["/d/f", "/d/g", "/unknown/old"] {
        bench.service().write(file, "old").unwrap();
    }
    // Whoever waits for a file looks more often.
    let remote = bench.builder().upload_wait_per_gb(Duration::ZERO).build();
    if is_known {
        for dir in ["", "d"] {
            remote.list_all(&path(dir)).await.unwrap();
        }
    }
    (bench, remote)
}

/// One attempt that changes something, as many looks for what became of it, and what was asked for before.
fn most() -> u64 {
    u64::from(quick().max_attempts) + 2
}

#[tokio::test]
async fn attempts_do_not_multiply_while_every_request_fails() {
    for is_known in [false, true] {
        for (what, operation) in OPERATIONS {
            let (bench, remote) = scene(is_known).await;
            // Not 503, which slows everything down.
            let failing = Fault::new(FaultAction::status(500)).always();
            bench.service().faults().push(failing);
            let (outcome, requests) = bench.counted(operation(remote)).await;
            let error = outcome.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Service, "{what}");
            assert!(
                requests <= most(),
                "{what}, {is_known}: {requests} requests"
            );
        }
    }
}

#[tokio::test]
async fn attempts_do_not_multiply_when_the_service_is_gone() {
    for (what, operation) in OPERATIONS {
        let (bench, remote) = scene(true).await;
        drop(bench);
        let before = remote.request_count();
        let error = operation(remote.clone()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Transport, "{what}");
        let requests = remote.request_count() - before;
        assert!(requests <= most(), "{what}: {requests} requests");
    }
}

#[tokio::test]
async fn a_sign_in_that_fails_is_not_tried_again_for_each_attempt_of_a_call() {
    let bench = Bench::start().await;
    let http = HttpClient::new(&HttpSettings::default().with_proxy(Proxy::None)).unwrap();
    let oauth = bench.app().oauth_client(&http);
    let oauth = oauth.with_retry(Retry::new(quick(), Pacer::new()));
    let store = Arc::new(MemoryTokenStore::new(bench.token()));
    let tokens = TokenCache::new(store, Arc::new(oauth));
    let client = Client::builder(Credentials::Tokens(tokens))
        .endpoint_url(bench.service().endpoint_url().parse().unwrap())
        .http_client(http)
        .retry_policy(quick())
        .build()
        .unwrap();
    client.quota().await.unwrap();
    bench.service().clock().advance(Duration::from_secs(4000));
    let failing = Fault::new(FaultAction::status(500)).on("identity/token");
    bench.service().faults().push(failing.always());
    let (outcome, _) = bench.counted(client.quota()).await;
    outcome.unwrap_err();
    let renewals = bench.service().log().count("POST", "identity/token");
    assert_eq!(renewals, u64::from(quick().max_attempts));
}

/// Somebody who watches is told within a few minutes, whatever was asked for.
#[test]
fn the_pauses_between_all_attempts_add_up_to_a_few_minutes() {
    let policy = RetryPolicy::default().with_base_delay(DEFAULT_BASE_DELAY);
    let longest: u64 = (1..policy.max_attempts)
        .map(|attempt| {
            let doubled = policy.base_delay * 2_u32.pow(attempt - 1);
            doubled.min(policy.max_delay).as_secs()
        })
        .sum();
    assert!(longest <= 180, "{longest} s");
}
