//! Giving a seat of a course back.

use bailiwick_core::{Context, Decision, require};
use serde::{Deserialize, Serialize};

use super::{CourseId, Refused, Student, StudentId, StudentUnsubscribedFromCourse};

/// Gives a student's seat of a course back, whatever has become of the two.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Unsubscribe {
    /// Whose.
    pub student: StudentId,
    /// Where.
    pub course: CourseId,
}

/// The student alone knows, so the course is not read, and not waited for.
impl Decision for Unsubscribe {
    type Views = Student;
    type Event = StudentUnsubscribedFromCourse;
    type Reply = ();
    type Rejection = Refused;

    fn keys(&self) -> StudentId {
        self.student.clone()
    }

    fn decide(&self, student: &Student, ctx: &mut Context<Self::Event>) -> Result<(), Refused> {
        require(student.courses.contains(&self.course), Refused::NotSubscribed)?;
        let Unsubscribe { student, course } = self.clone();
        ctx.emit(StudentUnsubscribedFromCourse { student, course });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bailiwick_core::given_events;

    use super::super::CourseEvent::CourseCancelled;
    use super::super::sample::*;
    use super::super::{Course, Leave, UpdateCapacity};
    use super::Refused::*;
    use super::*;

    #[test]
    fn a_seat_that_is_held_is_given_back_once() {
        given_events()
            .when(unsubscribe("s1", "c1"))
            .rejected(NotSubscribed)
            .event(subscribed("s1", "c2"))
            .when(unsubscribe("s1", "c1"))
            .rejected(NotSubscribed)
            .event(subscribed("s1", "c1"))
            .when(unsubscribe("s1", "c1"))
            .emits([unsubscribed("s1", "c1")])
            .replies(())
            .when(unsubscribe("s1", "c1"))
            .rejected(NotSubscribed);
    }

    #[test]
    fn it_undoes_what_subscribing_did() {
        given_both("s1", "c1", 1)
            .when(subscribe("s1", "c1"))
            .accepted()
            .when(unsubscribe("s1", "c1"))
            .accepted()
            .event(student("s2", registered("Bob")))
            .when(subscribe("s2", "c1"))
            .emits([subscribed("s2", "c1")])
            .when(unsubscribe("s2", "c1"))
            .accepted()
            .when(subscribe("s1", "c1"))
            .emits([subscribed("s1", "c1")]);
    }

    #[test]
    fn a_seat_of_a_cancelled_course_is_given_back() {
        given_events()
            .event(subscribed("s1", "c1"))
            .unrelated(course("c1", CourseCancelled))
            .when(unsubscribe("s1", "c1"))
            .emits([unsubscribed("s1", "c1")]);
    }

    #[test]
    fn the_student_and_the_course_see_it() {
        let undone = || {
            given_both("s1", "c1", 1)
                .when(subscribe("s1", "c1"))
                .accepted()
                .when(unsubscribe("s1", "c1"))
                .accepted()
        };
        undone().aggregate::<Student>("s1").when(Leave).accepted();
        undone().aggregate::<Course>("c1").when(UpdateCapacity(0)).accepted();
    }
}
