//! How far the replay has come: a line that lives on a terminal, else a line for every tenth.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use bailiwick::Timestamp;

use super::attempt::Answers;
use crate::style::{DIM, GOOD, grouped, paint};

const BAR: usize = 18;
const BETWEEN_TWO_FRAMES: Duration = Duration::from_millis(40);

/// Shows how far the replay has come.
pub struct Progress {
    /// Whether the line can be written over.
    live: bool,
    steps: usize,
    tenths: usize,
    drawn: Option<Instant>,
}

impl Progress {
    /// Nothing of so many steps.
    pub fn new(live: bool, steps: usize) -> Progress {
        Progress { live, steps, tenths: 0, drawn: None }
    }

    /// `done` steps were taken, the last one at `at`.
    pub fn show(
        &mut self,
        out: &mut impl Write,
        done: usize,
        at: Timestamp,
        answers: &Answers,
    ) -> io::Result<()> {
        let tenths = done * 10 / self.steps;
        let whole = tenths > std::mem::replace(&mut self.tenths, tenths);
        if !self.live {
            return if whole { writeln!(out, "{}", self.line(done, at, answers)) } else { Ok(()) };
        }
        let soon = self.drawn.is_some_and(|drawn| drawn.elapsed() < BETWEEN_TWO_FRAMES);
        if soon && done < self.steps {
            return Ok(());
        }
        self.drawn = Some(Instant::now());
        let end = if done == self.steps { "\n" } else { "" };
        write!(out, "\r{}{end}", self.line(done, at, answers))?;
        out.flush()
    }

    /// Never shorter than the one before it, which it covers.
    fn line(&self, done: usize, at: Timestamp, answers: &Answers) -> String {
        let full = done * BAR / self.steps;
        let bar = [paint(GOOD, "━".repeat(full)), paint(DIM, "─".repeat(BAR - full))].concat();
        let (steps, time) = (grouped(done), clock(at));
        let (granted, refused) = (grouped(answers.granted), grouped(answers.refused()));
        let text = format!("{steps:>7} steps {granted:>6} granted {refused:>5} refused");
        let percent = done * 100 / self.steps;
        format!(" {bar} {percent:>3} %  {time}  {text}")
    }
}

/// How long after the recording began: `02:10:41`.
pub fn clock(at: Timestamp) -> String {
    let seconds = at.as_millis() / 1_000;
    format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::style::WIDTH;

    fn shown(live: bool) -> String {
        let mut out = Vec::new();
        let mut progress = Progress::new(live, 1_000);
        let answers = Answers::default();
        for done in 1..=1_000 {
            let at = Timestamp::from_millis(9_000 * done as u64);
            progress.show(&mut out, done, at, &answers).unwrap();
        }
        let text = String::from_utf8(out).unwrap();
        anstream::adapter::strip_str(&text).to_string()
    }

    #[test]
    fn without_a_terminal_there_is_a_line_for_every_tenth() {
        let shown = shown(false);
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines.len(), 10);
        assert!(lines[0].contains(" 10 %  00:15:00      100 steps"), "{}", lines[0]);
        assert!(lines[9].contains("100 %  02:30:00    1 000 steps"), "{}", lines[9]);
        assert!(!shown.contains('\r'));
    }

    #[test]
    fn on_a_terminal_it_is_one_line_that_ends_when_all_is_done() {
        let shown = shown(true);
        assert!(shown.starts_with('\r'));
        assert_eq!(shown.matches('\n').count(), 1);
        let widths = shown.split('\r').map(|line| line.trim_end().chars().count());
        assert!(widths.max() < Some(WIDTH));
    }
}
