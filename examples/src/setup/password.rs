//! The password of the configuration file.

use remote_config::Config;

use super::{secret::typed_twice, terminal::Terminal};
use crate::program::Result;

/// The menu to set, change and remove it.
pub(super) async fn menu(config: &mut Config, terminal: &mut Terminal<'_>) -> Result {
    loop {
        let choice = if config.is_file_encrypted()? {
            terminal.say("\nYour configuration is encrypted.")?;
            let choices = [
                ('c', "Change Password"),
                ('u', "Unencrypt configuration"),
                ('q', "Quit to main menu"),
            ];
            terminal.letter(&choices, None).await?
        } else {
            terminal.say("\nYour configuration is not encrypted.\nIf you add a password, you will protect your login information to cloud services.")?;
            let choices = [('a', "Add Password"), ('q', "Quit to main menu")];
            terminal.letter(&choices, None).await?
        };
        match choice {
            'a' | 'c' => {
                let password = typed_twice(terminal).await?;
                config.set_file_password(&password)?;
                terminal.say("Password set")?;
            }
            'u' => {
                config.remove_file_password()?;
                terminal.say("Password removed")?;
            }
            _ => return Ok(()),
        }
    }
}
