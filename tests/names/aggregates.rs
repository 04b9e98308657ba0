//! The names of aggregates: what was decided under one that was renamed is still decided.

use bailiwick::journal::ANSWERED;
use bailiwick::{Decide, IntoId, MemoryJournal, Position, Runtime, StartError};
use bailiwick_tests::stage::settle;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::fixture::{
    Nothing, School, Taken, all, append, assert_says, decided_by, first, history, refusal, stored,
};

release!(silent, "kurs", SeatTaken, "Lesson");
release!(said, "kurs", SeatTaken, "Lesson" was "Class" was "Course");

#[tokio::test]
async fn a_name_that_was_changed_without_a_word_is_refused() {
    let journal = history().await;
    let error = silent::refused(&journal).await;
    let StartError::UnknownAggregate { event } = &error else { panic!("{error}") };
    assert_eq!(event.aggregate.as_ref().unwrap().as_str(), "Course");
    assert_says(
        &error,
        &[
            "\"Opened\" at position 1 (kurs:rust; decided by the aggregate Course on Open)",
            "`const WAS: &'static [&'static str] = &[\"Course\"];`",
            "`.ignores_aggregates([\"Course\"])`",
        ],
    );
}

#[tokio::test]
async fn with_its_old_name_a_remembered_key_is_not_run_again() {
    let journal = history().await;
    let school = first::start(&journal).await;
    let answers = asked_with_keys::<first::Course>(&school.runtime).await;
    let school = said::start(&journal).await;
    let length = all(&journal).await.len();
    let again = asked_with_keys::<said::Course>(&school.runtime).await;
    assert_eq!((again, all(&journal).await.len()), (answers, length));
}

/// Where what was asked with each of two keys stands.
async fn asked_with_keys<A>(runtime: &Runtime) -> [Position; 2]
where
    A: Decide<Taken, Reply: Serialize + DeserializeOwned>
        + Decide<crate::fixture::Open, Reply: Serialize + DeserializeOwned>,
    &'static str: IntoId<A::Key>,
{
    let rust = runtime.aggregates::<A>().get("rust");
    let taken = rust.once("without an event").ask_with_receipt(Taken).await.unwrap();
    let opened = rust.once("with one").ask_with_receipt(open()).await.unwrap();
    [taken.position, opened.position]
}

fn open() -> crate::fixture::Open {
    crate::fixture::Open { seats: 5, until: 7_000 }
}

/// What it decided itself says when it is due: it need not be loaded.
#[tokio::test]
async fn with_its_old_name_its_deadlines_are_known() {
    let journal = MemoryJournal::new();
    first::open(&first::start(&journal).await, "rust", 2, 5_000).await;
    let school = said::start(&journal).await;
    settle().await;
    let courses = school.runtime.aggregates::<said::Course>();
    assert_eq!((courses.deadlines_armed(), courses.in_memory()), (1, vec![]));
}

#[tokio::test]
async fn those_of_others_are_said_to_be() {
    let journal = MemoryJournal::new();
    append(&journal, [decided_by("Desk", stored(ANSWERED, &["kurs:rust"], &Nothing {}))]).await;
    let error = first::refused(&journal).await;
    assert!(matches!(error, StartError::UnknownAggregate { .. }), "{error}");
    School::start(first::on(&journal).ignores_aggregates(["Desk"])).await;
    // Who has no aggregates takes nobody for one of his.
    School::start(bailiwick::Runtime::builder(journal).emits::<first::SeatTaken>()).await;
}

#[tokio::test]
async fn a_name_that_was_belongs_to_one_type_too() {
    let builder = said::on(&MemoryJournal::new()).aggregate::<first::Course>();
    let error = refusal(builder).await;
    // They have their events in common as well, which is found first.
    assert!(matches!(error, StartError::EventTypeClaimedTwice { .. }), "{error}");
    let builder = bailiwick::Runtime::builder(MemoryJournal::new()).aggregate::<said::Course>();
    let error = refusal(builder.aggregate::<Namesake>()).await;
    let StartError::NameTaken { name: "Class", .. } = error else { panic!("{error}") };
}

#[derive(bailiwick::Event, serde::Serialize, serde::Deserialize)]
struct Ringing;

struct Namesake;

impl bailiwick::View for Namesake {
    type Key = said::CourseId;
    type Event = Ringing;
    fn new(_: &Self::Key) -> Self {
        Namesake
    }
    fn apply(&mut self, _: &Ringing, _: bailiwick::Timestamp) {}
}

impl bailiwick::Aggregate for Namesake {
    const NAME: &'static str = "Class";
}
