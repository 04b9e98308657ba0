//! How many calls there are at a time.

use bailiwick::MockAnswer;
use bailiwick_tests::stage::settle;

use crate::fixture::Scene;

#[tokio::test]
async fn so_many_calls_are_under_way_and_no_more() {
    let scene = Scene::with(|builder| builder.config(|config| config.effect_calls(5))).await;
    scene.always("near", MockAnswer::Hang);
    for n in 0..30 {
        scene.sells(&format!("s{n}"), "near", n).await;
    }
    for _ in 0..10 {
        settle().await;
    }
    assert_eq!((scene.world.under_way(), scene.world.most_at_a_time()), (5, 5));
    scene.always("near", MockAnswer::Done);
    for _ in 0..10 {
        scene.passes(std::time::Duration::from_secs(40)).await;
    }
    assert_eq!(scene.world.most_at_a_time(), 5);
    assert_eq!(scene.endings().await.len(), 30);
}

/// All calls are under way, and hang: others wait until one has taken too long. After that, they never wait
/// for the whole of it.
#[tokio::test]
async fn lanes_that_hang_again_and_again_leave_room_for_others() {
    let scene = Scene::with(|builder| builder.config(|config| config.effect_calls(4))).await;
    scene.always("far", MockAnswer::Hang);
    for n in 0..20 {
        scene.sells(&format!("far{n}"), "far", n).await;
    }
    // All of them have hung once.
    for _ in 0..10 {
        scene.passes(std::time::Duration::from_secs(31)).await;
    }
    assert_eq!(scene.effect().status().stalled_lanes, 20);
    assert!(scene.world.under_way() <= 2, "half of them");
    for n in 0..20 {
        scene.sells(&format!("near{n}"), "near", n).await;
        settle().await;
        assert_eq!(scene.sent("near").len() as u64, n + 1, "at once");
    }
}
