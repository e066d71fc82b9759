//! Setting up a Jottacloud remote: signing in, and choosing a device and mount point.

use std::sync::Arc;

use async_trait::async_trait;
use remote_core::{
    auth::{MemoryTokenStore, TokenStore as _},
    error::{Error, ErrorKind, Result, report},
    http::{HttpClient, HttpSettings},
    options::OptionSpec,
    path::RemotePath,
    secret::Secret,
    setup::{Answer, Back, Choice, Question, SetupSection, SetupSteps, StepOutcome, StepState},
};
use url::Url;

use crate::{
    JottaRemote,
    addresses::checked,
    auth::{BRANDS, Brand, Identity, LoginToken, PasswordOutcome, RegisteredDevice, SignedIn},
    builder::DEFAULT_USER_AGENT,
    client::Client,
    config::addresses_of,
    model::device::{BUILT_IN_DEVICE, DEFAULT_MOUNT_POINT, Device, DeviceType, is_built_in},
};

/// The steps behind the plain options.
///
/// Questions, named as in rclone: `config_refresh_token` if there is a token already; `config_type` (`standard`, `traditional`, `legacy`); then
/// `config_login_token`, or `config_traditional` (a brand, or a well-known address) and `config_redirect` (the address that the browser was sent back to), or
/// `config_machine_specific`, `config_username`, `config_password` and perhaps `config_auth_code`; `config_non_standard`, and if so `config_device` and
/// `config_mountpoint`. A device or mount point that is not there is made.
#[derive(Clone, Debug)]
pub struct JottaSetup {
    http: HttpSettings,
}

impl Default for JottaSetup {
    fn default() -> Self {
        Self::new(HttpSettings::default().with_user_agent(DEFAULT_USER_AGENT))
    }
}

const REFRESH: &str = "config_refresh_token";
const TYPE: &str = "config_type";
const LOGIN_TOKEN: &str = "config_login_token";
const BRAND: &str = "config_traditional";
const REDIRECT: &str = "config_redirect";
const MACHINE: &str = "config_machine_specific";
const USERNAME: &str = "config_username";
const PASSWORD: &str = "config_password";
const CODE: &str = "config_auth_code";
const NON_STANDARD: &str = "config_non_standard";
const DEVICE: &str = "config_device";
const MOUNT_POINT: &str = "config_mountpoint";

impl JottaSetup {
    /// Steps that connect like this.
    #[must_use]
    pub fn new(http: HttpSettings) -> Self {
        Self { http }
    }

    fn identity(&self, section: &SetupSection) -> Result<Identity> {
        let http = HttpClient::new(&self.http)?;
        Ok(Identity::new(http, addresses_of(section)?))
    }

    async fn login_token(
        &self,
        section: &mut SetupSection,
        answer: &Answer,
    ) -> Result<StepOutcome> {
        let token = LoginToken::parse(answer.expose())?;
        let identity = self.identity(section)?;
        let signed_in = identity.sign_in_with_login_token(&token).await?;
        Ok(signed(section, &signed_in))
    }

    /// Where the browser is to go. What is remembered is in that address as well.
    async fn brand(&self, section: &SetupSection, answer: &Answer) -> Result<StepOutcome> {
        let brand = match Brand::find(answer.expose()) {
            Some(brand) => brand.clone(),
            None => Brand::of_well_known(answer.expose())?,
        };
        let identity = self.identity(section)?.with_browser_addresses(
            address(section, "auth_url")?,
            address(section, "token_url")?,
        );
        let sign_in = identity.start_browser(&brand).await?;
        let next = StepState::new(REDIRECT)
            .remember(sign_in.state().expose())
            .remember(sign_in.client_id())
            .remember(sign_in.token_url().as_str())
            .remember(sign_in.url().as_str());
        Ok(ask_browser(next))
    }

    async fn redirect(
        &self,
        section: &mut SetupSection,
        state: &StepState,
        answer: &Answer,
    ) -> Result<StepOutcome> {
        let redirect = Url::parse(answer.expose()).map_err(|error| {
            Error::with_message(ErrorKind::InvalidInput, "this is no address")
                .with_source(error)
                .with_help("copy the whole address from the browser, it begins with http://localhost:53682/")
        })?;
        let token_url = Url::parse(state.recall(2)).map_err(|error| {
            Error::with_message(ErrorKind::InvalidInput, "the suspended dialogue is damaged")
                .with_source(error)
        })?;
        let identity = self.identity(section)?;
        let signed_in = identity
            .finish_remembered(
                &Secret::new(state.recall(0)),
                state.recall(1),
                token_url,
                &redirect,
            )
            .await?;
        Ok(signed(section, &signed_in))
    }

