//! A deadline rule that came with a later version of the program, and starts that load nobody.

use std::convert::Infallible;
use std::time::Duration;

use bailiwick::journal::Query;
use bailiwick::{
    Aggregate, Builder, Clock, Context, Decide, Decision, Event, ManualClock, MemoryJournal,
    Runtime, Timestamp, Unguarded, View, id,
};
use bailiwick_tests::journals::faulty::FaultyJournal;
use bailiwick_tests::journals::outlined::outlined;
use bailiwick_tests::journals::place::matching;
use bailiwick_tests::stage::settle;
use serde::{Deserialize, Serialize};

id!(JarId: "jar");

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
enum JarEvent {
    Filled {
        #[tag]
        jar: JarId,
    },
    Emptied,
}

/// A jar as a version of the program knows it: when it is emptied, and by which version of the rule.
macro_rules! jar {
    ($jar:ident, $lasts:expr, $version:literal) => {
        struct $jar {
            id: JarId,
            filled: Option<Timestamp>,
        }

        impl View for $jar {
            type Key = JarId;
            type Event = JarEvent;

            fn new(id: &JarId) -> Self {
                $jar { id: id.clone(), filled: None }
            }

            fn apply(&mut self, event: &JarEvent, at: Timestamp) {
                self.filled = matches!(event, JarEvent::Filled { .. }).then_some(at);
            }
        }

        impl Aggregate for $jar {
            const NAME: &'static str = "jar";
            const DEADLINE_VERSION: u32 = $version;

            fn deadline(&self) -> Option<Timestamp> {
                let lasts: Option<Duration> = $lasts;
                Some(self.filled? + lasts?)
            }

            fn on_deadline(&self, ctx: &mut Context<JarEvent>) {
                ctx.emit(JarEvent::Emptied);
            }
        }

        impl Decide<Fill> for $jar {
            type Reply = ();
            type Rejection = Infallible;

            fn decide(&self, _: &Fill, ctx: &mut Context<JarEvent>) -> Result<(), Infallible> {
                ctx.emit(JarEvent::Filled { jar: self.id.clone() });
                Ok(())
            }
        }
    };
}

const LASTS: Duration = Duration::from_secs(10);

jar!(Plain, None, 1);
jar!(Lasting, Some(LASTS), 1);
jar!(LastingLong, Some(2 * LASTS), 1);
jar!(Raised, Some(LASTS), 2);

struct Fill;

/// Fills jars, and knows them.
struct FillAll(Vec<JarId>);

/// Fills jars, and does not know them.
struct FillAnyway(Vec<JarId>);

macro_rules! fills {
    ($decision:ident, $views:ty) => {
        impl Decision for $decision {
            type Views = $views;
            type Event = JarEvent;
            type Reply = ();
            type Rejection = Infallible;

            fn keys(&self) -> Vec<JarId> {
                self.0.clone()
            }

            fn decide(
                &self,
                _: Vec<&Lasting>,
                ctx: &mut Context<JarEvent>,
            ) -> Result<(), Infallible> {
                self.0.iter().for_each(|jar| ctx.emit(JarEvent::Filled { jar: jar.clone() }));
                Ok(())
            }
        }
    };
}

fills!(FillAll, Vec<Lasting>);
fills!(FillAnyway, Unguarded<Vec<Lasting>>);

struct Pantry {
    journal: FaultyJournal,
    clock: ManualClock,
}

impl Pantry {
    /// On a journal that says of so many events what they show.
    fn new(events: u64) -> Pantry {
        let journal = FaultyJournal::new(outlined(MemoryJournal::new(), events));
        Pantry { journal, clock: ManualClock::at(1_000) }
    }

    async fn start<A: Aggregate>(&self, change: impl FnOnce(Builder) -> Builder) -> Runtime {
        let builder = Runtime::builder(self.journal.clone()).aggregate::<A>();
        change(builder.clock(self.clock.clone()).entropy(7)).start().await.expect("it starts")
    }

