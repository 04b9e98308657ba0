//! Opening a listing.

use bailiwick_core::given;

use super::sample::*;
use crate::auction::OpenRefused::{AlreadyOpened, EndsBeforeStart, InvalidIncrement, NothingAsked};
use crate::auction::*;

fn refused(terms: Terms, why: OpenRefused) {
    given::<Listing>("l1").when(Open(terms)).rejected(why).no_deadline();
}

#[test]
fn a_listing_is_opened_once() {
    given::<Listing>("l1")
        .when(Open(terms()))
        .emits([opened(terms())])
        .deadline(ENDS)
        .when(Open(terms()))
        .rejected(AlreadyOpened);
}

#[test]
fn it_lasts_for_some_time() {
    for ends_at in [STARTS, STARTS - 1].map(at) {
        refused(Terms { ends_at, ..terms() }, EndsBeforeStart);
    }
    let shortest = Terms { ends_at: at(STARTS + 1), ..terms() };
    given::<Listing>("l1").when(Open(shortest.clone())).emits([opened(shortest)]);
}

#[test]
fn something_is_asked_for_and_bids_rise_by_something() {
    refused(Terms { ask: eur(0), ..terms() }, NothingAsked);
    let steps =
        [Increment::Amount(eur(0)), Increment::BasisPoints(0), Increment::BasisPoints(10_001)];
    for increment in steps {
        refused(Terms { increment, ..terms() }, InvalidIncrement);
    }
    for increment in [Increment::BasisPoints(1), Increment::BasisPoints(10_000)] {
        let terms = Terms { increment, ..terms() };
        given::<Listing>("l1").when(Open(terms.clone())).emits([opened(terms)]);
    }
}

#[test]
fn ask_and_increment_are_of_one_currency() {
    let increment = Increment::Amount(money(50, "USD"));
    let (expected, given) = (eur(1).currency, money(1, "USD").currency);
    refused(Terms { increment, ..terms() }, OtherCurrency { expected, given }.into());
}

#[test]
fn refusals_are_judged_in_order() {
    let nothing_right =
        Terms { ask: eur(0), increment: Increment::BasisPoints(0), ends_at: at(STARTS), ..terms() };
    started().when(Open(nothing_right.clone())).rejected(AlreadyOpened);
    refused(nothing_right.clone(), EndsBeforeStart);
    let lasting = Terms { ends_at: at(ENDS), ..nothing_right };
    refused(lasting.clone(), NothingAsked);
    refused(Terms { ask: eur(1), ..lasting }, InvalidIncrement);
}
