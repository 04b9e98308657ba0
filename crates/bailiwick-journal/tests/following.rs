//! A reader beside the writer: it sees what is durable, all of it in the end, and never anything else.
//!
//! `FOLLOW_SEEDS=100000 cargo test --release -p bailiwick-journal --test following` for as many seeds.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use bailiwick_core::journal::{
    AppendError, EncodedEvent, FaultKind, Health, Journal, Metadata, Query, Read,
};
use bailiwick_core::{Position, Timestamp};
use bailiwick_journal::files::{Fault, Simulated};
use bailiwick_journal::log::Options as LogOptions;
use bailiwick_journal::store::{Bounds, Following, Store};
use bailiwick_journal::stored::encode;
use bailiwick_journal::{FileFollower, FileJournal, OpenError};

fn event(number: u64, bytes: usize) -> EncodedEvent {
    EncodedEvent {
        event_type: "Happened".into(),
        version: 1,
        tags: [format!("thing:{}", number % 3).parse().expect("a tag")].into_iter().collect(),
        payload: [&number.to_le_bytes()[..], &vec![7; bytes]].concat().into(),
        recorded_at: Timestamp::from_millis(number),
        metadata: Metadata::default(),
    }
}

fn record(event: &EncodedEvent) -> Vec<u8> {
    let mut record = Vec::new();
    encode(event, &mut record);
    record
}

struct Trial {
    seed: u64,
    random: fastrand::Rng,
    disk: Simulated,
    /// What may be in the log: the last of it may be lost.
    events: Vec<EncodedEvent>,
    /// How many of them are certainly durable.
    durable: usize,
    next: u64,
    following: Option<Following>,
    seen: usize,
}

impl Trial {
    fn open(&mut self) -> Option<Store> {
        let mut entropy = self.random.fork();
        let log = LogOptions { segment_bytes: Some(self.random.u64(2..=4) * 4_096) };
        let bounds = Bounds { log, filter_bytes: self.random.usize(0..500) };
        let disk = Arc::new(self.disk.clone());
        let store = Store::open(disk, bounds, Box::new(move || entropy.u64(..))).ok()?;
        // What was unknown is there, or it is not.
        self.events.truncate(usize::try_from(store.head().position.get()).expect("few"));
        self.durable = self.events.len();
        Some(store)
    }

    fn append(&mut self, store: &mut Store) -> bool {
        let batch: Vec<_> = (0..self.random.usize(1..4))
            .map(|_| {
                self.next += 1;
                event(self.next, self.random.usize(0..900))
            })
            .collect();
        let records: Vec<_> = batch.iter().map(record).collect();
        if store.make_room(records.iter().map(Vec::len)).is_err() {
            return !store.is_closed();
        }
        let latest = batch[batch.len() - 1].recorded_at;
        store.push(records.iter().map(Vec::as_slice), latest);
        self.events.extend(batch);
        let written = store.write();
        self.look();
        if written.and_then(|()| store.sync()).is_err() {
            return false;
        }
        self.durable = self.events.len();
        if self.random.bool() {
            self.look();
        }
        match self.random.u8(0..4) {
            0 => drop(store.mark()),
            1 => drop(store.view().seal()),
            2 => drop(store.view().merge()),
            _ => {}
        }
        !store.is_closed()
    }

    /// What is seen is durable, and as it was written.
    fn look(&mut self) {
        if self.disk.is_off() || self.random.bool() {
            return;
        }
        if self.following.is_none() {
            let disk = Arc::new(self.disk.clone());
            self.following = Following::open(disk, 100).expect("it can be read");
            self.seen = 0;
        }
        let Some(following) = &mut self.following else { return };
        while !following.catch_up().expect("it can be read").is_empty() {}
        self.check();
    }

