//! A headless Chromium, driven through its debugging protocol: opens pages, types, clicks and tells what is shown, as far as a sign-in needs it.
//!
//! Every wait is for an event or an answer of the browser and has an end.

use std::{
    collections::VecDeque,
    env, fmt,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    net::TcpStream,
    process::{Child, ChildStderr, Command},
    time::timeout,
};
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::Message};

use crate::interop::stage::{Service, Stage};

/// A browser takes seconds to start on a busy machine; what takes longer than this hangs.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// What the browser says on standard error before it has said where it listens.
const LONGEST_PREFACE: usize = 1000;

/// Nothing but this machine and the proxy is reached, nothing of the user is found, nothing is asked.
const SWITCHES: [&str; 16] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-sync",
    "--metrics-recording-only",
    "--password-store=basic",
    "--remote-debugging-port=0",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
];

/// A running browser with one open page; ends when dropped.
pub struct Browser {
    socket: WebSocketStream<TcpStream>,
    session: String,
    calls: u64,
    events: VecDeque<Value>,
    _process: Child,
    _profile: TempDir,
}

impl fmt::Debug for Browser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Browser").finish_non_exhaustive()
    }
}

impl Browser {
    /// Starts a browser that reaches this machine only.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts a browser that also reaches the real host names, through the proxy of this stage.
    pub async fn start_on<S: Service>(stage: &Stage<S>) -> Self {
        let proxy = stage.emulator.proxy();
        let switches = [
            format!("--proxy-server={}", proxy.url()),
            format!("--ignore-certificate-errors-spki-list={}", proxy.key_pin()),
        ];
        Self::start_with(&switches).await
    }

    async fn start_with(switches: &[String]) -> Self {
        let profile = tempfile::tempdir().expect("there is room for a profile");
        let mut process = Command::new(program())
            .args(SWITCHES)
            .args(switches)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .env("HOME", profile.path())
            .env("TMPDIR", profile.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("Chromium starts");
        let stderr = process.stderr.take().expect("it is piped");
        let address = within("start", devtools_address(stderr)).await;
        let socket = within("listen", connect(&address)).await;
        let mut browser = Self {
            socket,
            session: String::new(),
            calls: 0,
            events: VecDeque::new(),
            _process: process,
            _profile: profile,
        };
        browser.attach().await;
        browser
    }

    /// Takes hold of a new page.
    async fn attach(&mut self) {
        let page = json!({"url": "about:blank"});
        let page = self.call("Target.createTarget", page).await;
        let target = json!({"targetId": page["targetId"], "flatten": true});
        let attached = self.call("Target.attachToTarget", target).await;
        self.session = text(&attached["sessionId"]);
        self.call("Page.enable", json!({})).await;
    }

    /// Opens an address and waits until the page it leads to is there.
    pub async fn open(&mut self, address: &str) {
        self.events.clear();
        let opened = self.call("Page.navigate", json!({"url": address})).await;
        assert_eq!(opened["errorText"], Value::Null, "{address}: {opened}");
        self.wait_for("Page.loadEventFired").await;
    }

    /// Types into the field that a CSS selector names.
    pub async fn type_into(&mut self, selector: &str, text: &str) {
        let focus = format!(
            "const field = document.querySelector({}); field.focus(); field.value = ''; document.activeElement === field",
            json!(selector)
        );
        let focused = self.evaluate(&focus).await;
        assert_eq!(focused, true, "{selector} can be typed into");
        self.call("Input.insertText", json!({"text": text})).await;
    }

    /// Clicks what a CSS selector names and waits until the page it leads to is there.
    pub async fn click(&mut self, selector: &str) {
        self.events.clear();
        let selector = json!(selector);
        self.evaluate(&format!("document.querySelector({selector}).click()"))
            .await;
        self.wait_for("Page.loadEventFired").await;
    }

    /// The text of the page.
    pub async fn text(&mut self) -> String {
        text(&self.evaluate("document.body.innerText").await)
    }

    /// The title of the page.
    pub async fn title(&mut self) -> String {
        text(&self.evaluate("document.title").await)
    }

    /// The address of the page.
    pub async fn address(&mut self) -> String {
        text(&self.evaluate("location.href").await)
    }

    /// The address that is shown above the page, also if nobody answers there.
    pub async fn wanted_address(&mut self) -> String {
        let history = self.call("Page.getNavigationHistory", json!({})).await;
        let current = history["currentIndex"].as_u64().unwrap_or_default();
        let current = usize::try_from(current).unwrap_or_default();
        text(&history["entries"][current]["url"])
    }

    /// The value of an expression in the page.
    async fn evaluate(&mut self, expression: &str) -> Value {
        // A block of its own, so that names can be used again.
        let block = json!({"expression": format!("{{ {expression} }}"), "returnByValue": true});
        let answer = self.call("Runtime.evaluate", block).await;
        assert_eq!(
            answer["exceptionDetails"],
            Value::Null,
            "{expression}: {answer}"
        );
        answer["result"]["value"].clone()
    }

    /// Sends a command and waits for its answer; events that come first are kept.
    async fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.calls += 1;
        let id = self.calls;
        let mut command = json!({"id": id, "method": method, "params": parameters});
        if !self.session.is_empty() {
            command["sessionId"] = json!(self.session);
        }
        let message = Message::text(command.to_string());
        let answer = async {
            self.socket
                .send(message)
                .await
                .expect("the browser listens");
            loop {
                let message = self.next().await;
                if message["id"] == id {
                    break message;
                }
                self.events.push_back(message);
            }
        };
        let answer = within(method, answer).await;
        assert_eq!(answer["error"], Value::Null, "{method}: {answer}");
        answer["result"].clone()
    }

