//! Whether an answer fits its question.

use crate::options::{OptionType, OptionValue, ParseValueError};

use super::{Answer, Question, QuestionKind};

/// Longer answers are refused. The longest honest ones are tokens of a few KiB.
pub const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// What is wrong with an answer. Never repeats it.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AnswerError {
    /// A password of nothing but blanks.
    #[error("a password cannot consist of blanks alone")]
    Blank,
    /// A line end, which a configuration file cannot hold.
    #[error("a value cannot contain a line end")]
    LineEnd,
    /// Not one of the choices.
    #[error("choose one of {0}")]
    NotAChoice(String),
    /// Nothing, where something is needed.
    #[error("a value is required, and there is no default")]
    Required,
    /// Longer than [`MAX_ANSWER_BYTES`].
    #[error("the answer is longer than {max} bytes", max = MAX_ANSWER_BYTES)]
    TooLong,
    /// Not a value of the wanted type.
    #[error("{0}")]
    Type(ParseValueError),
    /// Neither yes nor no.
    #[error("answer y for yes or n for no")]
    YesNo,
}

impl Question {
    /// Checks an answer. Returns it with the default in place of [accept](Answer::accept), and the value in its canonical form: `true` for `y`, `1Ki` for `1024B`.
    ///
    /// The one answer that is returned as [accept](Answer::accept) is that a password is kept.
    ///
    /// # Errors
    ///
    /// Says what would be accepted.
    pub fn check(&self, answer: &Answer) -> Result<Answer, AnswerError> {
        if answer.expose().len() > MAX_ANSWER_BYTES {
            return Err(AnswerError::TooLong);
        }
        match &self.kind {
            QuestionKind::Show { .. } => Ok(Answer::text("")),
            QuestionKind::Secret { kept } => self.check_secret(*kept, answer),
            QuestionKind::YesNo => yes_no(self.text_of(answer)).map(Answer::yes_no),
            QuestionKind::OpenAddress { .. } => self.check_text(answer.expose().trim()),
            QuestionKind::Choice { exclusive } => {
                self.check_choice(*exclusive, self.text_of(answer))
            }
            QuestionKind::Text => self.check_text(self.text_of(answer)),
        }
    }

    fn text_of<'a>(&'a self, answer: &'a Answer) -> &'a str {
        if answer.is_accept() {
            &self.default
        } else {
            answer.expose()
        }
    }

    fn check_secret(&self, kept: bool, answer: &Answer) -> Result<Answer, AnswerError> {
        let text = answer.expose();
        match text {
            "" if kept && answer.is_accept() => Ok(Answer::accept()),
            "" if self.required => Err(AnswerError::Required),
            "" => Ok(Answer::text("")),
            // Obscured passwords may hold any character, line ends included.
            _ if text.trim().is_empty() => Err(AnswerError::Blank),
            _ => Ok(answer.clone()),
        }
    }

    fn check_choice(&self, exclusive: bool, text: &str) -> Result<Answer, AnswerError> {
        let listed = self.choices.iter().find(|choice| choice.value == text);
        // Spelling in another case is forgiven where nothing else could be meant.
        let listed = listed.or_else(|| {
            let mut similar = self
                .choices
                .iter()
                .filter(|choice| exclusive && choice.value.eq_ignore_ascii_case(text));
            similar.next().filter(|_| similar.next().is_none())
        });
        match listed {
            Some(choice) => Ok(Answer::text(choice.value.as_str())),
            None if text.is_empty() || !exclusive => self.check_text(text),
            None => {
                let values: Vec<&str> = self.choices.iter().map(|c| c.value.as_str()).collect();
                Err(AnswerError::NotAChoice(values.join(", ")))
            }
        }
    }

    fn check_text(&self, text: &str) -> Result<Answer, AnswerError> {
        match text {
            "" if self.required => return Err(AnswerError::Required),
            "" => return Ok(Answer::text("")),
            _ => {}
        }
        if text.contains(['\n', '\r']) {
            return Err(AnswerError::LineEnd);
        }
        match self.value_type {
            OptionType::String => Ok(Answer::text(text)),
            value_type => {
                let value = value_type.parse(text).map_err(AnswerError::Type)?;
                Ok(Answer::text(canonical(value_type, &value, text)))
            }
        }
    }
}

/// The form that is stored: that of rclone, unless it would lose a part of the value. Then it is an exact one, or what was given.
fn canonical(value_type: OptionType, value: &OptionValue, given: &str) -> String {
    let exact = match value {
        OptionValue::Duration(duration) => duration.clock(),
        OptionValue::Size(size) => size.to_exact(),
        _ => given.to_owned(),
    };
    [value.to_string(), exact]
        .into_iter()
        .find(|text| value_type.parse(text).as_ref() == Ok(value))
        .unwrap_or_else(|| given.to_owned())
}

