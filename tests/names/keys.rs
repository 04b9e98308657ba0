//! The keys of IDs: what was recorded under one that was renamed is found, or missed aloud.

use std::time::Duration;

use bailiwick::{MemoryJournal, Position, Runtime, StartError, Timestamp, View};
use bailiwick_tests::receipts::repetition_of;
use bailiwick_tests::stage::settle;

use crate::fixture::{
    Nothing, School, Taken, all, append, assert_says, decided_by, first, history, refusal, stored,
};

release!(silent, "course", SeatTaken, "Course");
release!(said, "course" was "lehrgang" was "kurs", SeatTaken, "Course");

#[tokio::test]
async fn a_key_of_an_aggregate_that_was_renamed_without_a_word_is_refused() {
    let journal = history().await;
    let error = silent::refused(&journal).await;
    let StartError::UnknownKey { aggregate: "Course", key: "course", found, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(found, "kurs");
    assert_says(
        &error,
        &[
            "\"Opened\" at position 1 (kurs:rust; decided by the aggregate Course on Open)",
            "`id!(CourseId: \"course\" was \"kurs\")`",
            "`.ignores_keys([\"kurs\"])`",
        ],
    );
}

/// Its events are written by decisions only, so nothing says whose they are.
#[tokio::test]
async fn a_key_of_a_view_that_was_renamed_without_a_word_is_refused() {
    let journal = MemoryJournal::new();
    let taken = first::SeatTaken { course: "rust".into(), guest: "ann".into() };
    append(&journal, [stored("SeatTaken", &["kurs:rust", "guest:ann"], &taken)]).await;
    let error = refusal(Runtime::builder(journal.clone()).reads::<silent::Seated>()).await;
    let StartError::KeyNeverSeen { key: "course", tag, position, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!((tag.as_str(), position.get()), ("kurs:rust", 1));
    assert_says(&error, &["::silent::Seated", "`id!(CourseId: \"course\" was \"kurs\")`"]);
    School::start(Runtime::builder(journal.clone()).reads::<said::Seated>()).await;
    // A tag that came later is not yet on any event: nothing is missing.
    let builder = Runtime::builder(journal.clone()).reads::<silent::Seated>();
    School::start(builder.ignores_keys(["kurs"])).await;
    let builder = Runtime::builder(journal).reads::<first::Seated>();
    School::start(builder.reads::<Invited>()).await;
}

mod invitations {
    bailiwick::id!(pub InvitationId: "invitation");
}

/// Finds seats by a tag that they will have one day.
struct Invited;

impl View for Invited {
    type Key = invitations::InvitationId;
    type Event = first::SeatTaken;
    fn new(_: &Self::Key) -> Self {
        Invited
    }
    fn apply(&mut self, _: &first::SeatTaken, _: Timestamp) {}
}

#[tokio::test]
async fn with_its_old_key_everything_is_found() {
    let journal = history().await;
    let school = said::start(&journal).await;
    let courses = school.runtime.aggregates::<said::Course>();
    let taken = |course: &said::Course, _| (course.free, course.taken);
    assert_eq!(courses.get("rust").read(taken).await.unwrap().value, (0, 2));
    // A view of one ID, and one of two.
    assert_eq!(said::take(&school, "rust", "eve").await, None);
    assert_eq!(said::take(&school, "go", "ann").await, Some(1));
    let tags = all(&journal).await.last().unwrap().event.tags.clone();
    assert_eq!(
        tags.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["course:go", "guest:ann"]
    );
    let mut watch = courses.get("go").watch(Position::START).await.unwrap();
    for position in [4, 5] {
        // One that overlooks it would wait for ever.
        let next = tokio::time::timeout(Duration::from_secs(60), watch.next()).await;
        assert_eq!(next.expect("a change").unwrap().unwrap().position().get(), position);
    }
}

#[tokio::test]
async fn who_has_a_seat_under_the_old_key_gets_no_second_one() {
    let journal = MemoryJournal::new();
    let school = first::start(&journal).await;
    first::open(&school, "rust", 9, 5_000).await;
    first::take(&school, "rust", "ann").await.unwrap();
    let school = said::start(&journal).await;
    assert_eq!(said::take(&school, "rust", "ann").await, None);
    assert_eq!(said::take(&school, "rust", "bob").await, Some(2));
    assert_eq!(said::take(&school, "rust", "bob").await, None);
}

#[tokio::test]
async fn deadlines_of_before_fire() {
    let journal = history().await;
    let school = said::start(&journal).await;
    let armed = || school.runtime.aggregates::<said::Course>().deadlines_armed();
    settle().await;
    assert_eq!(armed(), 2);
    school.clock.advance_to(5_000);
    settle().await;
    assert_eq!(armed(), 1);
    let last = all(&journal).await.pop().unwrap().event;
    assert_eq!(
        (last.event_type.as_str(), last.tags.as_slice()[0].as_str()),
        ("Closed", "course:rust")
    );
    // Closed under the new key, it stays closed, and has no deadline after another start.
    let school = said::start(&journal).await;
    settle().await;
    assert_eq!(school.runtime.aggregates::<said::Course>().deadlines_armed(), 1);
}

#[tokio::test]
async fn keys_answered_before_are_remembered() {
    let journal = history().await;
    let asked = first::start(&journal).await.runtime;
    let once = asked.aggregates::<first::Course>().get("rust").once("k");
    let first = once.ask_with_receipt(Taken).await.unwrap();
    let school = said::start(&journal).await;
    let length = all(&journal).await.len();
    let once = school.runtime.aggregates::<said::Course>().get("rust").once("k");
    assert_eq!(once.ask_with_receipt(Taken).await.unwrap(), repetition_of(first));
    assert_eq!(all(&journal).await.len(), length, "it is not run again");
}

/// The release before, still running: each finds what the other writes.
#[tokio::test]
async fn what_is_written_under_the_old_key_meanwhile_is_a_conflict() {
    let journal = history().await;
    let (new, old) = (said::start(&journal).await, first::start(&journal).await);
    let courses = new.runtime.aggregates::<said::Course>();
    courses.get("go").ask(Taken).await.unwrap();
    assert_eq!(first::take(&old, "go", "ann").await, Some(1));
    assert_eq!(said::take(&new, "go", "eve").await, None, "a decision reads both");
    said::open(&new, "go", 3, 9_000).await;
    assert_eq!(new.runtime.counts().conflicts, 1, "an aggregate guards both");
    let taken =
        courses.get("go").read(|course, _| (course.free, course.taken)).await.unwrap().value;
    assert_eq!(taken, (3, 1));
}

/// Decisions that guard both keys hold a live aggregate once, or they would wait for themselves.
#[tokio::test]
async fn a_live_aggregate_and_decisions_take_turns() {
    let journal = MemoryJournal::new();
    let school = said::start(&journal).await;
    said::open(&school, "rust", 9, 5_000).await;
    for guest in ["ann", "bob", "eve"] {
        assert!(said::take(&school, "rust", guest).await.is_some());
        let course = school.runtime.aggregates::<said::Course>().get("rust");
        course.ask(Taken).await.unwrap();
    }
    assert_eq!(school.runtime.counts().conflicts, 0);
}

mod thief {
    bailiwick::id!(pub StolenId: "kurs");
}

struct Thief;

impl View for Thief {
    type Key = thief::StolenId;
    type Event = said::SeatTaken;
    fn new(_: &Self::Key) -> Self {
        Thief
    }
    fn apply(&mut self, _: &said::SeatTaken, _: Timestamp) {}
}

#[tokio::test]
async fn an_old_key_is_nobody_elses() {
    let error = refusal(said::on(&MemoryJournal::new()).reads::<Thief>()).await;
    let StartError::KeyTaken { key: "kurs", .. } = error else { panic!("{error}") };
    assert_says(&error, &["::said::CourseId", "StolenId"]);
}

#[tokio::test]
async fn a_key_may_be_said_to_be_nobodys() {
    let journal = MemoryJournal::new();
    append(&journal, [decided_by("Course", stored("Closed", &["saal:1"], &Nothing {}))]).await;
    assert!(matches!(first::refused(&journal).await, StartError::UnknownKey { .. }));
    School::start(first::on(&journal).ignores_keys(["saal"])).await;
}
