//! Room, links and trash.

use std::time::{Duration, SystemTime};

use remote_core::{
    error::{Effect, Error, Result},
    operation::{LinkOptions, PublicLink, Usage},
    path::RemotePath,
    retry::Idempotency,
};

use super::{Inner, paths};
use crate::{
    api::{links::Validity, trash::EmptyTrash},
    model::link::Link,
    time::{from_millis, to_millis},
};

impl Inner {
    /// What the mount tells, in steps of 1 MiB.
    pub(super) async fn usage(&self) -> Result<Usage> {
        let mount = self.mount().await?;
        let mount = self.client.mount(mount).await?;
        let mut usage = Usage::default();
        usage.total = mount.total_bytes();
        usage.used = mount.used_bytes();
        usage.free = mount.free_bytes();
        Ok(usage)
    }

    /// A link that exists is handed out again, unless the new one is to be protected.
    pub(super) async fn public_link(
        &self,
        path: &RemotePath,
        options: LinkOptions,
    ) -> Result<PublicLink> {
        let server = self.paths.to_server(path)?;
        let mount = self.mount().await?;
        if options.password.is_none() && options.expires_in.is_none() {
            let links = self.client.links(mount).await?;
            if let Some(link) = links
                .into_iter()
                .find(|link| is_open_link_to(link, &server))
            {
                return Ok(public(&link));
            }
        }
        let link = self.client.create_link(mount, &server).await?;
        match self.protect(mount, &link, &options).await {
            Ok(protected) => Ok(public(protected.as_ref().unwrap_or(&link))),
            Err(error) => Err(self.withdraw(mount, &link, error).await),
        }
    }

    async fn protect(
        &self,
        mount: &str,
        link: &Link,
        options: &LinkOptions,
    ) -> Result<Option<Link>> {
        let mut protected = None;
        if let Some(password) = &options.password {
            protected = Some(
                self.client
                    .set_link_password(mount, &link.id, password)
                    .await?,
            );
        }
        if let Some(expires_in) = options.expires_in {
            let validity = Validity::default().with_valid_to(to_millis(in_future(expires_in)));
            protected = Some(
                self.client
                    .set_link_validity(mount, &link.id, &validity)
                    .await?,
            );
        }
        Ok(protected)
    }

    /// A link without the protection that was asked for must not stay.
    async fn withdraw(&self, mount: &str, link: &Link, error: Error) -> Error {
        match self.client.remove_link(mount, &link.id).await {
            Ok(()) => error.with_effect(Effect::NotMade),
            Err(gone) if gone.is_not_found() => error.with_effect(Effect::NotMade),
            Err(_) => error
                .with_effect(Effect::Made)
                .with_help("a link without the protection that was asked for exists; remove it"),
        }
    }

    /// The trash of the whole account.
    pub(super) async fn empty_trash(&self) -> Result<()> {
        let emptied = self.retry.run(Idempotency::Idempotent, |_attempt| {
            self.client.empty_trash(EmptyTrash::DeleteEverythingForGood)
        });
        emptied.await.map(|_job| ())
    }
}

/// Whether a link leads to the path and can be used by everybody, without end.
fn is_open_link_to(link: &Link, server: &str) -> bool {
    let same =
        paths::fold(link.path.trim_end_matches('/')) == paths::fold(server.trim_end_matches('/'));
    same && !link.has_password
        && !link.password_required
        && link.valid_to.is_none_or(|end| end == 0)
}

fn public(link: &Link) -> PublicLink {
    let url = if link.url.is_empty() {
        &link.short_url
    } else {
        &link.url
    };
    let expires = link.valid_to.filter(|end| *end != 0).and_then(from_millis);
    PublicLink::new(url.clone()).with_expires(expires)
}

fn in_future(duration: Duration) -> SystemTime {
    let now = SystemTime::now();
    now.checked_add(duration).unwrap_or(now)
}
