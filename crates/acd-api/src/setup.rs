//! Setting up a remote: signing in with the user's own application.

use async_trait::async_trait;
use remote_core::{
    auth::SignIn,
    error::{Error, ErrorKind, Result, report},
    http::{HttpClient, HttpSettings},
    options::OptionSpec,
    setup::{Answer, Back, Question, SetupSection, SetupSteps, StepOutcome, StepState},
};
use url::Url;

use crate::{
    auth::{REDIRECT_URL, exchange_pasted, import_token},
    builder::DEFAULT_USER_AGENT,
    config::app_of,
    options::BACKEND,
};

/// The steps behind the plain options.
///
/// Questions, named as in rclone where it has them: `client_id` if it was left empty; `config_refresh_token` if there is a token already; `config_is_local` (whether
/// to sign in by browser), and then either `config_redirect` (the address that the browser was sent back to, or the code in it) or `config_token` (what
/// `rclone authorize "amazon cloud drive"`, or another program, has printed).
///
/// One request, when a code is traded for a token.
#[derive(Clone, Debug)]
pub struct AcdSetup {
    http: HttpSettings,
}

const CLIENT: &str = "client_id";
const REFRESH: &str = "config_refresh_token";
const LOCAL: &str = "config_is_local";
const REDIRECT: &str = "config_redirect";
const TOKEN: &str = "config_token";

impl Default for AcdSetup {
    fn default() -> Self {
        Self::new(HttpSettings::default().with_user_agent(DEFAULT_USER_AGENT))
    }
}

impl AcdSetup {
    /// Steps that connect like this.
    #[must_use]
    pub fn new(http: HttpSettings) -> Self {
        Self { http }
    }

    /// Where the browser is to go. What is remembered is in that address as well.
    fn start_browser(&self, section: &SetupSection) -> Result<StepOutcome> {
        let http = HttpClient::new(&self.http)?;
        let sign_in = app_of(section)?.oauth_client(&http).authorize()?;
        Ok(ask_browser(sign_in.url().as_str()))
    }

    async fn finish_browser(
        &self,
        section: &mut SetupSection,
        state: &StepState,
        answer: &Answer,
    ) -> Result<StepOutcome> {
        let begun = Url::parse(state.recall(0))
            .ok()
            .and_then(SignIn::of_address);
        let sign_in = begun.ok_or_else(|| {
            Error::with_message(ErrorKind::InvalidInput, "the suspended dialogue is damaged")
        })?;
        let http = HttpClient::new(&self.http)?;
        let oauth = app_of(section)?.oauth_client(&http);
        let token = exchange_pasted(&oauth, &sign_in, answer.expose()).await?;
        section.set("token", token.to_json().expose());
        Ok(StepOutcome::Done)
    }

    async fn take(
        &self,
        section: &mut SetupSection,
        state: &StepState,
        answer: &Answer,
    ) -> Result<StepOutcome> {
        match state.name() {
            CLIENT => {
                section.set(CLIENT, answer.expose().trim());
                Ok(first(section))
            }
            REFRESH if !answer.is_yes() => Ok(StepOutcome::Done),
            REFRESH => Ok(ask_local()),
            LOCAL if answer.is_yes() => self.start_browser(section),
            LOCAL => Ok(ask_token()),
            REDIRECT => self.finish_browser(section, state, answer).await,
            TOKEN => {
                let token = import_token(answer.expose())?;
                section.set("token", token.to_json().expose());
                Ok(StepOutcome::Done)
            }
            _ => Ok(first(section)),
        }
    }
}

#[async_trait]
impl SetupSteps for AcdSetup {
    /// What signing in finds out, and what programs write by themselves, is not asked.
    fn asks(&self, option: &OptionSpec) -> bool {
        !option.hidden && option.name != "token"
    }

    async fn step(
        &self,
        section: &mut SetupSection,
        state: &StepState,
        answer: Option<&Answer>,
    ) -> Result<StepOutcome> {
        let Some(answer) = answer else {
            return Ok(match state.name() {
                LOCAL => ask_local(),
                TOKEN => ask_token(),
                REDIRECT => ask_browser(state.recall(0)),
                _ => first(section),
            });
        };
        match self.take(section, state, answer).await {
            Ok(outcome) => Ok(outcome),
            // The same question once more; signing in by browser begins anew, since what came back is used up.
            Err(error) => {
                let next = match state.name() {
                    REDIRECT => StepState::new(LOCAL),
                    name => StepState::new(name),
                };
                Ok(StepOutcome::show_error(report(&error), next))
            }
        }
    }
}

