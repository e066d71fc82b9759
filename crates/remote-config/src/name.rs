//! Legal names of remotes.

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory as _};

/// Whether a text is a legal name: letters, digits, `_`, `.`, `+`, `@`, and between them blanks and `-`.
///
/// The file format allows any section name; one that is not legal can be edited and not be opened.
///
/// # Examples
///
/// ```
/// use remote_config::name::is_legal;
///
/// assert!(is_legal("my remote"));
/// assert!(!is_legal("my:remote"));
/// ```
#[must_use]
pub fn is_legal(name: &str) -> bool {
    let Some(last) = name.chars().next_back() else {
        return false;
    };
    name.starts_with(is_word)
        && name.chars().all(|c| is_word(c) || is_gap(c))
        && last != ' '
        // A dash at the end is legal behind another blank or dash; rclone's rule, kept for the sake of names that exist.
        && (last != '-' || name.chars().rev().skip(1).any(is_gap))
}

/// Makes a name legal: what may not be in it is replaced by `_`. A legal name stays as it is.
#[must_use]
pub fn make_legal(name: &str) -> String {
    if is_legal(name) {
        return name.to_owned();
    }
    let without_start = name.trim_start_matches(is_gap);
    let middle = without_start.trim_end_matches(' ');
    let mut legal = String::new();
    if without_start.len() < name.len() {
        legal.push('_');
    }
    let mut in_run = false;
    for c in middle.chars() {
        let keep = is_word(c) || is_gap(c);
        match (keep, in_run) {
            (true, _) => legal.push(c),
            (false, false) => legal.push('_'),
            (false, true) => {}
        }
        in_run = !keep;
    }
    if middle.len() < without_start.len() || legal.is_empty() {
        legal.push('_');
    }
    // rclone leaves a single dash at the end, which is not legal.
    if !is_legal(&legal) && legal.ends_with('-') {
        legal.pop();
        legal.push('_');
    }
    legal
}

fn is_word(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '+' | '@');
    }
    matches!(
        c.general_category_group(),
        GeneralCategoryGroup::Letter | GeneralCategoryGroup::Number
    )
}

fn is_gap(c: char) -> bool {
    matches!(c, ' ' | '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_comes_out_is_legal() {
        for name in [
            "",
            "a-",
            "-",
            " ",
            "---rem:::ote???",
            " :x",
            "a\u{301}",
            "a -",
            "::",
            "x: ",
            "é-",
        ] {
            let legal = make_legal(name);
            assert!(is_legal(&legal), "{name:?} became {legal:?}");
        }
        assert_eq!(make_legal("---rem:::ote???"), "_rem_ote_");
        assert_eq!(make_legal(" :x"), "__x");
    }
}