fn yes_no(text: &str) -> Result<bool, AnswerError> {
    match text.to_ascii_lowercase().as_str() {
        "y" | "yes" | "true" | "t" | "1" => Ok(true),
        "n" | "no" | "false" | "f" | "0" => Ok(false),
        _ => Err(AnswerError::YesNo),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Choice, *};

    fn checked(question: &Question, answer: &str) -> Result<String, AnswerError> {
        let answer = question.check(&Answer::text(answer))?;
        Ok(answer.expose().to_owned())
    }

    #[test]
    fn values_are_made_canonical() {
        let size = Question::text("s", "").of_type(OptionType::Size);
        assert_eq!(checked(&size, "10M").unwrap(), "10Mi");
        assert_eq!(checked(&size, "1500B").unwrap(), "1.465Ki");
        assert_eq!(
            checked(&size, "1500001B").unwrap(),
            "1500001B",
            "1.431Mi would be another size"
        );
        let duration = Question::text("d", "").of_type(OptionType::Duration);
        assert_eq!(checked(&duration, "36h").unwrap(), "1.5d");
        assert_eq!(
            checked(&duration, "173h").unwrap(),
            "173h0m0s",
            "1.0297619047619047w would be another duration"
        );
        let list = Question::text("l", "").of_type(OptionType::CommaSeparated);
        assert_eq!(checked(&list, "a,\"b,c\"").unwrap(), "a,\"b,c\"");
        assert_eq!(
            checked(&list, "\"\"").unwrap(),
            "\"\"",
            "nothing would be another list"
        );
        let encoding = Question::text("e", "").of_type(OptionType::Encoding);
        assert_eq!(checked(&encoding, "Dot,Slash").unwrap(), "Slash,Dot");
        assert!(matches!(checked(&size, "ten"), Err(AnswerError::Type(_))));
    }

    #[test]
    fn accepting_takes_the_default_or_needs_none() {
        let text = Question::text("t", "").default_text("x");
        assert_eq!(text.check(&Answer::accept()), Ok(Answer::text("x")));
        assert_eq!(text.check(&Answer::text("")), Ok(Answer::text("")));
        let required = Question::text("t", "").required();
        assert_eq!(
            required.check(&Answer::accept()),
            Err(AnswerError::Required)
        );
        assert_eq!(
            required.check(&Answer::text("")),
            Err(AnswerError::Required)
        );
    }

    #[test]
    fn only_listed_values_pass_where_there_is_no_other() {
        let choices = vec![Choice::new("standard", ""), Choice::new("legacy", "")];
        let exclusive = Question::exclusive("c", "", choices.clone());
        assert_eq!(checked(&exclusive, "Legacy").unwrap(), "legacy");
        let refused = checked(&exclusive, "canary").unwrap_err().to_string();
        assert_eq!(refused, "choose one of standard, legacy");
        assert_eq!(
            checked(&Question::choice("c", "", choices), "own").unwrap(),
            "own"
        );
    }

    #[test]
    fn passwords_are_kept_left_out_or_taken_as_they_are() {
        let optional = Question::secret("p", "");
        let required = Question::secret("p", "").required();
        let kept = Question::secret("p", "").required().kept();
        assert_eq!(optional.check(&Answer::accept()), Ok(Answer::text("")));
        assert_eq!(
            required.check(&Answer::accept()),
            Err(AnswerError::Required)
        );
        assert_eq!(kept.check(&Answer::accept()), Ok(Answer::accept()));
        assert_eq!(checked(&required, "  "), Err(AnswerError::Blank));
        assert_eq!(checked(&required, " a\tb ").unwrap(), " a\tb ");
    }

    #[test]
    fn answers_that_no_file_can_hold_are_refused() {
        let text = Question::text("t", "");
        assert_eq!(checked(&text, "a\nb"), Err(AnswerError::LineEnd));
        let long = "x".repeat(MAX_ANSWER_BYTES + 1);
        assert_eq!(checked(&text, &long), Err(AnswerError::TooLong));
    }

    #[test]
    fn yes_and_no_have_several_spellings() {
        let question = Question::yes_no("q", "", false);
        for yes in ["y", "Yes", "true", "1"] {
            assert!(
                question.check(&Answer::text(yes)).unwrap().is_yes(),
                "{yes}"
            );
        }
        assert!(!question.check(&Answer::accept()).unwrap().is_yes());
        assert_eq!(checked(&question, "maybe"), Err(AnswerError::YesNo));
    }
}
