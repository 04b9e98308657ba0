//! Three bugs, each found for its reason.

use std::time::Duration;

use bailiwick::{MockAnswer, Sabotage};
use bailiwick_tests::stage::settle;

use crate::fixture::Scene;

async fn with(sabotage: Option<Sabotage>, answer: MockAnswer) -> Scene {
    let scene = Scene::with(|builder| builder.sabotage(sabotage)).await;
    scene.world.host("near").answer([answer]);
    scene.sells("a", "near", 1).await;
    settle().await;
    scene
}

#[tokio::test]
async fn a_trace_before_the_call_loses_what_fails() {
    for sabotage in [None, Some(Sabotage::TraceBeforeCall)] {
        let scene = with(sabotage, MockAnswer::Retry).await;
        scene.passes(Duration::from_secs(60)).await;
        assert_eq!(scene.world.host("near").done().len(), usize::from(sabotage.is_none()));
        assert_eq!(scene.endings().await.len(), 1);
    }
}

#[tokio::test]
async fn a_key_that_is_not_stable_is_seen_outside() {
    for sabotage in [None, Some(Sabotage::KeyNotStable)] {
        let scene = with(sabotage, MockAnswer::Retry).await;
        scene.passes(Duration::from_secs(60)).await;
        let keys = scene.world.host("near").keys().len();
        assert_eq!(keys, if sabotage.is_none() { 1 } else { 2 });
    }
}

#[tokio::test]
async fn a_retry_after_giving_up_is_a_call_after_its_trace() {
    for sabotage in [None, Some(Sabotage::RetriedAfterGivingUp)] {
        let scene = with(sabotage, MockAnswer::GiveUp).await;
        assert_eq!((scene.sent("near").len(), scene.endings().await.len()), (1, 1));
        scene.passes(Duration::from_secs(60)).await;
        assert_eq!(scene.sent("near").len() > 1, sabotage.is_some());
    }
}
