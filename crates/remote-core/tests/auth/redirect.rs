//! The page on this machine that a browser comes back to.

use std::{net::SocketAddr, time::Duration};

use remote_core::{
    auth::{OAuthClient, RedirectReceiver, SignIn},
    error::{ErrorKind, Result, report},
    http::{HttpClient, HttpSettings},
    secret::Secret,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinHandle,
};

/// Nothing here takes long; what hangs fails instead.
const DEADLINE: Duration = Duration::from_secs(30);

struct Bench {
    address: SocketAddr,
    sign_in: SignIn,
    receiving: JoinHandle<Result<Secret>>,
}

fn sign_in_to(redirect: &RedirectReceiver) -> SignIn {
    let http = HttpClient::new(&HttpSettings::default()).unwrap();
    let client = OAuthClient::new(http, "client", "https://id.example/token".parse().unwrap())
        .with_auth_url("https://id.example/auth?brand=x".parse().unwrap())
        .with_redirect_url(redirect.url("localhost"));
    client.authorize().unwrap()
}

impl Bench {
    async fn new() -> Self {
        let receiver = RedirectReceiver::bind_port(0).await.unwrap();
        let sign_in = sign_in_to(&receiver);
        let address = SocketAddr::from(([127, 0, 0, 1], receiver.port()));
        let receiving = tokio::spawn({
            let sign_in = sign_in.clone();
            async move { receiver.receive(&sign_in).await }
        });
        Self {
            address,
            sign_in,
            receiving,
        }
    }

    fn state(&self) -> &str {
        self.sign_in.state().expose()
    }

    /// What is answered to some bytes.
    async fn raw(&self, bytes: &[u8]) -> String {
        let exchange = async {
            let mut stream = TcpStream::connect(self.address).await.unwrap();
            stream.write_all(bytes).await.unwrap();
            let mut answer = Vec::new();
            // The rest of what was too long may come as a reset.
            drop(stream.read_to_end(&mut answer).await);
            String::from_utf8(answer).unwrap()
        };
        tokio::time::timeout(DEADLINE, exchange).await.unwrap()
    }

    async fn get(&self, target: &str) -> String {
        self.request("GET", target).await
    }

    async fn request(&self, method: &str, target: &str) -> String {
        let head = format!(
            "{method} {target} HTTP/1.1\r\nHost: {}\r\n\r\n",
            self.address
        );
        self.raw(head.as_bytes()).await
    }

    /// Ends the sign-in with a code and checks that nothing before has disturbed it.
    async fn succeeds(self) {
        assert!(!self.receiving.is_finished());
        let answer = self
            .get(&format!("/?code=c%2B1&state={}", self.state()))
            .await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert!(
            answer.contains("Signed in") && !answer.contains("c+1"),
            "{answer}"
        );
        assert_eq!(self.outcome().await.unwrap().expose(), "c+1");
    }

    async fn outcome(self) -> Result<Secret> {
        let outcome = tokio::time::timeout(DEADLINE, self.receiving).await;
        outcome.unwrap().unwrap()
    }
}

#[tokio::test]
async fn a_browser_is_sent_to_the_service_and_comes_back_with_a_code() {
    let bench = Bench::new().await;
    let answer = bench.get(&format!("/auth?state={}", bench.state())).await;
    assert!(answer.starts_with("HTTP/1.1 307 "), "{answer}");
    let location = format!("\r\nLocation: {}\r\n", bench.sign_in.url());
    assert!(answer.contains(&location), "{answer}");
    bench.succeeds().await;
}

#[tokio::test]
async fn addresses_carry_what_the_service_and_the_person_need() {
    let receiver = RedirectReceiver::bind_port(0).await.unwrap();
    let port = receiver.port();
    assert_eq!(
        receiver.url("localhost").as_str(),
        format!("http://localhost:{port}/")
    );
    assert_eq!(
        receiver.url("127.0.0.1").as_str(),
        format!("http://127.0.0.1:{port}/")
    );
    assert_eq!(
        receiver.url("elsewhere").as_str(),
        format!("http://127.0.0.1:{port}/")
    );
    let sign_in = sign_in_to(&receiver);
    let state = sign_in.state().expose();
    let start = receiver.start_url(&sign_in);
    assert!(
        start
            .as_str()
            .starts_with(&format!("http://127.0.0.1:{port}/auth?state="))
    );
    assert!(sign_in.url().as_str().contains(&format!("state={state}")));
    assert!(!format!("{sign_in:?} {receiver:?}").contains(state));
}

#[tokio::test]
async fn another_state_is_refused_and_the_sign_in_goes_on() {
    let bench = Bench::new().await;
    for target in ["/auth?state=wrong", "/auth", "/auth?state="] {
        let answer = bench.get(target).await;
        assert!(answer.starts_with("HTTP/1.1 403 "), "{target} {answer}");
        assert!(!answer.contains("Location"), "{answer}");
    }
    let almost = format!("{}x", bench.state());
    for target in [
        "/?code=stolen&state=wrong",
        "/?code=stolen",
        "/",
        &format!("/?code=1&state={almost}"),
    ] {
        let answer = bench.get(target).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{target} {answer}");
    }
    bench.succeeds().await;
}

