//! Clocks that leap, are set back, or lie behind what somebody else recorded.

use std::time::Duration;

use bailiwick::journal::{EncodedEvent, EventType, Journal, Metadata, Query, Read};
use bailiwick::{Context, Decision, Event, MemoryJournal, Runtime, StartError, Tag, Timestamp};
use bailiwick_tests::fixtures::counter::{Bell, Count, Counter, CounterEvent, CounterId, SetAlarm};
use bailiwick_tests::journals::faulty::FaultyJournal;
use bailiwick_tests::stage::{Stage, settle};

use crate::split_clock::{BEGIN, SplitClock, on, stage};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3_600);
const YEAR: Duration = Duration::from_secs(365 * 24 * 3_600);

async fn alarm_in(stage: &Stage, id: &'static str, after: Duration) {
    let now = now(stage).await;
    let alarm = SetAlarm { at: Some(now + after), bell: Bell::Rings };
    stage.counters.get(id).ask(alarm).await.unwrap();
}

async fn rings(stage: &Stage, id: &'static str) -> u64 {
    stage.counters.get(id).read(|counter, _| counter.rings).await.unwrap().value
}

async fn now(stage: &Stage) -> Timestamp {
    stage.counters.get("looker").read(|_, now| now).await.unwrap().value
}

async fn since_begin(stage: &Stage) -> Duration {
    now(stage).await.since(BEGIN.into())
}

async fn last_recorded(journal: &dyn Journal) -> Timestamp {
    let page = journal.read(Read::new(Query::all())).await.unwrap();
    page.events.iter().map(|event| event.event.recorded_at).max().unwrap()
}

/// Another writer counts "foreign", by its own clock.
async fn write_foreign(stage: &Stage, recorded_at: Timestamp) {
    let event = CounterEvent::Counted { value: 1 };
    let mut payload = Vec::new();
    event.encode(&mut payload).unwrap();
    let event = EncodedEvent {
        event_type: EventType::literal(event.event_type()),
        version: 1,
        tags: Tag::new("counter", "foreign").unwrap().into(),
        payload: payload.into(),
        recorded_at,
        metadata: Metadata::default(),
    };
    stage.journal.inner().append(vec![event], None).await.unwrap();
}

#[tokio::test]
async fn a_reading_far_ahead_is_not_believed() {
    let clock = SplitClock::new();
    let stage = stage(&clock).await;
    alarm_in(&stage, "a", 60 * SECOND).await;
    clock.pass(SECOND).await;
    clock.set_on(80 * YEAR);
    clock.pass(SECOND / 10).await;
    stage.counters.get("b").ask(Count::FREELY).await.unwrap();
    assert!(stage.runtime.health().clock.leap.is_some(), "somebody looked");
    assert_eq!(rings(&stage, "a").await, 0, "nothing runs out on the word of one reading");
    clock.set_back(80 * YEAR);
    clock.pass(58 * SECOND - SECOND / 10).await;
    assert_eq!((rings(&stage, "a").await, since_begin(&stage).await), (0, 59 * SECOND));
    clock.pass(SECOND).await;
    assert_eq!(rings(&stage, "a").await, 1, "and time has not stood still");
    let last = last_recorded(&*stage.journal.inner()).await;
    assert_eq!(last, Timestamp::from_millis(BEGIN + 60_000));
    let journal = stage.journal.clone();
    drop(stage);
    on(journal, &clock, |builder| builder).await;
}

/// A machine that was suspended: its monotonic clock stood still meanwhile.
#[tokio::test]
async fn a_leap_that_the_clock_keeps_to_is_believed() {
    let clock = SplitClock::new();
    let stage = stage(&clock).await;
    alarm_in(&stage, "a", HOUR / 2).await;
    alarm_in(&stage, "b", 2 * HOUR).await;
    clock.set_on(HOUR);
    clock.pass(SECOND).await;
    assert_eq!(rings(&stage, "a").await, 0, "not yet");
    clock.pass(7 * SECOND).await;
    assert_eq!((rings(&stage, "a").await, rings(&stage, "b").await), (1, 0));
    assert_eq!(since_begin(&stage).await, HOUR + 8 * SECOND);
    clock.pass(HOUR).await;
    assert_eq!(rings(&stage, "b").await, 1);
}

/// Nobody sleeps until a deadline, so nobody but the commands looks at the clock.
#[tokio::test]
async fn a_leap_is_believed_without_any_deadline_too() {
    let clock = SplitClock::new();
    let stage = stage(&clock).await;
    stage.counters.get("a").ask(Count::FREELY).await.unwrap();
    clock.pass(SECOND).await;
    clock.set_on(HOUR);
    clock.pass(SECOND).await;
    assert_eq!(since_begin(&stage).await, 2 * SECOND, "somebody looks, and it is not believed");
    clock.pass(7 * SECOND).await;
    assert_eq!(since_begin(&stage).await, HOUR + 9 * SECOND);
}

