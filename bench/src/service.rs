//! The services that are measured.

use clap::ValueEnum;

/// An emulated service.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Service {
    /// Koofr, whose address both programs are told.
    Koofr,
    /// Jottacloud, whose real addresses both programs reach through the emulator's HTTPS proxy.
    Jotta,
}

impl Service {
    /// Both.
    pub(crate) const ALL: [Self; 2] = [Self::Koofr, Self::Jotta];

    /// For people.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Koofr => "Koofr",
            Self::Jotta => "Jottacloud",
        }
    }

    /// The remote in the configuration that the emulator writes.
    pub(crate) fn remote(self) -> &'static str {
        match self {
            Self::Koofr => "koofr",
            Self::Jotta => "jotta",
        }
    }

    /// How the emulator is told to serve a tree of many entries under `/tree`.
    pub(crate) fn tree(self, entries: u64, folders: u64) -> Vec<String> {
        let name = self.remote();
        vec![
            format!("--{name}-tree"),
            entries.to_string(),
            format!("--{name}-folders"),
            folders.to_string(),
        ]
    }

    /// Whether it stores a content that it has under another name without being sent it.
    pub(crate) fn knows_contents(self) -> bool {
        self == Self::Jotta
    }
}
