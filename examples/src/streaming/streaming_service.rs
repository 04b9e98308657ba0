//! Who runs the streams: the port behind which that service is.

use std::future::Future;

use bailiwick_core::{Attempt, Failed, MockService, Position, TraceParent};

use super::{AccountId, SessionId};

/// What the streaming service is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamOrder {
    /// A stream is to run, for as long as its lease is kept.
    Start {
        /// Of which account.
        account: AccountId,
        /// Which one.
        session: SessionId,
        /// The fencing token: of two orders for one stream the one with the higher token came later, and wins,
        /// in whatever order they arrive.
        token: Position,
        /// For how long each keep-alive is to ask, in milliseconds.
        lease_ms: u64,
    },
    /// A stream is not to run any more.
    Stop {
        /// Of which account.
        account: AccountId,
        /// Which one.
        session: SessionId,
        /// The fencing token, as above.
        token: Position,
    },
}

/// Beside an order: by what it is recognised, and to what it belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told<'a> {
    /// The same order may come again under the same key: it is to be carried out once.
    pub key: &'a str,
    /// The trace that it belongs to, if there is one.
    pub trace: Option<TraceParent>,
}

impl<'a> Told<'a> {
    pub(super) fn of(attempt: &'a Attempt<'_>) -> Told<'a> {
        Told { key: attempt.key(), trace: attempt.trace_parent() }
    }
}

/// Whoever runs the streams.
pub trait StreamingService: Send + Sync + 'static {
    /// Tells it to start or to stop a stream.
    ///
    /// # Errors
    /// If it may not have arrived, or is refused for good: [`Failed`].
    fn tell(
        &self,
        told: Told<'_>,
        order: StreamOrder,
    ) -> impl Future<Output = Result<(), Failed>> + Send;
}

/// That of a test: it fails in every way that it is told to.
impl StreamingService for MockService<StreamOrder> {
    async fn tell(&self, told: Told<'_>, order: StreamOrder) -> Result<(), Failed> {
        self.call(told.key, order).await
    }
}
