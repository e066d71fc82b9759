//! HTTP/1.1 by hand, over any connection.

use tokio::io::{AsyncRead, AsyncReadExt};

/// An answer as it came over the wire.
#[derive(Clone, Debug, Default)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Whether the framing came to its proper end.
    pub(crate) complete: bool,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    /// The body as XML, checked.
    pub(crate) fn xml(&self) -> String {
        let text = self.text();
        crate::xml::check(&text);
        text
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Status and exception, as the tables of the specification put it.
    pub(crate) fn outcome(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        let class = if text.contains("<error>") {
            crate::xml::check(&text);
            let message = crate::xml::element(&text, "message").unwrap();
            let class = message.split(':').next().unwrap().rsplit('.').next();
            assert_eq!(
                crate::xml::element(&text, "code"),
                Some(&*self.status.to_string())
            );
            class.unwrap().to_owned()
        } else {
            let json = serde_json::from_str::<serde_json::Value>(&text).unwrap_or_default();
            json["error_id"].as_str().unwrap_or_default().to_owned()
        };
        format!("{} {class}", self.status).trim().to_owned()
    }
}

/// Reads one answer, as far as it goes; `None` when the connection ends before one begins.
pub(crate) async fn read<S: AsyncRead + Unpin>(stream: &mut S, method: &str) -> Option<Response> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(end) = find(&bytes, b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            assert!(bytes.is_empty(), "half a head");
            return None;
        }
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).unwrap();
    let mut rest = bytes[head_end + 4..].to_vec();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap();
    let mut response = Response {
        status: status.parse().unwrap(),
        headers: lines
            .map(|line| line.split_once(": ").unwrap_or((line, "")))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect(),
        ..Response::default()
    };
    if method == "HEAD" || matches!(response.status, 101 | 204) {
        response.complete = true;
        return Some(response);
    }
    let length = response
        .header("content-length")
        .map(|value| value.parse::<usize>().unwrap());
    loop {
        let done = match length {
            Some(length) => (rest.len() >= length).then(|| rest.clone()),
            None => {
                let (body, complete) = unchunk(&rest);
                complete.then_some(body)
            }
        };
        if let Some(body) = done {
            response.body = body;
            response.complete = true;
            return Some(response);
        }
        if stream.read_buf(&mut rest).await.unwrap_or(0) == 0 {
            response.body = match length {
                Some(_) => rest,
                None => unchunk(&rest).0,
            };
            return Some(response);
        }
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}

/// What the chunks hold, and whether the last one is there.
fn unchunk(bytes: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    let mut rest = bytes;
    while let Some(end) = find(rest, b"\r\n") {
        let size = std::str::from_utf8(&rest[..end]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        rest = &rest[end + 2..];
        if size == 0 {
            return (body, rest.starts_with(b"\r\n"));
        }
        body.extend_from_slice(&rest[..size.min(rest.len())]);
        if rest.len() < size + 2 {
            break;
        }
        rest = &rest[size + 2..];
    }
    (body, false)
}