/// Each reading is another one, each far ahead.
#[tokio::test]
async fn a_clock_that_keeps_to_nothing_is_never_believed() {
    let clock = SplitClock::new();
    let stage = stage(&clock).await;
    alarm_in(&stage, "a", HOUR).await;
    for _ in 0..60 {
        clock.set_on(HOUR);
        clock.pass(SECOND).await;
    }
    assert_eq!(rings(&stage, "a").await, 0);
    assert!(since_begin(&stage).await < 100 * SECOND);
}

/// Many small steps, each of which would be followed by itself.
#[tokio::test]
async fn a_clock_that_runs_too_fast_is_held_back() {
    let clock = SplitClock::new();
    let stage = stage(&clock).await;
    for _ in 0..600 {
        clock.set_on(SECOND / 2);
        clock.pass(SECOND / 10).await;
        now(&stage).await;
    }
    let gained = since_begin(&stage).await - 60 * SECOND;
    assert!(gained <= 15 * SECOND, "{gained:?} in a minute");
}

#[tokio::test]
async fn a_clock_set_on_by_a_little_is_followed_at_once() {
    let clock = SplitClock::new();
    let stage = stage(&clock).await;
    alarm_in(&stage, "a", 10 * SECOND).await;
    clock.pass(SECOND).await;
    clock.set_on(SECOND / 2);
    clock.pass(8 * SECOND + SECOND / 2).await;
    assert_eq!((rings(&stage, "a").await, since_begin(&stage).await), (1, 10 * SECOND));
}

#[tokio::test]
async fn while_the_clock_is_set_back_time_goes_on_at_its_pace() {
    let clock = SplitClock::new();
    let stage = stage(&clock).await;
    alarm_in(&stage, "a", 10 * SECOND).await;
    clock.set_back(HOUR);
    clock.pass(9 * SECOND).await;
    assert_eq!((rings(&stage, "a").await, since_begin(&stage).await), (0, 9 * SECOND));
    clock.pass(SECOND).await;
    assert_eq!((rings(&stage, "a").await, since_begin(&stage).await), (1, 10 * SECOND));
    // Set right again: nothing leaps.
    clock.set_on(HOUR);
    clock.pass(SECOND).await;
    assert_eq!(since_begin(&stage).await, 11 * SECOND);
}

#[tokio::test]
async fn while_the_clock_is_set_back_who_rests_leaves_memory() {
    let clock = SplitClock::new();
    let stage = stage(&clock).await;
    clock.pass(10 * SECOND).await;
    stage.counters.get("a").ask(Count::FREELY).await.unwrap();
    clock.set_back(HOUR);
    clock.pass(90 * SECOND).await;
    assert_eq!(stage.counters.in_memory(), []);
}

#[tokio::test]
async fn while_the_clock_is_set_back_what_is_stuck_is_tried_again() {
    let clock = SplitClock::new();
    let stage = stage(&clock).await;
    let silent = SetAlarm { at: Some((BEGIN + 1_000).into()), bell: Bell::Silent };
    stage.counters.get("a").ask(silent).await.unwrap();
    clock.pass(SECOND).await;
    clock.set_back(HOUR);
    clock.pass(10 * SECOND).await;
    let stuck = stage.runtime.counts().stuck_deadlines;
    assert_eq!(stuck, 4, "after 0, 1, 3 and 7 s");
}

/// Met by whoever reads it: a load here, the views of a decision in `decided_on_the_future`.
#[tokio::test]
async fn what_somebody_recorded_in_the_future_moves_nothing() {
    let clock = SplitClock::new();
    let stage = stage(&clock).await;
    alarm_in(&stage, "a", HOUR).await;
    write_foreign(&stage, Timestamp::from_millis(BEGIN) + YEAR).await;
    assert_eq!(stage.counters.get("foreign").ask(Count::FREELY).await.unwrap(), 2);
    clock.pass(SECOND).await;
    assert_eq!((rings(&stage, "a").await, since_begin(&stage).await), (0, SECOND));
}

