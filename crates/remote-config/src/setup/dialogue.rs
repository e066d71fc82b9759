//! The dialogue from the name to the summary.

use std::sync::Arc;

use remote_core::setup::{
    Answer, Choice, Question, SetupSection, SetupSteps, StepOutcome, StepState,
};
use serde::{Deserialize, Serialize};

use crate::{
    Config,
    document::{MAX_NAME_BYTES, has_reference},
    name::is_legal,
};

use super::{
    SetupError, SetupType, find_type,
    plain::{self, Plain},
    section, summary,
    suspend::{Suspended, SuspendedDialogue, entries, section_of},
};

/// The name of the question for the name of a new remote.
pub const NAME: &str = "config_fs_name";

/// The name of the question for the type of a new remote.
pub const TYPE: &str = "config_fs_type";

/// The name of the last question, whether to save: `save`, `edit` or `discard`.
pub const CONFIRM: &str = "config_fs_confirm";

/// Steps of a provider in a row that ask nothing; each may send requests.
const MAX_SILENT_STEPS: usize = 16;

/// Answers in a row that were given beforehand.
const MAX_GIVEN: usize = 1000;

/// A dialogue that sets up or changes one remote.
///
/// Drive it with [`turn`](Self::turn) for the first question and [`answer`](Self::answer) for all further ones. Futures of both may be dropped; the question
/// stays. Both fail only for reasons that another answer would not change, and can then be tried again.
#[derive(Clone)]
pub struct Dialogue {
    types: Arc<[SetupType]>,
    taken: Vec<String>,
    given: Vec<(String, Answer)>,
    confirm: bool,
    stage: Stage,
    name: String,
    section: SetupSection,
    original: Option<SetupSection>,
}

/// Where the dialogue is.
#[derive(Clone, Deserialize, PartialEq, Serialize)]
#[serde(tag = "at", rename_all = "snake_case")]
pub(super) enum Stage {
    Advanced,
    Confirm,
    Discarded,
    Done,
    Name,
    Option {
        index: usize,
        advanced: bool,
    },
    Steps {
        state: StepState,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        question: Option<Box<Question>>,
    },
    Type,
}

/// What a dialogue says: something to tell the user, and what comes next.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// To be shown before going on: what was wrong with the last answer, or what a step of the provider has to tell.
    pub messages: Vec<String>,
    /// What comes next.
    pub next: Next,
}

/// What comes next in a dialogue.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// A question.
    Ask(Question),
    /// The end: the user does not want the remote. Nothing is to be written.
    Discarded,
    /// The end: [`Dialogue::apply`] writes the remote.
    Done,
}

impl Dialogue {
    /// A dialogue for a new remote. `taken` are the names that cannot be used, such as [`Config::sections`].
    #[must_use]
    pub fn create(types: &[SetupType], taken: Vec<String>) -> Self {
        Self {
            types: types.into(),
            taken,
            given: Vec::new(),
            confirm: true,
            stage: Stage::Name,
            name: String::new(),
            section: SetupSection::new("", ""),
            original: None,
        }
    }

    /// A dialogue that changes a remote of the configuration: the same questions, with the current values offered.
    ///
    /// # Errors
    ///
    /// [`UnknownRemote`](SetupError::UnknownRemote) or [`UnknownType`](SetupError::UnknownType).
    pub fn edit(types: &[SetupType], config: &Config, name: &str) -> Result<Self, SetupError> {
        let mut dialogue = Self::existing(types, config, name)?;
        dialogue.begin_options();
        Ok(dialogue)
    }

    /// A dialogue that takes only the provider's own steps with a remote of the configuration: to sign in again, or to check it.
    ///
    /// # Errors
    ///
    /// As [`edit`](Self::edit).
    pub fn reconnect(types: &[SetupType], config: &Config, name: &str) -> Result<Self, SetupError> {
        let mut dialogue = Self::existing(types, config, name)?;
        dialogue.begin_steps();
        Ok(dialogue.without_confirmation())
    }

    fn existing(types: &[SetupType], config: &Config, name: &str) -> Result<Self, SetupError> {
        let type_name = config.get(name, "type").ok().flatten();
        let type_name = type_name.filter(|text| !text.is_empty());
        let Some(type_name) = type_name else {
            let name = name.to_owned();
            return Err(SetupError::UnknownRemote { name });
        };
        let kind = find_type(types, &type_name).ok_or_else(|| unknown_type(types, &type_name))?;
        let section = section::load(config, name, kind.backend);
        let mut dialogue = Self::create(types, Vec::new());
        dialogue.name = name.to_owned();
        dialogue.original = Some(section.clone());
        dialogue.section = section;
        Ok(dialogue)
    }

