//! The runtime, and everything that is asked of it. What is neither yes nor no ends the morning.

use std::error::Error;
use std::fmt::Display;
use std::time::{Duration, Instant};

use bailiwick::journal::Journal;
use bailiwick::{Aggregates, AskError, ErrorReport, Position, Receipt, Runtime};
use bailiwick_examples::registration::{
    Course, CourseId, Leave, Refused, Register, Student, StudentId, Subscribe, Unsubscribe,
};

use super::answers::Book;
use super::cast::{Habit, Visitor};
use crate::failure::Failure;

/// Longer than anybody waits.
const TIME_LIMIT: Duration = Duration::from_secs(60);

#[derive(Clone)]
pub struct School {
    decisions: bailiwick::Decisions,
    pub students: Aggregates<Student>,
    pub courses: Aggregates<Course>,
    pub answers: Book,
}

/// Starts the runtime.
pub async fn start(journal: std::sync::Arc<dyn Journal>) -> Result<(Runtime, School), Failure> {
    let builder = Runtime::builder_shared(journal)
        .aggregate::<Student>()
        .aggregate::<Course>()
        .decision::<Subscribe>()
        .decision::<Unsubscribe>()
        .config(|config| config.timeout(TIME_LIMIT));
    let runtime = builder.start().await?;
    let school = School {
        decisions: runtime.decisions(),
        students: runtime.aggregates(),
        courses: runtime.aggregates(),
        answers: Book::default(),
    };
    Ok((runtime, school))
}

impl School {
    pub async fn register(self, student: StudentId) -> Result<(), Failure> {
        let asked = self.students.get(student.clone()).ask(Register(student.to_string())).await;
        asked.map_err(|error| no_answer(&student, &error))
    }

    /// One student's morning.
    pub async fn visit(self, visitor: Visitor) -> Result<(), Failure> {
        let Visitor { student, comes_after, wishes, habit } = &visitor;
        if !comes_after.is_zero() {
            tokio::time::sleep(*comes_after).await;
        }
        let mut seats = Vec::new();
        for course in wishes {
            let twice = async {
                match habit {
                    Habit::Impatient => self.subscribe(student, course).await,
                    _ => Ok(false),
                }
            };
            let (first, second) = tokio::join!(self.subscribe(student, course), twice);
            if first? || second? {
                seats.push(course);
            }
        }
        match habit {
            Habit::Undecided => self.unsubscribe(student, &seats[..seats.len().min(1)]).await,
            Habit::Leaving => {
                self.leave(student).await?;
                if !seats.is_empty() {
                    self.unsubscribe(student, &seats).await?;
                    self.leave(student).await?;
                }
                Ok(())
            }
            Habit::None | Habit::Impatient => Ok(()),
        }
    }

    /// Whether there was a seat.
    async fn subscribe(&self, student: &StudentId, course: &CourseId) -> Result<bool, Failure> {
        let asked = Instant::now();
        let wish = Subscribe { student: student.clone(), course: course.clone() };
        let answer = yes_or_no(student, self.decisions.decide_with_receipt(wish).await)?;
        let mut answers = self.answers.lock().await;
        answers.took.push(asked.elapsed());
        match &answer {
            Ok(position) => answers.grant(*position, student, course),
            Err(refused) => answers.refuse(refused),
        }
        Ok(answer.is_ok())
    }

    async fn unsubscribe(&self, student: &StudentId, seats: &[&CourseId]) -> Result<(), Failure> {
        for course in seats {
            let (student, course) = (student.clone(), (*course).clone());
            let wish = Unsubscribe { student: student.clone(), course };
            let answer = yes_or_no(&student, self.decisions.decide_with_receipt(wish).await)?;
            let mut answers = self.answers.lock().await;
            match answer {
                Ok(_) => answers.returned += 1,
                Err(refused) => answers.refuse(&refused),
            }
        }
        Ok(())
    }

    async fn leave(&self, student: &StudentId) -> Result<(), Failure> {
        let asked = self.students.get(student.clone()).ask_with_receipt(Leave).await;
        let answer = yes_or_no(student, asked)?;
        let mut answers = self.answers.lock().await;
        match answer {
            Ok(_) => answers.left += 1,
            Err(refused) => answers.refuse(&refused),
        }
        Ok(())
    }
}

/// The position, or the rule that said no.
pub fn yes_or_no<C: 'static>(
    who: &impl Display,
    answer: Result<Receipt<()>, AskError<C, Refused>>,
) -> Result<Result<Position, Refused>, Failure> {
    match answer {
        Ok(committed) => Ok(Ok(committed.position)),
        Err(AskError::Rejected(refused)) => Ok(Err(refused)),
        Err(error) => Err(no_answer(who, &error)),
    }
}

pub fn no_answer(who: &impl Display, error: &(impl Error + 'static)) -> Failure {
    Failure::NoAnswer { who: who.to_string(), problem: ErrorReport::of(error).to_string() }
}
