//! Opens cloud storage by the names of an rclone configuration.
//!
//! Users of rclone have given their storage names, with addresses and passwords in a file. [`open`] takes such a name with a path and
//! returns a [`Remote`], whatever the service behind it is.
//!
//! ```
//! use remote_core::{operation::WriteOptions, path::RemotePath, remote::RemoteExt as _};
//! use remotes::Opener;
//!
//! async fn save(target: &str, config: &std::path::Path) -> remote_core::error::Result<()> {
//!     let remote = Opener::builder().config_path(config).build()?.open(target)?;
//!     let path = RemotePath::parse("notes/today.txt")?;
//!     remote.write_bytes(&path, "hello", WriteOptions::default()).await?;
//!     Ok(())
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let dir = tempfile::tempdir()?;
//! let config = dir.path().join("rclone.conf");
//! std::fs::write(&config, "
//! [mine]
//! type = koofr
//! provider = other
//! endpoint = http://127.0.0.1:1
//! user = ann@example.org
//! password = YWFhYWFhYWFhYWFhYWFhYXMaGgIlEQ
//! ")?;
//!
//! // A mistyped name is told before anything is sent.
//! let error = save("mien:backup", &config).await.unwrap_err();
//! assert!(error.to_string().contains("configured are: mine"));
//! # let error = Opener::builder().config_path(&config).build()?.open("mine:backup")?;
//! # assert_eq!(error.request_count(), 0);
//! # Ok(())
//! # }
//! ```
//!
//! # What can be opened
//!
//! | text | meaning |
//! | --- | --- |
//! | `koofr:backup/2026` | the folder `backup/2026` of the remote `koofr` |
//! | `koofr,setmtime=false:backup` | the same remote with another option |
//! | `:koofr,user=ann@example.org,password=…:backup` | a remote without configuration; passwords are obscured |
//! | `backup`, `./a:b`, `/home/ann` | a path on this machine, for [`Opener::locate`] only |
//!
//! An option comes from the text, the program's [overrides](OpenerBuilder::overrides), `RCLONE_CONFIG_<NAME>_<OPTION>`,
//! `RCLONE_<TYPE>_<OPTION>`, the file, or its default, in this order. [`backends`] tells which options there are.
//!
//! No request is made before the first operation.
//!
//! # Features
//!
//! | feature | brings |
//! | --- | --- |
//! | `acd` (default) | Amazon Drive and services with the same interface; the public one has closed |
//! | `jotta` (default) | Jottacloud and its brands |
//! | `koofr` (default) | Koofr, Digi Storage and compatible servers |
//! | `rustls` (default) | TLS by rustls with the platform's trust store |
//! | `native-tls` | TLS by the operating system's library |
//!
//! # What it does not do
//!
//! It asks no questions by itself, see [`remote_config::setup`] for that, and it copies no trees, see `remote-transfer`.

mod error;
mod opener;
mod provider;

use std::sync::Arc;

use remote_config::setup::SetupType;
use remote_core::{http::HttpSettings, options::Backend, remote::Remote};

pub use self::{
    error::Error,
    opener::{DEFAULT_USER_AGENT, Located, Opener, OpenerBuilder},
};

/// Opens a remote of the user's own configuration, with the path as its root. See [`Opener::open`]; an [`Opener`] that is kept saves
/// reading the file again.
///
/// # Errors
///
/// Those of [`OpenerBuilder::build`] and [`Opener::open`].
///
/// # Examples
///
/// ```
/// let remote = remotes::open(":koofr,user=ann@example.org,password=YWFhYWFhYWFhYWFhYWFhYXMaGgIlEQ:backup");
/// # if std::env::var_os("RCLONE_CONFIG").is_none() {
/// assert_eq!(remote?.capabilities().service, "koofr");
/// # }
/// # Ok::<(), remotes::Error>(())
/// ```
pub fn open(remote: &str) -> Result<Arc<dyn Remote>, Error> {
    Opener::builder().build()?.open(remote)
}

/// The providers that are compiled in, with their options.
///
/// # Examples
///
/// ```
/// let koofr = remotes::backends().find(|backend| backend.is_named("koofr")).unwrap();
/// assert!(koofr.option("endpoint").is_some());
/// ```
pub fn backends() -> impl Iterator<Item = &'static Backend> {
    provider::PROVIDERS.iter().map(|provider| provider.backend)
}

/// The types of remotes that can be set up, with the questions of their providers: what a [`Dialogue`](remote_config::setup::Dialogue) needs. The steps of the
/// providers connect with these settings.
///
/// # Examples
///
/// ```
/// use remote_config::setup::{Dialogue, Next};
/// use remote_core::http::HttpSettings;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let types = remotes::setup_types(&HttpSettings::default());
/// let mut dialogue = Dialogue::create(&types, Vec::new());
/// let Next::Ask(question) = dialogue.turn().await?.next else { panic!("it begins with a question") };
/// assert_eq!(question.help, "Name of the new remote, as in name:path.");
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn setup_types(http: &HttpSettings) -> Vec<SetupType> {
    let types = provider::PROVIDERS.iter().map(|provider| {
        let mut kind = SetupType::new(provider.backend);
        kind.steps = Some((provider.setup)(http));
        kind
    });
    types.collect()
}
