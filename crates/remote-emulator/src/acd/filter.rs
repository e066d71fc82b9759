//! Filter expressions: how they are read, and what they match.
//!
//! `field:value` clauses joined by `AND` and `OR`, of which `AND` binds closer; no grouping. Values are quoted or not;
//! a backslash takes the next character as it is; an unescaped `*` at the end of an unquoted value matches any rest.

use crate::acd::config::AcdSettings;
use crate::acd::node::{Data, Key, Node, Parent, ROOT, date};
use crate::acd::problem::Problem;
use crate::names::fold;

/// Characters that have to be escaped in unquoted values.
const SPECIAL: &str = " +-&|!(){}[]^'\"~*?:\\";

/// The most clauses one expression may have.
const CLAUSE_LIMIT: usize = 100;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Field {
    ContentType,
    Created,
    Id,
    IsRoot,
    Kind,
    Labels,
    Md5,
    Modified,
    Name,
    Parents,
    Size,
    Status,
}

impl Field {
    fn find(name: &str) -> Option<Self> {
        Some(match name {
            "contentProperties.contentType" => Self::ContentType,
            "contentProperties.md5" => Self::Md5,
            "contentProperties.size" => Self::Size,
            "createdDate" => Self::Created,
            "id" => Self::Id,
            "isRoot" => Self::IsRoot,
            "kind" => Self::Kind,
            "labels" => Self::Labels,
            "modifiedDate" => Self::Modified,
            "name" => Self::Name,
            "parents" => Self::Parents,
            "status" => Self::Status,
            _ => return None,
        })
    }
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Value {
    Exact(String),
    Prefix(String),
    /// From the one to the other, both included; `*` is open.
    Range(String, String),
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Clause {
    field: Field,
    value: Value,
}

/// A filter: any of these groups, of each all clauses.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Filter {
    groups: Vec<Vec<Clause>>,
    /// Whether what lies in the trash is matched without being asked for.
    any_status: bool,
}

/// A node as a filter looks at it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen<'a> {
    /// The key; none for a synthetic node.
    pub(crate) key: Option<Key>,
    pub(crate) node: &'a Node,
    pub(crate) data: &'a Data,
    pub(crate) now: i64,
}

impl Filter {
    /// Reads an expression; an empty one matches everything that is not in the trash.
    pub(crate) fn parse(text: &str, settings: &AcdSettings) -> Result<Self, Problem> {
        let mut parser = Parser {
            rest: text,
            strict: settings.strict_filters,
            ranges: settings.range_filters,
        };
        let mut groups = vec![Vec::new()];
        if text.trim().is_empty() {
            return Ok(Self::new(groups));
        }
        for _ in 0..CLAUSE_LIMIT {
            let clause = parser.clause()?;
            if let Some(group) = groups.last_mut() {
                group.push(clause);
            }
            match parser.joint()? {
                Joint::And => {}
                Joint::Or => groups.push(Vec::new()),
                Joint::End => return Ok(Self::new(groups)),
            }
        }
        Err(refused("too many clauses"))
    }

    fn new(groups: Vec<Vec<Clause>>) -> Self {
        Self {
            groups,
            any_status: false,
        }
    }

    /// The same, for a place where everything is in the trash.
    pub(crate) fn in_trash(mut self) -> Self {
        self.any_status = true;
        self
    }

    /// The folder that everything matched must lie in, and the name if there is one.
    pub(crate) fn place(&self) -> Option<(&str, Option<&str>)> {
        let [group] = self.groups.as_slice() else {
            return None;
        };
        let exact = |field| {
            group.iter().find_map(|clause| match &clause.value {
                Value::Exact(value) if clause.field == field => Some(value.as_str()),
                _ => None,
            })
        };
        exact(Field::Parents).map(|parent| (parent, exact(Field::Name)))
    }

    /// The MD5 that everything matched must have.
    pub(crate) fn md5(&self) -> Option<&str> {
        let [group] = self.groups.as_slice() else {
            return None;
        };
        group.iter().find_map(|clause| match &clause.value {
            Value::Exact(value) if clause.field == Field::Md5 => Some(value.as_str()),
            _ => None,
        })
    }

    /// Whether only the root can match.
    pub(crate) fn root_only(&self) -> bool {
        self.groups.iter().all(|group| {
            group.iter().any(|clause| {
                clause.field == Field::IsRoot && clause.value == Value::Exact("true".to_owned())
            })
        })
    }

    pub(crate) fn matches(
        &self,
        seen: Seen<'_>,
        settings: &AcdSettings,
        id_of: impl Fn(&Parent) -> String + Copy,
    ) -> bool {
        let status = seen.data.status(seen.now);
        self.groups.iter().any(|group| {
            let says_status = group.iter().any(|clause| clause.field == Field::Status);
            let by_default = self.any_status
                || status == "AVAILABLE"
                || status == "PENDING" && settings.pending_in_queries;
            (says_status || by_default)
                && group
                    .iter()
                    .all(|clause| clause.matches(seen, settings, id_of))
        })
    }
}

