//! What faults do to XML.

use bytes::Bytes;
use futures::StreamExt;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap};
use memchr::memmem;

use crate::apply::{records as split, wrong_hash};
use crate::fault::FaultAction;
use crate::reply::{ByteStream, Reply, ReplyBody};
use crate::service::JsonFields;

pub(crate) fn is_xml(reply: &Reply) -> bool {
    is_xml_type(&reply.headers)
}

pub(crate) fn is_xml_type(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/xml"))
}

/// The entries of a listing, each with what stands before it.
pub(crate) fn records(body: ReplyBody) -> ByteStream {
    split(body, |bytes| {
        ["</file>", "</folder>"]
            .iter()
            .filter_map(|end| Some(memmem::find(bytes, end.as_bytes())? + end.len()))
            .min()
    })
}

/// Spoils hashes, sizes or the space of an answer.
pub(crate) fn edit(mut reply: Reply, action: &FaultAction, fields: &'static JsonFields) -> Reply {
    reply.headers.remove(CONTENT_LENGTH);
    reply.body = match reply.body {
        ReplyBody::Bytes(bytes) => ReplyBody::Bytes(edited(&bytes, action, fields)),
        body => {
            let action = action.clone();
            let changed = records(body)
                .map(move |record| record.map(|record| edited(&record, &action, fields)));
            ReplyBody::Stream(changed.boxed())
        }
    };
    reply
}

fn edited(bytes: &Bytes, action: &FaultAction, fields: &JsonFields) -> Bytes {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return bytes.clone();
    };
    let text = match action {
        FaultAction::OmitHash => each(text, fields.hash, |_, _, _| None),
        FaultAction::WrongHash => each(text, fields.hash, |hash, _, _| Some(wrong_hash(hash))),
        FaultAction::WrongSize { delta } => {
            each(text, fields.size, |size, before, after| {
                let changed = size.parse::<i64>().ok().filter(|_| {
                    // Only what stands beside a hash is the size of a file.
                    before.ends_with(&format!("</{}>", fields.hash))
                        || after.starts_with(&format!("<{}>", fields.hash))
                });
                let changed = changed.map(|size| size.saturating_add(*delta).to_string());
                Some(changed.unwrap_or_else(|| size.to_owned()))
            })
        }
        FaultAction::OmitSpace => fields.space.iter().fold(text.to_owned(), |text, name| {
            each(&text, name, |_, _, _| None)
        }),
        _ => return bytes.clone(),
    };
    Bytes::from(text)
}

/// Changes the text of every element of this name; an element whose text becomes nothing is left out. The closure sees
/// the text and what stands before and after the element.
fn each(text: &str, name: &str, change: impl Fn(&str, &str, &str) -> Option<String>) -> String {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(&open) {
        let Some((value, after)) = after.split_once(&close) else {
            break;
        };
        out.push_str(before);
        if let Some(value) = change(value, before, after) {
            out.push_str(&open);
            out.push_str(&value);
            out.push_str(&close);
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: JsonFields = JsonFields {
        hash: "md5",
        size: "size",
        space: &["capacity", "usage"],
        info_header: "x-none",
    };

    fn after(action: &FaultAction, text: &str) -> String {
        let bytes = edited(&Bytes::copy_from_slice(text.as_bytes()), action, &FIELDS);
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[test]
    fn only_files_have_sizes_that_are_wrong() {
        let text = "<m><size>9</size><f><size>1</size><md5>0a</md5></f><f><md5>9f</md5><size>2</size></f></m>";
        assert_eq!(
            after(&FaultAction::WrongSize { delta: 1 }, text),
            "<m><size>9</size><f><size>2</size><md5>0a</md5></f><f><md5>9f</md5><size>3</size></f></m>"
        );
        assert_eq!(
            after(
                &FaultAction::WrongHash,
                "<f><md5>0a</md5></f><f><md5>9f</md5></f>"
            ),
            "<f><md5>1b</md5></f><f><md5>0a</md5></f>"
        );
        assert_eq!(
            after(&FaultAction::OmitHash, "<f><md5>0a</md5></f>"),
            "<f></f>"
        );
        assert_eq!(
            after(
                &FaultAction::OmitSpace,
                "<u><capacity>-1</capacity><x/><usage>5</usage></u>"
            ),
            "<u><x/></u>"
        );
    }
}
