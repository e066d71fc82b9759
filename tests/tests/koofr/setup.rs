//! Setting up a Koofr remote on an emulator.
//!
//! * a password that works: one request, and the remote can be opened
//! * a wrong one: told, presented once, asked again; what was not changed is not sent again
//! * a locked address, a service that is not there, an address of something else: tried again, changed, or kept
//! * several storages: chosen among; a chosen one that is gone
//! * suspended between the questions

use std::{collections::BTreeMap, path::Path};

use koofr_api::setup::CHECK;
use remote_config::{
    Config, Environment,
    document::Document,
    setup::{CONFIRM, Dialogue, NAME, Next, SetupType, TYPE, Turn},
};
use remote_core::{
    http::HttpSettings,
    operation::WriteOptions,
    path::RemotePath,
    remote::RemoteExt as _,
    setup::{Answer, Question},
};
use remote_emulator::{
    Emulator,
    fault::{Fault, FaultAction, FaultAnswer},
    koofr::{KoofrConfig, MountConfig},
};
use remotes::Opener;

fn types() -> Vec<SetupType> {
    remotes::setup_types(&HttpSettings::default())
}

async fn emulator(config: KoofrConfig) -> Emulator {
    Emulator::builder().koofr(config).start().await.unwrap()
}

/// What was entered for the plain options of an emulator's account.
fn entered(emulator: &Emulator, password: &str) -> Dialogue {
    let koofr = emulator.koofr();
    entered_at(koofr.url(), &koofr.user(), password)
}

fn entered_at(endpoint: &str, user: &str, password: &str) -> Dialogue {
    let given = BTreeMap::from([
        (NAME, "mine"),
        (TYPE, "koofr"),
        ("provider", "other"),
        ("endpoint", endpoint),
        ("user", user),
        ("password", password),
        ("config_fs_advanced", "no"),
    ]);
    let dialogue = Dialogue::create(&types(), Vec::new());
    given.into_iter().fold(dialogue, |dialogue, (name, value)| {
        dialogue.give(name, Answer::text(value))
    })
}

fn asked(turn: &Turn) -> &Question {
    match &turn.next {
        Next::Ask(question) => question,
        other => panic!("asks nothing: {other:?}"),
    }
}

/// The question that is asked, after its only message, which has this word in it.
fn told<'a>(turn: &'a Turn, word: &str) -> &'a str {
    assert_eq!(turn.messages.len(), 1, "{turn:?}");
    assert!(turn.messages[0].contains(word), "{word}: {turn:?}");
    assert!(!format!("{turn:?}").contains("canary"), "{turn:?}");
    &asked(turn).name
}

async fn answer(dialogue: &mut Dialogue, text: &str) -> Turn {
    dialogue.answer(&Answer::text(text)).await.unwrap()
}

async fn finished(mut dialogue: Dialogue) -> Config {
    let turn = answer(&mut dialogue, "save").await;
    assert_eq!(turn.next, Next::Done);
    let mut config = Config::in_memory(Document::new());
    dialogue.apply(&mut config).unwrap();
    config
}

#[tokio::test]
async fn a_remote_that_works_takes_one_request() {
    let emulator = emulator(KoofrConfig::default()).await;
    let mut dialogue = entered(&emulator, &emulator.koofr().password());
    let turn = dialogue.turn().await.unwrap();
    assert_eq!(
        (turn.messages.len(), asked(&turn).name.as_str()),
        (0, CONFIRM)
    );
    assert_eq!(emulator.koofr().log().total(), 1);

    let config = finished(dialogue).await;

    assert_eq!(config.get("mine", "mountid").unwrap(), None);
    let opener = Opener::builder()
        .config(config)
        .environment(Environment::empty());
    let remote = opener.build().unwrap().open("mine:docs").unwrap();
    let path = RemotePath::parse("a.txt").unwrap();
    remote
        .write_bytes(&path, "hello", WriteOptions::default())
        .await
        .unwrap();
    let stored = emulator.koofr().read("primary", "/docs/a.txt").unwrap();
    assert_eq!(stored.as_deref(), Some(&b"hello"[..]));
}

