//! Whom a recorded event concerns, by its tags.

use super::RecordedEvent;
use crate::id::{Id, UnreadableId, read};
use crate::tag::Tag;

/// Why the one ID of a type cannot be told of an event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotOneId {
    /// No tag of it has the key of the ID, or one that it had.
    #[error("the event has no tag with the key {key:?}")]
    None {
        /// The key of the ID.
        key: &'static str,
    },
    /// It concerns several: see [`ids`](RecordedEvent::ids).
    #[error("the event concerns {first} and {second}, and not one alone")]
    Several {
        /// The tag of one.
        first: Tag,
        /// The tag of another.
        second: Tag,
    },
    /// The text of a tag is no such ID.
    #[error("the tag {tag} is not such an ID")]
    Unreadable {
        /// The tag.
        tag: Tag,
        /// What is wrong with it.
        source: UnreadableId,
    },
}

impl RecordedEvent {
    /// The ID of this type that the event carries as a tag: under the key that the ID has today, or
    /// under one [that it had](Id::WAS). For whoever reads a journal by hand, a projection for example.
    ///
    /// ```
    /// # use bailiwick_core::journal::{EncodedEvent, EventType, Metadata, RecordedEvent};
    /// # use bailiwick_core::{Position, Tag, Timestamp};
    /// use bailiwick_core::journal::NotOneId;
    /// use bailiwick_core::id;
    ///
    /// id!(pub CourseId: "course" was "kurs", pub RoomId: "room");
    ///
    /// # let recorded = RecordedEvent {
    /// #     position: Position::new(1),
    /// #     event: EncodedEvent {
    /// #         event_type: EventType::literal("CourseDefined"),
    /// #         version: 1,
    /// #         tags: Tag::new("kurs", "c1").unwrap().into(),
    /// #         payload: Default::default(),
    /// #         recorded_at: Timestamp::EPOCH,
    /// #         metadata: Metadata::default(),
    /// #     },
    /// # };
    /// // An event with the tag `kurs:c1`.
    /// assert_eq!(recorded.id(), Ok(CourseId::from("c1")));
    /// assert_eq!(recorded.id::<RoomId>(), Err(NotOneId::None { key: "room" }));
    /// ```
    ///
    /// # Errors
    /// If it carries none or several, or one whose text is not such an ID.
    pub fn id<I: Id>(&self) -> Result<I, NotOneId> {
        let mut ids = self.ids::<I>();
        let first = ids.next().ok_or(NotOneId::None { key: I::KEY })??;
        match ids.next().transpose()? {
            None => Ok(first),
            Some(second) => {
                let tag = |id: &I| id.tag().expect("its text is the value of a tag");
                Err(NotOneId::Several { first: tag(&first), second: tag(&second) })
            }
        }
    }

    /// All IDs of this type that the event carries as tags, in the order of the tags: each once, though
    /// it may be there under its key of today and under one that it had.
    ///
    /// # Errors
    /// [`Unreadable`](NotOneId::Unreadable), in its place, for a tag whose text is not such an ID.
    pub fn ids<I: Id>(&self) -> impl Iterator<Item = Result<I, NotOneId>> + '_ {
        let mut known: Vec<I> = Vec::new();
        let tags = self.event.tags.iter().filter(|tag| I::has_key(tag.key()));
        tags.filter_map(move |tag| {
            let id = match read::<I>(tag.value()) {
                Ok(id) => id,
                Err(source) => return Some(Err(NotOneId::Unreadable { tag: tag.clone(), source })),
            };
            if known.contains(&id) {
                return None;
            }
            known.push(id.clone());
            Some(Ok(id))
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::id;
    use crate::journal::{EncodedEvent, EventType, Metadata};
    use crate::position::Position;
    use crate::tag::Tags;
    use crate::time::Timestamp;

    use super::*;

    id!(CourseId: "course" was "kurs", StudentId: "student", OrderNo(u64): "order");

    fn tag(text: &str) -> Tag {
        text.parse().expect("a tag")
    }

    fn recorded(tags: &[&str]) -> RecordedEvent {
        RecordedEvent {
            position: Position::new(1),
            event: EncodedEvent {
                event_type: EventType::literal("Defined"),
                version: 1,
                tags: tags.iter().map(|text| tag(text)).collect::<Tags>(),
                payload: bytes::Bytes::new(),
                recorded_at: Timestamp::EPOCH,
                metadata: Metadata::default(),
            },
        }
    }

    #[test]
    fn the_one_id_of_a_type_is_told_by_whichever_key_it_had() {
        let both = recorded(&["course:c1", "student:s1"]);
        assert_eq!(both.id(), Ok(CourseId::from("c1")));
        assert_eq!(both.id(), Ok(StudentId::from("s1")));
        assert_eq!(recorded(&["kurs:c1"]).id(), Ok(CourseId::from("c1")));
        assert_eq!(recorded(&["kurs:c1", "course:c1"]).id(), Ok(CourseId::from("c1")));
        assert_eq!(recorded(&["order:7"]).id(), Ok(OrderNo::from(7)));
    }

    #[test]
    fn none_several_and_no_id_at_all_are_told_apart() {
        let none = recorded(&["student:s1"]);
        assert_eq!(none.id::<CourseId>(), Err(NotOneId::None { key: "course" }));
        assert_eq!(none.ids::<CourseId>().count(), 0);
        let two = recorded(&["course:c1", "kurs:c2"]);
        let (first, second) = (tag("course:c1"), tag("course:c2"));
        assert_eq!(two.id::<CourseId>(), Err(NotOneId::Several { first, second }));
        let ids: Result<Vec<CourseId>, _> = two.ids().collect();
        assert_eq!(ids.unwrap(), [CourseId::from("c1"), CourseId::from("c2")]);
        for text in ["order:seven", "order:007"] {
            let error = recorded(&[text]).id::<OrderNo>().unwrap_err();
            let NotOneId::Unreadable { tag, .. } = &error else { panic!("{error:?}") };
            assert_eq!(tag.as_str(), text);
        }
    }
}
