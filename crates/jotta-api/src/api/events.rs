//! The event stream: what changes in the account, told as it happens, over a WebSocket.

use std::{collections::VecDeque, fmt, pin::pin, time::Duration};

use futures::{
    SinkExt as _, StreamExt as _,
    future::{Either, select},
};
use http::Method;
use remote_core::{
    error::{Error, ErrorKind, Result, RetryAdvice},
    http::{HttpClient, Request, Upgraded},
    lenient::Object,
    secret::Secret,
};
use serde::Deserialize;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error as SocketError, Message,
        handshake::{client::generate_key, derive_accept_key},
        protocol::{Role, WebSocketConfig},
    },
};

use crate::{
    call::{Base, Call},
    client::Client,
    model::event::{Event, WireEvent},
    xml::XmlReader,
};

/// How often a sign of life is sent.
const PING_INTERVAL: Duration = Duration::from_secs(30);

/// How long the service may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// Longest message that is read; each event is about one file or folder.
const MAX_MESSAGE_BYTES: usize = 1024 * 1024;

/// Longest answer to the request for a ticket.
const TICKET_BYTES: u64 = 64 * 1024;

/// Events that are kept while the answer to the subscription is awaited.
const MAX_WAITING_EVENTS: usize = 10_000;

/// A connection that tells what changes in the account, on all devices.
///
/// There is no replay: what happened before the connection, or between two of them, is never told.
pub struct EventStream {
    socket: WebSocketStream<Upgraded>,
    pings: tokio::time::Interval,
    waiting: VecDeque<Event>,
    last_heard: Instant,
    last_uuid: Option<String>,
}

/// What the service says.
#[derive(Debug, Deserialize)]
struct Said {
    #[serde(default, rename = "SUBSCRIBE")]
    subscribed: Option<Subscribed>,
    #[serde(default, rename = "EVENT")]
    event: Option<Object<WireEvent>>,
}

#[derive(Debug, Deserialize)]
struct Subscribed {
    #[serde(default, rename = "LAST_UUID")]
    last_uuid: Option<String>,
}

impl Client {
    /// Connects to the event stream. Two requests, one of which becomes the connection.
    ///
    /// How it works is known from public clients of 2017 to 2022.
    ///
    /// # Errors
    ///
    /// [`Protocol`](ErrorKind::Protocol) if the service does not speak it any more; those of the connection and the sign-in.
    pub async fn events(&self) -> Result<EventStream> {
        let user = self.username().await?;
        let ticket = self.event_ticket(user).await?;
        let settings = self.inner.http.settings().clone().with_http1_only(true);
        let http = HttpClient::new(&settings)?;
        let mut url = self.addresses().events.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["ws", user, ticket.expose()]);
        }
        let key = generate_key();
        let request = Request::new(Method::GET, url, "events")
            .header("connection", "Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", &key);
        // The address holds the ticket, so no error may quote it.
        let (upgraded, headers) = http
            .upgrade(request)
            .await
            .map_err(|error| without_address(&error))?;
        let expected = derive_accept_key(key.as_bytes());
        let answered = headers.get("sec-websocket-accept");
        if answered.is_none_or(|value| value.as_bytes() != expected.as_bytes()) {
            return Err(Error::with_message(
                ErrorKind::Protocol,
                "the server did not take the connection as a WebSocket",
            ));
        }
        EventStream::subscribe(upgraded, self.inner.http.settings().user_agent.as_str()).await
    }

    async fn event_ticket(&self, user: &str) -> Result<Secret> {
        let call = Call::get(Base::JfsHost, "createToken")
            .at("rest/token")
            .segment(user)
            .at("createToken");
        let response = self.open(call).await?;
        let reader = XmlReader::new(response.into_stream(), TICKET_BYTES);
        let root = reader.document(|_| false, |_, _| {}).await?;
        let ticket = root.string_of("authToken").map(Secret::new);
        ticket.ok_or_else(|| {
            Error::with_message(
                ErrorKind::Protocol,
                "the service gave no ticket for its events",
            )
        })
    }
}

fn without_address(error: &Error) -> Error {
    let mut bare = Error::with_message(error.kind(), "the event stream cannot be opened")
        .with_retry_advice(error.retry_advice());
    if let Some(status) = error.http_status() {
        bare = bare.with_http_status(status);
    }
    bare
}

