//! The feed of changes of the account.

use bytes::Bytes;
use futures::{StreamExt as _, stream::BoxStream};
use remote_core::{
    error::{Error, ErrorKind, Result, RetryAdvice},
    lenient::Object,
};
use serde_json::{Map, json};

use crate::{
    call::{Base, Call},
    client::Client,
    json_stream::Splitter,
    model::changes::ChangeSet,
};

/// Longest object of the feed. The service puts some 2000 nodes into one.
const OBJECT_BYTES: usize = 64 * 1024 * 1024;

/// How often in a row a feed that breaks off without bringing anything is asked for again.
const MAX_FRUITLESS: u32 = 5;

/// What to ask for.
#[non_exhaustive]
#[derive(Clone, Debug, Default)]
pub struct ChangesQuery {
    /// Where to go on; everything from the beginning when absent.
    pub checkpoint: Option<String>,
    /// Nodes per object; left to the service when absent.
    pub chunk_size: Option<u32>,
    /// About how many nodes to tell at most.
    pub max_nodes: Option<u32>,
    /// Whether to tell nodes that are gone for good.
    pub include_purged: bool,
}

impl ChangesQuery {
    /// From a checkpoint on, purged nodes included.
    #[must_use]
    pub fn since(checkpoint: Option<String>) -> Self {
        Self {
            checkpoint,
            include_purged: true,
            ..Self::default()
        }
    }

    /// Sets [`chunk_size`](Self::chunk_size).
    #[must_use]
    pub fn with_chunk_size(mut self, nodes: u32) -> Self {
        self.chunk_size = Some(nodes);
        self
    }

    /// Sets [`max_nodes`](Self::max_nodes).
    #[must_use]
    pub fn with_max_nodes(mut self, nodes: u32) -> Self {
        self.max_nodes = Some(nodes);
        self
    }

    fn to_json(&self) -> serde_json::Value {
        let mut fields = Map::new();
        if let Some(checkpoint) = self.checkpoint.as_ref().filter(|text| !text.is_empty()) {
            fields.insert("checkpoint".to_owned(), json!(checkpoint));
        }
        if let Some(nodes) = self.chunk_size {
            fields.insert("chunkSize".to_owned(), json!(nodes));
        }
        if let Some(nodes) = self.max_nodes {
            fields.insert("maxNodes".to_owned(), json!(nodes));
        }
        if self.include_purged {
            // As text: that is what all clients send, whatever the documentation says.
            fields.insert("includePurged".to_owned(), json!("true"));
        }
        fields.into()
    }
}

/// One answer of the feed, object by object.
pub struct ChangeStream {
    body: BoxStream<'static, Result<Bytes>>,
    splitter: Splitter,
    ended: bool,
}

impl std::fmt::Debug for ChangeStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChangeStream")
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

impl ChangeStream {
    /// The next object; nothing after the one that marks the end.
    ///
    /// # Errors
    ///
    /// [`Transport`](ErrorKind::Transport) if the answer ends without that mark, as it does on large drives: go on from the last checkpoint.
    /// [`Service`](ErrorKind::Service) for an object that reports a failure.
    pub async fn next(&mut self) -> Result<Option<ChangeSet>> {
        while !self.ended {
            if let Some(object) = self.splitter.next()? {
                let set = read(&object)?;
                self.ended = set.end;
                let is_bare_end = set.end && set.nodes.is_empty() && set.checkpoint.is_none();
                return Ok((!is_bare_end).then_some(set));
            }
            match self.body.next().await {
                Some(bytes) => self.splitter.push(&bytes?, OBJECT_BYTES)?,
                None => return Err(broken_off(self.splitter.is_within())),
            }
        }
        Ok(None)
    }
}

fn read(object: &[u8]) -> Result<ChangeSet> {
    let read = serde_json::from_slice::<Object<ChangeSet>>(object);
    let Object(set) = read.map_err(|error| {
        Error::with_message(ErrorKind::Protocol, "an object of the feed cannot be read")
            .with_source(error)
    })?;
    match set.status_code {
        None | Some(200) => Ok(set),
        Some(code) => Err(Error::with_message(
            ErrorKind::Service,
            format!("the feed reports the failure {code}"),
        )
        .with_retry_advice(RetryAdvice::IfIdempotent(None))),
    }
}

