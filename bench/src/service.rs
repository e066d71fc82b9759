//! The services that are measured, and how much of each.

use std::{fmt, path::Path};

use clap::ValueEnum;

const MIB: u64 = 1 << 20;

/// An emulated service.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Service {
    /// Koofr, whose address both programs are told.
    Koofr,
    /// Jottacloud, whose real addresses both programs reach through the emulator's HTTPS proxy.
    Jotta,
    /// Amazon Drive, whose real addresses both programs reach through the emulator's HTTPS proxy.
    Acd,
}

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    /// Small files, and the folders they are in.
    pub(crate) files: u64,
    pub(crate) folders: u64,
    pub(crate) file_bytes: u64,
    /// `--transfers` and `--checkers` for these.
    pub(crate) concurrency: &'static [(u32, u32)],
    pub(crate) large_bytes: u64,
    pub(crate) tree: Tree,
    /// Trees that our program alone lists, for its memory.
    pub(crate) memory_trees: &'static [Tree],
    /// Rounds of many small files, of the same with a round trip to wait for, of a large file, and of a listing.
    pub(crate) rounds: usize,
    pub(crate) distant_rounds: usize,
    pub(crate) large_rounds: usize,
    pub(crate) list_rounds: usize,
}

/// A synthetic tree that the emulator serves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tree {
    /// Files and folders.
    pub(crate) entries: u64,
    folders: u64,
}

impl Tree {
    pub(crate) const fn new(entries: u64, folders: u64) -> Self {
        Self { entries, folders }
    }
}

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.folders {
            1 => write!(f, "{} entries in one folder", self.entries),
            folders => write!(f, "{} entries in {folders} folders", self.entries),
        }
    }
}

const MILLION: Tree = Tree::new(1_000_000, 1_000);

const FULL: Sizes = Sizes {
    files: 1_000,
    folders: 100,
    file_bytes: 2_048,
    // The defaults of both programs, and more.
    concurrency: &[(4, 8), (16, 16)],
    large_bytes: 1_024 * MIB,
    tree: MILLION,
    memory_trees: &[MILLION],
    rounds: 5,
    distant_rounds: 3,
    large_rounds: 5,
    list_rounds: 2,
};

/// rclone begins at most 100 calls a second there, however many it may make at once: less says as much.
const FULL_JOTTA: Sizes = Sizes {
    concurrency: &[(4, 8)],
    rounds: 2,
    distant_rounds: 1,
    large_rounds: 3,
    list_rounds: 1,
    ..FULL
};

/// At most 50 calls there.
const FULL_ACD: Sizes = Sizes {
    tree: Tree::new(100_000, 100),
    memory_trees: &[MILLION, Tree::new(1_000_000, 1)],
    ..FULL_JOTTA
};

const QUICK: Sizes = Sizes {
    files: 100,
    folders: 10,
    large_bytes: 64 * MIB,
    tree: Tree::new(20_000, 20),
    memory_trees: &[Tree::new(20_000, 20)],
    rounds: 1,
    distant_rounds: 1,
    large_rounds: 1,
    list_rounds: 1,
    ..FULL
};

const QUICK_ACD: Sizes = Sizes {
    concurrency: FULL_ACD.concurrency,
    tree: Tree::new(10_000, 10),
    memory_trees: &[Tree::new(20_000, 20), Tree::new(20_000, 1)],
    ..QUICK
};

impl Service {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Koofr, Self::Jotta, Self::Acd];

    /// For people.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Koofr => "Koofr",
            Self::Jotta => "Jottacloud",
            Self::Acd => "Amazon Drive",
        }
    }

    /// The remote in the configuration that the emulator writes, its name in the emulator's options and in what it prints.
    pub(crate) fn remote(self) -> &'static str {
        match self {
            Self::Koofr => "koofr",
            Self::Jotta => "jotta",
            Self::Acd => "acd",
        }
    }

    /// The type of the remote, by which rclone says whether it knows it.
    pub(crate) fn backend(self) -> &'static str {
        match self {
            Self::Koofr => "koofr",
            Self::Jotta => "jottacloud",
            Self::Acd => "amazon cloud drive",
        }
    }

    /// The rclone that has the service, as `tests/interop/install.sh` names it.
    pub(crate) fn rclone(self) -> &'static str {
        match self {
            Self::Koofr | Self::Jotta => "rclone-1.75.2",
            Self::Acd => "rclone-1.60.1",
        }
    }

    /// Whether rclone knows the service by its real addresses only, so that both programs go through the proxy.
    pub(crate) fn is_behind_proxy(self) -> bool {
        !self.plain_addresses().is_empty()
    }

    /// The options that tell our program a plain address of the emulator. Without them it takes the way that rclone has to take.
    pub(crate) fn plain_addresses(self) -> &'static [&'static str] {
        match self {
            Self::Koofr => &[],
            Self::Jotta => &["jfs_url", "api_url", "identity_url"],
            Self::Acd => &["endpoint_url"],
        }
    }

    /// What the emulator is told to serve besides Koofr, which it always serves.
    pub(crate) fn served(self, authority: &Path) -> Vec<String> {
        if !self.is_behind_proxy() {
            return Vec::new();
        }
        let (any_port, authority) = ("127.0.0.1:0", authority.display().to_string());
        let service = format!("--{}", self.remote());
        [
            &service,
            any_port,
            "--proxy",
            any_port,
            "--ca-file",
            &authority,
        ]
        .map(str::to_owned)
        .into()
    }

    /// How the emulator is told to serve a tree of many entries under `/tree`.
    pub(crate) fn tree(self, tree: Tree) -> Vec<String> {
        let name = self.remote();
        vec![
            format!("--{name}-tree"),
            tree.entries.to_string(),
            format!("--{name}-folders"),
            tree.folders.to_string(),
        ]
    }

    /// Whether it stores a content that it has under another name without being sent it.
    pub(crate) fn knows_contents(self) -> bool {
        self == Self::Jotta
    }

    /// Whether the removal of a large tree says more than that of a small one: in Jottacloud it is one request for either program, whatever there is.
    pub(crate) fn measures_purge(self) -> bool {
        self != Self::Jotta
    }

    /// How much of it is measured; `quick` shows only that everything works.
    pub(crate) fn sizes(self, quick: bool) -> Sizes {
        match (self, quick) {
            (Self::Koofr, false) => FULL,
            (Self::Jotta, false) => FULL_JOTTA,
            (Self::Koofr | Self::Jotta, true) => QUICK,
            (Self::Acd, false) => FULL_ACD,
            (Self::Acd, true) => QUICK_ACD,
        }
    }

    /// Which way both programs go.
    pub(crate) fn way(self) -> &'static str {
        match self.is_behind_proxy() {
            true => {
                "both programs by its real host names, through the emulator's HTTPS proxy, with the same certificate"
            }
            false => "both programs by plain HTTP",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}
