//! The world of a run: one time, one journal, random numbers, the runtimes, the outside world that the
//! effect calls, and what is expected of them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use bailiwick::journal::Journal;
use bailiwick::{
    Aggregates, BoxFuture, Clock, ManualClock, MemoryJournal, ReactionHandle, Runtime, Sabotage,
};
use parking_lot::Mutex;

use super::journal::{KnownDrops, SimJournal};
use super::plan::{Message, Plan, RECEIVERS, SENDERS};
use super::run::{PolicyCase, PolicyCoverage};
use crate::fixtures::messages::effect::{CALLS, Call, Calls, Outside};
use crate::fixtures::messages::models::Models;
use crate::fixtures::messages::{Broken, CARRIES, Carries, HearByDecision, Receiver, Say, Sender};
use crate::invariant::{Checked, Violation};
use crate::sim::clock::{BEGIN, SimClock, Timed};
use crate::sim::executor::{Queue, Spawner};
use crate::sim::random::Random;
use crate::sim::trace::{Step, Trace};

/// One runtime.
pub(super) struct Node {
    pub(super) runtime: Mutex<Option<Runtime>>,
    pub(super) group: usize,
    /// The end of the journal when it was started.
    pub(super) head: u64,
}

impl Node {
    /// The policy and the effect, while the runtime runs.
    pub(super) fn reactions(&self) -> Vec<ReactionHandle> {
        let runtime = self.runtime.lock();
        let both = runtime.as_ref().map(|of| [of.policies().get(CARRIES), of.effects().get(CALLS)]);
        both.into_iter().flatten().flatten().collect()
    }
}

