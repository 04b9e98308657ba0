//! The dean's office, at work while the students come. It asks the courses themselves.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bailiwick::{Decide, Position, Receipt};
use bailiwick_examples::registration::{Cancel, Course, CourseId, Define, Refused, UpdateCapacity};

use super::cast::{CANCELLED, RESIZED};
use super::school::{School, no_answer, yes_or_no};
use crate::failure::Failure;

/// How long the office looks away.
const BETWEEN_TWO_LOOKS: Duration = Duration::from_millis(1);

/// What the office did.
#[derive(Debug)]
pub struct Deed {
    /// How long after the opening.
    pub at: Duration,
    pub text: String,
    pub answer: Result<Position, Refused>,
}

/// Offers the courses.
pub async fn offer(school: &School, courses: &[(CourseId, u32)]) -> Result<(), Failure> {
    for (course, seats) in courses {
        let asked = school.courses.get(course.clone()).ask(Define(*seats)).await;
        asked.map_err(|error| no_answer(course, &error))?;
    }
    Ok(())
}

/// Waits until a course is full, or it is over. Then that one cannot be made smaller, but larger; and
/// another one is cancelled.
pub async fn work(
    school: School,
    opened: Instant,
    over: Arc<AtomicBool>,
) -> Result<Vec<Deed>, Failure> {
    let mut deeds = Vec::new();
    let seats = loop {
        let look = school
            .courses
            .get(RESIZED)
            .read(|course, _| (course.capacity.unwrap_or(0), course.subscriptions));
        let seen = look.await.map_err(|error| no_answer(&"the office", &error))?;
        let (seats, taken) = seen.value;
        if taken == seats {
            break seats;
        }
        if over.load(Ordering::Relaxed) {
            // Few came: there is room for all.
            return Ok(deeds);
        }
        tokio::time::sleep(BETWEEN_TWO_LOOKS).await;
    };
    let mut note = |text: String, answer| deeds.push(Deed { at: opened.elapsed(), text, answer });
    let smaller = ask(&school, RESIZED, UpdateCapacity(seats / 2)).await?;
    note(format!("{RESIZED} cut to {} seats", seats / 2), smaller);
    let larger = seats + seats.div_ceil(4);
    let answer = ask(&school, RESIZED, UpdateCapacity(larger)).await?;
    note(format!("{RESIZED} raised to {larger} seats"), answer);
    let cancelled = ask(&school, CANCELLED, Cancel).await?;
    note(format!("{CANCELLED} cancelled"), cancelled);
    Ok(deeds)
}

async fn ask<C: Send + 'static>(
    school: &School,
    course: &'static str,
    command: C,
) -> Result<Result<Position, Refused>, Failure>
where
    Course: Decide<C, Reply = (), Rejection = Refused>,
{
    let asked = school.courses.get(course).ask_with_receipt(command).await;
    let asked: Result<Receipt<()>, _> = asked;
    yes_or_no(&"the office", asked)
}
