//! Course registration: rules that cross aggregates.
//!
//! A student and a course each rule over themselves. A subscription belongs to neither: it is a
//! decision that reads both, and both see what it appended.
//!
//! Where the specification is silent: a student who left may register again. A course that was
//! cancelled stays so, and its subscriptions count until they are undone: whoever wants to leave, or
//! has five, unsubscribes first.

mod course;
mod events;
mod refused;
#[cfg(test)]
mod sample;
mod student;
mod subscribe;
mod unsubscribe;

pub use course::{Cancel, Course, Define, UpdateCapacity};
pub use events::{
    CourseEvent, CourseId, StudentEvent, StudentId, StudentSubscribedToCourse,
    StudentUnsubscribedFromCourse,
};
pub use refused::Refused;
pub use student::{ChangeName, Leave, Register, Student};
pub use subscribe::{MAX_SUBSCRIPTIONS, Subscribe};
pub use unsubscribe::Unsubscribe;
