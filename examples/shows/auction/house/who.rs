//! Who does something at the house, and how that looks on the page.

use anstyle::Style;

use crate::page::Role;
use crate::style::{GOOD, NO, ORCHESTRATOR, STREAMING, TIME};

/// Who does something.
#[derive(Debug, Clone, Copy)]
pub enum Who<'a> {
    Person(&'a str),
    Office,
    Policy,
    Time,
}

impl Role for Who<'_> {
    const VERB: usize = 9;
    const WHAT: usize = 40;

    fn name(&self) -> (&str, Style) {
        match self {
            Who::Person(name) => (name, ORCHESTRATOR),
            Who::Office => ("office", STREAMING),
            Who::Policy => ("policy", STREAMING.bold()),
            Who::Time => ("time", TIME),
        }
    }

    fn verb(verb: &str) -> Style {
        match verb {
            "bids" | "approves" | "sold" => GOOD,
            "refused" | "suspends" => NO.bold(),
            "takes out" | "stands" => TIME.bold(),
            _ => Style::new(),
        }
    }
}
