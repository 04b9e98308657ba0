//! Deadlines fire by themselves, are never early, never lost, and survive restarts.

use std::time::Duration;

use bailiwick::Timestamp;
use bailiwick_tests::fixtures::counter::{Bell, Count, CounterEvent, CounterId, Look, SetAlarm};
use bailiwick_tests::journals::faulty::Fault;
use bailiwick_tests::stage::{BEGIN, Stage, settle};

fn alarm(after: u64, bell: Bell) -> SetAlarm {
    SetAlarm { at: Some(Timestamp::from_millis(BEGIN + after)), bell }
}

fn rings(events: &[CounterEvent]) -> usize {
    events.iter().filter(|event| matches!(event, CounterEvent::Rang { .. })).count()
}

/// Drives the clock in small steps, so that whoever sleeps wakes in time.
async fn pass(stage: &Stage, millis: u64) {
    for _ in 0..millis / 100 {
        stage.clock.advance(Duration::from_millis(100));
        settle().await;
    }
}

#[tokio::test]
async fn a_stored_aggregate_wakes_for_its_deadline() {
    let stage = Stage::new().await;
    stage.counters.get("a").ask(alarm(120_000, Bell::Rings)).await.unwrap();
    pass(&stage, 119_900).await;
    assert_eq!(stage.counters.in_memory(), [], "nothing is left of it but its deadline");
    assert_eq!((stage.counters.deadlines_armed(), rings(&stage.events().await)), (1, 0));
    pass(&stage, 100).await;
    assert_eq!((stage.counters.deadlines_armed(), rings(&stage.events().await)), (0, 1));
}

#[tokio::test]
async fn what_fell_due_while_nothing_ran_is_caught_up_at_the_start() {
    let stage = Stage::new().await;
    stage.counters.get("past").ask(alarm(1_000, Bell::Rings)).await.unwrap();
    stage.counters.get("future").ask(alarm(9_000, Bell::Rings)).await.unwrap();
    stage.counters.get("cleared").ask(alarm(1_000, Bell::Rings)).await.unwrap();
    let clear = SetAlarm { at: None, bell: Bell::Rings };
    stage.counters.get("cleared").ask(clear).await.unwrap();
    stage.clock.advance(Duration::from_secs(5));
    let stage = stage.restart().await;
    assert_eq!(stage.counters.deadlines_armed(), 2, "armed before the first command");
    settle().await;
    assert_eq!((stage.counters.deadlines_armed(), rings(&stage.events().await)), (1, 1));
    pass(&stage, 4_000).await;
    assert_eq!((stage.counters.deadlines_armed(), rings(&stage.events().await)), (0, 2));
}

#[tokio::test]
async fn expiry_comes_before_the_command_and_stands_when_that_is_refused() {
    let stage = Stage::new().await;
    stage.counters.get("a").ask(alarm(1_000, Bell::Rings)).await.unwrap();
    // No task runs between the step of the clock and the command.
    stage.clock.advance(Duration::from_secs(1));
    assert!(stage.counters.get("a").ask(Count { limit: 0 }).await.is_err());
    assert_eq!(rings(&stage.events().await), 1);
}

#[tokio::test]
async fn an_earlier_deadline_moves_the_wake_up_and_a_later_one_does_not_ring_early() {
    let stage = Stage::new().await;
    let counter = stage.counters.get("a");
    counter.ask(alarm(5_000, Bell::Rings)).await.unwrap();
    counter.ask(alarm(1_000, Bell::Rings)).await.unwrap();
    counter.ask(alarm(3_000, Bell::Rings)).await.unwrap();
    pass(&stage, 2_900).await;
    assert_eq!(rings(&stage.events().await), 0, "the wake-up at 1 s found nothing due");
    pass(&stage, 100).await;
    assert_eq!(rings(&stage.events().await), 1);
}

#[tokio::test]
async fn a_deadline_whose_append_fails_is_tried_again() {
    for fault in [Fault::NotWritten, Fault::UnknownLost, Fault::UnknownWritten, Fault::Conflict] {
        let stage = Stage::new().await;
        stage.counters.get("a").ask(alarm(1_000, Bell::Rings)).await.unwrap();
        stage.journal.plan([fault]);
        pass(&stage, 1_000).await;
        pass(&stage, 2_000).await;
        assert_eq!(rings(&stage.events().await), 1, "{fault:?}");
        assert_eq!(stage.counters.deadlines_armed(), 0, "{fault:?}");
    }
}

