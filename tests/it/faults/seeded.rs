//! Bugs on purpose: an audit that does not find them is not worth much.

use bailiwick_tests::faults::audit::Violation;
use bailiwick_tests::faults::bug::Bug;
use bailiwick_tests::faults::killing::Chain;
use bailiwick_tests::faults::losing::story;

use super::killing::PROGRAM;

/// How many stories the machine that forgets has time for.
const STORIES: u64 = 50;

async fn found_by_losing(bug: Bug) -> Option<Violation> {
    for seed in 0..STORIES {
        story(seed, None).await.expect("nothing is wrong without the bug");
        if let Err(why) = story(seed, Some(bug)).await {
            return Some(format!("seed {seed}: {why}"));
        }
    }
    None
}

/// Lives that are killed, and a last one.
fn killed(bug: Option<Bug>, lives: u64) -> Result<(), Violation> {
    let mut chain = Chain::new(PROGRAM, 1, bug);
    (0..lives).try_for_each(|life| chain.cycle().map_err(|why| format!("life {life}: {why}")))?;
    chain.finish()
}

fn must_be_found(bug: Bug, found: Option<Violation>) {
    let why = found.unwrap_or_else(|| panic!("{bug:?} is not found"));
    println!("{bug:?} is found. {why}");
}

#[tokio::test]
async fn a_reply_before_the_sync_is_found() {
    let bug = Bug::ReplyBeforeSync;
    must_be_found(bug, found_by_losing(bug).await);
}

#[tokio::test]
async fn speculation_that_outlives_its_append_is_found() {
    let bug = Bug::SpeculationKept;
    must_be_found(bug, found_by_losing(bug).await);
}

#[tokio::test]
async fn deadlines_that_a_start_forgets_are_found() {
    let bug = Bug::DeadlinesForgotten;
    must_be_found(bug, found_by_losing(bug).await);
}

#[tokio::test]
async fn keys_that_a_start_forgets_are_found() {
    let bug = Bug::KeysForgotten;
    must_be_found(bug, found_by_losing(bug).await);
}

#[test]
fn half_an_append_is_found() {
    let bug = Bug::HalfBatch;
    killed(None, 5).expect("nothing is wrong without the bug");
    must_be_found(bug, killed(Some(bug), 100).err());
}
