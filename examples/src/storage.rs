//! Where the programs copy to and from: a configured remote, or an emulator that they start.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use remote_emulator::{
    Emulator, Section, acd::AcdConfig, jotta::JottaConfig, koofr::KoofrConfig, write_sections,
};
use remote_transfer::Location;
use remotes::{Located, Opener};

use crate::{failure::Failure, program::Result};

/// The remote that is used on the emulator unless one is named.
pub const DEMO_REMOTE: &str = "koofr:backup";

/// A storage by its name; the emulator, if one was started, lives as long.
#[derive(Debug)]
pub struct Storage {
    name: String,
    config: Option<PathBuf>,
    emulator: Option<(Service, Emulator)>,
    _folder: Option<tempfile::TempDir>,
}

/// A service that there is an emulator of.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Service {
    /// Koofr.
    Koofr,
    /// Jottacloud.
    Jotta,
    /// Amazon Drive.
    Acd,
}

impl Service {
    const ALL: [Self; 3] = [Self::Koofr, Self::Jotta, Self::Acd];

    /// The name of its remote on the emulator.
    fn remote(self) -> &'static str {
        match self {
            Self::Koofr => "koofr",
            Self::Jotta => "jotta",
            Self::Acd => "acd",
        }
    }

    /// The service whose remote a text such as `jotta:backup` names.
    fn of(name: &str) -> Option<Self> {
        let (remote, _path) = name.split_once(':')?;
        // Options may follow the name.
        let remote = remote.split(',').next()?;
        Self::ALL
            .into_iter()
            .find(|service| service.remote() == remote)
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Koofr => "Koofr",
            Self::Jotta => "Jottacloud",
            Self::Acd => "Amazon Drive",
        })
    }
}

impl Storage {
    /// A remote of a configuration file, by default the user's own.
    #[must_use]
    pub fn configured(name: &str, config: Option<&Path>) -> Self {
        Self {
            name: name.to_owned(),
            config: config.map(Path::to_owned),
            emulator: None,
            _folder: None,
        }
    }

    /// A remote of the user's own configuration; an emulator for `koofr`, `jotta` and `acd` where no remote of that name is configured.
    ///
    /// # Errors
    ///
    /// The configuration cannot be read, or the emulator cannot start.
    pub async fn configured_or_emulated(name: &str) -> Result<Self> {
        // Whoever names a file means what is in it.
        let names_file = std::env::var_os("RCLONE_CONFIG").is_some_and(|file| !file.is_empty());
        let configured = Opener::builder().build()?.remotes();
        match emulated_service(name, &configured) {
            Some(_service) if !names_file => Self::emulated(name, None).await,
            _ => Ok(Self::configured(name, None)),
        }
    }

    /// A remote `koofr`, `jotta` or `acd` inside this process, with a configuration file that names it; it keeps its files in `state` if given.
    ///
    /// # Errors
    ///
    /// There is no emulator for the name, the emulator cannot start, or a folder cannot be written to.
    pub async fn emulated(name: &str, state: Option<&Path>) -> Result<Self> {
        let service = Service::of(name).ok_or_else(|| {
            Failure::usage(format!(
                "there is no emulator for {name}: name koofr:PATH, jotta:PATH or acd:PATH"
            ))
        })?;
        let folder = tempfile::tempdir()?;
        let builder = Emulator::builder();
        let mut builder = match service {
            Service::Koofr => builder.koofr(KoofrConfig::default()),
            Service::Jotta => builder.jotta(JottaConfig::default()),
            Service::Acd => builder.acd(AcdConfig::default()),
        };
        if let Some(state) = state {
            builder = builder.state_dir(state);
        }
        let emulator = builder.start().await?;
        let config = folder.path().join("rclone.conf");
        write_sections(&config, &[section(service, &emulator)?])?;
        Ok(Self {
            name: name.to_owned(),
            config: Some(config),
            emulator: Some((service, emulator)),
            _folder: Some(folder),
        })
    }

    /// What the user calls it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The service, if it is an emulator of one.
    #[must_use]
    pub fn emulated_service(&self) -> Option<Service> {
        self.emulator.as_ref().map(|(service, _)| *service)
    }

    /// Opens it, as a program that starts would: nothing is known from before.
    ///
    /// # Errors
    ///
    /// The configuration cannot be read, or has no such remote.
    pub fn open(&self) -> Result<Location> {
        let mut builder = Opener::builder();
        if let Some(config) = &self.config {
            if !config.exists() {
                return Err(Failure::message(format!(
                    "the configuration file {} does not exist",
                    config.display()
                )));
            }
            builder = builder.config_path(config);
        }
        match builder.build()?.locate(&self.name)? {
            Located::Remote { remote, path, .. } => Ok(Location::remote(remote, path)),
            _ => Err(Failure::usage(format!(
                "{} is a local path; a remote is written name:path",
                self.name
            ))),
        }
    }
}

fn section(service: Service, emulator: &Emulator) -> Result<Section> {
    let name = service.remote();
    Ok(match service {
        Service::Koofr => {
            let koofr = emulator.koofr();
            Section::koofr(name, koofr.url(), &koofr.user(), &koofr.password())
        }
        Service::Jotta => Section::jotta(name, emulator.jotta())?,
        Service::Acd => Section::acd(name, emulator.acd())?,
    })
}

/// The service to emulate for a remote that is not among the configured ones.
fn emulated_service(name: &str, configured: &[String]) -> Option<Service> {
    let service = Service::of(name)?;
    let is_configured = configured.iter().any(|known| known == service.remote());
    (!is_configured).then_some(service)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configured_remote_is_never_emulated() {
        let configured = ["jotta".to_owned(), "work".to_owned()];
        assert_eq!(emulated_service("jotta:backup", &configured), None);
        assert_eq!(emulated_service("work:backup", &configured), None);
        assert_eq!(emulated_service("wrok:backup", &configured), None);
        assert_eq!(emulated_service("/home/ann", &configured), None);
        assert_eq!(emulated_service(":jotta,token=x:", &configured), None);
        assert_eq!(
            emulated_service("acd:backup", &configured),
            Some(Service::Acd)
        );
        assert_eq!(
            emulated_service("koofr,setmtime=false:", &configured),
            Some(Service::Koofr)
        );
    }
}
