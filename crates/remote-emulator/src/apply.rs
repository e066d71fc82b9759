//! What faults do to an answer that was already made.

use std::io;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures::{StreamExt, stream};
use hyper::StatusCode;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use serde_json::Value;

use crate::apply_xml as xml;
use crate::connection::FlushSignal;
use crate::fault::{FaultAction, FaultAnswer, RetryAfter};
use crate::reply::{ByteStream, NDJSON, Reply, ReplyBody};
use crate::service::{JsonFields, Service};

const PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Welcome</title></head><body>Please sign in to the network.</body></html>\n";

/// The answer of a fault that replaces the handling of the request.
pub(crate) fn instead(
    action: &FaultAction,
    service: &dyn Service,
    endpoint: &str,
) -> Option<Reply> {
    match action {
        FaultAction::Answer(answer) => Some(made_up(answer, service, endpoint)),
        FaultAction::DeviceOffline => Some(service.offline()),
        FaultAction::Html => Some(Reply::bytes(
            StatusCode::OK,
            "text/html; charset=utf-8",
            Bytes::from_static(PAGE.as_bytes()),
        )),
        FaultAction::QuotaExceeded => Some(service.quota_exceeded()),
        FaultAction::RateLimit { retry_after } => Some(with_retry_after(
            service.too_many_requests(),
            retry_after.as_ref(),
        )),
        FaultAction::Redirect { location, status } => {
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::FOUND);
            Some(Reply::status(status).header(LOCATION, location))
        }
        _ => None,
    }
}

/// An answer as a fault describes it.
pub(crate) fn made_up(answer: &FaultAnswer, service: &dyn Service, endpoint: &str) -> Reply {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let reply = match (&answer.code, &answer.body) {
        (Some(code), _) => service.error_at(endpoint, status, code, "ordered by a fault"),
        (None, Some(body)) => Reply::text(status, body.clone()),
        (None, None) => Reply::status(status),
    };
    let mut reply = with_retry_after(reply, answer.retry_after.as_ref());
    for (name, value) in &answer.headers {
        if let Ok(name) = HeaderName::from_bytes(name.as_bytes()) {
            reply = reply.header(name, value);
        }
    }
    reply
}

fn with_retry_after(reply: Reply, retry_after: Option<&RetryAfter>) -> Reply {
    match retry_after {
        Some(value) => reply.header(RETRY_AFTER, value.header_value()),
        None => reply,
    }
}

/// Changes an answer the way the fault wants it.
pub(crate) fn afterwards(
    action: &FaultAction,
    mut reply: Reply,
    fields: &'static JsonFields,
    signal: &Arc<FlushSignal>,
) -> Reply {
    match action {
        FaultAction::ContentLength { delta } => return wrong_length(reply, *delta, signal),
        FaultAction::CorruptBody { at } => reply.body = ReplyBody::Stream(corrupt(reply.body, *at)),
        FaultAction::CutResponse { after } => {
            return keep_length(reply, |body| cut(body, *after, Arc::clone(signal)));
        }
        FaultAction::StallBody { after } => return keep_length(reply, |body| stall(body, *after)),
        FaultAction::NumbersAsStrings
        | FaultAction::OmitHash
        | FaultAction::OmitSpace
        | FaultAction::WrongHash
        | FaultAction::WrongSize { .. } => {
            return if xml::is_xml(&reply) {
                xml::edit(reply, action, fields)
            } else {
                edit_json(reply, action, fields)
            };
        }
        FaultAction::ReplaceText { find, with } => return replace(reply, find, with),
        FaultAction::OmitFileInfo => {
            reply.headers.remove(fields.info_header);
        }
        FaultAction::TruncateListing {
            after_lines,
            mid_line,
            clean_end,
        } if is_ndjson(&reply) || xml::is_xml(&reply) => {
            let records = if is_ndjson(&reply) {
                lines(reply.body)
            } else {
                xml::records(reply.body)
            };
            reply.headers.remove(CONTENT_LENGTH);
            reply.body = ReplyBody::Stream(truncate(
                records,
                *after_lines,
                *mid_line,
                *clean_end,
                signal,
            ));
        }
        FaultAction::ListingError {
            after_lines,
            code,
            message,
            path,
        } if is_ndjson(&reply) => {
            let line = error_line(code, message, path.as_deref());
            reply.body =
                ReplyBody::Stream(insert_line(reply.body, *after_lines, line, path.is_none()));
        }
        _ => {}
    }
    reply
}

