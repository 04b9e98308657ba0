//! The buffers of callers that run a turn: one set for each type on each of a few shards of threads, so
//! that by far the most turns allocate none.
//!
//! They hold the journal. Once the pool is closed nothing is kept any more, and those that are in use
//! count as a task of the runtime until they are back.

use std::sync::Arc;

use bailiwick_core::Aggregate;

use super::encode::Tools;
use super::inbox::Scope;
use crate::context::tasks::Task;
use crate::context::{Lock, RuntimeContext};
use crate::util::shard::{SHARDS, shard};

pub(crate) struct ToolsPool<A: Aggregate>([Shard<A>; SHARDS]);

#[repr(align(128))]
struct Shard<A: Aggregate>(Lock<State<A>>);

struct State<A: Aggregate> {
    kept: Option<Box<Tools<A>>>,
    /// How many are in use.
    used: usize,
    closed: bool,
    /// From when it was closed until none is in use.
    task: Option<Task>,
}

impl<A: Aggregate> Default for ToolsPool<A> {
    fn default() -> Self {
        let state = || State { kept: None, used: 0, closed: false, task: None };
        ToolsPool(std::array::from_fn(|_| Shard(Lock::new(state()))))
    }
}

impl<A: Aggregate> ToolsPool<A> {
    /// Those of this thread, or new ones; none once the runtime is closed. They are to be
    /// [put back](Self::put_back) on the same thread.
    pub(super) fn take(&self, scope: Arc<Scope>, shared: &RuntimeContext) -> Option<Box<Tools<A>>> {
        let mut state = self.0[shard()].0.lock();
        if state.closed {
            return None;
        }
        state.used += 1;
        if let Some(mut tools) = state.kept.take() {
            drop(state);
            tools.scope = scope;
            return Some(tools);
        }
        drop(state);
        let Some(journal) = shared.journal() else {
            self.put_back(None);
            return None;
        };
        Some(Box::new(Tools::new(scope, journal)))
    }

    /// None: they were dropped, with what a turn that panicked has left in them.
    pub(super) fn put_back(&self, tools: Option<Box<Tools<A>>>) {
        let mut state = self.0[shard()].0.lock();
        if !state.closed && state.kept.is_none() {
            state.used -= 1;
            state.kept = tools;
            return;
        }
        // The lock first: the last one out ends the journal. And that before it is told.
        drop(state);
        drop(tools);
        let mut state = self.0[shard()].0.lock();
        state.used -= 1;
        let task = if state.used == 0 { state.task.take() } else { None };
        drop(state);
        drop(task);
    }

    /// Nothing is kept any more.
    pub(crate) fn close(&self, shared: &RuntimeContext) {
        for Shard(state) in &self.0 {
            let mut state = state.lock();
            if !state.closed && state.used > 0 {
                state.task = Some(shared.tasks.begin());
            }
            state.closed = true;
            let kept = state.kept.take();
            drop(state);
            drop(kept);
        }
    }
}