fn broken_off(within: bool) -> Error {
    let text = match within {
        true => "the feed broke off within an object",
        false => "the feed broke off before its end",
    };
    Error::with_message(ErrorKind::Transport, text)
        .with_retry_advice(RetryAdvice::IfIdempotent(None))
}

impl Client {
    /// Opens the feed of changes. Changes before the checkpoint may be told again.
    ///
    /// # Errors
    ///
    /// Those of every call: the sign-in, the connection, the service.
    pub async fn changes(&self, query: &ChangesQuery) -> Result<ChangeStream> {
        let call = Call::reading_post(Base::Metadata, "changes")
            .at("changes")
            .json(&query.to_json());
        let response = self.open(call).await?;
        Ok(ChangeStream {
            body: response.into_stream(),
            splitter: Splitter::default(),
            ended: false,
        })
    }

    /// Follows changes from a checkpoint on, or from the beginning of the account. Nothing is asked before the first call of [`ChangeFeed::next`].
    #[must_use]
    pub fn change_feed(&self, checkpoint: Option<String>) -> ChangeFeed {
        ChangeFeed {
            client: self.clone(),
            acknowledged: checkpoint,
            delivered: None,
            asked_from: None,
            stream: None,
            fruitless: 0,
        }
    }
}

/// Follows changes, with a checkpoint that goes on only when what was told has been dealt with.
///
/// # Examples
///
/// ```no_run
/// # async fn example(client: acd_api::Client, saved: Option<String>) -> remote_core::error::Result<()> {
/// let mut feed = client.change_feed(saved);
/// while let Some(set) = feed.next().await? {
///     if set.reset { /* forget everything known so far */ }
///     for node in &set.nodes { /* deal with it */ }
///     feed.acknowledge();
///     // save feed.checkpoint()
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ChangeFeed {
    client: Client,
    acknowledged: Option<String>,
    delivered: Option<String>,
    /// Where the present stream began.
    asked_from: Option<String>,
    stream: Option<ChangeStream>,
    /// How often in a row a stream broke off at the place where it began.
    fruitless: u32,
}

impl ChangeFeed {
    /// The next changes; nothing when there are none at the moment. One request at the beginning and after each pause.
    ///
    /// Goes on by itself where the service's answer breaks off. What was told and not [acknowledged](Self::acknowledge) is told again after an error.
    ///
    /// # Errors
    ///
    /// Those of [`Client::changes`] and [`ChangeStream::next`], the latter after several attempts that brought nothing.
    pub async fn next(&mut self) -> Result<Option<ChangeSet>> {
        loop {
            let mut stream = match self.stream.take() {
                Some(stream) => stream,
                None => self.open().await?,
            };
            match stream.next().await {
                Ok(Some(set)) => {
                    // What is told again and again, without a new place to go on from, is as good as nothing.
                    if set.checkpoint.is_some() && set.checkpoint != self.asked_from {
                        self.fruitless = 0;
                    }
                    self.delivered = set.checkpoint.clone().or_else(|| self.delivered.take());
                    self.stream = Some(stream);
                    return Ok(Some(set));
                }
                Ok(None) => {
                    self.fruitless = 0;
                    return Ok(None);
                }
                Err(error) => {
                    self.fruitless += 1;
                    let is_passing = error.retry_advice() != RetryAdvice::Never;
                    if !is_passing || self.fruitless > MAX_FRUITLESS {
                        self.fruitless = 0;
                        self.delivered = None;
                        return Err(error);
                    }
                }
            }
        }
    }

    async fn open(&mut self) -> Result<ChangeStream> {
        // Within one run of the feed the place after what was delivered counts; it is forgotten with every error that is returned.
        self.asked_from = self.delivered.clone().or_else(|| self.acknowledged.clone());
        let query = ChangesQuery::since(self.asked_from.clone());
        self.client.changes(&query).await
    }

    /// Says that all that was told so far has been dealt with.
    pub fn acknowledge(&mut self) {
        if self.delivered.is_some() {
            self.acknowledged.clone_from(&self.delivered);
        }
    }

    /// Where to go on in another run: after the changes that were acknowledged.
    #[must_use]
    pub fn checkpoint(&self) -> Option<&str> {
        self.acknowledged.as_deref()
    }
}
