//! The brands as data.

use crate::identity::client::ClientConfig;

/// Which addresses and token shapes a brand has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Layout {
    /// `/ap/oa`, `/auth/o2/token`; tokens `Atza|…` and `Atzr|…`; a refresh gives the same refresh token back.
    Amazon,
    /// `/auth/realms/{realm}/…`; tokens are JWTs; refresh tokens rotate.
    Realm,
}

/// A service that people sign in to under its own name, with its realm and its clients.
///
/// [`brands`] has those that are known; others can be added to [`IdentityConfig::brands`](super::IdentityConfig::brands).
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct Brand {
    /// The short name, as rclone spells it.
    pub key: String,
    /// The name people know.
    pub service: String,
    /// The host of the sign-in pages, such as `id.jottacloud.com`.
    pub domain: String,
    /// The realm in the addresses.
    pub realm: String,
    /// The applications that may sign people in. Others are refused as `invalid_client`.
    pub clients: Vec<ClientConfig>,
    /// What may be asked for. Other scopes are passed over, as the service does.
    pub scopes: Vec<String>,
    /// Scopes that make the sign-in fail as `invalid_scope`.
    pub refused_scopes: Vec<String>,
    pub(crate) layout: Layout,
}

impl Brand {
    /// A brand with the clients `jottacli` and `desktop` and the scopes of the main one.
    #[must_use]
    pub fn new(
        key: impl Into<String>,
        service: impl Into<String>,
        domain: impl Into<String>,
        realm: impl Into<String>,
    ) -> Self {
        Self {
            key: key.into(),
            service: service.into(),
            domain: domain.into(),
            realm: realm.into(),
            clients: ["jottacli", "desktop"].map(ClientConfig::public).into(),
            scopes: texts(&[
                "openid",
                "email",
                "profile",
                "jotta-default",
                "offline_access",
            ]),
            refused_scopes: Vec::new(),
            layout: Layout::Realm,
        }
    }

    /// Login with Amazon: one application with a secret, refresh tokens that stay the same.
    #[must_use]
    pub fn amazon(client_id: impl Into<String>, client_secret: impl Into<String>) -> Self {
        Self {
            clients: vec![ClientConfig::confidential(client_id, client_secret)],
            scopes: texts(&[
                "clouddrive:read",
                "clouddrive:read_all",
                "clouddrive:read_document",
                "clouddrive:read_image",
                "clouddrive:read_other",
                "clouddrive:read_video",
                "clouddrive:write",
                "postal_code",
                "profile",
                "profile:user_id",
            ]),
            layout: Layout::Amazon,
            ..Self::new("amazon", "Login with Amazon", "www.amazon.com", "amazon")
        }
    }

    /// Sets the clients.
    #[must_use]
    pub fn clients(mut self, clients: impl IntoIterator<Item = ClientConfig>) -> Self {
        self.clients = clients.into_iter().collect();
        self
    }

    /// Makes a scope one with which the sign-in fails.
    #[must_use]
    pub fn refuse_scope(mut self, scope: impl Into<String>) -> Self {
        self.refused_scopes.push(scope.into());
        self
    }

    pub(crate) fn client(&self, id: &str) -> Option<&ClientConfig> {
        self.clients.iter().find(|client| client.id == id)
    }

    /// Where the pages of the realm are, without the host.
    pub(crate) fn realm_path(&self) -> String {
        format!("/auth/realms/{}", self.realm)
    }

    /// The scopes that are granted for those that were asked for, in that order.
    pub(crate) fn granted(&self, asked: &str) -> Result<String, String> {
        let mut granted = Vec::new();
        for scope in asked.split(' ').filter(|scope| !scope.is_empty()) {
            if self.refused_scopes.iter().any(|refused| refused == scope) {
                return Err(scope.to_owned());
            }
            if self.scopes.iter().any(|known| known == scope) && !granted.contains(&scope) {
                granted.push(scope);
            }
        }
        Ok(granted.join(" "))
    }
}

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|&text| text.to_owned()).collect()
}

