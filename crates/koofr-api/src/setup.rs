//! Setting up a Koofr remote: whether the account works, and which of its storages to use.

use async_trait::async_trait;
use remote_core::{
    error::{Error, ErrorKind, Result, report},
    http::HttpSettings,
    options::OptionSpec,
    retry::RetryPolicy,
    setup::{Answer, Choice, Question, SetupSection, SetupSteps, StepOutcome, StepState},
};

use crate::{builder::DEFAULT_USER_AGENT, config, model::mount::Mount, options::BACKEND};

/// The name of the question what to do with an account that does not work: `again`, `change` or `keep`.
pub const CHECK: &str = "config_check";

/// The steps behind the plain options.
///
/// One request signs in and lists the storages (two with `auth = token`). A refused password is told, and is not presented again unless something was changed:
/// the service locks the address after a few refusals. Other failures can be tried again, or the remote is kept as it is. If the account has several storages
/// and none was chosen, they are offered, the main one by default; then `mountid` stays unset, as rclone leaves it.
///
/// Questions: `config_check` after a failure; `endpoint`, `user` and `password` to change what was entered; `mountid`.
#[derive(Clone, Debug)]
pub struct KoofrSetup {
    http: HttpSettings,
}

impl Default for KoofrSetup {
    fn default() -> Self {
        Self::new(HttpSettings::default().with_user_agent(DEFAULT_USER_AGENT))
    }
}

impl KoofrSetup {
    /// Steps that connect like this.
    #[must_use]
    pub fn new(http: HttpSettings) -> Self {
        Self { http }
    }

    /// Signs in once and looks at the storages.
    async fn check(&self, section: &mut SetupSection) -> Result<StepOutcome> {
        let mounts = match self.mounts(section).await {
            Ok(mounts) => mounts,
            Err(error) => {
                let next = Trouble::of(&error).state();
                return Ok(StepOutcome::show_error(report(&error), next));
            }
        };
        let wanted = section.get("mountid").unwrap_or_default();
        let is_there = mounts
            .iter()
            .any(|mount| mount.id == wanted || mount.name == wanted);
        let settled = if wanted.is_empty() {
            mounts.len() < 2
        } else {
            is_there
        };
        Ok(if settled {
            StepOutcome::Done
        } else {
            ask_mount(&mounts, wanted)
        })
    }

    async fn mounts(&self, section: &SetupSection) -> Result<Vec<Mount>> {
        let builder = config::client_builder(section, &self.http)?;
        let client = builder.retry_policy(RetryPolicy::never()).build()?;
        let mounts = client.mounts().await?;
        if mounts.iter().any(|mount| !mount.id.is_empty()) {
            Ok(mounts)
        } else {
            Err(Error::with_message(
                ErrorKind::Protocol,
                "the answer lists no storage",
            ))
        }
    }
}

#[async_trait]
impl SetupSteps for KoofrSetup {
    async fn step(
        &self,
        section: &mut SetupSection,
        state: &StepState,
        answer: Option<&Answer>,
    ) -> Result<StepOutcome> {
        let trouble = Trouble::named(state.recall(0));
        let changed = state.recall(1) == CHANGED;
        match (state.name(), answer) {
            (TROUBLE, None) => Ok(trouble.ask()),
            (TROUBLE, Some(answer)) => match answer.expose() {
                "keep" => Ok(StepOutcome::Done),
                "again" => self.check(section).await,
                _ => Ok(ask_change(section, trouble, 0, false)),
            },
            (MOUNT, Some(answer)) => {
                choose_mount(section, answer.expose(), state.recall(0));
                Ok(StepOutcome::Done)
            }
            (change, answer) => match CHANGES.iter().position(|name| *name == change) {
                Some(place) => {
                    let changed = changed | take_change(section, place, answer);
                    let next = ask_change(section, trouble, place + 1, changed);
                    if next == StepOutcome::Done {
                        return self.check_changed(section, trouble, changed).await;
                    }
                    Ok(next)
                }
                None => self.check(section).await,
            },
        }
    }
}

impl KoofrSetup {
    async fn check_changed(
        &self,
        section: &mut SetupSection,
        trouble: Trouble,
        changed: bool,
    ) -> Result<StepOutcome> {
        if changed || trouble != Trouble::Refused {
            return self.check(section).await;
        }
        let message = "nothing was changed; what was refused is not sent again, because the service would lock this address";
        Ok(StepOutcome::show_error(message, trouble.state()))
    }
}

const TROUBLE: &str = "trouble";
const MOUNT: &str = "mount";
const CHANGED: &str = "changed";

/// What can be changed after a failure, in order.
const CHANGES: [&str; 3] = ["endpoint", "user", "password"];

/// Why an account does not work, as far as it matters for what to do next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Trouble {
    /// The service refuses to look at passwords for some time.
    Locked,
    /// Name or password are wrong, or an option is.
    Refused,
    /// The service could not be asked.
    Unreachable,
}

impl Trouble {
    fn of(error: &Error) -> Self {
        match error.kind() {
            ErrorKind::LoginLocked => Self::Locked,
            ErrorKind::Authentication | ErrorKind::InvalidInput => Self::Refused,
            _ => Self::Unreachable,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Locked => "locked",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
        }
    }

    fn named(name: &str) -> Self {
        let all = [Self::Locked, Self::Refused];
        let found = all.into_iter().find(|trouble| trouble.name() == name);
        found.unwrap_or(Self::Unreachable)
    }

    fn state(self) -> StepState {
        StepState::new(TROUBLE).remember(self.name())
    }