/// Nothing is wrong with a deadline whose batch another writer overtook: that does not make it wait for longer.
#[tokio::test]
async fn conflicts_do_not_count_as_tries_in_vain() {
    let stage = Stage::new().await;
    stage.counters.get("a").ask(alarm(1_000, Bell::Rings)).await.unwrap();
    stage.journal.plan([const { Fault::Conflict }; 8]);
    stage.journal.plan([Fault::NotWritten]);
    pass(&stage, 1_000).await;
    pass(&stage, 4_000).await;
    assert_eq!(rings(&stage.events().await), 1);
}

#[tokio::test]
async fn a_stuck_deadline_is_backed_off_and_commands_go_on() {
    for bell in [Bell::Panics, Bell::Silent, Bell::Endless] {
        let stage = Stage::new().await;
        let counter = stage.counters.get("a");
        counter.ask(alarm(1_000, bell)).await.unwrap();
        pass(&stage, 10_000).await;
        let counts = stage.runtime.counts();
        assert!((2..=5).contains(&counts.stuck_deadlines), "{bell:?}: 1, 2, 4 s: {counts:?}");
        assert_eq!(counter.ask(Count::FREELY).await.unwrap(), 1);
        assert_eq!(stage.events().await.len(), 2, "{bell:?} wrote nothing");
        counter.ask(alarm(20_000, Bell::Rings)).await.unwrap();
        pass(&stage, 20_000).await;
        assert_eq!(rings(&stage.events().await), 1, "{bell:?}: it recovers");
    }
}

/// A conflict is about a command, and what was put off stays so, also if it leaves memory then.
#[tokio::test]
async fn a_stuck_deadline_is_not_tried_earlier_because_of_a_conflict() {
    let stage = Stage::with(|builder| builder.config(|config| config.resting_aggregates(1))).await;
    stage.counters.get("a").ask(alarm(1_000, Bell::Panics)).await.unwrap();
    pass(&stage, 70_000).await;
    let stuck = stage.runtime.counts().stuck_deadlines;
    assert_eq!(stuck, 7, "after 0, 1, 3, 7, 15, 31 and 63 s");
    stage.journal.plan([Fault::Conflict]);
    stage.counters.get("a").ask(Count::FREELY).await.unwrap();
    for id in ["c", "e", "g"] {
        stage.counters.get(id).ask(Count::FREELY).await.unwrap();
    }
    pass(&stage, 30_000).await;
    assert!(!stage.counters.in_memory().contains(&"a".into()));
    assert_eq!(stage.runtime.counts().stuck_deadlines, stuck);
}

/// Nor because of a conflict of a command that would have moved it.
#[tokio::test]
async fn nor_because_of_a_command_that_would_have_moved_it() {
    let stage = Stage::new().await;
    stage.counters.get("a").ask(alarm(1_000, Bell::Panics)).await.unwrap();
    pass(&stage, 70_000).await;
    assert_eq!(stage.runtime.counts().stuck_deadlines, 7);
    stage.journal.plan([const { Fault::Conflict }; 16]);
    stage.counters.get("a").ask(alarm(200_000, Bell::Rings)).await.unwrap_err();
    pass(&stage, 30_000).await;
    assert_eq!(stage.runtime.counts().stuck_deadlines, 7);
}

#[tokio::test]
async fn reading_and_asking_without_effect_do_not_touch_the_deadline() {
    let stage = Stage::new().await;
    let counter = stage.counters.get("a");
    counter.ask(alarm(1_000, Bell::Rings)).await.unwrap();
    counter.ask(Look).await.unwrap();
    assert!(counter.ask(Count { limit: 0 }).await.is_err());
    pass(&stage, 900).await;
    assert_eq!(counter.read(|state, _| state.rings).await.unwrap().value, 0);
    pass(&stage, 100).await;
    assert_eq!(counter.read(|state, _| state.rings).await.unwrap().value, 1);
}

#[tokio::test]
async fn a_command_does_not_find_it_due_before_its_time() {
    let stage = Stage::new().await;
    let counter = stage.counters.get("a");
    counter.ask(alarm(1_000, Bell::Rings)).await.unwrap();
    stage.clock.advance(Duration::from_millis(999));
    counter.ask(Look).await.unwrap();
    settle().await;
    assert_eq!(stage.runtime.counts().deadlines, 0);
    stage.clock.advance(Duration::from_millis(1));
    counter.ask(Look).await.unwrap();
    assert_eq!((stage.runtime.counts().deadlines, rings(&stage.events().await)), (1, 1));
}

