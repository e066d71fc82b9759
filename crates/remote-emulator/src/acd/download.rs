//! Contents on their way to clients: whole, in ranges, as small pictures, through links, from the storage.

use std::io;
use std::ops::Range;

use bytes::Bytes;
use futures::{StreamExt, stream};
use hyper::StatusCode;
use hyper::header::{ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_RANGE, LOCATION, RANGE};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::acd::node::{Blob, Data, Kind};
use crate::acd::picture;
use crate::acd::problem::{Answer, Problem};
use crate::acd::render::has_pictures;
use crate::acd::{Acd, Signed};
use crate::query;
use crate::reply::{ByteStream, Reply};
use crate::service::Call;

/// Zeros sent at once.
const ZEROS: usize = 256 * 1024;

/// `GET nodes/{id}/content`
pub(crate) fn content(acd: &Acd, call: &Call, signed: &Signed, id: &str) -> Answer {
    let (data, redirect) = {
        let mut state = acd.lock();
        let now = acd.clock.now_ms();
        let data = state.readable(id, now)?;
        let size = data
            .content
            .as_ref()
            .map_or(0, |content| content.blob.len());
        let far = size >= state.settings.redirect_from && view_box(call).is_none();
        let redirect = far.then(|| {
            let lifetime = state.settings.link_lifetime_ms;
            let token = state.links.make(id, now, lifetime);
            let origin = state.settings.storage_origin.clone();
            (token, origin)
        });
        (data, redirect)
    };
    if !signed.may_read(data.content_type()) {
        return Err(Problem::forbidden(
            "Insufficient permissions granted for operation: getContent",
        ));
    }
    match redirect {
        Some((token, origin)) => {
            let origin = origin.unwrap_or_else(|| acd.storage_origin(call));
            let name = data.name.as_deref().unwrap_or_default();
            let name = utf8_percent_encode(name, NON_ALPHANUMERIC);
            let location = format!(
                "{origin}/storage/{token}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=900&X-Amz-SignedHeaders=host\
                 &X-Amz-Signature={token}&response-content-disposition=attachment%3B%20filename%3D%22{name}%22"
            );
            Ok(Reply::status(StatusCode::FOUND).header(LOCATION, location))
        }
        None => send(call, &data),
    }
}

/// `GET templink/{token}`
pub(crate) fn temp_link(acd: &Acd, call: &Call, token: &str) -> Answer {
    let now = acd.clock.now_ms();
    let data = {
        let state = acd.lock();
        let link = state.links.get(token).filter(|link| now < link.expires);
        let link = link.ok_or_else(|| Problem::forbidden("The link has expired"))?;
        state.readable(&link.node, now)?
    };
    send(call, &data)
}

/// `GET /storage/{token}`: refuses a second way of saying who is there.
pub(crate) fn storage(acd: &Acd, call: &Call, token: &str) -> Reply {
    if call.headers.contains_key("authorization") {
        let text = "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified";
        return storage_error(400, "InvalidArgument", text);
    }
    let signed =
        query::pairs(&call.query).any(|(key, value)| key == "X-Amz-Signature" && value == token);
    let now = acd.clock.now_ms();
    let (data, latin1_only) = {
        let state = acd.lock();
        let link = state.links.get(token).filter(|link| now < link.expires);
        let Some(link) = link.filter(|_| signed) else {
            return storage_error(403, "AccessDenied", "Request has expired");
        };
        match state.readable(&link.node, now) {
            Ok(data) => (data, state.settings.storage_latin1_only),
            Err(_) => {
                return storage_error(404, "NoSuchKey", "The specified key does not exist.");
            }
        }
    };
    let name = data.name.as_deref().unwrap_or_default();
    if latin1_only && name.chars().any(|letter| u32::from(letter) > 0xff) {
        let text = "Header value cannot be represented using ISO-8859-1.";
        return storage_error(400, "InvalidArgument", text);
    }
    send(call, &data).unwrap_or_else(Problem::into_reply)
}

fn storage_error(status: u16, code: &str, message: &str) -> Reply {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    );
    Reply::bytes(status, "application/xml", body.into())
}

impl super::state::State {
    /// The file of an id as a reader by id sees it.
    fn readable(&self, id: &str, now: i64) -> Result<Data, Problem> {
        let (kind, data) = match self.synthetic(id).zip(self.tree.as_ref()) {
            Some((entry, tree)) => {
                let node = self.synthetic_node(tree, entry);
                (node.kind, node.data)
            }
            None => {
                let node = self.get(self.find(id)?)?;
                let data = node.by_id(now).ok_or_else(Problem::no_node)?;
                (node.kind, data.clone())
            }
        };
        if kind != Kind::File {
            return Err(Problem::bad("the node is not a file"));
        }
        Ok(data)
    }
}

