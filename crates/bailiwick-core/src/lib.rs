//! The pure part of Bailiwick: what a domain is written in, and the port of the journal.
//!
//! Nothing here knows an async runtime, does I/O or reads a clock. A domain module needs this crate
//! only; the runtime that makes its aggregates live is the crate `bailiwick`, which re-exports all
//! of this.
//!
//! For an example see [`Aggregate`].

#[allow(
    unused_extern_crates,
    reason = "`#[derive(Event)]` writes `::bailiwick_core`, in this crate too"
)]
extern crate self as bailiwick_core;

mod box_error;
mod class;
#[doc(hidden)]
pub mod codec;
mod context;
mod decision;
#[doc(hidden)]
pub mod effect;
mod event;
mod fields;
mod given;
mod id;
pub mod journal;
mod lease;
#[doc(hidden)]
pub mod policy;
mod position;
mod projection;
#[doc(hidden)]
pub mod recording;
mod report;
mod round_trip;
mod schema;
mod schema_version;
mod short_name;
#[doc(hidden)]
pub mod snapshot;
#[doc(hidden)]
pub mod stored;
mod tag;
mod tagged;
mod text;
mod time;
mod trace_parent;
#[doc(hidden)]
pub mod turn;
mod view;
#[doc(hidden)]
pub mod views;

pub use bailiwick_macros::{Event, RoundTrip, commands};
pub use class::ErrorClass;
pub use codec::CodecError;
pub use context::Context;
pub use decision::{Bounded, Decision, EmitError};
pub use effect::{Attempt, Effect, Failed, MockAnswer, MockService};
pub use event::{Event, tags_of};
pub use fields::{FieldError, Fields, Upcast};
pub use given::{
    By, Came, CommandOf, DecisionOutcome, EffectOutcome, Given, GivenEvents, Happened, Outcome,
    PolicyOutcome, ProjectionOutcome, Sent, Verdict, by, decision, given, given_events, quiesce,
    to,
};
pub use id::{Id, IdDescriptor, IntoId, InvalidId, UnreadableId};
pub use journal::{BoxError, BoxFuture};
pub use lease::LeaseSet;
pub use policy::{
    Commands, GiveUp, InvalidTarget, Lane, News, NoLane, Policy, ReactionKind, Start, To,
};
pub use position::Position;
pub use projection::{Projection, ProjectionStore, ProjectionTransaction};
pub use recording::Recording;
pub use report::ErrorReport;
pub use round_trip::RoundTrip;
pub use schema::{EventDescriptor, FieldDescriptor, each_name};
pub use schema_version::SchemaVersion;
pub use snapshot::{SnapshotKey, SnapshotStore, assert_snapshot};
pub use stored::Unstorable;
pub use tag::{InvalidTag, Tag, Tags};
pub use tagged::{TagCollector, TagError, Tagged};
pub use text::Text;
pub use time::{InvalidTimestamp, Timestamp};
pub use trace_parent::{InvalidTraceParent, TraceParent};
pub use view::{Aggregate, Decide, Key, Snapshots, View, require};
pub use views::{BoundaryError, FoldError, Last, Unguarded, Views};

/// What the macros of this crate expand to. Not for use by hand.
#[doc(hidden)]
pub mod __private {
    pub use crate::codec::encode;
    pub use crate::event::decode_as;
    pub use crate::id::{IdText, parse_inner};
    pub use crate::round_trip::{Comparison, Incomparable, Known, Unknown, round_trips};
    pub use crate::schema::{concat_types, find, only_types};
    pub use crate::tag::valid_tag_key;
    pub use serde;
}
