//! Recorded conversations.
//!
//! Compared are: success or failure, the state, the questions with everything but their help, whether there is an error to tell, the sections and keys afterwards with
//! their order, and what the passwords reveal to. Different by design:
//!
//! * rclone stores the result for a password as it is given; ours is the clear text, and is obscured (`koofr-standard`, `koofr-other-advanced`)
//! * the order of several parameters of one command is random there
//! * wording of help and errors

use std::{fs, path::PathBuf};

use remote_config::{
    Config,
    document::Document,
    obscure::reveal,
    setup::{
        ADVANCED, Dialogue, NAME, Next, SetupError, SetupType, TYPE,
        rclone::{Call, Obscuring, create, parse_parameters, set_passwords, show, unset, update},
    },
};
use remote_core::{
    secret::Secret,
    setup::{Answer, Question, QuestionKind},
};
use serde_json::Value;

use crate::{
    oauth::OAuthSteps,
    support::{self, backends, text},
};

/// The recorded conversations with commands, by name.
fn flows() -> Vec<(String, Value)> {
    let mut flows = Vec::new();
    for folder in support::folders() {
        let folder = folder.join("flows");
        let mut files: Vec<PathBuf> = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        for file in files {
            let flow: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
            if flow["steps"].is_array() {
                flows.push((text(&flow, "name").to_owned(), flow));
            }
        }
    }
    assert!(flows.len() >= 4, "the sample has some");
    flows
}

fn types() -> Vec<SetupType> {
    let kinds = backends().into_iter().map(|backend| {
        let kind = SetupType::new(backend);
        match backend.name {
            "dropbox" => kind.steps(OAuthSteps),
            _ => kind,
        }
    });
    kinds.collect()
}

fn config_of(text: &str) -> Config {
    Config::in_memory(Document::parse(text.as_bytes()).unwrap())
}

/// A command line, taken apart.
struct Command {
    words: Vec<String>,
    flags: Vec<String>,
    state: String,
    result: Option<String>,
}

impl Command {
    fn parse(step: &Value) -> Self {
        let mut command = Self {
            words: Vec::new(),
            flags: Vec::new(),
            state: String::new(),
            result: None,
        };
        let arguments = step["args"].as_array().unwrap();
        let mut arguments = arguments.iter().map(|arg| arg.as_str().unwrap().to_owned());
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--state" => command.state = arguments.next().unwrap(),
                "--result" => command.result = arguments.next(),
                _ if argument.starts_with("--") => command.flags.push(argument),
                _ => command.words.push(argument),
            }
        }
        command
    }

    fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|given| given == flag)
    }

    fn call(&self, parameters: &[String]) -> Result<Call, SetupError> {
        let conversation = self.has("--non-interactive") || self.has("--continue");
        let call = match (conversation, self.has("--all")) {
            (true, true) => Call::ask_all(),
            (true, false) => Call::ask_steps(),
            (false, _) => Call::ask_nothing(),
        };
        let call = call
            .obscuring(Obscuring::from_flags(
                self.has("--obscure"),
                self.has("--no-obscure"),
            )?)
            .parameters(parse_parameters(parameters)?);
        Ok(match &self.result {
            Some(result) => call.answer(self.state.as_str(), result.as_str()),
            None => call,
        })
    }

    /// Runs it; returns what it prints, as JSON or as text.
    async fn run(&self, config: &mut Config) -> Result<String, SetupError> {
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        let types = types();
        let reply = match words.as_slice() {
            ["config", "create", name, type_name, ..] => {
                let call = self.call(&self.words[4..])?;
                create(config, &types, name, type_name, &call).await?
            }
            ["config", "update", name, ..] => {
                update(config, &types, name, &self.call(&self.words[3..])?).await?
            }
            ["config", "delete", name] => {
                config.remove_section(name).unwrap();
                return Ok(String::new());
            }
            ["config", "unset", name, keys @ ..] => {
                unset(config, name, keys)?;
                return show(config, &types, name);
            }
            ["config", "password", name, key, password] => {
                let password = ((*key).to_owned(), Secret::new(*password));
                set_passwords(config, name, &[password])?;
                return show(config, &types, name);
            }
            ["listremotes"] => {
                let names = config.remotes(&remote_config::Environment::empty());
                return Ok(names.iter().map(|name| format!("{name}:\n")).collect());
            }
            _ => panic!("unknown command {words:?}"),
        };
        if self.has("--non-interactive") || self.has("--continue") {
            Ok(reply.to_json())
        } else {
            show(config, &types, words[2])
        }
    }
}

