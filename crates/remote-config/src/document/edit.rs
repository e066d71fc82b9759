//! Changes that touch only the lines they must.

use std::collections::HashSet;

use super::{
    Document, MAX_NAME_BYTES,
    line::{Line, Meaning, has_outer_space},
    value::has_reference,
};

/// A change that cannot be made. The document is as it was.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum EditError {
    /// There is a section of the new name already.
    #[error("there is already a section of this name")]
    Exists,
    /// A key with other characters than ASCII letters, digits, `_` and `.`, which rclone might not read back.
    #[error("a key consists of letters, digits, `_` and `.`")]
    InvalidKey,
    /// A section name that is empty, has more than [`MAX_NAME_BYTES`], contains a line end, begins or ends with white space, or means the
    /// section `DEFAULT`.
    #[error("a section name is not empty, has no line end, and no white space at its ends")]
    InvalidSection,
    /// A value with a line end.
    #[error("a value cannot contain a line end")]
    LineEnd,
    /// There is no section of the name.
    #[error("there is no section of this name")]
    NotFound,
    /// A value with `%(…)s` in it, which would be replaced when it is read.
    #[error(
        "a value cannot contain a reference of the form %(name)s, because it would be replaced when read"
    )]
    Reference,
}

/// The lines of one header and what follows it, or of the entries before the first header.
struct Block {
    start: usize,
    /// Behind the last entry, or behind the header if there is none.
    end: usize,
    has_header: bool,
}

impl Document {
    /// Sets a value. An existing key keeps its line and its spelling; a key that is not there goes to the end of its section, and a section
    /// that is not there to the end of the file.
    ///
    /// The value is quoted where it would not be read back otherwise.
    ///
    /// # Errors
    ///
    /// The value or the name of a new key or section cannot be written so that it reads back as the same.
    pub fn set(
        &mut self,
        section: impl AsRef<[u8]>,
        key: impl AsRef<[u8]>,
        value: impl AsRef<[u8]>,
    ) -> Result<(), EditError> {
        let (section, key, value) = (section.as_ref(), key.as_ref(), value.as_ref());
        check_value(value)?;
        if self.raw(section, key) == Some(value) {
            return Ok(());
        }
        let known = self.section(section).and_then(|found| found.key(key));
        if let Some(&place) = known.and_then(|key| key.lines.last()) {
            self.replace_value(place, value);
        } else {
            check_key(key)?;
            self.add_section(section)?;
            self.insert_entry(section, key, value);
        }
        self.rebuild();
        Ok(())
    }

    /// Adds an empty section at the end of the file, unless it is there already.
    ///
    /// # Errors
    ///
    /// The name cannot be written so that it reads back as the same.
    pub fn add_section(&mut self, section: impl AsRef<[u8]>) -> Result<(), EditError> {
        let section = section.as_ref();
        if self.has_section(section) {
            return Ok(());
        }
        check_section(section)?;
        let ending = self.line_ending();
        let header = [b"[", section, b"]", ending.as_bytes()].concat();
        if section == Self::DEFAULT.as_bytes() {
            // rclone writes the entries of DEFAULT without a header, so they must come first.
            self.insert(0, &header);
            self.insert(1, ending.as_bytes());
        } else {
            self.finish_last_line();
            if self
                .lines
                .last()
                .is_some_and(|line| line.meaning != Meaning::Blank)
            {
                self.insert(self.lines.len(), ending.as_bytes());
            }
            self.insert(self.lines.len(), &header);
            self.insert(self.lines.len(), ending.as_bytes());
        }
        self.rebuild();
        Ok(())
    }

