//! Just enough XML: a check that a document is well-formed in the strictest sense, and a look at single elements.

/// Panics unless `text` is one well-formed element, with nothing but the five entities and numbers.
pub(crate) fn check(text: &str) {
    let mut rest = text;
    if let Some(after) = rest.strip_prefix("<?xml ") {
        let (declaration, after) = after.split_once("?>").unwrap();
        assert!(declaration.contains(r#"encoding="UTF-8""#), "{declaration}");
        rest = after;
    }
    let mut open: Vec<String> = Vec::new();
    let mut roots = 0;
    while let Some((before, after)) = rest.split_once('<') {
        check_text(before);
        let outside = before.is_empty() || !open.is_empty();
        assert!(outside, "text outside the root: {text}");
        let (tag, after) = after.split_once('>').unwrap_or_else(|| panic!("{after}"));
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "{text}");
            continue;
        }
        let (tag, empty) = tag
            .strip_suffix('/')
            .map_or((tag, false), |tag| (tag, true));
        let name = tag.split(' ').next().unwrap();
        check_attributes(tag.strip_prefix(name).unwrap());
        roots += usize::from(open.is_empty());
        if !empty {
            open.push(name.to_owned());
        }
    }
    assert!(open.is_empty(), "not closed: {open:?}");
    assert_eq!((roots, rest), (1, ""), "{text}");
}

fn check_attributes(mut rest: &str) {
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"").unwrap_or_else(|| panic!("{rest}"));
        assert!(name.starts_with(' ') && name.len() > 1, "{name}");
        let (value, after) = after.split_once('"').unwrap();
        assert!(!value.contains('<'));
        check_text(value);
        rest = after;
    }
}

fn check_text(text: &str) {
    assert!(!text.chars().any(|char| char < ' '), "{text:?}");
    for part in text.split('&').skip(1) {
        let (entity, _) = part.split_once(';').unwrap_or_else(|| panic!("{text}"));
        let known = ["amp", "lt", "gt", "quot", "apos"].contains(&entity);
        let number = entity.strip_prefix('#').is_some_and(|digits| {
            !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
        });
        assert!(known || number, "{entity}");
    }
}

/// The content of the first element of this name.
pub(crate) fn element<'x>(xml: &'x str, name: &str) -> Option<&'x str> {
    Elements { rest: xml, name }.next()
}

/// The contents of all elements of this name that do not contain another one of it.
pub(crate) fn elements<'x>(xml: &'x str, name: &str) -> Vec<&'x str> {
    Elements { rest: xml, name }.collect()
}

struct Elements<'x, 'n> {
    rest: &'x str,
    name: &'n str,
}

impl<'x> Iterator for Elements<'x, '_> {
    type Item = &'x str;

    fn next(&mut self) -> Option<&'x str> {
        let open = format!("<{}", self.name);
        let close = format!("</{}>", self.name);
        loop {
            let (_, after) = self.rest.split_once(&open)?;
            self.rest = after;
            if !after.starts_with([' ', '>']) {
                continue;
            }
            let (head, inside) = after.split_once('>')?;
            if head.ends_with('/') {
                return Some("");
            }
            return inside.split_once(&close).map(|(content, _)| content);
        }
    }
}

/// The attributes of all start tags of this name, as they stand there.
pub(crate) fn tags<'x>(xml: &'x str, name: &str) -> Vec<&'x str> {
    let open = format!("<{name} ");
    xml.split(&open)
        .skip(1)
        .map(|rest| rest.split('>').next().unwrap())
        .collect()
}

/// The value of an attribute in a start tag.
pub(crate) fn attribute<'x>(tag: &'x str, name: &str) -> Option<&'x str> {
    let (_, rest) = tag.split_once(&format!("{name}=\""))?;
    rest.split('"').next()
}

/// The `name` attributes of these elements, in order.
pub(crate) fn names<'x>(xml: &'x str, element: &str) -> Vec<&'x str> {
    tags(xml, element)
        .into_iter()
        .filter_map(|tag| attribute(tag, "name"))
        .collect()
}
