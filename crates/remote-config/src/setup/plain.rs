//! The plain options of a type: which is asked when, how, and what becomes of the answer.

use remote_core::{
    options::{Backend, OptionSpec},
    setup::{Answer, Question, QuestionKind, SetupSection},
};

use super::SetupType;

/// The name of the question whether to go through the advanced options.
pub const ADVANCED: &str = "config_fs_advanced";

/// The option that tells variants of a service apart.
const PROVIDER: &str = "provider";

/// Which options there are to ask.
#[derive(Clone, Copy)]
pub(super) struct Plain<'a> {
    pub(super) kind: &'a SetupType,
    /// Leave out the options that rclone does not know.
    pub(super) rclones_only: bool,
}

impl Plain<'_> {
    fn backend(&self) -> &'static Backend {
        self.kind.backend
    }

    /// The first option to ask after another one, in one of the two passes.
    pub(super) fn next(
        &self,
        section: &SetupSection,
        advanced: bool,
        after: Option<usize>,
    ) -> Option<usize> {
        let provider = section.get(PROVIDER).unwrap_or_default();
        let order = self.order();
        let begin = match after {
            Some(after) => order.iter().position(|&index| index == after)? + 1,
            None => 0,
        };
        order.into_iter().skip(begin).find(|&index| {
            self.spec(index).is_some_and(|spec| {
                self.is_asked(spec) && spec.advanced == advanced && spec.applies_to(provider)
            })
        })
    }

    /// Whether there is a second pass.
    pub(super) fn has_advanced(&self) -> bool {
        let mut options = self.backend().options.iter();
        options.any(|spec| spec.advanced && self.is_asked(spec))
    }

    pub(super) fn spec(&self, index: usize) -> Option<&'static OptionSpec> {
        self.backend().options.get(index)
    }

    /// The variant comes first, because the others depend on it.
    fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.backend().options.len()).collect();
        order.sort_by_key(|&index| self.spec(index).is_none_or(|spec| spec.name != PROVIDER));
        order
    }

    fn is_asked(&self, spec: &OptionSpec) -> bool {
        let asks = self
            .kind
            .steps
            .as_ref()
            .is_none_or(|steps| steps.asks(spec));
        asks && !spec.hidden && !(self.rclones_only && spec.ours)
    }

    /// The question of an option.
    pub(super) fn question(&self, spec: &OptionSpec, section: &SetupSection) -> Question {
        let current = match section.password(spec.name) {
            Some(_) => Some("set"),
            None => section.get(spec.name),
        };
        let provider = section.get(PROVIDER).unwrap_or_default();
        let mut question = Question::of_option(spec, provider, current);
        if spec.name == PROVIDER && self.depends_on_variant() {
            question.required = true;
            if let QuestionKind::Choice { exclusive } = &mut question.kind {
                *exclusive = true;
            }
        }
        question
    }

    fn depends_on_variant(&self) -> bool {
        let mut options = self.backend().options.iter();
        options.any(|spec| !spec.provider.is_empty())
    }
}

/// Whether to go through the advanced options.
pub(super) fn advanced_question() -> Question {
    Question::yes_no(ADVANCED, "Edit advanced config?", false)
}

/// Stores a checked answer. What is merely confirmed is not written.
pub(super) fn store(
    section: &mut SetupSection,
    spec: &OptionSpec,
    given: &Answer,
    checked: Answer,
) {
    if given.is_accept() {
        return;
    }
    if spec.secret {
        if checked.expose().is_empty() {
            section.remove(spec.name);
        } else {
            section.set_password(spec.name, checked.into_secret());
        }
        return;
    }
    let text = checked.expose();
    if text == current(section, spec) {
        return;
    }
    if text.is_empty() {
        section.remove(spec.name);
    } else {
        section.set(spec.name, text);
    }
}

/// The value of an option as it counts: an empty one in the file means the default.
pub(super) fn current<'a>(section: &'a SetupSection, spec: &OptionSpec) -> &'a str {
    let text = section.get(spec.name).filter(|text| !text.is_empty());
    text.unwrap_or(spec.default)
}
