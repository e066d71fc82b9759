//! A configuration to work with: look up, change, save.

use std::{collections::HashSet, path::Path};

use remote_core::secret::Secret;

use crate::{
    document::{Document, EditError},
    dump::to_json,
    environment::Environment,
    error::Error,
    location::Location,
    name::is_legal,
    obscure::obscure,
    remote_string::{RemoteName, RemoteString},
    resolve::{Overrides, ResolvedRemote},
    store::{Protection, Stamp, Store},
};

/// A configuration file in memory, with the changes that are not saved yet.
///
/// Changes are visible at once and kept in a list; [`save`](Self::save) makes the same changes to what is in the file by then, so that
/// two processes that change different remotes do not undo each other's work.
pub struct Config {
    store: Store,
    document: Document,
    stamp: Option<Stamp>,
    pending: Vec<Edit>,
}

/// A change as it is made again to the file.
enum Edit {
    Copy {
        from: String,
        to: String,
    },
    Remove {
        section: String,
        key: String,
    },
    RemoveSection {
        section: String,
    },
    Rename {
        from: String,
        to: String,
    },
    Set {
        section: String,
        key: String,
        value: Secret,
    },
}

impl Config {
    /// Opens the user's configuration, where rclone would find it. See [`Location::find`]. An encrypted one is opened with the password from
    /// this process's environment; see [`load`](Self::load) for other passwords.
    ///
    /// # Errors
    ///
    /// Those of [`Store::load`].
    pub fn open_default() -> Result<Self, Error> {
        Self::load(Store::new(Location::find(&Environment::process())))
    }