/// Whether the client `desktop` works for a brand, or those for single systems do.
#[derive(Clone, Copy)]
enum Clients {
    Desktop,
    PerSystem,
}

/// Key, name, domain, realm, clients.
const TABLE: [(&str, &str, &str, &str, Clients); 13] = {
    use Clients::{Desktop, PerSystem};
    [
        (
            "jottacloud",
            "Jottacloud",
            "id.jottacloud.com",
            "jottacloud",
            Desktop,
        ),
        (
            "elgiganten_dk",
            "Elgiganten Cloud (Denmark)",
            "cloud.elgiganten.dk",
            "elgiganten",
            Desktop,
        ),
        (
            "elgiganten_se",
            "Elgiganten Cloud (Sweden)",
            "cloud.elgiganten.se",
            "elgiganten",
            Desktop,
        ),
        (
            "elkjop",
            "Elkjøp Cloud (Norway)",
            "cloud.elkjop.no",
            "elkjop",
            Desktop,
        ),
        (
            "elko",
            "ELKO Cloud (Iceland)",
            "cloud.elko.is",
            "elko",
            Desktop,
        ),
        (
            "gigantti",
            "Gigantti Cloud (Finland)",
            "cloud.gigantti.fi",
            "gigantti",
            Desktop,
        ),
        (
            "letsgo",
            "Let's Go Cloud (Germany)",
            "letsgo.jotta.cloud",
            "letsgo",
            PerSystem,
        ),
        (
            "mediamarkt",
            "MediaMarkt Cloud (Multiregional)",
            "mediamarkt.jottacloud.com",
            "mediamarkt",
            Desktop,
        ),
        (
            "onlime",
            "Onlime (Denmark)",
            "cloud-auth.onlime.dk",
            "onlime_wl",
            Desktop,
        ),
        (
            "phonero",
            "Phonero Sky",
            "sky.phonero.no",
            "phonero",
            PerSystem,
        ),
        (
            "tele2",
            "Tele2 Cloud (Sweden)",
            "mittcloud-auth.tele2.se",
            "comhem",
            Desktop,
        ),
        (
            "telia_no",
            "Telia Sky (Norway)",
            "sky-auth.telia.no",
            "get",
            Desktop,
        ),
        (
            "telia_se",
            "Telia Cloud (Sweden)",
            "cloud-auth.telia.se",
            "telia_se",
            Desktop,
        ),
    ]
};

/// Jottacloud and the brands that are known to run on it. The two that share a realm share its sign-ins.
#[must_use]
pub fn brands() -> Vec<Brand> {
    let brand = |&(key, service, domain, realm, clients): &(_, _, _, _, Clients)| {
        let brand = Brand::new(key, service, domain, realm);
        match clients {
            Clients::Desktop => brand,
            Clients::PerSystem => brand
                .clients(["jottacli", "desktop-win", "desktop-mac"].map(ClientConfig::public))
                .refuse_scope("jotta-default"),
        }
    };
    TABLE.iter().map(brand).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_granted_as_far_as_they_are_known() {
        let all = brands();
        let granted = |key: &str, asked: &str| {
            let brand = all.iter().find(|brand| brand.key == key).unwrap();
            brand.granted(asked)
        };
        assert_eq!(
            granted("jottacloud", "openid offline_access"),
            Ok("openid offline_access".to_owned())
        );
        // A literal plus between the scopes makes one that nobody knows.
        assert_eq!(
            granted("jottacloud", "openid+offline_access"),
            Ok(String::new())
        );
        assert_eq!(
            granted("phonero", "openid jotta-default"),
            Err("jotta-default".to_owned())
        );
    }

    #[test]
    fn keys_and_domains_are_unique() {
        let all = brands();
        for (index, brand) in all.iter().enumerate() {
            let rest = all.get(index + 1..).unwrap_or_default();
            assert!(rest.iter().all(|other| other.key != brand.key));
            assert!(rest.iter().all(|other| other.domain != brand.domain));
        }
    }
}
