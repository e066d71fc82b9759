//! An answer: its head, and its body as bytes, text, JSON or stream.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt, TryStreamExt, stream::BoxStream};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, Sleep};

use super::{
    HeaderMap, StatusCode, Upgraded,
    classify::{self, About},
    header, redacted,
};
use crate::error::{Error, ErrorKind, Result, RetryAdvice};

/// Bytes of an unwanted body that are read so that its connection can be used again; a new connection costs about as much.
const DRAIN_BYTES: usize = 64 * 1024;

/// The longest that is spent on reading an unwanted body, however slowly it comes: it is worth no more than a new connection.
const DRAIN_TIME: Duration = Duration::from_secs(2);

/// Characters of an answer that was not understood, for its error.
const EXCERPT_CHARS: usize = 120;

/// An answer of any status, its body still to be read.
///
/// Dropping it without reading closes the connection; [`Response::drain`] keeps it. `Debug` shows status and redacted address only.
pub struct Response {
    inner: reqwest::Response,
    about: About,
    idle_timeout: Duration,
}

impl Response {
    pub(super) fn new(inner: reqwest::Response, mut about: About, idle_timeout: Duration) -> Self {
        // A refusal is an answer: whatever happens to its body, nothing was changed. A failure of the service or of something on
        // the way to it is no refusal.
        about.changes &= !is_refusal(inner.status());
        Self {
            inner,
            about,
            idle_timeout,
        }
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.inner.status()
    }

