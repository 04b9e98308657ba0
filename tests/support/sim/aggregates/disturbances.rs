//! What happens to the runtimes of a run while they work: another writer appends, actors are killed,
//! clocks are set, the journal is out of order, and runtimes end: shut down, dropped in the middle of
//! that, dropped at once, or left without their executor. Whichever it is, when it is over nothing is
//! open any more.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use bailiwick::journal::{AppendCondition, EncodedEvent, EventType, Metadata, Query, QueryItem};
use bailiwick::{Clock, Counts, Event, Runtime, Shutdown, Tag, Timestamp};

use super::client::with_patience;
use super::coverage::Case;
use super::history::Writer;
use super::node::Node;
use super::plan::{COUNTERS, Disturbance, ForeignAppend, Patience};
use super::world::World;
use crate::fixtures::counter::{Bell, CounterEvent};
use crate::invariant::Invariant::{Counts as Counted, End};
use crate::sim::clock::Timed;
use crate::sim::trace::Step;

/// Does `disturbance` when its time has come.
pub(super) async fn disturb(world: Arc<World>, disturbance: Timed<Disturbance>) {
    world.reach(disturbance.at).await;
    let Some(node) = world.any_node() else { return };
    match disturbance.what {
        Disturbance::KillActor { counter } => {
            let killed = node.counters().kill_actor(COUNTERS[counter]);
            world.note_node(&node, "actor killed", u64::from(killed));
            if killed {
                world.covered(Case::Killed);
            }
        }
        Disturbance::SetClock { ahead } => {
            world.note_node(&node, "clock set", ahead);
            node.clock.set(ahead);
        }
        Disturbance::Unreadable { millis } => {
            world.note_node(&node, "journal unreadable", millis);
            world.unreadable_until.fetch_max(world.now() + millis, Relaxed);
        }
        Disturbance::Unwritable { millis } => {
            world.note_node(&node, "journal unwritable", millis);
            world.unwritable_until.fetch_max(world.now() + millis, Relaxed);
        }
        Disturbance::Shutdown { limit, patience } => {
            shut_down(&world, &node, limit, patience).await;
            follow(&world).await;
        }
        Disturbance::Drop => {
            drop_runtime(&world, &node);
            follow(&world).await;
        }
        Disturbance::LoseExecutor => {
            lose_executor(&world, &node).await;
            follow(&world).await;
        }
    }
}

/// Another runtime goes on where one ended, if that was the last.
async fn follow(world: &Arc<World>) {
    if world.open_nodes().is_empty() {
        let pause = world.random.lock().between(0, 4);
        world.sleep(pause).await;
        world.clone().start().await;
    }
}

/// How late a limit is noticed at most, in milliseconds.
const SLACK: u64 = 20;

/// Shuts the runtime down while everything works: nobody loses anything by it.
pub(super) async fn close(world: Arc<World>, node: Arc<Node>) {
    let report = shut_down(&world, &node, 1_000, Patience::Endless).await;
    world.cover_counts(&node.counts());
    if report.is_some_and(|report| !report.in_time || report.returned + report.unknown > 0) {
        world.violated(End.broken(format!("a shutdown without faults reports {report:?}")));
    }
}

/// Shuts the runtime down, or begins to and drops it. Checks what it reports.
pub(super) async fn shut_down(
    world: &World,
    node: &Node,
    limit: u64,
    patience: Patience,
) -> Option<Shutdown> {
    let runtime = take(node)?;
    world.note_node(node, "shut down", limit);
    let began = world.now();
    let before = runtime.counts();
    let shutdown = runtime.shutdown(Duration::from_millis(limit));
    let report = with_patience(shutdown, patience, &world.time).await.ok();
    // Who does not wait for the end leaves it to a task, unless the last clone goes, too.
    drop(runtime);
    node.observed.lock().closed = true;
    let took = world.now() - began;
    let counts = node.counts();
    world.note_node(node, "is shut down", counts.open());
    if counts.open() != 0 {
        world.violated(Counted.broken(format!("a shutdown left {} commands open", counts.open())));
    }
    let Some(report) = report else {
        world.covered(Case::ShutDownAborted);
        return None;
    };
    let case = if report.in_time { Case::ShutDownInTime } else { Case::ShutDownTooLate };
    world.covered(case);
    node.observed.lock().in_time = report.in_time;
    let returned = counts.returned - before.returned;
    let unknown = counts.unknown - before.unknown;
    if (report.returned, report.unknown) != (returned, unknown) {
        world.violated(
            Counted.broken(format!("a shutdown reports {report:?}, but counted {counts:?}")),
        );
    }
    if took > limit + SLACK || (took < limit && !report.in_time) {
        world.violated(
            End.broken(format!("a shutdown took {took} ms of {limit} and reports {report:?}")),
        );
    }
    Some(report)
}

