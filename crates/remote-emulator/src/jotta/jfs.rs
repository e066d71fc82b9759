//! The XML interface: browsing, commands, downloads.

use hyper::header::{ACCEPT_RANGES, CONTENT_RANGE, CONTENT_TYPE, RANGE};
use hyper::{Method, StatusCode};

use crate::content_type;
use crate::jotta::file::{Described, RevisionState};
use crate::jotta::listing::{self, Mode};
use crate::jotta::nodes::{Kind, MountKind, NodeId};
use crate::jotta::ops::{By, Moved, Wanted};
use crate::jotta::problem::{Answer, Problem};
use crate::jotta::render::{Detail, Renderer, reply};
use crate::jotta::routes::Command;
use crate::jotta::state::{Account, Entry, State};
use crate::jotta::xml::Xml;
use crate::jotta::{BUILT_IN_DEVICE, Jotta, dates, path, views};
use crate::range::{Wanted as Part, wanted};
use crate::reply::{Reply, ReplyBody};
use crate::service::Call;
use crate::store::Content;
use crate::tree::TreeEntry;

/// A request to the XML interface whose sender is known.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) jotta: &'a Jotta,
    pub(crate) call: &'a Call,
    pub(crate) account: Account,
    /// Device, mount point, folders, name.
    pub(crate) segments: Vec<String>,
}

impl<'a> Context<'a> {
    /// Checks the sender and takes the address apart.
    pub(crate) fn new(jotta: &'a Jotta, call: &'a Call, rest: &str) -> Result<Self, Problem> {
        let account = jotta.signed_in(call)?;
        if rest.is_empty() {
            let text = "Username not found in url";
            return Err(Problem::new(400, "UsernameNotFoundException", text));
        }
        let mut segments = path::from_url(rest, &jotta.lock().settings)?;
        let user = segments.remove(0);
        if user != account.username {
            let text = format!("{user} is not the account of this token");
            return Err(Problem::forbidden(text));
        }
        if account.read_locked {
            return Err(Problem::forbidden("the account is locked"));
        }
        Ok(Self {
            jotta,
            call,
            account,
            segments,
        })
    }

    fn now(&self) -> i64 {
        self.jotta.clock.now_ms()
    }

    pub(crate) fn by(&self) -> By {
        self.jotta.by(self.account.clone(), self.call)
    }

    fn query(&self, name: &str) -> Option<String> {
        crate::query::pairs(&self.call.query)
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }

    /// Changes the state and answers with an entry.
    fn change(
        &self,
        status: StatusCode,
        change: impl FnOnce(&mut State, &By) -> Result<NodeId, Problem>,
    ) -> Answer {
        let by = self.by();
        self.jotta
            .change(|state| change(state, &by).map(|id| made(state, id, status, by.now)))?
    }

    /// `GET`
    pub(crate) fn get(&self) -> Answer {
        match self.query("mode").as_deref() {
            None => self.info(),
            Some("bin") => self.download(),
            Some("thumb") => self.thumbnail(),
            Some("list") => self.list(Mode::Everything),
            Some("liststream") => self.list(Mode::Stream),
            Some("enableShare") => self.share(true),
            Some("disableShare") => self.share(false),
            Some(other) => Err(Problem::invalid(format!("unknown mode `{other}`"))),
        }
    }

    /// The name of the view a path leads to or into.
    fn view(&self, state: &State) -> Option<String> {
        let [device, mount, ..] = self.segments.as_slice() else {
            return None;
        };
        let built_in = State::same_name(device, BUILT_IN_DEVICE);
        let id = state
            .nodes
            .find(self.account.root, self.segments.get(..2)?)?;
        let node = state.nodes.get(id)?;
        let view = matches!(node.kind, Kind::Mount(MountKind::View));
        (built_in && view && State::same_name(mount, &node.name)).then(|| node.name.clone())
    }

