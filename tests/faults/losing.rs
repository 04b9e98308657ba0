//! A machine that forgets at a crash what was not synced.

use bailiwick_tests::faults::losing::story;
use bailiwick_tests::faults::reports::Report;

const STORIES: u64 = 200;

#[tokio::test]
async fn what_was_acknowledged_survives_a_machine_that_forgets() {
    let mut done = 0;
    for seed in 0..STORIES {
        let told = story(seed, None).await.unwrap_or_else(|why| panic!("seed {seed}: {why}"));
        done += told.iter().filter(|told| matches!(told, Report::Done { .. })).count();
    }
    println!("{done} acknowledgements");
    assert!(done > 1_000, "only {done} acknowledgements");
}
