//! The pure part of Bailiwick: what a domain is written in, and the port of the journal.
//!
//! Nothing here knows an async runtime, does I/O or reads a clock. A domain module needs this crate
//! only; the runtime that makes its aggregates live is the crate `bailiwick`, which re-exports all
//! of this.

#[allow(
    unused_extern_crates,
    reason = "`#[derive(Event)]` writes `::bailiwick_core`, in this crate too"
)]
extern crate self as bailiwick_core;

mod append;
mod codec;
#[cfg(feature = "conformance")]
pub mod conformance;
mod context;
mod event;
mod given;
mod id;
mod journal;
mod lease;
mod position;
mod query;
mod tag;
mod text;
mod time;
#[doc(hidden)]
pub mod turn;
mod view;

pub use append::{AppendCondition, EncodedEvent, Metadata, Origin, RecordedEvent};
pub use bailiwick_macros::Event;
pub use context::Context;
pub use event::{CodecError, Event, EventDescriptor, TagCollector, TagError, tags_of};
pub use given::{Given, Outcome, given};
pub use id::{Id, InvalidId};
pub use journal::{
    AppendError, Appended, BoxError, BoxFuture, FaultKind, Head, Health, Journal, JournalFault,
    LastMatch, Page, Read, ReadError, ReopenError,
};
pub use lease::LeaseSet;
pub use position::Position;
pub use query::{EmptyQuery, EventType, Query, QueryItem};
pub use tag::{InvalidTag, Tag, Tags};
pub use text::Text;
pub use time::Timestamp;
pub use view::{Aggregate, Decide, Key, View, require};

/// What the macros of this crate expand to. Not for use by hand.
#[doc(hidden)]
pub mod __private {
    pub use crate::codec::{decode, encode, names};
    pub use crate::event::concat_types;
    pub use crate::id::IdText;
    pub use crate::tag::valid_tag_key;
    pub use serde;
}
