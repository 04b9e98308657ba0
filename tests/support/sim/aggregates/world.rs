//! The world of a run: one time, one journal, random numbers, the nodes, and the ledger.
//!
//! Everything in it is used by one thread, a poll at a time. The locks are there because a runtime
//! wants its surroundings to be `Send`; none is held while other code is called.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use bailiwick::{BoxFuture, Clock, ManualClock, MemoryJournal, Runtime, Sabotage, Timestamp};
use parking_lot::Mutex;

use super::coverage::{Case, Coverage};
use super::journal::SimJournal;
use super::ledger::Ledger;
use super::node::Node;
use super::plan::Plan;
use super::watcher::Watcher;
use crate::fixtures::counter::Counter;
use crate::fixtures::counter_pairs::{CountBoth, Remind};
use crate::invariant::{Checked, Invariant, Violation};
use crate::sim::clock::{BEGIN, SimClock};
use crate::sim::executor::{Queue, Spawner};
use crate::sim::random::Random;
use crate::sim::trace::{Step, Trace};

/// The world of a run.
pub(super) struct World {
    pub(super) plan: Plan,
    pub(super) sabotage: Option<Sabotage>,
    pub(super) time: ManualClock,
    pub(super) store: MemoryJournal,
    pub(super) random: Arc<Mutex<Random>>,
    pub(super) queue: Arc<Queue>,
    pub(super) nodes: Mutex<Vec<Arc<Node>>>,
    pub(super) ledger: Mutex<Ledger>,
    pub(super) trace: Mutex<Trace>,
    pub(super) coverage: Mutex<Coverage>,
    /// The calls that have no answer yet.
    pub(super) open_calls: Mutex<BTreeMap<usize, OpenCall>>,
    pub(super) watchers: Mutex<Vec<Arc<Watcher>>>,
    /// Whether the journal is slow and fails.
    pub(super) faulty: AtomicBool,
    /// Until when nothing can be read, and nothing written.
    pub(super) unreadable_until: AtomicU64,
    pub(super) unwritable_until: AtomicU64,
    violation: Mutex<Option<Violation>>,
}

/// A call without an answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct OpenCall {
    pub(super) node: usize,
    pub(super) counter: usize,
    /// It is a decision.
    pub(super) decides: bool,
    /// When its time is over.
    pub(super) over: u64,
}

impl World {
    pub(super) fn new(
        plan: Plan,
        random: Random,
        queue: Arc<Queue>,
        sabotage: Option<Sabotage>,
        readable: bool,
    ) -> Arc<World> {
        Arc::new(World {
            sabotage,
            time: ManualClock::at(BEGIN),
            store: MemoryJournal::new(),
            random: Arc::new(Mutex::new(random)),
            queue,
            nodes: Mutex::default(),
            ledger: Mutex::new(Ledger::new(plan.counters, plan.broken_bells)),
            trace: Mutex::new(Trace::new(readable)),
            coverage: Mutex::default(),
            open_calls: Mutex::default(),
            watchers: Mutex::default(),
            faulty: AtomicBool::new(true),
            unreadable_until: AtomicU64::new(0),
            unwritable_until: AtomicU64::new(0),
            violation: Mutex::default(),
            plan,
        })
    }

    /// The time, in milliseconds.
    pub(super) fn now(&self) -> u64 {
        self.time.now().as_millis()
    }

    pub(super) async fn sleep(&self, millis: u64) {
        if millis > 0 {
            self.time.sleep(Duration::from_millis(millis)).await;
        }
    }

    /// Sleeps until `at`, in milliseconds from the beginning.
    pub(super) async fn reach(&self, at: u64) {
        self.sleep((BEGIN + at).saturating_sub(self.now())).await;
    }

    /// The latest time that any clock has shown.
    pub(super) fn latest(&self) -> Timestamp {
        let nodes = self.nodes.lock();
        let shown = nodes.iter().map(|node| node.clock.latest());
        shown.fold(self.time.now(), Timestamp::max)
    }

    pub(super) fn note(&self, step: &Step) {
        self.trace.lock().add(self.now(), step);
    }

    pub(super) fn covered(&self, case: Case) {
        self.coverage.lock().add(case);
    }

    /// An invariant is violated. The first one counts.
    pub(super) fn violated(&self, violation: Violation) {
        let at = self.now();
        self.violation.lock().get_or_insert_with(|| violation.at(format_args!("at {at} ms")));
    }

    pub(super) fn expect(&self, checked: Checked) {
        if let Err(violation) = checked {
            self.violated(violation);
        }
    }

    pub(super) fn violation(&self) -> Option<Violation> {
        self.violation.lock().clone()
    }

    pub(super) fn is_faulty(&self) -> bool {
        self.faulty.load(Relaxed)
    }

    /// Adds a task of the run itself.
    pub(super) fn spawn(
        &self,
        name: &'static str,
        task: impl Future<Output = ()> + Send + 'static,
    ) {
        let task: BoxFuture<()> = Box::pin(task);
        self.queue.spawn(0, name, task);
    }

    /// One of those in which a runtime was started, mostly a late one.
    pub(super) fn any_node(&self) -> Option<Arc<Node>> {
        let nodes = self.nodes.lock();
        let started = nodes.iter().filter(|node| node.counters.lock().is_some());
        let started: Vec<_> = started.collect();
        let late = &started[started.len().saturating_sub(2)..];
        let any = !late.is_empty();
        any.then(|| late[self.random.lock().index(late.len())].clone())
    }

    pub(super) fn open_nodes(&self) -> Vec<Arc<Node>> {
        let nodes = self.nodes.lock();
        nodes.iter().filter(|node| node.is_open()).cloned().collect()
    }

    /// Starts a runtime in a new node.
    pub(super) async fn start(self: Arc<World>) {
        let ticks = self.plan.ticks.then(|| self.random.clone());
        let node = {
            let mut nodes = self.nodes.lock();
            let node = Node::new(nodes.len(), SimClock::new(self.time.clone(), ticks));
            nodes.push(node.clone());
            node
        };
        self.note_node(&node, "starts", 0);
        let spawner = Spawner { queue: self.queue.clone(), group: node.group() };
        let builder = Runtime::builder(SimJournal::new(&self, &node))
            .aggregate::<Counter>()
            .decision::<CountBoth>()
            .decision::<Remind>()
            .clock(node.clock.clone())
            .spawner(spawner)
            .entropy(7)
            .config(|_| self.plan.config.clone())
            .sabotage(self.sabotage);
        match builder.start().await {
            Ok(runtime) => {
                *node.counters.lock() = Some(runtime.aggregates());
                *node.decisions.lock() = Some(runtime.decisions());
                *node.runtime.lock() = Some(runtime);
            }
            Err(error) => {
                self.violated(
                    Invariant::Progress.broken(format!("a runtime did not start: {error}")),
                );
            }
        }
    }

    pub(super) fn note_node(&self, node: &Node, what: &'static str, number: u64) {
        let node = node.number;
        self.note(&Step::Node { node, what, number });
    }
}
