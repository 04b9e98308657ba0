//! Folding a batch into rows, and writing them with their mark, in one transaction. On the thread of the projection.

use bailiwick_core::journal::{Cursor, RecordedEvent};
use bailiwick_core::{
    BoxError, News, Position, Projection, ProjectionStore, ProjectionTransaction,
};

use super::running::Stop;
use crate::error::{caught, guarded, tried};

/// A projection and its store, whatever their types.
pub(super) trait AnyFolding: Send {
    /// What the database says of the projection.
    fn look(&mut self) -> Result<Marks, Stop>;
    /// If it fails, nothing was written, or nobody can tell.
    fn apply(&mut self, part: Part) -> Result<Committed, Stop>;
    fn drop_older(&mut self) -> Result<(), Stop>;
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
    /// The end of the journal when the projection began: a version comes into use there if none is.
    pub(super) goal: Position,
    #[cfg(feature = "fault-injection")]
    pub(super) sabotage: Option<crate::sabotage::Sabotage>,
}

/// It is in the database.
pub(super) struct Committed {
    pub(super) mark: Cursor,
    /// The version that readers read, and up to where it is folded.
    pub(super) in_use: Option<(u32, Position)>,
    /// It has come into use just now.
    pub(super) swapped: bool,
    /// Where it comes into use, if it is not.
    pub(super) goal: Position,
    /// It stops before this event.
    pub(super) broken: Option<Stop>,
}

pub(super) struct Folding<P, S> {
    pub(super) projection: P,
    pub(super) store: S,
}

/// What is folded of a batch: events, and which rows each of them concerns.
struct Decoded<P: Projection> {
    news: Vec<News<P::Event>>,
    /// In the order of the events.
    concerns: Vec<(usize, P::Key)>,
    /// The event behind them, if it cannot be folded.
    broken: Option<Stop>,
}

impl<P: Projection, S: ProjectionStore<P>> Folding<P, S> {
    /// Reads events, and which rows they concern, up to one that cannot be read.
    fn read(&self, events: Vec<RecordedEvent>) -> Decoded<P> {
        let (news, concerns) = (Vec::with_capacity(events.len()), Vec::with_capacity(events.len()));
        let mut read = Decoded { news, concerns, broken: None };
        for recorded in events {
            let at = recorded.position;
            if let Err(reason) = tried(|| self.read_one(recorded, &mut read)) {
                read.cut(read.news.len());
                read.broken = Some(Stop::Failed { at: Some(at), reason });
                break;
            }
        }
        read
    }

    fn read_one(&self, recorded: RecordedEvent, read: &mut Decoded<P>) -> Result<(), BoxError> {
        // A type that is retired is passed over.
        let Some(news) = News::read(recorded)? else { return Ok(()) };
        let (nth, first) = (read.news.len(), read.concerns.len());
        read.concerns.extend(self.projection.keys(&news)?.into_iter().map(|key| (nth, key)));
        if read.concerns.len() > first + 1 {
            // A row that is named twice is folded once.
            let mut several = read.concerns.split_off(first);
            several.sort_unstable_by(|(_, one), (_, other)| one.cmp(other));
            several.dedup_by(|(_, one), (_, other)| one == other);
            read.concerns.append(&mut several);
        }
        read.news.push(news);
        Ok(())
    }

    /// Writes what was read, or everything before the first event that cannot be folded.
    fn write(&mut self, mut read: Decoded<P>, part: &Part) -> Result<Committed, Stop> {
        let mut upto = part.upto;
        loop {
            if read.broken.is_some() {
                let last = read.news.last().map(News::position);
                upto.position = last.unwrap_or_else(|| position_of(part.from));
            }
            match caught(|| self.transact(&read, part, upto)) {
                Ok(Ok(committed)) => return Ok(Committed { broken: read.broken, ..committed }),
                Ok(Err(Abort::Broken { nth, reason })) => {
                    let at = read.news[nth].position();
                    read.cut(nth);
                    read.broken = Some(Stop::Failed { at: Some(at), reason });
                }
                Ok(Err(Abort::Stop(stop))) => return Err(stop),
                Err(message) => {
                    return Err(Stop::Database(format!("the store panics: {message}")));
                }
            }
        }
    }

    /// One transaction. The mark comes first: what is in use is known behind its lock.
    fn transact(
        &mut self,
        read: &Decoded<P>,
        part: &Part,
        upto: Cursor,
    ) -> Result<Committed, Abort> {
        let mut tx = self.store.begin()?;
        let mark = tx.mark(P::VERSION)?;
        let mut in_use = not_later::<P>(tx.in_use()?)?;
        if mark != part.from {
            // Somebody else writes the same rows.
            return Err(Abort::Stop(Stop::StandBy));
        }
        if part.from.is_none() {
            // That takes it out of use.
            tx.create()?;
            in_use = in_use.filter(|version| *version != P::VERSION);
        }
        #[cfg(feature = "fault-injection")]
        if part.sabotage == Some(crate::sabotage::Sabotage::MarkBeforeRows) {
            tx.set_mark(upto)?;
            tx.commit()?;
            tx = self.store.begin()?;
        }
        let rows = fold(&self.projection, &mut tx, read)?;
        if !rows.is_empty() {
            tx.write(&rows)?;
        }
        #[cfg(feature = "fault-injection")]
        if part.sabotage == Some(crate::sabotage::Sabotage::MarkAfterRows) {
            tx.commit()?;
            tx = self.store.begin()?;
        }
        tx.set_mark(upto)?;
        let older = match in_use {
            Some(version) if version != P::VERSION => Some(older(&mut tx, version, upto)?),
            _ => None,
        };
        let goal = older.and_then(|(_, mark)| mark).map_or(part.goal, |mark| mark.position);
        let swapped = in_use != Some(P::VERSION) && upto.position >= goal;
        if swapped {
            tx.set_in_use()?;
        }
        tx.commit()?;
        let is_own = swapped || in_use == Some(P::VERSION);
        let in_use = match is_own {
            true => Some((P::VERSION, upto.position)),
            false => older.map(|(version, mark)| (version, position_of(mark))),
        };
        Ok(Committed { mark: upto, in_use, swapped, goal, broken: None })
    }
}