impl Clause {
    fn matches(
        &self,
        seen: Seen<'_>,
        settings: &AcdSettings,
        id_of: impl Fn(&Parent) -> String,
    ) -> bool {
        let data = seen.data;
        let content = data.content.as_ref();
        let processed = content.filter(|_| !data.pending(seen.now));
        match self.field {
            Field::ContentType => content.is_some() && self.fits(data.content_type()),
            Field::Created => self.fits(&date(seen.node.created)),
            Field::Id => self.fits(&seen.node.id),
            Field::IsRoot => {
                let is_root = seen.key == Some(ROOT);
                self.fits(if is_root { "true" } else { "false" })
            }
            Field::Kind => self.fits(seen.node.kind.name()),
            Field::Labels => data.labels.iter().any(|label| self.fits(label)),
            Field::Md5 => processed
                .and_then(|content| content.md5.as_deref())
                .is_some_and(|md5| self.fits(md5)),
            Field::Modified => self.fits(&date(data.modified)),
            Field::Name => data.name.as_deref().is_some_and(|name| {
                if settings.case_sensitive_filters {
                    self.fits(name)
                } else {
                    self.folded().fits(&fold(name))
                }
            }),
            Field::Parents => data.parents.iter().any(|parent| self.fits(&id_of(parent))),
            Field::Size => processed.is_some_and(|content| self.fits_number(content.blob.len())),
            Field::Status => self.fits(data.status(seen.now)),
        }
    }

    fn fits(&self, text: &str) -> bool {
        match &self.value {
            Value::Exact(value) => value == text,
            Value::Prefix(value) => text.starts_with(value.as_str()),
            Value::Range(from, to) => {
                (from == "*" || text >= from.as_str()) && (to == "*" || text <= to.as_str())
            }
        }
    }

    fn fits_number(&self, number: u64) -> bool {
        let edge = |text: &str, open: u64| {
            if text == "*" {
                Some(open)
            } else {
                text.parse().ok()
            }
        };
        match &self.value {
            Value::Exact(value) => value.parse() == Ok(number),
            Value::Prefix(value) => number.to_string().starts_with(value.as_str()),
            Value::Range(from, to) => {
                let edges = edge(from, 0).zip(edge(to, u64::MAX));
                edges.is_some_and(|(from, to)| (from..=to).contains(&number))
            }
        }
    }

    fn folded(&self) -> Self {
        Self {
            field: self.field,
            value: match &self.value {
                Value::Exact(value) => Value::Exact(fold(value)),
                Value::Prefix(value) => Value::Prefix(fold(value)),
                Value::Range(from, to) => Value::Range(fold(from), fold(to)),
            },
        }
    }
}

fn refused(text: &str) -> Problem {
    Problem::bad(format!("Invalid filter: {text}")).with_code("INVALID_FILTER")
}

#[derive(Debug)]
enum Joint {
    And,
    End,
    Or,
}

#[derive(Debug)]
struct Parser<'t> {
    rest: &'t str,
    strict: bool,
    ranges: bool,
}