    /// All headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.inner.headers()
    }

    /// The first value of a header, if it has one.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.inner.headers().get(name).map(|value| value.as_bytes())
    }

    /// The length of the body in bytes, where the answer states it.
    #[must_use]
    pub fn content_length(&self) -> Option<u64> {
        let text = self.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?;
        text.parse().ok()
    }

    /// Whether the end of the body can be told from a connection that was lost: by its length, by chunks, or by HTTP/2 frames.
    ///
    /// Otherwise the end of the connection is all there is, as with HTTP/1.0 and some proxies: [`into_stream`](Self::into_stream) then cannot notice that a
    /// part is missing, and only a reader that knows what must come can.
    #[must_use]
    pub fn end_is_marked(&self) -> bool {
        self.inner.version() >= reqwest::Version::HTTP_2
            || self.content_length().is_some()
            || self.headers().contains_key(header::TRANSFER_ENCODING)
    }

    /// The host that answered, with its port if that is not the usual one; differs from the request's after a redirect.
    #[must_use]
    pub fn url_host(&self) -> String {
        self.about.host()
    }

    /// The connection, after the answer that gives it away.
    pub(super) async fn into_upgraded(self) -> Result<Upgraded> {
        let Self { inner, about, .. } = self;
        let upgraded = inner.upgrade().await;
        upgraded
            .map(Upgraded::new)
            .map_err(|error| classify::body_failure(error, &about))
    }

    /// The whole body.
    ///
    /// # Errors
    ///
    /// * [`ErrorKind::TooLarge`] when it has more than `limit` bytes.
    /// * [`ErrorKind::Transport`] when it breaks off, [`ErrorKind::Timeout`] when it stops coming.
    ///
    /// If the request changes something the effect is unknown, as the answer was lost, unless its status was that of a refusal.
    pub async fn bytes(self, limit: usize) -> Result<Bytes> {
        let about = self.about.clone();
        let announced = self.content_length();
        if announced.is_some_and(|length| length > limit as u64) {
            return Err(too_large(&about, limit));
        }
        let mut stream = self.into_stream();
        let Some(first) = stream.try_next().await? else {
            return Ok(Bytes::new());
        };
        if first.len() > limit {
            return Err(too_large(&about, limit));
        }
        // Most answers come in one piece, which needs no copy.
        let Some(second) = stream.try_next().await? else {
            return Ok(first);
        };
        let mut all = BytesMut::from(first);
        let mut next = Some(second);
        while let Some(bytes) = next {
            if all.len() + bytes.len() > limit {
                return Err(too_large(&about, limit));
            }
            all.extend_from_slice(&bytes);
            next = stream.try_next().await?;
        }
        Ok(all.freeze())
    }

    /// The whole body, read as JSON whatever its content type says.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Protocol`] when it is not the JSON that was expected; the text says what came instead, without
    /// any value of the body. Otherwise like [`Response::bytes`].
    pub async fn json<T: DeserializeOwned>(self, limit: usize) -> Result<T> {
        let about = self.about.clone();
        let content_type = self.content_type();
        let bytes = self.bytes(limit).await?;
        serde_json::from_slice(&bytes).map_err(|error| {
            not_json(&about.host(), content_type.as_deref(), &bytes, &error)
                .with_effect(about.effect())
        })
    }

    /// The whole body as text; bytes that are not UTF-8 are replaced.
    ///
    /// # Errors
    ///
    /// Like [`Response::bytes`].
    pub async fn text(self, limit: usize) -> Result<String> {
        let bytes = self.bytes(limit).await?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The body as it arrives. The stream ends after the first error, and ends without one only if the body was complete,
    /// provided that [its end is marked](Self::end_is_marked).
    ///
    /// The errors are those of [`Response::bytes`], without a limit. Dropping the stream closes the connection.
    #[must_use]
    pub fn into_stream(self) -> BoxStream<'static, Result<Bytes>> {
        Watched {
            stream: self.inner.bytes_stream().boxed(),
            about: self.about,
            idle_timeout: self.idle_timeout,
            timer: Box::pin(tokio::time::sleep(self.idle_timeout)),
            armed: true,
            ended: false,
        }
        .boxed()
    }

    /// Reads and discards a short body, so that the connection can be used again; closes the connection if there is more, it fails or takes more than two
    /// seconds.
    pub async fn drain(self) {
        let mut stream = self.into_stream();
        let read = async {
            let mut seen = 0;
            while let Some(Ok(bytes)) = stream.next().await {
                seen += bytes.len();
                if seen > DRAIN_BYTES {
                    return;
                }
            }
        };
        // Late or not, the stream is dropped now, which closes a connection that is not at its end.
        let _late = tokio::time::timeout(DRAIN_TIME, read).await;
    }

    /// Refuses bodies that were encoded although nobody offered to decode them: their bytes are not the file's.
    pub(super) fn check_coding(&self) -> Result<()> {
        let identity = |value: &super::HeaderValue| {
            let value = value.as_bytes().trim_ascii();
            value.is_empty() || value.eq_ignore_ascii_case(b"identity")
        };
        let mut codings = self.headers().get_all(header::CONTENT_ENCODING).iter();
        let Some(coding) = codings.find(|value| !identity(value)) else {
            return Ok(());
        };
        let coding = String::from_utf8_lossy(coding.as_bytes());
        Err(self
            .about
            .after_sending(
                ErrorKind::Protocol,
                format!(
                    "{} answered with the encoding {coding}, which was not asked for",
                    self.about.host()
                ),
            )
            .with_retry_advice(RetryAdvice::Never))
    }

    fn content_type(&self) -> Option<String> {
        let value = self.headers().get(header::CONTENT_TYPE)?.to_str().ok()?;
        Some(value.chars().take(EXCERPT_CHARS).collect())
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status())
            .field("url", &redacted(&self.about.url))
            .finish_non_exhaustive()
    }
}

/// Whether a status says that nothing was done. A time-out (408, 499) and a failure (500 and above) do not.
fn is_refusal(status: StatusCode) -> bool {
    let code = status.as_u16();
    status.is_redirection() || (400..499).contains(&code) && code != 408
}

fn too_large(about: &About, limit: usize) -> Error {
    Error::with_message(
        ErrorKind::TooLarge,
        format!("the answer of {} has more than {limit} bytes", about.host()),
    )
    .with_effect(about.effect())
}

