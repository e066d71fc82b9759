//! One configuration file for rclone and for us, with a token that each renews in turn.

use std::{fs, time::Duration};

use crate::interop::{
    stage::{Stage, WithSignIn},
    tool::Program,
};

/// Lines of the file without the token, which is what a renewal may change; in order, since rclone writes them in another one.
fn lines_without_token<S: WithSignIn>(stage: &Stage<S>) -> Vec<String> {
    let text = fs::read_to_string(&stage.config).expect("the file can be read");
    let kept = |line: &&str| !line.is_empty() && !line.starts_with("token = ");
    let lines = text.lines().filter(kept);
    let mut lines: Vec<String> = lines.map(str::to_owned).collect();
    lines.sort();
    lines
}

/// Lets the token end for everybody, by the clock of the service and in the file.
pub fn expire<S: WithSignIn>(stage: &Stage<S>, remote: &str) {
    let hours = Duration::from_secs(2 * 3600);
    stage.emulator.clock().advance(hours);
    stage.backdate_token_of(remote);
}

/// Each renews the token that the one before has saved, and the other one goes on with it.
pub async fn take_turns<S: WithSignIn>(stage: &Stage<S>, remote: &str, rclone: Program) {
    let path = format!("{remote}:");
    let before = lines_without_token(stage);
    let mut seen = vec![stage.stored_token(remote)["access_token"].clone()];
    let already = stage.identity().stats().totals.refreshes;
    let turns = [Program::Ours, rclone, Program::Ours, rclone, Program::Ours];
    for program in turns {
        expire(stage, remote);
        stage.tool(program).run(["ls", &path]).await.success();
        let stored = stage.stored_token(remote);
        assert!(
            !seen.contains(&stored["access_token"]),
            "{rclone}: {program} renewed it"
        );
        let refresh = stored["refresh_token"].as_str().unwrap_or_default();
        assert!(
            stage.identity().is_current(refresh),
            "{rclone}: {program} kept the newest"
        );
        seen.push(stored["access_token"].clone());
        // The other one goes on with it without renewing.
        for other in [rclone, Program::Ours] {
            stage.tool(other).run(["ls", &path]).await.success();
        }
    }
    let totals = stage.identity().stats().totals;
    assert_eq!(
        (totals.refreshes - already, totals.reuse_detected),
        (turns.len() as u64, 0),
        "{rclone}"
    );
    assert_eq!(lines_without_token(stage), before, "{rclone}");
}
