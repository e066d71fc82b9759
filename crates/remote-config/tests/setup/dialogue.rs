//! The dialogue itself: mistakes, editing, the summary, suspending and resuming, steps that fail.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use remote_config::{
    Config,
    document::Document,
    obscure::{obscure_with, reveal},
    setup::{
        CONFIRM, Dialogue, MAX_SUSPENDED_BYTES, NAME, Next, SetupError, SetupType,
        SuspendedDialogue, TYPE, Turn,
    },
};
use remote_core::{
    error::{Error, ErrorKind, Result},
    secret::Secret,
    setup::{Answer, Question, QuestionKind, SetupSection, SetupSteps, StepOutcome, StepState},
};

use crate::support::KOOFR;

fn types() -> Vec<SetupType> {
    vec![SetupType::new(&KOOFR)]
}

fn config_of(text: &str) -> Config {
    Config::in_memory(Document::parse(text.as_bytes()).unwrap())
}

fn text_of(config: &Config) -> String {
    String::from_utf8(config.document().to_bytes()).unwrap()
}

fn asked(turn: &Turn) -> &Question {
    match &turn.next {
        Next::Ask(question) => question,
        other => panic!("asks nothing: {other:?}"),
    }
}

/// Answers one question after another; an empty text takes what is offered.
async fn hold(dialogue: &mut Dialogue, answers: &[&str]) -> Turn {
    let mut turn = dialogue.turn().await.unwrap();
    for answer in answers {
        asked(&turn);
        turn = dialogue.answer(&typed(answer)).await.unwrap();
        assert_eq!(turn.messages, [""; 0], "{answer}");
    }
    turn
}

fn typed(line: &str) -> Answer {
    match line {
        "" => Answer::accept(),
        line => Answer::text(line),
    }
}

fn new_koofr() -> Dialogue {
    Dialogue::create(&types(), vec!["taken".to_owned()])
        .give(NAME, Answer::text("k"))
        .give(TYPE, Answer::text("koofr"))
}

#[tokio::test]
async fn a_new_remote_is_written_with_what_was_entered() {
    let mut dialogue = Dialogue::create(&types(), Vec::new());
    let answers = [
        "my koofr",
        "koofr",
        "digistorage",
        "ann",
        "s3cret",
        "n",
        "save",
    ];
    let turn = hold(&mut dialogue, &answers).await;
    assert_eq!(turn.next, Next::Done);
    let mut config = config_of("# mine\n[other]\ntype = local\n");
    dialogue.apply(&mut config).unwrap();
    let text = text_of(&config);
    let start = "# mine\n[other]\ntype = local\n\n[my koofr]\ntype = koofr\nprovider = digistorage\nuser = ann\npassword = ";
    assert!(text.starts_with(start), "{text}");
    let password = config.get("my koofr", "password").unwrap().unwrap();
    assert_eq!(reveal(&password).unwrap().expose(), "s3cret");
}

#[tokio::test]
async fn mistakes_are_told_and_asked_again() {
    let mut dialogue = Dialogue::create(&types(), vec!["taken".to_owned()]);
    dialogue.turn().await.unwrap();
    for (wrong, telling, right) in [
        ("bad:name", "letters", ""),
        ("", "required", ""),
        ("taken", "already", "k"),
        ("dropbox", "koofr", "koofr"),
        ("", "required", ""),
        ("canary", "choose one of koofr, digistorage, other", "koofr"),
        ("", "required", ""),
        ("%(user)s", "replaced", "ann"),
        ("", "required", ""),
        ("   ", "blanks", "p"),
        ("maybe", "y for yes", "y"),
    ] {
        let before = dialogue.turn().await.unwrap();
        let turn = dialogue.answer(&typed(wrong)).await.unwrap();
        assert_eq!(asked(&turn).name, asked(&before).name, "{wrong}");
        assert!(turn.messages[0].contains(telling), "{wrong}: {turn:?}");
        assert!(!turn.messages[0].contains("canary"), "{turn:?}");
        if !right.is_empty() {
            let turn = dialogue.answer(&typed(right)).await.unwrap();
            assert!(turn.messages.is_empty(), "{turn:?}");
        }
    }
    let turn = hold(&mut dialogue, &[""]).await;
    assert_eq!(asked(&turn).name, "setmtime");
    let turn = dialogue.answer(&typed("maybe")).await.unwrap();
    assert!(turn.messages[0].contains("true or false"), "{turn:?}");
}

