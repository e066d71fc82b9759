//! Media types by file extension, as rclone finds them.
//!
//! rclone asks the table of its language first, then the one of the system, then a few additions of its own.

use std::{
    collections::HashMap,
    fs::File,
    io::{BufRead as _, BufReader},
    path::Path,
};

/// The type of a file nothing is known about.
const UNKNOWN: &str = "application/octet-stream";

/// Where systems keep their table; the first that can be read counts.
const SYSTEM_TABLES: [&str; 2] = ["/usr/local/share/mime/globs2", "/usr/share/mime/globs2"];

/// The longest line that is looked at; the lines of the table are short.
const MAX_LINE_BYTES: usize = 1024;

/// Media types by extension.
#[derive(Debug)]
pub(super) struct MediaTypes {
    exact: HashMap<Box<str>, Box<str>>,
    lower: HashMap<Box<str>, Box<str>>,
}

impl MediaTypes {
    /// The types that every installation knows.
    #[cfg(test)]
    pub(super) fn built_in() -> Self {
        let mut types = Self::first();
        types.add_last();
        types
    }

    /// The types that rclone knows on this machine.
    pub(super) fn of_system() -> Self {
        let mut types = Self::first();
        for table in SYSTEM_TABLES {
            if types.read(Path::new(table)).is_ok() {
                break;
            }
        }
        types.add_last();
        types
    }

    /// The type of a file with this name.
    pub(super) fn of(&self, name: &str) -> &str {
        let Some((_, extension)) = name.rsplit_once('.') else {
            return UNKNOWN;
        };
        if let Some(known) = self.exact.get(extension) {
            return known;
        }
        // Nearly all names are found above, without making a copy.
        let lower = extension.to_lowercase();
        self.lower.get(&*lower).map_or(UNKNOWN, |known| known)
    }

    fn first() -> Self {
        let mut types = Self {
            exact: HashMap::new(),
            lower: HashMap::new(),
        };
        for (extensions, media_type) in BUILT_IN {
            for extension in extensions.split(' ') {
                types.set(extension, media_type);
            }
        }
        types
    }

    fn add_last(&mut self) {
        for (extension, media_type) in OVERRIDES {
            self.set(extension, media_type);
        }
        for (extensions, media_type) in ADDED_LAST {
            for extension in extensions.split(' ') {
                if !self.exact.contains_key(extension) {
                    self.set(extension, media_type);
                }
            }
        }
    }

    fn set(&mut self, extension: &str, media_type: &str) {
        let media_type: Box<str> = match media_type.starts_with("text/") {
            // Also puts it in lower case, as rclone does by the way.
            true => format!("{}; charset=utf-8", media_type.to_lowercase()).into(),
            false => media_type.into(),
        };
        self.lower
            .insert(extension.to_lowercase().into(), media_type.clone());
        self.exact.insert(extension.into(), media_type);
    }

    /// Lines are `weight:type:glob`, the best first.
    fn read(&mut self, table: &Path) -> std::io::Result<()> {
        for line in BufReader::new(File::open(table)?).split(b'\n') {
            let line = line?;
            if line.len() > MAX_LINE_BYTES || line.starts_with(b"#") {
                continue;
            }
            let line = String::from_utf8_lossy(&line);
            let mut fields = line.split(':');
            let (Some(_weight), Some(media_type), Some(glob)) =
                (fields.next(), fields.next(), fields.next())
            else {
                continue;
            };
            match glob.strip_prefix("*.") {
                Some(extension)
                    if !extension.is_empty()
                        && !extension.contains(['?', '*', '['])
                        && !self.exact.contains_key(extension) =>
                {
                    self.set(extension, media_type);
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Found out by listing files of all extensions with rclone 1.75.2 where there is no table of the system.
const BUILT_IN: &[(&str, &str)] = &[
    ("ai eps ps", "application/postscript"),
    ("apk", "application/vnd.android.package-archive"),
    ("apng", "image/apng"),
    ("avif", "image/avif"),
    ("bmp", "image/bmp"),
    ("css", "text/css"),
    ("csv", "text/csv"),
    ("doc", "application/msword"),
    (
        "docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    ("eml", "message/rfc822"),
    ("epub", "application/epub+zip"),
    ("exe", UNKNOWN),
    ("flac", "audio/flac"),
    ("gif", "image/gif"),
    ("gz", "application/gzip"),
    ("htm html shtml", "text/html"),
    ("ico", "image/vnd.microsoft.icon"),
    ("ics", "text/calendar"),
    ("jfif jpeg jpg", "image/jpeg"),
    ("js mjs", "text/javascript"),
    ("json", "application/json"),
    ("m4a", "audio/mp4"),
    ("md", "text/markdown"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("odp", "application/vnd.oasis.opendocument.presentation"),
    ("ods", "application/vnd.oasis.opendocument.spreadsheet"),
    ("odt", "application/vnd.oasis.opendocument.text"),
    ("oga ogg opus", "audio/ogg"),
    ("ogv", "video/ogg"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("ppt", "application/vnd.ms-powerpoint"),
    (
        "pptx",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ),
    ("rdf", "application/rdf+xml"),
    ("rtf", "application/rtf"),
    ("svg", "image/svg+xml"),
    ("text txt", "text/plain"),
    ("tif tiff", "image/tiff"),
    ("vtt", "text/vtt"),
    ("wasm", "application/wasm"),
    ("wav", "audio/wav"),
    ("webm", "audio/webm"),
    ("webp", "image/webp"),
    ("xbl xml xsl", "text/xml"),
    ("xbm", "image/x-xbitmap"),
    ("xht xhtml", "application/xhtml+xml"),
    ("xls", "application/vnd.ms-excel"),
    (
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    ("zip", "application/zip"),
];

/// What rclone sets whatever the tables say: files its other services make.
const OVERRIDES: &[(&str, &str)] = &[
    ("desktop", "application/x-link-desktop"),
    ("tsv", "text/tab-separated-values"),
    ("url", "application/x-link-url"),
    ("wmf", "application/x-msmetafile"),
];

/// What nobody before had a type for.
const ADDED_LAST: &[(&str, &str)] = &[
    ("avi", "video/x-msvideo"),
    ("dif dv", "video/dv"),
    ("fli", "video/fli"),
    ("mkv mpv", "video/x-matroska"),
    ("mov qt", "video/quicktime"),
    ("mp2 mpega mpga", "audio/mpeg"),
    ("mpe mpeg mpg", "video/mpeg"),
    ("spx", "audio/ogg"),
    ("srt", "application/x-subrip"),
    ("ts", "video/MP2T"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_follow_the_extension() {
        let types = MediaTypes::built_in();
        for (name, expected) in [
            ("a.txt", "text/plain; charset=utf-8"),
            ("a.JPG", "image/jpeg"),
            ("a.tar.gz", "application/gzip"),
            (".json", "application/json"),
            ("a.ts", "video/MP2T"),
            ("a", UNKNOWN),
            ("a.", UNKNOWN),
            ("a.nobody-knows", UNKNOWN),
        ] {
            assert_eq!(types.of(name), expected, "{name}");
        }
    }
}
