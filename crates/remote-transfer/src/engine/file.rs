//! One file: compared, and transferred where needed.

use std::{
    fs::Permissions,
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
    time::SystemTime,
};

use remote_core::{
    entry::Entry,
    error::{Effect, Error, ErrorKind, IntegrityError, Result},
    hash::{HashAlgorithm, HashValue},
    path::RemotePath,
    source::{FileSource, Links, UploadSource as _},
};

use super::{
    compare::{Facts, HashFact, Verdict},
    dirs::{self, DirState},
    download,
    index::KnownFile,
    job::{FileProgress, Job, Origin, RemoteTarget, SourceFile, Target},
    ledger::Finished,
    relay, upload,
};
use crate::{
    local::{place::Place, tree},
    observer::Event,
    summary::Problem,
};

/// How often a file that changed while it was read is read again.
pub(crate) const MAX_REREADS: u32 = 2;

/// A source file that was read for its hash.
#[derive(Debug)]
pub(crate) struct Hashed {
    pub(crate) source: FileSource,
    pub(crate) hash: HashValue,
}

/// Copies a file. `known` is what is at a target on a remote; a local target is looked at here.
pub(crate) async fn copy(
    job: &Job,
    file: &SourceFile,
    mut dir: DirState,
    known: Option<KnownFile>,
) -> Result<Finished, Problem> {
    let of_file = |error: Error| Problem::of_file(file.path.clone(), error);
    dir.ready()
        .await
        .map_err(|cause| dirs::failed(file.path.clone(), cause))?;
    match &job.target {
        Target::Remote(target) => to_remote(job, file, target, known).await,
        Target::Local(_) | Target::LocalFile(_) => to_local(job, file).await,
    }
    .map_err(of_file)
}

async fn to_remote(
    job: &Job,
    file: &SourceFile,
    target: &RemoteTarget,
    known: Option<KnownFile>,
) -> Result<Finished> {
    let path = target.path(&file.path)?;
    let existing = known.map(|known| known.facts());
    let mut hashed = None;
    if let Some(existing) = &existing
        && let Some(finished) = compare(
            job,
            file,
            existing,
            Existing::Remote(target, &path),
            &mut hashed,
        )
        .await?
    {
        return Ok(finished);
    }
    let _turn = job.transfers.wait().await?;
    let progress = started(job, file);
    let result = match &file.origin {
        Origin::Local(local) => upload::upload(local, hashed, target, &path, &progress).await,
        Origin::Remote(source) => {
            relay::copy(source, target, &path, existing.is_none(), &progress).await
        }
    };
    result.inspect_err(|error| {
        progress.start_over();
        job.failed(error);
    })
}

async fn to_local(job: &Job, file: &SourceFile) -> Result<Finished> {
    let Origin::Remote(source) = &file.origin else {
        return Err(Error::unsupported("copying between local folders"));
    };
    let Some(path) = Job::local_path(&job.target, &file.path)? else {
        return Err(ErrorKind::InvalidInput.into());
    };
    let existing = {
        let _turn = job.checks.wait().await?;
        let path = path.clone();
        job.blocking.run(move || tree::look(&path)).await?
    };
    if let Some(existing) = &existing
        && let Some(finished) = compare(
            job,
            file,
            &existing.facts(),
            Existing::Local(&path),
            &mut None,
        )
        .await?
    {
        return Ok(finished);
    }
    let _turn = job.transfers.wait().await?;
    let progress = started(job, file);
    let place = place(job, path, existing.map(|existing| existing.permissions));
    download::download(job, source, place, &progress)
        .await
        .inspect_err(|error| {
            progress.start_over();
            job.failed(error);
        })
}

fn place(job: &Job, path: PathBuf, replaced: Option<Permissions>) -> Place {
    Place {
        path,
        modified: None,
        size: None,
        replaced,
        sync: job.sync_files,
        batch_bytes: job.batch_bytes,
    }
}

fn started(job: &Job, file: &SourceFile) -> Arc<FileProgress> {
    job.tell(|| Event::FileStarted {
        path: file.path.clone(),
        size: file.size(),
    });
    FileProgress::new(job, &file.path)
}

/// The file at the target.
enum Existing<'a> {
    Local(&'a PathBuf),
    Remote(&'a RemoteTarget, &'a RemotePath),
}

