//! Tokens in the configuration file.
//!
//! Covered: what is read and written; the lock between stores that do not know of each other, as far as one process can show it; the notes about what was
//! presented; failures of reading, locking and writing; which store a remote gets.
//! Not covered here: several processes, and processes that are killed, which the suites across crates show (`token_processes`).
#![allow(clippy::unwrap_used, reason = "helpers of tests may")]

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use remote_config::{
    Config, Environment, document::Document, encryption::PasswordSources, location::Location,
    store::Store, token::FileTokenStore,
};
use remote_core::{
    auth::{Presented, Token, TokenCache, TokenRefresher, TokenStore},
    error::{Error, ErrorKind, Result, report},
};
use tempfile::TempDir;

const TEXT: &str = "# mine\n[other]\ntoken = {\"access_token\":\"theirs\"}\n\n[jotta]\ntype = jottacloud\n; keep\ntoken = {\"access_token\":\"old\",\"token_type\":\"bearer\",\"refresh_token\":\"refresh-0\",\"expiry\":\"2026-01-02T03:04:05+01:00\"}\nmine = 1\n";

struct Bench {
    dir: TempDir,
}

impl Bench {
    fn new() -> Self {
        Self::with(TEXT)
    }

    fn with(text: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("rclone.conf"), text).unwrap();
        Self { dir }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("rclone.conf")
    }

    fn lock_path(&self) -> PathBuf {
        self.dir.path().join("rclone.conf.token-jotta.lock")
    }

    fn text(&self) -> String {
        fs::read_to_string(self.path()).unwrap()
    }

    fn store(&self) -> FileTokenStore {
        store_at(&self.path())
    }
}

fn store_at(path: &Path) -> FileTokenStore {
    FileTokenStore::new(Store::new(Location::new(path)), "jotta")
}

fn new_token(name: &str) -> Token {
    Token::new(name)
        .with_refresh_token(format!("refresh-{name}"))
        .with_expires(SystemTime::UNIX_EPOCH + Duration::from_secs(4_000_000_000))
}

async fn access(store: &dyn TokenStore) -> Option<String> {
    let token = store.load().await.unwrap()?;
    Some(token.access_token.expose().to_owned())
}

#[tokio::test]
async fn a_token_of_rclone_is_read_and_replaced_and_nothing_else_changes() {
    let bench = Bench::new();
    let store = bench.store();
    let token = store.load().await.unwrap().unwrap();
    assert_eq!(token.access_token.expose(), "old");
    assert_eq!(token.refresh_token, Some("refresh-0".into()));
    store.save(&new_token("new")).await.unwrap();
    let expected: String = TEXT
        .lines()
        .map(|line| {
            if line.contains("refresh-0") {
                "token = {\"access_token\":\"new\",\"token_type\":\"bearer\",\"refresh_token\":\"refresh-new\",\"expiry\":\"2096-10-02T07:06:40Z\"}\n".to_owned()
            } else {
                format!("{line}\n")
            }
        })
        .collect();
    assert_eq!(bench.text(), expected);
}

