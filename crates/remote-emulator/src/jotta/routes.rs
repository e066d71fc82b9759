//! Which address leads where. Paths alone decide, whatever the host: those of the real hosts do not overlap.

use hyper::Method;

/// Where a request goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Route<'p> {
    /// An album of the account, by its id.
    Album(&'p str),
    Allocate,
    Customer,
    /// The path below `/jfs/`, still encoded.
    Jfs(&'p str),
    /// A photo or a preview of one, by the name of its address.
    Photo(&'p str),
    /// Account and identifier of a public link, and what is wanted of it.
    Public(Use, &'p str, &'p str),
    /// A shared album: its name, and where to go on in it.
    PublicAlbum(&'p str, &'p str),
    PurgeTrash,
    /// The page a public link leads to.
    SharePage(&'p str),
    /// Account and ticket.
    Socket(&'p str, &'p str),
    Ticket(&'p str),
    Unknown,
    Upload(&'p str),
}

/// What is wanted of a public link.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Use {
    Download,
    /// To be looked at while it comes.
    Stream,
    /// A preview.
    Thumbnail,
}

const PUBLIC: [(&str, Use); 4] = [
    ("/opin/io/downloadPublic/", Use::Download),
    ("/opin/io/streamPublic/", Use::Stream),
    ("/opin/io/publicThumb/", Use::Thumbnail),
    ("/p/", Use::Download),
];

pub(crate) fn find(path: &str) -> Route<'_> {
    match path {
        "/files/v1/allocate" => return Route::Allocate,
        "/files/v1/purge_trash" => return Route::PurgeTrash,
        "/account/v1/customer" => return Route::Customer,
        "/jfs" => return Route::Jfs(""),
        _ => {}
    }
    if let Some(rest) = path.strip_prefix("/jfs/") {
        return Route::Jfs(rest);
    }
    if let Some(id) = path.strip_prefix("/upload/") {
        return Route::Upload(id);
    }
    if let Some(rest) = path.strip_prefix("/photos/") {
        return photos(rest);
    }
    for (prefix, wanted) in PUBLIC {
        let pair = path.strip_prefix(prefix);
        if let Some((user, uri)) = pair.and_then(|rest| rest.split_once('/')) {
            return Route::Public(wanted, user, uri);
        }
    }
    if path.starts_with("/s/") {
        return Route::SharePage(path.get(1..).unwrap_or_default());
    }
    if let Some((user, ticket)) = path
        .strip_prefix("/ws/")
        .and_then(|rest| rest.split_once('/'))
    {
        return Route::Socket(user, ticket);
    }
    let ticket = path
        .strip_prefix("/rest/token/")
        .and_then(|rest| rest.strip_suffix("/createToken"));
    ticket.map_or(Route::Unknown, Route::Ticket)
}

/// An address of the interface for albums.
fn photos(rest: &str) -> Route<'_> {
    if let Some(id) = rest.strip_prefix("v1/albums/") {
        return Route::Album(id);
    }
    if let Some(key) = rest.strip_prefix("content/") {
        return Route::Photo(key);
    }
    let page = rest
        .strip_prefix("v1/public/")
        .and_then(|page| page.split_once('/'));
    page.map_or(Route::Unknown, |(share, cursor)| {
        Route::PublicAlbum(share, cursor)
    })
}

/// What a POST to the JFS interface asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Command {
    Copy,
    CreateDevice,
    CreateMount,
    HashCopy,
    MakeDir,
    MoveDir,
    MoveFile,
    Remove,
    RemoveDir,
    Trash,
    TrashDir,
    Unknown,
    Upload,
}

/// The command of a POST and its value. The kind of body decides before the query, as it does in the service.
pub(crate) fn command(path: &str, query: &str, content_type: &str) -> (Command, String) {
    let pairs: Vec<(String, String)> = crate::query::pairs(query).collect();
    let value = |name: &str| {
        let found = pairs.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.clone())
    };
    let content_type = content_type.to_ascii_lowercase();
    let is_file = segments(path) > 3;
    let raw = content_type.starts_with("application/octet-stream") && is_file;
    if content_type.starts_with("multipart/") {
        return (Command::Upload, "multipart".to_owned());
    }
    if let Some(mode) = value("umode").or_else(|| raw.then(String::new)) {
        return (Command::Upload, mode);
    }
    let known = [
        ("mkDir", Command::MakeDir),
        ("dl", Command::Trash),
        ("rm", Command::Remove),
        ("dlDir", Command::TrashDir),
        ("rmDir", Command::RemoveDir),
        ("mv", Command::MoveFile),
        ("mvDir", Command::MoveDir),
        ("cp", Command::Copy),
        ("cphash", Command::HashCopy),
        ("type", Command::CreateDevice),
    ];
    for (name, command) in known {
        if let Some(value) = value(name) {
            return (command, value);
        }
    }
    if query.is_empty() && segments(path) == 3 {
        return (Command::CreateMount, String::new());
    }
    (Command::Unknown, String::new())
}

/// How many names a path below `/jfs/` has, the user included.
fn segments(path: &str) -> usize {
    let path = path.strip_suffix('/').unwrap_or(path);
    if path.is_empty() {
        0
    } else {
        path.split('/').count()
    }
}

