//! The memory budgets of the design, for every service.
//!
//! Only the peak of a whole process can be seen, so what is measured runs in a process of its own: this program again, with one of its tests.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "helpers of tests may")]

use std::{env, fs, path::Path, process::Command, sync::Arc, time::Duration};

use futures::TryStreamExt as _;
use remote_core::{operation::ListOptions, path::RemotePath, remote::Remote};
use remote_emulator::{
    Emulator, Section,
    acd::AcdConfig,
    jotta::JottaConfig,
    koofr::{KoofrConfig, TreeConfig},
    write_sections,
};
use remote_transfer::{Location, TransferOptions, copy};
use remotes::Opener;
use tempfile::TempDir;

const MIB: u64 = 1 << 20;

/// How much a recursive listing may need beyond the idle process.
const LISTING: u64 = 16 * MIB;

/// How much the process may need that transfers this many files at once.
const TRANSFERS: (usize, u64) = (32, 72 * MIB);

const SERVICES: [&str; 3] = ["acd", "jotta", "koofr"];

/// What the parent tells the child: the folder with `rclone.conf`, and the name of the remote.
const FOLDER: &str = "MEMORY_BUDGETS_FOLDER";
const REMOTE: &str = "MEMORY_BUDGETS_REMOTE";

/// All services, with a remote of the same name for each in `rclone.conf`.
struct Services {
    _emulator: Emulator,
    folder: TempDir,
}

impl Services {
    async fn start(tree: TreeConfig, rtt: Duration) -> Self {
        let emulator = Emulator::builder()
            .koofr(KoofrConfig::default().tree(tree))
            .jotta(JottaConfig::default().tree(tree))
            .acd(AcdConfig::default().tree(tree))
            .rtt(rtt)
            .start()
            .await
            .unwrap();
        let koofr = emulator.koofr();
        let sections = [
            Section::koofr("koofr", koofr.url(), &koofr.user(), &koofr.password()),
            Section::jotta("jotta", emulator.jotta()).unwrap(),
            Section::acd("acd", emulator.acd()).unwrap(),
        ];
        let folder = tempfile::tempdir().unwrap();
        write_sections(&folder.path().join("rclone.conf"), &sections).unwrap();
        Self {
            _emulator: emulator,
            folder,
        }
    }

    /// Runs a test of this program in a process of its own.
    fn measure(&self, test: &str, remote: &str) {
        let output = Command::new(env::current_exe().unwrap())
            .args(["--exact", "--nocapture", test])
            .env(FOLDER, self.folder.path())
            .env(REMOTE, remote)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let complained = String::from_utf8_lossy(&output.stderr);
        let passed = output.status.success() && said.contains("1 passed");
        assert!(passed, "{remote}: {said}{complained}");
    }
}

/// The remote to be measured and the folder beside its configuration, in a process made for that.
fn measured() -> Option<(Arc<dyn Remote>, String)> {
    let (folder, name) = (env::var(FOLDER).ok()?, env::var(REMOTE).ok()?);
    let opener = Opener::builder()
        .config_path(Path::new(&folder).join("rclone.conf"))
        .build()
        .unwrap();
    Some((opener.open(&format!("{name}:")).unwrap(), folder))
}

/// The most memory that this process had resident at once, in bytes.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.unwrap().trim().trim_end_matches(" kB").parse::<u64>();
    kib.unwrap() << 10
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_takes_little_memory_however_many_entries_there_are() {
    const TEST: &str = "a_listing_takes_little_memory_however_many_entries_there_are";
    const ENTRIES: u64 = 40_000;
    if let Some((remote, _)) = measured() {
        let tree = RemotePath::parse("tree").unwrap();
        remote.stat(&tree).await.unwrap();
        let idle = peak();
        let listing = remote.list_recursive(&tree, ListOptions::default());
        let count = listing.try_fold(0, |count, _entry| async move { Ok(count + 1) });
        assert_eq!(count.await.unwrap(), ENTRIES);
        let growth = peak() - idle;
        assert!(growth < LISTING, "{growth} bytes");
        return;
    }
    for folders in [1, 40] {
        let tree = TreeConfig::new(ENTRIES).folders(folders);
        let services = Services::start(tree, Duration::ZERO).await;
        for remote in SERVICES {
            services.measure(TEST, remote);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_transfers_at_once_take_little_memory() {
    const TEST: &str = "many_transfers_at_once_take_little_memory";
    const FILES: u8 = 48;
    /// So that as many as may are under way at once.
    const RTT: Duration = Duration::from_millis(20);
    let (transfers, most) = TRANSFERS;
    if let Some((remote, folder)) = measured() {
        let local = |name: &str| Location::local(Path::new(&folder).join(name));
        let options = TransferOptions::default().with_transfers(transfers);
        let there = || Location::remote(Arc::clone(&remote), RemotePath::parse("copy").unwrap());
        let restored = local(&env::var(REMOTE).unwrap());
        for (from, to) in [(local("files"), there()), (there(), restored)] {
            let summary = copy(&from, &to, &options).await.unwrap();
            assert_eq!(summary.files_transferred, u64::from(FILES));
        }
        assert!(peak() < most, "{} bytes", peak());
        return;
    }
    let services = Services::start(TreeConfig::new(0), RTT).await;
    let files = services.folder.path().join("files");
    fs::create_dir(&files).unwrap();
    for index in 0..FILES {
        fs::write(files.join(index.to_string()), vec![index; 2 << 20]).unwrap();
    }
    for remote in SERVICES {
        services.measure(TEST, remote);
    }
}
