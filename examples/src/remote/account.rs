//! What the service tells about the account, and hands out to others.

use std::{ffi::OsString, io::Write as _, time::SystemTime};

use clap::Args;
use remote_core::{
    operation::{LinkOptions, Usage},
    options::{OptionDuration, SizeSuffix},
};

use super::places::Places;
use crate::{console::Console, failure::Failure, program::Result};

#[derive(Args, Debug)]
pub(super) struct About {
    place: OsString,
    /// Print JSON, in bytes
    #[arg(long)]
    json: bool,
    /// Print bytes
    #[arg(long)]
    full: bool,
}

impl About {
    pub(super) async fn run(&self, places: &Places, console: &mut Console) -> Result {
        let (remote, _path) = places.remote(&self.place)?;
        let usage = remote.usage().await?;
        if self.json {
            writeln!(console.out, "{}", json(&usage))?;
            return Ok(());
        }
        for (name, bytes) in known(&usage) {
            let title = match name {
                "total" => "Total:",
                "used" => "Used:",
                "free" => "Free:",
                _ => "Trashed:",
            };
            let size = i64::try_from(bytes).unwrap_or(i64::MAX);
            match self.full {
                true => writeln!(console.out, "{title:8} {bytes}")?,
                false => writeln!(console.out, "{title:8} {}", with_unit(size))?,
            }
        }
        Ok(())
    }
}

/// A size as rclone prints it for people: `1.500 KiB`, `12 B`.
pub(super) fn with_unit(bytes: i64) -> String {
    SizeSuffix::new(bytes).with_unit()
}

/// What the service tells, by rclone's names and in its order.
fn known(usage: &Usage) -> impl Iterator<Item = (&'static str, u64)> {
    [
        ("total", usage.total),
        ("used", usage.used),
        ("trashed", usage.trashed),
        ("free", usage.free),
    ]
    .into_iter()
    .filter_map(|(name, bytes)| Some((name, bytes?)))
}

fn json(usage: &Usage) -> String {
    let members: Vec<String> = known(usage)
        .map(|(name, bytes)| format!("\t\"{name}\": {bytes}"))
        .collect();
    if members.is_empty() {
        return "{}".to_owned();
    }
    format!("{{\n{}\n}}", members.join(",\n"))
}

#[derive(Args, Debug)]
pub(super) struct Link {
    place: OsString,
    /// How long the link is valid, such as 1d12h; without end by default
    #[arg(long, value_name = "DURATION")]
    expire: Option<String>,
    /// Print the address of a page for people, where it is not that of the content
    #[arg(long)]
    page: bool,
}

impl Link {
    pub(super) async fn run(&self, places: &Places, console: &mut Console) -> Result {
        let (remote, path) = places.remote(&self.place)?;
        let mut options = LinkOptions::default();
        if let Some(expire) = &self.expire {
            let expire = OptionDuration::parse_at(expire, SystemTime::now())
                .map_err(|error| Failure::usage(format!("--expire: {error}")))?;
            if let Some(expires_in) = expire.duration() {
                options = options.with_expires_in(expires_in);
            }
        }
        let link = remote.public_link(&path, options).await?;
        let is_koofr = remote.capabilities().service == "koofr";
        let url = match self.page || !is_koofr {
            true => link.url,
            false => content_address(&link.url),
        };
        writeln!(console.out, "{url}")?;
        Ok(())
    }
}

/// What rclone makes of a link of Koofr: the address of the content instead of the page about it.
fn content_address(page: &str) -> String {
    let content = page.replace("/links", "/content/links");
    format!("{content}/files/get?path=%2F")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_the_content() {
        assert_eq!(
            content_address("https://app.koofr.net/links/ab-12"),
            "https://app.koofr.net/content/links/ab-12/files/get?path=%2F"
        );
    }

    #[test]
    fn json_has_what_is_known() {
        let mut usage = Usage::default();
        assert_eq!(json(&usage), "{}");
        usage.total = Some(10);
        usage.used = Some(4);
        usage.free = Some(6);
        assert_eq!(
            json(&usage),
            "{\n\t\"total\": 10,\n\t\"used\": 4,\n\t\"free\": 6\n}"
        );
    }
}