#[tokio::test]
async fn a_person_who_refuses_is_reported_with_the_reason() {
    let bench = Bench::new().await;
    let target = format!(
        "/?error=access_denied&error_description=%3Cb%3Eno%3C%2Fb%3E%0A+thanks&state={}",
        bench.state()
    );
    let answer = bench.get(&target).await;
    assert!(answer.contains("Not signed in"), "{answer}");
    assert!(answer.contains("&lt;b&gt;no&lt;/b&gt; thanks"), "{answer}");
    let error = bench.outcome().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication);
    assert!(
        error
            .to_string()
            .contains("access_denied: <b>no</b> thanks"),
        "{error}"
    );
    assert!(error.help().is_some());
}

#[tokio::test]
async fn an_answer_with_neither_code_nor_reason_is_an_error() {
    for code in ["", "&code="] {
        let bench = Bench::new().await;
        bench.get(&format!("/?state={}{code}", bench.state())).await;
        assert_eq!(
            bench.outcome().await.unwrap_err().kind(),
            ErrorKind::InvalidInput
        );
    }
}

#[tokio::test]
async fn other_requests_are_answered_and_ignored() {
    let bench = Bench::new().await;
    for (method, target, status) in [
        ("GET", "/favicon.ico", "404"),
        ("GET", "/auth/", "404"),
        ("POST", "/", "405"),
        ("HEAD", "/nothing", "404"),
        ("GET", "//evil.example/", "400"),
        ("GET", "http://evil.example/", "400"),
        ("GET", "*", "400"),
        ("GET", "/ x", "400"),
    ] {
        let answer = bench.request(method, target).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{target} {answer}"
        );
        assert_eq!(answer.ends_with("\r\n\r\n"), method == "HEAD", "{answer}");
    }
    // A page on the web that points its own name to this machine.
    for host in ["evil.example", "", "127.0.0.1"] {
        let state = bench.state();
        let head = format!("GET /?code=1&state={state} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        let answer = bench.raw(head.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 403 "), "{host} {answer}");
    }
    bench.succeeds().await;
}

#[tokio::test]
async fn garbage_is_bounded_and_ignored() {
    let bench = Bench::new().await;
    for bytes in [
        b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n".to_vec(),
        b"\r\n\r\n".to_vec(),
        vec![0xff; 100].into_iter().chain(*b"\r\n\r\n").collect(),
    ] {
        let answer = bench.raw(&bytes).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    }
    let long = format!("GET /?code={} HTTP/1.1\r\n\r\n", "x".repeat(100_000));
    let answer = bench.raw(long.as_bytes()).await;
    // The answer may be lost with the reset that ends the connection.
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 431 "),
        "{answer}"
    );
    bench.succeeds().await;
}

#[tokio::test]
async fn those_who_connect_and_say_nothing_do_not_keep_others_waiting() {
    let bench = Bench::new().await;
    let mut silent = Vec::new();
    for text in ["", "GET", "GET / HTTP/1.1\r\nHost:"].repeat(5) {
        let mut stream = TcpStream::connect(bench.address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        silent.push(stream);
    }
    let gone = TcpStream::connect(bench.address).await.unwrap();
    drop(gone);
    bench.succeeds().await;
}

#[tokio::test]
async fn two_tabs_end_in_one_sign_in() {
    let bench = Bench::new().await;
    let target = format!("/auth?state={}", bench.state());
    for _ in 0..2 {
        assert!(bench.get(&target).await.starts_with("HTTP/1.1 307 "));
    }
    let address = bench.address;
    bench.succeeds().await;
    // The second one comes back to a page that is gone.
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_head_that_comes_byte_by_byte_is_understood() {
    let bench = Bench::new().await;
    let head = format!(
        "GET /?code=slow&state={} HTTP/1.1\r\nHost: {}\r\n\r\n",
        bench.state(),
        bench.address
    );
    let mut stream = TcpStream::connect(bench.address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    for byte in head.bytes() {
        stream.write_all(&[byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    assert_eq!(bench.outcome().await.unwrap().expose(), "slow");
}

#[tokio::test]
async fn a_caller_who_gives_up_can_wait_again_and_frees_the_port_at_the_end() {
    let receiver = RedirectReceiver::bind_port(0).await.unwrap();
    let port = receiver.port();
    let sign_in = sign_in_to(&receiver);
    let waited = tokio::time::timeout(Duration::ZERO, receiver.receive(&sign_in)).await;
    assert!(waited.is_err());
    let state = sign_in.state().expose().to_owned();
    let browser = tokio::spawn(async move {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let head =
            format!("GET /?code=late&state={state} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    });
    let code = receiver.receive(&sign_in).await.unwrap();
    assert_eq!(code.expose(), "late");
    assert!(browser.await.unwrap().contains("Signed in"));
    drop(receiver);
    RedirectReceiver::bind_port(port).await.unwrap();
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let first = RedirectReceiver::bind_port(0).await.unwrap();
    let error = RedirectReceiver::bind_port(first.port()).await.unwrap_err();
    let text = report(&error);
    assert!(
        text.contains(&format!("127.0.0.1:{}", first.port())),
        "{text}"
    );
    assert!(error.help().unwrap().contains("other sign-in"), "{error:?}");
}

#[test]
fn waiting_can_be_done_on_any_thread() {
    fn is_send<T: Send>(_: &T) {}
    fn check(receiver: &RedirectReceiver, sign_in: &SignIn) {
        is_send(&receiver.receive(sign_in));
    }
    let _ = check;
}