    /// Signs in with what is in the section; asks for the one-time code if the service wants one.
    async fn password(
        &self,
        section: &mut SetupSection,
        code: Option<&Secret>,
    ) -> Result<StepOutcome> {
        let identity = self.identity(section)?;
        let device = match (section.get("client_id"), section.password("client_secret")) {
            (Some(id), Some(secret)) if !id.is_empty() => {
                Some(RegisteredDevice::new(id, secret.clone()))
            }
            _ => None,
        };
        let username = section.get("username").unwrap_or_default().to_owned();
        let password = section.password("password").cloned().unwrap_or_default();
        let outcome = identity
            .sign_in_with_password(device.as_ref(), &username, &password, code)
            .await?;
        match outcome {
            PasswordOutcome::OtpNeeded => Ok(ask(
                Question::text(
                    CODE,
                    "One-time code.\n\nThe service has sent it as a text message.",
                )
                .required(),
                CODE,
            )),
            PasswordOutcome::SignedIn(signed_in) => Ok(signed(section, &signed_in)),
        }
    }

    async fn machine(&self, section: &mut SetupSection, answer: &Answer) -> Result<StepOutcome> {
        section.remove("client_id");
        section.remove("client_secret");
        if answer.is_yes() {
            let device = self.identity(section)?.register_device().await?;
            section.set("client_id", device.client_id);
            section.set_password("client_secret", device.client_secret);
        }
        let question = Question::text(USERNAME, "Name of the user, usually an e-mail address.")
            .required()
            .sensitive();
        Ok(ask(question, USERNAME))
    }

    /// Does something with the account, and keeps the token if it was renewed by that.
    async fn with_client<T, F>(
        &self,
        section: &mut SetupSection,
        work: impl FnOnce(Client) -> F + Send,
    ) -> Result<T>
    where
        T: Send,
        F: Future<Output = Result<T>> + Send,
    {
        let token = remote_core::auth::Token::parse(section.get("token").unwrap_or_default())?;
        let store = MemoryTokenStore::new(token.clone());
        let remote = JottaRemote::from_options_with(
            section,
            RemotePath::root(),
            &self.http,
            Some(Arc::new(store.clone())),
        )?;
        let result = work(remote.client().clone()).await;
        if let Some(now) = store.load().await?
            && now != token
        {
            section.set("token", now.to_json().expose());
        }
        result
    }

    async fn devices(&self, section: &mut SetupSection) -> Result<StepOutcome> {
        let account = self
            .with_client(section, |client| async move { client.account().await })
            .await?;
        let others = account
            .devices
            .iter()
            .filter(|device| !device.is_built_in());
        let mut choices = vec![Choice::new(
            BUILT_IN_DEVICE,
            "The built-in device, for files that belong to no computer",
        )];
        choices.extend(others.map(|device| Choice::new(device.name.as_str(), described(device))));
        let help = "Device to use.\n\nA name that is not in the list makes a new one.";
        let current = section.get("device").filter(|name| !name.is_empty());
        let question = Question::choice(DEVICE, help, choices)
            .default_text(current.unwrap_or(BUILT_IN_DEVICE))
            .required();
        Ok(ask(question, DEVICE))
    }

    async fn mount_points(
        &self,
        section: &mut SetupSection,
        answer: &Answer,
    ) -> Result<StepOutcome> {
        let wanted = answer.expose().trim().to_owned();
        let device = self
            .with_client(section, |client| async move {
                found_or_made(&client, &wanted).await
            })
            .await?;
        section.set("device", device.name.as_str());
        let names = device.mount_points.iter().filter(|mount_point| {
            !mount_point.is_deleted()
                && !crate::model::device::is_view(&device.name, &mount_point.name)
        });
        let choices: Vec<Choice> = names
            .map(|mount_point| {
                Choice::new(mount_point.name.as_str(), "A mount point of the device")
            })
            .collect();
        let question = if device.is_built_in() {
            Question::exclusive(MOUNT_POINT, "Mount point to use.", choices)
                .default_text(DEFAULT_MOUNT_POINT)
        } else {
            let help = "Mount point to use.\n\nA name that is not in the list makes a new one.";
            let default = choices.first().map(|choice| choice.value.clone());
            Question::choice(MOUNT_POINT, help, choices).default_text(default.unwrap_or_default())
        };
        Ok(ask(question.required(), MOUNT_POINT))
    }

    async fn choose_mount_point(
        &self,
        section: &mut SetupSection,
        answer: &Answer,
    ) -> Result<StepOutcome> {
        let device = section.get("device").unwrap_or_default().to_owned();
        let wanted = answer.expose().trim().to_owned();
        let name = if is_built_in(&device) {
            wanted
        } else {
            let made = self.with_client(section, |client| async move {
                client.create_mount_point(&device, &wanted).await
            });
            made.await?.name
        };
        section.set("mountpoint", name);
        Ok(StepOutcome::Done)
    }

