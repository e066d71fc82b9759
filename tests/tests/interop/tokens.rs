//! One token in one configuration file, used by rclone and by several of our processes in turn.
//!
//! The emulator ends the whole sign-in when a spent refresh token is presented, so a program that does not see what another has written is found out at
//! once. rclone reaches it through its proxy under the real names.
//!
//! * each of them renews in turn, and the others take over what it wrote;
//! * rclone reads and rewrites the file that we have written, and we the one that it has.
//!
//! What cannot work: two programs that renew at the very same moment, of which one knows nothing of the lock.

use std::{
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use futures::future::join_all;
use remote_config::{store::Store, token::FileTokenStore};
use remote_core::auth::{Token, TokenStore as _};
use remote_emulator::{Emulator, Section, jotta::JottaConfig, write_sections};
use tempfile::TempDir;
use tests::{
    interop::tool::{Program, RCLONES, Tool},
    token_workers::{Outcome, Setup, Worker},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_token-worker");

struct Shared {
    emulator: Emulator,
    folder: TempDir,
    workers: Vec<Worker>,
}

impl Shared {
    async fn new(processes: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let emulator = Emulator::builder()
            .jotta(JottaConfig::default())
            .proxy(([127, 0, 0, 1], 0).into())
            .start()
            .await
            .unwrap();
        emulator
            .proxy()
            .write_authority(&folder.path().join("ca.pem"))
            .unwrap();
        let config = folder.path().join("rclone.conf");
        write_sections(
            &config,
            &[Section::jotta("jotta", emulator.jotta()).unwrap()],
        )
        .unwrap();
        let identity = emulator.jotta().identity();
        let setup = Setup {
            config,
            section: "jotta".to_owned(),
            token_url: identity.token_url("jottacloud"),
            userinfo_url: identity.userinfo_url("jottacloud"),
            client_id: "jottacli".to_owned(),
            tasks: 4,
        };
        let workers = (0..processes).map(|_| Worker::start(Path::new(PROGRAM), &setup));
        Self {
            workers: workers.collect(),
            emulator,
            folder,
        }
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("rclone.conf")
    }

    fn tool(&self, program: Program) -> Tool {
        Tool::new(program, &self.config(), self.folder.path())
            .env("HTTPS_PROXY", &self.emulator.proxy().url())
            .env(
                "RCLONE_CA_CERT",
                &self.folder.path().join("ca.pem").display().to_string(),
            )
    }

    fn store(&self) -> FileTokenStore {
        FileTokenStore::new(Store::at(self.config()), "jotta")
    }

    async fn stored(&self) -> Token {
        self.store().load().await.unwrap().unwrap()
    }

    /// Lets the access token end for everybody: the service refuses it, and the file says that it has ended, which is all that rclone looks at.
    async fn expire(&self) {
        self.emulator.jotta().identity().expire_access_tokens();
        let ended = self.stored().await.with_expires(SystemTime::UNIX_EPOCH);
        self.store().save(&ended).await.unwrap();
    }

    async fn workers_use_it(&mut self, name: &str) {
        for worker in &mut self.workers {
            worker.begin(name, Duration::ZERO).await;
        }
        let outcomes = self.workers.iter_mut().map(|worker| worker.outcome(name));
        for outcome in join_all(outcomes).await {
            assert_eq!(outcome, Outcome::Done, "{name}");
        }
    }

    async fn rclone_uses_it(&self, program: Program) {
        let output = self.tool(program).run(["lsf", "jotta:"]).await.success();
        assert_eq!(output.text(), "", "{program}");
    }

    fn refreshes(&self) -> u64 {
        self.emulator.jotta().identity().stats().totals.refreshes
    }
}

#[tokio::test]
async fn rclone_and_our_processes_take_over_each_others_tokens() {
    for program in RCLONES {
        let mut shared = Shared::new(4).await;
        for round in 0..4_u64 {
            // rclone renews, the others take it over.
            shared.expire().await;
            shared.rclone_uses_it(program).await;
            assert_eq!(shared.refreshes(), 2 * round + 1, "{program}");
            shared
                .workers_use_it(&format!("after-rclone-{round}"))
                .await;
            assert_eq!(shared.refreshes(), 2 * round + 1, "{program}");
            // We renew, rclone takes it over.
            shared.expire().await;
            shared
                .workers_use_it(&format!("before-rclone-{round}"))
                .await;
            assert_eq!(shared.refreshes(), 2 * round + 2, "{program}");
            shared.rclone_uses_it(program).await;
            assert_eq!(shared.refreshes(), 2 * round + 2, "{program}");
        }
        let identity = shared.emulator.jotta().identity();
        let stats = identity.stats();
        assert_eq!(stats.totals.reuse_detected, 0, "{program}");
        assert!(
            stats.families.iter().all(|family| family.alive),
            "{program}: {stats:?}"
        );
        let refresh_token = shared.stored().await.refresh_token.unwrap();
        assert!(identity.is_current(refresh_token.expose()), "{program}");
    }
}

#[tokio::test]
async fn a_renewal_leaves_the_file_as_rclone_wrote_it_and_rclone_reads_ours() {
    for program in RCLONES {
        let mut shared = Shared::new(1).await;
        shared.expire().await;
        shared.rclone_uses_it(program).await;
        let before = std::fs::read_to_string(shared.config()).unwrap();
        shared.expire().await;
        shared.workers_use_it("a").await;
        let after = std::fs::read_to_string(shared.config()).unwrap();
        let others = |text: &str| {
            let lines = text.lines().filter(|line| !line.starts_with("token = "));
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(others(&before), others(&after), "{program}");
        let dump = shared
            .tool(program)
            .run(["config", "dump"])
            .await
            .success()
            .json();
        let token = Token::parse(dump["jotta"]["token"].as_str().unwrap()).unwrap();
        assert_eq!(token, shared.stored().await, "{program}");
    }
}
