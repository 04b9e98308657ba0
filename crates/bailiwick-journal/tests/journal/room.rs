//! Room for another file: when there is none, who needs it is told so, at no great cost, and who does not goes on.

use bailiwick_core::journal::{AppendError, Journal};
use bailiwick_journal::files::Fault;

use crate::simulated::Sim;
use crate::support::{event, poll};

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
        assert!(matches!(refused, Some(Err(AppendError::NotWritten(_)))), "{refused:?}");
    }
    assert!(calls < 10, "{calls} calls");
    assert!(sim.journal.health().is_open());
    sim.disk.free_room();
    assert_eq!(sim.append(vec![event("Large", &["x:1"], 5_000)]).unwrap().first.get(), 3);
}

#[test]
fn who_needs_no_other_file_is_written_though_others_in_the_batch_do() {
    let mut sim = nearly_full();
    let sizes = [100, 5_000, 200, 300, 9_000, 400, 400, 1];
    let submit = |bytes| sim.journal.append(vec![event("Many", &["x:1"], bytes)], None);
    let mut many: Vec<_> = sizes.into_iter().map(submit).collect();
    // There is none for the first file that is made now.
    sim.disk.plan(0, Fault::Fails);
    while sim.steps.write() {}
    let written: Vec<_> = many
        .iter_mut()
        .map(|answer| match poll(answer).expect("it has an outcome") {
            Ok(appended) => appended.first.get(),
            Err(AppendError::NotWritten(_)) => 0,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(written, [3, 0, 4, 5, 0, 6, 7, 8]);
    let found = sim.all();
    assert_eq!(found.len(), 8);
    assert_eq!(sim.after_power_loss().all(), found);
}

/// What is ready for the usual is kept when a larger one cannot be made.
#[test]
fn a_file_that_was_made_ahead_is_used_though_a_larger_one_cannot_be_made() {
    let mut sim = nearly_full();
    assert!(sim.steps.tidy());
    sim.disk.plan(0, Fault::Fails);
    let refused = sim.append(vec![event("Larger", &["x:1"], 20_000)]);
    assert!(matches!(refused, Err(AppendError::NotWritten(_))), "{refused:?}");
    let before = sim.disk.calls();
    sim.append(vec![event("Usual", &["x:1"], 5_000)]).unwrap();
    assert_eq!(sim.disk.calls() - before, 2, "a write and a sync");
    let found = sim.all();
    assert_eq!(sim.after_power_loss().all(), found);
}

/// A larger one that may have taken its name: then it is not used any more.
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
        if !sim.journal.health().is_open() {
            sim.reopen().expect("it failed once");
        }
        sim.append(vec![event("Usual", &["x:1"], 5_000)]).unwrap();
        assert!(sim.journal.health().is_open());
        let found = sim.all();
        assert_eq!(sim.after_power_loss().all(), found, "{nth}");
    }
}
