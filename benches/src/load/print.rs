//! What is shown in a terminal while a load goes on, and in the end.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use super::check::Checked;
use super::overload::{GOODPUT, GROWTH, Overloaded};
use super::sustainable::{Found, Probe};
use super::tally::{Counts, Measured, Second};
use super::turn::KINDS;
use crate::report::{align, count};

/// A line for every second, over the one before it where that is possible.
pub struct Progress {
    over: bool,
    shown: bool,
}

impl Default for Progress {
    fn default() -> Self {
        Progress { over: std::io::stderr().is_terminal(), shown: false }
    }
}

impl Progress {
    /// Shows a second.
    pub fn show(&mut self, second: &Second) {
        let mut line = format!(
            "  {:>4} s  {:>8}/s accepted  {:>8}/s refused  p50 {:>7}  p99 {:>7}",
            second.at.as_secs(),
            count(second.accepted),
            count(second.refused),
            millis(second.p50),
            millis(second.p99),
        );
        if let Some(memory) = second.memory {
            line.push_str(&format!("  server {}", megabytes(memory)));
        }
        // Who has closed the other end misses it.
        let mut err = std::io::stderr();
        let _ = if self.over { write!(err, "\r{line}\x1b[K") } else { writeln!(err, "{line}") };
        let _ = err.flush();
        self.shown = true;
    }

    /// Takes the last line away.
    pub fn clear(&mut self) {
        if std::mem::take(&mut self.shown) && self.over {
            eprint!("\r\x1b[K");
        }
    }
}

/// One rate of a search.
pub fn probe(probe: &Probe) {
    let rate = probe.rate.map_or_else(|| "as fast as it goes".to_owned(), |r| count(r) + "/s due");
    let verdict = match probe {
        Probe { rate: None, .. } => "",
        Probe { sustained: true, .. } => "sustained",
        _ => "too much",
    };
    let (goodput, p99) = (count(probe.goodput), millis(probe.p99));
    println!("  {rate:>20}  {goodput:>8}/s accepted  p99 {p99:>7}  {verdict}");
}

/// What a search found.
pub fn found(found: &Found) {
    let sustained = found.rate.map_or_else(|| "nothing".to_owned(), |rate| count(rate) + "/s");
    println!("  sustained: {sustained}; at best: {}/s", count(found.best));
}

/// A table of the requests by kind, and what it cost.
pub fn measured(measured: &Measured) {
    let all = measured.tally.all();
    let mut rows: Vec<(&str, &Counts)> =
        KINDS.iter().map(|kind| kind.name()).zip(&measured.tally.kinds).collect();
    rows.retain(|(_, counts)| counts.sent > 0);
    rows.push(("all", &all));
    let number = |name: &str, value: fn(&Counts) -> u64| {
        column(name, rows.iter().map(|(_, counts)| count(value(counts) as f64)))
    };
    let latency = |name: &str, share: f64| {
        let each = rows.iter().map(|(_, counts)| millis(counts.latencies.percentile(share)));
        column(name, each)
    };
    let mut columns = vec![
        column("system", rows.iter().map(|(name, _)| (*name).to_owned())),
        number("sent", |counts| counts.sent),
        number("accepted", |counts| counts.accepted),
        number("refused", |counts| counts.refused),
        number("rejected", |counts| counts.rejected),
        number("failed", |counts| counts.failed),
        number("unknown", |counts| counts.unknown),
        latency("p50", 0.5),
        latency("p90", 0.9),
        latency("p99", 0.99),
        latency("p99.9", 0.999),
        latency("longest", 1.0),
    ];
    columns[0][0] = String::new();
    println!();
    (0..=rows.len()).for_each(|line| println!("  {}", align(&columns, line).trim_end()));
    println!();
    facts(measured, &all);
}

