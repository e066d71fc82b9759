//! The event stream: the ticket, the connection, what is said on it.

use futures::{SinkExt as _, StreamExt as _};
use jotta_api::{
    Client,
    addresses::Addresses,
    api::events::EventStream,
    auth::Credentials,
    model::event::{Event, EventType},
};
use remote_core::error::{Error, ErrorKind, Result, report};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_tungstenite::{WebSocketStream, accept_async, tungstenite::Message};
use url::Url;
use wiremock::MockServer;

use crate::common::{at, client, failure, impatient, once, request, xml};

const TICKET: &str = "<token><username>u1</username><authToken>canary ticket</authToken></token>";

/// A service that answers the question for a ticket, and does what it is told with the connection that follows.
struct Service {
    client: Client,
    task: JoinHandle<()>,
}

impl Drop for Service {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Service {
    async fn start<F, Fut>(connected: F) -> Self
    where
        F: FnOnce(TcpStream) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let root = format!("http://{}/", listener.local_addr().unwrap());
        let task = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let head = head(&mut stream).await;
            assert!(
                head.starts_with("GET /rest/token/u1/createToken "),
                "{head}"
            );
            assert!(head.contains("Bearer canary-token"), "{head}");
            let length = TICKET.len();
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{TICKET}"
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
            let (stream, _) = listener.accept().await.unwrap();
            connected(stream).await;
        });
        let root = Url::parse(&root).unwrap();
        let addresses = Addresses::default()
            .with_jfs(root.join("jfs/").unwrap())
            .unwrap();
        let client = Client::builder(Credentials::token("canary-token"))
            .addresses(addresses.with_api(root).unwrap())
            .username("u1")
            .retry_policy(impatient())
            .build()
            .unwrap();
        Self { client, task }
    }

    /// One that speaks the protocol.
    async fn speaking<F, Fut>(speak: F) -> Self
    where
        F: FnOnce(WebSocketStream<TcpStream>) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send,
    {
        Self::start(|stream| async move { speak(accept_async(stream).await.unwrap()).await }).await
    }

    async fn events(&self) -> Result<EventStream> {
        self.client.events().await
    }
}

async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

async fn subscribed(socket: &mut WebSocketStream<TcpStream>) -> Value {
    let order = socket.next().await.unwrap().unwrap().into_text().unwrap();
    let answer = json!({"SUBSCRIBE": {"PATH": "ALL", "LAST_UUID": "u-0"}}).to_string();
    socket.send(Message::text(answer)).await.unwrap();
    serde_json::from_str(order.as_str()).unwrap()
}

/// What becomes of messages that follow the subscription: events, and the error after them.
async fn heard(messages: Vec<Message>) -> (Vec<Event>, Error) {
    let service = Service::speaking(|mut socket| async move {
        subscribed(&mut socket).await;
        for message in messages {
            socket.send(message).await.unwrap();
        }
        // Hung up by the client, or after all was said.
        socket.close(None).await.ok();
        while let Some(Ok(_)) = socket.next().await {}
    })
    .await;
    let mut stream = service.events().await.unwrap();
    let mut events = Vec::new();
    loop {
        match stream.next().await {
            Ok(event) => events.push(event),
            Err(error) => return (events, error),
        }
    }
}

#[tokio::test]
async fn the_subscription_is_for_everything_and_early_events_are_kept() {
    let service = Service::speaking(|mut socket| async move {
        let early =
            json!({"EVENT": {"U": "u1", "ST": "CREATE_DIR", "D": {"FROM": "/u1/Jotta/Archive/d"}}});
        socket.send(Message::text(early.to_string())).await.unwrap();
        let order = subscribed(&mut socket).await;
        assert_eq!(order["SUBSCRIBE"]["path"], "ALL");
        assert!(
            order["SUBSCRIBE"]["UA"]
                .as_str()
                .unwrap()
                .starts_with("jotta-api/")
        );
        let late = json!({"EVENT": {"ST": "DELETE", "uuid": "u-1"}});
        socket.send(Message::text(late.to_string())).await.unwrap();
        while let Some(Ok(_)) = socket.next().await {}
    })
    .await;
    let mut events = service.events().await.unwrap();
    assert_eq!(events.last_uuid(), Some("u-0"));
    let early = events.next().await.unwrap();
    assert_eq!(early.kind, EventType::CreateDir);
    assert_eq!(events.next().await.unwrap().kind, EventType::Delete);
    assert_eq!(events.last_uuid(), Some("u-1"));
    assert!(!format!("{events:?}").contains("canary"));
}

