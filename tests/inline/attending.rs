//! A caller that waits for the journal polls for the answer itself. Whatever else comes is not held up by
//! it, and nothing is lost if it goes away or does not poll.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bailiwick::{Admission, AskError, Cause, Position, Timestamp, Unknown};
use bailiwick_tests::fixtures::counter::{Bell, Count, CounterEvent, LimitReached, SetAlarm};
use bailiwick_tests::stage::{BEGIN, settle};

use super::{Counted, Woken, at_once, poll};

type Answer = Result<u64, AskError<Count, LimitReached>>;

/// A caller that the test polls.
struct Caller {
    asking: Pin<Box<dyn Future<Output = Answer> + Send>>,
    woken: Arc<Woken>,
}

impl Caller {
    fn poll(&mut self) -> Poll<Answer> {
        let waker = Waker::from(self.woken.clone());
        self.asking.as_mut().poll(&mut Context::from_waker(&waker))
    }

    fn answer(mut self) -> Answer {
        match self.poll() {
            Poll::Ready(answer) => answer,
            Poll::Pending => panic!("it waits"),
        }
    }
}

impl Counted {
    /// The journal is shut, and the caller attends to its answer.
    fn attended(&self) -> Caller {
        self.attended_with(Duration::MAX)
    }

    fn attended_with(&self, timeout: Duration) -> Caller {
        self.stage.journal.shut();
        let asking = Box::pin(self.stage.counters.get("a").timeout(timeout).ask(Count::FREELY));
        let mut caller = Caller { asking, woken: Arc::default() };
        assert!(caller.poll().is_pending());
        assert_eq!(self.stage.journal.at_the_gate(), 1);
        assert_eq!(self.spawned(), 0);
        caller
    }

    async fn opens(&self) {
        self.stage.journal.open();
        settle().await;
    }

    async fn assert_counted(&self, upto: u64) {
        let expected: Vec<_> = (1..=upto).map(|value| CounterEvent::Counted { value }).collect();
        assert_eq!(self.stage.events().await, expected);
        assert_eq!(self.stage.runtime.counts().open(), 0);
    }
}

#[tokio::test]
async fn its_own_polls_are_enough() {
    let theatre = Counted::new().await;
    for value in 1..=3 {
        let mut caller = theatre.attended();
        assert!(caller.poll().is_pending());
        assert_eq!(caller.woken.times(), 0);
        theatre.stage.journal.open();
        assert_eq!(caller.woken.times(), 1, "it is woken by the journal");
        assert_eq!(caller.answer().expect("a reply"), value);
        settle().await;
    }
    assert_eq!(theatre.spawned(), 0);
    theatre.assert_counted(3).await;
}

#[tokio::test]
async fn an_actor_takes_over_from_one_that_goes_away() {
    let theatre = Counted::new().await;
    drop(theatre.attended());
    assert_eq!(theatre.spawned(), 1);
    theatre.opens().await;
    theatre.assert_counted(1).await;
    let counts = theatre.stage.runtime.counts();
    assert_eq!((counts.accepted, counts.replied, counts.abandoned), (1, 1, 1));
    let next = at_once(theatre.stage.counters.get("a").ask(Count::FREELY));
    assert_eq!(next.expect("a reply"), 2);
    assert_eq!(theatre.spawned(), 1);
}

/// Only once there is an answer: as long as there is none, nobody misses it.
#[tokio::test]
async fn an_actor_takes_over_from_one_that_does_not_poll() {
    let theatre = Counted::new().await;
    let caller = theatre.attended();
    theatre.stage.clock.advance(Duration::from_secs(10));
    settle().await;
    assert_eq!(theatre.spawned(), 0, "there is nothing to poll for");
    theatre.opens().await;
    assert_eq!(theatre.spawned(), 0, "it may still poll");
    for _ in 0..2 {
        theatre.stage.clock.advance(Duration::from_millis(1));
        settle().await;
    }
    assert_eq!(theatre.spawned(), 1);
    theatre.assert_counted(1).await;
    let other = at_once(theatre.stage.counters.get("a").ask(Count::FREELY));
    assert_eq!(other.expect("a reply"), 2);
    assert_eq!(caller.answer().expect("a reply"), 1);
    theatre.assert_counted(2).await;
}

