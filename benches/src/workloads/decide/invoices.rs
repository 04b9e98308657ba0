//! Invoice numbers, guarded by a type alone, among few and among many events of other types.
//!
//! Warm: the last number is known from the decision before. Cold: nothing is kept, so each decision
//! asks the journal for the last invoice.

use std::sync::Arc;

use bailiwick::journal::EncodedEvent;
use bailiwick::{Event, Tags};
use bailiwick_examples::classics::invoice_number::{CreateInvoice, InvoiceCreated, InvoiceNumber};
use bailiwick_examples::classics::place_order::OrderPlaced;
use tempfile::TempDir;
use tokio::sync::OnceCell;

use super::alone::{Alone, of_type};
use super::places::{Place, encoded, fill};
use crate::report::Row;
use crate::rounds::{Round, System, interleaved, storm};

const FEW: usize = 1_000;
const MANY: usize = 1_000_000;

/// One caller, one invoice after the other.
pub async fn type_only(quick: bool) -> Vec<Row> {
    let (each, rounds, many) = if quick { (50, 1, 20 * FEW) } else { (500, 5, MANY) };
    let mut systems = Vec::new();
    for (name, place) in [
        ("bailiwick-memory", Place::memory as fn() -> Place),
        ("bailiwick-durable", Place::durable),
    ] {
        for unrelated in [FEW, many] {
            let filled = Arc::new(OnceCell::new());
            for (state, cached) in [("warm", 1_024), ("cold", 0)] {
                let filled = filled.clone();
                systems.push(System::new(format!("{name} {state}, {unrelated}"), move || {
                    bailiwick(filled.clone(), place, unrelated, cached, each)
                }));
            }
        }
    }
    for unrelated in [FEW, many] {
        let filled = Arc::new(OnceCell::new());
        systems.push(System::new(format!("tephra, {unrelated}"), move || {
            tephra_alone(filled.clone(), unrelated, each)
        }));
    }
    interleaved("decide-type-only", 1, rounds, systems).await
}

fn unrelated(count: usize) -> impl Iterator<Item = EncodedEvent> {
    (0..count).map(|n| {
        let (order, token) = (n.to_string().parse(), n.to_string().parse());
        let (order, token) = (order.expect("an ID"), token.expect("an ID"));
        encoded(Tags::none(), &OrderPlaced { order, token })
    })
}

/// Each round opens the journal anew; what was in it stays.
async fn bailiwick(
    filled: Arc<OnceCell<Place>>,
    place: fn() -> Place,
    count: usize,
    cached_views: usize,
    each: usize,
) -> Round {
    let place = filled
        .get_or_init(|| async {
            let place = place();
            fill(&place.open(), unrelated(count)).await;
            place
        })
        .await;
    let runtime = place.start(|config| config.cached_views(cached_views)).await;
    let mut round = storm(1, each, |_| {
        let decisions = runtime.decisions();
        move |_| {
            let decided = decisions.decide(CreateInvoice { data: "one of many".into() });
            async move { decided.await.expect("no rule says no").0 }
        }
    })
    .await;
    round.asides.push((runtime.counts().conflicts as f64, "conflicts"));
    round
}

async fn tephra_alone(filled: Arc<OnceCell<TempDir>>, count: usize, each: usize) -> Round {
    let folder = filled
        .get_or_init(|| async {
            let folder = tempfile::tempdir().expect("a folder");
            Alone::open(folder.path()).fill(unrelated(count)).await;
            folder
        })
        .await;
    let alone = Arc::new(Alone::open(folder.path()));
    let mut round = storm(1, each, |_| {
        let alone = alone.clone();
        move |_| {
            let alone = alone.clone();
            async move { create(&alone).await }
        }
    })
    .await;
    round.asides.push((alone.conflicts() as f64, "conflicts"));
    round
}

/// The same decision as [`CreateInvoice`], by hand.
async fn create(alone: &Alone) -> u64 {
    let invoices = of_type("InvoiceCreated");
    loop {
        let mut number = 1;
        let upto = alone.last(&invoices, |payload| {
            let last = InvoiceCreated::decode("InvoiceCreated", 1, payload);
            number = last.expect("an invoice").expect("not retired").number.0 + 1;
        });
        let invoice = InvoiceCreated { number: InvoiceNumber(number), data: "one of many".into() };
        if alone.append(&encoded(Tags::none(), &invoice), &invoices, upto).await {
            return number;
        }
    }
}
