//! Families of tokens: founded by a sign-in, continued by refreshes, ended by reuse.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::identity::config::{IdentityConfig, IdentitySettings, IdentityUser};

/// Everything an identity provider knows, behind one lock.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) settings: IdentitySettings,
    users: Vec<IdentityUser>,
    pub(crate) families: BTreeMap<u64, Family>,
    /// Every refresh token ever given out, with its family.
    pub(crate) refresh: HashMap<String, u64>,
    pub(crate) access: HashMap<String, Access>,
    pub(crate) codes: HashMap<String, Code>,
    pub(crate) login_tokens: HashMap<String, LoginToken>,
    /// Devices of the older sign-in: id and secret.
    pub(crate) devices: HashMap<String, String>,
    /// Realms whose discovery document was read.
    pub(crate) discovered: HashSet<String>,
    pub(crate) totals: IdentityTotals,
    next_family: u64,
}

/// What one sign-in led to.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Family {
    pub(crate) login: String,
    pub(crate) realm: String,
    pub(crate) client: String,
    pub(crate) scope: String,
    pub(crate) session: String,
    /// The refresh token that is good.
    pub(crate) current: String,
    /// When that was given out.
    pub(crate) renewed: i64,
    pub(crate) alive: bool,
    pub(crate) by_browser: bool,
    pub(crate) refreshes: u64,
    pub(crate) reuse_detected: u64,
    pub(crate) access_tokens: u64,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Access {
    pub(crate) family: u64,
    pub(crate) expires: i64,
}

/// A consent that was given in the browser and not yet exchanged.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    pub(crate) login: String,
    pub(crate) realm: String,
    pub(crate) client: String,
    pub(crate) redirect_uri: String,
    pub(crate) scope: String,
    pub(crate) challenge: Option<Challenge>,
    pub(crate) expires: i64,
}

/// What the one who exchanges a code has to prove.
#[derive(Clone, Debug)]
pub(crate) struct Challenge {
    pub(crate) value: String,
    pub(crate) hashed: bool,
}

/// A personal login token.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct LoginToken {
    pub(crate) login: String,
    pub(crate) realm: String,
    pub(crate) used: bool,
    pub(crate) created: i64,
}

/// Why a refresh token is not granted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum RefreshProblem {
    /// Given to another client, or in another realm.
    Foreign,
    /// Unused for too long.
    Old,
    /// Spent, or of an ended family.
    Stale,
    Unknown,
}

/// Counters since the start. Serialised as `GET /_emulator/identity` tells them.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct IdentityTotals {
    /// Sign-ins that succeeded.
    pub sign_ins: u64,
    /// Refresh tokens that were traded for new tokens.
    pub refreshes: u64,
    /// Times a spent refresh token was presented while its family was alive.
    pub reuse_detected: u64,
    /// Families that were ended because of that.
    pub families_revoked: u64,
    /// Access tokens given out.
    pub access_tokens: u64,
    /// Refresh tokens given out, the same one given back not counted.
    pub refresh_tokens: u64,
    /// Requests whose client was not accepted.
    pub refused_clients: u64,
    /// Refresh tokens, codes, passwords and login tokens that were not accepted.
    pub refused_grants: u64,
}

/// One family, without its tokens.
#[non_exhaustive]
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct FamilyStats {
    /// Counts sign-ins from 1.
    pub id: u64,
    /// The name the person signs in with.
    pub login: String,
    /// The realm; empty for the older sign-in.
    pub realm: String,
    /// The client.
    pub client: String,
    /// Whether its newest refresh token is good.
    pub alive: bool,
    /// Refresh tokens that were traded for new tokens.
    pub refreshes: u64,
    /// Times a spent refresh token was presented.
    pub reuse_detected: u64,
    /// Access tokens given out.
    pub access_tokens: u64,
}

/// What `GET /_emulator/identity` tells.
#[non_exhaustive]
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct IdentityStats {
    /// Counters over all families.
    pub totals: IdentityTotals,
    /// All families, in order of their sign-in.
    pub families: Vec<FamilyStats>,
}

impl State {
    pub(crate) fn new(config: &IdentityConfig) -> Self {
        let users = if config.users.is_empty() {
            vec![IdentityUser::default()]
        } else {
            config.users.clone()
        };
        Self {
            settings: config.settings.clone(),
            users,
            families: BTreeMap::new(),
            refresh: HashMap::new(),
            access: HashMap::new(),
            codes: HashMap::new(),
            login_tokens: HashMap::new(),
            devices: HashMap::new(),
            discovered: HashSet::new(),
            totals: IdentityTotals::default(),
            next_family: 1,
        }
    }

    pub(crate) fn user(&self, login: &str) -> Option<&IdentityUser> {
        self.users
            .iter()
            .find(|user| user.login.eq_ignore_ascii_case(login))
    }

    pub(crate) fn user_of_name(&self, username: &str) -> Option<&IdentityUser> {
        self.users.iter().find(|user| user.username == username)
    }

    pub(crate) fn first_user(&self) -> Option<&IdentityUser> {
        self.users.first()
    }

