//! Making directories.

use remote_core::{
    error::{Error, ErrorKind, Result},
    path::RemotePath,
    retry::Idempotency,
};

use super::{Inner, paths};

impl Inner {
    /// Makes a directory that the caller asked for: the service is asked even if the directory was there a moment ago.
    pub(super) async fn create_dir(&self, path: &RemotePath) -> Result<()> {
        let server = self.paths.to_server(path)?;
        if server == "/" {
            return Ok(());
        }
        self.dirs.forget(&server);
        self.ensure_dir(&server).await
    }

    /// Sees to it that a directory is there. No request when it is known; one for a directory to be made below a known or existing
    /// one; concurrent callers share it.
    pub(super) async fn ensure_dir(&self, server: &str) -> Result<()> {
        if server == "/" {
            return Ok(());
        }
        let cell = self.dirs.cell(server);
        cell.get_or_try_init(|| self.make_dir(server)).await?;
        Ok(())
    }

    /// Tries the deepest directory first: mostly its parent is there. Where that is not known, one caller finds out for all.
    async fn make_dir(&self, server: &str) -> Result<()> {
        let parent = paths::split(server).map_or("/", |(parent, _)| parent);
        let _finding_out = match self.dirs.contains(parent) {
            true => None,
            false => Some(self.finding_out.lock().await),
        };
        match self.make_one(server).await {
            Ok(Made::New) => self.dirs.insert(parent),
            Ok(Made::Existed) => self.confirm_dir(server).await?,
            Err(error) if error.is_not_found() => self.make_from_top(server).await?,
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Makes all directories on the way. If something is missing below one that was known, that one is gone as well.
    async fn make_from_top(&self, server: &str) -> Result<()> {
        let made = match self.make_below_known(server).await {
            Err(error) if error.is_not_found() => {
                let top = ancestors_from_top(server).next().unwrap_or(server);
                self.dirs.forget(top);
                self.make_below_known(server).await
            }
            other => other,
        };
        made.map_err(file_on_the_way)
    }

    /// Makes all directories on the way, from the deepest one that is known downwards.
    async fn make_below_known(&self, server: &str) -> Result<()> {
        let mut last = Made::New;
        for dir in ancestors_from_top(server) {
            if self.dirs.contains(dir) {
                continue;
            }
            last = self.make_one(dir).await?;
            if dir != server && matches!(last, Made::New) {
                self.dirs.insert(dir);
            }
        }
        match last {
            Made::New => Ok(()),
            Made::Existed => self.confirm_dir(server).await,
        }
    }

    /// One directory whose parent is there. A lost answer does no harm: the repetition finds the directory.
    async fn make_one(&self, server: &str) -> Result<Made> {
        let Some((parent, name)) = paths::split(server) else {
            return Ok(Made::Existed);
        };
        let mount = self.mount().await?;
        let made = self.retry.run(Idempotency::Idempotent, |_attempt| {
            self.client.create_folder(mount, parent, name)
        });
        match made.await {
            Ok(()) => Ok(Made::New),
            Err(error) if may_exist(&error) => Ok(Made::Existed),
            Err(error) => Err(error),
        }
    }

    /// What has the name of the directory may be a file.
    async fn confirm_dir(&self, server: &str) -> Result<()> {
        match self.info_if_exists(server).await? {
            Some(info) if info.is_dir() => Ok(()),
            Some(_file) => Err(Error::with_message(
                ErrorKind::NotADirectory,
                "a file is in the place of the directory",
            )),
            // Not "not found": the directory was to be made, and its parent is there.
            None => Err(Error::with_message(
                ErrorKind::InvalidName,
                "the service refuses to make the directory, and nothing else has its name",
            )),
        }
    }
}

/// Below a parent that is not there although it was just made or found, a file must be in the way.
fn file_on_the_way(error: Error) -> Error {
    if error.is_not_found() {
        return error
            .with_kind(ErrorKind::NotADirectory)
            .with_help("a file may be in the place of one of the directories on the way");
    }
    error
}

/// At level 2.0 the service may answer a folder that exists with a 400 that gives no reason (specification, section 2.2).
fn may_exist(error: &Error) -> bool {
    error.is_already_exists()
        || error.kind() == ErrorKind::InvalidInput && error.http_status() == Some(400)
}

/// What asking for a directory found.
#[derive(Clone, Copy, Debug)]
enum Made {
    /// Something of that name was there.
    Existed,
    /// The directory was made.
    New,
}

/// All directories on the way to a path, the path itself last, the root left out.
fn ancestors_from_top(server: &str) -> impl Iterator<Item = &str> {
    let ends = server
        .char_indices()
        .skip(1)
        .filter(|(_, c)| *c == '/')
        .map(|(index, _)| index);
    ends.chain([server.len()])
        .filter_map(|end| server.get(..end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_down_ends_with_the_path() {
        let dirs: Vec<_> = ancestors_from_top("/a/é/c").collect();
        assert_eq!(dirs, ["/a", "/a/é", "/a/é/c"]);
    }
}
