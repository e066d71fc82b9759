//! The change feed: objects of JSON, one on a line, each with nodes and the checkpoint after them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use futures::{StreamExt, stream};
use hyper::header::CONTENT_ENCODING;
use serde_json::{Value, json};

use crate::acd::Acd;
use crate::acd::gzip::gzip;
use crate::acd::node::{Key, Kind};
use crate::acd::problem::{Answer, Problem};
use crate::acd::render::{self, Style};
use crate::acd::state::State;
use crate::acd::synthetic;
use crate::reply::{NDJSON, Reply};
use crate::service::Call;
use crate::tree::{Tree, TreeEntry};

/// What a client asks for.
#[derive(Debug)]
struct Order {
    checkpoint: Option<String>,
    chunk: usize,
    most: usize,
    purged: bool,
}

impl Order {
    fn parse(body: &[u8], default_chunk: usize) -> Result<Self, Problem> {
        let value: Value = if body.iter().all(u8::is_ascii_whitespace) {
            json!({})
        } else {
            serde_json::from_slice(body)
                .map_err(|error| Problem::bad(format!("Invalid JSON: {error}")))?
        };
        let number = |name: &str, default: usize| match &value[name] {
            Value::Null => Ok(default),
            other => other
                .as_u64()
                .and_then(|number| usize::try_from(number).ok())
                .filter(|number| *number > 0)
                .ok_or_else(|| Problem::bad(format!("{name} must be a positive number"))),
        };
        let purged = match &value["includePurged"] {
            Value::Null => false,
            Value::Bool(purged) => *purged,
            Value::String(text) => text == "true",
            _ => return Err(Problem::bad("includePurged must be true or false")),
        };
        let checkpoint = value["checkpoint"].as_str().filter(|text| !text.is_empty());
        Ok(Self {
            checkpoint: checkpoint.map(str::to_owned),
            chunk: number("chunkSize", default_chunk.max(1))?,
            most: number("maxNodes", usize::MAX)?,
            purged,
        })
    }
}

/// Something in the feed.
#[derive(Clone, Copy, Debug)]
enum Change {
    Node(Key),
    Purged,
}

/// `POST changes`
pub(crate) fn feed(acd: &Acd, call: &Call, body: &[u8]) -> Answer {
    let now = acd.clock.now_ms();
    let mut state = acd.lock();
    let order = Order::parse(body, state.settings.change_chunk)?;
    let known = order
        .checkpoint
        .as_deref()
        .and_then(|checkpoint| state.read_checkpoint(checkpoint));
    let forget = known.is_some() && state.settings.forget_checkpoints > 0;
    if forget {
        state.settings.forget_checkpoints -= 1;
    }
    let known = known.filter(|_| !forget);
    let (mut lines, complete) = state.lines(&order, known, now);
    let truncate = state.settings.truncate_changes_after;
    let gzipped = state.settings.gzip_changes && call.header("accept-encoding").contains("gzip");
    let tree = state.tree.clone().filter(|_| known.is_none());
    let entries = tree.map(|tree| Entries::new(acd, &state, tree, &order));
    drop(state);
    let end = || Bytes::from_static(b"{\"end\":true}\n");
    if let Some(limit) = truncate {
        lines.truncate(limit);
    } else if entries.is_none() {
        lines.push(end());
    }
    if gzipped {
        let mut all = lines.concat();
        if let Some(entries) = entries.filter(|_| truncate.is_none() && complete) {
            entries.for_each(|line| all.extend_from_slice(&line));
            all.extend_from_slice(&end());
        }
        let reply = Reply::bytes(hyper::StatusCode::OK, NDJSON, gzip(&all).into());
        return Ok(reply.header(CONTENT_ENCODING, "gzip"));
    }
    let generated = entries.filter(|_| truncate.is_none()).map(|entries| {
        let entries: Box<dyn Iterator<Item = Bytes> + Send> = if complete {
            Box::new(entries)
        } else {
            Box::new(std::iter::empty())
        };
        entries.chain(std::iter::once(end()))
    });
    let all = lines.into_iter().chain(generated.into_iter().flatten());
    Ok(Reply::stream(NDJSON, stream::iter(all.map(Ok)).boxed()))
}