#[tokio::test]
async fn a_token_in_an_encrypted_file_stays_encrypted() {
    let bench = Bench::new();
    let password = PasswordSources::none().password("potato".into());
    let store = Store::at(bench.path()).passwords(password);
    store.set_password(&"potato".into()).unwrap();
    let tokens = FileTokenStore::new(store.clone(), "jotta");
    assert_eq!(access(&tokens).await.as_deref(), Some("old"));
    let service = Arc::<Service>::default();
    let cache = TokenCache::new(Arc::new(tokens.clone()), service);
    cache.token().await.unwrap();
    assert_eq!(access(&tokens).await.as_deref(), Some("new-1"));
    assert!(store.is_encrypted().unwrap());
    assert!(!bench.text().contains("new-1"));
    // Without the password.
    let locked = Store::at(bench.path()).passwords(PasswordSources::none());
    let error = FileTokenStore::new(locked, "jotta")
        .load()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[tokio::test]
async fn no_token_and_an_empty_one_are_none() {
    for text in [
        "",
        "[jotta]\n",
        "[jotta]\ntoken =\n",
        "[jotta]\ntoken = \"\"\"  \"\"\"\n",
    ] {
        assert_eq!(access(&Bench::with(text).store()).await, None, "{text:?}");
    }
}

#[tokio::test]
async fn a_token_that_cannot_be_read_is_an_error_that_does_not_quote_it() {
    for value in [
        "hunter2",
        "{\"access_token\":\"hunter2\",\"expiry\":\"soon\"}",
        "{}",
    ] {
        let bench = Bench::with(&format!("[jotta]\ntoken = {value}\n"));
        let error = bench.store().load().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        let shown = format!("{error} {error:?} {}", report(&error));
        assert!(
            shown.contains("[jotta]") && !shown.contains("hunter2"),
            "{shown}"
        );
        assert!(error.help().unwrap().contains("sign in"));
    }
}

#[tokio::test]
async fn a_token_that_could_not_be_read_again_is_not_written() {
    let bench = Bench::new();
    for token in [
        Token::new("<".repeat(60_000)),
        Token::new("a").with_refresh_token("\u{1}".repeat(60_000)),
        Token::new(""),
    ] {
        let error = bench.store().save(&token).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(!report(&error).contains("<<"), "{}", report(&error));
        assert_eq!(bench.text(), TEXT);
    }
    // What the file would take for references to other values is stored and read as it is.
    let token = Token::new("a%(type)s`\"\"\"").with_refresh_token("%(mine)s");
    bench.store().save(&token).await.unwrap();
    assert_eq!(bench.store().load().await.unwrap(), Some(token));
}

#[cfg(unix)]
#[tokio::test]
async fn a_lock_that_is_a_link_is_not_followed() {
    let bench = Bench::new();
    let victim = bench.dir.path().join("victim");
    fs::write(&victim, "kept").unwrap();
    std::os::unix::fs::symlink(&victim, bench.lock_path()).unwrap();
    let error = bench.store().save(&new_token("new")).await.unwrap_err();
    assert!(report(&error).contains(".lock"), "{}", report(&error));
    assert_eq!(fs::read_to_string(&victim).unwrap(), "kept");
    assert_eq!(bench.text(), TEXT);
}

#[tokio::test]
async fn a_section_that_is_gone_is_not_made_again() {
    let bench = Bench::with("[other]\n");
    let error = bench.store().save(&new_token("new")).await.unwrap_err();
    assert!(error.to_string().contains("jotta"), "{error}");
    assert_eq!(bench.text(), "[other]\n");
}

#[tokio::test]
async fn the_lock_keeps_others_out_for_a_bounded_time() {
    let bench = Bench::new();
    let held = bench.store().lock().await.unwrap();
    let impatient = bench.store().lock_timeout(Duration::from_millis(30));
    let error = impatient.lock().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    let lock_path = bench.lock_path().display().to_string();
    assert!(error.to_string().contains(&lock_path), "{error}");
    assert!(error.help().is_some());
    // Reading does not wait, nor does a change of something else.
    assert_eq!(access(&bench.store()).await.as_deref(), Some("old"));
    let mut config = Config::open(bench.path()).unwrap();
    config.set("other", "x", "y").unwrap();
    config.save().unwrap();
    // Another remote has a lock of its own.
    let other = FileTokenStore::new(Store::new(Location::new(&bench.path())), "other");
    drop(other.lock().await.unwrap());
    drop(held);
    drop(impatient.lock().await.unwrap());
}

#[tokio::test]
async fn whoever_waits_gets_the_lock_when_it_is_given_back() {
    let bench = Bench::new();
    let held = bench.store().lock().await.unwrap();
    let waiting = tokio::spawn({
        let store = bench.store();
        async move { store.lock().await.map(drop) }
    });
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    drop(held);
    waiting.await.unwrap().unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn a_linked_configuration_is_locked_where_it_really_is() {
    let bench = Bench::new();
    let elsewhere = tempfile::tempdir().unwrap();
    let link = elsewhere.path().join("link.conf");
    std::os::unix::fs::symlink(bench.path(), &link).unwrap();
    let held = store_at(&link).lock().await.unwrap();
    let impatient = bench.store().lock_timeout(Duration::ZERO);
    assert_eq!(
        impatient.lock().await.unwrap_err().kind(),
        ErrorKind::Timeout
    );
    drop(held);
    store_at(&link).save(&new_token("new")).await.unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(bench.text().contains("refresh-new"));
}

#[cfg(unix)]
#[tokio::test]
async fn the_lock_file_can_be_read_by_its_owner_only_and_holds_no_token() {
    use std::os::unix::fs::PermissionsExt as _;

    let bench = Bench::new();
    let token = bench.store().load().await.unwrap().unwrap();
    let mut lock = bench.store().lock().await.unwrap();
    lock.begin_renewal(&token).await.unwrap();
    let mode = fs::metadata(bench.lock_path())
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let text = fs::read_to_string(bench.lock_path()).unwrap();
    assert!(text.starts_with("presenting "), "{text}");
    assert!(!text.contains("refresh-0"));
    lock.save(&new_token("new")).await.unwrap();
    assert_eq!(fs::read_to_string(bench.lock_path()).unwrap(), "");
}

#[tokio::test]
async fn a_renewal_that_was_not_finished_is_known_to_the_next_holder() {
    let bench = Bench::new();
    let token = bench.store().load().await.unwrap().unwrap();
    let mut lock = bench.store().lock().await.unwrap();
    assert_eq!(lock.begin_renewal(&token).await.unwrap(), None);
    // Its holder is gone.
    drop(lock);
    let mut lock = bench.store().lock().await.unwrap();
    assert_eq!(
        lock.begin_renewal(&token).await.unwrap(),
        Some(Presented::InDoubt)
    );
    lock.end_renewal(Some(Presented::Refused)).await.unwrap();
    drop(lock);
    let mut lock = bench.store().lock().await.unwrap();
    assert_eq!(
        lock.begin_renewal(&token).await.unwrap(),
        Some(Presented::Refused)
    );
    // It says nothing of another token.
    assert_eq!(lock.begin_renewal(&new_token("new")).await.unwrap(), None);
    lock.end_renewal(None).await.unwrap();
    assert_eq!(lock.begin_renewal(&new_token("new")).await.unwrap(), None);
}

#[tokio::test]
async fn a_token_that_somebody_put_there_without_the_lock_stays() {
    let bench = Bench::new();
    let mut lock = bench.store().lock().await.unwrap();
    lock.load().await.unwrap();
    // rclone, after a new sign-in.
    fs::write(bench.path(), TEXT.replace("refresh-0", "signed-in-anew")).unwrap();
    lock.save(&new_token("new")).await.unwrap();
    assert!(bench.text().contains("signed-in-anew"));
    // A new sign-in replaces whatever is there.
    drop(lock);
    bench.store().save(&new_token("mine")).await.unwrap();
    assert!(bench.text().contains("refresh-mine"));
}

/// Issues `new-1` and so on.
#[derive(Debug, Default)]
struct Service {
    calls: AtomicUsize,
}

#[async_trait]
impl TokenRefresher for Service {
    async fn refresh(&self, _: &Token) -> Result<Token> {
        let number = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        tokio::task::yield_now().await;
        Ok(new_token(&format!("new-{number}")))
    }
}

#[tokio::test]
async fn caches_over_stores_of_their_own_renew_once() {
    let bench = Bench::new();
    let service = Arc::<Service>::default();
    let caches: Vec<_> = (0..4)
        .map(|_| {
            let refresher = Arc::<Service>::clone(&service);
            TokenCache::new(Arc::new(bench.store()), refresher)
        })
        .collect();
    let tokens = caches.iter().map(TokenCache::token);
    for token in futures::future::join_all(tokens).await {
        assert_eq!(token.unwrap().access_token.expose(), "new-1");
    }
    assert_eq!(service.calls.load(Ordering::SeqCst), 1);
    assert_eq!(access(&bench.store()).await.as_deref(), Some("new-1"));
}

#[tokio::test]
async fn nothing_is_presented_where_the_note_cannot_be_written() {
    let bench = Bench::new();
    fs::create_dir(bench.lock_path()).unwrap();
    let service = Arc::<Service>::default();
    let refresher = Arc::<Service>::clone(&service);
    let cache = TokenCache::new(Arc::new(bench.store()), refresher);
    let error = cache.token().await.unwrap_err();
    let lock_path = bench.lock_path().display().to_string();
    assert!(error.to_string().contains(&lock_path), "{error}");
    assert_eq!(service.calls.load(Ordering::SeqCst), 0);
    assert_eq!(bench.text(), TEXT);
}

#[tokio::test]
async fn a_token_that_is_valid_needs_no_lock() {
    let bench = Bench::with("[jotta]\ntoken = {\"access_token\":\"good\"}\n");
    fs::create_dir(bench.lock_path()).unwrap();
    let cache = TokenCache::new(Arc::new(bench.store()), Arc::<Service>::default());
    assert_eq!(cache.token().await.unwrap().access_token.expose(), "good");
}

#[tokio::test]
async fn a_token_that_is_still_valid_is_used_while_the_lock_cannot_be_taken() {
    let bench = Bench::new();
    let near_its_end = new_token("near").with_expires(SystemTime::now() + Duration::from_secs(30));
    bench.store().save(&near_its_end).await.unwrap();
    let held = bench.store().lock().await.unwrap();
    let service = Arc::<Service>::default();
    let refresher = Arc::<Service>::clone(&service);
    let store = bench.store().lock_timeout(Duration::ZERO);
    let cache = TokenCache::new(Arc::new(store), refresher);
    assert_eq!(cache.token().await.unwrap().access_token.expose(), "near");
    let rejected = cache.refresh_rejected(&near_its_end).await.unwrap_err();
    assert_eq!(rejected.kind(), ErrorKind::Timeout);
    drop(held);
    assert_eq!(service.calls.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_token_that_cannot_be_saved_is_kept_and_saved_with_a_later_call() {
    let bench = Bench::new();
    /// Puts a directory in the place of the configuration while it is asked.
    #[derive(Debug)]
    struct Obstructing(PathBuf);

    #[async_trait]
    impl TokenRefresher for Obstructing {
        async fn refresh(&self, old: &Token) -> Result<Token> {
            assert_eq!(
                old.refresh_token,
                Some("refresh-0".into()),
                "presented twice"
            );
            fs::rename(&self.0, self.0.with_extension("away")).unwrap();
            fs::create_dir(&self.0).unwrap();
            Ok(new_token("new"))
        }
    }
    let cache = TokenCache::new(Arc::new(bench.store()), Arc::new(Obstructing(bench.path())));
    let error = cache.token().await.unwrap_err();
    let text = report(&error);
    assert!(
        text.contains("could not be saved") && text.contains("rclone.conf"),
        "{text}"
    );
    assert!(error.help().unwrap().contains("sign in again"));
    // Others must not present the old one meanwhile.
    fs::remove_dir(bench.path()).unwrap();
    fs::rename(bench.path().with_extension("away"), bench.path()).unwrap();
    let other = TokenCache::new(Arc::new(bench.store()), Arc::<Service>::default());
    let refused = other.token().await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Authentication);
    // The one that has it saves it.
    assert_eq!(cache.token().await.unwrap().access_token.expose(), "new");
    assert_eq!(access(&bench.store()).await.as_deref(), Some("new"));
    assert_eq!(other.token().await.unwrap().access_token.expose(), "new");
}

#[tokio::test]
async fn a_remote_gets_the_store_its_token_belongs_in() {
    let bench = Bench::new();
    let config = Config::open(bench.path()).unwrap();
    let none = Environment::empty();
    let store_of = |config: &Config, remote: &str, environment: &Environment| {
        let remote = config.remote(remote, environment).unwrap();
        config.token_store(&remote)
    };
    let in_file = |store: Arc<dyn TokenStore>| format!("{store:?}").contains("FileTokenStore");

    assert!(in_file(store_of(&config, "jotta:", &none).unwrap()));
    assert!(in_file(
        store_of(&config, "jotta,hard_delete=true:", &none).unwrap()
    ));
    let fresh = Bench::with("[jotta]\ntype = jottacloud\n");
    assert!(in_file(
        store_of(&Config::open(fresh.path()).unwrap(), "jotta:", &none).unwrap()
    ));

    let token = "token='{\"access_token\":\"given\"}'";
    for remote in [format!(":jottacloud,{token}:"), format!("jotta,{token}:")] {
        let store = store_of(&config, &remote, &none).unwrap();
        assert_eq!(access(&*store).await.as_deref(), Some("given"), "{remote}");
        assert!(!in_file(store));
    }
    let variables = [
        ("RCLONE_CONFIG_MADE_TYPE", "jottacloud"),
        ("RCLONE_CONFIG_MADE_TOKEN", "{\"access_token\":\"given\"}"),
    ];
    let environment = Environment::from_iter(variables);
    let store = store_of(&config, "made:", &environment).unwrap();
    assert_eq!(access(&*store).await.as_deref(), Some("given"));
    let memory = Config::in_memory(Document::parse(TEXT.as_bytes()).unwrap());
    let store = store_of(&memory, "jotta:", &none).unwrap();
    assert_eq!(access(&*store).await.as_deref(), Some("old"));
    store.save(&new_token("new")).await.unwrap();
    assert_eq!(bench.text(), TEXT);

    let error = store_of(&config, ":jottacloud,token=hunter2:", &none).unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn errors_of_the_store_can_be_handed_on() {
    fn is_error<T: std::error::Error + Send + Sync + 'static>() {}
    is_error::<Error>();
    is_error::<remote_config::Error>();
}
