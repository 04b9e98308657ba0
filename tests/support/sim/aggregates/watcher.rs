//! Watchers: each is shown the durable events of one counter, all of them, in order, and not before
//! they are durable; it is woken for each that its runtime knows of, and told of the end.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::task::Poll;

use bailiwick::{ErrorReport, News, SubscribeError, Watch};

use super::history::Seen;
use super::node::Node;
use super::plan::COUNTERS;
use super::world::World;
use crate::fixtures::counter::{Counter, CounterEvent};
use crate::invariant::{Checked, Invariant};
use crate::sim::clock::Timed;
use crate::sim::trace::Step;

/// The group of the watchers' tasks: they go on until their runtimes end.
pub(super) const WATCHERS: usize = usize::MAX;

/// Somebody who watches a counter.
pub(super) struct Watcher {
    node: Arc<Node>,
    counter: usize,
    /// The number of the state that it was shown last.
    shown: AtomicUsize,
    /// It tries again a little later, or has ended.
    away: AtomicBool,
}

/// Watches a counter from a time on, until its runtime ends.
pub(super) async fn watcher(world: Arc<World>, begins: Timed<usize>) {
    world.reach(begins.at).await;
    let Some(node) = world.any_node() else { return };
    let counter = begins.what;
    let (from, after) = {
        let ledger = world.ledger.lock();
        let states = &ledger.counters[counter].states;
        let from = world.random.lock().index(states.len());
        (from, states[from].0)
    };
    let watched = node.counters().get(COUNTERS[counter]).watch(after).await;
    let mut watch = match watched {
        Ok(watch) => watch,
        Err(SubscribeError::ShutDown) => return,
        Err(error) => {
            return world.violated(Invariant::Watch.broken(ErrorReport::of(&error).to_string()));
        }
    };
    let watcher = Arc::new(Watcher {
        node,
        counter,
        shown: AtomicUsize::new(from),
        away: AtomicBool::new(false),
    });
    world.watchers.lock().push(watcher.clone());
    watcher.run(&world, &mut watch).await;
}

impl Watcher {
    async fn run(&self, world: &World, watch: &mut Watch<Counter>) {
        loop {
            let next = next(watch).await;
            self.away.store(false, Relaxed);
            match next {
                Some(Some(Ok(change))) => world.expect(self.check(world, &change)),
                Some(None) => break,
                // It tries again by itself, when it has waited for a while.
                Some(Some(Err(SubscribeError::Unread(_)))) => self.away.store(true, Relaxed),
                None => {
                    self.away.store(true, Relaxed);
                    world.sleep(1).await;
                    self.away.store(false, Relaxed);
                }
                Some(Some(Err(error))) => {
                    return world
                        .violated(Invariant::Watch.broken(ErrorReport::of(&error).to_string()));
                }
            }
        }
        self.away.store(true, Relaxed);
    }

    fn check(&self, world: &World, change: &News<CounterEvent>) -> Checked {
        let position = change.position();
        world.note(&Step::Watched {
            node: self.node.number,
            counter: self.counter,
            position: position.get(),
        });
        let ledger = world.ledger.lock();
        let history = &ledger.counters[self.counter];
        let before = self.shown.load(Relaxed);
        let next = history.next_event(before);
        self.shown.store(next.unwrap_or(before), Relaxed);
        let right = next.is_some_and(|next| {
            let (at, seen) = &history.states[next];
            *at == position && is_of(&change.event, seen, COUNTERS[self.counter])
        });
        Invariant::Watch
            .require(right, || format!("it shows {change:?} after {:?}", history.states[before]))
    }
}

fn is_of(event: &CounterEvent, after: &Seen, counter: &str) -> bool {
    match event {
        CounterEvent::Counted { value } => *value == after.value,
        CounterEvent::Together(both) => {
            both.values[usize::from(both.one.as_str() != counter)] == after.value
        }
        CounterEvent::AlarmSet { at, .. } => *at == after.alarm,
        CounterEvent::Reminded(reminded) => Some(reminded.at) == after.alarm,
        CounterEvent::Rang { .. } => after.alarm.is_none(),
        CounterEvent::Poisoned {} => false,
    }
}

type Next = Option<Result<News<CounterEvent>, SubscribeError>>;

/// The next event, or nothing if it panicked.
async fn next(watch: &mut Watch<Counter>) -> Option<Next> {
    let mut next = pin!(watch.next());
    std::future::poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| next.as_mut().poll(cx))) {
        Ok(polled) => polled.map(Some),
        Err(_) => Poll::Ready(None),
    })
    .await
}

impl World {
    /// Whoever watches is shown what the runtime has shown to others, and is told of its end.
    pub(super) fn check_watchers(&self) {
        for watcher in self.watchers.lock().iter() {
            let (node, counter) = (&watcher.node, watcher.counter);
            if watcher.away.load(Relaxed) || node.is_under_way(counter) {
                continue;
            }
            let observed = node.observed.lock();
            let shown = watcher.shown.load(Relaxed);
            if observed.closed {
                self.violated(
                    Invariant::Watch.broken(format!(
                        "a watcher of node {} is not told of its end",
                        node.number
                    )),
                );
                continue;
            }
            let history = &self.ledger.lock().counters[counter];
            if history.next_event(shown).is_some_and(|next| next <= observed.shown[counter]) {
                let positions = &history.states;
                self.violated(Invariant::Watch.broken(format!(
                    "a watcher of counter {counter} in node {} waits behind {}, but {} was shown",
                    node.number, positions[shown].0, positions[observed.shown[counter]].0
                )));
            }
        }
    }
}
