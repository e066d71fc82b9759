//! Public links, and upload links (receivers). Both have the same calls.

use bytes::Bytes;
use http::Method;
use remote_core::{error::Result, secret::Secret};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    call::{Call, Route},
    client::Client,
    lenient,
    model::{
        link::{Link, Receiver},
        mount::Mount,
    },
    transport::LIST_BYTES,
};

/// Longest picture that is read.
const PICTURE_BYTES: usize = 4 * 1024 * 1024;

/// When a link can be used; without limit where nothing is given.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Validity {
    /// From when, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<i64>,
    /// Until when, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<i64>,
}

impl Validity {
    /// Sets [`valid_from`](Self::valid_from).
    #[must_use]
    pub fn with_valid_from(mut self, millis: i64) -> Self {
        self.valid_from = Some(millis);
        self
    }

    /// Sets [`valid_to`](Self::valid_to).
    #[must_use]
    pub fn with_valid_to(mut self, millis: i64) -> Self {
        self.valid_to = Some(millis);
        self
    }
}

/// All public links of an account.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub struct AccountLinks {
    /// The links.
    #[serde(deserialize_with = "lenient::or_default")]
    pub links: Vec<Link>,
    /// Their mounts, by id.
    #[serde(deserialize_with = "lenient::or_default")]
    pub mounts: std::collections::BTreeMap<String, Mount>,
}

/// All upload links of an account.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub struct AccountReceivers {
    /// The upload links.
    #[serde(deserialize_with = "lenient::or_default")]
    pub receivers: Vec<Receiver>,
    /// Their mounts, by id.
    #[serde(deserialize_with = "lenient::or_default")]
    pub mounts: std::collections::BTreeMap<String, Mount>,
}

#[derive(Deserialize)]
struct Counter {
    #[serde(default, deserialize_with = "lenient::i64")]
    counter: i64,
}

/// Which of the two, and which one of them.
#[derive(Clone, Copy)]
struct At<'a> {
    kind: &'static str,
    mount: &'a str,
    id: &'a str,
}

impl At<'_> {
    fn call(self, method: Method, label: &'static str, property: &str) -> Call {
        let call = if method == Method::GET {
            Call::get(Route::Api, label)
        } else {
            Call::change(method, Route::Api, label)
        };
        let call = call.mount(self.mount, self.kind).id(self.id);
        if property.is_empty() {
            call
        } else {
            call.at(property)
        }
    }
}

fn link<'a>(mount: &'a str, id: &'a str) -> At<'a> {
    At {
        kind: "links",
        mount,
        id,
    }
}

fn receiver<'a>(mount: &'a str, id: &'a str) -> At<'a> {
    At {
        kind: "receivers",
        mount,
        id,
    }
}

/// Public links.
impl Client {
    /// The public links into a mount. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound) if there is no such mount.
    pub async fn links(&self, mount: &str) -> Result<Vec<Link>> {
        let call = Call::get(Route::Api, "links").mount(mount, "links");
        let answer: AccountLinks = self.json_within(call, LIST_BYTES).await?;
        Ok(answer.links)
    }

    /// All public links of the account. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`Authentication`](remote_core::error::ErrorKind::Authentication) and the like.
    pub async fn account_links(&self) -> Result<AccountLinks> {
        self.json_within(
            Call::get(Route::Api, "account links").at("links"),
            LIST_BYTES,
        )
        .await
    }

    /// Makes a public link, without password and without end; both can be set afterwards. One attempt.
    ///
    /// Whether a second link to the same path is the same one is not known: look for an existing one in [`links`](Self::links) first.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound) if nothing is there,
    /// [`RateLimited`](remote_core::error::ErrorKind::RateLimited) if the account's plan allows no more links,
    /// [`PermissionDenied`](remote_core::error::ErrorKind::PermissionDenied) without the right to make links.
    pub async fn create_link(&self, mount: &str, path: &str) -> Result<Link> {
        self.create_at("links", mount, path).await
    }

    /// A public link. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound) if there is no such link.
    pub async fn link(&self, mount: &str, id: &str) -> Result<Link> {
        self.json(link(mount, id).call(Method::GET, "links/{id}", ""))
            .await
    }

    /// Removes a public link. One attempt.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound) if there is no such link, also after a lost answer.
    pub async fn remove_link(&self, mount: &str, id: &str) -> Result<()> {
        self.done(link(mount, id).call(Method::DELETE, "links/{id} remove", ""))
            .await
    }

