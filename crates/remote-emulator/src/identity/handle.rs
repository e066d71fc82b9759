use std::fmt;
use std::io;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use crate::clock::Clock;
use crate::fault::Faults;
use crate::identity::Identity;
use crate::identity::brand::Brand;
use crate::identity::config::{IdentitySettings, IdentityUser};
use crate::identity::state::{FamilyStats, IdentityStats, LoginToken};
use crate::identity::token::Issue;
use crate::ids;
use crate::record::{RequestLog, RequestRecord};
use crate::service::Service;

/// There is no realm of this name.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("no realm `{0}`")]
pub struct UnknownRealm(pub String);

/// Tokens of a sign-in. `Debug` does not show them.
#[non_exhaustive]
#[derive(Clone)]
pub struct IssuedTokens {
    /// The family they belong to.
    pub family: u64,
    /// What is presented with requests.
    pub access_token: String,
    /// What the next access token is obtained with.
    pub refresh_token: String,
    /// Seconds until the access token ends.
    pub expires_in: u64,
}

impl fmt::Debug for IssuedTokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("IssuedTokens")
            .field("family", &self.family)
            .field("expires_in", &self.expires_in)
            .finish_non_exhaustive()
    }
}

/// The running identity provider, to be looked at and interfered with. Clones reach the same one.
#[derive(Clone)]
pub struct IdentityHandle {
    pub(crate) identity: Arc<Identity>,
    /// Scheme and host, without a slash at the end.
    pub(crate) url: String,
    pub(crate) log: RequestLog,
    pub(crate) faults: Faults,
}

impl fmt::Debug for IdentityHandle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("IdentityHandle")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl IdentityHandle {
    /// The address, such as `http://127.0.0.1:40123`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where the discovery document of a realm is.
    #[must_use]
    pub fn well_known(&self, realm: &str) -> String {
        format!(
            "{}/auth/realms/{realm}/.well-known/openid-configuration",
            self.url
        )
    }

    /// Where tokens of a realm are given out.
    #[must_use]
    pub fn token_url(&self, realm: &str) -> String {
        format!(
            "{}/auth/realms/{realm}/protocol/openid-connect/token",
            self.url
        )
    }

    /// Where people sign in to a realm.
    #[must_use]
    pub fn auth_url(&self, realm: &str) -> String {
        format!(
            "{}/auth/realms/{realm}/protocol/openid-connect/auth",
            self.url
        )
    }

    /// Where a realm tells who a bearer is: the cheapest way to find out whether a token is good.
    #[must_use]
    pub fn userinfo_url(&self, realm: &str) -> String {
        format!(
            "{}/auth/realms/{realm}/protocol/openid-connect/userinfo",
            self.url
        )
    }

