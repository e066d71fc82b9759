//! Passwords: typed twice, or made up.

use remote_core::secret::Secret;

use super::terminal::Terminal;
use crate::program::Result;

/// The strengths that make sense, in bits.
const STRENGTHS: std::ops::RangeInclusive<usize> = 64..=1024;

/// A password that was typed twice alike, and is not blank.
pub(super) async fn typed_twice(terminal: &mut Terminal<'_>) -> Result<Secret> {
    loop {
        let first = terminal.hidden("Enter the password", "password").await?;
        if first.expose().trim().is_empty() {
            terminal.say("A password cannot be empty or of blanks alone.")?;
            continue;
        }
        let second = terminal.hidden("Confirm the password", "password").await?;
        if first == second {
            return Ok(first);
        }
        terminal.say("Passwords do not match!")?;
    }
}

/// A password that was made up, and that the user wants.
pub(super) async fn generated(terminal: &mut Terminal<'_>) -> Result<Secret> {
    terminal.say("Password strength in bits.\n64 is just about memorable\n128 is secure\n1024 is the maximum")?;
    let bits = loop {
        match terminal.line("Bits").await?.trim().parse() {
            Ok(bits) if STRENGTHS.contains(&bits) => break bits,
            _ => terminal.say("A number from 64 to 1024.")?,
        }
    };
    loop {
        let password = random(bits);
        terminal.say(&format!(
            "Your password is: {}\nUse this password? Please note that an obscured version of this password (and not the password itself) will be stored in your configuration file, so keep this password in a safe place.",
            password.expose()
        ))?;
        if terminal.yes_no(true).await? {
            return Ok(password);
        }
    }
}

/// Letters, digits, `-` and `_`, of which each carries six bits.
fn random(bits: usize) -> Secret {
    const LETTERS: [char; 64] = [
        'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P', 'Q', 'R',
        'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j',
        'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', '0', '1',
        '2', '3', '4', '5', '6', '7', '8', '9', '-', '_',
    ];
    let letters = (0..bits.div_ceil(6)).map(|_| LETTERS[usize::from(rand::random::<u8>() & 63)]);
    Secret::new(letters.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_passwords_have_the_strength_and_differ() {
        assert_eq!(random(64).expose().len(), 11);
        assert_eq!(random(1024).expose().len(), 171);
        assert!(random(128) != random(128));
    }
}
