//! The journal on a simulated disk, a step at a time in an order that a seed decides: many appends at once, reads
//! beside them, faults of the disk, power losses, restarts, and being opened again.
//!
//! `JOURNAL_SEEDS=1000000 cargo test --release -p bailiwick-journal --test seeds` for as many seeds.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bailiwick_core::journal::{
    Answer, AppendCondition, AppendError, Appended, EncodedEvent, Journal, JournalReadError,
    Metadata, Origin, Outline, Page, Query, QueryItem, Read, RecordedDeadline, RecordedEvent,
};
use bailiwick_core::{Position, Tag, Timestamp};
use bailiwick_journal::files::{Fault, Simulated};
use bailiwick_journal::{FileJournal, Options, Steps};

const TYPES: [&str; 3] = ["Opened", "Moved", "Closed"];

/// An append, and what is known of it.
struct Known {
    /// The number of each of its events.
    events: Vec<u64>,
    condition: Option<AppendCondition>,
    outcome: Outcome,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Acknowledged(Appended),
    /// It is there, wholly, or it is not.
    Unknown,
    /// It is certainly not there.
    NotWritten,
    /// The event there is in its way.
    Conflict(Position),
}

type Waiting = (usize, Answer<Result<Appended, AppendError>>);

struct Trial {
    seed: u64,
    random: fastrand::Rng,
    disk: Simulated,
    next: u64,
    appends: Vec<Known>,
    waiting: Vec<Waiting>,
    reading: Vec<(Position, Answer<Result<Page, JournalReadError>>)>,
    /// What readers saw, by position: it never changes.
    seen: HashMap<Position, RecordedEvent>,
    upto: Position,
    asking: Vec<Answer<Result<Outline, JournalReadError>>>,
    outlines: Vec<Outline>,
}

impl Trial {
    fn new(seed: u64) -> Trial {
        Trial {
            seed,
            random: fastrand::Rng::with_seed(seed),
            disk: Simulated::new(seed),
            next: 0,
            appends: Vec::new(),
            waiting: Vec::new(),
            reading: Vec::new(),
            seen: HashMap::new(),
            upto: Position::START,
            asking: Vec::new(),
            outlines: Vec::new(),
        }
    }

    fn open(&mut self) -> Option<(FileJournal, Steps)> {
        let mut entropy = self.random.fork();
        let options = Options::default().segment_bytes(16 * 1_024);
        let disk = Arc::new(self.disk.clone());
        // None if some call of the disk failed.
        FileJournal::simulated(disk, &options, Box::new(move || entropy.u64(..))).ok()
    }

    fn tag(&mut self) -> Tag {
        format!("account:{}", self.random.u8(0..5)).parse().expect("a tag")
    }

    fn query(&mut self) -> Query {
        let types = TYPES.iter().filter(|_| self.random.bool()).copied().collect::<Vec<_>>();
        let tags = (0..self.random.usize(usize::from(types.is_empty())..2)).map(|_| self.tag());
        QueryItem::new(types, tags.collect::<Vec<_>>()).expect("it asks for something").into()
    }

    fn event(&mut self) -> EncodedEvent {
        self.next += 1;
        let tags: Vec<_> = (0..self.random.usize(0..3)).map(|_| self.tag()).collect();
        let mut metadata = Metadata::default();
        if let Some(tag) = tags.first().filter(|_| self.random.bool()).cloned() {
            let at = self.random.bool().then(|| Timestamp::from_millis(self.next));
            let (aggregate, deadline) = ("Account".into(), RecordedDeadline::new(at, 1));
            metadata.origin = Some(Origin { aggregate, tag, deadline });
        }
        EncodedEvent {
            event_type: (*self.random.choice(&TYPES).expect("one")).into(),
            version: 1,
            tags: tags.into_iter().collect(),
            payload: [&self.next.to_le_bytes()[..], &vec![7; self.random.usize(0..900)]]
                .concat()
                .into(),
            recorded_at: Timestamp::from_millis(self.next),
            metadata,
        }
    }

