//! What can go wrong, by what is certain about the command.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use bailiwick_core::{
    BoundaryError, BoxError, CodecError, EmitError, FoldError, InvalidTag, JournalFault, OverLimit,
    Position, ReadError as JournalReadError, TagError, Text, Unstorable,
};

/// Why an `ask` has no reply. The three arms are what a caller can act on.
#[non_exhaustive]
pub enum AskError<C, R> {
    /// A rule of the aggregate said no. Nothing happened but that.
    Rejected(R),
    /// Certainly no effect; here is the command back.
    NotRun(NotRun<C>),
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
}

/// A command that certainly had no effect, and why.
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
    /// The idempotency key was used for another command.
    #[error("the idempotency key {key:?} was used for another command; take a new key")]
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
    /// Too many reads are waiting for this aggregate.
    #[error("too many reads are waiting ({capacity}); ask again later")]
    Full {
        /// The bound, in reads.
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
            AskError::Unknown(unknown) => f.debug_tuple("Unknown").field(unknown).finish(),
        }
    }
}

impl<C, R: fmt::Display> fmt::Display for AskError<C, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AskError::Rejected(rejection) => write!(f, "rejected: {rejection}"),
            AskError::NotRun(not_run) => write!(f, "not run: {}", not_run.cause),
            AskError::Unknown(unknown) => write!(f, "outcome unknown: {unknown}"),
        }
    }
}

impl<C, R: Error + 'static> Error for AskError<C, R> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            AskError::Rejected(rejection) => Some(rejection),
            AskError::NotRun(not_run) => not_run.cause.source(),
            AskError::Unknown(unknown) => unknown.source(),
        }
    }
}

impl<C> fmt::Debug for NotRun<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("NotRun").field(&self.cause).finish()
    }
}