    fn info(&self) -> Answer {
        let mut state = self.jotta.lock();
        state.count();
        let renderer = Renderer {
            state: &state,
            now: self.now(),
        };
        if self.segments.is_empty() {
            let mut xml = Xml::document();
            renderer.account(&mut xml, &self.account);
            return Ok(reply(StatusCode::OK, xml));
        }
        if let Some(view) = self.view(&state) {
            return self.show_view(&renderer, &view);
        }
        match state.look_up(&self.account, &self.segments, self.now())? {
            Entry::Node(id) => {
                let mut xml = Xml::document();
                renderer.node(&mut xml, id, Detail::Root);
                Ok(reply(StatusCode::OK, xml))
            }
            Entry::Tree(entry) => self.tree_info(&renderer, entry),
        }
    }

    fn show_view(&self, renderer: &Renderer<'_>, view: &str) -> Answer {
        if self.segments.len() > 2 {
            return Err(renderer.state.missing(&self.account, &self.segments));
        }
        match view {
            "Trash" => views::trash(renderer, &self.account),
            "Links" => views::links(renderer, &self.account),
            "Latest" => views::latest(renderer, &self.account, self.query("max").as_deref()),
            _ => views::shared(renderer, &self.account),
        }
    }

    fn tree_info(&self, renderer: &Renderer<'_>, entry: TreeEntry) -> Answer {
        let mount = self.mount(renderer.state)?;
        let tree = renderer.state.tree_in(mount);
        match (entry, tree) {
            (TreeEntry::File(..), Some(tree)) => {
                let parent = listing::tree_parent(renderer.state, mount, entry);
                let mut xml = Xml::document();
                renderer.tree_file(&mut xml, tree, entry, Some(&parent));
                Ok(reply(StatusCode::OK, xml))
            }
            _ => Ok(listing::tree_folder(self.jotta.handle(), mount, entry)),
        }
    }

    /// The mount point of the path.
    fn mount(&self, state: &State) -> Result<NodeId, Problem> {
        let segments = self.segments.get(..2).unwrap_or_default();
        state
            .nodes
            .find(self.account.root, segments)
            .filter(|_| segments.len() == 2)
            .ok_or_else(|| state.missing(&self.account, segments))
    }

    fn list(&self, mode: Mode) -> Answer {
        let (mount, entry) = {
            let state = self.jotta.lock();
            let mount = self.mount(&state)?;
            let missing = || state.missing(&self.account, &self.segments);
            if self.view(&state).is_some() {
                return Err(missing());
            }
            let entry = state.look_up(&self.account, &self.segments, self.now())?;
            let listable = match entry {
                Entry::Node(id) => state.nodes.get(id).is_some_and(|node| {
                    let trashed_too =
                        mode == Mode::Everything || state.settings.stream_of_trashed_is_empty;
                    node.file().is_none() && (node.is_live() || trashed_too)
                }),
                Entry::Tree(entry) => !matches!(entry, TreeEntry::File(..)),
            };
            if !listable {
                return Err(missing());
            }
            (mount, entry)
        };
        Ok(listing::recursive(self.jotta.handle(), mount, entry, mode))
    }

    fn share(&self, on: bool) -> Answer {
        self.change(StatusCode::OK, |state, by| {
            state.set_share(by, &self.segments, on)
        })
    }

    fn download(&self) -> Answer {
        let revision = self.query("revision").map(|text| {
            text.parse::<u32>()
                .map_err(|_no_number| Problem::invalid(format!("`{text}` is not a revision")))
        });
        let (name, content) = self.content(revision.transpose()?)?;
        send(self.call, &name, &content)
    }

    /// Renditions are not made: an image is its own thumbnail.
    fn thumbnail(&self) -> Answer {
        let size = self.query("ts").unwrap_or_default();
        if !["WS", "WM", "WL", "WXL"].contains(&size.as_str()) && self.query("width").is_none() {
            return Err(Problem::invalid(format!("unknown size `{size}`")));
        }
        let (name, content) = self.content(None)?;
        if !content_type::of(&name).starts_with("image/") {
            return Err(Problem::no_file(&path::join(&self.segments)));
        }
        send(self.call, &name, &content)
    }

