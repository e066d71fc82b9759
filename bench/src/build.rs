//! Builds and finds the programs to measure.

use std::{env, path::PathBuf, process::Command};

use crate::{
    Result,
    program::{Contender, Programs},
    service::Service,
    workspace,
};

/// Programs of ours, and where they are.
#[derive(Debug)]
pub(crate) struct Built {
    emulator: PathBuf,
    remote: PathBuf,
}

/// Builds our programs next to this one, with its profile.
///
/// # Errors
///
/// If something does not build.
pub(crate) fn build() -> Result<Built> {
    let here = env::current_exe()?;
    let profile = here.parent().ok_or("this program is in no folder")?;
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
    if !command.status()?.success() {
        return Err("our programs do not build".into());
    }
    Ok(Built {
        emulator: existing(profile.join("remote-emulator"))?,
        remote: existing(profile.join("examples/remote"))?,
    })
}

impl Built {
    /// What a service is measured with: the rclone that knows it, among the given ones, or the one that tests/interop/install.sh brings.
    ///
    /// # Errors
    ///
    /// If there is no such rclone; the text says what to do.
    pub(crate) fn programs(&self, service: Service, given: &[PathBuf]) -> Result<Programs> {
        Ok(Programs {
            emulator: self.emulator.clone(),
            ours: Contender::ours(self.remote.clone()),
            rclone: rclone_for(service, given)?,
        })
    }
}

fn rclone_for(service: Service, given: &[PathBuf]) -> Result<Contender> {
    let mut versions = Vec::new();
    for path in given {
        let rclone = Contender::rclone(existing(path.clone())?)?;
        if rclone.knows(service)? {
            return Ok(rclone);
        }
        versions.push(rclone.label);
    }
    let dir = env::var_os("INTEROP_DIR")
        .map_or_else(|| workspace().join("target/interop"), PathBuf::from);
    let path = existing(dir.join(service.rclone())).map_err(|error| {
        let unfit = match versions.is_empty() {
            true => String::new(),
            false => format!("{} does not know {service}, and ", versions.join(", ")),
        };
        format!(
            "{unfit}{error}: run tests/interop/install.sh, or name an rclone that knows {service} with --rclone"
        )
    })?;
    Contender::rclone(path)
}

fn existing(path: PathBuf) -> Result<PathBuf> {
    match path.is_file() {
        true => Ok(path),
        false => Err(format!("there is no {}", path.display()).into()),
    }
}
