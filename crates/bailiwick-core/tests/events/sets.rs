//! An included event is the same event in every set: its name, its bytes, its tags.

use std::fmt::Debug;

use bailiwick_core::{CodecError, Event, Tag, TagError, Tags, tags_of};

use crate::{
    CourseEvent, EverythingEvent, SessionEvent, StudentEvent, Subscribed, TermEnded, decoded,
    stored, subscribed,
};

fn tag(text: &str) -> Tag {
    text.parse().unwrap()
}

fn tags(own: &str, event: &impl Event) -> Vec<String> {
    let tags = tags_of(&tag(own).into(), event).unwrap();
    tags.iter().map(ToString::to_string).collect()
}

#[test]
fn an_included_event_has_the_same_bytes_and_name_in_every_set() {
    let (name, bytes) = ("Subscribed", r#"{"student": "s1", "course": "c1"}"#);
    stored(&StudentEvent::from(subscribed()), name, bytes);
    stored(&CourseEvent::from(subscribed()), name, bytes);
    let in_course = CourseEvent::Joined(subscribed());
    stored(&EverythingEvent::from(in_course), name, bytes);
    let ended = StudentEvent::from(TermEnded);
    stored(&EverythingEvent::from(ended), "TermEnded", "{}");
}

#[test]
fn the_types_of_a_set_name_their_owners() {
    fn types<E: Event>() -> Vec<(&'static str, &'static str)> {
        E::TYPES.iter().map(|t| (t.name, t.owner)).collect()
    }
    let subscribed = ("Subscribed", "events::Subscribed");
    let opened = ("Opened", "events::CourseEvent");
    let moved = ("Moved", "events::CourseEvent");
    let ended = ("TermEnded", "events::TermEnded");
    assert_eq!(types::<Subscribed>(), [subscribed]);
    assert_eq!(types::<StudentEvent>(), [subscribed, ended]);
    assert_eq!(types::<CourseEvent>(), [opened, moved, subscribed]);
    assert_eq!(types::<EverythingEvent>(), [opened, moved, subscribed, subscribed, ended]);
}

#[test]
fn tags_are_those_of_the_marked_fields() {
    let event = subscribed();
    let both = ["course:c1", "student:s1"];
    assert_eq!(tags("course:c1", &event), both);
    assert_eq!(tags("student:s1", &StudentEvent::from(event)), both);
    let opened = CourseEvent::Opened { course: "c1".into(), tags: 3 };
    assert_eq!(tags("account:a", &opened), ["account:a", "course:c1"]);
    assert_eq!(tags("account:a", &SessionEvent::LeasesCleared), ["account:a"]);
}

#[test]
fn an_event_cannot_name_another_thing_of_its_aggregates_kind() {
    let own: Tags = tag("course:c2").into();
    let error = tags_of(&own, &CourseEvent::Joined(subscribed())).unwrap_err();
    let expected = TagError::Contradiction { own: tag("course:c2"), field: "course:c1".into() };
    assert_eq!(error, expected);
}

#[test]
fn a_type_that_is_not_of_the_set_is_not_decoded() {
    fn unknown<E: Event + Debug>(event_type: &str) {
        match decoded::<E>(event_type, "{}") {
            Err(CodecError::UnknownType(name)) => assert_eq!(name, event_type),
            other => panic!("{other:?}"),
        }
    }
    unknown::<Subscribed>("TermEnded");
    unknown::<SessionEvent>("TermEnded");
    unknown::<StudentEvent>("Opened");
    // Variants that include are not types themselves.
    unknown::<CourseEvent>("Joined");
    unknown::<EverythingEvent>("Course");
}
