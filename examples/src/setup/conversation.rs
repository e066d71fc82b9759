//! The same as a conversation in JSON, one object per line. `protocol.txt` has the protocol.

use std::collections::BTreeMap;

use remote_config::{
    Config,
    setup::{Dialogue, Next, SetupError, SetupType, SuspendedDialogue, Turn},
};
use remote_core::{error::report, secret::Secret, setup::Answer};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    configuration::{Configuration, Opened},
    menu,
    terminal::Terminal,
};
use crate::program::Result;

/// The version of the protocol.
const PROTOCOL: u32 = 1;

#[derive(Deserialize)]
#[serde(tag = "command", rename_all = "snake_case", deny_unknown_fields)]
enum Command {
    Copy {
        from: String,
        to: String,
    },
    Create {
        #[serde(default)]
        answers: BTreeMap<String, Secret>,
    },
    Delete {
        name: String,
    },
    Edit {
        name: String,
    },
    List,
    Quit,
    Reconnect {
        name: String,
    },
    RemovePassword,
    Rename {
        from: String,
        to: String,
    },
    Resume {
        state: Secret,
    },
    SetPassword {
        password: Secret,
    },
    Types,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    Accept(bool),
    Answer(Secret),
    Cancel(bool),
    Suspend(bool),
}

#[derive(Deserialize)]
struct Unlock {
    unlock: Secret,
}

/// Holds the conversation until the input ends.
pub(super) async fn hold(
    configuration: Configuration,
    types: &[SetupType],
    terminal: &mut Terminal<'_>,
) -> Result {
    let Some(mut config) = open(configuration, terminal).await? else {
        return Ok(());
    };
    while let Some(line) = terminal.read().await? {
        let command = match serde_json::from_str(&line) {
            Ok(Command::Quit) => return Ok(()),
            Ok(command) => command,
            Err(error) => {
                say(terminal, &not_understood(&error))?;
                continue;
            }
        };
        // Others may have changed the file meanwhile.
        if let Err(error) = config.reload_if_changed() {
            say(terminal, &told(&error))?;
            continue;
        }
        match run(command, &mut config, types) {
            Ok(Ran::Event(event)) => say(terminal, &event)?,
            Ok(Ran::Dialogue(dialogue)) => {
                if !talk(*dialogue, &mut config, terminal).await? {
                    return Ok(());
                }
            }
            Err(error) => say(terminal, &error)?,
        }
    }
    Ok(())
}

fn say(terminal: &mut Terminal<'_>, event: &Value) -> Result {
    terminal.say(&event.to_string())
}

