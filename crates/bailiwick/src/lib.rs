#![doc = include_str!("../README.md")]

mod aggregates;
#[cfg(feature = "bench-hooks")]
#[doc(hidden)]
pub mod bench;
pub mod catalogue;
mod cell;
mod config;
mod context;
mod deadlines;
mod decisions;
mod delivery;
#[cfg(feature = "durable")]
pub mod durable;
mod environment;
mod error;
pub mod journal;
#[cfg(feature = "metrics")]
pub mod metrics;
mod options;
mod passivation;
mod projections;
mod reactions;
mod reading;
mod recovery;
#[cfg(feature = "snapshots")]
pub mod redb;
mod registry;
pub mod rehearsal;
mod request;
mod runtime;
#[cfg(feature = "fault-injection")]
mod sabotage;
mod snapshots;
mod startup;
mod telemetry;
mod util;
mod view;

pub use aggregates::{AggregateRef, Aggregates};
pub use bailiwick_core::*;
pub use catalogue::Catalogue;
pub use config::{Config, WrongBound};
pub use context::counts::Counts;
#[cfg(feature = "fault-injection")]
pub use context::sabotage::Sabotage;
pub use context::tasks::TaskHealth;
pub use decisions::Decisions;
#[cfg(feature = "durable")]
pub use durable::FileJournal;
pub use environment::clock::{Clock, ManualClock, SystemClock};
pub use environment::health::ClockHealth;
pub use environment::{Entropy, Spawn, SystemEntropy};
pub use error::{
    AlreadyRun, AskError, Cause, NotRun, ReachError, ReactionError, ReadError, SubscribeError,
    Unknown, Unloadable, UnreadableReply,
};
pub use journal::memory::MemoryJournal;
pub use options::{Admission, Keyed, Unkeyed};
pub use projections::{
    MemoryRows, ProjectionHandle, ProjectionState, ProjectionStatus, Projections, RebuildProgress,
    StaleReason,
};
pub use reactions::{
    ParkedLane, ReactionCounts, ReactionHandle, ReactionHealth, ReactionState, ReactionStatus,
    Reactions, Rewind, RewindError, SelectedLanes, StalledLane,
};
pub use reading::{
    ArmedDeadline, DeadlinesPage, History, HistoryPage, IdsPage, Since, Subscription, Update, Watch,
};
#[cfg(feature = "snapshots")]
pub use redb::RedbSnapshots;
pub use rehearsal::Rehearsal;
pub use request::Receipt;
pub use runtime::builder::Builder;
pub use runtime::health::RuntimeHealth;
pub use runtime::{Runtime, Shutdown};
pub use snapshots::{MemorySnapshots, SnapshotCounts};
pub use startup::error::StartError;
pub use startup::schema::Found;
pub use util::seen::Seen;
pub use view::read::ViewRef;

#[doc(hidden)]
pub use bailiwick_core::__private;
