//! The model: all events, each of which is looked at for every question.

use std::collections::BTreeMap;

use bailiwick_core::journal::{EncodedEvent, Metadata};
use bailiwick_core::{Position, Tag, Timestamp};
use bailiwick_journal::index::Active;
use bailiwick_journal::stored::{Names, encode};

/// The last one is rare.
pub const TYPES: [&str; 5] =
    ["Opened", "Moved", "Closed", "Öffnung, die einen langen Namen hat", "Rare"];

/// Keys that begin like others, and characters that stand around the colon.
pub const KEYS: [&str; 6] = ["account", "account-", "account.x", "accounts", "busy", "order"];

#[derive(Debug, Clone)]
pub struct Event {
    pub event_type: &'static str,
    pub tags: Vec<String>,
    pub offset: u64,
}

/// The events of some segments, by their positions.
#[derive(Debug, Clone)]
pub struct Model {
    pub first: u64,
    pub events: BTreeMap<u64, Event>,
}

impl Model {
    /// Of one segment. `values`: how many values each key of a tag has.
    pub fn segment(random: &mut fastrand::Rng, first: u64, count: usize, values: usize) -> Model {
        let (mut events, mut offset, mut position) = (BTreeMap::new(), 4_096, first);
        let holes = random.bool();
        for _ in 0..count {
            position += if holes && random.u8(..) < 20 { random.u64(1..40) } else { 0 };
            let event_type = match random.u8(..) {
                0 => 4,
                _ => random.usize(0..4),
            };
            let mut tags: Vec<_> = (0..random.usize(0..4)).map(|_| tag(random, values)).collect();
            tags.sort_unstable();
            tags.dedup();
            let event_type = TYPES[event_type];
            events.insert(position, Event { event_type, tags, offset });
            (position, offset) = (position + 1, offset + 8 * random.u64(10..60));
        }
        Model { first, events }
    }

    /// What is behind it.
    pub fn end(&self) -> u64 {
        self.events.last_key_value().map_or(self.first, |(last, _)| last + 1)
    }

    pub fn index(&self) -> Active {
        let mut index = Active::from(Position::new(self.first));
        let mut bytes = Vec::new();
        for (position, event) in &self.events {
            bytes.clear();
            encode(&event.encoded(), &mut bytes);
            let names = Names::of(&bytes).expect("an event");
            index.push(Position::new(*position), event.offset, &names);
        }
        index
    }

    /// The same as one of several.
    pub fn of_all(models: &[Model]) -> Model {
        let events = models.iter().flat_map(|model| model.events.clone()).collect();
        let first = models.iter().find(|model| !model.events.is_empty()).unwrap_or(&models[0]);
        Model { first: first.first, events }
    }

    /// Where the event of each position stands, and of the one behind them all.
    pub fn offsets(&self) -> impl Iterator<Item = (u32, Option<u64>)> {
        let positions = (self.first..=self.end()).zip(0..);
        positions.map(|(at, nth)| (nth, self.events.get(&at).map(|event| event.offset)))
    }

    /// The positions of the events that are wanted, with their types.
    pub fn with(&self, wanted: impl Fn(&Event) -> bool) -> Vec<(u64, &'static str)> {
        let events = self.events.iter().filter(|(_, event)| wanted(event));
        events.map(|(position, event)| (*position, event.event_type)).collect()
    }

    /// The values of a key, each with the types of its events.
    pub fn values(&self, key: &str) -> BTreeMap<String, Vec<&'static str>> {
        let mut values: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for event in self.events.values() {
            for (of, value) in event.tags.iter().filter_map(|tag| tag.split_once(':')) {
                if of == key {
                    let types = values.entry(value.to_owned()).or_default();
                    types.push(event.event_type);
                    types.sort_unstable();
                    types.dedup();
                }
            }
        }
        values
    }
}

impl Event {
    fn encoded(&self) -> EncodedEvent {
        EncodedEvent {
            event_type: self.event_type.to_owned().into(),
            version: 1,
            tags: self.tags.iter().map(|tag| tag.parse::<Tag>().expect("a tag")).collect(),
            payload: b"x".to_vec().into(),
            recorded_at: Timestamp::from_millis(7),
            metadata: Metadata::default(),
        }
    }
}

/// A tag that an event may have.
pub fn tag(random: &mut fastrand::Rng, values: usize) -> String {
    let (key, value) = (random.choice(KEYS).expect("one"), random.usize(0..values));
    match (key, random.u8(..)) {
        ("busy", _) => "busy:all".to_owned(),
        (_, 0..3) => format!("{key}:{value}{}", "ü".repeat(98)),
        (_, 3..10) => format!("{key}:{value}:{value}"),
        _ => format!("{key}:{value}"),
    }
}