fn told(error: &(dyn std::error::Error + 'static)) -> Value {
    json!({"event": "error", "message": report(error)})
}

/// What the parser says may repeat a secret; the place is enough.
fn not_understood(error: &serde_json::Error) -> Value {
    let message = format!("this line is not understood at column {}", error.column());
    json!({"event": "error", "message": message})
}

/// Opens the configuration, or ends with the input.
async fn open(configuration: Configuration, terminal: &mut Terminal<'_>) -> Result<Option<Config>> {
    let mut tried = configuration.clone();
    loop {
        match tried.open()? {
            Opened::Open(config) => {
                let encrypted = config.is_file_encrypted()?;
                let place = configuration.place();
                say(
                    terminal,
                    &json!({"event": "ready", "protocol": PROTOCOL, "config": place, "encrypted": encrypted}),
                )?;
                return Ok(Some(*config));
            }
            Opened::Locked(error) => {
                say(
                    terminal,
                    &json!({"event": "locked", "message": report(&error)}),
                )?;
                let Some(line) = terminal.read().await? else {
                    return Ok(None);
                };
                match serde_json::from_str::<Unlock>(&line) {
                    Ok(read) => tried = configuration.with_password(read.unlock),
                    Err(error) => say(terminal, &not_understood(&error))?,
                }
            }
        }
    }
}

/// What came of a command.
enum Ran {
    Dialogue(Box<Dialogue>),
    Event(Value),
}

fn run(
    command: Command,
    config: &mut Config,
    types: &[SetupType],
) -> std::result::Result<Ran, Value> {
    let dialogue = match command {
        Command::Create { answers } => {
            let dialogue = Dialogue::create(types, config.sections());
            let give = |dialogue: Dialogue, (name, text)| dialogue.give(name, Answer::secret(text));
            Ok(answers.into_iter().fold(dialogue, give))
        }
        Command::Edit { name } => Dialogue::edit(types, config, &name),
        Command::Reconnect { name } => Dialogue::reconnect(types, config, &name),
        Command::Resume { state } => Dialogue::resume(types, &SuspendedDialogue::new(state)),
        Command::List => return Ok(Ran::Event(list(config))),
        Command::Types => return Ok(Ran::Event(list_types(types))),
        command => {
            let changed = change(command, config).map_err(|error| told(&error));
            return changed.map(|()| Ran::Event(json!({"event": "ok"})));
        }
    };
    dialogue
        .map(|dialogue| Ran::Dialogue(Box::new(dialogue)))
        .map_err(|error| told(&error))
}

fn list(config: &Config) -> Value {
    let remotes = menu::remotes(config).into_iter();
    let remotes: Vec<Value> = remotes
        .map(|(name, type_name)| json!({"name": name, "type": type_name}))
        .collect();
    json!({"event": "remotes", "remotes": remotes})
}

fn list_types(types: &[SetupType]) -> Value {
    let types: Vec<Value> = types
        .iter()
        .map(|kind| json!({"type": kind.backend.name, "description": kind.backend.description}))
        .collect();
    json!({"event": "types", "types": types})
}

fn change(command: Command, config: &mut Config) -> std::result::Result<(), remote_config::Error> {
    match command {
        Command::Copy { from, to } => config.copy_section(&from, &to)?,
        Command::Delete { name } => config.remove_section(&name)?,
        Command::Rename { from, to } => config.rename_section(&from, &to)?,
        Command::RemovePassword => return config.remove_file_password(),
        Command::SetPassword { password } => return config.set_file_password(&password),
        _ => return Ok(()),
    }
    config.save()
}

/// Holds one dialogue. Tells whether the input goes on.
async fn talk(
    mut dialogue: Dialogue,
    config: &mut Config,
    terminal: &mut Terminal<'_>,
) -> Result<bool> {
    let mut turn = dialogue.turn().await;
    loop {
        match finish(turn, &dialogue, config) {
            Said::Over(event) => {
                say(terminal, &event)?;
                return Ok(true);
            }
            Said::Open(event) => say(terminal, &event)?,
        }
        let reply = loop {
            let Some(line) = terminal.read().await? else {
                return Ok(false);
            };
            match serde_json::from_str(&line) {
                Ok(reply) => break reply,
                Err(error) => say(terminal, &not_understood(&error))?,
            }
        };
        turn = match reply {
            Reply::Answer(text) => dialogue.answer(&Answer::secret(text)).await,
            Reply::Accept(true) => dialogue.answer(&Answer::accept()).await,
            Reply::Suspend(true) => match dialogue.suspend() {
                Ok(state) => {
                    let event = json!({"event": "suspended", "state": state.expose()});
                    say(terminal, &event)?;
                    return Ok(true);
                }
                Err(error) => {
                    say(terminal, &told(&error))?;
                    dialogue.turn().await
                }
            },
            Reply::Cancel(true) => {
                say(terminal, &json!({"event": "discarded"}))?;
                return Ok(true);
            }
            Reply::Accept(false) | Reply::Suspend(false) | Reply::Cancel(false) => {
                dialogue.turn().await
            }
        };
    }
}

enum Said {
    /// The dialogue goes on.
    Open(Value),
    /// It has come to its end.
    Over(Value),
}

fn finish(
    turn: std::result::Result<Turn, SetupError>,
    dialogue: &Dialogue,
    config: &mut Config,
) -> Said {
    let turn = match turn {
        Ok(turn) => turn,
        // Another try may help; everything else would be the same again.
        Err(error @ SetupError::Step { .. }) => return Said::Open(told(&error)),
        Err(error) => return Said::Over(told(&error)),
    };
    match turn.next {
        Next::Ask(question) => Said::Open(
            json!({"event": "question", "messages": turn.messages, "question": question}),
        ),
        Next::Done => {
            let saved = dialogue.apply(config).map_err(|error| told(&error));
            let saved = saved.and_then(|()| config.save().map_err(|error| told(&error)));
            Said::Over(match saved {
                Ok(()) => {
                    json!({"event": "saved", "name": dialogue.name(), "messages": turn.messages})
                }
                Err(event) => event,
            })
        }
        _ => Said::Over(json!({"event": "discarded"})),
    }
}
