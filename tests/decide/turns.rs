//! Aggregates and decisions that concern them take turns: nobody runs into anybody's condition.

use std::sync::Arc;

use bailiwick::journal::{Answer, Journal};
use bailiwick::{
    Aggregate, Aggregates, Config, Context, Decide, Decision, Event, Last, MemoryJournal, Runtime,
    Timestamp, View, id,
};
use bailiwick_tests::journals::altered::Altered;
use bailiwick_tests::journals::faulty::FaultyJournal;
use bailiwick_tests::stage::settle;
use serde::{Deserialize, Serialize};
use tokio::task::{JoinSet, yield_now};

id!(PurseId: "purse");

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
enum PurseEvent {
    PaidIn {
        #[tag]
        purse: PurseId,
        coins: u32,
    },
    PaidOut {
        #[tag]
        purse: PurseId,
        coins: u32,
    },
}

#[derive(Default)]
struct Purse {
    coins: u32,
}

impl View for Purse {
    type Key = PurseId;
    type Event = PurseEvent;

    fn new(_: &PurseId) -> Self {
        Purse::default()
    }

    fn apply(&mut self, event: &PurseEvent, _: Timestamp) {
        match event {
            PurseEvent::PaidIn { coins, .. } => self.coins += coins,
            PurseEvent::PaidOut { coins, .. } => self.coins -= coins,
        }
    }
}

impl Aggregate for Purse {
    const NAME: &'static str = "purse";
}

struct PayIn(PurseId, u32);

impl Decide<PayIn> for Purse {
    type Reply = u32;
    type Rejection = std::convert::Infallible;

    fn decide(
        &self,
        command: &PayIn,
        ctx: &mut Context<PurseEvent>,
    ) -> Result<u32, Self::Rejection> {
        ctx.emit(PurseEvent::PaidIn { purse: command.0.clone(), coins: command.1 });
        Ok(self.coins + command.1)
    }
}

/// One coin from the first to the second.
struct Transfer(PurseId, PurseId);

#[derive(Debug, thiserror::Error)]
#[error("the purse is empty")]
struct Empty;

impl Decision for Transfer {
    type Views = Vec<Purse>;
    type Event = PurseEvent;
    type Reply = u32;
    type Rejection = Empty;

    fn keys(&self) -> Vec<PurseId> {
        vec![self.0.clone(), self.1.clone()]
    }

    fn decide(&self, purses: Vec<&Purse>, ctx: &mut Context<PurseEvent>) -> Result<u32, Empty> {
        if purses[0].coins == 0 {
            return Err(Empty);
        }
        ctx.emit(PurseEvent::PaidOut { purse: self.0.clone(), coins: 1 });
        ctx.emit(PurseEvent::PaidIn { purse: self.1.clone(), coins: 1 });
        Ok(purses[0].coins - 1)
    }
}

/// Takes all that is in it, and says whether anything was ever paid in or out.
struct Empties(PurseId);

impl Decision for Empties {
    type Views = (Purse, Last<PurseEvent, PurseId>);
    type Event = PurseEvent;
    type Reply = bool;
    type Rejection = std::convert::Infallible;

    fn keys(&self) -> (PurseId, PurseId) {
        (self.0.clone(), self.0.clone())
    }

    fn decide(
        &self,
        (purse, last): (&Purse, &Last<PurseEvent, PurseId>),
        ctx: &mut Context<PurseEvent>,
    ) -> Result<bool, Self::Rejection> {
        ctx.emit(PurseEvent::PaidOut { purse: self.0.clone(), coins: purse.coins });
        Ok(last.event().is_some())
    }
}

struct Bank {
    runtime: Runtime,
    purses: Aggregates<Purse>,
    journal: FaultyJournal,
}

impl Bank {
    async fn new() -> Bank {
        Bank::on(MemoryJournal::new()).await
    }

    async fn on(journal: impl Journal) -> Bank {
        Bank::with(journal, |config| config).await
    }

