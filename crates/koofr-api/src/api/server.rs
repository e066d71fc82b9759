//! What an installation tells about itself to anybody.

use std::net::IpAddr;

use remote_core::error::{Error, ErrorKind, Result};

use crate::{
    call::{Call, Route},
    client::Client,
    model::server::{BasicConfig, Profile},
};

impl Client {
    /// The product and its addresses; a way to check an endpoint before a password is asked for. No credentials are sent. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`Protocol`](ErrorKind::Protocol) where the endpoint is not such a service.
    pub async fn basic_config(&self) -> Result<BasicConfig> {
        self.json(
            Call::get(Route::Api, "basicconfig")
                .at("basicconfig")
                .public(),
        )
        .await
    }

    /// Name and version of the server. No credentials are sent. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`Protocol`](ErrorKind::Protocol) where the endpoint is not such a service.
    pub async fn profile(&self) -> Result<Profile> {
        self.json(Call::get(Route::Root, "profile").at("profile").public())
            .await
    }

    /// The address of this computer as the server sees it. No credentials are sent. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`Protocol`](ErrorKind::Protocol) if the answer is no address.
    pub async fn ip(&self) -> Result<IpAddr> {
        let call = Call::get(Route::Root, "ip").at("ip").public();
        let text = self.open(&call).await?.text(1024).await?;
        text.trim()
            .parse()
            .map_err(|error: std::net::AddrParseError| {
                Error::with_message(ErrorKind::Protocol, "the answer is no address")
                    .with_source(error)
            })
    }
}
