//! Folding a batch into rows, and writing them with their mark, in one transaction. On the thread of the projection.

use bailiwick_core::journal::{Cursor, RecordedEvent};
use bailiwick_core::{
    BoxError, ErrorReport, News, Position, Projection, ProjectionStore, ProjectionTransaction,
};

use crate::error::{caught, guarded};

/// A projection and its store, whatever their types.
pub(super) trait AnyFolding: Send {
    /// What the database says of the projection.
    fn look(&mut self) -> Result<Marks, String>;
    fn apply(&mut self, part: Part) -> Result<Committed, Refused>;
    fn drop_older(&mut self) -> Result<(), String>;
}

/// What the database says of a projection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Marks {
    /// Of the version that is folded here.
    pub(super) own: Option<Cursor>,
    /// The version that readers read, and its mark.
    pub(super) in_use: Option<(u32, Option<Cursor>)>,
}

/// A batch, and where it goes on from and to.
pub(super) struct Part {
    pub(super) events: Vec<RecordedEvent>,
    /// The mark that has to be there.
    pub(super) from: Option<Cursor>,
    /// The mark that is there then.
    pub(super) upto: Cursor,
    /// It reaches the end of the journal.
    pub(super) level: bool,
    #[cfg(feature = "fault-injection")]
    pub(super) sabotage: Option<crate::Sabotage>,
}

/// It is in the database.
#[derive(Debug)]
pub(super) struct Committed {
    pub(super) mark: Cursor,
    /// The version that readers read, and up to where it is folded.
    pub(super) in_use: Option<(u32, Position)>,
    /// It has come into use just now.
    pub(super) swapped: bool,
    /// It stops before this event.
    pub(super) broken: Option<Broken>,
}

/// An event that cannot be folded.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) at: Position,
    pub(super) reason: String,
}

/// Nothing was written, or nobody can tell.
#[derive(Debug)]
pub(super) enum Refused {
    /// The mark is another: somebody else writes the same rows.
    Overtaken,
    /// A later version is in use.
    Superseded { in_use: u32 },
    /// The database has failed.
    Failed { reason: String },
}

pub(super) struct Folding<P, S> {
    projection: P,
    store: S,
}

/// What is folded of a batch: events, and which rows each of them concerns.
struct Read<P: Projection> {
    news: Vec<News<P::Event>>,
    /// In the order of the events.
    concerns: Vec<(usize, P::Key)>,
    /// The event behind them, if it cannot be folded.
    broken: Option<Broken>,
}

impl<P: Projection, S: ProjectionStore<P>> Folding<P, S> {
    pub(super) fn new(projection: P, store: S) -> Self {
        Folding { projection, store }
    }

    /// Reads events, and which rows they concern, up to one that cannot be read.
    fn read(&self, events: Vec<RecordedEvent>) -> Read<P> {
        let mut read =
            Read { news: Vec::with_capacity(events.len()), concerns: vec![], broken: None };
        read.concerns.reserve(events.len());
        for recorded in events {
            let at = recorded.position;
            let one = guarded(|| self.read_one(recorded, &mut read));
            let failed = match one {
                Ok(Ok(())) => continue,
                Ok(Err(error)) => ErrorReport::of(&*error).to_string(),
                Err(panicked) => panicked,
            };
            read.cut(read.news.len());
            read.broken = Some(Broken { at, reason: failed });
            break;
        }
        read
    }

    fn read_one(&self, recorded: RecordedEvent, read: &mut Read<P>) -> Result<(), BoxError> {
        // A type that is retired is passed over.
        let Some(news) = News::read(recorded)? else { return Ok(()) };
        let nth = read.news.len();
        read.concerns.extend(self.projection.keys(&news)?.into_iter().map(|key| (nth, key)));
        read.news.push(news);
        Ok(())
    }

    /// Writes what was read, or everything before the first event that cannot be folded.
    fn write(&mut self, mut read: Read<P>, part: &Part) -> Result<Committed, Refused> {
        let mut upto = part.upto;
        loop {
            let level = part.level && read.broken.is_none();
            if read.broken.is_some() {
                let from = part.from.map_or(Position::START, |from| from.position);
                upto.position = read.news.last().map_or(from, News::position);
            }
            let written = caught(|| self.transact(&read, part, upto, level));
            let failed = match written {
                Ok(Ok(committed)) => return Ok(Committed { broken: read.broken, ..committed }),
                Ok(Err(Stop::Broken { nth, reason })) => {
                    let at = read.news[nth].position();
                    read.cut(nth);
                    read.broken = Some(Broken { at, reason });
                    continue;
                }
                Ok(Err(Stop::Refused(refused))) => return Err(refused),
                Ok(Err(Stop::Failed(error))) => ErrorReport::of(&*error).to_string(),
                Err(message) => format!("the store panics: {message}"),
            };
            return Err(Refused::Failed { reason: failed });
        }
    }

