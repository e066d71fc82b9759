//! A second process: this very test program, told by a variable to do something else than testing.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use remote_config::{
    Error,
    document::Document,
    encryption::{ConfigKey, PasswordSources, decrypt},
    location::Location,
    store::Store,
};
use remote_core::secret::Secret;

const ROLE: &str = "REMOTE_CONFIG_CHILD_ROLE";
const PATH: &str = "REMOTE_CONFIG_CHILD_PATH";

/// The passwords that are used in turns.
pub(crate) const PASSWORDS: [&str; 2] = ["the first", "the second"];

/// What the second process does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Role {
    /// Adds keys to a section of its own, one save each.
    AddsKeys,
    /// Changes the password again and again.
    ChangesPassword,
    /// Saves once, must fail, and must be told that the file or the folder cannot be written.
    FailsToSave,
    /// Saves a new generation again and again.
    Saves,
}

impl Role {
    const ALL: [Self; 4] = [
        Self::AddsKeys,
        Self::ChangesPassword,
        Self::FailsToSave,
        Self::Saves,
    ];

    fn name(self) -> String {
        format!("{self:?}")
    }
}

/// The command of a second process; `program` is this test program or a copy of it.
pub(crate) fn command(program: &Path, role: Role, path: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .args(["--exact", "child::a_second_process", "--nocapture"])
        .env(ROLE, role.name())
        .env(PATH, path)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Not a test of its own: what a second process runs.
#[test]
fn a_second_process() {
    let Ok(name) = env::var(ROLE) else { return };
    let path = PathBuf::from(env::var_os(PATH).unwrap());
    let role = Role::ALL.into_iter().find(|role| role.name() == name);
    match role.unwrap() {
        Role::AddsKeys => adds_keys(&store(&path)),
        Role::ChangesPassword => changes_password(&store(&path)),
        Role::FailsToSave => fails_to_save(&store(&path)),
        Role::Saves => saves(&store(&path)),
    }
}

pub(crate) fn store(path: &Path) -> Store {
    let sources = PasswordSources::none().ask(|prompt| {
        let password = PASSWORDS.get(prompt.attempt as usize).copied();
        password.map(Secret::new)
    });
    Store::new(Location::File(path.to_owned())).passwords(sources)
}

/// How many keys a process adds.
pub(crate) const KEYS: usize = 10;

fn adds_keys(store: &Store) {
    for key in 0..KEYS {
        let add = |document: &mut Document| {
            let section = format!("p{}", std::process::id());
            document.set(section, format!("k{key}"), "v").unwrap();
            Ok(())
        };
        store.update(add).unwrap();
    }
}

fn changes_password(store: &Store) {
    for password in PASSWORDS.iter().cycle() {
        store.set_password(&Secret::new(*password)).unwrap();
    }
}

fn fails_to_save(store: &Store) {
    let result = save(store, 1);
    assert!(matches!(result, Err(Error::Write { .. })), "{result:?}");
}

fn saves(store: &Store) {
    let generation = generation_of(&store.load().unwrap().0.to_bytes());
    for generation in generation + 1.. {
        save(store, generation).unwrap();
    }
}

/// Saves another generation: all lines are different then.
pub(crate) fn save(store: &Store, generation: u32) -> Result<(), Error> {
    let text = text(generation);
    let change = |document: &mut Document| {
        *document = Document::parse(text.as_bytes()).unwrap();
        Ok(())
    };
    store.update(change).map(drop)
}

/// A file large enough that writing it takes a while. Each line names the generation.
pub(crate) fn text(generation: u32) -> String {
    let mut text = format!("# canary {generation}\n[a]\n");
    // Of another length each time, so that a mixture of two cannot pass.
    for line in 0..1000 + generation % 7 {
        text += &format!("k{line} = canary of generation {generation}\n");
    }
    text
}

/// The generation of a text that is whole.
pub(crate) fn generation_of(plain: &[u8]) -> u32 {
    let whole = String::from_utf8(plain.to_vec()).unwrap();
    let generation = whole
        .lines()
        .next()
        .and_then(|line| line.strip_prefix("# canary "))
        .and_then(|number| number.parse().ok());
    let generation = generation.unwrap_or_else(|| panic!("no generation in {} bytes", plain.len()));
    assert!(whole == text(generation), "a mixture of generations");
    generation
}

/// The text of a file that is plain or encrypted with one of the passwords.
pub(crate) fn plain(path: &Path) -> Vec<u8> {
    let content = fs::read(path).unwrap();
    if content.starts_with(b"# canary") {
        return content;
    }
    let opened = PASSWORDS.into_iter().find_map(|password| {
        let key = ConfigKey::derive(&Secret::new(password)).unwrap();
        decrypt(&content, &key).ok()
    });
    opened.unwrap_or_else(|| panic!("{} bytes that do not open", content.len()))
}
