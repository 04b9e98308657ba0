//! Following the journal: batches are read, applied, and what became of them is shown.

use std::convert::Infallible;
use std::pin::pin;

use bailiwick_core::Position;
use bailiwick_core::journal::{Cursor, JournalReadError, Query};

use super::batch::{self, Batch};
use super::folding::{Committed, Part, position_of};
use super::looking::Seen;
use super::running::{Running, Stop};
use super::status::{ProjectionState, RebuildProgress, StaleReason};
use crate::journal::port;
use crate::reading::Following;
use crate::util::race::{Either, race};

impl Running {
    /// Looks at what is there, and follows the journal from then on: until something is in the way.
    pub(super) async fn follow(&self) -> Result<Infallible, Stop> {
        let Seen { marks, head: goal } = self.opens().await?;
        let mut mark = marks.own;
        let mut following = self.following(mark);
        let (mut level, mut next, mut has_committed) = (false, None, false);
        loop {
            let batch = match next.take() {
                Some(batch) => batch,
                None if level => {
                    if std::mem::take(&mut has_committed) {
                        self.lets_gather(mark).await;
                    }
                    self.waits(&mut following, mark).await
                }
                None => Batch::read(None, &mut following, &self.shared.config).await,
            };
            let batch = batch.ok_or(Stop::Closed)??;
            self.has_read();
            level = batch.level;
            if self.has_all_of(&batch, mark) {
                self.recovers();
                self.current.set(|status| status.state = ProjectionState::Ready);
                continue;
            }
            let applied = self.applied(mark, batch, goal);
            if level {
                mark = Some(applied.await?);
                has_committed = true;
                continue;
            }
            // Read while that is written; what is written is looked at as soon as it is.
            let (mut applied, mut reading) =
                (pin!(applied), pin!(Batch::read(None, &mut following, &self.shared.config)));
            match race(applied.as_mut(), reading.as_mut()).await {
                Either::Left(done) => {
                    mark = Some(done?);
                    next = Some(reading.await);
                }
                Either::Right(batch) => {
                    next = Some(batch);
                    mark = Some(applied.await?);
                }
            }
        }
    }

    /// Whether there is nothing to commit: the journal ends at the mark of rows that are in use. Both are from the
    /// database, by a look or a commit since it went on.
    fn has_all_of(&self, batch: &Batch, mark: Option<Cursor>) -> bool {
        let in_use = self.current.get().in_use;
        batch.level
            && batch.events.is_empty()
            && mark.is_some_and(|mark| batch.upto <= mark.position)
            && in_use.is_some_and(|(version, _)| version == self.current.version)
    }

    fn following(&self, mark: Option<Cursor>) -> Following {
        Following::new(self.shared.clone(), self.query.clone(), position_of(mark))
    }

    /// Has the batch applied, and shows what became of it. It is under way from the call on. The new mark.
    fn applied(
        &self,
        from: Option<Cursor>,
        batch: Batch,
        goal: Position,
    ) -> impl Future<Output = Result<Cursor, Stop>> + Send {
        let Batch { events, upto, level } = batch;
        let part = Part {
            events,
            from,
            upto: Cursor::new(self.shared.journal_id, upto),
            goal,
            #[cfg(feature = "fault-injection")]
            sabotage: self.shared.sabotage,
        };
        let applied = self.answered(self.thread.asks(move |folding| folding.apply(part)));
        async move {
            let committed = applied.await?;
            self.recovers();
            self.committed(committed, level).await
        }
    }

    async fn committed(&self, committed: Committed, level: bool) -> Result<Cursor, Stop> {
        let Committed { mark, in_use, swapped, goal, broken } = committed;
        let level = level && broken.is_none();
        self.current.set(|status| {
            (status.position, status.in_use) = (mark.position, in_use);
            let is_own = in_use.is_some_and(|(version, _)| version == status.version);
            status.state = match status.state {
                _ if !is_own => {
                    let progress = RebuildProgress { position: mark.position, goal };
                    ProjectionState::Rebuilding { progress }
                }
                // One that is ready stays so, however much comes at once.
                ProjectionState::Ready => ProjectionState::Ready,
                _ if level => ProjectionState::Ready,
                _ => ProjectionState::Stale { reason: StaleReason::CatchingUp },
            };
        });
        if swapped {
            let version = self.current.version;
            tracing::info!(projection = self.name(), version, "this version is in use from now on");
            self.drops_older().await?;
        }
        broken.map_or(Ok(mark), Err)
    }

    /// Has the store drop what is older. That it fails does not hold up the projection.
    pub(super) async fn drops_older(&self) -> Result<(), Stop> {
        match self.answered(self.thread.asks(|folding| folding.drop_older())).await {
            Err(Stop::Database(reason)) => {
                let projection = self.name();
                tracing::warn!(projection, %reason, "older versions could not be dropped");
                Ok(())
            }
            dropped => dropped,
        }
    }

    /// A while after what was committed, unless somebody waits for more.
    async fn lets_gather(&self, mark: Option<Cursor>) {
        let wanted = self.is_wanted(position_of(mark));
        race(wanted, self.sleep(self.shared.config.projection_gather)).await;
    }

    /// Waits until there is something that it wants, or until the mark is to move past what it does not want: because
    /// somebody waits for that, or because it is time.
    async fn waits(
        &self,
        following: &mut Following,
        mark: Option<Cursor>,
    ) -> Option<Result<Batch, JournalReadError>> {
        let position = position_of(mark);
        let first = {
            let passes = race(self.is_wanted(position), self.passes(position));
            race(batch::next(following), passes).await
        };
        let first = match first {
            Either::Left(first) => Some(first?),
            Either::Right(_) => {
                *following = self.following(mark);
                None
            }
        };
        Batch::read(first, following, &self.shared.config).await
    }

    async fn is_wanted(&self, position: Position) {
        while *self.wanted.lock() <= position {
            self.wants.notified().await;
        }
    }

    /// A while after something was appended, whatever it is.
    async fn passes(&self, position: Position) {
        if let Some(journal) = self.shared.journal() {
            let changed = port::changed(&*journal, Query::all(), position);
            drop(journal);
            // What cannot be read is told by who follows.
            drop(changed.await);
        }
        self.sleep(self.shared.config.projection_pass).await;
    }
}
