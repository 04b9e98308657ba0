//! The morning itself: everybody at once, on one runtime.

mod answers;
mod board;
mod cast;
mod office;
mod school;

use std::io::{self, Write};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bailiwick::Position;
use bailiwick::journal::Journal;
use bailiwick_examples::registration::CourseId;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::args::Args;
use crate::failure::Failure;
use crate::place::Place;
use crate::style::{BOLD, DIM, GOOD, NO, counted, grouped, paint, titled};
pub use answers::Answers;
use board::Board;
use cast::Visitor;
use office::Deed;
use school::no_answer;

const BETWEEN_TWO_FRAMES: Duration = Duration::from_millis(50);

/// How long what was accepted may take when it is over.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// Plays it. The journal is let go of in the end.
pub async fn play(
    out: &mut impl Write,
    journal: Arc<dyn Journal>,
    place: &Place,
    args: &Args,
    live: bool,
) -> Result<Answers, Failure> {
    let (runtime, school) = school::start(journal).await?;
    let (courses, visitors) = (cast::courses(args), cast::visitors(args));
    opening(out, &courses, &visitors, place)?;
    office::offer(&school, &courses).await?;
    let mut all = JoinSet::new();
    visitors.iter().for_each(|visitor| {
        all.spawn(school.clone().register(visitor.student.clone()));
    });
    everybody(all).await?;
    writeln!(out, "\n{}", titled("Registration opens"))?;
    let opened = Instant::now();
    let over = Arc::new(AtomicBool::new(false));
    let working = tokio::spawn(office::work(school.clone(), opened, over.clone()));
    let mut all = JoinSet::new();
    visitors.into_iter().for_each(|visitor| {
        all.spawn(school.clone().visit(visitor));
    });
    let courses = courses.into_iter().map(|(course, _)| course).collect();
    let mut board = Board::new(courses, school.clone());
    let mut rush = pin!(everybody(all));
    loop {
        match timeout(BETWEEN_TWO_FRAMES, rush.as_mut()).await {
            Ok(outcome) => break outcome?,
            Err(_) if live => board.draw(out, opened.elapsed()).await?,
            Err(_) => {}
        }
    }
    over.store(true, Ordering::Relaxed);
    let deeds = working.await.map_err(|error| no_answer(&"the office", &error))??;
    let lasted = opened.elapsed();
    board.draw(out, lasted).await?;
    meanwhile(out, &deeds)?;
    let conflicts = runtime.counts().conflicts;
    drop(board);
    let answers = std::mem::take(&mut *school.answers.lock().await);
    drop(school);
    runtime.shutdown(TIME_LIMIT).await;
    Ok(Answers { conflicts, lasted, ..answers })
}

/// There was one before: nothing is added.
pub fn over(out: &mut impl Write, place: &Place, head: Position) -> Result<(), Failure> {
    title(out)?;
    let events = counted(usize::try_from(head.get()).unwrap_or(usize::MAX), "event");
    writeln!(out, " {place} holds a morning already, of {events}. Nothing is added.")?;
    Ok(())
}

/// Waits for all, or for the first who was not answered.
async fn everybody(mut all: JoinSet<Result<(), Failure>>) -> Result<(), Failure> {
    while let Some(one) = all.join_next().await {
        one.map_err(|error| no_answer(&"a student", &error))??;
    }
    Ok(())
}

fn title(out: &mut impl Write) -> io::Result<()> {
    let title = "course_registration: the morning when registration opens";
    writeln!(out, "\n {}\n", paint(BOLD, title))
}

fn opening(
    out: &mut impl Write,
    courses: &[(CourseId, u32)],
    visitors: &[Visitor],
    place: &Place,
) -> io::Result<()> {
    title(out)?;
    let students = counted(visitors.len(), "student");
    let wishes = grouped(visitors.iter().map(|visitor| visitor.wishes.len()).sum());
    let seats = grouped(courses.iter().map(|(_, seats)| *seats as usize).sum());
    let of = courses.len();
    writeln!(out, " {students} are after {wishes} seats of {of} courses, which have {seats}.")?;
    writeln!(out, " Each may have five, and whoever is faster gets them.")?;
    writeln!(out, "\n {}", paint(DIM, format_args!("The journal is in {place}.")))
}

fn meanwhile(out: &mut impl Write, deeds: &[Deed]) -> io::Result<()> {
    if deeds.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{}", titled("Meanwhile, the dean's office"))?;
    for Deed { at, text, answer } in deeds {
        let at = paint(DIM, format_args!("{:>5.2} s", at.as_secs_f64()));
        let answer = match answer {
            Ok(position) => paint(GOOD, format_args!("done, #{position}")),
            Err(refused) => paint(NO, format_args!("no, {refused}")),
        };
        writeln!(out, " {at}  {text:<32}{answer}")?;
    }
    Ok(())
}
