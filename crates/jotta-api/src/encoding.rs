//! Which characters of a file name the service does not store.

use remote_core::encoding::Encoding;

/// The encoding of names unless the option `encoding` says otherwise, as in rclone since 1.74.
///
/// * `Slash,LtGt,DoubleQuote,Colon,Question,Asterisk,Pipe`: the service refuses them (rclone, documentation of its jottacloud backend).
/// * `Percent`: the service answers 400 to `%25` in an address ([rclone#9153](https://github.com/rclone/rclone/issues/9153), 2026).
/// * `Ctl`, `Del`, `InvalidUtf8`: names travel in XML, which cannot carry them.
/// * `Dot`: `.` and `..` would be resolved away in addresses.
pub const DEFAULT_ENCODING: Encoding = OLDER_ENCODING.union(Encoding::PERCENT);

/// The encoding of rclone up to 1.73, without `Percent`: for storages that were filled by it and hold names with a percent sign.
pub const OLDER_ENCODING: Encoding = Encoding::SLASH
    .union(Encoding::LT_GT)
    .union(Encoding::DOUBLE_QUOTE)
    .union(Encoding::COLON)
    .union(Encoding::QUESTION)
    .union(Encoding::ASTERISK)
    .union(Encoding::PIPE)
    .union(Encoding::DEL)
    .union(Encoding::CTL)
    .union(Encoding::INVALID_UTF8)
    .union(Encoding::DOT);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_masks_are_those_of_rclone() {
        assert_eq!(DEFAULT_ENCODING.bits(), 50_435_982);
        assert_eq!(OLDER_ENCODING.bits(), 50_431_886);
        assert_eq!(
            DEFAULT_ENCODING.to_string(),
            "Slash,LtGt,DoubleQuote,Colon,Question,Asterisk,Pipe,Percent,Del,Ctl,InvalidUtf8,Dot"
        );
    }

    // Specification of the service, section 23.
    #[test]
    fn difficult_names_are_stored_as_rclone_stores_them() {
        let rows: &[(&[u8], &str)] = &[
            (b"a:b%20.txt", "a：b％20.txt"),
            (b"what?", "what？"),
            (b"line\nfeed", "line␊feed"),
            ("x＊".as_bytes(), "x‛＊"),
            (b"f\xfe", "f‛FE"),
            (b".", "．"),
            ("．．".as_bytes(), "‛．‛．"),
            (b"a\\b;c+d#e&f", "a\\b;c+d#e&f"),
            (b" lead. ", " lead. "),
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