    async fn take(
        &self,
        section: &mut SetupSection,
        state: &StepState,
        answer: &Answer,
    ) -> Result<StepOutcome> {
        match state.name() {
            REFRESH if answer.is_yes() => Ok(ask_type()),
            REFRESH => Ok(ask_non_standard(section)),
            TYPE => Ok(match answer.expose() {
                "traditional" => ask_brand(),
                "legacy" => ask(
                    Question::yes_no(
                        MACHINE,
                        "Register this computer, which gives it a key of its own?",
                        false,
                    ),
                    MACHINE,
                ),
                _ => ask_login_token(),
            }),
            LOGIN_TOKEN => self.login_token(section, answer).await,
            BRAND => self.brand(section, answer).await,
            REDIRECT => self.redirect(section, state, answer).await,
            MACHINE => self.machine(section, answer).await,
            USERNAME => {
                section.set("username", answer.expose());
                Ok(ask(
                    Question::secret(PASSWORD, "Password of the account."),
                    PASSWORD,
                ))
            }
            PASSWORD => {
                section.set_password("password", answer.clone().into_secret());
                self.password(section, None).await
            }
            CODE => {
                self.password(section, Some(&answer.clone().into_secret()))
                    .await
            }
            NON_STANDARD if answer.is_yes() => self.devices(section).await,
            NON_STANDARD => {
                section.set("device", "");
                section.set("mountpoint", "");
                Ok(StepOutcome::Done)
            }
            DEVICE => self.mount_points(section, answer).await,
            MOUNT_POINT => self.choose_mount_point(section, answer).await,
            _ => Ok(first(section)),
        }
    }
}

#[async_trait]
impl SetupSteps for JottaSetup {
    /// What signing in finds out is not asked.
    fn asks(&self, option: &OptionSpec) -> bool {
        !option.hidden
            && !matches!(
                option.name,
                "client_id"
                    | "client_secret"
                    | "token"
                    | "auth_url"
                    | "token_url"
                    | "client_credentials"
            )
    }

    async fn step(
        &self,
        section: &mut SetupSection,
        state: &StepState,
        answer: Option<&Answer>,
    ) -> Result<StepOutcome> {
        let Some(answer) = answer else {
            return Ok(again(section, state));
        };
        match self.take(section, state, answer).await {
            Ok(outcome) => Ok(outcome),
            // The same question once more; signing in by browser begins anew, since what came back is used up.
            Err(error) => {
                let next = match state.name() {
                    REDIRECT => StepState::new(BRAND),
                    CODE => StepState::new(PASSWORD),
                    name => StepState::new(name),
                };
                Ok(StepOutcome::show_error(report(&error), next))
            }
        }
    }
}

/// An option that is an address, if it is set.
fn address(section: &SetupSection, name: &str) -> Result<Option<Url>> {
    let Some(text) = section.get(name).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let url = Url::parse(text).ok();
    match url.filter(|url| checked(url.clone()).is_ok()) {
        Some(url) => Ok(Some(url)),
        None => Err(Error::with_message(
            ErrorKind::InvalidInput,
            format!("the option {name} is no address that can be used"),
        )
        .with_help(format!(
            "leave {name} out, or set it to an address that begins with https://"
        ))),
    }
}

/// The question of a state without an answer.
fn again(section: &SetupSection, state: &StepState) -> StepOutcome {
    match state.name() {
        TYPE => ask_type(),
        LOGIN_TOKEN => ask_login_token(),
        BRAND => ask_brand(),
        REDIRECT => ask_browser(state.clone()),
        USERNAME => ask(
            Question::text(USERNAME, "Name of the user, usually an e-mail address.").required(),
            USERNAME,
        ),
        PASSWORD => ask(
            Question::secret(PASSWORD, "Password of the account."),
            PASSWORD,
        ),
        NON_STANDARD | DEVICE | MOUNT_POINT => ask_non_standard(section),
        _ => first(section),
    }
}

fn first(section: &SetupSection) -> StepOutcome {
    if section.get("token").is_none_or(str::is_empty) {
        return ask_type();
    }
    let help = "Sign in again?\n\nThere is a token already; it is kept otherwise.";
    ask(Question::yes_no(REFRESH, help, false), REFRESH)
}

fn ask(question: Question, next: &str) -> StepOutcome {
    StepOutcome::ask(question, StepState::new(next))
}

