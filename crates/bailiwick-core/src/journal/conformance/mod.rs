//! The rules that every journal must keep, as test cases: a journal that passes them keeps what
//! the port promises, alone and under concurrent writers and readers.
//!
//! A journal's own tests are one line, with a function that makes a fresh and empty one:
//!
//! ```ignore
//! bailiwick_core::conformance_tests!(|| Arc::new(MyJournal::new()));
//! ```
//!
//! That makes one `#[test]` per [`Case`], so a failure names the rule that was broken, and a rule
//! added here is a new test of every journal. A journal that needs something kept alive beside it
//! (a directory, a database) returns `(journal, guard)` or its own [`Subject`]. A durable one says
//! so and is also reopened, see [`Reopen`]:
//!
//! ```ignore
//! bailiwick_core::conformance_tests!(durable: MySubject::new);
//! ```
//!
//! The cases need threads but no async runtime: a journal whose futures need one brings it along.
//! They assume nothing about time, but a call that is not answered within two minutes fails.
//!
//! Why it is as it is: docs/decisions/journal-port.md.

mod appends;
mod belief;
mod block_on;
mod boundaries;
mod build;
mod changes;
mod client;
mod conditions;
mod conflicts;
mod content;
mod heads;
mod health;
mod identity;
mod lasts;
mod limits;
mod list;
mod names;
mod numbered;
mod oracle;
mod outlines;
mod pages;
mod races;
mod racing;
mod random;
mod readers;
mod reads;
mod reopening;
mod subject;
mod values;

#[cfg(test)]
mod sabotage;

use std::sync::Arc;

use crate::journal::Journal;

pub use list::{cases, reopening_cases};
pub use subject::{Reopen, Subject};

/// A rule, and how to find out whether a journal keeps it.
///
/// For an example see the [module](self).
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Case {
    /// Its name, `group::name`: that of the test.
    pub name: &'static str,
    /// What must hold.
    pub rule: &'static str,
    /// Panics if it does not hold. Wants a journal that is empty and used by nobody else.
    pub run: fn(Arc<dyn Journal>),
}

/// A rule about what a durable journal keeps when it is closed and opened again.
///
/// For an example see the [module](self).
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct ReopeningCase {
    /// Its name, `group::name`: that of the test.
    pub name: &'static str,
    /// What must hold.
    pub rule: &'static str,
    /// Panics if it does not hold. Wants a journal that is empty and used by nobody else.
    pub run: fn(&mut dyn Reopen),
}

/// Runs one of [`cases`], as the generated tests do.
///
/// # Panics
/// If the journal does not keep the rule, or if there is no such case.
///
/// For an example see the [module](self).
pub fn check(name: &str, subject: &impl Subject) {
    let case = cases().iter().find(|case| case.name == name);
    let case = case.unwrap_or_else(|| panic!("there is no case {name}"));
    println!("the rule: {}", case.rule);
    (case.run)(subject.journal());
}

/// Runs one of [`reopening_cases`], as the generated tests do.
///
/// # Panics
/// If the journal does not keep the rule, or if there is no such case.
///
/// For an example see the [module](self).
pub fn check_reopening(name: &str, subject: &mut impl Reopen) {
    let case = reopening_cases().iter().find(|case| case.name == name);
    let case = case.unwrap_or_else(|| panic!("there is no case {name}"));
    println!("the rule: {}", case.rule);
    (case.run)(subject);
}

/// Makes one `#[test]` of every [case](crate::journal::conformance::cases), each on a journal of its own.
///
/// Takes a function or closure that returns a fresh [`Subject`](crate::journal::conformance::Subject):
/// `Arc<J>`, `Arc<dyn Journal>`, a pair of those and a guard, or a type of its own. After
/// `durable:` it returns a [`Reopen`](crate::journal::conformance::Reopen), and the
/// [cases of reopening](crate::journal::conformance::reopening_cases) are tested too.
///
/// Expands to modules named after the groups of cases: at most once in a module.
///
/// For an example see [`conformance`](crate::journal::conformance).
#[macro_export]
macro_rules! conformance_tests {
    (durable: $fresh:expr) => {
        fn fresh_subject() -> impl $crate::journal::conformance::Reopen {
            ($fresh)()
        }
        $crate::__conformance_cases!($crate::__conformance_tests_of);
        $crate::__conformance_reopening_cases!($crate::__conformance_tests_of_reopening);
    };
    ($fresh:expr) => {
        fn fresh_subject() -> impl $crate::journal::conformance::Subject {
            ($fresh)()
        }
        $crate::__conformance_cases!($crate::__conformance_tests_of);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_tests_of {
    ($($group:ident { $($name:ident: $rule:literal;)* })*) => {$(
        mod $group {$(
            #[test]
            fn $name() {
                let name = concat!(stringify!($group), "::", stringify!($name));
                $crate::journal::conformance::check(name, &super::fresh_subject());
            }
        )*}
    )*};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_tests_of_reopening {
    ($($group:ident { $($name:ident: $rule:literal;)* })*) => {$(
        mod $group {$(
            #[test]
            fn $name() {
                let name = concat!(stringify!($group), "::", stringify!($name));
                $crate::journal::conformance::check_reopening(name, &mut super::fresh_subject());
            }
        )*}
    )*};
}
