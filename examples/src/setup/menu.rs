//! The main menu.

use remote_config::{
    Config, Error,
    setup::{Dialogue, SetupType},
};
use remote_core::error::report;

use super::{configuration::Configuration, password, terminal::Terminal, wizard};
use crate::program::Result;

const WITH_REMOTES: [(char, &str); 7] = [
    ('e', "Edit existing remote"),
    ('n', "New remote"),
    ('d', "Delete remote"),
    ('r', "Rename remote"),
    ('c', "Copy remote"),
    ('s', "Set configuration password"),
    ('q', "Quit config"),
];

const WITHOUT_REMOTES: [(char, &str); 3] = [
    ('n', "New remote"),
    ('s', "Set configuration password"),
    ('q', "Quit config"),
];

/// Shows the menu until the user wants to quit.
pub(super) async fn run(
    configuration: Configuration,
    types: &[SetupType],
    terminal: &mut Terminal<'_>,
) -> Result {
    let mut config = wizard::open(configuration, terminal).await?;
    loop {
        config.reload_if_changed()?;
        let remotes = remotes(&config);
        let choices: &[(char, &str)] = if remotes.is_empty() {
            terminal.say("\nNo remotes found, make a new one?")?;
            &WITHOUT_REMOTES
        } else {
            terminal.say(&format!("\nCurrent remotes:\n\n{}", table(&remotes)))?;
            &WITH_REMOTES
        };
        let choice = terminal.letter(choices, None).await?;
        let done = match choice {
            'q' => return Ok(()),
            's' => password::menu(&mut config, terminal).await,
            'n' => new(&mut config, types, terminal).await,
            choice => {
                let name = choose(&remotes, terminal).await?;
                change(choice, &name, &mut config, types, terminal).await
            }
        };
        if let Err(failure) = done {
            // What went wrong with one remote does not end the program; what went wrong with the input does.
            match failure.downcast_ref::<Error>().is_some()
                || failure
                    .downcast_ref::<remote_config::setup::SetupError>()
                    .is_some()
            {
                true => terminal.say(&format!("error: {failure}"))?,
                false => return Err(failure),
            }
        }
    }
}

/// The names and types, sorted by name.
pub(super) fn remotes(config: &Config) -> Vec<(String, String)> {
    let document = config.document();
    let names = document
        .remotes()
        .filter_map(|name| std::str::from_utf8(name).ok());
    let mut remotes: Vec<(String, String)> = names
        .map(|name| {
            let type_name = document.value(name, "type").unwrap_or_default();
            (
                name.to_owned(),
                String::from_utf8_lossy(&type_name).into_owned(),
            )
        })
        .collect();
    remotes.sort();
    remotes
}

fn table(remotes: &[(String, String)]) -> String {
    let mut text = format!("{:<20} {}\n{:<20} {}\n", "Name", "Type", "====", "====");
    for (name, type_name) in remotes {
        text.push_str(&format!("{name:<20} {type_name}\n"));
    }
    text
}

async fn choose(remotes: &[(String, String)], terminal: &mut Terminal<'_>) -> Result<String> {
    terminal.say("Choose a number from below, or type in an existing value.")?;
    for (place, (name, _)) in remotes.iter().enumerate() {
        terminal.say(&format!("{:2} > {name}", place + 1))?;
    }
    loop {
        let line = terminal.line("remote").await?;
        let line = line.trim();
        let named = remotes.iter().find(|(name, _)| name == line);
        let number = line
            .parse::<usize>()
            .ok()
            .and_then(|number| number.checked_sub(1));
        let chosen = named.or_else(|| remotes.get(number?));
        match chosen {
            Some((name, _)) => return Ok(name.clone()),
            None => terminal.say("There is no such remote.")?,
        }
    }
}

async fn new(config: &mut Config, types: &[SetupType], terminal: &mut Terminal<'_>) -> Result {
    let dialogue = Dialogue::create(types, config.sections());
    wizard::hold(dialogue, config, terminal).await
}

async fn change(
    choice: char,
    name: &str,
    config: &mut Config,
    types: &[SetupType],
    terminal: &mut Terminal<'_>,
) -> Result {
    match choice {
        'e' => {
            let dialogue = wizard::edit(config, types, name)?;
            return wizard::hold(dialogue, config, terminal).await;
        }
        'd' => config.remove_section(name)?,
        choice => loop {
            let to = terminal.line("name").await?;
            let made = match choice {
                'r' => config.rename_section(name, to.trim()),
                _ => config.copy_section(name, to.trim()),
            };
            match made {
                Ok(()) => break,
                Err(error) => terminal.say(&report(&error))?,
            }
        },
    }
    config.save()?;
    Ok(())
}