    /// The name and the bytes of a file; those of a trashed one as well.
    fn content(&self, revision: Option<u32>) -> Result<(String, Content), Problem> {
        let state = self.jotta.lock();
        let missing = || state.missing(&self.account, &self.segments);
        match state.look_up(&self.account, &self.segments, self.now())? {
            Entry::Tree(entry) => {
                let (_, bytes) = state.tree_file(entry).ok_or_else(missing)?;
                Ok((crate::tree::Tree::name(entry), Content::Memory(bytes)))
            }
            Entry::Node(id) => {
                let node = state.nodes.get(id).ok_or_else(missing)?;
                let file = node.file().ok_or_else(missing)?;
                let revision = revision.filter(|_| state.settings.old_revisions);
                let wanted = match revision {
                    None => file.current(),
                    Some(number) => file.revisions.iter().find(|revision| {
                        revision.number == number && revision.state == RevisionState::Completed
                    }),
                };
                let content = wanted.and_then(|wanted| wanted.content.clone());
                Ok((node.name.clone(), content.ok_or_else(missing)?))
            }
        }
    }

    /// `POST`, except for uploads.
    pub(crate) fn post(&self, command: Command, value: &str) -> Answer {
        let place = &self.segments;
        let ok = StatusCode::OK;
        match (command, place.len()) {
            (Command::CreateDevice, 1) => {
                let name = place.first().map_or("", String::as_str);
                self.change(StatusCode::CREATED, |state, by| {
                    state.make_device(by, name, value)
                })
            }
            (Command::CreateMount, 2) => self.create_mount(),
            (Command::MakeDir, 2..) => self.change(ok, |state, by| state.make_folder(by, place)),
            (Command::Remove, 1) => self.remove_device(),
            (Command::Remove, 2) => self.change(ok, |state, by| state.destroy_mount(by, place)),
            (Command::Trash, 2) => self.change(ok, |state, by| state.trash_mount(by, place)),
            (Command::Remove, 3..) => {
                self.change(ok, |state, by| state.destroy(by, place, Wanted::File))
            }
            (Command::RemoveDir, 3..) => {
                self.change(ok, |state, by| state.destroy(by, place, Wanted::Folder))
            }
            (Command::Trash, 3..) => self.trash(Wanted::File),
            (Command::TrashDir, 3..) => self.trash(Wanted::Folder),
            (Command::MoveFile, 1..) => self.relocate(value, Moved::File),
            (Command::MoveDir, 1..) => self.relocate(value, Moved::Folder),
            (Command::Copy, 3..) => {
                let to = self.destination(value)?;
                self.change(ok, |state, by| state.copy(by, place, &to))
            }
            (Command::HashCopy, 3..) => {
                let about = described(self.call, self.jotta)?;
                self.change(ok, |state, by| state.hash_copy(by, place, about))
            }
            (Command::TrashDir | Command::RemoveDir | Command::Copy | Command::HashCopy, _) => {
                Err(self.jotta.lock().missing(&self.account, place))
            }
            _ => Err(no_command()),
        }
    }

    fn create_mount(&self) -> Answer {
        let by = self.by();
        self.jotta.change(|state| {
            let (id, new) = state.make_mount(&by, &self.segments)?;
            let status = if new {
                StatusCode::CREATED
            } else {
                StatusCode::OK
            };
            Ok(made(state, id, status, by.now))
        })?
    }

    fn remove_device(&self) -> Answer {
        let by = self.by();
        let name = self.segments.first().map_or("", String::as_str);
        self.jotta.change(|state| {
            state.destroy_device(&by, name)?;
            state.count();
            let mut xml = Xml::document();
            let renderer = Renderer { state, now: by.now };
            renderer.account(&mut xml, &by.account);
            Ok(reply(StatusCode::OK, xml))
        })?
    }

    fn trash(&self, wanted: Wanted) -> Answer {
        let by = self.by();
        self.jotta.change(|state| {
            if state.find(&by.account, &self.segments).is_none()
                && !state.settings.trash_missing_is_404
            {
                return Ok(Reply::status(StatusCode::OK));
            }
            let trashed = state.trash(&by, &self.segments, wanted)?;
            Ok(match trashed {
                Some(id) => made(state, id, StatusCode::OK, by.now),
                None => Reply::status(StatusCode::OK),
            })
        })?
    }

