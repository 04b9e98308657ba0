//! Why nothing can be rehearsed.

use bailiwick_core::journal::JournalReadError;
use bailiwick_core::{CodecError, Position};

/// Why a [rehearsal](crate::Rehearsal) has no report.
///
/// For an example see [`Rehearsal`](crate::Rehearsal).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RehearsalError {
    /// The journal cannot be read.
    #[error("the journal cannot be rehearsed")]
    Unread(#[source] JournalReadError),
    /// What a policy has recorded of itself cannot be read.
    #[error(
        "what the policy {policy} has recorded of itself at position {position} cannot be read"
    )]
    UnreadablePolicy {
        /// Its `NAME`.
        policy: &'static str,
        /// Where that stands.
        position: Position,
        /// Why.
        source: CodecError,
    },
    /// A policy sends to what nobody added: the runtime would not deliver it.
    #[error(
        "the policy {policy} sends to {target}, which was not added: add `.{add}::<{target}>()`"
    )]
    UnknownTarget {
        /// Its `NAME`.
        policy: &'static str,
        /// The Rust type that it sends to.
        target: &'static str,
        /// The method that adds it.
        add: &'static str,
    },
    /// Two types have one name in the journal: nobody could say which was recorded.
    #[error("two {what} are called {name}, so nobody could say whose a record is")]
    SameName {
        /// Of what kind they are.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A policy has a name that no runtime would start with.
    #[error("{name:?} cannot be the name of a policy")]
    InvalidPolicy {
        /// The name.
        name: &'static str,
    },
    /// There is nothing to rehearse between these positions.
    #[error("there is nothing from position {from} up to position {upto}")]
    Nothing {
        /// From here.
        from: Position,
        /// Up to here.
        upto: Position,
    },
}
