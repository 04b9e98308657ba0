//! Taking a seat of a course: belongs to the student and to the course, so to neither.

use bailiwick_core::{Context, Decision, require};
use serde::{Deserialize, Serialize};

use super::{Course, CourseId, Refused, Student, StudentId, StudentSubscribedToCourse};

type Ctx = Context<StudentSubscribedToCourse>;

/// To how many courses a student may be subscribed.
pub const MAX_SUBSCRIPTIONS: usize = 5;

/// Takes a seat of a course for a student.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Subscribe {
    /// For whom.
    pub student: StudentId,
    /// Where.
    pub course: CourseId,
}

impl Decision for Subscribe {
    type Views = (Student, Course);
    type Event = StudentSubscribedToCourse;
    type Reply = ();
    type Rejection = Refused;

    fn keys(&self) -> (StudentId, CourseId) {
        (self.student.clone(), self.course.clone())
    }

    fn decide(&self, (student, course): (&Student, &Course), ctx: &mut Ctx) -> Result<(), Refused> {
        student.active()?;
        let capacity = course.open()?;
        require(!student.courses.contains(&self.course), Refused::AlreadySubscribed)?;
        require(student.courses.len() < MAX_SUBSCRIPTIONS, Refused::TooManySubscriptions)?;
        require(course.subscriptions < capacity, Refused::CourseFull)?;
        let (student, course) = self.keys();
        ctx.emit(StudentSubscribedToCourse { student, course });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bailiwick_core::given_events;

    use super::super::CourseEvent::CourseCancelled;
    use super::super::StudentEvent::StudentLeft;
    use super::super::sample::*;
    use super::super::{Leave, UpdateCapacity};
    use super::Refused::*;
    use super::*;

    #[test]
    fn a_free_seat_is_taken() {
        given_both("s1", "c1", 10)
            .when(subscribe("s1", "c1"))
            .emits([subscribed("s1", "c1")])
            .replies(())
            .views(|(student, course), _| {
                assert!(student.courses.contains(&"c1".into()));
                assert_eq!(course.subscriptions, 1);
            });
    }

    #[test]
    fn only_a_student_who_is_there_subscribes() {
        given_events()
            .event(course("c1", defined(10)))
            .when(subscribe("s1", "c1"))
            .rejected(NotActive)
            .event(student("s1", registered("Ada")))
            .event(student("s1", StudentLeft))
            .when(subscribe("s1", "c1"))
            .rejected(NotActive)
            .event(student("s1", registered("Ada")))
            .when(subscribe("s1", "c1"))
            .emits([subscribed("s1", "c1")]);
    }

    #[test]
    fn only_a_course_that_takes_place_is_subscribed_to() {
        given_events()
            .event(student("s1", registered("Ada")))
            .when(subscribe("s1", "c0"))
            .rejected(NotDefined)
            .event(course("c0", defined(10)))
            .event(course("c0", CourseCancelled))
            .when(subscribe("s1", "c0"))
            .rejected(Cancelled);
    }

    #[test]
    fn a_student_subscribes_to_a_course_once() {
        given_both("s1", "c1", 10)
            .event(subscribed("s1", "c1"))
            .when(subscribe("s1", "c1"))
            .rejected(AlreadySubscribed);
    }

    #[test]
    fn a_student_has_five_subscriptions_at_most() {
        // Of courses that were never defined: what counts is that the student has them.
        let four = ["c1", "c2", "c3", "c4"].map(|course| subscribed("s1", course));
        given_both("s1", "c5", 10)
            .events(four)
            .when(subscribe("s1", "c5"))
            .emits([subscribed("s1", "c5")])
            .event(course("c6", defined(10)))
            .when(subscribe("s1", "c6"))
            .rejected(TooManySubscriptions);
    }

    #[test]
    fn a_course_has_no_more_subscriptions_than_seats() {
        given_both("s4", "c1", 3)
            .events(["s1", "s2", "s3"].map(|student| subscribed(student, "c1")))
            .when(subscribe("s4", "c1"))
            .rejected(CourseFull)
            .event(course("c1", capacity_changed(4)))
            .when(subscribe("s4", "c1"))
            .emits([subscribed("s4", "c1")]);
    }

    #[test]
    fn refusals_are_judged_in_order() {
        let full = || {
            let four = ["c2", "c3", "c4", "c5"].map(|course| subscribed("s1", course));
            given_events().events(four).event(subscribed("s1", "c1"))
        };
        let subscribe = || subscribe("s1", "c1");
        full()
            .when(subscribe())
            .rejected(NotActive)
            .event(student("s1", registered("Ada")))
            .when(subscribe())
            .rejected(NotDefined)
            .event(course("c1", defined(1)))
            .when(subscribe())
            .rejected(AlreadySubscribed)
            .event(unsubscribed("s1", "c1"))
            .events([subscribed("s1", "c6"), subscribed("s2", "c1")])
            .when(subscribe())
            .rejected(TooManySubscriptions)
            .event(unsubscribed("s1", "c6"))
            .when(subscribe())
            .rejected(CourseFull);
    }

    #[test]
    fn what_happens_to_others_is_unrelated() {
        given_both("s1", "c1", 1)
            .unrelated(student("s2", registered("Bob")))
            .unrelated(course("c2", defined(0)))
            .unrelated(subscribed("s2", "c2"))
            .when(subscribe("s1", "c1"))
            .accepted();
    }

    #[test]
    fn the_student_sees_the_subscription() {
        given_both("s1", "c1", 10)
            .when(subscribe("s1", "c1"))
            .accepted()
            .aggregate::<Student>("s1")
            .when(Leave)
            .rejected(HasSubscriptions(1));
    }

    #[test]
    fn the_course_sees_the_subscription() {
        given_both("s1", "c1", 10)
            .when(subscribe("s1", "c1"))
            .accepted()
            .aggregate::<Course>("c1")
            .when(UpdateCapacity(0))
            .rejected(BelowSubscriptions(1));
    }
}