    /// Gives the answer to a question beforehand, by the [name](Question::name) of the question: it is then not asked, unless the answer does not fit. Of several for
    /// the same name, each is used for one question. These answers are not part of a [suspended](Self::suspend) dialogue.
    #[must_use]
    pub fn give(mut self, name: impl Into<String>, answer: Answer) -> Self {
        self.given.push((name.into(), answer));
        self
    }

    /// Leaves out the summary at the end.
    #[must_use]
    pub fn without_confirmation(mut self) -> Self {
        self.confirm = false;
        self
    }

    /// The name of the remote; empty as long as it is not known.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The section as it is so far. Passwords are in the clear in it.
    #[must_use]
    pub fn section(&self) -> &SetupSection {
        &self.section
    }

    /// What comes next. Takes steps of the provider where they come without an answer; asked again, it says the same without taking them again.
    ///
    /// # Errors
    ///
    /// [`Step`](SetupError::Step) if a step of the provider fails, [`Endless`](SetupError::Endless) if they ask nothing.
    pub async fn turn(&mut self) -> Result<Turn, SetupError> {
        let mut messages = Vec::new();
        let next = self.go_on(&mut messages).await?;
        Ok(Turn { messages, next })
    }

    /// Answers the question. An answer that does not fit is told in the messages of the turn, which asks the same again.
    ///
    /// # Errors
    ///
    /// As [`turn`](Self::turn), and [`NotAsked`](SetupError::NotAsked).
    pub async fn answer(&mut self, answer: &Answer) -> Result<Turn, SetupError> {
        let question = self.question().ok_or(SetupError::NotAsked)?;
        let mut messages = Vec::new();
        self.take(&question, answer, &mut messages).await?;
        let next = self.go_on(&mut messages).await?;
        Ok(Turn { messages, next })
    }

    /// Writes the remote into the configuration, which is not saved yet. Of a remote that was edited only the keys that differ are written.
    ///
    /// # Errors
    ///
    /// [`NotFinished`](SetupError::NotFinished); [`Exists`](SetupError::Exists) if the name was taken meanwhile; [`Config`](SetupError::Config) for a value that
    /// the file cannot hold.
    pub fn apply(&self, config: &mut Config) -> Result<(), SetupError> {
        if self.stage != Stage::Done {
            return Err(SetupError::NotFinished);
        }
        let name = self.name.clone();
        let written = match &self.original {
            Some(original) => section::write_changes(config, &name, original, &self.section),
            None if config.document().has_section(&name) => {
                return Err(SetupError::Exists { name });
            }
            None => {
                let nothing = SetupSection::new("", "");
                config
                    .set(&name, "type", self.section.type_name())
                    .and_then(|()| section::write_changes(config, &name, &nothing, &self.section))
            }
        };
        written.map_err(|source| SetupError::Config { name, source })
    }

    /// The dialogue as JSON text, to be gone on with in another process.
    ///
    /// It holds what the configuration file would hold, passwords obscured and tokens as they are: keep it as you keep that file. Answers that were [given](Self::give)
    /// beforehand are not part of it.
    ///
    /// # Errors
    ///
    /// [`TooLong`](SetupError::TooLong) for a text that could not be resumed.
    pub fn suspend(&self) -> Result<SuspendedDialogue, SetupError> {
        let mut suspended = Suspended::new(self.stage.clone(), &self.name, &self.section);
        suspended.original = self.original.as_ref().map(entries);
        suspended.taken.clone_from(&self.taken);
        suspended.confirm = self.confirm;
        suspended.to_text()
    }

    /// Goes on with a dialogue that was [suspended](Self::suspend). [`turn`](Self::turn) asks the question that was open.
    ///
    /// # Errors
    ///
    /// [`Suspended`](SetupError::Suspended) for another text, [`UnknownType`](SetupError::UnknownType) if the type of the remote is not among `types`.
    pub fn resume(types: &[SetupType], text: &SuspendedDialogue) -> Result<Self, SetupError> {
        let read = Suspended::parse(text.expose())?;
        let (name, type_name) = (read.name, read.type_name);
        if !type_name.is_empty() && find_type(types, &type_name).is_none() {
            return Err(unknown_type(types, &type_name));
        }
        let mut dialogue = Self::create(types, read.taken);
        dialogue.section = section_of(&name, &type_name, read.section)?;
        if let Some(original) = read.original {
            dialogue.original = Some(section_of(&name, &type_name, original)?);
        }
        dialogue.confirm = read.confirm;
        dialogue.stage = read.stage;
        dialogue.name = name;
        dialogue.check_stage()?;
        Ok(dialogue)
    }