    /// The clock that tokens live by.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.identity.clock
    }

    /// The faults that are ordered.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// The log of requests, with its counters.
    #[must_use]
    pub fn log(&self) -> &RequestLog {
        &self.log
    }

    /// The most recent requests, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.log.records()
    }

    /// The realms.
    #[must_use]
    pub fn brands(&self) -> &[Brand] {
        self.identity.brands()
    }

    /// Counters of refreshes, reuse and tokens, in all and for each family.
    #[must_use]
    pub fn stats(&self) -> IdentityStats {
        self.identity.lock().stats()
    }

    /// The counters of one family; `None` when there is none of that number.
    #[must_use]
    pub fn family(&self, id: u64) -> Option<FamilyStats> {
        let stats = self.stats();
        stats.families.into_iter().find(|family| family.id == id)
    }

    /// Whether a refresh token is the newest of a family that is alive.
    #[must_use]
    pub fn is_current(&self, refresh_token: &str) -> bool {
        let state = self.identity.lock();
        let family = state.refresh.get(refresh_token);
        family
            .and_then(|id| state.families.get(id))
            .is_some_and(|family| family.alive && family.current == refresh_token)
    }

    /// Whether an access token is good now.
    #[must_use]
    pub fn is_valid(&self, access_token: &str) -> bool {
        let now = self.clock().now_ms();
        self.identity.lock().bearer(access_token, now).is_ok()
    }

    /// Changes lifetimes and switches from the next request on.
    pub fn change_settings(&self, change: impl FnOnce(&mut IdentitySettings)) {
        change(&mut self.identity.lock().settings);
    }

    /// Adds an account, or replaces the one of that login name. Accounts are not saved in a state directory.
    pub fn add_user(&self, user: IdentityUser) {
        self.identity.lock().add_user(user);
    }

    /// A personal login token of the first account, as its holder copies it from the security page of a realm.
    ///
    /// # Errors
    ///
    /// There is no such realm, or the state could not be saved.
    pub fn login_token(&self, realm: &str) -> io::Result<String> {
        let brand = self.brand(realm).map_err(io::Error::other)?;
        self.identity.login_token(brand, None, &self.url)
    }

    /// Signs the first account in to a realm as a client, as if by a personal login token.
    ///
    /// # Errors
    ///
    /// There is no such realm, or the state could not be saved.
    pub fn sign_in(&self, realm: &str, client: &str) -> io::Result<IssuedTokens> {
        let brand = self.brand(realm).map_err(io::Error::other)?;
        self.identity.sign_in(brand, client, &self.url)
    }

    /// Lets all access tokens end now; refresh tokens stay good.
    pub fn expire_access_tokens(&self) {
        self.identity.expire_tokens(false);
    }

    /// Ends all families, as somebody does who removes all devices in the web interface. Access tokens live on unless
    /// [`IdentitySettings::revocation_ends_access_tokens`].
    ///
    /// # Errors
    ///
    /// The state could not be saved.
    pub fn revoke_all(&self) -> io::Result<()> {
        self.identity.change(super::state::State::revoke_all)
    }

    fn brand(&self, realm: &str) -> Result<&Brand, UnknownRealm> {
        self.brands()
            .iter()
            .find(|brand| brand.realm == realm)
            .ok_or_else(|| UnknownRealm(realm.to_owned()))
    }
}

impl Identity {
    /// A personal login token; its address begins with `origin`.
    pub(crate) fn login_token(
        &self,
        brand: &Brand,
        login: Option<&str>,
        origin: &str,
    ) -> io::Result<String> {
        let secret = ids::token();
        let now = self.clock.now_ms();
        let login = self.change(|state| {
            let user = match login {
                Some(login) => state.user(login),
                None => state.first_user(),
            };
            let login = user.map(|user| user.login.clone())?;
            let token = LoginToken {
                login: login.clone(),
                realm: brand.realm.clone(),
                used: false,
                created: now,
            };
            state.login_tokens.insert(secret.clone(), token);
            Some(login)
        })?;
        let login = login.ok_or_else(|| io::Error::other("no such account"))?;
        let token = json!({
            "username": login,
            "realm": brand.realm,
            "well_known_link": format!("{origin}{}/.well-known/openid-configuration", brand.realm_path()),
            "auth_token": secret,
        });
        Ok(URL_SAFE_NO_PAD.encode(token.to_string()))
    }

    /// Founds a family for the first account.
    pub(crate) fn sign_in(
        &self,
        brand: &Brand,
        client: &str,
        origin: &str,
    ) -> io::Result<IssuedTokens> {
        let now = self.clock.now_ms();
        let issued = self.change(|state| {
            let login = state.first_user()?.login.clone();
            let scope = brand.granted(&brand.scopes.join(" ")).unwrap_or_default();
            let issue = Issue {
                login: &login,
                client,
                scope: &scope,
                by_browser: false,
            };
            let issued = issue.found(state, Some(brand), origin, now)?;
            let family = *state.refresh.get(&issued.refresh)?;
            Some((family, issued))
        })?;
        let (family, issued) = issued.ok_or_else(|| io::Error::other("there is no account"))?;
        Ok(IssuedTokens {
            family,
            access_token: issued.access,
            refresh_token: issued.refresh,
            expires_in: issued.expires_in,
        })
    }
}
