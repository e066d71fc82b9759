//! What requests change: names, places, the trash.

use std::collections::{HashSet, VecDeque};

use serde_json::Value;

use crate::acd::node::{Blob, Data, FileContent, Key, Kind, Parent, Properties, ROOT, Trashed};
use crate::acd::problem::Problem;
use crate::acd::saved::Record;
use crate::acd::state::{Moment, State};
use crate::acd::synthetic;
use crate::names::fold;
use crate::tree::{Tree, TreeEntry};

/// Labels of a node, and characters of one.
const LABELS: (usize, usize) = (10, 256);

/// Characters of a description.
const DESCRIPTION_LIMIT: usize = 500;

/// A node to be made.
#[derive(Clone, Debug)]
pub(crate) struct NewNode {
    pub(crate) name: String,
    pub(crate) parents: Vec<Key>,
    pub(crate) description: String,
    pub(crate) labels: Vec<String>,
    pub(crate) properties: Properties,
    local_id: Option<String>,
}

impl State {
    /// Reads the metadata of a new node and looks whether it can be made.
    pub(crate) fn new_node(
        &self,
        metadata: &Value,
        kind: Kind,
        local_id: Option<&str>,
    ) -> Result<NewNode, Problem> {
        if metadata["kind"] != kind.name() {
            return Err(Problem::bad(format!("kind must be {}", kind.name())));
        }
        let name = metadata["name"].as_str();
        let name = name.ok_or_else(|| Problem::bad("name is missing"))?;
        self.check_name(name)?;
        let parents = match &metadata["parents"] {
            Value::Null => vec![ROOT],
            parents => self.parents(parents)?,
        };
        let description = metadata["description"].as_str().unwrap_or_default();
        check_description(description)?;
        let taken = local_id.and_then(|id| self.local_ids.get(id));
        if let Some(taken) = taken {
            let problem = Problem::new(409, "Node with the localId already exists");
            let problem = problem.with_code("LOCAL_ID_ALREADY_EXISTS");
            return Err(if self.settings.local_id_names_node {
                problem.with_node(self.id_of(&Parent::Node(*taken)))
            } else {
                problem
            });
        }
        self.check_free(&parents, name, None)?;
        Ok(NewNode {
            name: name.to_owned(),
            parents,
            description: description.to_owned(),
            labels: labels(&metadata["labels"])?,
            properties: self.properties_of(&metadata["properties"])?,
            local_id: local_id.map(str::to_owned),
        })
    }

    /// Puts a node that can be made into the drive.
    pub(crate) fn insert(
        &mut self,
        moment: Moment,
        kind: Kind,
        new: NewNode,
        content: Option<FileContent>,
    ) -> Key {
        let mut data = Data::new(moment.now);
        data.name = Some(new.name);
        data.parents = new.parents.into_iter().map(Parent::Node).collect();
        data.description = new.description;
        data.labels = new.labels;
        data.properties = new.properties;
        data.content = content;
        let key = self.create(moment, kind, data);
        if let Some(local_id) = new.local_id {
            self.local_ids.insert(local_id, key);
        }
        key
    }

