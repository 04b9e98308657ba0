//! The report, and what cannot be rehearsed.

use bailiwick::rehearsal::{Progress, Verdict};
use bailiwick::{MemoryJournal, Rehearsal};
use bailiwick_tests::journals::faulty::Fault;

use crate::fixture::{Sell, Shop, Till, everything, rehearsed, sell, till_id};

#[tokio::test]
async fn nothing_compared_is_not_nothing_different() {
    let journal = MemoryJournal::new();
    let empty = Rehearsal::of(&journal).command::<Till<1>, Sell>().run(|_| {}).await.unwrap();
    assert_eq!(empty.verdict(), Verdict::NothingChecked);
    let panicked = std::panic::catch_unwind(|| _ = empty.assert_same()).unwrap_err();
    let message = panicked.downcast_ref::<String>().unwrap();
    assert!(message.contains("nothing was compared, so nobody knows"), "{message}");
}

#[tokio::test]
async fn what_is_not_covered_is_said() {
    let shop = Shop::new().await;
    shop.tills.get("t").ask(sell(1)).await.unwrap();
    let report = rehearsed::<1>(&shop.closes().await).await;
    report.assert_same();
    let panicked = std::panic::catch_unwind(|| _ = report.assert_covered()).unwrap_err();
    let message = panicked.downcast_ref::<String>().unwrap();
    let said = "nothing was compared of: command Look of till, decision Award, deadline of till";
    assert!(message.starts_with(said), "{message}");
}

#[tokio::test]
async fn it_reads_well() {
    let shop = Shop::new().await;
    for cents in [10, 60] {
        shop.tills.get("t").ask(sell(cents)).await.unwrap();
    }
    let mut report = rehearsed::<2>(&shop.closes().await).await;
    report.elapsed = std::time::Duration::from_millis(1_234);
    assert_eq!(
        report.to_string(),
        "3 events from 1 up to 3, in 1.2 s: 2 compared, 1 would be different now
  command Sell of till: 2 compared, 1 would be different now
  command Look of till: 0 compared
  decision Award: 0 compared
  deadline of till: 0 compared
1. command Sell of till t at position 2
   {\"cents\": 60, \"note\": \"\"}
   was: emits Sold {\"cents\": 60}, Counted {\"cents\": 70, \"sales\": 2}
   now: refuses: no more than 50 cents"
    );
}

#[tokio::test]
async fn all_differences_are_counted_and_the_first_are_told() {
    let shop = Shop::new().await;
    for _ in 0..120 {
        shop.tills.get("t").ask(sell(60)).await.unwrap();
    }
    let report = rehearsed::<2>(&shop.closes().await).await;
    assert_eq!((report.differing(), report.differences.len()), (120, 100));
    assert!(report.to_string().ends_with("\n.. and 20 more"));
}

/// Whatever is appended panics.
#[tokio::test]
async fn nothing_is_appended() {
    let shop = Shop::new().await;
    for cents in [10, 60, 101] {
        let _ = shop.tills.get("t").ask(sell(cents)).await;
    }
    let journal = shop.closes().await;
    let before = journal.inner().head().await.unwrap();
    journal.plan([Fault::Panic; 100]);
    assert_eq!(rehearsed::<2>(&journal).await.checked(), 3);
    assert_eq!(journal.inner().head().await.unwrap(), before);
}

#[tokio::test]
async fn it_says_how_far_it_has_come() {
    let shop = Shop::new().await;
    for n in 0..1_200 {
        shop.tills.get(till_id(n)).ask(sell(1)).await.unwrap();
    }
    let journal = shop.closes().await;
    let mut told: Vec<Progress> = Vec::new();
    everything::<1>(&journal).run(|progress| told.push(*progress)).await.unwrap().assert_same();
    let told: Vec<_> = told.iter().map(|told| (told.events, told.part() > 0.99)).collect();
    assert_eq!(told, [(1_000, false), (1_200, true)]);
}
