//! Disks that fail: the journal closes itself for writing, says why, can be read, and goes on when it is opened
//! again.

use std::collections::HashSet;

use bailiwick_core::ErrorReport;
use bailiwick_core::journal::{
    AppendCondition, AppendError, FaultKind, Journal, Query, QueryItem, RecordedEvent, ReopenError,
};
use bailiwick_journal::files::Fault;

use crate::simulated::Sim;
use crate::support::{Outcome, event, poll, small, unless, why_closed};

/// What became of appends that were all under way at once.
#[derive(Default, Debug)]
pub struct Fates {
    pub written: Vec<u64>,
    pub unknown: Vec<u64>,
    pub not_written: Vec<u64>,
}

impl Fates {
    #[track_caller]
    pub fn add(&mut self, number: u64, outcome: Outcome) {
        let fate = match outcome {
            Ok(_) => &mut self.written,
            Err(AppendError::Unknown(_)) => &mut self.unknown,
            Err(AppendError::Closed(_) | AppendError::NotWritten(_)) => &mut self.not_written,
            Err(other) => panic!("{number}: {other:?}"),
        };
        fate.push(number);
    }

    /// Every append is there wholly or not at all, and as it was said to be.
    #[track_caller]
    pub fn are_those_of(&self, events: &[RecordedEvent]) {
        let numbers = |event_type: &str| -> Vec<String> {
            let of_type = events.iter().filter(|found| found.event.event_type == *event_type);
            of_type.map(|found| found.event.tags.iter().last().unwrap().to_string()).collect()
        };
        let there = numbers("A");
        assert_eq!(there, numbers("B"), "part of an append is there");
        let there: HashSet<_> = there.into_iter().collect();
        let is_there = |number: &u64| there.contains(&format!("n:{number}"));
        assert!(self.written.iter().all(is_there), "something acknowledged is lost: {self:?}");
        assert!(!self.not_written.iter().any(is_there), "{self:?}");
    }
}

#[track_caller]
fn assert_closed(outcome: Option<Outcome>) {
    assert!(matches!(outcome, Some(Err(AppendError::Closed(_)))), "{outcome:?}");
}

#[track_caller]
fn assert_unknown(outcome: Option<Outcome>) {
    assert!(matches!(outcome, Some(Err(AppendError::Unknown(_)))), "{outcome:?}");
}

/// It is closed, says so to whoever asks, and can be read.
#[track_caller]
fn assert_is_closed(sim: &mut Sim, kind: FaultKind) {
    let why = why_closed(&sim.journal);
    assert_eq!(why.kind(), kind, "{why}");
    assert!(why.advice().contains("open the journal again"), "{why}");
    let mut later = sim.submit(999_999);
    let refused = poll(&mut later).expect("nobody waits for it");
    let told = ErrorReport::of(refused.as_ref().unwrap_err()).to_string();
    assert!(told.contains(why.advice()), "{told}");
    assert_closed(Some(refused));
    let head = sim.head();
    assert_eq!(sim.all().len() as u64, head.get());
    let mut last = sim.journal.last(Query::all());
    while sim.steps.read() {}
    assert_eq!(poll(&mut last).unwrap().unwrap().upto, head);
}

/// A batch that fails: one that is taken, one that it is in the way of, and one that waits behind it.
fn a_batch_fails(fault: Fault, writes: usize) -> Sim {
    let mut sim = Sim::small();
    sim.append(vec![event("Before", &["all:1"], 10)]).unwrap();
    let mut taken = sim.submit(1);
    let mut refused = sim.submit(1);
    let mut refused_too = sim.journal.append(vec![event("C", &[], 1)], Some(unless("all:1", 0)));
    // What is durable is in the way of this one: that is certain whatever the disk does.
    let before = AppendCondition::new(QueryItem::of_type("Before").into());
    let mut conflict = sim.journal.append(vec![event("C", &[], 1)], Some(before));
    if writes == 1 {
        sim.disk.plan(0, fault);
    }
    assert!(sim.steps.write());
    let mut behind = sim.submit(2);
    if writes == 2 {
        assert!(poll(&mut taken).is_none() && poll(&mut refused).is_none(), "too early");
        sim.disk.plan(0, fault);
        assert!(sim.steps.write());
    }
    assert_unknown(poll(&mut taken));
    for answer in [&mut refused, &mut behind, &mut refused_too] {
        assert_closed(poll(answer));
    }
    let conflict = poll(&mut conflict);
    assert!(
        matches!(conflict, Some(Err(AppendError::Conflict { at })) if at.get() == 1),
        "{conflict:?}"
    );
    assert_eq!(sim.head().get(), 1);
    sim
}

