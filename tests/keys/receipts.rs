//! A receipt says whether this call has run it, of commands and of decisions; and a key may be given
//! before other options and after them.

use std::time::Duration;

use bailiwick::journal::{Query, RecordedEvent};
use bailiwick::{Admission, AggregateRef, AskError, Cause, Decisions, Keyed, Position, Receipt};
use bailiwick_tests::journals::faulty::FaultyJournal;
use bailiwick_tests::receipts::repetition_of;
use bailiwick_tests::stage::settle;

use crate::decisions::{Drop, drop_coin};
use crate::fixture::{DropCoin, Jar, Jars};

/// Who drops coins into the jar "a".
#[derive(Clone, Copy, Debug, PartialEq)]
enum Asked {
    Aggregate,
    Decision,
}

use Asked::{Aggregate, Decision};

async fn jars_on(journal: &FaultyJournal, before: &Jars<u64>) -> Jars<u64> {
    let add = |builder: bailiwick::Builder| builder.decision::<Drop<u64>>();
    Jars::on(journal.clone(), before.clock.clone(), add).await
}

async fn jars() -> Jars<u64> {
    Jars::with(bailiwick::Builder::decision::<Drop<u64>>).await
}

impl Asked {
    async fn with_key(self, jars: &Jars<u64>, key: &'static str) -> Receipt<u64> {
        self.spawn(jars, key).await.expect("no panic")
    }

    fn spawn(self, jars: &Jars<u64>, key: &'static str) -> tokio::task::JoinHandle<Receipt<u64>> {
        let aggregate = jars.all.get("a").once(key).ask_with_receipt(DropCoin);
        let decision = jars.runtime.decisions().once(key).decide_with_receipt(drop_coin());
        tokio::spawn(async move {
            match self {
                Aggregate => aggregate.await.expect("a reply"),
                Decision => decision.await.expect("a reply"),
            }
        })
    }
}

#[tokio::test]
async fn a_repetition_is_recognised() {
    for asked in [Aggregate, Decision] {
        let jars = jars().await;
        let first = asked.with_key(&jars, "k").await;
        assert!(!asked.with_key(&jars, "other").await.repeated);
        assert_eq!(asked.with_key(&jars, "k").await, repetition_of(first));
        assert_eq!(jars.coins().await, 2);
        let later = jars_on(&jars.journal, &jars).await;
        assert_eq!(asked.with_key(&later, "k").await, repetition_of(first), "after a restart");
        assert_eq!(asked.with_key(&jars, "k").await, repetition_of(first), "in another runtime");
    }
}

#[tokio::test]
async fn without_a_key_there_is_no_repetition() {
    let jars = jars().await;
    for _ in 0..2 {
        assert!(!jars.all.get("a").ask_with_receipt(DropCoin).await.unwrap().repeated);
        let decided = jars.runtime.decisions().decide_with_receipt(drop_coin::<u64>()).await;
        assert!(!decided.unwrap().repeated);
    }
}

/// Behind one that is being appended, and twice in one batch.
#[tokio::test]
async fn who_waits_for_one_that_is_run_repeats_it() {
    for asked in [Aggregate, Decision] {
        let jars = jars().await;
        jars.journal.shut();
        let first = asked.spawn(&jars, "k");
        jars.journal.waiting(1).await;
        let behind = [asked.spawn(&jars, "k"), asked.spawn(&jars, "l"), asked.spawn(&jars, "l")];
        settle().await;
        jars.journal.open();
        let first = first.await.unwrap();
        let [second, other, third] = behind;
        assert_eq!(second.await.unwrap(), repetition_of(first), "{asked:?}");
        assert_eq!(third.await.unwrap(), repetition_of(other.await.unwrap()), "{asked:?}");
        assert_eq!(jars.coins().await, 2);
    }
}

/// Both have decided, and the slower one finds out that it was run elsewhere.
#[tokio::test]
async fn of_two_runtimes_one_repeats_what_the_other_ran() {
    for asked in [Aggregate, Decision] {
        let here = jars().await;
        let there = jars_on(&FaultyJournal::around(here.journal.inner()), &here).await;
        for jars in [&here, &there] {
            assert_eq!(jars.coins().await, 0, "it is in memory");
        }
        here.journal.shut();
        let slower = asked.spawn(&here, "k");
        here.journal.waiting(1).await;
        let first = asked.with_key(&there, "k").await;
        here.journal.open();
        assert_eq!(slower.await.unwrap(), repetition_of(first), "{asked:?}");
        assert_eq!(here.runtime.counts().conflicts, 1);
    }
}

#[tokio::test]
async fn a_key_is_scoped_to_the_addressed_aggregate() {
    let jars = jars().await;
    let ask = |id: &'static str| jars.all.get(id).once("k").ask_with_receipt(DropCoin);
    for id in ["a", "b"] {
        let first = ask(id).await.unwrap();
        assert_eq!((first.reply, first.repeated), (1, false), "{id}");
    }
    // Nor has a decision it, though it concerns the jar.
    assert!(!Decision.with_key(&jars, "k").await.repeated);
    assert_eq!((jars.coins().await, ask("a").await.unwrap().repeated), (2, true));
}

