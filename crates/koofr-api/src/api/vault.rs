//! The register of Safe Boxes.

use http::Method;
use remote_core::error::Result;

use crate::{
    call::{Call, Route},
    client::Client,
    model::vault::{NewVaultRepo, VaultRepo, VaultRepos},
};

impl Client {
    /// The Safe Boxes of the account. Repeated after failures that allow it.
    ///
    /// # Errors
    ///
    /// [`Protocol`](remote_core::error::ErrorKind::Protocol) where the installation has none.
    pub async fn vault_repos(&self) -> Result<VaultRepos> {
        self.json(Call::get(Route::Api, "vault/repos").at("vault/repos"))
            .await
    }

    /// Registers a folder as a Safe Box. One attempt.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound) if the folder does not exist,
    /// [`AlreadyExists`](remote_core::error::ErrorKind::AlreadyExists) if it is registered,
    /// [`PermissionDenied`](remote_core::error::ErrorKind::PermissionDenied) where the mount cannot hold one,
    /// [`QuotaExceeded`](remote_core::error::ErrorKind::QuotaExceeded) if the account may have no more.
    pub async fn create_vault_repo(&self, repo: &NewVaultRepo) -> Result<VaultRepo> {
        let call = Call::change(Method::POST, Route::Api, "vault/repos create")
            .at("vault/repos")
            .checks_path(&repo.path)
            .json(repo);
        self.json(call).await
    }

    /// Takes a Safe Box off the register; its folder stays. One attempt.
    ///
    /// # Errors
    ///
    /// [`NotFound`](remote_core::error::ErrorKind::NotFound) if there is no such Safe Box, also after a lost answer.
    pub async fn remove_vault_repo(&self, id: &str) -> Result<()> {
        self.done(
            Call::change(Method::DELETE, Route::Api, "vault/repos/{id}")
                .at("vault/repos")
                .id(id),
        )
        .await
    }
}
