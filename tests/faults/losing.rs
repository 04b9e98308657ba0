//! A machine that forgets at a crash what was not synced.

use bailiwick_tests::faults::losing::{in_memory, on_a_disk};
use bailiwick_tests::faults::reports::Report;
use bailiwick_tests::invariant::Checked;

const STORIES: u64 = 200;

async fn stories(story: impl AsyncFn(u64) -> Checked<Vec<Report>>) {
    let mut done = 0;
    for seed in 0..STORIES {
        let told = story(seed).await.unwrap_or_else(|why| panic!("seed {seed}: {why}"));
        done += told.iter().filter(|told| matches!(told, Report::Done { .. })).count();
    }
    println!("{done} acknowledgements");
    assert!(done > 1_000, "only {done} acknowledgements");
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_machine_that_forgets() {
    stories(async |seed| in_memory(seed, None).await).await;
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_power_loss() {
    stories(async |seed| on_a_disk(seed, None).await).await;
}
