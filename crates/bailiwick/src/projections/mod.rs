//! Projections: rows of a database of the user's, folded from the journal, with a mark that is committed with them.
//!
//! 1. A task [follows](following) the journal and makes batches of what a projection wants, bounded in events and
//!    bytes. A [thread](thread) of the projection's own has its store, because databases block and a transaction lives
//!    on one thread; there a batch is decoded, [folded](folding) and written while the task reads the next one.
//! 2. A transaction reads the mark first, writes nothing unless it is the one up to which the task has read, and
//!    writes the next one with the rows. So nothing is applied twice and nothing is left out, whatever crashes,
//!    whatever becomes of a commit, and whoever else writes the same rows: what is not certain is read again.
//! 3. Where somebody else has moved the mark, this runtime [stands by](looking), and goes on if the other one does not.
//! 4. A version that is not in use yet is folded beside the one that is, and comes into use by one row of the
//!    transaction in which its mark reaches the other's.
//! 5. Nothing of a projection is in the journal, and nothing of it holds up anybody else.
//!
//! Why it is as it is: docs/decisions/projections.md.

mod batch;
mod declared;
mod folding;
mod following;
mod handle;
mod looking;
mod memory;
mod running;
mod status;
mod thread;

pub use handle::{ProjectionHandle, Projections};
pub use memory::MemoryRows;
pub use status::{ProjectionState, ProjectionStatus, RebuildProgress, StaleReason};

pub(crate) use declared::Declared;
pub(crate) use running::Running;

use std::sync::Arc;

use crate::context::RuntimeContext;
use crate::startup::error::StartError;

/// Begins the threads.
pub(crate) fn begin(
    shared: &Arc<RuntimeContext>,
    declared: Vec<Declared>,
) -> Result<Arc<[Arc<Running>]>, StartError> {
    declared.into_iter().map(|declared| Running::new(shared, declared)).collect()
}

/// Begins to run the projections.
pub(crate) fn run(shared: &Arc<RuntimeContext>, projections: &[Arc<Running>]) {
    for running in projections {
        let (of, name) = (running.clone(), running.name());
        shared.keep(format!("projection {name}"), move || Box::pin(running::run(of.clone())));
    }
}
