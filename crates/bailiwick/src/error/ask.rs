//! What `ask` and `decide` have instead of a reply.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use bailiwick_core::{CodecError, Position};

use crate::error::Cause;

/// Why an `ask` has no reply. The four arms are what a caller can act on.
///
/// # Examples
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sessions.rs"));
/// use bailiwick::{AggregateRef, AskError};
///
/// async fn acquire(account: &AggregateRef<AccountSessions>, key: String) -> String {
///     match account.once(key).ask(Acquire("tv".into())).await {
///         Ok(expires_at) => format!("until {expires_at}"),
///         Err(AskError::Rejected(refused)) => refused.to_string(),
///         Err(AskError::NotRun(not_run)) => match not_run.cause.retry_after() {
///             Some(wait) => format!("not now; ask again in {wait:?}"),
///             None => format!("not at all: {}", not_run.cause),
///         },
///         Err(AskError::AlreadyRun(run)) => format!("it was run, at position {}", run.position),
///         Err(unknown @ AskError::Unknown { .. }) => {
///             format!("ask again with the same key: {unknown}")
///         }
///     }
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let builder = Runtime::builder(MemoryJournal::new()).aggregate::<AccountSessions>();
/// # let runtime = builder.start().await?;
/// # let account = runtime.aggregates::<AccountSessions>().get("acc-1");
/// # assert!(acquire(&account, "k1".into()).await.starts_with("until "));
/// # runtime.shutdown(Duration::from_secs(1)).await;
/// # assert!(acquire(&account, "k2".into()).await.starts_with("not "));
/// # Ok(())
/// # }
/// ```
pub enum AskError<C, R> {
    /// A rule of the aggregate said no. Nothing happened but that.
    Rejected(R),
    /// This call certainly had no effect; here is the command back. Of an earlier one with the same
    /// idempotency key it says nothing.
    NotRun(NotRun<C>),
    /// It certainly had its effect, when it was asked before with the same idempotency key; but the
    /// answer cannot be read. Do not ask again: look at what it did.
    AlreadyRun(AlreadyRun),
    /// It may have had its effect. Look; with an idempotency key, ask again.
    Unknown {
        /// Why nobody can say.
        why: Unknown,
        /// It was asked with an idempotency key: asked again with that key, it is run once.
        keyed: bool,
    },
}

impl<C, R> AskError<C, R> {
    /// The rejection, if a rule said no.
    pub fn rejection(&self) -> Option<&R> {
        if let AskError::Rejected(rejection) = self { Some(rejection) } else { None }
    }

    /// Why it was certainly not run, if so.
    pub fn not_run(&self) -> Option<&Cause> {
        if let AskError::NotRun(not_run) = self { Some(&not_run.cause) } else { None }
    }

    /// Where it was run before, and why its answer cannot be read, if so.
    pub fn already_run(&self) -> Option<&AlreadyRun> {
        if let AskError::AlreadyRun(already_run) = self { Some(already_run) } else { None }
    }
}

/// A command that was run when it was asked before with the same idempotency key: what it was answered
/// is remembered, but this program cannot read it.
///
/// For an example see [`AskError`].
#[derive(Debug, Clone, thiserror::Error)]
#[error("it was run, at position {position}, and its answer cannot be read")]
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
///
/// For an example see [`AskError`].
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
///
/// For an example see [`AskError`].
#[non_exhaustive]
pub struct NotRun<C> {
    /// The command.
    pub command: C,
    /// Why it was not run.
    pub cause: Cause,
}

/// Why nobody can say whether a command had its effect.
///
/// For an example see [`AskError`].
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Unknown {
    /// It was being judged or appended when the time-out passed. It will have an outcome.
    #[error("no answer in time; the command was already being run and may have taken effect")]
    TimedOut,
    /// The journal failed while it was being appended.
    #[error("the journal failed while the command was being appended")]
    JournalFailed(#[source] Arc<dyn Error + Send + Sync>),
    /// The runtime was shut down or dropped while it was being appended.
    #[error("the runtime went away while the command was being appended")]
    ShutDown,
}

// By hand, because a command need not be `Debug` to be asked.
impl<C, R: fmt::Debug> fmt::Debug for AskError<C, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AskError::Rejected(rejection) => f.debug_tuple("Rejected").field(rejection).finish(),
            AskError::NotRun(not_run) => fmt::Debug::fmt(not_run, f),
            AskError::AlreadyRun(run) => f.debug_tuple("AlreadyRun").field(run).finish(),
            AskError::Unknown { why, keyed } => {
                f.debug_struct("Unknown").field("why", why).field("keyed", keyed).finish()
            }
        }
    }
}

impl<C, R: fmt::Display> fmt::Display for AskError<C, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AskError::Rejected(rejection) => write!(f, "rejected: {rejection}"),
            AskError::NotRun(not_run) => fmt::Display::fmt(not_run, f),
            AskError::AlreadyRun(run) => write!(f, "not run again: {run}"),
            AskError::Unknown { why, .. } => write!(f, "outcome unknown: {why}"),
        }
    }
}

// What is displayed is the text of the arm's own error, so its source is this one's.
impl<C, R: Error + 'static> Error for AskError<C, R> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            AskError::Rejected(rejection) => rejection.source(),
            AskError::NotRun(not_run) => not_run.source(),
            AskError::AlreadyRun(run) => run.source(),
            AskError::Unknown { why, .. } => why.source(),
        }
    }
}

impl<C> fmt::Debug for NotRun<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("NotRun").field(&self.cause).finish()
    }
}

impl<C> fmt::Display for NotRun<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not run: {}", self.cause)
    }
}

impl<C> Error for NotRun<C> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.source()
    }
}
