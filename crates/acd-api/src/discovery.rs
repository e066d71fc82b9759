//! The account's own addresses: asked for once, remembered for days, and asked for again when they do not work.

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use remote_core::error::{Error, ErrorKind, Result};
use tokio::{sync::Mutex as AsyncMutex, time::Instant};
use url::Url;

use crate::{
    addresses::{Addresses, what_is_wrong},
    call::Base,
    model::account::EndpointInfo,
};

/// So many answers in a row that are not the service's make the addresses doubtful.
const MAX_STRANGE_ANSWERS: u32 = 3;

/// Addresses, as far as they are known.
#[derive(Debug)]
pub(crate) struct Discovery {
    pub(crate) addresses: Addresses,
    ttl: Duration,
    found: Mutex<Option<(Found, Instant)>>,
    /// So many strange answers came in a row from where nodes are, and from where contents are.
    strange: [AtomicU32; 2],
    /// Held by the one who asks.
    pub(crate) asking: AsyncMutex<()>,
}

/// Where an account lives.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    metadata: Url,
    content: Url,
}

impl Found {
    pub(crate) fn base(&self, base: Base) -> &Url {
        match base {
            Base::Content => &self.content,
            Base::Bootstrap | Base::Metadata => &self.metadata,
        }
    }
}

impl Discovery {
    pub(crate) fn new(addresses: Addresses, ttl: Duration) -> Self {
        Self {
            addresses,
            ttl,
            found: Mutex::new(None),
            strange: Default::default(),
            asking: AsyncMutex::new(()),
        }
    }

    /// What is known without asking.
    pub(crate) fn known(&self) -> Option<Found> {
        if let (Some(metadata), Some(content)) =
            (&self.addresses.metadata_url, &self.addresses.content_url)
        {
            return Some(Found {
                metadata: metadata.clone(),
                content: content.clone(),
            });
        }
        let found = self.found();
        let (found, at) = found.as_ref()?;
        (at.elapsed() < self.ttl).then(|| found.clone())
    }

    /// Takes over what the service told.
    pub(crate) fn learn(&self, info: &EndpointInfo) -> Result<Found> {
        if info.customer_exists == Some(false) {
            return Err(Error::with_message(
                ErrorKind::PermissionDenied,
                "the account has no drive",
            )
            .with_help("sign in to the web page of the service once, or with another account"));
        }
        let fixed = &self.addresses;
        let found = Found {
            metadata: told(
                "metadata",
                fixed.metadata_url.as_ref(),
                info.metadata_url.as_deref(),
            )?,
            content: told(
                "content",
                fixed.content_url.as_ref(),
                info.content_url.as_deref(),
            )?,
        };
        *self.found() = Some((found.clone(), Instant::now()));
        Ok(found)
    }

    /// An address that was told does not work.
    pub(crate) fn forget(&self) {
        for strange in &self.strange {
            strange.store(0, Ordering::Relaxed);
        }
        *self.found() = None;
    }

    /// An answer from one of the addresses that were told had the service's own form, or had not.
    pub(crate) fn answered(&self, base: Base, in_own_form: bool) {
        let strange = match base {
            Base::Bootstrap => return,
            Base::Metadata => &self.strange[0],
            Base::Content => &self.strange[1],
        };
        if in_own_form {
            strange.store(0, Ordering::Relaxed);
        } else if strange.fetch_add(1, Ordering::Relaxed) + 1 >= MAX_STRANGE_ANSWERS {
            self.forget();
        }
    }

    fn found(&self) -> MutexGuard<'_, Option<(Found, Instant)>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn told(what: &str, fixed: Option<&Url>, text: Option<&str>) -> Result<Url> {
    if let Some(fixed) = fixed {
        return Ok(fixed.clone());
    }
    let url = text.and_then(|text| Url::parse(text).ok());
    url.filter(|url| what_is_wrong(url).is_none())
        .ok_or_else(|| {
            Error::with_message(
                ErrorKind::Protocol,
                format!("the service told no usable {what} address"),
            )
            .with_help("check endpoint_url, or set the address")
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builder::DEFAULT_DISCOVERY_TTL;

    fn discovery() -> Discovery {
        Discovery::new(Addresses::default(), DEFAULT_DISCOVERY_TTL)
    }

    fn info(json: &str) -> EndpointInfo {
        serde_json::from_str(json).unwrap()
    }

    const GOOD: &str = r#"{"customerExists":true,"contentUrl":"http://127.0.0.1:7/c/","metadataUrl":"https://m.example:8443/drive/v1","region":"x"}"#;

    #[test]
    fn what_was_told_is_honoured_verbatim() {
        let discovery = discovery();
        let found = discovery.learn(&info(GOOD)).unwrap();
        assert_eq!(found.base(Base::Content).as_str(), "http://127.0.0.1:7/c/");
        assert_eq!(
            found.base(Base::Metadata).as_str(),
            "https://m.example:8443/drive/v1"
        );
        assert!(discovery.known().is_some());
    }

    #[test]
    fn answers_without_addresses_or_drive_are_errors() {
        for (json, kind) in [
            ("{}", ErrorKind::Protocol),
            (
                r#"{"contentUrl":"","metadataUrl":"http://h/"}"#,
                ErrorKind::Protocol,
            ),
            (
                r#"{"contentUrl":"file:///etc","metadataUrl":"http://h/"}"#,
                ErrorKind::Protocol,
            ),
            (r#"{"customerExists":false}"#, ErrorKind::PermissionDenied),
        ] {
            let discovery = discovery();
            assert_eq!(
                discovery.learn(&info(json)).unwrap_err().kind(),
                kind,
                "{json}"
            );
            assert!(discovery.known().is_none());
        }
    }

    #[test]
    fn strange_answers_in_a_row_make_an_address_doubtful() {
        let discovery = discovery();
        for base in [Base::Metadata, Base::Content] {
            discovery.learn(&info(GOOD)).unwrap();
            for own in [false, false, true, false, false] {
                discovery.answered(base, own);
                discovery.answered(Base::Bootstrap, false);
                assert!(discovery.known().is_some());
            }
            discovery.answered(base, false);
            assert!(discovery.known().is_none());
        }
    }

    #[test]
    fn one_address_that_works_says_nothing_about_the_other() {
        let discovery = discovery();
        discovery.learn(&info(GOOD)).unwrap();
        for _ in 0..MAX_STRANGE_ANSWERS {
            assert!(discovery.known().is_some());
            discovery.answered(Base::Content, false);
            discovery.answered(Base::Metadata, true);
        }
        assert!(discovery.known().is_none());
    }

    #[test]
    fn nothing_is_asked_where_both_addresses_are_set() {
        let url = |text| Url::parse(text).unwrap();
        let addresses = Addresses::default()
            .with_content_url(url("http://h/c"))
            .with_metadata_url(url("http://h/m"));
        assert!(Discovery::new(addresses, Duration::ZERO).known().is_some());
    }
}
