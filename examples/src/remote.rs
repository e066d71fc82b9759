//! The contract as a command line.

mod account;
mod changes;
mod content;
mod copies;
mod json;
mod lines;
mod listing;
mod media_type;
mod moves;
mod places;
mod secrets;
mod touch;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use remote_core::error::{Error, ErrorKind};
use remote_transfer::{Cancel, DEFAULT_CHECKERS, DEFAULT_TRANSFERS};

use self::places::Places;
use crate::{
    console::Console,
    failure::Failure,
    program::{INTERRUPTED, Program, Result},
};

/// Exit codes of rclone that ours are the same as.
const DIRECTORY_NOT_FOUND: u8 = 3;
const FILE_NOT_FOUND: u8 = 4;

/// One operation on cloud storage, with the argument order and the JSON of rclone.
///
/// A place is written name:path with a name of the configuration file, :koofr,option=value:path without one, or, where files are copied or moved, as a
/// path of this machine. The exit code is 0 for success, 2 for a command line that makes no sense, 3 for a missing folder, 4 for a missing file and 1 for everything else.
#[derive(Debug, Parser)]
#[command(name = "remote", version)]
pub struct Remote {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Args, Debug)]
struct Common {
    /// The rclone configuration file, instead of the user's own
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// How many files are transferred at the same time
    #[arg(long, value_name = "N", global = true, default_value_t = DEFAULT_TRANSFERS)]
    transfers: usize,
    /// How many files are compared at the same time
    #[arg(long, value_name = "N", global = true, default_value_t = DEFAULT_CHECKERS)]
    checkers: usize,
    /// Compare by size and hash, not by size and time
    #[arg(short, long, global = true)]
    checksum: bool,
    /// Compare by size alone
    #[arg(long, global = true, conflicts_with = "checksum")]
    size_only: bool,
    /// Follow symbolic links of this machine
    #[arg(short = 'L', long, global = true)]
    copy_links: bool,
    /// Print what the libraries log
    #[arg(short, long, global = true)]
    verbose: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Tells how much room there is
    About(account::About),
    /// Prints the content of a file, or of all files of a folder
    Cat(content::Cat),
    /// Works on the configuration file
    #[command(subcommand)]
    Config(secrets::ConfigCommand),
    /// Copies a file or the content of a folder into a folder
    Copy(copies::Copy),
    /// Copies a file or the content of a folder to a place
    Copyto(copies::Copyto),
    /// Removes a file
    Deletefile(changes::Deletefile),
    /// Makes a public link
    Link(account::Link),
    /// Lists all files below a folder with their sizes
    Ls(listing::Ls),
    /// Lists a folder as JSON
    Lsjson(listing::Lsjson),
    /// Makes a folder
    Mkdir(changes::Mkdir),
    /// Moves a file or folder to a place
    Moveto(moves::Moveto),
    /// Obscures a password for a configuration file
    Obscure(secrets::Obscure),
    /// Removes a folder with all that is in it
    Purge(changes::Purge),
    /// Writes a file from the standard input
    Rcat(content::Rcat),
    /// Shows an obscured password
    Reveal(secrets::Reveal),
    /// Removes an empty folder
    Rmdir(changes::Rmdir),
    /// Counts files and bytes below a folder
    Size(listing::Size),
    /// Sets the time of a file, or makes an empty one
    Touch(touch::Touch),
}

impl Program for Remote {
    fn parallel(&self) -> bool {
        matches!(self.command, Command::Copy(_) | Command::Rcat(_))
    }

    fn verbose(&self) -> bool {
        self.common.verbose
    }

    async fn run(self, console: &mut Console, cancel: Cancel) -> Result {
        let places = Places::new(self.common.config.as_deref())?;
        let work = self.work(&places, console, cancel.clone());
        match &self.command {
            // They end by themselves, and clean up.
            Command::Copy(_) | Command::Copyto(_) | Command::Moveto(_) | Command::Touch(_) => {
                work.await
            }
            _ => tokio::select! {
                result = work => result,
                () = cancel.cancelled() => Err(interrupted()),
            },
        }
        .map_err(with_exit_code)
    }
}

impl Remote {
    async fn work(&self, places: &Places, console: &mut Console, cancel: Cancel) -> Result {
        let options = || self.common.transfer_options(&cancel);
        match &self.command {
            Command::About(command) => command.run(places, console).await,
            Command::Cat(command) => command.run(places, console).await,
            Command::Config(command) => command.run(places, console),
            Command::Copy(command) => command.run(places, console, &options()).await,
            Command::Copyto(command) => command.run(places, console, &options()).await,
            Command::Deletefile(command) => command.run(places).await,
            Command::Link(command) => command.run(places, console).await,
            Command::Ls(command) => command.run(places, console).await,
            Command::Lsjson(command) => command.run(places, console).await,
            Command::Mkdir(command) => command.run(places).await,
            Command::Moveto(command) => command.run(places, console, &options()).await,
            Command::Obscure(command) => command.run(console).await,
            Command::Purge(command) => command.run(places).await,
            Command::Rcat(command) => command.run(places, console).await,
            Command::Reveal(command) => command.run(console).await,
            Command::Rmdir(command) => command.run(places).await,
            Command::Size(command) => command.run(places, console).await,
            Command::Touch(command) => command.run(places, self.common.checkers, &cancel).await,
        }
    }
}

fn interrupted() -> Failure {
    Failure::message("interrupted").with_code(INTERRUPTED)
}

/// The exit code follows from the kind of the error, unless the command has set one.
fn with_exit_code(failure: Failure) -> Failure {
    let kind = failure.downcast_ref().map(Error::kind);
    match (failure.code(), kind) {
        (Failure::ERROR, Some(ErrorKind::NotFound)) => failure.with_code(DIRECTORY_NOT_FOUND),
        (Failure::ERROR, Some(ErrorKind::Cancelled)) => failure.with_code(INTERRUPTED),
        _ => failure,
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Remote::command().debug_assert();
    }

    #[test]
    fn options_may_stand_before_and_behind_the_command() {
        for line in [
            "remote --config f --transfers 2 copy a b:",
            "remote copy a b: --transfers 2 --config f",
            "remote copy --transfers=2 a --config=f b:",
        ] {
            let remote = Remote::try_parse_from(line.split(' ')).unwrap();
            assert_eq!(remote.common.transfers, 2);
            assert_eq!(remote.common.config, Some("f".into()));
        }
    }

    #[test]
    fn values_may_begin_with_a_dash() {
        for line in [
            "remote cat --offset -3 a:b",
            "remote reveal -abc",
            "remote obscure -",
        ] {
            assert!(Remote::try_parse_from(line.split(' ')).is_ok(), "{line}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for line in [
            "remote",
            "remote fly a:",
            "remote copy a:",
            "remote lsjson",
            "remote cat --offset x a:",
            "remote copy --checksum --size-only a b:",
        ] {
            assert!(Remote::try_parse_from(line.split(' ')).is_err(), "{line}");
        }
    }
}
