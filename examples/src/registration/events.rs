//! What happens to students and courses. A subscription happens to both.

#![allow(missing_docs, reason = "a variant's doc tells of its field")]

use bailiwick_core::{Event, id};
use serde::{Deserialize, Serialize};

id!(
    /// A student.
    pub StudentId: "student",
    /// A course.
    pub CourseId: "course",
);

/// A student took a seat of a course.
#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StudentSubscribedToCourse {
    /// Who.
    #[tag]
    pub student: StudentId,
    /// Where.
    #[tag]
    pub course: CourseId,
}

/// A student gave a seat of a course back.
#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StudentUnsubscribedFromCourse {
    /// Who.
    #[tag]
    pub student: StudentId,
    /// Where.
    #[tag]
    pub course: CourseId,
}

/// What happens to a student.
#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum StudentEvent {
    /// The student came, and has this name.
    StudentRegistered { name: String },
    /// The student has another name.
    StudentRenamed { name: String },
    /// The student went.
    StudentLeft,
    /// The student took a seat.
    Subscribed(StudentSubscribedToCourse),
    /// The student gave a seat back.
    Unsubscribed(StudentUnsubscribedFromCourse),
}

/// What happens to a course.
#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum CourseEvent {
    /// The course is offered, with so many seats.
    CourseDefined { capacity: u32 },
    /// The course has another number of seats.
    CourseCapacityChanged { capacity: u32 },
    /// The course does not take place.
    CourseCancelled,
    /// A seat was taken.
    Subscribed(StudentSubscribedToCourse),
    /// A seat was given back.
    Unsubscribed(StudentUnsubscribedFromCourse),
}
