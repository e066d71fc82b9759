//! Builds and finds the programs to measure.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    Result,
    program::{Contender, Programs},
    workspace,
};

/// Builds our programs next to this one, with its profile, and finds rclone.
///
/// # Errors
///
/// If something does not build or rclone is not there; the text says what to do.
pub(crate) fn programs(rclone: Option<&Path>) -> Result<Programs> {
    let here = env::current_exe()?;
    let profile = here.parent().ok_or("this program is in no folder")?;
    build(profile)?;
    Ok(Programs {
        emulator: existing(profile.join("remote-emulator"))?,
        ours: Contender::ours(existing(profile.join("examples/remote"))?),
        rclone: Contender::rclone(find_rclone(rclone)?)?,
    })
}

fn build(profile: &Path) -> Result<()> {
    let target = profile.parent().ok_or("there is no target folder")?;
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .args(["build", "--quiet", "--package", "remote-emulator"])
        .args(["--package", "examples", "--bins", "--example", "remote"])
        .env("CARGO_TARGET_DIR", target)
        .current_dir(workspace());
    if profile.ends_with("release") {
        command.arg("--release");
    }
    eprintln!("building the programs to measure");
    match command.status()?.success() {
        true => Ok(()),
        false => Err("our programs do not build".into()),
    }
}

fn find_rclone(given: Option<&Path>) -> Result<PathBuf> {
    let path = match given {
        Some(path) => path.to_owned(),
        None => env::var_os("INTEROP_DIR")
            .map_or_else(|| workspace().join("target/interop"), PathBuf::from)
            .join("rclone-1.75.2"),
    };
    existing(path).map_err(|error| {
        format!("{error}: run tests/interop/install.sh, or name one with --rclone").into()
    })
}

fn existing(path: PathBuf) -> Result<PathBuf> {
    match path.is_file() {
        true => Ok(path),
        false => Err(format!("there is no {}", path.display()).into()),
    }
}
