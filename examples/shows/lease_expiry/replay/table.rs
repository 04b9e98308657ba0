//! What came of the evening: the totals, the accounts that were refused most, and what is proven.

use std::cmp::Reverse;
use std::io::{self, Write};

use bailiwick::Timestamp;
use bailiwick_examples::streaming::AccountId;

use super::attempt::Answers;
use super::chart::chart;
use super::progress::clock;
use crate::audit::{AccountRecord, Findings};
use crate::style::{BOLD, DIM, NO, TIME, counted, grouped, paint, proven, rule, titled};

/// How many accounts are shown, and how much of their names.
const SHOWN: usize = 8;
const NAME: usize = 17;

/// Prints it.
pub fn print(
    out: &mut impl Write,
    answers: &Answers,
    findings: &Findings,
    end: Timestamp,
) -> io::Result<()> {
    let [chart, axis] = chart(&findings.levels, end);
    writeln!(out, "\n{chart}\n{axis}")?;
    writeln!(out, "\n{}", titled("What came of it"))?;
    totals(out, answers, findings)?;
    most_refused(out, answers, findings)?;
    writeln!(out, "\n{}", titled("What the journal proves, read back event by event"))?;
    proofs(out, findings)
}

fn totals(out: &mut impl Write, answers: &Answers, findings: &Findings) -> io::Result<()> {
    let (peak, at) = findings.peak();
    let (over, active) = (grouped(answers.limit_reached), grouped(answers.already_active));
    let (beats, late) = (grouped(answers.kept), findings.latest_expiry().as_millis());
    let (renewed, expired) = (findings.total(|a| a.renewed), findings.total(|a| a.expired));
    let kinds = [
        (
            "granted",
            answers.granted,
            format!("{} at once at the peak, at {}", grouped(peak), clock(at)),
        ),
        ("refused", answers.refused(), format!("{over} over the limit, {active} active already")),
        ("renewed", renewed, format!("of {beats} heartbeats; the rest came before half time")),
        ("released", answers.released, "given back when the stream was stopped".to_owned()),
        ("expired", expired, format!("ran out by themselves, {late} ms late at most")),
        ("too late", answers.no_lease, "heartbeats and releases without a lease".to_owned()),
        ("invalid", answers.invalid, "leases and limits that no account may have".to_owned()),
    ];
    for (name, number, text) in kinds.into_iter().filter(|(_, number, _)| *number > 0) {
        let number = paint(BOLD, format_args!("{:>8}", grouped(number)));
        writeln!(out, " {name:<9}{number}   {}", paint(DIM, text))?;
    }
    Ok(())
}

fn most_refused(out: &mut impl Write, answers: &Answers, findings: &Findings) -> io::Result<()> {
    let mut accounts: Vec<(&AccountId, &usize)> = answers.refused_by.iter().collect();
    if accounts.is_empty() {
        return Ok(());
    }
    accounts.sort_by_key(|(_, refused)| Reverse(*refused));
    writeln!(out, "\n{}", titled("The accounts that were refused most"))?;
    let columns = ["refused", "granted", "renewed", "released", "expired", "peak in use"];
    let [refused, granted, renewed, released, expired, peak] = columns;
    let columns = format!(
        " {:<NAME$}{refused:>9}{granted:>9}{renewed:>9}{released:>10}{expired:>9}{peak:>15}",
        "account",
    );
    writeln!(out, "{}\n{}", paint(DIM, columns), rule())?;
    let unknown = AccountRecord::default();
    for (account, refused) in accounts.into_iter().take(SHOWN) {
        let record = findings.accounts.get(account).unwrap_or(&unknown);
        writeln!(out, "{}", row(account, *refused, record))?;
    }
    Ok(())
}

fn row(account: &AccountId, refused: usize, record: &AccountRecord) -> String {
    let AccountRecord { granted, renewed, released, expired, peak: (peak, limit), .. } = record;
    let mut name: String = account.as_str().chars().take(NAME).collect();
    if name.len() < account.as_str().len() {
        name.pop();
        name.push('…');
    }
    let refused = paint(NO, format_args!("{refused:>9}"));
    let expired = paint(TIME, format_args!("{expired:>9}"));
    let peak = format!("{peak} of {limit}");
    format!(" {name:<NAME$}{refused}{granted:>9}{renewed:>9}{released:>10}{expired}{peak:>15}")
}

fn proofs(out: &mut impl Write, findings: &Findings) -> io::Result<()> {
    let accounts = counted(findings.accounts.len(), "account");
    let events = counted(findings.events, "event");
    let expired = counted(findings.expiries.len(), "lease");
    let claims = [
        format!("No account ever exceeded its limit: {accounts}, checked at {events}"),
        format!("No lease was expired before its time: {expired} ran out"),
        "None was forgotten: in the end, every lease was released or expired, once".to_owned(),
    ];
    claims.iter().try_for_each(|claim| writeln!(out, "{}", proven(claim)))
}
