//! The head of a request, read as far as it is needed.

/// The longest head that is read; codes and states have a few kilobytes at most.
pub(super) const MAX_HEAD_BYTES: usize = 32 * 1024;

const END: &[u8] = b"\r\n\r\n";

/// The head of a request.
pub(super) struct Head {
    text: String,
    too_long: bool,
}

impl Head {
    pub(super) fn new(bytes: &[u8]) -> Self {
        Self {
            too_long: bytes.len() >= MAX_HEAD_BYTES && !bytes.windows(END.len()).any(|w| w == END),
            text: String::from_utf8_lossy(bytes).into_owned(),
        }
    }

    /// Whether the end has come; `checked` bytes are known not to begin it.
    pub(super) fn is_complete(bytes: &[u8], checked: &mut usize) -> bool {
        let rest = bytes.get(*checked..).unwrap_or_default();
        let found = rest.windows(END.len()).any(|window| window == END);
        *checked = bytes.len().saturating_sub(END.len() - 1);
        found
    }

    pub(super) fn is_too_long(&self) -> bool {
        self.too_long
    }

    /// Path and query, if the first line is one of HTTP/1.
    pub(super) fn target(&self) -> Option<&str> {
        let mut words = self.text.split("\r\n").next()?.split(' ');
        let (_method, target, version) = (words.next()?, words.next()?, words.next()?);
        let right =
            version.starts_with("HTTP/1.") && target.starts_with('/') && words.next().is_none();
        // Two slashes would be read as the name of a host.
        (right && !target.starts_with("//")).then_some(target)
    }

    fn method(&self) -> &str {
        self.text.split(' ').next().unwrap_or_default()
    }

    pub(super) fn is_head(&self) -> bool {
        self.method() == "HEAD"
    }

    pub(super) fn only_reads(&self) -> bool {
        matches!(self.method(), "GET" | "HEAD")
    }

    /// Whether the browser thinks that it speaks to this machine at this port.
    pub(super) fn is_for(&self, port: u16) -> bool {
        let mut hosts = self.text.split("\r\n").skip(1).filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("host").then(|| value.trim())
        });
        let (Some(host), None) = (hosts.next(), hosts.next()) else {
            return false;
        };
        ["127.0.0.1", "localhost"]
            .iter()
            .any(|name| host.eq_ignore_ascii_case(&format!("{name}:{port}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(text: &str) -> Head {
        Head::new(text.as_bytes())
    }

    #[test]
    fn targets_are_found_in_requests_of_http_1_only() {
        let target = |line: &str| {
            head(&format!("{line}\r\nHost: x\r\n\r\n"))
                .target()
                .map(str::to_owned)
        };
        assert_eq!(target("GET /?code=1 HTTP/1.1").as_deref(), Some("/?code=1"));
        assert_eq!(target("GET /?code=1 HTTP/1.0").as_deref(), Some("/?code=1"));
        for bad in [
            "GET / HTTP/2.0",
            "GET /",
            "GET //evil/ HTTP/1.1",
            "GET http://evil/ HTTP/1.1",
            "GET / x HTTP/1.1",
            "",
            "\u{16}\u{3}\u{1}",
        ] {
            assert_eq!(target(bad), None, "{bad}");
        }
    }

    #[test]
    fn only_names_of_this_machine_count() {
        let is_for = |hosts: &str| head(&format!("GET / HTTP/1.1\r\n{hosts}\r\n\r\n")).is_for(7);
        assert!(is_for("Host: 127.0.0.1:7") && is_for("host:LocalHost:7"));
        for bad in [
            "Host: evil.example:7",
            "Host: 127.0.0.1",
            "Host: 127.0.0.1:8",
            "X: y",
            "Host: localhost:7\r\nHost: localhost:7",
        ] {
            assert!(!is_for(bad), "{bad}");
        }
    }

    #[test]
    fn the_end_is_found_however_it_arrives() {
        let whole = b"GET / HTTP/1.1\r\n\r\n";
        for step in 1..whole.len() {
            let (mut bytes, mut checked, mut found) = (Vec::new(), 0, 0);
            for chunk in whole.chunks(step) {
                bytes.extend_from_slice(chunk);
                found += usize::from(Head::is_complete(&bytes, &mut checked));
            }
            assert_eq!(found, 1, "{step}");
        }
    }
}
