//! Why a command was certainly not run.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use bailiwick_core::journal::{EventType, JournalFault, JournalReadError, OverLimit};
use bailiwick_core::{
    BoundaryError, CodecError, EmitError, FoldError, InvalidTag, Position, TagError, Text,
    Unstorable,
};

/// Why a command certainly had no effect.
///
/// For an example see [`AskError`](crate::AskError).
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// The mailbox is full and the caller did not want to wait.
    #[error("the mailbox is full ({capacity} commands); ask again later, or wait for room")]
    MailboxFull {
        /// Its bound, in commands.
        capacity: usize,
    },
    /// As many aggregates wait for the journal as may, and none of them was done within the time-out;
    /// or the caller did not want to wait.
    #[error("{most} aggregates wait for the journal, and no more may; ask again later")]
    Overloaded {
        /// Their bound, in aggregates: [`waiting_aggregates`](crate::Config::waiting_aggregates).
        most: usize,
    },
    /// The correlation or the principal of the call is too long.
    #[error("a {what} has {most} bytes at most, not {bytes}")]
    TextTooLong {
        /// Which of the two.
        what: &'static str,
        /// How many bytes it has.
        bytes: usize,
        /// How many it may have: [`call_text_bytes`](crate::Config::call_text_bytes).
        most: usize,
    },
    /// Its turn did not come within the time-out.
    #[error("its turn did not come in time")]
    TimedOut,
    /// The runtime is shutting down or gone.
    #[error("the runtime is shut down")]
    ShutDown,
    /// The text of the ID cannot be a tag.
    #[error("the ID cannot be used")]
    InvalidId(#[source] InvalidTag),
    /// An event of the aggregate cannot be decoded, or applying it panics.
    #[error(transparent)]
    Unloadable(Unloadable),
    /// The journal could not be read.
    #[error("the aggregate cannot be loaded")]
    Unread {
        /// Why.
        source: JournalReadError,
        /// How long it is certainly not tried again: zero if the next command tries.
        again_in: Duration,
    },
    /// The journal certainly did not take it, or failed before it was submitted.
    #[error("the journal did not take it")]
    JournalFailed(#[source] Arc<dyn Error + Send + Sync>),
    /// The journal has too much to append just now, and took nothing of it.
    #[error("the journal has too much to append just now; ask again later")]
    JournalBusy(#[source] Arc<dyn Error + Send + Sync>),
    /// What it emits, or its reply that is to be remembered, is more than the journal ever takes at
    /// once. Asked again, it is refused again.
    #[error(transparent)]
    OverLimit(OverLimit),
    /// The journal is closed for writing since it failed.
    #[error("the journal is closed for writing")]
    JournalClosed {
        /// What failed, where, and what to do.
        #[source]
        fault: JournalFault,
        /// In how long the runtime tries to open it again, if it was told to
        /// ([`reopen_journal`](crate::Builder::reopen_journal)).
        reopened_in: Option<Duration>,
    },
    /// Other writers were faster every time.
    #[error("other writers of the journal were faster {attempts} times; ask again later")]
    Contended {
        /// How often it was decided.
        attempts: u32,
    },
    /// Other writers were faster every time, with what a view of the decision reads.
    #[error(
        "other writers of the journal were faster {attempts} times, the last time at position \
         {position}, which {view} reads; ask again later"
    )]
    Overtaken {
        /// How often it was decided.
        attempts: u32,
        /// Which view: the name of its type, and its tags.
        view: Arc<str>,
        /// The first event that it had not read.
        position: Position,
    },
    /// The aggregate is not at the position the caller expected.
    #[error("the aggregate is at position {actual}, not at {expected}; read it and ask again")]
    Moved {
        /// What the caller expected.
        expected: Position,
        /// Where it is.
        actual: Position,
    },
    /// The idempotency key was used for another command, or for the same one with other values.
    #[error(
        "the idempotency key {key:?} was used for another command, which was run; another key is for \
         what is meant to be run as well"
    )]
    KeyReused {
        /// The key.
        key: Text,
    },
    /// The idempotency key is empty or too long.
    #[error("an idempotency key has 1 to {most} bytes, not {bytes}")]
    InvalidKey {
        /// How many bytes it has.
        bytes: usize,
        /// How many it may have.
        most: usize,
    },
    /// The aggregate remembers as many keys as it may, and takes no new ones until it may forget some.
    /// A command without a key, or with one that it knows, is run as ever.
    #[error(
        "the aggregate remembers {remembered} idempotency keys for {window:?} each, and has no room \
         for another one before {room_in:?} have passed; ask again then, or let it remember more \
         (`answers`, `answers_bytes`) or not as long (`answers_for`)"
    )]
    KeysFull {
        /// How many it remembers.
        remembered: usize,
        /// For how long each ([`answers_for`](crate::Config::answers_for)).
        window: Duration,
        /// How long there is certainly no room.
        room_in: Duration,
    },
    /// A call with an idempotency key may wait for longer than the key is remembered: who asked again
    /// after its time-out might have its command run twice.
    #[error(
        "the call may take {timeout:?} (`timeout`), but an idempotency key is remembered for {window:?} \
         only (`answers_for`); wait less, or let it be remembered for longer"
    )]
    WindowTooShort {
        /// How long a key is remembered ([`answers_for`](crate::Config::answers_for)).
        window: Duration,
        /// The time-out of the call.
        timeout: Duration,
    },
    /// The reply is larger than what may be remembered with a key. Nothing happened, and nothing will
    /// if it is asked again: ask without a key, or let it reply less.
    #[error("the reply has {bytes} bytes, and {most} may be remembered (`reply_bytes`)")]
    ReplyTooLarge {
        /// How many it has, encoded.
        bytes: usize,
        /// How many it may have.
        most: usize,
    },
    /// The idempotency key of a decision cannot be a tag, by which it is found again.
    #[error("the idempotency key {key:?} of a decision cannot be a tag")]
    KeyNotATag {
        /// The key.
        key: Text,
        /// What is wrong with it.
        source: InvalidTag,
    },
    /// The domain's code panicked. The state is as before.
    #[error("the aggregate's code panicked: {message}")]
    Panicked {
        /// The message of the panic.
        message: Arc<str>,
    },
    /// An event's tags contradict the aggregate's own.
    #[error(transparent)]
    Tags(TagError),
    /// A command or a reply that goes with an idempotency key cannot be encoded or decoded.
    #[error(transparent)]
    Codec(Arc<CodecError>),
    /// An event, or a reply that is to be remembered, could not be read again as it is.
    #[error(transparent)]
    Unstorable(Arc<Unstorable>),
    /// The decision has no boundary.
    #[error(transparent)]
    Boundary(BoundaryError),
    /// A view of the decision cannot read an event.
    #[error(transparent)]
    Fold(Arc<FoldError>),
    /// The decision cannot emit an event.
    #[error(transparent)]
    Emit(EmitError),
}

