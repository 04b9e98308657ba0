//! The first command after a pause: one caller, a Draw to each of many aggregates in turn.
//!
//! An aggregate is live (it was called just now), resting (in memory, as small as can be) or stored
//! (only its ten events in the journal).

use std::sync::Arc;

use bailiwick::MemoryJournal;

use crate::domain::{CreditId, Draw, credit_id};
use crate::driven::Driven;
use crate::report::Row;
use crate::rounds::{Round, System, interleaved, storm};

const EVENTS: usize = 10;

/// From what an aggregate wakes.
#[derive(Clone, Copy)]
enum From {
    Live,
    Resting,
    Stored,
}

/// Each of 2 000 or 10 000 aggregates is called once per round.
pub async fn run(quick: bool) -> Vec<Row> {
    let (aggregates, rounds) = if quick { (2_000, 3) } else { (10_000, 7) };
    let ids: Arc<[CreditId]> = (0..aggregates).map(credit_id).collect();
    let system = |name, from| {
        let ids = ids.clone();
        System::new(name, move || wake(ids.clone(), from))
    };
    let systems = vec![
        system("bailiwick live", From::Live),
        system("bailiwick resting", From::Resting),
        system("bailiwick stored", From::Stored),
    ];
    interleaved("wake", 1, rounds, systems).await
}

async fn wake(ids: Arc<[CreditId]>, from: From) -> Round {
    let driven = Driven::start(MemoryJournal::new()).await;
    for _ in 0..EVENTS {
        call_each(&driven, &ids).await;
    }
    match from {
        From::Live => {}
        From::Resting => driven.rest().await,
        From::Stored => driven.store().await,
    }
    call_each(&driven, &ids).await
}

/// One caller, one command each.
async fn call_each(driven: &Driven, ids: &Arc<[CreditId]>) -> Round {
    storm(1, ids.len(), |_| {
        let (credits, ids) = (driven.credits.clone(), ids.clone());
        move |k| {
            let asked = credits.get(&ids[k]).ask(Draw { amount: 1 });
            async move { asked.await.expect("there is enough") }
        }
    })
    .await
}
