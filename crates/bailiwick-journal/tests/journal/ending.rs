//! Letting a journal go: what was appended is written before the folder is let go of, whoever drops it, and
//! wherever.

use std::sync::{Arc, Mutex, mpsc};
use std::task::{Wake, Waker};
use std::thread::{self, ThreadId};
use std::time::Duration;

use bailiwick_core::Position;
use bailiwick_core::journal::{Answer, Journal, Query, QueryItem};
use bailiwick_journal::FileJournal;

use crate::support::{all, append, block_on, event, head, poll_with, quick_folder, small};

#[test]
fn dropping_the_journal_writes_what_was_submitted() {
    for round in 0..30 {
        let folder = quick_folder();
        let journal = small().open(folder.path()).unwrap();
        let futures: Vec<_> =
            (0..round * 5).map(|_| journal.append(vec![event("A", &[], 30)], None)).collect();
        let (kept, dropped): (Vec<_>, Vec<_>) =
            futures.into_iter().enumerate().partition(|(n, _)| n % 2 == 0);
        drop(dropped);
        drop(journal);
        for (n, mut kept) in kept {
            let outcome = poll_with(&mut kept, Waker::noop()).expect("it is known by then");
            assert_eq!(outcome.unwrap().first.get(), n as u64 + 1);
        }
        let journal = small().open(folder.path()).unwrap();
        assert_eq!(head(&journal), round * 5);
    }
}

/// Holds a journal and lets it go when it is woken, on whichever thread that is.
struct Holder {
    journal: Mutex<Option<Arc<FileJournal>>>,
    /// Waits that long before, so that others have let go of it.
    after: Duration,
    dropped: Mutex<mpsc::Sender<ThreadId>>,
}

impl Wake for Holder {
    fn wake(self: Arc<Self>) {
        thread::sleep(self.after);
        if let Some(journal) = self.journal.lock().unwrap().take() {
            assert_eq!(Arc::strong_count(&journal), 1, "it is the last");
            drop(journal);
            self.dropped.lock().unwrap().send(thread::current().id()).unwrap();
        }
    }
}

/// Has the last handle dropped by the thread that gives an answer.
#[track_caller]
fn is_dropped_by_who_answers<T>(ask: impl FnOnce(&FileJournal) -> Answer<T>) {
    let folder = quick_folder();
    let journal = Arc::new(small().open(folder.path()).unwrap());
    append(&journal, vec![event("Before", &["x:1"], 10)]);
    let (dropped, told) = mpsc::channel();
    let after = Duration::from_millis(50);
    let (held, dropped) = (Mutex::new(None), Mutex::new(dropped));
    let holder = Arc::new(Holder { journal: held, after, dropped });
    // Who wakes finds it there.
    let mut held = holder.journal.lock().unwrap();
    let mut answer = ask(&journal);
    let polled = poll_with(&mut answer, &Waker::from(holder.clone()));
    *held = Some(journal);
    drop(held);
    if polled.is_some() {
        // It was answered before: nobody is woken.
        holder.clone().wake();
    }
    let by = told.recv_timeout(Duration::from_secs(60)).expect("it hangs");
    assert!(polled.is_some() || by != thread::current().id());
    // It is let go of by the end of its threads.
    let journal = small().lock_timeout(Duration::from_secs(60)).open(folder.path()).unwrap();
    assert_eq!(all(&journal)[0].event.event_type, *"Before");
}

#[test]
fn the_last_handle_may_be_dropped_by_the_thread_that_reads() {
    for _ in 0..20 {
        is_dropped_by_who_answers(|journal| journal.last(Query::all()));
    }
}

#[test]
fn the_last_handle_may_be_dropped_by_the_thread_that_writes() {
    for _ in 0..20 {
        is_dropped_by_who_answers(|journal| {
            journal.append(vec![event("Last", &["x:1"], 10)], None)
        });
        // By who is told of new events, before the append itself is.
        is_dropped_by_who_answers(|journal| {
            drop(journal.append(vec![event("Last", &["y:1"], 10)], None));
            journal.changed(QueryItem::of_type("Last").into(), Position::new(1))
        });
    }
}

/// What was appended before is written, though it is the writer itself that lets the journal go.
#[test]
fn what_waits_behind_the_one_who_drops_it_is_written() {
    let folder = quick_folder();
    let journal = Arc::new(small().open(folder.path()).unwrap());
    let (dropped, told) = mpsc::channel();
    let holder = Arc::new(Holder {
        journal: Mutex::new(None),
        after: Duration::from_millis(50),
        dropped: Mutex::new(dropped),
    });
    let mut held = holder.journal.lock().unwrap();
    let mut first = journal.append(vec![event("First", &["x:1"], 10)], None);
    let polled = poll_with(&mut first, &Waker::from(holder.clone()));
    let behind: Vec<_> =
        (0..500).map(|_| journal.append(vec![event("Behind", &["x:1"], 100)], None)).collect();
    *held = Some(journal);
    drop(held);
    if polled.is_some() {
        holder.clone().wake();
    }
    told.recv_timeout(Duration::from_secs(60)).expect("it hangs");
    for (nth, outcome) in behind.into_iter().enumerate() {
        assert_eq!(block_on(outcome).unwrap().first.get(), nth as u64 + 2);
    }
    let journal = small().lock_timeout(Duration::from_secs(60)).open(folder.path()).unwrap();
    assert_eq!(head(&journal), 501);
}

/// Whoever is woken may fail in any way: that is not for others to suffer.
#[test]
fn who_panics_when_it_is_woken_harms_nobody_else() {
    struct Panics;

    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("on purpose");
        }
    }

    fn poll<T>(mut answer: Answer<T>) -> Answer<T> {
        match poll_with(&mut answer, &Waker::from(Arc::new(Panics))) {
            Some(known) => Answer::ready(known),
            None => answer,
        }
    }

    let folder = quick_folder();
    let journal = small().open(folder.path()).unwrap();
    append(&journal, vec![event("A", &["x:1"], 10)]);
    for nth in 1..=10 {
        let reading = poll(journal.last(Query::all()));
        let waiting = poll(journal.changed(Query::all(), Position::new(2 * nth - 1)));
        let appending = poll(journal.append(vec![event("A", &["x:1"], 10)], None));
        assert_eq!(append(&journal, vec![event("B", &[], 10)]), 2 * nth + 1);
        block_on(reading).unwrap();
        block_on(waiting).unwrap();
        assert_eq!(block_on(appending).unwrap().first.get(), 2 * nth);
    }
    assert_eq!(all(&journal).len(), 21);
}
