//! What a program reads and prints, so that it can run inside a test.

use std::{
    borrow::Cow,
    fmt,
    io::{self, BufWriter, IsTerminal as _, Write},
    sync::{Arc, Mutex, PoisonError},
};

use tokio::io::AsyncRead;

/// Output is collected up to this size before it is written: a listing of a million lines is a few thousand system calls.
const OUTPUT_BUFFER_BYTES: usize = 64 * 1024;

/// The standard streams of a program, or stand-ins for them.
pub struct Console {
    /// Results.
    pub out: Box<dyn Write + Send>,
    /// Messages for people.
    pub err: Box<dyn Write + Send>,
    /// What is piped into the program.
    pub input: Box<dyn AsyncRead + Send + Unpin>,
    /// Whether a person watches, so that progress is shown.
    pub interactive: bool,
    /// Whether the results go to a terminal, which must not be steered by the names in them.
    pub out_is_terminal: bool,
}

impl Console {
    /// The streams of this process.
    #[must_use]
    pub fn process() -> Self {
        Self {
            out: Box::new(BufWriter::with_capacity(OUTPUT_BUFFER_BYTES, io::stdout())),
            err: Box::new(io::stderr()),
            input: Box::new(tokio::io::stdin()),
            interactive: true,
            out_is_terminal: io::stdout().is_terminal(),
        }
    }

    /// Streams in memory: this input, and the output and messages that come.
    #[must_use]
    pub fn captured(input: &'static [u8]) -> (Self, Captured, Captured) {
        let (out, err) = (Captured::default(), Captured::default());
        let console = Self {
            out: Box::new(out.clone()),
            err: Box::new(err.clone()),
            input: Box::new(input),
            interactive: false,
            out_is_terminal: false,
        };
        (console, out, err)
    }

    /// Tells a person something, on one line. Whoever closed the stream does not want to know.
    pub fn tell(&mut self, message: fmt::Arguments<'_>) {
        drop(writeln!(self.err, "{}", visible(&message.to_string())));
    }

    /// Prints a name from elsewhere: byte for byte, but for control characters on a terminal.
    ///
    /// # Errors
    ///
    /// The output cannot be written.
    pub fn print_name(&mut self, name: &[u8]) -> io::Result<()> {
        match self.out_is_terminal {
            true => write!(self.out, "{}", visible(&String::from_utf8_lossy(name))),
            false => self.out.write_all(name),
        }
    }
}

impl fmt::Debug for Console {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Console")
            .field("interactive", &self.interactive)
            .finish_non_exhaustive()
    }
}

/// A text with its control characters as `\u{1b}`. Names and answers come from others, and a terminal would obey them.
fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(char::is_control) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c.is_control() {
            true => shown.extend(c.escape_default()),
            false => shown.push(c),
        }
    }
    shown.into()
}

/// Output that was collected instead of printed; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    /// What was printed so far.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// What was printed so far, as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }
}

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut collected = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        collected.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "a\u{1b}]0;title\u{7}\r\n\u{9b}31m\u{7f}é";
    const SHOWN: &str = "a\\u{1b}]0;title\\u{7}\\r\\n\\u{9b}31m\\u{7f}é";

    #[test]
    fn messages_cannot_steer_a_terminal() {
        let (mut console, _out, err) = Console::captured(b"");
        console.tell(format_args!("{HOSTILE}: not found"));
        assert_eq!(err.text(), format!("{SHOWN}: not found\n"));
    }

    #[test]
    fn names_are_changed_on_a_terminal_only() {
        for (out_is_terminal, shown) in [(true, SHOWN), (false, HOSTILE)] {
            let (mut console, out, _err) = Console::captured(b"");
            console.out_is_terminal = out_is_terminal;
            console.print_name(HOSTILE.as_bytes()).unwrap();
            assert_eq!(out.text(), shown);
        }
    }
}
