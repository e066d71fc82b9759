//! The client: connections shared by many requests.

use std::{
    fmt,
    pin::pin,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use futures::future::{Either, select};

use super::{
    Body, HttpSettings, Proxy, Request, Response,
    address::{self, host},
    body::{Prepared, prepare},
    classify::{self, About},
    header,
    redirect::{Rules, keep_secrets_home},
    request::Head,
    retry_after,
    watch::{Limits, Watch},
};
use crate::error::{Effect, Error, ErrorKind, Result};

/// How long an unused connection is kept: less than the 60 to 75 seconds after which common servers close it, since a request that meets a
/// closing connection has an unknown fate.
const KEEP_UNUSED: Duration = Duration::from_secs(50);

/// Stands for limits that are longer, so that adding them to a point in time cannot overflow.
const FOREVER: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// Connections to services, shared by all clones, and the settings they are made with.
#[derive(Clone)]
pub struct HttpClient {
    inner: Arc<Inner>,
}

struct Inner {
    client: reqwest::Client,
    /// The client for this machine's own addresses, if the other one uses a proxy.
    direct: Option<OnceLock<reqwest::Client>>,
    settings: HttpSettings,
    requests: AtomicU64,
    /// Something was answered: the address is right and the network there.
    answered: AtomicBool,
}

impl HttpClient {
    /// Makes a client. Nothing is sent before the first request.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] for settings that cannot be used: a broken certificate, a user agent with line breaks, a proxy of an unknown kind.
    pub fn new(settings: &HttpSettings) -> Result<Self> {
        let settings = bounded(settings);
        let client = build(&settings, &settings.proxy)?;
        let direct = (settings.proxy != Proxy::None).then(OnceLock::new);
        Ok(Self::from_parts(client, direct, settings))
    }

    /// Takes over a ready-made client of the HTTP library, for what the settings cannot express.
    ///
    /// This is the one place where the library shows; its version is part of this crate's version. The client's own proxy,
    /// certificates, user agent and connect timeout apply, and those of `settings` do not. It must not follow redirects, decompress bodies, set a
    /// total or read timeout or retry: all of these break promises of [`HttpClient::send`].
    #[must_use]
    pub fn with_reqwest(client: reqwest::Client, settings: &HttpSettings) -> Self {
        Self::from_parts(client, None, bounded(settings))
    }

    fn from_parts(
        client: reqwest::Client,
        direct: Option<OnceLock<reqwest::Client>>,
        settings: HttpSettings,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                client,
                direct,
                settings,
                requests: AtomicU64::new(0),
                answered: AtomicBool::new(false),
            }),
        }
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &HttpSettings {
        &self.inner.settings
    }

    /// Requests made so far by this client and its clones, failed ones and those after redirects included.
    #[must_use]
    pub fn request_count(&self) -> u64 {
        self.inner.requests.load(Ordering::Relaxed)
    }

    /// Sends a request once and returns the head of the answer, whatever its status.
    ///
    /// An answer that comes while the body is still being sent ends the sending.
    ///
    /// # Errors
    ///
    /// * [`ErrorKind::InvalidInput`]: the request must not or cannot be sent (plain HTTP, a header with line breaks).
    /// * [`ErrorKind::Transport`]: no connection, or it broke. Advice and effect tell the two apart.
    /// * [`ErrorKind::Timeout`]: one of the limits of [`HttpSettings`].
    /// * [`ErrorKind::Protocol`]: a redirect that is not followed, an answer that is not HTTP or is compressed.
    /// * The error of the body's own stream, as it is; nothing was changed then.
    ///
    /// # Cancellation
    ///
    /// Dropping the future closes the connection. The service may have carried out a request that was sent completely.
    pub async fn send(&self, request: Request) -> Result<Response> {
        request.validate()?;
        let mut rules = Rules::of(&request);
        let Request {
            mut head, mut body, ..
        } = request;
        loop {
            address::check(&head.url, self.inner.settings.allow_plain_http)?;
            let response = self.send_once(&head, std::mem::take(&mut body)).await?;
            let next = rules.next(&head.url, response.status(), response.headers())?;
            let Some(next) = next else {
                return Ok(response);
            };
            response.drain().await;
            keep_secrets_home(&mut head.headers, &head.url, &next);
            head.url = next;
        }
    }

    async fn send_once(&self, head: &Head, body: Body) -> Result<Response> {
        let about = About {
            url: head.url.clone(),
            changes: head.changes,
        };
        let started = Instant::now();
        let client = self.inner.client_for(&head.url)?;
        let watch = self.watch(head, &body);
        let built = build_request(head, body, &watch).await?;
        self.inner.requests.fetch_add(1, Ordering::Relaxed);
        // An answer that is there counts more than a limit that was reached at the same time: the first one is asked first.
        let outcome = match select(pin!(client.execute(built)), pin!(watch.expired())).await {
            Either::Left((answer, _)) => {
                answer.map_err(|error| classify::send_failure(error, &about))
            }
            Either::Right((expired, _)) => Err(classify::expired(expired, &about)),
        };
        let outcome = self.note_contact(judge(outcome, &watch));
        trace(head, &outcome, &watch, started);
        let response = Response::new(outcome?, about, self.inner.settings.idle_timeout);
        response.check_coding()?;
        Ok(response)
    }

    /// Remembers the first answer: from then on a connection that cannot be made is an outage and no mistake.
    fn note_contact(&self, outcome: Result<reqwest::Response>) -> Result<reqwest::Response> {
        let answered = &self.inner.answered;
        match outcome {
            Ok(response) => {
                answered.store(true, Ordering::Relaxed);
                Ok(response)
            }
            Err(error) if error.is_no_contact() && answered.load(Ordering::Relaxed) => {
                Err(error.with_no_contact(false))
            }
            failed => failed,
        }
    }

    fn watch(&self, head: &Head, body: &Body) -> Arc<Watch> {
        let settings = &self.inner.settings;
        let limits = Limits {
            connect: settings.connect_timeout,
            idle: settings.idle_timeout,
            response: head
                .response_timeout
                .unwrap_or(settings.response_timeout)
                .min(FOREVER),
        };
        let progress = match body {
            Body::Stream { progress, .. } => progress.clone(),
            _ => None,
        };
        Watch::new(limits, progress)
    }
}

