//! People who sign in by browser, and programs that wait for them.

use std::{
    net::Ipv4Addr,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use remote_core::auth::REDIRECT_PORT;
use remote_emulator::identity::DEFAULT_LOGIN;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWriteExt as _, BufReader},
    net::TcpListener,
    process::{Child, ChildStdin, Command},
    sync::{Mutex, MutexGuard, mpsc},
    time::{sleep, timeout},
};

use crate::interop::browser::Browser;

/// The beginning of what programs ask people to open.
pub const START: &str = "http://127.0.0.1:53682/auth?state=";

/// A browser has limits of its own; what comes after them hangs.
pub const TIME_LIMIT: Duration = Duration::from_secs(60);

/// The port that the services' clients are registered with; one sign-in at a time can have it.
static PORT: Mutex<()> = Mutex::const_new(());

/// Waits until nobody else uses the port of the sign-in, and keeps other tests from it.
pub async fn alone() -> MutexGuard<'static, ()> {
    let guard = PORT.lock().await;
    port_is_free().await;
    guard
}

/// Waits until nobody else on this machine listens on the port.
pub async fn port_is_free() {
    let address = (Ipv4Addr::LOCALHOST, REDIRECT_PORT);
    let free = async {
        while TcpListener::bind(address).await.is_err() {
            sleep(Duration::from_millis(100)).await;
        }
    };
    let waited = timeout(TIME_LIMIT, free).await;
    waited.expect("port 53682 becomes free");
}

/// Signs in on the page of the service.
pub async fn allow(browser: &mut Browser, password: &str) {
    browser.type_into("#username", DEFAULT_LOGIN).await;
    browser.type_into("#password", password).await;
    browser.click("#allow").await;
}

/// A program that has shown an address, and goes on when somebody was there.
#[derive(Debug)]
pub struct Asking {
    /// What is to be opened.
    pub address: String,
    child: Child,
    stdin: Option<ChildStdin>,
    lines: mpsc::UnboundedReceiver<String>,
    said: Vec<String>,
}

impl Asking {
    /// Starts a program, gives it this input, and reads what it says until it shows an address that begins like this.
    pub async fn start(mut command: Command, input: &str, beginning: &str) -> Self {
        let what = format!("{:?}", command.as_std());
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{what}: {error}"));
        let (sender, lines) = mpsc::unbounded_channel();
        // Both are read to their ends, so that it never waits for a reader.
        tokio::spawn(pass_on(child.stdout.take(), sender.clone()));
        tokio::spawn(pass_on(child.stderr.take(), sender));
        let mut asking = Self {
            address: String::new(),
            stdin: child.stdin.take(),
            child,
            lines,
            said: Vec::new(),
        };
        asking.say(input).await;
        let found = timeout(TIME_LIMIT, asking.find(beginning)).await;
        asking.address = found
            .ok()
            .flatten()
            .unwrap_or_else(|| panic!("{what}: no address: {:#?}", asking.said));
        asking
    }

    /// The first address in what it says.
    async fn find(&mut self, beginning: &str) -> Option<String> {
        loop {
            let line = self.lines.recv().await?;
            let address = line.find(beginning).and_then(|at| line.get(at..));
            let address = address.and_then(|text| text.split_whitespace().next());
            let address = address.map(str::to_owned);
            self.said.push(line);
            if address.is_some() {
                return address;
            }
        }
    }

    /// Types something.
    pub async fn say(&mut self, input: &str) {
        if let Some(stdin) = &mut self.stdin {
            // A program that ends early does not read everything.
            drop(stdin.write_all(input.as_bytes()).await);
        }
    }

    /// Types nothing more and waits for the end; returns how it ended and all that it said.
    pub async fn end(mut self) -> (ExitStatus, String) {
        drop(self.stdin.take());
        let ended = timeout(TIME_LIMIT, self.child.wait()).await;
        let status = ended.unwrap_or_else(|_| panic!("it does not end: {:#?}", self.said));
        while let Some(line) = self.lines.recv().await {
            self.said.push(line);
        }
        (status.expect("it can be waited for"), self.said.join("\n"))
    }

    /// The same for a program that must succeed.
    pub async fn success(self) -> String {
        let (status, said) = self.end().await;
        assert!(status.success(), "{said}");
        said
    }

    /// The same for a program that must fail.
    pub async fn failure(self) -> String {
        let (status, said) = self.end().await;
        assert!(!status.success(), "{said}");
        said
    }
}

async fn pass_on(output: Option<impl AsyncRead + Unpin>, to: mpsc::UnboundedSender<String>) {
    let Some(output) = output else { return };
    let mut lines = BufReader::new(output).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        // Nobody may be listening any more.
        drop(to.send(line));
    }
}