#[tokio::test]
async fn an_event_has_what_the_service_tells_and_odd_ones_are_read_or_passed_over() {
    let full = json!({"EVENT": {"U": "u1", "A": "a", "T": "PATH", "ST": "MOVE", "TS": 1_700_000_000_000_u64, "uuid": "u-1", "D": {
        "FROM": "/u1/Jotta/Archive/a", "TO": "/u1/Jotta/Archive/b", "actorDevice": "PC", "size": "7", "revision": "3", "mimeType": "TEXT",
        "md5": "9A0364B9E99BB480DD25E1F0284C8555", "modified": "2023-11-14-T22:13:20Z", "created": "soon", "dfs": true}}});
    let novel = json!({"EVENT": {"ST": "INIT_SHARE_FOLDER", "D": null, "more": [1]}, "PONG": "ok"});
    let messages = vec![
        Message::text("no JSON"),
        Message::text(r#"{"PONG":"ok"}"#),
        Message::binary(vec![0, 159]),
        Message::Ping(vec![1].into()),
        Message::text(r#"{"EVENT":[]}"#),
        Message::text(full.to_string()),
        Message::text(novel.to_string()),
    ];
    let (events, error) = heard(messages).await;
    assert_eq!(error.kind(), ErrorKind::Transport, "it was closed");
    let [full, novel] = events.as_slice() else {
        panic!("{events:?}")
    };
    assert_eq!((&full.kind, full.user.as_str()), (&EventType::Move, "u1"));
    assert_eq!(full.to.as_deref(), Some("/u1/Jotta/Archive/b"));
    assert_eq!((full.size, full.created), (Some(7), None));
    assert_eq!(full.modified, Some(at(1_700_000_000)));
    assert_eq!(full.time, Some(at(1_700_000_000)));
    assert!(full.md5.is_some());
    assert_eq!(novel.kind.as_str(), "INIT_SHARE_FOLDER");
    assert_eq!((novel.from.as_deref(), novel.size), (None, None));
}

#[tokio::test]
async fn a_message_that_is_too_long_ends_the_stream() {
    let long = format!(r#"{{"x":"{}"}}"#, "y".repeat(2 << 20));
    let (events, error) = heard(vec![Message::text(long)]).await;
    assert_eq!((events.len(), error.kind()), (0, ErrorKind::Protocol));
}

#[tokio::test]
async fn a_connection_that_is_refused_or_is_none_does_not_quote_the_ticket() {
    for (answer, status) in [
        (
            "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
            Some(404),
        ),
        (
            "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
            Some(403),
        ),
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Some(200)),
        (
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: wrong\r\n\r\n",
            None,
        ),
    ] {
        let service = Service::start(move |mut stream| async move {
            let head = head(&mut stream).await;
            assert!(head.starts_with("GET /ws/u1/canary%20ticket "), "{head}");
            stream.write_all(answer.as_bytes()).await.unwrap();
            let mut rest = Vec::new();
            stream.read_to_end(&mut rest).await.ok();
        })
        .await;
        let error = service.events().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{answer}");
        assert_eq!(error.http_status(), status, "{answer}");
        assert!(!report(&error).contains("canary"), "{}", report(&error));
        assert!(!format!("{error:?}").contains("canary"), "{error:?}");
    }
}

#[tokio::test]
async fn without_a_ticket_there_is_no_connection() {
    for (body, kind) in [
        (
            "<token><username>u1</username></token>",
            ErrorKind::Protocol,
        ),
        (
            "<token><authToken> </authToken></token>",
            ErrorKind::Protocol,
        ),
        ("{}", ErrorKind::Protocol),
        ("<token><auth", ErrorKind::Transport),
    ] {
        let server = MockServer::start().await;
        let ticket = request("GET", "/rest/token/u1/createToken");
        ticket.respond_with(xml(body)).mount(&server).await;
        let error = client(&server).events().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{body}");
    }
    let server = MockServer::start().await;
    let ticket = request("GET", "/rest/token/u1/createToken");
    once(&server, ticket, failure(403, "AccessDeniedException")).await;
    let error = client(&server).events().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
}
