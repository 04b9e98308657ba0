//! Appends by many at once: every one has its place, its outcome and its order, whatever becomes of
//! the futures.

mod support;

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Waker};
use std::thread;

use bailiwick_core::Position;
use bailiwick_core::journal::{Answer, AppendError, AppendLimits, Appended, Journal};
use bailiwick_tephra::TephraJournal;
use support::{all, block_on, event, head, quick_folder, unless};

const THREADS: u64 = 64;

type Outcome = Result<Appended, AppendError>;

/// xorshift64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) % bound
    }
}

fn submit(
    journal: &TephraJournal,
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
    let journal = Arc::new(TephraJournal::open(folder.path()).unwrap());
    let of_one = |owner: u64| {
        let journal = journal.clone();
        move || {
            let (mut random, mut after, mut written) = (Random(owner + 1), 0, Vec::new());
            for number in 0..100 {
                let events = 1 + random.below(3);
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
    let journal = Arc::new(TephraJournal::open(folder.path()).unwrap());
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
    let journal = TephraJournal::open(folder.path()).unwrap();
    assert!(journal.health().is_open());
}

fn treat_differently(journal: &TephraJournal, owner: u64, submitted: &AtomicU64) {
    let mut random = Random(owner + 77);
    let mut kept: Vec<Answer<Outcome>> = Vec::new();
    for number in 0..600 {
        let tag = format!("owner:{owner}");
        let mut append = journal.append(vec![event("A", &[&tag], 10)], None);
        submitted.fetch_add(1, Ordering::Relaxed);
        match random.below(6) {
            0 => drop(append),
            1 => {
                let _ = Pin::new(&mut append).poll(&mut Context::from_waker(Waker::noop()));
                drop(append);
            }
            2 => kept.push(append),
            3 => {
                let polled = Pin::new(&mut append).poll(&mut Context::from_waker(Waker::noop()));
                if polled.is_pending() {
                    kept.push(append);
                }
            }
            _ => {
                block_on(append).unwrap_or_else(|error| panic!("{number}: {error}"));
            }
        }
        if kept.len() > 20 {
            let any = usize::try_from(random.below(20)).unwrap();
            drop(kept.swap_remove(any));
            for append in kept.drain(..).rev() {
                block_on(append).unwrap();
            }
        }
    }
}

#[test]
fn a_conflict_with_something_in_the_same_batch_can_be_read() {
    let folder = quick_folder();
    let journal = Arc::new(TephraJournal::open(folder.path()).unwrap());
    for round in 0..200 {
        let name = format!("name:{round}");
        // The first keeps tephra busy, the others are one batch.
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
    let journal = TephraJournal::open(folder.path()).unwrap();
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
    assert!(matches!(refused, Err(AppendError::Conflict { at }) if at.get() == 4), "{refused:?}");
}

#[test]
fn what_waits_has_a_bound() {
    let folder = quick_folder();
    let options = TephraJournal::options().waiting_appends(10);
    let journal = options.open(folder.path()).unwrap();
    let many: Vec<_> = (0..200).map(|_| journal.append(vec![event("A", &[], 0)], None)).collect();
    let (mut written, mut refused) = (0, 0);
    for append in many {
        match block_on(append) {
            Ok(_) => written += 1,
            Err(AppendError::Busy(_)) => refused += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(written > 10 && refused > 0, "{written} written, {refused} refused");
    assert_eq!(head(&journal), written);
    assert!(journal.health().is_open());
}

#[test]
fn who_need_not_wait_is_taken_however_little_may_wait() {
    let folder = quick_folder();
    let options = TephraJournal::options().waiting_appends(0).waiting_bytes(0);
    let journal = options.open(folder.path()).unwrap();
    for n in 1..=3 {
        assert_eq!(support::append(&journal, vec![event("A", &[], 2_000)]), n);
    }
}

#[test]
fn larger_files_take_more_at_once_than_others_and_smaller_ones_less() {
    let standard = AppendLimits::STANDARD;
    let limits = |options: bailiwick_tephra::Options| {
        let folder = quick_folder();
        options.open(folder.path()).unwrap().limits()
    };
    assert_eq!(limits(TephraJournal::options()), standard);
    let small = limits(support::small());
    assert_eq!(small.with_bytes(standard.bytes), standard);
    assert!((15_000..16 << 10).contains(&small.bytes), "{small:?}");
    let large = limits(TephraJournal::options().segment_bytes(64 << 20));
    assert!((63 << 20..64 << 20).contains(&large.bytes), "{large:?}");
}

#[test]
fn what_is_too_large_is_not_written_and_harms_nothing() {
    let folder = quick_folder();
    let journal = support::small().open(folder.path()).unwrap();
    let fits = journal.append(vec![event("A", &["x:1"], 15_000)], None);
    let too_large = journal.append(vec![event("A", &["x:1"], 17_000)], None);
    let together = journal.append((0..20).map(|_| event("A", &["x:1"], 1_000)).collect(), None);
    let nameless = journal.append(vec![event("", &[], 0)], None);
    assert_eq!(block_on(fits).unwrap().last.get(), 1);
    for refused in [too_large, together, nameless] {
        let refused = block_on(refused);
        assert!(matches!(refused, Err(AppendError::OverLimit(_))), "{refused:?}");
    }
    assert_eq!(support::append(&journal, vec![event("A", &["x:1"], 15_000)]), 2);
    assert!(journal.health().is_open());
}

#[test]
fn dropping_the_journal_writes_what_was_submitted() {
    for round in 0..30 {
        let folder = quick_folder();
        let journal = support::small().open(folder.path()).unwrap();
        let futures: Vec<_> =
            (0..round * 5).map(|_| journal.append(vec![event("A", &[], 30)], None)).collect();
        let (kept, dropped): (Vec<_>, Vec<_>) =
            futures.into_iter().enumerate().partition(|(n, _)| n % 2 == 0);
        drop(dropped);
        drop(journal);
        for (n, kept) in kept {
            assert_eq!(block_on(kept).unwrap().first.get(), n as u64 + 1);
        }
        let journal = support::small().open(folder.path()).unwrap();
        assert_eq!(head(&journal), round * 5);
    }
}
