//! The store against a list of events, over segments, restarts, power losses and lost or damaged indexes.
//!
//! `STORE_SEEDS=100000 cargo test --release -p bailiwick-journal --test store` for as many seeds.

use std::num::NonZeroUsize;
use std::sync::Arc;

use bailiwick_core::journal::{
    AppendCondition, EncodedEvent, Metadata, Outline, Query, QueryItem, Read, RecordedEvent,
};
use bailiwick_core::{Position, Tag, Timestamp};
use bailiwick_journal::files::{Fault, Folder, Simulated};
use bailiwick_journal::log::{Options, WriteError};
use bailiwick_journal::store::{Bounds, Store, StoreError};
use bailiwick_journal::stored::encode;

const TYPES: [&str; 3] = ["Opened", "Moved", "Closed"];

struct Trial {
    seed: u64,
    disk: Simulated,
    random: fastrand::Rng,
    known: Vec<RecordedEvent>,
    /// What was being appended when something failed.
    unknown: Vec<EncodedEvent>,
}

impl Trial {
    fn new(seed: u64) -> Trial {
        let random = fastrand::Rng::with_seed(seed);
        Trial { seed, disk: Simulated::new(seed), random, known: Vec::new(), unknown: Vec::new() }
    }

    fn open(&mut self) -> Result<Store, StoreError> {
        let mut entropy = self.random.fork();
        let entropy = Box::new(move || entropy.u64(..));
        let log = Options { segment_bytes: Some(self.random.u64(2..=4) * 4_096) };
        let bounds = Bounds { log, filter_bytes: self.random.usize(0..500) };
        Store::open(Arc::new(self.disk.clone()), bounds, entropy)
    }

    fn tag(&mut self) -> Tag {
        let tag = match self.random.bool() {
            true => format!("account:{}", self.random.u8(0..6)),
            false => format!("order:{}", self.random.u8(0..30)),
        };
        tag.parse().expect("a tag")
    }

    fn event(&mut self) -> EncodedEvent {
        let tags = (0..self.random.usize(0..3)).map(|_| self.tag()).collect();
        EncodedEvent {
            event_type: (*self.random.choice(&TYPES).expect("one")).into(),
            version: 1,
            tags,
            payload: vec![0x80; self.random.usize(1..200)].into(),
            recorded_at: Timestamp::from_millis(self.random.u64(0..1_000)),
            metadata: Metadata::default(),
        }
    }

    fn query(&mut self) -> Query {
        if self.random.u8(..) < 16 {
            return Query::all();
        }
        let items: Vec<_> = (0..self.random.usize(1..3)).map(|_| self.item()).collect();
        Query::any_of(items).expect("there is one")
    }

    fn item(&mut self) -> QueryItem {
        let types = TYPES.iter().filter(|_| self.random.bool()).copied().collect::<Vec<_>>();
        let tags = (0..self.random.usize(usize::from(types.is_empty())..3)).map(|_| self.tag());
        QueryItem::new(types, tags.collect::<Vec<_>>()).expect("it asks for something")
    }

    fn last(&self, query: &Query, after: Position) -> Option<&RecordedEvent> {
        let mut events = self.known.iter().rev();
        events.find(|known| known.position > after && matches(query, known))
    }

    fn position(&mut self) -> Position {
        Position::new(self.random.u64(0..=self.known.len() as u64 + 1))
    }

    /// Appends a batch, and says whether the store goes on.
    fn append(&mut self, store: &mut Store) -> bool {
        let appends: Vec<_> = (0..self.random.usize(1..4)).map(|_| self.events()).collect();
        let records: Vec<Vec<_>> =
            appends.iter().map(|events| events.iter().map(record).collect()).collect();
        match store.make_room(records.iter().flatten().map(Vec::len)) {
            Ok(_) => {}
            Err(WriteError::NotWritten(_)) => return true,
            Err(error) => panic!("seed {}: {error}", self.seed),
        }
        let durable = self.known.len();
        for (events, records) in appends.into_iter().zip(records) {
            let condition = self.condition();
            let at = condition.as_ref().and_then(|condition| self.conflict(condition));
            let found =
                condition.as_ref().map(|condition| store.conflict(condition).expect("it is whole"));
            assert_eq!(found.flatten(), at, "seed {}: {condition:?}", self.seed);
            if at.is_none() {
                let latest = events.iter().map(|event| event.recorded_at).max();
                let appended =
                    store.push(records.iter().map(Vec::as_slice), latest.expect("there is one"));
                assert_eq!(appended.first.get(), self.known.len() as u64 + 1);
                self.acknowledge(events);
                assert_eq!(appended.last.get(), self.known.len() as u64);
            }
        }
        let batch = self.known.split_off(durable);
        let written = store.write();
        if self.random.bool() {
            drop(store.view().seal());
            drop(store.view().merge());
            drop(store.view().checkpoint());
        }
        // Nobody sees it yet.
        if !self.disk.is_off() {
            self.check_reads(store);
        }
        if written.and_then(|()| store.sync()).is_err() {
            self.unknown = batch.into_iter().map(|known| known.event).collect();
            return false;
        }
        self.known.extend(batch);
        true
    }

    fn events(&mut self) -> Vec<EncodedEvent> {
        (0..self.random.usize(1..4)).map(|_| self.event()).collect()
    }

