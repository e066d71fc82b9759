//! Reading XML as it arrives: element by element, bounded, without trust in order, completeness or size.
//!
//! An answer is a root whose children are either short facts or lists of records. [`XmlReader::document`] hands out the records one by one and
//! returns the facts; [`XmlReader::next_record`] finds records at any depth. A record is a small tree, a [`Node`], from which the types of
//! [`crate::model`] take what they know; everything else is skipped.

use bytes::Bytes;
use futures::stream::BoxStream;
use quick_xml::{
    Reader,
    escape::resolve_predefined_entity,
    events::{BytesRef, BytesStart, Event, attributes::Attribute},
};
use remote_core::error::{Error, ErrorKind, Result, RetryAdvice};

use self::input::Input;
pub(crate) use self::node::Node;

mod input;
mod node;

/// Longest record, and longest stretch between two of them. A file with all its versions takes a few kilobytes.
pub(crate) const RECORD_BYTES: u64 = 1 << 20;

/// Deepest nesting that is followed; the service nests five levels.
const MAX_DEPTH: usize = 64;

/// Reads one document.
pub(crate) struct XmlReader {
    reader: Reader<Input>,
    buffer: Vec<u8>,
    depth: usize,
    record_bytes: u64,
    ended: bool,
}

/// What comes next in a document.
enum Step {
    Start(Node),
    End,
    Text(String),
    Eof,
}

impl XmlReader {
    /// Reads from a body of at most `limit` bytes.
    pub(crate) fn new(body: BoxStream<'static, Result<Bytes>>, limit: u64) -> Self {
        let mut reader = Reader::from_reader(Input::new(body, limit));
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        config.allow_dangling_amp = true;
        Self {
            reader,
            buffer: Vec::new(),
            depth: 0,
            record_bytes: RECORD_BYTES,
            ended: false,
        }
    }

    /// Allows records of another size than [`RECORD_BYTES`].
    pub(crate) fn with_record_bytes(mut self, bytes: u64) -> Self {
        self.record_bytes = bytes;
        self
    }

    /// Reads the whole document: `visit` gets the name of each list and the records in it, the result is the root with its facts.
    ///
    /// A child of the root is a list if `is_list` says so.
    pub(crate) async fn document(
        mut self,
        is_list: fn(&str) -> bool,
        mut visit: impl FnMut(&str, Node) + Send,
    ) -> Result<Node> {
        let mut root = self.root().await?;
        // All facts together, which are kept, are one record.
        let mut left = self.record_bytes;
        loop {
            self.reader.get_mut().allow(left);
            match self.step().await? {
                Step::Start(child) if is_list(&child.name) => {
                    while let Some(record) = self.next_child().await? {
                        visit(&child.name, record);
                    }
                    continue;
                }
                Step::Start(child) => root.children.push(self.fill(child).await?),
                Step::Text(text) => root.text.push_str(&text),
                Step::End => break,
                Step::Eof => return Err(broke_off()),
            }
            left = self.reader.get_ref().left_of_record();
        }
        self.drain().await?;
        Ok(root)
    }

    /// The start of the root element.
    pub(crate) async fn root(&mut self) -> Result<Node> {
        self.allow();
        loop {
            match self.step().await? {
                Step::Start(root) => return Ok(root),
                // A byte order mark is text where it came in pieces.
                Step::Text(text) if text.trim_start_matches('\u{feff}').trim().is_empty() => {}
                Step::Text(_) | Step::End => return Err(not_xml()),
                Step::Eof => return Err(empty()),
            }
        }
    }

    /// The next element, at any depth below the root, that has one of these names; none at the end of a complete document.
    pub(crate) async fn next_record(&mut self, names: &[&str]) -> Result<Option<Node>> {
        loop {
            if self.ended {
                return Ok(None);
            }
            self.allow();
            match self.step().await? {
                Step::Start(node) if names.contains(&node.name.as_str()) => {
                    return self.fill(node).await.map(Some);
                }
                Step::Start(_) | Step::Text(_) => {}
                Step::End if self.depth == 0 => {
                    self.drain().await?;
                    self.ended = true;
                }
                Step::End => {}
                Step::Eof => return Err(broke_off()),
            }
        }
    }

