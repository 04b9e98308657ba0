//! An outside that is dead for an hour, and comes back.

use std::time::Duration;

use bailiwick::MockAnswer;
use bailiwick::policy::Ending::Performed;
use bailiwick_tests::stage::settle;

use crate::fixture::Scene;

const MINUTE: Duration = Duration::from_secs(60);

/// Many lanes are concerned, and many are not. Nothing is lost, nothing is called after its trace, no more is
/// in memory than may be, and the others notice nothing.
#[tokio::test]
async fn an_hour_of_an_outage() {
    const HELD: usize = 200;
    let scene = Scene::with(|builder| {
        builder.config(|config| {
            config.policy_news(HELD).lane_news(4).effect_calls(16).effect_retry_for(MINUTE * 600)
        })
    })
    .await;
    let mut n = 0;
    for minute in 0..60_u64 {
        // It refuses, hangs, says for how long, and breaks in all other ways.
        let answers = [
            MockAnswer::Retry,
            MockAnswer::Hang,
            MockAnswer::RetryAfter(MINUTE * 7),
            MockAnswer::Panic,
        ];
        scene.always("far", answers[usize::try_from(minute % 4).unwrap()]);
        for _ in 0..10 {
            n += 1;
            scene.sells(&format!("far{}", n % 150), "far", n).await;
        }
        n += 1;
        scene.sells(&format!("near{}", n % 50), "near", n).await;
        for _ in 0..5 {
            settle().await;
        }
        assert_eq!(scene.sent("near").len() as u64, minute + 1, "at once");
        scene.passes(MINUTE).await;
        let status = scene.effect().status();
        assert!(status.pending <= HELD + 50, "{} are held", status.pending);
        assert_eq!(status.parked_lanes, 0);
    }
    assert!(scene.world.host("far").done().is_empty());
    // It is killed in the middle of it, too.
    let scene = scene
        .restart_with(|builder| builder.config(|config| config.effect_retry_for(MINUTE * 600)))
        .await;
    scene.always("far", MockAnswer::Done);
    for _ in 0..10 {
        scene.passes(MINUTE).await;
    }
    let endings = scene.endings().await;
    assert_eq!(endings.len(), 660);
    assert!(endings.iter().all(|(_, how)| *how == Performed));
    let far = scene.world.host("far");
    assert_eq!((far.keys().len(), far.done().len()), (600, 600));
    let calls = far.calls().len();
    // In order of each lane: the last call of each that failed before is the one that was done.
    let status = scene.effect().status();
    assert_eq!((status.pending, status.stalled_lanes), (0, 0));
    let scene = scene.restart().await;
    scene.passes(MINUTE).await;
    assert_eq!(scene.world.host("far").calls().len(), calls, "nothing after its trace");
    assert_eq!(scene.sent("near").len(), 60);
}
