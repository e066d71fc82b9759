//! Entries as lines of JSON.

use std::io::Write as _;

use remote_core::{capabilities::Capabilities, entry::Entry, path::RemotePath};

use super::{
    json::{Clock, push_number, push_string},
    listing::Lsjson,
    media_type::MediaTypes,
};
use crate::{console::Console, program::Result};

/// The services whose ids rclone shows.
const SERVICES_WITH_IDS: [&str; 1] = ["amazon cloud drive"];

/// The services whose media types rclone shows, as far as they tell them; others follow from the name.
const SERVICES_WITH_TYPES: [&str; 2] = ["amazon cloud drive", "jottacloud"];

/// Prints entries as rclone does: one object per line, in one buffer that is used again.
pub(super) struct Lines<'a> {
    wanted: &'a Lsjson,
    clock: Clock,
    directory_times: bool,
    ids: bool,
    types_of_service: bool,
    types: Option<MediaTypes>,
    line: Vec<u8>,
    is_first: bool,
}

impl<'a> Lines<'a> {
    pub(super) fn new(wanted: &'a Lsjson, capabilities: &Capabilities) -> Self {
        Self {
            wanted,
            clock: Clock::local(capabilities.time_precision),
            directory_times: capabilities.directory_times,
            ids: SERVICES_WITH_IDS.contains(&capabilities.service),
            types_of_service: SERVICES_WITH_TYPES.contains(&capabilities.service),
            types: (!wanted.no_mimetype).then(MediaTypes::of_system),
            line: Vec::new(),
            is_first: true,
        }
    }

    pub(super) fn print(
        &mut self,
        shown: &RemotePath,
        entry: &Entry,
        console: &mut Console,
    ) -> Result {
        self.line.clear();
        let before: &[u8] = if self.is_first { b"[\n" } else { b",\n" };
        self.line.extend_from_slice(before);
        self.is_first = false;
        self.object(shown, entry, Layout::LINE);
        Ok(console.out.write_all(&self.line)?)
    }

    pub(super) fn finish(&mut self, console: &mut Console) -> Result {
        let end: &[u8] = if self.is_first { b"[\n]\n" } else { b"\n]\n" };
        Ok(console.out.write_all(end)?)
    }

    /// One entry by itself: its path is its name, and that of a folder is empty.
    pub(super) fn print_alone(&mut self, entry: &Entry, console: &mut Console) -> Result {
        let base = match entry.path.parent() {
            Some(parent) if entry.is_file() => parent,
            _ => entry.path.clone(),
        };
        let shown = entry.path.strip_prefix(&base).unwrap_or_default();
        self.line.clear();
        self.object(&shown, entry, Layout::INDENTED);
        self.line.push(b'\n');
        Ok(console.out.write_all(&self.line)?)
    }

    fn object(&mut self, shown: &RemotePath, entry: &Entry, layout: Layout) {
        self.line.push(b'{');
        self.member("Path", layout, true);
        push_string(&mut self.line, shown.as_bytes());
        self.member("Name", layout, false);
        push_string(&mut self.line, shown.name().unwrap_or_default());
        self.member("Size", layout, false);
        match entry.size {
            Some(size) if entry.is_file() => push_number(&mut self.line, size),
            _ => self.line.extend_from_slice(b"-1"),
        }
        self.media_type(shown, entry, layout);
        self.member("ModTime", layout, false);
        self.line.push(b'"');
        if !self.wanted.no_modtime {
            let kept = entry.is_file() || self.directory_times;
            let modified = entry.modified.filter(|_| kept);
            self.clock.push(&mut self.line, modified);
        }
        self.line.push(b'"');
        self.member("IsDir", layout, false);
        let is_dir: &[u8] = if entry.is_directory() {
            b"true"
        } else {
            b"false"
        };
        self.line.extend_from_slice(is_dir);
        self.hashes(entry, layout);
        if let Some(id) = entry.id.as_deref().filter(|_| self.ids) {
            self.member("ID", layout, false);
            push_string(&mut self.line, id.as_bytes());
        }
        self.line.extend_from_slice(layout.close);
    }

