//! The token cache.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use remote_core::{
    auth::{
        MemoryTokenStore, TOKEN_REFRESH_SLACK, Token, TokenCache, TokenLock, TokenRefresher,
        TokenStore,
    },
    error::{Error, ErrorKind, Result},
};
use tokio::sync::Semaphore;

pub(crate) const HOUR: Duration = Duration::from_secs(3600);

/// Issues `new-1`, `new-2` and so on, and refuses a refresh token that was presented before.
#[derive(Debug)]
pub(crate) struct Service {
    calls: AtomicUsize,
    spent: Mutex<Vec<String>>,
    failure: Mutex<Option<ErrorKind>>,
    /// One permit per answer.
    gate: Semaphore,
}

impl Default for Service {
    fn default() -> Self {
        Self {
            calls: AtomicUsize::new(0),
            spent: Mutex::default(),
            failure: Mutex::default(),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
        }
    }
}

impl Service {
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    fn fail(&self, kind: impl Into<Option<ErrorKind>>) {
        *self.failure.lock().unwrap() = kind.into();
    }
}

#[async_trait]
impl TokenRefresher for Service {
    async fn refresh(&self, old: &Token) -> Result<Token> {
        let number = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        self.gate.acquire().await.unwrap().forget();
        if let Some(kind) = *self.failure.lock().unwrap() {
            return Err(Error::with_message(kind, "told by the service").with_help("told as well"));
        }
        let presented = old.refresh_token.as_ref().unwrap().expose().to_owned();
        let mut spent = self.spent.lock().unwrap();
        assert!(
            !spent.contains(&presented),
            "{presented} was presented twice"
        );
        spent.push(presented);
        Ok(Token::new(format!("new-{number}"))
            .with_refresh_token(format!("refresh-{number}"))
            .with_expires_in(HOUR, SystemTime::now()))
    }
}

/// A memory store that can be told to fail.
#[derive(Clone, Debug, Default)]
struct Store {
    memory: MemoryTokenStore,
    full: Arc<AtomicBool>,
}

impl Store {
    fn with(token: Token) -> Self {
        Self {
            memory: MemoryTokenStore::new(token),
            full: Arc::default(),
        }
    }
}

#[async_trait]
impl TokenStore for Store {
    async fn load(&self) -> Result<Option<Token>> {
        self.memory.load().await
    }

    async fn lock(&self) -> Result<Box<dyn TokenLock>> {
        let lock = self.memory.lock().await?;
        Ok(Box::new(Lock {
            lock,
            full: Arc::clone(&self.full),
        }))
    }
}

#[derive(Debug)]
struct Lock {
    lock: Box<dyn TokenLock>,
    full: Arc<AtomicBool>,
}

#[async_trait]
impl TokenLock for Lock {
    async fn load(&mut self) -> Result<Option<Token>> {
        self.lock.load().await
    }

    async fn save(&mut self, token: &Token) -> Result<()> {
        if self.full.load(Ordering::SeqCst) {
            return Err(Error::with_message(ErrorKind::Other, "no space left"));
        }
        self.lock.save(token).await
    }
}

pub(crate) fn old(remaining: Duration) -> Token {
    Token::new("old")
        .with_refresh_token("refresh-0")
        .with_expires(SystemTime::now() + remaining)
}

pub(crate) fn ended() -> Token {
    Token::new("old")
        .with_refresh_token("refresh-0")
        .with_expires(SystemTime::UNIX_EPOCH)
}

fn cache(token: Token) -> (TokenCache, Arc<Service>, Store) {
    let service = Arc::<Service>::default();
    let store = Store::with(token);
    let refresher = Arc::<Service>::clone(&service);
    (
        TokenCache::new(Arc::new(store.clone()), refresher),
        service,
        store,
    )
}

async fn stored(store: &Store) -> String {
    store
        .load()
        .await
        .unwrap()
        .unwrap()
        .access_token
        .expose()
        .to_owned()
}

pub(crate) fn name(token: &Token) -> &str {
    token.access_token.expose()
}

#[tokio::test]
async fn a_valid_token_is_used_without_asking_the_service() {
    let (cache, service, _) = cache(old(HOUR));
    for _ in 0..3 {
        assert_eq!(name(&cache.token().await.unwrap()), "old");
    }
    assert_eq!(service.calls(), 0);
}

#[tokio::test]
async fn a_token_near_its_end_is_renewed_and_saved() {
    let (cache, service, store) = cache(old(TOKEN_REFRESH_SLACK / 2));
    assert_eq!(name(&cache.token().await.unwrap()), "new-1");
    assert_eq!(name(&cache.token().await.unwrap()), "new-1");
    assert_eq!(stored(&store).await, "new-1");
    assert_eq!(service.calls(), 1);
}

