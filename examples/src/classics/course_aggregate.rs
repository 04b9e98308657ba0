//! An event-sourced aggregate, live or rebuilt: the same rules on the same events under one tag.
//!
//! Whoever holds the live aggregate asks it. A command can also be decided on the aggregate as the
//! journal has it, as a decision whose only view it is: [`Rebuilt`]. Each sees what the other wrote.

use bailiwick_core::{
    Aggregate, Context, Decide, Decision, Event, Timestamp, View, commands, require,
};
use serde::{Deserialize, Serialize};

use crate::registration::{CourseId, StudentId};

/// What happens to a course. Each event names the course itself, so that a decision can emit it: it
/// has no tag to lend.
#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "a variant's doc tells of its fields")]
pub enum CourseAggregateEvent {
    /// It is offered.
    CourseCreated {
        #[tag]
        course: CourseId,
        title: String,
        capacity: u32,
    },
    /// It has another number of seats.
    CourseResized {
        #[tag]
        course: CourseId,
        capacity: u32,
    },
    /// A seat was taken. Under the tag of the course only: the student is not an aggregate here.
    StudentEnrolled {
        #[tag]
        course: CourseId,
        student: StudentId,
    },
}
use CourseAggregateEvent::*;

/// A course.
#[derive(Debug)]
pub struct CourseAggregate {
    id: CourseId,
    capacity: Option<u32>,
    subscriptions: u32,
}

impl View for CourseAggregate {
    type Key = CourseId;
    type Event = CourseAggregateEvent;

    fn new(id: &CourseId) -> Self {
        CourseAggregate { id: id.clone(), capacity: None, subscriptions: 0 }
    }

    fn apply(&mut self, event: &CourseAggregateEvent, _at: Timestamp) {
        match event {
            CourseCreated { capacity, .. } | CourseResized { capacity, .. } => {
                self.capacity = Some(*capacity);
            }
            StudentEnrolled { .. } => self.subscriptions += 1,
        }
    }
}

impl Aggregate for CourseAggregate {
    const NAME: &'static str = "course-aggregate";
}

/// Which rule of a course said no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CourseRefused {
    /// The ID was used.
    #[error("the course exists already")]
    Exists,
    /// The ID was not used.
    #[error("the course does not exist")]
    Unknown,
    /// Nothing would change.
    #[error("the course has a capacity of {0} already")]
    SameCapacity(u32),
    /// Somebody would lose a seat.
    #[error("the course has {0} active subscriptions; its capacity cannot be below that")]
    BelowSubscriptions(u32),
    /// No seat is free.
    #[error("the course is fully booked")]
    FullyBooked,
}
use CourseRefused::*;

type Ctx = Context<CourseAggregateEvent>;

/// Offers the course.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Create {
    /// What it is called.
    pub title: String,
    /// How many seats it has.
    pub capacity: u32,
}

/// Gives the course so many seats.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChangeCapacity(pub u32);

/// Takes a seat for a student.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SubscribeStudent(pub StudentId);

#[commands]
impl CourseAggregate {
    fn create(&self, command: &Create, ctx: &mut Ctx) -> Result<(), CourseRefused> {
        require(self.capacity.is_none(), Exists)?;
        let Create { title, capacity } = command.clone();
        ctx.emit(CourseCreated { course: self.id.clone(), title, capacity });
        Ok(())
    }

    fn change_capacity(
        &self,
        command: &ChangeCapacity,
        ctx: &mut Ctx,
    ) -> Result<(), CourseRefused> {
        let (before, capacity) = (self.capacity.ok_or(Unknown)?, command.0);
        require(capacity != before, SameCapacity(before))?;
        require(capacity >= self.subscriptions, BelowSubscriptions(self.subscriptions))?;
        ctx.emit(CourseResized { course: self.id.clone(), capacity });
        Ok(())
    }

    fn subscribe_student(
        &self,
        command: &SubscribeStudent,
        ctx: &mut Ctx,
    ) -> Result<(), CourseRefused> {
        let capacity = self.capacity.ok_or(Unknown)?;
        require(self.subscriptions < capacity, FullyBooked)?;
        ctx.emit(StudentEnrolled { course: self.id.clone(), student: command.0.clone() });
        Ok(())
    }
}

/// A command of a course, decided on the course as the journal has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rebuilt<C> {
    /// Of which course.
    pub course: CourseId,
    /// Which command.
    pub command: C,
}

