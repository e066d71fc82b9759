//! The account.

use remote_core::error::{Error, ErrorKind, Result};

use crate::{
    auth::user_of_token,
    call::{Base, Call},
    client::Client,
    model::{
        account::{Account, Customer},
        item::{Item, unexpected},
    },
};

impl Client {
    /// The customer: name, e-mail address, brand, room. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`Authentication`](ErrorKind::Authentication) if the token is refused and cannot be renewed.
    pub async fn customer(&self) -> Result<Customer> {
        self.json_of(Call::get(Base::Api, "account/v1/customer").at("account/v1/customer"))
            .await
    }

    /// The internal name of the user, which stands in all addresses of files. One request per client and its clones, unless it was
    /// [given](crate::builder::ClientBuilder::username).
    ///
    /// Where the service does not tell, it is taken from the token.
    ///
    /// # Errors
    ///
    /// As [`customer`](Self::customer); [`Protocol`](ErrorKind::Protocol) if nobody tells a name that can be used.
    pub async fn username(&self) -> Result<&str> {
        let name = self.inner.username.get_or_try_init(|| async {
            let name = match Box::pin(self.customer()).await {
                Ok(customer) => customer.username,
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::NotFound | ErrorKind::PermissionDenied | ErrorKind::Unsupported
                    ) =>
                {
                    let token = self.inner.auth.token().await?;
                    user_of_token(&token).ok_or(error)?
                }
                Err(error) => return Err(error),
            };
            if name.is_empty() || name.contains('/') || matches!(name.as_str(), "." | "..") {
                return Err(Error::with_message(
                    ErrorKind::Protocol,
                    "the service tells no name of the user that can be used",
                ));
            }
            Ok(name)
        });
        name.await.map(String::as_str)
    }

    /// The account: room, locks, devices. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// As [`customer`](Self::customer).
    pub async fn account(&self) -> Result<Account> {
        match self.item_of(Call::get(Base::Jfs, "account")).await? {
            Item::Account(account) => Ok(account),
            other => Err(unexpected(other.noun())),
        }
    }
}
