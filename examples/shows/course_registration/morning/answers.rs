//! What was answered, as those who asked remember it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bailiwick::Position;
use bailiwick_examples::registration::{CourseId, Refused, StudentId};
use tokio::sync::Mutex;

/// What was answered.
#[derive(Debug, Default)]
pub struct Answers {
    /// The seats that were given, by position.
    pub granted: BTreeMap<u64, (StudentId, CourseId)>,
    /// How often each rule said no.
    pub refused: BTreeMap<String, usize>,
    /// How many seats were given back, and how many students left.
    pub returned: usize,
    pub left: usize,
    /// How long each answer took.
    pub took: Vec<Duration>,
    /// How many appends met what somebody else had written.
    pub conflicts: u64,
    /// From the opening to the last answer.
    pub lasted: Duration,
}

/// Shared by all who ask.
pub type Book = Arc<Mutex<Answers>>;

impl Answers {
    /// A seat was given.
    pub fn grant(&mut self, position: Position, student: &StudentId, course: &CourseId) {
        self.granted.insert(position.get(), (student.clone(), course.clone()));
    }

    /// A rule said no.
    pub fn refuse(&mut self, refused: &Refused) {
        let why = match refused {
            // However many: one line.
            Refused::HasSubscriptions(_) => "the student has seats to be given back first".into(),
            refused => refused.to_string(),
        };
        *self.refused.entry(why).or_default() += 1;
    }

    /// How many were refused.
    pub fn refusals(&self) -> usize {
        self.refused.values().sum()
    }

    /// What this share of all answers did not take longer than.
    pub fn percentile(&mut self, percent: usize) -> Duration {
        self.took.sort_unstable();
        self.took
            .get(self.took.len().saturating_sub(1) * percent / 100)
            .copied()
            .unwrap_or_default()
    }
}
