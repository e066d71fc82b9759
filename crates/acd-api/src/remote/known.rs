//! What is known of the tree, so that less has to be asked.
//!
//! Everything is kept by the id of the folder it is in, so a folder that is renamed or moved, by us or by others, keeps what is known of its inside.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use remote_core::hash::HashValue;
use tokio::time::Instant;
use unicode_normalization::UnicodeNormalization as _;

use crate::model::node::{Node, NodeKind};

/// How long what was seen is taken for granted. Afterwards it is looked at again before anything rests on it.
pub(super) const TRUST: Duration = Duration::from_secs(60);

/// How long queries may show an older state than the one we have made ourselves: "many seconds" were observed.
pub(super) const SETTLING: Duration = Duration::from_secs(120);

/// The most names that are remembered: some 6 MiB with names of usual length, and more than can be made use of as long as they are [trusted](TRUST).
const MAX_KNOWN: usize = 15_000;

/// The most recent changes of ours that are remembered.
const MAX_RECENT: usize = 20_000;

/// The id of a node.
pub(super) type Id = Arc<str>;

/// A file or folder as it was seen.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Thing {
    pub(super) id: Id,
    pub(super) is_folder: bool,
    /// The name as it is stored.
    pub(super) name: Box<str>,
    pub(super) size: Option<u64>,
    pub(super) md5: Option<HashValue>,
    pub(super) version: Option<u64>,
    pub(super) modified: Option<SystemTime>,
    pub(super) created: Option<SystemTime>,
    pub(super) content_type: Option<Box<str>>,
    /// In how many folders it is.
    pub(super) parents: usize,
}

impl Thing {
    /// Nothing for nodes that are neither file nor folder, or lack what makes one.
    pub(super) fn of(node: &Node) -> Option<Arc<Self>> {
        let is_folder = match node.kind {
            NodeKind::Folder => true,
            NodeKind::File => false,
            _ => return None,
        };
        if node.id.is_empty() {
            return None;
        }
        let content = node.content.as_ref();
        Some(Arc::new(Self {
            id: node.id.as_str().into(),
            is_folder,
            name: node.name.as_deref()?.into(),
            size: node.size(),
            md5: node.md5(),
            version: content.and_then(|content| content.version).or(node.version),
            modified: node.modified_date,
            created: node.created_date,
            content_type: content
                .and_then(|content| content.content_type.as_deref())
                .map(Into::into),
            parents: node.parents.len(),
        }))
    }
}

/// The form under which the service takes two names for the same.
pub(super) fn fold(name: &str) -> String {
    name.to_lowercase()
}

/// How well a stored name fits the one that is looked for; less is better. Some systems write the same letters in another normal form.
pub(super) fn fit(stored: &str, wanted: &str) -> Option<u8> {
    if stored == wanted {
        return Some(0);
    }
    if fold(stored) == fold(wanted) {
        return Some(1);
    }
    let composed = |name: &str| fold(&name.nfc().collect::<String>());
    (composed(stored) == composed(wanted)).then_some(2)
}

/// See the [module](self).
#[derive(Debug, Default)]
pub(super) struct Known(Mutex<State>);

/// What is in a folder, by folded name, and when it was seen.
type Inside = HashMap<Box<str>, (Arc<Thing>, Instant)>;

#[derive(Debug, Default)]
struct State {
    /// By folder.
    things: HashMap<Id, Inside>,
    count: usize,
    /// Folders of which everything inside is known.
    complete: HashMap<Id, Instant>,
    /// The folder in which a thing was seen last, and what it was there.
    places: HashMap<Id, (Id, Arc<Thing>)>,
    /// What we have taken out of a folder, by folder and id.
    gone: HashMap<(Id, Id), Instant>,
    /// What we have put into a folder.
    fresh: HashMap<Id, HashMap<Id, Instant>>,
    recent: usize,
    /// Goes up whenever all was forgotten.
    generation: u64,
}

impl Known {
    /// What has a name in a folder, and how long ago it was seen.
    pub(super) fn get(&self, folder: &Id, name: &str) -> Option<(Arc<Thing>, Duration)> {
        let state = self.state();
        let (thing, at) = state.things.get(folder)?.get(fold(name).as_str())?;
        Some((Arc::clone(thing), at.elapsed()))
    }