    fn append(&mut self, journal: &FileJournal) {
        let events: Vec<_> = (0..self.random.usize(1..4)).map(|_| self.event()).collect();
        let condition = self.random.bool().then(|| {
            let after = self.random.u64(0..=self.upto.get() + 2);
            AppendCondition::new(self.query()).after(Position::new(after))
        });
        let numbers = events.iter().map(number).collect();
        let known = Known { events: numbers, condition, outcome: Outcome::Unknown };
        let answer = journal.append(events, known.condition.clone());
        self.appends.push(known);
        self.waiting.push((self.appends.len() - 1, answer));
    }

    fn look_at_answers(&mut self) {
        let mut waiting = Vec::new();
        for (nth, mut answer) in std::mem::take(&mut self.waiting) {
            match poll(&mut answer) {
                None => waiting.push((nth, answer)),
                Some(answer) => self.appends[nth].outcome = outcome(answer),
            }
        }
        self.waiting = waiting;
        let mut reading = Vec::new();
        for (after, mut answer) in std::mem::take(&mut self.reading) {
            match poll(&mut answer) {
                None => reading.push((after, answer)),
                Some(Ok(page)) => self.saw(after, page),
                Some(Err(_)) => assert!(self.disk.is_off(), "seed {}", self.seed),
            }
        }
        self.reading = reading;
        for mut answer in std::mem::take(&mut self.asking) {
            match poll(&mut answer) {
                None => self.asking.push(answer),
                Some(outline) => self.outlines.push(outline.expect("an empty one at worst")),
            }
        }
    }

    /// What is seen is durable: nobody ever sees anything else there, and no gap is filled later.
    fn saw(&mut self, after: Position, page: Page) {
        let mut expected = after.get();
        for recorded in page.events {
            expected += 1;
            assert_eq!(recorded.position.get(), expected, "seed {}", self.seed);
            let known = self.seen.entry(recorded.position).or_insert_with(|| recorded.clone());
            assert_eq!(*known, recorded, "seed {}", self.seed);
            self.upto = self.upto.max(recorded.position);
        }
    }

    fn run(&mut self, journal: &FileJournal, steps: &mut Steps) {
        for _ in 0..self.random.usize(0..60) {
            match self.random.u8(0..10) {
                0..3 => self.append(journal),
                3..6 => drop(steps.write()),
                6 => drop(steps.tidy()),
                7 => {
                    let after = Position::new(self.random.u64(0..=self.upto.get()));
                    self.reading.push((after, journal.read(Read::new(Query::all()).after(after))));
                }
                8 if self.random.bool() => self.asking.push(journal.outline()),
                8 => drop(steps.read()),
                _ => steps.rest(),
            }
            self.look_at_answers();
            if !journal.health().is_open() && self.random.u8(..) < 60 {
                let mut told = journal.reopen();
                while steps.write() {}
                drop(poll(&mut told));
            }
        }
        if self.random.bool() {
            while steps.write() {}
            while steps.read() {}
            self.look_at_answers();
        }
    }

    /// Everything that was acknowledged is where it was said to be; what was unknown is there wholly or not at
    /// all; nothing else is; and every condition held where its append stands.
    fn check(&mut self) {
        self.disk.restart();
        let (journal, mut steps) = self.open().expect("nothing fails any more");
        let events = all(&journal, &mut steps);
        self.check_outlines(&journal, &steps, &events);
        let seed = self.seed;
        let mut places: HashMap<u64, usize> = HashMap::new();
        for (nth, recorded) in events.iter().enumerate() {
            assert_eq!(recorded.position.get(), nth as u64 + 1, "seed {seed}");
            let again = places.insert(number(&recorded.event), nth);
            assert!(again.is_none(), "seed {seed}: twice");
            if let Some(seen) = self.seen.get(&recorded.position) {
                assert_eq!(seen, recorded, "seed {seed}");
            }
        }
        assert!(self.upto.get() <= events.len() as u64, "seed {seed}: what was seen is gone");
        for known in &self.appends {
            let found: Vec<_> = known.events.iter().map(|number| places.remove(number)).collect();
            let first = found[0];
            for (nth, place) in found.iter().enumerate() {
                let expected = first.map(|first| first + nth);
                assert_eq!(*place, expected, "seed {seed}: a part of an append");
            }
            match known.outcome {
                Outcome::Acknowledged(Appended { first: at, .. }) => {
                    let place = first.map(|first| first as u64 + 1);
                    assert_eq!(place, Some(at.get()), "seed {seed}");
                }
                Outcome::Unknown => {}
                Outcome::NotWritten => assert_eq!(first, None, "seed {seed}"),
                Outcome::Conflict(at) => {
                    assert_eq!(first, None, "seed {seed}");
                    let condition = known.condition.as_ref().expect("it has one");
                    let in_the_way = &events[usize::try_from(at.get()).expect("few") - 1];
                    assert!(at > condition.after && matches(&condition.query, in_the_way));
                }
            }
            if let (Some(first), Some(condition)) = (first, &known.condition) {
                let mut between = events[..first].iter();
                let winner = between.find(|recorded| {
                    recorded.position > condition.after && matches(&condition.query, recorded)
                });
                assert!(winner.is_none(), "seed {seed}: two winners");
            }
        }
        assert!(places.is_empty(), "seed {seed}: nobody appended that");
    }
}

