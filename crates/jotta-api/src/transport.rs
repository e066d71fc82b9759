//! From a call to an answer: user, token, one attempt or several, and what a failed answer means.

use bytes::Bytes;
use http::Method;
use remote_core::{
    auth::bearer,
    error::{Effect, Error, ErrorKind, Result, RetryAdvice},
    http::{Body, Request, Response, header, retry_after},
    lenient::Object,
    retry::Idempotency,
};
use serde::de::DeserializeOwned;
use url::Url;

use crate::{
    call::Call,
    client::Client,
    error::classify::{Answer, Asked, FAILURE_BYTES, error_of},
    model::item::Item,
};

/// Longest answer of the JSON interface.
const JSON_BYTES: usize = 4 * 1024 * 1024;

impl Client {
    /// Makes a call of the XML interface and reads what it leads to.
    pub(crate) async fn item_of(&self, call: Call) -> Result<Item> {
        self.repeat(call, |response, asked| async move {
            let item = Item::read(response.into_stream()).await;
            item.map_err(|error| after_success(error, asked))
        })
        .await
    }

    /// Makes a call and reads its answer as JSON.
    pub(crate) async fn json_of<T: DeserializeOwned + Send>(&self, call: Call) -> Result<T> {
        self.repeat(call, read_json).await
    }

    /// Makes a call of which only the success matters.
    pub(crate) async fn done(&self, call: Call) -> Result<()> {
        self.repeat(call, |response, _asked| async move {
            response.drain().await;
            Ok(())
        })
        .await
    }

    /// Makes a call whose answer may describe what it was about. Its success does not depend on that.
    pub(crate) async fn told(&self, call: Call) -> Result<Option<Item>> {
        self.repeat(call, |response, _asked| async move {
            Ok(Item::read(response.into_stream()).await.ok())
        })
        .await
    }

    /// Makes a call and hands out the answer with its body unread.
    pub(crate) async fn open(&self, call: Call) -> Result<Response> {
        self.repeat(call, |response, _asked| async move { Ok(response) })
            .await
    }

    /// Sends a body that can be sent once only. The answer is a success, its body unread.
    pub(crate) async fn send_body(
        &self,
        label: &'static str,
        url: Url,
        headers: Vec<(&'static str, String)>,
        body: Body,
        asked: Asked,
    ) -> Result<Response> {
        let mut body = Some(body);
        let attempts = self.inner.once.run(Idempotency::NotIdempotent, |attempt| {
            let (url, headers, body) = (url.clone(), headers.clone(), body.take());
            async move {
                let token = self.inner.auth.token().await?;
                let mut request = Request::new(Method::POST, url, label)
                    .attempt(attempt.number)
                    .changes(true)
                    .follow_redirects(false)
                    .authorization(bearer(&token));
                for (name, value) in headers {
                    request = request.header(name, value);
                }
                if let Some(body) = body {
                    request = request.body(body);
                }
                let response = self.inner.http.send(request).await?;
                if response.status().is_success() {
                    return Ok(response);
                }
                let error = failure(response, asked).await?;
                if error.kind() == ErrorKind::Authentication
                    && self.inner.auth.renew(&token).await?
                {
                    // The token is new: the caller, who can open the body again, may try once more.
                    return Err(error.with_retry_advice(RetryAdvice::Safe(None)));
                }
                Err(error)
            }
        });
        attempts.await
    }

    /// Repeats what is harmless to repeat, and makes one attempt of everything else.
    async fn repeat<T, R, Fut>(&self, mut call: Call, read: R) -> Result<T>
    where
        T: Send,
        R: Fn(Response, Asked) -> Fut + Send + Sync,
        Fut: Future<Output = Result<T>> + Send,
    {
        if let Some(invalid) = call.take_invalid() {
            return Err(invalid);
        }
        let user = if call.needs_user() {
            self.username().await?
        } else {
            ""
        };
        let (retry, idempotency) = if call.repeatable {
            (&self.inner.retry, Idempotency::Idempotent)
        } else {
            (&self.inner.once, Idempotency::NotIdempotent)
        };
        let (call, read) = (&call, &read);
        let attempts = retry.run(idempotency, |attempt| async move {
            let response = self.attempt(call, user, attempt.number).await?;
            read(response, call.asked).await
        });
        attempts.await
    }

    /// Makes one attempt, and another one with a new token if the service refuses a token that should be good.
    async fn attempt(&self, call: &Call, user: &str, number: u32) -> Result<Response> {
        let inner = &self.inner;
        let mut renewed = false;
        loop {
            let token = match call.anonymous {
                true => None,
                false => Some(inner.auth.token().await?),
            };
            let mut request = Request::new(
                call.method.clone(),
                call.url(&inner.addresses, user),
                call.label,
            )
            .attempt(number)
            .changes(call.asked.changes);
            if let Some(token) = &token {
                request = request.authorization(bearer(token));
            }
            for (name, value) in &call.headers {
                request = request.header(*name, value);
            }
            if let Some(json) = &call.json {
                request = request
                    .header(header::CONTENT_TYPE, "application/json")
                    .body(Body::Bytes(json.clone()));
            }
            let response = inner.http.send(request).await?;
            if response.status().is_success() {
                return Ok(response);
            }
            let error = failure(response, call.asked).await?;
            let refused = token.filter(|_| error.kind() == ErrorKind::Authentication && !renewed);
            let Some(refused) = refused else {
                return Err(error);
            };
            renewed = true;
            if !inner.auth.renew(&refused).await? {
                return Err(error);
            }
        }
    }
}

/// Reads an answer as a JSON object.
pub(crate) async fn read_json<T: DeserializeOwned + Send>(
    response: Response,
    asked: Asked,
) -> Result<T> {
    let answer = response.json(JSON_BYTES).await;
    answer
        .map(|Object(answer)| answer)
        .map_err(|error| after_success(error, asked))
}

/// What an answer that reports a failure means.
pub(crate) async fn failure(response: Response, asked: Asked) -> Result<Error> {
    let status = response.status();
    let retry_after = retry_after(response.headers(), std::time::SystemTime::now());
    let body = match response.bytes(FAILURE_BYTES).await {
        Ok(body) => body,
        // Too long to be the service's own form; the status has to do.
        Err(error) if error.kind() == ErrorKind::TooLarge => Bytes::new(),
        // These say all that matters by their status.
        Err(_) if matches!(status.as_u16(), 401 | 408 | 420..) => Bytes::new(),
        Err(error) => return Err(error.with_http_status(status.as_u16())),
    };
    let answer = Answer {
        status,
        body,
        retry_after,
    };
    Ok(error_of(&answer, asked).await)
}

/// The service reported success, but its answer could not be read.
pub(crate) fn after_success(error: Error, asked: Asked) -> Error {
    if asked.changes {
        error.with_effect(Effect::Made)
    } else {
        error
    }
}