    fn condition(&mut self) -> Option<AppendCondition> {
        self.random.bool().then(|| {
            let condition = AppendCondition::new(self.query()).after(self.position());
            if self.random.u8(..) < 40 { condition.never(self.query()) } else { condition }
        })
    }

    fn conflict(&self, condition: &AppendCondition) -> Option<Position> {
        let moved = self.last(&condition.query, condition.after);
        let never = condition.never.as_ref();
        moved.or_else(|| self.last(never?, Position::START)).map(|known| known.position)
    }

    fn acknowledge(&mut self, events: Vec<EncodedEvent>) {
        for event in events {
            let position = Position::new(self.known.len() as u64 + 1);
            self.known.push(RecordedEvent { position, event });
        }
    }

    /// Everything is there, and what was on its way wholly or not at all.
    fn check(&mut self, store: &Store) {
        let head = store.head();
        if head.position.get() > self.known.len() as u64 {
            let unknown = std::mem::take(&mut self.unknown);
            self.acknowledge(unknown);
        }
        self.unknown.clear();
        let latest = self.known.iter().map(|known| known.event.recorded_at).max();
        assert_eq!(head.position.get(), self.known.len() as u64, "seed {}", self.seed);
        assert_eq!(head.recorded_at, latest.unwrap_or_default(), "seed {}", self.seed);
        for _ in 0..8 {
            self.check_reads(store);
        }
        let outline = store.view().outline();
        let mut folded = Outline::default();
        let upto = usize::try_from(outline.upto().get()).expect("few");
        self.known[..upto].iter().for_each(|known| folded.take(known));
        assert_eq!(outline, folded, "seed {}", self.seed);
    }

    fn check_reads(&mut self, store: &Store) {
        let query = self.query();
        let last = store.view().last(&query).expect("it is whole");
        assert_eq!(last.event.as_ref(), self.last(&query, Position::START), "seed {}", self.seed);
        let (after, upto) = (self.position(), self.position());
        let limit = NonZeroUsize::new(self.random.usize(1..20)).expect("not 0");
        let read = Read::new(query.clone()).upto(upto).limit(limit);
        let (mut found, mut from) = (Vec::new(), after);
        loop {
            let page = store.view().read(&read.clone().after(from)).expect("it is whole");
            assert!(page.events.len() <= limit.get());
            found.extend(page.events);
            from = page.upto;
            if !page.more {
                break;
            }
        }
        let within = |known: &&RecordedEvent| known.position > after && known.position <= upto;
        let expected: Vec<_> = self.known.iter().filter(within).cloned().collect();
        let expected: Vec<_> =
            expected.into_iter().filter(|known| matches(&query, known)).collect();
        assert_eq!(found, expected, "seed {}: {query:?}", self.seed);
    }

    /// An index is lost, or damaged.
    fn harm_an_index(&mut self) {
        let names = self.disk.names().expect("names");
        let is_derived = |name: &&String| {
            name.ends_with(".index") || name.ends_with(".offsets") || *name == "checkpoint"
        };
        let indexes: Vec<_> = names.iter().filter(is_derived).collect();
        let Some(name) = self.random.choice(&indexes) else { return };
        let bits = self.disk.contents(name).len() * 8;
        if self.random.bool() || bits == 0 {
            self.disk.remove(name).expect("it is there");
        } else {
            self.disk.flip(name, self.random.usize(0..bits));
        }
    }
}

fn record(event: &EncodedEvent) -> Vec<u8> {
    let mut record = Vec::new();
    encode(event, &mut record);
    record
}

fn matches(query: &Query, known: &RecordedEvent) -> bool {
    query.matches(known.event.event_type.as_str(), &known.event.tags)
}

fn seeds(few: u64) -> std::ops::Range<u64> {
    let seeds = std::env::var("STORE_SEEDS").ok().map(|seeds| seeds.parse().expect("a number"));
    0..seeds.unwrap_or(few)
}

#[test]
fn it_holds_what_a_list_of_events_does() {
    for seed in seeds(300) {
        let mut trial = Trial::new(seed);
        for _ in 0..trial.random.usize(1..4) {
            if trial.random.bool() {
                trial.harm_an_index();
            }
            let mut store = trial.open().unwrap_or_else(|error| panic!("seed {seed}: {error}"));
            trial.check(&store);
            for _ in 0..trial.random.usize(0..40) {
                assert!(trial.append(&mut store), "seed {seed}");
                if trial.random.u8(..) < 20 {
                    trial.check_reads(&store);
                }
            }
            trial.check(&store);
        }
    }
}

#[test]
fn it_holds_what_was_acknowledged_whatever_fails() {
    const FAULTS: [Fault; 3] = [Fault::PowerOff, Fault::Fails, Fault::NoRoom];
    for seed in seeds(1_000) {
        let mut trial = Trial::new(seed);
        for _ in 0..trial.random.usize(1..5) {
            if trial.random.bool() {
                let fault = *trial.random.choice(&FAULTS).expect("one");
                trial.disk.plan(trial.random.u64(0..60), fault);
            }
            if let Ok(mut store) = trial.open()
                && !trial.disk.is_off()
            {
                trial.check(&store);
                for _ in 0..trial.random.usize(0..20) {
                    if !trial.append(&mut store) || trial.disk.is_off() {
                        break;
                    }
                }
            }
            if trial.disk.is_off() || trial.random.bool() {
                trial.disk.restart();
            }
        }
        trial.disk.restart();
        let store = trial.open().unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        trial.check(&store);
    }
}