#[tokio::test]
async fn a_wrong_password_is_presented_once_and_asked_again() {
    let emulator = emulator(KoofrConfig::default()).await;
    let mut dialogue = entered(&emulator, "canary");
    let turn = dialogue.turn().await.unwrap();
    assert_eq!(told(&turn, "refused"), CHECK);
    assert_eq!(asked(&turn).default, "change");
    assert_eq!(emulator.koofr().log().total(), 1);

    // Nothing is changed: nothing is sent.
    let turn = answer(&mut dialogue, "change").await;
    assert_eq!(asked(&turn).name, "endpoint");
    for name in ["user", "password"] {
        let turn = dialogue.answer(&Answer::accept()).await.unwrap();
        assert_eq!(asked(&turn).name, name);
    }
    let turn = dialogue.answer(&Answer::accept()).await.unwrap();
    assert_eq!(told(&turn, "nothing was changed"), CHECK);
    assert_eq!(emulator.koofr().log().total(), 1);

    answer(&mut dialogue, "change").await;
    dialogue.answer(&Answer::accept()).await.unwrap();
    dialogue.answer(&Answer::accept()).await.unwrap();
    let turn = answer(&mut dialogue, &emulator.koofr().password()).await;
    assert_eq!(
        (turn.messages.len(), asked(&turn).name.as_str()),
        (0, CONFIRM)
    );
    assert_eq!(emulator.koofr().log().total(), 2);
    assert_eq!(
        dialogue.section().password("password").unwrap().expose(),
        emulator.koofr().password()
    );
}

#[tokio::test]
async fn a_remote_that_is_refused_can_be_kept() {
    let emulator = emulator(KoofrConfig::default()).await;
    let mut dialogue = entered(&emulator, "canary");
    dialogue.turn().await.unwrap();
    let turn = answer(&mut dialogue, "keep").await;
    assert_eq!(asked(&turn).name, CONFIRM);
    assert!(
        finished(dialogue)
            .await
            .get("mine", "password")
            .unwrap()
            .is_some()
    );
    assert_eq!(emulator.koofr().log().total(), 1);
}

#[tokio::test]
async fn a_locked_address_is_left_alone() {
    let emulator = emulator(KoofrConfig::default()).await;
    let locked = FaultAnswer::new(429).with_body("Too many login retries");
    emulator
        .koofr()
        .faults()
        .push(Fault::new(FaultAction::Answer(locked)));
    let mut dialogue = entered(&emulator, &emulator.koofr().password());
    let turn = dialogue.turn().await.unwrap();
    assert_eq!(told(&turn, "lock"), CHECK);
    assert_eq!(asked(&turn).default, "keep");
    let turn = answer(&mut dialogue, "again").await;
    assert_eq!(asked(&turn).name, CONFIRM);
    assert_eq!(emulator.koofr().log().total(), 2);
}

#[tokio::test]
async fn a_service_that_is_not_there_can_be_tried_again_or_corrected() {
    let emulator = emulator(KoofrConfig::default()).await;
    let (user, password) = (emulator.koofr().user(), emulator.koofr().password());
    for (wrong, word) in [
        // Nobody listens on the first port; the second address has no scheme.
        ("http://127.0.0.1:1", "connect"),
        ("k.example.org", "address"),
    ] {
        let mut dialogue = entered_at(wrong, &user, &password);
        let turn = dialogue.turn().await.unwrap();
        assert_eq!(told(&turn, word), CHECK);
        let turn = answer(&mut dialogue, "change").await;
        assert_eq!(
            (asked(&turn).name.as_str(), asked(&turn).default.as_str()),
            ("endpoint", wrong)
        );
        answer(&mut dialogue, emulator.koofr().url()).await;
        dialogue.answer(&Answer::accept()).await.unwrap();
        let turn = dialogue.answer(&Answer::accept()).await.unwrap();
        assert_eq!(asked(&turn).name, CONFIRM);
    }

    emulator
        .koofr()
        .faults()
        .push(Fault::new(FaultAction::Close));
    let mut dialogue = entered(&emulator, &password);
    let turn = dialogue.turn().await.unwrap();
    assert_eq!(asked(&turn).default, "again");
    let turn = dialogue.answer(&Answer::accept()).await.unwrap();
    assert_eq!(asked(&turn).name, CONFIRM);
}