/// Replaces the body with a stream of the same announced length.
fn keep_length(mut reply: Reply, change: impl FnOnce(ByteStream) -> ByteStream) -> Reply {
    if let ReplyBody::Bytes(bytes) = &reply.body {
        reply
            .headers
            .entry(CONTENT_LENGTH)
            .or_insert(bytes.len().into());
    }
    reply.body = ReplyBody::Stream(change(reply.body.into_stream()));
    reply
}

fn wrong_length(reply: Reply, delta: i64, signal: &Arc<FlushSignal>) -> Reply {
    let mut reply = keep_length(reply, |body| {
        if delta > 0 {
            // The connection would be closed with bytes still unsent, since the body is shorter than announced.
            cut(body, u64::MAX, Arc::clone(signal))
        } else {
            body
        }
    });
    let real = reply
        .headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if let Some(real) = real {
        reply
            .headers
            .insert(CONTENT_LENGTH, real.saturating_add_signed(delta).into());
    }
    reply
}

fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "closed by a fault")
}

/// The first `after` bytes, and an error once they have left the process.
fn cut(body: ByteStream, after: u64, signal: Arc<FlushSignal>) -> ByteStream {
    let end = stream::once(async move {
        signal.flushed().await;
        Err(closed())
    });
    first_bytes(body, after).chain(end).boxed()
}

fn stall(body: ByteStream, after: u64) -> ByteStream {
    first_bytes(body, after).chain(stream::pending()).boxed()
}

fn first_bytes(body: ByteStream, limit: u64) -> ByteStream {
    body.scan(limit, |left, item| {
        let item = item.map(|mut bytes| {
            let take = usize::try_from(*left)
                .unwrap_or(usize::MAX)
                .min(bytes.len());
            *left -= take as u64;
            bytes.split_to(take)
        });
        let empty = matches!(&item, Ok(bytes) if bytes.is_empty());
        futures::future::ready((!empty).then_some(item))
    })
    .boxed()
}

fn corrupt(body: ReplyBody, at: u64) -> ByteStream {
    body.into_stream()
        .scan(at, |left, item| {
            let item = item.map(|bytes| {
                let here = usize::try_from(*left)
                    .ok()
                    .filter(|offset| *offset < bytes.len());
                *left = left.checked_sub(bytes.len() as u64).unwrap_or(u64::MAX);
                let Some(offset) = here else { return bytes };
                *left = u64::MAX;
                let mut changed = BytesMut::from(bytes.as_ref());
                changed[offset] ^= 0xff;
                changed.freeze()
            });
            futures::future::ready(Some(item))
        })
        .boxed()
}

fn is_ndjson(reply: &Reply) -> bool {
    reply
        .headers
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes() == NDJSON.as_bytes())
}

/// The lines of a body, each with its end mark.
fn lines(body: ReplyBody) -> ByteStream {
    records(body, |bytes| memchr::memchr(b'\n', bytes).map(|at| at + 1))
}

/// A body in pieces, each of which goes as far as `end` says.
pub(crate) fn records(body: ReplyBody, end: fn(&[u8]) -> Option<usize>) -> ByteStream {
    let state = (body.into_stream(), BytesMut::new(), false);
    stream::unfold(state, move |(mut body, mut buffer, mut ended)| async move {
        loop {
            if let Some(end) = end(&buffer) {
                let record = buffer.split_to(end).freeze();
                return Some((Ok(record), (body, buffer, ended)));
            }
            if ended {
                let rest = buffer.split().freeze();
                return (!rest.is_empty()).then_some((Ok(rest), (body, buffer, true)));
            }
            match body.next().await {
                Some(Ok(bytes)) => buffer.extend_from_slice(&bytes),
                Some(Err(error)) => return Some((Err(error), (body, buffer, true))),
                None => ended = true,
            }
        }
    })
    .boxed()
}

/// Replaces a text wherever it stands in the body: in one that is sent piece by piece, inside each line or XML element.
fn replace(mut reply: Reply, find: &str, with: &str) -> Reply {
    let (find, with) = (find.to_owned(), with.to_owned());
    let change = move |bytes: &Bytes| match std::str::from_utf8(bytes) {
        Ok(text) => Bytes::from(text.replace(&find, &with)),
        Err(_) => bytes.clone(),
    };
    reply.headers.remove(CONTENT_LENGTH);
    reply.body = match reply.body {
        ReplyBody::Bytes(bytes) => ReplyBody::Bytes(change(&bytes)),
        body => {
            let pieces = if xml::is_xml_type(&reply.headers) {
                xml::records(body)
            } else {
                lines(body)
            };
            let changed = pieces.map(move |piece| piece.map(|piece| change(&piece)));
            ReplyBody::Stream(changed.boxed())
        }
    };
    reply
}

