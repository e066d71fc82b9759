//! Content types by file name; the service derives them from nothing else.

const OTHER: &str = "application/octet-stream";

/// Sorted by extension.
const TYPES: [(&str, &str); 46] = [
    ("7z", "application/x-7z-compressed"),
    ("avi", "video/x-msvideo"),
    ("bat", "text/plain"),
    ("bmp", "image/x-ms-bmp"),
    ("c", "text/plain"),
    ("css", "text/css"),
    ("csv", "text/csv"),
    ("doc", "application/msword"),
    (
        "docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    ("flac", "audio/x-flac"),
    ("gif", "image/gif"),
    ("gz", "application/gzip"),
    ("heic", "image/heic"),
    ("htm", "text/html"),
    ("html", "text/html"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("js", "application/javascript"),
    ("json", "application/json"),
    ("log", "text/plain"),
    ("m4a", "audio/x-m4a"),
    ("mkv", "video/x-matroska"),
    ("mov", "video/quicktime"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("ogg", "audio/ogg"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("ppt", "application/vnd.ms-powerpoint"),
    (
        "pptx",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ),
    ("py", "text/x-python"),
    ("rar", "application/x-rar-compressed"),
    ("rtf", "application/rtf"),
    ("svg", "image/svg+xml"),
    ("tar", "application/x-tar"),
    ("tif", "image/tiff"),
    ("tiff", "image/tiff"),
    ("txt", "text/plain"),
    ("wav", "audio/x-wav"),
    ("webm", "video/webm"),
    ("webp", "image/webp"),
    ("xls", "application/vnd.ms-excel"),
    (
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    ("xml", "text/xml"),
    ("yaml", "application/yaml"),
    ("zip", "application/zip"),
];

/// The content type of a file with this name.
pub(crate) fn of(name: &str) -> &'static str {
    let Some((_, extension)) = name.rsplit_once('.') else {
        return OTHER;
    };
    let extension = extension.to_lowercase();
    TYPES
        .binary_search_by(|(known, _)| (*known).cmp(&extension))
        .map_or(OTHER, |index| TYPES[index].1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(TYPES.is_sorted());
    }

    #[test]
    fn types_follow_the_text_after_the_last_dot() {
        let rows = [
            ("a.TXT", "text/plain"),
            ("a.tar.gz", "application/gzip"),
            (".csv", "text/csv"),
            ("csv", OTHER),
            ("a.", OTHER),
            ("a.md", OTHER),
            ("a.exe", OTHER),
        ];
        for (name, expected) in rows {
            assert_eq!(of(name), expected, "{name}");
        }
    }
}
