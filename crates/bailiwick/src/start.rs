//! Why a runtime does not start: everything that would lose or misread history is refused before
//! anything runs, and says what to do.

use std::time::Duration;

use bailiwick_core::{Position, ReadError, SchemaVersion};

/// Why a runtime did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Two aggregate types have the same `NAME`.
    #[error(
        "{first} and {second} are both named {name:?}; an aggregate's NAME belongs to one type"
    )]
    NameTaken {
        /// The name.
        name: &'static str,
        /// The Rust type that has it.
        first: &'static str,
        /// The Rust type that also has it.
        second: &'static str,
    },
    /// Two decisions are pinned to one name, by which they are recognised when they come again.
    #[error(
        "the decisions {first} and {second} are both pinned to the name {name:?} (`COMMAND`): with one \
         idempotency key, one would be answered with what the other was; a name belongs to one type"
    )]
    CommandTaken {
        /// The name.
        name: &'static str,
        /// The Rust type that has it.
        first: &'static str,
        /// The Rust type that also has it.
        second: &'static str,
    },
    /// Two Rust types claim one event type, by a name they have or had.
    #[error(
        "the event type {event:?} is claimed by {first} and by {second}; a name in the journal \
         belongs to one Rust type: rename one, or make it a struct that both sets include"
    )]
    EventTypeClaimedTwice {
        /// The name of the event type.
        event: &'static str,
        /// The Rust type that has it.
        first: &'static str,
        /// The Rust type that also has it.
        second: &'static str,
    },
    /// An event type has a name that is Bailiwick's own.
    #[error(
        "the event type {event:?} of {owner} begins with `bailiwick.`, which is Bailiwick's own; \
         give it another name"
    )]
    ReservedName {
        /// The name of the event type.
        event: &'static str,
        /// The Rust type that has it.
        owner: &'static str,
    },
    /// A set retires an event type that is still one of its own.
    #[error(
        "{set} retires the event type {event:?}, but still includes it as {owner}: take it out of \
         `retired(..)`, or out of the set"
    )]
    RetiredButAlive {
        /// The name of the event type.
        event: &'static str,
        /// The set that retires it.
        set: &'static str,
        /// The Rust type that has it.
        owner: &'static str,
    },
    /// A reader waits for something that never happens.
    #[error(
        "{reader} reads the event type {event:?}, but nobody emits it and the journal has never \
         seen it. Is the name misspelt? If the type was renamed, say `#[event(was = \"..\")]` on it; \
         if whoever emits it is missing here, add it with `aggregate` or `emits`"
    )]
    NobodyEmits {
        /// Who reads it.
        reader: &'static str,
        /// The name of the event type.
        event: &'static str,
    },
    /// The journal holds an event that its aggregate would not read any more.
    #[error(
        "the event at position {position} was decided by the aggregate {aggregate}, whose event \
         set does not know its type {event:?}; without it the state is not the one that was \
         decided on. If the type was renamed, say `#[event(was = {event:?})]` on the new one; if it \
         is gone, say `#[event(retired({event:?}))]` on the set"
    )]
    UnknownEventType {
        /// The `NAME` of the aggregate.
        aggregate: &'static str,
        /// The name of the event type.
        event: String,
        /// Where the first of them is.
        position: Position,
    },
    /// A later version of the program wrote the journal.
    #[error(
        "the event at position {position} is {event} in version {found}, but {owner} knows it up \
         to version {known}: this program is older than the one that wrote the journal. Run that \
         one, or a later one"
    )]
    NewerVersion {
        /// The name of the event type.
        event: String,
        /// The Rust type that has it.
        owner: &'static str,
        /// Where the first of them is.
        position: Position,
        /// The version that was recorded.
        found: SchemaVersion,
        /// The version that is written here.
        known: SchemaVersion,
    },
    /// The last event of the journal lies in the future.
    #[error(
        "the journal's last event was recorded {} ms ahead of this machine's clock; set the clock, \
         or start with `allow_journal_ahead` and let time stand still until it is reached",
        by.as_millis()
    )]
    JournalAhead {
        /// How far ahead.
        by: Duration,
    },
    /// There is no tokio runtime here.
    #[error("a runtime starts within a tokio runtime, or with a spawner of its own")]
    NoExecutor,
    /// The journal could not be read.
    #[error("the journal cannot be read: {0}")]
    Unread(#[source] ReadError),
}
