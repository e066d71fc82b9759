//! The event stream.

use futures::{SinkExt, StreamExt};
use remote_emulator::koofr::{DEFAULT_PASSWORD, DEFAULT_USER};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use crate::client::{Server, basic};

struct Events(WebSocketStream<TcpStream>);

impl Events {
    async fn connect(server: &Server) -> Self {
        let stream = TcpStream::connect(server.address).await.unwrap();
        let url = format!("ws://{}/events?wsauth=true", server.address);
        Self(
            tokio_tungstenite::client_async(url, stream)
                .await
                .unwrap()
                .0,
        )
    }

    /// Signed in and listening to `path`.
    async fn listening(server: &Server, path: &str) -> Self {
        let mut events = Self::connect(server).await;
        let authorization = basic(DEFAULT_USER, DEFAULT_PASSWORD);
        events
            .say(json!({"action": "auth", "authorization": authorization}))
            .await;
        assert_eq!(events.hear().await, json!({"action": "authenticated"}));
        let mount = server.koofr().mount_id("primary").unwrap();
        events
            .say(json!({"action": "register", "requestId": 7, "mountId": mount, "path": path}))
            .await;
        let registered = json!({"action": "registered", "requestId": 7, "listenerId": 1});
        assert_eq!(events.hear().await, registered);
        events
    }

    async fn say(&mut self, value: Value) {
        self.0.send(Message::text(value.to_string())).await.unwrap();
    }

    async fn hear(&mut self) -> Value {
        let message = self.0.next().await.unwrap().unwrap();
        serde_json::from_str(message.to_text().unwrap()).unwrap()
    }

    /// Kind, path, new path, and the file's name of the next event.
    async fn event(&mut self) -> String {
        let message = self.hear().await;
        assert_eq!(
            (message["action"].as_str(), message["listenerId"].as_i64()),
            (Some("event"), Some(1))
        );
        let event = &message["event"];
        let text = |key: &str| event[key].as_str().unwrap_or("-").to_owned();
        let name = event["file"]["name"].as_str().unwrap_or("-");
        format!(
            "{} {} {} {name}",
            text("type"),
            text("path"),
            text("newPath")
        )
    }

    /// Whether the server ends the connection without saying goodbye.
    async fn ends_abruptly(mut self) -> bool {
        !matches!(self.0.next().await, Some(Ok(_)))
    }
}

async fn move_to(server: &Server, call: &str, from: &str, to: &str) {
    let body = json!({"toMountId": "primary", "toPath": to});
    let answer = server
        .api_json("PUT", &format!("files/{call}?path={from}"), body)
        .await;
    assert_eq!(answer.status, 200, "{call} {from} {to}");
}

#[tokio::test]
async fn events_are_relative_to_the_folder_listened_to() {
    let server = Server::start().await;
    let mut events = Events::listening(&server, "/Sub").await;
    server.mkdir("/", "sub").await;
    assert_eq!(events.event().await, "fileCreated / - sub");
    server.put("/SUB", "f.txt", "", "x").await;
    assert_eq!(events.event().await, "fileCreated /f.txt - f.txt");
    server.put("/SUB", "f.txt", "&overwrite=true", "y").await;
    assert_eq!(events.event().await, "fileCreated /f.txt - f.txt");
    move_to(&server, "move", "/sub/f.txt", "/out.txt").await;
    assert_eq!(events.event().await, "fileRemoved /f.txt - out.txt");
    move_to(&server, "move", "/out.txt", "/sub/in.txt").await;
    assert_eq!(events.event().await, "fileCreated /in.txt - in.txt");
    move_to(&server, "copy", "/sub/in.txt", "/sub/c.txt").await;
    assert_eq!(events.event().await, "fileCopied /in.txt /c.txt c.txt");
    // A copy that leaves is not reported; the next event is the move's.
    move_to(&server, "copy", "/sub/in.txt", "/out2.txt").await;
    move_to(&server, "move", "/sub/c.txt", "/sub/d.txt").await;
    assert_eq!(events.event().await, "fileMoved /c.txt /d.txt d.txt");
    server
        .api_json(
            "POST",
            "files/tags/set?path=/sub/d.txt",
            json!({"tags": {"k": ["v"]}}),
        )
        .await;
    assert_eq!(events.event().await, "fileTagsUpdated /d.txt - d.txt");
    server
        .api_json("PUT", "files/rename?path=/sub", json!({"name": "sub9"}))
        .await;
    assert_eq!(events.event().await, "fileRemoved / - sub9");
    server
        .api_json("PUT", "files/rename?path=/sub9", json!({"name": "sub"}))
        .await;
    assert_eq!(events.event().await, "fileCreated / - sub");
    server.api("DELETE", "files/remove?path=/sub").await;
    assert_eq!(events.event().await, "fileRemoved / - sub");
}

#[tokio::test]
async fn listeners_can_be_given_up_and_pings_have_no_answer() {
    let server = Server::start().await;
    let mut events = Events::listening(&server, "/").await;
    events.say(json!({"action": "ping"})).await;
    events
        .say(json!({"action": "deregister", "listenerId": 1}))
        .await;
    assert_eq!(
        events.hear().await,
        json!({"action": "deregistered", "listenerId": 1})
    );
    server.mkdir("/", "a").await;
    let mount = server.koofr().mount_id("primary").unwrap();
    events
        .say(json!({"action": "register", "requestId": 1, "mountId": mount, "path": "/"}))
        .await;
    assert_eq!(events.hear().await["listenerId"], 2);
    server
        .koofr()
        .announce_refresh("primary", "/cloud", false)
        .unwrap();
    assert_eq!(events.hear().await["event"]["type"], "fileRefreshed");
}

#[tokio::test]
async fn whatever_is_wrong_drops_the_connection() {
    let server = Server::start().await;
    let mount = server.koofr().mount_id("primary").unwrap();
    for message in [
        json!({"action": "auth", "authorization": "Bearer wrong"}),
        json!({"action": "register", "requestId": 1, "mountId": mount, "path": "/"}),
        json!({"action": "dance"}),
        json!("not an order"),
    ] {
        let mut events = Events::connect(&server).await;
        events.say(message.clone()).await;
        assert!(events.ends_abruptly().await, "{message}");
    }
    let mut events = Events::listening(&server, "/").await;
    events
        .say(json!({"action": "register", "requestId": 2, "mountId": "primary", "path": "/"}))
        .await;
    assert!(events.ends_abruptly().await);
    assert_eq!(server.get("/events?wsauth=true").await.status, 400);
}

#[tokio::test]
async fn streams_end_with_the_emulator() {
    let server = Server::start().await;
    let events = Events::listening(&server, "/").await;
    server.emulator.shutdown().await;
    assert!(events.ends_abruptly().await);
}