    /// What the program was before.
    async fn filled_by<A: Decide<Fill> + View<Key = JarId>>(&self, jars: u64) {
        let runtime = self.start::<A>(|builder| builder).await;
        for jar in ids(jars) {
            assert!(runtime.aggregates::<A>().get(jar).ask(Fill).await.is_ok());
        }
    }

    async fn filled_by_decisions(&self, jars: u64, knowing: bool) {
        let add = |builder: Builder| builder.decision::<FillAll>().decision::<FillAnyway>();
        let runtime = self.start::<Lasting>(add).await;
        for some in ids(jars).chunks(100) {
            match knowing {
                true => runtime.decide(FillAll(some.to_vec())).await.unwrap(),
                false => runtime.decide(FillAnyway(some.to_vec())).await.unwrap(),
            }
        }
        drop(runtime);
        settle().await;
    }

    async fn emptied(&self) -> usize {
        let events = matching(&self.journal.inner(), Query::all()).await;
        events.iter().filter(|event| event.event.event_type.as_str() == "Emptied").count()
    }

    /// When time comes to so much after the beginning, in steps: everything is done by then.
    async fn pass(&self, upto: Duration) {
        while self.clock.now() < Timestamp::from_millis(1_000) + upto {
            self.clock.advance(Duration::from_secs(1));
            for _ in 0..20 {
                settle().await;
            }
        }
    }
}

fn ids(jars: u64) -> Vec<JarId> {
    (0..jars).map(|nth| format!("j{nth}").parse().expect("an ID")).collect()
}

/// Each is tested on a journal that says nothing of its events, on one that says what the first of them show, and on one
/// that says it of all: they make no difference.
macro_rules! whatever_the_journal_says {
    ($($test:ident)*) => {$(
        mod $test {
            #[tokio::test]
            async fn of_nothing() {
                super::$test(0).await;
            }

            #[tokio::test]
            async fn of_some() {
                super::$test(13).await;
            }

            #[tokio::test]
            async fn of_everything() {
                super::$test(u64::MAX).await;
            }
        }
    )*};
}

whatever_the_journal_says! {
    a_rule_that_is_new_fires_for_those_of_before
    a_rule_that_is_earlier_or_later_now_is_the_one_that_counts
    a_version_that_was_raised_needs_no_comparison
    whoever_is_loaded_tells_that_the_rule_has_changed
    a_start_loads_nobody_whom_a_decision_knew
    those_whom_nobody_knew_are_judged_together
    a_journal_that_cannot_be_read_for_a_while_delays_it_and_no_more
    what_happens_while_they_are_judged_counts
    a_rule_that_is_the_same_costs_nothing
}

/// Whatever the bounds of the start, what it was is recognised without anybody's help.
async fn a_rule_that_is_new_fires_for_those_of_before(outlined: u64) {
    let pantry = Pantry::new(outlined);
    pantry.filled_by::<Plain>(30).await;
    let runtime = pantry.start::<Lasting>(|builder| builder).await;
    pantry.pass(LASTS - Duration::from_secs(1)).await;
    assert_eq!(pantry.emptied().await, 0, "never early");
    pantry.pass(LASTS).await;
    assert_eq!(pantry.emptied().await, 30);
    assert_eq!(runtime.aggregates::<Lasting>().deadlines_armed(), 0);
}

async fn a_rule_that_is_earlier_or_later_now_is_the_one_that_counts(outlined: u64) {
    let pantry = Pantry::new(outlined);
    pantry.filled_by::<LastingLong>(30).await;
    let _runtime = pantry.start::<Lasting>(|builder| builder).await;
    pantry.pass(LASTS).await;
    assert_eq!(pantry.emptied().await, 30);
    let pantry = Pantry::new(outlined);
    pantry.filled_by::<Lasting>(30).await;
    let _runtime = pantry.start::<LastingLong>(|builder| builder).await;
    pantry.pass(2 * LASTS - Duration::from_secs(1)).await;
    assert_eq!(pantry.emptied().await, 0, "never early");
    pantry.pass(2 * LASTS).await;
    assert_eq!(pantry.emptied().await, 30);
}