/// The sections with their keys and values, for comparison: passwords by what they reveal to.
fn contents(config: &Document, ordered: bool, clear: &dyn Fn(&str, &str) -> String) -> Vec<String> {
    let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut lines = Vec::new();
    for section in config.sections() {
        lines.push(format!("[{}]", lossy(section)));
        let mut keys: Vec<String> = config
            .keys(section)
            .map(|key| {
                let (key, value) = (lossy(key), lossy(config.raw(section, key).unwrap()));
                format!("{key} = {}", clear(&key, &value))
            })
            .collect();
        if !ordered {
            keys.sort();
        }
        lines.extend(keys);
    }
    lines
}

fn check_config(config: &Config, step: &Value, ordered: bool, what: &str) {
    let expected = Document::parse(text(step, "config_after").as_bytes()).unwrap();
    let recorded = |key: &str, value: &str| match &step["passwords"][key]["revealed"] {
        Value::String(revealed) => revealed.clone(),
        _ => value.to_owned(),
    };
    let ours = |key: &str, value: &str| {
        let stored = &step["passwords"][key]["stored"];
        match reveal(value) {
            // Taken over as it was given.
            _ if stored == value => recorded(key, value),
            Ok(password) if stored.is_string() => password.expose().to_owned(),
            _ => value.to_owned(),
        }
    };
    assert_eq!(
        contents(config.document(), ordered, &ours),
        contents(&expected, ordered, &recorded),
        "{what}"
    );
}

/// Help is in words of our own.
fn without_help(mut option: Value) -> Value {
    if let Some(fields) = option.as_object_mut() {
        fields.remove("Help");
        let examples = fields.get_mut("Examples").and_then(Value::as_array_mut);
        for example in examples.into_iter().flatten() {
            example.as_object_mut().unwrap().remove("Help");
        }
    }
    option
}

#[tokio::test(flavor = "current_thread")]
async fn every_recorded_conversation_goes_the_same_way() {
    for (name, flow) in flows() {
        let mut config = config_of(text(&flow, "initial_config"));
        let mut ordered = true;
        for (place, step) in flow["steps"].as_array().unwrap().iter().enumerate() {
            let what = format!("{name}, step {place}");
            let command = Command::parse(step);
            ordered &= command.words.len() <= 5;
            let mut changed = config_of(&String::from_utf8(config.document().to_bytes()).unwrap());
            let printed = command.run(&mut changed).await;
            assert_eq!(
                printed.is_ok(),
                step["exit_code"] == 0,
                "{what}: {printed:?}"
            );
            let Ok(printed) = printed else {
                check_config(&config, step, ordered, &what);
                continue;
            };
            config = changed;
            check_config(&config, step, ordered, &what);
            if step["answer"].is_object() {
                check_answer(&printed, &step["answer"], &what);
            } else if ordered {
                assert_eq!(printed, text(step, "stdout"), "{what}");
            }
        }
    }
}

fn check_answer(printed: &str, expected: &Value, what: &str) {
    let answer: Value = serde_json::from_str(printed).unwrap();
    assert_eq!(answer["State"], expected["State"], "{what}");
    let told = |answer: &Value| text(answer, "Error").is_empty();
    assert_eq!(told(&answer), told(expected), "{what}");
    assert_eq!(answer["Result"], expected["Result"], "{what}");
    assert_eq!(
        without_help(answer["Option"].clone()),
        without_help(expected["Option"].clone()),
        "{what}"
    );
    // The order of the fields and the indentation.
    let keys: Vec<&str> = printed.lines().take(3).collect();
    assert_eq!(keys[0], "{", "{what}");
    assert!(keys[1].starts_with("\t\"State\": "), "{what}: {printed}");
    assert!(keys[2].starts_with("\t\"Option\": "), "{what}: {printed}");
    assert!(printed.ends_with("}\n"), "{what}");
}

