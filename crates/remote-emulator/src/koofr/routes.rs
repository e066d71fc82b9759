//! The routes: where they lie, what they are called in the request log, who handles them.

use hyper::Method;
use percent_encoding::percent_decode_str;

use crate::koofr::context::Context;
use crate::koofr::error::Answer;
use crate::koofr::{
    account, activity, auth, content, entries, jobs, links, listing, mounts, oauth, public, search,
    trash,
};

type Handle = fn(&Context<'_>) -> Answer;

/// Where a route lies.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Area {
    /// `/api/v2` and `/api/v2.1`.
    Api,
    /// `/content/api/v2` and `/content/api/v2.1`.
    Content,
    /// The root of the host.
    Host,
}

/// Who handles a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Handler {
    Events,
    /// Needs credentials.
    Signed(Handle),
    /// Needs none.
    Public(Handle),
    Put,
    PutDirect,
    PutReceiver,
}

/// One method of one pattern.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) area: Area,
    pub(crate) method: &'static str,
    /// Segments; `*` stands for any one of them.
    pattern: &'static str,
    pub(crate) label: &'static str,
    pub(crate) handler: Handler,
}

const fn api(
    method: &'static str,
    pattern: &'static str,
    label: &'static str,
    handle: Handle,
) -> Route {
    Route {
        area: Area::Api,
        method,
        pattern,
        label,
        handler: Handler::Signed(handle),
    }
}

const fn open_api(
    method: &'static str,
    pattern: &'static str,
    label: &'static str,
    handle: Handle,
) -> Route {
    Route {
        area: Area::Api,
        method,
        pattern,
        label,
        handler: Handler::Public(handle),
    }
}

const fn data(
    method: &'static str,
    pattern: &'static str,
    label: &'static str,
    handle: Handle,
) -> Route {
    Route {
        area: Area::Content,
        method,
        pattern,
        label,
        handler: Handler::Signed(handle),
    }
}

const fn host(
    method: &'static str,
    pattern: &'static str,
    label: &'static str,
    handle: Handle,
) -> Route {
    Route {
        area: Area::Host,
        method,
        pattern,
        label,
        handler: Handler::Public(handle),
    }
}

const fn special(
    area: Area,
    method: &'static str,
    pattern: &'static str,
    label: &'static str,
    handler: Handler,
) -> Route {
    Route {
        area,
        method,
        pattern,
        label,
        handler,
    }
}

