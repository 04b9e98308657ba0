//! What kind of trouble each error is, and whether the same call may help later.

use std::time::Duration;

use bailiwick_core::ErrorClass::{
    self, Conflict, Internal, Invalid, Overloaded, Rejected, Unavailable,
};

use crate::error::{AskError, Cause, ReachError, ReadError, SubscribeError};

/// Where nobody knows how long it takes.
const SOON: Duration = Duration::from_secs(1);

impl<C, R> AskError<C, R> {
    /// What kind of trouble it is: see [`ErrorClass`] for what a server says of each.
    pub fn class(&self) -> ErrorClass {
        match self {
            AskError::Rejected(_) => Rejected,
            AskError::NotRun(not_run) => not_run.cause.class(),
            // The code cannot read what it wrote.
            AskError::AlreadyRun(_) => Internal,
            AskError::Unknown { .. } => ErrorClass::Unknown,
        }
    }

    /// If the same call may help, and is safe: after how long at least; one second where nobody knows.
    ///
    /// Of an outcome that is unknown, there is one only for a call with an idempotency key: the same
    /// command asked again *with the same key* is run once. Without a key, look first.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            AskError::NotRun(not_run) => not_run.cause.retry_after(),
            AskError::Unknown { keyed: true, .. } => Some(SOON),
            AskError::Unknown { keyed: false, .. }
            | AskError::Rejected(_)
            | AskError::AlreadyRun(_) => None,
        }
    }
}

impl Cause {
    /// What kind of trouble it is: see [`ErrorClass`] for what a server says of each. Never
    /// `Rejected` or `Unknown`.
    pub fn class(&self) -> ErrorClass {
        match self {
            Cause::MailboxFull { .. }
            | Cause::Overloaded { .. }
            | Cause::TimedOut
            | Cause::JournalBusy(_)
            | Cause::KeysFull { .. } => Overloaded,
            Cause::ShutDown
            | Cause::Unread { .. }
            | Cause::JournalFailed(_)
            | Cause::JournalClosed { .. } => Unavailable,
            Cause::Contended { .. }
            | Cause::Overtaken { .. }
            | Cause::Moved { .. }
            | Cause::KeyReused { .. } => Conflict,
            Cause::TextTooLong { .. } | Cause::InvalidKey { .. } => Invalid,
            Cause::InvalidId(why) | Cause::KeyNotATag { source: why, .. } => why.class(),
            Cause::OverLimit(why) => why.class(),
            Cause::Tags(why) => why.class(),
            Cause::Codec(why) => why.class(),
            Cause::Unstorable(why) => why.class(),
            Cause::Boundary(why) => why.class(),
            Cause::Emit(why) => why.class(),
            Cause::Unloadable(_)
            | Cause::WindowTooShort { .. }
            | Cause::ReplyTooLarge { .. }
            | Cause::Panicked { .. }
            | Cause::Fold(_) => Internal,
        }
    }

    /// If the same call may help: after how long at least; one second where nobody knows.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Cause::KeysFull { room_in, .. } => Some(*room_in),
            Cause::Unread { again_in, .. } => Some(SOON.max(*again_in)),
            Cause::JournalClosed { fault, reopened_in } => {
                reopened_in.filter(|_| !fault.kind().is_lasting()).map(|wait| SOON.max(wait))
            }
            Cause::Contended { .. } | Cause::Overtaken { .. } => Some(SOON),
            cause => soon(cause.class()),
        }
    }
}

impl ReadError {
    /// What kind of trouble it is: see [`ErrorClass`] for what a server says of each. Never
    /// `Rejected`, `Conflict` or `Unknown`.
    pub fn class(&self) -> ErrorClass {
        match self {
            ReadError::TimedOut | ReadError::Overloaded { .. } | ReadError::Full { .. } => {
                Overloaded
            }
            ReadError::ShutDown | ReadError::Unread { .. } => Unavailable,
            ReadError::InvalidId(why) => why.class(),
            ReadError::BeyondHead { .. } => Invalid,
            ReadError::Unloadable(_) | ReadError::Fold(_) | ReadError::Panicked { .. } => Internal,
        }
    }

    /// If reading again may help: after how long at least; one second where nobody knows.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            ReadError::Unread { again_in, .. } => Some(SOON.max(*again_in)),
            error => soon(error.class()),
        }
    }
}

impl ReachError {
    /// What kind of trouble it is: see [`ErrorClass`] for what a server says of each. Never
    /// `Rejected`, `Conflict` or `Unknown`.
    pub fn class(&self) -> ErrorClass {
        match self {
            ReachError::TimedOut { .. }
            | ReachError::Failed { .. }
            | ReachError::Unread(_)
            | ReachError::ShutDown => Unavailable,
            ReachError::BeyondHead { .. } => Invalid,
        }
    }

    /// If asking again may help: after how long at least; one second, since nobody knows. Of a projection that has
    /// failed there is none: somebody has to see to it.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            ReachError::Failed { .. } => None,
            error => soon(error.class()),
        }
    }
}

impl SubscribeError {
    /// What kind of trouble it is: see [`ErrorClass`] for what a server says of each. Never
    /// `Rejected`, `Conflict` or `Unknown`.
    pub fn class(&self) -> ErrorClass {
        match self {
            SubscribeError::InvalidId(why) => why.class(),
            SubscribeError::Cursor(_) => Invalid,
            SubscribeError::ShutDown | SubscribeError::Unread(_) => Unavailable,
            SubscribeError::Undecodable { .. } => Internal,
        }
    }

    /// If subscribing again, from what was seen last, may help: after how long at least; one second where
    /// nobody knows.
    pub fn retry_after(&self) -> Option<Duration> {
        soon(self.class())
    }
}

/// Whether the same call may help, where the class says it all: what is full or away comes back, and the rest
/// stays as it is.
fn soon(class: ErrorClass) -> Option<Duration> {
    matches!(class, Overloaded | Unavailable).then_some(SOON)
}
