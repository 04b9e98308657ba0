//! Looking at what is in the database: before a projection goes on, and while another runtime goes on with it.

use std::time::Duration;

use bailiwick_core::Position;
use bailiwick_core::journal::{Cursor, CursorError};

use super::folding::{Marks, position_of};
use super::running::{Running, Stop};
use super::status::{ProjectionState, RebuildProgress, StaleReason};
use crate::error::report;
use crate::journal::port::{self, Guarded};

/// What is in the database, and where the journal ends.
pub(super) struct Seen {
    pub(super) marks: Marks,
    pub(super) head: Position,
}

impl Running {
    /// Looks at what is in the database, before it goes on from there.
    pub(super) async fn opens(&self) -> Result<Seen, Stop> {
        let seen = self.sees().await?;
        if self.is_superseded(&seen.marks).is_some() {
            return Err(Stop::StandBy);
        }
        self.shows(&seen, StaleReason::CatchingUp);
        if seen.marks.in_use.is_some_and(|(version, _)| version == self.current.version) {
            self.drops_older().await?;
        }
        Ok(seen)
    }

    /// The marks, which are of this journal, and then its head.
    async fn sees(&self) -> Result<Seen, Stop> {
        let marks = self.answered(self.thread.asks(|folding| folding.look())).await?;
        let other = marks.in_use.and_then(|(_, mark)| mark);
        for mark in [marks.own, other.filter(|_| other != marks.own)].into_iter().flatten() {
            self.is_of_the_journal(mark).await?;
        }
        let journal = self.shared.journal().ok_or(Stop::Closed)?;
        let head = port::head(&*journal);
        drop(journal);
        Ok(Seen { marks, head: head.await?.position })
    }

    fn is_superseded(&self, marks: &Marks) -> Option<u32> {
        marks.in_use.map(|(version, _)| version).filter(|version| *version > self.current.version)
    }

    /// What was found in the database; `stale` is why its rows are not kept up here, if they are in use.
    fn shows(&self, Seen { marks, head }: &Seen, stale: StaleReason) {
        self.current.set(|status| {
            status.position = position_of(marks.own);
            status.in_use = marks.in_use.map(|(version, mark)| (version, position_of(mark)));
            let goal = marks.in_use.and_then(|(_, mark)| mark).map_or(*head, |mark| mark.position);
            status.state = match marks.in_use {
                Some((version, _)) if version >= status.version => {
                    ProjectionState::Stale { reason: stale }
                }
                _ => {
                    let progress = RebuildProgress { position: status.position, goal };
                    ProjectionState::Rebuilding { progress }
                }
            };
        });
    }

    async fn is_of_the_journal(&self, mark: Cursor) -> Result<(), Stop> {
        let journal = self.shared.journal().ok_or(Stop::Closed)?;
        let failed = |error| CursorError::Unread(port::unread(error));
        let resolved = Guarded::new(|| mark.resolve(&*journal), failed);
        drop(journal);
        match resolved.await {
            Ok(_) => Ok(()),
            Err(CursorError::Unread(error)) => Err(error.into()),
            Err(error) => {
                let reason = format!("its mark is not of this journal: {}", report(error));
                Err(Stop::Failed { at: None, reason })
            }
        }
    }

    /// Looks at the mark that another runtime moves, until it does not move any more although it should; at that of a
    /// later version for ever. What fails now and then is tried again here: this one does not compete before
    /// it is its turn.
    pub(super) async fn stand_by(&self) -> Result<(), Stop> {
        let config = &self.shared.config;
        // The mark, and since when it stands still.
        let mut still: Option<(Option<Cursor>, Duration)> = None;
        let mut superseded = None;
        tracing::info!(projection = self.name(), "another runtime goes on with it");
        self.recovers();
        self.is_stale(StaleReason::StandingBy);
        let mut has_looked = false;
        loop {
            if std::mem::replace(&mut has_looked, true) {
                self.sleep(config.projection_pass).await;
            }
            let seen = match self.sees().await {
                Ok(seen) => seen,
                // Nor could the other one write.
                Err(stop) => {
                    self.overcomes(stop).await?;
                    still = None;
                    continue;
                }
            };
            self.recovers();
            if let Some(in_use) = self.is_superseded(&seen.marks) {
                let reason = StaleReason::Superseded { in_use };
                if superseded.replace(in_use) != Some(in_use) {
                    tracing::error!(projection = self.name(), "{reason}");
                }
                self.shows(&seen, reason);
                still = None;
                continue;
            }
            self.shows(&seen, StaleReason::StandingBy);
            let (own, now) = (seen.marks.own, self.shared.environment.clock.elapsed());
            match still {
                Some((mark, since)) if mark == own && position_of(own) < seen.head => {
                    if now.saturating_sub(since) >= config.projection_standby {
                        tracing::info!(
                            projection = self.name(),
                            "the other runtime has stopped; this one goes on"
                        );
                        return Ok(());
                    }
                }
                _ => still = Some((own, now)),
            }
        }
    }
}
