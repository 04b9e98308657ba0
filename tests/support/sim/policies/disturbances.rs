//! What is done to the runtimes of a run while they work, and what an operator does about parked lanes.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use bailiwick::ReactionHandle;

use super::plan::Disturbance;
use super::run::PolicyCase;
use super::world::{Node, World};
use crate::sim::clock::Timed;

impl World {
    pub(super) async fn disturb(self: Arc<World>, disturbance: Timed<Disturbance>) {
        self.reach(disturbance.at).await;
        let Some(node) = self.any_node() else { return };
        match disturbance.what {
            Disturbance::Break { millis } => {
                self.broken.store(true, Relaxed);
                self.sleep(millis).await;
                self.broken.store(false, Relaxed);
                return;
            }
            Disturbance::Unwritable { millis } => {
                self.unwritable_until.fetch_max(self.now() + millis, Relaxed);
                return;
            }
            Disturbance::Operate => return self.operate(&node).await,
            Disturbance::Shutdown { limit } => {
                let runtime = node.runtime.lock().take();
                self.note_node(node.group - 1, "shut down");
                if let Some(runtime) = runtime {
                    runtime.shutdown(Duration::from_millis(limit)).await;
                    self.covered(PolicyCase::ShutDown);
                }
            }
            Disturbance::Drop => {
                self.note_node(node.group - 1, "dropped");
                drop(node.runtime.lock().take());
                self.covered(PolicyCase::Dropped);
            }
            Disturbance::LoseExecutor => {
                self.note_node(node.group - 1, "executor lost");
                let runtime = node.runtime.lock().take();
                self.queue.lose(node.group);
                let pause = self.random.lock().between(0, 6);
                self.sleep(pause).await;
                drop(runtime);
                self.covered(PolicyCase::ExecutorLost);
            }
        }
        self.alive.lock().remove(&(node.group - 1));
        if self.open_nodes().is_empty() {
            let pause = self.random.lock().between(0, 4);
            self.sleep(pause).await;
            self.start().await;
        }
    }

    /// Retries, skips or drops some of the lanes that are parked.
    pub(super) async fn operate(&self, node: &Arc<Node>) {
        for one in node.reactions() {
            self.operate_on(node, &one).await;
        }
    }

    async fn operate_on(&self, node: &Node, one: &ReactionHandle) {
        let verb = self.random.lock().between(0, 2);
        let selected = one.select(|_| !self.random.lock().one_in(3));
        let at: Vec<_> = selected.lanes().iter().map(|lane| lane.at.get()).collect();
        if at.is_empty() {
            return;
        }
        match verb {
            0 => {
                self.note_node(node.group - 1, "retried");
                self.retry_parked(node, one);
            }
            1 => {
                self.note_node(node.group - 1, "skipped");
                self.models.lock().of(one.name()).may_skip.extend(at);
                drop(selected.skip().await);
            }
            _ => {
                self.note_node(node.group - 1, "dropped by an operator");
                drop(selected.drop_all().await);
            }
        }
    }

    /// Retries all that are parked.
    pub(super) fn retry_all(&self, node: &Arc<Node>) {
        node.reactions().iter().for_each(|one| self.retry_parked(node, one));
    }

    fn retry_parked(&self, node: &Node, one: &ReactionHandle) {
        let selected = one.select(|_| true);
        let is_old = {
            let mut models = self.models.lock();
            let facts = models.of(one.name());
            selected.lanes().iter().any(|lane| {
                let fact = facts.parked_where.get(lane.lane.as_str());
                fact.is_some_and(|fact| *fact <= node.head)
            })
        };
        if selected.retry() > 0 && is_old {
            self.covered(PolicyCase::RetriedAfterRestart);
        }
    }
}