fn first(section: &SetupSection) -> StepOutcome {
    let has = |key| section.get(key).is_some_and(|text| !text.is_empty());
    if !has(CLIENT)
        && let Some(spec) = BACKEND.option(CLIENT)
    {
        let question = Question::of_option(spec, "", None).required();
        return ask(question, CLIENT);
    }
    if !has("token") {
        return ask_local();
    }
    let help = "Sign in again?\n\nThere is a token already; it is kept otherwise.";
    ask(Question::yes_no(REFRESH, help, false), REFRESH)
}

fn ask(question: Question, next: &str) -> StepOutcome {
    StepOutcome::ask(question, StepState::new(next))
}

fn ask_local() -> StepOutcome {
    let help = "Sign in with a browser?\n\nIt may be that of another computer. Otherwise a token that another program has obtained is asked for.";
    ask(Question::yes_no(LOCAL, help, true), LOCAL)
}

fn ask_browser(address: &str) -> StepOutcome {
    let help = "Open this address in a browser, sign in and agree.\n\nThe browser of another computer ends at an address that it cannot open; enter that address, or the code in it.";
    let back = Back::Redirect {
        to: REDIRECT_URL.to_owned(),
    };
    let question = Question::open_address(REDIRECT, help, address, back);
    StepOutcome::ask(question, StepState::new(REDIRECT).remember(address))
}

fn ask_token() -> StepOutcome {
    let help = "Token.\n\nWhat `rclone authorize \"amazon cloud drive\" ID SECRET` of rclone 1.65 or older has printed on a computer with a browser, or the value of `token` in a configuration that works.";
    ask(Question::secret(TOKEN, help), TOKEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(pairs: &[(&str, &str)]) -> SetupSection {
        let mut section = SetupSection::new("mine", BACKEND.name);
        for (key, value) in pairs {
            section.set(*key, *value);
        }
        section
    }

    async fn step(
        section: &mut SetupSection,
        state: &StepState,
        answer: Option<Answer>,
    ) -> StepOutcome {
        let steps = AcdSetup::default();
        steps.step(section, state, answer.as_ref()).await.unwrap()
    }

    fn asked(outcome: StepOutcome) -> (Question, StepState) {
        match outcome {
            StepOutcome::Ask { question, next } => (question, next),
            other => panic!("{other:?}"),
        }
    }

    const TOKEN_TEXT: &str = r#"{"access_token":"Atza|x","token_type":"bearer","refresh_token":"Atzr|y","expiry":"2015-09-06T16:07:39Z"}"#;

    #[tokio::test]
    async fn a_pasted_token_ends_the_setup() {
        let mut section = section(&[]);
        let (question, next) = asked(step(&mut section, &StepState::start(), None).await);
        assert_eq!((question.name.as_str(), question.required), (CLIENT, true));
        let (question, next) = asked(step(&mut section, &next, Some(Answer::text("id"))).await);
        assert_eq!(question.name, LOCAL);
        let (question, next) = asked(step(&mut section, &next, Some(Answer::yes_no(false))).await);
        assert_eq!(question.name, TOKEN);
        let outcome = step(&mut section, &next, Some(Answer::text("nonsense"))).await;
        assert!(matches!(outcome, StepOutcome::ShowError { .. }));
        let outcome = step(&mut section, &next, Some(Answer::text(TOKEN_TEXT))).await;
        assert_eq!(outcome, StepOutcome::Done);
        assert!(
            section
                .get("token")
                .is_some_and(|token| token.contains("Atzr|y"))
        );
        assert_eq!(section.get(CLIENT), Some("id"));
    }

    #[tokio::test]
    async fn a_token_that_is_there_is_kept_unless_told() {
        let mut section = section(&[(CLIENT, "id"), ("token", TOKEN_TEXT)]);
        let (question, next) = asked(step(&mut section, &StepState::start(), None).await);
        assert_eq!(question.name, REFRESH);
        let outcome = step(&mut section, &next, Some(Answer::yes_no(false))).await;
        assert_eq!(outcome, StepOutcome::Done);
        let (question, _) = asked(step(&mut section, &next, Some(Answer::yes_no(true))).await);
        assert_eq!(question.name, LOCAL);
    }

    #[tokio::test]
    async fn an_answer_of_another_sign_in_begins_the_browser_anew() {
        let mut section = section(&[(CLIENT, "id"), ("auth_url", "http://127.0.0.1:9/ap/oa")]);
        let local = StepState::new(LOCAL);
        let (question, next) = asked(step(&mut section, &local, Some(Answer::yes_no(true))).await);
        assert!(next.recall(0).starts_with("http://127.0.0.1:9/ap/oa?"));
        assert!(matches!(
            question.kind,
            remote_core::setup::QuestionKind::OpenAddress { .. }
        ));
        let foreign = Answer::text("http://127.0.0.1:53682/?code=c&state=x");
        let outcome = step(&mut section, &next, Some(foreign)).await;
        assert!(matches!(outcome, StepOutcome::ShowError { next, .. } if next.name() == LOCAL));
    }
}
