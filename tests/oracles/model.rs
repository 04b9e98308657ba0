//! Course registration, once more: as a list of facts that happen one after the other.
//!
//! Written after the specification and not after the domain, of which only the names of the rules
//! are taken.

use std::collections::{BTreeMap, BTreeSet};

use bailiwick::Id;
use bailiwick::journal::RecordedEvent;
use bailiwick_examples::registration::{
    CourseEvent, CourseId, Refused, StudentEvent, StudentId, StudentSubscribedToCourse,
    StudentUnsubscribedFromCourse,
};

/// What somebody wants.
#[derive(Debug, Clone, PartialEq)]
pub enum Wish {
    Register(StudentId, String),
    ChangeName(StudentId, String),
    Leave(StudentId),
    Define(CourseId, u32),
    UpdateCapacity(CourseId, u32),
    Cancel(CourseId),
    Subscribe(StudentId, CourseId),
    Unsubscribe(StudentId, CourseId),
}

impl Wish {
    /// The student and the course whom it is about.
    pub fn concerns(&self) -> (Option<StudentId>, Option<CourseId>) {
        match self.clone() {
            Wish::Register(who, _) | Wish::ChangeName(who, _) | Wish::Leave(who) => {
                (Some(who), None)
            }
            Wish::Define(place, _) | Wish::UpdateCapacity(place, _) | Wish::Cancel(place) => {
                (None, Some(place))
            }
            Wish::Subscribe(who, place) | Wish::Unsubscribe(who, place) => (Some(who), Some(place)),
        }
    }
}

/// What came true.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    Registered(StudentId, String),
    Renamed(StudentId, String),
    Left(StudentId),
    Defined(CourseId, u32),
    Resized(CourseId, u32),
    Cancelled(CourseId),
    Subscribed(StudentId, CourseId),
    Unsubscribed(StudentId, CourseId),
}

/// What is so, after some facts.
#[derive(Debug, Default)]
pub struct Model {
    names: BTreeMap<StudentId, String>,
    capacities: BTreeMap<CourseId, u32>,
    cancelled: BTreeSet<CourseId>,
    seats: BTreeSet<(StudentId, CourseId)>,
}

impl Model {
    /// What should come of the wish now: a fact, or nothing because it is so already.
    pub fn judge(&self, wish: &Wish) -> Result<Option<Fact>, Refused> {
        let fact = match wish.clone() {
            Wish::Register(who, name) => {
                refuse(self.names.contains_key(&who), Refused::AlreadyRegistered)?;
                Fact::Registered(who, name)
            }
            Wish::ChangeName(who, name) => {
                let same = *self.names.get(&who).ok_or(Refused::NotActive)? == name;
                return Ok((!same).then_some(Fact::Renamed(who, name)));
            }
            Wish::Leave(who) => {
                refuse(!self.names.contains_key(&who), Refused::NotActive)?;
                let held = self.held_by(&who);
                refuse(held > 0, Refused::HasSubscriptions(held))?;
                Fact::Left(who)
            }
            Wish::Define(place, seats) => {
                refuse(self.capacities.contains_key(&place), Refused::AlreadyDefined)?;
                Fact::Defined(place, seats)
            }
            Wish::UpdateCapacity(place, seats) => {
                let before = self.capacity(&place)?;
                let taken = self.taken(&place);
                refuse(seats < taken, Refused::BelowSubscriptions(taken))?;
                return Ok((seats != before).then_some(Fact::Resized(place, seats)));
            }
            Wish::Cancel(place) => {
                self.capacity(&place)?;
                Fact::Cancelled(place)
            }
            Wish::Subscribe(who, place) => {
                refuse(!self.names.contains_key(&who), Refused::NotActive)?;
                let seats = self.capacity(&place)?;
                let twice = self.seats.contains(&(who.clone(), place.clone()));
                refuse(twice, Refused::AlreadySubscribed)?;
                refuse(self.held_by(&who) >= 5, Refused::TooManySubscriptions)?;
                refuse(self.taken(&place) >= seats, Refused::CourseFull)?;
                Fact::Subscribed(who, place)
            }
            Wish::Unsubscribe(who, place) => {
                let held = self.seats.contains(&(who.clone(), place.clone()));
                refuse(!held, Refused::NotSubscribed)?;
                Fact::Unsubscribed(who, place)
            }
        };
        Ok(Some(fact))
    }

    /// It came true.
    pub fn add(&mut self, fact: &Fact) {
        match fact.clone() {
            Fact::Registered(who, name) | Fact::Renamed(who, name) => {
                self.names.insert(who, name);
            }
            Fact::Left(who) => drop(self.names.remove(&who)),
            Fact::Defined(place, seats) | Fact::Resized(place, seats) => {
                self.capacities.insert(place, seats);
            }
            Fact::Cancelled(place) => drop(self.cancelled.insert(place)),
            Fact::Subscribed(who, place) => drop(self.seats.insert((who, place))),
            Fact::Unsubscribed(who, place) => drop(self.seats.remove(&(who, place))),
        }
    }

    fn capacity(&self, place: &CourseId) -> Result<u32, Refused> {
        refuse(self.cancelled.contains(place), Refused::Cancelled)?;
        self.capacities.get(place).copied().ok_or(Refused::NotDefined)
    }

    fn held_by(&self, who: &StudentId) -> usize {
        self.seats.iter().filter(|(student, _)| student == who).count()
    }

    fn taken(&self, place: &CourseId) -> u32 {
        let taken = self.seats.iter().filter(|(_, course)| course == place).count();
        u32::try_from(taken).expect("few seats")
    }
}

fn refuse(if_so: bool, why: Refused) -> Result<(), Refused> {
    if if_so { Err(why) } else { Ok(()) }
}

impl Fact {
    /// What an event says.
    pub fn of(recorded: &RecordedEvent) -> Fact {
        let named = |key| {
            let tag = recorded.event.tags.iter().find(|tag| tag.key() == key);
            tag.unwrap_or_else(|| panic!("{} has no {key}", recorded.position)).value()
        };
        if let Ok(Some(event)) = recorded.event.decode() {
            return Fact::of_student(|| named(StudentId::KEY).parse().expect("an ID"), event);
        }
        let event = recorded.event.decode().expect("it can be read").expect("no type is retired");
        let place = || named(CourseId::KEY).parse().expect("an ID");
        match event {
            CourseEvent::CourseDefined { capacity } => Fact::Defined(place(), capacity),
            CourseEvent::CourseCapacityChanged { capacity } => Fact::Resized(place(), capacity),
            CourseEvent::CourseCancelled => Fact::Cancelled(place()),
            CourseEvent::Subscribed(_) | CourseEvent::Unsubscribed(_) => {
                unreachable!("a student's, too")
            }
        }
    }

    fn of_student(who: impl Fn() -> StudentId, event: StudentEvent) -> Fact {
        match event {
            StudentEvent::StudentRegistered { name } => Fact::Registered(who(), name),
            StudentEvent::StudentRenamed { name } => Fact::Renamed(who(), name),
            StudentEvent::StudentLeft => Fact::Left(who()),
            StudentEvent::Subscribed(StudentSubscribedToCourse { student, course }) => {
                Fact::Subscribed(student, course)
            }
            StudentEvent::Unsubscribed(StudentUnsubscribedFromCourse { student, course }) => {
                Fact::Unsubscribed(student, course)
            }
        }
    }
}
