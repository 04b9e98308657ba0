//! What happens to the runtimes of a run while they work: another writer appends, actors are killed,
//! clocks are set, the journal is out of order, and runtimes end: shut down, dropped in the middle of
//! that, dropped at once, or left without their executor. Whichever it is, when it is over nothing is
//! open any more.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use bailiwick::journal::{AppendCondition, EncodedEvent, EventType, Metadata, Query, QueryItem};
use bailiwick::{Clock, Counts, Event, Runtime, Shutdown, Tag, Timestamp};

use super::client::cut;
use super::coverage::Sight;
use super::history::Writer;
use super::node::Seat;
use super::plan::{COUNTERS, Deed, Foreign, Patience};
use super::world::World;
use crate::counter::{Bell, CounterEvent};
use crate::invariant::Invariant::{Counts as Counted, End};
use crate::sim::clock::Timed;
use crate::sim::trace::Step;

/// Does `deed` when its time has come.
pub(super) async fn deed(world: Arc<World>, deed: Timed<Deed>) {
    world.reach(deed.at).await;
    let Some(seat) = world.any_seat() else { return };
    match deed.what {
        Deed::KillActor { counter } => {
            let killed = seat.counters().kill_actor(COUNTERS[counter]);
            world.deed(&seat, "actor killed", u64::from(killed));
            if killed {
                world.saw(Sight::Killed);
            }
        }
        Deed::SetClock { ahead } => {
            world.deed(&seat, "clock set", ahead);
            seat.clock.set(ahead);
        }
        Deed::Blind { millis } => {
            world.deed(&seat, "journal blind", millis);
            world.blind.fetch_max(world.now() + millis, Relaxed);
        }
        Deed::Down { millis } => {
            world.deed(&seat, "journal down", millis);
            world.down.fetch_max(world.now() + millis, Relaxed);
        }
        Deed::Shutdown { limit, patience } => {
            shut_down(&world, &seat, limit, patience).await;
            follow(&world).await;
        }
        Deed::Drop => {
            drop_runtime(&world, &seat);
            follow(&world).await;
        }
        Deed::LoseExecutor => {
            lose_executor(&world, &seat).await;
            follow(&world).await;
        }
    }
}

/// Another runtime goes on where one ended, if that was the last.
async fn follow(world: &Arc<World>) {
    if world.open_seats().is_empty() {
        let pause = world.random.lock().between(0, 4);
        world.sleep(pause).await;
        world.clone().start().await;
    }
}

/// How late a limit is noticed at most, in milliseconds.
const SLACK: u64 = 20;

/// Shuts the runtime down while everything works: nobody loses anything by it.
pub(super) async fn close(world: Arc<World>, seat: Arc<Seat>) {
    let report = shut_down(&world, &seat, 1_000, Patience::Endless).await;
    world.see_counts(&seat.counts());
    if report.is_some_and(|report| !report.in_time || report.returned + report.unknown > 0) {
        world.violated(End.broken(format!("a shutdown in all quiet reports {report:?}")));
    }
}

/// Shuts the runtime down, or begins to and drops it. Checks what it reports.
pub(super) async fn shut_down(
    world: &World,
    seat: &Seat,
    limit: u64,
    patience: Patience,
) -> Option<Shutdown> {
    let runtime = take(seat)?;
    world.deed(seat, "shut down", limit);
    let began = world.now();
    let before = runtime.counts();
    let shutdown = runtime.shutdown(Duration::from_millis(limit));
    let report = cut(shutdown, patience, &world.time).await.ok();
    // Who does not wait for the end leaves it to a task, unless the last clone goes, too.
    drop(runtime);
    seat.account.lock().closed = true;
    let took = world.now() - began;
    let counts = seat.counts();
    world.deed(seat, "is shut down", counts.open());
    if counts.open() != 0 {
        world.violated(Counted.broken(format!("a shutdown left {} commands open", counts.open())));
    }
    let Some(report) = report else {
        world.saw(Sight::ShutDownAborted);
        return None;
    };
    let sight = if report.in_time { Sight::ShutDownInTime } else { Sight::ShutDownTooLate };
    world.saw(sight);
    seat.account.lock().in_time = report.in_time;
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

pub(super) fn drop_runtime(world: &World, seat: &Seat) {
    let Some(runtime) = take(seat) else { return };
    world.deed(seat, "dropped", 0);
    world.saw(Sight::Dropped);
    drop(runtime);
    seat.account.lock().closed = true;
    let open = seat.counts().open();
    if open != 0 {
        world.violated(Counted.broken(format!("dropping a runtime left {open} commands open")));
    }
}

pub(super) async fn lose_executor(world: &World, seat: &Seat) {
    let Some(runtime) = take(seat) else { return };
    world.deed(seat, "executor lost", 0);
    world.saw(Sight::ExecutorLost);
    world.queue.lose(seat.group());
    let pause = world.random.lock().between(0, 6);
    world.sleep(pause).await;
    world.deed(seat, "dropped", 0);
    drop(runtime);
    seat.account.lock().closed = true;
}

/// The runtime in this seat; from now on it may refuse everything.
fn take(seat: &Seat) -> Option<Runtime> {
    let runtime = seat.runtime.lock().take()?;
    seat.account.lock().closing = true;
    Some(runtime)
}

impl World {
    fn see_counts(&self, counts: &Counts) {
        if counts.deadlines > 0 {
            self.saw(Sight::Rang);
        }
        if counts.stuck_deadlines > 0 {
            self.saw(Sight::Stuck);
        }
    }
}

/// Another writer reads a counter, thinks, and appends what the rules allow, if it still may.
pub(super) async fn foreign(world: Arc<World>, foreign: Timed<Foreign>) {
    world.reach(foreign.at).await;
    append(&world, foreign.what).await;
}

/// Sets the alarms of some counters while no runtime is there to see it.
pub(super) async fn set_alarms(world: Arc<World>) {
    for counter in 0..world.plan.counters {
        if world.random.lock().one_in(2) {
            append(&world, Foreign { counter, alarm: true, thinks: 0 }).await;
        }
    }
}

async fn append(world: &World, foreign: Foreign) {
    let Foreign { counter, alarm, thinks } = foreign;
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
