//! For implementors of remotes: between paths of the contract and paths of a service that stores encoded names.

use std::borrow::Cow;

use crate::{
    encoding::Encoding,
    error::{Error, ErrorKind, Result},
    path::RemotePath,
};

/// Translates paths below the root of a remote into paths of the mount and back.
#[derive(Clone, Debug)]
pub struct PathMap {
    root: RemotePath,
    encoding: Encoding,
}

impl PathMap {
    /// A map for a root, the names of which are encoded like those of paths below it.
    #[must_use]
    pub fn new(root: RemotePath, encoding: Encoding) -> Self {
        Self { root, encoding }
    }

    /// The root.
    #[must_use]
    pub fn root(&self) -> &RemotePath {
        &self.root
    }

    /// The path on the service: begins with `/`, does not end with one except for the top of the service.
    ///
    /// # Errors
    ///
    /// [`InvalidName`](ErrorKind::InvalidName) for a name that the encoding leaves unsafe: not UTF-8, a dot segment, or with a slash.
    pub fn to_server(&self, path: &RemotePath) -> Result<String> {
        let mut server =
            String::with_capacity(self.root.as_bytes().len() + path.as_bytes().len() + 2);
        for segment in self.root.segments().chain(path.segments()) {
            server.push('/');
            server.push_str(
                &self
                    .segment_to_server(segment)
                    .map_err(|error| error.with_path(path))?,
            );
        }
        if server.is_empty() {
            server.push('/');
        }
        Ok(server)
    }

    fn segment_to_server<'a>(&self, segment: &'a [u8]) -> Result<Cow<'a, str>> {
        let stored = match self.encoding.from_standard_name(segment) {
            Cow::Borrowed(bytes) => std::str::from_utf8(bytes).map(Cow::Borrowed),
            Cow::Owned(bytes) => match String::from_utf8(bytes) {
                Ok(text) => Ok(Cow::Owned(text)),
                Err(error) => Err(error.utf8_error()),
            },
        };
        let stored = stored.map_err(|error| {
            invalid_name("the name is not UTF-8, which this service cannot store")
                .with_help("add InvalidUtf8 to the option encoding")
                .with_source(error)
        })?;
        match &*stored {
            "" | "." | ".." => Err(invalid_name("the service cannot store this name")
                .with_help("add Dot to the option encoding")),
            name if name.contains('/') => Err(invalid_name(
                "the name has a slash of its own, which this service cannot store",
            )
            .with_help("add Slash to the option encoding")),
            _ => Ok(stored),
        }
    }

    /// The path of an entry of a directory, by the name the service stores.
    ///
    /// # Errors
    ///
    /// [`InvalidName`](ErrorKind::InvalidName) for a name that cannot be part of a path, such as an empty one.
    pub fn child(&self, dir: &RemotePath, stored_name: &str) -> Result<RemotePath> {
        dir.child(&self.encoding.decode(stored_name.as_bytes()))
            .map_err(|error| {
                Error::with_message(
                    ErrorKind::InvalidName,
                    "the service has an entry whose name cannot be used",
                )
                .with_source(error)
                .with_path(dir)
            })
    }

    /// The path below a directory that the service writes as stored names with slashes.
    ///
    /// # Errors
    ///
    /// As [`child`](Self::child).
    pub fn below(&self, dir: &RemotePath, relative: &str) -> Result<RemotePath> {
        let mut path = dir.clone();
        for name in relative.split('/').filter(|name| !name.is_empty()) {
            path = self.child(&path, name)?;
        }
        Ok(path)
    }

    /// Where a path of the service lies, seen from the root of the remote; none if it lies beside it. Compared without regard to case.
    #[must_use]
    pub fn place(&self, server: &str) -> Option<Place> {
        let absolute = self.below(&RemotePath::root(), server).ok()?;
        let mut names = absolute.segments();
        for expected in self.root.segments() {
            let Some(name) = names.next() else {
                return Some(Place::Above);
            };
            if String::from_utf8_lossy(name).to_lowercase()
                != String::from_utf8_lossy(expected).to_lowercase()
            {
                return None;
            }
        }
        let rest: Vec<&[u8]> = names.collect();
        let path = RemotePath::parse_bytes(&rest.join(&b'/')).ok()?;
        Some(if path.is_root() {
            Place::Above
        } else {
            Place::Below(path)
        })
    }
}

