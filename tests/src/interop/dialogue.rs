//! Our example `setup` as a child process.

use std::{path::Path, process::Stdio};

use tokio::{
    io::AsyncWriteExt as _,
    process::{Child, Command},
};

use crate::interop::{stage::Stage, tool::example};

/// The command, not started, with the configuration file of a stage.
#[must_use]
pub fn command<S>(stage: &Stage<S>, arguments: &[&str]) -> Command {
    let home = stage.config.parent().unwrap_or(Path::new("/"));
    let mut command = Command::new(example("setup"));
    command
        .env_clear()
        .env("HOME", home)
        .arg("--config")
        .arg(&stage.config)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Runs it with these lines on its input; returns all that it printed.
pub async fn setup<S>(stage: &Stage<S>, arguments: &[&str], lines: &[&str]) -> String {
    let child = command(stage, arguments).spawn();
    let output = typed(child.expect("it starts"), lines).await;
    let printed = [output.stdout, output.stderr].concat();
    let printed = String::from_utf8(printed).expect("it prints text");
    assert!(output.status.success(), "{printed}");
    printed
}

async fn typed(mut child: Child, lines: &[&str]) -> std::process::Output {
    let mut stdin = child.stdin.take().expect("it is piped");
    let input = lines.join("\n") + "\n";
    // A program that ends early does not read everything.
    drop(stdin.write_all(input.as_bytes()).await);
    drop(stdin);
    let output = child.wait_with_output().await;
    output.expect("it can be waited for")
}
