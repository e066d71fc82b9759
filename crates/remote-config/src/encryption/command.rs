//! A program that knows the password.

use std::{
    ffi::OsString,
    fmt,
    io::{self, Read},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use remote_core::{
    options::{OptionType, OptionValue},
    secret::Secret,
};
use zeroize::{Zeroize as _, Zeroizing};

/// How long a password command may take by default. It may well ask a person.
pub const COMMAND_TIMEOUT: Duration = Duration::from_secs(300);

/// The longest output of a password command, and so the longest password it can give.
pub const MAX_PASSWORD_BYTES: usize = 64 * 1024;

/// A program that prints the password, such as `pass show rclone/config`. It is run without a shell.
///
/// Standard input and standard error are those of this process, so that the program can talk to its user. Its standard output, without the
/// line ends at both ends, is the password. The variable `RCLONE_CONFIG_DIR` tells it the folder of the configuration file.
#[derive(Clone)]
pub struct PasswordCommand {
    program: OsString,
    arguments: Vec<OsString>,
    timeout: Duration,
}

/// Why a password command gave no password. What the command printed is not part of it.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// It printed nothing, or line ends only.
    #[error("the password command printed nothing")]
    Empty,
    /// It ended with a failure.
    #[error("the password command failed: {0}")]
    Failed(ExitStatus),
    /// It printed something that is no Unicode text.
    #[error("the password command printed something that is not Unicode text in UTF-8")]
    NotText,
    /// Its output cannot be read.
    #[error("the output of the password command cannot be read")]
    Output(#[source] io::Error),
    /// It cannot be started.
    #[error("the password command \"{program}\" cannot be started")]
    Start {
        /// The program.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// Its text is no list: a quote is not closed, or stands inside a word.
    #[error(
        "the password command is not a list of words separated by single blanks, with double quotes around a word that contains blanks or quotes"
    )]
    Syntax,
    /// It took longer than allowed, and was ended.
    #[error("the password command did not end within {} seconds", .0.as_secs())]
    TimedOut(Duration),
    /// It printed more than [`MAX_PASSWORD_BYTES`].
    #[error("the password command printed more than {MAX_PASSWORD_BYTES} bytes")]
    TooLong,
}

impl PasswordCommand {
    /// A program with its arguments.
    #[must_use]
    pub fn new(
        program: impl Into<OsString>,
        arguments: impl IntoIterator<Item = impl Into<OsString>>,
    ) -> Self {
        Self {
            program: program.into(),
            arguments: arguments.into_iter().map(Into::into).collect(),
            timeout: COMMAND_TIMEOUT,
        }
    }

