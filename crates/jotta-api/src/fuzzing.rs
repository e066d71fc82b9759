//! Not for users: what the readers of answers make of any bytes, for fuzzing. May change at any time.

use bytes::Bytes;
use futures::{
    FutureExt as _, StreamExt as _, TryStreamExt as _,
    stream::{self, BoxStream},
};
use http::StatusCode;
use remote_core::{error::Result, lenient::Object};
use serde::de::DeserializeOwned;

use crate::{
    addresses::fixed,
    api::listing::{TreeItem, TreeListing},
    auth::{Discovery, LoginToken},
    error::classify::{Answer, Asked, error_of},
    model::{
        account::Customer,
        album::Album,
        event::WireEvent,
        item::{Item, SearchResult},
        upload::{Allocation, Uploaded},
    },
    time,
};

/// What each reader makes of an answer that arrives in pieces of `piece` bytes, as text.
#[must_use]
pub fn answers(data: &[u8], piece: usize) -> Vec<String> {
    let text = String::from_utf8_lossy(data);
    vec![
        outcome(Item::read(body(data, piece))),
        outcome(SearchResult::read(body(data, piece))),
        outcome(tree(body(data, piece))),
        failure(data),
        json::<Customer>(data),
        json::<Album>(data),
        json::<Allocation>(data),
        json::<Uploaded>(data),
        json::<WireEvent>(data),
        format!("{:?}", LoginToken::parse(&text)),
        format!("{:?}", discovery(data).ok()),
        format!("{:?}", time::parse(&text)),
    ]
}

fn body(data: &[u8], piece: usize) -> BoxStream<'static, Result<Bytes>> {
    let pieces: Vec<Result<Bytes>> = data
        .chunks(piece.max(1))
        .map(|piece| Ok(Bytes::copy_from_slice(piece)))
        .collect();
    stream::iter(pieces).boxed()
}

/// The result of a future that has nothing to wait for.
fn now<T>(future: impl Future<Output = T>) -> T {
    let Some(result) = future.now_or_never() else {
        unreachable!("all pieces are there")
    };
    result
}

fn outcome<T: std::fmt::Debug>(future: impl Future<Output = Result<T>>) -> String {
    match now(future) {
        Ok(value) => format!("{value:?}"),
        Err(error) => format!("{:?}", error.kind()),
    }
}

async fn tree(body: BoxStream<'static, Result<Bytes>>) -> Result<Vec<TreeItem>> {
    let listing = TreeListing::open(body).await?;
    listing.into_stream().try_collect().await
}

fn failure(data: &[u8]) -> String {
    let answer = Answer {
        status: StatusCode::BAD_REQUEST,
        body: Bytes::copy_from_slice(data),
        retry_after: None,
    };
    let error = now(error_of(&answer, Asked::default()));
    format!("{:?} {error}", error.kind())
}

fn json<T: DeserializeOwned + std::fmt::Debug>(data: &[u8]) -> String {
    let read: Option<Object<T>> = serde_json::from_slice(data).ok();
    format!("{:?}", read.map(|Object(value)| value))
}

fn discovery(data: &[u8]) -> Result<Discovery> {
    Discovery::parse(data, &fixed("https://id.example.org/"))
}
