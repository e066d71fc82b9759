//! Refresh tokens that must not be presented again: refused ones, and those whose answer was lost.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use remote_core::{
    auth::{
        MemoryTokenStore, Presented, RefreshTokenRefused, TOKEN_REFRESH_SLACK, Token, TokenCache,
        TokenRefresher, TokenStore,
    },
    error::{Effect, Error, ErrorKind, Result},
};

use crate::cache::{HOUR, Service, ended, name, old};

/// Fails as it is told, and counts.
#[derive(Debug)]
struct Failing {
    calls: AtomicUsize,
    kind: ErrorKind,
    effect: Effect,
    of_the_token: bool,
    reusable: bool,
}

impl Failing {
    fn new(kind: ErrorKind, effect: Effect) -> Self {
        Self {
            calls: AtomicUsize::new(0),
            kind,
            effect,
            of_the_token: false,
            reusable: false,
        }
    }

    fn refusing() -> Self {
        Self {
            of_the_token: true,
            ..Self::new(ErrorKind::Authentication, Effect::NotMade)
        }
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl TokenRefresher for Failing {
    async fn refresh(&self, _: &Token) -> Result<Token> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let error = Error::with_message(self.kind, "told by the service").with_effect(self.effect);
        Err(if self.of_the_token {
            error.with_source(RefreshTokenRefused)
        } else {
            error
        })
    }

    fn may_present_again(&self) -> bool {
        self.reusable
    }
}

/// A cache over a store, its clock, and the service.
fn failing(
    service: Failing,
    token: Token,
) -> (TokenCache, Arc<Failing>, MemoryTokenStore, Arc<AtomicUsize>) {
    let (service, store) = (Arc::new(service), MemoryTokenStore::new(token));
    let ahead = Arc::<AtomicUsize>::default();
    let seconds = Arc::clone(&ahead);
    let clock = move || {
        SystemTime::now() + Duration::from_secs(seconds.load(Ordering::SeqCst).try_into().unwrap())
    };
    let refresher = Arc::<Failing>::clone(&service);
    let cache = TokenCache::with_clock(Arc::new(store.clone()), refresher, clock);
    (cache, service, store, ahead)
}

#[tokio::test]
async fn a_refused_refresh_token_is_presented_once_until_there_is_another() {
    let (cache, service, store, ahead) = failing(Failing::refusing(), ended());
    for _ in 0..3 {
        let error = cache.token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Authentication);
        assert_eq!(error.to_string(), "told by the service");
        ahead.fetch_add(7200, Ordering::SeqCst);
    }
    assert_eq!(service.calls(), 1);
    // Another process, which shares the store.
    let refresher = Arc::<Failing>::clone(&service);
    let other = TokenCache::new(Arc::new(store.clone()), refresher);
    let error = other.token().await.unwrap_err();
    assert!(error.to_string().contains("refused"), "{error}");
    assert_eq!(error.help(), Some("sign in again"));
    assert_eq!(service.calls(), 1);
    // A new sign-in clears it.
    let mut anew = ended();
    anew.refresh_token = Some("refresh-1".into());
    store.save(&anew).await.unwrap();
    cache.token().await.unwrap_err();
    assert_eq!(service.calls(), 2);
}

#[tokio::test]
async fn a_refusal_that_may_have_been_meant_for_the_client_is_tried_again_after_a_minute() {
    let service = Failing::new(ErrorKind::Authentication, Effect::NotMade);
    let (cache, service, _, ahead) = failing(service, ended());
    for _ in 0..3 {
        cache.token().await.unwrap_err();
    }
    assert_eq!(service.calls(), 1);
    ahead.fetch_add(61, Ordering::SeqCst);
    cache.token().await.unwrap_err();
    assert_eq!(service.calls(), 2);
}

#[tokio::test]
async fn a_refresh_token_whose_answer_was_lost_is_not_presented_again() {
    let service = Failing::new(ErrorKind::Transport, Effect::Unknown);
    let (cache, service, store, _) = failing(service, ended());
    assert_eq!(
        cache.token().await.unwrap_err().kind(),
        ErrorKind::Transport
    );
    for _ in 0..3 {
        let error = cache.token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Authentication);
        assert!(error.to_string().contains("interrupted"), "{error}");
        assert_eq!(error.help(), Some("sign in again"));
    }
    assert_eq!(service.calls(), 1);
    let fresh = Token::new("fresh").with_expires(SystemTime::now() + HOUR);
    store.save(&fresh).await.unwrap();
    assert_eq!(name(&cache.token().await.unwrap()), "fresh");
}

#[tokio::test]
async fn a_refresh_token_that_may_be_used_again_is() {
    let mut service = Failing::new(ErrorKind::Transport, Effect::Unknown);
    service.reusable = true;
    let (cache, service, ..) = failing(service, ended());
    for _ in 0..3 {
        assert_eq!(
            cache.token().await.unwrap_err().kind(),
            ErrorKind::Transport
        );
    }
    assert_eq!(service.calls(), 3);
}

#[tokio::test]
async fn a_token_that_is_still_valid_is_used_while_a_renewal_is_in_doubt() {
    let service = Failing::new(ErrorKind::Timeout, Effect::Unknown);
    let (cache, service, _, ahead) = failing(service, old(TOKEN_REFRESH_SLACK / 2));
    for _ in 0..3 {
        assert_eq!(name(&cache.token().await.unwrap()), "old");
        ahead.fetch_add(5, Ordering::SeqCst);
    }
    ahead.fetch_add(60, Ordering::SeqCst);
    let error = cache.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication);
    assert_eq!(service.calls(), 1);
}

#[tokio::test]
async fn what_a_holder_of_the_lock_left_unfinished_is_not_repeated() {
    let (cache, service, store) = {
        let service = Arc::<Service>::default();
        let store = MemoryTokenStore::new(ended());
        let refresher = Arc::<Service>::clone(&service);
        (
            TokenCache::new(Arc::new(store.clone()), refresher),
            service,
            store,
        )
    };
    let mut lock = store.lock().await.unwrap();
    assert_eq!(lock.begin_renewal(&ended()).await.unwrap(), None);
    assert_eq!(
        lock.begin_renewal(&ended()).await.unwrap(),
        Some(Presented::InDoubt)
    );
    drop(lock);
    let error = cache.token().await.unwrap_err();
    assert!(error.to_string().contains("interrupted"), "{error}");
    assert_eq!(service.calls(), 0);
}