#[tokio::test]
async fn the_provider_is_asked_first_and_not_left_empty() {
    let mut dialogue = new_koofr();
    let turn = dialogue.turn().await.unwrap();
    let question = asked(&turn);
    assert_eq!(question.name, "provider");
    assert_eq!(question.kind, QuestionKind::Choice { exclusive: true });
    for empty in [Answer::accept(), Answer::text("")] {
        let turn = dialogue.answer(&empty).await.unwrap();
        assert_eq!(asked(&turn).name, "provider");
    }
}

const EXISTING: &str = "# comment\n[k]\ntype=koofr\nprovider = koofr\n; who\nuser = old\npassword = YWFhYWFhYWFhYWFhYWFhYXMaGgIlEQ\nmountid = m1\nunknown = kept\n";

#[tokio::test]
async fn editing_offers_the_current_values_and_writes_only_what_differs() {
    let mut config = config_of(EXISTING);
    let mut dialogue = Dialogue::edit(&types(), &config, "k").unwrap();
    let turn = hold(&mut dialogue, &[""]).await;
    assert_eq!(asked(&turn).default, "old");
    let turn = hold(&mut dialogue, &["new"]).await;
    assert_eq!(asked(&turn).kind, QuestionKind::Secret { kept: true });
    let turn = hold(&mut dialogue, &["", "y"]).await;
    assert_eq!(asked(&turn).default, "m1");
    // An explicitly empty answer takes a value away.
    dialogue.answer(&Answer::text("")).await.unwrap();
    let turn = hold(&mut dialogue, &["", "", "", "n", ""]).await;
    assert_eq!(turn.next, Next::Done);
    dialogue.apply(&mut config).unwrap();
    let expected = EXISTING
        .replace("user = old", "user = new")
        .replace("mountid = m1\n", "");
    assert_eq!(text_of(&config), expected);
}

#[tokio::test]
async fn a_password_that_cannot_be_revealed_stays_as_it_is() {
    let text = "[k]\ntype = koofr\nprovider = koofr\nuser = u\npassword = plain\n";
    let mut config = config_of(text);
    let mut dialogue = Dialogue::edit(&types(), &config, "k").unwrap();
    hold(&mut dialogue, &["", "", "", "n", "save"]).await;
    dialogue.apply(&mut config).unwrap();
    assert_eq!(text_of(&config), text);
}

#[tokio::test]
async fn the_summary_shows_no_secret_and_can_be_refused() {
    let mut dialogue = new_koofr();
    let turn = hold(&mut dialogue, &["koofr", "ann", "s3cret", "n"]).await;
    let question = asked(&turn).clone();
    assert_eq!(
        (question.name.as_str(), question.default.as_str()),
        (CONFIRM, "save")
    );
    assert!(
        question.help.contains(
            "[k]\ntype = koofr\nprovider = koofr\nuser = ann\npassword = *** ENCRYPTED ***\n"
        ),
        "{question:?}"
    );
    assert!(matches!(
        dialogue.apply(&mut config_of("")),
        Err(SetupError::NotFinished)
    ));

    let turn = hold(&mut dialogue, &["edit"]).await;
    assert_eq!(
        (asked(&turn).name.as_str(), asked(&turn).default.as_str()),
        ("provider", "koofr")
    );

    let turn = hold(&mut dialogue, &["", "", "", "n", "discard"]).await;
    assert_eq!(turn.next, Next::Discarded);
    assert!(matches!(
        dialogue.apply(&mut config_of("")),
        Err(SetupError::NotFinished)
    ));
    assert!(matches!(
        dialogue.answer(&typed("x")).await,
        Err(SetupError::NotAsked)
    ));
}

#[tokio::test]
async fn a_name_that_was_taken_meanwhile_is_not_overwritten() {
    let mut dialogue = new_koofr().without_confirmation();
    hold(&mut dialogue, &["koofr", "ann", "p", "n"]).await;
    let mut config = config_of("[k]\ntype = local\n");
    assert!(matches!(
        dialogue.apply(&mut config),
        Err(SetupError::Exists { .. })
    ));
    assert_eq!(text_of(&config), "[k]\ntype = local\n");
}

