//! Which address is what.

use hyper::Method;

use crate::identity::brand::{Brand, Layout};

/// What an address leads to.
#[derive(Debug)]
pub(crate) enum Found<'b> {
    /// Not an address of an identity provider.
    Foreign,
    Page(Option<&'b Brand>, Page),
    UnknownRealm,
}

/// The pages of an identity provider.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Page {
    Authorize,
    Discovery,
    LegacyRegister,
    LegacyToken,
    Logout,
    Profile,
    Token,
    TokenInfo,
    UserInfo,
}

impl Page {
    /// The stable name, for logs and faults.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Authorize => "identity/auth",
            Self::Discovery => "identity/discovery",
            Self::LegacyRegister => "identity/legacy-register",
            Self::LegacyToken => "identity/legacy-token",
            Self::Logout => "identity/logout",
            Self::Profile => "identity/profile",
            Self::Token => "identity/token",
            Self::TokenInfo => "identity/token-info",
            Self::UserInfo => "identity/userinfo",
        }
    }

    pub(crate) fn methods(self) -> &'static str {
        match self {
            Self::Authorize | Self::Logout | Self::UserInfo => "GET,HEAD,POST",
            Self::Discovery | Self::Profile | Self::TokenInfo => "GET,HEAD",
            Self::LegacyRegister | Self::LegacyToken | Self::Token => "POST",
        }
    }

    pub(crate) fn allows(self, method: &Method) -> bool {
        self.methods()
            .split(',')
            .any(|allowed| allowed == method.as_str())
    }
}

/// The page at a path.
pub(crate) fn find<'b>(brands: &'b [Brand], path: &str) -> Found<'b> {
    if let Some(rest) = path.strip_prefix("/auth/realms/") {
        return in_realm(brands, rest);
    }
    let amazon = || brands.iter().find(|brand| brand.layout == Layout::Amazon);
    let page = match path {
        "/auth/v1/register" => return Found::Page(None, Page::LegacyRegister),
        "/auth/v1/token" => return Found::Page(None, Page::LegacyToken),
        "/ap/oa" => Page::Authorize,
        "/auth/o2/token" => Page::Token,
        "/auth/o2/tokeninfo" => Page::TokenInfo,
        "/user/profile" => Page::Profile,
        _ => return Found::Foreign,
    };
    match amazon() {
        Some(brand) => Found::Page(Some(brand), page),
        None => Found::Foreign,
    }
}

fn in_realm<'b>(brands: &'b [Brand], rest: &str) -> Found<'b> {
    let (realm, rest) = rest.split_once('/').unwrap_or((rest, ""));
    let brand = brands
        .iter()
        .find(|brand| brand.layout == Layout::Realm && brand.realm == realm);
    let Some(brand) = brand else {
        return Found::UnknownRealm;
    };
    let page = match rest {
        ".well-known/openid-configuration" => Page::Discovery,
        "protocol/openid-connect/auth" => Page::Authorize,
        "protocol/openid-connect/logout" => Page::Logout,
        "protocol/openid-connect/token" => Page::Token,
        "protocol/openid-connect/userinfo" => Page::UserInfo,
        _ => return Found::UnknownRealm,
    };
    Found::Page(Some(brand), page)
}
