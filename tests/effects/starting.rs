//! With what a runtime does not start.

use std::time::Duration;

use bailiwick::{
    Commands, GiveUp, Lane, MockAnswer, News, Policy, Position, ReactionKind, Rewind, RewindError,
    Runtime, Start, StartError,
};
use bailiwick_tests::stage::settle;
use std::sync::Arc;

use crate::fixture::{Scene, Send, Shop, Sold, World};

/// A policy with the name of the effect.
struct Namesake;

impl Policy for Namesake {
    const NAME: &'static str = "send";
    const LANE: Lane = Lane::Emitter;
    const START: Start = Start::Beginning;
    type Event = Sold;
    type Views = ();
    fn keys(&self, _: &News<Sold>) {}
    fn react(&self, _: &News<Sold>, _: (), _: &mut Commands) -> Result<(), GiveUp> {
        Ok(())
    }
}

#[tokio::test]
async fn a_name_belongs_to_one_policy_or_effect() {
    let scene = Scene::new().await;
    let builder = Runtime::builder(scene.journal.clone()).aggregate::<Shop>();
    let builder = builder.effect(Send(World::new())).policy(Namesake);
    let error = builder.start().await.unwrap_err();
    assert!(matches!(error, StartError::ReactionTaken { name: "send", .. }), "{error}");
}

#[tokio::test]
async fn an_effect_becomes_a_policy_only_when_nothing_is_under_way() {
    let scene = Scene::new().await;
    scene.always("near", MockAnswer::Retry);
    scene.sells("a", "near", 1).await;
    settle().await;
    let as_policy = || {
        let builder = Runtime::builder(scene.journal.clone()).aggregate::<Shop>();
        builder.policy(Namesake).clock(scene.clock.clone()).start()
    };
    let error = as_policy().await.unwrap_err();
    let StartError::LaneChanged { recorded, declared, .. } = &error else { panic!("{error}") };
    assert_eq!((recorded.as_str(), declared.as_str()), ("effect by emitter", "emitter"));
    scene.always("near", MockAnswer::Done);
    scene.passes(Duration::from_secs(20)).await;
    as_policy().await.unwrap();
    assert_eq!(scene.sent("near"), [1, 1]);
}

#[tokio::test]
async fn an_effect_that_is_gone_is_not_passed_over() {
    let scene = Scene::new().await;
    let builder = || {
        let builder = Runtime::builder(scene.journal.clone()).aggregate::<Shop>();
        builder.clock(scene.clock.clone())
    };
    let error = builder().start().await.unwrap_err();
    let StartError::UnknownReaction { kind: ReactionKind::Effect, name, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(name, "send");
    assert!(error.to_string().contains(r#".ignores_effects(["send"])"#), "{error}");
    assert!(builder().ignores_policies(["send"]).start().await.is_err());
    builder().ignores_effects(["send"]).start().await.unwrap();
}

#[tokio::test]
async fn an_effect_that_is_rewound_calls_again_under_other_keys() {
    let scene = Scene::new().await;
    scene.sells("a", "near", 1).await;
    scene.sells("a", "near", 2).await;
    settle().await;
    scene.passes(Duration::from_secs(20)).await;
    let journal = Arc::new(scene.journal.clone());
    let rewind = Rewind::plan_effect::<Send>(journal.clone(), Position::new(2)).await.unwrap();
    assert_eq!(
        rewind.to_string(),
        "the effect \"send\" goes back to position 2: it sees 1 news again, and calls for each of them, \
         under new keys; 1 that were performed, given up or skipped are so again"
    );
    rewind.confirm().await.unwrap();
    let policy = Rewind::plan::<Namesake>(journal, Position::START).await;
    assert!(matches!(policy, Err(RewindError::NeverStarted)));
    let scene = scene.restart().await;
    scene.passes(Duration::from_secs(20)).await;
    assert_eq!(scene.sent("near"), [1, 2, 2]);
    assert_eq!(scene.world.host("near").keys().len(), 3);
}
