//! One aggregate, many callers: the price of a turn.

use bailiwick::{MemoryJournal, Runtime, Tags};

use crate::domain::{Credit, Draw, Peek, credit_id};
use crate::ledger::Ledger;
use crate::report::Row;
use crate::rivals::{KameoActor, Keeper, Locked, TokioTask};
use crate::rounds::{System, interleaved, storm};

/// 1, 64 and 1 024 callers; the default time-out is on.
pub async fn run(quick: bool) -> Vec<Row> {
    let (commands, rounds) = if quick { (20_000, 3) } else { (200_000, 7) };
    let mut rows = Vec::new();
    for clients in [1, 64, 1_024] {
        let each = (commands / clients).max(1);
        let systems = vec![
            bailiwick(clients, each),
            rival::<TokioTask>("tokio-task", clients, each, true),
            rival::<KameoActor>("kameo", clients, each, true),
            rival::<Locked>("mutex", clients, each, true),
            bare(clients, each),
            rival::<TokioTask>("tokio-task-bare", clients, each, false),
            rival::<KameoActor>("kameo-bare", clients, each, false),
            rival::<Locked>("mutex-bare", clients, each, false),
        ];
        rows.extend(interleaved("hot-aggregate", clients, rounds, systems).await);
    }
    rows
}

fn bailiwick(clients: usize, each: usize) -> System {
    System::new("bailiwick", move || async move {
        let runtime = runtime().await;
        let credits = runtime.aggregates::<Credit>();
        let round = storm(clients, each, |_| {
            let credit = credits.get(credit_id(0));
            move |_| {
                let asked = credit.ask(Draw { amount: 1 });
                async move { asked.await.expect("there is enough") }
            }
        })
        .await;
        drop(runtime);
        round
    })
}

/// The same turn without an event: nothing to encode, nothing to append.
fn bare(clients: usize, each: usize) -> System {
    System::new("bailiwick-bare", move || async move {
        let runtime = runtime().await;
        let credits = runtime.aggregates::<Credit>();
        credits.get(credit_id(0)).ask(Draw { amount: 1 }).await.expect("there is enough");
        let round = storm(clients, each, |_| {
            let credit = credits.get(credit_id(0));
            move |_| {
                let asked = credit.ask(Peek);
                async move { asked.await.expect("there is enough") }
            }
        })
        .await;
        drop(runtime);
        round
    })
}

pub(super) async fn runtime() -> Runtime {
    let builder = Runtime::builder(MemoryJournal::new()).aggregate::<Credit>();
    builder.start().await.expect("it starts")
}

fn rival<K: Keeper>(name: &str, clients: usize, each: usize, with_events: bool) -> System {
    System::new(name, move || async move {
        let ledger = Ledger { with_events, ..Ledger::new(MemoryJournal::new()) };
        let tags = Tags::from(bailiwick::Id::tag(&credit_id(0)).expect("a valid tag"));
        let keeper = K::spawn(Credit::full(), tags, ledger);
        storm(clients, each, |_| {
            let keeper = keeper.clone();
            move |_| {
                let keeper = keeper.clone();
                async move { keeper.draw(Draw { amount: 1 }).await }
            }
        })
        .await
    })
}