#[tokio::test]
async fn a_short_lived_token_is_not_renewed_with_every_call() {
    let mut token = old(Duration::from_secs(40));
    token.expires_in = Some(Duration::from_secs(45));
    let (cache, service, _) = cache(token);
    assert_eq!(name(&cache.token().await.unwrap()), "old");
    assert_eq!(service.calls(), 0);
}

#[tokio::test]
async fn callers_share_one_renewal() {
    let (cache, service, _) = cache(ended());
    let tokens = (0..50).map(|_| cache.token());
    let tokens = futures::future::try_join_all(tokens).await.unwrap();
    assert!(tokens.iter().all(|token| name(token) == "new-1"));
    assert_eq!(service.calls(), 1);
}

#[tokio::test]
async fn callers_share_the_failure_of_a_renewal() {
    let (cache, service, _) = cache(ended());
    service.fail(ErrorKind::Authentication);
    let outcomes = futures::future::join_all((0..10).map(|_| cache.token())).await;
    for outcome in outcomes {
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Authentication);
        assert_eq!(error.to_string(), "told by the service");
        assert_eq!(error.help(), Some("told as well"));
    }
    assert_eq!(service.calls(), 1);
}

#[tokio::test]
async fn a_renewal_goes_on_when_its_caller_goes_away() {
    let (cache, service, store) = cache(ended());
    service.gate.forget_permits(Semaphore::MAX_PERMITS);
    let call = tokio::spawn({
        let cache = cache.clone();
        async move { cache.token().await }
    });
    while service.calls() == 0 {
        tokio::task::yield_now().await;
    }
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    service.gate.add_permits(1);
    while stored(&store).await != "new-1" {
        tokio::task::yield_now().await;
    }
    assert_eq!(name(&cache.token().await.unwrap()), "new-1");
    assert_eq!(service.calls(), 1);
}

#[tokio::test]
async fn a_program_that_stops_can_wait_for_the_renewal_to_be_saved() {
    let (cache, service, store) = cache(ended());
    cache.settled().await;
    service.gate.forget_permits(Semaphore::MAX_PERMITS);
    let call = tokio::spawn({
        let cache = cache.clone();
        async move { cache.token().await }
    });
    while service.calls() == 0 {
        tokio::task::yield_now().await;
    }
    call.abort();
    service.gate.add_permits(1);
    cache.settled().await;
    assert_eq!(stored(&store).await, "new-1");
}

#[tokio::test]
async fn a_valid_token_survives_a_renewal_that_fails_for_now() {
    let (cache, service, store) = cache(old(TOKEN_REFRESH_SLACK / 2));
    service.fail(ErrorKind::Service);
    for _ in 0..5 {
        assert_eq!(name(&cache.token().await.unwrap()), "old");
    }
    // The service is left alone for a while.
    assert_eq!(service.calls(), 1);
    assert_eq!(stored(&store).await, "old");
}

#[tokio::test]
async fn an_ended_token_does_not_survive_a_renewal_that_fails() {
    let (cache, service, _) = cache(ended());
    service.fail(ErrorKind::Service);
    assert_eq!(cache.token().await.unwrap_err().kind(), ErrorKind::Service);
    service.fail(None);
    assert_eq!(name(&cache.token().await.unwrap()), "new-2");
}

#[tokio::test]
async fn a_rejected_token_is_renewed_once_however_many_callers_were_rejected() {
    let (cache, service, _) = cache(old(HOUR));
    let rejected = cache.token().await.unwrap();
    let tokens = (0..20).map(|_| cache.refresh_rejected(&rejected));
    let tokens = futures::future::try_join_all(tokens).await.unwrap();
    assert!(tokens.iter().all(|token| name(token) == "new-1"));
    // Somebody whose answer came late.
    let token = cache.refresh_rejected(&rejected).await.unwrap();
    assert_eq!(name(&token), "new-1");
    assert_eq!(service.calls(), 1);
}

#[tokio::test]
async fn a_rejected_token_does_not_survive_a_renewal_that_fails() {
    let (cache, service, _) = cache(old(HOUR));
    let rejected = cache.token().await.unwrap();
    service.fail(ErrorKind::Service);
    let error = cache.refresh_rejected(&rejected).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Service);
}

#[tokio::test]
async fn a_token_that_cannot_be_saved_is_not_used_and_not_lost() {
    let (cache, service, store) = cache(ended());
    store.full.store(true, Ordering::SeqCst);
    for _ in 0..3 {
        let error = cache.token().await.unwrap_err();
        assert!(error.to_string().contains("no space left"), "{error}");
    }
    assert_eq!(service.calls(), 1);
    store.full.store(false, Ordering::SeqCst);
    assert_eq!(name(&cache.token().await.unwrap()), "new-1");
    assert_eq!(stored(&store).await, "new-1");
    assert_eq!(service.calls(), 1);
}

