//! Calls that nothing keeps from their hosts.

use std::time::Duration;

use bailiwick::journal::DELIVERY_ENDED;
use bailiwick::policy::Ending::{GaveUp, Performed};
use bailiwick::{MockAnswer, Position, ReactionKind};
use bailiwick_tests::journals::place::matching;
use bailiwick_tests::stage::settle;

use crate::fixture::{Close, Scene};

#[tokio::test]
async fn what_has_happened_is_performed_once_and_leaves_one_trace() {
    let scene = Scene::new().await;
    scene
        .shops
        .get("a")
        .correlation("c")
        .ask(crate::fixture::Sell(7, "near".into(), 9_999_999.into()))
        .await
        .unwrap();
    settle().await;
    let key = format!("{}/send/0/2", scene.journal.inner().id());
    assert_eq!(scene.world.host("near").calls(), [(key, ("a".to_owned(), 7, 1))]);
    let events = matching(&scene.journal.inner(), bailiwick::journal::Query::all()).await;
    let trace = events.iter().find(|event| event.event.event_type == DELIVERY_ENDED).unwrap();
    let extra = trace.event.metadata.extra();
    assert_eq!(
        bailiwick::codec::show(&trace.event.payload),
        r#"{"how": "performed", "reason": null}"#
    );
    assert_eq!(extra.causation, Some(Position::new(2)), "the first is that the effect started");
    assert_eq!(extra.correlation.as_ref().unwrap(), "c");
    let status = scene.effect().status();
    assert_eq!((status.kind, status.name), (ReactionKind::Effect, "send"));
    assert_eq!((status.counts.news, status.counts.performed, status.pending), (1, 1, 0));
    assert_eq!(scene.runtime.policies().iter().count(), 0);
    assert!(scene.runtime.health().is_well());
}

#[tokio::test]
async fn views_are_as_of_the_news_in_every_attempt() {
    let scene = Scene::new().await;
    scene.world.host("near").answer([MockAnswer::Retry]);
    scene.sells("a", "near", 1).await;
    settle().await;
    scene.sells("a", "near", 2).await;
    scene.passes(Duration::from_secs(20)).await;
    // The mock fails the test if one key comes with two inputs.
    let sold: Vec<_> = scene.world.host("near").inputs().into_iter().map(|input| input.2).collect();
    assert_eq!(sold, [1, 1, 2]);
    assert_eq!(scene.world.host("near").keys().len(), 2);
}

#[tokio::test]
async fn a_lane_is_in_order_one_call_at_a_time() {
    let scene = Scene::new().await;
    for n in 0..30 {
        scene.sells("a", "near", n).await;
        scene.sells("b", "far", n).await;
    }
    for _ in 0..30 {
        settle().await;
    }
    assert!(scene.sent("near").into_iter().eq(0..30));
    assert!(scene.sent("far").into_iter().eq(0..30));
    assert!(scene.world.most_at_a_time() <= 2);
    assert!(scene.endings().await.iter().all(|(_, how)| *how == Performed));
}

#[tokio::test]
async fn giving_up_is_one_trace_too_and_the_effect_goes_on() {
    let scene = Scene::new().await;
    scene.world.host("near").answer([MockAnswer::GiveUp]);
    scene.sells("a", "near", 1).await;
    scene.sells_until("a", "near", 2, 1).await;
    scene.sells("a", "near", 3).await;
    for _ in 0..3 {
        settle().await;
    }
    let how: Vec<_> = scene.endings().await.into_iter().map(|(_, how)| how).collect();
    assert_eq!(how, [GaveUp, GaveUp, Performed]);
    scene.passes(Duration::from_secs(600)).await;
    assert_eq!(scene.sent("near"), [1, 3]);
    let counts = scene.effect().status().counts;
    assert_eq!((counts.gave_up, counts.performed, counts.failures), (2, 1, 0));
}

#[tokio::test]
async fn an_attempt_sees_how_things_are_now() {
    let scene = Scene::new().await;
    scene.always("near", MockAnswer::Retry);
    scene.sells("a", "near", 1).await;
    settle().await;
    scene.shops.get("a").ask(Close).await.unwrap();
    scene.passes(Duration::from_secs(20)).await;
    assert_eq!(scene.sent("near"), [1]);
    assert_eq!(scene.endings().await, [(2, GaveUp)]);
}