#[test]
fn a_sync_that_fails_closes_it_until_it_is_opened_again() {
    let mut sim = a_batch_fails(Fault::Fails, 2);
    assert_is_closed(&mut sim, FaultKind::Storage);
    sim.reopen().expect("the next sync succeeds");
    assert!(sim.journal.health().is_open());
    // It can be read, so it is durable from now on.
    let found = sim.all();
    Fates { unknown: vec![1], not_written: vec![2], ..Fates::default() }.are_those_of(&found);
    assert_eq!(found.len(), 3);
    let refused = {
        let mut answer = sim.submit(1);
        while sim.steps.write() {}
        poll(&mut answer)
    };
    assert!(matches!(refused, Some(Err(AppendError::Conflict { .. }))), "{refused:?}");
    let mut sim = sim.after_power_loss();
    assert_eq!(sim.all(), found);
    assert_eq!(sim.append(vec![event("Later", &[], 10)]).unwrap().first.get(), 4);
}

#[test]
fn a_write_that_fails_closes_it_until_it_is_opened_again() {
    for fault in [Fault::Fails, Fault::NoRoom] {
        let mut sim = a_batch_fails(fault, 1);
        let kind = if fault == Fault::NoRoom { FaultKind::Full } else { FaultKind::Storage };
        assert_is_closed(&mut sim, kind);
        sim.disk.free_room();
        sim.reopen().expect("the next write succeeds");
        assert_eq!(sim.all().len(), 1, "what was written in part is not there");
        let mut again = sim.submit(1);
        while sim.steps.write() {}
        assert_eq!(poll(&mut again).unwrap().unwrap().first.get(), 2);
        let found = sim.all();
        assert_eq!(sim.after_power_loss().all(), found);
    }
}

#[test]
fn it_stays_closed_while_opening_fails_too() {
    let mut sim = a_batch_fails(Fault::NoRoom, 1);
    for nth in 0..3 {
        let refused = sim.reopen();
        let Err(ReopenError::StillClosed(why)) = refused else { panic!("{nth}: {refused:?}") };
        assert_eq!(why.kind(), FaultKind::Full);
        assert_is_closed(&mut sim, FaultKind::Full);
    }
    sim.disk.free_room();
    sim.reopen().expect("there is room");
    sim.reopen().expect("it is open");
    sim.append(vec![event("Later", &[], 10)]).expect("it is open");
    // It fails again.
    let mut again = sim.submit(7);
    assert!(sim.steps.write());
    sim.disk.plan(0, Fault::Fails);
    assert!(sim.steps.write());
    assert_unknown(poll(&mut again));
    assert_is_closed(&mut sim, FaultKind::Storage);
}

/// Whichever call of the disk fails: opening, writing, making a segment or an index, being opened again, ending.
#[test]
fn whichever_call_fails_everything_is_as_it_was_said_to_be() {
    for fault in [Fault::Fails, Fault::NoRoom] {
        let mut closed = 0;
        let mut nth = 0;
        while a_call_fails(nth, fault, &mut closed) {
            nth += 1;
        }
        assert!(closed > 20 && nth > 60, "closed {closed} times by {nth} calls");
    }
}

/// Whether there were so many.
fn a_call_fails(nth: u64, fault: Fault, closed: &mut usize) -> bool {
    let disk = bailiwick_journal::files::Simulated::new(nth);
    disk.plan(nth, fault);
    let mut fates = Fates::default();
    let opened = Sim::on(&disk, &small());
    disk.free_room();
    let mut sim = match opened {
        Ok(sim) => sim,
        Err(_) => Sim::on(&disk, &small()).expect("it failed once"),
    };
    for round in 0..12 {
        let mut answers: Vec<_> =
            (0..8).map(|n| (round * 8 + n, sim.submit(round * 8 + n))).collect();
        sim.settle();
        for (number, answer) in &mut answers {
            fates.add(*number, poll(answer).expect("it has an outcome"));
        }
        sim.steps.rest();
        disk.free_room();
        if !sim.journal.health().is_open() {
            *closed += 1;
            fates.are_those_of(&sim.all());
            sim.reopen().or_else(|_| sim.reopen()).expect("it failed once");
            fates.are_those_of(&sim.all());
        }
    }
    let calls = disk.calls();
    let found = sim.all();
    fates.are_those_of(&found);
    let Sim { steps, journal, .. } = sim;
    steps.end();
    drop(journal);
    disk.free_room();
    assert!(Sim::on(&disk, &small()).expect("it opens").all() == found);
    disk.restart();
    assert!(Sim::on(&disk, &small()).expect("it opens").all() == found);
    nth < calls
}

/// In the order of the calls, and each with its own answer.
#[test]
fn many_who_want_it_open_have_it_opened_once() {
    let mut sim = a_batch_fails(Fault::Fails, 2);
    let mut many: Vec<_> = (0..8).map(|_| sim.journal.reopen()).collect();
    drop(many.pop());
    let before = sim.disk.calls();
    assert!(sim.steps.write());
    let calls = sim.disk.calls() - before;
    assert!(many.iter_mut().all(|told| matches!(poll(told), Some(Ok(())))));
    let mut late = sim.journal.reopen();
    assert!(matches!(poll(&mut late), Some(Ok(()))));
    // With those for the next file.
    assert!(calls < 14 && !sim.steps.write(), "{calls} calls");
    sim.append(vec![event("Later", &[], 10)]).expect("it is open");
}