#[tokio::test]
async fn a_new_sign_in_counts_more_than_a_token_that_could_not_be_saved() {
    let (cache, _, store) = cache(ended());
    store.full.store(true, Ordering::SeqCst);
    cache.token().await.unwrap_err();
    store.full.store(false, Ordering::SeqCst);
    let fresh = Token::new("fresh").with_expires(SystemTime::now() + HOUR);
    store.save(&fresh).await.unwrap();
    assert_eq!(name(&cache.token().await.unwrap()), "fresh");
}

#[tokio::test]
async fn several_caches_over_one_store_renew_once() {
    let (first, service, store) = cache(ended());
    let refresher = Arc::<Service>::clone(&service);
    let second = TokenCache::new(Arc::new(store), refresher);
    let (a, b) = futures::join!(first.token(), second.token());
    assert_eq!(name(&a.unwrap()), "new-1");
    assert_eq!(name(&b.unwrap()), "new-1");
    assert_eq!(service.calls(), 1);
}

#[tokio::test]
async fn a_token_that_another_program_renewed_without_the_lock_is_found_after_a_refusal() {
    /// Refuses, after another program has put its own token into the store.
    #[derive(Debug)]
    struct Overtaken(Arc<Mutex<Option<Token>>>);

    #[async_trait]
    impl TokenRefresher for Overtaken {
        async fn refresh(&self, _: &Token) -> Result<Token> {
            let theirs = Token::new("theirs").with_expires(SystemTime::now() + HOUR);
            *self.0.lock().unwrap() = Some(theirs);
            Err(Error::new(ErrorKind::Authentication))
        }
    }

    /// A store that does not keep others out.
    #[derive(Clone, Debug)]
    struct Open(Arc<Mutex<Option<Token>>>);

    #[async_trait]
    impl TokenStore for Open {
        async fn load(&self) -> Result<Option<Token>> {
            Ok(self.0.lock().unwrap().clone())
        }

        async fn lock(&self) -> Result<Box<dyn TokenLock>> {
            Ok(Box::new(self.clone()))
        }
    }

    #[async_trait]
    impl TokenLock for Open {
        async fn load(&mut self) -> Result<Option<Token>> {
            TokenStore::load(self).await
        }

        async fn save(&mut self, token: &Token) -> Result<()> {
            *self.0.lock().unwrap() = Some(token.clone());
            Ok(())
        }
    }

    let shared = Arc::new(Mutex::new(Some(ended())));
    let cache = TokenCache::new(
        Arc::new(Open(Arc::clone(&shared))),
        Arc::new(Overtaken(shared)),
    );
    assert_eq!(name(&cache.token().await.unwrap()), "theirs");
}

#[tokio::test]
async fn an_answer_without_refresh_token_keeps_the_old_one() {
    #[derive(Debug)]
    struct Thrifty;

    #[async_trait]
    impl TokenRefresher for Thrifty {
        async fn refresh(&self, _: &Token) -> Result<Token> {
            Ok(Token::new("new"))
        }
    }

    let store = MemoryTokenStore::new(ended());
    let cache = TokenCache::new(Arc::new(store.clone()), Arc::new(Thrifty));
    cache.token().await.unwrap();
    let token = store.load().await.unwrap().unwrap();
    assert_eq!(token.refresh_token, Some("refresh-0".into()));
}

#[tokio::test]
async fn an_empty_store_asks_for_a_sign_in() {
    let cache = TokenCache::new(
        Arc::new(MemoryTokenStore::default()),
        Arc::<Service>::default(),
    );
    let error = cache.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication);
    assert!(error.help().unwrap().contains("sign in"));
}

#[tokio::test]
async fn the_clock_can_be_replaced() {
    let service = Arc::<Service>::default();
    let refresher = Arc::<Service>::clone(&service);
    let store = MemoryTokenStore::new(old(HOUR));
    let cache = TokenCache::with_clock(Arc::new(store), refresher, || SystemTime::now() + 2 * HOUR);
    assert_eq!(name(&cache.token().await.unwrap()), "new-1");
}

#[test]
fn caches_can_be_shared_between_tasks_and_hide_their_tokens() {
    fn shared<T: Clone + std::fmt::Debug + Send + Sync + 'static>(_: &T) {}
    let (cache, ..) = cache(Token::new("hunter2"));
    shared(&cache);
    assert!(!format!("{cache:?}").contains("hunter2"));
}

#[tokio::test]
async fn a_token_that_cannot_be_saved_says_what_is_at_stake() {
    let (cache, _, store) = cache(ended());
    store.full.store(true, Ordering::SeqCst);
    let error = cache.token().await.unwrap_err();
    assert!(error.help().unwrap().contains("sign in again"), "{error:?}");
    assert!(!remote_core::error::report(&error).contains("refresh-1"));
}
