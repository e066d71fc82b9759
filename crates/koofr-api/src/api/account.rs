//! The user, application passwords, bookmarks and settings.

use bytes::Bytes;
use http::Method;
use remote_core::error::{ErrorKind, Result};
use serde::Deserialize;

use crate::{
    call::{Call, Route},
    client::Client,
    lenient,
    model::account::{AppConfig, AppPassword, Bookmark, SecuritySettings, User},
};

#[derive(Deserialize)]
struct Passwords {
    #[serde(default, deserialize_with = "lenient::or_default")]
    passwords: Vec<AppPassword>,
}

#[derive(Deserialize)]
struct Bookmarks {
    #[serde(default, deserialize_with = "lenient::or_default")]
    bookmarks: Vec<Bookmark>,
}

impl Client {
    /// The user. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`Authentication`](ErrorKind::Authentication) for refused credentials, [`LoginLocked`](ErrorKind::LoginLocked) after too many of them.
    pub async fn user(&self) -> Result<User> {
        self.json(Call::get(Route::Api, "user").at("user")).await
    }

    /// Whether the credentials are right, without any other effect. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`LoginLocked`](ErrorKind::LoginLocked) after too many wrong ones; whatever else makes it impossible to tell. Wrong credentials are no error.
    pub async fn authenticated(&self) -> Result<bool> {
        match self
            .done(Call::get(Route::Api, "user/authenticated").at("user/authenticated"))
            .await
        {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::Authentication => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The application passwords of the account, without the passwords themselves. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`PermissionDenied`](ErrorKind::PermissionDenied) if the credentials are not good enough for this.
    pub async fn app_passwords(&self) -> Result<Vec<AppPassword>> {
        let answer: Passwords = self
            .json(Call::get(Route::Api, "user/apw").at("user/apw"))
            .await?;
        Ok(answer.passwords)
    }

    /// Makes an application password. The answer is the only time it shows. One attempt.
    ///
    /// # Errors
    ///
    /// As for [`app_passwords`](Self::app_passwords).
    pub async fn create_app_password(&self, name: &str, scopes: &[&str]) -> Result<AppPassword> {
        let call = Call::change(Method::PUT, Route::Api, "user/apw create")
            .at("user/apw")
            .json(&serde_json::json!({ "name": name, "scopes": scopes }));
        self.json(call).await
    }

    /// Revokes an application password. One attempt.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound) if there is no such password, also after a lost answer.
    pub async fn remove_app_password(&self, id: &str) -> Result<()> {
        self.done(
            Call::change(Method::DELETE, Route::Api, "user/apw/{id}")
                .at("user/apw")
                .id(id),
        )
        .await
    }

    /// The bookmarks. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`Authentication`](ErrorKind::Authentication) and the like.
    pub async fn bookmarks(&self) -> Result<Vec<Bookmark>> {
        let answer: Bookmarks = self
            .json(Call::get(Route::Api, "user/bookmarks").at("user/bookmarks"))
            .await?;
        Ok(answer.bookmarks)
    }

    /// Replaces all bookmarks. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) for a bookmark that the service does not take.
    pub async fn set_bookmarks(&self, bookmarks: &[Bookmark]) -> Result<()> {
        let call = Call::change(Method::PUT, Route::Api, "user/bookmarks set")
            .at("user/bookmarks")
            .json(&serde_json::json!({ "bookmarks": bookmarks }))
            .repeatable();
        self.done(call).await
    }

    /// Adds a bookmark. One attempt.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) for a bookmark that the service does not take.
    pub async fn add_bookmark(&self, bookmark: &Bookmark) -> Result<()> {
        let call = Call::change(Method::POST, Route::Api, "user/bookmarks add")
            .at("user/bookmarks")
            .json(bookmark);
        self.done(call).await
    }

    /// Removes a bookmark. One attempt.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound) if there is no such bookmark, also after a lost answer.
    pub async fn remove_bookmark(&self, mount: &str, path: &str) -> Result<()> {
        let call = Call::change(Method::DELETE, Route::Api, "user/bookmarks remove")
            .at("user/bookmarks")
            .query("mountId", mount)
            .path(path);
        self.done(call).await
    }

    /// What the installation offers this account. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`Authentication`](ErrorKind::Authentication) and the like.
    pub async fn app_config(&self) -> Result<AppConfig> {
        self.json(Call::get(Route::Api, "user/appconfig").at("user/appconfig"))
            .await
    }

    /// The rules of the account for links. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`Authentication`](ErrorKind::Authentication) and the like.
    pub async fn security_settings(&self) -> Result<SecuritySettings> {
        self.json(Call::get(Route::Api, "user/settings/security").at("user/settings/security"))
            .await
    }

    /// Sets the rules of the account for links. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`PermissionDenied`](ErrorKind::PermissionDenied) if the user may not.
    pub async fn set_security_settings(&self, settings: &SecuritySettings) -> Result<()> {
        let call = Call::change(Method::PUT, Route::Api, "user/settings/security set")
            .at("user/settings/security")
            .json(settings)
            .repeatable();
        self.done(call).await
    }

    /// The picture of a user. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound) if there is none.
    pub async fn profile_picture(&self, user: &str) -> Result<Bytes> {
        let call = Call::get(Route::Content, "users/{id}/profile-picture")
            .at("users")
            .id(user)
            .at("profile-picture")
            .flag("nodefault", true);
        self.picture(call).await
    }
}
