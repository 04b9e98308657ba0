//! A command of an aggregate is tested as a decision, what is given is no event, and a decision emits
//! an event of a set that is not its own.

use bailiwick_core::{
    Aggregate, Context, Decide, Decision, Event, Timestamp, View, given_events, id,
};
use serde::{Deserialize, Serialize};

id!(CourseId: "course");

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Opened {
    #[tag]
    course: CourseId,
}

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Closed {
    #[tag]
    course: CourseId,
}

struct Course;

impl View for Course {
    type Key = CourseId;
    type Event = Opened;

    fn new(_: &CourseId) -> Self {
        Course
    }

    fn apply(&mut self, _: &Opened, _: Timestamp) {}
}

impl Aggregate for Course {
    const NAME: &'static str = "course";
}

struct Open;

impl Decide<Open> for Course {
    type Reply = ();
    type Rejection = std::convert::Infallible;

    fn decide(&self, _: &Open, _: &mut Context<Opened>) -> Result<(), Self::Rejection> {
        Ok(())
    }
}

struct Reopen(CourseId);

impl Decision for Reopen {
    type Views = Course;
    type Event = Opened;
    type Reply = ();
    type Rejection = std::convert::Infallible;

    fn keys(&self) -> CourseId {
        self.0.clone()
    }

    fn decide(&self, _: &Course, ctx: &mut Context<Opened>) -> Result<(), Self::Rejection> {
        ctx.emit(Closed { course: self.0.clone() });
        Ok(())
    }
}

fn main() {
    let _ = given_events().when(Open);
    let _ = given_events().event("opened");
}
