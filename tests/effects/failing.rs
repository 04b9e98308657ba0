//! Calls that fail.

use std::time::Duration;

use bailiwick::policy::Ending::{Performed, Skipped};
use bailiwick::{
    Attempt, Builder, Effect, Failed, Lane, MockAnswer, News, ReactionError, ReactionKind, Start,
};
use bailiwick_tests::journals::faulty::Fault;
use bailiwick_tests::stage::settle;

use crate::fixture::{Scene, Sold, TIME_LIMIT};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn what_fails_is_tried_again_later_and_later_under_one_key() {
    let scene = Scene::new().await;
    scene.world.host("near").answer([MockAnswer::Retry; 5]);
    scene.sells("a", "near", 1).await;
    settle().await;
    let mut waits = Vec::new();
    for tried in 2..=6 {
        let mut waited = 0;
        while scene.sent("near").len() < tried {
            scene.clock.advance(Duration::from_millis(10));
            waited += 10;
            settle().await;
        }
        waits.push(waited);
    }
    // From three quarters of it on, and a quarter by chance.
    for (wait, backoff) in waits.into_iter().zip([1_000, 2_000, 4_000, 8_000, 16_000]) {
        assert!((backoff * 3 / 4..=backoff + 10).contains(&wait), "{wait} of {backoff}");
    }
    assert_eq!(scene.world.host("near").keys().len(), 1);
    assert_eq!(scene.effect().status().counts.failures, 5);
    assert_eq!(scene.endings().await, [(2, Performed)]);
}

#[tokio::test]
async fn a_retry_after_is_a_floor_within_its_bound() {
    for (after, from, to) in [
        // A floor.
        (100 * SECOND, 100 * SECOND, 126 * SECOND),
        // Less than the back-off is no less.
        (Duration::ZERO, Duration::from_millis(750), 1_010 * SECOND / 1_000),
        // No more than the bound.
        (Duration::MAX, 200 * SECOND, 251 * SECOND),
    ] {
        let scene = Scene::with(|builder| {
            builder.config(|config| config.effect_retry_after_max(200 * SECOND))
        });
        let scene = scene.await;
        scene.world.host("near").answer([MockAnswer::RetryAfter(after)]);
        scene.sells("a", "near", 1).await;
        settle().await;
        scene.clock.advance(from - Duration::from_millis(1));
        settle().await;
        assert_eq!(scene.sent("near").len(), 1, "not before {from:?}");
        scene.clock.advance(to - from);
        settle().await;
        assert_eq!(scene.sent("near").len(), 2, "{after:?}");
    }
}

#[tokio::test]
async fn a_call_that_takes_too_long_is_dropped_and_tried_again() {
    let scene = Scene::new().await;
    scene.world.host("near").answer([MockAnswer::Hang]);
    scene.sells("a", "near", 1).await;
    settle().await;
    scene.clock.advance(29_999 * SECOND / 1_000);
    settle().await;
    assert_eq!((scene.world.under_way(), scene.effect().status().stalled_lanes), (1, 0));
    scene.clock.advance(SECOND);
    settle().await;
    assert_eq!(scene.world.under_way(), 0);
    let status = scene.effect().status();
    assert_eq!(&*status.stalled[0].reason, "the call took longer than 30s");
    scene.passes(4 * SECOND).await;
    assert_eq!(scene.endings().await, [(2, Performed)]);
    assert_eq!(scene.world.host("near").keys().len(), 1);
}