pub(super) fn drop_runtime(world: &World, node: &Node) {
    let Some(runtime) = take(node) else { return };
    world.note_node(node, "dropped", 0);
    world.covered(Case::Dropped);
    drop(runtime);
    node.observed.lock().closed = true;
    let open = node.counts().open();
    if open != 0 {
        world.violated(Counted.broken(format!("dropping a runtime left {open} commands open")));
    }
}

pub(super) async fn lose_executor(world: &World, node: &Node) {
    let Some(runtime) = take(node) else { return };
    world.note_node(node, "executor lost", 0);
    world.covered(Case::ExecutorLost);
    world.queue.lose(node.group());
    let pause = world.random.lock().between(0, 6);
    world.sleep(pause).await;
    world.note_node(node, "dropped", 0);
    drop(runtime);
    node.observed.lock().closed = true;
}

/// The runtime of this node; from now on it may refuse everything.
fn take(node: &Node) -> Option<Runtime> {
    let runtime = node.runtime.lock().take()?;
    node.observed.lock().closing = true;
    Some(runtime)
}

impl World {
    fn cover_counts(&self, counts: &Counts) {
        if counts.deadlines > 0 {
            self.covered(Case::Rang);
        }
        if counts.stuck_deadlines > 0 {
            self.covered(Case::Stuck);
        }
    }
}

/// Another writer reads a counter, thinks, and appends what the rules allow, if it still may.
pub(super) async fn foreign(world: Arc<World>, foreign: Timed<ForeignAppend>) {
    world.reach(foreign.at).await;
    append(&world, foreign.what).await;
}

/// Sets the alarms of some counters while no runtime is there to see it.
pub(super) async fn set_alarms(world: Arc<World>) {
    for counter in 0..world.plan.counters {
        if world.random.lock().one_in(2) {
            append(&world, ForeignAppend { counter, alarm: true, thinks: 0 }).await;
        }
    }
}

async fn append(world: &World, foreign: ForeignAppend) {
    let ForeignAppend { counter, alarm, thinks } = foreign;
    let (after, value, recorded_at) = {
        let ledger = world.ledger.lock();
        let history = &ledger.counters[counter];
        let (position, seen) = history.last();
        (position, seen.value, history.recorded_at())
    };
    world.sleep(thinks).await;
    let event = if alarm {
        let in_ms = world.random.lock().between(0, 30);
        let at = Some(world.time.now().plus_millis(in_ms));
        CounterEvent::AlarmSet { at, bell: Bell::Rings }
    } else {
        CounterEvent::Counted { value: value + 1 }
    };
    let recorded_at = recorded_at.max(world.time.now());
    let event = encoded(counter, &event, recorded_at);
    let condition = AppendCondition::new(boundary(counter)).after(after);
    let outcome = world.take_effect(Writer::Foreign, counter, vec![event], Some(condition));
    world.note(&Step::Foreign { counter, appended: outcome.is_ok() });
}

fn encoded(counter: usize, event: &CounterEvent, recorded_at: Timestamp) -> EncodedEvent {
    let mut payload = Vec::new();
    event.encode(&mut payload).expect("it can be encoded");
    EncodedEvent {
        event_type: EventType::literal(event.event_type()),
        version: 1,
        tags: tag(counter).into(),
        payload: payload.into(),
        recorded_at,
        metadata: Metadata::default(),
    }
}

fn tag(counter: usize) -> Tag {
    Tag::new("counter", COUNTERS[counter]).expect("a tag")
}

fn boundary(counter: usize) -> Query {
    QueryItem::tagged(tag(counter)).into()
}
