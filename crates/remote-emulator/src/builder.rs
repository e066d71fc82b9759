use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::acd::{Acd, AcdConfig, AcdHandle};
use crate::clock::Clock;
use crate::fault::Faults;
use crate::identity::{Identity, IdentityConfig, IdentityHandle};
use crate::jotta::{Jotta, JottaConfig, JottaHandle};
use crate::koofr::{Koofr, KoofrConfig, KoofrHandle};
use crate::proxy::{Proxy, ProxyHandle, Target};
use crate::record::{DEFAULT_LOG_CAPACITY, RequestLog};
use crate::server::{Server, Shared};
use crate::service::Service;

/// Why an emulator could not be started.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address could not be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The saved state could not be read, or the place for contents not be made.
    #[error("cannot use the state directory")]
    State(#[source] io::Error),
}

/// The result of starting an emulator.
pub type Result<T> = std::result::Result<T, Error>;

/// Settings of an [`Emulator`].
#[derive(Clone, Debug, Default)]
pub struct EmulatorBuilder {
    koofr: Option<(KoofrConfig, Option<SocketAddr>)>,
    jotta: Option<(JottaConfig, Option<SocketAddr>)>,
    acd: Option<(AcdConfig, Option<SocketAddr>)>,
    identity: Option<(IdentityConfig, Option<SocketAddr>)>,
    proxy: Option<SocketAddr>,
    proxy_http2: bool,
    rtt: Duration,
    state_dir: Option<PathBuf>,
    clock: Clock,
    log_capacity: Option<usize>,
}

impl EmulatorBuilder {
    /// Runs a Koofr service on a free port of the loopback interface.
    #[must_use]
    pub fn koofr(mut self, config: KoofrConfig) -> Self {
        let address = self.koofr.and_then(|(_, address)| address);
        self.koofr = Some((config, address));
        self
    }

    /// Sets the address of the Koofr service; port 0 takes a free one, which is the default.
    ///
    /// Without [`koofr`](Self::koofr) the service runs with its default configuration.
    #[must_use]
    pub fn koofr_address(mut self, address: SocketAddr) -> Self {
        let config = self.koofr.map(|(config, _)| config).unwrap_or_default();
        self.koofr = Some((config, Some(address)));
        self
    }

    /// Runs a Jottacloud service, sign-in included, on a free port of the loopback interface.
    #[must_use]
    pub fn jotta(mut self, config: JottaConfig) -> Self {
        let address = self.jotta.and_then(|(_, address)| address);
        self.jotta = Some((config, address));
        self
    }

    /// Sets the address of the Jottacloud service; port 0 takes a free one, which is the default.
    ///
    /// Without [`jotta`](Self::jotta) the service runs with its default configuration.
    #[must_use]
    pub fn jotta_address(mut self, address: SocketAddr) -> Self {
        let config = self.jotta.map(|(config, _)| config).unwrap_or_default();
        self.jotta = Some((config, Some(address)));
        self
    }

    /// Runs an Amazon Drive service, sign-in included, on a free port of the loopback interface.
    #[must_use]
    pub fn acd(mut self, config: AcdConfig) -> Self {
        let address = self.acd.and_then(|(_, address)| address);
        self.acd = Some((config, address));
        self
    }

    /// Sets the address of the Amazon Drive service; port 0 takes a free one, which is the default.
    ///
    /// Without [`acd`](Self::acd) the service runs with its default configuration.
    #[must_use]
    pub fn acd_address(mut self, address: SocketAddr) -> Self {
        let config = self.acd.map(|(config, _)| config).unwrap_or_default();
        self.acd = Some((config, Some(address)));
        self
    }

    /// Runs an HTTPS proxy that leads the real host names of the services here; port 0 takes a free one.
    #[must_use]
    pub fn proxy(mut self, address: SocketAddr) -> Self {
        self.proxy = Some(address);
        self
    }

