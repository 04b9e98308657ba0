//! A bug in the journal's own thread: nobody waits for ever, nobody is told what is not so, and what there is can be
//! read.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bailiwick_core::Position;
use bailiwick_core::journal::{AppendError, FaultKind, Journal, Query, Read, ReopenError};
use bailiwick_journal::Steps;
use bailiwick_journal::files::{Fault, Simulated};

use crate::hooked::Hooked;
use crate::simulated::{Sim, open_in};
use crate::support::{event, poll, small, unless, why_closed};

/// As its thread would: what was the writer's is dropped while it panics.
fn ends_with_a_panic(steps: Steps) {
    let write = move || {
        let mut steps = steps;
        while steps.write() {}
    };
    catch_unwind(AssertUnwindSafe(write)).expect_err("it panics");
}

#[test]
fn a_writer_that_panics_tells_whoever_waits() {
    let (disk, panics) = (Simulated::new(1), Arc::new(AtomicBool::new(false)));
    let hook = panics.clone();
    let folder = Hooked::new(&disk, move |_| {
        assert!(!hook.load(Ordering::SeqCst), "on purpose");
    });
    let (journal, mut steps) = open_in(Arc::new(folder), &small()).unwrap();
    let submit = |name| journal.append(vec![event(name, &["x:1"], 10)], None);
    let mut before = submit("Before");
    while steps.write() {}
    assert!(poll(&mut before).unwrap().is_ok());
    let mut written = submit("Written");
    let after = unless("x:1", 1);
    let mut refused = journal.append(vec![event("Refused", &[], 10)], Some(after));
    assert!(steps.write());
    let mut waits = submit("Waits");
    panics.store(true, Ordering::SeqCst);
    ends_with_a_panic(steps);

    assert!(matches!(poll(&mut written), Some(Err(AppendError::Unknown(_)))));
    for answer in [&mut refused, &mut waits, &mut submit("Later")] {
        let told = poll(answer);
        assert!(matches!(told, Some(Err(AppendError::Closed(_)))), "{told:?}");
    }
    let why = why_closed(&journal);
    assert_eq!(why.kind(), FaultKind::Died);
    assert!(why.advice().contains("start the process again"), "{why}");
    let told = poll(&mut journal.reopen());
    assert!(matches!(told, Some(Err(ReopenError::StillClosed(_)))), "{told:?}");
    let mut reading = journal.read(Read::new(Query::all()));
    assert!(poll(&mut reading).is_none());
    let mut waiting = journal.changed(Query::all(), Position::new(1));
    assert!(poll(&mut waiting).is_none());
    drop(journal);
    poll(&mut waiting).unwrap().unwrap_err();
    // What is there is good.
    assert_eq!(Sim::on(&disk, &small()).unwrap().all().len(), 2);
}

#[test]
fn a_writer_that_panics_while_it_opens_again_tells_whoever_asked() {
    let (disk, panics) = (Simulated::new(1), Arc::new(AtomicBool::new(false)));
    let hook = panics.clone();
    let folder = Hooked::new(&disk, move |_| {
        assert!(!hook.load(Ordering::SeqCst), "on purpose");
    });
    let (journal, mut steps) = open_in(Arc::new(folder), &small()).unwrap();
    let mut unknown = journal.append(vec![event("A", &["x:1"], 10)], None);
    disk.plan(0, Fault::Fails);
    while steps.write() {}
    assert!(matches!(poll(&mut unknown), Some(Err(AppendError::Unknown(_)))));
    let mut asked = [journal.reopen(), journal.reopen()];
    assert!(asked.iter_mut().all(|told| poll(told).is_none()));
    panics.store(true, Ordering::SeqCst);
    ends_with_a_panic(steps);
    for told in asked.iter_mut().chain([&mut journal.reopen()]) {
        let Some(Err(ReopenError::StillClosed(why))) = poll(told) else { panic!("{told:?}") };
        assert_eq!(why.kind(), FaultKind::Died, "{why}");
    }
}
