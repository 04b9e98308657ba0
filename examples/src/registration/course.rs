//! A course, and what is decided about it alone.

use bailiwick_core::{Aggregate, Context, Timestamp, View, commands, require};
use serde::{Deserialize, Serialize};

use super::CourseEvent::{self, *};
use super::{CourseId, Refused};

type Ctx = Context<CourseEvent>;

/// A course, with the seats it has and how many of them are taken.
#[derive(Debug, Clone, Default)]
pub struct Course {
    /// How many seats it has, once it is defined.
    pub capacity: Option<u32>,
    /// Whether it was cancelled.
    pub cancelled: bool,
    /// How many of its seats are taken.
    pub subscriptions: u32,
}

impl Course {
    /// How many seats a course has that takes place.
    ///
    /// # Errors
    /// If it is not defined, or cancelled.
    pub fn open(&self) -> Result<u32, Refused> {
        require(!self.cancelled, Refused::Cancelled)?;
        self.capacity.ok_or(Refused::NotDefined)
    }
}

impl View for Course {
    type Key = CourseId;
    type Event = CourseEvent;

    fn new(_: &CourseId) -> Self {
        Course::default()
    }

    fn apply(&mut self, event: &CourseEvent, _at: Timestamp) {
        match event {
            CourseDefined { capacity } | CourseCapacityChanged { capacity } => {
                self.capacity = Some(*capacity);
            }
            CourseCancelled => self.cancelled = true,
            Subscribed(_) => self.subscriptions += 1,
            Unsubscribed(_) => self.subscriptions = self.subscriptions.saturating_sub(1),
        }
    }

    fn try_clone(&self) -> Option<Self> {
        Some(self.clone())
    }
}

impl Aggregate for Course {
    const NAME: &'static str = "course";
}

/// Offers a course with so many seats.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Define(pub u32);

/// Gives the course so many seats. As many as it has change nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UpdateCapacity(pub u32);

/// The course does not take place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cancel;

#[commands]
impl Course {
    fn define(&self, &Define(capacity): &Define, ctx: &mut Ctx) -> Result<(), Refused> {
        require(self.capacity.is_none(), Refused::AlreadyDefined)?;
        ctx.emit(CourseDefined { capacity });
        Ok(())
    }

    fn update_capacity(&self, command: &UpdateCapacity, ctx: &mut Ctx) -> Result<(), Refused> {
        let (before, capacity) = (self.open()?, command.0);
        require(capacity >= self.subscriptions, Refused::BelowSubscriptions(self.subscriptions))?;
        if capacity != before {
            ctx.emit(CourseCapacityChanged { capacity });
        }
        Ok(())
    }

    fn cancel(&self, _: &Cancel, ctx: &mut Ctx) -> Result<(), Refused> {
        self.open()?;
        ctx.emit(CourseCancelled);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bailiwick_core::given;

    use super::super::sample::*;
    use super::Refused::*;
    use super::*;

    fn course(capacity: u32) -> bailiwick_core::Given<Course> {
        given::<Course>("c1").events([defined(capacity)])
    }

    #[test]
    fn a_course_is_defined_once() {
        given::<Course>("c1")
            .when(Define(15))
            .emits([defined(15)])
            .when(Define(15))
            .rejected(AlreadyDefined)
            .events([CourseCancelled])
            .when(Define(15))
            .rejected(AlreadyDefined);
    }

    #[test]
    fn the_capacity_is_changed_and_the_same_capacity_changes_nothing() {
        course(12)
            .when(UpdateCapacity(15))
            .emits([capacity_changed(15)])
            .when(UpdateCapacity(15))
            .emits_nothing()
            .when(UpdateCapacity(12))
            .emits([capacity_changed(12)]);
    }

    #[test]
    fn only_a_course_that_takes_place_is_changed_or_cancelled() {
        given::<Course>("c0")
            .when(UpdateCapacity(15))
            .rejected(NotDefined)
            .when(Cancel)
            .rejected(NotDefined);
        course(15)
            .when(Cancel)
            .emits([CourseCancelled])
            .when(UpdateCapacity(15))
            .rejected(Cancelled)
            .when(Cancel)
            .rejected(Cancelled);
    }

    #[test]
    fn the_capacity_is_never_below_the_subscriptions() {
        course(3)
            .events([subscribed("s1", "c1").into(), subscribed("s2", "c1").into()])
            .when(UpdateCapacity(1))
            .rejected(BelowSubscriptions(2))
            .when(UpdateCapacity(2))
            .emits([capacity_changed(2)])
            .events([unsubscribed("s2", "c1").into()])
            .when(UpdateCapacity(1))
            .emits([capacity_changed(1)])
            .when(UpdateCapacity(0))
            .rejected(BelowSubscriptions(1));
    }

    #[test]
    fn a_course_with_subscriptions_can_be_cancelled() {
        course(3).events([subscribed("s1", "c1").into()]).when(Cancel).emits([CourseCancelled]);
    }
}