    fn media_type(&mut self, shown: &RemotePath, entry: &Entry, layout: Layout) {
        if self.wanted.no_mimetype {
            return;
        }
        self.member("MimeType", layout, false);
        let name = String::from_utf8_lossy(shown.name().unwrap_or_default());
        let told = entry.content_type.as_deref();
        let told = told.filter(|told| self.types_of_service && !told.is_empty());
        let media_type = match (told, &self.types) {
            (Some(told), _) if entry.is_file() => told,
            (None, Some(types)) if entry.is_file() => types.of(&name),
            _ => "inode/directory",
        };
        push_string(&mut self.line, media_type.as_bytes());
    }

    fn hashes(&mut self, entry: &Entry, layout: Layout) {
        let hash = entry.hash.as_ref();
        let Some(hash) = hash.filter(|hash| self.wanted.shows(hash.algorithm())) else {
            return;
        };
        self.member("Hashes", layout, false);
        self.line.push(b'{');
        self.line.extend_from_slice(layout.nested);
        push_string(&mut self.line, hash.algorithm().name().as_bytes());
        self.line.extend_from_slice(layout.colon);
        self.line.push(b'"');
        for byte in hash.as_bytes() {
            for digit in [byte >> 4, byte & 15] {
                let digit = char::from_digit(digit.into(), 16).unwrap_or_default();
                self.line.push(u8::try_from(digit).unwrap_or_default());
            }
        }
        self.line.push(b'"');
        self.line.extend_from_slice(layout.close_nested);
    }

    fn member(&mut self, name: &str, layout: Layout, is_first: bool) {
        if !is_first {
            self.line.push(b',');
        }
        self.line.extend_from_slice(layout.before);
        self.line.push(b'"');
        self.line.extend_from_slice(name.as_bytes());
        self.line.push(b'"');
        self.line.extend_from_slice(layout.colon);
    }
}

/// White space in JSON.
#[derive(Clone, Copy)]
struct Layout {
    before: &'static [u8],
    colon: &'static [u8],
    close: &'static [u8],
    nested: &'static [u8],
    close_nested: &'static [u8],
}

impl Layout {
    const LINE: Self = Self {
        before: b"",
        colon: b":",
        close: b"}",
        nested: b"",
        close_nested: b"}",
    };
    const INDENTED: Self = Self {
        before: b"\n\t",
        colon: b": ",
        close: b"\n}",
        nested: b"\n\t\t",
        close_nested: b"\n\t}",
    };
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use remote_core::hash::{HashAlgorithm, HashValue};

    use super::{super::listing::Depth, *};

    fn path(text: &str) -> RemotePath {
        RemotePath::parse(text).unwrap()
    }

    fn wanted() -> Lsjson {
        Lsjson {
            place: "".into(),
            recursive: false,
            hash: true,
            hash_type: Vec::new(),
            stat: false,
            files_only: false,
            dirs_only: false,
            no_modtime: false,
            no_mimetype: false,
            depth: Depth::ALL,
        }
    }

