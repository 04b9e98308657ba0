//! What the story proved, from the journal read back and from what was answered meanwhile.

use std::io::Write;

use super::cast::{SLOTS, TABLET};
use super::ledger::Told;
use crate::audit::Findings;
use crate::failure::Failure;
use crate::style::{DIM, counted, longer_than_a_second, paint, proven, titled};

const AN_EVENING: &str = "A whole evening of this: --trace examples/data/evening.jsonl";

/// Prints the summary, if the journal bears it out.
pub fn print(
    out: &mut impl Write,
    told: &Told,
    expired_before: usize,
    findings: &Findings,
) -> Result<(), Failure> {
    let recorded = findings.total(|account| account.expired);
    let answered = expired_before + told.expired.len();
    if recorded != answered {
        return Err(Failure::OtherAnswers { what: "expiries", answered, recorded });
    }
    let peak = findings.peak().0;
    let events = counted(findings.events, "event");
    writeln!(out, "\n{}", titled("What this proved"))?;
    let claim =
        format!("{peak} of {SLOTS} slots at most, at each of {events} read back from the journal");
    writeln!(out, "{}", proven(&claim))?;
    if !told.expired.is_empty() {
        let claim = "Leases ran out by themselves, seen through a watch, none of them early:";
        writeln!(out, "{}", proven(claim))?;
    }
    for (screen, late) in &told.expired {
        let late = match longer_than_a_second(*late) {
            Some(late) => format!("at the start, {late}"),
            None => format!("{} ms", late.as_millis()),
        };
        let text = format!("{screen:<16}reclaimed {late} after its lease ended");
        writeln!(out, "     {}", paint(DIM, text))?;
    }
    for claim in &claims(told) {
        writeln!(out, "{}", proven(claim))?;
    }
    writeln!(out, "\n {}", paint(DIM, AN_EVENING))?;
    Ok(())
}

/// What else was told; a story that went on may have told less.
fn claims(told: &Told) -> Vec<String> {
    let mut claims = Vec::new();
    if told.refused > 0 {
        let refused = times(told.refused);
        claims.push(format!("{TABLET}, refused {refused}, took the slot that came free"));
    }
    let heartbeats = counted(told.renewed + told.kept, "heartbeat");
    let renewed = told.renewed;
    claims.push(format!("{heartbeats} kept the leases; {renewed} of them had to be written"));
    let stopped = counted(told.stopped, "stream");
    claims.push(format!("{stopped} heard of too late were told to stop"));
    claims
}

fn times(number: usize) -> String {
    match number {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        _ => format!("{number} times"),
    }
}