async fn a_version_that_was_raised_needs_no_comparison(outlined: u64) {
    for at_once in [1, 7, 1_000] {
        let pantry = Pantry::new(outlined);
        pantry.filled_by::<Plain>(30).await;
        let _runtime = pantry
            .start::<Raised>(|builder| {
                builder.config(|config| config.compared_aggregates(0).judged_at_once(at_once))
            })
            .await;
        pantry.pass(LASTS).await;
        assert_eq!(pantry.emptied().await, 30, "{at_once} at once");
    }
}

/// What a start did not see is seen when somebody is loaded.
async fn whoever_is_loaded_tells_that_the_rule_has_changed(outlined: u64) {
    let pantry = Pantry::new(outlined);
    pantry.filled_by::<Plain>(30).await;
    let change = |builder: Builder| builder.config(|config| config.compared_aggregates(0));
    let runtime = pantry.start::<Lasting>(change).await;
    pantry.pass(LASTS).await;
    assert_eq!(pantry.emptied().await, 0, "nobody knows");
    runtime.aggregates::<Lasting>().get("j3").read(|_, _| ()).await.unwrap();
    pantry.pass(LASTS + Duration::from_secs(1)).await;
    assert_eq!(pantry.emptied().await, 30);
}

async fn a_start_loads_nobody_whom_a_decision_knew(outlined: u64) {
    let pantry = Pantry::new(outlined);
    pantry.filled_by_decisions(2_000, true).await;
    let before = pantry.journal.reads();
    let runtime = pantry.start::<Lasting>(|builder| builder).await;
    let jars = runtime.aggregates::<Lasting>();
    assert_eq!(jars.deadlines_armed(), 2_000, "before anything is served");
    let reads = pantry.journal.reads() - before;
    let (shapes, policies) = if outlined == 0 { (0, 0) } else { (1, 1) };
    let most = shapes + policies + if outlined == u64::MAX { 1 } else { 3 };
    assert!(reads <= most, "2 000 events are two pages: {reads} reads");
    settle().await;
    assert_eq!(jars.in_memory(), []);
    pantry.pass(LASTS).await;
    assert_eq!(pantry.emptied().await, 2_000);
}

async fn those_whom_nobody_knew_are_judged_together(outlined: u64) {
    for (at_once, most) in [(1_000_000, 10), (300, 60)] {
        let pantry = Pantry::new(outlined);
        pantry.filled_by_decisions(2_000, false).await;
        let before = pantry.journal.reads();
        let change = |builder: Builder| builder.config(|config| config.judged_at_once(at_once));
        let runtime = pantry.start::<Lasting>(change).await;
        for _ in 0..20 {
            settle().await;
        }
        let jars = runtime.aggregates::<Lasting>();
        assert_eq!((jars.deadlines_armed(), jars.in_memory()), (2_000, vec![]));
        let reads = pantry.journal.reads() - before;
        assert!(reads <= most, "{reads} reads, {at_once} at once");
        pantry.pass(LASTS - Duration::from_secs(1)).await;
        assert_eq!(pantry.emptied().await, 0, "never early");
        pantry.pass(LASTS).await;
        assert_eq!(pantry.emptied().await, 2_000);
    }
}

async fn a_journal_that_cannot_be_read_for_a_while_delays_it_and_no_more(outlined: u64) {
    let pantry = Pantry::new(outlined);
    pantry.filled_by::<Plain>(30).await;
    let _runtime = pantry.start::<Raised>(|builder| builder).await;
    pantry.journal.set_unreadable(true);
    pantry.pass(LASTS).await;
    assert_eq!(pantry.emptied().await, 0);
    pantry.journal.set_unreadable(false);
    pantry.pass(3 * LASTS).await;
    assert_eq!(pantry.emptied().await, 30);
}

