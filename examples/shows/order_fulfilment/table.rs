//! What came of it: how far the orders have come, and the rules, each proven from the journal.

use std::io::{self, Write};
use std::path::Path;

use bailiwick_examples::money::Money;

use crate::audit::{Findings, Rule};
use crate::failure::Failure;
use crate::page::millis;
use crate::proof;
use crate::shop::price;
use crate::style::{BOLD, DIM, GOOD, NO, counted, grouped, paint, titled};

/// Prints it.
pub fn print(
    out: &mut impl Write,
    findings: &Findings,
    kept: Option<&Path>,
) -> Result<(), Failure> {
    writeln!(out, "\n{}", titled("What the journal proves, read back event by event"))?;
    for (name, order) in &findings.orders.orders {
        let customer = order.customer.as_ref().map_or(String::new(), ToString::to_string);
        let (received, value) = (price_of(order.received), price_of(order.value()));
        let status = ["unpaid", "paid", "in delivery", "complete"][order.status as usize];
        let status = paint(if order.status == 3 { GOOD } else { DIM }, status);
        let refunded = match order.refunded {
            Some(_) => format!(", {}", paint(NO, "refunded")),
            None => String::new(),
        };
        let name = paint(BOLD, format_args!("{:<3}", name.to_string()));
        let sums = format!("{received:>9} received of {value:>9}");
        writeln!(out, " {name} {customer:<5} {sums}   {status}{refunded}")?;
    }
    rules(out, findings)?;
    writeln!(out, "\n {}", paint(DIM, proof::closing(findings.events, kept)))?;
    Ok(())
}

/// A rule, how often it was judged, and how close it was.
fn rules(out: &mut impl Write, findings: &Findings) -> io::Result<()> {
    let orders = &findings.orders;
    let judged = |rule| orders.judged.get(&rule).copied().unwrap_or(0);
    let (items, cents) = orders.most;
    let least = orders
        .least_paid
        .map_or(String::new(), |part| format!("at least {}.{} %", part / 10, part % 10));
    let cancelled = format!("after {}", millis(orders.latest));
    let effect = findings.deliveries - findings.without_effect;
    let calls: usize = findings.sent.values().map(Vec::len).sum();
    let (told, given_up) = (findings.told.len(), findings.given_up.len());
    let rows = [
        (
            "no order is beyond its limits",
            judged(Rule::Limits),
            format!("up to {items} items, {}", price_of(cents)),
        ),
        ("each transfer counts once", judged(Rule::CountedOnce), String::new()),
        ("paid is 99 % of the value", judged(Rule::Paid), least),
        ("a status goes one step forward", judged(Rule::Forward), String::new()),
        ("complete is when all has arrived", judged(Rule::Arrived), String::new()),
        ("what was not sent goes with a refund", judged(Rule::Refunded), cancelled),
        ("each delivery left one trace", findings.deliveries, format!("{effect} with effect")),
        (
            "each customer is told under one key",
            told + given_up,
            format!("sent {}, {} given up", counted(calls, "time"), grouped(given_up)),
        ),
    ];
    writeln!(out)?;
    let row = |(text, judged, close)| (text, counted(judged, "time"), close);
    proof::rules(out, (37, 11), rows.map(row))
}

fn price_of(cents: u64) -> String {
    price(Money::cents(cents))
}
