//! An actor that is killed takes nothing with it, whatever it was doing: every command gets the
//! answer it would have got, once, and nothing that was known is learnt again.

use bailiwick_tests::fixtures::counter::{Count, CounterEvent, Look};
use bailiwick_tests::fixtures::counter_pairs::CountBoth;
use bailiwick_tests::stage::events;

use super::{ActorHarness, LINGER, poll_once, values, within_reason, yields};

impl ActorHarness {
    /// Kills the actor, and then those that come after it, once each `step`.
    async fn kill(&self, times: usize, step: usize) {
        for _ in 0..times {
            let alive = self.actors.so_far();
            assert!(self.stage.counters.kill_actor("a"), "there is one");
            yields(step).await;
            if step > 0 {
                self.actors.end(alive).await;
            }
        }
    }

    /// The journal holds the counts from 1 to `n`, each once.
    async fn assert_counted(&self, n: u64) {
        let counted: Vec<_> = (1..=n).map(|value| CounterEvent::Counted { value }).collect();
        assert_eq!(events(&self.stage.journal.inner()).await, counted);
        let counts = self.stage.runtime.counts();
        assert_eq!((counts.replied, counts.accepted, counts.open()), (n, n, 0));
    }
}

/// How many turns of the executor pass between a kill and what comes next.
const STEPS: std::ops::Range<usize> = 0..8;

#[tokio::test]
async fn while_an_append_is_in_flight() {
    for step in STEPS {
        let harness = ActorHarness::new().await;
        let mut counts = Vec::from(harness.counts_of_an_actor().await);
        let reads = harness.stage.journal.reads();
        harness.kill(5, step).await;
        counts.push(harness.count());
        harness.stage.journal.waiting(1).await;
        harness.kill(1, step).await;
        harness.stage.journal.open();
        assert_eq!(values(counts).await, [1, 2, 3], "step {step}");
        assert_eq!(harness.stage.journal.reads(), reads, "it is not loaded again");
        harness.assert_counted(3).await;
    }
}

#[tokio::test]
async fn while_it_is_loaded() {
    for step in STEPS {
        let harness = ActorHarness::new().await;
        harness.loading.shut();
        let mut counts = vec![harness.count()];
        harness.loading.somebody_waits().await;
        counts.push(harness.count_with_an_actor().await);
        let reads = harness.stage.journal.reads();
        harness.kill(5, step).await;
        counts.push(harness.count());
        yields(step).await;
        harness.loading.open();
        assert_eq!(values(counts).await, [1, 2, 3], "step {step}");
        assert_eq!(harness.stage.journal.reads(), reads, "the loading goes on");
        harness.assert_counted(3).await;
    }
}

#[tokio::test]
async fn while_a_decision_holds_the_aggregate() {
    for step in STEPS {
        let harness = ActorHarness::with(bailiwick::Builder::decision::<CountBoth>).await;
        let mut counts = Vec::from(harness.counts_of_an_actor().await);
        let both = CountBoth { one: "a".into(), other: "b".into(), limit: u64::MAX };
        let both = tokio::spawn(harness.stage.runtime.decide(both));
        yields(16).await;
        // They wait for the decision, which waits for the others.
        counts.extend([harness.count(), harness.count()]);
        yields(8).await;
        for _ in 0..2 {
            harness.stage.journal.let_pass(1);
            yields(32).await;
            within_reason(harness.stage.journal.waiting(1)).await;
        }
        for _ in 0..3 {
            assert!(harness.stage.counters.kill_actor("a"), "there is one");
            yields(step).await;
        }
        harness.stage.journal.open();
        let both = within_reason(both).await.expect("no panic").expect("a reply");
        assert_eq!(both, [3, 1], "step {step}");
        assert_eq!(values(counts).await, [1, 2, 4, 5], "step {step}");
    }
}

#[tokio::test]
async fn with_commands_decided_and_in_the_mailbox_and_reads_waiting() {
    for step in STEPS {
        let harness =
            ActorHarness::with(|builder| builder.config(|config| config.batch_commands(2))).await;
        harness.stage.journal.shut();
        let mut counts = vec![harness.count()];
        harness.stage.journal.waiting(1).await;
        // Two are decided on top of the first, four wait in the mailbox.
        counts.extend((0..6).map(|_| harness.count()));
        yields(8).await;
        let counter = harness.stage.counters.get("a");
        let read = tokio::spawn(counter.read(|state, _| state.value));
        yields(step).await;
        harness.kill(3, step).await;
        harness.stage.journal.open();
        assert_eq!(values(counts).await, (1..=7).collect::<Vec<_>>(), "step {step}");
        let seen = within_reason(read).await.expect("no panic").expect("it is read").value;
        assert!((1..=7).contains(&seen), "it saw {seen}");
        harness.assert_counted(7).await;
    }
}

#[tokio::test]
async fn before_it_ever_ran() {
    let harness = ActorHarness::new().await;
    harness.stage.journal.shut();
    let counter = harness.stage.counters.get("a");
    let mut counts = [(); 2].map(|()| Box::pin(counter.ask(Count::FREELY)));
    for count in &mut counts {
        assert!(poll_once(count).await.is_pending());
    }
    harness.kill(1, 0).await;
    harness.stage.journal.open();
    for (count, value) in counts.into_iter().zip(1..) {
        assert_eq!(within_reason(count).await.expect("a reply"), value);
    }
    harness.assert_counted(2).await;
}

/// As any other that has nothing to do.
#[tokio::test]
async fn an_aggregate_whose_actor_was_killed_leaves_memory() {
    let mut killed = 0;
    for step in STEPS {
        let harness = ActorHarness::new().await;
        harness.loading.shut();
        let counter = harness.stage.counters.get("a");
        let mut look = Box::pin(counter.ask(Look));
        assert!(poll_once(&mut look).await.is_pending());
        // Nobody waits for anything any more when the actor dies, which took over from the caller.
        drop(look);
        yields(step).await;
        killed += usize::from(harness.stage.counters.kill_actor("a"));
        yields(step).await;
        harness.loading.open();
        harness.actors.all_end().await;
        for _ in 0..4 {
            harness.stage.clock.advance(LINGER);
            yields(16).await;
        }
        assert_eq!(harness.stage.counters.in_memory(), [], "step {step}");
    }
    assert!(killed > 0, "it had always left");
}
