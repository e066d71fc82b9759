//! Looking at files and folders, and changing them on the server.

use http::Method;
use remote_core::{
    error::{Error, ErrorKind, Result},
    secret::Secret,
};
use serde::{Deserialize, Serialize};

use crate::{
    call::{Call, Route},
    client::Client,
    error::classify::ENDPOINT_HELP,
    lenient,
    model::file::{Bundle, FileInfo, FileKind},
    transport::LIST_BYTES,
};

/// What an entry must be like for a change to be made; a condition that is not given always holds.
///
/// All are compared exactly. A condition that does not hold fails the call with
/// [`PreconditionFailed`](ErrorKind::PreconditionFailed).
#[non_exhaustive]
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Conditions {
    /// Modification time in milliseconds since 1970.
    pub modified: Option<i64>,
    /// Size in bytes; 0 for folders.
    pub size: Option<u64>,
    /// MD5 of the content in lower-case hexadecimal digits; never holds for folders.
    pub hash: Option<String>,
}

impl Conditions {
    /// Sets [`modified`](Self::modified).
    #[must_use]
    pub fn with_modified(mut self, millis: i64) -> Self {
        self.modified = Some(millis);
        self
    }

    /// Sets [`size`](Self::size).
    #[must_use]
    pub fn with_size(mut self, bytes: u64) -> Self {
        self.size = Some(bytes);
        self
    }

    /// Sets [`hash`](Self::hash).
    #[must_use]
    pub fn with_hash(mut self, md5: impl Into<String>) -> Self {
        self.hash = Some(md5.into());
        self
    }

    /// Whether there is no condition at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// When to remove.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct RemoveOptions {
    /// What the entry must be like. Not every installation looks at these: they are not in the published description.
    pub conditions: Conditions,
    /// A folder is removed only if it is empty, which the service checks and does in one step. No effect on files.
    pub if_empty: bool,
}

impl RemoveOptions {
    /// Sets [`conditions`](Self::conditions).
    #[must_use]
    pub fn with_conditions(mut self, conditions: Conditions) -> Self {
        self.conditions = conditions;
        self
    }

    /// Sets [`if_empty`](Self::if_empty).
    #[must_use]
    pub fn with_if_empty(mut self, if_empty: bool) -> Self {
        self.if_empty = if_empty;
        self
    }
}

/// How to copy.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct CopyOptions {
    /// Modification time of the copy in milliseconds since 1970; that of the source when absent.
    pub modified: Option<i64>,
    /// What the source must be like. Not every installation looks at these.
    pub conditions: Conditions,
}

impl CopyOptions {
    /// Sets [`modified`](Self::modified).
    #[must_use]
    pub fn with_modified(mut self, millis: i64) -> Self {
        self.modified = Some(millis);
        self
    }

    /// Sets [`conditions`](Self::conditions).
    #[must_use]
    pub fn with_conditions(mut self, conditions: Conditions) -> Self {
        self.conditions = conditions;
        self
    }
}

/// What became of something that was removed.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(default)]
pub struct Removed {
    /// Names the content in the trash; not every installation tells.
    #[serde(deserialize_with = "lenient::opt_text")]
    pub version: Option<String>,
}

/// The name something was stored under.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(default)]
pub struct StoredName {
    /// The name; empty when the service did not tell.
    #[serde(deserialize_with = "lenient::text")]
    pub name: String,
}

#[derive(Deserialize)]
struct Files {
    #[serde(default, deserialize_with = "lenient::or_default")]
    files: Vec<FileInfo>,
}

#[derive(Deserialize)]
struct Status {
    #[serde(default, deserialize_with = "lenient::text")]
    status: String,
}

/// The body of copy and move.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Target<'a> {
    to_mount_id: &'a str,
    to_path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    if_modified: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    if_size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    if_hash: Option<&'a str>,
}

impl Client {
    /// What is at a path. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound) if nothing is there or the mount does not exist;
    /// [`StorageOffline`](ErrorKind::StorageOffline) if the storage behind the mount is not connected, which the service also sends as 404;
    /// [`InvalidName`](ErrorKind::InvalidName) for a path with a backslash or a dot segment.
    pub async fn info(&self, mount: &str, path: &str) -> Result<FileInfo> {
        let call = Call::get(Route::Api, "files/info")
            .mount(mount, "files/info")
            .path(path);
        let info: FileInfo = self.json(call).await?;
        // Other services have JSON too, and nothing else about a file has to be there.
        if info.kind == FileKind::default() {
            return Err(Error::with_message(
                ErrorKind::Protocol,
                "the answer describes neither a file nor a folder",
            )
            .with_help(ENDPOINT_HELP));
        }
        Ok(info)
    }