fn facts(measured: &Measured, all: &Counts) {
    let tally = &measured.tally;
    let per_second = |n: u64| count(n as f64 / measured.took.as_secs_f64()) + "/s";
    let due = measured.rate.map_or_else(|| "closed loop".to_owned(), |rate| count(rate) + "/s due");
    fact(
        "requests",
        &format!("{due}, {} sent, {} accepted", per_second(all.sent), per_second(all.accepted)),
    );
    if all.refused > 0 {
        let [p50, p99] = [0.5, 0.99].map(|share| millis(tally.refusals.percentile(share)));
        fact("refusals", &format!("{}, p50 {p50}, p99 {p99}", per_second(all.refused)));
    }
    let unsent = [
        (tally.given_up, "nobody was free in time"),
        (tally.held_back, "told to come later, or all busy"),
        (tally.not_connected, "no connection"),
    ];
    for (n, why) in unsent.into_iter().filter(|(n, _)| *n > 0) {
        fact("not sent", &format!("{}: {why}", count(n as f64)));
    }
    let cores = |cores: Option<f64>| {
        cores.map_or_else(|| "unknown".to_owned(), |n| format!("{n:.2} cores"))
    };
    let (server, own) = (cores(measured.server_cores), cores(measured.own_cores));
    fact("CPU", &format!("server {server}, generator {own}"));
    if !tally.own_delay.is_empty() {
        let [p50, p99] = [0.5, 0.99].map(|share| millis(tally.own_delay.percentile(share)));
        fact(
            "generator",
            &format!("sent p50 {p50}, p99 {p99} after it was due, with somebody free"),
        );
    }
    let memory = || measured.seconds.iter().filter_map(|second| second.memory);
    if let (Some(first), Some(last), Some(most)) =
        (memory().next(), memory().next_back(), memory().max())
    {
        let [first, last, most] = [first, last, most].map(megabytes);
        fact("memory", &format!("server {first} at first, {last} at last, {most} at most"));
    }
    if let Some(failure) = &tally.failure {
        fact("first failure", failure);
    }
}

/// How a server fared under far too much, against what is asked of it.
pub fn overloaded(overloaded: &Overloaded) {
    let goodput = overloaded.goodput();
    let text = format!("{:.0} % of the best, {}/s", goodput * 100.0, count(overloaded.best));
    verdict("goodput", &text, goodput >= GOODPUT);
    if let Some(growth) = overloaded.growth() {
        let text = format!("in the last third {growth:.2} times that of the second");
        verdict("memory", &text, growth <= GROWTH);
    }
}

/// Whether all is there.
pub fn checked(checked: &Checked, broken: u64) {
    let (acknowledged, missing) = (count(checked.acknowledged as f64), checked.missing);
    let surplus = checked.surplus;
    let mut text = format!("{acknowledged} acknowledged: ");
    match (missing, surplus) {
        (0, 0) => text.push_str("all are there, and no session that ended"),
        _ => text.push_str(&format!("{missing} missing, {surplus} that ended are there")),
    }
    if checked.unseen > 0 {
        text.push_str(&format!("; {} accounts could not be looked at", checked.unseen));
    }
    if broken > 0 {
        text.push_str(&format!("; {broken} were denied while they lasted"));
    }
    verdict("leases", &text, checked.is_well() && broken == 0);
    checked.wrong.iter().for_each(|wrong| println!("    {wrong}"));
}

fn verdict(name: &str, text: &str, kept: bool) {
    let kept = if kept { "" } else { "  NOT AS ASKED" };
    fact(name, &format!("{text}{kept}"));
}

fn fact(name: &str, text: &str) {
    println!("  {name:<13} {text}");
}

fn column(heading: &str, cells: impl Iterator<Item = String>) -> Vec<String> {
    std::iter::once(heading.to_owned()).chain(cells).collect()
}

/// `0.31 ms`, `12 ms`, `1.2 s`.
pub(crate) fn millis(latency: Option<Duration>) -> String {
    let Some(latency) = latency else { return "·".to_owned() };
    match latency.as_secs_f64() * 1e3 {
        ms @ 1_000.0.. => format!("{:.1} s", ms / 1e3),
        ms @ 10.0.. => format!("{ms:.0} ms"),
        ms @ 1.0.. => format!("{ms:.1} ms"),
        ms => format!("{ms:.2} ms"),
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{:.0} MB", bytes as f64 / 1e6)
}
