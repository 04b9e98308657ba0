//! Why a runtime does not start: everything that would lose or misread history is refused before
//! anything runs, and says what to do.

mod text;

use std::sync::Arc;
use std::time::Duration;

use bailiwick_core::journal::{AppendError, JournalId, JournalReadError};
use bailiwick_core::{
    BoxError, CodecError, InvalidTag, Position, ReactionKind, SchemaVersion, Tag,
};

use crate::config::WrongBound;
use crate::startup::schema::Found;

/// Why a runtime did not start.
///
/// What it says of an event it says of the first of its shape, where the journal has an
/// [outline](bailiwick_core::journal::Journal::outline): that one was looked at, and those behind the outline. A text
/// that is no ID any more, or bytes that cannot be decoded, of an event in between are found where they are met.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use bailiwick::{ErrorReport, MemoryJournal, Runtime, StartError};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let builder = Runtime::builder(MemoryJournal::new());
/// let Err(error) = builder.config(|config| config.timeout(Duration::ZERO)).start().await else {
///     return;
/// };
/// eprintln!("{}", ErrorReport::of(&error)); // What it found, where, and what to do.
/// let StartError::Config(wrong) = error else { panic!() };
/// assert_eq!(wrong[0].bound, "timeout");
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Two aggregate types have, or had, the same `NAME`.
    #[error(
        "{first} and {second} are, or were, both named {name:?}; an aggregate's NAME belongs to one type, \
         for ever"
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
    #[error("{}", text::nobody_emits(reader, event))]
    NobodyEmits {
        /// Who reads it.
        reader: &'static str,
        /// The name of the event type.
        event: &'static str,
    },
    /// The journal holds an event of a type that nothing here knows.
    #[error("{}", text::unknown_event_type(event))]
    UnknownEventType {
        /// The first of them.
        event: Box<Found>,
    },
    /// The journal holds an event that its aggregate would not read any more.
    #[error("{}", text::not_in_its_set(event, aggregate))]
    NotInItsSet {
        /// The first of them.
        event: Box<Found>,
        /// The `NAME` of the aggregate.
        aggregate: &'static str,
    },
    /// The store of snapshots has those of another journal.
    #[error(
        "the store has snapshots of the journal {of}, and this is the journal {journal}: give the runtime the \
         store of this journal, or delete what is in that one"
    )]
    SnapshotsOfAnotherJournal {
        /// Of which journal they are.
        of: JournalId,
        /// Which journal this is.
        journal: JournalId,
    },
    /// A policy or an effect has a name that cannot be recorded.
    #[error("no {kind} can be named {name:?}: give it a `NAME` of 1 to 80 bytes")]
    ReactionName {
        /// Which of the two.
        kind: ReactionKind,
        /// The name.
        name: &'static str,
        /// What is wrong with it.
        source: InvalidTag,
    },
    /// Two policies or effects have the same `NAME`.
    #[error(
        "{first} and {second} are both named {name:?}; a NAME belongs to one policy or effect, for ever"
    )]
    ReactionTaken {
        /// The name.
        name: &'static str,
        /// The Rust type that has it.
        first: &'static str,
        /// The Rust type that also has it.
        second: &'static str,
    },
    /// A projection has no name.
    #[error("the projection {rust_type} has an empty `NAME`: its rows and marks are found by it")]
    ProjectionName {
        /// The Rust type.
        rust_type: &'static str,
    },
    /// Two projections have the same `NAME`.
    #[error(
        "the projections {first} and {second} are both named {name:?}: each would take the other's mark for \
         its own; give one another NAME"
    )]
    ProjectionTaken {
        /// The name.
        name: &'static str,
        /// The Rust type that has it.
        first: &'static str,
        /// The Rust type that also has it.
        second: &'static str,
    },
    /// The operating system gives no thread to a projection.
    #[error("there is no thread for the store of the projection {name:?}")]
    ProjectionThread {
        /// Its name.
        name: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// What a policy or an effect has recorded of itself cannot be read.
    #[error("what {name:?} recorded of itself at position {position} cannot be read")]
    ReactionFact {
        /// Its name.
        name: &'static str,
        /// Where it stands.
        position: Position,
        /// What is wrong with it.
        source: CodecError,
    },
    /// The journal does not take where a policy or an effect begins, so nobody would know it later.
    #[error("where {name:?} begins cannot be recorded")]
    ReactionNotRecorded {
        /// Its name.
        name: &'static str,
        /// Why.
        source: AppendError,
    },
    /// A policy or an effect declares other lanes than those in which something is under way, or it was the
    /// other of the two.
    #[error(
        "the {kind} {name:?} goes by the lanes `{recorded}`, and now declares `{declared}`, but {}: let the \
         version before finish (retry or drop what is parked), then start this one; or give it another NAME, \
         which begins anew",
        text::outstanding(*next, *parked)
    )]
    LaneChanged {
        /// Which of the two it is.
        kind: ReactionKind,
        /// Its name.
        name: &'static str,
        /// By which lanes it went.
        recorded: String,
        /// By which it is to go.
        declared: String,
        /// The first news that is not done, if there is one.
        next: Option<Position>,
        /// How many lanes are parked.
        parked: usize,
    },
    /// News of a policy or an effect have no lane.
    #[error(
        "the {kind} {name:?} has a lane for each aggregate that emits its news, but {emitter} emits {event:?} \
         and is none: let its lane be that of an ID that the event carries (`Lane::of`)"
    )]
    NoEmitter {
        /// Which of the two.
        kind: ReactionKind,
        /// Its name.
        name: &'static str,
        /// The event type.
        event: &'static str,
        /// What emits it: a decision, or another program.
        emitter: &'static str,
    },
    /// News of a policy or an effect have no lane.
    #[error(
        "the {kind} {name:?} has a lane for each `{key}`, but {event} never carries one: no aggregate with \
         that key emits it, and none of its fields marked `#[tag]` has it. Mark the field that says whose it \
         is, or let the lane be another one (`LANE`)"
    )]
    NoLane {
        /// Which of the two.
        kind: ReactionKind,
        /// Its name.
        name: &'static str,
        /// The event type.
        event: &'static str,
        /// The key of the tags.
        key: &'static str,
    },
    /// The journal holds what a policy or an effect did that is not here.
    #[error("{}", text::unknown_reaction(*kind, name, *position))]
    UnknownReaction {
        /// Which of the two.
        kind: ReactionKind,
        /// Its name.
        name: String,
        /// Where it was started.
        position: Position,
    },
    /// A later version of the program wrote the journal.
    #[error("{}", text::newer_version(event, owner, *found, *known))]
    NewerVersion {
        /// The first of them.
        event: Box<Found>,
        /// The Rust type that has it.
        owner: &'static str,
        /// The version that was recorded.
        found: SchemaVersion,
        /// The version that is written here.
        known: SchemaVersion,
    },
    /// A later version of Bailiwick wrote the journal.
    #[error("{}", text::newer_bailiwick(event))]
    NewerBailiwick {
        /// The first of them.
        event: Box<Found>,
    },
    /// The journal holds an event that cannot be decoded.
    #[error("{}", text::unreadable(event, set, *version))]
    Unreadable {
        /// The event.
        event: Box<Found>,
        /// The Rust type that emits or reads it.
        set: &'static str,
        /// The version that was recorded.
        version: SchemaVersion,
        /// What is wrong with it.
        source: BoxError,
    },
    /// The journal holds events of an aggregate that is not here.
    #[error("{}", text::unknown_aggregate(event))]
    UnknownAggregate {
        /// The first of them.
        event: Box<Found>,
    },
    /// The IDs of an aggregate have another key than its events.
    #[error("{}", text::unknown_key(event, aggregate, id, key, found))]
    UnknownKey {
        /// The first of them.
        event: Box<Found>,
        /// The `NAME` of the aggregate.
        aggregate: &'static str,
        /// The Rust type of its IDs.
        id: &'static str,
        /// The key that they have.
        key: &'static str,
        /// The key that the event has.
        found: String,
    },
    /// A reader finds nothing by its key, perhaps because the key was renamed.
    #[error("{}", text::key_never_seen(reader, id, key, event, *position, tag))]
    KeyNeverSeen {
        /// Who reads.
        reader: &'static str,
        /// The Rust type of its IDs.
        id: &'static str,
        /// The key that they have.
        key: &'static str,
        /// The name of an event type that it reads.
        event: String,
        /// Where an event of that type is.
        position: Position,
        /// A tag of that event, with a key that no ID here has.
        tag: Tag,
    },
    /// A text of the journal is no ID any more.
    #[error("{}", text::unreadable_id(event, tag, id))]
    UnreadableId {
        /// The first event with it.
        event: Box<Found>,
        /// The tag that it has.
        tag: Tag,
        /// The Rust type of the ID.
        id: &'static str,
        /// What is wrong with it.
        source: BoxError,
    },
    /// An old key of one ID type is a key of another.
    #[error(
        "{first} says that its tags had the key {key:?}, which is one of {second} too: events under it \
         would be of two things. Let {second} have another key, and say which it was"
    )]
    KeyTaken {
        /// The key.
        key: &'static str,
        /// The Rust type that had it.
        first: &'static str,
        /// The Rust type that has it, or also had it.
        second: &'static str,
    },
    /// What is known here is said to be somebody else's.
    #[error(
        "the {what} {name:?} is to be ignored, but {owner} knows it: take it out of what is ignored, \
         or out of there"
    )]
    IgnoredButKnown {
        /// What it is the name of.
        what: &'static str,
        /// The name.
        name: String,
        /// The Rust type that has it.
        owner: &'static str,
    },
    /// Something in the journal was recorded in the future.
    #[error(
        "something in the journal was recorded {} ms ahead of this machine's clock. If the clock is \
         wrong, set it; if it was wrong then, start with `allow_journal_ahead`, which ignores what \
         lies ahead",
        by.as_millis()
    )]
    JournalAhead {
        /// How far ahead.
        by: Duration,
    },
    /// Bounds that a runtime cannot keep to: all of them.
    #[error("{}", text::sentences(.0))]
    Config(Vec<WrongBound>),
    /// The clock cannot sleep here, so no deadline would ever fire.
    #[error(
        "the clock cannot sleep: {message}. Build the tokio runtime with `enable_time` (or \
         `enable_all`), or start with a clock of your own"
    )]
    NoTimers {
        /// With what it panicked.
        message: Arc<str>,
    },
    /// There is no tokio runtime here.
    #[error("a runtime starts within a tokio runtime, or with a spawner of its own")]
    NoExecutor,
    /// The journal could not be read.
    #[error("the runtime cannot start on this journal")]
    Unread(#[source] JournalReadError),
}
