//! Students and courses, folded from events alone, and the rules between them.

use std::collections::{BTreeMap, BTreeSet};

use bailiwick_examples::registration::{CourseEvent, CourseId, StudentEvent, StudentId};

/// A rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    Seats,
    Five,
    Twice,
    Active,
    TakesPlace,
    Capacity,
    Leave,
    GivenBack,
}

/// At most so many subscriptions of a student.
pub const MOST: usize = 5;

/// What the journal says about all of them.
#[derive(Debug, Default)]
pub struct School {
    /// Whether the student is there, and the student's courses.
    pub students: BTreeMap<StudentId, (bool, BTreeSet<CourseId>)>,
    /// The courses.
    pub courses: BTreeMap<CourseId, CourseRecord>,
    /// How often each rule was judged.
    pub judged: BTreeMap<Rule, usize>,
}

/// What the journal says about one course.
#[derive(Debug, Default)]
pub struct CourseRecord {
    /// How many seats it has.
    pub capacity: u32,
    /// How many of them are taken.
    pub taken: u32,
    /// Whether it was cancelled.
    pub cancelled: bool,
    /// How many were taken at most, of how many there were then.
    pub peak: (u32, u32),
}

impl School {
    /// Something happened to a student alone.
    pub fn student(&mut self, who: &StudentId, event: &StudentEvent) -> Result<(), String> {
        let (there, courses) = self.students.entry(who.clone()).or_default();
        match event {
            StudentEvent::StudentLeft => {
                *self.judged.entry(Rule::Leave).or_default() += 1;
                *there = false;
                if !courses.is_empty() {
                    return Err(format!("{who} leaves with {} subscriptions", courses.len()));
                }
            }
            _ => *there = true,
        }
        Ok(())
    }

    /// Something happened to a course alone.
    pub fn course(&mut self, place: &CourseId, event: &CourseEvent) -> Result<(), String> {
        let course = self.courses.entry(place.clone()).or_default();
        match event {
            CourseEvent::CourseDefined { capacity }
            | CourseEvent::CourseCapacityChanged { capacity } => {
                *self.judged.entry(Rule::Capacity).or_default() += 1;
                course.capacity = *capacity;
                if course.taken > *capacity {
                    let taken = course.taken;
                    return Err(format!("{place} has {taken} subscriptions, now {capacity} seats"));
                }
            }
            _ => course.cancelled = true,
        }
        Ok(())
    }

    /// A student takes a seat.
    pub fn subscribe(&mut self, who: &StudentId, place: &CourseId) -> Result<(), String> {
        let (there, courses) = self.students.entry(who.clone()).or_default();
        let course = self.courses.entry(place.clone()).or_default();
        let is_new = courses.insert(place.clone());
        course.taken += 1;
        let (taken, seats) = (course.taken, course.capacity);
        if taken > course.peak.0 {
            course.peak = (taken, seats);
        }
        let mut judge = |rule, holds: bool, what: &dyn Fn() -> String| {
            *self.judged.entry(rule).or_default() += 1;
            if holds { Ok(()) } else { Err(what()) }
        };
        judge(Rule::Active, *there, &|| format!("{who} is not there"))?;
        judge(Rule::TakesPlace, !course.cancelled && seats > 0, &|| {
            format!("{place} does not take place")
        })?;
        judge(Rule::Twice, is_new, &|| format!("{who} has a seat of {place} already"))?;
        judge(Rule::Five, courses.len() <= MOST, &|| {
            format!("{who} has {} subscriptions", courses.len())
        })?;
        judge(Rule::Seats, taken <= seats, &|| {
            format!("{place} has {taken} subscriptions, but {seats} seats")
        })
    }

    /// A student gives a seat back.
    pub fn unsubscribe(&mut self, who: &StudentId, place: &CourseId) -> Result<(), String> {
        *self.judged.entry(Rule::GivenBack).or_default() += 1;
        let (_, courses) = self.students.entry(who.clone()).or_default();
        if !courses.remove(place) {
            return Err(format!("{who} has no seat of {place} to give back"));
        }
        self.courses.entry(place.clone()).or_default().taken -= 1;
        Ok(())
    }

    /// How many subscriptions a student has at most, and how many students have so many.
    pub fn busiest(&self) -> (usize, usize) {
        let counts = || self.students.values().map(|(_, courses)| courses.len());
        let most = counts().max().unwrap_or(0);
        (most, counts().filter(|count| *count == most).count())
    }
}
