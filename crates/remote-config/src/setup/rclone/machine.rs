//! The states, and what happens in them.

use std::sync::Arc;

use remote_core::{
    options::OptionSpec,
    setup::{Answer, Question, QuestionKind, SetupSection, SetupSteps, StepOutcome, StepState},
};

use super::{
    super::{
        SetupError, SetupType,
        dialogue::unknown_type,
        find_type,
        plain::{self, Plain},
        section,
    },
    Call, Obscuring, Reply,
    json::OptionJson,
};
use crate::{
    Config,
    document::{EditError, has_reference},
    name::is_legal,
    obscure::reveal_bytes,
};

/// The answer to an option comes, with index and pass behind it.
const SET: &str = "*all-set";
/// Beginning of the options.
const ALL: &str = "*all";
/// The answer whether to go through the advanced options comes.
const ALL_ADVANCED: &str = "*all-advanced";
/// Beginning of the steps of the provider.
const STEPS: &str = "*postconfig";
/// What stands for a comma inside a part of a state.
const WIDE_COMMA: char = '\u{ff0c}';
/// What stands before such a comma that was one before, and before itself. rclone has nothing of the kind and makes a comma of both.
const QUOTE: char = '\u{201b}';
/// Questions in a row that are answered from the parameters or by defaults.
const MAX_ROUNDS: usize = 1000;

/// Makes a remote; **a section of that name is removed first**. See the [module](super).
///
/// # Errors
///
/// A name that is not legal, an unknown type, a parameter or a state that cannot be used, a step of the provider that fails. What has been changed in
/// the configuration by then should not be saved.
pub async fn create(
    config: &mut Config,
    types: &[SetupType],
    name: &str,
    type_name: &str,
    call: &Call,
) -> Result<Reply, SetupError> {
    if !is_legal(name) {
        return Err(SetupError::Config {
            name: name.to_owned(),
            source: crate::Error::Edit {
                section: name.to_owned(),
                source: EditError::InvalidSection,
            },
        });
    }
    let kind = find_type(types, type_name).ok_or_else(|| unknown_type(types, type_name))?;
    check_parameters(call)?;
    let written = config
        .remove_section(name)
        .and_then(|()| config.set(name, "type", type_name));
    written.map_err(|source| failed(name, source))?;
    set_up(config, kind, name, call).await
}

/// Changes a remote, or goes on with the next question. See the [module](super).
///
/// # Errors
///
/// As for [`create`], and [`UnknownRemote`](SetupError::UnknownRemote).
pub async fn update(
    config: &mut Config,
    types: &[SetupType],
    name: &str,
    call: &Call,
) -> Result<Reply, SetupError> {
    let type_name = config.get(name, "type").ok().flatten();
    let type_name = type_name.filter(|text| !text.is_empty());
    let type_name = type_name.ok_or_else(|| SetupError::UnknownRemote {
        name: name.to_owned(),
    })?;
    let kind = find_type(types, &type_name).ok_or_else(|| unknown_type(types, &type_name))?;
    check_parameters(call)?;
    set_up(config, kind, name, call).await
}

fn failed(name: &str, source: crate::Error) -> SetupError {
    SetupError::Config {
        name: name.to_owned(),
        source,
    }
}

fn check_parameters(call: &Call) -> Result<(), SetupError> {
    for (key, value) in &call.parameters {
        let detail = if [key, value.expose()]
            .iter()
            .any(|text| text.contains(['\n', '\r']))
        {
            format!("the key or the value of {key:?} contains a line end")
        } else if key == "type" {
            "the type of a remote cannot be a parameter".to_owned()
        } else {
            continue;
        };
        return Err(SetupError::Parameter { detail });
    }
    Ok(())
}

/// Stores the parameters, goes on to the next question, and writes what has changed.
async fn set_up(
    config: &mut Config,
    kind: &SetupType,
    name: &str,
    call: &Call,
) -> Result<Reply, SetupError> {
    let before = section::load(config, name, kind.backend);
    let mut machine = Machine {
        plain: Plain {
            kind,
            rclones_only: true,
        },
        call,
        name,
        section: before.clone(),
    };
    machine.store_parameters();
    let reply = machine.run().await?;
    section::write_changes(config, name, &before, &machine.section)
        .map_err(|source| failed(name, source))?;
    Ok(reply)
}

struct Machine<'a> {
    plain: Plain<'a>,
    call: &'a Call,
    name: &'a str,
    section: SetupSection,
}

/// Where the machine is, and what the answer belongs to.
enum State {
    Advanced,
    End,
    Option { index: usize, advanced: bool },
    Step(StepState, Option<Box<Question>>),
}