pub(super) struct World {
    pub(super) plan: Plan,
    pub(super) sabotage: Option<Sabotage>,
    pub(super) time: ManualClock,
    pub(super) store: MemoryJournal,
    pub(super) random: Arc<Mutex<Random>>,
    pub(super) queue: Arc<Queue>,
    nodes: Mutex<Vec<Arc<Node>>>,
    groups: AtomicU64,
    /// The runtimes that run, or begin to.
    pub(super) alive: Mutex<BTreeSet<usize>>,
    pub(super) models: Mutex<Models>,
    pub(super) trace: Mutex<Trace>,
    pub(super) coverage: Mutex<PolicyCoverage>,
    pub(super) known_drops: Mutex<KnownDrops>,
    pub(super) broken: Broken,
    pub(super) faulty: AtomicBool,
    pub(super) unwritable_until: AtomicU64,
    violation: Mutex<Option<Violation>>,
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
            plan,
            sabotage,
            time: ManualClock::at(BEGIN),
            store: MemoryJournal::new(),
            random: Arc::new(Mutex::new(random)),
            queue,
            nodes: Mutex::default(),
            groups: AtomicU64::new(0),
            alive: Mutex::default(),
            models: Mutex::new(Models::new()),
            trace: Mutex::new(Trace::new(readable)),
            coverage: Mutex::default(),
            known_drops: Mutex::default(),
            broken: Broken::default(),
            faulty: AtomicBool::new(true),
            unwritable_until: AtomicU64::new(0),
            violation: Mutex::default(),
        })
    }

    pub(super) fn now(&self) -> u64 {
        self.time.now().as_millis()
    }

    pub(super) fn head(&self) -> u64 {
        let head = self.store.head().now().expect("a journal in memory answers at once");
        head.expect("it can be read").position.get()
    }

    pub(super) async fn sleep(&self, millis: u64) {
        if millis > 0 {
            self.time.sleep(Duration::from_millis(millis)).await;
        }
    }

    pub(super) async fn reach(&self, at: u64) {
        self.sleep((BEGIN + at).saturating_sub(self.now())).await;
    }

    pub(super) fn note(&self, step: &Step) {
        self.trace.lock().add(self.now(), step);
    }

    pub(super) fn covered(&self, case: PolicyCase) {
        self.coverage.lock().insert(case);
    }

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

    pub(super) fn spawn(
        &self,
        name: &'static str,
        task: impl Future<Output = ()> + Send + 'static,
    ) {
        let task: BoxFuture<()> = Box::pin(task);
        self.queue.spawn(0, name, task);
    }

    pub(super) fn open_nodes(&self) -> Vec<Arc<Node>> {
        let nodes = self.nodes.lock();
        nodes.iter().filter(|node| node.runtime.lock().is_some()).cloned().collect()
    }

    pub(super) fn any_node(&self) -> Option<Arc<Node>> {
        let nodes = self.open_nodes();
        let any = !nodes.is_empty();
        any.then(|| nodes[self.random.lock().index(nodes.len())].clone())
    }

    /// Starts a runtime, until one can be.
    pub(super) async fn start(self: Arc<World>) {
        loop {
            let group = usize::try_from(self.groups.fetch_add(1, Relaxed)).expect("few") + 1;
            let head = self.head();
            let ticks = self.plan.ticks.then(|| self.random.clone());
            let node = group - 1;
            let journal = SimJournal { world: self.clone(), node };
            self.note_node(node, "starts");
            self.alive.lock().insert(node);
            let reached = self.models.lock().policy.reached;
            let started = Runtime::builder(journal)
                .aggregate::<Sender>()
                .aggregate::<Receiver>()
                .decision::<HearByDecision>()
                .policy(Carries(self.broken.clone()))
                .effect(Calls { outside: SimOutside(self.clone()), broken: self.broken.clone() })
                .clock(SimClock::new(self.time.clone(), ticks))
                .spawner(Spawner { queue: self.queue.clone(), group })
                .entropy(7)
                .config(|_| self.plan.config.clone())
                .sabotage(self.sabotage)
                .start()
                .await;
            match started {
                Ok(runtime) => {
                    if reached > 0 {
                        self.covered(PolicyCase::FromAMark);
                    }
                    let runtime = Mutex::new(Some(runtime));
                    return self.nodes.lock().push(Arc::new(Node { runtime, group, head }));
                }
                Err(error) if !self.is_faulty() => {
                    let what = format!("a runtime does not start: {error}");
                    return self.violated(crate::invariant::Invariant::Progress.broken(what));
                }
                Err(_) => self.covered(PolicyCase::NotStarted),
            }
            self.alive.lock().remove(&node);
            self.sleep(2).await;
        }
    }

    /// Whether no more than one runtime is there.
    pub(super) fn is_alone(&self) -> bool {
        self.alive.lock().len() <= 1
    }

    pub(super) fn is_alive(&self, node: usize) -> bool {
        self.alive.lock().contains(&node)
    }

    /// How many groups of tasks there were, from 1.
    pub(super) fn groups(&self) -> usize {
        usize::try_from(self.groups.load(Relaxed)).expect("few")
    }

    pub(super) fn note_node(&self, node: usize, what: &'static str) {
        self.note(&Step::Node { node, what, number: 0 });
    }

    pub(super) async fn send(self: Arc<World>, message: Timed<Message>) {
        self.reach(message.at).await;
        let Some(node) = self.any_node() else { return };
        let Message { sender, receiver, kind } = message.what;
        let senders: Option<Aggregates<Sender>> =
            node.runtime.lock().as_ref().map(Runtime::aggregates);
        let Some(senders) = senders else { return };
        let say = Say(kind, RECEIVERS[receiver].into());
        drop(senders.get(SENDERS[sender]).ask(say).await);
    }

    /// Lets go of everything.
    pub(super) fn end(&self) {
        let nodes = std::mem::take(&mut *self.nodes.lock());
        for node in nodes {
            drop(node.runtime.lock().take());
        }
    }
}

/// The outside world: it is slow, and connections break.
pub(super) struct SimOutside(pub(super) Arc<World>);

/// A call that has no answer yet.
struct UnderWay<'a>(&'a World);

impl Outside for SimOutside {
    async fn call(&self, call: Call) -> bool {
        let SimOutside(world) = self;
        world.note(&Step::Called { news: call.news });
        let checked = world.models.lock().effect.called(&call, world.head(), world.is_alone());
        world.expect(checked);
        let under_way = UnderWay(world);
        let slow =
            if world.is_faulty() { world.random.lock().between(0, world.plan.slow) } else { 0 };
        world.sleep(slow).await;
        std::mem::forget(under_way);
        let breaks = world.is_faulty() && world.random.lock().one_in(world.plan.call_faults);
        !breaks
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.covered(PolicyCase::CallCut);
    }
}