fn not_json(
    host: &str,
    content_type: Option<&str>,
    bytes: &[u8],
    error: &serde_json::Error,
) -> Error {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start();
    if bytes.is_empty() {
        return Error::with_message(
            ErrorKind::Protocol,
            format!("{host} answered nothing where JSON was expected"),
        );
    }
    // Only a web page is quoted: a body that is nearly JSON may hold tokens.
    if text.starts_with('<') {
        let excerpt: String = text
            .chars()
            .take(EXCERPT_CHARS)
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        let kind = content_type.unwrap_or("no content type");
        return Error::with_message(
            ErrorKind::Protocol,
            format!("{host} answered a page ({kind}) where JSON was expected: {excerpt}"),
        )
        .with_help("check that the address is that of the service and that no sign-in page of a network is in the way");
    }
    let kind = content_type.unwrap_or("no content type");
    Error::with_message(
        ErrorKind::Protocol,
        format!(
            "{host} answered JSON ({kind}) that does not fit: {}",
            without_values(&error.to_string())
        ),
    )
}

/// The text of a JSON error without the values it quotes, which may be secret; names of fields stay.
fn without_values(text: &str) -> String {
    let names_only = ["missing field", "duplicate field"];
    if names_only.iter().any(|start| text.starts_with(start)) {
        return text.to_owned();
    }
    let mut clean = String::with_capacity(text.len());
    let mut quote = None;
    let mut escaped = false;
    for c in text.chars() {
        match quote {
            None => {
                clean.push(c);
                if c == '"' || c == '`' {
                    quote = Some(c);
                }
            }
            Some(_) if escaped => escaped = false,
            Some('"') if c == '\\' => escaped = true,
            Some(end) if c == end => {
                clean.push('…');
                clean.push(c);
                quote = None;
            }
            Some(_) => {}
        }
    }
    clean
}

/// A body whose standing still is noticed, however long all of it takes.
struct Watched {
    stream: BoxStream<'static, reqwest::Result<Bytes>>,
    about: About,
    idle_timeout: Duration,
    timer: Pin<Box<Sleep>>,
    armed: bool,
    ended: bool,
}

impl Stream for Watched {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if this.ended {
            return Poll::Ready(None);
        }
        match this.stream.poll_next_unpin(cx) {
            Poll::Ready(Some(Ok(bytes))) => {
                this.armed = false;
                return Poll::Ready(Some(Ok(bytes)));
            }
            Poll::Ready(Some(Err(error))) => {
                this.ended = true;
                let error = classify::body_failure(error, &this.about);
                return Poll::Ready(Some(Err(error)));
            }
            Poll::Ready(None) => {
                this.ended = true;
                return Poll::Ready(None);
            }
            Poll::Pending => {}
        }
        // The time counts from the moment a reader waits, so that a slow reader is not taken for a slow service.
        if !this.armed {
            this.armed = true;
            let deadline = Instant::now() + this.idle_timeout;
            this.timer.as_mut().reset(deadline);
        }
        match this.timer.as_mut().poll(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(()) => {
                this.ended = true;
                Poll::Ready(Some(Err(classify::body_stalled(&this.about))))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_of<T: DeserializeOwned + fmt::Debug>(content_type: &str, body: &str) -> String {
        let error = serde_json::from_slice::<T>(body.as_bytes()).unwrap_err();
        not_json("h.example", Some(content_type), body.as_bytes(), &error).to_string()
    }

    #[test]
    fn an_error_about_json_quotes_no_value() {
        let text = error_of::<Vec<u64>>("application/json", r#"["sec\"ret",1]"#);
        assert!(!text.contains("sec") && !text.contains("ret\""), "{text}");
        assert!(text.contains("expected u64"), "{text}");
        let text = error_of::<Vec<bool>>("application/json", "[12345]");
        assert!(!text.contains("12345"), "{text}");
    }

    #[test]
    fn an_error_about_json_names_the_missing_field() {
        #[derive(Debug, serde::Deserialize)]
        struct Named {
            #[expect(dead_code, reason = "only its name matters")]
            primary: bool,
        }
        let text = error_of::<Named>("application/json", "{}");
        assert!(text.contains("`primary`"), "{text}");
    }

    #[test]
    fn a_web_page_is_named_with_its_type_and_its_first_characters() {
        let text = error_of::<u64>("text/html", "\n<html>\n<title>Sign in</title>");
        assert!(
            text.contains("text/html") && text.contains("Sign in"),
            "{text}"
        );
        assert!(!text.contains('\n'), "{text}");
    }
}
