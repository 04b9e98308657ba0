//! The names of event types.

use bailiwick::{MemoryJournal, StartError};

use crate::fixture::{
    Nothing, all, append, assert_says, decided_by, first, history, refusal, stored,
};

release!(silent, "kurs", SeatBooked, "Course");
release!(
    said,
    "kurs",
    #[event(was = "SeatTaken")]
    SeatBooked,
    "Course"
);

#[tokio::test]
async fn an_event_of_a_decision_that_was_renamed_without_a_word_is_refused() {
    let journal = history().await;
    let error = silent::refused(&journal).await;
    let StartError::UnknownEventType { event } = &error else { panic!("{error}") };
    assert_eq!((event.event_type.as_str(), event.position.get()), ("SeatTaken", 2));
    assert_says(
        &error,
        &[
            "\"SeatTaken\" at position 2 (guest:ann, kurs:rust; decided on TakeSeat)",
            "`#[event(was = \"SeatTaken\")]`",
            "`#[event(retired(\"SeatTaken\"))]`",
            "`.ignores_events([\"SeatTaken\"])`",
        ],
    );
}

#[tokio::test]
async fn with_its_old_name_a_full_course_stays_full() {
    let journal = history().await;
    let school = said::start(&journal).await;
    assert_eq!(said::take(&school, "rust", "eve").await, None);
    assert_eq!(said::take(&school, "go", "eve").await, Some(1));
    assert_eq!(all(&journal).await.last().unwrap().event.event_type.as_str(), "SeatBooked");
    assert_eq!(said::take(&school, "go", "ann").await, None);
}

#[tokio::test]
async fn what_is_somebody_elses_is_said_to_be() {
    let journal = history().await;
    append(&journal, [stored("Invoiced", &["order:1"], &Nothing {})]).await;
    append(&journal, [decided_by("Till", stored("Paid", &["till:1"], &Nothing {}))]).await;
    let error = first::refused(&journal).await;
    assert!(matches!(&error, StartError::UnknownEventType { event } if event.position.get() == 5));
    let error = refusal(first::on(&journal).ignores_events(["Invoiced"])).await;
    assert_says(&error, &["\"Paid\" at position 6 (till:1; decided by the aggregate Till)"]);
    let builder = first::on(&journal).ignores_events(["Invoiced", "Paid"]);
    crate::fixture::School::start(builder).await;
}

#[tokio::test]
async fn what_is_known_cannot_be_ignored() {
    let journal = MemoryJournal::new();
    for name in ["SeatTaken", "bailiwick.Answered"] {
        let error = refusal(first::on(&journal).ignores_events([name])).await;
        assert!(matches!(error, StartError::IgnoredButKnown { .. }), "{error}");
        assert_says(&error, &["event type", name, "take it out"]);
    }
    // Nor by the name it had.
    let error = refusal(said::on(&journal).ignores_events(["SeatTaken"])).await;
    assert_says(&error, &["\"SeatTaken\"", "::said::"]);
    let error = refusal(first::on(&journal).ignores_aggregates(["Course"])).await;
    assert_says(&error, &["aggregate \"Course\"", "::first::Course"]);
    let error = refusal(first::on(&journal).ignores_keys(["guest"])).await;
    assert_says(&error, &["tag key \"guest\"", "::first::GuestId"]);
}

/// What a later Bailiwick writes about an event may be what keeps it from happening twice.
#[tokio::test]
async fn what_a_later_version_of_bailiwick_wrote_is_refused() {
    for (name, version) in [("bailiwick.Delivered", 1), ("bailiwick.Answered", 2)] {
        let journal = history().await;
        let event = decided_by("Course", stored(name, &["kurs:rust"], &Nothing {}));
        append(&journal, [bailiwick::journal::EncodedEvent { version, ..event }]).await;
        let error = first::refused(&journal).await;
        let StartError::NewerBailiwick { event } = &error else { panic!("{error}") };
        assert_eq!(event.position.get(), 5);
        assert_says(&error, &[name, "a later one"]);
    }
    let journal = history().await;
    append(&journal, [stored("bailiwick.Delivered", &["kurs:rust"], &Nothing {})]).await;
    crate::fixture::School::start(first::on(&journal).ignores_events(["bailiwick.Delivered"]))
        .await;
}

/// Its set does not have the type any more, though something else here has.
mod moved {
    use bailiwick::{Aggregate, Event, Timestamp, View};
    use serde::{Deserialize, Serialize};

    use crate::fixture::first::CourseId;

    #[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub enum CourseEvent {
        Opened { seats: usize },
    }

    pub struct Course;

    impl View for Course {
        type Key = CourseId;
        type Event = CourseEvent;
        fn new(_: &CourseId) -> Self {
            Course
        }
        fn apply(&mut self, _: &CourseEvent, _: Timestamp) {}
    }

    impl Aggregate for Course {
        const NAME: &'static str = "Course";
    }

    #[derive(Event, Serialize, Deserialize)]
    pub struct Closed;
}

#[tokio::test]
async fn an_aggregate_still_knows_what_it_decided() {
    let journal = MemoryJournal::new();
    append(&journal, [decided_by("Course", stored("Closed", &["kurs:rust"], &Nothing {}))]).await;
    let builder = || bailiwick::Runtime::builder(journal.clone()).aggregate::<moved::Course>();
    let error = refusal(builder()).await;
    assert!(matches!(error, StartError::UnknownEventType { .. }), "{error}");
    let error = refusal(builder().emits::<moved::Closed>()).await;
    let StartError::NotInItsSet { aggregate: "Course", .. } = error else { panic!("{error}") };
    assert_says(&error, &["\"Closed\" at position 1", "`#[event(retired(\"Closed\"))]`"]);
}
