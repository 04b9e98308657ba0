//! Invoices are numbered 1, 2, 3... without a gap, whoever writes them.
//!
//! What is read and guarded is the event type alone, whatever its tags; and of all invoices only the
//! last, so that the next one costs the same after a million of them.

use std::convert::Infallible;
use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

use bailiwick_core::{Context, Decision, Event, Id, Last, RoundTrip};
use serde::{Deserialize, Serialize};

/// The number of an invoice, from 1. An ID that is not text is written by hand.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, RoundTrip,
)]
#[serde(transparent)]
pub struct InvoiceNumber(pub u64);

impl Id for InvoiceNumber {
    const KEY: &'static str = "invoice";
}

impl fmt::Display for InvoiceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for InvoiceNumber {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        text.parse().map(InvoiceNumber)
    }
}

/// An invoice was written.
#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InvoiceCreated {
    /// Its number.
    #[tag]
    pub number: InvoiceNumber,
    /// What it says.
    pub data: String,
}

/// Writes an invoice. The reply is its number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CreateInvoice {
    /// What it says.
    pub data: String,
}

impl Decision for CreateInvoice {
    type Views = Last<InvoiceCreated>;
    type Event = InvoiceCreated;
    type Reply = InvoiceNumber;
    type Rejection = Infallible;

    fn keys(&self) {}

    fn decide(
        &self,
        last: &Last<InvoiceCreated>,
        ctx: &mut Context<InvoiceCreated>,
    ) -> Result<InvoiceNumber, Infallible> {
        let number = InvoiceNumber(last.event().map_or(1, |invoice| invoice.number.0 + 1));
        ctx.emit(InvoiceCreated { number, data: self.data.clone() });
        Ok(number)
    }
}

#[cfg(test)]
mod tests {
    use bailiwick_core::journal::QueryItem;
    use bailiwick_core::{Bounded, given_events};

    use super::*;

    fn create(data: &str) -> CreateInvoice {
        CreateInvoice { data: data.into() }
    }

    fn created(number: u64, data: &str) -> InvoiceCreated {
        InvoiceCreated { number: InvoiceNumber(number), data: data.into() }
    }

    #[test]
    fn invoices_are_numbered_from_one_without_a_gap() {
        given_events()
            .when(create("foo"))
            .emits([created(1, "foo")])
            .replies(InvoiceNumber(1))
            .when(create("bar"))
            .emits([created(2, "bar")])
            .replies(InvoiceNumber(2));
        given_events()
            .events((1..=99).map(|number| created(number, "foo")))
            .when(create("bar"))
            .replies(InvoiceNumber(100));
    }

    #[test]
    fn it_reads_the_last_invoice_and_guards_all_of_them_by_type_alone() {
        let decision = Bounded::new(create("foo")).unwrap();
        let [reading] = decision.boundary().reading() else { panic!("one view") };
        assert_eq!(*reading.item(), QueryItem::of_type("InvoiceCreated"));
        assert!(reading.last_only());
        assert_eq!(decision.boundary().guard(), Some(reading.item().clone().into()));
    }
}