impl Inner {
    fn client_for(&self, url: &url::Url) -> Result<&reqwest::Client> {
        let Some(direct) = self.direct.as_ref().filter(|_| address::is_loopback(url)) else {
            return Ok(&self.client);
        };
        if let Some(client) = direct.get() {
            return Ok(client);
        }
        let client = build(&self.settings, &Proxy::None)?;
        Ok(direct.get_or_init(|| client))
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient")
            .field("settings", &self.inner.settings)
            .field("requests", &self.request_count())
            .finish_non_exhaustive()
    }
}

/// Lets a failure of the body's source take the place of what it did to the connection.
fn judge(outcome: Result<reqwest::Response>, watch: &Watch) -> Result<reqwest::Response> {
    let outcome = match (outcome, watch.take_failure()) {
        // The service cannot have taken half a body for a whole one.
        (Err(_), Some(failure)) => Err(failure.with_effect(Effect::NotMade)),
        (Ok(response), Some(failure)) if response.status().is_success() => {
            Err(failure.with_effect(Effect::Unknown))
        }
        (outcome, _) => outcome,
    };
    let refused = match &outcome {
        Ok(response) => response.status().as_u16() >= 400,
        Err(_) => true,
    };
    if refused {
        watch.in_vain();
    }
    outcome
}

