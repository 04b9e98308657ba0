//! Journals that break a rule each, and one that breaks none.

use bailiwick::journal::{EncodedEvent, EventType, Metadata};
use bailiwick::{Event, MemoryJournal, Tags, tags_of};
use bailiwick_examples::registration::{StudentSubscribedToCourse, StudentUnsubscribedFromCourse};

use super::*;

fn encoded<E: Event>(own: Tags, event: &E) -> EncodedEvent {
    let mut payload = Vec::new();
    event.encode(&mut payload).unwrap();
    EncodedEvent {
        event_type: EventType::literal(event.event_type()),
        version: 1,
        tags: tags_of(&own, event).unwrap(),
        payload: payload.into(),
        recorded_at: 0.into(),
        metadata: Metadata::default(),
    }
}

fn registered(who: &'static str) -> EncodedEvent {
    student(who, &StudentEvent::StudentRegistered { name: "Ada".into() })
}

fn student(who: &'static str, event: &StudentEvent) -> EncodedEvent {
    encoded(StudentId::from(who).tag().unwrap().into(), event)
}

fn course(place: &'static str, event: &CourseEvent) -> EncodedEvent {
    encoded(CourseId::from(place).tag().unwrap().into(), event)
}

fn defined(place: &'static str, capacity: u32) -> EncodedEvent {
    course(place, &CourseEvent::CourseDefined { capacity })
}

fn taken(who: &'static str, place: &'static str) -> EncodedEvent {
    let (student, course) = (who.into(), place.into());
    encoded(Tags::none(), &StudentSubscribedToCourse { student, course })
}

fn returned(who: &'static str, place: &'static str) -> EncodedEvent {
    let (student, course) = (who.into(), place.into());
    encoded(Tags::none(), &StudentUnsubscribedFromCourse { student, course })
}

async fn audited(events: Vec<EncodedEvent>) -> Result<Findings, String> {
    let journal = MemoryJournal::new();
    journal.append(events, None).await.unwrap();
    audit(&journal).await.map_err(|error| error.to_string())
}

/// After a lawful beginning, the last of these events is one too many.
async fn violated(more: Vec<EncodedEvent>, by: &str) {
    let mut events = vec![registered("s1"), registered("s2"), defined("c", 1)];
    events.extend(more);
    let last = events.len();
    let error = audited(events).await.unwrap_err();
    assert_eq!(error, format!("the journal contradicts the rules: position {last}: {by}"));
}

#[tokio::test]
async fn what_a_lawful_journal_says_is_found() {
    let found = audited(vec![
        registered("s1"),
        defined("c", 1),
        taken("s1", "c"),
        course("c", &CourseEvent::CourseCapacityChanged { capacity: 2 }),
        returned("s1", "c"),
        taken("s1", "c"),
        course("c", &CourseEvent::CourseCancelled),
        returned("s1", "c"),
        student("s1", &StudentEvent::StudentLeft),
    ]);
    let found = found.await.unwrap();
    assert_eq!((found.events, found.subscriptions.len()), (9, 2));
    let course = &found.school.courses[&"c".into()];
    assert_eq!((course.taken, course.peak, course.cancelled), (0, (1, 1), true));
    assert_eq!(found.school.judged[&Rule::Seats], 2);
    assert_eq!(found.school.busiest(), (0, 1));
}

#[tokio::test]
async fn each_rule_that_is_broken_is_found_where_it_is() {
    violated(vec![taken("s3", "c")], "s3 is not there").await;
    violated(vec![taken("s1", "d")], "d does not take place").await;
    let cancelled = course("c", &CourseEvent::CourseCancelled);
    violated(vec![cancelled, taken("s1", "c")], "c does not take place").await;
    let twice = vec![taken("s1", "c"), taken("s1", "c")];
    violated(twice, "s1 has a seat of c already").await;
    let both = vec![taken("s1", "c"), taken("s2", "c")];
    violated(both, "c has 2 subscriptions, but 1 seats").await;
    let smaller = course("c", &CourseEvent::CourseCapacityChanged { capacity: 0 });
    violated(vec![taken("s1", "c"), smaller], "c has 1 subscriptions, now 0 seats").await;
    let gone = student("s1", &StudentEvent::StudentLeft);
    violated(vec![taken("s1", "c"), gone], "s1 leaves with 1 subscriptions").await;
    violated(vec![returned("s1", "c")], "s1 has no seat of c to give back").await;
}

#[tokio::test]
async fn a_sixth_subscription_is_found() {
    const COURSES: [&str; 6] = ["c1", "c2", "c3", "c4", "c5", "c6"];
    let mut more: Vec<_> = COURSES.map(|place| defined(place, 9)).into();
    more.extend(COURSES.map(|place| taken("s1", place)));
    violated(more, "s1 has 6 subscriptions").await;
}
