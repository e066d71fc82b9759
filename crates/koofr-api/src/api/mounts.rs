//! Mounts, places and shares.

use http::Method;
use remote_core::error::Result;
use serde::{Deserialize, Serialize};

use crate::{
    call::{Call, Route},
    client::Client,
    lenient,
    model::mount::{Invitee, Mount, MountUser, Permissions, SharedFile},
    transport::LIST_BYTES,
};

#[derive(Deserialize)]
struct Mounts {
    #[serde(default, deserialize_with = "lenient::or_default")]
    mounts: Vec<Mount>,
}

#[derive(Deserialize)]
struct Places {
    #[serde(default, deserialize_with = "lenient::or_default")]
    places: Vec<Mount>,
}

#[derive(Deserialize)]
struct Shared {
    #[serde(default, deserialize_with = "lenient::or_default")]
    files: Vec<SharedFile>,
}

#[derive(Serialize)]
struct Granted<'a> {
    permissions: &'a Permissions,
}

impl Client {
    /// All mounts: own places and shares. Repeated after failures that allow it.
    ///
    /// The service calls this outdated in favour of [`places`](Self::places) and [`shared`](Self::shared), and keeps it.
    ///
    /// # Errors
    ///
    /// [`Authentication`](remote_core::error::ErrorKind::Authentication) for refused credentials,
    /// [`LoginLocked`](remote_core::error::ErrorKind::LoginLocked) after too many of them,
    /// [`Protocol`](remote_core::error::ErrorKind::Protocol) where the endpoint is not such a service.
    pub async fn mounts(&self) -> Result<Vec<Mount>> {
        let call = Call::get(Route::Api, "mounts").at("mounts");
        let answer: Mounts = self.json_within(call, LIST_BYTES).await?;
        Ok(answer.mounts)
    }

    /// Own storage and connected clouds. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// As for [`mounts`](Self::mounts).
    pub async fn places(&self) -> Result<Vec<Mount>> {
        let call = Call::get(Route::Api, "places").at("places");
        let answer: Places = self.json_within(call, LIST_BYTES).await?;
        Ok(answer.places)
    }

    /// What is shared with the user and by the user. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// As for [`mounts`](Self::mounts).
    pub async fn shared(&self) -> Result<Vec<SharedFile>> {
        let call = Call::get(Route::Api, "shared").at("shared");
        let answer: Shared = self.json_within(call, LIST_BYTES).await?;
        Ok(answer.files)
    }

    /// One share, by the id of its mount. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound) if there is no such share.
    pub async fn shared_file(&self, mount: &str) -> Result<SharedFile> {
        self.json(Call::get(Route::Api, "shared/{id}").at("shared").id(mount))
            .await
    }

    /// One mount, which also tells how much room there is. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound) if there is no such mount.
    pub async fn mount(&self, mount: &str) -> Result<Mount> {
        self.json(Call::get(Route::Api, "mounts/{id}").mount(mount, ""))
            .await
    }

    /// Gives a share another name. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound) if there is no such mount,
    /// [`InvalidName`](remote_core::error::ErrorKind::InvalidName) for a refused name.
    pub async fn rename_mount(&self, mount: &str, name: &str) -> Result<()> {
        let call = Call::change(Method::PUT, Route::Api, "mounts/{id} rename")
            .mount(mount, "")
            .checks_name(name)
            .name_in_body()
            .json(&serde_json::json!({ "name": name }))
            .repeatable();
        self.done(call).await
    }

    /// Stops sharing a folder, or leaves a share. The files stay with their owner. One attempt.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound) if there is no such mount.
    pub async fn leave_mount(&self, mount: &str) -> Result<()> {
        let call = Call::change(Method::DELETE, Route::Api, "mounts/{id} leave").mount(mount, "");
        self.done(call).await
    }

    /// Shares a folder: makes a mount of it, to which people can be added. One attempt.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound) if there is no such folder,
    /// [`InvalidInput`](remote_core::error::ErrorKind::InvalidInput) if it cannot be shared.
    pub async fn create_submount(&self, mount: &str, path: &str) -> Result<Mount> {
        let call = Call::change(Method::POST, Route::Api, "submounts")
            .mount(mount, "submounts")
            .checks_path(path)
            .json(&serde_json::json!({ "path": path }));
        self.json(call).await
    }

    /// Gives somebody rights on a shared mount. One attempt.
    ///
    /// # Errors
    ///
    /// [`PreconditionFailed`](remote_core::error::ErrorKind::PreconditionFailed) when the e-mail address belongs to several people or groups;
    /// they are listed in [`ApiError::details`](crate::error::ApiError::details).
    pub async fn add_mount_user(
        &self,
        mount: &str,
        who: &Invitee,
        permissions: &Permissions,
    ) -> Result<MountUser> {
        #[derive(Serialize)]
        struct NewUser<'a> {
            #[serde(flatten)]
            who: &'a Invitee,
            permissions: &'a Permissions,
        }

        let call = Call::change(Method::POST, Route::Api, "mounts/{id}/users")
            .mount(mount, "users")
            .json(&NewUser { who, permissions });
        self.json(call).await
    }

    /// Sets somebody's rights on a shared mount. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](remote_core::error::ErrorKind::InvalidInput) if the person has no rights yet.
    pub async fn set_mount_user(
        &self,
        mount: &str,
        user: &str,
        permissions: &Permissions,
    ) -> Result<()> {
        let call = Call::change(Method::PUT, Route::Api, "mounts/{id}/users/{id}")
            .mount(mount, "users")
            .id(user)
            .json(&Granted { permissions })
            .repeatable();
        self.done(call).await
    }

    /// Takes all rights on a shared mount from somebody. One attempt.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](remote_core::error::ErrorKind::InvalidInput) if the person has none.
    pub async fn remove_mount_user(&self, mount: &str, user: &str) -> Result<()> {
        let call = Call::change(Method::DELETE, Route::Api, "mounts/{id}/users/{id}")
            .mount(mount, "users")
            .id(user);
        self.done(call).await
    }

    /// Sets the rights of a group on a shared mount. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound) if there is no such mount or group.
    pub async fn set_mount_group(
        &self,
        mount: &str,
        group: &str,
        permissions: &Permissions,
    ) -> Result<()> {
        let call = Call::change(Method::PUT, Route::Api, "mounts/{id}/groups/{id}")
            .mount(mount, "groups")
            .id(group)
            .json(&Granted { permissions })
            .repeatable();
        self.done(call).await
    }

    /// Takes all rights on a shared mount from a group. One attempt.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound) if there is no such mount or group.
    pub async fn remove_mount_group(&self, mount: &str, group: &str) -> Result<()> {
        let call = Call::change(Method::DELETE, Route::Api, "mounts/{id}/groups/{id}")
            .mount(mount, "groups")
            .id(group);
        self.done(call).await
    }

    /// The page on which the user, in a browser, renews the access to the connected cloud behind a mount. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound) if there is no such mount,
    /// [`Protocol`](remote_core::error::ErrorKind::Protocol) if the answer does not point anywhere.
    pub async fn mount_reauth_url(&self, mount: &str) -> Result<remote_core::secret::Secret> {
        let call = Call::get(Route::Api, "mounts/{id}/reauth")
            .mount(mount, "reauth")
            .wants_redirect();
        self.location(&call).await
    }
}