impl EventStream {
    async fn subscribe(upgraded: Upgraded, agent: &str) -> Result<Self> {
        let config = WebSocketConfig::default()
            .max_message_size(Some(MAX_MESSAGE_BYTES))
            .max_frame_size(Some(MAX_MESSAGE_BYTES));
        let socket = WebSocketStream::from_raw_socket(upgraded, Role::Client, Some(config)).await;
        let mut pings = tokio::time::interval(PING_INTERVAL);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first tick comes at once.
        pings.tick().await;
        let mut stream = Self {
            socket,
            pings,
            waiting: VecDeque::new(),
            last_heard: Instant::now(),
            last_uuid: None,
        };
        let order = serde_json::json!({ "SUBSCRIBE": { "path": "ALL", "UA": agent } });
        stream.send(Message::text(order.to_string())).await?;
        let answered = tokio::time::timeout(ANSWER_TIMEOUT, stream.subscribed()).await;
        answered.unwrap_or_else(|_elapsed| Err(silent()))?;
        Ok(stream)
    }

    async fn subscribed(&mut self) -> Result<()> {
        loop {
            let Some(said) = self.hear().await? else {
                continue;
            };
            if let Some(subscribed) = said.subscribed {
                self.last_uuid = subscribed.last_uuid;
                return Ok(());
            }
            if let Some(Object(event)) = said.event {
                if self.waiting.len() >= MAX_WAITING_EVENTS {
                    return Err(hung_up("too many events at once"));
                }
                self.waiting.push_back(event.into());
            }
        }
    }

    /// The id of the last event that was told, or that was the last one before the subscription.
    #[must_use]
    pub fn last_uuid(&self) -> Option<&str> {
        self.last_uuid.as_deref()
    }

    /// Waits for the next event, and keeps the connection alive meanwhile. Waits as long as nothing happens.
    ///
    /// # Errors
    ///
    /// [`Transport`](ErrorKind::Transport) if the connection ends, [`Timeout`](ErrorKind::Timeout) if the service gives no sign of life. Connect again, and
    /// list what may have changed meanwhile.
    pub async fn next(&mut self) -> Result<Event> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                if event.uuid.is_some() {
                    self.last_uuid.clone_from(&event.uuid);
                }
                return Ok(event);
            }
            if let Some(Object(event)) = self.hear().await?.and_then(|said| said.event) {
                self.waiting.push_back(event.into());
            }
        }
    }

    /// Waits for a message, or for the moment to send a sign of life.
    async fn hear(&mut self) -> Result<Option<Said>> {
        let heard = match select(self.socket.next(), pin!(self.pings.tick())).await {
            Either::Left((message, _ping)) => Some(message),
            Either::Right(_now) => None,
        };
        let Some(message) = heard else {
            // The service answers each sign of life.
            if self.last_heard.elapsed() > 3 * PING_INTERVAL {
                return Err(silent());
            }
            self.send(Message::text(r#"{"PING":"Ok"}"#)).await?;
            return Ok(None);
        };
        let message = message
            .ok_or_else(|| hung_up("the event stream was closed"))?
            .map_err(broken)?;
        self.last_heard = Instant::now();
        match message {
            Message::Text(text) => Ok(serde_json::from_str(text.as_str()).ok()),
            Message::Close(_) => Err(hung_up("the event stream was closed")),
            _ => Ok(None),
        }
    }

    async fn send(&mut self, message: Message) -> Result<()> {
        let sent = tokio::time::timeout(ANSWER_TIMEOUT, self.socket.send(message)).await;
        sent.map_err(|_elapsed| silent())?.map_err(broken)
    }
}

impl fmt::Debug for EventStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream")
            .field("waiting", &self.waiting.len())
            .finish_non_exhaustive()
    }
}

fn hung_up(message: &str) -> Error {
    Error::with_message(ErrorKind::Transport, message)
        .with_retry_advice(RetryAdvice::IfIdempotent(None))
}

fn silent() -> Error {
    Error::with_message(ErrorKind::Timeout, "the event stream went silent")
        .with_retry_advice(RetryAdvice::IfIdempotent(None))
}

fn broken(error: SocketError) -> Error {
    match error {
        SocketError::Capacity(_) | SocketError::Protocol(_) | SocketError::Utf8(_) => {
            Error::with_message(
                ErrorKind::Protocol,
                "the event stream sent something else than events",
            )
            .with_source(error)
        }
        _ => hung_up("the event stream broke off").with_source(error),
    }
}
