//! A person at a terminal, or lines from a pipe.

use std::{
    fmt,
    io::{IsTerminal as _, Write as _},
    mem,
};

use remote_core::secret::Secret;
use remote_transfer::Cancel;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};

use crate::{console::Console, failure::Failure, program::Result};

/// Longer lines are refused. The longest honest one is a suspended dialogue.
const MAX_LINE_BYTES: u64 = 4 << 20;

/// Reads lines, writes text.
pub(super) struct Terminal<'a> {
    console: &'a mut Console,
    lines: BufReader<Box<dyn AsyncRead + Send + Unpin>>,
    /// Whether passwords can be typed hidden.
    is_terminal: bool,
    cancel: Cancel,
}

impl<'a> Terminal<'a> {
    pub(super) fn new(console: &'a mut Console, cancel: Cancel) -> Self {
        let input = mem::replace(&mut console.input, Box::new(tokio::io::empty()));
        Self {
            is_terminal: console.interactive && std::io::stdin().is_terminal(),
            lines: BufReader::new(input),
            console,
            cancel,
        }
    }

    /// Prints a text and a line end.
    pub(super) fn say(&mut self, text: &str) -> Result {
        writeln!(self.console.out, "{text}")?;
        self.console.out.flush()?;
        Ok(())
    }

    /// Prints a prompt, and reads a line without its line end.
    pub(super) async fn line(&mut self, prompt: &str) -> Result<String> {
        write!(self.console.out, "{prompt}> ")?;
        self.console.out.flush()?;
        let line = self.read().await?;
        line.ok_or_else(|| Failure::message("the input ended before the question was answered"))
    }

    /// Reads a line without its line end; nothing at the end of the input.
    pub(super) async fn read(&mut self) -> Result<Option<String>> {
        let mut line = Vec::new();
        let mut limited = (&mut self.lines).take(MAX_LINE_BYTES);
        tokio::select! {
            read = limited.read_until(b'\n', &mut line) => read?,
            () = self.cancel.cancelled() => return Err(Failure::message("interrupted")),
        };
        if line.is_empty() {
            return Ok(None);
        }
        if !line.ends_with(b"\n") && u64::try_from(line.len()) == Ok(MAX_LINE_BYTES) {
            return Err(Failure::message("a line of the input is too long"));
        }
        let line = String::from_utf8(line)
            .map_err(|_not_text| Failure::message("the input is not Unicode text"))?;
        Ok(Some(line.trim_end_matches(['\r', '\n']).to_owned()))
    }

    /// Reads a password, hidden where a person types it. From a pipe it comes without the white space at its ends, as in rclone: there, both programs make the same
    /// file of the same lines.
    pub(super) async fn hidden(&mut self, telling: &str, prompt: &str) -> Result<Secret> {
        self.console.tell(format_args!("{telling}:"));
        if !self.is_terminal {
            let line = Secret::new(self.line(prompt).await?);
            return Ok(Secret::new(line.expose().trim()));
        }
        self.console.out.flush()?;
        let prompt = format!("{prompt}:");
        // It is not left before Enter: the terminal would stay without an echo.
        let typed = tokio::task::spawn_blocking(move || rpassword::prompt_password(prompt));
        let password = Secret::new(typed.await??);
        if self.cancel.is_cancelled() {
            return Err(Failure::message("interrupted"));
        }
        Ok(password)
    }

    /// Whether a person sits at it.
    pub(super) fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Waits for something, unless the program is to end.
    pub(super) async fn wait<T: Send>(
        &mut self,
        something: impl Future<Output = T> + Send,
    ) -> Result<T> {
        tokio::select! {
            it = something => Ok(it),
            () = self.cancel.cancelled() => Err(Failure::message("interrupted")),
        }
    }

    /// Asks for one of some letters; an empty line takes the default, if there is one.
    pub(super) async fn letter(
        &mut self,
        choices: &[(char, &str)],
        default: Option<char>,
    ) -> Result<char> {
        for (letter, meaning) in choices {
            let mark = if Some(*letter) == default {
                " (default)"
            } else {
                ""
            };
            self.say(&format!("{letter}) {meaning}{mark}"))?;
        }
        let letters: Vec<String> = choices
            .iter()
            .map(|(letter, _)| letter.to_string())
            .collect();
        loop {
            let line = self.line(&letters.join("/")).await?.trim().to_lowercase();
            let typed = line.chars().next().or(default);
            if let Some(typed) =
                typed.filter(|typed| choices.iter().any(|(letter, _)| letter == typed))
            {
                return Ok(typed);
            }
        }
    }

    pub(super) async fn yes_no(&mut self, default: bool) -> Result<bool> {
        let default = if default { 'y' } else { 'n' };
        let letter = self
            .letter(&[('y', "Yes"), ('n', "No")], Some(default))
            .await?;
        Ok(letter == 'y')
    }
}

impl fmt::Debug for Terminal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terminal")
            .field("is_terminal", &self.is_terminal)
            .finish_non_exhaustive()
    }
}
