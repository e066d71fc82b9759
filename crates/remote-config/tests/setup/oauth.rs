//! Steps of a provider with a browser sign-in, as rclone asks them: just enough for the recorded conversations.

use async_trait::async_trait;
use remote_core::{
    error::Result,
    setup::{Answer, Question, SetupSection, SetupSteps, StepOutcome, StepState},
};

#[derive(Debug)]
pub(crate) struct OAuthSteps;

/// The name of a state as rclone writes it: with three more parts, which are empty here.
fn state(name: &str) -> StepState {
    StepState::new(name).remember("").remember("").remember("")
}

#[async_trait]
impl SetupSteps for OAuthSteps {
    async fn step(
        &self,
        section: &mut SetupSection,
        at: &StepState,
        answer: Option<&Answer>,
    ) -> Result<StepOutcome> {
        let token = Question::text("config_token", "Paste the token.").required();
        Ok(match (at.name(), answer) {
            ("*oauth-islocal", Some(answer)) if !answer.is_yes() => {
                StepOutcome::ask(token, state("*oauth-authorize"))
            }
            ("*oauth-authorize", Some(answer)) => {
                if serde_json::from_str::<serde_json::Value>(answer.expose()).is_ok() {
                    section.set("token", answer.expose());
                    StepOutcome::Done
                } else {
                    StepOutcome::show_error("this is no token", state("*oauth-authorize"))
                }
            }
            ("*oauth-authorize", None) => StepOutcome::ask(token, state("*oauth-authorize")),
            _ => StepOutcome::ask(
                Question::yes_no("config_is_local", "Use the browser of this machine?", true),
                state("*oauth-islocal"),
            ),
        })
    }
}
