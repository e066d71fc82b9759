//! Files and folders: looking, making, removing, moving.
//!
//! Commands for files do nothing to folders and the other way round: the service answers that there is no such file. Know what it is first.

use std::time::SystemTime;

use remote_core::{error::Result, hash::HashValue};

use super::direct::content_headers;
use crate::{
    call::{Base, Call},
    client::Client,
    location::Location,
    model::{file::FileInfo, item::Item},
};

/// What is known of a content and the times it is to have.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ContentTimes {
    /// Its size in bytes.
    pub bytes: u64,
    /// Its MD5.
    pub md5: HashValue,
    /// Creation time, in whole seconds; the fraction is left out.
    pub created: SystemTime,
    /// Modification time, in whole seconds; the fraction is left out.
    pub modified: SystemTime,
}

impl ContentTimes {
    /// A content with both times the same.
    #[must_use]
    pub fn new(bytes: u64, md5: HashValue, modified: SystemTime) -> Self {
        Self {
            bytes,
            md5,
            created: modified,
            modified,
        }
    }

    /// Sets [`created`](Self::created).
    #[must_use]
    pub fn with_created(mut self, created: SystemTime) -> Self {
        self.created = created;
        self
    }
}

impl Client {
    /// What is at a place. Things in the trash are found as well, with [`deleted`](FileInfo::deleted) set, and so are files without content.
    /// Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound).
    pub async fn item(&self, place: &Location) -> Result<Item> {
        self.item_of(Call::get(Base::Jfs, "item").place(place))
            .await
    }

    /// A file with all its revisions. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound), [`IsADirectory`](remote_core::error::ErrorKind::IsADirectory).
    pub async fn file(&self, place: &Location) -> Result<FileInfo> {
        self.item(place).await?.into_file()
    }

    /// Makes a folder with all folders on the way; one that exists is success. A folder in the trash comes back, without what was in it. Repeated after
    /// failures that allow it.
    ///
    /// # Errors
    ///
    /// [`PermissionDenied`](remote_core::error::ErrorKind::PermissionDenied) on a view of the service; what the service says if a file is in the way.
    pub async fn create_folder(&self, place: &Location) -> Result<Item> {
        self.item_of(make_folder(place).repeatable()).await
    }

    /// Like [`create_folder`](Self::create_folder), for loops of their own. One attempt.
    pub(crate) async fn create_folder_once(&self, place: &Location) -> Result<Item> {
        self.item_of(make_folder(place)).await
    }

    /// Puts a file into the trash. One attempt. Tells what is in the trash then, if the service does; what is not there may be success without that.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound), [`PermissionDenied`](remote_core::error::ErrorKind::PermissionDenied) on a view of the service.
    pub async fn trash_file(&self, place: &Location) -> Result<Option<Item>> {
        self.told(command("dl", place)).await
    }

    /// Removes a file, in the trash or not, **for good**. One attempt.
    ///
    /// # Errors
    ///
    /// As [`trash_file`](Self::trash_file).
    pub async fn remove_file(&self, place: &Location) -> Result<()> {
        self.done(command("rm", place)).await
    }

    /// Puts a folder with everything in it into the trash. One attempt. Tells what is in the trash then, if the service does; what was there already
    /// keeps its older stamp.
    ///
    /// # Errors
    ///
    /// As [`trash_file`](Self::trash_file); [`InvalidInput`](remote_core::error::ErrorKind::InvalidInput) for a mount point.
    pub async fn trash_folder(&self, place: &Location) -> Result<Option<Item>> {
        self.told(command("dlDir", place)).await
    }

    /// Removes a folder with everything in it, in the trash or not, **for good**. One attempt.
    ///
    /// # Errors
    ///
    /// As [`trash_folder`](Self::trash_folder).
    pub async fn remove_folder(&self, place: &Location) -> Result<()> {
        self.done(command("rmDir", place)).await
    }

    /// Moves a file, also to another device or mount point. Folders on the way are made. One attempt.
    ///
    /// What happens to a file that is at the target is not known for certain: look before. The service has been seen to answer with a failure to moves that it
    /// made.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound) if there is no such file, [`PermissionDenied`](remote_core::error::ErrorKind::PermissionDenied) on a view of the service.
    pub async fn move_file(&self, from: &Location, to: &Location) -> Result<FileInfo> {
        self.transfer("mv", from, to).await?.into_file()
    }

    /// Moves a folder with everything in it. One attempt. See [`move_file`](Self::move_file).
    ///
    /// # Errors
    ///
    /// As [`move_file`](Self::move_file).
    pub async fn move_folder(&self, from: &Location, to: &Location) -> Result<()> {
        self.transfer("mvDir", from, to).await.map(|_item| ())
    }

    /// Copies a file; the copy has the times of the original. A file at the target gets a new revision; one in the trash gets the content and **stays in the
    /// trash**, which shows in the answer. One attempt.
    ///
    /// # Errors
    ///
    /// As [`move_file`](Self::move_file).
    pub async fn copy_file(&self, from: &Location, to: &Location) -> Result<FileInfo> {
        let call = Call::post(Base::Jfs, "cp").place(from).to("cp", to);
        self.item_of(call).await?.into_file()
    }

    async fn transfer(
        &self,
        command: &'static str,
        from: &Location,
        to: &Location,
    ) -> Result<Item> {
        let call = Call::post(Base::Jfs, command)
            .take_away(from)
            .to(command, to);
        self.item_of(call).await
    }

    /// Gives a file a content that the service has already, and times: sets the times of the same content, copies without sending, brings back from the trash.
    /// Repeated after failures that allow it.
    ///
    /// **Replaces** another content: pass size and hash that were just read.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound) if the service does not have the content.
    pub async fn touch(&self, place: &Location, content: &ContentTimes) -> Result<FileInfo> {
        let call = put_known(place, content).repeatable();
        self.item_of(call).await?.into_file()
    }

    /// Like [`touch`](Self::touch), for loops of their own. One attempt.
    pub(crate) async fn touch_once(
        &self,
        place: &Location,
        content: &ContentTimes,
    ) -> Result<FileInfo> {
        self.item_of(put_known(place, content)).await?.into_file()
    }
}

fn make_folder(place: &Location) -> Call {
    Call::post(Base::Jfs, "mkDir")
        .change(place)
        .query("mkDir", "true")
}

fn put_known(place: &Location, content: &ContentTimes) -> Call {
    let mut call = Call::post(Base::Jfs, "cphash")
        .change(place)
        .query("cphash", "true");
    call.headers = content_headers(content);
    call
}

/// A command that takes something away.
fn command(command: &'static str, place: &Location) -> Call {
    Call::post(Base::Jfs, command)
        .take_away(place)
        .query(command, "true")
}
