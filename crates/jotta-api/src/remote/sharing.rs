//! Room, links and trash.

use remote_core::{
    error::{Error, ErrorKind, Result},
    operation::{LinkOptions, PublicLink, Usage},
    path::RemotePath,
    retry::Idempotency,
};

use super::{Inner, looking::not_found};
use crate::api::shares::share_of;

impl Inner {
    /// What the account has; all mount points share it.
    pub(super) async fn usage(&self) -> Result<Usage> {
        let account = self.client.account().await?;
        let mut usage = Usage::default();
        usage.total = account.capacity;
        usage.used = account.usage;
        usage.free = account
            .capacity
            .map(|total| total.saturating_sub(account.usage.unwrap_or_default()));
        // A full account may hold more than it should.
        if let (Some(total), Some(used)) = (usage.total, usage.used) {
            usage.total = Some(total.max(used));
        }
        Ok(usage)
    }

    pub(super) async fn public_link(
        &self,
        path: &RemotePath,
        options: LinkOptions,
    ) -> Result<PublicLink> {
        if options.password.is_some() || options.expires_in.is_some() {
            return Err(Error::unsupported("a link with a password or an end"));
        }
        let place = self.place(path)?;
        let item = self.client.share(&place).await?;
        if item.is_deleted() {
            // It was shared in the trash, where nobody sees it; that is taken back as far as possible.
            let taken_back = self.client.unshare(&place).await;
            return Err(match taken_back {
                Ok(_) => not_found(),
                Err(error) => not_found().with_source(error),
            });
        }
        let address = self.client.download_address(share_of(&item)?).await?;
        let Some(address) = address else {
            return Err(Error::with_message(
                ErrorKind::Protocol,
                "the service has made no link",
            ));
        };
        Ok(PublicLink::new(address.into()))
    }

    pub(super) async fn remove_public_link(&self, path: &RemotePath) -> Result<()> {
        let place = self.place(path)?;
        self.client.unshare(&place).await.map(|_item| ())
    }

    /// The trash of the whole account.
    pub(super) async fn empty_trash(&self) -> Result<()> {
        let purged = self.retry.run(Idempotency::Idempotent, |_attempt| {
            self.client.purge_trash()
        });
        match purged.await {
            Ok(_counts) => Ok(()),
            Err(error) if error.help().is_none() => {
                Err(error.with_help("nothing outside the trash was touched; try again later"))
            }
            Err(error) => Err(error),
        }
    }
}