#[tokio::test]
async fn another_service_is_told_as_such() {
    let emulator = emulator(KoofrConfig::default()).await;
    emulator
        .koofr()
        .faults()
        .push(Fault::new(FaultAction::Html).always());
    let mut dialogue = entered(&emulator, &emulator.koofr().password());
    let turn = dialogue.turn().await.unwrap();
    assert_eq!(asked(&turn).name, CHECK);
    assert_eq!(turn.messages.len(), 1, "{turn:?}");
}

fn several_mounts() -> KoofrConfig {
    KoofrConfig::default()
        .mount(
            MountConfig::new("Laptop")
                .id("m-laptop")
                .origin("desktop")
                .online(false),
        )
        .mount(MountConfig::new("Box").id("m-box").origin("dropbox"))
}

#[tokio::test]
async fn one_of_several_storages_is_chosen() {
    let emulator = emulator(several_mounts()).await;
    let mut dialogue = entered(&emulator, &emulator.koofr().password());
    let turn = dialogue.turn().await.unwrap();
    let question = asked(&turn).clone();
    assert_eq!(question.name, "mountid");
    assert_eq!(question.choices.len(), 3);
    assert_eq!(
        question.default,
        emulator.koofr().mount_id("primary").unwrap()
    );
    let laptop = question
        .choices
        .iter()
        .find(|choice| choice.value == "m-laptop");
    assert_eq!(laptop.unwrap().help, "Laptop, not connected at the moment");

    let main = {
        let mut dialogue = dialogue.clone();
        dialogue.answer(&Answer::accept()).await.unwrap();
        finished(dialogue).await
    };
    assert_eq!(main.get("mine", "mountid").unwrap(), None);

    let turn = answer(&mut dialogue, "m-nothere").await;
    assert_eq!(told(&turn, "choose one of"), "mountid");
    answer(&mut dialogue, "m-box").await;
    assert_eq!(emulator.koofr().log().total(), 1);
    let chosen = finished(dialogue).await.get("mine", "mountid").unwrap();
    assert_eq!(chosen.as_deref(), Some("m-box"));
}

#[tokio::test]
async fn a_storage_that_was_chosen_is_asked_for_only_if_it_is_gone() {
    let emulator = emulator(several_mounts()).await;
    let dialogue = entered(&emulator, &emulator.koofr().password());
    let mut dialogue = dialogue.give("mountid", Answer::text("m-box"));
    dialogue.turn().await.unwrap();
    let mut config = finished(dialogue).await;

    let mut check = Dialogue::reconnect(&types(), &config, "mine").unwrap();
    assert_eq!(check.turn().await.unwrap().next, Next::Done);

    config.set("mine", "mountid", "m-gone").unwrap();
    let mut check = Dialogue::reconnect(&types(), &config, "mine").unwrap();
    let turn = check.turn().await.unwrap();
    assert!(asked(&turn).help.contains("m-gone"), "{turn:?}");
    let turn = answer(&mut check, "m-box").await;
    assert_eq!(turn.next, Next::Done);
    check.apply(&mut config).unwrap();
    assert_eq!(
        config.get("mine", "mountid").unwrap().as_deref(),
        Some("m-box")
    );
}

#[tokio::test]
async fn a_dialogue_is_suspended_between_all_questions() {
    let emulator = emulator(several_mounts()).await;
    let password = emulator.koofr().password();
    let mut dialogue = entered(&emulator, "canary");
    dialogue.turn().await.unwrap();
    for text in ["change", emulator.koofr().url(), "", &password, "m-box"] {
        let suspended = dialogue.suspend().unwrap();
        let kept = suspended.expose();
        assert!(!kept.contains("canary") && !kept.contains(&password));
        dialogue = Dialogue::resume(&types(), &suspended).unwrap();
        let answer = match text {
            "" => Answer::accept(),
            text => Answer::text(text),
        };
        let turn = dialogue.answer(&answer).await.unwrap();
        assert!(turn.messages.is_empty(), "{text}: {turn:?}");
    }
    // The wrong password and the right one.
    assert_eq!(emulator.koofr().log().total(), 2);
    let folder = tempfile::tempdir().unwrap();
    let path: &Path = &folder.path().join("rclone.conf");
    let mut config = Config::open(path).unwrap();
    answer(&mut dialogue, "save").await;
    dialogue.apply(&mut config).unwrap();
    config.save().unwrap();
    assert_eq!(Config::open(path).unwrap().sections(), ["mine"]);
}
