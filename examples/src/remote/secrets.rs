//! Obscured passwords, and the configuration file they are in.

use std::io::Write as _;

use clap::{Args, Subcommand};
use remote_config::{
    obscure,
    redact::{Redaction, redacted, redacted_section},
    setup::rclone::providers_to_json,
};
use remote_core::{options::Backend, secret::Secret};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};

use super::places::Places;
use crate::{console::Console, failure::Failure, program::Result};

/// More than any password; a file that was piped in by mistake ends here.
const MAX_PASSWORD_BYTES: u64 = 64 * 1024;

#[derive(Args, Debug)]
pub(super) struct Obscure {
    /// The password, or - to read it from the first line of the standard input, where nobody sees it in a list of processes
    #[arg(allow_hyphen_values = true)]
    password: String,
}

impl Obscure {
    pub(super) async fn run(&self, console: &mut Console) -> Result {
        let password = given_or_read(&self.password, console).await?;
        writeln!(console.out, "{}", obscure::obscure(&password))?;
        Ok(())
    }
}

#[derive(Args, Debug)]
pub(super) struct Reveal {
    /// The obscured password, or - to read it from the first line of the standard input
    #[arg(allow_hyphen_values = true)]
    obscured: String,
}

impl Reveal {
    pub(super) async fn run(&self, console: &mut Console) -> Result {
        let obscured = given_or_read(&self.obscured, console).await?;
        let password = obscure::reveal(obscured.expose())?;
        writeln!(console.out, "{}", password.expose())?;
        Ok(())
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Prints all remotes as JSON; passwords stay obscured, tokens are shown
    Dump,
    /// Prints the types of remotes with their options as JSON
    Providers,
    /// Prints all remotes, or one, with everything left out that is nobody else's business
    Redacted {
        /// One remote instead of all
        name: Option<String>,
    },
}

impl ConfigCommand {
    pub(super) fn run(&self, places: &Places, console: &mut Console) -> Result {
        let opener = places.opener();
        let document = opener.config().document();
        let text = match self {
            Self::Dump => opener.config().to_json(opener.environment()).into_bytes(),
            Self::Providers => providers_to_json(&backends()).into_bytes(),
            Self::Redacted { name: None } => redacted(document, &backends(), Redaction::Careful),
            Self::Redacted { name: Some(name) } if document.has_section(name) => {
                redacted_section(document, name, &backends(), Redaction::Careful)
            }
            Self::Redacted { name: Some(name) } => {
                return Err(Failure::message(format!(
                    "there is no remote named \"{name}\""
                )));
            }
        };
        console.out.write_all(&text)?;
        Ok(())
    }
}

fn backends() -> Vec<&'static Backend> {
    remotes::backends().collect()
}

async fn given_or_read(argument: &str, console: &mut Console) -> Result<Secret> {
    if argument != "-" {
        return Ok(Secret::new(argument));
    }
    let mut line = String::new();
    let limited = (&mut console.input).take(MAX_PASSWORD_BYTES);
    BufReader::new(limited).read_line(&mut line).await?;
    match line.trim_end_matches(['\r', '\n']) {
        "" => Err(Failure::usage("the standard input has no first line")),
        password => Ok(Secret::new(password)),
    }
}
