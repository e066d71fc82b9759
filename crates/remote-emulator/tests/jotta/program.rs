//! The program, as other programs start it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::wire;

struct Program {
    child: Child,
    ready: Value,
}

impl Program {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_remote-emulator"))
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        lines.read_line(&mut line).unwrap();
        let ready = serde_json::from_str(&line).unwrap();
        Self { child, ready }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let id = self.child.id().to_string();
        // Asked to end, it removes its temporary directory.
        if !cfg!(unix) || Command::new("kill").args(["-TERM", &id]).status().is_err() {
            drop(self.child.kill());
        }
        self.child.wait().unwrap();
    }
}

async fn get(address: &str, path: &str, token: &str) -> wire::Response {
    let address = address.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    wire::read(&mut stream, "GET").await.unwrap()
}

fn value<'c>(config: &'c str, key: &str) -> &'c str {
    let (_, section) = config.split_once("[jotta]").unwrap();
    let mut lines = section.lines();
    lines
        .find_map(|line| line.strip_prefix(&format!("{key} = ")))
        .unwrap()
}

#[tokio::test]
async fn it_serves_jottacloud_and_writes_a_configuration_for_everybody() {
    let dir = tempfile::tempdir().unwrap();
    let (config, authority) = (dir.path().join("rclone.conf"), dir.path().join("ca.pem"));
    let program = Program::start(&[
        "--jotta",
        "127.0.0.1:0",
        "--proxy",
        "127.0.0.1:0",
        "--ca-file",
        authority.to_str().unwrap(),
        "--write-config",
        config.to_str().unwrap(),
        "--jotta-tree",
        "100",
        "--jotta-folders",
        "2",
        "--jotta-capacity",
        "1000000",
    ]);
    let jotta = program.ready["jotta"].as_str().unwrap();
    assert!(
        program.ready["proxy"]
            .as_str()
            .unwrap()
            .starts_with("http://127.0.0.1:")
    );
    assert!(
        fs::read_to_string(&authority)
            .unwrap()
            .starts_with("-----BEGIN CERTIFICATE-----")
    );
    let config = fs::read_to_string(&config).unwrap();
    assert_eq!(value(&config, "type"), "jottacloud");
    assert_eq!(value(&config, "configVersion"), "1");
    assert_eq!(value(&config, "client_id"), "jottacli");
    assert_eq!(
        value(&config, "tokenURL"),
        "https://id.jottacloud.com/auth/realms/jottacloud/protocol/openid-connect/token"
    );
    assert_eq!(value(&config, "jfs_url"), format!("{jotta}/jfs/"));
    assert_eq!(value(&config, "api_url"), format!("{jotta}/"));
    assert_eq!(value(&config, "identity_url"), format!("{jotta}/"));
    let token = value(&config, "token");
    assert!(
        token.starts_with("{\"access_token\":\""),
        "rclone's order of fields"
    );
    let token: Value = serde_json::from_str(token).unwrap();
    let access = token["access_token"].as_str().unwrap();
    let customer = get(jotta, "/account/v1/customer", access).await.json();
    assert_eq!(customer["quota"], 1_000_000);
    let target = format!(
        "/jfs/{}/Jotta/Archive/tree",
        customer["username"].as_str().unwrap()
    );
    let tree = get(jotta, &target, access).await.xml();
    assert_eq!(crate::xml::names(&tree, "folder").len(), 3);
}

#[test]
fn options_that_belong_together_are_asked_for() {
    for arguments in [&["--proxy", "127.0.0.1:0"][..], &["--jotta-tree", "5"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_remote-emulator"))
            .args(arguments)
            .output()
            .unwrap();
        assert!(!output.status.success(), "{arguments:?}");
    }
}
