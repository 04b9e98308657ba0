//! Who does something at the shop, and how that looks on the page.

use anstyle::Style;
use bailiwick_examples::orders::{Order, OrderId, Status};

use crate::page::Role;
use crate::style::{DIM, GOOD, NO, ORCHESTRATOR, STREAMING, TIME, paint};

/// Who does something.
#[derive(Debug, Clone, Copy)]
pub enum Who<'a> {
    /// A customer.
    Person(&'a str),
    /// A warehouse, or whoever brings parcels.
    Place(&'a str),
    Bank,
    Office,
    Policy,
    Mail,
}

impl Role for Who<'_> {
    const VERB: usize = 8;
    const WHAT: usize = 44;

    fn name(&self) -> (&str, Style) {
        match self {
            Who::Person(name) => (name, ORCHESTRATOR),
            Who::Place(name) => (name, Style::new()),
            Who::Bank => ("bank", ORCHESTRATOR),
            Who::Office => ("office", ORCHESTRATOR.bold()),
            Who::Policy => ("policy", STREAMING),
            Who::Mail => ("mail", TIME),
        }
    }

    fn verb(verb: &str) -> Style {
        match verb {
            "says" | "brings" => GOOD,
            "refused" | "refunds" | "is down" | "gives up" => NO.bold(),
            "cancels" | "returns" | "again" => TIME.bold(),
            _ => Style::new(),
        }
    }
}

/// `A ●●○`: how far an order has come.
pub fn come(id: &OrderId, order: &Order) -> String {
    let steps = match order.status() {
        Status::Unpaid => 0,
        Status::Paid => 1,
        Status::InDelivery => 2,
        Status::Completed => 3,
    };
    let (done, left) = (paint(GOOD, "●".repeat(steps)), paint(DIM, "○".repeat(3 - steps)));
    let refunded = if order.refunded() { paint(NO, " ✗") } else { String::new() };
    format!("{id} {done}{left}{refunded}")
}
