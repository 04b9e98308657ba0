//! The journal port: the one ordered log that everything rests on.
//!
//! For an example see [`Journal`].
//!
//! Why it is as it is: docs/decisions/journal-port.md.

mod answer;
mod append;
#[cfg(feature = "conformance")]
pub mod conformance;
mod cursor;
mod encoded;
mod health;
mod limits;
mod outline;
mod query;
pub mod record;
mod values;
mod waiters;

use std::error::Error;
use std::future::Future;
use std::num::NonZeroUsize;
use std::pin::Pin;

use crate::position::Position;
use crate::time::Timestamp;

pub use crate::box_error::BoxError;
pub use crate::codec::wire::Malformed;
pub use crate::schema::{
    ANSWERED, DELIVERY_ENDED, LANE_FREED, LANE_PARKED, POLICY_REACHED, POLICY_REWOUND,
    POLICY_STARTED, REFUSED, RESERVED_PREFIX, RESERVED_TYPES,
};
pub use answer::Answer;
pub use append::AppendCondition;
pub use cursor::{Cursor, CursorError, InvalidCursor, JournalId};
pub(crate) use encoded::fnv_1a;
pub use encoded::{
    DeadlineOf, Delivery, DeliveryTarget, EncodedEvent, Extra, Idempotency, Metadata, NotOneId,
    Origin, RecordedCommand, RecordedDeadline, RecordedEvent, UnknownMetadata,
};
pub use health::{FaultKind, Health, JournalFault, ReopenError};
pub use limits::{AppendLimits, OverLimit};
pub use outline::{DeadlinesOf, KnownDeadlines, Outline, OutlineError, Shape};
pub use query::{EmptyQuery, EventType, Query, QueryItem};
pub use values::{ReadValues, ValueIndex, ValuesPage};
pub use waiters::{Waiters, Waiting};

/// A boxed future.
///
/// ```
/// use bailiwick_core::BoxFuture;
///
/// let future: BoxFuture<u32> = Box::pin(async { 1 });
/// ```
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send + 'static>>;