async fn build_request(head: &Head, body: Body, watch: &Arc<Watch>) -> Result<reqwest::Request> {
    let content_type = body.content_type();
    let Prepared {
        body,
        content_length,
    } = prepare(body, watch).await?;
    let mut built = reqwest::Request::new(head.method.clone(), head.url.clone());
    let headers = built.headers_mut();
    headers.clone_from(&head.headers);
    if let Some(content_type) = content_type {
        headers
            .entry(header::CONTENT_TYPE)
            .or_insert(header::HeaderValue::from_static(content_type));
    }
    // Some servers wait for, or insist on, a length with methods that usually have a body.
    let states_length = body.is_some() || !head.method.is_safe();
    if let Some(length) = content_length.filter(|_| states_length) {
        headers.insert(header::CONTENT_LENGTH, length.into());
    }
    *built.body_mut() = body;
    Ok(built)
}

fn bounded(settings: &HttpSettings) -> HttpSettings {
    let mut settings = settings.clone();
    for limit in [
        &mut settings.connect_timeout,
        &mut settings.idle_timeout,
        &mut settings.response_timeout,
    ] {
        *limit = (*limit).min(FOREVER);
    }
    settings
}

fn build(settings: &HttpSettings, proxy: &Proxy) -> Result<reqwest::Client> {
    let half_idle = settings.idle_timeout / 2;
    let mut builder = reqwest::Client::builder()
        .connect_timeout(settings.connect_timeout)
        .pool_idle_timeout(KEEP_UNUSED)
        .pool_max_idle_per_host(settings.max_idle_connections)
        .user_agent(&settings.user_agent)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .http2_keep_alive_interval(half_idle)
        .http2_keep_alive_timeout(half_idle)
        // Other crates of a build may enable decompression, which falsifies lengths, ranges and hashes.
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate();
    builder = match proxy {
        Proxy::None => builder.no_proxy(),
        Proxy::System => builder,
        Proxy::Url(url) => builder.proxy(reqwest::Proxy::all(url.as_str()).map_err(|error| {
            unusable(format!("the proxy {} cannot be used", host(url)))
                .with_source(error.without_url())
        })?),
    };
    if settings.http1_only {
        builder = builder.http1_only();
    }
    for pem in &settings.extra_roots {
        builder = add_roots(builder, pem)?;
    }
    builder.build().map_err(|error| {
        unusable("the connection settings cannot be used".to_owned())
            .with_source(error.without_url())
            .with_help("check the user agent, the proxy and the extra root certificates")
    })
}

#[cfg(any(feature = "rustls", feature = "native-tls"))]
fn add_roots(builder: reqwest::ClientBuilder, pem: &[u8]) -> Result<reqwest::ClientBuilder> {
    let broken = || {
        unusable("an extra root certificate cannot be read".to_owned()).with_help(
            "certificates are given as text that starts with -----BEGIN CERTIFICATE-----",
        )
    };
    let roots = reqwest::Certificate::from_pem_bundle(pem)
        .map_err(|error| broken().with_source(error.without_url()))?;
    if roots.is_empty() {
        return Err(broken());
    }
    Ok(builder.tls_certs_merge(roots))
}

#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
fn add_roots(_: reqwest::ClientBuilder, _: &[u8]) -> Result<reqwest::ClientBuilder> {
    Err(Error::unsupported("TLS, which this build leaves out,"))
}

fn unusable(message: String) -> Error {
    Error::with_message(ErrorKind::InvalidInput, message)
}

fn trace(head: &Head, outcome: &Result<reqwest::Response>, watch: &Watch, started: Instant) {
    let host = host(&head.url);
    let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    match outcome {
        Ok(response) => tracing::debug!(
            method = %head.method,
            label = head.label,
            host,
            attempt = head.attempt,
            status = response.status().as_u16(),
            bytes_sent = watch.sent(),
            bytes_announced = response.content_length(),
            retry_after_s = retry_after(response.headers(), SystemTime::now())
                .map(|delay| delay.as_secs()),
            elapsed_ms,
            "answered"
        ),
        Err(error) => tracing::debug!(
            method = %head.method,
            label = head.label,
            host,
            attempt = head.attempt,
            kind = ?error.kind(),
            effect = ?error.effect(),
            bytes_sent = watch.sent(),
            elapsed_ms,
            "no answer"
        ),
    }
}
