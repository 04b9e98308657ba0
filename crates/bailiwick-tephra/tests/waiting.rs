//! Waiting for events: who is not concerned is left alone, and whoever waits is told of the end.

mod support;

use bailiwick_core::Position;
use bailiwick_core::journal::{Journal, QueryItem};
use bailiwick_tephra::TephraJournal;
use support::{append, block_on, event, is_pending, quick_folder, tag};

#[test]
fn who_waits_is_left_alone_until_it_is_concerned() {
    let folder = quick_folder();
    let journal = TephraJournal::open(folder.path()).unwrap();
    append(&journal, vec![event("A", &["x:1"], 0)]);
    let query = QueryItem::new(["A"], [tag("x:1")]).unwrap();
    let mut waiting = journal.changed(query.into(), Position::new(1));
    append(&journal, vec![event("A", &["x:2"], 0), event("B", &["x:1"], 0)]);
    assert!(is_pending(&mut waiting));
    append(&journal, vec![event("C", &["x:2"], 0), event("A", &["y:1", "x:1"], 0)]);
    // It was told before the append was.
    assert!(!is_pending(&mut waiting));
}

#[test]
fn a_journal_that_is_let_go_of_tells_who_waits() {
    let folder = quick_folder();
    let journal = TephraJournal::open(folder.path()).unwrap();
    let mut waiting = journal.changed(QueryItem::of_type("A").into(), Position::START);
    assert!(is_pending(&mut waiting));
    drop(journal);
    block_on(waiting).unwrap_err();
}
