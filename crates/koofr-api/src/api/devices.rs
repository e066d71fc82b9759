//! Desktop devices and connected clouds.

use http::Method;
use remote_core::{error::Result, secret::Secret};
use serde::Deserialize;

use crate::{
    call::{Call, Route},
    client::Client,
    lenient,
    model::device::Device,
    transport::LIST_BYTES,
};

#[derive(Deserialize)]
struct Devices {
    #[serde(default, deserialize_with = "lenient::or_default")]
    devices: Vec<Device>,
}

impl Client {
    /// The devices of the account. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`Authentication`](remote_core::error::ErrorKind::Authentication) and the like.
    pub async fn devices(&self) -> Result<Vec<Device>> {
        let answer: Devices = self
            .json_within(Call::get(Route::Api, "devices").at("devices"), LIST_BYTES)
            .await?;
        Ok(answer.devices)
    }

    /// Adds a device. Installations of level 2.0 want a provider: `storagehub` or `storageblob`. One attempt.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](remote_core::error::ErrorKind::InvalidInput) for a name or provider that the service does not take.
    pub async fn create_device(&self, name: &str, provider_name: Option<&str>) -> Result<Device> {
        let mut body = serde_json::json!({ "name": name });
        if let Some(provider) = provider_name {
            body["providerName"] = provider.into();
        }
        let call = Call::change(Method::POST, Route::Api, "devices create")
            .at("devices")
            .json(&body);
        self.json(call).await
    }

    /// One device. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound) if there is no such device.
    pub async fn device(&self, id: &str) -> Result<Device> {
        self.json(Call::get(Route::Api, "devices/{id}").at("devices").id(id))
            .await
    }

    /// Gives a device another name. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound) if there is no such device.
    pub async fn rename_device(&self, id: &str, name: &str) -> Result<()> {
        let call = Call::change(Method::PUT, Route::Api, "devices/{id} rename")
            .at("devices")
            .id(id)
            .json(&serde_json::json!({ "name": name }))
            .repeatable();
        self.done(call).await
    }

    /// Removes a device or disconnects a cloud. One attempt.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound) if there is no such device, also after a lost answer.
    pub async fn remove_device(&self, id: &str) -> Result<()> {
        self.done(
            Call::change(Method::DELETE, Route::Api, "devices/{id} remove")
                .at("devices")
                .id(id),
        )
        .await
    }

    /// Sets whether the files of a device can be searched. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound) if there is no such device.
    pub async fn set_device_search(&self, id: &str, enabled: bool) -> Result<()> {
        let call = Call::change(Method::PUT, Route::Api, "devices/{id}/search")
            .at("devices")
            .id(id)
            .at("search")
            .json(&serde_json::json!({ "enabled": enabled }))
            .repeatable();
        self.done(call).await
    }

    /// The page on which the user, in a browser, renews the access to a connected cloud. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound) if there is no such device,
    /// [`Protocol`](remote_core::error::ErrorKind::Protocol) if the answer does not point anywhere.
    pub async fn device_reauth_url(&self, id: &str) -> Result<Secret> {
        let call = Call::get(Route::Api, "devices/{id}/reauth")
            .at("devices")
            .id(id)
            .at("reauth")
            .wants_redirect();
        self.location(&call).await
    }
}
