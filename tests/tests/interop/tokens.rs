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
    path::Path,
    time::{Duration, SystemTime},
};

use futures::future::join_all;
use remote_config::{store::Store, token::FileTokenStore};
use remote_core::auth::{Token, TokenStore as _};
use tests::{
    interop::{
        jotta::JottaStage,
        tool::{Program, RCLONES},
    },
    token_workers::{Outcome, Setup, Worker},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_token-worker");

struct Shared {
    stage: JottaStage,
    workers: Vec<Worker>,
}

impl Shared {
    async fn new(processes: usize) -> Self {
        let stage = JottaStage::new().await;
        let identity = stage.identity();
        let setup = Setup {
            config: stage.config.clone(),
            section: "jotta".to_owned(),
            token_url: identity.token_url("jottacloud"),
            userinfo_url: identity.userinfo_url("jottacloud"),
            client_id: "jottacli".to_owned(),
            tasks: 4,
        };
        let workers = (0..processes).map(|_| Worker::start(Path::new(PROGRAM), &setup));
        Self {
            workers: workers.collect(),
            stage,
        }
    }

    fn store(&self) -> FileTokenStore {
        FileTokenStore::new(Store::at(self.stage.config.clone()), "jotta")
    }

    async fn stored(&self) -> Token {
        self.store().load().await.unwrap().unwrap()
    }

    /// Lets the access token end for everybody: the service refuses it, and the file says that it has ended, which is all that rclone looks at.
    async fn expire(&self) {
        self.stage.identity().expire_access_tokens();
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
        let output = self
            .stage
            .tool(program)
            .run(["lsf", "jotta:"])
            .await
            .success();
        assert_eq!(output.text(), "", "{program}");
    }

    fn refreshes(&self) -> u64 {
        self.stage.identity().stats().totals.refreshes
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
        let identity = shared.stage.identity();
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
        let before = std::fs::read_to_string(&shared.stage.config).unwrap();
        shared.expire().await;
        shared.workers_use_it("a").await;
        let after = std::fs::read_to_string(&shared.stage.config).unwrap();
        let others = |text: &str| {
            let lines = text.lines().filter(|line| !line.starts_with("token = "));
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(others(&before), others(&after), "{program}");
        let dump = shared
            .stage
            .tool(program)
            .run(["config", "dump"])
            .await
            .success()
            .json();
        let token = Token::parse(dump["jotta"]["token"].as_str().unwrap()).unwrap();
        assert_eq!(token, shared.stored().await, "{program}");
    }
}
