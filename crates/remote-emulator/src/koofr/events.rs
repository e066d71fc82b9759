//! The event stream over a WebSocket.

use std::collections::BTreeMap;
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
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::koofr::Koofr;
use crate::koofr::auth;
use crate::koofr::error::{Answer, Refusal};
use crate::koofr::path::Path;
use crate::reply::Reply;
use crate::service::Call;

type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// `GET /events`: switches to the WebSocket protocol.
pub(crate) fn open(koofr: &Koofr, call: &mut Call) -> Answer {
    let key = call.headers.get(SEC_WEBSOCKET_KEY).cloned();
    let websocket = call.header("upgrade").eq_ignore_ascii_case("websocket")
        && call
            .headers
            .get(SEC_WEBSOCKET_VERSION)
            .is_some_and(|version| version == "13");
    let valid_key = key.filter(|key| STANDARD.decode(key).is_ok_and(|bytes| bytes.len() == 16));
    let (Some(key), true, Some(upgrade)) = (valid_key, websocket, call.upgrade.take()) else {
        return Err(Refusal::text(
            StatusCode::BAD_REQUEST,
            "expected a WebSocket handshake",
        ));
    };
    tokio::spawn(serve(koofr.handle(), upgrade));
    Ok(Reply::status(StatusCode::SWITCHING_PROTOCOLS)
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, "websocket")
        .header(SEC_WEBSOCKET_ACCEPT, derive_accept_key(key.as_bytes())))
}

async fn serve(koofr: Arc<Koofr>, upgrade: OnUpgrade) {
    let mut stop = koofr.stopped.subscribe();
    let run = async {
        let Ok(upgraded) = upgrade.await else { return };
        let socket =
            WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
        listen(&koofr, socket).await;
    };
    tokio::select! {
        () = run => {}
        _ = stop.changed() => {}
    }
}

/// What one connection listens to.
#[derive(Debug, Default)]
struct Session {
    user: Option<String>,
    listeners: BTreeMap<i64, (String, Path)>,
    last_id: i64,
}

#[derive(Deserialize)]
#[serde(
    tag = "action",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
enum Order {
    Auth {
        authorization: String,
    },
    Deregister {
        listener_id: i64,
    },
    Ping,
    Register {
        request_id: u32,
        mount_id: String,
        path: String,
    },
}

/// Serves a connection until either side has enough. Whatever is wrong ends it without a close frame.
async fn listen(koofr: &Koofr, mut socket: Socket) {
    let mut session = Session::default();
    let mut changes = koofr.lock().events.subscribe();
    loop {
        let sent = tokio::select! {
            message = socket.next() => match message {
                Some(Ok(Message::Text(text))) => match session.obey(koofr, &text) {
                    Some(Some(answer)) => send(&mut socket, &answer).await,
                    Some(None) => true,
                    None => false,
                },
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => true,
                _ => false,
            },
            change = changes.recv() => match change {
                Ok(change) => {
                    let mut open = true;
                    for (id, (mount, path)) in &session.listeners {
                        if let Some(event) = change.seen_from(mount, path) {
                            let event = json!({"action": "event", "listenerId": id, "event": event});
                            open = open && send(&mut socket, &event).await;
                        }
                    }
                    open
                }
                Err(RecvError::Lagged(_)) => true,
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

impl Session {
    /// The answer to a message, if it has one; `None` when the connection has to end.
    fn obey(&mut self, koofr: &Koofr, text: &str) -> Option<Option<Value>> {
        match serde_json::from_str(text).ok()? {
            Order::Auth { authorization } => {
                let bearer = authorization.starts_with("Bearer ");
                if !bearer && !koofr.settings.events_accept_all_schemes {
                    return None;
                }
                self.user = Some(auth::user_of(koofr, &authorization).ok()?);
                Some(Some(json!({"action": "authenticated"})))
            }
            Order::Register {
                request_id,
                mount_id,
                path,
            } => {
                let user = self.user.as_ref()?;
                let path = Path::parse(&path).ok()?;
                // The alias of the primary mount is not understood here.
                let known = mount_id != "primary" && koofr.lock().mount(user, &mount_id).is_ok();
                if !known {
                    return None;
                }
                self.last_id += 1;
                self.listeners.insert(self.last_id, (mount_id, path));
                Some(Some(
                    json!({"action": "registered", "requestId": request_id, "listenerId": self.last_id}),
                ))
            }
            Order::Deregister { listener_id } => {
                self.listeners.remove(&listener_id);
                Some(Some(
                    json!({"action": "deregistered", "listenerId": listener_id}),
                ))
            }
            Order::Ping => Some(None),
        }
    }
}
