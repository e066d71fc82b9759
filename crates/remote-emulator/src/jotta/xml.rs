//! XML as the service writes it: compact, well-formed, UTF-8.

use bytes::Bytes;

/// A piece of an XML document.
#[derive(Debug, Default)]
pub(crate) struct Xml {
    out: String,
}

impl Xml {
    /// A document with its declaration.
    pub(crate) fn document() -> Self {
        Self {
            out: r#"<?xml version="1.0" encoding="UTF-8"?>"#.to_owned(),
        }
    }

    pub(crate) fn open(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.tag(name, attributes);
        self.out.push('>');
    }

    pub(crate) fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.tag(name, attributes);
        self.out.push_str("/>");
    }

    fn tag(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.out.push('<');
        self.out.push_str(name);
        for (key, value) in attributes {
            self.out.push(' ');
            self.out.push_str(key);
            self.out.push_str("=\"");
            escape(value, &mut self.out);
            self.out.push('"');
        }
    }

    pub(crate) fn close(&mut self, name: &str) {
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push('>');
    }

    /// `<name>text</name>`
    pub(crate) fn text(&mut self, name: &str, text: &str) {
        self.open(name, &[]);
        escape(text, &mut self.out);
        self.close(name);
    }

    /// The same with the mark that white space counts.
    pub(crate) fn spaced(&mut self, name: &str, text: &str) {
        self.open(name, &[("xml:space", "preserve")]);
        escape(text, &mut self.out);
        self.close(name);
    }

    pub(crate) fn number(&mut self, name: &str, number: impl std::fmt::Display) {
        self.text(name, &number.to_string());
    }

    pub(crate) fn len(&self) -> usize {
        self.out.len()
    }

    pub(crate) fn finish(self) -> Bytes {
        Bytes::from(self.out)
    }
}

fn escape(text: &str, out: &mut String) {
    let plain = |byte: u8| !matches!(byte, 0..=0x1f | b'&' | b'<' | b'>' | b'"' | 0xef);
    if text.bytes().all(plain) {
        out.push_str(text);
        return;
    }
    for char in text.chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push_str(&format!("&#{};", u32::from(char))),
            // What no XML 1.0 document can carry.
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_attributes_are_escaped() {
        let mut xml = Xml::default();
        xml.empty("file", &[("name", "a<b>\"&' \u{1}")]);
        xml.spaced("path", " R&D\n");
        assert_eq!(
            xml.finish(),
            "<file name=\"a&lt;b&gt;&quot;&amp;' \u{fffd}\"/><path xml:space=\"preserve\"> R&amp;D&#10;</path>"
        );
    }
}
