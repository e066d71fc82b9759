//! The account.

use remote_core::error::Result;

use crate::{
    call::{Base, Call},
    client::Client,
    model::account::{AccountInfo, AccountUsage, EndpointInfo, Quota},
};

impl Client {
    /// Where the service keeps the account. Asks anew and remembers the answer; other methods ask by themselves.
    ///
    /// # Errors
    ///
    /// [`PermissionDenied`](remote_core::error::ErrorKind::PermissionDenied) for an account without a drive,
    /// [`Protocol`](remote_core::error::ErrorKind::Protocol) for an answer without addresses.
    pub async fn endpoint(&self) -> Result<EndpointInfo> {
        let info = self.ask_endpoint().await?;
        self.inner.discovery.learn(&info)?;
        Ok(info)
    }

    /// Whether the account can be used.
    ///
    /// # Errors
    ///
    /// Those of every call: the sign-in, the connection, the service.
    pub async fn account_info(&self) -> Result<AccountInfo> {
        self.json(get("account/info")).await
    }

    /// How much room there is.
    ///
    /// # Errors
    ///
    /// Those of every call: the sign-in, the connection, the service.
    pub async fn quota(&self) -> Result<Quota> {
        self.json(get("account/quota")).await
    }

    /// How much is stored, by kind of content.
    ///
    /// # Errors
    ///
    /// Those of every call: the sign-in, the connection, the service.
    pub async fn account_usage(&self) -> Result<AccountUsage> {
        self.json(get("account/usage")).await
    }
}

fn get(path: &'static str) -> Call {
    Call::get(Base::Metadata, path).at(path)
}
