//! The administration endpoints of every service: `/_emulator/…`. They are neither counted nor delayed and need
//! no credentials.

use std::collections::BTreeMap;
use std::time::Duration;

use hyper::header::ALLOW;
use hyper::{Method, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::fault::Fault;
use crate::record::RequestLog;
use crate::reply::Reply;
use crate::server::Shared;
use crate::service::Call;

const BODY_LIMIT: usize = 1024 * 1024;

pub(crate) async fn answer(shared: &Shared, command: &str, call: &mut Call) -> Reply {
    let method = call.method.clone();
    match (command, &method) {
        ("requests", &Method::GET) => requests(&shared.log),
        ("requests", &Method::DELETE) => {
            shared.log.clear();
            Reply::status(StatusCode::NO_CONTENT)
        }
        ("log", &Method::GET) => {
            Reply::json(&serde_json::json!({"requests": shared.log.records()}))
        }
        ("faults", &Method::GET) => {
            Reply::json(&serde_json::json!({"faults": shared.faults.pending()}))
        }
        ("faults", &Method::POST) => order_faults(shared, call).await,
        ("faults", &Method::DELETE) => {
            shared.faults.clear();
            Reply::status(StatusCode::NO_CONTENT)
        }
        ("clock", &Method::POST) => advance(shared, call).await,
        ("clock", &Method::GET) => {
            Reply::json(&serde_json::json!({"now_ms": shared.clock.now_ms()}))
        }
        ("online", &Method::POST) => set_online(shared, call).await,
        ("requests", _) => not_allowed("GET,DELETE"),
        ("faults", _) => not_allowed("GET,DELETE,POST"),
        ("log", _) => not_allowed("GET"),
        ("clock", _) => not_allowed("GET,POST"),
        ("online", _) => not_allowed("POST"),
        _ => of_service(shared, command, call).await,
    }
}

/// Commands that only this service has.
async fn of_service(shared: &Shared, command: &str, call: &mut Call) -> Reply {
    let body = match call.body.read_all(BODY_LIMIT).await {
        Ok(body) => body,
        Err(error) => {
            return Reply::text(
                StatusCode::BAD_REQUEST,
                format!("unreadable body: {error:?}"),
            );
        }
    };
    shared
        .service
        .administer(command, &call.method, &body)
        .unwrap_or_else(|| Reply::text(StatusCode::NOT_FOUND, "no such administration endpoint"))
}

fn not_allowed(allow: &str) -> Reply {
    Reply::status(StatusCode::METHOD_NOT_ALLOWED).header(ALLOW, allow)
}

fn requests(log: &RequestLog) -> Reply {
    let by_endpoint = log.counts();
    let counts: BTreeMap<String, u64> = by_endpoint
        .iter()
        .map(|entry| (format!("{} {}", entry.method, entry.endpoint), entry.count))
        .collect();
    Reply::json(&serde_json::json!({
        "total": log.total(),
        "counts": counts,
        "by_endpoint": by_endpoint,
    }))
}

async fn body<T: DeserializeOwned>(call: &mut Call) -> Result<T, Reply> {
    let refuse = |text: String| Reply::text(StatusCode::BAD_REQUEST, text);
    let bytes = call
        .body
        .read_all(BODY_LIMIT)
        .await
        .map_err(|error| refuse(format!("unreadable body: {error:?}")))?;
    serde_json::from_slice(&bytes).map_err(|error| refuse(error.to_string()))
}

async fn order_faults(shared: &Shared, call: &mut Call) -> Reply {
    // Not an untagged enum: its error would not say which field is wrong.
    let value = match body::<serde_json::Value>(call).await {
        Ok(value) => value,
        Err(reply) => return reply,
    };
    let list = match value {
        serde_json::Value::Array(items) => items,
        other => vec![other],
    };
    let parsed: Result<Vec<Fault>, _> = list.into_iter().map(serde_json::from_value).collect();
    match parsed {
        Ok(faults) => {
            let count = faults.len();
            faults
                .into_iter()
                .for_each(|fault| shared.faults.push(fault));
            Reply::json(&serde_json::json!({"ordered": count}))
        }
        Err(error) => Reply::text(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_ms: u64,
}

async fn advance(shared: &Shared, call: &mut Call) -> Reply {
    match body::<Advance>(call).await {
        Ok(order) => {
            shared
                .clock
                .advance(Duration::from_millis(order.advance_ms));
            Reply::json(&serde_json::json!({"now_ms": shared.clock.now_ms()}))
        }
        Err(reply) => reply,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Online {
    mount: String,
    online: bool,
}

async fn set_online(shared: &Shared, call: &mut Call) -> Reply {
    match body::<Online>(call).await {
        Ok(order) if shared.service.set_online(&order.mount, order.online) => {
            Reply::status(StatusCode::NO_CONTENT)
        }
        Ok(_) => Reply::text(StatusCode::NOT_FOUND, "no such mount"),
        Err(reply) => reply,
    }
}
