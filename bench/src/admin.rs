//! The little HTTP that asking the emulator for its counts takes.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use serde::Deserialize;

use crate::Result;

const TIMEOUT: Duration = Duration::from_secs(30);
/// Counts are a few kilobytes.
const LONGEST_ANSWER: u64 = 1 << 20;

#[derive(Debug, Deserialize)]
struct Requests {
    total: u64,
}

/// How many requests the service at `address` (`host:port`) has answered since the last call of [`clear_requests`].
pub(crate) fn count_requests(address: &str) -> Result<u64> {
    let body = call(address, "GET", "/_emulator/requests")?;
    Ok(serde_json::from_str::<Requests>(&body)?.total)
}

/// Starts counting from zero.
pub(crate) fn clear_requests(address: &str) -> Result<()> {
    call(address, "DELETE", "/_emulator/requests").map(drop)
}

fn call(address: &str, method: &str, path: &str) -> Result<String> {
    let mut connection = TcpStream::connect(address)?;
    connection.set_read_timeout(Some(TIMEOUT))?;
    write!(
        connection,
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    )?;
    let mut answer = String::new();
    connection
        .take(LONGEST_ANSWER)
        .read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("no HTTP answer")?;
    match head.split(' ').nth(1) {
        Some(status) if status.starts_with('2') => Ok(body.to_owned()),
        _ => Err(format!("{method} {path}: {head}").into()),
    }
}