/// A state, and what is to be told before going on from it.
struct At {
    state: State,
    error: Option<String>,
}

impl At {
    fn state(state: State) -> Self {
        Self { state, error: None }
    }

    fn failed(state: State, error: &impl ToString) -> Self {
        Self {
            state,
            error: Some(error.to_string()),
        }
    }
}

impl Machine<'_> {
    fn store_parameters(&mut self) {
        for (key, value) in &self.call.parameters {
            if key.starts_with("config_") {
                continue;
            }
            let secret = self
                .plain
                .kind
                .backend
                .option(key)
                .is_some_and(|spec| spec.secret);
            let clear = match self.call.obscuring {
                Obscuring::Always => true,
                Obscuring::Guess => reveal_bytes(value.expose()).is_err(),
                Obscuring::Never => false,
            };
            if secret && clear {
                self.section.set_password(key.as_str(), value.clone());
            } else {
                self.section.set(key.as_str(), value.expose());
            }
        }
    }

    /// From the state of the call to the next question that no parameter answers.
    async fn run(&mut self) -> Result<Reply, SetupError> {
        let mut at = match &self.call.answered {
            None if self.call.all => At::state(self.option_after(false, None)),
            None => At::state(self.begin_steps()),
            Some((text, result)) => {
                let state = self.parse(text)?;
                self.take(state, Some(&Answer::secret(result.clone())))
                    .await?
            }
        };
        for _ in 0..MAX_ROUNDS {
            let beforehand = self.answer_beforehand(&at.state);
            let silent = matches!(at.state, State::Step(_, None));
            // What is to be told is told before anything else happens.
            if at.error.is_some() || (beforehand.is_none() && !silent) {
                return Ok(self.reply(at));
            }
            at = self.take(at.state, beforehand.as_ref()).await?;
        }
        Err(SetupError::Endless {
            type_name: self.section.type_name().to_owned(),
        })
    }

    /// An answer from the parameters, or the default where nobody is asked.
    fn answer_beforehand(&self, state: &State) -> Option<Answer> {
        let question = self.question(state)?;
        let mut given = self.call.parameters.iter();
        match given.find(|(key, _)| *key == question.name) {
            // Already stored.
            Some(_) if matches!(state, State::Option { .. }) => Some(Answer::accept()),
            Some((_, value)) => Some(Answer::secret(value.clone())),
            None => self.call.interactive.then(Answer::accept),
        }
    }

    fn question(&self, state: &State) -> Option<Question> {
        match state {
            State::Advanced => Some(plain::advanced_question()),
            State::Option { index, .. } => {
                let spec = self.plain.spec(*index)?;
                Some(self.plain.question(spec, &self.section))
            }
            State::Step(_, question) => question.as_deref().cloned(),
            State::End => None,
        }
    }

    fn reply(&self, at: At) -> Reply {
        let option = match &at.state {
            State::Option { index, .. } => self.plain.spec(*index).map(|spec| self.option(spec)),
            state => self.question(state).as_ref().map(OptionJson::of_question),
        };
        Reply::new(at.state.to_text(), option, at.error.unwrap_or_default())
    }

    fn option(&self, spec: &OptionSpec) -> OptionJson {
        let provider = self.section.get("provider").unwrap_or_default();
        let current = if spec.secret {
            ""
        } else {
            plain::current(&self.section, spec)
        };
        OptionJson::of_spec(spec, provider, current)
    }

    /// Takes an answer, or the step of a provider that needs none.
    async fn take(&mut self, state: State, answer: Option<&Answer>) -> Result<At, SetupError> {
        match (state, answer) {
            (State::Step(step, Some(asked)), Some(answer)) => match asked.check(answer) {
                Ok(checked) => self.take_step(&step, Some(&checked)).await,
                Err(error) => Ok(At::failed(State::Step(step, Some(asked)), &error)),
            },
            // The question that came with a state of an earlier call is not known any more; the step checks the answer.
            (State::Step(step, _), answer) => self.take_step(&step, answer).await,
            (state, Some(answer)) => Ok(self.take_plain(state, answer)),
            (state, None) => Ok(At::state(state)),
        }
    }

    fn take_plain(&mut self, state: State, answer: &Answer) -> At {
        let Some(question) = self.question(&state) else {
            return At::state(state);
        };
        let checked = match question.check(answer) {
            Ok(checked) => checked,
            Err(error) => return At::failed(state, &error),
        };
        let State::Option { index, advanced } = state else {
            return At::state(match checked.is_yes() {
                true => self.option_after(true, None),
                false => self.begin_steps(),
            });
        };
        let is_secret = matches!(question.kind, QuestionKind::Secret { .. });
        if !is_secret && has_reference(checked.expose().as_bytes()) {
            return At::failed(state, &EditError::Reference);
        }
        if let Some(spec) = self.plain.spec(index) {
            plain::store(&mut self.section, spec, answer, checked);
        }
        At::state(self.option_after(advanced, Some(index)))
    }

    async fn take_step(
        &mut self,
        state: &StepState,
        answer: Option<&Answer>,
    ) -> Result<At, SetupError> {
        let Some(steps) = self.steps() else {
            return Ok(At::state(State::End));
        };
        let outcome = steps.step(&mut self.section, state, answer).await;
        let outcome = outcome.map_err(|source| SetupError::Step {
            name: self.name.to_owned(),
            source,
        })?;
        Ok(match outcome {
            StepOutcome::Ask { question, next } => {
                At::state(State::Step(next, Some(Box::new(question))))
            }
            StepOutcome::Done => At::state(State::End),
            StepOutcome::ShowError { message, next } => {
                At::failed(State::Step(next, None), &message)
            }
        })
    }

    fn steps(&self) -> Option<Arc<dyn SetupSteps>> {
        self.plain.kind.steps.clone()
    }

    fn begin_steps(&self) -> State {
        match self.plain.kind.steps {
            Some(_) => State::Step(StepState::start(), None),
            None => State::End,
        }
    }

    fn option_after(&self, advanced: bool, after: Option<usize>) -> State {
        match self.plain.next(&self.section, advanced, after) {
            Some(index) => State::Option { index, advanced },
            None if self.plain.has_advanced() => State::Advanced,
            None => self.begin_steps(),
        }
    }

    fn parse(&self, text: &str) -> Result<State, SetupError> {
        let wrong = |detail| SetupError::State {
            state: text.to_owned(),
            detail,
        };
        let parts: Vec<String> = text.split(',').map(part_of_text).collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        match parts.as_slice() {
            [ALL] => Ok(self.option_after(false, None)),
            [ALL_ADVANCED] => Ok(State::Advanced),
            [STEPS] => Ok(self.begin_steps()),
            [SET, index, advanced] => {
                let index: usize = index
                    .parse()
                    .map_err(|_not_a_number| wrong("the index is no number"))?;
                if self.plain.spec(index).is_none() {
                    return Err(wrong("there is no such option"));
                }
                let advanced = *advanced == "true";
                Ok(State::Option { index, advanced })
            }
            [name, rest @ ..] if self.plain.kind.steps.is_some() && !name.starts_with(ALL) => {
                let state = StepState::new(*name);
                let state = rest.iter().fold(state, |state, part| state.remember(*part));
                Ok(State::Step(state, None))
            }
            _ => Err(wrong("it is unknown")),
        }
    }
}

