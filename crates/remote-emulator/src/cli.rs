//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use remote_emulator::acd::{AcdConfig, AcdSettings};
use remote_emulator::jotta::JottaConfig;
use remote_emulator::koofr::{KoofrConfig, TreeConfig};

/// Serves emulated cloud storage until it is stopped.
///
/// Prints one line of JSON with the addresses when it is ready.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Arguments {
    /// Where to serve Koofr; port 0 takes a free port.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub(crate) koofr: SocketAddr,

    /// Where to serve Jottacloud, sign-in included; port 0 takes a free port. Not served unless given.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) jotta: Option<SocketAddr>,

    /// Where to serve Amazon Drive, sign-in included; port 0 takes a free port. Not served unless given.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) acd: Option<SocketAddr>,

    /// Where to run an HTTPS proxy that leads the real host names of Jottacloud and Amazon Drive here; port 0 takes a free port.
    #[arg(long, value_name = "ADDRESS", requires = "ca_file")]
    pub(crate) proxy: Option<SocketAddr>,

    /// Let the proxy offer HTTP/2 as well.
    #[arg(long, requires = "proxy")]
    pub(crate) proxy_http2: bool,

    /// Write the certificate of the authority that the proxy's certificates come from into this file.
    #[arg(long, value_name = "FILE", requires = "proxy")]
    pub(crate) ca_file: Option<PathBuf>,

    /// Keep the state in this directory; without it, the state ends with the program.
    #[arg(long, value_name = "DIR")]
    pub(crate) state_dir: Option<PathBuf>,

    /// Add this round-trip time to every request, such as 50ms or 1.5s.
    #[arg(long, value_name = "TIME", default_value = "0", value_parser = duration)]
    pub(crate) rtt: Duration,

    /// Write the sections `koofr`, `jotta` and `acd`, as far as they are served, into this rclone configuration file. Sections
    /// of these names are replaced, others stay.
    #[arg(long, value_name = "FILE")]
    pub(crate) write_config: Option<PathBuf>,

    /// Serve a synthetic tree of this many entries under /tree.
    #[arg(long, value_name = "ENTRIES")]
    koofr_tree: Option<u64>,

    /// How many entries of the synthetic tree are folders; a thousandth by default.
    #[arg(long, value_name = "FOLDERS", requires = "koofr_tree")]
    koofr_folders: Option<u64>,

    /// Serve a synthetic tree of this many entries under /tree of the Jottacloud mount point Archive.
    #[arg(long, value_name = "ENTRIES", requires = "jotta")]
    jotta_tree: Option<u64>,

    /// How many entries of that tree are folders; a thousandth by default.
    #[arg(long, value_name = "FOLDERS", requires = "jotta_tree")]
    jotta_folders: Option<u64>,

    /// The size of the Jottacloud account in bytes; unlimited by default.
    #[arg(long, value_name = "BYTES", requires = "jotta")]
    jotta_capacity: Option<i64>,

    /// How long Jottacloud access tokens live, such as 3600s; an hour by default.
    #[arg(long, value_name = "TIME", requires = "jotta", value_parser = duration)]
    jotta_token_lifetime: Option<Duration>,

    /// Serve a synthetic tree of this many entries under /tree of Amazon Drive.
    #[arg(long, value_name = "ENTRIES", requires = "acd")]
    acd_tree: Option<u64>,

    /// How many entries of that tree are folders; a thousandth by default.
    #[arg(long, value_name = "FOLDERS", requires = "acd_tree")]
    acd_folders: Option<u64>,

    /// How long Amazon Drive access tokens live, such as 3600s; an hour by default.
    #[arg(long, value_name = "TIME", requires = "acd", value_parser = duration)]
    acd_token_lifetime: Option<Duration>,

    /// Choices of the Amazon Drive service as a JSON object, such as `{"page_size":2}`.
    #[arg(long, value_name = "JSON", requires = "acd", value_parser = acd_settings)]
    acd_settings: Option<AcdSettings>,

    /// The user name.
    #[arg(long, value_name = "EMAIL", requires = "koofr_password")]
    koofr_user: Option<String>,

    /// The application password.
    #[arg(long, value_name = "PASSWORD", requires = "koofr_user")]
    koofr_password: Option<String>,
}

impl Arguments {
    pub(crate) fn koofr_config(&self) -> KoofrConfig {
        let mut config = KoofrConfig::default();
        if let Some(entries) = self.koofr_tree {
            let mut tree = TreeConfig::new(entries);
            tree.folders = self.koofr_folders;
            config = config.tree(tree);
        }
        if let (Some(user), Some(password)) = (&self.koofr_user, &self.koofr_password) {
            config = config.user(remote_emulator::koofr::UserConfig::new(user, password));
        }
        config
    }

    pub(crate) fn jotta_config(&self) -> JottaConfig {
        let mut config = JottaConfig::default();
        if let Some(entries) = self.jotta_tree {
            let mut tree = TreeConfig::new(entries);
            tree.folders = self.jotta_folders;
            config = config.tree(tree);
        }
        if let Some(bytes) = self.jotta_capacity {
            config = config.capacity(bytes);
        }
        if let Some(lifetime) = self.jotta_token_lifetime {
            config.identity.settings.access_token_lifetime = lifetime;
        }
        config
    }

    pub(crate) fn acd_config(&self) -> AcdConfig {
        let mut config = AcdConfig::default();
        if let Some(entries) = self.acd_tree {
            let mut tree = TreeConfig::new(entries);
            tree.folders = self.acd_folders;
            config = config.tree(tree);
        }
        if let Some(lifetime) = self.acd_token_lifetime {
            config.identity.settings.access_token_lifetime = lifetime;
        }
        if let Some(settings) = &self.acd_settings {
            config = config.settings(settings.clone());
        }
        config
    }
}

fn acd_settings(text: &str) -> Result<AcdSettings, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

/// Reads `50ms`, `1.5s` or `0`.
fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (Some(number), _) => (number, 0.001),
        (None, Some(number)) => (number, 1.0),
        (None, None) if text == "0" => return Ok(Duration::ZERO),
        (None, None) => return Err("expected a time such as 50ms or 1.5s".to_owned()),
    };
    let value: f64 = number
        .parse()
        .map_err(|_no_number| format!("`{number}` is not a number"))?;
    Duration::try_from_secs_f64(value * unit).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Arguments::command().debug_assert();
    }

    #[test]
    fn times_have_units() {
        assert_eq!(duration("50ms"), Ok(Duration::from_millis(50)));
        assert_eq!(duration("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(duration("0"), Ok(Duration::ZERO));
        for bad in ["50", "ms", "-1s", "1h", ""] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
