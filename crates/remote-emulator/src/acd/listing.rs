//! Collections: queries over all nodes, the children of a folder, the trash; page by page.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::ops::Bound;

use serde_json::{Value, json};

use crate::acd::filter::{Filter, Seen};
use crate::acd::node::{Key, Kind, Node, Parent, ROOT, new_id};
use crate::acd::problem::Problem;
use crate::acd::render::{self, Style};
use crate::acd::state::State;
use crate::acd::synthetic;
use crate::ids;
use crate::query;
use crate::tree::TreeEntry;

/// The largest page there is, whatever is asked for.
const PAGE_LIMIT: usize = 200;

/// The furthest that pages can be numbered.
const OFFSET_LIMIT: usize = 9999;

/// Page tokens beyond this number are forgotten, expired ones first.
const TOKENS_KEPT: usize = 100_000;

/// What is listed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Scope {
    All,
    /// The children of the folder with this id.
    Children(String),
    Trash,
}

/// The place of a node in a collection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Place {
    Node(Key),
    Tree(TreeEntry),
}

/// Where a page begins.
#[derive(Clone, Copy, Debug)]
enum Start {
    Beginning,
    After(Place),
    /// That many into a sorted collection.
    Offset(usize),
}

/// What a page token stands for.
#[derive(Clone, Debug)]
struct Page {
    /// The query it belongs to.
    query: String,
    start: Start,
    count: u64,
    expires: i64,
}

/// The page tokens that were given out.
#[derive(Debug, Default)]
pub(crate) struct Pages {
    all: HashMap<String, Page>,
}

impl Pages {
    fn insert(&mut self, page: Page, now: i64) -> String {
        if self.all.len() >= TOKENS_KEPT {
            self.all.retain(|_, page| now < page.expires);
        }
        if self.all.len() >= TOKENS_KEPT {
            self.all.clear();
        }
        let token = ids::code(10);
        self.all.insert(token.clone(), page);
        token
    }

    /// Ends all tokens.
    pub(crate) fn expire(&mut self) {
        self.all
            .values_mut()
            .for_each(|page| page.expires = i64::MIN);
    }
}

#[derive(Clone, Copy, Debug)]
enum SortKey {
    Created,
    Kind,
    Modified,
    Name,
    Size,
}

/// A request for a page, taken apart.
#[derive(Debug)]
pub(crate) struct Query {
    scope: Scope,
    filter: Filter,
    limit: usize,
    sort: Option<(SortKey, bool)>,
    offset: usize,
    token: Option<String>,
    /// Where temporary links begin, if they are asked for.
    temp_links: Option<String>,
    assets: bool,
    /// All of the above but the token.
    fingerprint: String,
}

impl Query {
    pub(crate) fn parse(
        state: &State,
        scope: Scope,
        text: &str,
        content_url: &str,
    ) -> Result<Self, Problem> {
        let mut pairs: Vec<(String, String)> = query::pairs(text)
            .filter(|(key, _)| key != "startToken")
            .collect();
        pairs.sort();
        let value = |name: &str| {
            let mut all = pairs.iter().filter(|(key, _)| key == name);
            all.next().map(|(_, value)| value.as_str())
        };
        let token = query::pairs(text).find(|(key, _)| key == "startToken");
        let mut filter = Filter::parse(value("filters").unwrap_or_default(), &state.settings)?;
        if scope == Scope::Trash {
            filter = filter.in_trash();
        }
        let limit = match value("limit") {
            None => PAGE_LIMIT,
            Some(text) => text
                .parse::<usize>()
                .ok()
                .filter(|limit| *limit > 0)
                .ok_or_else(|| Problem::bad("Invalid limit"))?,
        };
        let offset = match value("offset") {
            None => 0,
            Some(text) => text
                .parse::<usize>()
                .ok()
                .filter(|offset| offset.saturating_add(limit) <= OFFSET_LIMIT)
                .ok_or_else(|| Problem::bad("Invalid offset"))?,
        };
        Ok(Self {
            filter,
            limit: limit.min(PAGE_LIMIT).min(state.settings.page_size.max(1)),
            sort: value("sort").map(sort).transpose()?,
            offset,
            token: token
                .map(|(_, token)| token)
                .filter(|token| !token.is_empty()),
            temp_links: (value("tempLink") == Some("true")).then(|| content_url.to_owned()),
            assets: value("asset") == Some("ALL"),
            fingerprint: format!("{scope:?} {pairs:?}"),
            scope,
        })
    }
}