/// The stable name of the endpoint a request goes to.
pub(crate) fn label(method: &Method, path: &str, query: &str) -> &'static str {
    match find(path) {
        Route::Album(_) => "photos/album",
        Route::Allocate => "files/allocate",
        Route::Customer => "account/customer",
        Route::Jfs(rest) if method == Method::POST => command_label(rest, query),
        Route::Jfs(rest) => read_label(rest, query),
        Route::Photo(_) => "photos/content",
        Route::Public(Use::Download, ..) => "public/download",
        Route::Public(Use::Stream, ..) => "public/stream",
        Route::Public(Use::Thumbnail, ..) => "public/thumb",
        Route::PublicAlbum(..) => "photos/public",
        Route::PurgeTrash => "files/purge_trash",
        Route::SharePage(_) => "public/page",
        Route::Socket(..) => "ws",
        Route::Ticket(_) => "rest/token",
        Route::Unknown => "unknown",
        Route::Upload(_) => "upload",
    }
}

fn command_label(path: &str, query: &str) -> &'static str {
    match command(path, query, "").0 {
        Command::Copy => "jfs/cp",
        Command::CreateDevice => "jfs/create-device",
        Command::CreateMount => "jfs/create-mountpoint",
        Command::HashCopy => "jfs/cphash",
        Command::MakeDir => "jfs/mkDir",
        Command::MoveDir => "jfs/mvDir",
        Command::MoveFile => "jfs/mv",
        Command::Remove => "jfs/rm",
        Command::RemoveDir => "jfs/rmDir",
        Command::Trash => "jfs/dl",
        Command::TrashDir => "jfs/dlDir",
        Command::Unknown => "jfs/post",
        Command::Upload => "jfs/upload",
    }
}

fn read_label(path: &str, query: &str) -> &'static str {
    let mode = crate::query::pairs(query).find(|(key, _)| key == "mode");
    match mode.as_ref().map(|(_, mode)| mode.as_str()) {
        None => match segments(path) {
            0 | 1 => "jfs/account",
            2 => "jfs/device",
            _ => "jfs/info",
        },
        Some("bin") => "jfs/bin",
        Some("disableShare") => "jfs/disableShare",
        Some("enableShare") => "jfs/enableShare",
        Some("list") => "jfs/list",
        Some("liststream") => "jfs/liststream",
        Some("thumb") => "jfs/thumb",
        Some(_) => "jfs/mode",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_have_stable_names() {
        let rows = [
            ("GET", "/jfs/u", "", "jfs/account"),
            ("GET", "/jfs/u/Jotta", "", "jfs/device"),
            ("GET", "/jfs/u/Jotta/Archive/", "", "jfs/info"),
            ("GET", "/jfs/u/Jotta/Archive/a", "mode=bin", "jfs/bin"),
            (
                "GET",
                "/jfs/u/Jotta/Archive",
                "mode=liststream",
                "jfs/liststream",
            ),
            ("POST", "/jfs/u/PC", "type=WORKSTATION", "jfs/create-device"),
            ("POST", "/jfs/u/PC/Set", "", "jfs/create-mountpoint"),
            ("POST", "/jfs/u/PC/Set/a", "mkDir=true", "jfs/mkDir"),
            ("POST", "/jfs/u/PC/Set/a/", "mvDir=%2Fu", "jfs/mvDir"),
            ("POST", "/jfs/u/PC/Set/a", "", "jfs/post"),
            ("POST", "/files/v1/allocate", "", "files/allocate"),
            ("POST", "/upload/1", "", "upload"),
            ("GET", "/opin/io/downloadPublic/u/x", "", "public/download"),
            ("GET", "/opin/io/streamPublic/u/x", "", "public/stream"),
            ("GET", "/opin/io/publicThumb/u/x", "", "public/thumb"),
            ("GET", "/p/u/x", "", "public/download"),
            ("GET", "/photos/v1/public/s/", "limit=1", "photos/public"),
            ("GET", "/photos/v1/public/s/17", "", "photos/public"),
            ("GET", "/photos/v1/albums/a", "", "photos/album"),
            ("GET", "/photos/content/k.s", "", "photos/content"),
            ("GET", "/photos/v1/public/s", "", "unknown"),
            ("GET", "/nothing", "", "unknown"),
        ];
        for (method, path, query, expected) in rows {
            let method = method.parse().unwrap();
            assert_eq!(label(&method, path, query), expected, "{path}?{query}");
        }
    }

    #[test]
    fn a_body_of_bytes_makes_any_command_an_upload() {
        let command = |path, query, kind| command(path, query, kind).0;
        let bytes = "application/octet-stream";
        assert_eq!(command("u/d/m/f", "dl=true", bytes), Command::Upload);
        assert_eq!(command("u/d/m", "dl=true", bytes), Command::Trash);
        assert_eq!(
            command("u/d/m/f", "", "multipart/form-data; boundary=x"),
            Command::Upload
        );
        assert_eq!(command("u/d/m/f", "umode=nomultipart", ""), Command::Upload);
    }
}
