//! Where the events are that have a tag, or are of a type.
//!
//! 1. Indexes are derived from the log: one that is missing, damaged or of other segments is made again.
//! 2. What they say is exact: terms are kept as texts, so an event that is found has the tag, and one that is not
//!    found has it not. Only a filter may say "perhaps" of what is not there.
//! 3. The events of the segment that is being written are in memory ([`Active`]), those before in files, each of
//!    which covers a *run* of neighbouring segments ([`Index`]). Few and large runs make it cheap to learn that
//!    something was never there; [`merge()`] makes one of several, and [`next_merge`] says of which.
//! 4. What an open file takes in memory does not grow with its events: the names of its types, a block, and its
//!    filter while the caller can spare the room.
//!
//! The format is in `docs/journal-format.md`.

mod active;
mod block;
mod chains;
mod chunks;
mod cursor;
mod file;
mod filter;
mod footer;
mod found;
mod hash;
mod install;
mod list;
mod merge;
mod number;
mod offsets;
mod piece;
mod policy;
mod run;
mod seal;
mod sort;
mod term;
mod terms;
mod tree;
mod values;
mod writer;

pub use active::Active;
pub use cursor::{Cursor, Postings};
pub use file::Index;
pub use found::{ActiveCursor, ActivePostings, ActiveValues};
pub use install::install;
pub use merge::{MergeError, merge};
pub use offsets::Offsets;
pub use policy::next_merge;
pub use run::{Run, SegmentId, segments_of};
pub use term::{IndexError, Posting, TagValue, Term};
pub use values::Values;
