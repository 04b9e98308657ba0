//! What is recorded of an aggregate: which events it decided, and its deadline after them.

use crate::id::{Id, read};
use crate::journal::{Metadata, NotOneId, RecordedDeadline, RecordedEvent};
use crate::tag::Tag;
use crate::text::Text;
use crate::view::Aggregate;

impl Metadata {
    /// The deadline that the aggregate of this type with this tag has after this event, if that is
    /// recorded: it decided the event, or whoever did knew it. What was recorded under a name or a key
    /// that it had before is its too.
    pub fn deadline_of<A: Aggregate>(&self, own: &Tag) -> Option<RecordedDeadline> {
        let is_it = |aggregate: &Text, tag: &Tag| {
            let has_key = |tag: &Tag| A::Key::has_key(tag.key());
            let same = tag == own || (has_key(tag) && has_key(own) && tag.value() == own.value());
            same && A::is_named(aggregate.as_str())
        };
        match &self.origin {
            Some(origin) if is_it(&origin.aggregate, &origin.tag) => Some(origin.deadline),
            _ => {
                let mut others = self.extra().deadlines.iter();
                others.find(|of| is_it(&of.aggregate, &of.tag)).map(|of| of.deadline)
            }
        }
    }
}

impl RecordedEvent {
    /// The ID of the aggregate of type `A` that decided it; none if something else did. What was
    /// recorded under a name or a key that it had before is its too.
    ///
    /// # Errors
    /// [`Unreadable`](NotOneId::Unreadable), if the text is no ID of such an aggregate.
    pub fn decided_by<A: Aggregate>(&self) -> Result<Option<A::Key>, NotOneId> {
        let origin = self.event.metadata.origin.as_ref();
        let is_its = |name: &str, tag: &Tag| A::is_named(name) && A::Key::has_key(tag.key());
        let Some(origin) = origin.filter(|o| is_its(o.aggregate.as_str(), &o.tag)) else {
            return Ok(None);
        };
        let unreadable = |source| NotOneId::Unreadable { tag: origin.tag.clone(), source };
        read(origin.tag.value()).map(Some).map_err(unreadable)
    }
}

#[cfg(test)]
mod tests {
    use crate::id;
    use crate::journal::{EncodedEvent, EventType, Origin};
    use crate::position::Position;
    use crate::time::Timestamp;
    use crate::view::View;

    use super::*;

    id!(CourseId: "course" was "kurs");

    #[derive(bailiwick_macros::Event, serde::Serialize, serde::Deserialize)]
    #[event(crate = "crate")]
    struct Defined {}

    struct Course;

    impl View for Course {
        type Key = CourseId;
        type Event = Defined;

        fn new(_: &CourseId) -> Self {
            Course
        }

        fn apply(&mut self, _: &Defined, _: Timestamp) {}
    }

    impl Aggregate for Course {
        const NAME: &'static str = "Course";
        const WAS: &'static [&'static str] = &["Kurs"];
    }

    fn recorded(tag: &str, decided_by: Option<(&'static str, &str)>) -> RecordedEvent {
        let mut metadata = Metadata::default();
        metadata.origin = decided_by.map(|(name, text)| Origin {
            aggregate: name.into(),
            tag: text.parse().expect("a tag"),
            deadline: RecordedDeadline::new(None, 1),
        });
        RecordedEvent {
            position: Position::new(1),
            event: EncodedEvent {
                event_type: EventType::literal("Defined"),
                version: 1,
                tags: tag.parse::<Tag>().expect("a tag").into(),
                payload: bytes::Bytes::new(),
                recorded_at: Timestamp::EPOCH,
                metadata,
            },
        }
    }

    #[test]
    fn who_decided_it_is_told_by_whichever_name_and_key_it_had() {
        let by = |name, text| recorded("student:s1", Some((name, text))).decided_by::<Course>();
        for (name, text) in [("Course", "course:c1"), ("Kurs", "kurs:c1")] {
            assert_eq!(by(name, text), Ok(Some(CourseId::from("c1"))));
        }
        assert_eq!(by("Student", "course:c1"), Ok(None));
        assert_eq!(by("Course", "student:c1"), Ok(None));
        assert_eq!(recorded("course:c1", None).decided_by::<Course>(), Ok(None));
    }
}
