//! What a decision reads is not a view, or comes in another shape than it is taken.

use bailiwick_core::{Context, Decision, Event, Last, Timestamp, View, Views, id};
use serde::{Deserialize, Serialize};

id!(CourseId: "course");

#[derive(Event, Serialize, Deserialize)]
struct Opened {
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

struct NoView;

struct ReadsNoView;

impl Decision for ReadsNoView {
    type Views = NoView;
    type Event = Opened;
    type Reply = ();
    type Rejection = std::convert::Infallible;

    fn keys(&self) {}

    fn decide(&self, _: (), _: &mut Context<Opened>) -> Result<(), Self::Rejection> {
        Ok(())
    }
}

struct TakesOthers;

impl Decision for TakesOthers {
    type Views = (Course, Last<Opened>);
    type Event = Opened;
    type Reply = ();
    type Rejection = std::convert::Infallible;

    fn keys(&self) -> (CourseId, ()) {
        ("c1".into(), ())
    }

    fn decide(
        &self,
        (_, _): (&Course, Option<&Opened>),
        _: &mut Context<Opened>,
    ) -> Result<(), Self::Rejection> {
        Ok(())
    }
}

fn read<V: Views>() {}

fn main() {
    read::<(Course, Vec<u32>)>();
}