/// `['modifiedDate DESC']`, of which the first key counts.
fn sort(text: &str) -> Result<(SortKey, bool), Problem> {
    let refused = || Problem::bad("Invalid sort");
    let inner = text
        .trim()
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .ok_or_else(refused)?;
    let first = inner.split(',').next().unwrap_or_default().trim();
    let first = first.trim_matches(['\'', '"']);
    let (key, direction) = first.split_once(' ').unwrap_or((first, "ASC"));
    let key = match key {
        "contentProperties.size" => SortKey::Size,
        "createdDate" => SortKey::Created,
        "kind" => SortKey::Kind,
        "modifiedDate" => SortKey::Modified,
        "name" => SortKey::Name,
        _ => return Err(refused()),
    };
    match direction {
        "ASC" => Ok((key, false)),
        "DESC" => Ok((key, true)),
        _ => Err(refused()),
    }
}

/// A node of a collection.
struct Item<'s> {
    place: Place,
    node: Cow<'s, Node>,
}

impl Item<'_> {
    fn key(&self) -> Option<Key> {
        match self.place {
            Place::Node(key) => Some(key),
            Place::Tree(_) => None,
        }
    }
}

type Items<'s> = Box<dyn Iterator<Item = Item<'s>> + 's>;

impl State {
    /// A page of a collection.
    pub(crate) fn list(&mut self, query: &Query, now: i64) -> Result<Value, Problem> {
        let (start, known_count) = self.begin(query, now)?;
        let (data, next, counted) = self.page(query, start, known_count.is_none(), now);
        let count = known_count.unwrap_or(counted);
        let mut answer = json!({ "count": count });
        if let Some(next) = next {
            let repeated = query
                .token
                .clone()
                .filter(|_| self.settings.repeat_page_tokens);
            let token = repeated.unwrap_or_else(|| {
                let lifetime = self.settings.page_token_lifetime_ms;
                let page = Page {
                    query: query.fingerprint.clone(),
                    start: next,
                    count,
                    expires: now.saturating_add_unsigned(lifetime),
                };
                self.pages.insert(page, now)
            });
            answer["nextToken"] = token.into();
        }
        let mut data = data;
        if self.settings.bogus_children && query.token.is_none() && is_folder_listing(query) {
            data.extend(bogus());
        }
        if let Some(base) = &query.temp_links {
            data.iter_mut()
                .for_each(|node| self.add_link(node, base, now));
        }
        answer["data"] = data.into();
        Ok(answer)
    }

    /// Gives a file a temporary link.
    pub(crate) fn add_link(&mut self, node: &mut Value, content_url: &str, now: i64) {
        if node["kind"] == Kind::File.name() {
            let id = node["id"].as_str().unwrap_or_default().to_owned();
            let lifetime = self.settings.link_lifetime_ms;
            let token = self.links.make(&id, now, lifetime);
            node["tempLink"] = format!("{content_url}templink/{token}").into();
        }
    }

    /// Where the page begins, and the number of nodes in all if it is known from an earlier page.
    fn begin(&mut self, query: &Query, now: i64) -> Result<(Start, Option<u64>), Problem> {
        let Some(token) = &query.token else {
            let start = match query.offset {
                0 => Start::Beginning,
                offset => Start::Offset(offset),
            };
            return Ok((start, None));
        };
        let page = self.pages.all.get(token).cloned();
        let page = page.filter(|page| now < page.expires);
        let page = page.ok_or_else(Problem::page_expired)?;
        if page.query != query.fingerprint {
            return Err(Problem::bad("startToken does not belong to this query"));
        }
        if self.settings.drop_pages > 0 {
            self.settings.drop_pages -= 1;
            if let (_, Some(next), _) = self.page(query, page.start, false, now)
                && let Some(page) = self.pages.all.get_mut(token)
            {
                page.start = next;
            }
            return Err(Problem::too_fast());
        }
        Ok((page.start, Some(page.count)))
    }