    /// Removes a key with the comments directly above it. Tells whether it was there.
    pub fn remove(&mut self, section: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> bool {
        let found = self
            .section(section.as_ref())
            .and_then(|found| found.key(key.as_ref()));
        let Some(key) = found else {
            return false;
        };
        let mut gone = HashSet::new();
        for &place in &key.lines {
            gone.extend(self.comments_above(place)..=place);
        }
        self.retain_lines(&gone);
        true
    }

    /// Removes a section with all its keys and the comments directly above it. Tells whether it was there.
    pub fn remove_section(&mut self, section: impl AsRef<[u8]>) -> bool {
        let section = section.as_ref();
        if !self.has_section(section) {
            return false;
        }
        let mut gone = HashSet::new();
        for block in self.blocks(section) {
            gone.extend(self.comments_above(block.start)..block.end);
            let after = self.lines.iter().skip(block.end);
            let blanks = after
                .take_while(|line| line.meaning == Meaning::Blank)
                .count();
            gone.extend(block.end..block.end + blanks);
        }
        self.retain_lines(&gone);
        true
    }

    /// Gives a section another name; its place and all its lines stay.
    ///
    /// Other sections that refer to the name are not changed.
    ///
    /// # Errors
    ///
    /// There is no such section, there is one of the new name, or the new name cannot be written. The section
    /// [`DEFAULT`](Self::DEFAULT) cannot be renamed, and none can become it.
    pub fn rename_section(
        &mut self,
        from: impl AsRef<[u8]>,
        to: impl AsRef<[u8]>,
    ) -> Result<(), EditError> {
        let (from, to) = (from.as_ref(), to.as_ref());
        let headers = self
            .section(from)
            .ok_or(EditError::NotFound)?
            .headers
            .clone();
        self.check_new_name(from, to)?;
        for place in headers {
            let Some(line) = self.lines.get_mut(place) else {
                continue;
            };
            if let Meaning::Header(name) = line.meaning.clone() {
                *line = reparse(
                    [
                        line.part(&(0..name.start)),
                        to,
                        line.part(&(name.end..line.text.len())),
                    ]
                    .concat(),
                );
            }
        }
        self.rebuild();
        Ok(())
    }

    /// Copies a section with its comments to a new name at the end of the file.
    ///
    /// # Errors
    ///
    /// The same as for [`rename_section`](Self::rename_section).
    pub fn copy_section(
        &mut self,
        from: impl AsRef<[u8]>,
        to: impl AsRef<[u8]>,
    ) -> Result<(), EditError> {
        let (from, to) = (from.as_ref(), to.as_ref());
        if !self.has_section(from) {
            return Err(EditError::NotFound);
        }
        self.check_new_name(from, to)?;
        let mut copied: Vec<Line> = Vec::new();
        for block in self.blocks(from) {
            let first = block.start + usize::from(block.has_header);
            copied.extend(self.lines.iter().take(block.end).skip(first).cloned());
        }
        if let Some(last) = copied.last_mut().filter(|line| line.ending().is_empty()) {
            last.text.push(b'\n');
        }
        self.add_section(to)?;
        // The new section ends with its header and a blank line.
        let place = self.lines.len().saturating_sub(1);
        self.lines.splice(place..place, copied);
        self.rebuild();
        Ok(())
    }

    fn check_new_name(&self, from: &[u8], to: &[u8]) -> Result<(), EditError> {
        check_section(to)?;
        if [from, to].contains(&Self::DEFAULT.as_bytes()) {
            return Err(EditError::InvalidSection);
        }
        if self.has_section(to) {
            Err(EditError::Exists)
        } else {
            Ok(())
        }
    }

    fn replace_value(&mut self, place: usize, value: &[u8]) {
        let Some(line) = self.lines.get_mut(place) else {
            return;
        };
        let Meaning::Entry(entry) = line.meaning.clone() else {
            return;
        };
        let mut field = entry.field;
        if field.is_empty() {
            // The blanks behind the separator are not part of the empty value; keep them in front of the new one.
            field.start = line.text.len() - line.ending().len();
            field.end = field.start;
        }
        let before = line.part(&(0..field.start));
        let gap: &[u8] = if before.ends_with(b" =") && !value.is_empty() {
            b" "
        } else {
            b""
        };
        *line = reparse(
            [
                before,
                gap,
                &written(value),
                line.part(&(field.end..line.text.len())),
            ]
            .concat(),
        );
    }

    /// Adds a line for a key that an existing section does not have.
    fn insert_entry(&mut self, section: &[u8], key: &[u8], value: &[u8]) {
        self.name_unnamed_headers(section);
        let last = self
            .section(section)
            .and_then(|section| section.lines().max());
        let place = last.map_or(self.lines.len(), |last| last + 1);
        if place == self.lines.len() {
            self.finish_last_line();
        }
        let line = [key, b" = ", &written(value), self.line_ending().as_bytes()].concat();
        self.insert(place, &line);
    }

    /// Entries are not allowed under `[]`, which otherwise means the same as `[DEFAULT]`.
    fn name_unnamed_headers(&mut self, section: &[u8]) {
        for place in self
            .section(section)
            .map(|section| section.headers.clone())
            .unwrap_or_default()
        {
            let Some(line) = self.lines.get_mut(place) else {
                continue;
            };
            if matches!(&line.meaning, Meaning::Header(name) if name.is_empty()) {
                let text = [b"[", section, b"]", line.ending().as_bytes()].concat();
                *line = reparse(text);
            }
        }
    }

    fn finish_last_line(&mut self) {
        let ending = self.line_ending();
        if let Some(last) = self
            .lines
            .last_mut()
            .filter(|line| line.ending().is_empty())
        {
            last.text.extend_from_slice(ending.as_bytes());
        }
    }

    /// The line end of the file, as its first line has it.
    fn line_ending(&self) -> &'static str {
        match self.lines.first().map(Line::ending) {
            Some("\r\n") => "\r\n",
            _ => "\n",
        }
    }

