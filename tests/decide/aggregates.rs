//! Aggregates whose events decisions write: their deadlines follow, and who watches them sees it.

use std::time::Duration;

use bailiwick::journal::{Query, Read};
use bailiwick::{
    Aggregate, Aggregates, AskError, Context, Decide, Decision, Event, ManualClock, MemoryJournal,
    Position, Runtime, Timestamp, Unguarded, View, id,
};
use bailiwick_tests::journals::faulty::{Fault, FaultyJournal};
use bailiwick_tests::stage::settle;
use serde::{Deserialize, Serialize};

id!(SeatId: "seat");

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
enum SeatEvent {
    SeatHeld {
        #[tag]
        seat: SeatId,
        until: Timestamp,
    },
    SeatReleased,
}

/// A seat that is held for a while.
#[derive(Default)]
struct Seat {
    until: Option<Timestamp>,
}

impl View for Seat {
    type Key = SeatId;
    type Event = SeatEvent;

    fn new(_: &SeatId) -> Self {
        Seat::default()
    }

    fn apply(&mut self, event: &SeatEvent, _: Timestamp) {
        self.until = match event {
            SeatEvent::SeatHeld { until, .. } => Some(*until),
            SeatEvent::SeatReleased => None,
        };
    }
}

impl Aggregate for Seat {
    const NAME: &'static str = "seat";

    fn deadline(&self) -> Option<Timestamp> {
        self.until
    }

    fn on_deadline(&self, ctx: &mut Context<SeatEvent>) {
        ctx.emit(SeatEvent::SeatReleased);
    }
}

/// Gives the seat free, if it is held. Replies whether it was.
struct Release;

impl Decide<Release> for Seat {
    type Reply = bool;
    type Rejection = std::convert::Infallible;

    fn decide(&self, _: &Release, ctx: &mut Context<SeatEvent>) -> Result<bool, Self::Rejection> {
        if self.until.is_some() {
            ctx.emit(SeatEvent::SeatReleased);
        }
        Ok(self.until.is_some())
    }
}