    /// A text that was tampered with must not lead where nothing can be asked.
    fn check_stage(&self) -> Result<(), SetupError> {
        let wrong = |detail: &str| {
            let detail = detail.to_owned();
            Err(SetupError::Suspended { detail })
        };
        match (&self.stage, self.plain()) {
            (Stage::Name | Stage::Discarded, _) => Ok(()),
            (Stage::Type, _) if is_legal(&self.name) => Ok(()),
            (Stage::Type, _) => wrong("the name of the remote is missing"),
            (_, None) => wrong("the type of the remote is missing"),
            (Stage::Option { index, .. }, Some(plain)) if plain.spec(*index).is_none() => {
                wrong("there is no such option")
            }
            _ => Ok(()),
        }
    }

    /// The question that is open; none before the next step of the provider, and at the end.
    fn question(&self) -> Option<Question> {
        match &self.stage {
            Stage::Advanced => Some(plain::advanced_question()),
            Stage::Confirm => self.confirmation(),
            Stage::Discarded | Stage::Done => None,
            Stage::Name => {
                Some(Question::text(NAME, "Name of the new remote, as in name:path.").required())
            }
            Stage::Option { index, .. } => {
                let plain = self.plain()?;
                Some(plain.question(plain.spec(*index)?, &self.section))
            }
            Stage::Steps { question, .. } => question.as_deref().cloned(),
            Stage::Type => Some(self.type_question()),
        }
    }

    fn type_question(&self) -> Question {
        let choice = |kind: &SetupType| Choice::new(kind.backend.name, kind.backend.description);
        let mut choices: Vec<Choice> = self.types.iter().map(choice).collect();
        choices.sort_by(|a, b| a.help.cmp(&b.help));
        Question::exclusive(TYPE, "Type of storage.", choices).required()
    }

    fn confirmation(&self) -> Option<Question> {
        let summary = summary::summary(&self.name, &self.section, self.kind()?.backend);
        let choices = vec![
            Choice::new("save", "Yes, this is OK"),
            Choice::new("edit", "Edit this remote"),
            Choice::new("discard", "Give up, and change nothing"),
        ];
        let help = format!("Keep this remote?\n\n{summary}");
        Some(Question::exclusive(CONFIRM, help, choices).default_text("save"))
    }

    /// Goes on until something is to be asked.
    async fn go_on(&mut self, messages: &mut Vec<String>) -> Result<Next, SetupError> {
        let mut silent = 0;
        for _ in 0..MAX_GIVEN {
            match &self.stage {
                Stage::Done => return Ok(Next::Done),
                Stage::Discarded => return Ok(Next::Discarded),
                _ => {}
            }
            if let Some(question) = self.question() {
                let given = self
                    .given
                    .iter()
                    .position(|(name, _)| *name == question.name);
                let Some(place) = given else {
                    return Ok(Next::Ask(question));
                };
                let (_, answer) = self.given.remove(place);
                self.take(&question, &answer, messages).await?;
            } else if silent < MAX_SILENT_STEPS {
                silent += 1;
                self.step(None, messages).await?;
            } else {
                break;
            }
        }
        let type_name = self.section.type_name().to_owned();
        Err(SetupError::Endless { type_name })
    }

    /// Takes an answer: goes on, or tells what is wrong with it.
    async fn take(
        &mut self,
        question: &Question,
        answer: &Answer,
        messages: &mut Vec<String>,
    ) -> Result<(), SetupError> {
        let answer = &self.translate(answer);
        let checked = match question.check(answer) {
            Ok(checked) => checked,
            Err(error) => {
                messages.push(format!("{}: {error}", question.name));
                return Ok(());
            }
        };
        match self.stage.clone() {
            Stage::Advanced if checked.is_yes() => self.next_option(true, None),
            Stage::Advanced => self.begin_steps(),
            Stage::Confirm => self.confirmed(checked.expose()),
            Stage::Name => messages.extend(self.named(checked.expose())),
            Stage::Option { index, advanced } => match self.store(index, answer, checked) {
                Some(message) => messages.push(message),
                None => self.next_option(advanced, Some(index)),
            },
            Stage::Steps { .. } => self.step(Some(&checked), messages).await?,
            Stage::Type => {
                self.section = SetupSection::new(self.name.as_str(), checked.expose());
                self.begin_options();
            }
            Stage::Discarded | Stage::Done => {}
        }
        Ok(())
    }