    fn ask(self) -> StepOutcome {
        let again = Choice::new("again", "Try again with the same values");
        let change = Choice::new("change", "Enter other values");
        let keep = Choice::new("keep", "Keep the values without trying them");
        let (choices, default) = match self {
            Self::Locked => (vec![keep, again, change], "keep"),
            Self::Refused => (vec![change, keep], "change"),
            Self::Unreachable => (vec![again, change, keep], "again"),
        };
        let help = "The account could not be used. What now?";
        let question = Question::exclusive(CHECK, help, choices).default_text(default);
        StepOutcome::ask(question, self.state())
    }
}

/// Asks for the next of the values that can be changed; done when there is none.
fn ask_change(section: &SetupSection, trouble: Trouble, from: usize, changed: bool) -> StepOutcome {
    let provider = section.get("provider").unwrap_or_default();
    let mut names = CHANGES.iter().skip(from);
    let Some((name, spec)) = names.find_map(|name| Some((*name, spec_of(name, provider)?))) else {
        return StepOutcome::Done;
    };
    let current = match section.password(name) {
        Some(_) => Some("set"),
        None => section.get(name),
    };
    let state = StepState::new(name).remember(trouble.name());
    let state = state.remember(if changed { CHANGED } else { "" });
    StepOutcome::ask(Question::of_option(spec, provider, current), state)
}

fn spec_of(name: &str, provider: &str) -> Option<&'static OptionSpec> {
    // Without a variant the address decides, so it can be changed as well.
    BACKEND.option_for(name, provider)
}

/// Stores a changed value. Tells whether it is another one.
fn take_change(section: &mut SetupSection, place: usize, answer: Option<&Answer>) -> bool {
    let (Some(name), Some(answer)) = (CHANGES.get(place), answer) else {
        return false;
    };
    if answer.is_accept() {
        return false;
    }
    let before = section.clone();
    if spec_of(name, "").is_some_and(|spec| spec.secret) {
        section.set_password(*name, answer.clone().into_secret());
    } else {
        section.set(*name, answer.expose());
    }
    !section.same(&before, name)
}

fn ask_mount(mounts: &[Mount], wanted: &str) -> StepOutcome {
    let primary = mounts.iter().find(|mount| mount.is_primary);
    let primary = primary.map(|mount| mount.id.as_str()).unwrap_or_default();
    let choices = mounts
        .iter()
        .map(|mount| Choice::new(mount.id.as_str(), described(mount)));
    let help = if wanted.is_empty() {
        "Storage to use.".to_owned()
    } else {
        format!("Storage to use.\n\nThe account has no storage {wanted:?}.")
    };
    let question = Question::exclusive("mountid", help, choices.collect())
        .default_text(primary)
        .required();
    StepOutcome::ask(question, StepState::new(MOUNT).remember(primary))
}

/// The main storage needs no option.
fn choose_mount(section: &mut SetupSection, chosen: &str, primary: &str) {
    if chosen == primary || chosen.is_empty() {
        section.remove("mountid");
    } else {
        section.set("mountid", chosen);
    }
}

fn described(mount: &Mount) -> String {
    // The name comes from the service, and is shown on terminals.
    let name = mount.name.chars().filter(|c| !c.is_control());
    let mut text: String = name.collect();
    if mount.is_primary {
        text.push_str(", the main storage");
    }
    if !mount.online {
        text.push_str(", not connected at the moment");
    } else if !mount.can_write && !mount.is_primary {
        text.push_str(", read only");
    }
    text
}

#[cfg(test)]
mod tests {
    use remote_core::secret::Secret;

    use super::*;

    fn mounts() -> Vec<Mount> {
        serde_json::from_str(
            r#"[{"id":"m1","name":"Koofr","isPrimary":true,"online":true},
                {"id":"m2","name":"Lap\u001b[31mtop","online":false}]"#,
        )
        .unwrap()
    }

    #[test]
    fn the_main_storage_is_the_default_and_leaves_the_option_unset() {
        let StepOutcome::Ask { question, next } = ask_mount(&mounts(), "gone") else {
            panic!("it asks")
        };
        assert_eq!(question.default, "m1");
        assert!(question.help.contains("gone"));
        let mut section = SetupSection::new("k", "koofr");
        section.set("mountid", "gone");
        choose_mount(&mut section, "m2", next.recall(0));
        assert_eq!(section.get("mountid"), Some("m2"));
        choose_mount(&mut section, "m1", next.recall(0));
        assert!(!section.has("mountid"));
    }

    #[test]
    fn names_from_the_service_cannot_control_a_terminal() {
        let StepOutcome::Ask { question, .. } = ask_mount(&mounts(), "") else {
            panic!("it asks")
        };
        assert!(question.choices.iter().all(|c| !c.help.contains('\u{1b}')));
    }

    #[test]
    fn only_what_belongs_to_the_service_can_be_changed() {
        let mut section = SetupSection::new("k", "koofr");
        section.set("provider", "koofr");
        section.set_password("password", Secret::new("p"));
        let asked = |from| match ask_change(&section, Trouble::Refused, from, false) {
            StepOutcome::Ask { question, .. } => question.name,
            other => panic!("{other:?}"),
        };
        assert_eq!(asked(0), "user");
        assert_eq!(asked(2), "password");
        let done = ask_change(&section, Trouble::Refused, 3, false);
        assert_eq!(done, StepOutcome::Done);
    }

    #[test]
    fn a_kept_password_is_no_change() {
        let mut section = SetupSection::new("k", "koofr");
        section.set("user", "u");
        assert!(!take_change(&mut section, 1, Some(&Answer::text("u"))));
        assert!(!take_change(&mut section, 2, Some(&Answer::accept())));
        assert!(take_change(&mut section, 2, Some(&Answer::text("new"))));
        assert_eq!(
            section.password("password").map(Secret::expose),
            Some("new")
        );
    }
}
