//! Outlines of journals in memory, as a journal has them that folds its events in the background: of some of them, from
//! the first on.

use std::sync::Arc;

use bailiwick::journal::{Answer, Journal, Outline, Query, Read};

use super::altered::Altered;

/// What the first events show.
///
/// # Panics
/// If the journal does not answer at once.
pub fn outline_of(journal: &dyn Journal, events: u64) -> Outline {
    let (mut outline, mut read, mut left) = (Outline::default(), Read::new(Query::all()), events);
    while left > 0 {
        let Ok(page) = journal.read(read.clone()).now() else { panic!("it is in memory") };
        let page = page.expect("it can be read");
        for recorded in page.events.iter().take(usize::try_from(left).unwrap_or(usize::MAX)) {
            outline.take(recorded);
            left -= 1;
        }
        read.after = page.upto;
        if !page.more {
            break;
        }
    }
    outline
}

/// A journal in memory that says what its first events show.
pub fn outlined(journal: impl Journal, events: u64) -> Altered {
    let altered = Altered::around(Arc::new(journal));
    altered.outline(move |inner| Answer::ready(Ok(outline_of(&**inner, events))))
}

/// How many of so many events are in an outline: any part of them, always the same, and now and then none or all.
pub fn some_of(events: u64) -> u64 {
    let random = events.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    match random % 4 {
        0 => 0,
        1 => events,
        _ => random / 4 % (events + 1),
    }
}
