//! Where the service is.

use remote_core::{
    error::{Error, ErrorKind, Result},
    secret::Secret,
};
use url::Url;

/// The addresses of the service. Every brand uses the same ones for files; only signing in differs, see [`auth`](crate::auth).
///
/// Others are for emulators: plain HTTP is allowed to this machine only.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Addresses {
    /// The XML interface: files, folders, devices.
    pub jfs: Url,
    /// The JSON interface: uploads, trash, customer.
    pub api: Url,
    /// The event stream, with `https` in place of `wss`.
    pub events: Url,
    /// The XML interface of the host that takes uploads in one request, as was usual before 2019.
    pub uploads: Url,
    /// Takes the place of scheme, host and port of all addresses for signing in, if given.
    pub identity: Option<Url>,
}

impl Default for Addresses {
    fn default() -> Self {
        Self {
            jfs: fixed("https://jfs.jottacloud.com/jfs/"),
            api: fixed("https://api.jottacloud.com/"),
            events: fixed("https://websocket.jottacloud.com/"),
            uploads: fixed("https://up.jottacloud.com/jfs/"),
            identity: None,
        }
    }
}

impl Addresses {
    /// Sets the address of the XML interface, and with it that of the event stream to the root of the same host, and that of uploads in one request to
    /// the same.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) for an address that is not `https`, unless it is that of this machine.
    pub fn with_jfs(mut self, url: Url) -> Result<Self> {
        self.jfs = checked(url)?;
        self.uploads = self.jfs.clone();
        self.events = self.jfs.clone();
        self.events.set_path("/");
        Ok(self)
    }

    /// Sets the address of the JSON interface.
    ///
    /// # Errors
    ///
    /// As [`with_jfs`](Self::with_jfs).
    pub fn with_api(mut self, url: Url) -> Result<Self> {
        self.api = checked(url)?;
        Ok(self)
    }

    /// Sets the address that takes the place of scheme, host and port of all addresses for signing in.
    ///
    /// # Errors
    ///
    /// As [`with_jfs`](Self::with_jfs).
    pub fn with_identity(mut self, url: Url) -> Result<Self> {
        self.identity = Some(checked(url)?);
        Ok(self)
    }

    /// An address for signing in, on another host where that is set.
    #[must_use]
    pub fn rebase(&self, url: &Url) -> Url {
        let Some(base) = &self.identity else {
            return url.clone();
        };
        let mut rebased = base.clone();
        rebased.set_path(&format!(
            "{}{}",
            base.path().trim_end_matches('/'),
            url.path()
        ));
        rebased.set_query(url.query());
        rebased
    }

    /// Whether the access token may be sent to an address that the service handed out: one of its own hosts, and encrypted.
    #[must_use]
    pub fn trusts(&self, url: &Url) -> bool {
        if has_credentials(url) {
            return false;
        }
        let own = [&self.jfs, &self.api];
        if own.iter().any(|own| own.origin() == url.origin()) {
            return true;
        }
        let is_default = own
            .iter()
            .any(|own| own.host_str().is_some_and(is_of_service));
        // An emulator may hand out another port of the same machine.
        let is_sibling = own.iter().any(|own| {
            own.host_str() == url.host_str() && is_loopback(url) && url.host().is_some()
        });
        let of_service =
            is_default && url.scheme() == "https" && url.host_str().is_some_and(is_of_service);
        of_service || is_sibling
    }

    /// An address that the service handed out for `purpose`. It may be as good as a password, so no error quotes more of it than its host.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Protocol`] for what is no address, and for one that the access token must [not](Self::trusts) be sent to.
    pub(crate) fn handed_out(&self, address: &Secret, purpose: &str) -> Result<Url> {
        let url = Url::parse(address.expose()).map_err(|error| {
            Error::with_message(
                ErrorKind::Protocol,
                format!("the service names no address for {purpose} that can be used"),
            )
            .with_source(error)
        })?;
        if self.trusts(&url) {
            return Ok(url);
        }
        let why = match has_credentials(&url) {
            true => "with a user name or password in the address",
            false => "which is not one of its hosts",
        };
        Err(Error::with_message(
            ErrorKind::Protocol,
            format!(
                "the service names {} for {purpose}, {why}; nothing was sent there",
                url.host_str().unwrap_or("no host")
            ),
        )
        .with_help(
            "report it to the service, or set jfs_url and api_url to the addresses of an emulator",
        ))
    }
}

fn has_credentials(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

fn is_of_service(host: &str) -> bool {
    host.strip_suffix("jottacloud.com")
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Whether an address is that of this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Refuses what must not be asked, and sees to a slash at the end.
pub(crate) fn checked(mut url: Url) -> Result<Url> {
    let is_safe = url.scheme() == "https" || url.scheme() == "http" && is_loopback(&url);
    let is_plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if !is_safe || !is_plain || !url.has_host() {
        return Err(Error::with_message(
            ErrorKind::InvalidInput,
            "an address of the service cannot be used",
        )
        .with_help(
            "use https (plain http only for this machine), without user name, password, query and fragment",
        ));
    }
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Ok(url)
}

/// An address that is part of this program.
pub(crate) fn fixed(text: &str) -> Url {
    match Url::parse(text) {
        Ok(url) => url,
        Err(error) => unreachable!("{text} is a constant: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn uploads_go_to_hosts_of_the_service_only() {
        let service = Addresses::default();
        for text in [
            "https://up-no-001.jottacloud.com/u/1",
            "https://api.jottacloud.com/x",
        ] {
            assert!(service.trusts(&url(text)), "{text}");
        }
        for text in [
            "http://up-no-001.jottacloud.com/u/1",
            "https://jottacloud.com.evil.example/",
            "https://eviljottacloud.com/",
            "https://u:p@up.jottacloud.com/",
            "https://u@api.jottacloud.com/x",
            "https://:p@jfs.jottacloud.com/x",
            "http://127.0.0.1/",
        ] {
            assert!(!service.trusts(&url(text)), "{text}");
        }
        let emulator = Addresses::default()
            .with_jfs(url("http://127.0.0.1:4000/jfs"))
            .unwrap()
            .with_api(url("http://127.0.0.1:4000"))
            .unwrap();
        assert_eq!(emulator.jfs.as_str(), "http://127.0.0.1:4000/jfs/");
        assert_eq!(emulator.events.as_str(), "http://127.0.0.1:4000/");
        assert!(emulator.trusts(&url("http://127.0.0.1:4001/upload/1")));
        assert!(!emulator.trusts(&url("https://up-no-001.jottacloud.com/u/1")));
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for text in [
            "http://jfs.example/",
            "ftp://127.0.0.1/",
            "https://u@h.example/",
            "https://h.example/?a",
        ] {
            let error = Addresses::default().with_jfs(url(text)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{text}");
        }
    }

    #[test]
    fn addresses_for_signing_in_can_be_moved() {
        let moved = Addresses::default()
            .with_identity(url("http://localhost:9"))
            .unwrap();
        let token = url(
            "https://id.jottacloud.com/auth/realms/jottacloud/protocol/openid-connect/token?x=1",
        );
        assert_eq!(
            moved.rebase(&token).as_str(),
            "http://localhost:9/auth/realms/jottacloud/protocol/openid-connect/token?x=1"
        );
        assert_eq!(Addresses::default().rebase(&token), token);
    }
}