    async fn with(journal: impl Journal, config: impl FnOnce(Config) -> Config) -> Bank {
        let journal = FaultyJournal::new(journal);
        let builder = Runtime::builder(journal.clone()).aggregate::<Purse>().entropy(7);
        let builder = builder.config(config);
        let runtime = builder.decision::<Transfer>().decision::<Empties>().start().await.unwrap();
        Bank { purses: runtime.aggregates(), runtime, journal }
    }

    async fn pay_in(&self, purse: &'static str, coins: u32) -> u32 {
        let id = PurseId::from(purse);
        self.purses.get(id.clone()).ask(PayIn(id, coins)).await.unwrap()
    }

    /// Begins to pay one coin in.
    async fn ask(&self, purse: &'static str) -> tokio::task::JoinHandle<u32> {
        let asked = self.purses.get(purse).ask(PayIn(purse.into(), 1));
        let asked = tokio::spawn(async move { asked.await.unwrap() });
        settle().await;
        asked
    }

    async fn transfer(
        &self,
        from: &'static str,
        to: &'static str,
    ) -> tokio::task::JoinHandle<Result<u32, ()>> {
        let asked = self.runtime.decide(Transfer(from.into(), to.into()));
        let asked = tokio::spawn(async move { asked.await.map_err(drop) });
        settle().await;
        asked
    }

    fn conflicts(&self) -> u64 {
        self.runtime.counts().conflicts
    }
}

#[tokio::test]
async fn what_is_asked_during_a_decision_is_decided_on_what_it_wrote() {
    let bank = Bank::new().await;
    bank.pay_in("a", 5).await;
    bank.journal.shut();
    let transfer = bank.transfer("a", "b").await;
    bank.journal.waiting(1).await;
    let paid = bank.ask("a").await;
    assert_eq!(bank.journal.at_the_gate(), 1, "the purse waits");
    let seen = bank.purses.get("a").read(|purse, _| purse.coins).await.unwrap().value;
    assert_eq!(seen, 5, "a read does not");
    bank.journal.open();
    assert_eq!((transfer.await.unwrap(), paid.await.unwrap()), (Ok(4), 5));
    assert_eq!(bank.conflicts(), 0);
}

#[tokio::test]
async fn a_decision_waits_for_what_is_under_way() {
    let bank = Bank::new().await;
    bank.pay_in("a", 5).await;
    bank.journal.shut();
    let paid = bank.ask("a").await;
    let behind = bank.ask("a").await;
    let transfer = bank.transfer("a", "b").await;
    let late = bank.ask("a").await;
    assert_eq!(bank.journal.at_the_gate(), 1);
    bank.journal.open();
    let answers = (paid.await.unwrap(), behind.await.unwrap());
    assert_eq!(answers, (6, 7));
    assert_eq!(transfer.await.unwrap(), Ok(6), "in the order of arrival");
    assert_eq!(late.await.unwrap(), 7);
    assert_eq!(bank.conflicts(), 0);
}

#[tokio::test]
async fn who_waits_for_room_was_there_before_a_decision_that_comes_later() {
    let bank = Bank::with(MemoryJournal::new(), |config| config.mailbox_commands(1)).await;
    bank.pay_in("a", 5).await;
    bank.journal.shut();
    let mut paid = Vec::new();
    for _ in 0..5 {
        paid.push(bank.ask("a").await);
    }
    let transfer = bank.transfer("a", "b").await;
    let late = bank.ask("a").await;
    bank.journal.open();
    for (nth, paid) in (6..).zip(paid) {
        assert_eq!(paid.await.unwrap(), nth);
    }
    assert_eq!(transfer.await.unwrap(), Ok(9), "in the order of arrival");
    assert_eq!(late.await.unwrap(), 10);
    assert_eq!(bank.conflicts(), 0);
}

