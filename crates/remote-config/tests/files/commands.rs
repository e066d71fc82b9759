//! Passwords from commands: quoting, line ends, failures, too much output, no end, the variables they see.

use std::{fs, time::Duration};

use remote_config::encryption::{
    CommandError, PasswordCommand, PasswordOrigin, PasswordSources, UnlockError,
};

use crate::passwords::{PASSWORD, PLAIN, encrypted, plain_of, store, unlock_error};

fn shell(script: &str) -> PasswordCommand {
    PasswordCommand::new("sh", ["-c", script])
}

#[test]
fn output_is_taken_without_line_ends_at_both_ends() {
    for (text, password) in [
        (r#"printf '\r\n\n a\nb \r\n\r\n'"#, " a\nb "),
        ("printf ' \t'", " \t"),
        ("printf 'ü'", "ü"),
    ] {
        assert_eq!(shell(text).password().unwrap().expose(), password, "{text}");
    }
}

#[test]
fn words_are_separated_by_blanks_and_quoted_doubly() {
    for (text, password) in [
        ("echo \"a  b\" c", "a  b c"),
        ("echo \"say \"\"hi\"\"\"", "say \"hi\""),
        ("echo $HOME 'x", "$HOME 'x"),
        ("  echo blanks around ", "blanks around"),
    ] {
        let command = PasswordCommand::parse(text).unwrap();
        assert_eq!(command.password().unwrap().expose(), password, "{text}");
    }
    for text in ["", " ", "\"\" echo", "echo \"a", "echo a\"b", "\n"] {
        assert!(
            matches!(PasswordCommand::parse(text), Err(CommandError::Syntax)),
            "{text:?}"
        );
    }
}

#[test]
fn each_failure_has_its_kind() {
    type Check = fn(&CommandError) -> bool;
    let cases: [(PasswordCommand, Check); 7] = [
        (
            shell("echo canary; exit 3"),
            |error| matches!(error, CommandError::Failed(status) if status.code() == Some(3)),
        ),
        (shell("kill -9 $$"), |error| {
            matches!(error, CommandError::Failed(_))
        }),
        (PasswordCommand::new("/no/such/program", [""; 0]), |error| {
            matches!(error, CommandError::Start { .. })
        }),
        (shell("printf '\\n\\r\\n'"), |error| {
            matches!(error, CommandError::Empty)
        }),
        (shell("printf '\\377'"), |error| {
            matches!(error, CommandError::NotText)
        }),
        (shell("yes"), |error| matches!(error, CommandError::TooLong)),
        (
            shell("exec sleep 1000").timeout(Duration::from_millis(50)),
            |error| matches!(error, CommandError::TimedOut(_)),
        ),
    ];
    for (command, check) in cases {
        let error = command.password().unwrap_err();
        assert!(check(&error), "{error:?}");
        let (_dir, path) = encrypted();
        let sources = PasswordSources::none().command(command);
        let error = unlock_error(store(&path, sources).load());
        assert!(matches!(&error, UnlockError::Command(error) if check(error)));
    }
    let (_dir, path) = encrypted();
    let blank = PasswordSources::none().command(shell("printf ' '"));
    assert!(matches!(
        unlock_error(store(&path, blank).load()),
        UnlockError::Unusable {
            origin: PasswordOrigin::Command,
            ..
        }
    ));
}

#[test]
fn a_command_that_closes_its_output_and_stays_is_ended_too() {
    let command = shell("printf x; exec >&-; exec sleep 1000");
    let error = command.timeout(Duration::from_millis(300)).password();
    assert!(matches!(error, Err(CommandError::TimedOut(_))));
}

#[test]
fn a_command_learns_that_the_password_is_to_change_and_where_the_file_is() {
    let command = shell("printf \"<$RCLONE_PASSWORD_CHANGE>\"");
    assert_eq!(command.password().unwrap().expose(), "<>");
    assert_eq!(command.new_password().unwrap().expose(), "<1>");

    let (dir, path) = encrypted();
    fs::write(dir.path().join("old"), PASSWORD).unwrap();
    fs::write(dir.path().join("new"), "the new one").unwrap();
    let script = format!(
        "if [ \"$RCLONE_PASSWORD_CHANGE\" ]; then cat '{0}/new'; else cat \"$RCLONE_CONFIG_DIR/old\"; fi",
        dir.path().display()
    );
    let sources = PasswordSources::none().command(shell(&script));
    let command = sources.password_command().unwrap().unwrap();
    let store = store(&path, sources);
    store
        .set_password(&command.new_password().unwrap())
        .unwrap();
    assert_eq!(plain_of(&path, "the new one"), PLAIN);
}