    fn lines(wanted: &Lsjson) -> Lines<'_> {
        let capabilities = Capabilities::minimal("test");
        let mut lines = Lines::new(wanted, &capabilities);
        let precision = Some(Duration::from_millis(1));
        lines.clock = Clock::in_zone(jiff::tz::TimeZone::UTC, precision);
        lines.types = lines.types.map(|_| MediaTypes::built_in());
        lines
    }

    fn file() -> Entry {
        let at = SystemTime::UNIX_EPOCH + Duration::from_millis(1_767_323_045_678);
        Entry::file(path("d/a.txt"), 2)
            .with_modified(Some(at))
            .with_hash(Some(HashValue::of(HashAlgorithm::Md5, b"hi")))
    }

    // As rclone 1.75.2 prints them.
    #[test]
    fn entries_are_printed_like_rclone_prints_them() {
        let (mut console, out, _err) = Console::captured(b"");
        let wanted = wanted();
        let mut lines = lines(&wanted);
        lines.print(&path("a.txt"), &file(), &mut console).unwrap();
        let folder = Entry::directory(path("d/sub"));
        lines.print(&path("sub"), &folder, &mut console).unwrap();
        lines.finish(&mut console).unwrap();
        assert_eq!(
            out.text(),
            concat!(
                "[\n",
                r#"{"Path":"a.txt","Name":"a.txt","Size":2,"MimeType":"text/plain; charset=utf-8","ModTime":"2026-01-02T03:04:05.678Z","IsDir":false,"Hashes":{"md5":"49f68a5c8493ec2c0bf489821c21fc3b"}},"#,
                "\n",
                r#"{"Path":"sub","Name":"sub","Size":-1,"MimeType":"inode/directory","ModTime":"2000-01-01T00:00:00.000Z","IsDir":true}"#,
                "\n]\n"
            )
        );
    }

    #[test]
    fn ids_are_shown_where_rclone_shows_them() {
        let mut entry = file();
        entry.id = Some("an id".into());
        for (service, shown) in [("amazon cloud drive", true), ("test", false)] {
            let (mut console, out, _err) = Console::captured(b"");
            let wanted = wanted();
            let capabilities = Capabilities::minimal(service);
            let mut lines = Lines::new(&wanted, &capabilities);
            lines.print(&path("a.txt"), &entry, &mut console).unwrap();
            let end = out.text().ends_with(r#""},"ID":"an id"}"#);
            assert_eq!(end, shown, "{service}: {}", out.text());
        }
    }

    #[test]
    fn media_types_are_those_of_the_service_where_rclone_shows_them() {
        let mut entry = file();
        entry.content_type = Some("text/x-told".into());
        for (service, shown) in [
            ("amazon cloud drive", "text/x-told"),
            ("jottacloud", "text/x-told"),
            ("koofr", "text/plain; charset=utf-8"),
        ] {
            let (mut console, out, _err) = Console::captured(b"");
            let wanted = wanted();
            let mut lines = Lines::new(&wanted, &Capabilities::minimal(service));
            lines.print(&path("a.txt"), &entry, &mut console).unwrap();
            let member = format!(r#""MimeType":"{shown}""#);
            assert!(out.text().contains(&member), "{service}: {}", out.text());
        }
    }

    #[test]
    fn hashes_of_other_types_are_left_out() {
        for (types, shown) in [
            (&["md5"][..], true),
            (&["MD5", "sha1"], true),
            (&["sha1"], false),
        ] {
            let (mut console, out, _err) = Console::captured(b"");
            let mut wanted = wanted();
            wanted.hash = false;
            wanted.hash_type = types.iter().map(|&name| name.to_owned()).collect();
            let mut lines = lines(&wanted);
            lines.print(&path("a.txt"), &file(), &mut console).unwrap();
            assert_eq!(out.text().contains("Hashes"), shown, "{types:?}");
        }
    }

    #[test]
    fn one_entry_is_indented() {
        let (mut console, out, _err) = Console::captured(b"");
        let wanted = wanted();
        lines(&wanted).print_alone(&file(), &mut console).unwrap();
        let text = out.text();
        assert!(
            text.starts_with("{\n\t\"Path\": \"a.txt\",\n\t\"Name\": \"a.txt\",\n"),
            "{text}"
        );
        assert!(
            text.ends_with(
                "\t\"Hashes\": {\n\t\t\"md5\": \"49f68a5c8493ec2c0bf489821c21fc3b\"\n\t}\n}\n"
            ),
            "{text}"
        );
    }

    #[test]
    fn an_empty_listing_is_an_empty_array() {
        let (mut console, out, _err) = Console::captured(b"");
        lines(&wanted()).finish(&mut console).unwrap();
        assert_eq!(out.text(), "[\n]\n");
    }
}
