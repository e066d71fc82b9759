//! Questions on a terminal, drawn like those of rclone.

use remote_config::setup::CONFIRM;
use remote_core::{
    options::OptionType,
    setup::{Answer, Choice, Question, QuestionKind},
};

use super::{browser, secret, terminal::Terminal};
use crate::program::Result;

/// What a person types to take a value away for which there is a default.
const NOTHING: &str = "\"\"";

/// Asks a question until there is something that may be an answer; whether it fits is for the dialogue to say.
pub(super) async fn ask(question: &Question, terminal: &mut Terminal<'_>) -> Result<Answer> {
    if question.name == CONFIRM {
        return confirm(question, terminal).await;
    }
    introduce(question, terminal)?;
    match &question.kind {
        QuestionKind::Secret { kept } => ask_secret(question, *kept, terminal).await,
        QuestionKind::YesNo => {
            let yes = terminal.yes_no(question.default == "true").await?;
            Ok(Answer::yes_no(yes))
        }
        QuestionKind::OpenAddress { address, back } => {
            browser::ask(question, address, back, terminal).await
        }
        QuestionKind::Show { text } => {
            terminal.say(&format!("\n    {text}\n\nPress Enter to go on."))?;
            terminal.line(&question.name).await?;
            Ok(Answer::accept())
        }
        QuestionKind::Choice { exclusive } => ask_choice(question, *exclusive, terminal).await,
        _ => {
            let kind = kind_of_value(question.value_type);
            let telling = format!("Enter a {kind}. {}", on_enter(question));
            terminal.say(telling.trim_end())?;
            Ok(answer_of(question, &terminal.line(label(question)).await?))
        }
    }
}

fn introduce(question: &Question, terminal: &mut Terminal<'_>) -> Result {
    let lines = question.help.lines().filter(|line| !line.trim().is_empty());
    let help: Vec<&str> = lines.collect();
    let title = if question.name.starts_with("config_") {
        String::new()
    } else {
        format!("Option {}.\n", question.name)
    };
    terminal.say(&format!("\n{title}{}", help.join("\n")))
}

/// The last part of the name: `config_fs_name` is asked as `name>`.
pub(super) fn label(question: &Question) -> &str {
    let name = question
        .name
        .strip_prefix("config_")
        .unwrap_or(&question.name);
    name.strip_prefix("fs_").unwrap_or(name)
}

fn kind_of_value(value_type: OptionType) -> String {
    match value_type {
        OptionType::Bool => "boolean value (true or false)".to_owned(),
        OptionType::Duration => "duration s,m,h,d,w,M,y".to_owned(),
        OptionType::Int | OptionType::Uint32 => "number".to_owned(),
        OptionType::Size => "size with suffix K,M,G,T".to_owned(),
        OptionType::String => "value".to_owned(),
        other => format!("value of type {}", other.name()),
    }
}

/// What pressing Enter does.
fn on_enter(question: &Question) -> String {
    let default = &question.default;
    match (default.is_empty(), question.required) {
        (false, required) => {
            let clear = if required || question.value_type != OptionType::String {
                ""
            } else {
                " Type \"\" to leave empty."
            };
            format!("Press Enter for the default ({default}).{clear}")
        }
        (true, true) => String::new(),
        (true, false) => "Press Enter to leave empty.".to_owned(),
    }
}

pub(super) fn answer_of(question: &Question, line: &str) -> Answer {
    match line.trim() {
        "" => Answer::accept(),
        NOTHING if !question.required && !question.default.is_empty() => Answer::text(""),
        text => Answer::text(text),
    }
}

async fn ask_choice(
    question: &Question,
    exclusive: bool,
    terminal: &mut Terminal<'_>,
) -> Result<Answer> {
    let own = if exclusive {
        "in an existing value"
    } else {
        "in your own value"
    };
    let telling = format!(
        "Choose a number from below, or type {own}.\n{}",
        on_enter(question)
    );
    terminal.say(telling.trim_end())?;
    for (place, Choice { value, help }) in question.choices.iter().enumerate() {
        terminal.say(&format!("{:2} / {help}\n   \\ ({value})", place + 1))?;
    }
    loop {
        let line = terminal.line(label(question)).await?;
        let exact = question
            .choices
            .iter()
            .any(|choice| choice.value == line.trim());
        match line.trim().parse::<usize>() {
            Ok(number) if !exact => {
                let chosen = number
                    .checked_sub(1)
                    .and_then(|place| question.choices.get(place));
                match chosen {
                    Some(choice) => return Ok(Answer::text(choice.value.as_str())),
                    None => terminal.say("No choices with this number.")?,
                }
            }
            _ => return Ok(answer_of(question, &line)),
        }
    }
}

async fn ask_secret(
    question: &Question,
    kept: bool,
    terminal: &mut Terminal<'_>,
) -> Result<Answer> {
    terminal.say("Choose an alternative below.")?;
    let mut choices = vec![('y', "Yes, type in my own password")];
    // What a provider asks for cannot be made up.
    if !question.name.starts_with("config_") {
        choices.push(('g', "Generate random password"));
    }
    let mut default = None;
    if kept || !question.required {
        let meaning = if kept {
            "No, keep existing"
        } else {
            "No, leave this optional password blank"
        };
        choices.push(('n', meaning));
        default = Some('n');
    }
    Ok(match terminal.letter(&choices, default).await? {
        'y' => Answer::secret(secret::typed_twice(terminal).await?),
        'g' => Answer::secret(secret::generated(terminal).await?),
        _ => Answer::accept(),
    })
}

async fn confirm(question: &Question, terminal: &mut Terminal<'_>) -> Result<Answer> {
    let (title, summary) = question
        .help
        .split_once("\n\n")
        .unwrap_or((&question.help, ""));
    terminal.say(&format!("\n{summary}\n{title}"))?;
    let choices = [
        ('y', "Yes this is OK"),
        ('e', "Edit this remote"),
        ('d', "Delete this remote, or leave it as it was"),
    ];
    let answer = match terminal.letter(&choices, Some('y')).await? {
        'e' => "edit",
        'd' => "discard",
        _ => "save",
    };
    Ok(Answer::text(answer))
}
