//! Search by name, type and tag.

use serde_json::{Value, json};

use crate::koofr::context::Context;
use crate::koofr::error::{Answer, Refusal};
use crate::koofr::files::FileInfo;
use crate::koofr::model::Mount;
use crate::koofr::path::{Path, fold};
use crate::koofr::state::{Entry, State};
use crate::reply::Reply;

const DEFAULT_LIMIT: usize = 256;
const MAX_LIMIT: usize = 1000;

/// What is looked for.
#[derive(Debug)]
struct Wanted {
    text: String,
    path: Option<Path>,
    mount: Option<String>,
    content_type: Option<String>,
    file_type: Option<String>,
    tags: Vec<(String, String)>,
}

#[derive(Debug)]
struct Hit {
    mount: String,
    path: String,
    info: FileInfo,
}

impl Wanted {
    fn of(context: &Context<'_>) -> Result<Self, Refusal> {
        let query = &context.query;
        let mount = query.get("mountId")?.map(str::to_owned);
        let path = query.get("path")?.map(|_| query.path("path")).transpose()?;
        if path.is_some() && mount.is_none() {
            return Err(Refusal::bad_query("the parameter `path` needs `mountId`"));
        }
        let content_type = match query.get("contentType")? {
            Some(kind) => Some(kind),
            None => query.get("mime")?,
        };
        Ok(Self {
            text: fold(query.get("query")?.unwrap_or_default()),
            path,
            mount,
            content_type: content_type.map(str::to_owned),
            file_type: query.get("fileType")?.map(str::to_owned),
            tags: query
                .all("tag")
                .map(|tag| tag.split_once('=').unwrap_or((tag, "")))
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect(),
        })
    }

    fn matches(&self, info: &FileInfo) -> bool {
        fold(&info.name).contains(&self.text)
            && self
                .content_type
                .as_ref()
                .is_none_or(|wanted| *wanted == info.content_type)
            && self
                .file_type
                .as_deref()
                .is_none_or(|wanted| is_type(info, wanted))
            && self.tags.iter().all(|(key, value)| {
                info.tags
                    .get(key)
                    .is_some_and(|values| values.contains(value))
            })
    }

    fn hits_in(&self, state: &State, mount: &Mount, now: i64) -> Vec<Hit> {
        state
            .all_paths(mount)
            .into_iter()
            .filter(|(path, id)| self.covers(path) && state.nodes.is_visible(*id, now))
            .map(|(path, id)| (path, state.info(mount, Entry::Node(id))))
            .filter(|(_, info)| self.matches(info))
            .map(|(path, info)| Hit {
                mount: mount.id.clone(),
                path,
                info,
            })
            .collect()
    }

    fn covers(&self, path: &str) -> bool {
        self.path
            .as_ref()
            .is_none_or(|base| Path::parse(path).is_ok_and(|path| path.is_inside(base)))
    }
}

fn is_type(info: &FileInfo, wanted: &str) -> bool {
    let kind = info.content_type.as_str();
    match wanted {
        "folder" => info.is_dir(),
        "file" => !info.is_dir(),
        "pdf" => kind == "application/pdf",
        "text" | "code" => kind.starts_with("text/") || kind == "application/json",
        "audio" | "video" | "image" => kind.starts_with(wanted),
        "archive" => ["zip", "gzip", "tar", "7z", "rar"]
            .iter()
            .any(|name| kind.contains(name)),
        "document" => kind.contains("word") || kind == "application/rtf",
        "sheet" => kind.contains("excel") || kind.contains("spreadsheet"),
        "presentation" => kind.contains("powerpoint") || kind.contains("presentation"),
        _ => false,
    }
}

fn sort(hits: &mut [Hit], field: &str, descending: bool) {
    match field {
        "type" => hits.sort_by_key(|hit| hit.info.kind),
        "size" => hits.sort_by_key(|hit| hit.info.size),
        "modified" | "mtime" => hits.sort_by_key(|hit| hit.info.modified),
        "contentType" => hits.sort_by(|a, b| a.info.content_type.cmp(&b.info.content_type)),
        _ => hits.sort_by(|a, b| a.info.name.cmp(&b.info.name)),
    }
    if descending {
        hits.reverse();
    }
}

fn hit_json(hit: &Hit) -> Value {
    json!({
        "mountId": hit.mount,
        "path": hit.path,
        "name": hit.info.name,
        "type": hit.info.kind,
        "modified": hit.info.modified,
        "size": hit.info.size,
        "contentType": hit.info.content_type,
        "tags": hit.info.tags,
        "score": 1.0,
    })
}

/// `GET search`
pub(crate) fn search(context: &Context<'_>) -> Answer {
    let wanted = Wanted::of(context)?;
    let query = &context.query;
    let count = |name| -> Result<Option<usize>, Refusal> {
        Ok(query
            .number(name)?
            .and_then(|number| usize::try_from(number).ok()))
    };
    let offset = count("offset")?.unwrap_or(0);
    let limit = count("limit")?.unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT);
    let field = query.get("sortField")?.unwrap_or("name");
    let descending = query.get("sortDir")? == Some("desc");
    context.read(|state| {
        let mut hits = Vec::new();
        match &wanted.mount {
            Some(id) => {
                let mount = state.mount(&context.user, id)?;
                hits = wanted.hits_in(state, mount, context.now());
            }
            None => {
                let own = |mount: &&Mount| mount.parent.is_none() && mount.owner == context.user;
                for mount in state.account.mounts.iter().filter(own) {
                    hits.extend(wanted.hits_in(state, mount, context.now()));
                }
            }
        }
        sort(&mut hits, field, descending);
        let shown: Vec<&Hit> = hits.iter().skip(offset).take(limit).collect();
        let mounts =
            super::mounts::mounts_by_id(context, state, shown.iter().map(|hit| hit.mount.as_str()));
        let hits: Vec<Value> = shown.into_iter().map(hit_json).collect();
        Ok(Reply::json(&json!({"hits": hits, "mounts": mounts})))
    })
}