    /// Opens a configuration file. One that does not exist is empty; see [`Location::new`] for paths with a meaning of their own. An
    /// encrypted one is opened with the password from this process's environment; see [`load`](Self::load) for other passwords.
    ///
    /// # Errors
    ///
    /// Those of [`Store::load`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::load(Store::new(Location::new(path.as_ref())))
    }

    /// Opens the configuration of a store, which knows where [passwords](Store::passwords) come from.
    ///
    /// # Errors
    ///
    /// Those of [`Store::load`].
    pub fn load(store: Store) -> Result<Self, Error> {
        let (document, stamp) = store.load()?;
        Ok(Self {
            store,
            document,
            stamp,
            pending: Vec::new(),
        })
    }

    /// A configuration that is never saved, such as one that came with a program.
    #[must_use]
    pub fn in_memory(document: Document) -> Self {
        Self {
            store: Store::new(Location::Memory),
            document,
            stamp: None,
            pending: Vec::new(),
        }
    }

    /// The text and everything in it.
    #[must_use]
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// Where the configuration lives.
    #[must_use]
    pub fn location(&self) -> &Location {
        self.store.location()
    }

    /// The file, for those who change it elsewhere. Clones share its lock and its password.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Whether there are changes that are not saved.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        !self.pending.is_empty()
    }

    /// The names of the sections in the order of the file. Names that are no Unicode text are left out; they cannot be opened.
    #[must_use]
    pub fn sections(&self) -> Vec<String> {
        self.document.sections().filter_map(utf8).collect()
    }

    /// The names of the remotes: those made of environment variables, then those of the file in its order.
    #[must_use]
    pub fn remotes(&self, environment: &Environment) -> Vec<String> {
        let mut names: Vec<String> = environment
            .remotes()
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        let known: HashSet<String> = names.iter().cloned().collect();
        let in_file = self.document.remotes().filter_map(utf8);
        names.extend(in_file.filter(|name| !known.contains(name)));
        names
    }

    /// Reads a value as rclone does, with inheritance and replacements; see [`Document::value`]. Passwords stay obscured.
    ///
    /// # Errors
    ///
    /// [`Text`](Error::Text) if the value is not Unicode text.
    pub fn get(&self, section: &str, key: &str) -> Result<Option<String>, Error> {
        let Some(value) = self.document.value(section, key) else {
            return Ok(None);
        };
        match utf8(&value) {
            Some(value) => Ok(Some(value)),
            None => Err(Error::Text {
                section: section.to_owned(),
                key: key.to_owned(),
            }),
        }
    }

    /// Sets a value, as it is. A section that is not there is added; its name must be legal.
    ///
    /// # Errors
    ///
    /// [`Edit`](Error::Edit) if the name or the value cannot be written.
    pub fn set(&mut self, section: &str, key: &str, value: &str) -> Result<(), Error> {
        let (section, key) = (section.to_owned(), key.to_owned());
        self.edit(Edit::Set {
            section,
            key,
            value: Secret::new(value),
        })
    }

    /// Sets a password given in the clear; it is stored obscured.
    ///
    /// # Errors
    ///
    /// [`Edit`](Error::Edit) if the name cannot be written.
    pub fn set_password(
        &mut self,
        section: &str,
        key: &str,
        password: &Secret,
    ) -> Result<(), Error> {
        self.set(section, key, &obscure(password))
    }

    /// Removes a key; nothing happens if it is not there.
    ///
    /// # Errors
    ///
    /// None at present.
    pub fn remove(&mut self, section: &str, key: &str) -> Result<(), Error> {
        let (section, key) = (section.to_owned(), key.to_owned());
        self.edit(Edit::Remove { section, key })
    }

    /// Removes a section; nothing happens if it is not there.
    ///
    /// # Errors
    ///
    /// None at present.
    pub fn remove_section(&mut self, section: &str) -> Result<(), Error> {
        self.edit(Edit::RemoveSection {
            section: section.to_owned(),
        })
    }

    /// Gives a section another name; other sections that refer to it are not changed.
    ///
    /// # Errors
    ///
    /// [`Edit`](Error::Edit) if there is no such section, or the new name is taken or not legal.
    pub fn rename_section(&mut self, from: &str, to: &str) -> Result<(), Error> {
        let (from, to) = (from.to_owned(), to.to_owned());
        self.edit(Edit::Rename { from, to })
    }

    /// Copies a section to a new name at the end of the file.
    ///
    /// # Errors
    ///
    /// [`Edit`](Error::Edit) if there is no such section, or the new name is taken or not legal.
    pub fn copy_section(&mut self, from: &str, to: &str) -> Result<(), Error> {
        let (from, to) = (from.to_owned(), to.to_owned());
        self.edit(Edit::Copy { from, to })
    }

    /// Makes the changes since the last save to the file as it is now, under a lock. An encrypted file stays encrypted. In memory only,
    /// nothing is saved.
    ///
    /// # Errors
    ///
    /// Those of [`Store::update`]. The changes are kept, and saving can be tried again.
    pub fn save(&mut self) -> Result<(), Error> {
        if self.pending.is_empty() {
            return Ok(());
        }
        self.write(&Protection::Keep)
    }

    /// Saves, and encrypts the file with a password, or gives an encrypted one another password, in one step. A missing file becomes an
    /// encrypted one.
    ///
    /// # Errors
    ///
    /// [`Password`](Error::Password) if the text cannot be a password; those of [`save`](Self::save).
    pub fn set_file_password(&mut self, password: &Secret) -> Result<(), Error> {
        let key = self.store.derive(password)?;
        self.write(&Protection::Set(key))
    }

    /// Saves, and makes a plain file of an encrypted one, in one step.
    ///
    /// # Errors
    ///
    /// Those of [`save`](Self::save).
    pub fn remove_file_password(&mut self) -> Result<(), Error> {
        self.write(&Protection::Remove)
    }

    /// Whether the file is encrypted at this moment.
    ///
    /// # Errors
    ///
    /// [`Read`](Error::Read) if it exists and cannot be read.
    pub fn is_file_encrypted(&self) -> Result<bool, Error> {
        self.store.is_encrypted()
    }

    fn write(&mut self, protection: &Protection) -> Result<(), Error> {
        if self.store.location() == &Location::Memory {
            self.pending.clear();
            return Ok(());
        }
        let replay = |document: &mut Document| {
            self.pending
                .iter()
                .try_for_each(|edit| edit.apply(document))
        };
        let ((), document, stamp) = self.store.rewrite(protection, replay)?;
        (self.document, self.stamp) = (document, stamp);
        self.pending.clear();
        Ok(())
    }

    /// Reads the file again if another process has changed it; unsaved changes are made to the new contents. Tells whether it did.
    ///
    /// # Errors
    ///
    /// Those of [`Store::load`]; the old contents stay.
    pub fn reload_if_changed(&mut self) -> Result<bool, Error> {
        if self.store.stamp()? == self.stamp {
            return Ok(false);
        }
        let (mut document, stamp) = self.store.load()?;
        self.pending
            .iter()
            .try_for_each(|edit| edit.apply(&mut document))?;
        (self.document, self.stamp) = (document, stamp);
        Ok(true)
    }

    /// Looks up a remote: `koofr:path`, `koofr,user=alice:path`, `:koofr,…:path`, or a local path.
    ///
    /// # Errors
    ///
    /// [`RemoteString`](Error::RemoteString) if the text does not follow the notation,
    /// [`UnknownRemote`](Error::UnknownRemote) if the remote has no type anywhere.
    pub fn remote(&self, remote: &str, environment: &Environment) -> Result<ResolvedRemote, Error> {
        self.remote_with(remote, environment, &Overrides::default())
    }

    /// Like [`remote`](Self::remote), with settings for the whole program, such as command-line flags.
    ///
    /// # Errors
    ///
    /// The same.
    pub fn remote_with(
        &self,
        remote: &str,
        environment: &Environment,
        overrides: &Overrides,
    ) -> Result<ResolvedRemote, Error> {
        let remote =
            RemoteString::parse(remote).map_err(|source| Error::RemoteString { source })?;
        ResolvedRemote::new(&self.document, remote, environment, overrides)
    }

    /// Looks up a remote by its name alone, without a path.
    ///
    /// # Errors
    ///
    /// [`UnknownRemote`](Error::UnknownRemote) if the remote has no type anywhere.
    pub fn remote_named(
        &self,
        name: &str,
        environment: &Environment,
    ) -> Result<ResolvedRemote, Error> {
        let name = RemoteName::Configured(name.to_owned());
        let remote = RemoteString {
            name,
            options: std::collections::BTreeMap::new(),
            path: String::new(),
        };
        ResolvedRemote::new(&self.document, remote, environment, &Overrides::default())
    }

    /// The JSON that `rclone config dump` prints. Tokens are shown; see [`to_json`].
    #[must_use]
    pub fn to_json(&self, environment: &Environment) -> String {
        to_json(&self.document, environment)
    }

    fn edit(&mut self, edit: Edit) -> Result<(), Error> {
        edit.apply(&mut self.document)?;
        self.pending.push(edit);
        Ok(())
    }
}