/// Refused if a later version is in use.
fn not_later<P: Projection>(in_use: Option<u32>) -> Result<Option<u32>, Abort> {
    match in_use {
        Some(in_use) if in_use > P::VERSION => Err(Abort::Stop(Stop::StandBy)),
        in_use => Ok(in_use),
    }
}

/// The older version that is in use, and its mark. Its lock is held from then on, so that it does not move on before
/// the commit: whoever keeps it up sees what came into use here.
fn older<P: Projection>(
    tx: &mut impl ProjectionTransaction<P>,
    mut version: u32,
    upto: Cursor,
) -> Result<(u32, Option<Cursor>), Abort> {
    loop {
        let mark = tx.mark(version)?;
        // Another one may have come into use before the lock was had.
        let now = not_later::<P>(tx.in_use()?)?;
        let is_of_another = mark.is_some_and(|mark| mark.journal != upto.journal);
        match now {
            Some(now) if now == version && !is_of_another => return Ok((version, mark)),
            // They only rise, so this ends.
            Some(now) if now > version && now < P::VERSION => version = now,
            _ => return Err(Abort::Stop(Stop::StandBy)),
        }
    }
}

/// Rows to be written; none is one that is deleted.
type Written<P> = Vec<(<P as Projection>::Key, Option<<P as Projection>::Row>)>;

/// Folds what was read, in order. The rows that have to be written.
fn fold<P: Projection>(
    projection: &P,
    tx: &mut impl ProjectionTransaction<P>,
    read: &Decoded<P>,
) -> Result<Written<P>, Abort> {
    let keys = guarded(|| read.keys()).map_err(|reason| {
        let reason = format!("its keys cannot be compared: {reason}");
        Abort::Stop(Stop::Failed { at: None, reason })
    })?;
    let loaded = if keys.is_empty() { Vec::new() } else { tx.load(&keys)? };
    let mut rows: Vec<Option<P::Row>> = keys.iter().map(|_| None).collect();
    let mut was_there = vec![false; keys.len()];
    for (key, row) in loaded {
        let nth = keys.binary_search(&key);
        let nth = nth.map_err(|_| BoxError::from("the store gave a row that was not asked for"))?;
        (rows[nth], was_there[nth]) = (Some(row), true);
    }
    for (nth, key) in &read.concerns {
        let folded = tried(|| {
            let row = keys.binary_search(key).expect("it is one of them");
            projection.fold(key, &mut rows[row], &read.news[*nth])
        });
        folded.map_err(|reason| Abort::Broken { nth: *nth, reason })?;
    }
    let rows = keys.into_iter().zip(rows).zip(was_there);
    let to_write = rows.filter(|((_, row), was_there)| row.is_some() || *was_there);
    Ok(to_write.map(|(row, _)| row).collect())
}

/// Why a transaction was not committed.
enum Abort {
    Broken { nth: usize, reason: String },
    Stop(Stop),
}

impl From<BoxError> for Abort {
    fn from(error: BoxError) -> Self {
        Abort::Stop(error.into())
    }
}

/// Where a mark is.
pub(super) fn position_of(mark: Option<Cursor>) -> Position {
    mark.map_or(Position::START, |mark| mark.position)
}

impl<P: Projection> Decoded<P> {
    /// Of all rows, in order, each once.
    fn keys(&self) -> Vec<P::Key> {
        let mut keys: Vec<_> = self.concerns.iter().map(|(_, key)| key.clone()).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// Leaves the first events only.
    fn cut(&mut self, news: usize) {
        self.news.truncate(news);
        let concerns = self.concerns.partition_point(|(nth, _)| *nth < news);
        self.concerns.truncate(concerns);
    }
}

impl<P: Projection, S: ProjectionStore<P>> AnyFolding for Folding<P, S> {
    fn look(&mut self) -> Result<Marks, Stop> {
        let mut tx = self.store.begin()?;
        let own = tx.mark(P::VERSION)?;
        let in_use = match tx.in_use()? {
            // Without a mark it has no rows that anybody could rely on.
            Some(version) if version == P::VERSION => own.map(|own| (version, Some(own))),
            Some(version) => Some((version, tx.mark(version)?)),
            None => None,
        };
        Ok(Marks { own, in_use })
    }

    fn apply(&mut self, mut part: Part) -> Result<Committed, Stop> {
        let events = std::mem::take(&mut part.events);
        let read = self.read(events);
        self.write(read, &part)
    }

    fn drop_older(&mut self) -> Result<(), Stop> {
        Ok(self.store.drop_older()?)
    }
}
