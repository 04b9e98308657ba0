//! Decisions.

use bailiwick::Position;
use bailiwick::rehearsal::LeftOut;
use bailiwick_tests::stage::settle;

use crate::fixture::{Shop, award, checked, left_out, rehearsed, sell};

const AWARD: &str = "decision Award";

#[tokio::test]
async fn decisions_are_decided_again_on_what_they_read() {
    let shop = Shop::new().await;
    for (customer, points) in [("ann", 4), ("bob", 7), ("ann", 5), ("ann", 2)] {
        let _ = shop.runtime.decide(award::<1>(customer, points)).await;
    }
    let journal = shop.closes().await;
    let report = rehearsed::<1>(&journal).await;
    assert_eq!(checked(report.assert_same(), AWARD), (4, 0), "{report}");

    let report = rehearsed::<2>(&journal).await;
    let of: Vec<_> = report.differences.iter().map(|d| (d.position.get(), d.was.clone())).collect();
    let awarded = |customer, points| {
        format!("emits Awarded {{\"customer\": \"{customer}\", \"points\": {points}}}")
    };
    let refused = "refuses: no more than 10 cents".to_owned();
    assert_eq!(of, [(2, awarded("bob", 7)), (3, awarded("ann", 5)), (4, refused)], "{report}");
    assert_eq!(report.differences[0].of, "decision Award");
    assert_eq!(report.differences[0].now, "refuses: no more than 5 cents");
}

/// What a decision was judged on may end with a refusal, of which nothing is folded.
#[tokio::test]
async fn refusals_that_follow_each_other_are_all_compared() {
    let shop = Shop::new().await;
    for _ in 0..3 {
        shop.runtime.decide(award::<1>("ann", 11)).await.unwrap_err();
    }
    shop.runtime.decide(award::<1>("ann", 1)).await.unwrap();
    for _ in 0..3 {
        shop.runtime.decide(award::<1>("ann", 11)).await.unwrap_err();
    }
    let report = rehearsed::<1>(&shop.closes().await).await;
    assert_eq!(checked(report.assert_same(), AWARD), (7, 0), "{report}");
    assert!(report.left_out().is_empty(), "{report}");
}

#[tokio::test]
async fn decisions_that_are_appended_together_see_the_ones_before() {
    let shop = Shop::new().await;
    shop.journal.shut();
    let mut asked = Vec::new();
    for points in [1, 2, 3, 9, 4] {
        let decisions = shop.runtime.decisions();
        asked.push(tokio::spawn(async move { decisions.decide(award::<1>("ann", points)).await }));
        settle().await;
    }
    shop.journal.open();
    let mut refused = 0;
    for asked in asked {
        refused += u64::from(asked.await.unwrap().is_err());
    }
    assert_eq!(refused, 1);
    let report = rehearsed::<1>(&shop.closes().await).await;
    assert_eq!(checked(report.assert_same(), AWARD), (5, 0), "{report}");
}

#[tokio::test]
async fn what_an_unguarded_view_may_have_missed_is_left_out() {
    let shop = Shop::new().await;
    shop.runtime.decide(award::<1>("ann", 1)).await.unwrap();
    shop.journal.shut();
    let decisions = shop.runtime.decisions();
    let decided = tokio::spawn(async move { decisions.decide(award::<1>("ann", 1)).await });
    settle().await;
    // Appended before it, behind its back.
    let sold = {
        let other = Shop::new().await;
        other.tills.get("t").ask(sell(5)).await.unwrap();
        bailiwick_tests::journals::place::matching(
            &other.journal.inner(),
            bailiwick::journal::Query::all(),
        )
        .await
    };
    let events = sold.into_iter().map(|recorded| recorded.event).collect();
    shop.journal.inner().append(events, None).await.unwrap();
    shop.journal.open();
    decided.await.unwrap().unwrap();
    let report = rehearsed::<1>(&shop.closes().await).await;
    report.assert_same();
    assert_eq!(left_out(&report, AWARD), [(LeftOut::Unguarded, 1)], "{report}");
    assert_eq!((checked(&report, AWARD), report.upto), ((1, 0), Position::new(3)));
}