impl State {
    fn to_text(&self) -> String {
        match self {
            Self::Advanced => ALL_ADVANCED.to_owned(),
            Self::End => String::new(),
            Self::Option { index, advanced } => format!("{SET},{index},{advanced}"),
            Self::Step(state, None) if state == &StepState::start() => STEPS.to_owned(),
            Self::Step(state, _) => {
                let parts: Vec<String> = state.parts().map(text_of_part).collect();
                parts.join(",")
            }
        }
    }
}

/// A part of a state as it stands between commas.
fn text_of_part(part: &str) -> String {
    let mut text = String::with_capacity(part.len());
    for c in part.chars() {
        match c {
            ',' => text.push(WIDE_COMMA),
            WIDE_COMMA | QUOTE => text.extend([QUOTE, c]),
            c => text.push(c),
        }
    }
    text
}

fn part_of_text(text: &str) -> String {
    let mut part = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            QUOTE => part.push(
                chars
                    .next_if(|next| matches!(*next, WIDE_COMMA | QUOTE))
                    .unwrap_or(QUOTE),
            ),
            WIDE_COMMA => part.push(','),
            c => part.push(c),
        }
    }
    part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_reads_back_as_it_was_written() {
        assert_eq!(text_of_part("a,b"), "a\u{ff0c}b");
        for part in [
            "",
            "a,b",
            ",",
            "\u{ff0c}",
            "\u{201b}",
            "\u{201b},",
            "\u{201b}\u{ff0c}\u{201b}\u{201b}x,\u{ff0c}",
        ] {
            let text = text_of_part(part);
            assert!(!text.contains(','), "{part}");
            assert_eq!(part_of_text(&text), part);
        }
        // What rclone has written.
        assert_eq!(part_of_text("a\u{ff0c}b\u{201b}c"), "a,b\u{201b}c");
    }
}
