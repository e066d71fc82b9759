//! Room, links and trash.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use remote_core::{
    error::{Effect, Error, ErrorKind, Result},
    operation::{LinkOptions, PublicLink, Usage},
    path::RemotePath,
    retry::Idempotency,
    settle::{settled, to_the_end},
};

use super::{Inner, paths};
use crate::{
    api::{links::Validity, trash::EmptyTrash},
    model::link::Link,
    time::{from_millis, to_millis},
};

/// Help when a link may be open that was meant for some people only.
const UNPROTECTED_HELP: &str = "a link without the protection that was asked for may exist; look at the links in the web \
     application and remove it";

impl Inner {
    /// What the mount tells, in steps of 1 MiB.
    pub(super) async fn usage(&self) -> Result<Usage> {
        let mount = self.mount.look(&self.client).await?;
        let mut usage = Usage::default();
        usage.total = mount.total_bytes();
        usage.used = mount.used_bytes();
        usage.free = mount.free_bytes();
        Ok(usage)
    }

    /// A link that exists is handed out again, unless the new one is to be protected.
    pub(super) async fn public_link(
        self: Arc<Self>,
        path: &RemotePath,
        options: LinkOptions,
    ) -> Result<PublicLink> {
        let server = self.paths.to_server(path)?;
        let mount = self.mount().await?;
        let protected = options.password.is_some() || options.expires_in.is_some();
        let known = self.open_links(mount, &server).await?;
        if let Some(link) = known.first().filter(|_| !protected) {
            return Ok(public(link));
        }
        if !protected {
            let link = self.make_link(mount, &server, &known).await?;
            return Ok(public(&link));
        }
        let (inner, mount) = (Arc::clone(&self), mount.to_owned());
        // In between, the link is open to everybody: the caller may go away, the protection must come.
        to_the_end(async move {
            inner
                .make_protected(&mount, &server, &known, &options)
                .await
        })
        .await
    }

    async fn make_protected(
        &self,
        mount: &str,
        server: &str,
        known: &[Link],
        options: &LinkOptions,
    ) -> Result<PublicLink> {
        let link = self.make_link(mount, server, known).await;
        let link = link.map_err(|error| match error.effect() {
            Effect::Unknown => error.with_help(UNPROTECTED_HELP),
            _ => error,
        })?;
        match self.protect(mount, &link, options).await {
            Ok(protected) => Ok(public(protected.as_ref().unwrap_or(&link))),
            Err(error) => Err(self.withdraw(mount, &link, error).await),
        }
    }

    /// The links that lead to the path and can be used by everybody, without end.
    async fn open_links(&self, mount: &str, server: &str) -> Result<Vec<Link>> {
        let mut links = self.client.links(mount).await?;
        links.retain(|link| is_open_link_to(link, server));
        Ok(links)
    }

    /// Makes a link beside the known ones. After a lost answer, a link that was not known is the one.
    async fn make_link(&self, mount: &str, server: &str, known: &[Link]) -> Result<Link> {
        let make = |_attempt| self.client.create_link(mount, server);
        let look = || async {
            let mut links = self.open_links(mount, server).await?;
            links.retain(|link| known.iter().all(|known| known.common.id != link.common.id));
            match (links.pop(), links.is_empty()) {
                (found, true) => Ok(found),
                (_, false) => Err(Error::with_message(
                    ErrorKind::Other,
                    "somebody else makes links to the same path",
                )),
            }
        };
        settled(&self.retry, make, look).await
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
                    .set_link_password(mount, &link.common.id, password)
                    .await?,
            );
        }
        if let Some(expires_in) = options.expires_in {
            let validity = Validity::default().with_valid_to(to_millis(in_future(expires_in)));
            protected = Some(
                self.client
                    .set_link_validity(mount, &link.common.id, &validity)
                    .await?,
            );
        }
        Ok(protected)
    }

    /// A link without the protection that was asked for must not stay.
    async fn withdraw(&self, mount: &str, link: &Link, error: Error) -> Error {
        let removed = self.retry.run(Idempotency::Idempotent, |_attempt| {
            self.client.remove_link(mount, &link.common.id)
        });
        match removed.await {
            Ok(()) => error.with_effect(Effect::NotMade),
            Err(gone) if gone.is_not_found() => error.with_effect(Effect::NotMade),
            Err(_) => Error::with_message(error.kind(), error.kind().description())
                .with_effect(Effect::Unknown)
                .with_help(UNPROTECTED_HELP)
                .with_source(error),
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
    let same = paths::fold(link.common.path.trim_end_matches('/'))
        == paths::fold(server.trim_end_matches('/'));
    same && !link.common.has_password
        && !link.password_required
        && link.common.valid_to.is_none_or(|end| end == 0)
}

fn public(link: &Link) -> PublicLink {
    let link = &link.common;
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
