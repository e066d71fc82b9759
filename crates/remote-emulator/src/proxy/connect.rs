//! The head of a `CONNECT` request.

use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// The longest head that is read.
const HEAD_BYTES: usize = 8 * 1024;

/// How long a client may take to send it.
const HEAD_TIME: Duration = Duration::from_secs(30);

const HTTPS_PORT: &str = "443";

/// Why there is no tunnel.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Refusal {
    /// The client went away or took too long.
    Gone,
    Malformed,
    /// Something else than `CONNECT`.
    Method,
    /// Another port than that of HTTPS.
    Port,
    UnknownHost,
}

impl Refusal {
    /// Status and text; nothing when nobody is there to read them.
    pub(crate) fn answer(self) -> Option<(&'static str, &'static str)> {
        Some(match self {
            Self::Gone => return None,
            Self::Malformed => ("400 Bad Request", "this is no CONNECT request\n"),
            Self::Method => ("405 Method Not Allowed", "this proxy only takes CONNECT\n"),
            Self::Port => ("502 Bad Gateway", "this proxy only leads to port 443\n"),
            Self::UnknownHost => (
                "502 Bad Gateway",
                "no emulated service answers for this host, and this proxy never leads outside\n",
            ),
        })
    }
}

/// Reads the head and gives the host, without its port, in lower case.
pub(crate) async fn read(stream: &mut TcpStream) -> Result<String, Refusal> {
    let head = tokio::time::timeout(HEAD_TIME, read_head(stream)).await;
    parse(&head.map_err(|_too_slow| Refusal::Gone)??)
}

async fn read_head(stream: &mut TcpStream) -> Result<Vec<u8>, Refusal> {
    let mut head = Vec::new();
    loop {
        match stream.read_buf(&mut head).await {
            Ok(1..) => {}
            Ok(0) | Err(_) => return Err(Refusal::Gone),
        }
        if head.ends_with(b"\r\n\r\n") {
            return Ok(head);
        }
        // The client waits for the answer before it sends more, so nothing may follow the head.
        if head.len() > HEAD_BYTES || head.windows(4).any(|window| window == b"\r\n\r\n") {
            return Err(Refusal::Malformed);
        }
    }
}

fn parse(head: &[u8]) -> Result<String, Refusal> {
    let head = std::str::from_utf8(head).map_err(|_not_text| Refusal::Malformed)?;
    let line = head.lines().next().unwrap_or_default();
    let parts: Vec<&str> = line.split(' ').collect();
    let [method, authority, version] = parts.as_slice() else {
        return Err(Refusal::Malformed);
    };
    if !version.starts_with("HTTP/1.") {
        return Err(Refusal::Malformed);
    }
    if *method != "CONNECT" {
        return Err(Refusal::Method);
    }
    let (host, port) = authority.rsplit_once(':').ok_or(Refusal::Malformed)?;
    if port != HTTPS_PORT {
        return Err(Refusal::Port);
    }
    Ok(host.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tunnels_to_https_are_made() {
        let rows: [(&str, Result<String, Refusal>); 6] = [
            (
                "CONNECT JFS.jottacloud.com:443 HTTP/1.1\r\nHost: x\r\n\r\n",
                Ok("jfs.jottacloud.com".to_owned()),
            ),
            ("CONNECT a:80 HTTP/1.1\r\n\r\n", Err(Refusal::Port)),
            ("GET http://a/ HTTP/1.1\r\n\r\n", Err(Refusal::Method)),
            ("CONNECT a HTTP/1.1\r\n\r\n", Err(Refusal::Malformed)),
            ("CONNECT a:443 HTTP/2\r\n\r\n", Err(Refusal::Malformed)),
            ("\r\n\r\n", Err(Refusal::Malformed)),
        ];
        for (head, expected) in rows {
            assert_eq!(parse(head.as_bytes()), expected, "{head}");
        }
    }
}