    /// Notes what was seen in a folder.
    pub(super) fn saw(&self, folder: &Id, thing: &Arc<Thing>) {
        let mut state = self.state();
        if state.count >= MAX_KNOWN {
            state.forget_all();
        }
        state.unplace(&thing.id);
        let key = fold(&thing.name).into_boxed_str();
        let in_folder = state.things.entry(Arc::clone(folder)).or_default();
        let old = in_folder.insert(key, (Arc::clone(thing), Instant::now()));
        match old {
            Some((old, _)) if old.id != thing.id => {
                state.places.remove(&old.id);
            }
            Some(_) => {}
            None => state.count += 1,
        }
        let place = (Arc::clone(folder), Arc::clone(thing));
        state.places.insert(Arc::clone(&thing.id), place);
    }

    /// Notes what we have made or put into a folder.
    pub(super) fn made(&self, folder: &Id, thing: &Arc<Thing>) {
        self.saw(folder, thing);
        let mut state = self.state();
        state.make_room();
        state
            .gone
            .remove(&(Arc::clone(folder), Arc::clone(&thing.id)));
        let fresh = state.fresh.entry(Arc::clone(folder)).or_default();
        if fresh
            .insert(Arc::clone(&thing.id), Instant::now())
            .is_none()
        {
            state.recent += 1;
        }
    }

    /// Forgets what was thought to be in a folder under a name.
    pub(super) fn forget(&self, folder: &Id, thing: &Thing) {
        let mut state = self.state();
        state.complete.remove(folder);
        if state
            .places
            .get(&thing.id)
            .is_some_and(|(at, _)| at == folder)
        {
            state.unplace(&thing.id);
        }
        state.drop_name(folder, &thing.name, &thing.id);
    }

    /// Notes what we have taken out of a folder.
    pub(super) fn removed(&self, folder: &Id, thing: &Thing) {
        let mut state = self.state();
        state.unplace(&thing.id);
        state.drop_name(folder, &thing.name, &thing.id);
        state.make_room();
        let id = &thing.id;
        let was_fresh = state
            .fresh
            .get_mut(folder)
            .and_then(|fresh| fresh.remove(id));
        if was_fresh.is_none() {
            state.recent += 1;
        }
        let key = (Arc::clone(folder), Arc::clone(id));
        state.gone.insert(key, Instant::now());
    }

    /// Whether we have taken this out of the folder a short time ago, so that a query that shows it may show an older state.
    pub(super) fn is_gone(&self, folder: &Id, id: &Id) -> bool {
        let key = (Arc::clone(folder), Arc::clone(id));
        let gone = self.state().gone.get(&key).copied();
        gone.is_some_and(|at| at.elapsed() < SETTLING)
    }

    /// It is there again, by somebody else's doing.
    pub(super) fn is_back(&self, folder: &Id, id: &Id) {
        self.state()
            .gone
            .remove(&(Arc::clone(folder), Arc::clone(id)));
    }

    /// Whether we have put this into the folder a short time ago.
    pub(super) fn is_fresh(&self, folder: &Id, id: &Id) -> bool {
        let state = self.state();
        let fresh = state.fresh.get(folder);
        fresh.is_some_and(|fresh| fresh.contains_key(id))
    }

    /// What we have put into a folder a short time ago and is not among these.
    pub(super) fn missing_from(&self, folder: &Id, seen: &HashSet<Id>) -> Vec<Id> {
        let state = self.state();
        let fresh = state.fresh.get(folder).into_iter().flatten();
        fresh
            .filter(|(id, at)| at.elapsed() < SETTLING && !seen.contains(*id))
            .map(|(id, _)| Arc::clone(id))
            .collect()
    }

    /// A number that changes when knowledge was dropped for want of room.
    pub(super) fn generation(&self) -> u64 {
        self.state().generation
    }

    /// Notes that all of a folder is known, unless something was forgotten since the generation.
    pub(super) fn all_of(&self, folder: &Id, since: u64) {
        let mut state = self.state();
        if state.generation == since {
            state.complete.insert(Arc::clone(folder), Instant::now());
        }
    }

    /// Whether all of a folder is known, so that what is not known is not there.
    pub(super) fn is_complete(&self, folder: &Id) -> bool {
        let at = self.state().complete.get(folder).copied();
        at.is_some_and(|at| at.elapsed() < TRUST)
    }

    /// Forgets what is known of a whole folder.
    pub(super) fn forget_inside(&self, folder: &Id) {
        let mut state = self.state();
        state.complete.remove(folder);
        let inside = state.things.remove(folder).unwrap_or_default();
        state.count -= inside.len();
        for (thing, _) in inside.values() {
            state.places.remove(&thing.id);
        }
    }

