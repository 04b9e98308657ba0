//! Invoices that are written at once have numbers without a gap, and in the order of the journal,
//! among a hundred thousand events that are none of their business.

use std::convert::Infallible;

use bailiwick_examples::classics::invoice_number::{CreateInvoice, InvoiceCreated, InvoiceNumber};
use bailiwick_examples::classics::place_order::OrderPlaced;
use bailiwick_tests::journals::place::encoded;

use super::races;
use super::setup::{Setting, Setup, ruled};

races!(invoices_have_numbers_without_a_gap);

const INVOICES: usize = 640;
const UNRELATED: u64 = 100_000;

async fn invoices_have_numbers_without_a_gap(setting: Setting) {
    let setup = Setup::open(setting).await;
    unrelated(&setup, 0..UNRELATED / 2).await;
    let each = INVOICES / setting.callers;
    let writing = setup.race(|writer, runtime| {
        let decisions = runtime.decisions();
        async move {
            let mut numbers = Vec::new();
            for n in 0..each {
                let data = format!("{writer}/{n}");
                numbers.push(ruled(decisions.decide(CreateInvoice { data })).await?.0);
            }
            assert!(numbers.is_sorted(), "a writer's own are in order");
            Ok::<_, Infallible>(numbers)
        }
    });
    let (outcome, ()) = tokio::join!(writing, unrelated(&setup, UNRELATED / 2..UNRELATED));
    let mut numbers = outcome.won.concat();
    numbers.sort_unstable();
    let expected: Vec<u64> = (1..=INVOICES as u64).collect();
    assert_eq!(numbers, expected);
    let recorded = setup.events::<InvoiceCreated>().await;
    let recorded: Vec<u64> = recorded.iter().map(|invoice| invoice.number.0).collect();
    assert_eq!(recorded, expected, "in the order of the journal");
    assert_cheap_after_a_restart(setup).await;
}

/// Who knows nothing yet does not read a hundred thousand events to find the last number.
async fn assert_cheap_after_a_restart(setup: Setup) {
    let setup = setup.restart().await;
    let before = setup.journal.reads();
    let data = "the first of another day".to_owned();
    let number = setup.runtime().decide(CreateInvoice { data }).await.unwrap();
    assert_eq!(number, InvoiceNumber(INVOICES as u64 + 1));
    assert!(setup.journal.reads() - before <= 1, "pages are read");
}

async fn unrelated(setup: &Setup, numbers: std::ops::Range<u64>) {
    const AT_ONCE: usize = 1_000;
    let numbers: Vec<u64> = numbers.collect();
    for some in numbers.chunks(AT_ONCE) {
        let placed = some.iter().map(|n| {
            let (order, token) = (n.to_string().parse().unwrap(), n.to_string().parse().unwrap());
            encoded(&OrderPlaced { order, token }, 0.into())
        });
        setup.append(placed.collect()).await;
    }
}
