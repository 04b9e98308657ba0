//! What has a bound: what waits, what an append may hold, and what is read at once.

use std::num::NonZeroUsize;

use bailiwick_core::ErrorReport;
use bailiwick_core::journal::{AppendError, AppendLimits, Health, Journal, Query, Read};
use bailiwick_journal::{FileJournal, Options};

use crate::simulated::Sim;
use crate::support::{
    Outcome, all, append, block_on, event, head, poll, quick_folder, segments, small, unless,
};

#[track_caller]
fn assert_busy(outcome: Outcome, option: &str) {
    let Err(error @ AppendError::Busy(_)) = outcome else { panic!("{outcome:?}") };
    let told = ErrorReport::of(&error).to_string();
    assert!(told.contains(option) && told.contains("try again later"), "{told}");
}

#[test]
fn so_many_appends_wait_and_who_comes_then_is_refused_and_nobody_else() {
    let mut sim = Sim::new(&small().waiting_appends(3));
    let submit = |sim: &Sim, name| sim.journal.append(vec![event(name, &[], 10)], None);
    let mut first: Vec<_> = (0..3).map(|_| submit(&sim, "First")).collect();
    let refused = poll(&mut submit(&sim, "Refused")).expect("it is known at once");
    assert_busy(refused, "waiting_appends");
    // What is being written waits no more.
    assert!(sim.steps.write());
    let mut second: Vec<_> = (0..3).map(|_| submit(&sim, "Second")).collect();
    assert_busy(poll(&mut submit(&sim, "Refused")).expect("it is known"), "waiting_appends");
    assert!(matches!(sim.journal.health(), Health::Open));
    while sim.steps.write() {}
    for (answer, position) in first.iter_mut().chain(&mut second).zip(1..) {
        assert_eq!(poll(answer).unwrap().unwrap().first.get(), position);
    }
    assert_eq!(sim.append(vec![event("Later", &[], 10)]).unwrap().first.get(), 7);
    assert!(sim.all().iter().all(|found| found.event.event_type != *"Refused"));
}

#[test]
fn so_many_bytes_wait_and_who_comes_then_is_refused_and_nobody_else() {
    let mut sim = Sim::new(&small().waiting_bytes(5_000));
    let submit = |sim: &Sim, bytes| sim.journal.append(vec![event("A", &[], bytes)], None);
    let mut taken = vec![submit(&sim, 2_000), submit(&sim, 2_000)];
    assert_busy(poll(&mut submit(&sim, 2_000)).expect("it is known"), "waiting_bytes");
    // What is small enough still fits.
    taken.push(submit(&sim, 500));
    while sim.steps.write() {}
    // What finds nothing before it is taken, however large it is.
    taken.push(submit(&sim, 9_000));
    assert_busy(poll(&mut submit(&sim, 1)).expect("it is known"), "waiting_bytes");
    while sim.steps.write() {}
    assert!(taken.iter_mut().all(|answer| poll(answer).unwrap().is_ok()));
    assert_eq!(sim.head().get(), 4);
}