impl Parser<'_> {
    fn clause(&mut self) -> Result<Clause, Problem> {
        let text = self.rest.trim_start();
        let (name, rest) = text
            .split_once(':')
            .ok_or_else(|| refused("expected field:value"))?;
        let field =
            Field::find(name.trim()).ok_or_else(|| refused(&format!("unknown field {name}")))?;
        self.rest = rest;
        let value = if let Some(quoted) = rest.strip_prefix('"') {
            self.rest = quoted;
            Value::Exact(self.quoted()?)
        } else if rest.starts_with('[') && self.ranges {
            self.range()?
        } else {
            self.unquoted(field)?
        };
        Ok(Clause { field, value })
    }

    /// The rest of a quoted value.
    fn quoted(&mut self) -> Result<String, Problem> {
        let mut value = String::new();
        let mut letters = self.rest.char_indices();
        while let Some((at, letter)) = letters.next() {
            match letter {
                '"' => {
                    self.rest = self.rest.get(at + 1..).unwrap_or_default();
                    return Ok(value);
                }
                '\\' => match letters.next() {
                    Some((_, escaped)) => value.push(escaped),
                    None => break,
                },
                other => value.push(other),
            }
        }
        Err(refused("a quote is not closed"))
    }

    fn unquoted(&mut self, field: Field) -> Result<Value, Problem> {
        let mut value = String::new();
        let mut wildcard = false;
        let mut end = self.rest.len();
        let mut letters = self.rest.char_indices();
        while let Some((at, letter)) = letters.next() {
            if wildcard && !letter.is_whitespace() {
                return Err(refused("`*` is possible at the end only"));
            }
            match letter {
                letter if letter.is_whitespace() => {
                    end = at;
                    break;
                }
                '\\' => match letters.next() {
                    Some((_, escaped)) => value.push(escaped),
                    None => return Err(refused("nothing follows the backslash")),
                },
                '*' => wildcard = true,
                '(' | ')' | '"' | '[' | ']' => {
                    return Err(refused(&format!("unexpected `{letter}`")));
                }
                other => {
                    self.check_special(field, other, value.is_empty())?;
                    value.push(other);
                }
            }
        }
        self.rest = self.rest.get(end..).unwrap_or_default();
        if value.is_empty() && !wildcard {
            return Err(refused("a value is missing"));
        }
        Ok(if wildcard {
            Value::Prefix(value)
        } else {
            Value::Exact(value)
        })
    }

    fn check_special(&self, field: Field, letter: char, first: bool) -> Result<(), Problem> {
        let wrong = self.strict
            && match field {
                Field::Name => SPECIAL.contains(letter),
                Field::Parents | Field::Id => first && letter == '-',
                _ => false,
            };
        if wrong {
            return Err(refused(&format!("`{letter}` is not escaped")));
        }
        Ok(())
    }

    fn range(&mut self) -> Result<Value, Problem> {
        let broken = || refused("expected [from TO to]");
        let inner = self.rest.strip_prefix('[').ok_or_else(broken)?;
        let (inner, rest) = inner.split_once(']').ok_or_else(broken)?;
        let (from, to) = inner.split_once(" TO ").ok_or_else(broken)?;
        let clean = |text: &str| text.trim().replace('\\', "");
        self.rest = rest;
        Ok(Value::Range(clean(from), clean(to)))
    }

    /// What comes after a clause.
    fn joint(&mut self) -> Result<Joint, Problem> {
        let text = self.rest.trim_start();
        if text.is_empty() {
            return Ok(Joint::End);
        }
        let spaced = text.len() < self.rest.len();
        let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let joint = match word.to_ascii_uppercase().as_str() {
            "AND" => Joint::And,
            "OR" => Joint::Or,
            _ => return Err(refused(&format!("expected AND or OR, found {word}"))),
        };
        if !spaced {
            return Err(refused(&format!("a space is missing before {word}")));
        }
        self.rest = rest;
        Ok(joint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Filter, String> {
        Filter::parse(text, &AcdSettings::default()).map_err(|problem| problem.text().to_owned())
    }

    fn value(text: &str) -> Value {
        read(text).unwrap().groups[0][0].value.clone()
    }

    #[test]
    fn values_are_read_in_every_spelling() {
        let exact = |text: &str| Value::Exact(text.to_owned());
        let rows = [
            (r#"name:"my\ file\:1.txt""#, exact("my file:1.txt")),
            (r#"name:"a+b (c) * d""#, exact("a+b (c) * d")),
            (r#"name:"q\"\\""#, exact("q\"\\")),
            ("name:\"new\nline\"", exact("new\nline")),
            (r"name:a\ b\+c", exact("a b+c")),
            (r"name:foo\*", exact("foo*")),
            ("name:foo*", Value::Prefix("foo".to_owned())),
            ("name:*", Value::Prefix(String::new())),
            ("parents:-_aB", exact("-_aB")),
            ("name:\"\"", exact("")),
            (
                "createdDate:[2015-01-01 TO *]",
                Value::Range("2015-01-01".to_owned(), "*".to_owned()),
            ),
        ];
        for (text, expected) in rows {
            assert_eq!(value(text), expected, "{text}");
        }
    }

    #[test]
    fn and_binds_closer_than_or() {
        let filter = read("kind:FILE AND status:TRASH OR kind:FOLDER and isRoot:true").unwrap();
        let lengths: Vec<_> = filter.groups.iter().map(Vec::len).collect();
        assert_eq!(lengths, [2, 2]);
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        for text in [
            "kind",
            "nonsense:x",
            "name:",
            "name:a b",
            "name:\"open",
            "name:a\\",
            "kind:(FILE OR FOLDER)",
            "(kind:FILE OR kind:FOLDER)",
            "kind:FILE AND",
            "name:a*b",
            "name:\"a\"AND kind:FILE",
            "name:[a",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        let many = vec!["kind:FILE"; CLAUSE_LIMIT + 1].join(" OR ");
        assert!(read(&many).is_err());
    }

    #[test]
    fn strict_filters_show_missing_escapes() {
        let settings = AcdSettings {
            strict_filters: true,
            ..AcdSettings::default()
        };
        for (text, good) in [
            ("name:a+b", false),
            (r"name:a\+b", true),
            (r#"name:"a+b""#, true),
            ("parents:-ab", false),
            ("parents:a-b", true),
            (r#"parents:"-ab""#, true),
        ] {
            assert_eq!(Filter::parse(text, &settings).is_ok(), good, "{text}");
        }
    }
}
