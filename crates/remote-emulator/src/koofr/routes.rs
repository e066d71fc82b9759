//! The routes: where they lie, what they are called in the request log, who handles them.

mod table;

use hyper::Method;
use percent_encoding::percent_decode_str;

use crate::koofr::context::Context;
use crate::koofr::error::Answer;

use self::table::ROUTES;

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
    pub(crate) pattern: &'static str,
    pub(crate) label: &'static str,
    pub(crate) handler: Handler,
}

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

    fn label(method: &Method, path: &str) -> String {
        match find(method, path) {
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
            assert_eq!(label(&Method::GET, path), expected, "{path}");
        }
        assert_eq!(
            label(&Method::DELETE, "/api/v2.1/jobs/completed"),
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
            assert_eq!(label(&Method::GET, path), "404", "{path}");
        }
    }

    #[test]
    fn a_wrong_method_is_told_the_right_ones() {
        assert_eq!(label(&Method::POST, "/api/v2/mounts"), "405 GET,HEAD");
        assert_eq!(
            label(&Method::GET, "/api/v2/mounts/m/files/move"),
            "405 PUT"
        );
        assert_eq!(label(&Method::HEAD, "/api/v2/mounts"), "mounts");
    }
}
