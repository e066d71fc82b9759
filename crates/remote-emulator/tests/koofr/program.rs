//! The program, as other programs start it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::client::read_response;

struct Program {
    child: Child,
    lines: BufReader<ChildStdout>,
    address: String,
}

impl Program {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_remote-emulator"))
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        let address = ready["koofr"]
            .as_str()
            .unwrap()
            .strip_prefix("http://")
            .unwrap()
            .to_owned();
        Self {
            child,
            lines,
            address,
        }
    }

    async fn get(&self, target: &str) -> crate::client::Response {
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        let request = format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        read_response(&mut stream, "GET").await.unwrap()
    }
}

impl Program {
    /// Asks it to end, so that it removes its temporary directory.
    #[cfg(unix)]
    fn stop(&self) {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &id])
                .status()
                .unwrap()
                .success()
        );
    }

    #[cfg(not(unix))]
    fn stop(&mut self) {
        self.child.kill().unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.stop();
            self.child.wait().unwrap();
        }
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test]
async fn it_says_where_it_serves_and_writes_a_configuration() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("rclone.conf");
    fs::write(&config, "[mine]\ntype = local\n").unwrap();
    let program = Program::start(&["--koofr", "127.0.0.1:0", "--write-config", text(&config)]);
    assert_eq!(program.get("/profile").await.status, 200);
    let written = fs::read_to_string(&config).unwrap();
    assert!(
        written.starts_with("[mine]\ntype = local\n\n[koofr]\ntype = koofr\nprovider = other\n")
    );
    assert!(written.contains(&format!(
        "endpoint = http://{}\nuser = user@example.com\npassword = ",
        program.address
    )));
}

#[cfg(unix)]
#[tokio::test]
async fn it_ends_in_order_when_asked_and_keeps_its_state() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state");
    let mut program = Program::start(&[
        "--state-dir",
        text(&state),
        "--koofr-tree",
        "100",
        "--rtt",
        "1ms",
    ]);
    assert_eq!(program.get("/profile").await.status, 200);
    program.stop();
    assert!(program.child.wait().unwrap().success());
    let mut rest = String::new();
    program.lines.read_line(&mut rest).unwrap();
    assert_eq!(rest, "");
    assert!(state.join("koofr/journal.jsonl").exists());
}

#[test]
fn it_explains_why_it_cannot_start() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_remote-emulator"))
        .args(["--state-dir", text(&file)])
        .output()
        .unwrap();
    assert!(!output.status.success() && output.stdout.is_empty());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("state directory"), "{said}");
    assert!(said.contains(text(&file)), "{said}");
}