static ROUTES: &[Route] = &[
    special(
        Area::Content,
        "POST",
        "mounts/*/files/put",
        "files/put",
        Handler::Put,
    ),
    data("GET", "mounts/*/files/get", "files/get", content::get),
    data("GET", "mounts/*/files/get/*", "files/get", content::get),
    data(
        "POST",
        "mounts/*/files/get",
        "files/zip",
        content::zip_children,
    ),
    data(
        "POST",
        "mounts/*/files/get/*",
        "files/zip",
        content::zip_children,
    ),
    data("POST", "files/get", "files/zip", content::zip_anywhere),
    data("POST", "files/get/*", "files/zip", content::zip_anywhere),
    data(
        "GET",
        "mounts/*/files/listrecursive",
        "files/listrecursive",
        listing::recursive,
    ),
    data(
        "GET",
        "users/*/profile-picture",
        "users/profile-picture",
        content::picture,
    ),
    api("GET", "mounts", "mounts", mounts::list),
    api("GET", "places", "places", mounts::places),
    api("GET", "shared", "shared", mounts::shared),
    api("GET", "shared/*", "shared/{m}", mounts::shared_one),
    api("GET", "mounts/*", "mounts/{m}", mounts::get),
    api("PUT", "mounts/*", "mounts/{m}", mounts::rename),
    api("DELETE", "mounts/*", "mounts/{m}", mounts::delete),
    api(
        "POST",
        "mounts/*/submounts",
        "mounts/submounts",
        mounts::share,
    ),
    api("POST", "mounts/*/users", "mounts/users", mounts::add_member),
    api(
        "PUT",
        "mounts/*/users/*",
        "mounts/users/{user}",
        mounts::change_member,
    ),
    api(
        "DELETE",
        "mounts/*/users/*",
        "mounts/users/{user}",
        mounts::remove_member,
    ),
    api(
        "PUT",
        "mounts/*/groups/*",
        "mounts/groups/{group}",
        mounts::change_group,
    ),
    api(
        "DELETE",
        "mounts/*/groups/*",
        "mounts/groups/{group}",
        mounts::remove_group,
    ),
    api("GET", "mounts/*/reauth", "mounts/reauth", mounts::reauth),
    api("GET", "mounts/*/bundle", "bundle", entries::bundle),
    api("GET", "mounts/*/files/info", "files/info", entries::info),
    api("GET", "mounts/*/files/list", "files/list", entries::list),
    api("GET", "mounts/*/files/tree", "files/tree", listing::tree),
    api(
        "GET",
        "mounts/*/files/get",
        "files/get-redirect",
        content::redirect,
    ),
    api(
        "GET",
        "mounts/*/files/download",
        "files/download",
        content::download_link,
    ),
    api(
        "GET",
        "mounts/*/files/upload",
        "files/upload",
        content::upload_link,
    ),
    api(
        "GET",
        "mounts/*/files/external",
        "files/external",
        content::external,
    ),
    api(
        "GET",
        "mounts/*/files/externalstatus",
        "files/externalstatus",
        content::external_status,
    ),
    api(
        "POST",
        "mounts/*/files/folder",
        "files/folder",
        entries::create_folder,
    ),
    api(
        "DELETE",
        "mounts/*/files/remove",
        "files/remove",
        entries::remove,
    ),
    api(
        "PUT",
        "mounts/*/files/rename",
        "files/rename",
        entries::rename,
    ),
    api("PUT", "mounts/*/files/copy", "files/copy", entries::copy),
    api(
        "PUT",
        "mounts/*/files/move",
        "files/move",
        entries::move_entry,
    ),
    api(
        "PUT",
        "mounts/*/files/create/*",
        "files/create",
        entries::create_document,
    ),
    api(
        "POST",
        "mounts/*/files/tags/add",
        "files/tags/add",
        entries::add_tags,
    ),
    api(
        "POST",
        "mounts/*/files/tags/remove",
        "files/tags/remove",
        entries::remove_tags,
    ),
    api(
        "POST",
        "mounts/*/files/tags/set",
        "files/tags/set",
        entries::set_tags,
    ),
    api(
        "GET",
        "mounts/*/files/versions",
        "files/versions",
        trash::versions,
    ),
    api(
        "POST",
        "mounts/*/files/versions/recover",
        "files/versions/recover",
        trash::recover,
    ),
    api(
        "POST",
        "mounts/*/files/versions/change",
        "files/versions/change",
        trash::change,
    ),
    api("GET", "trash", "trash", trash::list),
    api("DELETE", "trash", "trash", trash::empty),
    api("POST", "trash/undelete", "trash/undelete", trash::undelete),
    api("GET", "snapshots", "snapshots", trash::snapshots),
    api("GET", "links", "account/links", links::all_links),
    api(
        "GET",
        "receivers",
        "account/receivers",
        links::all_receivers,
    ),
    api("GET", "mounts/*/links", "links", links::list_links),
    api("POST", "mounts/*/links", "links", links::create_link),
    api("GET", "mounts/*/links/*", "links/{id}", links::get),
    api("DELETE", "mounts/*/links/*", "links/{id}", links::delete),
    api(
        "PUT",
        "mounts/*/links/*/urlHash",
        "links/urlHash",
        links::set_hash,
    ),
    api(
        "PUT",
        "mounts/*/links/*/password/set",
        "links/password/set",
        links::set_password,
    ),
    api(
        "PUT",
        "mounts/*/links/*/password/reset",
        "links/password/reset",
        links::reset_password,
    ),
    api(
        "DELETE",
        "mounts/*/links/*/password",
        "links/password",
        links::remove_password,
    ),
    api(
        "PUT",
        "mounts/*/links/*/validity",
        "links/validity",
        links::set_validity,
    ),
    api(
        "PUT",
        "mounts/*/links/*/message",
        "links/message",
        links::set_message,
    ),
    api(
        "PUT",
        "mounts/*/links/*/downloadable",
        "links/downloadable",
        links::set_downloadable,
    ),
    api(
        "GET",
        "mounts/*/links/*/counter",
        "links/counter",
        links::counter,
    ),
    api("GET", "mounts/*/links/*/qr", "links/qr", links::qr),
    api(
        "GET",
        "mounts/*/receivers",
        "receivers",
        links::list_receivers,
    ),
    api(
        "POST",
        "mounts/*/receivers",
        "receivers",
        links::create_receiver,
    ),
    api("GET", "mounts/*/receivers/*", "receivers/{id}", links::get),
    api(
        "DELETE",
        "mounts/*/receivers/*",
        "receivers/{id}",
        links::delete,
    ),
    api(
        "PUT",
        "mounts/*/receivers/*/urlHash",
        "receivers/urlHash",
        links::set_hash,
    ),
    api(
        "PUT",
        "mounts/*/receivers/*/password/set",
        "receivers/password/set",
        links::set_password,
    ),
    api(
        "PUT",
        "mounts/*/receivers/*/password/reset",
        "receivers/password/reset",
        links::reset_password,
    ),
    api(
        "DELETE",
        "mounts/*/receivers/*/password",
        "receivers/password",
        links::remove_password,
    ),
    api(
        "PUT",
        "mounts/*/receivers/*/validity",
        "receivers/validity",
        links::set_validity,
    ),
    api(
        "PUT",
        "mounts/*/receivers/*/message",
        "receivers/message",
        links::set_message,
    ),
    api(
        "PUT",
        "mounts/*/receivers/*/alert",
        "receivers/alert",
        links::set_alert,
    ),
    api(
        "GET",
        "mounts/*/receivers/*/counter",
        "receivers/counter",
        links::counter,
    ),
    api("GET", "mounts/*/receivers/*/qr", "receivers/qr", links::qr),
    open_api("GET", "public/links/*", "public/links/{id}", public::info),
    open_api(
        "GET",
        "public/links/*/bundle",
        "public/links/bundle",
        public::bundle,
    ),
    api("GET", "search", "search", search::search),
    api("POST", "jobs/files/copy", "jobs/files/copy", jobs::copy),
    api(
        "POST",
        "jobs/files/move",
        "jobs/files/move",
        jobs::move_files,
    ),
    api(
        "POST",
        "jobs/files/remove",
        "jobs/files/remove",
        jobs::remove,
    ),
    api(
        "POST",
        "jobs/files/restoresnapshot",
        "jobs/files/restoresnapshot",
        jobs::restore_snapshot,
    ),
    api("GET", "jobs", "jobs", jobs::list),
    api(
        "DELETE",
        "jobs/completed",
        "jobs/completed",
        jobs::delete_completed,
    ),
    api("GET", "jobs/*", "jobs/{id}", jobs::get),
    api("DELETE", "jobs/*", "jobs/{id}", jobs::delete),
    api("PUT", "jobs/*/abort", "jobs/abort", jobs::get),
    api("GET", "user", "user", account::user),
    api(
        "GET",
        "user/authenticated",
        "user/authenticated",
        account::authenticated,
    ),
    api("GET", "user/activity", "user/activity", activity::list),
    api("GET", "user/apw", "user/apw", account::app_passwords),
    api("PUT", "user/apw", "user/apw", account::add_app_password),
    api(
        "DELETE",
        "user/apw/*",
        "user/apw/{id}",
        account::delete_app_password,
    ),
    api(
        "GET",
        "user/bookmarks",
        "user/bookmarks",
        account::bookmarks,
    ),
    api(
        "PUT",
        "user/bookmarks",
        "user/bookmarks",
        account::set_bookmarks,
    ),
    api(
        "POST",
        "user/bookmarks",
        "user/bookmarks",
        account::add_bookmark,
    ),
    api(
        "DELETE",
        "user/bookmarks",
        "user/bookmarks",
        account::delete_bookmark,
    ),
    api(
        "GET",
        "user/settings/security",
        "user/settings/security",
        account::security,
    ),
    api(
        "PUT",
        "user/settings/security",
        "user/settings/security",
        account::set_security,
    ),
    api(
        "GET",
        "user/appconfig",
        "user/appconfig",
        account::app_config,
    ),
    api(
        "GET",
        "user/attributes",
        "user/attributes",
        account::empty_object,
    ),
    api(
        "GET",
        "user/connections",
        "user/connections",
        account::empty_object,
    ),
    api("GET", "devices", "devices", account::devices),
    api("GET", "vault/repos", "vault/repos", account::vault_repos),
    api(
        "POST",
        "vault/repos",
        "vault/repos",
        account::add_vault_repo,
    ),
    api(
        "DELETE",
        "vault/repos/*",
        "vault/repos/{id}",
        account::delete_vault_repo,
    ),
    open_api("GET", "basicconfig", "basicconfig", account::basic_config),
    host("GET", "profile", "profile", account::profile),
    host("GET", "ip", "ip", account::ip),
    host("GET", "token", "token", auth::get_token),
    host("POST", "token", "token", auth::post_token),
    special(
        Area::Host,
        "DELETE",
        "token",
        "token",
        Handler::Signed(auth::delete_token),
    ),
    host("GET", "oauth2/auth", "oauth2/auth", oauth::authorize),
    host("POST", "oauth2/token", "oauth2/token", oauth::token),
    host(
        "POST",
        "oauth2/devicecode",
        "oauth2/devicecode",
        oauth::device_code,
    ),
    host("GET", "oauth2/device", "oauth2/device", oauth::device_page),
    host("GET", "oauth2/logout", "oauth2/logout", oauth::logout),
    special(Area::Host, "GET", "events", "events", Handler::Events),
    host("GET", "links/*", "public/page", public::page),
    host("GET", "receive/*", "public/page", public::page),
    host(
        "GET",
        "content/links/*/files/get",
        "public/files/get",
        public::get,
    ),
    host(
        "GET",
        "content/links/*/files/get/*",
        "public/files/get",
        public::get,
    ),
    special(
        Area::Host,
        "POST",
        "content/receivers/*/files/put",
        "public/files/put",
        Handler::PutReceiver,
    ),
    host("GET", "content/direct/*", "direct/get", content::get_direct),
    special(
        Area::Host,
        "POST",
        "content/direct/*",
        "direct/put",
        Handler::PutDirect,
    ),
];