    /// The next child of the element that was entered last; none at its end.
    async fn next_child(&mut self) -> Result<Option<Node>> {
        loop {
            self.allow();
            match self.step().await? {
                Step::Start(child) => return self.fill(child).await.map(Some),
                Step::Text(_) => {}
                Step::End => return Ok(None),
                Step::Eof => return Err(broke_off()),
            }
        }
    }

    /// Reads an element to its end.
    async fn fill(&mut self, start: Node) -> Result<Node> {
        let mut open = vec![start];
        loop {
            match self.step().await? {
                Step::Start(child) => open.push(child),
                Step::Text(text) => {
                    if let Some(node) = open.last_mut() {
                        node.text.push_str(&text);
                    }
                }
                Step::End => {
                    let Some(done) = open.pop() else {
                        return Err(not_xml());
                    };
                    match open.last_mut() {
                        Some(parent) => parent.children.push(done),
                        None => return Ok(done),
                    }
                }
                Step::Eof => return Err(broke_off()),
            }
        }
    }

    /// Reads what follows the root, so that the connection can be used again.
    async fn drain(&mut self) -> Result<()> {
        self.allow();
        loop {
            match self.step().await? {
                Step::Eof => return Ok(()),
                Step::Text(text) if text.trim().is_empty() => {}
                _ => return Err(not_xml()),
            }
        }
    }

    fn allow(&mut self) {
        let bytes = self.record_bytes;
        self.reader.get_mut().allow(bytes);
    }

    async fn step(&mut self) -> Result<Step> {
        loop {
            self.buffer.clear();
            let Self { reader, buffer, .. } = self;
            let step = match reader.read_event_into_async(buffer).await {
                Ok(Event::Start(start) | Event::Empty(start)) => Step::Start(node_of(&start)),
                Ok(Event::End(_)) => Step::End,
                Ok(Event::Text(text)) => Step::Text(text.xml10_content().into_owned()),
                Ok(Event::CData(text)) => Step::Text(text.xml10_content().into_owned()),
                Ok(Event::GeneralRef(reference)) => Step::Text(resolve(&reference)),
                Ok(Event::Eof) => Step::Eof,
                Ok(Event::Comment(_) | Event::Decl(_) | Event::DocType(_) | Event::PI(_)) => {
                    continue;
                }
                Err(error) => {
                    let place = reader.error_position();
                    return Err(reader.get_mut().explain(error, place));
                }
            };
            self.count(&step)?;
            return Ok(step);
        }
    }

    fn count(&mut self, step: &Step) -> Result<()> {
        match step {
            Step::Start(_) => self.depth += 1,
            Step::End => self.depth = self.depth.saturating_sub(1),
            Step::Text(_) | Step::Eof => {}
        }
        if self.depth > MAX_DEPTH {
            return Err(Error::with_message(
                ErrorKind::Protocol,
                format!("the answer nests more than {MAX_DEPTH} elements"),
            ));
        }
        Ok(())
    }
}

fn node_of(start: &BytesStart<'_>) -> Node {
    let attributes = start
        .html_attributes()
        .with_checks(false)
        .filter_map(Result::ok)
        .map(|attribute| (attribute.key.into_inner().to_owned(), value_of(&attribute)))
        .collect();
    Node {
        name: start.name().into_inner().to_owned(),
        attributes,
        ..Node::default()
    }
}

