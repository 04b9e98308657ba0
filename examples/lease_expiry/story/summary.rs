//! What the story proved, from the journal read back and from what was answered meanwhile.

use std::io::Write;

use super::cast::{SLOTS, TABLET};
use super::ledger::Told;
use crate::audit::Findings;
use crate::failure::Failure;
use crate::style::{DIM, counted, paint, proven, titled};

const AN_EVENING: &str = "A whole evening of this: --trace examples/data/evening.jsonl";

/// Prints the summary, if the journal bears it out.
pub fn print(out: &mut impl Write, told: &Told, findings: &Findings) -> Result<(), Failure> {
    let recorded = findings.total(|account| account.expired);
    if recorded != told.expired.len() {
        let (what, answered) = ("expiries", told.expired.len());
        return Err(Failure::OtherAnswers { what, answered, recorded });
    }
    let peak = findings.peak().0;
    let events = counted(findings.events, "event");
    let renewed = findings.total(|account| account.renewed);
    let heartbeats = counted(renewed + told.kept, "heartbeat");
    let stopped = counted(told.stopped, "stream");
    writeln!(out, "\n{}", titled("What this proved"))?;
    let claim =
        format!("{peak} of {SLOTS} slots at most, at each of {events} read back from the journal");
    writeln!(out, "{}", proven(&claim))?;
    writeln!(
        out,
        "{}",
        proven("Leases ran out by themselves, seen through a watch, none of them early:")
    )?;
    for (screen, late) in &told.expired {
        let text = format!("{screen:<16}reclaimed {} ms after its lease ended", late.as_millis());
        writeln!(out, "     {}", paint(DIM, text))?;
    }
    let claims = [
        format!("{TABLET}, refused {}, took the slot that came free", times(told.refused)),
        format!("{heartbeats} kept the leases, and only {renewed} had to be written"),
        format!("{stopped} heard of too late were told to stop"),
    ];
    for claim in &claims {
        writeln!(out, "{}", proven(claim))?;
    }
    writeln!(out, "\n {}", paint(DIM, AN_EVENING))?;
    Ok(())
}

fn times(number: usize) -> String {
    match number {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        _ => format!("{number} times"),
    }
}
