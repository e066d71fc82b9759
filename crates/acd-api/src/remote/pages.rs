//! The entries of one folder, page by page.
//!
//! Nothing is told of a folder of up to [`HELD`] entries before all its pages are there: a page that fails makes it begin anew, and nobody notices. A larger folder is
//! told as its pages come, in memory that hardly grows with it. It begins anew as well, and what was told before is left out then. So a listing ends with all
//! that was there while it was made, or with an error.

use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasher as _, RandomState},
    mem,
    sync::Arc,
};

use remote_core::{
    error::{Error, ErrorKind, Result},
    retry::Idempotency,
};
use tokio::sync::Mutex;

use super::{
    Inner,
    known::{Id, Thing},
    looking::{ambiguous, thing_in},
    told::{Noted, Told},
};
use crate::{
    api::nodes::{MAX_PAGE_NODES, NodeQuery},
    error::ApiError,
    filter::Filter,
    model::node::NodePage,
};

/// So many entries wait for the last page of their folder.
pub(super) const HELD: usize = 1_000;

/// Of larger folders only so many files are remembered, since remembering all would make us forget everything else.
const REMEMBERED: usize = 10_000;

/// So many pages are taken for a service that has lost its way: with full pages, ten million nodes.
const MAX_PAGES: usize = 50_000;

/// The pages of a folder.
#[derive(Debug)]
pub(super) struct Pages {
    inner: Arc<Inner>,
    folder: Id,
    query: NodeQuery,
    progress: Mutex<Progress>,
}

#[derive(Debug)]
struct Progress {
    /// Asks for the next page; the first one when absent.
    token: Option<String>,
    /// The tokens of this round, hashed.
    tokens: HashSet<u64>,
    hasher: RandomState,
    /// Rounds that failed.
    failures: u32,
    /// What waits for the last page, with the ids; nothing any more once the folder has turned out to be large.
    held: Option<Held>,
    told: Told,
    /// What we have put there ourselves a short time ago, as far as it was seen.
    fresh: HashSet<Id>,
    /// Whether something was told since the last failure.
    has_told: bool,
    remembered: usize,
    /// What was forgotten for want of room before this began.
    generation: u64,
    is_over: bool,
}

#[derive(Debug, Default)]
struct Held {
    things: Vec<Arc<Thing>>,
    ids: HashSet<Id>,
}

/// What came of asking for a page.
enum Step {
    Entries(Vec<Arc<Thing>>),
    /// The page told nothing that is to be told now.
    More,
    /// It failed too often.
    Failed(Error),
}

impl Inner {
    /// Lists a folder: one request for each [`MAX_PAGE_NODES`] nodes, and one for each of our own recent changes that does not show yet.
    pub(super) fn pages(self: &Arc<Self>, folder: &Id) -> Pages {
        Pages {
            inner: Arc::clone(self),
            folder: Arc::clone(folder),
            query: NodeQuery::new(Filter::child_of(folder)).with_limit(MAX_PAGE_NODES),
            progress: Mutex::new(Progress {
                token: None,
                tokens: HashSet::new(),
                hasher: RandomState::new(),
                failures: 0,
                held: Some(Held::default()),
                told: Told::default(),
                fresh: HashSet::new(),
                has_told: false,
                remembered: 0,
                generation: self.known.generation(),
                is_over: false,
            }),
        }
    }
}

impl Pages {
    /// Whether all entries have come.
    pub(super) fn is_over(&mut self) -> bool {
        self.progress.get_mut().is_over
    }