#[tokio::test]
async fn what_fails_for_long_is_parked_and_others_go_on() {
    let mut scene = Scene::new().await;
    scene.always("far", MockAnswer::Panic);
    scene.sells("a", "far", 1).await;
    scene.sells("a", "far", 2).await;
    scene.sells("b", "near", 3).await;
    settle().await;
    assert_eq!(scene.sent("near"), [3]);
    let health = scene.runtime.health();
    assert!(
        health.to_string().contains("the effect `send` goes on: 0 lanes are parked, 1 fail"),
        "{health}"
    );
    scene.passes(TIME_LIMIT * 2).await;
    for _ in 0..2 {
        let parked = scene.effect().parked();
        assert_eq!(parked.len(), 1);
        assert_eq!(parked[0].lane, "shop shop:a");
        assert!(parked[0].reason.contains("it panics: the mock was told to fail"), "{parked:?}");
        assert!(
            parked[0].command.as_ref().unwrap().starts_with(r#"Sold at 2: {"n": 1, "#),
            "{parked:?}"
        );
        let shown = scene.effect().inspect("shop shop:a").await.unwrap();
        assert_eq!(shown[0], **parked[0].command.as_ref().unwrap());
        let health = scene.runtime.health().reactions.pop().unwrap();
        assert_eq!((health.kind, health.parked_lanes), (ReactionKind::Effect, 1));
        let before = scene.sent("far").len();
        scene.passes(TIME_LIMIT).await;
        assert_eq!(scene.sent("far").len(), before, "nobody is called for a lane that is parked");
        // So it is after a restart.
        scene = scene.restart().await;
        settle().await;
    }
    scene.always("far", MockAnswer::Done);
    assert_eq!(scene.effect().select(|_| true).retry(), 1);
    scene.passes(SECOND).await;
    let far = scene.sent("far");
    assert_eq!(far[far.len() - 2..], [1, 2], "in order");
    assert!(scene.effect().parked().is_empty());
    assert!(scene.endings().await.iter().all(|(_, how)| *how == Performed));
}

#[tokio::test]
async fn an_operator_skips_a_call_or_drops_a_lane() {
    for skips in [true, false] {
        let scene = Scene::new().await;
        scene.always("far", MockAnswer::Retry);
        scene.sells("a", "far", 1).await;
        scene.sells("a", "near", 2).await;
        settle().await;
        scene.passes(TIME_LIMIT * 2).await;
        let selected = scene.effect().select(|_| true);
        let moved = if skips { selected.skip().await } else { selected.drop_all().await };
        assert_eq!(moved.unwrap(), 1);
        settle().await;
        scene.sells("a", "near", 3).await;
        settle().await;
        let expected: &[u64] = if skips { &[2, 3] } else { &[3] };
        assert_eq!(scene.sent("near"), expected);
        let scene = scene.restart().await;
        let before = scene.sent("far").len();
        scene.passes(TIME_LIMIT).await;
        assert_eq!((scene.sent("near").len(), scene.sent("far").len()), (expected.len(), before));
        let skipped = scene.endings().await.into_iter().filter(|(_, how)| *how == Skipped).count();
        assert_eq!(skipped, usize::from(skips));
    }
}

/// What is being skipped is nobody else's, until that is recorded or has failed.
#[tokio::test]
async fn nothing_is_called_again_while_it_is_skipped() {
    for fails in [false, true] {
        let scene = Scene::new().await;
        scene.always("far", MockAnswer::Retry);
        scene.sells("a", "far", 1).await;
        settle().await;
        scene.passes(TIME_LIMIT * 2).await;
        let before = scene.sent("far").len();
        scene.journal.shut();
        scene.journal.plan([if fails { Fault::NotWritten } else { Fault::None }]);
        let selected = scene.effect().select(|_| true);
        let skips = selected.clone();
        let skipped = tokio::spawn(async move { skips.skip().await });
        settle().await;
        assert_eq!((selected.retry(), scene.effect().parked().len()), (0, 0));
        scene.passes(SECOND).await;
        scene.journal.open();
        let skipped = skipped.await.unwrap();
        scene.sells("a", "near", 2).await;
        scene.passes(SECOND).await;
        assert_eq!(scene.sent("far").len(), before);
        if fails {
            assert!(matches!(skipped, Err(ReactionError::NotRecorded { .. })));
            assert_eq!((scene.effect().parked().len(), scene.sent("near").len()), (1, 0));
            scene.always("far", MockAnswer::Done);
            assert_eq!(selected.retry(), 1);
            settle().await;
        } else {
            assert_eq!(skipped.unwrap(), 1);
        }
        assert_eq!((scene.effect().parked().len(), scene.sent("near")), (0, vec![2]));
    }
}

#[tokio::test]
async fn what_a_runtime_does_not_know_nobody_looks_at() {
    struct Peeks;
    impl Effect for Peeks {
        const NAME: &'static str = "peeks";
        const LANE: Lane = Lane::One("all");
        const START: Start = Start::Now;
        type Event = Sold;
        type Views = ();
        fn keys(&self, _: &News<Self::Event>) {}
        async fn perform(
            &self,
            _: &News<Self::Event>,
            _: (),
            attempt: &Attempt<'_>,
        ) -> Result<(), Failed> {
            attempt.latest::<Unknown>(&"a".into()).await.map(drop)
        }
    }
    struct Unknown;
    impl bailiwick::View for Unknown {
        type Key = crate::fixture::ShopId;
        type Event = Sold;
        fn new(_: &Self::Key) -> Self {
            Unknown
        }
        fn apply(&mut self, _: &Self::Event, _: bailiwick::Timestamp) {}
    }
    let scene = Scene::with(|builder| builder.effect(Peeks)).await;
    scene.sells("a", "near", 1).await;
    settle().await;
    let status = scene.runtime.effects().get("peeks").unwrap().status();
    assert!(status.stalled[0].reason.contains("add `.reads::<"), "{status:?}");
    // Said where the runtime is built, it is known.
    let scene = scene.restart_with(|builder| builder.effect(Peeks).reads::<Unknown>()).await;
    settle().await;
    assert_eq!(scene.runtime.effects().get("peeks").unwrap().status().counts.performed, 1);
}

/// What a call holds is dropped with it.
struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        panic!("it cannot be dropped");
    }
}