    fn check(&mut self) {
        let (seed, following) = (self.seed, self.following.as_ref().expect("it is open"));
        let head = following.view().head();
        let upto = usize::try_from(head.position.get()).expect("few");
        assert!(upto <= self.durable, "seed {seed}: {upto} of {}", self.durable);
        assert!(upto >= self.seen, "seed {seed}");
        self.seen = upto;
        let latest = self.events[..upto].last().map(|event| event.recorded_at);
        assert_eq!(head.recorded_at, latest.unwrap_or_default(), "seed {seed}");
        let after = self.random.u64(0..=upto as u64);
        let read = Read::new(Query::all()).after(Position::new(after));
        let page = following.view().read(&read).expect("it can be read");
        let events: Vec<_> = page.events.into_iter().map(|recorded| recorded.event).collect();
        let after = usize::try_from(after).expect("few");
        assert_eq!(events, self.events[after..upto], "seed {seed}");
    }

    fn run(&mut self) {
        const FAULTS: [Fault; 3] = [Fault::PowerOff, Fault::Fails, Fault::NoRoom];
        for _ in 0..self.random.usize(1..6) {
            if self.random.bool() {
                let fault = *self.random.choice(&FAULTS).expect("one");
                self.disk.plan(self.random.u64(0..60), fault);
            }
            if let Some(mut store) = self.open() {
                for _ in 0..self.random.usize(0..20) {
                    if !self.append(&mut store) || self.disk.is_off() {
                        break;
                    }
                }
            }
            if self.disk.is_off() || self.random.u8(..) < 60 {
                self.disk.restart();
                // The reader went with the power.
                self.following = None;
            }
        }
        self.disk.restart();
        self.following = None;
        let mut store = self.open().expect("nothing fails any more");
        // What stands before a batch that was torn is shown with the next one.
        assert!(self.append(&mut store), "seed {}", self.seed);
        drop(store.mark());
        while self.following.is_none() {
            self.look();
        }
        let following = self.following.as_mut().expect("it is open");
        while !following.catch_up().expect("it can be read").is_empty() {}
        self.check();
        assert_eq!(self.seen, self.events.len(), "seed {}: all is seen in the end", self.seed);
    }
}

#[test]
fn it_sees_what_is_durable_and_nothing_else() {
    let seeds = std::env::var("FOLLOW_SEEDS").ok().map(|seeds| seeds.parse().expect("a number"));
    for seed in 0..seeds.unwrap_or(1_000) {
        let random = fastrand::Rng::with_seed(seed);
        let disk = Simulated::new(seed);
        let (events, following) = (Vec::new(), None);
        let mut trial =
            Trial { seed, random, disk, events, durable: 0, next: 0, following, seen: 0 };
        trial.run();
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(answer) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return answer;
        }
        thread::park();
    }
}

#[test]
fn what_is_appended_is_seen_beside_it_though_nothing_comes_after() {
    let folder = tempfile::tempdir().expect("a folder");
    assert!(matches!(FileFollower::open(folder.path()), Err(OpenError::Missing { .. })));
    let journal = FileJournal::open(folder.path()).expect("a journal");
    let follower = FileFollower::open(folder.path()).expect("it is there");
    assert_eq!(follower.id(), journal.id());
    for number in 1..=3 {
        let waiting = follower.changed(Query::all(), Position::new(number - 1));
        let appended = block_on(journal.append(vec![event(number, 10)], None)).expect("it is open");
        let told = Instant::now();
        block_on(waiting).expect("it can be read");
        // Far more than it takes: a second is what is promised of a machine that is not busy.
        assert!(told.elapsed() < Duration::from_secs(60));
        let head = block_on(follower.head()).expect("it can be read");
        assert_eq!(head.position, appended.last);
        let last = block_on(follower.last(Query::all())).expect("it can be read");
        assert_eq!(last.event.map(|recorded| recorded.event), Some(event(number, 10)));
    }
    let refused = block_on(follower.append(vec![event(9, 1)], None)).expect_err("it is read");
    let AppendError::Closed(why) = refused else { panic!("{refused}") };
    assert_eq!(why.kind(), FaultKind::NotPermitted);
    assert!(matches!(follower.health(), Health::ClosedForWriting { .. }));
    block_on(follower.reopen()).expect_err("it is read");
    // The other one goes on.
    drop(follower);
    block_on(journal.append(vec![event(9, 1)], None)).expect("it is open");
}
