//! What came of it: who has what, and the rules, each proven from the journal.

use std::io::{self, Write};
use std::path::Path;

use crate::audit::{Findings, Rule};
use crate::failure::Failure;
use crate::house::price;
use crate::page::millis;
use crate::proof;
use crate::style::{BOLD, DIM, counted, paint, titled};

/// Prints it.
pub fn print(
    out: &mut impl Write,
    findings: &Findings,
    kept: Option<&Path>,
) -> Result<(), Failure> {
    writeln!(out, "\n{}", titled("What the journal proves, read back event by event"))?;
    for (name, lot) in &findings.lots.lots {
        let what = match (&lot.sold, lot.highest()) {
            (Some(Some((who, amount))), _) => format!("{who}, for {}", price(*amount)),
            (Some(None), _) => "nobody".to_owned(),
            (None, Some((who, amount))) => {
                format!("still open, {who} leads with {}", price(amount))
            }
            (None, None) => "still open, without a bid".to_owned(),
        };
        writeln!(out, " {} {what}", paint(BOLD, format_args!("{:<7}", name.to_string())))?;
    }
    rules(out, findings)?;
    writeln!(out, "\n {}", paint(DIM, proof::closing(findings.events, kept)))?;
    Ok(())
}

/// A rule, how often it was judged, and how close it was.
fn rules(out: &mut impl Write, findings: &Findings) -> io::Result<()> {
    let lots = &findings.lots;
    let judged = |rule| lots.judged.get(&rule).copied().unwrap_or(0);
    let closest = lots.closest.map_or(String::new(), |time| format!("{} left", millis(time)));
    let effect = findings.deliveries.len() - findings.without_effect;
    let rows = [
        ("each bid beats the price by the step", judged(Rule::Higher), String::new()),
        ("no bid from the end of its lot on", judged(Rule::InTime), closest),
        ("no lot is closed early", judged(Rule::NotEarly), format!("{} late", millis(lots.latest))),
        ("each goes to the highest standing bid", judged(Rule::ToTheHighest), String::new()),
        (
            "what should not stand is taken out",
            judged(Rule::TakenOut),
            format!("after {}", millis(lots.longest)),
        ),
        ("what was sold stays sold", judged(Rule::Stands), String::new()),
        (
            "each delivery left one trace",
            findings.deliveries.len(),
            format!("{effect} with effect"),
        ),
    ];
    writeln!(out)?;
    let row = |(text, judged, close)| (text, counted(judged, "time"), close);
    proof::rules(out, (44, 14), rows.map(row))
}
