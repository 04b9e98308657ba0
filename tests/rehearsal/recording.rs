//! What is recorded, and that nobody notices when it is not.

use bailiwick::journal::{Query, REFUSED, RecordedEvent};
use bailiwick::{AskError, Position};
use bailiwick_tests::journals::faulty::Fault;
use bailiwick_tests::journals::place::matching;
use bailiwick_tests::stage::settle;

use crate::fixture::{Look, Open, Shop, award, checked, rehearsed, sell};

async fn events(shop: &Shop) -> Vec<RecordedEvent> {
    matching(&shop.journal.inner(), Query::all()).await
}

#[tokio::test]
async fn a_command_stands_beside_its_first_event_and_a_refusal_alone() {
    let shop = Shop::new().await;
    let till = shop.tills.get("t");
    till.ask(sell(1)).await.unwrap();
    till.correlation("c").principal("p").ask(sell(2)).await.unwrap();
    till.correlation("c").principal("p").ask(sell(101)).await.unwrap_err();
    let events = events(&shop).await;
    let [first, second, counted, refused] = &events[..] else { panic!("{events:?}") };
    let recorded = |event: &RecordedEvent| event.event.metadata.extra().recorded.clone();
    assert_eq!(recorded(first).unwrap().events, 1);
    assert_eq!((recorded(second).unwrap().events, recorded(counted)), (2, None));
    assert_eq!(refused.event.event_type.as_str(), REFUSED);
    assert_eq!(recorded(refused).unwrap().as_of, Some(Position::new(3)));
    let extra = refused.event.metadata.extra();
    let said = [&extra.correlation, &extra.principal].map(|said| said.as_ref().unwrap().as_str());
    assert_eq!(said, ["c", "p"]);
    assert_eq!(refused.event.tags.iter().next().unwrap().as_str(), "till:t");
}

#[tokio::test]
async fn what_is_not_recorded_leaves_nothing() {
    let shop = Shop::new().await;
    let till = shop.tills.get("t");
    till.ask(Open { millis: 5 }).await.unwrap();
    till.ask(Look {}).await.unwrap();
    let events = events(&shop).await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].event.metadata.extra(), &Default::default());
}

#[tokio::test]
async fn a_refusal_that_is_not_recorded_is_told_as_ever_and_counted() {
    for fault in [Fault::NotWritten, Fault::UnknownLost, Fault::Panic] {
        let shop = Shop::new().await;
        let till = shop.tills.get("t");
        till.ask(sell(1)).await.unwrap();
        shop.journal.plan([fault, fault]);
        let refused = till.ask(sell(101)).await.unwrap_err();
        assert!(matches!(refused, AskError::Rejected(_)), "{refused:?}");
        let refused = shop.runtime.decide(award::<1>("ann", 11)).await.unwrap_err();
        assert!(matches!(refused, AskError::Rejected(_)), "{refused:?}");
        settle().await;
        assert_eq!((shop.tills.counts().rejected, shop.tills.counts().unrecorded), (1, 1));
        let decided = shop.runtime.decisions().counts();
        assert_eq!((decided.rejected, decided.unrecorded), (1, 1), "{fault:?}");
        till.ask(sell(2)).await.unwrap();
        let report = rehearsed::<1>(&shop.closes().await).await;
        assert_eq!(checked(report.assert_same(), "command Sell of till"), (2, 0));
    }
}

#[tokio::test]
async fn nobody_waits_for_the_record_of_a_refusal() {
    let shop = Shop::with(|b| b.config(|config| config.unwritten_refusals(2))).await;
    let till = shop.tills.get("t");
    till.ask(sell(1)).await.unwrap();
    shop.journal.shut();
    for _ in 0..3 {
        let refused = till.ask(sell(101)).await.unwrap_err();
        assert!(matches!(refused, AskError::Rejected(_)), "{refused:?}");
    }
    // One too many.
    assert_eq!((shop.tills.counts().rejected, shop.tills.counts().unrecorded), (3, 1));
    shop.journal.open();
    let report = rehearsed::<1>(&shop.closes().await).await;
    assert_eq!(checked(report.assert_same(), "command Sell of till"), (3, 0));
}

#[tokio::test]
async fn a_refusal_concerns_no_aggregate() {
    let shop = Shop::new().await;
    let till = shop.tills.get("t");
    let sold = till.ask_with_receipt(sell(1)).await.unwrap();
    till.ask(sell(101)).await.unwrap_err();
    let seen = till.read(|till, _| till.sales).await.unwrap();
    assert_eq!((seen.value, seen.position), (1, sold.position));
    till.expecting(sold.position).ask(sell(2)).await.unwrap();
    assert_eq!(shop.tills.counts().conflicts, 0);
}