    /// More entries; none at the end. Nothing may be asked for after an error.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Arc<Thing>>>> {
        loop {
            if self.is_over() {
                return Ok(None);
            }
            let this = &*self;
            let retry = &this.inner.retry;
            let step = retry.run(Idempotency::Idempotent, |_attempt| this.step());
            match step.await? {
                Step::Entries(things) => return Ok(Some(things)),
                Step::More => {}
                Step::Failed(error) => return Err(error),
            }
        }
    }

    /// Asks for a page. A page that fails is not asked for again: the service may leave it out then.
    async fn step(&self) -> Result<Step> {
        let mut progress = self.progress.lock().await;
        let token = progress.token.as_deref();
        match self.inner.client.page_once(&self.query, token).await {
            Ok(page) => Ok(self
                .accept(&mut progress, page)
                .await
                .unwrap_or_else(Step::Failed)),
            Err(error) => self.failed(&mut progress, error),
        }
    }

    fn failed(&self, progress: &mut Progress, error: Error) -> Result<Step> {
        progress.begin_anew();
        // Whoever takes long with what was told comes too late for the next page. That costs pages, but every time more is told.
        let is_late = ApiError::of(&error).is_some_and(ApiError::is_page_expired);
        let goes_on = mem::take(&mut progress.has_told);
        if !is_late || !goes_on {
            progress.failures += 1;
        }
        match progress.failures < self.inner.retry.policy().max_attempts {
            true => Err(error),
            false => Ok(Step::Failed(error.with_attempts(progress.failures))),
        }
    }

    /// Takes a page. An error ends the listing: some of the page may have been noted as told by then.
    async fn accept(&self, progress: &mut Progress, page: NodePage) -> Result<Step> {
        progress.is_over = !progress.turn_to(page.next_token.as_deref())?;
        let present = self.present(progress, page).await?;
        let mut things = Vec::with_capacity(present.len());
        for thing in present {
            if self.is_to_be_told(progress, &thing).await? {
                things.push(thing);
            }
        }
        let things = progress.hold(things)?;
        self.remember(progress, &things);
        progress.has_told |= !things.is_empty();
        Ok(match things.is_empty() {
            true => Step::More,
            false => Step::Entries(things),
        })
    }

    /// What of a page is in the folder, since queries show what is not there any more; and after the last page, what we have put there ourselves and does not show yet.
    async fn present(&self, progress: &mut Progress, page: NodePage) -> Result<Vec<Arc<Thing>>> {
        let (inner, folder) = (&self.inner, &self.folder);
        let known = &inner.known;
        let mut things = Vec::with_capacity(page.data.len());
        for node in page.data {
            let Some(thing) = thing_in(&node, folder) else {
                continue;
            };
            if known.is_fresh(folder, &thing.id) {
                progress.fresh.insert(Arc::clone(&thing.id));
            }
            if known.is_gone(folder, &thing.id) {
                match inner.still_there(folder, &thing.id, None).await? {
                    Some(_back) => known.is_back(folder, &thing.id),
                    None => continue,
                }
            }
            things.push(thing);
        }
        if progress.is_over {
            for id in known.missing_from(folder, &progress.fresh) {
                things.extend(inner.still_there(folder, &id, None).await?);
            }
        }
        Ok(things)
    }

    /// Not what was told before: other pages show the same again, and so does a new beginning.
    async fn is_to_be_told(&self, progress: &mut Progress, thing: &Arc<Thing>) -> Result<bool> {
        if let Some(held) = &mut progress.held {
            return Ok(held.ids.insert(Arc::clone(&thing.id)));
        }
        match progress.told.note(&thing.name, &thing.id) {
            Noted::New => Ok(true),
            Noted::Again => Ok(false),
            Noted::SameName => self.refuse_duplicates_of(thing).await.map(|()| true),
        }
    }

    /// Whether there really are two of a name: the other one may have been replaced by this one meanwhile.
    async fn refuse_duplicates_of(&self, thing: &Thing) -> Result<()> {
        let found = self.inner.nodes_named(&self.folder, &thing.name).await?;
        let others = found.iter().filter_map(|node| thing_in(node, &self.folder));
        let mut others = others.filter(|other| {
            let is_gone = self.inner.known.is_gone(&self.folder, &other.id);
            other.name == thing.name && other.id != thing.id && !is_gone
        });
        match others.next() {
            Some(other) => Err(ambiguous(&thing.name, &other.id, &thing.id)),
            None => Ok(()),
        }
    }

    fn remember(&self, progress: &mut Progress, things: &[Arc<Thing>]) {
        let known = &self.inner.known;
        for thing in things {
            progress.remembered += 1;
            if thing.is_folder || progress.remembered <= REMEMBERED {
                known.saw(&self.folder, thing);
            }
        }
        if progress.is_over && progress.remembered <= REMEMBERED {
            known.all_of(&self.folder, progress.generation);
        }
    }
}

impl Progress {
    /// Whether there is another page.
    fn turn_to(&mut self, next: Option<&str>) -> Result<bool> {
        let Some(next) = next else {
            return Ok(false);
        };
        let is_new = self.tokens.insert(self.hasher.hash_one(next));
        if !is_new || self.tokens.len() > MAX_PAGES {
            return Err(Error::with_message(
                ErrorKind::Protocol,
                "the pages of the listing lead in a circle",
            ));
        }
        self.token = Some(next.to_owned());
        Ok(true)
    }

    /// What may be told now: all at the end, and all at once when they have become too many to wait for it.
    fn hold(&mut self, things: Vec<Arc<Thing>>) -> Result<Vec<Arc<Thing>>> {
        let Some(held) = &mut self.held else {
            return Ok(things);
        };
        held.things.extend(things);
        if held.things.len() <= HELD && !self.is_over {
            return Ok(Vec::new());
        }
        let things = mem::take(&mut held.things);
        self.held = None;
        refuse_duplicates(&things)?;
        if !self.is_over {
            for thing in &things {
                self.told.note(&thing.name, &thing.id);
            }
        }
        Ok(things)
    }

    fn begin_anew(&mut self) {
        self.token = None;
        self.tokens.clear();
        if let Some(held) = &mut self.held {
            *held = Held::default();
            self.fresh.clear();
        }
    }
}

fn refuse_duplicates(things: &[Arc<Thing>]) -> Result<()> {
    let mut names: HashMap<&str, &Id> = HashMap::with_capacity(things.len());
    for thing in things {
        if let Some(other) = names.insert(&thing.name, &thing.id) {
            return Err(ambiguous(&thing.name, other, &thing.id));
        }
    }
    Ok(())
}
