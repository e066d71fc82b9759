//! Host names a service answers for.

/// Exact names, and whole levels written `*.example.com`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Hosts(Vec<String>);

impl Hosts {
    pub(crate) fn new(names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self(names.into_iter().map(Into::into).collect())
    }

    /// The names as a certificate lists them.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether a host, with or without a port, is one of them.
    pub(crate) fn serves(&self, host: &str) -> bool {
        let host = host.split(':').next().unwrap_or_default();
        let host = host.to_ascii_lowercase();
        self.names().any(|name| match name.strip_prefix("*.") {
            Some(domain) => host
                .split_once('.')
                .is_some_and(|(first, rest)| !first.is_empty() && rest == domain),
            None => host == name,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_one_level() {
        let hosts = Hosts::new(["*.example.com", "example.org"]);
        for served in ["a.example.com", "A.Example.COM:443", "example.org"] {
            assert!(hosts.serves(served), "{served}");
        }
        for other in [
            "example.com",
            "a.b.example.com",
            ".example.com",
            "xexample.org",
            "",
        ] {
            assert!(!hosts.serves(other), "{other}");
        }
    }
}