#[tokio::test]
async fn a_dialogue_is_resumed_at_every_question() {
    let answers = [
        "other",
        "https://k.example",
        "ann",
        "s3cret",
        "y",
        "m",
        "false",
        "Dot,Slash",
        "about",
        "n",
        "save",
    ];
    let mut straight = new_koofr();
    hold(&mut straight, &answers).await;
    for stop in 0..=answers.len() {
        let mut first = new_koofr();
        let before = hold(&mut first, &answers[..stop]).await;
        let text = first.suspend().unwrap();
        assert!(!text.expose().contains("s3cret"), "{}", text.expose());
        let mut second = Dialogue::resume(&types(), &text).unwrap();
        let turn = second.turn().await.unwrap();
        assert_eq!(turn.next, before.next);
        hold(&mut second, &answers[stop..]).await;
        let mut configs = [config_of(""), config_of("")];
        straight.apply(&mut configs[0]).unwrap();
        second.apply(&mut configs[1]).unwrap();
        assert!(straight.section() == second.section());
        assert_eq!(
            configs[0].get("k", "encoding").unwrap().as_deref(),
            Some("Slash,Dot")
        );
    }
}

#[tokio::test]
async fn an_edited_remote_is_resumed_with_what_it_was() {
    let mut config = config_of(EXISTING);
    let mut dialogue = Dialogue::edit(&types(), &config, "k").unwrap();
    hold(&mut dialogue, &["", "new"]).await;
    let mut dialogue = Dialogue::resume(&types(), &dialogue.suspend().unwrap()).unwrap();
    hold(&mut dialogue, &["", "n", "save"]).await;
    dialogue.apply(&mut config).unwrap();
    assert_eq!(
        text_of(&config),
        EXISTING.replace("user = old", "user = new")
    );
}

#[tokio::test]
async fn texts_that_are_no_dialogue_are_refused() {
    let mut dialogue = new_koofr();
    hold(&mut dialogue, &["koofr", "ann", "s3cret"]).await;
    let text = dialogue.suspend().unwrap().expose().to_owned();
    let bad_password = obscure_with(b"\xff", [0; 16]);
    let (_, obscured) = text.split_once("\"obscured\":\"").unwrap();
    let (obscured, _) = obscured.split_once('"').unwrap();
    for (wrong, telling) in [
        (String::new(), "line 1"),
        ("{\"remote_setup\":1,\"canary\":1}".to_owned(), "line 1"),
        (
            text.replace("\"remote_setup\":1", "\"remote_setup\":2"),
            "version 2",
        ),
        (
            text.replace(
                "{\"at\":\"advanced\"}",
                "{\"at\":\"option\",\"index\":99,\"advanced\":false}",
            ),
            "option",
        ),
        (text.replace("\"type\":\"koofr\"", "\"type\":\"\""), "type"),
        (
            text.replace("\"type\":\"koofr\"", "\"type\":\"ftp\""),
            "ftp",
        ),
        (text.replace(obscured, &bad_password), "password"),
        (" ".repeat(2 << 20), "longer"),
    ] {
        let wrong = SuspendedDialogue::new(wrong);
        let error = Dialogue::resume(&types(), &wrong).unwrap_err().to_string();
        assert!(
            error.contains(telling) && !error.contains("canary"),
            "{telling}: {error}"
        );
    }
}

#[tokio::test]
async fn a_text_that_could_not_be_resumed_is_not_given_out() {
    // Within what a file may hold, and too long twice over: as it is, and as it was.
    let long = "<\u{1}".repeat(MAX_SUSPENDED_BYTES / 12);
    let config = config_of(&format!("{EXISTING}long = {long}\n"));
    let mut dialogue = Dialogue::edit(&types(), &config, "k").unwrap();
    let before = dialogue.turn().await.unwrap();
    let error = dialogue.suspend().unwrap_err();
    assert!(
        matches!(error, SetupError::TooLong { bytes } if bytes > MAX_SUSPENDED_BYTES),
        "{error}"
    );
    // The dialogue can be gone on with here.
    assert_eq!(dialogue.turn().await.unwrap(), before);
    let many = (0..MAX_SUSPENDED_BYTES / 10).map(|number| format!("remote {number}"));
    let dialogue = Dialogue::create(&types(), many.collect());
    assert!(matches!(
        dialogue.suspend(),
        Err(SetupError::TooLong { .. })
    ));
}