#[test]
fn what_waits_has_a_bound_when_threads_write_too() {
    let folder = quick_folder();
    let journal = FileJournal::options().waiting_appends(10).open(folder.path()).unwrap();
    let many: Vec<_> = (0..200).map(|_| journal.append(vec![event("A", &[], 0)], None)).collect();
    let (mut written, mut refused) = (0, 0);
    for append in many {
        match block_on(append) {
            Ok(_) => written += 1,
            Err(AppendError::Busy(_)) => refused += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(written >= 10 && refused > 0, "{written} written, {refused} refused");
    assert_eq!(head(&journal), written);
    assert!(journal.health().is_open());
}

#[test]
fn who_need_not_wait_is_taken_however_little_may_wait() {
    let folder = quick_folder();
    let options = FileJournal::options().waiting_appends(0).waiting_bytes(0);
    let journal = options.open(folder.path()).unwrap();
    for n in 1..=3 {
        assert_eq!(append(&journal, vec![event("A", &[], 2_000)]), n);
    }
}

#[test]
fn smaller_files_take_as_much_at_once_as_larger_ones() {
    for bytes in [0, 100_000, u64::MAX] {
        let folder = quick_folder();
        let options = FileJournal::options().segment_bytes(bytes.min(4 << 20));
        let journal = options.open(folder.path()).unwrap();
        assert_eq!(journal.limits(), AppendLimits::STANDARD);
    }
    let folder = quick_folder();
    let journal = small().open(folder.path()).unwrap();
    // None of them fits into a file of the usual size.
    let large = AppendLimits::STANDARD.bytes - 10_000;
    assert_eq!(append(&journal, vec![event("A", &["x:1"], 17_000)]), 1);
    assert_eq!(append(&journal, (0..20).map(|_| event("A", &["x:1"], 1_000)).collect()), 21);
    assert_eq!(append(&journal, vec![event("A", &["x:1"], large)]), 22);
    assert_eq!(append(&journal, vec![event("A", &["x:1"], 10)]), 23);
    let before = all(&journal);
    drop(journal);
    let sizes = segments(folder.path()).into_iter().map(|path| path.metadata().unwrap().len());
    let (usual, larger): (Vec<_>, _) = sizes.partition(|size| *size == Options::MIN_SEGMENT_BYTES);
    assert!(!usual.is_empty() && larger.len() == 3, "{usual:?} {larger:?}");
    assert!(all(&small().open(folder.path()).unwrap()) == before);
}

#[test]
fn what_is_too_large_is_not_written_and_harms_nothing() {
    let folder = quick_folder();
    let journal = small().open(folder.path()).unwrap();
    let most = AppendLimits::STANDARD.bytes;
    // In one batch, or before and behind it.
    let fits = journal.append(vec![event("A", &["x:1"], 15_000)], None);
    let too_large = journal.append(vec![event("A", &["x:1"], most)], None);
    let together = journal.append((0..20).map(|_| event("A", &["x:1"], most / 19)).collect(), None);
    let nameless = journal.append(vec![event("", &[], 0)], Some(unless("x:1", 0)));
    let none = journal.append(Vec::new(), Some(unless("x:1", 0)));
    assert_eq!(block_on(fits).unwrap().last.get(), 1);
    for refused in [too_large, together, nameless] {
        let refused = block_on(refused);
        assert!(matches!(refused, Err(AppendError::OverLimit(_))), "{refused:?}");
    }
    assert!(matches!(block_on(none), Err(AppendError::Empty)));
    assert_eq!(append(&journal, vec![event("A", &["x:1"], 15_000)]), 2);
    assert!(journal.health().is_open());
}

#[test]
fn however_much_is_asked_for_a_page_has_bounds() {
    let folder = quick_folder();
    let journal = FileJournal::open(folder.path()).unwrap();
    append(&journal, (0..40_000).map(|_| event("Small", &[], 1)).collect());
    append(&journal, (0..12).map(|_| event("Large", &["x:1"], 1 << 20)).collect());
    let everything = Read::new(Query::all()).limit(NonZeroUsize::MAX);
    let (mut read, mut pages, mut positions) = (everything, Vec::new(), 0);
    loop {
        let page = block_on(journal.read(read.clone())).unwrap();
        assert!(page.events.iter().all(|found| {
            positions += 1;
            found.position.get() == positions
        }));
        assert!(page.events.len() <= 1 << 14);
        let bytes: usize = page.events.iter().map(|found| found.event.payload.len()).sum();
        assert!(bytes <= 5 << 20, "{bytes}");
        assert_eq!(page.upto.get(), positions);
        pages.push(page.events.len());
        if !page.more {
            break;
        }
        read.after = page.upto;
    }
    assert_eq!(positions, 40_012);
    assert!(pages.len() >= 5, "{pages:?}");
}
