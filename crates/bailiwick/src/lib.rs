#![doc = include_str!("../README.md")]

mod actor;
mod aggregates;
mod ask;
mod backoff;
#[cfg(feature = "bench-hooks")]
#[doc(hidden)]
pub mod bench;
mod builder;
pub mod catalogue;
mod cell;
mod clock;
mod config;
mod counts;
mod deadlines;
mod decide;
#[cfg(feature = "durable")]
pub mod durable;
mod ending;
mod entry;
mod envelope;
mod error;
mod glance;
mod health;
pub mod journal;
mod kept;
mod kind;
mod lent;
mod memory;
#[cfg(feature = "metrics")]
pub mod metrics;
mod names;
mod news;
mod once;
mod options;
mod pace;
mod patience;
mod permits;
mod port;
mod projections;
mod race;
mod reactions;
mod reading;
mod recorded;
mod recover;
mod recovery;
#[cfg(feature = "snapshots")]
pub mod redb;
mod registry;
pub mod rehearsal;
mod reopening;
mod reply;
mod rest;
mod runtime;
#[cfg(feature = "fault-injection")]
mod sabotage;
mod sampled;
mod seams;
mod seen;
mod shared;
mod snapshots;
mod spans;
mod start;
mod tasks;
mod time;
mod timings;
mod view_ref;

pub use aggregates::{AggregateRef, Aggregates};
pub use ask::Admission;
pub use bailiwick_core::*;
pub use builder::Builder;
pub use catalogue::Catalogue;
pub use clock::{Clock, ManualClock, SystemClock};
pub use config::{Config, WrongBound};
pub use counts::Counts;
pub use decide::Decisions;
#[cfg(feature = "durable")]
pub use durable::TephraJournal;
pub use envelope::Receipt;
pub use error::{
    AlreadyRun, AskError, Cause, NotRun, ReachError, ReactionError, ReadError, Unknown, Unloadable,
    UnreadableReply,
};
pub use health::{ClockHealth, ReactionHealth, RuntimeHealth, TaskHealth};
pub use memory::MemoryJournal;
pub use names::Found;
pub use options::{Keyed, Unkeyed};
pub use projections::{
    MemoryRows, ProjectionHandle, ProjectionState, ProjectionStatus, Projections, RebuildProgress,
    StaleReason,
};
pub use reactions::{
    ParkedLane, ReactionCounts, ReactionHandle, ReactionState, ReactionStatus, Reactions, Rewind,
    RewindError, SelectedLanes, StalledLane,
};
pub use reading::{
    ArmedDeadline, DeadlinesPage, History, HistoryPage, IdsPage, Since, SubscribeError,
    Subscription, Update, Watch,
};
#[cfg(feature = "snapshots")]
pub use redb::RedbSnapshots;
pub use rehearsal::Rehearsal;
pub use runtime::{Runtime, Shutdown};
#[cfg(feature = "fault-injection")]
pub use sabotage::Sabotage;
pub use seams::{Entropy, Spawn, SystemEntropy};
pub use seen::Seen;
pub use snapshots::{MemorySnapshots, SnapshotCounts};
pub use start::StartError;
pub use view_ref::ViewRef;

#[doc(hidden)]
pub use bailiwick_core::__private;