#[tokio::test]
async fn a_suspended_dialogue_does_not_show() {
    let config = config_of("[k]\ntype = koofr\ntoken = canary\n");
    let dialogue = Dialogue::edit(&types(), &config, "k").unwrap();
    let suspended = dialogue.suspend().unwrap();
    assert!(suspended.expose().contains("canary"));
    assert_eq!(format!("{suspended:?}"), "SuspendedDialogue(…)");
}

#[test]
fn only_known_remotes_are_edited() {
    let config = config_of("[a]\nuser = u\n[b]\ntype = ftp\n");
    for (name, telling) in [("a", "no remote"), ("b", "ftp"), ("c", "no remote")] {
        let error = Dialogue::edit(&types(), &config, name).unwrap_err();
        assert!(error.to_string().contains(telling), "{name}: {error}");
    }
}

#[test]
fn nothing_secret_shows_in_debug() {
    let text = "[k]\ntype = koofr\nuser = canary\npassword = YWFhYWFhYWFhYWFhYWFhYXMaGgIlEQ\ntoken = canary\n";
    let dialogue = Dialogue::edit(&types(), &config_of(text), "k").unwrap();
    let shown = format!("{dialogue:?}");
    assert!(
        !shown.contains("canary") && !shown.contains("potato"),
        "{shown}"
    );
}

/// Asks for a code; `1` is right, `fail` makes the step fail, everything else is told and asked again.
#[derive(Debug, Default)]
struct Code {
    steps: AtomicUsize,
}

#[async_trait]
impl SetupSteps for Code {
    async fn step(
        &self,
        section: &mut SetupSection,
        state: &StepState,
        answer: Option<&Answer>,
    ) -> Result<StepOutcome> {
        self.steps.fetch_add(1, Ordering::SeqCst);
        section.set(
            "tries",
            format!("{}x", section.get("tries").unwrap_or_default()),
        );
        let code = Question::secret("config_code", "Code?").required();
        Ok(match (state.name(), answer.map(Answer::expose)) {
            ("code", Some("1")) => {
                section.set_password("code", Secret::new("s3cret"));
                StepOutcome::Done
            }
            ("code", Some("fail")) => {
                return Err(Error::with_message(ErrorKind::Transport, "no network"));
            }
            ("code", Some(_)) => StepOutcome::show_error("wrong code", StepState::start()),
            _ => StepOutcome::ask(code, StepState::new("code").remember("a,b")),
        })
    }
}

fn koofr_with(steps: impl SetupSteps + 'static) -> Vec<SetupType> {
    vec![SetupType::new(&KOOFR).steps(steps)]
}

#[tokio::test]
async fn a_step_that_fails_changes_nothing_and_can_be_tried_again() {
    let config = config_of(EXISTING);
    let mut dialogue = Dialogue::reconnect(&koofr_with(Code::default()), &config, "k").unwrap();
    let turn = dialogue.turn().await.unwrap();
    assert_eq!(asked(&turn).name, "config_code");
    let before = dialogue.section().clone();

    let error = dialogue.answer(&Answer::text("fail")).await.unwrap_err();
    assert!(matches!(error, SetupError::Step { .. }), "{error}");
    assert!(*dialogue.section() == before);

    let turn = dialogue.answer(&Answer::text("2")).await.unwrap();
    assert_eq!(
        (
            turn.messages,
            asked(&dialogue.turn().await.unwrap()).name.as_str()
        ),
        (vec!["wrong code".to_owned()], "config_code")
    );

    let turn = dialogue.answer(&Answer::text("1")).await.unwrap();
    assert_eq!(turn.next, Next::Done);
    assert_eq!(
        dialogue.section().password("code").map(Secret::expose),
        Some("s3cret")
    );
}