/// Where a path of the service lies, seen from the root of a remote.
#[expect(clippy::exhaustive_enums, reason = "there is no third place")]
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Place {
    /// It is the root, or a directory that the root lies in.
    Above,
    /// Below the root.
    Below(RemotePath),
}

/// The parent and the last name of a path of the service; none for the root.
#[must_use]
pub fn split(server: &str) -> Option<(&str, &str)> {
    match server.rsplit_once('/')? {
        (_, "") => None,
        ("", name) => Some(("/", name)),
        (parent, name) => Some((parent, name)),
    }
}

/// The form under which the service takes two paths for the same: lower-cased.
#[must_use]
pub fn fold(server: &str) -> String {
    server.to_lowercase()
}

/// Whether a path lies below another one, without regard to case.
#[must_use]
pub fn is_below(server: &str, dir: &str) -> bool {
    fold(server)
        .strip_prefix(&fold(dir))
        .is_some_and(|rest| rest.starts_with('/'))
}

fn invalid_name(message: &str) -> Error {
    Error::with_message(ErrorKind::InvalidName, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(root: &str) -> PathMap {
        let encoding = "Slash,BackSlash,Del,Ctl,InvalidUtf8,Dot";
        PathMap::new(RemotePath::parse(root).unwrap(), encoding.parse().unwrap())
    }

    fn path(text: &str) -> RemotePath {
        RemotePath::parse(text).unwrap()
    }

    #[test]
    fn paths_go_below_the_root() {
        assert_eq!(map("").to_server(&RemotePath::root()).unwrap(), "/");
        assert_eq!(map("a/b").to_server(&RemotePath::root()).unwrap(), "/a/b");
        assert_eq!(map("a").to_server(&path("x\\y/z")).unwrap(), "/a/x＼y/z");
    }

    #[test]
    fn what_went_out_comes_back() {
        let map = map("Backup/2026");
        for name in [
            &b"a/b"[..],
            b"..",
            b"caf\xe9",
            "‛／".as_bytes(),
            b"back\\slash",
            b"\0",
        ] {
            let path = RemotePath::root().child(name).unwrap();
            let server = map.to_server(&path).unwrap();
            assert_eq!(
                map.place(&server),
                Some(Place::Below(path.clone())),
                "{server}"
            );
            assert_eq!(
                map.child(&RemotePath::root(), split(&server).unwrap().1)
                    .unwrap(),
                path
            );
        }
    }

    #[test]
    fn the_root_is_found_in_any_case() {
        assert_eq!(
            map("Backup").place("/BACKUP/x"),
            Some(Place::Below(path("x")))
        );
        assert_eq!(map("Backup").place("/other/x"), None);
        assert_eq!(map("Backup").place("/"), Some(Place::Above));
    }

    #[test]
    fn names_the_encoding_leaves_unsafe_are_refused() {
        let none = PathMap::new(RemotePath::root(), Encoding::NONE);
        for name in [&b"a/b"[..], b"..", b"caf\xe9"] {
            let path = RemotePath::root().child(name).unwrap();
            assert_eq!(
                none.to_server(&path).unwrap_err().kind(),
                ErrorKind::InvalidName
            );
        }
    }

    #[test]
    fn splitting_keeps_the_root() {
        assert_eq!(split("/a/b"), Some(("/a", "b")));
        assert_eq!(split("/a"), Some(("/", "a")));
        assert_eq!(split("/"), None);
    }
}
