//! Times of files, and files that only have one.

use std::{ffi::OsString, sync::Arc, time::SystemTime};

use clap::Args;
use futures::{StreamExt as _, TryStreamExt as _, stream::BoxStream};
use jiff::{
    civil::{Date, DateTime},
    tz::TimeZone,
};
use remote_core::{
    entry::Entry,
    operation::{ListOptions, WriteMode, WriteOptions},
    path::RemotePath,
    remote::{Remote, RemoteExt as _},
};
use remote_transfer::Cancel;

use super::{interrupted, places::Places};
use crate::{failure::Failure, program::Result};

#[derive(Args, Debug)]
pub(super) struct Touch {
    /// A file, or a folder whose files are meant
    place: OsString,
    /// Leave a file that is missing missing
    #[arg(short = 'C', long)]
    no_create: bool,
    /// The time in UTC, as 261231, 2026-12-31T23:59:59 or 2026-12-31T23:59:59.123; that of this moment by default
    #[arg(short, long, value_name = "TIME")]
    timestamp: Option<String>,
    /// Take the time for one of the zone of this machine
    #[arg(long)]
    localtime: bool,
    /// Set the times of all files below a folder, and make no file
    #[arg(short = 'R', long)]
    recursive: bool,
}

impl Touch {
    /// Files whose times are being set when the program is interrupted are brought to their end.
    pub(super) async fn run(&self, places: &Places, at_once: usize, cancel: &Cancel) -> Result {
        let time = self.time()?;
        let (remote, path) = places.remote(&self.place)?;
        match remote.stat_if_exists(&path).await? {
            None if self.no_create || self.recursive => {}
            None => make(&remote, &path, time).await?,
            Some(file) if file.is_file() => {
                remote.set_modified(&path, time).await?;
            }
            Some(_folder) => {
                self.files(&remote, &path)
                    .take_until(cancel.cancelled())
                    .try_for_each_concurrent(at_once, |file| {
                        let remote = &remote;
                        async move { remote.set_modified(&file.path, time).await.map(drop) }
                    })
                    .await?;
            }
        }
        match cancel.is_cancelled() {
            true => Err(interrupted()),
            false => Ok(()),
        }
    }

    fn files(
        &self,
        remote: &Arc<dyn Remote>,
        path: &RemotePath,
    ) -> BoxStream<'static, remote_core::error::Result<Entry>> {
        let options = ListOptions::default();
        let entries = match self.recursive {
            true => remote.list_recursive(path, options),
            false => remote.list(path, options),
        };
        entries
            .try_filter(|entry| std::future::ready(entry.is_file()))
            .boxed()
    }

    fn time(&self) -> Result<SystemTime> {
        let Some(text) = &self.timestamp else {
            return Ok(SystemTime::now());
        };
        let zone = match self.localtime {
            true => TimeZone::system(),
            false => TimeZone::UTC,
        };
        let time = parse(text).and_then(|time| time.to_zoned(zone));
        match time {
            Ok(time) => Ok(time.timestamp().into()),
            Err(error) => Err(Failure::usage(format!("--timestamp {text}: {error}"))),
        }
    }
}

/// The three forms that rclone takes.
fn parse(text: &str) -> std::result::Result<DateTime, jiff::Error> {
    match text.len() {
        6 => Date::strptime("%y%m%d", text).map(|date| date.at(0, 0, 0, 0)),
        _ => DateTime::strptime("%Y-%m-%dT%H:%M:%S%.f", text),
    }
}

/// Makes an empty file. One that came in the meantime keeps its content where the service can promise that.
async fn make(remote: &Arc<dyn Remote>, path: &RemotePath, time: SystemTime) -> Result {
    let mut options = WriteOptions::default()
        .with_modified(time)
        .with_expects_dir(true);
    if remote.capabilities().create_new.is_available() {
        options = options.with_mode(WriteMode::CreateNew);
    }
    match remote.write_bytes(path, "", options).await {
        Err(error) if error.is_already_exists() => {
            remote.set_modified(path, time).await?;
        }
        written => drop(written?),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_forms() {
        for (text, expected) in [
            ("261231", "2026-12-31T00:00:00"),
            ("2026-12-31T23:59:58", "2026-12-31T23:59:58"),
            ("2026-12-31T23:59:58.125", "2026-12-31T23:59:58.125"),
        ] {
            assert_eq!(parse(text).unwrap().to_string(), expected);
        }
        for text in ["", "today", "20261231", "2026-12-31", "2026-13-01T00:00:00"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
