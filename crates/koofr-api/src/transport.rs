//! From a call to an answer: credentials, level, one attempt or several, and what a failed answer means.

use bytes::Bytes;
use remote_core::{
    error::{Effect, Error, ErrorKind, Result, RetryAdvice},
    http::{Body, HeaderMap, Request, Response, StatusCode, header, retry_after},
    retry::Idempotency,
};
use serde::de::DeserializeOwned;

use crate::{
    auth::{Ticket, Verdict},
    call::{Call, Route},
    client::Client,
    error::classify::{Answer, ENDPOINT_HELP, error_of, is_unknown_route},
    lenient::Object,
    level::WireLevel,
};

/// Longest answer that is read to find out why a call failed.
const FAILURE_BYTES: usize = 64 * 1024;

/// Longest answer about one thing: a file with all its tags, a mount with all its members.
const ANSWER_BYTES: usize = 16 * 1024 * 1024;

/// Longest answer that is a list. A folder of a million files takes a quarter of a gibibyte.
pub(crate) const LIST_BYTES: usize = 512 * 1024 * 1024;

/// The header that selects the behaviour of an interface version on the older path.
const VERSION_HEADER: &str = "X-Koofr-Version";

impl Client {
    /// Makes a call and reads its answer as JSON.
    pub(crate) async fn json<T: DeserializeOwned + Send>(&self, call: Call) -> Result<T> {
        self.json_within(call, ANSWER_BYTES).await
    }

    /// Makes a call and reads its answer, of at most `limit` bytes, as JSON.
    pub(crate) async fn json_within<T>(&self, call: Call, limit: usize) -> Result<T>
    where
        T: DeserializeOwned + Send,
    {
        let call = &call;
        self.repeat(call, |number| async move {
            let response = self.attempt(call, None, number).await?;
            let answer = response.json(limit).await;
            answer
                .map(|Object(answer)| answer)
                .map_err(|error| after_success(error, call))
        })
        .await
    }

    /// Makes a call and reads its answer as JSON, or as nothing: some endpoints answer with an empty body.
    pub(crate) async fn json_or_empty<T: DeserializeOwned + Default + Send>(
        &self,
        call: Call,
    ) -> Result<T> {
        let call = &call;
        let body = self
            .repeat(call, |number| async move {
                let response = self.attempt(call, None, number).await?;
                let body = response.bytes(ANSWER_BYTES).await;
                body.map_err(|error| after_success(error, call))
            })
            .await?;
        // The change is made whatever the body looks like, so a form that is not known is as good as none.
        Ok(serde_json::from_slice(&body).unwrap_or_default())
    }

    /// Makes a call of which only the success matters.
    pub(crate) async fn done(&self, call: Call) -> Result<()> {
        let call = &call;
        self.repeat(call, |number| async move {
            let response = self.attempt(call, None, number).await?;
            // Reading to the end lets the connection be used again; the answer was the status.
            let _body = response.bytes(FAILURE_BYTES).await.unwrap_or_default();
            Ok(())
        })
        .await
    }

    /// Makes a call and hands out the answer with its body unread.
    pub(crate) async fn open(&self, call: &Call) -> Result<Response> {
        self.repeat(call, |number| self.attempt(call, None, number))
            .await
    }

    /// Makes one attempt of a call with a body that can be sent once only, and reads the answer as JSON.
    pub(crate) async fn send_body<T: DeserializeOwned + Send>(
        &self,
        call: &Call,
        body: Body,
    ) -> Result<T> {
        let mut body = Some(body);
        let attempts = self.inner.once.run(Idempotency::NotIdempotent, |attempt| {
            let body = body.take();
            async move {
                let response = self.attempt(call, body, attempt.number).await?;
                let answer = response.json(ANSWER_BYTES).await;
                answer
                    .map(|Object(answer)| answer)
                    .map_err(|error| after_success(error, call))
            }
        });
        attempts.await
    }

    /// Repeats what is harmless to repeat, and makes one attempt of everything else.
    async fn repeat<T, F, Fut>(&self, call: &Call, mut attempt: F) -> Result<T>
    where
        T: Send,
        F: FnMut(u32) -> Fut + Send,
        Fut: Future<Output = Result<T>> + Send,
    {
        let (retry, idempotency) = if call.repeatable {
            (&self.inner.retry, Idempotency::Idempotent)
        } else {
            (&self.inner.once, Idempotency::NotIdempotent)
        };
        retry.run(idempotency, |step| attempt(step.number)).await
    }

    /// Makes one attempt, plus what signing in and finding the level of the installation take.
    pub(crate) async fn attempt(
        &self,
        call: &Call,
        body: Option<Body>,
        number: u32,
    ) -> Result<Response> {
        let mut body = body;
        let replayable = body.is_none();
        if !replayable {
            self.prepare(call).await?;
        }
        let inner = &self.inner;
        let mut level = inner.level.start();
        let mut renewed = false;
        let mut first_failure = None;
        loop {
            let ticket = self.ticket(call).await?;
            let request = self.request(call, level, &ticket, body.take(), number)?;
            let response = inner.http.send(request).await?;
            if is_wanted(call, response.status()) {
                ticket.settle(self, Verdict::Accepted).await?;
                self.settle_level(call, level);
                return refuse_page(call, response);
            }
            let failure = Failure::read(response).await?;
            let answer = failure.answer();
            let error = error_of(&answer, call.asked);
            let verdict = verdict_of(&answer, &error);
            // Credentials that were just renewed and are refused again are not renewed once more.
            let told = if renewed && verdict == Verdict::Refused {
                Verdict::Undecided
            } else {
                verdict
            };
            let may_repeat = ticket.settle(self, told).await?;
            if verdict == Verdict::Accepted {
                self.settle_level(call, level);
            }
            if may_repeat {
                if !replayable {
                    // The credentials are new: the caller, who can open the body again, may try once more.
                    return Err(error.with_retry_advice(RetryAdvice::Safe(None)));
                }
                renewed = true;
                continue;
            }
            let unknown = call.route.has_level() && is_unknown_route(&answer);
            match inner
                .level
                .after_unknown_route(level)
                .filter(|_next| unknown && replayable)
            {
                Some(next) => {
                    first_failure.get_or_insert(error);
                    level = next;
                }
                None => return Err(first_failure.filter(|_first| unknown).unwrap_or(error)),
            }
        }
    }