async fn what_happens_while_they_are_judged_counts(outlined: u64) {
    let pantry = Pantry::new(outlined);
    pantry.filled_by::<Plain>(30).await;
    let runtime = pantry.start::<Raised>(|builder| builder).await;
    pantry.journal.set_unreadable(true);
    settle().await;
    pantry.journal.set_unreadable(false);
    pantry.clock.advance(LASTS - Duration::from_millis(1));
    runtime.aggregates::<Raised>().get("j3").ask(Fill).await.unwrap();
    pantry.pass(LASTS + Duration::from_secs(2)).await;
    assert_eq!(pantry.emptied().await, 29, "one was filled again");
    pantry.pass(2 * LASTS).await;
    assert_eq!(pantry.emptied().await, 30);
}

/// Nobody is judged anew who need not be.
async fn a_rule_that_is_the_same_costs_nothing(outlined: u64) {
    let pantry = Pantry::new(outlined);
    pantry.filled_by::<Lasting>(30).await;
    pantry.filled_by::<Lasting>(30).await;
    let before = pantry.journal.reads();
    let runtime = pantry.start::<Lasting>(|builder| builder).await;
    for _ in 0..50 {
        settle().await;
    }
    // A sample, the starts of policies, what comes after; and each who is compared.
    let most = if outlined == 0 { 1 } else { 3 + 30 };
    let reads = pantry.journal.reads() - before;
    assert!(reads <= most, "{reads} reads");
    assert_eq!(runtime.aggregates::<Lasting>().deadlines_armed(), 30);
}

/// Whatever was written, by whom, and up to where an outline comes: everybody fires, and at the
/// same time.
#[tokio::test]
async fn random_histories_have_the_same_deadlines() {
    for seed in 0..12_u64 {
        let written = Pantry::new(0);
        let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        for _ in 0..6 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695);
            let jars = 1 + (random >> 40) % 20;
            match (random >> 33) % 5 {
                0 => written.filled_by::<Plain>(jars).await,
                1 => written.filled_by::<Raised>(jars).await,
                2 => written.filled_by_decisions(jars, true).await,
                3 => written.filled_by_decisions(jars, false).await,
                _ => written.filled_by::<Lasting>(jars).await,
            }
            written.clock.advance(Duration::from_millis((random >> 50) % 1_500));
        }
        let history = matching(&written.journal.inner(), Query::all()).await;
        let mut ends = Vec::new();
        for outlined in [0, 1, 5, 20, 60, u64::MAX] {
            let pantry = Pantry::new(outlined);
            let events = history.iter().map(|recorded| recorded.event.clone()).collect();
            pantry.journal.inner().append(events, None).await.expect("it is in memory");
            pantry.clock.advance(written.clock.now().since(pantry.clock.now()));
            let runtime = pantry.start::<Lasting>(|builder| builder).await;
            for _ in 0..100 {
                settle().await;
            }
            let jars = runtime.aggregates::<Lasting>();
            pantry.pass(4 * LASTS).await;
            let events = matching(&pantry.journal.inner(), Query::all()).await;
            let emptied = events.into_iter().map(|recorded| recorded.event);
            let emptied = emptied.filter(|event| event.event_type.as_str() == "Emptied");
            let emptied = emptied.map(|event| (event.tags, event.recorded_at));
            let mut emptied: Vec<_> = emptied.map(|(tags, at)| (format!("{tags:?}"), at)).collect();
            emptied.sort();
            ends.push((emptied, jars.deadlines_armed()));
        }
        assert!(ends.iter().all(|end| *end == ends[0]), "seed {seed}: {ends:?}");
        assert!(!ends[0].0.is_empty() && ends[0].1 == 0, "seed {seed}: {ends:?}");
    }
}
