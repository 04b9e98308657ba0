//! The board on which the seats go: a line a course, written over on a terminal.

use std::io::{self, Write};
use std::time::Duration;

use bailiwick_examples::registration::CourseId;

use super::school::{School, no_answer};
use crate::failure::Failure;
use crate::style::{BOLD, DIM, GOOD, NO, TIME, grouped, paint};

const BAR: usize = 26;

/// Shows how many seats are taken, as the live courses know it.
pub struct Board {
    courses: Vec<CourseId>,
    school: School,
    /// How many lines are to be written over.
    drawn: usize,
}

impl Board {
    pub fn new(courses: Vec<CourseId>, school: School) -> Board {
        Board { courses, school, drawn: 0 }
    }

    /// Writes it, over the last one.
    pub async fn draw(&mut self, out: &mut impl Write, at: Duration) -> Result<(), Failure> {
        let mut lines = Vec::new();
        for course in &self.courses {
            let look = self.school.courses.get(course.clone()).read(|course, _| {
                (course.subscriptions, course.capacity.unwrap_or(0), course.cancelled)
            });
            let seats = look.await.map_err(|error| no_answer(course, &error))?;
            lines.push(line(course, seats.value));
        }
        let answers = self.school.answers.lock().await;
        let (granted, refused) = (grouped(answers.granted.len()), grouped(answers.refusals()));
        drop(answers);
        let counts = format!("{granted:>6} seats given   {refused:>7} times no");
        lines.push(format!("\n {:>6.1} s  {}", at.as_secs_f64(), paint(BOLD, counts)));
        Ok(self.write(out, &lines)?)
    }

    fn write(&mut self, out: &mut impl Write, lines: &[String]) -> io::Result<()> {
        if self.drawn > 0 {
            write!(out, "\x1b[{}A", self.drawn)?;
        }
        // Over a line that may have been longer.
        let rest = if self.drawn > 0 { "\x1b[K" } else { "" };
        for line in lines {
            writeln!(out, "{}{rest}", line.trim_end())?;
        }
        // The last one begins with an empty line.
        self.drawn = lines.len() + 1;
        out.flush()
    }
}

fn line(course: &CourseId, (taken, seats, cancelled): (u32, u32, bool)) -> String {
    let full = taken as usize * BAR / seats.max(1) as usize;
    let full = full.min(BAR);
    let (style, note) = match (cancelled, taken >= seats) {
        (true, _) => (NO, "cancelled"),
        (false, true) => (TIME, "full"),
        (false, false) => (GOOD, ""),
    };
    let bar = [paint(style, "━".repeat(full)), paint(DIM, "─".repeat(BAR - full))].concat();
    let note = if note.is_empty() { String::new() } else { paint(style, note) };
    format!(" {:<20} {bar} {taken:>6} of {seats:>6}   {note}", course.as_str())
}
