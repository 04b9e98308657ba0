//! What can go wrong, by what is certain about the command.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bailiwick_core::{
    BoundaryError, BoxError, CodecError, EmitError, FoldError, InvalidTag, JournalFault,
    JournalReadError, OverLimit, Position, TagError, Text, Unstorable,
};

/// Why an `ask` has no reply. The four arms are what a caller can act on.
#[non_exhaustive]
pub enum AskError<C, R> {
    /// A rule of the aggregate said no. Nothing happened but that.
    Rejected(R),
    /// This call certainly had no effect; here is the command back. Of an earlier one with the same
    /// idempotency key it says nothing.
    NotRun(NotRun<C>),
    /// It certainly had its effect, when it was asked before with the same idempotency key; but the
    /// answer cannot be read. Do not ask again: look at what it did.
    AlreadyRun(AlreadyRun),
    /// It may have had its effect. Look, or make it safe to ask again.
    Unknown(Unknown),
}

impl<C, R> AskError<C, R> {
    /// The rejection, if a rule said no.
    pub fn rejection(&self) -> Option<&R> {
        match self {
            AskError::Rejected(rejection) => Some(rejection),
            _ => None,
        }
    }

    /// Why it was certainly not run, if so.
    pub fn not_run(&self) -> Option<&Cause> {
        match self {
            AskError::NotRun(not_run) => Some(&not_run.cause),
            _ => None,
        }
    }

    /// Where it was run before, and why its answer cannot be read, if so.
    pub fn already_run(&self) -> Option<&AlreadyRun> {
        match self {
            AskError::AlreadyRun(already_run) => Some(already_run),
            _ => None,
        }
    }
}

/// A command that was run when it was asked before with the same idempotency key: what it was answered
/// is remembered, but this program cannot read it.
#[derive(Debug, Clone, thiserror::Error)]
#[error("it was run, at position {position}; its answer cannot be read: {cause}")]
#[non_exhaustive]
pub struct AlreadyRun {
    /// The position of its last event, as of when it was run.
    pub position: Position,
    /// Why its answer cannot be read.
    #[source]
    pub cause: UnreadableReply,
}

/// Why a remembered reply cannot be read. Mostly its type has changed: let it read what it was, with
/// `#[serde(default)]` for example.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum UnreadableReply {
    /// It is not a reply of this type.
    #[error(transparent)]
    Codec(Arc<CodecError>),
    /// The code that decodes it panicked.
    #[error("decoding it panicked: {message}")]
    Panicked {
        /// The message of the panic.
        message: Arc<str>,
    },
}

/// A command that certainly had no effect by this call, and why.
#[non_exhaustive]
pub struct NotRun<C> {
    /// The command.
    pub command: C,
    /// Why it was not run.
    pub cause: Cause,
}