    /// Lets the proxy offer HTTP/2 inside its tunnels as well; off by default. A fault that closes the connection then
    /// resets the stream instead, and the event stream, which is an upgrade, needs HTTP/1.1.
    #[must_use]
    pub fn proxy_http2(mut self, offer: bool) -> Self {
        self.proxy_http2 = offer;
        self
    }

    /// Runs an identity provider of its own on a free port of the loopback interface.
    #[must_use]
    pub fn identity(mut self, config: IdentityConfig) -> Self {
        let address = self.identity.and_then(|(_, address)| address);
        self.identity = Some((config, address));
        self
    }

    /// Sets the address of the identity provider; port 0 takes a free one, which is the default.
    ///
    /// Without [`identity`](Self::identity) it runs with its default configuration.
    #[must_use]
    pub fn identity_address(mut self, address: SocketAddr) -> Self {
        let config = self.identity.map(|(config, _)| config).unwrap_or_default();
        self.identity = Some((config, Some(address)));
        self
    }

    /// Adds a round-trip time to every request; none by default. Opening a connection is not delayed.
    #[must_use]
    pub fn rtt(mut self, rtt: Duration) -> Self {
        self.rtt = rtt;
        self
    }

    /// Keeps the state in a directory, so that it survives the process. Without one it ends with the emulator:
    /// small contents stay in memory, large ones in a temporary directory.
    #[must_use]
    pub fn state_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.state_dir = Some(dir.into());
        self
    }

    /// Shares a clock; each emulator has its own by default.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// How many request records are kept; [`DEFAULT_LOG_CAPACITY`] by default. Counters are exact regardless.
    #[must_use]
    pub fn log_capacity(mut self, records: usize) -> Self {
        self.log_capacity = Some(records);
        self
    }

    /// Starts the services on the current Tokio runtime.
    ///
    /// # Errors
    ///
    /// [`Error::Listen`] when an address is taken, [`Error::State`] when the state directory is unusable, holds
    /// something else, or is in use by another process.
    ///
    /// # Panics
    ///
    /// Panics outside a Tokio runtime, like everything that opens a Tokio socket.
    pub async fn start(self) -> Result<Emulator> {
        let koofr = match self.koofr.clone() {
            Some((config, address)) => Some(self.start_koofr(config, address).await?),
            None => None,
        };
        let jotta = match self.jotta.clone() {
            Some((config, address)) => Some(self.start_jotta(config, address).await?),
            None => None,
        };
        let acd = match self.acd.clone() {
            Some((config, address)) => Some(self.start_acd(config, address).await?),
            None => None,
        };
        let identity = match self.identity.clone() {
            Some((config, address)) => Some(self.start_identity(config, address).await?),
            None => None,
        };
        let proxy = match self.proxy {
            Some(address) => {
                let targets = jotta.iter().map(RunningJotta::target);
                let targets = targets.chain(acd.iter().map(RunningAcd::target)).collect();
                let proxy = Proxy::start(address, self.proxy_http2, targets).await;
                Some(proxy.map_err(|source| Error::Listen { address, source })?)
            }
            None => None,
        };
        Ok(Emulator {
            koofr,
            jotta,
            acd,
            identity,
            proxy,
            clock: self.clock,
        })
    }

    /// What the requests of a service share.
    fn shared(&self, service: Arc<dyn Service>) -> Arc<Shared> {
        Arc::new(Shared {
            service,
            log: RequestLog::new(self.log_capacity.unwrap_or(DEFAULT_LOG_CAPACITY)),
            faults: Faults::default(),
            clock: self.clock.clone(),
            rtt: self.rtt,
        })
    }

    /// Sets a service up, with its part of the state directory if there is one.
    async fn with_state<T: Send + 'static>(
        &self,
        service: &str,
        open: impl FnOnce(Option<&Path>) -> io::Result<T> + Send + 'static,
    ) -> Result<T> {
        let dir = self.state_dir.as_ref().map(|dir| dir.join(service));
        let opened = tokio::task::spawn_blocking(move || {
            open(dir.as_deref()).map_err(|error| match &dir {
                Some(dir) => io::Error::new(error.kind(), format!("{}: {error}", dir.display())),
                None => error,
            })
        });
        match opened.await {
            Ok(service) => service.map_err(Error::State),
            Err(panicked) => Err(Error::State(io::Error::other(panicked))),
        }
    }

    async fn start_jotta(
        &self,
        config: JottaConfig,
        address: Option<SocketAddr>,
    ) -> Result<RunningJotta> {
        let clock = self.clock.clone();
        let open = move |dir: Option<&Path>| Jotta::new(config, clock, dir);
        let service = self.with_state("jotta", open).await?;
        let address = address.unwrap_or_else(|| (Ipv4Addr::LOCALHOST, 0).into());
        let shared = self.shared(Arc::<Jotta>::clone(&service));
        let server = Server::start(address, Arc::clone(&shared))
            .await
            .map_err(|source| Error::Listen { address, source })?;
        let handle = JottaHandle {
            url: format!("http://{}", server.address),
            jotta: service,
            log: shared.log.clone(),
            faults: shared.faults.clone(),
        };
        Ok(RunningJotta {
            server,
            handle,
            shared,
        })
    }

    async fn start_koofr(
        &self,
        config: KoofrConfig,
        address: Option<SocketAddr>,
    ) -> Result<Running> {
        let clock = self.clock.clone();
        let open = move |dir: Option<&Path>| Koofr::new(config, clock, dir);
        let service = self.with_state("koofr", open).await?;
        let address = address.unwrap_or_else(|| (Ipv4Addr::LOCALHOST, 0).into());
        let shared = self.shared(Arc::<Koofr>::clone(&service));
        let server = Server::start(address, Arc::clone(&shared))
            .await
            .map_err(|source| Error::Listen { address, source })?;
        let handle = KoofrHandle {
            url: format!("http://{}", server.address),
            koofr: service,
            log: shared.log.clone(),
            faults: shared.faults.clone(),
        };
        Ok(Running { server, handle })
    }

    async fn start_acd(
        &self,
        config: AcdConfig,
        address: Option<SocketAddr>,
    ) -> Result<RunningAcd> {
        let clock = self.clock.clone();
        let client = (config.client_id.clone(), config.client_secret.clone());
        let open = move |dir: Option<&Path>| Acd::new(&config, clock, dir);
        let service = self.with_state("acd", open).await?;
        let address = address.unwrap_or_else(|| (Ipv4Addr::LOCALHOST, 0).into());
        let shared = self.shared(Arc::<Acd>::clone(&service));
        let server = Server::start(address, Arc::clone(&shared))
            .await
            .map_err(|source| Error::Listen { address, source })?;
        let handle = AcdHandle {
            url: format!("http://{}", server.address),
            acd: service,
            client,
            log: shared.log.clone(),
            faults: shared.faults.clone(),
        };
        Ok(RunningAcd {
            server,
            handle,
            shared,
        })
    }

    async fn start_identity(
        &self,
        config: IdentityConfig,
        address: Option<SocketAddr>,
    ) -> Result<RunningIdentity> {
        let clock = self.clock.clone();
        let open = move |dir: Option<&Path>| Identity::new(config, clock, dir);
        let identity = self.with_state("identity", open).await?;
        let address = address.unwrap_or_else(|| (Ipv4Addr::LOCALHOST, 0).into());
        let shared = self.shared(Arc::<Identity>::clone(&identity));
        let server = Server::start(address, Arc::clone(&shared))
            .await
            .map_err(|source| Error::Listen { address, source })?;
        let handle = IdentityHandle {
            url: format!("http://{}", server.address),
            identity,
            log: shared.log.clone(),
            faults: shared.faults.clone(),
        };
        Ok(RunningIdentity { server, handle })
    }
}