type Change<T> = fn(&T) -> T;

/// All orders of so many.
fn orders(of: usize) -> Vec<Vec<usize>> {
    let Some(last) = of.checked_sub(1) else { return vec![Vec::new()] };
    let shorter = orders(last).into_iter();
    let put = |order: Vec<usize>| {
        (0..=order.len()).map(move |at| {
            let mut longer = order.clone();
            longer.insert(at, last);
            longer
        })
    };
    shorter.flat_map(put).collect()
}

async fn last(jars: &Jars<u64>) -> RecordedEvent {
    let journal = jars.journal.inner();
    journal.last(Query::all()).await.expect("it can be read").event.expect("an event")
}

fn assert_told(event: &RecordedEvent, order: &[usize]) {
    let extra = event.event.metadata.extra();
    assert_eq!(extra.principal.as_ref().unwrap().as_str(), "ann", "{order:?}");
    assert_eq!(extra.correlation.as_ref().unwrap().as_str(), "letter 7", "{order:?}");
    let key = &extra.idempotency.as_ref().unwrap().key;
    assert_eq!(key.as_str(), format!("{order:?}"));
}

#[tokio::test]
async fn options_of_a_reference_are_the_same_in_any_order() {
    const CHANGES: [Change<AggregateRef<Jar<u64>, Keyed>>; 4] = [
        |jar| jar.timeout(Duration::from_secs(3)),
        |jar| jar.admission(Admission::Refuse),
        |jar| jar.correlation("letter 7"),
        |jar| jar.principal("ann"),
    ];
    const BEFORE: [Change<AggregateRef<Jar<u64>>>; 4] = [
        |jar| jar.timeout(Duration::from_secs(3)),
        |jar| jar.admission(Admission::Refuse),
        |jar| jar.correlation("letter 7"),
        |jar| jar.principal("ann"),
    ];
    let jars = jars().await;
    let kept = jars.all.get("a");
    for order in orders(5) {
        let at = order.iter().position(|&nth| nth == 4).unwrap();
        let unkeyed = order[..at].iter().fold(kept.clone(), |jar, &nth| BEFORE[nth](&jar));
        let keyed = unkeyed.once("another").once(format!("{order:?}"));
        let keyed = order[at + 1..].iter().fold(keyed, |jar, &nth| CHANGES[nth](&jar));
        keyed.ask(DropCoin).await.expect("a reply");
        assert_told(&last(&jars).await, &order);
        // The key goes with the position that is expected, too.
        let moved = keyed.once("late").expecting(Position::START).ask(DropCoin).await.unwrap_err();
        assert!(matches!(moved.not_run(), Some(Cause::Moved { .. })), "{moved:?}");
        let moved = unkeyed.expecting(Position::START).once("late").ask(DropCoin).await;
        assert!(matches!(moved.unwrap_err().not_run(), Some(Cause::Moved { .. })));
        // Whose time-out is longer than keys are remembered is refused, whichever came first.
        for patient in [
            keyed.timeout(Duration::from_secs(7_200)),
            unkeyed.timeout(Duration::from_secs(7_200)).once("k"),
        ] {
            let error = patient.ask(DropCoin).await.unwrap_err();
            assert!(matches!(error.not_run(), Some(Cause::WindowTooShort { .. })), "{error:?}");
        }
    }
    // What was kept is as it was.
    kept.ask(DropCoin).await.expect("a reply");
    let told = last(&jars).await.event.metadata;
    let (principal, key) = (&told.extra().principal, &told.extra().idempotency);
    assert!(principal.is_none() && key.is_none(), "{told:?}");
}

#[tokio::test]
async fn options_of_decisions_are_the_same_in_any_order() {
    const CHANGES: [Change<Decisions<Keyed>>; 4] = [
        |decisions| decisions.timeout(Duration::from_secs(3)),
        |decisions| decisions.admission(Admission::Refuse),
        |decisions| decisions.correlation("letter 7"),
        |decisions| decisions.principal("ann"),
    ];
    const BEFORE: [Change<Decisions>; 4] = [
        |decisions| decisions.timeout(Duration::from_secs(3)),
        |decisions| decisions.admission(Admission::Refuse),
        |decisions| decisions.correlation("letter 7"),
        |decisions| decisions.principal("ann"),
    ];
    let jars = jars().await;
    let kept = jars.runtime.decisions();
    for order in orders(5) {
        let at = order.iter().position(|&nth| nth == 4).unwrap();
        let unkeyed = order[..at].iter().fold(kept.clone(), |all, &nth| BEFORE[nth](&all));
        let keyed = unkeyed.once("another").once(format!("{order:?}"));
        let keyed = order[at + 1..].iter().fold(keyed, |all, &nth| CHANGES[nth](&all));
        keyed.decide(drop_coin::<u64>()).await.expect("a reply");
        assert_told(&last(&jars).await, &order);
        for patient in [
            keyed.timeout(Duration::from_secs(7_200)),
            unkeyed.timeout(Duration::from_secs(7_200)).once("k"),
        ] {
            let error = patient.decide(drop_coin::<u64>()).await.unwrap_err();
            assert!(matches!(error, AskError::NotRun(_)), "{error:?}");
        }
    }
}
