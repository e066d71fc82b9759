//! rclone's configuration file for Rust programs: read it, encrypted or not, look up remotes, change it without losing a line, and save
//! it safely.
//!
//! A user of rclone has an `rclone.conf` with the remotes and their obscured passwords. With this crate a program uses the same
//! file, the same environment variables and the same remote strings, and both can go on changing it.
//!
//! # Example
//!
//! ```
//! use remote_config::{Config, Environment};
//! use remote_core::{
//!     options::{Backend, OptionSpec, OptionType, TypedOptions},
//!     secret::Secret,
//! };
//!
//! // The options of a provider; the crates of the providers bring their own.
//! static EXAMPLE: Backend = Backend::new("example", "Example Drive", &[
//!     OptionSpec::new("user", OptionType::String, "Name of the account.").required(),
//!     OptionSpec::new("password", OptionType::String, "Password of the account.").required().secret(),
//!     OptionSpec::new("setmtime", OptionType::Bool, "Whether to set modification times.").default_text("true"),
//! ]);
//!
//! let dir = tempfile::tempdir()?;
//! let path = dir.path().join("rclone.conf");
//! std::fs::write(&path, "# my drive\n[drive]\ntype=example\nuser=alice\n")?;
//!
//! // Open and change. Config::open_default() finds the user's own file.
//! let mut config = Config::open(&path)?;
//! config.set("drive", "setmtime", "false")?;
//! config.set_password("drive", "password", &Secret::new("potato"))?;
//! config.save()?;
//! let text = std::fs::read_to_string(&path)?;
//! assert!(text.starts_with("# my drive\n[drive]\ntype=example\nuser=alice\nsetmtime = false\npassword = "));
//!
//! // Look up a remote, with an option overridden for this use.
//! let remote = config.remote("drive,user=bob:backup/2026", &Environment::process())?;
//! assert_eq!((remote.type_name(), remote.path()), ("example", "backup/2026"));
//! let options = TypedOptions::new(&EXAMPLE, &remote);
//! assert_eq!(options.required_string("user")?, "bob");
//! assert_eq!(options.required_secret("password")?.expose(), "potato");
//! assert!(!options.bool("setmtime")?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Encrypted files
//!
//! rclone can encrypt the whole file with a password. [`Config::open`] takes the password from the variables that rclone takes it from; a
//! program with users of its own asks them:
//!
//! ```
//! use remote_config::{Config, Environment, encryption::PasswordSources, store::Store};
//! use remote_core::secret::Secret;
//!
//! # let dir = tempfile::tempdir()?;
//! # let path = dir.path().join("rclone.conf");
//! # std::fs::write(&path, "[drive]\ntype = example\n")?;
//! // Encrypt: from then on rclone asks for this password, too.
//! let mut config = Config::open(&path)?;
//! config.set_file_password(&Secret::new("correct horse"))?;
//! assert!(config.is_file_encrypted()?);
//!
//! // Open with a dialogue, unless a variable has the password or a command that prints it.
//! let sources = PasswordSources::from_environment(&Environment::process())
//!     .ask(|prompt| (prompt.attempt < 3).then(|| Secret::new("correct horse")));
//! let mut config = Config::load(Store::at(&path).passwords(sources))?;
//!
//! // Edit as ever: what is saved is encrypted with the same password.
//! config.set("drive", "user", "alice")?;
//! config.save()?;
//! assert!(!std::fs::read_to_string(&path)?.contains("alice"));
//!
//! // Change the password, and remove it.
//! config.set_file_password(&Secret::new("battery staple"))?;
//! config.remove_file_password()?;
//! assert!(std::fs::read_to_string(&path)?.contains("user = alice"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The file is as safe as its password: rclone's format derives the key without salt or repetition. See [`encryption`].
//!
//! # Setting up a remote
//!
//! The [dialogue](setup::Dialogue) asks what `rclone config` asks. The program draws the questions and hands back the answers; between two of them it can be kept as text.
//!
//! ```
//! use remote_config::{Config, document::Document, setup::{Dialogue, Next, SetupType}};
//! # use remote_core::options::{Backend, OptionSpec, OptionType};
//! use remote_core::setup::Answer;
//!
//! # static EXAMPLE: Backend = Backend::new("example", "Example Drive", &[
//! #     OptionSpec::new("user", OptionType::String, "Name of the account.").required(),
//! # ]);
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let ask_the_user = |question: &remote_core::setup::Question| Answer::text(match question.name.as_str() {
//! #     "config_fs_name" => "mine", "config_fs_type" => "example", "user" => "alice", _ => "save",
//! # });
//! // The types with the steps of their providers; `remotes::setup_types` has all that are compiled in.
//! let types = [SetupType::new(&EXAMPLE)];
//! let mut config = Config::in_memory(Document::new());
//! let mut dialogue = Dialogue::create(&types, config.sections());
//! let mut turn = dialogue.turn().await?;
//! while let Next::Ask(question) = &turn.next {
//!     turn = dialogue.answer(&ask_the_user(question)).await?;
//! }
//! dialogue.apply(&mut config)?;
//! config.save()?;
//! assert_eq!(config.get("mine", "user")?.as_deref(), Some("alice"));
//! # Ok(())
//! # }
//! ```
//!
//! # Concepts
//!
//! * A [`Document`](document::Document) is the text: every line of it, and what it means. It does no I/O. Edits touch only the lines
//!   they must.
//! * A [`Store`](store::Store) is the file: it is replaced as a whole, keeps its mode, and is changed under a lock that holds between
//!   processes. It knows where the password of an encrypted file comes from.
//! * A [`Config`] joins the two: changes are visible at once, and saving makes them again to what the file holds by then.
//! * A [`ResolvedRemote`] is a remote with all its options from the connection string, from [`Overrides`] such as command-line
//!   flags, from environment variables and from the file, in this order. It is an
//!   [`OptionSource`](remote_core::options::OptionSource), which is what remotes are built from.
//! * A [`FileTokenStore`](token::FileTokenStore) keeps the OAuth token of a remote in the file, and lets one process at a time renew it.
//! * [`obscure`](mod@obscure) hides passwords as rclone does. That is **not** encryption: whoever can read the file can reveal them.
//!
//! # Differences from rclone
//!
//! Reading is the same, errors of the grammar included. Writing avoids what loses data in rclone:
//!
//! | subject | rclone | here |
//! | --- | --- | --- |
//! | comments, blank lines, spelling | partly normalised or lost | kept |
//! | values with backticks, outer blanks or `"""` | corrupted by the next load in some cases | quoted so that they read back |
//! | values with `%(name)s` | written, and replaced when read | refused |
//! | references in a circle | a crash in some cases | the stored text |
//! | two writers | the last one wins | changes of both, if both use this crate; what rclone writes before the last moment is kept |
//! | the moment in which rclone saves | there is no file, which counts as an empty one | waited for |
//! | files of any size and depth | read | up to [`MAX_FILE_BYTES`](document::MAX_FILE_BYTES), [`MAX_LINES`](document::MAX_LINES) and [`MAX_NAME_BYTES`](document::MAX_NAME_BYTES) |
//! | a symbolic link as configuration file | followed one level | followed to the end |
//! | empty text for an option that cannot be empty | false or zero, except in the file | not set |
//! | an own variable and one for all remotes of the type | the command line prefers the second | the first, as the manual says |
//! | a byte order mark before an encrypted text | taken for a plain file, and refused or misread | skipped |
//! | an encrypted text behind other text | taken for a plain file, and refused or misread | refused, with the line |
//! | the password while another process changes it | kept until the program ends | asked for again when it does not fit any more |
//! | names made legal | may still be illegal | always legal |
//!
//! # What it does not do
//!
//! The crate knows no network and no provider: it cannot tell whether a remote works, unless the provider brings a [step](remote_core::setup::SetupSteps) that does. It draws no dialogue; whoever is asked for a
//! password is asked by the program.

mod config;
pub mod document;
pub mod dump;
pub mod encryption;
mod environment;
mod error;
pub mod location;
pub mod name;
pub mod redact;
pub mod remote_string;
mod resolve;
pub mod setup;
pub mod store;
pub mod token;

pub use config::Config;
pub use environment::Environment;
pub use error::Error;
pub use remote_core::options::obscure;
pub use resolve::{Overrides, ResolvedRemote};
