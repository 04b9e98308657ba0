//! Which rules can say no.

use super::MAX_SUBSCRIPTIONS;

/// A rule that said no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The student is there.
    #[error("the student is registered already")]
    AlreadyRegistered,
    /// The student is not there.
    #[error("the student is not registered, or has left")]
    NotActive,
    /// The student would leave seats taken.
    #[error("the student has {0} subscriptions to be undone first")]
    HasSubscriptions(usize),
    /// The ID has been used for a course.
    #[error("the course is defined already")]
    AlreadyDefined,
    /// There is no course of this ID.
    #[error("the course is not defined")]
    NotDefined,
    /// The course does not take place.
    #[error("the course is cancelled")]
    Cancelled,
    /// Somebody would lose a seat.
    #[error("the course has {0} subscriptions")]
    BelowSubscriptions(u32),
    /// The student has a seat there.
    #[error("the student is subscribed to the course already")]
    AlreadySubscribed,
    /// The student has enough to do.
    #[error("a student has at most {MAX_SUBSCRIPTIONS} subscriptions")]
    TooManySubscriptions,
    /// No seat is free.
    #[error("the course is full")]
    CourseFull,
    /// There is no seat to give back.
    #[error("the student is not subscribed to the course")]
    NotSubscribed,
}
