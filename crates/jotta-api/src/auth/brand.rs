//! The brands under which the service is sold, as data.

use std::borrow::Cow;

use remote_core::error::{Error, ErrorKind, Result};
use url::Url;

use crate::addresses::checked;

/// A brand: where its users sign in by browser. Files of all brands are at the same addresses.
///
/// The table is [`BRANDS`]; a brand that is not in it is made [of its well-known address](Self::of_well_known).
///
/// ```
/// use jotta_api::auth::Brand;
///
/// assert_eq!(Brand::find("telia_se").unwrap().name, "Telia Cloud (Sweden)");
/// let other = Brand::of_well_known("https://id.example.org/auth/realms/cloud/.well-known/openid-configuration")?;
/// assert_eq!(other.client_id, "desktop");
/// # Ok::<(), remote_core::error::Error>(())
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Brand {
    /// The word for it in configurations, as in rclone.
    pub key: Cow<'static, str>,
    /// The name for people.
    pub name: Cow<'static, str>,
    /// The address of the document that tells where to sign in.
    pub well_known: Cow<'static, str>,
    /// What this kind of program is called there.
    pub client_id: Cow<'static, str>,
    /// What is asked for.
    pub scopes: Cow<'static, [Cow<'static, str>]>,
}

const USUAL_SCOPES: &[Cow<'static, str>] = &[
    Cow::Borrowed("openid"),
    Cow::Borrowed("jotta-default"),
    Cow::Borrowed("offline_access"),
];

/// Two brands refuse the scope `jotta-default`.
const FEWER_SCOPES: &[Cow<'static, str>] =
    &[Cow::Borrowed("openid"), Cow::Borrowed("offline_access")];

const USUAL_CLIENT: &str = "desktop";

const fn brand(key: &'static str, name: &'static str, well_known: &'static str) -> Brand {
    Brand {
        key: Cow::Borrowed(key),
        name: Cow::Borrowed(name),
        well_known: Cow::Borrowed(well_known),
        client_id: Cow::Borrowed(USUAL_CLIENT),
        scopes: Cow::Borrowed(USUAL_SCOPES),
    }
}

const fn newer(key: &'static str, name: &'static str, well_known: &'static str) -> Brand {
    Brand {
        key: Cow::Borrowed(key),
        name: Cow::Borrowed(name),
        well_known: Cow::Borrowed(well_known),
        client_id: Cow::Borrowed("desktop-win"),
        scopes: Cow::Borrowed(FEWER_SCOPES),
    }
}

macro_rules! well_known {
    ($domain:literal, $realm:literal) => {
        concat!(
            "https://",
            $domain,
            "/auth/realms/",
            $realm,
            "/.well-known/openid-configuration"
        )
    };
}

/// The brands that are known, in the order in which they are offered; from rclone 1.76.
pub static BRANDS: &[Brand] = &[
    brand(
        "jottacloud",
        "Jottacloud",
        well_known!("id.jottacloud.com", "jottacloud"),
    ),
    brand(
        "elgiganten_dk",
        "Elgiganten Cloud (Denmark)",
        well_known!("cloud.elgiganten.dk", "elgiganten"),
    ),
    brand(
        "elgiganten_se",
        "Elgiganten Cloud (Sweden)",
        well_known!("cloud.elgiganten.se", "elgiganten"),
    ),
    brand(
        "elkjop",
        "Elkjøp Cloud (Norway)",
        well_known!("cloud.elkjop.no", "elkjop"),
    ),
    brand(
        "elko",
        "ELKO Cloud (Iceland)",
        well_known!("cloud.elko.is", "elko"),
    ),
    brand(
        "gigantti",
        "Gigantti Cloud (Finland)",
        well_known!("cloud.gigantti.fi", "gigantti"),
    ),
    newer(
        "letsgo",
        "Let's Go Cloud (Germany)",
        well_known!("letsgo.jotta.cloud", "letsgo"),
    ),
    brand(
        "mediamarkt",
        "MediaMarkt Cloud (Multiregional)",
        well_known!("mediamarkt.jottacloud.com", "mediamarkt"),
    ),
    brand(
        "onlime",
        "Onlime (Denmark)",
        well_known!("cloud-auth.onlime.dk", "onlime_wl"),
    ),
    newer(
        "phonero",
        "Phonero Sky (Norway)",
        well_known!("sky.phonero.no", "phonero"),
    ),
    brand(
        "tele2",
        "Tele2 Cloud (Sweden)",
        well_known!("mittcloud-auth.tele2.se", "comhem"),
    ),
    brand(
        "telia_no",
        "Telia Sky (Norway)",
        well_known!("sky-auth.telia.no", "get"),
    ),
    brand(
        "telia_se",
        "Telia Cloud (Sweden)",
        well_known!("cloud-auth.telia.se", "telia_se"),
    ),
];

impl Brand {
    /// A brand of the table, by its key or the one that older versions of rclone used.
    #[must_use]
    pub fn find(key: &str) -> Option<&'static Self> {
        let key = match key {
            "telia" => "telia_se",
            key => key,
        };
        BRANDS.iter().find(|brand| brand.key == key)
    }

    /// The brand whose sign-in document is at an address: one of the table, or one with what most brands use.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) if it is not an `https` address.
    pub fn of_well_known(address: &str) -> Result<Self> {
        let url = check_well_known(address)?;
        let is_at = |brand: &&Self| brand.well_known == url.as_str();
        if let Some(known) = BRANDS.iter().find(is_at) {
            return Ok(known.clone());
        }
        let host = url.host_str().unwrap_or_default().to_owned();
        Ok(Self {
            key: Cow::Owned(host.clone()),
            name: Cow::Owned(host),
            well_known: Cow::Owned(url.into()),
            ..brand("", "", "")
        })
    }

    /// Sets what this kind of program is called there.
    #[must_use]
    pub fn with_client_id(mut self, client_id: impl Into<Cow<'static, str>>) -> Self {
        self.client_id = client_id.into();
        self
    }

    /// Sets what is asked for.
    #[must_use]
    pub fn with_scopes<S: Into<Cow<'static, str>>>(
        mut self,
        scopes: impl IntoIterator<Item = S>,
    ) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// [`well_known`](Self::well_known) as an address.
    ///
    /// # Errors
    ///
    /// As [`of_well_known`](Self::of_well_known).
    pub fn well_known_url(&self) -> Result<Url> {
        check_well_known(&self.well_known)
    }
}