/// Compares the two files as the rule says; nothing comes back if the file is to be transferred.
async fn compare(
    job: &Job,
    file: &SourceFile,
    existing: &Facts,
    place: Existing<'_>,
    hashed: &mut Option<Hashed>,
) -> Result<Option<Finished>> {
    let facts = file.facts();
    let (algorithm, same_time) = match job.rule.verdict(&facts, existing) {
        Verdict::Transfer => return Ok(None),
        Verdict::Unchanged => return Ok(Some(unchanged(false))),
        Verdict::Hash {
            algorithm,
            same_time,
        } => (algorithm, same_time),
    };
    let _turn = job.checks.wait().await?;
    let there = match (existing.hash, &place) {
        (HashFact::Known(hash), _) => hash,
        (_, Existing::Local(path)) => hash_file(algorithm, path, Links::Follow).await?.hash,
        _ => return Ok(None),
    };
    let mut modified = facts.modified;
    let here = match (facts.hash, &file.origin) {
        (HashFact::Known(hash), _) => hash,
        (_, Origin::Local(local)) => {
            let read = hash_file(algorithm, &local.local, local.links).await?;
            modified = read.source.modified();
            hashed.insert(read).hash
        }
        _ => return Ok(None),
    };
    if here != there {
        return Ok(None);
    }
    let Some(modified) = modified.filter(|_| !same_time) else {
        return Ok(Some(unchanged(true)));
    };
    let time_updated = set_modified(job, &place, modified).await?;
    Ok(Some(Finished::Unchanged {
        verified: true,
        time_updated,
    }))
}

fn unchanged(verified: bool) -> Finished {
    Finished::Unchanged {
        verified,
        time_updated: false,
    }
}

async fn set_modified(job: &Job, place: &Existing<'_>, modified: SystemTime) -> Result<bool> {
    match place {
        Existing::Local(path) => {
            let path = PathBuf::clone(path);
            job.blocking
                .run(move || tree::set_modified(&path, modified))
                .await?;
        }
        Existing::Remote(target, path) => {
            let is_available = target.remote.capabilities().set_modified.is_available();
            if !is_available || target.loses_times.load(Ordering::Relaxed) {
                return Ok(false);
            }
            let (remote, path) = (Arc::clone(&target.remote), RemotePath::clone(path));
            let change = async move { remote.set_modified(&path, modified).await };
            let stored = job.finishing.run(change).await?.modified;
            if stored.is_some_and(|stored| !job.rule.same_time(stored, modified)) {
                target.loses_times.store(true, Ordering::Relaxed);
                return Ok(false);
            }
        }
    }
    Ok(true)
}

async fn hash_file(algorithm: HashAlgorithm, path: &Path, links: Links) -> Result<Hashed> {
    let mut rereads = 0;
    loop {
        match hash_once(algorithm, path, links).await {
            Err(error) if error.kind() == ErrorKind::SourceChanged && rereads < MAX_REREADS => {
                rereads += 1;
            }
            result => return result,
        }
    }
}

async fn hash_once(algorithm: HashAlgorithm, path: &Path, links: Links) -> Result<Hashed> {
    let source = FileSource::open_with(path, links).await?;
    let hash = source.read_hash(algorithm).await?;
    Ok(Hashed { source, hash })
}

/// Compares what was stored with what should be; tells whether there were two hashes to compare.
pub(crate) fn verify(stored: &Entry, size: Option<u64>, hash: Option<HashValue>) -> Result<bool> {
    if let (Some(expected), Some(actual)) = (size, stored.size)
        && expected != actual
    {
        return Err(not_as_sent(
            stored,
            IntegrityError::Size { expected, actual },
        ));
    }
    match (hash, stored.hash) {
        (Some(expected), Some(actual)) if expected.algorithm() == actual.algorithm() => {
            if expected == actual {
                Ok(true)
            } else {
                Err(not_as_sent(
                    stored,
                    IntegrityError::Hash { expected, actual },
                ))
            }
        }
        _ => Ok(false),
    }
}

fn not_as_sent(stored: &Entry, error: IntegrityError) -> Error {
    Error::from(error)
        .with_operation("copy")
        .with_path(&stored.path)
        .with_effect(Effect::Made)
}