fn ask_type() -> StepOutcome {
    let choices = vec![
        Choice::new(
            "standard",
            "With a personal login token from the web page; for Jottacloud and some brands",
        ),
        Choice::new(
            "traditional",
            "In the browser; for Jottacloud and all brands, one computer per sign-in",
        ),
        Choice::new(
            "legacy",
            "With user name and password; for old accounts of some brands",
        ),
    ];
    ask(
        Question::exclusive(TYPE, "How to sign in.", choices).default_text("standard"),
        TYPE,
    )
}

fn ask_login_token() -> StepOutcome {
    let help = "Personal login token.\n\nMade on the security page of the service, https://www.jottacloud.com/web/secure for Jottacloud; good for one sign-in.";
    ask(Question::secret(LOGIN_TOKEN, help), LOGIN_TOKEN)
}

fn ask_brand() -> StepOutcome {
    let choices = BRANDS
        .iter()
        .map(|brand| Choice::new(brand.key.as_ref(), brand.name.as_ref()));
    let help =
        "Brand of the account.\n\nOne that is not in the list is given by its well-known address.";
    let question = Question::choice(BRAND, help, choices.collect()).default_text("jottacloud");
    ask(question.required(), BRAND)
}

fn ask_browser(next: StepState) -> StepOutcome {
    let help = "Open this address in a browser on this computer, sign in and agree.";
    let back = Back::Redirect {
        to: "http://localhost:53682/".to_owned(),
    };
    let question = Question::open_address(REDIRECT, help, next.recall(3), back);
    StepOutcome::ask(question, next)
}

fn ask_non_standard(section: &SetupSection) -> StepOutcome {
    let chosen = ["device", "mountpoint"]
        .iter()
        .any(|key| section.get(key).is_some_and(|name| !name.is_empty()));
    let help = "Use another device or mount point?\n\nOtherwise files go to Archive, which the web page shows as well.";
    ask(Question::yes_no(NON_STANDARD, help, chosen), NON_STANDARD)
}

/// Keeps what signing in has found; what was only needed for it is removed.
fn signed(section: &mut SetupSection, signed_in: &SignedIn) -> StepOutcome {
    for (key, value) in signed_in.config_values() {
        section.set(key, value.expose());
    }
    section.remove("password");
    ask_non_standard(section)
}

async fn found_or_made(client: &Client, wanted: &str) -> Result<Device> {
    match client.device(wanted).await {
        Err(error) if error.is_not_found() => {
            client
                .create_device(wanted, &DeviceType::Workstation)
                .await?;
            client.device(wanted).await
        }
        other => other,
    }
}

fn described(device: &Device) -> String {
    // The name comes from the service, and is shown on terminals.
    let name = device.display_name.as_deref().unwrap_or(&device.name);
    name.chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(outcome: StepOutcome) -> Question {
        match outcome {
            StepOutcome::Ask { question, .. } => question,
            other => panic!("{other:?}"),
        }
    }

    async fn step(section: &mut SetupSection, state: &str, answer: &str) -> StepOutcome {
        let answer = Answer::text(answer);
        let state = StepState::new(state);
        let steps = JottaSetup::default();
        steps.step(section, &state, Some(&answer)).await.unwrap()
    }

    #[tokio::test]
    async fn a_new_remote_is_asked_how_to_sign_in() {
        let mut section = SetupSection::new("j", "jottacloud");
        let steps = JottaSetup::default();
        let first = steps
            .step(&mut section, &StepState::start(), None)
            .await
            .unwrap();
        assert_eq!(question(first).name, "config_type");
        for (answer, asked) in [
            ("standard", "config_login_token"),
            ("traditional", "config_traditional"),
            ("legacy", "config_machine_specific"),
        ] {
            assert_eq!(question(step(&mut section, TYPE, answer).await).name, asked);
        }
        section.set("token", "{}");
        let first = steps
            .step(&mut section, &StepState::start(), None)
            .await
            .unwrap();
        assert_eq!(question(first).name, "config_refresh_token");
    }

    #[tokio::test]
    async fn a_wrong_login_token_is_told_and_asked_for_again() {
        let mut section = SetupSection::new("j", "jottacloud");
        let StepOutcome::ShowError { message, next } = step(&mut section, LOGIN_TOKEN, "%%%").await
        else {
            panic!("no error")
        };
        assert!(message.contains("base64"), "{message}");
        assert_eq!(next.name(), LOGIN_TOKEN);
    }

    #[tokio::test]
    async fn the_standard_place_is_stored_as_rclone_does() {
        let mut section = SetupSection::new("j", "jottacloud");
        assert_eq!(
            step(&mut section, NON_STANDARD, "false").await,
            StepOutcome::Done
        );
        assert_eq!(
            (section.get("device"), section.get("mountpoint")),
            (Some(""), Some(""))
        );
    }
}