fn truncate(
    records: ByteStream,
    after_lines: u64,
    mid_line: bool,
    clean_end: bool,
    signal: &Arc<FlushSignal>,
) -> ByteStream {
    let whole = usize::try_from(after_lines).unwrap_or(usize::MAX);
    let kept = records
        .take(whole.saturating_add(usize::from(mid_line)))
        .enumerate()
        .map(move |(index, line)| {
            line.map(|bytes| {
                if index < whole {
                    bytes
                } else {
                    bytes.slice(..bytes.len() / 2)
                }
            })
        })
        .boxed();
    if clean_end {
        kept
    } else {
        cut(kept, u64::MAX, Arc::clone(signal))
    }
}

fn error_line(code: &str, message: &str, path: Option<&str>) -> Bytes {
    let mut line =
        serde_json::json!({"type": "error", "error": {"code": code, "message": message}});
    if let Some(path) = path {
        line["path"] = path.into();
    }
    Bytes::from(format!("{line}\n"))
}

fn insert_line(body: ReplyBody, after_lines: u64, line: Bytes, last: bool) -> ByteStream {
    let before = usize::try_from(after_lines).unwrap_or(usize::MAX);
    let mut all = lines(body).enumerate();
    let mut extra = Some(line);
    let mut index_passed = 0;
    stream::poll_fn(move |context| {
        use std::task::Poll;
        if index_passed >= before
            && let Some(line) = extra.take()
        {
            return Poll::Ready(Some(Ok(line)));
        }
        if extra.is_none() && last {
            return Poll::Ready(None);
        }
        match all.poll_next_unpin(context) {
            Poll::Ready(Some((index, line))) => {
                index_passed = index + 1;
                Poll::Ready(Some(line))
            }
            Poll::Ready(None) => Poll::Ready(extra.take().map(Ok)),
            Poll::Pending => Poll::Pending,
        }
    })
    .boxed()
}

fn edit_json(mut reply: Reply, action: &FaultAction, fields: &'static JsonFields) -> Reply {
    if let Some(info) = reply.headers.get_mut(fields.info_header)
        && let Some(changed) = edited(info.as_bytes(), action, fields)
        && let Ok(value) = HeaderValue::from_bytes(&changed)
    {
        *info = value;
    }
    if is_ndjson(&reply) {
        let action = action.clone();
        let changed = lines(reply.body).map(move |line| {
            line.map(|line| match edited(&line, &action, fields) {
                Some(mut changed) => {
                    changed.push(b'\n');
                    changed.into()
                }
                None => line,
            })
        });
        reply.body = ReplyBody::Stream(changed.boxed());
    } else if let ReplyBody::Bytes(bytes) = &reply.body
        && let Some(changed) = edited(bytes, action, fields)
        && is_json(&reply)
    {
        reply.headers.remove(CONTENT_LENGTH);
        reply.body = ReplyBody::Bytes(changed.into());
    }
    reply
}

fn is_json(reply: &Reply) -> bool {
    reply
        .headers
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/json"))
}

fn edited(text: &[u8], action: &FaultAction, fields: &JsonFields) -> Option<Vec<u8>> {
    let mut value = serde_json::from_slice::<Value>(text).ok()?;
    edit(&mut value, action, fields);
    serde_json::to_vec(&value).ok()
}

fn edit(value: &mut Value, action: &FaultAction, fields: &JsonFields) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| edit(item, action, fields)),
        Value::Object(object) => {
            match action {
                FaultAction::OmitHash => object.retain(|key, _| key != fields.hash),
                FaultAction::OmitSpace => {
                    object.retain(|key, _| !fields.space.contains(&key.as_str()));
                }
                FaultAction::WrongHash => {
                    if let Some(Value::String(hash)) = object.get_mut(fields.hash) {
                        *hash = wrong_hash(hash);
                    }
                }
                FaultAction::WrongSize { delta } => {
                    // Only what has a hash is a file; folders keep their size.
                    let is_file = object.contains_key(fields.hash);
                    if let Some(size) = object.get_mut(fields.size)
                        && is_file
                        && let Some(real) = size.as_i64()
                    {
                        *size = real.saturating_add(*delta).into();
                    }
                }
                _ => {}
            }
            object
                .values_mut()
                .for_each(|item| edit(item, action, fields));
        }
        Value::Number(number) if matches!(action, FaultAction::NumbersAsStrings) => {
            *value = Value::String(number.to_string());
        }
        _ => {}
    }
}