    /// What a folder contains: everything, in no particular order. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// As for [`info`](Self::info), and [`NotADirectory`](ErrorKind::NotADirectory) for a file.
    pub async fn list(&self, mount: &str, path: &str) -> Result<Vec<FileInfo>> {
        let call = Call::get(Route::Api, "files/list")
            .mount(mount, "files/list")
            .path(path);
        let answer: Files = self.json_within(call, LIST_BYTES).await?;
        Ok(answer.files)
    }

    /// What is at a path and, if it is a folder, what it contains, with links, shares and bookmarks. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// As for [`info`](Self::info).
    pub async fn bundle(&self, mount: &str, path: &str) -> Result<Bundle> {
        let call = Call::get(Route::Api, "bundle")
            .mount(mount, "bundle")
            .path(path);
        self.json_within(call, LIST_BYTES).await
    }

    /// A folder with everything below it in one document; an interface of level 2.0 that newer descriptions leave out. Repeated after failures that allow it.
    ///
    /// Holds the whole tree in memory, and refuses trees of more than some sixty levels: [`list_recursive`](Self::list_recursive) does neither.
    ///
    /// # Errors
    ///
    /// As for [`list`](Self::list).
    pub async fn tree(&self, mount: &str, path: &str) -> Result<FileInfo> {
        let call = Call::get(Route::ApiV2 { header: false }, "files/tree")
            .mount(mount, "files/tree")
            .path(path);
        self.json_within(call, LIST_BYTES).await
    }

    /// Makes a folder in an existing folder. One attempt.
    ///
    /// # Errors
    ///
    /// [`AlreadyExists`](ErrorKind::AlreadyExists) if a folder **or file** has the name, in any case. At level 2.0 the service says so with a
    /// bare 400, which is [`InvalidInput`](ErrorKind::InvalidInput) here unless it names the reason.
    /// [`NotFound`](ErrorKind::NotFound) if the parent does not exist, [`NotADirectory`](ErrorKind::NotADirectory) if it is a file,
    /// [`InvalidName`](ErrorKind::InvalidName) for a refused name.
    pub async fn create_folder(&self, mount: &str, parent: &str, name: &str) -> Result<()> {
        let call = Call::change(Method::POST, Route::Api, "files/folder")
            .mount(mount, "files/folder")
            .path(parent)
            .checks_name(name)
            .name_in_body()
            .json(&serde_json::json!({ "name": name }));
        self.done(call).await
    }

    /// Removes a file, or a folder **with everything in it**, to the trash where there is one. One attempt.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound) if nothing is there, also when an earlier attempt whose answer was lost has removed it;
    /// [`DirectoryNotEmpty`](ErrorKind::DirectoryNotEmpty) with [`RemoveOptions::if_empty`];
    /// [`PreconditionFailed`](ErrorKind::PreconditionFailed) for other conditions;
    /// [`NotADirectory`](ErrorKind::NotADirectory) for the root of a mount, which cannot be removed.
    ///
    /// # Cancellation
    ///
    /// The removal may have happened.
    pub async fn remove(
        &self,
        mount: &str,
        path: &str,
        options: &RemoveOptions,
    ) -> Result<Removed> {
        let conditions = &options.conditions;
        let call = Call::change(Method::DELETE, Route::Api, "files/remove")
            .mount(mount, "files/remove")
            .path(path)
            .query_opt("removeIfModified", conditions.modified)
            .query_opt("removeIfSize", conditions.size)
            .query_opt("removeIfHash", conditions.hash.as_deref())
            .flag("removeIfEmpty", options.if_empty);
        let only_if_empty = options.if_empty && conditions.is_empty();
        self.json_or_empty(call)
            .await
            .map_err(|error| match error.kind() {
                ErrorKind::PreconditionFailed if only_if_empty => {
                    error.with_kind(ErrorKind::DirectoryNotEmpty)
                }
                _ => error,
            })
    }

    /// Gives a file or folder another name in its folder. One attempt.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound), [`AlreadyExists`](ErrorKind::AlreadyExists), [`InvalidName`](ErrorKind::InvalidName);
    /// [`IntoSelf`](ErrorKind::IntoSelf) if only the case of the name would change;
    /// [`NotADirectory`](ErrorKind::NotADirectory) for the root of a mount.
    ///
    /// # Cancellation
    ///
    /// The change may have happened.
    pub async fn rename(&self, mount: &str, path: &str, name: &str) -> Result<()> {
        let call = Call::change(Method::PUT, Route::Api, "files/rename")
            .mount(mount, "files/rename")
            .path(path)
            .checks_name(name)
            .name_in_body()
            .json(&serde_json::json!({ "name": name }));
        self.done(call).await
    }

