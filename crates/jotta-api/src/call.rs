//! What a method asks for, before it becomes a request: built again for every attempt.

use bytes::Bytes;
use http::Method;
use remote_core::{
    error::{Error, ErrorKind},
    http::{Query, escaped},
};
use serde::Serialize;
use url::Url;

use crate::{addresses::Addresses, error::classify::Asked, location::Location};

/// Below which address a call goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Base {
    /// The JSON interface.
    Api,
    /// The tree of the user in the XML interface.
    Jfs,
    /// The root of the host of the XML interface.
    JfsHost,
    /// The tree of the user on the host for uploads in one request.
    Uploads,
}

/// One call of the service.
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) base: Base,
    pub(crate) label: &'static str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) json: Option<Bytes>,
    /// Repeating the very same request does no harm.
    pub(crate) repeatable: bool,
    pub(crate) asked: Asked,
    /// Everybody may call it: no token is sent.
    pub(crate) anonymous: bool,
    path: String,
    query: Query,
    /// The address names this user in a value; filled in when the request is made.
    destination: Option<(&'static str, Location)>,
    invalid: Option<Error>,
}

impl Call {
    /// A call that only reads.
    pub(crate) fn get(base: Base, label: &'static str) -> Self {
        Self {
            method: Method::GET,
            base,
            label,
            headers: Vec::new(),
            json: None,
            repeatable: true,
            asked: Asked::default(),
            anonymous: false,
            path: String::new(),
            query: Query::default(),
            destination: None,
            invalid: None,
        }
    }

    /// A call that changes something; one attempt, unless [`repeatable`](Self::repeatable) is called. It has neither body nor content type: with
    /// one, the service takes a command for an upload.
    pub(crate) fn post(base: Base, label: &'static str) -> Self {
        let mut call = Self::get(base, label);
        call.method = Method::POST;
        call.repeatable = false;
        call.asked.changes = true;
        call
    }

    /// Marks a change whose repetition has the same result as doing it once.
    pub(crate) fn repeatable(mut self) -> Self {
        self.repeatable = true;
        self
    }

    /// Marks a call that needs no token.
    pub(crate) fn anonymous(mut self) -> Self {
        self.anonymous = true;
        self
    }

    /// Marks a reading address that changes something nevertheless.
    pub(crate) fn changes(mut self) -> Self {
        self.asked.changes = true;
        self
    }

    /// Appends fixed segments, such as `files/v1/allocate`.
    pub(crate) fn at(mut self, segments: &str) -> Self {
        self.path.push('/');
        self.path.push_str(segments);
        self
    }

    /// Appends one segment with a value of the caller.
    pub(crate) fn segment(mut self, value: &str) -> Self {
        if matches!(value, "" | "." | "..") || value.contains('/') {
            self.invalid = Some(Error::with_message(
                ErrorKind::InvalidName,
                format!("{value:?} cannot be part of an address"),
            ));
        }
        self.path.push_str(&format!("/{}", escaped(value)));
        self
    }

    /// Appends a place.
    pub(crate) fn place(mut self, place: &Location) -> Self {
        self.asked.names = true;
        if let Err(error) = place.check() {
            self.invalid = Some(error);
        }
        for segment in place.segments() {
            self.path.push_str(&format!("/{}", escaped(segment)));
        }
        self
    }

    /// A place that is changed: not one on a view.
    pub(crate) fn change(self, place: &Location) -> Self {
        let mut call = self.place(place);
        if let Err(error) = place.check_writable() {
            call.invalid = Some(error);
        }
        call
    }

    /// A place that is removed or moved as a whole: not the mount point.
    pub(crate) fn take_away(self, place: &Location) -> Self {
        let mut call = self.change(place);
        if place.is_mount_point() {
            call.invalid = Some(Error::with_message(
                ErrorKind::InvalidInput,
                "a mount point cannot be removed or moved like a folder",
            ));
        }
        call
    }

    /// Adds a command or parameter.
    pub(crate) fn query(mut self, key: &str, value: &str) -> Self {
        self.query.add(key, value);
        self
    }

