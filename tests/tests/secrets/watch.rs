//! Secrets that can be recognised, everything that shows, and the search for the one in the other.

use std::{
    fmt::Debug,
    io,
    sync::{Arc, Mutex, OnceLock},
};

use remote_core::{
    error::{Error, report},
    options::obscure::obscure_with,
    secret::Secret,
};

pub(crate) const PASSWORD: &str = "canary-pässword-7f3a";
pub(crate) const WRONG: &str = "canary-wrong-51c2";
pub(crate) const LINK_PASSWORD: &str = "canary-link-90bb";
pub(crate) const CLIENT_SECRET: &str = "canary-client-secret-aa17";
pub(crate) const PROXY: &str = "canary-proxy-1d1d";
pub(crate) const ACCESS: &str = "canary-access-token-4e02";
pub(crate) const REFRESH: &str = "canary-refresh-token-6b9d";
pub(crate) const CONFIG_PASSWORD: &str = "canary-configuration-c0de";
pub(crate) const USERINFO: &str = "canary-userinfo-2f2f";
pub(crate) const CODE: &str = "canary-code-8d8d";
pub(crate) const OTP: &str = "canaryotp31c7";
pub(crate) const USER: &str = "ann@example.org";

/// All of them.
pub(crate) const ALL: &[&str] = &[
    PASSWORD,
    WRONG,
    LINK_PASSWORD,
    CLIENT_SECRET,
    PROXY,
    ACCESS,
    REFRESH,
    CONFIG_PASSWORD,
    USERINFO,
    CODE,
    OTP,
];

/// What a panic of [`check`] begins with.
const FOUND: &str = "a secret was found:";

/// Everything that was logged by this process, and every panic in it.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Begins to collect, if that has not begun.
pub(crate) fn log() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| {
        let log = Log::default();
        let writer = log.clone();
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .without_time()
            .with_writer(move || writer.clone())
            .init();
        let before = std::panic::take_hook();
        let panics = log.clone();
        std::panic::set_hook(Box::new(move |panic| {
            let text = format!("panic: {panic}\n");
            if text.contains(FOUND) {
                // What one test has found must not be found again by the others.
                return before(panic);
            }
            panics.0.lock().unwrap().extend_from_slice(text.as_bytes());
            before(panic);
        }));
        log
    })
}

/// What was collected so far.
pub(crate) fn logged() -> String {
    String::from_utf8_lossy(&log().0.lock().unwrap()).into_owned()
}

/// The obscured form of a secret that is used in these tests: obscuring draws a random number otherwise.
pub(crate) fn obscured(secret: &str) -> String {
    obscure_with(secret.as_bytes(), *b"canary-canary-ca")
}

/// The forms in which a secret can show.
fn forms(secret: &str) -> Vec<String> {
    let basic = remote_core::auth::basic(USER, &Secret::new(secret));
    let escaped: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    vec![
        secret.to_owned(),
        basic.expose().trim_start_matches("Basic ").to_owned(),
        format!("{:?}", secret.as_bytes())
            .trim_matches(['[', ']'])
            .to_owned(),
        escaped,
        obscured(secret),
    ]
}

/// Fails if a text has one of the secrets in it.
pub(crate) fn check(text: &str, secrets: &[&str], what: &str) {
    for secret in secrets {
        for form in forms(secret) {
            if let Some(at) = text.find(&form) {
                let before = text.get(..at).unwrap_or_default().chars().count();
                let from = before.saturating_sub(200);
                let around: String = text.chars().skip(from).take(500).collect();
                panic!("{FOUND} {what} shows {form}: … {around} …");
            }
        }
    }
}

/// Everything an error shows.
pub(crate) fn shown(error: &Error) -> String {
    format!(
        "{error} {error:?} {error:#?} {} {}",
        report(error),
        chain(error)
    )
}

/// An error and its causes, as programs print them that know nothing of [`report`].
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = format!("{error} {error:?} {error:#?}");
    let mut cause = error.source();
    while let Some(error) = cause {
        text += &format!(" {error} {error:?}");
        cause = error.source();
    }
    text
}

pub(crate) fn debug(value: &impl Debug) -> String {
    format!("{value:?} {value:#?}")
}

#[test]
#[should_panic(expected = "a planted text shows")]
fn a_secret_in_another_form_is_found() {
    let header = remote_core::auth::basic(USER, &Secret::new(PASSWORD));
    check(header.expose(), ALL, "a planted text");
}

#[test]
#[should_panic(expected = "a planted value shows")]
fn an_obscured_secret_is_found() {
    check(
        &format!("password = {}", obscured(PASSWORD)),
        ALL,
        "a planted value",
    );
}

#[test]
fn what_is_logged_and_what_panics_is_collected() {
    log();
    tracing::trace!("a line that everybody may see");
    let stopped = std::thread::spawn(|| panic!("a panic that everybody may see")).join();
    assert!(stopped.is_err());
    for text in [
        "a line that everybody may see",
        "a panic that everybody may see",
    ] {
        assert!(logged().contains(text), "{text}");
    }
}
