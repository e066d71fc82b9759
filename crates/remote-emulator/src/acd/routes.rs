//! The addresses of the service.

use hyper::Method;

use crate::query;

/// What an address stands for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Route {
    BulkPurge,
    Changes,
    Child {
        parent: String,
        child: String,
    },
    Children(String),
    Content(String),
    Endpoint,
    Info,
    Node(String),
    Nodes,
    Properties {
        node: String,
        owner: String,
    },
    Property {
        node: String,
        owner: String,
        key: String,
    },
    Quota,
    Restore(String),
    /// Content at the storage, without a token.
    Storage(String),
    TempLink(String),
    Trash,
    Trashed(String),
    Unknown,
    Upload,
    Usage,
}

/// The route of a path.
pub(crate) fn find(path: &str) -> Route {
    let (base, rest) = if let Some(rest) = path.strip_prefix("/drive/v1/") {
        // One client joined addresses with two slashes, and it worked.
        ("drive", rest.strip_prefix('/').unwrap_or(rest))
    } else if let Some(rest) = path.strip_prefix("/cdproxy/") {
        ("content", rest.strip_prefix('/').unwrap_or(rest))
    } else if let Some(rest) = path.strip_prefix("/storage/") {
        ("storage", rest)
    } else {
        return Route::Unknown;
    };
    let segments: Vec<String> = rest
        .split('/')
        .map(|segment| query::decode(&segment.replace('+', "%2B")))
        .collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    if segments.contains(&"") {
        return Route::Unknown;
    }
    match base {
        "drive" => metadata(&segments),
        "content" => content(&segments),
        _ => match segments.as_slice() {
            [token] => Route::Storage((*token).to_owned()),
            _ => Route::Unknown,
        },
    }
}

fn metadata(segments: &[&str]) -> Route {
    let owned = |text: &&str| (*text).to_owned();
    match segments {
        ["account", "endpoint"] => Route::Endpoint,
        ["account", "info"] => Route::Info,
        ["account", "quota"] => Route::Quota,
        ["account", "usage"] => Route::Usage,
        ["bulk", "nodes", "purge"] => Route::BulkPurge,
        ["changes"] => Route::Changes,
        ["nodes"] => Route::Nodes,
        ["nodes", id] => Route::Node(owned(id)),
        ["nodes", id, "children"] => Route::Children(owned(id)),
        ["nodes", parent, "children", child] => Route::Child {
            parent: owned(parent),
            child: owned(child),
        },
        ["nodes", node, "properties", owner] => Route::Properties {
            node: owned(node),
            owner: owned(owner),
        },
        ["nodes", node, "properties", owner, key] => Route::Property {
            node: owned(node),
            owner: owned(owner),
            key: owned(key),
        },
        ["trash"] => Route::Trash,
        ["trash", id] => Route::Trashed(owned(id)),
        ["trash", id, "restore"] => Route::Restore(owned(id)),
        _ => Route::Unknown,
    }
}

fn content(segments: &[&str]) -> Route {
    match segments {
        ["nodes"] => Route::Upload,
        ["nodes", id, "content"] => Route::Content((*id).to_owned()),
        ["templink", token] => Route::TempLink((*token).to_owned()),
        _ => Route::Unknown,
    }
}

impl Route {
    /// The methods there are.
    pub(crate) fn methods(&self) -> &'static str {
        match self {
            Self::BulkPurge | Self::Changes | Self::Restore(_) | Self::Upload => "POST",
            Self::Child { .. } => "DELETE,PUT",
            Self::Children(_) | Self::Nodes => "GET,HEAD,POST",
            Self::Content(_) => "GET,HEAD,PUT",
            Self::Endpoint
            | Self::Info
            | Self::Properties { .. }
            | Self::Quota
            | Self::Storage(_)
            | Self::TempLink(_)
            | Self::Usage => "GET,HEAD",
            Self::Node(_) => "DELETE,GET,HEAD,PATCH",
            Self::Property { .. } => "DELETE,GET,HEAD,PUT",
            Self::Trash => "GET,HEAD,PATCH",
            Self::Trashed(_) => "PUT",
            Self::Unknown => "",
        }
    }

    /// The stable name of what a method does here, for faults and counters.
    pub(crate) fn label(&self, method: &Method) -> &'static str {
        let read = matches!(*method, Method::GET | Method::HEAD);
        match self {
            Self::BulkPurge => "bulk/purge",
            Self::Changes => "changes",
            Self::Child { .. } if *method == Method::DELETE => "children/remove",
            Self::Child { .. } => "children/add",
            Self::Children(_) if read => "children/list",
            Self::Children(_) => "children/move",
            Self::Content(_) if read => "content/download",
            Self::Content(_) => "content/overwrite",
            Self::Endpoint => "account/endpoint",
            Self::Info => "account/info",
            Self::Node(_) if read => "nodes/get",
            Self::Node(_) if *method == Method::DELETE => "nodes/purge",
            Self::Node(_) => "nodes/patch",
            Self::Nodes if read => "nodes/list",
            Self::Nodes => "nodes/create",
            Self::Properties { .. } => "properties/list",
            Self::Property { .. } if read => "properties/get",
            Self::Property { .. } if *method == Method::DELETE => "properties/delete",
            Self::Property { .. } => "properties/set",
            Self::Quota => "account/quota",
            Self::Restore(_) => "trash/restore",
            Self::Storage(_) => "storage",
            Self::TempLink(_) => "templink",
            Self::Trash if read => "trash/list",
            Self::Trash => "bulk/trash",
            Self::Trashed(_) => "trash/add",
            Self::Unknown => "unknown",
            Self::Upload => "content/upload",
            Self::Usage => "account/usage",
        }
    }

    /// Whether the content host answers.
    pub(crate) fn is_content(&self) -> bool {
        matches!(self, Self::Content(_) | Self::Upload)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_their_routes() {
        let id = || "-a_b".to_owned();
        let rows = [
            ("/drive/v1/account/endpoint", Route::Endpoint),
            ("/drive/v1//nodes", Route::Nodes),
            ("/drive/v1/nodes/-a_b", Route::Node(id())),
            ("/drive/v1/nodes/-a_b/children", Route::Children(id())),
            ("/drive/v1/trash/-a_b/restore", Route::Restore(id())),
            ("/cdproxy/nodes/-a_b/content", Route::Content(id())),
            ("/storage/-a_b", Route::Storage(id())),
            ("/drive/v1/nodes/-a_b/properties//k", Route::Unknown),
            ("/drive/v1/nodes/", Route::Unknown),
            ("/drive/v1/other", Route::Unknown),
            ("/", Route::Unknown),
        ];
        for (path, expected) in rows {
            assert_eq!(find(path), expected, "{path}");
        }
    }
}