    /// Forgets all that was seen. What we have done ourselves is remembered.
    pub(super) fn forget_all(&self) {
        self.state().forget_all();
    }

    /// The folder that a thing was seen in last, and what it was there.
    pub(super) fn place_of(&self, id: &str) -> Option<(Id, Arc<Thing>)> {
        let state = self.state();
        state.places.get(id).cloned()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn forget_all(&mut self) {
        self.things.clear();
        self.places.clear();
        self.complete.clear();
        self.count = 0;
        self.generation += 1;
    }

    /// A thing that shows up elsewhere is not where it was; hard links are looked up again when they are asked for.
    fn unplace(&mut self, id: &Id) {
        if let Some((folder, thing)) = self.places.remove(id) {
            self.drop_name(&folder, &thing.name, id);
        }
    }

    fn drop_name(&mut self, folder: &Id, name: &str, id: &Id) {
        if let Some(in_folder) = self.things.get_mut(folder) {
            let key = fold(name);
            if in_folder
                .get(key.as_str())
                .is_some_and(|(thing, _)| thing.id == *id)
            {
                in_folder.remove(key.as_str());
                self.count -= 1;
            }
        }
    }

    /// Changes that are long settled are dropped when there are many; then all, because a listing that shows an older state for some seconds is better than memory
    /// without bounds.
    fn make_room(&mut self) {
        if self.recent < MAX_RECENT {
            return;
        }
        self.gone.retain(|_, at| at.elapsed() < SETTLING);
        for fresh in self.fresh.values_mut() {
            fresh.retain(|_, at| at.elapsed() < SETTLING);
        }
        self.fresh.retain(|_, fresh| !fresh.is_empty());
        self.recent = self.gone.len() + self.fresh.values().map(HashMap::len).sum::<usize>();
        if self.recent >= MAX_RECENT {
            self.gone.clear();
            self.fresh.clear();
            self.recent = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thing(id: &str, name: &str) -> Arc<Thing> {
        let json = serde_json::json!({ "id": id, "name": name, "kind": "FILE", "parents": ["p"] });
        Thing::of(&serde_json::from_value(json).unwrap()).unwrap()
    }

    fn id(text: &str) -> Id {
        text.into()
    }

    #[test]
    fn names_fit_in_any_case_and_normal_form() {
        assert_eq!(fit("Ärger", "Ärger"), Some(0));
        assert_eq!(fit("Ärger", "ärger"), Some(1));
        assert_eq!(fit("caf\u{e9}", "cafe\u{301}"), Some(2));
        assert_eq!(fit("a", "b"), None);
    }

    #[test]
    fn a_thing_that_shows_up_elsewhere_is_not_where_it_was() {
        let known = Known::default();
        known.saw(&id("p"), &thing("x", "Name"));
        assert!(known.get(&id("p"), "nAME").is_some());
        known.saw(&id("q"), &thing("x", "other"));
        assert!(known.get(&id("p"), "name").is_none());
        assert_eq!(known.place_of("x").unwrap().0, id("q"));
        assert_eq!(known.state().count, 1);
    }

    #[test]
    fn what_we_did_is_remembered_against_older_views() {
        let known = Known::default();
        known.made(&id("p"), &thing("x", "a"));
        assert_eq!(known.missing_from(&id("p"), &HashSet::new()), [id("x")]);
        let seen = HashSet::from([id("x")]);
        assert!(known.missing_from(&id("p"), &seen).is_empty());
        known.removed(&id("p"), &thing("x", "a"));
        assert!(known.is_gone(&id("p"), &id("x")) && !known.is_gone(&id("q"), &id("x")));
        assert!(known.missing_from(&id("p"), &HashSet::new()).is_empty());
        known.made(&id("p"), &thing("x", "a"));
        assert!(!known.is_gone(&id("p"), &id("x")));
    }

    #[test]
    fn knowledge_is_bounded_and_completeness_goes_with_it() {
        let known = Known::default();
        let before = known.generation();
        for number in 0..=MAX_KNOWN {
            known.saw(
                &id("p"),
                &thing(&format!("i{number}"), &format!("n{number}")),
            );
        }
        known.all_of(&id("p"), before);
        assert!(!known.is_complete(&id("p")));
        assert_eq!(known.state().count, 1);
        for number in 0..=MAX_RECENT {
            known.made(&id("q"), &thing(&format!("j{number}"), "same"));
        }
        assert!(known.state().recent <= MAX_RECENT);
    }
}
