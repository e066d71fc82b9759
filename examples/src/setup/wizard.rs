//! One dialogue on a terminal, from its first question to the saved file.

use remote_config::{
    Config,
    setup::{Dialogue, NAME, Next, SetupError, SetupType, TYPE, Turn},
};
use remote_core::{error::report, setup::Answer};

use super::{
    ask::ask,
    configuration::{Configuration, Opened, place},
    terminal::Terminal,
};
use crate::{failure::Failure, program::Result};

/// Opens the configuration, asking for its password as often as needed.
pub(super) async fn open(
    configuration: Configuration,
    terminal: &mut Terminal<'_>,
) -> Result<Config> {
    let mut tried = configuration.clone();
    loop {
        match tried.open()? {
            Opened::Open(config) => return Ok(*config),
            Opened::Locked(error) => {
                terminal.say(&format!("{}.", report(&error)))?;
                let password = terminal
                    .hidden("Enter configuration password", "password")
                    .await?;
                tried = configuration.with_password(password);
            }
        }
    }
}

/// The dialogue for one new remote, without the summary, as `rclone config create` has none.
pub(super) fn create(
    config: &Config,
    types: &[SetupType],
    name: &str,
    type_name: &str,
    answers: &[String],
) -> Result<Dialogue> {
    let mut dialogue = Dialogue::create(types, config.sections())
        .without_confirmation()
        .give(NAME, Answer::text(name))
        .give(TYPE, Answer::text(type_name));
    for answer in answers {
        let (name, value) = answer
            .split_once('=')
            .ok_or_else(|| Failure::usage("an answer is written NAME=VALUE"))?;
        dialogue = dialogue.give(name, Answer::text(value));
    }
    Ok(dialogue)
}

pub(super) fn edit(config: &Config, types: &[SetupType], name: &str) -> Result<Dialogue> {
    Ok(Dialogue::edit(types, config, name)?)
}

pub(super) fn reconnect(config: &Config, types: &[SetupType], name: &str) -> Result<Dialogue> {
    Ok(Dialogue::reconnect(types, config, name)?)
}

/// Holds a dialogue, and saves what comes of it.
pub(super) async fn hold(
    mut dialogue: Dialogue,
    config: &mut Config,
    terminal: &mut Terminal<'_>,
) -> Result {
    let mut answer = None;
    loop {
        let Some(turn) = take_turn(&mut dialogue, answer.take(), terminal).await? else {
            return terminal.say("Nothing was saved.");
        };
        for message in &turn.messages {
            terminal.say(&format!("\n{message}"))?;
        }
        match turn.next {
            Next::Ask(question) => answer = Some(ask(&question, terminal).await?),
            Next::Done => break,
            _ => return terminal.say("Nothing was saved."),
        }
    }
    dialogue.apply(config)?;
    config.save()?;
    let place = place(config.location());
    terminal.say(&format!(
        "\nRemote \"{}\" is saved in {place}.",
        dialogue.name()
    ))
}

/// Gives an answer, again if a step fails and the user wants it; nothing if the user gives up.
async fn take_turn(
    dialogue: &mut Dialogue,
    answer: Option<Answer>,
    terminal: &mut Terminal<'_>,
) -> Result<Option<Turn>> {
    loop {
        let turn = match &answer {
            Some(answer) => dialogue.answer(answer).await,
            None => dialogue.turn().await,
        };
        match turn {
            Ok(turn) => return Ok(Some(turn)),
            Err(error @ SetupError::Step { .. }) => {
                terminal.say(&format!("\n{}\nTry again?", report(&error)))?;
                if !terminal.yes_no(true).await? {
                    return Ok(None);
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
}