    /// The nodes of a page, where the next one begins, and how many nodes there are if they were to be counted.
    fn page(
        &self,
        query: &Query,
        start: Start,
        count: bool,
        now: i64,
    ) -> (Vec<Value>, Option<Start>, u64) {
        if query.sort.is_some() || matches!(start, Start::Offset(_)) {
            return self.numbered_page(query, start, now);
        }
        let after = match start {
            Start::After(place) => Some(place),
            Start::Beginning | Start::Offset(_) => None,
        };
        let mut matches = self.matching(query, after, now);
        let mut data = Vec::new();
        let mut last = None;
        for item in matches.by_ref().take(query.limit) {
            last = Some(item.place);
            data.push(self.show(query, &item, now));
        }
        let more = matches.next().is_some();
        let total = if count {
            (data.len() + usize::from(more) + matches.count()) as u64
        } else {
            0
        };
        let next = last.filter(|_| more).map(Start::After);
        (data, next, total)
    }

    /// A page of a collection that is sorted, or whose pages are asked for by number.
    fn numbered_page(
        &self,
        query: &Query,
        start: Start,
        now: i64,
    ) -> (Vec<Value>, Option<Start>, u64) {
        let offset = match start {
            Start::Offset(offset) => offset,
            Start::After(_) | Start::Beginning => 0,
        };
        let mut all: Vec<Item<'_>> = self.matching(query, None, now).collect();
        if let Some((key, descending)) = query.sort {
            all.sort_by_cached_key(|item| sort_value(key, &item.node));
            if descending {
                all.reverse();
            }
        }
        let shown = all.iter().skip(offset).take(query.limit);
        let data: Vec<Value> = shown.map(|item| self.show(query, item, now)).collect();
        let end = offset.saturating_add(data.len());
        let next = (end < all.len() && !data.is_empty()).then_some(Start::Offset(end));
        (data, next, all.len() as u64)
    }

    fn show(&self, query: &Query, item: &Item<'_>, now: i64) -> Value {
        let style = Style {
            now,
            finished: false,
            assets: query.assets,
        };
        let seen = item.node.indexed(now);
        let data = match seen {
            Some(seen) if self.settings.stale_documents => seen,
            _ => &item.node.data,
        };
        render::node(self, item.key(), &item.node, data, style)
    }