    /// A type has several names.
    fn translate(&self, answer: &Answer) -> Answer {
        match find_type(&self.types, answer.expose()) {
            Some(kind) if self.stage == Stage::Type => Answer::text(kind.backend.name),
            _ => answer.clone(),
        }
    }

    fn named(&mut self, name: &str) -> Option<String> {
        if !is_legal(name) {
            return Some(
                "a name has letters, digits, `_`, `.`, `+`, `@`, and between them blanks and `-`"
                    .to_owned(),
            );
        }
        if name.len() > MAX_NAME_BYTES {
            return Some(format!("a name has at most {MAX_NAME_BYTES} bytes"));
        }
        if cfg!(windows) && name.len() == 1 {
            return Some("a name of one letter would mean a drive".to_owned());
        }
        if self.taken.iter().any(|taken| taken == name) {
            return Some(format!("there is already a remote named \"{name}\""));
        }
        name.clone_into(&mut self.name);
        self.stage = Stage::Type;
        None
    }

    /// Stores the answer to a plain option, or tells why not.
    fn store(&mut self, index: usize, given: &Answer, checked: Answer) -> Option<String> {
        let spec = self.plain()?.spec(index)?;
        if !spec.secret && has_reference(checked.expose().as_bytes()) {
            return Some(format!(
                "{}: a value cannot contain %(…)s, because it would be replaced when read",
                spec.name
            ));
        }
        plain::store(&mut self.section, spec, given, checked);
        None
    }

    fn confirmed(&mut self, answer: &str) {
        match answer {
            "save" => self.stage = Stage::Done,
            "edit" => self.begin_options(),
            _ => self.stage = Stage::Discarded,
        }
    }

    fn begin_options(&mut self) {
        self.next_option(false, None);
    }

    /// Goes to the next option of a pass, or to what comes behind the pass.
    fn next_option(&mut self, advanced: bool, after: Option<usize>) {
        let Some(plain) = self.plain() else { return };
        let next = plain.next(&self.section, advanced, after);
        let has_advanced = plain.has_advanced();
        match next {
            Some(index) => self.stage = Stage::Option { index, advanced },
            None if has_advanced => self.stage = Stage::Advanced,
            None => self.begin_steps(),
        }
    }

    fn begin_steps(&mut self) {
        if self.provider_steps().is_some() {
            self.stage = Stage::Steps {
                state: StepState::start(),
                question: None,
            };
        } else {
            self.end_steps();
        }
    }

    fn end_steps(&mut self) {
        self.stage = if self.confirm {
            Stage::Confirm
        } else {
            Stage::Done
        };
    }

    /// Takes a step of the provider. The section is the old one until the step has succeeded.
    async fn step(
        &mut self,
        answer: Option<&Answer>,
        messages: &mut Vec<String>,
    ) -> Result<(), SetupError> {
        let (Stage::Steps { state, .. }, Some(steps)) = (&self.stage, self.provider_steps()) else {
            self.end_steps();
            return Ok(());
        };
        let mut section = self.section.clone();
        let outcome = steps.step(&mut section, state, answer).await;
        let outcome = outcome.map_err(|source| SetupError::Step {
            name: self.name.clone(),
            source,
        })?;
        self.section = section;
        match outcome {
            StepOutcome::Ask { question, next } => {
                self.stage = Stage::Steps {
                    state: next,
                    question: Some(Box::new(question)),
                };
            }
            StepOutcome::ShowError { message, next } => {
                messages.push(message);
                self.stage = Stage::Steps {
                    state: next,
                    question: None,
                };
            }
            StepOutcome::Done => self.end_steps(),
        }
        Ok(())
    }

    fn kind(&self) -> Option<&SetupType> {
        find_type(&self.types, self.section.type_name())
    }

    fn plain(&self) -> Option<Plain<'_>> {
        let kind = self.kind()?;
        Some(Plain {
            kind,
            rclones_only: false,
        })
    }

    fn provider_steps(&self) -> Option<Arc<dyn SetupSteps>> {
        self.kind()?.steps.clone()
    }
}

/// Values may be secret, so they are not shown.
impl std::fmt::Debug for Dialogue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let asked = self.question().map(|question| question.name);
        f.debug_struct("Dialogue")
            .field("name", &self.name)
            .field("asked", &asked)
            .field("section", &self.section)
            .finish_non_exhaustive()
    }
}

pub(super) fn unknown_type(types: &[SetupType], type_name: &str) -> SetupError {
    let known: Vec<&str> = types.iter().map(|kind| kind.backend.name).collect();
    SetupError::UnknownType {
        type_name: type_name.to_owned(),
        known: known.join(", "),
    }
}
