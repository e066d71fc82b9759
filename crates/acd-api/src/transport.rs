//! From a call to an answer: addresses, token, one attempt or several, and what a failed answer means.

use bytes::Bytes;
use remote_core::{
    auth::bearer,
    error::{Effect, Error, ErrorKind, Result, RetryAdvice},
    http::{Body, Request, Response, header, retry_after},
    lenient::Object,
    retry::Idempotency,
};
use serde::de::DeserializeOwned;
use tokio::sync::SemaphorePermit;
use url::Url;

use crate::{
    call::{Base, Call},
    client::Client,
    discovery::Found,
    error::{
        ApiError,
        classify::{Answer, error_of},
    },
    model::account::EndpointInfo,
};

/// Longest answer that is read to find out why a call failed.
const FAILURE_BYTES: usize = 64 * 1024;

/// Longest answer about one thing or one page of things.
const ANSWER_BYTES: usize = 16 * 1024 * 1024;

impl Client {
    /// Makes a call and reads its answer as JSON.
    pub(crate) async fn json<T: DeserializeOwned + Send>(&self, call: Call) -> Result<T> {
        self.repeat(call, |response, changes| read_json(response, changes))
            .await
    }

    /// Makes a call of which only the success matters.
    pub(crate) async fn done(&self, call: Call) -> Result<()> {
        self.repeat(call, |response, _changes| async move {
            response.drain().await;
            Ok(())
        })
        .await
    }

    /// Makes a call that changes something and reads its answer, which need not tell anything.
    pub(crate) async fn json_or_empty<T: DeserializeOwned + Send>(
        &self,
        call: Call,
    ) -> Result<Option<T>> {
        self.repeat(call, |response, _changes| async move {
            // The change is made whatever the body looks like, so a form that is not known is as good as none.
            let body = response.bytes(ANSWER_BYTES).await.unwrap_or_default();
            let read = serde_json::from_slice::<Object<T>>(&body);
            Ok(read.ok().map(|Object(value)| value))
        })
        .await
    }

    /// Makes a call and hands out the answer with its body unread.
    pub(crate) async fn open(&self, call: Call) -> Result<Response> {
        self.repeat(call, |response, _changes| async move { Ok(response) })
            .await
    }

    /// Makes one attempt of a call with a body that can be sent once only, and reads the answer as JSON.
    ///
    /// After a refused token it fails with the advice to repeat at once: the token is new, and the caller can open the body again.
    pub(crate) async fn send_body<T: DeserializeOwned + Send>(
        &self,
        mut call: Call,
        body: Body,
    ) -> Result<T> {
        if let Some(invalid) = call.take_invalid() {
            return Err(invalid);
        }
        let found = self.discover().await?;
        let mut body = Some(body);
        let (call, base) = (&call, found.base(call.base));
        let attempts = self.inner.once.run(Idempotency::NotIdempotent, |attempt| {
            let body = body.take();
            async move {
                let response = self.attempt(call, base, body, attempt.number).await?;
                read_json(response, true).await
            }
        });
        attempts.await
    }

    /// Fetches an address that needs no credentials, wherever it leads.
    pub(crate) async fn open_link(
        &self,
        label: &'static str,
        link: Url,
        range: Option<String>,
    ) -> Result<Response> {
        let (link, range) = (&link, &range);
        let attempts = self
            .inner
            .retry
            .run(Idempotency::Idempotent, |attempt| async move {
                let mut request = Request::new(http::Method::GET, link.clone(), label)
                    .attempt(attempt.number)
                    .allow_foreign_redirect(true);
                if let Some(range) = range {
                    request = request.header(header::RANGE, range);
                }
                let response = self.inner.http.send(request).await?;
                if response.status().is_success() {
                    return Ok(response);
                }
                Err(failure(response, false).await?)
            });
        attempts.await
    }

    /// Finds out where the account lives, unless that is known. One request; concurrent callers share it.
    pub(crate) async fn discover(&self) -> Result<Found> {
        let discovery = &self.inner.discovery;
        if let Some(found) = discovery.known() {
            return Ok(found);
        }
        let _asking = discovery.asking.lock().await;
        if let Some(found) = discovery.known() {
            return Ok(found);
        }
        let info = self.ask_endpoint().await?;
        discovery.learn(&info)
    }

    /// Asks where the account lives, whether that is known or not; see [`discover`](Self::discover).
    pub(crate) async fn ask_endpoint(&self) -> Result<EndpointInfo> {
        let call = Call::get(Base::Bootstrap, "account/endpoint").at("account/endpoint");
        let call = &call;
        let attempts = self
            .inner
            .retry
            .run(Idempotency::Idempotent, |attempt| async move {
                let _turn = self.turn(call.base).await;
                let base = &self.inner.discovery.addresses.endpoint_url;
                let response = self.attempt(call, base, None, attempt.number).await?;
                read_json(response, false).await
            });
        attempts.await
    }