impl State {
    /// The checkpoint after a change. It names the drive, so that those of another one are not recognised.
    pub(crate) fn checkpoint(&self, sequence: u64) -> String {
        let text = format!("{}:{sequence}", self.root_id());
        format!("C{}", URL_SAFE_NO_PAD.encode(text))
    }

    fn read_checkpoint(&self, text: &str) -> Option<u64> {
        let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix('C')?).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let (drive, sequence) = text.split_once(':')?;
        let sequence = sequence.parse().ok()?;
        (drive == self.root_id() && sequence <= self.sequence()).then_some(sequence)
    }

    /// The objects after a checkpoint, and whether they are all there are.
    fn lines(&self, order: &Order, known: Option<u64>, now: i64) -> (Vec<Bytes>, bool) {
        let from = known.unwrap_or_default();
        let mut changes: Vec<(u64, Change, &str)> = self
            .changed_after(from)
            .map(|(sequence, key)| (sequence, Change::Node(key), ""))
            .collect();
        if order.purged {
            let purged = self.purged_after(from);
            changes.extend(purged.map(|(sequence, id)| (sequence, Change::Purged, id)));
            changes.sort_unstable_by_key(|(sequence, ..)| *sequence);
        }
        let total = changes.len();
        let mut sent = 0;
        let mut lines = Vec::new();
        for chunk in changes.chunks(order.chunk) {
            if sent >= order.most {
                break;
            }
            sent += chunk.len();
            let nodes: Vec<Value> = chunk
                .iter()
                .filter_map(|(_, change, id)| self.change(*change, id, now))
                .collect();
            let last = if sent == total {
                self.sequence()
            } else {
                chunk.last().map_or(from, |(sequence, ..)| *sequence)
            };
            let first = lines.is_empty();
            lines.push(self.line(last, &nodes, known.is_none() && first));
        }
        if lines.is_empty() {
            lines.push(self.line(self.sequence(), &[], known.is_none()));
        }
        (lines, sent == total)
    }

    fn change(&self, change: Change, id: &str, now: i64) -> Option<Value> {
        match change {
            Change::Node(key) => {
                let node = self.node(key)?;
                // What nobody can see yet is not announced; it is when it appears.
                let data = node.by_id(now)?;
                let style = Style {
                    now,
                    ..Style::default()
                };
                Some(render::node(self, Some(key), node, data, style))
            }
            Change::Purged => {
                let mut node = json!({"id": id, "status": "PURGED"});
                if self.settings.purged_with_kind {
                    node["kind"] = Kind::File.name().into();
                }
                Some(node)
            }
        }
    }

    fn line(&self, sequence: u64, nodes: &[Value], reset: bool) -> Bytes {
        let line = json!({
            "checkpoint": self.checkpoint(sequence),
            "nodes": nodes,
            "reset": reset,
            "statusCode": self.settings.change_status,
        });
        Bytes::from(format!("{line}\n"))
    }
}

/// The objects of the synthetic tree, made while they are sent.
struct Entries {
    acd: std::sync::Arc<Acd>,
    tree: Tree,
    last: Option<TreeEntry>,
    chunk: usize,
    checkpoint: String,
    status: u16,
}

impl Entries {
    fn new(acd: &Acd, state: &State, tree: Tree, order: &Order) -> Self {
        Self {
            acd: acd.handle(),
            tree,
            last: None,
            chunk: order.chunk,
            checkpoint: state.checkpoint(state.sequence()),
            status: state.settings.change_status,
        }
    }
}

impl Iterator for Entries {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let state = self.acd.lock();
        let entries: Vec<TreeEntry> = synthetic::walk(&self.tree, self.last)
            .take(self.chunk)
            .collect();
        self.last = Some(*entries.last()?);
        let nodes: Vec<Value> = entries
            .into_iter()
            .map(|entry| {
                let node = state.synthetic_node(&self.tree, entry);
                render::node(&state, None, &node, &node.data, Style::default())
            })
            .collect();
        let line = json!({
            "checkpoint": self.checkpoint,
            "nodes": nodes,
            "reset": false,
            "statusCode": self.status,
        });
        Some(Bytes::from(format!("{line}\n")))
    }
}
