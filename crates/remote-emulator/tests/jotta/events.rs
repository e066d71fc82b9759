//! The event stream.

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::client::{Request, Server};
use crate::{wire, xml};

async fn ticket(server: &Server) -> String {
    let target = format!("/rest/token/{}/createToken", server.user);
    let answer = server.send(Request::new("GET", target)).await.xml();
    assert_eq!(xml::element(&answer, "username"), Some(&*server.user));
    xml::element(&answer, "authToken").unwrap().to_owned()
}

async fn handshake(server: &Server, ticket: &str) -> (u16, TcpStream) {
    let target = format!("/ws/{}/{ticket}", server.user);
    let request = Request::new("GET", target)
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
    let mut stream = TcpStream::connect(&server.address).await.unwrap();
    stream
        .write_all(&request.bytes(&server.address))
        .await
        .unwrap();
    let answer = wire::read(&mut stream, "GET").await.unwrap();
    (answer.status, stream)
}

struct Listener(WebSocketStream<TcpStream>);

impl Listener {
    async fn start(server: &Server) -> Self {
        let (status, stream) = handshake(server, &ticket(server).await).await;
        assert_eq!(status, 101);
        Self(WebSocketStream::from_raw_socket(stream, Role::Client, None).await)
    }

    async fn say(&mut self, message: &Value) {
        self.0
            .send(Message::text(message.to_string()))
            .await
            .unwrap();
    }

    async fn hear(&mut self) -> Value {
        let message = self.0.next().await.unwrap().unwrap();
        serde_json::from_str(message.to_text().unwrap()).unwrap()
    }

    async fn event(&mut self) -> Value {
        self.hear().await["EVENT"].take()
    }
}

#[tokio::test]
async fn changes_are_told_to_those_who_subscribe() {
    let server = Server::start().await;
    let mut listener = Listener::start(&server).await;
    listener.say(&json!({"PING": "Ok"})).await;
    assert_eq!(listener.hear().await, json!({"PONG": "ok"}));
    listener
        .say(&json!({"SUBSCRIBE": {"path": "ALL", "UA": "test"}}))
        .await;
    assert_eq!(listener.hear().await["SUBSCRIBE"]["PATH"], "ALL");

    server.put("/Jotta/Archive/d/a.txt", b"hello").await;
    let made = listener.event().await;
    assert_eq!(
        (&made["ST"], &made["T"]),
        (&json!("CREATE_DIR"), &json!("PATH"))
    );
    let stored = listener.event().await;
    assert_eq!(stored["ST"], "NEW_UPLOAD");
    assert_eq!(stored["U"], server.user.as_str());
    let data = &stored["D"];
    assert_eq!(
        data["FROM"],
        format!("/{}/Jotta/Archive/d/a.txt", server.user)
    );
    assert_eq!(data["size"], "5");
    assert_eq!(data["revision"], "1");
    assert_eq!(data["md5"], "5d41402abc4b2a76b9719d911017c592");

    server
        .transfer("/Jotta/Archive/d/a.txt", "mv", "/Jotta/Archive/d/b.txt")
        .await;
    let moved = listener.event().await;
    assert_eq!(moved["ST"], "MOVE");
    assert_eq!(
        moved["D"]["TO"],
        format!("/{}/Jotta/Archive/d/b.txt", server.user)
    );
    server.command("/Jotta/Archive/d/b.txt?dl=true").await;
    assert_eq!(listener.event().await["ST"], "DELETE");
    server.hash_copy("/Jotta/Archive/d/b.txt", b"hello").await;
    assert_eq!(listener.event().await["ST"], "RESTORE");
    server.command("/Jotta/Archive/d/b.txt?rm=true").await;
    assert_eq!(listener.event().await["ST"], "HARD_DELETE_FILE");
}

#[tokio::test]
async fn a_ticket_is_good_for_one_connection_of_its_owner() {
    let server = Server::start().await;
    let ticket = ticket(&server).await;
    assert_eq!(handshake(&server, "wrong").await.0, 401);
    assert_eq!(handshake(&server, &ticket).await.0, 101);
    assert_eq!(handshake(&server, &ticket).await.0, 401);
    let other = server
        .send(Request::new("GET", "/rest/token/somebody/createToken"))
        .await;
    assert_eq!(other.outcome(), "403 AccessDeniedException");
}