impl Trial {
    /// What a journal says its events show is what they do, then and now.
    fn check_outlines(&mut self, journal: &FileJournal, steps: &Steps, events: &[RecordedEvent]) {
        let outline = || {
            let mut answer = journal.outline();
            while steps.read() {}
            poll(&mut answer).expect("it was read").expect("it can be read")
        };
        self.outlines.push(outline());
        while steps.tidy() {}
        self.outlines.push(outline());
        for outline in &self.outlines {
            let mut folded = Outline::default();
            let upto = usize::try_from(outline.upto().get()).expect("few");
            assert!(upto <= events.len(), "seed {}: it is ahead", self.seed);
            events[..upto].iter().for_each(|recorded| folded.take(recorded));
            assert_eq!(*outline, folded, "seed {}: up to {upto}", self.seed);
        }
    }
}

fn number(event: &EncodedEvent) -> u64 {
    u64::from_le_bytes(event.payload[..8].try_into().expect("eight bytes"))
}

fn matches(query: &Query, recorded: &RecordedEvent) -> bool {
    query.matches(recorded.event.event_type.as_str(), &recorded.event.tags)
}

fn outcome(answer: Result<Appended, AppendError>) -> Outcome {
    match answer {
        Ok(appended) => Outcome::Acknowledged(appended),
        Err(AppendError::Conflict { at }) => Outcome::Conflict(at),
        Err(AppendError::Unknown(_)) => Outcome::Unknown,
        Err(_) => Outcome::NotWritten,
    }
}

fn poll<T>(answer: &mut Answer<T>) -> Option<T> {
    match Pin::new(answer).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => Some(answer),
        Poll::Pending => None,
    }
}

fn all(journal: &FileJournal, steps: &mut Steps) -> Vec<RecordedEvent> {
    let (mut events, mut read) = (Vec::new(), Read::new(Query::all()));
    loop {
        let mut answer = journal.read(read.clone());
        while steps.read() {}
        let page = poll(&mut answer).expect("it was read").expect("it is whole");
        events.extend(page.events);
        read.after = page.upto;
        if !page.more {
            return events;
        }
    }
}

#[test]
fn nothing_acknowledged_is_lost_whatever_happens_in_whichever_order() {
    const FAULTS: [Fault; 3] = [Fault::PowerOff, Fault::Fails, Fault::NoRoom];
    let seeds = std::env::var("JOURNAL_SEEDS").ok().map(|seeds| seeds.parse().expect("a number"));
    let (seeds, mut with_outline) = (seeds.unwrap_or(1_000), 0);
    for seed in 0..seeds {
        let mut trial = Trial::new(seed);
        for _ in 0..trial.random.usize(1..5) {
            if trial.random.bool() {
                let fault = *trial.random.choice(&FAULTS).expect("one");
                trial.disk.plan(trial.random.u64(0..60), fault);
            }
            if let Some((journal, mut steps)) = trial.open() {
                trial.run(&journal, &mut steps);
                // The process ends, well or not.
                if trial.random.bool() {
                    steps.end();
                }
                trial.waiting.clear();
                trial.reading.clear();
                trial.asking.clear();
            }
            if trial.disk.is_off() || trial.random.bool() {
                trial.disk.restart();
            }
        }
        trial.check();
        let shows = |outline: &Outline| outline.upto() > Position::START;
        with_outline +=
            usize::from(trial.outlines.iter().filter(|outline| shows(outline)).count() > 1);
    }
    assert!(with_outline as u64 >= seeds / 10, "{with_outline} of {seeds}");
}