/// Why a command certainly had no effect.
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
    #[error("the ID cannot be used: {0}")]
    InvalidId(#[source] InvalidTag),
    /// An event of the aggregate cannot be decoded, or applying it panics.
    #[error(transparent)]
    Unloadable(Unloadable),
    /// The journal could not be read.
    #[error("the aggregate cannot be loaded: {0}")]
    Unread(#[source] JournalReadError),
    /// The journal certainly did not take it, or failed before it was submitted.
    #[error("the journal did not take it: {0}")]
    JournalFailed(#[source] Arc<dyn Error + Send + Sync>),
    /// The journal has too much to append just now, and took nothing of it.
    #[error("the journal has too much to append just now; ask again later")]
    JournalBusy(#[source] Arc<dyn Error + Send + Sync>),
    /// What it emits, or its reply that is to be remembered, is more than the journal ever takes at
    /// once. Asked again, it is refused again.
    #[error(transparent)]
    OverLimit(OverLimit),
    /// The journal is closed for writing since it failed.
    #[error("the journal is closed for writing: {0}")]
    JournalClosed(#[source] JournalFault),
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
    #[error("the idempotency key {key:?} of a decision cannot be a tag: {source}")]
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
#[derive(Debug, Clone, thiserror::Error)]
#[error("the aggregate cannot be loaded: the event at position {position} {problem}")]
#[non_exhaustive]
pub struct Unloadable {
    /// The event at which the fold stopped.
    pub position: Position,
    /// What is wrong with it.
    pub problem: Arc<str>,
}

/// Why nobody can say whether a command had its effect.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Unknown {
    /// It was being judged or appended when the time-out passed. It will have an outcome.
    #[error("no answer in time; the command was already being run and may have taken effect")]
    TimedOut,
    /// The journal failed while it was being appended.
    #[error("the journal failed while the command was being appended: {0}")]
    JournalFailed(#[source] Arc<dyn Error + Send + Sync>),
    /// The runtime was shut down or dropped while it was being appended.
    #[error("the runtime went away while the command was being appended")]
    ShutDown,
}

/// Why a `read` has no answer.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// It has no answer yet.
    #[error("no answer in time")]
    TimedOut,
    /// As many aggregates wait for the journal as may, and none of them was done within the time-out.
    #[error("{most} aggregates wait for the journal, and no more may; ask again later")]
    Overloaded {
        /// Their bound, in aggregates: [`waiting_aggregates`](crate::Config::waiting_aggregates).
        most: usize,
    },
    /// Too many reads are waiting for this aggregate.
    #[error("too many reads are waiting ({capacity}); ask again later")]
    Full {
        /// The bound, in reads: [`waiting_reads`](crate::Config::waiting_reads).
        capacity: usize,
    },
    /// The runtime is shutting down or gone.
    #[error("the runtime is shut down")]
    ShutDown,
    /// The text of the ID cannot be a tag.
    #[error("the ID cannot be used: {0}")]
    InvalidId(#[source] InvalidTag),
    /// An event of the aggregate cannot be decoded, or applying it panics.
    #[error(transparent)]
    Unloadable(Unloadable),
    /// The journal could not be read.
    #[error("the aggregate cannot be loaded: {0}")]
    Unread(#[source] JournalReadError),
    /// The closure panicked.
    #[error("the read panicked: {message}")]
    Panicked {
        /// The message of the panic.
        message: Arc<str>,
    },
}

/// Why an aggregate could not be loaded. Shared by all who waited for it.
#[derive(Debug, Clone)]
pub(crate) enum LoadError {
    Unloadable(Unloadable),
    Unread(JournalReadError),
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

impl From<LoadError> for Cause {
    fn from(error: LoadError) -> Cause {
        match error {
            LoadError::Unloadable(unloadable) => Cause::Unloadable(unloadable),
            LoadError::Unread(error) => Cause::Unread(error),
        }
    }
}

impl From<LoadError> for ReadError {
    fn from(error: LoadError) -> ReadError {
        match error {
            LoadError::Unloadable(unloadable) => ReadError::Unloadable(unloadable),
            LoadError::Unread(error) => ReadError::Unread(error),
        }
    }
}

/// Shares the source of a journal's error among all commands of a batch.
pub(crate) fn shared(error: BoxError) -> Arc<dyn Error + Send + Sync> {
    Arc::from(error)
}

/// The text of a panic.
pub(crate) fn panic_message(panic: &(dyn std::any::Any + Send)) -> Arc<str> {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
        .into()
}

// By hand, because a command need not be `Debug` to be asked.
impl<C, R: fmt::Debug> fmt::Debug for AskError<C, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AskError::Rejected(rejection) => f.debug_tuple("Rejected").field(rejection).finish(),
            AskError::NotRun(not_run) => f.debug_tuple("NotRun").field(&not_run.cause).finish(),
            AskError::AlreadyRun(run) => f.debug_tuple("AlreadyRun").field(run).finish(),
            AskError::Unknown(unknown) => f.debug_tuple("Unknown").field(unknown).finish(),
        }
    }
}

impl<C, R: fmt::Display> fmt::Display for AskError<C, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AskError::Rejected(rejection) => write!(f, "rejected: {rejection}"),
            AskError::NotRun(not_run) => write!(f, "not run: {}", not_run.cause),
            AskError::AlreadyRun(run) => write!(f, "not run again: {run}"),
            AskError::Unknown(unknown) => write!(f, "outcome unknown: {unknown}"),
        }
    }
}

impl<C, R: Error + 'static> Error for AskError<C, R> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            AskError::Rejected(rejection) => Some(rejection),
            AskError::NotRun(not_run) => not_run.cause.source(),
            AskError::AlreadyRun(run) => run.source(),
            AskError::Unknown(unknown) => unknown.source(),
        }
    }
}

impl<C> fmt::Debug for NotRun<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("NotRun").field(&self.cause).finish()
    }
}