    /// Copies a file, or a folder with everything in it, on the server. One attempt.
    ///
    /// `to_path` is the whole path of the copy, with its name; its parent must exist. Copies may go to another mount.
    ///
    /// # Errors
    ///
    /// [`AlreadyExists`](ErrorKind::AlreadyExists) if something has the name, in any case: nothing is ever replaced;
    /// [`NotFound`](ErrorKind::NotFound) if the source or the parent of the copy does not exist;
    /// [`IntoSelf`](ErrorKind::IntoSelf) for a copy of a folder into itself, or onto itself;
    /// [`PreconditionFailed`](ErrorKind::PreconditionFailed) for a condition.
    ///
    /// # Cancellation
    ///
    /// The copy may exist.
    pub async fn copy(
        &self,
        mount: &str,
        path: &str,
        to_mount: &str,
        to_path: &str,
        options: &CopyOptions,
    ) -> Result<StoredName> {
        let target = Target::new(to_mount, to_path, options.modified, &options.conditions);
        let call = placing("files/copy", mount, path, &target)?;
        self.json_or_empty(call).await
    }

    /// Moves a file, or a folder with everything in it. One attempt.
    ///
    /// `to_path` is the whole new path, with the name; its parent must exist. It may be in another mount.
    ///
    /// # Errors
    ///
    /// As for [`copy`](Self::copy). A change of case only is [`IntoSelf`](ErrorKind::IntoSelf). After a lost answer the source may be
    /// [`NotFound`](ErrorKind::NotFound) because the move was made.
    ///
    /// # Cancellation
    ///
    /// The change may have happened.
    pub async fn move_file(
        &self,
        mount: &str,
        path: &str,
        to_mount: &str,
        to_path: &str,
        conditions: &Conditions,
    ) -> Result<StoredName> {
        let target = Target::new(to_mount, to_path, None, conditions);
        let call = placing("files/move", mount, path, &target)?;
        self.json_or_empty(call).await
    }

    /// How far a connected cloud is synchronised, in the service's words. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound) if there is no such mount.
    pub async fn external_status(&self, mount: &str) -> Result<String> {
        let call =
            Call::get(Route::Api, "files/externalstatus").mount(mount, "files/externalstatus");
        let answer: Status = self.json(call).await?;
        Ok(answer.status)
    }

    /// The address of a file at the connected cloud it lies in, for a browser. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// As for [`info`](Self::info); [`Protocol`](ErrorKind::Protocol) if the answer does not point anywhere.
    pub async fn external_url(&self, mount: &str, path: &str) -> Result<Secret> {
        let call = Call::get(Route::Api, "files/external")
            .mount(mount, "files/external")
            .path(path)
            .wants_redirect();
        self.location(&call).await
    }

    /// The address that an answer points to.
    pub(crate) async fn location(&self, call: &Call) -> Result<Secret> {
        let response = self.open(call).await?;
        let location = response
            .header("location")
            .and_then(|value| std::str::from_utf8(value).ok());
        match location {
            Some(address) => Ok(Secret::new(address)),
            None => Err(Error::with_message(
                ErrorKind::Protocol,
                "the answer does not point to an address",
            )
            .with_http_status(response.status().as_u16())),
        }
    }
}

impl<'a> Target<'a> {
    fn new(
        to_mount_id: &'a str,
        to_path: &'a str,
        modified: Option<i64>,
        conditions: &'a Conditions,
    ) -> Self {
        Self {
            to_mount_id,
            to_path,
            modified,
            if_modified: conditions.modified,
            if_size: conditions.size,
            if_hash: conditions.hash.as_deref(),
        }
    }
}

fn placing(label: &'static str, mount: &str, path: &str, target: &Target<'_>) -> Result<Call> {
    let name = target.to_path.trim_end_matches('/').rsplit('/').next();
    // The root has no name; some servers do not survive being asked.
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        return Err(Error::with_message(
            ErrorKind::InvalidInput,
            "the root of a mount cannot be the target",
        ));
    };
    Ok(Call::change(Method::PUT, Route::Api, label)
        .mount(mount, label)
        .path(path)
        .checks_path(target.to_path)
        .checks_name(name)
        .name_in_body()
        .json(target))
}