#[derive(Debug)]
struct RunningAcd {
    server: Server,
    handle: AcdHandle,
    shared: Arc<Shared>,
}

impl RunningAcd {
    /// What the proxy leads here.
    fn target(&self) -> Target {
        Target {
            hosts: self.handle.acd.hosts.clone(),
            shared: Arc::clone(&self.shared),
        }
    }
}

#[derive(Debug)]
struct RunningIdentity {
    server: Server,
    handle: IdentityHandle,
}

#[derive(Debug)]
struct RunningJotta {
    server: Server,
    handle: JottaHandle,
    shared: Arc<Shared>,
}

impl RunningJotta {
    /// What the proxy leads here.
    fn target(&self) -> Target {
        Target {
            hosts: self.handle.jotta.hosts.clone(),
            shared: Arc::clone(&self.shared),
        }
    }
}

#[derive(Debug)]
struct Running {
    server: Server,
    handle: KoofrHandle,
}

/// Running services. Dropping it stops them and closes their connections.
#[derive(Debug)]
pub struct Emulator {
    koofr: Option<Running>,
    jotta: Option<RunningJotta>,
    acd: Option<RunningAcd>,
    identity: Option<RunningIdentity>,
    proxy: Option<Proxy>,
    clock: Clock,
}

impl Emulator {
    /// Settings with no service.
    #[must_use]
    pub fn builder() -> EmulatorBuilder {
        EmulatorBuilder::default()
    }

