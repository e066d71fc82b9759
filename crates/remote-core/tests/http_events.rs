//! What the HTTP layer reports through `tracing`: enough to follow a request, and nothing secret, at any level.
//!
//! A program of its own, because the receiver of events is one for the whole process.
#![cfg(feature = "http")]
#![allow(clippy::unwrap_used, reason = "helpers of tests may")]

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use remote_core::{
    http::{Body, HttpClient, HttpSettings},
    secret::Secret,
};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};

use server::Server;

#[expect(dead_code, reason = "shared with the other tests of this layer")]
#[path = "http/server.rs"]
mod server;

/// Writes down everything that is reported by any library.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<String>>);

impl Visit for Recorder {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = self.0.lock().unwrap();
        text.push_str(&format!("{}={value:?} ", field.name()));
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut self.clone());
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn events_tell_method_label_host_status_and_attempt_and_no_secret() {
    let recorder = Recorder::default();
    tracing::subscriber::set_global_default(recorder.clone()).unwrap();
    let server = Server::answering("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n").await;
    let request = server
        .put("/hunter2?token=hunter2")
        .authorization(Secret::new("Bearer hunter2"))
        .body(Body::Bytes("hunter2".into()))
        .attempt(3);
    HttpClient::new(&HttpSettings::default())
        .unwrap()
        .send(request)
        .await
        .unwrap()
        .drain()
        .await;
    let text = recorder.0.lock().unwrap();
    for part in [
        "method=PUT",
        "label=\"test\"",
        "127.0.0.1",
        "status=404",
        "attempt=3",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains("hunter2"), "{text}");
}
