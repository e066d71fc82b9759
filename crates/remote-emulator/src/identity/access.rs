//! Whether a request may be served, for the services that embed the provider.

use crate::identity::Identity;
use crate::identity::state::State;

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