    /// One transaction.
    fn transact(
        &mut self,
        read: &Read<P>,
        part: &Part,
        upto: Cursor,
        level: bool,
    ) -> Result<Committed, Stop> {
        let mut tx = self.store.begin()?;
        let in_use = tx.in_use()?;
        if let Some(in_use) = in_use.filter(|in_use| *in_use > P::VERSION) {
            return Err(Stop::Refused(Refused::Superseded { in_use }));
        }
        if tx.mark(P::VERSION)? != part.from {
            return Err(Stop::Refused(Refused::Overtaken));
        }
        if part.from.is_none() {
            tx.create()?;
        }
        #[cfg(feature = "fault-injection")]
        if part.sabotage == Some(crate::Sabotage::MarkBeforeRows) {
            tx.set_mark(upto)?;
            tx.commit()?;
            tx = self.store.begin()?;
        }
        let rows = fold(&self.projection, &mut tx, read)?;
        if !rows.is_empty() {
            tx.write(&rows)?;
        }
        #[cfg(feature = "fault-injection")]
        if part.sabotage == Some(crate::Sabotage::MarkAfterRows) {
            tx.commit()?;
            tx = self.store.begin()?;
        }
        tx.set_mark(upto)?;
        let older = match in_use {
            Some(version) if version != P::VERSION => {
                Some((version, tx.mark(version)?.map_or(Position::START, |mark| mark.position)))
            }
            _ => None,
        };
        let is_complete = older.map_or(level, |(_, mark)| upto.position >= mark);
        let swapped = in_use != Some(P::VERSION) && is_complete;
        if swapped {
            tx.set_in_use()?;
        }
        tx.commit()?;
        let is_own = swapped || in_use == Some(P::VERSION);
        let in_use = if is_own { Some((P::VERSION, upto.position)) } else { older };
        Ok(Committed { mark: upto, in_use, swapped, broken: None })
    }
}

/// Rows to be written; none is one that is deleted.
type Written<P> = Vec<(<P as Projection>::Key, Option<<P as Projection>::Row>)>;

/// Folds what was read, in order. The rows that have to be written.
fn fold<P: Projection>(
    projection: &P,
    tx: &mut impl ProjectionTransaction<P>,
    read: &Read<P>,
) -> Result<Written<P>, Stop> {
    let mut keys: Vec<_> = read.concerns.iter().map(|(_, key)| key.clone()).collect();
    keys.sort_unstable();
    keys.dedup();
    let loaded = if keys.is_empty() { Vec::new() } else { tx.load(&keys)? };
    let mut rows: Vec<Option<P::Row>> = keys.iter().map(|_| None).collect();
    let mut was_there = vec![false; keys.len()];
    for (key, row) in loaded {
        let nth = keys.binary_search(&key);
        let nth = nth.map_err(|_| BoxError::from("the store gave a row that was not asked for"))?;
        (rows[nth], was_there[nth]) = (Some(row), true);
    }
    for (nth, key) in &read.concerns {
        let row = keys.binary_search(key).expect("it is one of them");
        let row = &mut rows[row];
        let folded = guarded(|| projection.fold(key, row, &read.news[*nth]));
        let reason = match folded {
            Ok(Ok(())) => continue,
            Ok(Err(error)) => ErrorReport::of(&*error).to_string(),
            Err(panicked) => panicked,
        };
        return Err(Stop::Broken { nth: *nth, reason });
    }
    let rows = keys.into_iter().zip(rows).zip(was_there);
    let to_write = rows.filter(|((_, row), was_there)| row.is_some() || *was_there);
    Ok(to_write.map(|(row, _)| row).collect())
}

/// Why a transaction was not committed.
enum Stop {
    Broken { nth: usize, reason: String },
    Refused(Refused),
    Failed(BoxError),
}

impl From<BoxError> for Stop {
    fn from(error: BoxError) -> Self {
        Stop::Failed(error)
    }
}

impl<P: Projection> Read<P> {
    /// Leaves the first events only.
    fn cut(&mut self, news: usize) {
        self.news.truncate(news);
        let concerns = self.concerns.partition_point(|(nth, _)| *nth < news);
        self.concerns.truncate(concerns);
    }
}

impl<P: Projection, S: ProjectionStore<P>> AnyFolding for Folding<P, S> {
    fn look(&mut self) -> Result<Marks, String> {
        let looked = guarded(|| -> Result<Marks, BoxError> {
            let mut tx = self.store.begin()?;
            let own = tx.mark(P::VERSION)?;
            let in_use = match tx.in_use()? {
                None => None,
                Some(version) if version == P::VERSION => Some((version, own)),
                Some(version) => Some((version, tx.mark(version)?)),
            };
            Ok(Marks { own, in_use })
        });
        looked?.map_err(|error| ErrorReport::of(&*error).to_string())
    }

    fn apply(&mut self, mut part: Part) -> Result<Committed, Refused> {
        let events = std::mem::take(&mut part.events);
        let read = self.read(events);
        self.write(read, &part)
    }

    fn drop_older(&mut self) -> Result<(), String> {
        let dropped = guarded(|| self.store.drop_older());
        dropped?.map_err(|error| ErrorReport::of(&*error).to_string())
    }
}