impl<C: Send + Sync + 'static> Decision for Rebuilt<C>
where
    CourseAggregate: Decide<C>,
{
    type Views = CourseAggregate;
    type Event = CourseAggregateEvent;
    type Reply = <CourseAggregate as Decide<C>>::Reply;
    type Rejection = <CourseAggregate as Decide<C>>::Rejection;

    fn keys(&self) -> CourseId {
        self.course.clone()
    }

    fn decide(
        &self,
        course: &CourseAggregate,
        ctx: &mut Ctx,
    ) -> Result<Self::Reply, Self::Rejection> {
        course.decide(&self.command, ctx)
    }
}

#[cfg(test)]
mod tests {
    use bailiwick_core::{Bounded, Tags, given, given_events, tags_of};

    use super::*;

    fn created(capacity: u32) -> CourseAggregateEvent {
        CourseCreated { course: "c1".into(), title: "Algebra".into(), capacity }
    }

    fn resized(capacity: u32) -> CourseAggregateEvent {
        CourseResized { course: "c1".into(), capacity }
    }

    fn enrolled(student: &'static str) -> CourseAggregateEvent {
        StudentEnrolled { course: "c1".into(), student: student.into() }
    }

    fn create(capacity: u32) -> Create {
        Create { title: "Algebra".into(), capacity }
    }

    fn subscribe(student: &'static str) -> SubscribeStudent {
        SubscribeStudent(student.into())
    }

    fn rebuilt<C>(command: C) -> Rebuilt<C> {
        Rebuilt { course: "c1".into(), command }
    }

    /// Live or rebuilt, the same comes of the command after these events.
    #[track_caller]
    fn comes<C: Clone + Send + Sync + 'static>(
        history: &[CourseAggregateEvent],
        command: C,
        expected: Result<CourseAggregateEvent, CourseRefused>,
    ) where
        CourseAggregate: Decide<C, Rejection = CourseRefused>,
    {
        let events = || history.iter().cloned();
        let live = given::<CourseAggregate>("c1").events(events()).when(command.clone());
        let rebuilt = given_events().events(events()).when(rebuilt(command));
        match expected {
            Ok(event) => {
                live.emits([event.clone()]);
                rebuilt.emits([event]);
            }
            Err(refused) => {
                live.rejected(refused.clone());
                rebuilt.rejected(refused);
            }
        }
    }

    #[test]
    fn a_course_is_created_once() {
        comes(&[], create(10), Ok(created(10)));
        comes(&[created(10)], create(15), Err(Exists));
    }

    #[test]
    fn the_capacity_is_changed_to_another_one_not_below_the_subscriptions() {
        let taken = [created(10), enrolled("s1"), enrolled("s2")];
        comes(&[], ChangeCapacity(15), Err(Unknown));
        comes(&[created(10)], ChangeCapacity(15), Ok(resized(15)));
        comes(&[created(10), resized(15)], ChangeCapacity(15), Err(SameCapacity(15)));
        comes(&taken, ChangeCapacity(1), Err(BelowSubscriptions(2)));
        comes(&taken, ChangeCapacity(2), Ok(resized(2)));
    }

    #[test]
    fn a_student_is_subscribed_while_there_is_a_seat() {
        let full = [created(2), enrolled("s1"), enrolled("s2")];
        comes(&[], subscribe("s1"), Err(Unknown));
        comes(&full[..2], subscribe("s2"), Ok(enrolled("s2")));
        comes(&full, subscribe("s3"), Err(FullyBooked));
    }

    #[test]
    fn one_goes_on_where_the_other_stopped() {
        given_events()
            .when(rebuilt(create(1)))
            .accepted()
            .when(rebuilt(subscribe("s1")))
            .emits([enrolled("s1")])
            .aggregate::<CourseAggregate>("c1")
            .when(subscribe("s2"))
            .rejected(FullyBooked)
            .when(ChangeCapacity(2))
            .emits([resized(2)]);
    }

    #[test]
    fn it_is_disturbed_by_events_of_this_course_and_no_other() {
        let decision = Bounded::new(rebuilt(ChangeCapacity(2))).unwrap();
        let guard = decision.boundary().guard().unwrap();
        let disturbs = |event: &CourseAggregateEvent| {
            guard.matches(event.event_type(), &tags_of(&Tags::none(), event).unwrap())
        };
        assert!(disturbs(&created(1)) && disturbs(&resized(1)) && disturbs(&enrolled("s1")));
        assert!(!disturbs(&CourseResized { course: "c2".into(), capacity: 1 }));
    }
}