#[tokio::test]
async fn a_step_is_not_taken_again_when_the_dialogue_is_resumed() {
    let types = koofr_with(Code::default());
    let config = config_of(EXISTING);
    let mut dialogue = Dialogue::reconnect(&types, &config, "k").unwrap();
    dialogue.turn().await.unwrap();
    let text = dialogue.suspend().unwrap();
    let mut dialogue = Dialogue::resume(&types, &text).unwrap();
    let turn = dialogue.turn().await.unwrap();
    assert_eq!(asked(&turn).name, "config_code");
    assert_eq!(dialogue.section().get("tries"), Some("x"));
    let turn = dialogue.answer(&Answer::text("1")).await.unwrap();
    assert_eq!(turn.next, Next::Done);
}

#[tokio::test]
async fn the_text_of_a_step_may_be_suspended_with_its_password() {
    let types = koofr_with(Code::default());
    let mut dialogue = Dialogue::create(&types, Vec::new())
        .give(NAME, Answer::text("k"))
        .give(TYPE, Answer::text("koofr"));
    hold(&mut dialogue, &["koofr", "ann", "p", "n", "1"]).await;
    let text = dialogue.suspend().unwrap();
    assert!(!text.expose().contains("s3cret"), "{}", text.expose());
    let mut resumed = Dialogue::resume(&types, &text).unwrap();
    hold(&mut resumed, &["save"]).await;
    assert!(resumed.section() == dialogue.section());
}

/// Never asks anything.
#[derive(Debug)]
struct Circle;

#[async_trait]
impl SetupSteps for Circle {
    async fn step(
        &self,
        _: &mut SetupSection,
        _: &StepState,
        _: Option<&Answer>,
    ) -> Result<StepOutcome> {
        Ok(StepOutcome::show_error("again", StepState::start()))
    }
}

#[tokio::test]
async fn steps_that_go_in_circles_are_stopped() {
    let config = config_of(EXISTING);
    let mut dialogue = Dialogue::reconnect(&koofr_with(Circle), &config, "k").unwrap();
    let error = dialogue.turn().await.unwrap_err();
    assert!(matches!(error, SetupError::Endless { .. }), "{error}");
}

/// Takes the password upon itself.
#[derive(Debug)]
struct OwnPassword;

#[async_trait]
impl SetupSteps for OwnPassword {
    fn asks(&self, option: &remote_core::options::OptionSpec) -> bool {
        option.name != "password"
    }

    async fn step(
        &self,
        _: &mut SetupSection,
        _: &StepState,
        _: Option<&Answer>,
    ) -> Result<StepOutcome> {
        Ok(StepOutcome::Done)
    }
}

#[tokio::test]
async fn options_that_the_provider_asks_for_itself_are_not_asked_twice() {
    let mut dialogue = Dialogue::create(&koofr_with(OwnPassword), Vec::new())
        .give(NAME, Answer::text("k"))
        .give(TYPE, Answer::text("koofr"));
    let turn = hold(&mut dialogue, &["koofr", "ann", "n"]).await;
    assert_eq!(asked(&turn).name, CONFIRM);
}

/// Every text of a dialogue, damaged in every place: refused, or a dialogue that goes on asking. Nothing panics.
#[tokio::test]
async fn damaged_texts_do_no_harm() {
    let types = koofr_with(Code::default());
    let mut dialogue = Dialogue::reconnect(&types, &config_of(EXISTING), "k").unwrap();
    dialogue.turn().await.unwrap();
    let text = dialogue.suspend().unwrap().expose().to_owned();
    for place in 0..text.len() {
        for damage in [&b""[..], b"9", b"\"", b"{}", b"k", b"\\", b"\xc3\xa9"] {
            let mut bytes = text.clone().into_bytes();
            bytes.splice(place..=place, damage.iter().copied());
            let Ok(damaged) = String::from_utf8(bytes) else {
                continue;
            };
            let damaged = SuspendedDialogue::new(damaged);
            let Ok(mut resumed) = Dialogue::resume(&types, &damaged) else {
                continue;
            };
            let turn = resumed.turn().await.unwrap();
            if matches!(turn.next, Next::Ask(_)) {
                drop(resumed.answer(&Answer::text("x")).await);
            }
        }
    }
}