/// Values may be secret, so they are not shown.
impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config")
            .field("location", self.location())
            .field("document", &self.document)
            .field("changes", &self.pending.len())
            .finish_non_exhaustive()
    }
}

impl Edit {
    fn apply(&self, document: &mut Document) -> Result<(), Error> {
        let (section, result) = match self {
            Self::Copy { from, to } => (
                from,
                legal(to).and_then(|()| document.copy_section(from, to)),
            ),
            Self::Remove { section, key } => {
                document.remove(section, key);
                (section, Ok(()))
            }
            Self::RemoveSection { section } => {
                document.remove_section(section);
                (section, Ok(()))
            }
            Self::Rename { from, to } => (
                from,
                legal(to).and_then(|()| document.rename_section(from, to)),
            ),
            Self::Set {
                section,
                key,
                value,
            } => {
                let known = document.has_section(section) || section == Document::DEFAULT;
                let allowed = if known { Ok(()) } else { legal(section) };
                (
                    section,
                    allowed.and_then(|()| document.set(section, key, value.expose())),
                )
            }
        };
        result.map_err(|source| Error::Edit {
            section: section.clone(),
            source,
        })
    }
}

fn legal(name: &str) -> Result<(), EditError> {
    if is_legal(name) {
        Ok(())
    } else {
        Err(EditError::InvalidSection)
    }
}

fn utf8(bytes: &[u8]) -> Option<String> {
    std::str::from_utf8(bytes).ok().map(str::to_owned)
}