    /// Adds a command with the place that it leads to.
    pub(crate) fn to(mut self, command: &'static str, place: &Location) -> Self {
        let checked = place.check().and_then(|()| place.check_writable());
        if let Err(error) = checked {
            self.invalid = Some(error);
        }
        self.destination = Some((command, place.clone()));
        self
    }

    /// Adds a header.
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Sets a body of JSON.
    pub(crate) fn json(mut self, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(bytes) => self.json = Some(bytes.into()),
            Err(error) => {
                self.invalid = Some(
                    Error::with_message(ErrorKind::InvalidInput, "the values cannot be sent")
                        .with_source(error),
                );
            }
        }
        self
    }

    /// What is wrong with the arguments, if anything; found before anything is sent.
    pub(crate) fn take_invalid(&mut self) -> Option<Error> {
        self.invalid.take()
    }

    /// Whether the address needs the name of the user.
    pub(crate) fn needs_user(&self) -> bool {
        matches!(self.base, Base::Jfs | Base::Uploads) || self.destination.is_some()
    }

    /// The address.
    pub(crate) fn url(&self, addresses: &Addresses, user: &str) -> Url {
        let user_segment = escaped(user);
        let of_user = || format!("/{user_segment}{}", self.path);
        let (mut url, path) = match self.base {
            Base::Api => (addresses.api.clone(), self.path.clone()),
            Base::Jfs => (addresses.jfs.clone(), of_user()),
            Base::Uploads => (addresses.uploads.clone(), of_user()),
            Base::JfsHost => {
                let mut root = addresses.jfs.clone();
                root.set_path("/");
                (root, self.path.clone())
            }
        };
        url.set_path(&format!("{}{path}", url.path().trim_end_matches('/')));
        let mut query = self.query.clone();
        if let Some((command, place)) = &self.destination {
            query = Query::default();
            query.add(command, &place.with_user(user));
        }
        url.set_query(query.as_str());
        url
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(call: &Call) -> String {
        call.url(&Addresses::default(), "u1").to_string()
    }

    // Specification of the service, section 7.
    #[test]
    fn names_are_escaped_down_to_unreserved_characters() {
        let place = Location::new("Jotta", "Archive");
        for (name, escaped) in [
            ("a b+c#d.txt", "a%20b%2Bc%23d.txt"),
            ("é", "%C3%A9"),
            ("R&D;x=1@2.txt", "R%26D%3Bx%3D1%402.txt"),
            ("a：b％20", "a%EF%BC%9Ab%EF%BC%8520"),
        ] {
            let call = Call::get(Base::Jfs, "t").place(&place.below(name));
            assert_eq!(
                url(&call),
                format!("https://jfs.jottacloud.com/jfs/u1/Jotta/Archive/{escaped}")
            );
        }
    }

    #[test]
    fn a_destination_is_escaped_once_with_its_slashes() {
        let root = Location::new("Jotta", "Archive");
        let call = Call::post(Base::Jfs, "t")
            .take_away(&root.below("x"))
            .to("mv", &root.below("a b+c&é/x"));
        assert_eq!(
            url(&call),
            "https://jfs.jottacloud.com/jfs/u1/Jotta/Archive/x?mv=%2Fu1%2FJotta%2FArchive%2Fa%20b%2Bc%26%C3%A9%2Fx"
        );
    }

    #[test]
    fn what_must_not_be_sent_is_found_before() {
        let root = Location::new("Jotta", "Archive");
        let invalid = |mut call: Call| call.take_invalid().map(|error| error.kind());
        let post = || Call::post(Base::Jfs, "t");
        assert_eq!(
            invalid(post().take_away(&root)),
            Some(ErrorKind::InvalidInput)
        );
        assert_eq!(invalid(post().change(&root)), None);
        assert_eq!(
            invalid(post().place(&root.at("../x"))),
            Some(ErrorKind::InvalidName)
        );
        let trash = Location::new("Jotta", "Trash").below("x");
        assert_eq!(
            invalid(post().change(&trash)),
            Some(ErrorKind::PermissionDenied)
        );
        assert_eq!(
            invalid(post().take_away(&root.below("x")).to("mv", &trash)),
            Some(ErrorKind::PermissionDenied)
        );
        assert_eq!(invalid(post().segment("a/b")), Some(ErrorKind::InvalidName));
    }
}
