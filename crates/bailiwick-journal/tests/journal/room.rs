//! Room for another file: when there is none the journal closes itself, at no great cost, and goes on when there is.

use bailiwick_core::journal::{AppendError, FaultKind, Journal};
use bailiwick_journal::files::Fault;

use crate::simulated::Sim;
use crate::support::{event, poll, why_closed};

/// A file that is nearly full, and no other.
fn nearly_full() -> Sim {
    let mut sim = Sim::small();
    for _ in 0..2 {
        sim.append(vec![event("Before", &["x:1"], 5_000)]).unwrap();
    }
    sim
}

#[test]
fn many_that_find_no_room_are_told_so_by_one_try() {
    let mut sim = nearly_full();
    let mut many: Vec<_> =
        (0..100).map(|_| sim.journal.append(vec![event("Large", &["x:1"], 5_000)], None)).collect();
    sim.disk.plan(0, Fault::NoRoom);
    let before = sim.disk.calls();
    while sim.steps.write() {}
    let calls = sim.disk.calls() - before;
    for answer in &mut many {
        let refused = poll(answer);
        assert!(matches!(refused, Some(Err(AppendError::Closed(_)))), "{refused:?}");
    }
    assert!(calls < 10, "{calls} calls");
    assert_eq!(why_closed(&sim.journal).kind(), FaultKind::Full);
    // It is not open before there is room.
    sim.reopen().expect_err("there is no room");
    assert_eq!(why_closed(&sim.journal).kind(), FaultKind::Full);
    sim.disk.free_room();
    sim.reopen().expect("there is room");
    assert_eq!(sim.append(vec![event("Large", &["x:1"], 5_000)]).unwrap().first.get(), 3);
    let found = sim.all();
    assert_eq!(sim.after_power_loss().all(), found);
}

/// Whatever fails when a larger file is made than the one that is ready.
#[test]
fn a_file_that_may_have_been_replaced_is_not_used() {
    for nth in 0.. {
        let mut sim = nearly_full();
        assert!(sim.steps.tidy());
        sim.disk.plan(nth, Fault::Fails);
        if sim.append(vec![event("Larger", &["x:1"], 20_000)]).is_ok() {
            assert!(nth > 5, "{nth} calls");
            return;
        }
        sim.reopen().expect("it failed once");
        sim.append(vec![event("Usual", &["x:1"], 5_000)]).unwrap();
        assert!(sim.journal.health().is_open());
        let found = sim.all();
        assert_eq!(sim.after_power_loss().all(), found, "{nth}");
    }
}
