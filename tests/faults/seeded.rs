//! Bugs on purpose: an audit that does not find them is not worth much.

use bailiwick_tests::faults::bug::Bug;
use bailiwick_tests::faults::killing::Chain;
use bailiwick_tests::faults::losing;
use bailiwick_tests::faults::tracing::{Scene, is_possible, told_after_sync};
use bailiwick_tests::faults::work;
use bailiwick_tests::invariant::Invariant::{
    Called, Durable, Mark, NeverLost, NotAgain, Once, OneKey, Overtaken, Rules, SameFacts, Whole,
};
use bailiwick_tests::invariant::{Checked, Invariant, Violation};

use super::killing::PROGRAM;

/// How many stories the machine that forgets has time for.
const STORIES: u64 = 50;

/// How many lives are killed at most: by chance each of them ends between two halves, or not.
const MOST_LIVES: u64 = 1_000;

/// How many lists of work are tried at most, and how many lives are killed at each.
const MOST_LISTS: u64 = 50;
const PROCESSES_AT_WORK: u64 = 10;

/// The first story in which the bug breaks this, whatever else it breaks in others.
async fn found_by_losing(bug: Bug, breaks: Invariant) -> Option<Violation> {
    for seed in 0..STORIES {
        losing::in_memory(seed, None).await.expect("nothing is wrong without the bug");
        if let Err(why) = losing::in_memory(seed, Some(bug)).await
            && why.invariant == breaks
        {
            return Some(why.at(format_args!("seed {seed}")));
        }
    }
    None
}

/// The same on the durable journal, on a disk that loses what was not synced.
async fn found_by_power_losses(bug: Bug, breaks: Invariant) -> Option<Violation> {
    for seed in 0..STORIES {
        losing::on_a_disk(seed, None).await.expect("nothing is wrong without the bug");
        if let Err(why) = losing::on_a_disk(seed, Some(bug)).await
            && why.invariant == breaks
        {
            return Some(why.at(format_args!("seed {seed}")));
        }
    }
    None
}

/// Lives that are killed, and a last one.
fn killed(bug: Option<Bug>, lives: u64) -> Checked {
    let mut chain = Chain::new(PROGRAM, 1, 1, bug);
    (0..lives)
        .try_for_each(|run| chain.cycle().map_err(|why| why.at(format_args!("run {run}"))))?;
    chain.finish()
}

/// The first list of which something is left that one process alone does not leave, by nothing but that.
fn found_by_comparing(bug: Bug) -> Option<Violation> {
    (0..MOST_LISTS).find_map(|list| {
        let mut chain = work::Chain::new(PROGRAM, list, Some(bug));
        (0..PROCESSES_AT_WORK).try_for_each(|_| chain.kill()).ok()?;
        chain.finish().ok()?;
        chain.equals_a_calm_run().err().map(|why| why.at(format_args!("list {list}")))
    })
}

/// The first list in which the bug breaks this, by an audit after each run.
fn found_at_work(bug: Bug, breaks: Invariant) -> Option<Violation> {
    (0..MOST_LISTS).find_map(|list| {
        let mut chain = work::Chain::new(PROGRAM, list, Some(bug));
        let found =
            (0..PROCESSES_AT_WORK).find_map(|_| chain.kill().and_then(|()| chain.audit()).err());
        found.filter(|why| why.invariant == breaks).map(|why| why.at(format_args!("list {list}")))
    })
}

/// By the invariant that it breaks, for a reason that has to do with it.
#[track_caller]
fn must_be_found(bug: Bug, found: Option<Violation>, breaks: Invariant, reason: &str) {
    let why = found.unwrap_or_else(|| panic!("{bug:?} is not found"));
    println!("{bug:?} is found. {why}");
    let is_its_own = why.invariant == breaks && why.what.contains(reason);
    assert!(is_its_own, "{bug:?} breaks {breaks:?}, but is found by accident: {why}");
}

#[tokio::test]
async fn a_reply_before_the_sync_is_found() {
    let bug = Bug::ReplyBeforeSync;
    must_be_found(bug, found_by_losing(bug, Durable).await, Durable, ", the journal ends at ");
}

#[tokio::test]
async fn speculation_that_outlives_its_append_is_found() {
    let bug = Bug::SpeculationKept;
    must_be_found(bug, found_by_losing(bug, Rules).await, Rules, "has no lease");
}

