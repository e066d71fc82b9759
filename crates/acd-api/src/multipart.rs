//! The form in which contents are sent: a part with what the file is to be, and a part with its bytes, in this order.

use bytes::Bytes;
use futures::{
    StreamExt as _,
    stream::{self, BoxStream},
};
use remote_core::{error::Result, http::Body};

/// The bytes of a file on their way out.
pub(crate) type Content = BoxStream<'static, Result<Bytes>>;

/// What is around the bytes.
pub(crate) struct Envelope {
    boundary: String,
    head: String,
    tail: String,
}

impl Envelope {
    /// With the JSON that says what the file is to be, or for new bytes of an existing file without it.
    pub(crate) fn new(metadata: Option<&str>) -> Self {
        let random: [u64; 4] = rand::random();
        let boundary: String = random.iter().map(|part| format!("{part:016x}")).collect();
        let mut head = String::new();
        if let Some(metadata) = metadata {
            head = format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\r\n{metadata}\r\n"
            );
        }
        // The name of the part's file is not looked at; a real name could break the header.
        head.push_str(&format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"content\"; filename=\"content\"\r\nContent-Type: application/octet-stream\r\n\r\n"
        ));
        let tail = format!("\r\n--{boundary}--\r\n");
        Self {
            boundary,
            head,
            tail,
        }
    }

    pub(crate) fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }

    /// The whole, of stated length where the length of the content is known. An empty content has a stated length in any case, because the service
    /// refuses one without.
    pub(crate) async fn enclose(self, mut content: Content, size: Option<u64>) -> Body {
        let around = (self.head.len() + self.tail.len()) as u64;
        let mut size = size;
        let mut first = None;
        if size.is_none() {
            first = content.next().await;
            while matches!(&first, Some(Ok(piece)) if piece.is_empty()) {
                first = content.next().await;
            }
            if first.is_none() {
                size = Some(0);
            }
        }
        let head = stream::iter([Ok(Bytes::from(self.head))]);
        let tail = stream::iter([Ok(Bytes::from(self.tail))]);
        let all = head.chain(stream::iter(first)).chain(content).chain(tail);
        Body::stream(all.boxed(), size.map(|size| size.saturating_add(around)))
    }
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt as _;

    use super::*;

    async fn sent(
        metadata: Option<&str>,
        pieces: &[&str],
        size: Option<u64>,
    ) -> (String, Option<u64>) {
        let pieces: Vec<_> = pieces
            .iter()
            .map(|piece| Ok(Bytes::copy_from_slice(piece.as_bytes())))
            .collect();
        let envelope = Envelope::new(metadata);
        let boundary = envelope.boundary.clone();
        let Body::Stream { stream, size, .. } =
            envelope.enclose(stream::iter(pieces).boxed(), size).await
        else {
            panic!("a stream");
        };
        let bytes: Vec<Bytes> = stream.try_collect().await.unwrap();
        let text = String::from_utf8(bytes.concat()).unwrap();
        (text.replace(&boundary, "BBB"), size)
    }

    #[tokio::test]
    async fn the_description_comes_before_the_bytes() {
        let (text, size) = sent(Some("{}"), &["ab", "c"], Some(3)).await;
        let expected = "--BBB\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\r\n{}\r\n--BBB\r\nContent-Disposition: form-data; \
             name=\"content\"; filename=\"content\"\r\nContent-Type: application/octet-stream\r\n\r\nabc\r\n--BBB--\r\n";
        assert_eq!(text, expected);
        // Three boundaries of 64 digits in place of three letters each.
        assert_eq!(size, Some((expected.len() + 3 * 61) as u64));
    }

    #[tokio::test]
    async fn only_what_has_bytes_may_be_of_unknown_length() {
        assert_eq!(sent(None, &["", "x"], None).await.1, None);
        assert!(sent(None, &["", ""], None).await.1.is_some());
    }
}