/// The one ordered log.
///
/// A journal guarantees, and the conformance suite (feature `conformance`) checks:
///
/// 1. Positions ascend in the order in which appends took effect, from 1 on, and none is ever given
///    twice. Those of one append follow each other. Else there may be holes: places that nothing has,
///    because an append took none of them, or because what was there is kept no longer. So nobody relies
///    on density between two reads, only on order and on "nothing up to here".
/// 2. An append takes effect wholly or not at all, and only if its condition holds at that instant.
/// 3. Readers never see part of an append, nor a later position before an earlier one.
/// 4. What an append returned `Ok` for is as durable as the journal promises to be.
/// 5. An append is submitted by the *call*; dropping its future never cancels it.
/// 6. When it fails while writing, it closes itself for writing: what was submitted by then is
///    [`Unknown`](AppendError::Unknown) or certainly not written, later appends are
///    [`Closed`](AppendError::Closed), and nothing more is written until [`reopen`](Self::reopen).
/// 7. An append beyond its [limits](Self::limits) is refused as such, whatever its condition says, and
///    leaves nothing; none within them is refused for what it holds.
///
/// # Examples
/// What there is, page by page, and then what comes, without a gap:
/// ```
/// use bailiwick_core::Position;
/// use bailiwick_core::journal::{Journal, JournalReadError, Query, Read};
///
/// async fn follow(journal: &dyn Journal, query: Query) -> Result<(), JournalReadError> {
///     let mut upto = Position::START;
///     loop {
///         let page = journal.read(Read::new(query.clone()).after(upto)).await?;
///         for recorded in page.events {
///             println!("{} {}", recorded.position, recorded.event.event_type);
///         }
///         upto = page.upto;
///         if !page.more {
///             journal.changed(query.clone(), upto).await?;
///         }
///     }
/// }
/// ```
pub trait Journal: Send + Sync + 'static {
    /// Appends `events` in one piece if `condition` holds (always, if there is none).
    ///
    /// Submitted by this call, in the order of the calls, and not when the future is first polled.
    /// The append's own events are not checked against its own condition.
    fn append(
        &self,
        events: Vec<EncodedEvent>,
        condition: Option<AppendCondition>,
    ) -> Answer<Result<Appended, AppendError>>;

    /// Reads a page of the events that match, in order of position.
    fn read(&self, read: Read) -> Answer<Result<Page, JournalReadError>>;

    /// The last event that matches, however many there are and however long ago it was. Costs what
    /// one event costs, not what the journal's length does.
    fn last(&self, query: Query) -> Answer<Result<LastMatch, JournalReadError>>;

    /// Waits until there may be an event beyond `after` that matches.
    ///
    /// A hint: the answer may come without a cause, and says nothing of what is there. But it is never
    /// missed. If such an event can be read already, or is acknowledged after this call, the answer
    /// comes, whatever happens in between: so after a read that found no more up to `after`, nothing is
    /// lost between that read and this call, nor between this answer and the next read.
    ///
    /// Waiting begins with the call, and ends when the future is dropped, which leaves nothing behind.
    /// While nothing matches it costs nothing but what it holds. It goes on while the journal is closed
    /// for writing; once that was [opened again](Self::reopen) everybody has an answer, since what was
    /// unknown may have taken effect.
    ///
    /// # Errors
    /// If the journal cannot be read, or was let go of meanwhile.
    fn changed(&self, query: Query, after: Position) -> Answer<Result<(), JournalReadError>>;

    /// Reads a page of the values that a key of tags has, in their order: to list what there is by its
    /// ID. Costs what the values of the key do, not what the journal's length does; what a journal has
    /// to catch up with first, it says.
    fn values(&self, read: ReadValues) -> Answer<Result<ValuesPage, JournalReadError>>;

    /// Which journal it is: never the same as one that was made apart, and the same for as long as it
    /// lives, over restarts, reopening and copies. Asks nobody and waits for nothing. A journal around
    /// another one says what that says.
    fn id(&self) -> JournalId;

    /// The end of the journal.
    fn head(&self) -> Answer<Result<Head, JournalReadError>>;

    /// What its events show of themselves, up to some position that it says: what a start would else read all of
    /// them for. Answers with what there is already, and does not read the journal for that: there may be
    /// nothing, up to [`Position::START`]. A journal around another one, which changes no event and no position, says
    /// what that says.
    ///
    /// # Errors
    /// If the journal cannot be read.
    ///
    /// # Examples
    /// ```
    /// use bailiwick_core::Position;
    /// use bailiwick_core::journal::{Journal, JournalReadError, Outline};
    ///
    /// /// From where on events are to be read to know what there is.
    /// async fn unknown_from(journal: &dyn Journal) -> Result<(Outline, Position), JournalReadError> {
    ///     let outline = journal.outline().await?;
    ///     let upto = if outline.is_complete() { outline.upto() } else { Position::START };
    ///     Ok((outline, upto))
    /// }
    /// ```
    fn outline(&self) -> Answer<Result<Outline, JournalReadError>> {
        Answer::ready(Ok(Outline::default()))
    }

    /// What an append may hold. The same for as long as the journal lives; asks nobody and waits for
    /// nothing. A journal around another one says what that says.
    fn limits(&self) -> AppendLimits;

    /// Whether it takes appends now. Asks nobody and waits for nothing.
    fn health(&self) -> Health;

    /// Opens it again after it was [closed for writing](Health::ClosedForWriting), and reads what
    /// is really there: an append whose outcome was unknown is in the journal from now on, wholly,
    /// or never will be. Positions acknowledged before stay as they are. Whoever holds state of
    /// before has to read on from where it was certain.
    ///
    /// Does nothing to a journal that is open. Tries once: how often, and when, is up to the caller.
    fn reopen(&self) -> Answer<Result<(), ReopenError>>;
}

/// The end of the journal at some instant.
///
/// For an example see [`Journal`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Head {
    /// The last position, [`Position::START`] if the journal is empty.
    pub position: Position,
    /// The latest time of recording so far.
    pub recorded_at: Timestamp,
}

/// The last event that matches a query.
///
/// For an example see [`Journal`].
#[derive(Debug, Clone, PartialEq)]
pub struct LastMatch {
    /// The event; none if there is no match up to `upto`.
    pub event: Option<RecordedEvent>,
    /// Nothing beyond the event matches up to here: the journal's head at an instant between the
    /// call and its return.
    pub upto: Position,
}