/// Where a path leads.
#[derive(Debug)]
pub(crate) enum Found {
    Route(&'static Route),
    /// The path is known, the method is not: the methods that are.
    WrongMethod(String),
    Unknown,
}

/// The area of a path, its API version as written, and the rest.
fn split(path: &str) -> Option<(Area, &str, &str)> {
    let areas = [("/content/api/", Area::Content), ("/api/", Area::Api)];
    for (prefix, area) in areas {
        if let Some(rest) = path.strip_prefix(prefix) {
            let (version, rest) = rest.split_once('/')?;
            return matches!(version, "v2" | "v2.1").then_some((area, version, rest));
        }
    }
    path.strip_prefix('/').map(|rest| (Area::Host, "", rest))
}

/// The API version in a path; empty outside the API.
pub(crate) fn version(path: &str) -> &str {
    split(path).map_or("", |(_, version, _)| version)
}

fn matches(pattern: &str, path: &str) -> bool {
    let mut segments = path.split('/');
    let mut wanted = pattern.split('/');
    loop {
        match (wanted.next(), segments.next()) {
            (None, None) => return true,
            (Some("*"), Some(segment)) if !segment.is_empty() => {}
            (Some(want), Some(segment)) if want == segment => {}
            _ => return false,
        }
    }
}

/// Finds the route of a request. HEAD goes where GET goes.
pub(crate) fn find(method: &Method, path: &str) -> Found {
    let Some((area, _, rest)) = split(path) else {
        return Found::Unknown;
    };
    let method = if *method == Method::HEAD {
        "GET"
    } else {
        method.as_str()
    };
    let mut allowed = Vec::new();
    for route in ROUTES {
        if route.area == area && matches(route.pattern, rest) {
            if route.method == method {
                return Found::Route(route);
            }
            allowed.push(route.method);
            if route.method == "GET" {
                allowed.push("HEAD");
            }
        }
    }
    if allowed.is_empty() {
        Found::Unknown
    } else {
        Found::WrongMethod(allowed.join(","))
    }
}

impl Route {
    /// The variable segments of a path on this route, decoded.
    pub(crate) fn params(&self, path: &str) -> Vec<String> {
        let rest = split(path).map_or("", |(_, _, rest)| rest);
        self.pattern
            .split('/')
            .zip(rest.split('/'))
            .filter(|(pattern, _)| *pattern == "*")
            .map(|(_, segment)| percent_decode_str(segment).decode_utf8_lossy().into_owned())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(method: Method, path: &str) -> String {
        match find(&method, path) {
            Found::Route(route) => route.label.to_owned(),
            Found::WrongMethod(allow) => format!("405 {allow}"),
            Found::Unknown => "404".to_owned(),
        }
    }

    #[test]
    fn both_versions_of_both_prefixes_are_served() {
        let rows = [
            ("/api/v2/mounts", "mounts"),
            ("/api/v2.1/mounts/m/files/info", "files/info"),
            (
                "/content/api/v2/mounts/m/files/listrecursive",
                "files/listrecursive",
            ),
            (
                "/content/api/v2.1/mounts/m/files/get/a%20b.txt",
                "files/get",
            ),
            ("/api/v2.1/jobs/completed", "jobs/{id}"),
            ("/token", "token"),
        ];
        for (path, expected) in rows {
            assert_eq!(label(Method::GET, path), expected, "{path}");
        }
        assert_eq!(
            label(Method::DELETE, "/api/v2.1/jobs/completed"),
            "jobs/completed"
        );
    }

    #[test]
    fn other_prefixes_and_trailing_slashes_are_unknown() {
        for path in [
            "/api/v2/mounts/",
            "/api/v2/mounts//files/info",
            "/api/v3/mounts",
            "/api/v2/mounts/m/files/listrecursive",
            "/content/api/v2/mounts/m/files/info",
            "/api/v2/nothing",
            "/",
        ] {
            assert_eq!(label(Method::GET, path), "404", "{path}");
        }
    }

    #[test]
    fn a_wrong_method_is_told_the_right_ones() {
        assert_eq!(label(Method::POST, "/api/v2/mounts"), "405 GET,HEAD");
        assert_eq!(label(Method::GET, "/api/v2/mounts/m/files/move"), "405 PUT");
        assert_eq!(label(Method::HEAD, "/api/v2/mounts"), "mounts");
    }
}
