//! An actor that is killed takes nothing with it, whatever it was doing: every command gets the
//! answer it would have got, once, and nothing that was known is learnt again.

use bailiwick_tests::counter::{CounterEvent, Look};
use bailiwick_tests::stage::events;

use super::{LINGER, Theatre, poll_once, values, within_reason, yields};

impl Theatre {
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
        let theatre = Theatre::new().await;
        theatre.stage.journal.shut();
        let mut counts = vec![theatre.count()];
        theatre.stage.journal.waiting(1).await;
        let reads = theatre.stage.journal.reads();
        theatre.kill(5, step).await;
        counts.push(theatre.count());
        theatre.stage.journal.waiting(1).await;
        theatre.kill(1, step).await;
        theatre.stage.journal.open();
        assert_eq!(values(counts).await, [1, 2], "step {step}");
        assert_eq!(theatre.stage.journal.reads(), reads, "it is not loaded again");
        theatre.assert_counted(2).await;
    }
}

#[tokio::test]
async fn while_it_is_loaded() {
    for step in STEPS {
        let theatre = Theatre::new().await;
        theatre.loading.shut();
        let mut counts = vec![theatre.count()];
        theatre.loading.somebody_waits().await;
        let reads = theatre.stage.journal.reads();
        theatre.kill(5, step).await;
        counts.push(theatre.count());
        yields(step).await;
        theatre.loading.open();
        assert_eq!(values(counts).await, [1, 2], "step {step}");
        assert_eq!(theatre.stage.journal.reads(), reads, "the loading goes on");
        theatre.assert_counted(2).await;
    }
}

#[tokio::test]
async fn while_it_is_parked() {
    for step in STEPS {
        let theatre = Theatre::new().await;
        assert_eq!(values([theatre.count()]).await, [1]);
        yields(8).await;
        let reads = theatre.stage.journal.reads();
        theatre.kill(1, step).await;
        assert_eq!(values([theatre.count()]).await, [2], "step {step}");
        assert_eq!(theatre.stage.journal.reads(), reads, "the state is still there");
        theatre.assert_counted(2).await;
    }
}

#[tokio::test]
async fn with_commands_decided_and_in_the_mailbox_and_reads_waiting() {
    for step in STEPS {
        let theatre =
            Theatre::with(|builder| builder.config(|config| config.batch_commands(2))).await;
        theatre.stage.journal.shut();
        let mut counts = vec![theatre.count()];
        theatre.stage.journal.waiting(1).await;
        // Two are decided on top of the first, four wait in the mailbox.
        counts.extend((0..6).map(|_| theatre.count()));
        yields(8).await;
        let counter = theatre.stage.counters.get("a");
        let read = tokio::spawn(counter.read(|state, _| state.value));
        yields(step).await;
        theatre.kill(3, step).await;
        theatre.stage.journal.open();
        assert_eq!(values(counts).await, (1..=7).collect::<Vec<_>>(), "step {step}");
        let seen = within_reason(read).await.expect("no panic").expect("it is read").value;
        assert!((1..=7).contains(&seen), "it saw {seen}");
        theatre.assert_counted(7).await;
    }
}

#[tokio::test]
async fn before_it_ever_ran() {
    let theatre = Theatre::new().await;
    let counter = theatre.stage.counters.get("a");
    let mut count = Box::pin(counter.ask(bailiwick_tests::counter::Count::FREELY));
    assert!(poll_once(&mut count).await.is_pending());
    theatre.kill(1, 0).await;
    assert_eq!(within_reason(count).await.expect("a reply"), 1);
    theatre.assert_counted(1).await;
}

/// As any other that has nothing to do.
#[tokio::test]
async fn an_aggregate_whose_actor_was_killed_leaves_memory() {
    for step in STEPS {
        let theatre = Theatre::new().await;
        let counter = theatre.stage.counters.get("a");
        let mut look = Box::pin(counter.ask(Look));
        assert!(poll_once(&mut look).await.is_pending());
        // Nobody waits for anything any more when the actor dies.
        drop(look);
        theatre.stage.counters.kill_actor("a");
        yields(step).await;
        theatre.actors.all_end().await;
        for _ in 0..4 {
            theatre.stage.clock.advance(LINGER);
            yields(16).await;
        }
        assert_eq!(theatre.stage.counters.in_memory(), [], "step {step}");
    }
}