#[tokio::test]
async fn deadlines_that_a_start_forgets_are_found() {
    let bug = Bug::DeadlinesForgotten;
    must_be_found(
        bug,
        found_by_losing(bug, NeverLost).await,
        NeverLost,
        "a deadline does not go on",
    );
}

#[tokio::test]
async fn keys_that_a_start_forgets_are_found() {
    let bug = Bug::KeysForgotten;
    must_be_found(bug, found_by_losing(bug, Once).await, Once, "asked again with the key");
}

#[tokio::test]
async fn keys_of_decisions_that_are_forgotten_are_found() {
    let bug = Bug::DecisionKeysForgotten;
    must_be_found(bug, found_by_losing(bug, Once).await, Once, "Carried {");
}

#[test]
fn half_an_append_is_found() {
    let bug = Bug::HalfBatch;
    killed(None, 5).expect("nothing is wrong without the bug");
    must_be_found(bug, killed(Some(bug), MOST_LIVES).err(), Whole, "only half of it is there");
}

#[test]
fn a_mark_before_its_effects_is_found() {
    let bug = Bug::MarkBeforeEffect;
    must_be_found(bug, found_at_work(bug, Mark), Mark, "is lost");
}

#[test]
fn what_a_policy_does_again_is_found() {
    let bug = Bug::DuplicateDelivered;
    must_be_found(bug, found_at_work(bug, Once), Once, "is a second effect");
}

#[test]
fn a_mark_before_its_effects_leaves_other_facts() {
    let bug = Bug::MarkBeforeEffect;
    must_be_found(bug, found_by_comparing(bug), SameFacts, ": None; without crashes it is");
}

#[test]
fn what_a_policy_does_again_leaves_other_facts() {
    let bug = Bug::DuplicateDelivered;
    must_be_found(bug, found_by_comparing(bug), SameFacts, "heard by");
}

#[test]
fn what_overtakes_a_parked_news_is_found() {
    let bug = Bug::ParkedOvertaken;
    must_be_found(bug, found_at_work(bug, Overtaken), Overtaken, "is parked");
}

#[test]
fn a_trace_before_its_call_is_found() {
    let bug = Bug::TraceBeforeCall;
    must_be_found(bug, found_at_work(bug, Called), Called, "what was never called");
}

#[test]
fn a_key_that_changes_is_found() {
    let bug = Bug::KeyNotStable;
    must_be_found(bug, found_at_work(bug, OneKey), OneKey, "before it was");
}

#[test]
fn what_is_called_after_it_has_given_up_is_found() {
    let bug = Bug::RetriedAfterGivingUp;
    must_be_found(bug, found_at_work(bug, NotAgain), NotAgain, "it is done");
}

#[tokio::test]
async fn an_acknowledgement_without_a_sync_is_lost() {
    let bug = Bug::SkippedSync;
    must_be_found(
        bug,
        found_by_power_losses(bug, Durable).await,
        Durable,
        ", the journal ends at ",
    );
}

#[tokio::test]
async fn what_is_written_after_its_sync_is_lost() {
    let bug = Bug::SyncBeforeWrite;
    must_be_found(
        bug,
        found_by_power_losses(bug, Durable).await,
        Durable,
        ", the journal ends at ",
    );
}

#[tokio::test]
async fn half_an_append_is_left_by_a_power_loss() {
    let bug = Bug::HalfBatch;
    must_be_found(bug, found_by_power_losses(bug, Whole).await, Whole, "only half of it is there");
}

/// By the order of the calls of a process.
#[track_caller]
fn must_be_seen(bug: Bug) {
    if is_possible() {
        told_after_sync(Scene::new(PROGRAM, None), 20).expect("nothing is wrong without the bug");
        let seen = told_after_sync(Scene::new(PROGRAM, Some(bug)), 20);
        must_be_found(bug, seen.err(), Durable, "is told before it is synced");
    }
}

#[test]
fn an_acknowledgement_without_a_sync_is_seen() {
    must_be_seen(Bug::SkippedSync);
}

#[test]
fn a_sync_before_its_write_is_seen() {
    must_be_seen(Bug::SyncBeforeWrite);
}