/// Holds all of these seats, if all are free.
struct HoldAll(Vec<&'static str>);

#[derive(Debug, thiserror::Error)]
#[error("one of them is held")]
struct Held;

impl Decision for HoldAll {
    type Views = Vec<Seat>;
    type Event = SeatEvent;
    type Reply = ();
    type Rejection = Held;

    fn keys(&self) -> Vec<SeatId> {
        self.0.iter().map(|seat| (*seat).into()).collect()
    }

    fn decide(&self, seats: Vec<&Seat>, ctx: &mut Context<SeatEvent>) -> Result<(), Held> {
        if seats.iter().any(|seat| seat.until.is_some()) {
            return Err(Held);
        }
        let until = ctx.now() + HOLD;
        for seat in self.keys() {
            ctx.emit(SeatEvent::SeatHeld { seat, until });
        }
        Ok(())
    }
}

/// Holds a seat whoever has it: what it read may be of before.
struct HoldAnyway(&'static str);

impl Decision for HoldAnyway {
    type Views = Unguarded<Seat>;
    type Event = SeatEvent;
    type Reply = ();
    type Rejection = std::convert::Infallible;

    fn keys(&self) -> SeatId {
        self.0.into()
    }

    fn decide(&self, _: &Seat, ctx: &mut Context<SeatEvent>) -> Result<(), Self::Rejection> {
        ctx.emit(SeatEvent::SeatHeld { seat: self.0.into(), until: ctx.now() + HOLD });
        Ok(())
    }
}

const HOLD: Duration = Duration::from_secs(10);

struct Theatre {
    runtime: Runtime,
    seats: Aggregates<Seat>,
    journal: FaultyJournal,
    clock: ManualClock,
}

impl Theatre {
    async fn new() -> Theatre {
        let (journal, clock) = (FaultyJournal::new(MemoryJournal::new()), ManualClock::at(1_000));
        let builder = Runtime::builder(journal.clone()).aggregate::<Seat>().clock(clock.clone());
        let builder = builder.decision::<HoldAll>().decision::<HoldAnyway>();
        let runtime = builder.entropy(7).start().await.unwrap();
        Theatre { seats: runtime.aggregates(), runtime, journal, clock }
    }

    async fn released(&self) -> usize {
        let page = self.journal.inner().read(Read::new(Query::all())).await.unwrap();
        let released = |event: &&bailiwick::journal::RecordedEvent| {
            event.event.event_type.as_str() == "SeatReleased"
        };
        page.events.iter().filter(released).count()
    }
}

#[tokio::test]
async fn deadlines_follow_whether_or_not_the_aggregate_is_in_memory() {
    let theatre = Theatre::new().await;
    assert!(!theatre.seats.get("live").ask(Release).await.unwrap());
    theatre.runtime.decide(HoldAll(vec!["live", "a", "b"])).await.unwrap();
    settle().await;
    assert_eq!(theatre.seats.deadlines_armed(), 3);
    theatre.clock.advance(HOLD - Duration::from_millis(1));
    settle().await;
    assert_eq!(theatre.released().await, 0, "never early");
    theatre.clock.advance(Duration::from_millis(1));
    settle().await;
    assert_eq!(theatre.released().await, 3);
    theatre.runtime.decide(HoldAll(vec!["a", "b"])).await.unwrap();
}

/// The decision has read them, so nobody need load them to know when they fall due.
#[tokio::test]
async fn those_whose_state_a_decision_has_stay_out_of_memory() {
    let theatre = Theatre::new().await;
    theatre.runtime.decide(HoldAll(vec!["a", "b"])).await.unwrap();
    settle().await;
    assert_eq!(theatre.seats.in_memory(), []);
    assert_eq!(theatre.seats.deadlines_armed(), 2);
    theatre.clock.advance(HOLD);
    settle().await;
    assert_eq!(theatre.released().await, 2);
    assert_eq!(theatre.seats.deadlines_armed(), 0);
}

#[tokio::test]
async fn those_whose_state_a_decision_may_not_have_are_loaded() {
    let theatre = Theatre::new().await;
    theatre.runtime.decide(HoldAnyway("a")).await.unwrap();
    settle().await;
    assert_eq!(theatre.seats.in_memory(), ["a".into()]);
    theatre.clock.advance(HOLD);
    settle().await;
    assert_eq!(theatre.released().await, 1);
}

#[tokio::test]
async fn what_waits_in_a_live_aggregate_is_decided_on_what_the_decision_wrote() {
    let theatre = Theatre::new().await;
    theatre.runtime.decide(HoldAll(vec!["a"])).await.unwrap();
    assert!(theatre.seats.get("a").ask(Release).await.unwrap());
    assert!(!theatre.seats.get("a").ask(Release).await.unwrap());
    theatre.runtime.decide(HoldAll(vec!["a", "b"])).await.unwrap();
    for seat in ["a", "b"] {
        assert!(theatre.seats.get(seat).ask(Release).await.unwrap());
    }
    let error = theatre.runtime.decide(HoldAll(vec!["a", "b"])).await;
    error.unwrap();
    assert!(theatre.runtime.decide(HoldAll(vec!["b", "c"])).await.is_err());
    assert_eq!(theatre.runtime.counts().conflicts, 0);
}

#[tokio::test]
async fn a_live_aggregate_folds_only_what_is_new() {
    let theatre = Theatre::new().await;
    theatre.runtime.decide(HoldAll(vec!["a"])).await.unwrap();
    assert!(theatre.seats.get("a").ask(Release).await.unwrap());
    settle().await;
    let before = theatre.journal.reads();
    theatre.runtime.decide(HoldAll(vec!["a"])).await.unwrap();
    settle().await;
    // One for the decision, whose view was kept, and one for the aggregate.
    assert_eq!(theatre.journal.reads() - before, 2);
}

#[tokio::test]
async fn who_watches_an_aggregate_sees_what_a_decision_wrote() {
    let theatre = Theatre::new().await;
    let mut watch = theatre.seats.get("a").watch(Position::START).await.unwrap();
    let seen =
        tokio::spawn(async move { watch.next().await.unwrap().map(|change| change.position()) });
    settle().await;
    theatre.runtime.decide(HoldAll(vec!["a"])).await.unwrap();
    assert_eq!(seen.await.unwrap().unwrap(), Position::new(1));
}

/// Nobody could tell whether it was written, so the runtime looks.
#[tokio::test]
async fn the_deadline_follows_of_what_may_have_been_written() {
    for (fault, deadlines) in [(Fault::UnknownWritten, 2), (Fault::UnknownLost, 0)] {
        let theatre = Theatre::new().await;
        assert!(!theatre.seats.get("live").ask(Release).await.unwrap());
        theatre.journal.plan([fault]);
        let held = theatre.runtime.decide(HoldAll(vec!["live", "stored"])).await;
        assert!(matches!(held, Err(AskError::Unknown { .. })));
        settle().await;
        assert_eq!(theatre.seats.deadlines_armed(), deadlines, "{fault:?}");
        theatre.clock.advance(HOLD);
        settle().await;
        assert_eq!(theatre.released().await, deadlines, "{fault:?}");
    }
}
