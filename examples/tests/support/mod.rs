//! Programs run inside the test, on an emulator of their own.

#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each suite uses a part; a test that cannot go on fails"
)]

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use examples::{console::Console, program};
use remote_emulator::{Emulator, Section, koofr::KoofrConfig, write_sections};
use remote_transfer::Cancel;
use tempfile::TempDir;

/// How a program ended and what it said.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: u8,
    pub(crate) out: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) err: String,
}

impl Ended {
    /// The output of a program that must succeed.
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.out
    }
}

/// An account, a configuration file that names it `koofr`, and a folder for the test's files.
pub(crate) struct Stage {
    pub(crate) emulator: Emulator,
    pub(crate) dir: TempDir,
    pub(crate) config: PathBuf,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let emulator = Emulator::builder()
            .koofr(KoofrConfig::default())
            .start()
            .await
            .unwrap();
        let koofr = emulator.koofr();
        let config = dir.path().join("rclone.conf");
        let section = Section::koofr("koofr", koofr.url(), &koofr.user(), &koofr.password());
        write_sections(&config, &[section]).unwrap();
        Self {
            emulator,
            dir,
            config,
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// Puts a file into the account, past every client.
    pub(crate) fn store(&self, path: &str, content: &'static str) {
        self.emulator
            .koofr()
            .write("primary", path, content)
            .unwrap();
    }

    /// The content of a file of the account, seen past every client.
    pub(crate) fn stored(&self, path: &str) -> Option<Vec<u8>> {
        let content = self.emulator.koofr().read("primary", path).unwrap();
        content.map(|content| content.to_vec())
    }

    /// Runs `remote` with this configuration.
    pub(crate) async fn remote(&self, arguments: &[&str]) -> Ended {
        self.remote_with(b"", arguments).await
    }

    /// Runs `remote` with this configuration and input.
    pub(crate) async fn remote_with(&self, input: &'static [u8], arguments: &[&str]) -> Ended {
        let config = self.config.to_str().unwrap();
        let arguments: Vec<&str> = ["--config", config]
            .into_iter()
            .chain(arguments.iter().copied())
            .collect();
        run::<examples::remote::Remote>(input, &arguments).await
    }

    /// Runs `remote` with arguments that need not be text.
    pub(crate) async fn remote_os(&self, arguments: &[&OsStr]) -> Ended {
        let config = [OsStr::new("--config"), self.config.as_os_str()];
        let arguments: Vec<&OsStr> = config.iter().chain(arguments).copied().collect();
        run::<examples::remote::Remote>(b"", &arguments).await
    }
}

/// Runs a program.
pub(crate) async fn run<P: program::Program>(
    input: &'static [u8],
    arguments: &[impl AsRef<OsStr> + Sync],
) -> Ended {
    let (mut console, out, err) = Console::captured(input);
    let program = [OsStr::new("program")];
    let arguments = program
        .into_iter()
        .chain(arguments.iter().map(AsRef::as_ref));
    let code = program::run::<P>(arguments, &mut console, Cancel::new()).await;
    Ended {
        code,
        out: out.text(),
        bytes: out.bytes(),
        err: err.text(),
    }
}

/// Makes files, each with its own path as content.
pub(crate) fn make_tree(root: &Path, files: &[&str]) {
    for file in files {
        let path = root.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, file).unwrap();
    }
}
