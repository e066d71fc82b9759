//! Paths and names as the service normalises and refuses them.

pub(crate) use crate::names::fold;

/// An absolute path inside a mount: no empty, `.` or `..` segments, no backslash.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Path {
    segments: Vec<String>,
}

/// The path or name is one the service refuses.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the path or name is not allowed")]
pub(crate) struct NotAllowed;

impl Path {
    /// Collapses slashes, adds the leading one, drops the trailing one.
    pub(crate) fn parse(text: &str) -> Result<Self, NotAllowed> {
        if text.contains('\\') {
            return Err(NotAllowed);
        }
        let segments: Vec<String> = text
            .split('/')
            .filter(|segment| !segment.is_empty())
            .map(str::to_owned)
            .collect();
        if segments
            .iter()
            .any(|segment| segment == "." || segment == "..")
        {
            return Err(NotAllowed);
        }
        Ok(Self { segments })
    }

    pub(crate) fn is_root(&self) -> bool {
        self.segments.is_empty()
    }

    pub(crate) fn segments(&self) -> &[String] {
        &self.segments
    }

    /// The last component; empty for the root.
    pub(crate) fn name(&self) -> &str {
        self.segments.last().map_or("", String::as_str)
    }

    /// Everything but the last component; the root's parent is the root.
    pub(crate) fn parent(&self) -> Self {
        let count = self.segments.len().saturating_sub(1);
        Self {
            segments: self.segments.iter().take(count).cloned().collect(),
        }
    }

    pub(crate) fn join(&self, name: &str) -> Self {
        let mut segments = self.segments.clone();
        segments.push(name.to_owned());
        Self { segments }
    }

    /// Whether `self` is `other` or lies inside it, regardless of case.
    pub(crate) fn is_inside(&self, other: &Self) -> bool {
        self.segments.len() >= other.segments.len()
            && self
                .segments
                .iter()
                .zip(&other.segments)
                .all(|(a, b)| fold(a) == fold(b))
    }

    /// The path below `base`, starting with `/`; `None` when it does not lie inside.
    pub(crate) fn relative_to(&self, base: &Self) -> Option<String> {
        self.is_inside(base).then(|| {
            let rest = &self.segments[base.segments.len()..];
            format!("/{}", rest.join("/"))
        })
    }
}

impl std::fmt::Display for Path {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.segments.is_empty() {
            return formatter.write_str("/");
        }
        self.segments
            .iter()
            .try_for_each(|segment| write!(formatter, "/{segment}"))
    }
}

/// Whether a name may be given to an entry.
pub(crate) fn check_name(name: &str) -> Result<(), NotAllowed> {
    let refused = name.is_empty()
        || name == "."
        || name == ".."
        || name
            .chars()
            .any(|c| matches!(c, '/' | '\\' | '\u{7f}' | '\0'..='\u{1f}'));
    if refused { Err(NotAllowed) } else { Ok(()) }
}

/// `name` with a counter before its extension: the `counter`-th alternative when the name is taken.
pub(crate) fn alternative(name: &str, counter: u64) -> String {
    match name.rsplit_once('.') {
        Some((base, extension)) => format!("{base} ({counter}).{extension}"),
        None => format!("{name} ({counter})"),
    }
}

/// The first alternative of `name` that is not taken; the name itself when it is free.
pub(crate) fn free_name(name: &str, taken: impl Fn(&str) -> bool) -> String {
    if !taken(name) {
        return name.to_owned();
    }
    let mut counter = 1;
    loop {
        let candidate = alternative(name, counter);
        if !taken(&candidate) {
            return candidate;
        }
        counter += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_normalised_like_the_service_does() {
        let rows = [
            ("", "/"),
            ("/foo/", "/foo"),
            ("a/b/", "/a/b"),
            ("//server/bar//", "/server/bar"),
            ("~", "/~"),
            ("C:", "/C:"),
        ];
        for (given, expected) in rows {
            assert_eq!(Path::parse(given).unwrap().to_string(), expected);
        }
        for refused in ["/a/../b", "/a/.", "a\\b"] {
            assert_eq!(Path::parse(refused), Err(NotAllowed), "{refused}");
        }
    }

    #[test]
    fn taken_names_get_a_counter_before_the_extension() {
        let rows: [(&str, &[&str], &str); 8] = [
            ("foo", &["foo"], "foo (1)"),
            ("foo", &["foo", "foo (1)"], "foo (2)"),
            ("foo.bar", &["foo.bar"], "foo (1).bar"),
            ("foo.bar.baz", &["foo.bar.baz"], "foo.bar (1).baz"),
            ("A.TXT", &["a.txt"], "A (1).TXT"),
            ("A.TXT", &["a.txt", "a (1).txt"], "A (2).TXT"),
            (".bashrc", &[".bashrc"], " (1).bashrc"),
            ("dot.", &["dot."], "dot (1)."),
        ];
        for (name, taken, expected) in rows {
            assert_eq!(
                free_name(name, |candidate| taken.contains(&fold(candidate).as_str())),
                expected
            );
        }
        assert_eq!(alternative("a (1).txt", 1), "a (1) (1).txt");
    }

    #[test]
    fn names_with_separators_and_control_characters_are_refused() {
        for name in ["", ".", "..", "a/b", "a\\b", "a\u{7f}", "\u{1f}", "\0"] {
            assert!(check_name(name).is_err(), "{name:?}");
        }
        for name in [" lead", "trail ", "trail.", "...", "a:b*c?\"<>|", "😀"] {
            assert!(check_name(name).is_ok(), "{name:?}");
        }
    }

    #[test]
    fn containment_ignores_case() {
        let path = |text| Path::parse(text).unwrap();
        assert!(path("/SUB/f").is_inside(&path("/sub")));
        assert!(path("/sub").is_inside(&path("/SUB")));
        assert!(!path("/subs").is_inside(&path("/sub")));
        assert_eq!(
            path("/SUB/F/g").relative_to(&path("/sub")).as_deref(),
            Some("/F/g")
        );
        assert_eq!(
            path("/sub").relative_to(&path("/Sub")).as_deref(),
            Some("/")
        );
        assert_eq!(path("/x").relative_to(&path("/sub")), None);
    }
}
