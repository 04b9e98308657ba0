//! Commands and deadlines of aggregates.

use std::time::Duration;

use bailiwick::journal::Query;
use bailiwick::rehearsal::{LeftOut, Verdict};
use bailiwick::{AskError, Position, Rehearsal};
use bailiwick_tests::journals::place::matching;
use bailiwick_tests::stage::settle;

use crate::fixture::{
    Look, Open, Refused, Sell, Shop, Till, checked, everything, left_out, rehearsed, sell, till_id,
};

const SELL: &str = "command Sell of till";

#[tokio::test]
async fn the_same_code_decides_the_same() {
    let shop = Shop::new().await;
    let till = shop.tills.get("t");
    for cents in [10, 101, 60, 20] {
        let _ = till.ask(sell(cents)).await;
    }
    shop.tills.get("u").ask(sell(500)).await.unwrap_err();
    let report = rehearsed::<1>(&shop.closes().await).await;
    report.assert_same();
    assert_eq!(checked(&report, SELL), (5, 0), "{report}");
    assert!(report.left_out().is_empty(), "{report}");
}

#[tokio::test]
async fn a_changed_rule_is_named_by_command_position_and_both_outcomes() {
    let shop = Shop::new().await;
    let till = shop.tills.get("t");
    for cents in [10, 60, 20, 101] {
        let _ = till.ask(sell(cents)).await;
    }
    let report = rehearsed::<2>(&shop.closes().await).await;
    assert_eq!((report.verdict(), checked(&report, SELL)), (Verdict::Differs, (4, 2)), "{report}");
    let [first, second] = &report.differences[..] else { panic!("{report}") };
    assert_eq!(first.of, "command Sell of till t");
    assert_eq!(
        (first.position, first.about.as_str()),
        (Position::new(2), r#"{"cents": 60, "note": ""}"#)
    );
    assert_eq!(first.was, r#"emits Sold {"cents": 60}, Counted {"cents": 70, "sales": 2}"#);
    assert_eq!(first.now, "refuses: no more than 50 cents");
    assert_eq!(
        (second.was.as_str(), second.now.as_str()),
        ("refuses: no more than 100 cents", "refuses: no more than 50 cents",)
    );
    // The sale of 20 was the third: it is judged on what is recorded.
    assert_eq!(second.position, Position::new(5));
}

#[tokio::test]
async fn commands_that_are_appended_together_are_told_apart() {
    let shop = Shop::new().await;
    let till = shop.tills.get("t");
    till.ask(sell(1)).await.unwrap();
    shop.journal.shut();
    let mut asked = Vec::new();
    // The first is under way; the others form one batch behind it, refusals between them.
    for cents in [2, 13, 3, 200, 13, 4, 300, 55, 13, 5] {
        let till = till.clone();
        asked.push(tokio::spawn(async move { till.ask(sell(cents)).await }));
        settle().await;
    }
    shop.journal.open();
    for asked in asked {
        let _ = asked.await.unwrap();
    }
    let journal = shop.closes().await;
    let report = rehearsed::<1>(&journal).await;
    report.assert_same();
    assert_eq!(checked(&report, SELL), (11, 0));
    let report = rehearsed::<2>(&journal).await;
    let sold: Vec<_> =
        report.differences.iter().map(|difference| difference.was.as_str()).collect();
    assert_eq!(sold.iter().filter(|was| was.contains("Sold")).count(), 1, "{report}");
    assert_eq!(checked(&report, SELL), (11, 3), "two refusals say something else now");
}

#[tokio::test]
async fn what_others_wrote_since_a_refusal_was_judged_is_not_what_it_was_judged_on() {
    let shop = Shop::new().await;
    let till = shop.tills.get("t");
    till.ask(sell(40)).await.unwrap();
    till.ask(sell(200)).await.unwrap_err();
    // Its last event lies far behind by the time it is refused again.
    for n in 0..20 {
        shop.tills.get(till_id(n)).ask(sell(1)).await.unwrap();
    }
    till.ask(sell(201)).await.unwrap_err();
    till.ask(sell(2)).await.unwrap();
    let report = rehearsed::<1>(&shop.closes().await).await;
    assert_eq!(checked(&report.assert_same().clone(), SELL), (24, 0));
}

#[tokio::test]
async fn a_refusal_that_is_recorded_far_behind_is_judged_where_it_was() {
    let shop = Shop::new().await;
    let till = shop.tills.get("t");
    till.ask(sell(40)).await.unwrap();
    let sold = matching(&shop.journal.inner(), Query::all()).await.remove(0).event;
    shop.journal.shut();
    till.ask(sell(13)).await.unwrap_err();
    // Behind its back, more than the reading is ahead.
    for _ in 0..5 {
        shop.journal.inner().append(vec![sold.clone(); 1_000], None).await.unwrap();
    }
    shop.journal.open();
    let report = rehearsed::<1>(&shop.closes().await).await;
    let [refused] = &report.parts.iter().filter(|part| part.of == SELL).collect::<Vec<_>>()[..]
    else {
        panic!("{report}")
    };
    // The copies say that they are that command's, too: on another state.
    assert_eq!((refused.checked, refused.differing), (5_002, 2_500), "{report}");
    assert!(report.differences.iter().all(|it| it.was.contains("Sold")), "{report}");
}

#[tokio::test]
async fn an_accepted_command_without_an_event_is_recorded_with_its_key() {
    let shop = Shop::new().await;
    let till = shop.tills.get("t");
    till.ask(sell(10)).await.unwrap();
    till.ask(Look {}).await.unwrap();
    till.once("k").ask(Look {}).await.unwrap();
    till.once("s").ask(sell(11)).await.unwrap();
    let journal = shop.closes().await;
    let report = rehearsed::<1>(&journal).await;
    report.assert_same();
    assert_eq!(checked(&report, "command Look of till"), (1, 0));
    let report = rehearsed::<2>(&journal).await;
    let [look] = &report.differences[..] else { panic!("{report}") };
    assert_eq!((look.was.as_str(), look.now.as_str()), ("emits nothing", "refuses: it is closed"));
    assert_eq!(look.position, Position::new(2));
}

#[tokio::test]
async fn a_deadline_is_decided_again_round_by_round() {
    let shop = Shop::new().await;
    let till = shop.tills.get("t");
    till.ask(Open { millis: 500 }).await.unwrap();
    till.ask(sell(7)).await.unwrap();
    shop.clock.advance(Duration::from_millis(500));
    settle().await;
    till.ask(Open { millis: 500 }).await.unwrap();
    shop.clock.advance(Duration::from_millis(700));
    till.ask(sell(8)).await.unwrap();
    let journal = shop.closes().await;
    let report = rehearsed::<1>(&journal).await;
    assert_eq!(checked(report.assert_same(), "deadline of till"), (2, 0), "{report}");
    let not_recorded = LeftOut::NotRecorded("open of till".into());
    assert_eq!(left_out(&report, "everything else"), [(not_recorded, 2)]);

    let report = rehearsed::<2>(&journal).await;
    assert_eq!(checked(&report, "deadline of till"), (2, 2), "{report}");
    let first = &report.differences[0];
    assert_eq!((first.of.as_str(), first.position), ("deadline of till t", Position::new(3)));
    assert_eq!(first.was, r#"emits Closing {}, Closed {"cents": 7}"#);
    assert_eq!(first.now, r#"emits Closing {}, Closed {"cents": 0}"#);
}

#[tokio::test]
async fn a_deadline_of_which_a_part_was_read_is_left_out() {
    let shop = Shop::new().await;
    let till = shop.tills.get("t");
    till.ask(Open { millis: 500 }).await.unwrap();
    for cents in [1, 2] {
        till.ask(sell(cents)).await.unwrap();
    }
    shop.clock.advance(Duration::from_millis(500));
    settle().await;
    // 1 Opened, 2 Sold, 3 Sold, 4 Counted; then, of the deadline, 5 Closing, 6 Counted, 7 Closed.
    let journal = shop.closes().await;
    for (from, upto, compared, left) in
        [(1, 7, 1, 0), (1, 5, 0, 1), (6, 7, 0, 1), (5, 7, 1, 0), (1, 6, 1, 0), (7, 7, 1, 0)]
    {
        let all = everything::<1>(&journal).from(Position::new(from)).upto(Position::new(upto));
        let report = all.run(|_| {}).await.unwrap();
        assert_eq!(checked(&report, "deadline of till"), (compared, 0), "{report}");
        let left: Vec<_> = (left > 0).then_some((LeftOut::CutOff, left)).into_iter().collect();
        assert_eq!(left_out(&report, "deadline of till"), left, "{report}");
    }
}

#[tokio::test]
async fn a_panic_of_todays_code_is_a_difference() {
    let shop = Shop::new().await;
    shop.tills.get("t").ask(sell(7)).await.unwrap();
    let report = rehearsed::<3>(&shop.closes().await).await;
    assert_eq!(report.differences[0].now, "fails: it panics: no rules at all", "{report}");
}

#[tokio::test]
async fn what_is_not_compared_is_counted_by_why() {
    let shop = Shop::with(|b| b.config(|config| config.recorded_bytes(100))).await;
    let till = shop.tills.get("t");
    till.ask(Sell { cents: 1, note: "x".repeat(200) }).await.unwrap();
    till.ask(Sell { cents: 1_000, note: "x".repeat(200) }).await.unwrap_err();
    till.ask(sell(2)).await.unwrap();
    let journal = shop.closes().await;
    let report = rehearsed::<1>(&journal).await;
    report.assert_same();
    assert_eq!(checked(&report, SELL), (1, 0));
    assert_eq!(left_out(&report, SELL), [(LeftOut::TooLarge, 2)]);

    let report = Rehearsal::of(&journal).aggregate::<Till<1>>().run(|_| {}).await.unwrap();
    let not_added = LeftOut::NotAdded("command Sell of till".into());
    assert_eq!(left_out(&report, "everything else"), [(not_added, 3)]);
    assert_eq!(report.verdict(), Verdict::NothingChecked);
}

#[tokio::test]
async fn however_few_states_are_held_the_report_is_the_same() {
    let shop = Shop::new().await;
    for round in 0..4 {
        for id in ["a", "b", "c", "d"] {
            let till = shop.tills.get(id);
            till.ask(sell(40 + 5 * round)).await.unwrap();
            till.ask(sell(200)).await.unwrap_err();
        }
    }
    let journal = shop.closes().await;
    let all = rehearsed::<2>(&journal).await;
    for most in [0, 1, 3] {
        let few = everything::<2>(&journal).states(most).run(|_| {}).await.unwrap();
        assert_eq!((few.parts, few.differences), (all.parts.clone(), all.differences.clone()));
    }
    assert_eq!(checked(&all, SELL), (32, 20), "{all}");
}

#[tokio::test]
async fn a_part_of_the_journal_is_judged_on_all_that_was_before() {
    let shop = Shop::new().await;
    let till = shop.tills.get("t");
    for cents in [10, 60, 20, 70] {
        till.ask(sell(cents)).await.unwrap();
    }
    // 1 Sold, 2 Sold, 3 Counted, 4 Sold, 5 Sold, 6 Counted.
    let journal = shop.closes().await;
    let from = |from, upto| {
        let all = everything::<2>(&journal);
        all.from(Position::new(from)).upto(Position::new(upto)).run(|_| {})
    };
    let report = from(4, 6).await.unwrap();
    assert_eq!((checked(&report, SELL), report.events), ((2, 1), 3), "{report}");
    assert_eq!(
        report.differences[0].was,
        r#"emits Sold {"cents": 70}, Counted {"cents": 160, "sales": 4}"#
    );
    let report = from(4, 5).await.unwrap();
    assert_eq!(
        (checked(&report, SELL), left_out(&report, SELL)),
        ((1, 0), vec![(LeftOut::CutOff, 1)])
    );
    let nothing = from(7, 9).await.unwrap_err();
    assert_eq!(nothing.to_string(), "there is nothing from position 7 up to position 6");
}

#[tokio::test]
async fn a_caller_hears_of_a_refusal_as_ever() {
    let shop = Shop::new().await;
    let refused = shop.tills.get("t").ask(sell(101)).await.unwrap_err();
    assert!(matches!(refused, AskError::Rejected(Refused::TooMuch { most: 100 })), "{refused:?}");
}
