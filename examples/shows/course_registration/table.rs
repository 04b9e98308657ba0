//! What came of it: the answers, and the rules, each proven from the journal.

use std::cmp::Reverse;
use std::io::{self, Write};

use crate::audit::{Findings, Rule};
use crate::failure::Failure;
use crate::morning::Answers;
use crate::place::Place;
use crate::proof;
use crate::style::{DIM, counted, grouped, paint, titled};

/// Prints it, if what was answered is what the journal says.
pub fn print(
    out: &mut impl Write,
    findings: &Findings,
    answers: Option<Answers>,
    place: &Place,
) -> Result<(), Failure> {
    let mut kept = None;
    if let Some(mut answers) = answers {
        kept = Some(check(findings, &answers)?);
        self::answers(out, &mut answers)?;
    }
    writeln!(out, "\n{}", titled("What the journal proves, read back event by event"))?;
    rules(out, findings, kept)?;
    writeln!(out, "\n {}", paint(DIM, closing(findings, place)))?;
    Ok(())
}

/// Every seat that was promised is in the journal, at its position, and no other. Returns how many.
fn check(findings: &Findings, answers: &Answers) -> Result<usize, Failure> {
    let is_there = |(position, who): &(&u64, &_)| findings.subscriptions.get(position) == Some(who);
    let recorded = answers.granted.iter().filter(is_there).count();
    let answered = answers.granted.len();
    if recorded != answered || answered != findings.subscriptions.len() {
        return Err(Failure::OtherAnswers { answered, recorded });
    }
    Ok(answered)
}

fn answers(out: &mut impl Write, answers: &mut Answers) -> io::Result<()> {
    writeln!(out, "\n{}", titled("What was answered"))?;
    let mut lines = vec![(answers.granted.len(), "yes, here is your seat".to_owned())];
    let mut refused: Vec<_> = answers.refused.iter().collect();
    refused.sort_by_key(|(_, count)| Reverse(**count));
    lines.extend(refused.into_iter().map(|(why, count)| (*count, format!("no, {why}"))));
    for (count, text) in lines {
        writeln!(out, " {:>7}  {text}", grouped(count))?;
    }
    let [half, most] = [50, 99].map(|percent| answers.percentile(percent).as_secs_f64() * 1_000.0);
    let (count, seconds) = (counted(answers.took.len(), "decision"), answers.lasted.as_secs_f64());
    let conflicts = counted(usize::try_from(answers.conflicts).unwrap_or(usize::MAX), "conflict");
    let text = format!(
        "{count} in {seconds:.1} s: half within {half:.1} ms, 99 % within {most:.1} ms, {conflicts}"
    );
    writeln!(out, " {}", paint(DIM, text))
}

/// A rule, how often it was judged, and how close it was.
fn rules(out: &mut impl Write, findings: &Findings, kept: Option<usize>) -> io::Result<()> {
    let school = &findings.school;
    let full = school.courses.values().filter(|course| course.peak.0 == course.peak.1).count();
    let (most, busy) = school.busiest();
    let left = school.students.values().filter(|(there, _)| !there).count();
    let cancelled = school.courses.values().filter(|course| course.cancelled).count();
    let judged = |rule| school.judged.get(&rule).copied().unwrap_or(0);
    let mut rows = vec![
        ("no course has more subscriptions than seats", Rule::Seats, format!("{full} were full")),
        ("no student has more than five", Rule::Five, format!("{busy} have {most}")),
        ("nobody has two seats of one course", Rule::Twice, String::new()),
        ("only students who are there get a seat", Rule::Active, format!("{left} left")),
        ("only of courses that take place", Rule::TakesPlace, format!("{cancelled} cancelled")),
        ("no capacity is below the subscriptions", Rule::Capacity, String::new()),
        ("nobody leaves who has a seat", Rule::Leave, String::new()),
        ("only who has a seat gives it back", Rule::GivenBack, String::new()),
    ]
    .into_iter()
    .map(|(text, rule, close)| (text, judged(rule), close))
    .collect::<Vec<_>>();
    rows.extend(kept.map(|kept| ("every yes is in the journal, once", kept, String::new())));
    let times = |judged| format!("{} times", grouped(judged));
    proof::rules(
        out,
        (44, 14),
        rows.into_iter().map(|(text, judged, close)| (text, times(judged), close)),
    )
}

fn closing(findings: &Findings, place: &Place) -> String {
    match place {
        Place::Folder(folder) => proof::closing(findings.events, Some(folder)),
        Place::Temporary(_) => proof::closing(findings.events, None),
        Place::Memory(_) => {
            let events = counted(findings.events, "event");
            format!("{events}, gone with the program; --data DIR keeps them.")
        }
    }
}
