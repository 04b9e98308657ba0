//! What events show of themselves, kept in one place, so that a start need not read them all.
//!
//! 1. An outline is a fold: the same events give the same outline, whoever folds them, in one go or with a pause in
//!    which it is [encoded](Outline::encode) and [decoded](Outline::decode).
//! 2. It rests on what stands beside the events and knows no program: names are compared when somebody
//!    [asks](Outline::deadlines_of).
//! 3. Its size is bounded by the names there are and by the deadlines that are armed, not by how many events or
//!    aggregates there ever were. What would go beyond is given up, and that is said.
//! 4. It forgets no deadline: who is left out of it is said to be open, one by one or all of a key.
//!
//! Why it is as it is: docs/decisions/schema-and-startup.md.

mod asked;
mod deadlines;
mod drawn;
mod names;
mod open;
mod shapes;
#[cfg(test)]
mod tests;
mod wire;

use super::{ANSWERED, EncodedEvent, RecordedDeadline, RecordedEvent};
use crate::position::Position;
use crate::tag::Tag;
use crate::text::Text;

pub use asked::{DeadlinesOf, KnownDeadlines};
use deadlines::{Deadlines, Due};
use names::Names;
use open::{Learnt, OfKey};
pub use shapes::Shape;
use shapes::{Kept, Shapes};
pub use wire::OutlineError;

/// What the events of a journal, up to some position, show of themselves: which types, versions, origins and keys of
/// tags there are, with an event of each; which deadlines are armed; and whose deadline is not known.
///
/// # Examples
/// ```
/// use bailiwick_core::journal::{
///     DeadlinesOf, EncodedEvent, Metadata, Origin, Outline, RecordedDeadline, RecordedEvent,
/// };
/// use bailiwick_core::{Position, Tag, Timestamp};
///
/// let own: Tag = "course:c1".parse()?;
/// let due = Timestamp::from_millis(9_000);
/// let mut metadata = Metadata::default();
/// let deadline = RecordedDeadline::new(Some(due), 1);
/// metadata.origin = Some(Origin { aggregate: "Course".into(), tag: own.clone(), deadline });
/// let event = EncodedEvent {
///     event_type: "CourseOpened".into(),
///     version: 1,
///     tags: own.into(),
///     payload: Default::default(),
///     recorded_at: Timestamp::from_millis(7),
///     metadata,
/// };
///
/// let mut outline = Outline::default();
/// outline.take(&RecordedEvent { position: Position::new(1), event });
/// let shape = outline.shapes().next().expect("an event has a shape");
/// assert_eq!((shape.event_type.as_str(), shape.keys), ("CourseOpened", vec!["course".into()]));
/// let of = DeadlinesOf { names: &["Course"], keys: &["course"], types: &["CourseOpened"], rule: 1 };
/// let known = outline.deadlines_of(&of);
/// assert_eq!((known.armed, known.open), (vec![("c1", due)], Some(vec![])));
///
/// let mut bytes = Vec::new();
/// outline.encode(&mut bytes);
/// assert_eq!(Outline::decode(&bytes)?, outline);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outline {
    upto: Position,
    names: Names,
    shapes: Shapes,
    deadlines: Deadlines,
    /// By the numbers of keys in `names`.
    keys: Vec<OfKey>,
}

impl Outline {
    /// Up to where events were folded: the position of the last of them.
    ///
    /// For an example see [`Journal::outline`](super::Journal::outline).
    pub fn upto(&self) -> Position {
        self.upto
    }

    /// Whether it says anything. It does not if there were more shapes than it keeps: then whoever wants to know has to
    /// read the events.
    ///
    /// For an example see [`Journal::outline`](super::Journal::outline).
    pub fn is_complete(&self) -> bool {
        !self.shapes.is_full()
    }

    /// Folds the next event.
    ///
    /// For an example see [`Outline`].
    pub fn take(&mut self, recorded: &RecordedEvent) {
        let RecordedEvent { position, event } = recorded;
        self.upto = *position;
        let Some(shape) = self.shapes.take(*position, event, &mut self.names) else {
            // What is not complete says nothing: it need not be kept.
            let upto = self.upto;
            *self = Outline { upto, shapes: Shapes::full(), ..Outline::default() };
            return;
        };
        if event.is_reserved() && event.event_type != ANSWERED {
            // Nobody reads it as an event of an aggregate.
            return;
        }
        self.keys.resize_with(self.names.keys.len(), OfKey::default);
        let Kept { event_type, keys, .. } = self.shapes.kept(shape);
        let mut nth = 0;
        for tag in &event.tags {
            // Both are in the order of the keys, and a key may have several tags.
            while self.names.keys.text(keys[nth]) != tag.key() {
                nth += 1;
            }
            let (key, of_key) = (keys[nth], &mut self.keys[keys[nth] as usize]);
            let (mut recorded, mut outdated) = (0, 0);
            for (aggregate, deadline) in records(event, tag) {
                let known = of_key.learn(&mut self.names, aggregate, deadline, tag);
                let Some(Learnt { aggregate, bit, counts }) = known else { continue };
                *(if counts { &mut recorded } else { &mut outdated }) |= bit;
                self.deadlines.record(tag.value(), Due { key, aggregate, deadline, at: *position });
            }
            if recorded != 0 {
                of_key.close(tag.value(), recorded);
            }
            match event.is_reserved() {
                false => of_key.open(tag.value(), *event_type, |set| set & recorded == 0),
                // It concerns those who wrote it, and nobody else.
                true if recorded | outdated != 0 => {
                    let outdated = |set| set == 0 || set & outdated != 0;
                    of_key.open(tag.value(), *event_type, |s| s & recorded == 0 && outdated(s));
                }
                true => {}
            }
        }
    }

    /// The shapes that the events have, in the order in which they came.
    ///
    /// For an example see [`Outline`].
    pub fn shapes(&self) -> impl Iterator<Item = Shape> + '_ {
        self.shapes.iter(&self.names)
    }
}

/// The deadlines that stand beside an event for this tag, and whose they are. Of two of the same aggregate the last one
/// counts.
fn records<'a>(
    event: &'a EncodedEvent,
    tag: &'a Tag,
) -> impl Iterator<Item = (&'a Text, RecordedDeadline)> {
    let others = event.metadata.extra().deadlines.iter().rev();
    let others = others.filter(move |of| of.tag == *tag).map(|of| (&of.aggregate, of.deadline));
    let origin = event.metadata.origin.iter().filter(move |origin| origin.tag == *tag);
    others.chain(origin.map(|origin| (&origin.aggregate, origin.deadline)))
}
