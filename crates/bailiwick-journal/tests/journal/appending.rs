//! Appends by many at once: every one has its place, its outcome and its order, whatever becomes of
//! the futures.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use bailiwick_core::Position;
use bailiwick_core::journal::{Answer, AppendError, Journal};
use bailiwick_journal::FileJournal;

use crate::simulated::Sim;
use crate::support::{Outcome, all, block_on, event, head, poll, quick_folder, unless};

const THREADS: u64 = 64;

fn submit(
    journal: &FileJournal,
    owner: u64,
    number: u64,
    events: u64,
    after: u64,
) -> Answer<Outcome> {
    let tags = [format!("owner:{owner}"), format!("number:{number}")];
    let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
    let events = (0..events).map(|_| event("A", &tags, 20)).collect();
    journal.append(events, Some(unless(&format!("owner:{owner}"), after)))
}

#[test]
fn positions_are_dense_and_each_owners_in_order() {
    let folder = quick_folder();
    let journal = Arc::new(FileJournal::open(folder.path()).unwrap());
    let of_one = |owner: u64| {
        let journal = journal.clone();
        move || {
            let (mut random, mut after, mut written) =
                (fastrand::Rng::with_seed(owner), 0, Vec::new());
            for number in 0..100 {
                let events = 1 + random.u64(0..3);
                let appended = block_on(submit(&journal, owner, number, events, after)).unwrap();
                assert_eq!(appended.last.get() - appended.first.get() + 1, events);
                after = appended.last.get();
                written.push((appended.first.get(), events));
            }
            written
        }
    };
    let threads: Vec<_> = (0..THREADS).map(|owner| thread::spawn(of_one(owner))).collect();
    let written: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    let mut spans: Vec<_> = written.iter().flatten().copied().collect();
    spans.sort_unstable();
    let mut next = 1;
    for (first, events) in spans {
        assert_eq!(first, next, "positions are dense, and each is given once");
        next += events;
    }
    assert_eq!(head(&journal), next - 1);
    let owner_at: HashMap<u64, String> = all(&journal)
        .into_iter()
        .map(|e| (e.position.get(), e.event.tags.iter().last().unwrap().to_string()))
        .collect();
    for (owner, written) in written.iter().enumerate() {
        for (first, events) in written {
            for position in *first..first + events {
                assert_eq!(owner_at[&position], format!("owner:{owner}"));
            }
        }
    }
}