/// An aggregate whose journal cannot be folded. It stays so until the code is mended.
///
/// For an example see [`AskError`](crate::AskError).
#[derive(Debug, Clone, thiserror::Error)]
#[error("the aggregate cannot be loaded: the event at position {position} {problem}")]
#[non_exhaustive]
pub struct Unloadable {
    /// The event at which the fold stopped.
    pub position: Position,
    /// What is wrong with it.
    pub problem: Arc<str>,
    /// Why it cannot be decoded, if it is that.
    pub source: Option<Arc<CodecError>>,
}

impl Cause {
    pub(crate) fn panicked(message: Arc<str>) -> Cause {
        Cause::Panicked { message }
    }

    pub(crate) fn codec(error: CodecError) -> Cause {
        Cause::Codec(Arc::new(error))
    }
}

impl From<Unstorable> for Cause {
    fn from(error: Unstorable) -> Cause {
        Cause::Unstorable(Arc::new(error))
    }
}

impl Unloadable {
    pub(crate) fn panicked(position: Position, problem: String) -> Unloadable {
        Unloadable { position, problem: problem.into(), source: None }
    }

    pub(crate) fn undecodable(
        position: Position,
        event_type: &EventType,
        source: CodecError,
    ) -> Unloadable {
        let problem = format!("({event_type}) cannot be read").into();
        Unloadable { position, problem, source: Some(Arc::new(source)) }
    }
}
