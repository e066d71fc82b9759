//! Whether a request may be served, for the services that embed the provider.

use crate::identity::client;
use crate::identity::state::State;
use crate::identity::{Identity, IdentityUser};

/// Who a valid access token stands for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Bearer {
    /// The name the person signs in with.
    pub(crate) login: String,
    /// The internal name.
    pub(crate) username: String,
    /// Empty for the older sign-in.
    pub(crate) realm: String,
    pub(crate) client: String,
    /// Separated by spaces.
    pub(crate) scope: String,
    /// Milliseconds since the Unix epoch.
    pub(crate) expires: i64,
}

/// Why an `Authorization` header is not good.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum BearerProblem {
    Expired,
    Missing,
    Unknown,
}

impl Identity {
    /// Looks at the value of an `Authorization` header.
    pub(crate) fn check_bearer(&self, authorization: &str) -> Result<Bearer, BearerProblem> {
        let (scheme, token) = authorization.split_once(' ').unwrap_or((authorization, ""));
        if !scheme.eq_ignore_ascii_case("bearer") || token.trim().is_empty() {
            return Err(BearerProblem::Missing);
        }
        self.lock().bearer(token.trim(), self.clock.now_ms())
    }

    /// Looks at user name and password in an `Authorization` header, which the oldest clients send; the internal name does as well.
    pub(crate) fn check_password(&self, authorization: &str) -> Option<IdentityUser> {
        let (login, password) = client::basic(authorization.strip_prefix("Basic ")?)?;
        let state = self.lock();
        let by_login = state.user(&login);
        let user = by_login.or_else(|| state.user_of_name(&login))?.clone();
        Some(user).filter(|user| user.password == password)
    }
}

impl State {
    /// Who an access token stands for at a time.
    pub(crate) fn bearer(&self, token: &str, now: i64) -> Result<Bearer, BearerProblem> {
        let access = self.access.get(token).ok_or(BearerProblem::Unknown)?;
        if access.expires <= now {
            return Err(BearerProblem::Expired);
        }
        let family = self.families.get(&access.family);
        let family = family.ok_or(BearerProblem::Unknown)?;
        if !family.alive && self.settings.revocation_ends_access_tokens {
            return Err(BearerProblem::Unknown);
        }
        let user = self.user(&family.login).ok_or(BearerProblem::Unknown)?;
        Ok(Bearer {
            login: user.login.clone(),
            username: user.username.clone(),
            realm: family.realm.clone(),
            client: family.client.clone(),
            scope: family.scope.clone(),
            expires: access.expires,
        })
    }
}
