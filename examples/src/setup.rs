//! Setting up remotes.

mod ask;
mod browser;
mod configuration;
mod conversation;
mod menu;
mod password;
mod secret;
mod terminal;
mod wizard;

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use remote_config::setup::SetupType;
use remote_core::http::HttpSettings;
use remote_transfer::Cancel;

use self::{configuration::Configuration, terminal::Terminal};
use crate::{
    console::Console,
    failure::Failure,
    program::{INTERRUPTED, Program, Result},
};

/// Sets up, changes and removes remotes of an rclone configuration, by questions and answers.
///
/// Without a command it shows a menu. Passwords are typed hidden on a terminal; from a pipe they are read like all other lines, without blanks at their ends.
#[derive(Debug, Parser)]
#[command(name = "setup", version, after_long_help = JSON_HELP)]
pub struct Setup {
    /// The rclone configuration file, instead of the user's own
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// Talk in JSON, one object per line, for a graphical front end; see --help
    #[arg(long)]
    json: bool,
    /// Do not try whether a remote works; nothing is sent anywhere
    #[arg(long, global = true)]
    no_check: bool,
    /// Print what the libraries log
    #[arg(short, long, global = true)]
    verbose: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Sets up one remote and ends
    Create {
        /// The name
        name: String,
        /// The type, such as koofr
        #[arg(value_name = "TYPE")]
        type_name: String,
        /// Answers beforehand, by the names of the questions: user=ann@example.org
        #[arg(value_name = "NAME=VALUE")]
        answers: Vec<String>,
    },
    /// Changes one remote and ends
    Edit {
        /// The name
        name: String,
    },
    /// Checks a remote or signs in again, and ends
    Reconnect {
        /// The name
        name: String,
    },
}

const JSON_HELP: &str = include_str!("setup/protocol.txt");

impl Program for Setup {
    fn parallel(&self) -> bool {
        false
    }

    fn verbose(&self) -> bool {
        self.verbose
    }

    async fn run(self, console: &mut Console, cancel: Cancel) -> Result {
        if self.json && self.command.is_some() {
            return Err(Failure::usage(
                "--json takes its commands from the standard input, not from the command line",
            ));
        }
        let configuration = Configuration::new(self.config.as_deref());
        let types = self.types();
        let mut terminal = Terminal::new(console, cancel.clone());
        let work = async {
            if self.json {
                return conversation::hold(configuration, &types, &mut terminal).await;
            }
            match self.command {
                None => menu::run(configuration, &types, &mut terminal).await,
                Some(command) => command.run(configuration, &types, &mut terminal).await,
            }
        };
        let result = work.await;
        if cancel.is_cancelled() {
            return Err(Failure::silent(INTERRUPTED));
        }
        result
    }
}

impl Setup {
    fn types(&self) -> Vec<SetupType> {
        let types = remotes::setup_types(&HttpSettings::default());
        if !self.no_check {
            return types;
        }
        let bare = types.iter().map(|kind| SetupType::new(kind.backend));
        bare.collect()
    }
}

impl Command {
    async fn run(
        self,
        configuration: Configuration,
        types: &[SetupType],
        terminal: &mut Terminal<'_>,
    ) -> Result {
        let mut config = wizard::open(configuration, terminal).await?;
        let dialogue = match &self {
            Self::Create {
                name,
                type_name,
                answers,
            } => wizard::create(&config, types, name, type_name, answers)?,
            Self::Edit { name } => wizard::edit(&config, types, name)?,
            Self::Reconnect { name } => wizard::reconnect(&config, types, name)?,
        };
        wizard::hold(dialogue, &mut config, terminal).await
    }
}