#[tokio::test]
async fn another_command_gets_an_actor_at_once() {
    let theatre = Counted::new().await;
    let caller = theatre.attended();
    let mut other = Box::pin(theatre.stage.counters.get("a").ask(Count::FREELY));
    assert!(poll(&mut other).is_pending());
    assert_eq!(theatre.spawned(), 1);
    theatre.opens().await;
    assert_eq!(at_once(other).expect("a reply"), 2);
    assert_eq!(caller.answer().expect("a reply"), 1);
    assert_eq!(theatre.spawned(), 1);
    theatre.assert_counted(2).await;
}

#[tokio::test]
async fn a_read_gets_an_actor_at_once() {
    let theatre = Counted::new().await;
    let caller = theatre.attended();
    let mut read = Box::pin(theatre.stage.counters.get("a").read(|state, _| state.value));
    assert!(poll(&mut read).is_pending());
    assert_eq!(theatre.spawned(), 1);
    theatre.opens().await;
    assert_eq!(at_once(read).expect("it is read").value, 1);
    assert_eq!(caller.answer().expect("a reply"), 1);
    theatre.assert_counted(1).await;
}

#[tokio::test]
async fn a_deadline_gets_an_actor_at_once() {
    let theatre = Counted::new().await;
    let due = Timestamp::from_millis(BEGIN + 1_000);
    let counter = theatre.stage.counters.get("a");
    let alarm = SetAlarm { at: Some(due), bell: Bell::Rings };
    at_once(counter.ask(alarm)).expect("it is set");
    let caller = theatre.attended();
    theatre.stage.clock.advance(Duration::from_secs(1));
    settle().await;
    assert_eq!(theatre.spawned(), 2, "the task that calls, and an actor");
    theatre.opens().await;
    let events = theatre.stage.events().await;
    let [CounterEvent::AlarmSet { .. }, CounterEvent::Counted { value: 1 }, rang] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!(rang, &CounterEvent::Rang { due });
    assert_eq!(caller.answer().expect("a reply"), 1);
    assert_eq!(at_once(counter.read(|state, _| state.rings)).expect("it is read").value, 1);
}

#[tokio::test]
async fn who_watches_sees_it_once_whoever_polls() {
    for polls in [true, false] {
        let theatre = Counted::new().await;
        let caller = theatre.attended();
        let mut watch = theatre.stage.counters.get("a").watch(Position::START).await.expect("open");
        assert!(poll(&mut Box::pin(watch.next())).is_pending());
        theatre.opens().await;
        let (answer, kept) =
            if polls { (Some(caller.answer()), None) } else { (None, Some(caller)) };
        theatre.stage.clock.advance(Duration::from_millis(2));
        settle().await;
        theatre.stage.clock.advance(Duration::from_millis(2));
        settle().await;
        let seen = at_once(watch.next()).expect("it is open").expect("it can be read");
        assert_eq!(seen.event, CounterEvent::Counted { value: 1 });
        assert!(poll(&mut Box::pin(watch.next())).is_pending(), "once");
        let answer = answer.or_else(|| kept.map(Caller::answer)).expect("one of them");
        assert_eq!(answer.expect("a reply"), 1);
        theatre.assert_counted(1).await;
    }
}

