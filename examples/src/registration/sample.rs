//! Commands and events in short, for the tests.

use bailiwick_core::{By, GivenEvents, by, given_events};

use super::CourseEvent::*;
use super::StudentEvent::*;
use super::*;

pub fn register(name: &str) -> Register {
    Register(name.into())
}

pub fn subscribe(student: &'static str, course: &'static str) -> Subscribe {
    Subscribe { student: student.into(), course: course.into() }
}

pub fn unsubscribe(student: &'static str, course: &'static str) -> Unsubscribe {
    Unsubscribe { student: student.into(), course: course.into() }
}

pub fn registered(name: &str) -> StudentEvent {
    StudentRegistered { name: name.into() }
}

pub fn defined(capacity: u32) -> CourseEvent {
    CourseDefined { capacity }
}

pub fn capacity_changed(capacity: u32) -> CourseEvent {
    CourseCapacityChanged { capacity }
}

pub fn subscribed(student: &'static str, course: &'static str) -> StudentSubscribedToCourse {
    StudentSubscribedToCourse { student: student.into(), course: course.into() }
}

pub fn unsubscribed(student: &'static str, course: &'static str) -> StudentUnsubscribedFromCourse {
    StudentUnsubscribedFromCourse { student: student.into(), course: course.into() }
}

pub fn student(id: &'static str, event: StudentEvent) -> By<Student> {
    by(id, event)
}

pub fn course(id: &'static str, event: CourseEvent) -> By<Course> {
    by(id, event)
}

/// A story in which this student is there, and this course takes place with so many seats.
pub fn given_both(who: &'static str, place: &'static str, capacity: u32) -> GivenEvents {
    given_events().event(student(who, registered("Ada"))).event(course(place, defined(capacity)))
}