    /// Reads a list of ids of folders that are there.
    fn parents(&self, value: &Value) -> Result<Vec<Key>, Problem> {
        let ids = value.as_array().filter(|ids| !ids.is_empty());
        let ids = ids.ok_or_else(|| Problem::bad("parents must be a list of ids"))?;
        let mut keys = Vec::new();
        for id in ids {
            let id = id.as_str().ok_or_else(Problem::no_parent)?;
            let key = self.live_folder(id)?;
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        Ok(keys)
    }

    fn live_folder(&self, id: &str) -> Result<Key, Problem> {
        self.refuse_synthetic(id)?;
        let key = self.key_of(id).ok_or_else(Problem::no_parent)?;
        let node = self.get(key)?;
        if node.kind == Kind::Folder && node.data.live() {
            Ok(key)
        } else {
            Err(Problem::no_parent())
        }
    }

    fn check_name(&self, name: &str) -> Result<(), Problem> {
        let settings = &self.settings;
        if name.is_empty() {
            return Err(Problem::bad("name is empty"));
        }
        if name.chars().count() > settings.max_name_chars {
            return Err(Problem::bad("name is too long"));
        }
        let forbidden = |letter: char| settings.forbidden_name_chars.contains(letter);
        if name.contains(forbidden) {
            return Err(Problem::bad("name has a character that is not allowed"));
        }
        Ok(())
    }

    /// Whether no live node of these folders has a name, apart from the node itself.
    fn check_free(&self, parents: &[Key], name: &str, itself: Option<Key>) -> Result<(), Problem> {
        for parent in parents {
            let taken = self.named(*parent, name).find(|key| {
                Some(*key) != itself && self.node(*key).is_some_and(|node| node.data.live())
            });
            let id = match taken {
                Some(taken) => self.id_of(&Parent::Node(taken)),
                None if self.is_synthetic_name(*parent, name) => synthetic::id(TreeEntry::Root),
                None => continue,
            };
            let (name, parent) = (fold(name), self.id_of(&Parent::Node(*parent)));
            let text = format!(
                "Node with the name {name} already exists under parentId {parent} conflicting NodeId: {id}"
            );
            let problem = Problem::new(409, text).with_code("NAME_ALREADY_EXISTS");
            return Err(problem.with_node(id));
        }
        Ok(())
    }

    fn is_synthetic_name(&self, parent: Key, name: &str) -> bool {
        let tree = self.tree.as_ref();
        parent == ROOT
            && fold(name) == Tree::name(TreeEntry::Root)
            && tree.is_some_and(|tree| tree.exists(TreeEntry::Root))
    }

    /// Synthetic nodes can be read and trashed only.
    pub(crate) fn refuse_synthetic(&self, id: &str) -> Result<(), Problem> {
        match self.synthetic(id) {
            Some(_) => Err(Problem::forbidden(
                "nodes of the synthetic tree cannot be changed",
            )),
            None => Ok(()),
        }
    }

    /// `PATCH nodes/{id}`
    pub(crate) fn patch(
        &mut self,
        moment: Moment,
        id: &str,
        changes: &Value,
    ) -> Result<Key, Problem> {
        self.refuse_synthetic(id)?;
        let key = self.find(id)?;
        if changes.get("contentProperties").is_some() {
            return Err(Problem::forbidden("contentProperties cannot be updated"));
        }
        if key == ROOT && (changes.get("name").is_some() || changes.get("parents").is_some()) {
            return Err(Problem::forbidden("the root cannot be renamed or moved"));
        }
        let node = self.get(key)?;
        let mut data = node.data.clone();
        let name = changes["name"].as_str().map(str::to_owned);
        if let Some(name) = &name {
            self.check_name(name)?;
            if self.settings.same_name_conflicts && data.name.as_ref() == Some(name) {
                let text = format!("Node with the name {} already exists", fold(name));
                let problem = Problem::new(409, text).with_code("NAME_ALREADY_EXISTS");
                return Err(problem.with_node(id));
            }
            data.name = Some(name.clone());
        }
        if let Some(parents) = changes.get("parents") {
            let parents = self.parents(parents)?;
            self.check_cycle(key, &parents)?;
            data.parents = parents.into_iter().map(Parent::Node).collect();
        }
        if (name.is_some() || changes.get("parents").is_some()) && data.live() {
            let parents: Vec<Key> = data.parent_keys().collect();
            let name = data.name.clone().unwrap_or_default();
            self.check_free(&parents, &name, Some(key))?;
        }
        if let Some(text) = changes["description"].as_str() {
            check_description(text)?;
            data.description = text.to_owned();
        }
        if changes.get("labels").is_some() {
            data.labels = labels(&changes["labels"])?;
        }
        if changes.get("properties").is_some() {
            data.properties
                .extend(self.properties_of(&changes["properties"])?);
        }
        if changes["status"] == "AVAILABLE"
            && let Some(content) = &mut data.content
        {
            content.ready_at = 0;
        }
        self.edit(moment, key, |old| {
            let version = old.version;
            *old = data;
            old.version = version;
        });
        Ok(key)
    }

    /// `POST nodes/{id}/children`: replaces one parent by another.
    pub(crate) fn move_node(
        &mut self,
        moment: Moment,
        to: &str,
        from: &str,
        child: &str,
    ) -> Result<Key, Problem> {
        for id in [to, from, child] {
            self.refuse_synthetic(id)?;
        }
        let child = self.find(child)?;
        let from = self.find(from)?;
        let to = self.find(to)?;
        let node = self.get(child)?;
        let target = self.get(to)?;
        if !node.data.has_parent(from) || target.kind != Kind::Folder || !target.data.live() {
            return Err(Problem::no_node());
        }
        if !node.data.live() {
            let status = self.settings.move_trashed_status;
            return Err(Problem::new(status, "A node in the trash cannot be moved"));
        }
        self.check_cycle(child, &[to])?;
        let name = node.data.name.clone().unwrap_or_default();
        self.check_free(&[to], &name, Some(child))?;
        self.edit(moment, child, |data| {
            data.parents.retain(|parent| *parent != Parent::Node(from));
            if !data.has_parent(to) {
                data.parents.push(Parent::Node(to));
            }
        });
        self.announce(from);
        self.announce(to);
        Ok(child)
    }

    /// `PUT nodes/{parent}/children/{child}`
    pub(crate) fn add_parent(
        &mut self,
        moment: Moment,
        parent: &str,
        child: &str,
    ) -> Result<Key, Problem> {
        self.refuse_synthetic(parent)?;
        self.refuse_synthetic(child)?;
        let parent = self.find(parent)?;
        let child = self.find(child)?;
        if self.get(parent)?.kind != Kind::Folder {
            return Err(Problem::bad("the parent is not a folder"));
        }
        if child == ROOT {
            return Err(Problem::forbidden("the root has no parents"));
        }
        let node = self.get(child)?;
        if node.data.has_parent(parent) {
            return Ok(child);
        }
        self.check_cycle(child, &[parent])?;
        if node.data.live() {
            let name = node.data.name.clone().unwrap_or_default();
            self.check_free(&[parent], &name, Some(child))?;
        }
        self.edit(moment, child, |data| {
            data.parents.push(Parent::Node(parent));
        });
        self.announce(parent);
        Ok(child)
    }

    /// `DELETE nodes/{parent}/children/{child}`
    pub(crate) fn remove_parent(
        &mut self,
        moment: Moment,
        parent: &str,
        child: &str,
    ) -> Result<Key, Problem> {
        self.refuse_synthetic(parent)?;
        self.refuse_synthetic(child)?;
        let parent = self.find(parent)?;
        let child = self.find(child)?;
        if !self.get(child)?.data.has_parent(parent) {
            return Err(Problem::no_node());
        }
        let to_root = self.settings.orphans_to_root;
        self.edit(moment, child, |data| {
            data.parents.retain(|known| *known != Parent::Node(parent));
            if data.parents.is_empty() && to_root {
                data.parents.push(Parent::Node(ROOT));
            }
        });
        self.announce(parent);
        Ok(child)
    }

    /// A folder may become its own ancestor, which real ones can, unless that is switched off; its own parent it
    /// may not.
    fn check_cycle(&self, child: Key, parents: &[Key]) -> Result<(), Problem> {
        let below = if self.settings.refuse_cycles {
            self.subtree(child, |_| true)
        } else {
            vec![child]
        };
        if parents.iter().any(|parent| below.contains(parent)) {
            return Err(Problem::bad("a folder cannot be inside itself"));
        }
        Ok(())
    }

    /// A node and everything below it that `wanted` lets pass, each once however it is linked.
    pub(crate) fn subtree(&self, top: Key, wanted: impl Fn(Key) -> bool) -> Vec<Key> {
        let mut seen = HashSet::from([top]);
        let mut waiting = VecDeque::from([top]);
        let mut found = Vec::new();
        while let Some(key) = waiting.pop_front() {
            found.push(key);
            for child in self.children(key) {
                if wanted(child) && seen.insert(child) {
                    waiting.push_back(child);
                }
            }
        }
        found
    }

    /// `PUT trash/{id}`: a node with everything below it.
    pub(crate) fn trash(&mut self, moment: Moment, id: &str) -> Result<Key, Problem> {
        let top = self.find(id)?;
        if top == ROOT {
            return Err(Problem::forbidden("the root cannot be trashed"));
        }
        if !self.get(top)?.data.live() {
            return Ok(top);
        }
        let live = |key: Key| self.node(key).is_some_and(|node| node.data.live());
        let mut all = self.subtree(top, live);
        all.retain(|key| *key != ROOT);
        if self.settings.trash_spares_linked {
            let going: HashSet<Key> = all.iter().copied().collect();
            let linked = |key: Key| {
                let node = self.node(key);
                node.is_some_and(|node| node.data.parent_keys().any(|p| !going.contains(&p)))
            };
            all = self.subtree(top, |key| live(key) && key != ROOT && !linked(key));
        }
        let call = self.next_trash_call();
        for key in all {
            let trashed = Trashed {
                at: moment.now,
                call,
                top: key == top,
            };
            self.edit(moment, key, |data| data.trashed = Some(trashed));
        }
        let days = i64::from(self.settings.trash_days);
        self.expect(moment.now.saturating_add(days * 86_400_000));
        Ok(top)
    }

    /// Trashes an entry of the synthetic tree, which removes it.
    pub(crate) fn trash_synthetic(&mut self, entry: TreeEntry) {
        if let Some(tree) = &mut self.tree {
            tree.remove(entry);
        }
        self.record(Record::Tree(entry.into()));
    }

    /// `POST trash/{id}/restore`: brings back what went with the same call.
    pub(crate) fn restore(&mut self, moment: Moment, id: &str) -> Result<Key, Problem> {
        self.refuse_synthetic(id)?;
        let top = self.find(id)?;
        let data = &self.get(top)?.data;
        let Some(trashed) = data.trashed else {
            return Ok(top);
        };
        if self.settings.restore_checks_names {
            let parents: Vec<Key> = data.parent_keys().collect();
            let name = data.name.clone().unwrap_or_default();
            self.check_free(&parents, &name, Some(top))?;
        }
        let same_call = |key: Key| {
            let trashed_by = self.node(key).and_then(|node| node.data.trashed);
            trashed_by.is_some_and(|by| by.call == trashed.call)
        };
        for key in self.subtree(top, same_call) {
            self.edit(moment, key, |data| data.trashed = None);
        }
        Ok(top)
    }

    /// `DELETE nodes/{id}`: removes a node for good, with what is nowhere else.
    pub(crate) fn purge(&mut self, id: &str) -> Result<(), Problem> {
        if !self.settings.allow_purge {
            let text = "Insufficient permissions granted for operation: purgeNode";
            return Err(Problem::new(self.settings.purge_status, text));
        }
        if let Some(entry) = self.synthetic(id) {
            self.trash_synthetic(entry);
            return Ok(());
        }
        let top = self.find(id)?;
        if top == ROOT {
            return Err(Problem::forbidden("the root cannot be purged"));
        }
        let all = self.subtree(top, |key| key != ROOT);
        let going: HashSet<Key> = all.iter().copied().collect();
        let going = all.into_iter().filter(|key| {
            *key == top
                || self
                    .node(*key)
                    .is_some_and(|node| node.data.parent_keys().all(|p| going.contains(&p)))
        });
        for key in going.collect::<Vec<_>>() {
            self.erase(key);
        }
        Ok(())
    }

    /// Whether a content may be added: it has a customer, room and, unless suppressed, is not there yet.
    pub(crate) fn check_content(
        &self,
        content: &FileContent,
        replaced: u64,
        dedup: bool,
        itself: Option<Key>,
    ) -> Result<(), Problem> {
        let size = content.blob.len();
        if size > self.settings.max_file_size {
            return Err(Problem::silent(504));
        }
        let used = self.used().saturating_sub(replaced);
        if !self.settings.customer_exists || used.saturating_add(size) > self.settings.quota {
            return Err(Problem::over_quota());
        }
        let md5 = content.md5.as_deref().filter(|_| dedup && size > 0);
        let twin = md5.and_then(|md5| {
            let mut twins = self.with_md5(md5).filter(|key| Some(*key) != itself);
            twins.find(|key| self.node(*key).is_some_and(|node| node.data.live()))
        });
        let Some(twin) = twin else {
            return Ok(());
        };
        let text = "Node with the same content already exists";
        let problem = Problem::new(409, text).with_code(&self.settings.duplicate_code);
        Err(if self.settings.duplicate_names_node {
            problem.with_node(self.id_of(&Parent::Node(twin)))
        } else {
            problem
        })
    }

    /// The file of an id that can be overwritten.
    pub(crate) fn writable_file(&self, id: &str) -> Result<Key, Problem> {
        self.refuse_synthetic(id)?;
        let key = self.find(id)?;
        match self.get(key)?.kind {
            Kind::File => Ok(key),
            Kind::Asset | Kind::Folder => Err(Problem::bad("the node is not a file")),
        }
    }
}

/// The size of a file's content, 0 without one.
pub(crate) fn size(data: &Data) -> u64 {
    data.content
        .as_ref()
        .map_or(0, |content: &FileContent| Blob::len(&content.blob))
}

fn labels(value: &Value) -> Result<Vec<String>, Problem> {
    if value.is_null() {
        return Ok(Vec::new());
    }
    let refused = || Problem::bad("labels must be a list of at most 10 texts of 256 characters");
    let list = value.as_array().ok_or_else(refused)?;
    let texts: Option<Vec<String>> = list
        .iter()
        .map(|label| label.as_str().map(str::to_owned))
        .collect();
    texts
        .filter(|texts| texts.len() <= LABELS.0)
        .filter(|texts| texts.iter().all(|text| text.chars().count() <= LABELS.1))
        .ok_or_else(refused)
}

fn check_description(text: &str) -> Result<(), Problem> {
    if text.chars().count() > DESCRIPTION_LIMIT {
        return Err(Problem::bad("description is too long"));
    }
    Ok(())
}
