//! Policies and effects, which are two reactions to news. What happens in one aggregate reaches others as
//! commands, eventually, and exactly once in effect; and the outside world as calls, at least once.
//!
//! 1. A news is an event that is in the journal. A [reader](reader) takes them in order and puts each into
//!    its [lane](lanes); [workers](worker) take lanes, one news at a time, and [deliver](deliver) what the
//!    policy sends because of it, or [perform](perform) the effect. Nothing else differs between the two.
//! 2. A delivery is done once what stands for it is in the journal: on what it caused, or by itself. Both
//!    carry the tag of the delivery, and are appended on the condition that nothing with it is there. So a
//!    crash, an unknown outcome, or a second runtime cost a look into the journal, and never a second effect.
//! 3. How far one has come is a mark, recorded now and then, and what is done above it: that is found by
//!    its traces. Nothing below the mark is computed again.
//! 4. A lane that cannot go on stands still alone. It is tried again later and later, and after a while
//!    parked: a fact in the journal, until somebody has seen to it.
//! 5. What they do never delays anybody else: a policy asks aggregates and decisions as callers do, and an effect
//!    waits for nobody inside.
//!
//! Why it is as it is: docs/decisions/policies-and-effects.md.

mod chain;
mod counts;
mod deliver;
mod facts;
mod fold;
mod handle;
mod lanes;
#[cfg(test)]
mod lanes_model;
mod park;
mod perform;
mod reaction;
mod reader;
mod rewind;
mod running;
mod selected;
mod shown;
mod start;
mod status;
mod targets;
mod timing;
mod traces;
mod worker;

pub use counts::ReactionCounts;
pub use handle::{ReactionHandle, Reactions};
pub use rewind::{Rewind, RewindError};
pub use selected::SelectedLanes;
pub use status::{ParkedLane, ReactionHealth, ReactionState, ReactionStatus, StalledLane};

pub(crate) use reaction::Reaction;
pub(crate) use running::Running;
pub(crate) use start::{Begun, begin};
pub(crate) use targets::{Outcome, SendDecision, Targets, send_command, send_decision};

use std::sync::Arc;

use crate::context::RuntimeContext;

/// Begins to run the policies and effects.
pub(crate) fn run(
    shared: &Arc<RuntimeContext>,
    targets: Targets,
    begun: Vec<Begun>,
) -> Arc<[Arc<Running>]> {
    let targets = Arc::new(targets);
    let running = begun.into_iter().map(|begun| {
        let running = Running::new(shared.clone(), targets.clone(), begun);
        let (of, name) = (running.clone(), running.name());
        shared.keep(format!("news of {name}"), move || Box::pin(reader::run(of.clone())));
        let of = running.clone();
        shared.keep(format!("timing of {name}"), move || Box::pin(timing::run(of.clone())));
        running
    });
    running.collect()
}
