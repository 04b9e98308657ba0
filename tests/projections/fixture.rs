//! Fixture: projections of counters, on which much can be seen: an event that is folded twice, or left out, makes another row.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bailiwick::journal::{Journal, RecordedEvent};
use bailiwick::{BoxError, News, Position, Projection};
use bailiwick_examples::sqlite::SqliteRows;
pub use bailiwick_tests::faults::journal_copy::read as events_of;
use bailiwick_tests::fixtures::counter::{CounterEvent, CounterId};
use rusqlite::{Connection, OptionalExtension};

/// What was counted. Each version makes other rows of the same events.
#[derive(Clone, Default)]
pub struct Sums<const V: u32 = 1> {
    /// It takes an event that is poisoned; else it fails there.
    pub is_immune: Arc<AtomicBool>,
}

/// A row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sum {
    pub version: u32,
    pub events: u64,
    pub sum: u64,
}

impl<const V: u32> Sums<V> {
    pub fn new() -> Self {
        Sums::default()
    }
}

impl<const V: u32> Projection for Sums<V> {
    const NAME: &'static str = "sums";
    const VERSION: u32 = V;
    type Event = CounterEvent;
    type Key = CounterId;
    type Row = Sum;

    fn keys(
        &self,
        news: &News<CounterEvent>,
    ) -> Result<impl IntoIterator<Item = CounterId>, BoxError> {
        match &news.event {
            CounterEvent::Together(both) => Ok(vec![both.one.clone(), both.other.clone()]),
            _ => Ok(vec![news.id()?]),
        }
    }

    fn fold(
        &self,
        _: &CounterId,
        row: &mut Option<Sum>,
        news: &News<CounterEvent>,
    ) -> Result<(), BoxError> {
        let row = row.get_or_insert(Sum { version: V, events: 0, sum: 0 });
        row.events += 1;
        match news.event {
            CounterEvent::Counted { value } => row.sum += value * u64::from(V),
            CounterEvent::Poisoned {} if self.is_immune.load(Ordering::SeqCst) => {}
            CounterEvent::Poisoned {} if V == 1 => return Err("it is poisoned".into()),
            CounterEvent::Poisoned {} => panic!("it is poisoned"),
            _ => {}
        }
        Ok(())
    }
}

impl<const V: u32> SqliteRows for Sums<V> {
    const COLUMNS: &'static str =
        "counter TEXT PRIMARY KEY, version INTEGER, events INTEGER, sum INTEGER";

    fn load(db: &Connection, table: &str, id: &CounterId) -> rusqlite::Result<Option<Sum>> {
        let select = format!("SELECT version, events, sum FROM {table} WHERE counter = ?1");
        let row = db.prepare_cached(&select)?.query_row([id.as_str()], |row| {
            Ok(Sum { version: row.get(0)?, events: row.get(1)?, sum: row.get(2)? })
        });
        row.optional()
    }

    fn write(
        db: &Connection,
        table: &str,
        id: &CounterId,
        row: Option<&Sum>,
    ) -> rusqlite::Result<()> {
        let Sum { version, events, sum } = row.expect("they are never deleted");
        let upsert = format!("INSERT OR REPLACE INTO {table} VALUES (?1, ?2, ?3, ?4)");
        db.prepare_cached(&upsert)?.execute((id.as_str(), version, events, sum))?;
        Ok(())
    }
}

/// What the rows of a version have to be: the events up to a position, folded one after the other.
pub fn fold_events(
    version: u32,
    events: &[RecordedEvent],
    upto: Position,
) -> BTreeMap<CounterId, Sum> {
    let mut rows = BTreeMap::<CounterId, Sum>::new();
    for recorded in events.iter().take_while(|one| one.position <= upto) {
        let Ok(Some(news)) = News::<CounterEvent>::read(recorded.clone()) else { continue };
        for key in Sums::<1>::new().keys(&news).expect("it has keys") {
            let row = rows.entry(key).or_insert(Sum { version, events: 0, sum: 0 });
            row.events += 1;
            if let CounterEvent::Counted { value } = news.event {
                row.sum += value * u64::from(version);
            }
        }
    }
    rows
}

/// The same of a whole journal.
pub async fn folded(version: u32, journal: &dyn Journal) -> Vec<(CounterId, Sum)> {
    let events = events_of(journal).await;
    fold_events(version, &events, Position::new(u64::MAX)).into_iter().collect()
}