/// Both commands are in one turn, so nobody but the turn itself can see that it is due.
#[tokio::test]
async fn what_falls_due_within_a_turn_expires_before_the_next_command() {
    let stage = Stage::new().await;
    let counter = stage.counters.get("a");
    let (set, count) = tokio::join!(counter.ask(alarm(0, Bell::Rings)), counter.ask(Count::FREELY));
    set.unwrap();
    count.unwrap();
    let events = stage.events().await;
    let order: Vec<_> = events.iter().map(bailiwick::Event::event_type).collect();
    assert_eq!(order, ["AlarmSet", "Rang", "Counted"]);
}

/// A stage on which `due_at_once` deadlines have a place, and `waiting_aggregates` may wait for the journal.
async fn crowded(due_at_once: usize, waiting_aggregates: usize) -> Stage {
    Stage::with(|builder| {
        builder.config(|config| {
            config
                .due_at_once(due_at_once)
                .waiting_aggregates(waiting_aggregates)
                .due_timeout(Duration::from_secs(1))
        })
    })
    .await
}

async fn set_alarms(stage: &Stage, counters: std::ops::Range<u64>) {
    for n in counters {
        let counter = stage.counters.get(n.to_string().parse::<CounterId>().expect("an ID"));
        counter.ask(alarm(1_000 + n, Bell::Rings)).await.expect("it is set");
    }
}

#[tokio::test]
async fn an_append_that_hangs_keeps_its_place_for_a_while_and_then_others_go_on() {
    let stage = crowded(2, 100).await;
    set_alarms(&stage, 0..8).await;
    stage.journal.plan([Fault::Hangs, Fault::Hangs]);
    pass(&stage, 1_900).await;
    assert_eq!(rings(&stage.events().await), 0, "the first two have the places");
    pass(&stage, 200).await;
    assert_eq!(rings(&stage.events().await), 6, "all but those two");
    pass(&stage, 10_000).await;
    assert_eq!(rings(&stage.events().await), 6, "they are not begun a second time");
}

#[tokio::test]
async fn a_load_that_hangs_does_not_keep_its_place_either() {
    let stage = crowded(1, 100).await;
    set_alarms(&stage, 0..3).await;
    let Stage { runtime, clock, journal, .. } = stage;
    drop(runtime);
    let stage =
        Stage::on(journal, clock, |builder| builder.config(|config| config.due_at_once(1))).await;
    stage.journal.hang_reads(1);
    pass(&stage, 1_900).await;
    assert_eq!(rings(&stage.events().await), 0, "the first has the place");
    pass(&stage, 200).await;
    assert_eq!(rings(&stage.events().await), 2, "all but the first");
}

#[tokio::test]
async fn a_journal_that_answers_nobody_is_not_given_ever_more() {
    let stage = crowded(2, 5).await;
    set_alarms(&stage, 0..20).await;
    stage.journal.shut();
    pass(&stage, 1_500).await;
    assert_eq!(stage.journal.at_the_gate(), 2);
    pass(&stage, 1_000).await;
    assert_eq!(stage.journal.at_the_gate(), 4);
    pass(&stage, 60_000).await;
    assert_eq!(stage.journal.at_the_gate(), 5);
    assert_eq!(rings(&stage.events().await), 0);
    stage.journal.open();
    settle().await;
    assert_eq!(rings(&stage.events().await), 20, "each once");
    assert_eq!(stage.counters.deadlines_armed(), 0);
}

/// Those of a task that wait for the journal are polled, and give their permits back, while others of it queue
/// for one: time need not pass for that.
#[tokio::test]
async fn who_is_due_and_queues_holds_up_nobody_who_has_an_answer() {
    let stage = crowded(16, 2).await;
    for n in 0..16_u64 {
        let counter = stage.counters.get(n.to_string().parse::<CounterId>().expect("an ID"));
        counter.ask(alarm(1_000, Bell::Rings)).await.expect("it is set");
    }
    stage.journal.shut();
    pass(&stage, 1_000).await;
    assert_eq!(stage.journal.at_the_gate(), 2);
    stage.journal.open();
    settle().await;
    assert_eq!(rings(&stage.events().await), 16, "each once, at once");
    assert_eq!(stage.counters.deadlines_armed(), 0);
}
