//! Paths in the forms the two interfaces write them, and the names they may hold.

use percent_encoding::percent_decode_str;

use crate::jotta::config::JottaSettings;
use crate::jotta::problem::Problem;

/// The longest name in characters.
const NAME_CHARS: usize = 255;

/// The segments of the path of an address: escapes decoded, a raw `+` read as a space, one trailing slash dropped.
pub(crate) fn from_url(path: &str, settings: &JottaSettings) -> Result<Vec<String>, Problem> {
    let path = path.strip_suffix('/').unwrap_or(path);
    path.split('/')
        .map(|segment| segment_of_url(segment, settings))
        .collect()
}

fn segment_of_url(raw: &str, settings: &JottaSettings) -> Result<String, Problem> {
    if settings.refuse_percent && raw.contains("%25") {
        return Err(Problem::new(400, "BadRequest", "Bad request"));
    }
    let spaced = raw.replace('+', " ");
    let decoded = percent_decode_str(&spaced)
        .decode_utf8()
        .map_err(|_not_text| Problem::bad_path())?;
    let refused =
        decoded.is_empty() || decoded == "." || decoded == ".." || decoded.contains(['/', '\0']);
    if refused {
        return Err(Problem::bad_path());
    }
    Ok(decoded.into_owned())
}

/// The segments of a path that was sent as a value: `/{user}/{dev}/{mnt}/…`.
pub(crate) fn from_value(path: &str) -> Result<Vec<String>, Problem> {
    let refused = || Problem::invalid(format!("`{path}` is not an absolute path"));
    let rest = path.strip_prefix('/').ok_or_else(refused)?;
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let segments: Vec<String> = rest.split('/').map(str::to_owned).collect();
    let broken = |segment: &String| segment.is_empty() || segment == "." || segment == "..";
    if segments.iter().any(broken) {
        return Err(refused());
    }
    Ok(segments)
}

/// The segments below the account of a path in an `allocate` request: `/jfs/{dev}/{mnt}/…`, or `{mnt}/…` on the
/// built-in device.
pub(crate) fn from_allocate(path: &str) -> Result<Vec<String>, Problem> {
    let segments = match path.strip_prefix("/jfs/") {
        Some(rest) => from_value(&format!("/{rest}"))?,
        None => {
            let rest = path.strip_prefix('/').unwrap_or(path);
            from_value(&format!("/{}/{rest}", super::BUILT_IN_DEVICE))?
        }
    };
    if segments.len() < 3 {
        return Err(Problem::invalid(format!("`{path}` names no file")));
    }
    Ok(segments)
}

/// Whether a name may be given to an entry.
pub(crate) fn check_name(name: &str, settings: &JottaSettings) -> Result<(), Problem> {
    let control = |char: char| matches!(char, '\0'..='\u{1f}' | '\u{7f}' | '\u{fffe}' | '\u{ffff}');
    let strict = |char: char| {
        let refused = matches!(char, '<' | '>' | '"' | ':' | '?' | '*' | '|' | '\u{feff}');
        settings.strict_names && refused
    };
    let refused = name.is_empty()
        || name == "."
        || name == ".."
        || name.chars().count() > NAME_CHARS
        || name
            .chars()
            .any(|char| char == '/' || control(char) || strict(char));
    if refused {
        return Err(Problem::invalid(format!(
            "The name `{name}` is not allowed"
        )));
    }
    Ok(())
}

/// A path as answers and errors write it.
pub(crate) fn join(segments: &[String]) -> String {
    format!("/{}", segments.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(path: &str) -> Option<Vec<String>> {
        from_url(path, &JottaSettings::default()).ok()
    }

    fn owned(segments: &[&str]) -> Option<Vec<String>> {
        Some(segments.iter().map(|&segment| segment.to_owned()).collect())
    }

    #[test]
    fn addresses_are_decoded_like_the_service_does() {
        assert_eq!(url("u/Jotta/a%20b%2Bc"), owned(&["u", "Jotta", "a b+c"]));
        assert_eq!(url("u/a+b/"), owned(&["u", "a b"]));
        assert_eq!(url("R&D;x=1@2$,.txt"), owned(&["R&D;x=1@2$,.txt"]));
        for bad in [
            "a//b", "a/./b", "a/../b", "a%2Fb", "%FF", "a%25b", "", "a//",
        ] {
            assert_eq!(url(bad), None, "{bad}");
        }
    }

    #[test]
    fn allocate_knows_a_long_and_a_short_form() {
        let long = from_allocate("/jfs/PC/Set/a%.txt").ok();
        assert_eq!(long, owned(&["PC", "Set", "a%.txt"]));
        assert_eq!(
            from_allocate("Archive/a").ok(),
            owned(&["Jotta", "Archive", "a"])
        );
        assert!(from_allocate("/jfs/Jotta/Archive").is_err());
        assert!(from_allocate("/jfs/Jotta/Archive//a").is_err());
    }

    #[test]
    fn names_have_limits() {
        let settings = JottaSettings::default();
        for good in ["a;b\\c'%+", "é😀", "．", "x＊", " lead"] {
            assert!(check_name(good, &settings).is_ok(), "{good}");
        }
        assert!(check_name(&"é".repeat(255), &settings).is_ok());
        assert!(check_name(&"é".repeat(256), &settings).is_err());
        for bad in ["", ".", "..", "a:b", "a\nb", "a\u{7f}", "\u{feff}x"] {
            assert!(check_name(bad, &settings).is_err(), "{bad:?}");
        }
    }
}