/// The conversations that begin with a new remote, held with the dialogue.
#[tokio::test(flavor = "current_thread")]
async fn the_dialogue_asks_the_same_questions() {
    let mut held = 0;
    for (name, flow) in flows() {
        let steps = flow["steps"].as_array().unwrap();
        let first = Command::parse(&steps[0]);
        if !first.has("--all") || first.words.get(1).map(String::as_str) != Some("create") {
            continue;
        }
        held += 1;
        let mut dialogue = Dialogue::create(&types(), Vec::new())
            .without_confirmation()
            .give(NAME, Answer::text(first.words[2].as_str()))
            .give(TYPE, Answer::text(first.words[3].as_str()));
        for (key, value) in parse_parameters(&first.words[4..]).unwrap() {
            dialogue = dialogue.give(key, Answer::text(value));
        }
        let mut turn = dialogue.turn().await.unwrap();
        for (place, step) in steps.iter().enumerate() {
            let what = format!("{name}, step {place}");
            if let Some(result) = Command::parse(step).result {
                turn = dialogue.answer(&Answer::text(result)).await.unwrap();
            }
            let expected = &step["answer"];
            let told = !text(expected, "Error").is_empty();
            assert_eq!(!turn.messages.is_empty(), told, "{what}");
            match (&turn.next, &expected["Option"]) {
                (Next::Ask(question), Value::Null) => {
                    // There the question comes with the next call.
                    assert!(told, "{what}: asks {question:?}");
                }
                (Next::Ask(question), expected) => check_question(question, expected, &what),
                (_, expected) => assert!(expected.is_null(), "{what}"),
            }
        }
        check_section(&dialogue, steps.last().unwrap(), &name);
    }
    assert!(held >= 2, "the sample has some");
}

fn check_question(question: &Question, expected: &Value, what: &str) {
    assert_eq!(question.name, text(expected, "Name"), "{what}");
    let is_provider = question.name == "provider";
    assert_eq!(
        question.default,
        text(expected, "DefaultStr"),
        "{what}: {question:?}"
    );
    // Where other options depend on it, ours has to be one of those offered.
    let required = expected["Required"] == true || is_provider;
    assert_eq!(question.required, required, "{what}");
    let exclusive = expected["Exclusive"] == true || is_provider;
    let kind = match &question.kind {
        QuestionKind::YesNo => true,
        QuestionKind::Choice { exclusive } => *exclusive,
        _ => false,
    };
    assert_eq!(kind, exclusive, "{what}");
    let is_secret = matches!(question.kind, QuestionKind::Secret { .. });
    assert_eq!(is_secret, expected["IsPassword"] == true, "{what}");
    assert_eq!(question.value_type.name(), text(expected, "Type"), "{what}");
    let none = Vec::new();
    let examples = expected["Examples"].as_array().unwrap_or(&none);
    let examples: Vec<&str> = examples.iter().map(|e| text(e, "Value")).collect();
    let choices: Vec<&str> = question.choices.iter().map(|c| c.value.as_str()).collect();
    if question.name != ADVANCED && question.kind != QuestionKind::YesNo {
        assert_eq!(choices, examples, "{what}");
    }
}

fn check_section(dialogue: &Dialogue, step: &Value, what: &str) {
    let expected = Document::parse(text(step, "config_after").as_bytes()).unwrap();
    let name = expected.sections().next().unwrap();
    let mut keys: Vec<String> = vec!["type".to_owned()];
    keys.extend(dialogue.section().keys().map(str::to_owned));
    let recorded: Vec<String> = expected
        .keys(name)
        .map(|key| String::from_utf8(key.to_vec()).unwrap())
        .collect();
    assert_eq!(keys, recorded, "{what}");
    for key in dialogue.section().keys() {
        let value = String::from_utf8(expected.raw(name, key).unwrap().to_vec()).unwrap();
        let section = dialogue.section();
        let password = section.password(key).map(Secret::expose);
        let ours = password.or_else(|| section.get(key)).unwrap();
        let revealed = &step["passwords"][key]["revealed"];
        assert_eq!(revealed.as_str().unwrap_or(&value), ours, "{what}: {key}");
    }
}