#[tokio::test]
async fn a_shutdown_waits_for_it_and_not_for_its_caller() {
    let theatre = Counted::new().await;
    let caller = theatre.attended();
    let Counted { stage, .. } = theatre;
    let counters = stage.counters.clone();
    let mut shutdown = Box::pin(stage.runtime.shutdown(Duration::from_secs(1)));
    assert!(poll(&mut shutdown).is_pending());
    stage.journal.open();
    settle().await;
    for _ in 0..2 {
        stage.clock.advance(Duration::from_millis(1));
        settle().await;
    }
    let shutdown = tokio::time::timeout(Duration::from_secs(20), shutdown).await;
    let shutdown = shutdown.expect("it hangs");
    assert!(shutdown.in_time, "{shutdown:?}");
    assert_eq!(caller.answer().expect("a reply"), 1);
    assert_eq!((counters.counts().replied, counters.counts().open()), (1, 0));
}

#[tokio::test]
async fn a_shutdown_beyond_its_limit_tells_the_caller() {
    let theatre = Counted::new().await;
    let caller = theatre.attended();
    let Counted { stage, .. } = theatre;
    let counters = stage.counters.clone();
    let mut shutdown = Box::pin(stage.runtime.shutdown(Duration::from_secs(1)));
    assert!(poll(&mut shutdown).is_pending());
    stage.clock.advance(Duration::from_secs(1));
    let shutdown = tokio::time::timeout(Duration::from_secs(20), shutdown).await;
    let shutdown = shutdown.expect("it hangs");
    assert!(!shutdown.in_time);
    assert_eq!(shutdown.unknown, 1);
    let unknown = caller.answer().expect_err("it is gone");
    assert!(matches!(unknown, AskError::Unknown { why: Unknown::ShutDown, .. }), "{unknown:?}");
    assert_eq!(counters.in_memory(), []);
    stage.journal.open();
    settle().await;
    assert_eq!(bailiwick_tests::stage::events(&stage.journal.inner()).await, []);
}

/// While the journal hangs; what it was asked for is done nevertheless, once.
#[tokio::test]
async fn its_time_out_is_told() {
    let theatre = Counted::new().await;
    let mut caller = theatre.attended_with(Duration::from_millis(5));
    theatre.stage.clock.advance(Duration::from_millis(4));
    settle().await;
    assert!(caller.poll().is_pending(), "too early");
    theatre.stage.clock.advance(Duration::from_millis(1));
    settle().await;
    assert!(caller.woken.times() > 0);
    let unknown = caller.answer().expect_err("too late");
    assert!(matches!(unknown, AskError::Unknown { why: Unknown::TimedOut, .. }), "{unknown:?}");
    assert_eq!(theatre.spawned(), 1, "nobody attends to it any more");
    theatre.opens().await;
    theatre.assert_counted(1).await;
    let counts = theatre.stage.runtime.counts();
    assert_eq!((counts.accepted, counts.timed_out), (1, 1), "{counts:?}");
    let next = at_once(theatre.stage.counters.get("a").ask(Count::FREELY));
    assert_eq!(next.expect("a reply"), 2);
}

/// One that was at rest has nothing to wait in, and gets it.
#[tokio::test]
async fn what_was_cold_is_told_its_time_out_too_and_has_its_permit() {
    let theatre = Counted::with(|builder| {
        builder.config(|config| config.warm(Duration::ZERO).waiting_aggregates(1))
    })
    .await;
    let counter = theatre.stage.counters.get("a");
    assert_eq!(at_once(counter.ask(Count::FREELY)).expect("a reply"), 1);
    theatre.stage.clock.advance(Duration::from_millis(1));
    settle().await;
    let caller = theatre.attended_with(Duration::from_millis(5));
    let refused =
        at_once(theatre.stage.counters.get("b").admission(Admission::Refuse).ask(Count::FREELY));
    let refused = refused.expect_err("there is one permit");
    assert!(matches!(refused.not_run(), Some(Cause::Overloaded { most: 1 })), "{refused:?}");
    theatre.stage.clock.advance(Duration::from_millis(5));
    settle().await;
    let unknown = caller.answer().expect_err("too late");
    assert!(matches!(unknown, AskError::Unknown { why: Unknown::TimedOut, .. }), "{unknown:?}");
    theatre.opens().await;
    theatre.assert_counted(2).await;
}
