//! Another writer on the same journal, which is no runtime and keeps the rules all the same.

use std::sync::Arc;

use bailiwick::journal::{AppendCondition, EncodedEvent, EventType, Metadata, Query, QueryItem};
use bailiwick::{Clock, Event, Tag, Timestamp};

use super::history::Writer;
use super::plan::{COUNTERS, Foreign};
use super::world::World;
use crate::counter::{Bell, CounterEvent};
use crate::sim::clock::Timed;
use crate::sim::trace::Step;

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