    /// Finds out credentials and level with a small request before a body that cannot be sent twice.
    ///
    /// Otherwise a large first upload would make all other calls wait for its end, or be sent in vain.
    async fn prepare(&self, call: &Call) -> Result<()> {
        let inner = &self.inner;
        let is_ready = inner.auth.is_verified() && inner.level.known().is_some();
        if call.public || is_ready {
            return Ok(());
        }
        let probe = Call::get(Route::Api, "user").at("user");
        let result = Box::pin(self.attempt(&probe, None, 1)).await;
        match result {
            Ok(_user) => Ok(()),
            // The installation, or the scope of the password, has no such call; the upload itself will tell.
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::Protocol | ErrorKind::PermissionDenied | ErrorKind::NotFound
                ) =>
            {
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Where the account lives.
    pub(crate) fn base(&self) -> url::Url {
        match &self.inner.server {
            Some(server) => server.base(&self.inner.base),
            None => self.inner.base.clone(),
        }
    }

    async fn ticket(&self, call: &Call) -> Result<Ticket<'_>> {
        if call.public {
            return Ok(Ticket::none());
        }
        self.inner.auth.ticket(self).await
    }

    fn settle_level(&self, call: &Call, level: WireLevel) {
        if call.route.has_level() {
            self.inner.level.settle(level);
        }
    }

    fn request(
        &self,
        call: &Call,
        level: WireLevel,
        ticket: &Ticket<'_>,
        body: Option<Body>,
        number: u32,
    ) -> Result<Request> {
        let url = call.url(&self.base(), level)?;
        let mut request = Request::new(call.method.clone(), url, call.label)
            .attempt(number)
            .changes(call.asked.changes)
            .follow_redirects(call.follow_redirects);
        if call.route.sends_header(level) {
            request = request.header(VERSION_HEADER, "2.1");
        }
        if !call.any_content {
            request = request.header(header::ACCEPT, "application/json");
        }
        if let Some(value) = ticket.header() {
            request = request.authorization(value);
        }
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        for (name, value) in &call.secret_headers {
            request = request.secret_header(*name, value);
        }
        if let Some(body) = body {
            request = request.body(body);
        } else if let Some(payload) = &call.payload {
            request = request
                .header(header::CONTENT_TYPE, payload.content_type)
                .body(Body::Bytes(payload.bytes.clone()));
        }
        Ok(request)
    }
}

/// An answer that reports a failure, read.
struct Failure {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Failure {
    async fn read(response: Response) -> Result<Self> {
        let status = response.status();
        let headers = response.headers().clone();
        let body = match response.bytes(FAILURE_BYTES).await {
            Ok(body) => body,
            // Too long to be the service's own form; the status has to do.
            Err(error) if error.kind() == ErrorKind::TooLarge => Bytes::new(),
            // These say all that matters by their status; a password that was refused must not be tried again because the rest got lost.
            Err(_) if matches!(status.as_u16(), 401 | 408 | 429 | 499..) => Bytes::new(),
            Err(error) => return Err(error.with_http_status(status.as_u16())),
        };
        Ok(Self {
            status,
            headers,
            body,
        })
    }

    fn answer(&self) -> Answer<'_> {
        Answer {
            status: self.status.as_u16(),
            content_type: text_header(&self.headers, "content-type").unwrap_or_default(),
            body: &self.body,
            request_id: text_header(&self.headers, "x-request-id"),
            retry_after: retry_after(&self.headers, std::time::SystemTime::now()),
        }
    }
}

fn text_header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn is_wanted(call: &Call, status: StatusCode) -> bool {
    status.is_success() || (status.is_redirection() && call.wants_redirect)
}

/// What a failed answer says about the credentials. An address that is not known is refused before credentials are looked at.
fn verdict_of(answer: &Answer<'_>, error: &Error) -> Verdict {
    match (answer.status, error.kind()) {
        (401, _) => Verdict::Refused,
        (_, ErrorKind::LoginLocked) => Verdict::Locked,
        (405 | 408 | 429 | 499.., _) | (_, ErrorKind::Protocol) => Verdict::Undecided,
        (400..499, _) => Verdict::Accepted,
        _ => Verdict::Undecided,
    }
}

/// The service never answers with a web page, except with the content of a file that is one.
fn refuse_page(call: &Call, response: Response) -> Result<Response> {
    let is_page = text_header(response.headers(), "content-type")
        .is_some_and(|kind| kind.starts_with("text/html"));
    if !is_page || call.any_content {
        return Ok(response);
    }
    let effect = if call.asked.changes {
        Effect::Unknown
    } else {
        Effect::NotMade
    };
    Err(
        Error::with_message(ErrorKind::Protocol, "the server answered with a web page")
            .with_http_status(response.status().as_u16())
            .with_effect(effect)
            .with_help(ENDPOINT_HELP),
    )
}

/// The service reported success, but its answer could not be read.
fn after_success(error: Error, call: &Call) -> Error {
    let error = match error.kind() {
        ErrorKind::Protocol => error.with_help(ENDPOINT_HELP),
        _ => error,
    };
    if call.asked.changes {
        error.with_effect(Effect::Made)
    } else {
        error
    }
}