/// The value with its references resolved; one that is not known stays as it is written.
fn value_of(attribute: &Attribute<'_>) -> String {
    let raw: &str = &attribute.value;
    let mut value = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((before, after)) = rest.split_once('&') {
        value.push_str(before);
        // Looked for nearby only: a value full of ampersands takes no longer than another one.
        let mut nearby = after.bytes().take(MAX_ENTITY_BYTES + 1);
        let end = nearby.position(|byte| byte == b';');
        match end.and_then(|end| after.split_at_checked(end)) {
            Some((name, next)) => {
                value.push_str(&resolve(&BytesRef::new(name)));
                rest = next.strip_prefix(';').unwrap_or(next);
            }
            None => {
                value.push('&');
                rest = after;
            }
        }
    }
    value.push_str(rest);
    value
}

/// The longest name of an entity of HTML.
const MAX_ENTITY_BYTES: usize = 32;

fn resolve(reference: &BytesRef<'_>) -> String {
    match reference.resolve_char_ref() {
        Ok(Some(character)) => return character.to_string(),
        Ok(None) => {}
        Err(_) => return char::REPLACEMENT_CHARACTER.to_string(),
    }
    let name = reference.xml10_content();
    match resolve_predefined_entity(&name) {
        Some(text) => text.to_owned(),
        None => format!("&{name};"),
    }
}

/// The connection ended before the document did.
pub(crate) fn broke_off() -> Error {
    Error::with_message(
        ErrorKind::Transport,
        "the answer broke off within an element",
    )
    .with_retry_advice(RetryAdvice::IfIdempotent(None))
    .with_help("try again; check the connection if this persists")
}

fn empty() -> Error {
    Error::with_message(
        ErrorKind::Protocol,
        "the service answered nothing where XML was expected",
    )
    .with_retry_advice(RetryAdvice::IfIdempotent(None))
}

fn not_xml() -> Error {
    Error::with_message(
        ErrorKind::Protocol,
        "the service answered something that is not XML",
    )
    .with_help("check that no sign-in page of a network is in the way")
}

#[cfg(test)]
pub(crate) mod tests {
    use futures::{StreamExt as _, stream};

    use super::*;

    /// A reader of a text that arrives in pieces of some bytes.
    pub(crate) fn reader(text: impl AsRef<[u8]>, piece: usize) -> XmlReader {
        let pieces: Vec<Result<Bytes>> = text
            .as_ref()
            .chunks(piece)
            .map(|piece| Ok(Bytes::copy_from_slice(piece)))
            .collect();
        XmlReader::new(stream::iter(pieces).boxed(), 1 << 30)
    }

    async fn document(text: impl AsRef<[u8]>, piece: usize) -> Result<(Node, Vec<String>)> {
        let mut records = Vec::new();
        let root = reader(text, piece)
            .document(
                |name| name == "files",
                |list, node| {
                    records.push(format!(
                        "{list}:{}",
                        node.attribute("name").unwrap_or_default()
                    ));
                },
            )
            .await?;
        Ok((root, records))
    }

    const FOLDER: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
        <folder name="Q&amp;A &lt;x&gt;" time="">
          <!-- a comment > with a bracket -->
          <path xml:space="preserve"> /u/Jotta&#47;Archive </path><new><deep><deeper/></deep></new>
          <files><file name="a &quot;b&quot;"/><file name='c > d'><x/></file></files>
        </folder>
        "#;

    #[tokio::test]
    async fn documents_are_read_whatever_pieces_they_come_in() {
        for piece in [1, 2, 7, 4096] {
            let (root, records) = document(FOLDER, piece).await.unwrap();
            assert_eq!(root.attribute("name"), Some("Q&A <x>"));
            assert_eq!(root.text_of("path"), Some(" /u/Jotta/Archive "), "{piece}");
            assert_eq!(records, ["files:a \"b\"", "files:c > d"]);
        }
    }