    fn insert(&mut self, place: usize, text: &[u8]) {
        self.lines.insert(place, reparse(text.to_vec()));
    }

    fn retain_lines(&mut self, gone: &HashSet<usize>) {
        let mut place = 0;
        self.lines.retain(|_| {
            place += 1;
            !gone.contains(&(place - 1))
        });
        self.rebuild();
    }

    /// The first of the comment lines that stand directly above a line, or that line itself.
    fn comments_above(&self, place: usize) -> usize {
        let above = self.lines.iter().take(place).rev();
        place - above.take_while(|line| line.is_comment()).count()
    }

    fn blocks(&self, section: &[u8]) -> Vec<Block> {
        let mut blocks: Vec<Block> = Vec::new();
        // Before the first header, entries belong to DEFAULT.
        let mut inside = section == Self::DEFAULT.as_bytes();
        let mut open = false;
        for (place, line) in self.lines.iter().enumerate() {
            match &line.meaning {
                Meaning::Header(name) => {
                    let name = line.part(name);
                    inside =
                        name == section || (name.is_empty() && section == Self::DEFAULT.as_bytes());
                    open = inside;
                    if inside {
                        blocks.push(Block {
                            start: place,
                            end: place + 1,
                            has_header: true,
                        });
                    }
                }
                Meaning::Entry(_) if inside => {
                    match blocks.last_mut().filter(|_| open) {
                        Some(block) => block.end = place + 1,
                        None => blocks.push(Block {
                            start: place,
                            end: place + 1,
                            has_header: false,
                        }),
                    }
                    open = true;
                }
                _ => {}
            }
        }
        blocks
    }
}

/// The text of a value so that it reads back as the same: bare where possible, or else in three double quotes, which no
/// value can break because readers look for the last ones of the line.
fn written(value: &[u8]) -> Vec<u8> {
    if has_outer_space(value) || value.contains(&b'`') || value.starts_with(b"\"\"\"") {
        [b"\"\"\"", value, b"\"\"\""].concat()
    } else {
        value.to_vec()
    }
}

/// Makes a line of a text that is known to be one.
fn reparse(text: Vec<u8>) -> Line {
    Line::parse(&text, false).unwrap_or(Line {
        text,
        meaning: Meaning::Blank,
    })
}

fn check_value(value: &[u8]) -> Result<(), EditError> {
    if value.contains(&b'\n') || value.contains(&b'\r') {
        return Err(EditError::LineEnd);
    }
    if has_reference(value) {
        return Err(EditError::Reference);
    }
    Ok(())
}

fn check_key(key: &[u8]) -> Result<(), EditError> {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.');
    if !key.is_empty() && key.iter().all(allowed) {
        Ok(())
    } else {
        Err(EditError::InvalidKey)
    }
}

fn check_section(name: &[u8]) -> Result<(), EditError> {
    if name.is_empty()
        || name.len() > MAX_NAME_BYTES
        || has_outer_space(name)
        || name.contains(&b'\n')
        || name.contains(&b'\r')
    {
        return Err(EditError::InvalidSection);
    }
    Ok(())
}