/// Every future is treated in another way: awaited at once, later, in another order, polled once and
/// dropped, or never polled.
#[test]
fn whatever_becomes_of_the_futures_everything_is_appended() {
    let folder = quick_folder();
    let journal = Arc::new(FileJournal::open(folder.path()).unwrap());
    for threads in [1, 2, 3, 8] {
        let before = head(&journal);
        let submitted = Arc::new(AtomicU64::new(0));
        let threads: Vec<_> = (0..threads)
            .map(|owner| {
                let (journal, submitted) = (journal.clone(), submitted.clone());
                thread::spawn(move || treat_differently(&journal, owner, &submitted))
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        // What was submitted before this is before it.
        block_on(journal.append(vec![event("Z", &[], 0)], None)).unwrap();
        let submitted = submitted.load(Ordering::Relaxed);
        assert_eq!(head(&journal), before + submitted + 1);
    }
    drop(journal);
    let journal = FileJournal::open(folder.path()).unwrap();
    assert!(journal.health().is_open());
}

fn treat_differently(journal: &FileJournal, owner: u64, submitted: &AtomicU64) {
    let mut random = fastrand::Rng::with_seed(owner);
    let mut kept: Vec<Answer<Outcome>> = Vec::new();
    for number in 0..600 {
        let tag = format!("owner:{owner}");
        let mut append = journal.append(vec![event("A", &[&tag], 10)], None);
        submitted.fetch_add(1, Ordering::Relaxed);
        match random.u8(0..6) {
            0 => drop(append),
            1 => {
                poll(&mut append);
                drop(append);
            }
            2 => kept.push(append),
            3 => {
                if poll(&mut append).is_none() {
                    kept.push(append);
                }
            }
            _ => {
                block_on(append).unwrap_or_else(|error| panic!("{number}: {error}"));
            }
        }
        if kept.len() > 20 {
            drop(kept.swap_remove(random.usize(0..20)));
            for append in kept.drain(..).rev() {
                block_on(append).unwrap();
            }
        }
    }
}

#[test]
fn a_conflict_with_something_in_the_same_batch_can_be_read() {
    let folder = quick_folder();
    let journal = Arc::new(FileJournal::open(folder.path()).unwrap());
    for round in 0..200 {
        let name = format!("name:{round}");
        // The first keeps the writer busy, the others are one batch.
        let busy = journal.append(vec![event("Busy", &[], 0)], None);
        let of_name = |event_type| {
            let events = vec![event(event_type, &["x:1"], 0), event(event_type, &[&name], 0)];
            journal.append(events, Some(unless(&name, 0)))
        };
        let (winner, losers) = (of_name("A"), (0..5).map(|_| of_name("B")).collect::<Vec<_>>());
        block_on(busy).unwrap();
        for loser in losers {
            let refused = block_on(loser);
            let Err(AppendError::Conflict { at }) = refused else {
                panic!("{refused:?}");
            };
            let before = bailiwick_core::journal::Read::new(bailiwick_core::journal::Query::all())
                .after(Position::new(at.get() - 1));
            let found = block_on(journal.read(before)).unwrap().events.remove(0);
            assert_eq!(found.event.tags.iter().next().unwrap().as_str(), name);
        }
        assert_eq!(block_on(winner).unwrap().last.get(), 3 * (round + 1));
    }
}

#[test]
fn an_after_above_the_head_ignores_what_is_appended_up_to_there() {
    let folder = quick_folder();
    let journal = FileJournal::open(folder.path()).unwrap();
    // All of them are in one batch; each ignores those that come before its `after`.
    let busy = journal.append(vec![event("Busy", &[], 0)], None);
    let ahead: Vec<_> = (2..12).map(|n| submit(&journal, 1, n, 1, n - 1)).collect();
    let far = submit(&journal, 1, 0, 1, 1_000_000);
    let behind = submit(&journal, 1, 0, 1, 3);
    block_on(busy).unwrap();
    for (ahead, position) in ahead.into_iter().zip(2..) {
        assert_eq!(block_on(ahead).unwrap().first.get(), position);
    }
    assert_eq!(block_on(far).unwrap().first.get(), 12);
    let refused = block_on(behind);
    assert!(
        matches!(refused, Err(AppendError::Conflict { at }) if (4..=12).contains(&at.get())),
        "{refused:?}"
    );
}

#[test]
fn the_call_appends_and_not_the_poll() {
    let mut sim = Sim::small();
    let submit = |name| sim.journal.append(vec![event(name, &["x:1"], 10)], None);
    drop(submit("Dropped"));
    let (mut second, mut third) = (submit("Second"), submit("Third"));
    assert!(poll(&mut third).is_none() && poll(&mut second).is_none());
    drop(second);
    // Who has come before is in the way of who comes now, whether anybody waits or not.
    let guarded = vec![event("Refused", &[], 10)];
    let mut guarded = sim.journal.append(guarded, Some(unless("x:1", 2)));
    while sim.steps.write() {}
    assert_eq!(poll(&mut third).unwrap().unwrap().first.get(), 3);
    assert!(matches!(poll(&mut guarded), Some(Err(AppendError::Conflict { at })) if at.get() == 3));
    let names: Vec<_> = sim.all().into_iter().map(|found| found.event.event_type).collect();
    assert_eq!(names, ["Dropped", "Second", "Third"]);
}
