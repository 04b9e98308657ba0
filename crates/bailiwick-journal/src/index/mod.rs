//! Indexes: where the events of a segment are that have a tag, or are of a type.
//!
//! 1. They are derived from the log: one that is missing, damaged or of another segment is made again.
//! 2. What they say is *exact where it is nothing*: an event that is not among what is found has not that tag. What
//!    is found may have to be looked at: tags are known by a 64-bit hash, and two of them may share one.
//! 3. An index of a segment that the log has left is a [file](Sealed) beside it, read a piece at a time. Only that
//!    of the active segment is in memory ([`Active`]).
//!
//! The format is in `docs/journal-format.md`.

mod active;
mod filter;
mod key;
mod postings;
mod sealed;

pub use active::Active;
pub use filter::Filter;
pub use key::Key;
pub use postings::Posting;
pub use sealed::{IndexError, Of, Sealed};
