//! Rules that take their time, on a clock that goes on meanwhile.

use std::cell::RefCell;
use std::time::Duration;

use bailiwick::{
    Aggregate, Clock, Context, Decide, Event, ManualClock, MemoryJournal, Runtime, Timestamp, View,
    id,
};
use bailiwick_tests::stage::{BEGIN, settle};
use serde::{Deserialize, Serialize};

id!(JudgeId: "judge");

thread_local! {
    static CLOCK: RefCell<Option<ManualClock>> = const { RefCell::new(None) };
}

/// It takes 5 ms to find that there is nothing to say.
struct Judge {
    due: Option<Timestamp>,
}

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Called {
    at: Timestamp,
}

impl View for Judge {
    type Key = JudgeId;
    type Event = Called;
    fn new(_: &JudgeId) -> Self {
        Judge { due: None }
    }
    fn apply(&mut self, called: &Called, _: Timestamp) {
        self.due = Some(called.at);
    }
}

impl Aggregate for Judge {
    const NAME: &'static str = "Judge";
    fn deadline(&self) -> Option<Timestamp> {
        self.due
    }
    fn on_deadline(&self, _: &mut Context<Called>) {
        CLOCK.with_borrow(|clock| clock.as_ref().unwrap().advance(Duration::from_millis(5)));
    }
}

impl Decide<Called> for Judge {
    type Reply = ();
    type Rejection = std::convert::Infallible;
    fn decide(&self, called: &Called, ctx: &mut Context<Called>) -> Result<(), Self::Rejection> {
        ctx.emit(called.clone());
        Ok(())
    }
}

/// What its rules took is no part of how long it is left alone: the index calls once for each try.
#[tokio::test]
async fn a_stuck_deadline_is_tried_each_time_it_is_called() {
    let clock = ManualClock::at(BEGIN);
    CLOCK.set(Some(clock.clone()));
    let runtime = Runtime::builder(MemoryJournal::new()).aggregate::<Judge>().clock(clock.clone());
    let runtime = runtime.start().await.unwrap();
    let at = Timestamp::from_millis(BEGIN + 1_000);
    runtime.aggregates::<Judge>().get("a").ask(Called { at }).await.unwrap();
    while clock.now() < Timestamp::from_millis(BEGIN + 11_000) {
        clock.advance(Duration::from_millis(5));
        settle().await;
    }
    assert_eq!(runtime.counts().stuck_deadlines, 4, "after 0, 1, 3 and 7 s");
}