/// A different hash of the same shape.
pub(crate) fn wrong_hash(hash: &str) -> String {
    hash.chars()
        .map(|digit| match digit {
            '0'..='8' => char::from_u32(digit as u32 + 1).unwrap_or('0'),
            '9' => '0',
            'a'..='e' => char::from_u32(digit as u32 + 1).unwrap_or('a'),
            'f' => 'a',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: JsonFields = JsonFields {
        hash: "hash",
        size: "size",
        space: &["spaceTotal", "spaceUsed"],
        info_header: "x-file-info",
    };

    fn after(action: &FaultAction, text: &str) -> String {
        String::from_utf8(edited(text.as_bytes(), action, &FIELDS).unwrap()).unwrap()
    }

    #[test]
    fn json_answers_are_edited_at_every_depth() {
        let file = r#"{"files":[{"hash":"09af","size":3},{"size":0}]}"#;
        assert_eq!(
            after(&FaultAction::WrongHash, file),
            r#"{"files":[{"hash":"10ba","size":3},{"size":0}]}"#
        );
        assert_eq!(
            after(&FaultAction::OmitHash, file),
            r#"{"files":[{"size":3},{"size":0}]}"#
        );
        assert_eq!(
            after(&FaultAction::WrongSize { delta: -1 }, file),
            r#"{"files":[{"hash":"09af","size":2},{"size":0}]}"#
        );
        assert_eq!(
            after(&FaultAction::NumbersAsStrings, file),
            r#"{"files":[{"hash":"09af","size":"3"},{"size":"0"}]}"#
        );
        assert_eq!(
            after(&FaultAction::OmitSpace, r#"{"spaceUsed":1,"id":"x"}"#),
            r#"{"id":"x"}"#
        );
    }

    async fn text(stream: ByteStream) -> String {
        let parts: Vec<_> = stream.map(|item| item.unwrap()).collect().await;
        String::from_utf8(parts.concat()).unwrap()
    }

    fn body() -> ReplyBody {
        let parts = ["a\nb", "b\nc", "\nd\n"].map(|part| Ok(Bytes::from_static(part.as_bytes())));
        ReplyBody::Stream(stream::iter(parts).boxed())
    }

    #[tokio::test]
    async fn listings_are_cut_between_and_inside_lines() {
        let signal = Arc::default();
        assert_eq!(
            text(truncate(lines(body()), 2, false, true, &signal)).await,
            "a\nbb\n"
        );
        assert_eq!(
            text(truncate(lines(body()), 1, true, true, &signal)).await,
            "a\nb"
        );
    }

    #[tokio::test]
    async fn an_error_line_ends_the_listing_unless_it_names_an_entry() {
        let line = Bytes::from_static(b"!\n");
        assert_eq!(
            text(insert_line(body(), 1, line.clone(), true)).await,
            "a\n!\n"
        );
        assert_eq!(
            text(insert_line(body(), 1, line.clone(), false)).await,
            "a\n!\nbb\nc\nd\n"
        );
        assert_eq!(
            text(insert_line(body(), 9, line, true)).await,
            "a\nbb\nc\nd\n!\n"
        );
    }

    #[tokio::test]
    async fn one_byte_is_flipped() {
        let out = corrupt(body(), 4)
            .map(|item| item.unwrap())
            .collect::<Vec<_>>()
            .await
            .concat();
        assert_eq!(out.len(), 9);
        let differing: Vec<_> = out
            .iter()
            .zip(b"a\nbb\nc\nd\n")
            .enumerate()
            .filter(|(_, (a, b))| a != b)
            .map(|(i, _)| i)
            .collect();
        assert_eq!(differing, [4]);
    }

    #[tokio::test]
    async fn bodies_end_after_the_ordered_number_of_bytes() {
        assert_eq!(text(first_bytes(body().into_stream(), 4)).await, "a\nbb");
        assert_eq!(
            text(first_bytes(body().into_stream(), 99)).await,
            "a\nbb\nc\nd\n"
        );
        assert_eq!(text(first_bytes(body().into_stream(), 0)).await, "");
    }
}