/// What to read.
///
/// For an example see [`Journal`].
#[derive(Debug, Clone)]
pub struct Read {
    /// Which events.
    pub query: Query,
    /// Only events beyond this position.
    pub after: Position,
    /// No event beyond this position; none reads to the head.
    pub upto: Option<Position>,
    /// At most this many events.
    pub limit: NonZeroUsize,
    /// The event with which a page has as many bytes is its last. They count as
    /// [`counted_bytes`](EncodedEvent::counted_bytes), or as the journal stores them.
    pub bytes: usize,
}

impl Read {
    /// Events per page unless told otherwise.
    pub const DEFAULT_LIMIT: NonZeroUsize = NonZeroUsize::new(1_000).unwrap();

    /// The first page of the events that match `query`.
    pub fn new(query: Query) -> Read {
        Read {
            query,
            after: Position::START,
            upto: None,
            limit: Self::DEFAULT_LIMIT,
            bytes: usize::MAX,
        }
    }

    /// Only events beyond this position.
    #[must_use]
    pub fn after(self, after: Position) -> Read {
        Read { after, ..self }
    }

    /// No event beyond this position, and no look at what is there.
    #[must_use]
    pub fn upto(self, upto: Position) -> Read {
        Read { upto: Some(upto), ..self }
    }

    /// At most this many events per page.
    #[must_use]
    pub fn limit(self, limit: NonZeroUsize) -> Read {
        Read { limit, ..self }
    }

    /// No event more in a page that has so many bytes; it has one at least.
    #[must_use]
    pub fn bytes(self, bytes: usize) -> Read {
        Read { bytes, ..self }
    }
}

/// A page of a read.
///
/// For an example see [`Journal`].
#[derive(Debug, Clone)]
pub struct Page {
    /// The matching events, in order.
    pub events: Vec<RecordedEvent>,
    /// Every matching event up to here was given: continue after it.
    pub upto: Position,
    /// Whether there may be more of what was asked for beyond `upto`. If not, `upto` is the journal's
    /// head at an instant between the call and its return, or the read's own
    /// [`upto`](Read::upto) where that is before the head. It is never beyond either.
    pub more: bool,
}

/// The positions an append was given: its own, not the journal's head.
///
/// For an example see [`AppendCondition`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// The position of its first event.
    pub first: Position,
    /// The position of its last event.
    pub last: Position,
}

/// Why an append did not succeed, by what is certain about it.
///
/// For an example see [`AppendCondition`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// It had no events. Nothing was appended.
    #[error("an append needs at least one event")]
    Empty,
    /// Its condition did not hold. Nothing was appended.
    #[error("the append condition does not hold: the event at position {at} matches")]
    Conflict {
        /// The position of a matching event. It can be read from now on: whoever is refused for
        /// it can learn why.
        at: Position,
    },
    /// It is beyond the journal's [limits](Journal::limits): it will never be taken as it is.
    /// Nothing was appended.
    #[error("the journal never takes such an append; nothing was written")]
    OverLimit(#[source] OverLimit),
    /// Too much waits to be appended just now: the same append may be taken later. Certainly nothing
    /// was appended.
    #[error("the journal has too much to append just now; nothing was written")]
    Busy(#[source] BoxError),
    /// The journal did not take it. Certainly nothing was appended.
    #[error("the journal did not take the append; nothing was written")]
    NotWritten(#[source] BoxError),
    /// The journal is closed for writing, since it failed. Certainly nothing was appended.
    #[error("the journal is closed for writing; nothing was written")]
    Closed(#[source] JournalFault),
    /// The journal failed while writing: it may have been appended, or not.
    #[error("the journal failed while appending; whether it was written is unknown")]
    Unknown(#[source] BoxError),
}

/// Why a read failed.
///
/// For an example see [`Journal`].
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum JournalReadError {
    /// The journal cannot be read now.
    #[error("the journal cannot be read")]
    Unavailable(#[source] std::sync::Arc<dyn Error + Send + Sync + 'static>),
}
