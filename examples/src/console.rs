//! What a program reads and prints, so that it can run inside a test.

use std::{
    fmt,
    io::{self, BufWriter, Write},
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
        };
        (console, out, err)
    }

    /// Tells a person something. Whoever closed the stream does not want to know.
    pub fn tell(&mut self, message: fmt::Arguments<'_>) {
        drop(writeln!(self.err, "{message}"));
    }
}

impl fmt::Debug for Console {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Console")
            .field("interactive", &self.interactive)
            .finish_non_exhaustive()
    }
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
