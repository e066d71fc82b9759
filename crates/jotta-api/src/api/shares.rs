//! Public links.

use remote_core::error::Result;
use url::Url;

use crate::{
    addresses::fixed,
    call::{Base, Call},
    client::Client,
    location::Location,
    model::{
        device::BUILT_IN_DEVICE,
        file::Share,
        item::{Item, SearchResult, unexpected},
    },
};

/// Where public links lead, for all brands.
const WEB: &str = "https://www.jottacloud.com/";

impl Client {
    /// Makes the public link of a file, folder or mount point, or finds the one it has. The links of this service have neither password nor end. Repeated after
    /// failures that allow it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound).
    pub async fn share(&self, place: &Location) -> Result<Item> {
        self.set_share("enableShare", place).await
    }

    /// Ends the public link; success if there is none. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound).
    pub async fn unshare(&self, place: &Location) -> Result<Item> {
        self.set_share("disableShare", place).await
    }

    async fn set_share(&self, mode: &'static str, place: &Location) -> Result<Item> {
        let call = Call::get(Base::Jfs, mode).place(place).query("mode", mode);
        self.item_of(call.changes()).await
    }

    /// All files with a public link. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// Those of the connection and the sign-in.
    pub async fn links(&self) -> Result<SearchResult> {
        let call = Call::get(Base::Jfs, "links")
            .segment(BUILT_IN_DEVICE)
            .segment("Links");
        self.search(call).await
    }

    /// The files that changed last, newest first; the service may answer with more than `max`. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// Those of the connection and the sign-in.
    pub async fn recent(&self, max: u32) -> Result<SearchResult> {
        let call = Call::get(Base::Jfs, "recent")
            .segment(BUILT_IN_DEVICE)
            .segment("Latest")
            .query("sort", "updated")
            .query("max", &max.to_string())
            .query("web", "true");
        self.search(call).await
    }

    async fn search(&self, call: Call) -> Result<SearchResult> {
        let response = self.open(call).await?;
        SearchResult::read(response.into_stream()).await
    }

    /// The address from which anybody can download what is shared; a folder comes as a ZIP archive. None if it is not shared. What rclone prints. Makes no
    /// request of its own but that of [`username`](Self::username).
    ///
    /// # Errors
    ///
    /// Those of [`username`](Self::username).
    pub async fn download_address(&self, share: &Share) -> Result<Option<Url>> {
        let Some(id) = &share.public_uri else {
            return Ok(None);
        };
        let user = self.username().await?;
        let mut url = fixed(WEB);
        if let Ok(mut path) = url.path_segments_mut() {
            path.extend(["opin", "io", "downloadPublic", user, id.as_str()]);
        }
        Ok(Some(url))
    }
}

/// The page on which people look at what is shared. None if it is not shared or the service did not tell.
#[must_use]
pub fn landing_page(share: &Share) -> Option<Url> {
    let path = share.public_path.as_deref()?;
    let mut url = fixed(WEB);
    url.set_path(path.trim_start_matches('/'));
    Some(url)
}

/// What is shared of an item.
pub(crate) fn share_of(item: &Item) -> Result<&Share> {
    match item {
        Item::File(file) => Ok(&file.share),
        Item::Folder(folder) => Ok(&folder.share),
        Item::MountPoint(mount_point) => Ok(&mount_point.share),
        other => Err(unexpected(other.noun())),
    }
}