    /// Sets the last part of the short address. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`AlreadyExists`](remote_core::error::ErrorKind::AlreadyExists) or [`PreconditionFailed`](remote_core::error::ErrorKind::PreconditionFailed) if it is taken.
    pub async fn set_link_hash(&self, mount: &str, id: &str, hash: &str) -> Result<Link> {
        self.set(
            link(mount, id),
            "links/{id}/urlHash",
            "urlHash",
            &serde_json::json!({ "hash": hash }),
        )
        .await
    }

    /// Sets the password that visitors have to give. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound) if there is no such link.
    pub async fn set_link_password(
        &self,
        mount: &str,
        id: &str,
        password: &Secret,
    ) -> Result<Link> {
        let body = serde_json::json!({ "password": password.expose() });
        self.set(
            link(mount, id),
            "links/{id}/password/set",
            "password/set",
            &body,
        )
        .await
    }

    /// Gives a public link a new password of the service's choice, which is in the answer. One attempt.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound) if there is no such link.
    pub async fn reset_link_password(&self, mount: &str, id: &str) -> Result<Link> {
        self.json(link(mount, id).call(Method::PUT, "links/{id}/password/reset", "password/reset"))
            .await
    }

    /// Removes the password of a public link. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound) if there is no such link.
    pub async fn remove_link_password(&self, mount: &str, id: &str) -> Result<Link> {
        let call = link(mount, id).call(Method::DELETE, "links/{id}/password", "password");
        self.json(call.repeatable()).await
    }

    /// Sets from when and until when a public link can be used. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`RateLimited`](remote_core::error::ErrorKind::RateLimited) if the account's plan does not allow it.
    pub async fn set_link_validity(
        &self,
        mount: &str,
        id: &str,
        validity: &Validity,
    ) -> Result<Link> {
        self.set(link(mount, id), "links/{id}/validity", "validity", validity)
            .await
    }

    /// Sets the message that visitors see. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound) if there is no such link.
    pub async fn set_link_message(&self, mount: &str, id: &str, message: &str) -> Result<Link> {
        let body = serde_json::json!({ "message": message });
        self.set(link(mount, id), "links/{id}/message", "message", &body)
            .await
    }

    /// Sets whether visitors may download, and not only look. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound) if there is no such link.
    pub async fn set_link_downloadable(
        &self,
        mount: &str,
        id: &str,
        downloadable: bool,
    ) -> Result<Link> {
        let body = serde_json::json!({ "downloadable": downloadable });
        self.set(
            link(mount, id),
            "links/{id}/downloadable",
            "downloadable",
            &body,
        )
        .await
    }

    /// How often a public link was used. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound) if there is no such link.
    pub async fn link_counter(&self, mount: &str, id: &str) -> Result<i64> {
        let answer: Counter = self
            .json(link(mount, id).call(Method::GET, "links/{id}/counter", "counter"))
            .await?;
        Ok(answer.counter)
    }

    /// A picture with the address of a public link, for cameras. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound) if there is no such link.
    pub async fn link_qr(&self, mount: &str, id: &str) -> Result<Bytes> {
        self.picture(link(mount, id).call(Method::GET, "links/{id}/qr", "qr"))
            .await
    }
}

/// Upload links.
impl Client {
    /// The upload links into a mount. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound) if there is no such mount.
    pub async fn receivers(&self, mount: &str) -> Result<Vec<Receiver>> {
        let call = Call::get(Route::Api, "receivers").mount(mount, "receivers");
        let answer: AccountReceivers = self.json_within(call, LIST_BYTES).await?;
        Ok(answer.receivers)
    }

    /// All upload links of the account. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`Authentication`](remote_core::error::ErrorKind::Authentication) and the like.
    pub async fn account_receivers(&self) -> Result<AccountReceivers> {
        self.json_within(
            Call::get(Route::Api, "account receivers").at("receivers"),
            LIST_BYTES,
        )
        .await
    }

    /// Makes an upload link into a folder. One attempt.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound) if there is no such folder,
    /// [`RateLimited`](remote_core::error::ErrorKind::RateLimited) if the account's plan allows no more links,
    /// [`PermissionDenied`](remote_core::error::ErrorKind::PermissionDenied) without the right to make them.
    pub async fn create_receiver(&self, mount: &str, path: &str) -> Result<Receiver> {
        self.create_at("receivers", mount, path).await
    }