/// By one view with the same key twice, or by two views with one key each. Held twice, it would wait
/// for itself as soon as something is asked in between.
#[tokio::test]
async fn an_aggregate_that_a_decision_names_twice_is_held_once() {
    let bank = Bank::new().await;
    bank.pay_in("a", 5).await;
    for by_two_views in [false, true] {
        bank.journal.shut();
        let paid = bank.ask("a").await;
        let decided = match by_two_views {
            false => bank.transfer("a", "a").await,
            true => {
                let asked = bank.runtime.decide(Empties("a".into()));
                tokio::spawn(async move { asked.await.map(u32::from).map_err(drop) })
            }
        };
        settle().await;
        // It comes before the hold is given, so whoever asked for another would be behind it.
        let late = bank.ask("a").await;
        bank.journal.open();
        settle().await;
        assert!(decided.is_finished() && late.is_finished(), "by two views: {by_two_views}");
        let before = paid.await.unwrap();
        let (reply, after) = if by_two_views { (1, 1) } else { (before - 1, before + 1) };
        assert_eq!((decided.await.unwrap(), late.await.unwrap()), (Ok(reply), after));
        assert_eq!(bank.pay_in("a", 1).await, after + 1, "it was let go");
    }
    assert_eq!(bank.conflicts(), 0);
}

#[tokio::test]
async fn a_purse_has_its_turn_between_decisions_that_never_end() {
    let bank = Arc::new(Bank::new().await);
    bank.pay_in("a", 10_000).await;
    let mut transfers = JoinSet::new();
    for _ in 0..4 {
        let bank = bank.clone();
        transfers.spawn(async move {
            for _ in 0..500 {
                bank.runtime.decide(Transfer("a".into(), "b".into())).await.unwrap();
            }
        });
    }
    let paying = bank.clone();
    let paid = tokio::spawn(async move {
        for _ in 0..50 {
            paying.pay_in("a", 1).await;
        }
        paying.purses.get("a").read(|purse, _| purse.coins).await.unwrap().value
    });
    let left = paid.await.unwrap();
    assert!(left > 9_000, "it waited until all of them were through: {left}");
    transfers.join_all().await;
    assert_eq!(bank.conflicts(), 0);
}

#[tokio::test]
async fn who_lets_go_leaves_nothing_behind() {
    let bank = Bank::new().await;
    bank.pay_in("a", 5).await;
    bank.purses.get("a").read(|_, _| ()).await.unwrap();
    bank.journal.shut();
    // Given up while it waits: for the purse, and in it.
    let paid = bank.ask("a").await;
    let transfer = bank.transfer("a", "b").await;
    transfer.abort();
    settle().await;
    bank.journal.open();
    assert_eq!(paid.await.unwrap(), 6);
    settle().await;
    assert_eq!(bank.pay_in("a", 1).await, 7);
}

/// Takes its time before and after an append.
fn slow() -> impl Journal {
    Altered::new(MemoryJournal::new()).append(|journal, events, condition| {
        let journal = journal.clone();
        Answer::later(async move {
            yield_now().await;
            let appended = journal.append(events, condition).await;
            yield_now().await;
            appended
        })
    })
}

/// Purses that pay each other, in both directions, while coins are paid in.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_conflicts_in_a_race() {
    let bank = Arc::new(Bank::on(slow()).await);
    let ids = ["a", "b", "c"];
    for id in ids {
        bank.pay_in(id, 1_000).await;
    }
    let mut callers = JoinSet::new();
    for n in 0..12 {
        let bank = bank.clone();
        callers.spawn(async move {
            for k in 0..200 {
                let (from, to) = (ids[(n + k) % 3], ids[(n + k + 1 + k % 2) % 3]);
                if n % 2 == 0 {
                    bank.pay_in(from, 1).await;
                } else {
                    bank.runtime.decide(Transfer(from.into(), to.into())).await.unwrap();
                }
            }
        });
    }
    callers.join_all().await;
    let mut coins = 0;
    for id in ids {
        coins += bank.purses.get(id).read(|purse, _| purse.coins).await.unwrap().value;
    }
    assert_eq!(coins, 3_000 + 6 * 200);
    assert_eq!(bank.conflicts(), 0);
}