    /// Repeats what is harmless to repeat, and makes one attempt of everything else.
    async fn repeat<T, R, Fut>(&self, mut call: Call, read: R) -> Result<T>
    where
        T: Send,
        R: Fn(Response, bool) -> Fut + Send + Sync,
        Fut: Future<Output = Result<T>> + Send,
    {
        if let Some(invalid) = call.take_invalid() {
            return Err(invalid);
        }
        // Before the first attempt, so that a call of which only one is made does not fail for it.
        self.discover().await?;
        let (retry, idempotency) = if call.repeatable {
            (&self.inner.retry, Idempotency::Idempotent)
        } else {
            (&self.inner.once, Idempotency::NotIdempotent)
        };
        let (call, read) = (&call, &read);
        let attempts = retry.run(idempotency, |attempt| async move {
            // Mostly known; after a failure it may be in doubt.
            let found = self.discover().await?;
            let _turn = self.turn(call.base).await;
            let base = found.base(call.base);
            let response = self.attempt(call, base, None, attempt.number).await?;
            read(response, call.changes).await
        });
        attempts.await
    }

    /// Waits until a call may begin; it ends when this is dropped.
    async fn turn(&self, base: Base) -> Option<SemaphorePermit<'_>> {
        match base {
            Base::Content => None,
            // Never closed.
            Base::Bootstrap | Base::Metadata => self.inner.metadata_calls.acquire().await.ok(),
        }
    }

    /// Makes one attempt, and another one with a new token if the service refuses a token that should be good.
    async fn attempt(
        &self,
        call: &Call,
        base: &Url,
        body: Option<Body>,
        number: u32,
    ) -> Result<Response> {
        let inner = &self.inner;
        let is_replayable = body.is_none();
        let mut body = body;
        let mut renewed = false;
        loop {
            let token = inner.auth.token().await?;
            let mut request = Request::new(call.method.clone(), call.url(base), call.label)
                .attempt(number)
                .changes(call.changes)
                // Large files are kept elsewhere, and fetched there without the token.
                .allow_foreign_redirect(call.base == Base::Content)
                .authorization(bearer(&token));
            for (name, value) in &call.headers {
                request = request.header(*name, value);
            }
            if let Some(body) = body.take() {
                request = request.body(body);
            } else if let Some(json) = &call.json {
                request = request
                    .header(header::CONTENT_TYPE, "application/json")
                    .body(Body::Bytes(json.clone()));
            }
            let response = inner.http.send(request).await.inspect_err(|error| {
                if is_unreachable(error) && call.base != Base::Bootstrap {
                    inner.discovery.forget();
                }
            })?;
            if response.status().is_success() {
                inner.discovery.answered(call.base, true);
                return Ok(response);
            }
            let error = failure(response, call.changes).await?;
            let said = ApiError::of(&error);
            let is_strange =
                said.is_some_and(|said| !said.is_own_form && matches!(said.status, 403 | 404));
            inner.discovery.answered(call.base, !is_strange);
            if renewed || !said.is_some_and(ApiError::is_token_expired) {
                return Err(error);
            }
            if !inner.auth.renew(&token).await? {
                return Err(error);
            }
            if !is_replayable {
                return Err(error.with_retry_advice(RetryAdvice::Safe(None)));
            }
            renewed = true;
        }
    }
}

async fn read_json<T: DeserializeOwned>(response: Response, changes: bool) -> Result<T> {
    let answer = response.json(ANSWER_BYTES).await;
    answer.map(|Object(value)| value).map_err(|error| {
        if changes {
            error.with_effect(Effect::Made)
        } else {
            error
        }
    })
}

/// The host cannot be reached at all.
fn is_unreachable(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Transport | ErrorKind::Timeout)
        && matches!(error.retry_advice(), RetryAdvice::Safe(_))
}

/// What an answer that reports a failure means.
async fn failure(response: Response, changes: bool) -> Result<Error> {
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let body = match response.bytes(FAILURE_BYTES).await {
        Ok(body) => body,
        // Too long to be the service's own form; the status has to do.
        Err(error) if error.kind() == ErrorKind::TooLarge => Bytes::new(),
        // These say all that matters by their status.
        Err(_) if matches!(status, 401 | 408 | 429 | 499..) => Bytes::new(),
        Err(error) => return Err(error.with_http_status(status)),
    };
    let request_id = headers
        .get("x-amzn-requestid")
        .and_then(|value| value.to_str().ok());
    let answer = Answer {
        status,
        body: &body,
        request_id,
        retry_after: retry_after(&headers, std::time::SystemTime::now()),
    };
    Ok(error_of(&answer, changes))
}