struct Hangs;

impl Effect for Hangs {
    const NAME: &'static str = "hangs";
    const LANE: Lane = Lane::Emitter;
    const START: Start = Start::Now;
    type Event = Sold;
    type Views = ();
    fn keys(&self, _: &News<Sold>) {}
    async fn perform(&self, _: &News<Sold>, _: (), _: &Attempt<'_>) -> Result<(), Failed> {
        let _held = PanicsWhenDropped;
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_call_that_panics_when_it_is_dropped_is_one_that_took_too_long() {
    let scene = Scene::with(|builder| {
        builder.effect(Hangs).config(|config| config.effect_calls(1).effect_retry_for(TIME_LIMIT))
    })
    .await;
    scene.sells("a", "near", 1).await;
    settle().await;
    scene.passes(40 * SECOND).await;
    let hangs = scene.runtime.effects().get("hangs").unwrap();
    let status = hangs.status();
    assert_eq!(&*status.stalled[0].reason, "the call took longer than 30s");
    scene.passes(TIME_LIMIT * 2).await;
    assert_eq!(hangs.parked().len(), 1, "{:?}", hangs.status());
    // So it is at the end of a runtime.
    hangs.select(|_| true).retry();
    settle().await;
    let shutdown = tokio::spawn(scene.runtime.shutdown(SECOND));
    settle().await;
    scene.clock.advance(SECOND);
    assert!(!shutdown.await.unwrap().in_time);
}

/// The journal being well again says nothing of the outside.
#[tokio::test]
async fn a_journal_that_is_opened_again_does_not_cut_a_retry_after_short() {
    let scene = Scene::with(Builder::reopen_journal).await;
    scene.world.host("near").answer([MockAnswer::RetryAfter(100 * SECOND)]);
    scene.sells("a", "near", 1).await;
    settle().await;
    scene.journal.fail_stop(1);
    scene.journal.plan([Fault::UnknownWritten]);
    drop(scene.shops.get("b").ask(crate::fixture::Close).await);
    scene.passes(60 * SECOND).await;
    assert!(
        scene.journal.reopenings() > 0 && scene.runtime.health().to_string().contains("1 fail")
    );
    scene.shops.get("c").ask(crate::fixture::Close).await.expect("it is open again");
    assert_eq!(scene.sent("near"), [1], "not before 100 s");
    scene.passes(70 * SECOND).await;
    assert_eq!(scene.sent("near"), [1, 1]);
}