/// Refuses an address that is not encrypted, except one of this machine.
pub(super) fn check_well_known(text: &str) -> Result<Url> {
    let refused = |what: &str| {
        Error::with_message(ErrorKind::InvalidInput, what).with_help(
            "the well-known address of a brand looks like https://id.jottacloud.com/auth/realms/jottacloud/.well-known/openid-configuration",
        )
    };
    let url = Url::parse(text.trim().trim_end_matches('/'))
        .map_err(|error| refused("the well-known address is no address").with_source(error))?;
    match checked(url.clone()) {
        Ok(_with_slash) => Ok(url),
        Err(error) => {
            Err(refused("the well-known address must begin with https://").with_source(error))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Specification of the service, section 4.3.2.
    #[test]
    fn the_table_is_that_of_the_specification() {
        let rows: Vec<String> = BRANDS
            .iter()
            .map(|brand| {
                let url = brand.well_known_url().unwrap();
                let realm = url.path().split('/').nth(3).unwrap_or_default();
                format!(
                    "{} {} {realm} {} {}",
                    brand.key,
                    url.host_str().unwrap_or_default(),
                    brand.client_id,
                    brand.scopes.len()
                )
            })
            .collect();
        assert_eq!(
            rows,
            [
                "jottacloud id.jottacloud.com jottacloud desktop 3",
                "elgiganten_dk cloud.elgiganten.dk elgiganten desktop 3",
                "elgiganten_se cloud.elgiganten.se elgiganten desktop 3",
                "elkjop cloud.elkjop.no elkjop desktop 3",
                "elko cloud.elko.is elko desktop 3",
                "gigantti cloud.gigantti.fi gigantti desktop 3",
                "letsgo letsgo.jotta.cloud letsgo desktop-win 2",
                "mediamarkt mediamarkt.jottacloud.com mediamarkt desktop 3",
                "onlime cloud-auth.onlime.dk onlime_wl desktop 3",
                "phonero sky.phonero.no phonero desktop-win 2",
                "tele2 mittcloud-auth.tele2.se comhem desktop 3",
                "telia_no sky-auth.telia.no get desktop 3",
                "telia_se cloud-auth.telia.se telia_se desktop 3",
            ]
        );
    }

    #[test]
    fn a_brand_is_found_by_key_alias_and_address() {
        assert_eq!(Brand::find("telia").unwrap().key, "telia_se");
        assert!(Brand::find("nobody").is_none());
        let tele2 = Brand::of_well_known(&Brand::find("tele2").unwrap().well_known).unwrap();
        assert_eq!(tele2.key, "tele2");
        let phonero =
            "HTTPS://sky.Phonero.no:443/auth/realms/phonero/.well-known/openid-configuration/ ";
        assert_eq!(Brand::of_well_known(phonero).unwrap().key, "phonero");
        let own = Brand::of_well_known("https://id.example.org/x").unwrap();
        assert_eq!((own.name.as_ref(), own.scopes.len()), ("id.example.org", 3));
    }

    #[test]
    fn an_address_that_is_not_encrypted_is_refused() {
        for text in [
            "http://id.example.org/x",
            "id.example.org",
            "",
            "https://u:p@id.example.org/x",
        ] {
            let error = Brand::of_well_known(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{text}");
            assert!(error.help().unwrap().contains("https://"), "{text}");
        }
    }
}