    #[tokio::test]
    async fn other_encodings_are_told_from_the_one_of_the_service() {
        for piece in [1, 2, 3, 4096] {
            let marked = format!("\u{feff}{FOLDER}");
            let (root, records) = document(marked, piece).await.unwrap();
            assert_eq!((root.name.as_str(), records.len()), ("folder", 2));
        }
        let latin = b"<?xml version='1.0' encoding='ISO-8859-1'?><r a='\xe9'>\xe9</r>";
        let units = |bytes: fn(u16) -> [u8; 2]| {
            let text = format!("\u{feff}{FOLDER}");
            text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>()
        };
        let others = [
            latin.to_vec(),
            units(u16::to_le_bytes),
            units(u16::to_be_bytes),
        ];
        for other in others {
            let error = document(other, 64).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Protocol, "{error:?}");
        }
    }

    #[tokio::test]
    async fn references_of_html_are_known_and_unknown_ones_stay() {
        let (root, _) = document("<r a='&nbsp;&bogus;&#x41;&'>&auml;&bogus; & b</r>", 3)
            .await
            .unwrap();
        assert_eq!(root.attribute("a"), Some("\u{a0}&bogus;A&"));
        assert_eq!(root.text, "ä&bogus; & b");
    }

    #[tokio::test]
    async fn a_document_that_ends_early_is_an_error_wherever_it_ends() {
        let end = FOLDER.rfind("</folder>").unwrap() + "</folder>".len();
        for cut in 1..end {
            let Some(part) = FOLDER.get(..cut) else {
                continue;
            };
            let error = document(part, 64).await.unwrap_err();
            assert!(
                matches!(error.kind(), ErrorKind::Transport | ErrorKind::Protocol),
                "{cut}: {error:?}"
            );
            assert_ne!(error.retry_advice(), RetryAdvice::Never, "{cut}: {error:?}");
        }
    }

    #[tokio::test]
    async fn what_is_not_xml_is_refused() {
        for text in ["{\"a\":1}", "<a></b>", "<a/><b/>", "<a/>text", "<a b></a"] {
            let error = document(text, 64).await.unwrap_err();
            assert!(
                matches!(error.kind(), ErrorKind::Protocol | ErrorKind::Transport),
                "{text}: {error:?}"
            );
        }
    }

    #[tokio::test]
    async fn deep_and_large_documents_are_refused() {
        let deep = "<a>".repeat(1000);
        assert_eq!(
            document(&deep, 4096).await.unwrap_err().kind(),
            ErrorKind::Protocol
        );
        let large = format!("<r><x>{}</x></r>", "x".repeat(3 << 20));
        assert_eq!(
            document(&large, 4096).await.unwrap_err().kind(),
            ErrorKind::TooLarge
        );
        let many = format!("<r>{}</r>", "<x>y</x>".repeat(400_000));
        assert_eq!(
            document(&many, 4096).await.unwrap_err().kind(),
            ErrorKind::TooLarge
        );
        let long_tag = format!("<r {}", "x".repeat(3 << 20));
        assert_eq!(
            document(&long_tag, 4096).await.unwrap_err().kind(),
            ErrorKind::TooLarge
        );
    }

    #[tokio::test]
    async fn a_document_may_be_longer_than_a_record() {
        let files = r#"<file name="a"><x>some text that makes it longer</x></file>"#.repeat(50_000);
        let (_, records) = document(&format!("<r><files>{files}</files></r>"), 4096)
            .await
            .unwrap();
        assert_eq!(records.len(), 50_000);
    }

    #[tokio::test]
    async fn records_are_found_at_any_depth() {
        let mut reader = reader(
            "<l><file>1</file><x><y><folder>2</folder></y></x><stats/></l>",
            5,
        );
        let mut found = Vec::new();
        while let Some(node) = reader.next_record(&["file", "folder"]).await.unwrap() {
            found.push(node.text);
        }
        assert_eq!(found, ["1", "2"]);
        assert!(reader.next_record(&["file"]).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn an_entity_that_is_declared_is_not_expanded() {
        let text = "<!DOCTYPE r [<!ENTITY a \"aaaaaaaaaa\">]><r>&a;</r>";
        let (root, _) = document(text, 64).await.unwrap();
        assert_eq!(root.text, "&a;");
    }
}
