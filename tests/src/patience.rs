//! Remotes that wait briefly, for servers that stand still.

use std::time::Duration;

use koofr_api::{Client, KoofrRemote, auth::Credentials, provider::Provider};
use remote_core::{
    http::{HttpSettings, Proxy},
    retry::RetryPolicy,
};
use remote_emulator::koofr::KoofrHandle;

/// How long [`impatient`] settings wait for an answer: far longer than an emulator on a busy machine takes, far shorter than a test may.
pub const SHORT: Duration = Duration::from_millis(1200);

/// Settings that give up soon.
#[must_use]
pub fn impatient() -> HttpSettings {
    HttpSettings::default()
        .with_connect_timeout(SHORT / 3)
        .with_idle_timeout(SHORT)
        .with_response_timeout(SHORT)
        .with_proxy(Proxy::None)
}

/// A policy of so many attempts with delays too short to wait for.
#[must_use]
pub fn attempts(number: u32) -> RetryPolicy {
    RetryPolicy::default()
        .with_max_attempts(number)
        .with_base_delay(Duration::from_millis(1))
        .with_max_delay(Duration::from_millis(5))
}

/// A client of any address with these settings.
///
/// # Panics
///
/// If the address is not one.
#[must_use]
pub fn client_with(url: &str, credentials: Credentials, settings: &HttpSettings) -> Client {
    Client::builder(Provider::Other(url.parse().expect("an address")))
        .credentials(credentials)
        .retry_policy(attempts(3))
        .http_settings(settings.clone())
        .build()
        .expect("the settings are right")
}

/// A remote of any address that waits briefly.
#[must_use]
pub fn remote_of(url: &str) -> KoofrRemote {
    KoofrRemote::builder(client_with(url, Credentials::basic("u", "p"), &impatient())).build()
}

/// A remote that reaches an emulator by way of `url` and waits briefly.
#[must_use]
pub fn remote_by(url: &str, service: &KoofrHandle) -> KoofrRemote {
    let credentials = Credentials::basic(service.user(), service.password());
    KoofrRemote::builder(client_with(url, credentials, &impatient())).build()
}