    /// Reads a command as the variable `RCLONE_PASSWORD_COMMAND` has it: words separated by single blanks, with double quotes around a word that
    /// contains blanks or quotes, and quotes inside doubled.
    ///
    /// # Errors
    ///
    /// [`Syntax`](CommandError::Syntax), also for a text without a program.
    ///
    /// # Examples
    ///
    /// ```
    /// use remote_config::encryption::PasswordCommand;
    ///
    /// let command = PasswordCommand::parse(r#"echo "two words""#)?;
    /// # if cfg!(unix) {
    /// assert_eq!(command.password()?.expose(), "two words");
    /// # }
    /// # Ok::<(), remote_config::encryption::CommandError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, CommandError> {
        // rclone 1.75.2 passes over white space at both ends; 1.60.1 takes blanks there for empty words.
        let text = text.trim();
        let Ok(OptionValue::List(_, words)) = OptionType::SpaceSeparated.parse(text) else {
            return Err(CommandError::Syntax);
        };
        let mut words = words.into_iter();
        match words.next().filter(|program| !program.is_empty()) {
            Some(program) => Ok(Self::new(program, words)),
            None => Err(CommandError::Syntax),
        }
    }

    /// Sets how long the command may take; [`COMMAND_TIMEOUT`] by default.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Runs the command and returns the password. Blocks until it ends.
    ///
    /// # Errors
    ///
    /// Each kind of [`CommandError`].
    pub fn password(&self) -> Result<Secret, CommandError> {
        self.run(None, false)
    }

    /// Like [`password`](Self::password), for a password that is about to be set: the variable `RCLONE_PASSWORD_CHANGE` is `1`, so
    /// that the command can give the new password instead of the old one.
    ///
    /// # Errors
    ///
    /// The same.
    pub fn new_password(&self) -> Result<Secret, CommandError> {
        self.run(None, true)
    }

    /// Runs the command for a configuration file.
    pub(super) fn run(&self, config: Option<&Path>, change: bool) -> Result<Secret, CommandError> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).stdout(Stdio::piped());
        match change {
            true => command.env("RCLONE_PASSWORD_CHANGE", "1"),
            false => command.env_remove("RCLONE_PASSWORD_CHANGE"),
        };
        if let Some(dir) = config.and_then(Path::parent) {
            command.env("RCLONE_CONFIG_DIR", dir);
        }
        let mut child = command.spawn().map_err(|source| CommandError::Start {
            program: self.program.to_string_lossy().into_owned(),
            source,
        })?;
        let result = self.finish(&mut child);
        if result.is_err() {
            // It may still run, or have ended by itself; either way it is gone afterwards.
            child.kill().unwrap_or_default();
            drop(child.wait());
        }
        password_of(&result?)
    }

    /// Waits until the command has said everything and has ended.
    fn finish(&self, child: &mut Child) -> Result<Zeroizing<Vec<u8>>, CommandError> {
        /// Short beside what people notice.
        const PAUSE: Duration = Duration::from_millis(5);
        let deadline = Instant::now() + self.timeout;
        let timed_out = || CommandError::TimedOut(self.timeout);
        let (sender, receiver) = mpsc::channel();
        let stdout = child.stdout.take();
        // A thread of its own, because a read cannot be given up.
        thread::Builder::new()
            .spawn(move || drop(sender.send(read(stdout))))
            .map_err(CommandError::Output)?;
        let output = match receiver.recv_timeout(self.timeout) {
            Ok(output) => output.map_err(CommandError::Output)?,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                return Err(timed_out());
            }
        };
        if output.len() > MAX_PASSWORD_BYTES {
            return Err(CommandError::TooLong);
        }
        loop {
            match child.try_wait().map_err(CommandError::Output)? {
                Some(status) if status.success() => return Ok(output),
                Some(status) => return Err(CommandError::Failed(status)),
                None if Instant::now() >= deadline => return Err(timed_out()),
                None => thread::sleep(PAUSE),
            }
        }
    }
}

/// Arguments may be secret, so only the program is shown.
impl fmt::Debug for PasswordCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordCommand")
            .field("program", &self.program)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// Reads up to the end, or one byte more than allowed.
fn read(stdout: Option<impl Read>) -> io::Result<Zeroizing<Vec<u8>>> {
    // All at once, so that growing leaves no copies behind.
    let mut buffer = Zeroizing::new(vec![0; MAX_PASSWORD_BYTES + 1]);
    let mut length = 0;
    let Some(mut stdout) = stdout else {
        return Ok(Zeroizing::default());
    };
    loop {
        let free = buffer.get_mut(length..).unwrap_or_default();
        match stdout.read(free) {
            Ok(0) => break,
            Ok(count) => length += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    buffer.truncate(length);
    Ok(buffer)
}

fn password_of(output: &[u8]) -> Result<Secret, CommandError> {
    let is_line_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
    let Some(start) = output.iter().position(|byte| !is_line_end(byte)) else {
        return Err(CommandError::Empty);
    };
    let end = output.iter().rposition(|byte| !is_line_end(byte));
    let password = output.get(start..=end.unwrap_or(start)).unwrap_or_default();
    match String::from_utf8(password.to_vec()) {
        Ok(password) => Ok(Secret::new(password)),
        Err(error) => {
            error.into_bytes().zeroize();
            Err(CommandError::NotText)
        }
    }
}
