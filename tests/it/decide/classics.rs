//! The classic cases of dynamic boundaries, raced.

use std::time::Duration;

use bailiwick::{MemoryJournal, Runtime};
use bailiwick_examples::classics::invoice_number::CreateInvoice;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn invoices_that_are_written_at_once_have_numbers_without_a_gap() {
    let runtime = Runtime::builder(MemoryJournal::new())
        .config(|config| config.timeout = Duration::from_secs(60))
        .start()
        .await
        .unwrap();
    let writers: Vec<_> = (0..16)
        .map(|writer| {
            let decisions = runtime.decisions();
            tokio::spawn(async move {
                let mut numbers = Vec::new();
                for n in 0..50 {
                    let data = format!("{writer}/{n}");
                    let written = decisions.decide_committed(CreateInvoice { data }).await.unwrap();
                    assert_eq!(written.reply.0, written.position.get(), "its own position");
                    numbers.push(written.reply.0);
                }
                assert!(numbers.is_sorted());
                numbers
            })
        })
        .collect();
    let mut numbers = Vec::new();
    for writer in writers {
        numbers.extend(writer.await.unwrap());
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=16 * 50).collect::<Vec<_>>());
    let counts = runtime.counts();
    assert_eq!((counts.replied, counts.conflicts, counts.open()), (800, 0, 0));
}