fn view_box(call: &Call) -> Option<String> {
    query::pairs(&call.query)
        .find(|(key, _)| key == "viewBox")
        .map(|(_, value)| value)
}

/// Sends a content, or the part of it that is asked for.
fn send(call: &Call, data: &Data) -> Answer {
    if let Some(size) = view_box(call) {
        return thumbnail(&size, data);
    }
    let content = data.content.as_ref();
    let content = content.ok_or_else(|| Problem::new(404, "The node has no content"))?;
    let total = content.blob.len();
    let range = match call.headers.get(RANGE) {
        None => None,
        Some(value) => wanted(value.to_str().unwrap_or_default(), total),
    };
    let (status, range) = match range {
        None => (StatusCode::OK, 0..total),
        Some(Some(range)) => (StatusCode::PARTIAL_CONTENT, range),
        Some(None) => {
            let reply = Problem::new(416, "Range beyond the end of the file").into_reply();
            return Ok(reply.header(CONTENT_RANGE, format!("bytes */{total}")));
        }
    };
    let mut reply = Reply::stream(data.content_type(), bytes(&content.blob, range.clone()))
        .length(range.end - range.start)
        .header(ACCEPT_RANGES, "bytes");
    reply.status = status;
    if status == StatusCode::PARTIAL_CONTENT {
        let value = format!(
            "bytes {}-{}/{total}",
            range.start,
            range.end.saturating_sub(1)
        );
        reply = reply.header(CONTENT_RANGE, value);
    }
    let attachment = query::pairs(&call.query).any(|pair| pair.0 == "download" && pair.1 == "true");
    if attachment {
        let name = data.name.as_deref().unwrap_or_default();
        let name = utf8_percent_encode(name, NON_ALPHANUMERIC);
        reply = reply.header(
            CONTENT_DISPOSITION,
            format!("attachment; filename*=UTF-8''{name}"),
        );
    }
    Ok(reply)
}

fn thumbnail(size: &str, data: &Data) -> Answer {
    let edge = |text: &str| text.parse::<u32>().is_ok_and(|edge| edge > 0);
    let valid = match size.split_once(',') {
        Some((width, height)) => edge(width) && edge(height),
        None => edge(size),
    };
    if !valid {
        return Err(Problem::bad("Invalid viewBox"));
    }
    if !has_pictures(data) {
        return Err(Problem::new(404, "There is no picture of this file"));
    }
    let body = Bytes::from_static(&picture::JPEG);
    Ok(Reply::bytes(StatusCode::OK, "image/jpeg", body))
}

fn bytes(blob: &Blob, range: Range<u64>) -> ByteStream {
    match blob {
        Blob::Stored(content) => content.stream(range),
        Blob::Zeros(_) => stream::unfold(range.end - range.start, |left| async move {
            let size = usize::try_from(left).unwrap_or(ZEROS).min(ZEROS);
            let piece = Bytes::from_static(&[0; ZEROS]).split_to(size);
            (size > 0).then_some((Ok::<_, io::Error>(piece), left - size as u64))
        })
        .boxed(),
    }
}

/// The range a header asks for: nothing when it is to be ignored, nothing inside when it does not fit.
fn wanted(header: &str, total: u64) -> Option<Option<Range<u64>>> {
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        // A number too large to be one is beyond any end.
        digits.then(|| text.parse().unwrap_or(u64::MAX))
    };
    let (first, last) = header.strip_prefix("bytes=")?.split_once('-')?;
    let range = match (first, last) {
        ("", suffix) => {
            let length = number(suffix)?;
            (length > 0).then(|| total.saturating_sub(length)..total)
        }
        (first, "") => Some(number(first)?..total),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            if last < first {
                return None;
            }
            Some(first..total.min(last.saturating_add(1)))
        }
    };
    Some(range.filter(|range| range.start < range.end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_cut_at_the_end_or_refused_or_ignored() {
        let rows = [
            ("bytes=0-0", Some(Some(0..1))),
            ("bytes=2-", Some(Some(2..10))),
            ("bytes=8-134217727", Some(Some(8..10))),
            ("bytes=-3", Some(Some(7..10))),
            ("bytes=-99", Some(Some(0..10))),
            ("bytes=0-99999999999999999999", Some(Some(0..10))),
            ("bytes=10-", Some(None)),
            ("bytes=-0", Some(None)),
            ("bytes=99999999999999999999-", Some(None)),
            ("bytes=4-2", None),
            ("bytes=0-1,3-4", None),
            ("items=0-1", None),
            ("bytes=+1-2", None),
        ];
        for (header, expected) in rows {
            assert_eq!(wanted(header, 10), expected, "{header}");
        }
        assert_eq!(wanted("bytes=0-", 0), Some(None));
    }
}