    /// What a query finds, in order of creation, synthetic nodes last.
    fn matching<'s>(&'s self, query: &'s Query, after: Option<Place>, now: i64) -> Items<'s> {
        let id_of = |parent: &Parent| self.id_of(parent);
        let matches = move |item: &Item<'_>| {
            let Some(data) = item.node.indexed(now) else {
                return false;
            };
            let seen = Seen {
                key: item.key(),
                node: &item.node,
                data,
                now,
            };
            let in_scope = match &query.scope {
                Scope::All => true,
                Scope::Children(id) => data.parents.iter().any(|p| self.id_of(p) == *id),
                Scope::Trash => data.trashed.is_some_and(|trashed| trashed.top),
            };
            in_scope && query.filter.matches(seen, &self.settings, id_of)
        };
        Box::new(self.candidates(query, after).filter(matches))
    }

    /// The nodes that a query may find, from the one after `after` on.
    fn candidates<'s>(&'s self, query: &'s Query, after: Option<Place>) -> Items<'s> {
        let (parent, name) = match &query.scope {
            Scope::Children(id) => (Some(id.as_str()), None),
            Scope::All | Scope::Trash => match query.filter.place() {
                Some((parent, name)) => (Some(parent), name),
                None => (None, None),
            },
        };
        let (after_key, after_tree) = match after {
            None => (None, None),
            Some(Place::Node(key)) => (Some(key), None),
            Some(Place::Tree(entry)) => (Some(Key::MAX), Some(entry)),
        };
        let synthetic = self.synthetic_candidates(query, parent, after_tree);
        if query.filter.root_only() {
            let root = (ROOT..=ROOT).filter(move |key| after_key.is_none_or(|after| *key > after));
            return self.items(root);
        }
        let from = after_key.map_or(Bound::Unbounded, Bound::Excluded);
        let nodes = match (parent, query.filter.md5()) {
            (Some(parent), _) => self.items(self.children_from(parent, name, from)),
            (None, Some(md5)) => {
                let found: BTreeSet<Key> =
                    self.with_md5(md5).chain(self.lagging().clone()).collect();
                let found: Vec<Key> = found.range((from, Bound::Unbounded)).copied().collect();
                self.items(found.into_iter())
            }
            (None, None) => {
                let all = self.nodes().range((from, Bound::Unbounded));
                self.items(all.map(|(key, _)| *key))
            }
        };
        Box::new(nodes.chain(synthetic))
    }

    fn items<'s>(&'s self, keys: impl Iterator<Item = Key> + 's) -> Items<'s> {
        Box::new(keys.filter_map(|key| {
            Some(Item {
                place: Place::Node(key),
                node: Cow::Borrowed(self.node(key)?),
            })
        }))
    }

    /// The nodes that are or, for lagging readers, were in a folder.
    fn children_from<'s>(
        &'s self,
        parent: &str,
        name: Option<&str>,
        from: Bound<Key>,
    ) -> Box<dyn Iterator<Item = Key> + 's> {
        let range = (from, Bound::Unbounded);
        let Some(parent) = self.key_of(parent) else {
            // Planted nodes may have parents that are nowhere.
            return Box::new(self.nodes().range(range).map(|(key, _)| *key));
        };
        if let Some(name) = name {
            let found: BTreeSet<Key> = self
                .named(parent, name)
                .chain(self.lagging().clone())
                .collect();
            let found: Vec<Key> = found.range(range).copied().collect();
            return Box::new(found.into_iter());
        }
        let set = self.children_set(parent);
        if self.lagging().is_empty() {
            let found = set.map(|set| set.range(range).copied());
            return Box::new(found.into_iter().flatten());
        }
        let mut all = self.lagging().clone();
        all.extend(set.into_iter().flatten());
        let found: Vec<Key> = all.range(range).copied().collect();
        Box::new(found.into_iter())
    }

    /// The same of the synthetic tree. By MD5 it is not searched: nothing there is worth a million hashes.
    fn synthetic_candidates<'s>(
        &'s self,
        query: &Query,
        parent: Option<&str>,
        after: Option<TreeEntry>,
    ) -> Items<'s> {
        let none = || -> Items<'s> { Box::new(std::iter::empty()) };
        let Some(tree) = &self.tree else {
            return none();
        };
        if query.scope == Scope::Trash || (parent.is_none() && query.filter.md5().is_some()) {
            return none();
        }
        let entries: Box<dyn Iterator<Item = TreeEntry> + 's> = match parent {
            None => Box::new(synthetic::walk(tree, after)),
            Some(parent) if self.key_of(parent) == Some(ROOT) => {
                let root = after.is_none() && tree.exists(TreeEntry::Root);
                Box::new(root.then_some(TreeEntry::Root).into_iter())
            }
            Some(parent) => match self.synthetic(parent) {
                Some(parent) => Box::new(synthetic::children(tree, parent, after)),
                None => return none(),
            },
        };
        Box::new(entries.map(|entry| Item {
            place: Place::Tree(entry),
            node: Cow::Owned(self.synthetic_node(tree, entry)),
        }))
    }
}

fn sort_value(key: SortKey, node: &Node) -> (u64, String) {
    let data = &node.data;
    match key {
        SortKey::Created => (node.created.unsigned_abs(), String::new()),
        SortKey::Kind => (0, node.kind.name().to_owned()),
        SortKey::Modified => (data.modified.unsigned_abs(), String::new()),
        SortKey::Name => (0, data.name.clone().unwrap_or_default()),
        SortKey::Size => {
            let size = data.content.as_ref().map(|content| content.blob.len());
            (size.unwrap_or_default(), String::new())
        }
    }
}

/// Whether a query asks for all that is in a folder.
fn is_folder_listing(query: &Query) -> bool {
    match query.filter.place() {
        Some((_, name)) => name.is_none(),
        None => matches!(query.scope, Scope::Children(_)),
    }
}

/// Nodes as the index wrongly returns them: from another folder, without a name, from the trash.
fn bogus() -> [Value; 3] {
    let node = |status: &str| {
        let mut node = json!({
            "id": new_id(false),
            "kind": Kind::File.name(),
            "name": "bogus.txt",
            "version": 1,
            "status": status,
            "parents": [new_id(false)],
            "createdDate": "2016-05-15T20:07:10.418Z",
            "modifiedDate": "2016-05-15T20:07:10.418Z",
            "contentProperties": {"size": 5, "md5": "00000000000000000000000000000000", "version": 1},
        });
        node["eTagResponse"] = "AbCdEfGhI01".into();
        node
    };
    let mut nameless = node("AVAILABLE");
    if let Some(members) = nameless.as_object_mut() {
        members.remove("name");
    }
    [node("AVAILABLE"), nameless, node("TRASH")]
}
