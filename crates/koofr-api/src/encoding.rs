//! Which characters of a file name the service does not store.

use remote_core::encoding::Encoding;

/// The encoding of names unless the option `encoding` says otherwise: `Slash,BackSlash,Del,Ctl,InvalidUtf8,Dot`, as in rclone.
///
/// * `Slash`, `BackSlash`: the service refuses both in names (observed in the server that Koofr publishes with Koofr Vault).
/// * `Ctl`, `Del`: it refuses U+0000 to U+001F and U+007F in names given in a query or a body (same source).
/// * `InvalidUtf8`: names travel in JSON and in query strings, which hold text only.
/// * `Dot`: `.` and `..` are refused as names.
pub const DEFAULT_ENCODING: Encoding = Encoding::SLASH
    .union(Encoding::BACK_SLASH)
    .union(Encoding::DEL)
    .union(Encoding::CTL)
    .union(Encoding::INVALID_UTF8)
    .union(Encoding::DOT);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_rclones() {
        assert_eq!(
            DEFAULT_ENCODING.to_string(),
            "Slash,BackSlash,Del,Ctl,InvalidUtf8,Dot"
        );
        assert_eq!(DEFAULT_ENCODING.bits(), 50_438_146);
    }

    // Specification of the service, section 17.2: raw name, stored name.
    #[test]
    fn difficult_names_are_stored_as_rclone_stores_them() {
        let rows: &[(&[u8], &str)] = &[
            (b".", "．"),
            (b"..", "．．"),
            (b"...", "..."),
            ("．".as_bytes(), "‛．"),
            (b"a\\b", "a＼b"),
            (b"a/b", "a／b"),
            ("a／b".as_bytes(), "a‛／b"),
            ("a＼b".as_bytes(), "a‛＼b"),
            (b"x\x7fy", "x␡y"),
            (b"x\x01y", "x␁y"),
            (b"x\0y", "x␀y"),
            ("x␀y".as_bytes(), "x‛␀y"),
            ("x␡y".as_bytes(), "x‛␡y"),
            ("‛".as_bytes(), "‛‛"),
            ("x‛41y".as_bytes(), "x‛‛41y"),
            (b"bad\xfe\xff", "bad‛FE‛FF"),
            (b"tab\there", "tab␉here"),
            (b" lead", " lead"),
            (b"trail ", "trail "),
            (b"trail.", "trail."),
            (b"a:b*c?\"<>|", "a:b*c?\"<>|"),
            ("😀".as_bytes(), "😀"),
            ("\u{fffd}".as_bytes(), "\u{fffd}"),
        ];
        for (raw, stored) in rows {
            assert_eq!(
                DEFAULT_ENCODING.encode(raw).as_ref(),
                stored.as_bytes(),
                "{stored}"
            );
            assert_eq!(
                DEFAULT_ENCODING.decode(stored.as_bytes()).as_ref(),
                *raw,
                "{stored}"
            );
        }
    }
}