    /// An upload link. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound) if there is no such link.
    pub async fn receiver(&self, mount: &str, id: &str) -> Result<Receiver> {
        self.json(receiver(mount, id).call(Method::GET, "receivers/{id}", ""))
            .await
    }

    /// Removes an upload link. One attempt.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound) if there is no such link, also after a lost answer.
    pub async fn remove_receiver(&self, mount: &str, id: &str) -> Result<()> {
        self.done(receiver(mount, id).call(Method::DELETE, "receivers/{id} remove", ""))
            .await
    }

    /// Sets the last part of the short address. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// As for [`set_link_hash`](Self::set_link_hash).
    pub async fn set_receiver_hash(&self, mount: &str, id: &str, hash: &str) -> Result<Receiver> {
        let body = serde_json::json!({ "hash": hash });
        self.set(
            receiver(mount, id),
            "receivers/{id}/urlHash",
            "urlHash",
            &body,
        )
        .await
    }

    /// Sets the password that visitors have to give. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound) if there is no such link.
    pub async fn set_receiver_password(
        &self,
        mount: &str,
        id: &str,
        password: &Secret,
    ) -> Result<Receiver> {
        let body = serde_json::json!({ "password": password.expose() });
        self.set(
            receiver(mount, id),
            "receivers/{id}/password/set",
            "password/set",
            &body,
        )
        .await
    }

    /// Gives an upload link a new password of the service's choice, which is in the answer. One attempt.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound) if there is no such link.
    pub async fn reset_receiver_password(&self, mount: &str, id: &str) -> Result<Receiver> {
        self.json(receiver(mount, id).call(
            Method::PUT,
            "receivers/{id}/password/reset",
            "password/reset",
        ))
        .await
    }

    /// Removes the password of an upload link. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound) if there is no such link.
    pub async fn remove_receiver_password(&self, mount: &str, id: &str) -> Result<Receiver> {
        let call = receiver(mount, id).call(Method::DELETE, "receivers/{id}/password", "password");
        self.json(call.repeatable()).await
    }

    /// Sets from when and until when an upload link can be used. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// As for [`set_link_validity`](Self::set_link_validity).
    pub async fn set_receiver_validity(
        &self,
        mount: &str,
        id: &str,
        validity: &Validity,
    ) -> Result<Receiver> {
        self.set(
            receiver(mount, id),
            "receivers/{id}/validity",
            "validity",
            validity,
        )
        .await
    }

    /// Sets the message that visitors see. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound) if there is no such link.
    pub async fn set_receiver_message(
        &self,
        mount: &str,
        id: &str,
        message: &str,
    ) -> Result<Receiver> {
        let body = serde_json::json!({ "message": message });
        self.set(
            receiver(mount, id),
            "receivers/{id}/message",
            "message",
            &body,
        )
        .await
    }

    /// Sets whether the owner is told of uploads. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound) if there is no such link.
    pub async fn set_receiver_alert(&self, mount: &str, id: &str, alert: bool) -> Result<Receiver> {
        let body = serde_json::json!({ "alert": alert });
        self.set(receiver(mount, id), "receivers/{id}/alert", "alert", &body)
            .await
    }

    /// A picture with the address of an upload link, for cameras. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound) if there is no such link.
    pub async fn receiver_qr(&self, mount: &str, id: &str) -> Result<Bytes> {
        self.picture(receiver(mount, id).call(Method::GET, "receivers/{id}/qr", "qr"))
            .await
    }
}

impl Client {
    async fn create_at<T: DeserializeOwned + Send>(
        &self,
        kind: &'static str,
        mount: &str,
        path: &str,
    ) -> Result<T> {
        let call = Call::change(Method::POST, Route::Api, kind)
            .mount(mount, kind)
            .checks_path(path)
            .json(&serde_json::json!({ "path": path }));
        self.json(call).await
    }

    async fn set<T: DeserializeOwned + Send>(
        &self,
        at: At<'_>,
        label: &'static str,
        property: &str,
        body: &(impl Serialize + Sync),
    ) -> Result<T> {
        let call = at
            .call(Method::PUT, label, property)
            .json(body)
            .repeatable();
        self.json(call).await
    }

    pub(crate) async fn picture(&self, call: Call) -> Result<Bytes> {
        self.open(&call.any_content())
            .await?
            .bytes(PICTURE_BYTES)
            .await
    }
}
