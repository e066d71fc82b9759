//! Where the configuration file is.

use std::path::{Path, PathBuf};

use crate::environment::Environment;

/// Where a configuration lives.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "there is no third place")]
pub enum Location {
    /// In a file, which need not exist yet.
    File(PathBuf),
    /// Nowhere: nothing is read and nothing is saved.
    Memory,
}

impl Location {
    /// The location a path stands for.
    ///
    /// An empty path, the null device, and any path whose last element is `notfound` mean [`Memory`](Self::Memory). A relative path
    /// counts from the current directory.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        let null = if cfg!(windows) { "NUL" } else { "/dev/null" };
        let nowhere = path.as_os_str().is_empty() || path == Path::new(null);
        if nowhere || path.file_name().is_some_and(|name| name == "notfound") {
            return Self::Memory;
        }
        Self::File(std::path::absolute(path).unwrap_or_else(|_| path.to_owned()))
    }

    /// Finds the configuration file as rclone does.
    ///
    /// The variable `RCLONE_CONFIG` decides if it is set. Otherwise the first existing file counts: `rclone.conf` beside the program,
    /// `%APPDATA%\rclone\rclone.conf` (Windows), `$XDG_CONFIG_HOME/rclone/rclone.conf`, `~/.config/rclone/rclone.conf`,
    /// `~/.rclone.conf`. If none exists, the place for a new one is the one in `%APPDATA%` (Windows), else in
    /// `$XDG_CONFIG_HOME`, else in `~/.config`, and without a home directory `.rclone.conf` in the current directory.
    #[must_use]
    pub fn find(environment: &Environment) -> Self {
        let program = std::env::current_exe().ok();
        Self::find_beside(environment, program.as_deref().and_then(Path::parent))
    }

    /// Like [`find`](Self::find), for a program in the given directory.
    #[must_use]
    pub fn find_beside(environment: &Environment, program_dir: Option<&Path>) -> Self {
        if let Some(path) = environment.get("RCLONE_CONFIG") {
            return Self::new(Path::new(path));
        }
        let places = Places::new(environment);
        let beside = program_dir.map(|dir| dir.join("rclone.conf"));
        let existing = beside
            .into_iter()
            .chain(places.in_order())
            .find(|path| path.is_file());
        let path = existing.or_else(|| places.for_new_file());
        Self::new(&path.unwrap_or_else(|| PathBuf::from(".rclone.conf")))
    }

    /// The file, unless the configuration is in memory only.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Memory => None,
        }
    }
}

/// The places that depend on the user.
struct Places {
    app_data: Option<PathBuf>,
    xdg: Option<PathBuf>,
    home: Option<PathBuf>,
}

impl Places {
    fn new(environment: &Environment) -> Self {
        let dir = |name| {
            environment
                .get(name)
                .filter(|dir| !dir.is_empty())
                .map(PathBuf::from)
        };
        Self {
            app_data: dir("APPDATA").filter(|_| cfg!(windows)),
            xdg: dir("XDG_CONFIG_HOME"),
            home: home(environment),
        }
    }

    fn in_order(&self) -> impl Iterator<Item = PathBuf> {
        let home_file = self.home.as_ref().map(|home| home.join(".rclone.conf"));
        [
            self.in_app_data(),
            self.in_xdg(),
            self.in_home_config(),
            home_file,
        ]
        .into_iter()
        .flatten()
    }

    fn for_new_file(&self) -> Option<PathBuf> {
        if cfg!(windows) {
            return self.in_app_data().or_else(|| self.in_home_config());
        }
        self.in_xdg().or_else(|| self.in_home_config())
    }

    fn in_app_data(&self) -> Option<PathBuf> {
        self.app_data
            .as_ref()
            .map(|dir| dir.join("rclone").join("rclone.conf"))
    }

    fn in_xdg(&self) -> Option<PathBuf> {
        self.xdg
            .as_ref()
            .map(|dir| dir.join("rclone").join("rclone.conf"))
    }

    fn in_home_config(&self) -> Option<PathBuf> {
        self.home
            .as_ref()
            .map(|dir| dir.join(".config").join("rclone").join("rclone.conf"))
    }
}

fn home(environment: &Environment) -> Option<PathBuf> {
    let dir = |name| environment.get(name).filter(|dir| !dir.is_empty());
    if let Some(home) = dir("HOME") {
        return Some(PathBuf::from(home));
    }
    if !cfg!(windows) {
        return None;
    }
    if let Some(profile) = dir("USERPROFILE") {
        return Some(PathBuf::from(profile));
    }
    let mut home = dir("HOMEDRIVE")?.to_owned();
    home.push(dir("HOMEPATH")?);
    Some(PathBuf::from(home))
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn touch(path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }

    #[test]
    fn the_first_existing_file_counts() {
        let dir = tempfile::tempdir().unwrap();
        let (home, xdg) = (dir.path().join("home"), dir.path().join("xdg"));
        let environment = Environment::from_iter([("HOME", &home), ("XDG_CONFIG_HOME", &xdg)]);
        let found = |beside: Option<&Path>| Location::find_beside(&environment, beside);

        let in_xdg = xdg.join("rclone/rclone.conf");
        assert_eq!(found(None), Location::File(in_xdg.clone()));
        for place in [
            home.join(".rclone.conf"),
            home.join(".config/rclone/rclone.conf"),
            in_xdg,
        ] {
            touch(&place);
            assert_eq!(found(None), Location::File(place));
        }
        touch(&dir.path().join("bin/rclone.conf"));
        let beside = dir.path().join("bin");
        assert_eq!(
            found(Some(&beside)),
            Location::File(beside.join("rclone.conf"))
        );
    }

    #[test]
    fn the_variable_beats_all_files() {
        let environment =
            Environment::from_iter([("RCLONE_CONFIG", "/x/y.conf"), ("HOME", "/nowhere")]);
        assert_eq!(
            Location::find_beside(&environment, None),
            Location::File("/x/y.conf".into())
        );
    }

    #[test]
    fn some_paths_mean_memory_only() {
        for path in ["", "/dev/null", "/some/where/notfound", "notfound"] {
            assert_eq!(Location::new(Path::new(path)), Location::Memory, "{path}");
        }
        assert!(
            matches!(Location::new(Path::new("a.conf")), Location::File(path) if path.is_absolute())
        );
    }
}
