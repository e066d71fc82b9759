//! The little HTTP these tests ask for themselves, without a library that could help where rclone's users get none.

use std::{fs, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    process::Child,
    time::{Instant, sleep, timeout},
};

const TIME_LIMIT: Duration = Duration::from_secs(30);

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Status line and headers.
    pub head: String,
    /// Its body; chunked ones are not taken apart.
    pub body: Vec<u8>,
}

/// Fetches an `http://` address with more header lines (each without its end).
pub async fn get(url: &str, headers: &[&str]) -> Answer {
    send("GET", url, headers, &[]).await
}

/// Sends a form to an `http://` address with more header lines.
pub async fn post_form(url: &str, headers: &[&str], form: &[u8]) -> Answer {
    let length = format!("Content-Length: {}", form.len());
    let own = [
        "Content-Type: application/x-www-form-urlencoded",
        length.as_str(),
    ];
    send("POST", url, &[headers, &own[..]].concat(), form).await
}

async fn send(method: &str, url: &str, headers: &[&str], body: &[u8]) -> Answer {
    let rest = url.strip_prefix("http://").expect("loopback is plain");
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut request = format!("{method} /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
    for header in headers {
        request.push_str(header);
        request.push_str("\r\n");
    }
    request.push_str("\r\n");
    let request = [request.as_bytes(), body].concat();
    timeout(TIME_LIMIT, exchange(host, &request))
        .await
        .unwrap_or_else(|_| panic!("{url}: no answer"))
        .unwrap_or_else(|error| panic!("{url}: {error}"))
}

async fn exchange(host: &str, request: &[u8]) -> std::io::Result<Answer> {
    let mut connection = TcpStream::connect(host).await?;
    connection.write_all(request).await?;
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).await?;
    let end = answer
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .expect("the headers have an end");
    let body = answer.split_off(end + 4);
    let head = String::from_utf8_lossy(&answer).into_owned();
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .expect("the first line has a status");
    Ok(Answer { status, head, body })
}

/// The port on which a program listens, as soon as it does. rclone 1.60.1 does not say which one it was given.
pub async fn port_of(child: &mut Child) -> u16 {
    let deadline = Instant::now() + TIME_LIMIT;
    loop {
        let pid = match child.try_wait() {
            Ok(None) => child.id().expect("a running child has an id"),
            ended => panic!("the server has ended: {ended:?}"),
        };
        if let Some(port) = listening_port(pid) {
            return port;
        }
        assert!(Instant::now() < deadline, "the server does not listen");
        sleep(Duration::from_millis(20)).await;
    }
}

fn listening_port(pid: u32) -> Option<u16> {
    let sockets: Vec<String> = fs::read_dir(format!("/proc/{pid}/fd"))
        .ok()?
        .filter_map(|entry| fs::read_link(entry.ok()?.path()).ok())
        .filter_map(|target| {
            let text = target.to_str()?;
            Some(text.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())
        })
        .collect();
    fs::read_to_string(format!("/proc/{pid}/net/tcp"))
        .ok()?
        .lines()
        .find_map(|line| {
            let fields: Vec<&str> = line.split_ascii_whitespace().collect();
            let (address, state, inode) = (fields.get(1)?, fields.get(3)?, fields.get(9)?);
            let listens = *state == "0A" && sockets.iter().any(|socket| socket == inode);
            let (_, port) = address.split_once(':')?;
            listens.then(|| u16::from_str_radix(port, 16).ok())?
        })
}
