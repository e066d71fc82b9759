//! The event stream over a WebSocket, and the tickets that open it.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::{SinkExt, StreamExt};
use hyper::StatusCode;
use hyper::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::ids;
use crate::jotta::Jotta;
use crate::jotta::problem::{Answer, Problem};
use crate::jotta::render::reply;
use crate::jotta::xml::Xml;
use crate::reply::Reply;
use crate::service::Call;

/// Unused tickets that are kept; one more, and they are all forgotten.
const TICKETS: usize = 1000;

type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// `GET /rest/token/{user}/createToken`
pub(crate) fn ticket(jotta: &Jotta, call: &Call, user: &str) -> Answer {
    let account = jotta.signed_in(call)?;
    if user != account.username {
        return Err(Problem::forbidden(format!(
            "{user} is not the account of this token"
        )));
    }
    let ticket = ids::token();
    {
        let mut state = jotta.lock();
        if state.tickets.len() >= TICKETS {
            state.tickets.clear();
        }
        let user = account.username.clone();
        state.tickets.insert(ticket.clone(), user);
    }
    let mut xml = Xml::document();
    xml.open("token", &[]);
    xml.text("username", &account.username);
    xml.text("authToken", &ticket);
    xml.close("token");
    Ok(reply(StatusCode::OK, xml))
}

/// `GET /ws/{user}/{ticket}`: switches to the WebSocket protocol. A ticket opens one connection.
pub(crate) fn open(jotta: &Jotta, call: &mut Call, user: &str, ticket: &str) -> Answer {
    let key = call.headers.get(SEC_WEBSOCKET_KEY).cloned();
    let websocket = call.header("upgrade").eq_ignore_ascii_case("websocket")
        && call
            .headers
            .get(SEC_WEBSOCKET_VERSION)
            .is_some_and(|version| version == "13");
    let valid_key = key.filter(|key| STANDARD.decode(key).is_ok_and(|bytes| bytes.len() == 16));
    let (Some(key), true, Some(upgrade)) = (valid_key, websocket, call.upgrade.take()) else {
        return Err(Problem::invalid("expected a WebSocket handshake"));
    };
    let owner = jotta.lock().tickets.remove(ticket);
    if owner.as_deref() != Some(user) {
        return Err(Problem::unauthorized());
    }
    tokio::spawn(serve(jotta.handle(), user.to_owned(), upgrade));
    Ok(Reply::status(StatusCode::SWITCHING_PROTOCOLS)
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, "websocket")
        .header(SEC_WEBSOCKET_ACCEPT, derive_accept_key(key.as_bytes())))
}

async fn serve(jotta: Arc<Jotta>, user: String, upgrade: OnUpgrade) {
    let mut stop = jotta.stopped.subscribe();
    let run = async {
        let Ok(upgraded) = upgrade.await else { return };
        let socket =
            WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
        listen(&jotta, &user, socket).await;
    };
    tokio::select! {
        () = run => {}
        _ = stop.changed() => {}
    }
}

/// Serves a connection until either side has enough. Events go out once it has subscribed.
async fn listen(jotta: &Jotta, user: &str, mut socket: Socket) {
    let mut changes = jotta.lock().events.subscribe();
    let mut subscribed = false;
    loop {
        let sent = tokio::select! {
            message = socket.next() => match message {
                Some(Ok(Message::Text(text))) => match answer(&text, &mut subscribed) {
                    Some(answer) => send(&mut socket, &answer).await,
                    None => true,
                },
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => true,
                _ => false,
            },
            change = changes.recv() => match change {
                Ok(event) if subscribed && event.user == user => {
                    send(&mut socket, &event.text).await
                }
                Ok(_) | Err(RecvError::Lagged(_)) => true,
                Err(RecvError::Closed) => false,
            },
        };
        if !sent {
            return;
        }
    }
}

async fn send(socket: &mut Socket, value: &Value) -> bool {
    socket.send(Message::text(value.to_string())).await.is_ok()
}

/// The answer to a message; unknown ones have none.
fn answer(text: &str, subscribed: &mut bool) -> Option<Value> {
    let message: Value = serde_json::from_str(text).ok()?;
    if message.get("SUBSCRIBE").is_some() {
        *subscribed = true;
        return Some(json!({"SUBSCRIBE": {"PATH": "ALL", "LAST_UUID": ids::uuid()}}));
    }
    let ping = message == "PING" || message.get("PING").is_some();
    ping.then(|| json!({"PONG": "ok"}))
}