    /// Waits for an event that has come since the last action or is still to come.
    async fn wait_for(&mut self, event: &str) {
        let waiting = async {
            loop {
                let message = match self.events.pop_front() {
                    Some(message) => message,
                    None => self.next().await,
                };
                if message["method"] == event {
                    break;
                }
            }
        };
        within(event, waiting).await;
    }

    async fn next(&mut self) -> Value {
        loop {
            let message = self.socket.next().await.expect("the browser runs");
            if let Message::Text(text) = message.expect("the browser is connected") {
                break serde_json::from_str(&text).expect("the browser speaks JSON");
            }
        }
    }
}

/// Debian's Chromium, or the one that `CHROMIUM` names.
fn program() -> PathBuf {
    let path = env::var_os("CHROMIUM").map_or_else(|| "/usr/bin/chromium".into(), PathBuf::from);
    assert!(
        Path::new(&path).is_file(),
        "there is no {}: run tests/interop/install.sh first (CHROMIUM names another one)",
        path.display()
    );
    path
}

async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(TIME_LIMIT, future)
        .await
        .unwrap_or_else(|_| panic!("the browser: {what}: nothing for {TIME_LIMIT:?}"))
}

/// Where the browser listens, which it says among its complaints. Those that follow are read, so that it never waits for a reader.
async fn devtools_address(stderr: ChildStderr) -> String {
    const MARK: &str = "DevTools listening on ";
    let mut lines = BufReader::new(stderr).lines();
    let mut seen = Vec::new();
    while seen.len() < LONGEST_PREFACE {
        let Some(line) = lines.next_line().await.expect("standard error is text") else {
            break;
        };
        if let Some(address) = line.strip_prefix(MARK) {
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return address.to_owned();
        }
        seen.push(line);
    }
    panic!("the browser does not say where it listens: {seen:#?}")
}

async fn connect(address: &str) -> WebSocketStream<TcpStream> {
    let rest = address.strip_prefix("ws://").expect("it is a plain socket");
    let host = rest.split('/').next().unwrap_or(rest);
    let stream = TcpStream::connect(host).await.expect("it listens there");
    let (socket, _response) = client_async(address, stream)
        .await
        .expect("it speaks WebSocket");
    socket
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value}: not text"))
        .to_owned()
}
