//! The list of all cases: what is not in it is not tested, and what is in it is a test of every
//! journal.

mod concurrent;
mod sequential;

use super::client::Client;
use super::{Case, ReopeningCase};
use super::{
    appends, boundaries, changes, conditions, conflicts, content, heads, health, identity, lasts,
    limits, names, oracle, outlines, pages, races, readers, reads, reopening, values,
};

#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_reopening_cases {
    ($($then:tt)+) => {
        $($then)+! {
            reopening {
                what_was_acknowledged_stays:
                    "What was acknowledged is there when the journal is opened again.";
                positions_go_on:
                    "Positions go on where they ended.";
                conditions_know_what_was_before:
                    "Conditions know the events of before.";
                the_identity_stays:
                    "The journal has the same identity when it is opened again.";
                old_values_are_listed:
                    "The values of the events of before are listed, with those that come.";
                an_empty_journal_stays_empty:
                    "An empty journal opened again is empty, and works.";
            }
        }
    };
}

macro_rules! list_of_cases {
    ($($group:ident { $($name:ident: $rule:literal;)* })*) => {
        &[$($(Case {
            name: concat!(stringify!($group), "::", stringify!($name)),
            rule: $rule,
            run: |journal| $group::$name(&Client::new(journal)),
        },)*)*]
    };
}

macro_rules! list_of_reopening_cases {
    ($($group:ident { $($name:ident: $rule:literal;)* })*) => {
        &[$($(ReopeningCase {
            name: concat!(stringify!($group), "::", stringify!($name)),
            rule: $rule,
            run: $group::$name,
        },)*)*]
    };
}

/// Every case, for a journal of any kind.
///
/// For an example see the [module](super).
pub fn cases() -> &'static [Case] {
    crate::__conformance_cases!(list_of_cases)
}

/// Every case for a journal that can be opened again.
///
/// For an example see the [module](super).
pub fn reopening_cases() -> &'static [ReopeningCase] {
    __conformance_reopening_cases!(list_of_reopening_cases)
}