#[tokio::test]
async fn what_somebody_recorded_a_little_ahead_is_in_order() {
    let clock = SplitClock::new();
    let stage = stage(&clock).await;
    write_foreign(&stage, Timestamp::from_millis(BEGIN + 30_000)).await;
    assert_eq!(stage.counters.get("foreign").ask(Count::FREELY).await.unwrap(), 2);
    assert_eq!(last_recorded(&*stage.journal.inner()).await, (BEGIN + 30_000).into());
    clock.pass(SECOND).await;
    assert_eq!(since_begin(&stage).await, 31 * SECOND, "and it goes on from there");
    // Nor does it walk on with the next ones.
    for ahead in [80_000, 110_000] {
        write_foreign(&stage, Timestamp::from_millis(BEGIN + ahead)).await;
    }
    stage.counters.get("looker").ask(Count::FREELY).await.unwrap();
    assert_eq!(since_begin(&stage).await, 31 * SECOND);
}

#[tokio::test]
async fn a_journal_with_one_bad_time_can_be_gone_on_with() {
    let clock = SplitClock::new();
    let stage = stage(&clock).await;
    clock.pass(SECOND).await;
    stage.counters.get("a").ask(Count::FREELY).await.unwrap();
    write_foreign(&stage, Timestamp::from_millis(BEGIN) + YEAR).await;
    let journal = stage.journal.clone();
    drop(stage);
    let refused = Runtime::builder(journal.clone()).aggregate::<Counter>().clock(clock.clone());
    let refused = refused.start().await.unwrap_err();
    assert!(matches!(refused, StartError::JournalAhead { .. }), "{refused}");
    assert!(refused.to_string().contains("allow_journal_ahead"), "{refused}");

    let stage = on(journal, &clock, bailiwick::Builder::allow_journal_ahead).await;
    assert_eq!(since_begin(&stage).await, SECOND, "the clock's time, and not what lies ahead");
    alarm_in(&stage, "foreign", 10 * SECOND).await;
    clock.pass(10 * SECOND).await;
    assert_eq!(rings(&stage, "foreign").await, 1);
}

#[tokio::test]
async fn a_journal_a_little_ahead_is_gone_on_with_at_its_time() {
    let clock = SplitClock::new();
    let stage = stage(&clock).await;
    clock.pass(50 * SECOND).await;
    stage.counters.get("a").ask(Count::FREELY).await.unwrap();
    let journal = stage.journal.clone();
    drop(stage);
    clock.set_back(40 * SECOND);
    let stage = on(journal, &clock, |builder| builder).await;
    alarm_in(&stage, "a", 5 * SECOND).await;
    clock.pass(5 * SECOND).await;
    assert_eq!((rings(&stage, "a").await, since_begin(&stage).await), (1, 55 * SECOND));
    settle().await;
}

/// A decision meets it in its views.
#[tokio::test]
async fn what_a_decision_reads_from_the_future_moves_nothing_either() {
    let clock = SplitClock::new();
    let journal = FaultyJournal::new(MemoryJournal::new());
    let stage = on(journal, &clock, bailiwick::Builder::decision::<LookAt>).await;
    alarm_in(&stage, "a", HOUR).await;
    write_foreign(&stage, Timestamp::from_millis(BEGIN) + YEAR).await;
    stage.runtime.decide(LookAt("foreign".into())).await.unwrap();
    clock.pass(SECOND).await;
    assert_eq!((rings(&stage, "a").await, since_begin(&stage).await), (0, SECOND));
}

#[tokio::test]
async fn health_says_what_the_clock_does() {
    let clock = SplitClock::new();
    let stage = stage(&clock).await;
    let says = || stage.runtime.health().to_string();
    assert_eq!((says().as_str(), stage.runtime.health().is_well()), ("well", true));
    clock.set_on(HOUR);
    assert_eq!(says(), "the clock leapt 3600s ahead, which is not believed yet");
    clock.set_back(2 * HOUR);
    assert_eq!(says(), "the clock lies 3600s behind; time goes on without it");
    clock.set_on(HOUR);
    assert_eq!(says(), "well");
    write_foreign(&stage, Timestamp::from_millis(BEGIN) + HOUR).await;
    stage.counters.get("foreign").ask(Count::FREELY).await.unwrap();
    assert_eq!(says(), "an event was recorded 3600s ahead, which is not believed");
    assert!(stage.runtime.health().is_open() && !stage.runtime.health().is_well());
    // When that time has come it is like any other.
    clock.pass(60 * SECOND).await;
    clock.set_on(HOUR);
    stage.runtime.health();
    clock.pass(8 * SECOND).await;
    assert_eq!(says(), "well");
}

/// Looks at a counter.
struct LookAt(CounterId);

impl Decision for LookAt {
    type Views = Counter;
    type Event = CounterEvent;
    type Reply = Timestamp;
    type Rejection = std::convert::Infallible;

    fn keys(&self) -> CounterId {
        self.0.clone()
    }

    fn decide(
        &self,
        _: &Counter,
        ctx: &mut Context<CounterEvent>,
    ) -> Result<Timestamp, Self::Rejection> {
        Ok(ctx.now())
    }
}
