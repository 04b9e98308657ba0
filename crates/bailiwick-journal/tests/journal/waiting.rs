//! Waiting for events: who is not concerned is left alone, and whoever waits is told of the end.

use bailiwick_core::Position;
use bailiwick_core::journal::{Journal, JournalReadError, Query, QueryItem};
use bailiwick_journal::FileJournal;
use bailiwick_journal::files::Fault;

use crate::simulated::Sim;
use crate::support::{append, block_on, event, poll, quick_folder, soon, tag};

#[test]
fn who_waits_is_left_alone_until_it_is_concerned() {
    let folder = quick_folder();
    let journal = FileJournal::open(folder.path()).unwrap();
    append(&journal, vec![event("A", &["x:1"], 0)]);
    let query = QueryItem::new(["A"], [tag("x:1")]).unwrap();
    let mut waiting = journal.changed(query.into(), Position::new(1));
    append(&journal, vec![event("A", &["x:2"], 0), event("B", &["x:1"], 0)]);
    assert!(poll(&mut waiting).is_none());
    append(&journal, vec![event("C", &["x:2"], 0), event("A", &["y:1", "x:1"], 0)]);
    // It was told before the append was.
    assert!(poll(&mut waiting).unwrap().is_ok());
}

#[test]
fn who_waits_for_what_is_there_has_an_answer() {
    let folder = quick_folder();
    let journal = FileJournal::open(folder.path()).unwrap();
    append(&journal, vec![event("A", &["x:1"], 0), event("B", &[], 0)]);
    block_on(journal.changed(QueryItem::of_type("A").into(), Position::START)).unwrap();
    let mut waiting = journal.changed(QueryItem::of_type("A").into(), Position::new(1));
    assert!(poll(&mut waiting).is_none());
}

#[test]
fn nobody_is_told_of_what_is_not_durable() {
    let mut sim = Sim::small();
    let mut waiting = sim.journal.changed(Query::all(), Position::START);
    let _unknown = sim.submit(1);
    assert!(sim.steps.write());
    assert!(poll(&mut waiting).is_none() && sim.all().is_empty());
    sim.disk.plan(0, Fault::Fails);
    assert!(sim.steps.write());
    assert!(poll(&mut waiting).is_none(), "it goes on while the journal is closed");
    sim.reopen().unwrap();
    assert!(poll(&mut waiting).unwrap().is_ok(), "what was unknown may be there");
    assert!(poll(&mut sim.journal.changed(Query::all(), sim.head())).is_none());
}

#[test]
fn a_journal_that_is_let_go_of_tells_who_waits() {
    let folder = quick_folder();
    let journal = FileJournal::open(folder.path()).unwrap();
    let mut waiting = journal.changed(QueryItem::of_type("A").into(), Position::START);
    assert!(poll(&mut waiting).is_none());
    let mut looking = journal.changed(Query::all(), Position::START);
    assert!(poll(&mut looking).is_none());
    drop(journal);
    block_on(waiting).unwrap_err();
    block_on(looking).unwrap_err();
}

#[test]
fn a_journal_that_is_let_go_of_tells_who_reads() {
    let sim = Sim::small();
    let mut reading = sim.journal.last(Query::all());
    assert!(poll(&mut reading).is_none());
    drop(sim);
    let told: Result<_, JournalReadError> = poll(&mut reading).expect("it is told");
    told.unwrap_err();
}

/// Where the journal is closed, and stays so, who waits is told of the end as well.
#[test]
fn a_closed_journal_that_is_let_go_of_tells_who_waits() {
    let folder = quick_folder();
    let journal = FileJournal::open(folder.path()).unwrap();
    append(&journal, vec![event("A", &["x:1"], 0)]);
    let elsewhere = folder.path().with_extension("elsewhere");
    std::fs::rename(folder.path(), &elsewhere).unwrap();
    soon("it is noticed", || !journal.health().is_open());
    let waiting = journal.changed(Query::all(), Position::new(1));
    let reopening = journal.reopen();
    drop(journal);
    block_on(waiting).unwrap_err();
    block_on(reopening).unwrap_err();
    std::fs::rename(&elsewhere, folder.path()).unwrap();
}