    /// The Koofr service.
    ///
    /// # Panics
    ///
    /// Panics when the emulator was built without one.
    #[must_use]
    pub fn koofr(&self) -> &KoofrHandle {
        match &self.koofr {
            Some(running) => &running.handle,
            None => panic!("this emulator was built without a Koofr service"),
        }
    }

    /// The Jottacloud service.
    ///
    /// # Panics
    ///
    /// Panics when the emulator was built without one.
    #[must_use]
    pub fn jotta(&self) -> &JottaHandle {
        match &self.jotta {
            Some(running) => &running.handle,
            None => panic!("this emulator was built without a Jottacloud service"),
        }
    }

    /// The Amazon Drive service.
    ///
    /// # Panics
    ///
    /// Panics when the emulator was built without one.
    #[must_use]
    pub fn acd(&self) -> &AcdHandle {
        match &self.acd {
            Some(running) => &running.handle,
            None => panic!("this emulator was built without an Amazon Drive service"),
        }
    }

    /// The HTTPS proxy.
    ///
    /// # Panics
    ///
    /// Panics when the emulator was built without one.
    #[must_use]
    pub fn proxy(&self) -> &ProxyHandle {
        match &self.proxy {
            Some(proxy) => &proxy.handle,
            None => panic!("this emulator was built without a proxy"),
        }
    }

    /// The identity provider that runs on its own.
    ///
    /// # Panics
    ///
    /// Panics when the emulator was built without one.
    #[must_use]
    pub fn identity(&self) -> &IdentityHandle {
        match &self.identity {
            Some(running) => &running.handle,
            None => panic!("this emulator was built without an identity provider"),
        }
    }

    /// The clock all services live by.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Stops the services and waits until they are gone. A state directory can be used again at once; changes through
    /// a handle that is still around fail from then on if there was one.
    pub async fn shutdown(mut self) {
        if let Some(proxy) = self.proxy.take() {
            proxy.stop().await;
        }
        if let Some(running) = self.jotta.take() {
            running.server.stop().await;
            running.handle.jotta.close();
        }
        if let Some(running) = self.acd.take() {
            running.server.stop().await;
            running.handle.acd.close();
        }
        if let Some(running) = self.koofr.take() {
            running.server.stop().await;
            running.handle.koofr.close();
        }
        if let Some(running) = self.identity.take() {
            running.server.stop().await;
        }
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        if let Some(running) = &self.koofr {
            running.handle.koofr.close();
        }
        if let Some(running) = &self.jotta {
            running.handle.jotta.close();
        }
        if let Some(running) = &self.acd {
            running.handle.acd.close();
        }
    }
}