    pub(crate) fn add_user(&mut self, user: IdentityUser) {
        self.users.retain(|known| known.login != user.login);
        self.users.push(user);
    }

    /// Founds a family, whose first tokens are still to be added.
    pub(crate) fn found(&mut self, family: Family) -> u64 {
        if family.by_browser && self.settings.one_session_per_client {
            let same = |other: &&mut Family| {
                other.by_browser && other.login == family.login && other.client == family.client
            };
            self.families
                .values_mut()
                .filter(same)
                .for_each(|other| other.alive = false);
        }
        let id = self.next_family;
        self.next_family += 1;
        self.totals.sign_ins += 1;
        self.families.insert(id, family);
        id
    }

    /// Adds an access token to a family.
    pub(crate) fn add_access(&mut self, family: u64, token: String, expires: i64, now: i64) {
        self.access.retain(|_, access| access.expires > now);
        self.access.insert(token, Access { family, expires });
        self.totals.access_tokens += 1;
        if let Some(family) = self.families.get_mut(&family) {
            family.access_tokens += 1;
        }
    }

    /// Makes a refresh token the good one of a family; the one before is spent.
    pub(crate) fn set_refresh(&mut self, family: u64, token: String, now: i64) {
        if let Some(known) = self.families.get_mut(&family) {
            known.current.clone_from(&token);
            known.renewed = now;
            self.refresh.insert(token, family);
            self.totals.refresh_tokens += 1;
        }
    }

    /// The family that a refresh token continues; ends the family if the token is spent.
    pub(crate) fn present(
        &mut self,
        token: &str,
        realm: &str,
        client: &str,
        now: i64,
    ) -> Result<u64, RefreshProblem> {
        let id = *self.refresh.get(token).ok_or(RefreshProblem::Unknown)?;
        let family = self.families.get_mut(&id).ok_or(RefreshProblem::Unknown)?;
        if family.realm != realm || family.client != client {
            return Err(RefreshProblem::Foreign);
        }
        if !family.alive {
            return Err(RefreshProblem::Stale);
        }
        if family.current != token {
            family.reuse_detected += 1;
            self.totals.reuse_detected += 1;
            if self.settings.reuse_revokes_family {
                family.alive = false;
                self.totals.families_revoked += 1;
            }
            return Err(RefreshProblem::Stale);
        }
        let ends = self.settings.refresh_token_lifetime.map(|lifetime| {
            let lifetime = i64::try_from(lifetime.as_millis()).unwrap_or(i64::MAX);
            family.renewed.saturating_add(lifetime)
        });
        if ends.is_some_and(|ends| ends <= now) {
            family.alive = false;
            return Err(RefreshProblem::Old);
        }
        family.refreshes += 1;
        self.totals.refreshes += 1;
        Ok(id)
    }

    /// Ends the family of a refresh token, as a person does in the list of devices.
    pub(crate) fn revoke(&mut self, token: &str) -> bool {
        let family = self.refresh.get(token).copied();
        let family = family.and_then(|id| self.families.get_mut(&id));
        family.map(|family| family.alive = false).is_some()
    }

    pub(crate) fn revoke_all(&mut self) {
        self.families
            .values_mut()
            .for_each(|family| family.alive = false);
    }

    pub(crate) fn expire_access_tokens(&mut self) {
        // They stay known, as expired ones.
        self.access
            .values_mut()
            .for_each(|access| access.expires = i64::MIN);
    }

    pub(crate) fn stats(&self) -> IdentityStats {
        let families = self.families.iter().map(|(id, family)| FamilyStats {
            id: *id,
            login: family.login.clone(),
            realm: family.realm.clone(),
            client: family.client.clone(),
            alive: family.alive,
            refreshes: family.refreshes,
            reuse_detected: family.reuse_detected,
            access_tokens: family.access_tokens,
        });
        IdentityStats {
            totals: self.totals.clone(),
            families: families.collect(),
        }
    }

    /// What has to survive the process.
    pub(crate) fn snapshot(&self) -> Saved {
        Saved {
            families: self.families.clone(),
            refresh: self.refresh.clone(),
            access: self.access.clone(),
            login_tokens: self.login_tokens.clone(),
            devices: self.devices.clone(),
            totals: self.totals.clone(),
            next_family: self.next_family,
        }
    }

    pub(crate) fn restore(&mut self, saved: Saved) {
        self.families = saved.families;
        self.refresh = saved.refresh;
        self.access = saved.access;
        self.login_tokens = saved.login_tokens;
        self.devices = saved.devices;
        self.totals = saved.totals;
        self.next_family = saved.next_family.max(1);
    }
}

/// The part of the state that is kept in a directory. Codes live for minutes only and are not.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Saved {
    families: BTreeMap<u64, Family>,
    refresh: HashMap<String, u64>,
    access: HashMap<String, Access>,
    login_tokens: HashMap<String, LoginToken>,
    devices: HashMap<String, String>,
    totals: IdentityTotals,
    next_family: u64,
}
