//! Filters of node queries, with the service's rules of quoting.

use std::fmt;

use crate::model::node::{NodeKind, NodeStatus};

/// Characters that are escaped in values, besides the blank.
const SPECIAL: &str = "+-&|!(){}[]^'\"~*?:\\";

/// What nodes to ask for.
///
/// Without a clause for the status the service leaves out what is in the trash. It cannot group clauses with parentheses.
///
/// # Examples
///
/// ```
/// use acd_api::filter::Filter;
///
/// let filter = Filter::child_of("AbC").and(Filter::name("a b"));
/// assert_eq!(filter.as_str(), r#"parents:"AbC" AND name:"a\ b""#);
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Filter(String);

impl Filter {
    /// The root of the drive.
    #[must_use]
    pub fn root() -> Self {
        Self("isRoot:true".to_owned())
    }

    /// Nodes in a folder, by its id.
    #[must_use]
    pub fn child_of(folder: &str) -> Self {
        // Quoted, because an id may begin with a hyphen, and then not escaped: the form that the service is known to take.
        let safe: String = folder
            .chars()
            .flat_map(|c| {
                matches!(c, '"' | '\\')
                    .then_some('\\')
                    .into_iter()
                    .chain([c])
            })
            .collect();
        Self(format!("parents:\"{safe}\""))
    }

    /// Nodes with a name as it is stored, in upper or lower case.
    #[must_use]
    pub fn name(name: &str) -> Self {
        Self(format!("name:\"{}\"", escaped(name)))
    }

    /// Nodes whose name begins like this.
    #[must_use]
    pub fn name_prefix(prefix: &str) -> Self {
        Self(format!("name:{}*", escaped(prefix)))
    }

    /// Nodes of a kind.
    #[must_use]
    pub fn kind(kind: &NodeKind) -> Self {
        Self(format!("kind:{}", escaped(kind.as_str())))
    }

    /// Nodes with a status.
    #[must_use]
    pub fn status(status: &NodeStatus) -> Self {
        Self(format!("status:{}", escaped(status.as_str())))
    }

    /// Files with this content, by 32 lower-case hexadecimal digits.
    #[must_use]
    pub fn md5(md5: &str) -> Self {
        Self(format!("contentProperties.md5:{}", escaped(md5)))
    }

    /// Nodes with a label.
    #[must_use]
    pub fn label(label: &str) -> Self {
        Self(format!("labels:\"{}\"", escaped(label)))
    }

    /// An expression of one's own, sent as it is.
    #[must_use]
    pub fn raw(expression: impl Into<String>) -> Self {
        Self(expression.into())
    }

    /// Nodes for which both hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self([self.0, other.0].join(" AND "))
    }

    /// Nodes for which one holds.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self([self.0, other.0].join(" OR "))
    }

    /// The expression.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len() + 8);
    for c in value.chars() {
        if c == ' ' || SPECIAL.contains(c) {
            text.push('\\');
        }
        text.push(c);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    // Specification of the service, section 6.2.
    #[test]
    fn every_special_character_is_escaped_and_no_other() {
        assert_eq!(
            Filter::name(" +-&|!(){}[]^'\"~*?:\\").as_str(),
            r#"name:"\ \+\-\&\|\!\(\)\{\}\[\]\^\'\"\~\*\?\:\\""#
        );
        assert_eq!(
            Filter::name("q1 (draft).txt").as_str(),
            r#"name:"q1\ \(draft\).txt""#
        );
        for plain in ["a/b_c.d,e;f=g#h%i@j<k>l$", "日本語é\n\u{7f}"] {
            assert_eq!(Filter::name(plain).as_str(), format!("name:\"{plain}\""));
        }
    }

    #[test]
    fn ids_are_quoted_and_not_escaped() {
        assert_eq!(Filter::child_of("-_aB").as_str(), r#"parents:"-_aB""#);
        assert_eq!(Filter::child_of("a\"b\\").as_str(), r#"parents:"a\"b\\""#);
    }

    #[test]
    fn clauses_are_put_together() {
        let trashed = Filter::status(&NodeStatus::Trash).and(Filter::kind(&NodeKind::File));
        assert_eq!(trashed.as_str(), "status:TRASH AND kind:FILE");
        let prefix = Filter::name_prefix("a b").or(Filter::md5("00ff"));
        assert_eq!(prefix.as_str(), r"name:a\ b* OR contentProperties.md5:00ff");
    }
}
