//! Deliveries that nothing keeps from their targets.

use bailiwick::Position;
use bailiwick::journal::DELIVERY_ENDED;
use bailiwick_tests::stage::settle;

use crate::fixture::Kind::{Empty, Plain, Refused, Registered, Unreadable};
use crate::fixture::{Office, Write};

#[tokio::test]
async fn what_happens_in_one_aggregate_reaches_another() {
    let office = Office::new().await;
    office.authors.get("ann").correlation("c").ask(Write("b", 1, Plain)).await.unwrap();
    settle().await;
    assert_eq!(office.letters("b").await, [1]);
    let traces = office.traces().await;
    let [trace] = &traces[..] else { panic!("{traces:?}") };
    let extra = trace.event.metadata.extra();
    assert_eq!(trace.event.event_type, "LetterReceived");
    assert_eq!(trace.event.metadata.command.as_ref().unwrap(), "PutIn");
    assert_eq!(extra.causation, Some(Position::new(2)), "the first is that the policy started");
    assert_eq!((extra.correlation.as_ref().unwrap().as_str(), extra.hops), ("c", 1));
    let status = office.policy().status();
    assert_eq!((status.counts.news, status.counts.caused), (1, 1));
    assert_eq!((status.pending, status.oldest_pending), (0, None));
}

#[tokio::test]
async fn who_begins_a_conversation_names_it() {
    let office = Office::new().await;
    office.writes("ann", [(1, Plain)]).await;
    settle().await;
    let trace = office.traces().await.pop().unwrap();
    assert_eq!(trace.event.metadata.extra().correlation.as_ref().unwrap(), "@2");
}

#[tokio::test]
async fn every_delivery_has_one_trace_whatever_came_of_it() {
    let office = Office::new().await;
    let kinds = [Plain, Refused, Empty, Unreadable, Registered];
    office.writes("ann", (1..).zip(kinds)).await;
    settle().await;
    settle().await;
    assert_eq!(office.letters("b").await, [1, 5]);
    let traces = office.traces().await;
    let ended = traces.iter().filter(|trace| trace.event.event_type == DELIVERY_ENDED);
    let ended: Vec<_> = ended.map(|trace| shown(&trace.event.payload)).collect();
    assert_eq!(traces.len(), 5);
    assert_eq!(
        ended,
        [
            r#"{"how": "rejected", "reason": "this is not for us"}"#,
            r#"{"how": "nothing", "reason": null}"#,
            r#"{"how": "gave_up", "reason": "nobody can read it"}"#,
        ]
    );
    let counts = office.policy().status().counts;
    let told = [counts.caused, counts.nothing, counts.rejected, counts.gave_up, counts.news];
    assert_eq!(told, [2, 1, 1, 1, 5]);
}

fn shown(payload: &[u8]) -> String {
    bailiwick::codec::show(payload)
}

#[tokio::test]
async fn a_lane_is_in_order_and_lanes_go_beside_each_other() {
    let office = Office::new().await;
    for round in 0..50 {
        for (nth, author) in (0..).zip(["ann", "bob", "cid"]) {
            office.writes(author, [(nth * 1_000 + round, Plain)]).await;
        }
    }
    for _ in 0..50 {
        settle().await;
    }
    let letters = office.letters("b").await;
    assert_eq!(letters.len(), 150);
    for nth in 0..3 {
        let of = letters.iter().filter(|n| **n / 1_000 == nth).map(|n| n % 1_000);
        assert!(of.eq(0..50), "{letters:?}");
    }
}

/// More than a lane holds: it reads on behind what it has.
#[tokio::test]
async fn a_long_lane_is_read_again_and_stays_in_order() {
    let office = Office::with(|builder| builder.config(|config| config.lane_news(4))).await;
    office.journal.shut();
    let written = tokio::spawn({
        let author = office.authors.get("ann");
        async move {
            let letters = (0..100).map(|n| author.ask(Write("b", n, Plain)));
            for letter in letters.collect::<Vec<_>>() {
                letter.await.unwrap();
            }
        }
    });
    settle().await;
    office.journal.open();
    written.await.unwrap();
    for _ in 0..100 {
        settle().await;
    }
    assert!(office.letters("b").await.into_iter().eq(0..100));
    assert_eq!(office.traces().await.len(), 100);
    assert_eq!(office.policy().status().pending, 0);
}
