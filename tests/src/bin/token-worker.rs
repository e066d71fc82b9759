//! A process that uses a token from a configuration file which others use as well; the suite `tokens` starts several.
//!
//! `token-worker CONFIG SECTION TOKEN-URL USERINFO-URL CLIENT-ID TASKS` reads a line for each round from standard input, a round's name and the seconds
//! that the clock is ahead, and lets all its tasks obtain a token and use it. It answers with one line: `NAME done`, or `NAME failed` with what went wrong.

use std::{
    env,
    io::{self, BufRead as _, Write as _},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use remote_config::{Config, Environment};
use remote_core::{
    auth::{OAuthClient, TokenCache, bearer},
    error::{Error, ErrorKind, Result, report},
    http::{HttpClient, HttpSettings, Method, Proxy, Request},
};
use tests::token_workers::Setup;
use tokio::task::JoinSet;
use url::Url;

type AnyError = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), AnyError> {
    let setup = Setup::from_arguments(env::args().skip(1)).ok_or("wrong arguments")?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let ahead = Arc::new(AtomicU64::new(0));
    let worker = Worker::new(&setup, &ahead)?;
    for line in io::stdin().lock().lines() {
        let line = line?;
        let (name, seconds) = line.split_once(' ').ok_or("not a round")?;
        ahead.store(seconds.parse()?, Ordering::SeqCst);
        let answer = match runtime.block_on(worker.round()) {
            Ok(()) => format!("{name} done"),
            Err(error) => format!("{name} failed {}", report(&error).replace('\n', " ")),
        };
        let mut out = io::stdout().lock();
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}

#[derive(Clone)]
struct Worker {
    http: HttpClient,
    tokens: TokenCache,
    userinfo: Url,
    tasks: usize,
}

impl Worker {
    fn new(setup: &Setup, ahead: &Arc<AtomicU64>) -> Result<Self, AnyError> {
        let http = HttpClient::new(&HttpSettings::default().with_proxy(Proxy::None))?;
        let config = Config::open(&setup.config)?;
        let remote = config.remote(&format!("{}:", setup.section), &Environment::empty())?;
        let store = config.token_store(&remote)?;
        let ahead = Arc::clone(ahead);
        let clock = move || SystemTime::now() + Duration::from_secs(ahead.load(Ordering::SeqCst));
        let client = OAuthClient::new(http.clone(), &setup.client_id, setup.token_url.parse()?)
            .with_clock(clock.clone());
        Ok(Self {
            http,
            tokens: TokenCache::with_clock(store, Arc::new(client), clock),
            userinfo: setup.userinfo_url.parse()?,
            tasks: setup.tasks,
        })
    }

    /// All tasks at once; the first failure counts, after all have ended.
    async fn round(&self) -> Result<()> {
        let mut tasks = JoinSet::new();
        for _ in 0..self.tasks {
            let this = self.clone();
            tasks.spawn(async move { this.use_token().await });
        }
        let outcomes = tasks.join_all().await;
        outcomes.into_iter().collect()
    }

    /// Obtains a token and uses it, with one more try if it is refused, as the clients of services do.
    async fn use_token(&self) -> Result<()> {
        let token = self.tokens.token().await?;
        let status = self.present(&bearer(&token)).await?;
        if status == 200 {
            return Ok(());
        }
        let token = self.tokens.refresh_rejected(&token).await?;
        match self.present(&bearer(&token)).await? {
            200 => Ok(()),
            status => Err(Error::with_message(
                ErrorKind::Authentication,
                format!("a fresh token was answered {status}"),
            )),
        }
    }

    async fn present(&self, authorization: &remote_core::secret::Secret) -> Result<u16> {
        let request = Request::new(Method::GET, self.userinfo.clone(), "userinfo")
            .authorization(authorization.clone());
        Ok(self.http.send(request).await?.status().as_u16())
    }
}
