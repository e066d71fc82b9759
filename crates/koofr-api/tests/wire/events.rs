//! The event stream: one connection against a server that speaks just enough of the protocol.
//!
//! Covered: the handshake, signing in, registering, events before and after the answer to an order, hanging up at each step, a server that is
//! none. Not covered: silence, which takes minutes.

use crate::common::builder;
use futures::{SinkExt as _, StreamExt as _};
use koofr_api::{Client, auth::Credentials, model::event::FileEvent};
use remote_core::{error::ErrorKind, secret::Secret};
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_tungstenite::{WebSocketStream, tungstenite::Message};
use url::Url;
use wiremock::MockServer;

type Socket = WebSocketStream<TcpStream>;

/// A server for one connection, and a client of it.
async fn serve<F, Fut>(script: F) -> (Client, JoinHandle<()>)
where
    F: FnOnce(Socket) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let socket = tokio_tungstenite::accept_async(stream).await.unwrap();
        script(socket).await;
    });
    let endpoint = Url::parse(&format!("http://{address}")).unwrap();
    let client = Client::builder(endpoint)
        .credentials(Credentials::Token(Secret::new("t0ken")))
        .build()
        .unwrap();
    (client, server)
}

async fn hear(socket: &mut Socket) -> Value {
    loop {
        match socket.next().await.unwrap().unwrap() {
            Message::Text(text) => return serde_json::from_str(text.as_str()).unwrap(),
            _ => continue,
        }
    }
}

async fn say(socket: &mut Socket, value: Value) {
    socket.send(Message::text(value.to_string())).await.unwrap();
}

async fn let_in(socket: &mut Socket) {
    let auth = hear(socket).await;
    assert_eq!(
        auth,
        json!({"action": "auth", "authorization": "Token token=t0ken"})
    );
    say(socket, json!({"action": "authenticated"})).await;
}

fn created(listener: i64, path: &str) -> Value {
    json!({"action": "event", "listenerId": listener, "event": {
        "type": "fileCreated", "mountId": "m", "path": path, "newPath": "", "userAgent": "x",
        "file": {"name": "f", "type": "file", "size": 1}}})
}

#[tokio::test]
async fn events_of_a_registered_folder_are_told_in_order() {
    let (client, server) = serve(|mut socket| async move {
        let_in(&mut socket).await;
        let register = hear(&mut socket).await;
        assert_eq!(
            register,
            json!({"action": "register", "requestId": 1, "mountId": "m", "path": "/Sub"})
        );
        say(&mut socket, json!({"action": "news"})).await;
        say(
            &mut socket,
            json!({"action": "registered", "requestId": 1, "listenerId": 7}),
        )
        .await;
        say(&mut socket, created(7, "/a")).await;
        let deregister = hear(&mut socket).await;
        assert_eq!(deregister, json!({"action": "deregister", "listenerId": 7}));
        say(&mut socket, created(8, "/b")).await;
        say(
            &mut socket,
            json!({"action": "deregistered", "listenerId": 7}),
        )
        .await;
    })
    .await;
    let mut events = client.events().await.unwrap();
    let listener = events.register("m", "/Sub").await.unwrap();
    let event = events.next().await.unwrap();
    assert_eq!(event.listener, listener);
    let FileEvent::Created(file) = event.event else {
        panic!("another event");
    };
    assert_eq!((file.path.as_str(), file.new_path), ("/a", None));
    events.deregister(listener).await.unwrap();
    assert!(
        matches!(events.next().await.unwrap().event, FileEvent::Created(file) if file.path == "/b")
    );
    assert_eq!(
        events.next().await.unwrap_err().kind(),
        ErrorKind::Transport
    );
    server.await.unwrap();
}

#[tokio::test]
async fn hanging_up_on_credentials_is_a_refusal() {
    let (client, server) = serve(|mut socket| async move {
        hear(&mut socket).await;
    })
    .await;
    let error = client.events().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication);
    assert!(!format!("{error:?}").contains("t0ken"));
    server.await.unwrap();
}

#[tokio::test]
async fn a_server_without_event_stream_is_told_as_such() {
    let server = MockServer::start().await;
    let client = builder(&server)
        .credentials(Credentials::Token(Secret::new("t")))
        .build()
        .unwrap();
    let error = client.events().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.http_status()),
        (ErrorKind::Protocol, Some(404))
    );
}

#[tokio::test]
async fn without_credentials_nothing_is_sent() {
    let server = MockServer::start().await;
    let client = builder(&server).build().unwrap();
    assert_eq!(
        client.events().await.unwrap_err().kind(),
        ErrorKind::Authentication
    );
    assert_eq!(crate::common::count(&server).await, 0);
}