    fn relocate(&self, value: &str, what: Moved) -> Answer {
        let to = self.destination(value)?;
        self.change(StatusCode::OK, |state, by| {
            state.relocate(by, &self.segments, &to, what)
        })
    }

    /// The segments below the account of a destination `/{user}/{dev}/{mnt}/…`.
    fn destination(&self, value: &str) -> Result<Vec<String>, Problem> {
        let mut segments = path::from_value(value)?;
        let user = segments.remove(0);
        if user == self.account.username {
            Ok(segments)
        } else {
            let text = format!("{user} is not the account of this token");
            Err(Problem::forbidden(text))
        }
    }
}

pub(crate) fn no_command() -> Problem {
    let text = "Expected multipart content or a command parameter";
    Problem::new(500, "IllegalStateException", text)
}

/// An entry as the answer to its change.
pub(crate) fn made(state: &mut State, id: NodeId, status: StatusCode, now: i64) -> Reply {
    let counts = state
        .nodes
        .get(id)
        .is_some_and(|node| !node.is_folder() && node.file().is_none());
    if counts {
        state.count();
    }
    let renderer = Renderer { state, now };
    let mut xml = Xml::document();
    renderer.node(&mut xml, id, Detail::Made);
    reply(status, xml)
}

/// What the headers of an upload or a `cphash` say about the content.
pub(crate) fn described(call: &Call, jotta: &Jotta) -> Result<Described, Problem> {
    let md5 = call.header("jmd5");
    let size = call.header("jsize");
    let md5 = checked_md5(md5)?;
    let size: u64 = size
        .parse()
        .map_err(|_no_number| Problem::invalid("JSize is missing or not a number"))?;
    let now = jotta.clock.now_ms();
    let year_one = jotta.lock().settings.year_one_is_now;
    let date = |name: &str| date_or_now(dates::parse(call.header(name)), now, year_one);
    Ok(Described {
        size,
        md5,
        created: date("jcreated"),
        modified: date("jmodified"),
    })
}

/// What cannot be read as a date is replaced by now, as the service does.
pub(crate) fn date_or_now(date: Option<i64>, now: i64, year_one_is_now: bool) -> i64 {
    const YEAR_TWO: i64 = -62_104_060_800_000;
    date.filter(|date| !(year_one_is_now && *date < YEAR_TWO))
        .unwrap_or_else(|| dates::whole_seconds(now))
}

pub(crate) fn checked_md5(md5: &str) -> Result<String, Problem> {
    if md5.is_empty() {
        let text = "Uploads without MD5 are no longer supported";
        return Err(Problem::invalid(text));
    }
    if md5.len() == 32 && md5.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(md5.to_owned())
    } else {
        Err(Problem::invalid(format!("`{md5}` is not an MD5")))
    }
}

/// A download answer, whole or the range the request asks for.
pub(crate) fn send(call: &Call, name: &str, content: &Content) -> Answer {
    let total = content.len();
    let range = call.headers.get(RANGE);
    let part = range.map_or(Part::All, |header| wanted(header.as_bytes(), total));
    let (status, range) = match part {
        Part::All => (StatusCode::OK, 0..total),
        Part::Part(range) => (StatusCode::PARTIAL_CONTENT, range),
        Part::None => {
            return Err(Problem::new(
                416,
                "RequestedRangeNotSatisfiedException",
                format!("the file has {total} bytes"),
            ));
        }
    };
    let mut reply = Reply::status(status)
        .header(CONTENT_TYPE, content_type::of(name))
        .header(ACCEPT_RANGES, "bytes")
        .length(range.end - range.start);
    if status == StatusCode::PARTIAL_CONTENT {
        let value = format!("bytes {}-{}/{total}", range.start, range.end - 1);
        reply = reply.header(CONTENT_RANGE, value);
    }
    reply.body = ReplyBody::Stream(content.stream(range));
    Ok(reply)
}

/// Whether a method reads.
pub(crate) fn reads(method: &Method) -> bool {
    method == Method::GET || method == Method::HEAD
}
