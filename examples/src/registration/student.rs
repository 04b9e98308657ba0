//! A student, and what a student may do alone.

use std::collections::BTreeSet;

use bailiwick_core::{Aggregate, Context, Timestamp, View, commands, require};
use serde::{Deserialize, Serialize};

use super::StudentEvent::{self, *};
use super::{CourseId, Refused, StudentId};

type Ctx = Context<StudentEvent>;

/// A student, with the courses that the student is subscribed to.
#[derive(Debug, Clone, Default)]
pub struct Student {
    /// The name of a student who is there.
    pub name: Option<String>,
    /// To which courses the student is subscribed.
    pub courses: BTreeSet<CourseId>,
}

impl Student {
    /// The name of a student who is there.
    ///
    /// # Errors
    /// If the student is not registered, or has left.
    pub fn active(&self) -> Result<&str, Refused> {
        self.name.as_deref().ok_or(Refused::NotActive)
    }
}

impl View for Student {
    type Key = StudentId;
    type Event = StudentEvent;

    fn new(_: &StudentId) -> Self {
        Student::default()
    }

    fn apply(&mut self, event: &StudentEvent, _at: Timestamp) {
        match event {
            StudentRegistered { name } | StudentRenamed { name } => self.name = Some(name.clone()),
            StudentLeft => self.name = None,
            Subscribed(event) => drop(self.courses.insert(event.course.clone())),
            Unsubscribed(event) => drop(self.courses.remove(&event.course)),
        }
    }

    fn try_clone(&self) -> Option<Self> {
        Some(self.clone())
    }
}

impl Aggregate for Student {
    const NAME: &'static str = "student";
}

/// Comes, or comes back, under this name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Register(pub String);

/// Takes this name. The one that the student has changes nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChangeName(pub String);

/// Goes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Leave;

#[commands]
impl Student {
    fn register(&self, Register(name): &Register, ctx: &mut Ctx) -> Result<(), Refused> {
        require(self.name.is_none(), Refused::AlreadyRegistered)?;
        ctx.emit(StudentRegistered { name: name.clone() });
        Ok(())
    }

    fn change_name(&self, ChangeName(name): &ChangeName, ctx: &mut Ctx) -> Result<(), Refused> {
        if self.active()? != name {
            ctx.emit(StudentRenamed { name: name.clone() });
        }
        Ok(())
    }

    fn leave(&self, _: &Leave, ctx: &mut Ctx) -> Result<(), Refused> {
        self.active()?;
        require(self.courses.is_empty(), Refused::HasSubscriptions(self.courses.len()))?;
        ctx.emit(StudentLeft);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bailiwick_core::given;

    use super::super::sample::*;
    use super::Refused::*;
    use super::*;

    fn student() -> bailiwick_core::Given<Student> {
        given::<Student>("s1").events([registered("Ada")])
    }

    #[test]
    fn a_student_registers_once() {
        given::<Student>("s1")
            .when(register("Ada"))
            .emits([registered("Ada")])
            .when(register("Ada"))
            .rejected(AlreadyRegistered);
    }

    #[test]
    fn who_left_may_register_again() {
        student()
            .events([StudentLeft])
            .when(register("Ada King"))
            .emits([registered("Ada King")])
            .state(|student, _| assert_eq!(student.name.as_deref(), Some("Ada King")));
    }

    #[test]
    fn a_name_is_changed_and_the_same_name_changes_nothing() {
        let change = |name: &str| ChangeName(name.into());
        let changed = |name: &str| StudentRenamed { name: name.into() };
        student()
            .when(change("Ada"))
            .emits_nothing()
            .when(change("Ada King"))
            .emits([changed("Ada King")])
            .when(change("Ada King"))
            .emits_nothing()
            .when(change("Ada"))
            .emits([changed("Ada")]);
    }

    #[test]
    fn only_a_student_who_is_there_changes_the_name_or_leaves() {
        let change = || ChangeName("Ada".into());
        given::<Student>("s1").when(change()).rejected(NotActive).when(Leave).rejected(NotActive);
        student()
            .when(Leave)
            .emits([StudentLeft])
            .when(change())
            .rejected(NotActive)
            .when(Leave)
            .rejected(NotActive);
    }

    #[test]
    fn a_student_with_subscriptions_cannot_leave() {
        student()
            .events([subscribed("s1", "c1").into(), subscribed("s1", "c2").into()])
            .when(Leave)
            .rejected(HasSubscriptions(2))
            .events([unsubscribed("s1", "c1").into()])
            .when(Leave)
            .rejected(HasSubscriptions(1))
            .events([unsubscribed("s1", "c2").into()])
            .when(Leave)
            .emits([StudentLeft]);
    }
}
