//! Cases of readers beside writers: what they see is a prefix of the journal, and appends are whole.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::build::{any_of, at, event, item};
use super::client::{Client, positions};
use super::racing::race;
use crate::journal::{EncodedEvent, Page, Query, Read, RecordedEvent};
use crate::position::Position;

const WRITERS: usize = 3;
const READERS: usize = 3;
const APPENDS: usize = 500;
/// Many, so that there is time to be seen in the middle.
const PER_BATCH: u64 = 30;

/// Events of three types and tags.
fn batch() -> Vec<EncodedEvent> {
    let (types, tags) = (["A", "B", "C"], ["x:1", "y:1", "z:1"]);
    let third = |n: usize| event(types[n % 3], &[tags[n % 3]]);
    (0..30).map(third).collect()
}

/// The whole batch, by three items.
fn by_items() -> Query {
    any_of([item(&["C"], &[]), item(&[], &["x:1"]), item(&["B"], &["y:1"])])
}

/// Readers that read again and again, with a number and what they saw last, until all writers have
/// made their appends, and once more.
fn beside<S: Default>(read: impl Fn(usize, &mut S) + Sync, append: impl Fn() + Sync) {
    let writing = AtomicUsize::new(WRITERS);
    race(WRITERS + READERS, |n| {
        if n < WRITERS {
            let _ends = Ends(&writing);
            for _ in 0..APPENDS {
                append();
                // The first never makes way, so on a busy machine it is interrupted within an
                // append; the others let the readers in often.
                if n > 0 {
                    std::thread::yield_now();
                }
            }
            return;
        }
        let mut seen = S::default();
        for number in 0.. {
            let last = writing.load(Ordering::Acquire) == 0;
            read(number, &mut seen);
            if last {
                return;
            }
            std::thread::yield_now();
        }
    });
}

/// Also if the writer panics.
struct Ends<'a>(&'a AtomicUsize);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Release);
    }
}

fn beside_writers<S: Default>(client: &Client, read: impl Fn(usize, &mut S) + Sync) {
    beside(read, || {
        client.append(batch());
    });
}

/// In one page if the journal makes one as large.
fn everything_beyond(client: &Client, query: Query, after: Position) -> Page {
    client.page(Read::new(query).after(after).limit(NonZeroUsize::MAX))
}

/// Mostly reads on where it was, for speed; now and then from the start.
fn sees_whole_batches(client: &Client, query: Query, number: usize, upto: &mut u64) {
    let after = if number.is_multiple_of(50) { 0 } else { *upto };
    let page = everything_beyond(client, query, at(after));
    *upto = page.upto.get();
    let expected: Vec<u64> = (after + 1..=*upto).collect();
    assert_eq!(positions(&page.events), expected, "what is beyond {after}");
    // A journal may make a smaller page than asked for. The one it says is the last is at the head.
    let whole = page.more || upto.is_multiple_of(PER_BATCH);
    assert!(whole, "part of an append is seen, up to {upto}");
}

pub(super) fn readers_see_whole_appends(client: &Client) {
    beside_writers(client, |number, upto| {
        sees_whole_batches(client, Query::all(), number, upto);
    });
}

pub(super) fn items_are_read_at_one_instant(client: &Client) {
    beside_writers(client, |number, upto| {
        sees_whole_batches(client, by_items(), number, upto);
    });
}

/// What a reader saw last: these events beyond `after`, and no others up to `upto`.
#[derive(Default)]
struct Seen {
    after: Position,
    upto: Position,
    events: Vec<RecordedEvent>,
}

pub(super) fn what_was_seen_does_not_change(client: &Client) {
    for query in [Query::all(), by_items(), item(&["B"], &[]).into()] {
        beside_writers(client, |_, seen: &mut Seen| {
            let mut page = everything_beyond(client, query.clone(), seen.after);
            let until = page.events.iter().filter(|e| e.position <= seen.upto);
            let (after, upto) = (seen.after, seen.upto);
            let same = page.upto < upto || until.eq(&seen.events);
            assert!(same, "what is beyond {after} up to {upto} changed");
            // The last hundred, so that every read looks at what it saw before.
            seen.upto = page.upto;
            seen.after = at(page.upto.get().saturating_sub(100)).max(after);
            page.events.retain(|event| event.position > seen.after);
            seen.events = page.events;
        });
    }
}

pub(super) fn following_misses_nothing(client: &Client) {
    let size = NonZeroUsize::new(5).expect("five");
    for query in [Query::all(), by_items()] {
        let start = client.head().position;
        beside_writers(client, |_, followed: &mut u64| {
            let after = start.max(at(*followed));
            let page = client.page(Read::new(query.clone()).after(after).limit(size));
            let expected: Vec<u64> = (after.get() + 1..=page.upto.get()).collect();
            assert_eq!(positions(&page.events), expected, "after {after}");
            *followed = page.upto.get();
        });
    }
}

pub(super) fn the_head_never_goes_back(client: &Client) {
    let acknowledged = AtomicU64::new(0);
    beside_writers(client, |_, last: &mut u64| {
        let known = acknowledged.load(Ordering::SeqCst).max(*last);
        let head = client.head().position.get();
        assert!(head >= known, "the head {head} is below {known}, which was seen");
        assert!(head.is_multiple_of(PER_BATCH), "{head} is within an append");
        let page = everything_beyond(client, item(&["B"], &[]).into(), at(known));
        let upto = page.upto.get();
        let reaches = page.more || upto >= head;
        assert!(reaches, "{upto} is said to be the head, which was {head} before");
        acknowledged.fetch_max(head.max(upto), Ordering::SeqCst);
        *last = head.max(upto);
    });
}

pub(super) fn what_was_acknowledged_is_there_for_all(client: &Client) {
    let acknowledged = AtomicU64::new(0);
    let reader = |_: usize, _: &mut ()| {
        let last = acknowledged.load(Ordering::SeqCst);
        let page = everything_beyond(client, Query::all(), at(last.saturating_sub(4)));
        let reaches = page.more || page.upto.get() >= last;
        assert!(reaches, "{last} was acknowledged before: {page:?}");
        let head = client.head().position.get();
        assert!(head >= last, "{last} was acknowledged before the head {head}");
    };
    beside(reader, || {
        let appended = client.append(batch());
        acknowledged.fetch_max(appended.last.get(), Ordering::SeqCst);
    });
}
