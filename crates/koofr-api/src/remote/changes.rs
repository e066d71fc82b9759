//! Following changes.

use std::sync::Arc;

use futures::{
    StreamExt as _,
    stream::{self, BoxStream},
};
use remote_core::{
    error::{Error, Result},
    operation::{Change, ChangeCursor},
};

use super::Inner;

impl Inner {
    pub(super) fn changes(
        self: Arc<Self>,
        _since: Option<ChangeCursor>,
    ) -> BoxStream<'static, Result<Change>> {
        stream::once(async { Err(Error::unsupported("following changes")) }).boxed()
    }
}
