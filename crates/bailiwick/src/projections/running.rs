//! A projection that runs: what its task does.

use std::sync::Arc;
use std::time::Duration;

use bailiwick_core::journal::{Cursor, CursorError, JournalReadError, Query};
use bailiwick_core::{ErrorReport, Position};
use tokio::sync::Notify;

use super::batch::{self, Batch};
use super::declared::Declared;
use super::folding::{Broken, Committed, Marks, Part, Refused};
use super::status::{Current, ProjectionState, ProjectionStatus, RebuildProgress};
use super::thread::Thread;
use crate::backoff::Backoff;
use crate::port::{self, Guarded, or_closed};
use crate::race::{Either, race};
use crate::reading::Following;
use crate::shared::{Lock, Shared, Stage};
use crate::start::StartError;

pub(crate) struct Running {
    pub(super) shared: Arc<Shared>,
    pub(super) current: Current,
    query: Query,
    thread: Thread,
    /// Somebody waits for this position, whether or not the projection wants what is there.
    wanted: Lock<Position>,
    wants: Notify,
    /// One that has failed is to go on.
    retry: Notify,
}

/// Until the runtime is closed.
pub(super) async fn run(running: Arc<Running>) {
    or_closed(&running.shared, running.go_on()).await;
}

/// Why it does not go on.
enum Stop {
    /// The journal cannot be read now.
    Unread(String),
    /// The database has failed.
    Database(String),
    Overtaken,
    Failed {
        at: Option<Position>,
        reason: String,
    },
    /// The runtime is closed.
    Closed,
}

/// Since when the database fails, and how often it has.
#[derive(Default)]
struct Failing {
    since: Option<Duration>,
    times: u8,
}

impl Running {
    pub(super) fn new(shared: &Arc<Shared>, declared: Declared) -> Result<Arc<Self>, StartError> {
        let Declared { name, version, query, folding, .. } = declared;
        let thread = Thread::begin(shared, name, folding);
        let thread = thread.map_err(|source| StartError::ProjectionThread { name, source })?;
        Ok(Arc::new(Running {
            shared: shared.clone(),
            current: Current::new(name, version),
            query,
            thread,
            wanted: Lock::new(Position::START),
            wants: Notify::new(),
            retry: Notify::new(),
        }))
    }

    pub(super) fn name(&self) -> &'static str {
        self.current.name
    }

    /// Unless it is ready.
    pub(crate) fn health(&self) -> Option<ProjectionStatus> {
        let status = self.current.get();
        (status.state != ProjectionState::Ready).then_some(status)
    }

    /// The runtime is closed: it lets go of the store once what is being done is done.
    pub(crate) fn close(&self) {
        self.thread.close();
    }

    /// Somebody waits for this position.
    pub(super) fn want(&self, position: Position) {
        let mut wanted = self.wanted.lock();
        *wanted = position.max(*wanted);
        self.wants.notify_one();
    }

    async fn go_on(&self) {
        let mut failing = Failing::default();
        loop {
            match self.follow(&mut failing).await {
                Stop::Closed if self.shared.stage() == Stage::Closed => return,
                // It catches all panics, so this is not to be.
                Stop::Closed => self.fails(None, "its thread has ended".into()).await,
                Stop::Unread(reason) => {
                    tracing::warn!(projection = self.name(), %reason, "the journal cannot be read");
                    self.is_stale("the journal cannot be read");
                    self.sleep(self.shared.config.reload_backoff).await;
                }
                Stop::Overtaken => {
                    tracing::info!(projection = self.name(), "another runtime goes on with it");
                    self.stand_by().await;
                }
                Stop::Failed { at, reason } => self.fails(at, reason).await,
                Stop::Database(reason) => {
                    if self.backs_off(&mut failing, &reason).await {
                        continue;
                    }
                    let times = failing.times;
                    let reason =
                        format!("the database has failed {times} times in a row: {reason}");
                    self.fails(None, reason).await;
                    failing = Failing::default();
                }
            }
        }
    }

    async fn sleep(&self, wait: Duration) {
        self.shared.seams.clock.sleep(wait).await;
    }

    /// Stops until somebody has it go on.
    async fn fails(&self, at: Option<Position>, reason: String) {
        let position = at.map(Position::get);
        tracing::error!(
            projection = self.name(), position, %reason,
            "a projection has stopped; nothing else has. See to it, then `Runtime::projection(..).retry()`"
        );
        let reason = Arc::from(reason);
        self.current.set(|status| status.state = ProjectionState::Failed { at, reason });
        self.retry.notified().await;
    }

    /// It is to go on, if it has failed.
    pub(super) fn retries(&self) -> bool {
        let mut has_failed = false;
        self.current.set(|status| {
            has_failed = matches!(status.state, ProjectionState::Failed { .. });
            if has_failed {
                (status.failures, status.failure) = (0, None);
                status.state = ProjectionState::Stale { reason: "it goes on".into() };
            }
        });
        if has_failed {
            self.retry.notify_one();
        }
        has_failed
    }

    /// Waits before the database is tried again. False: that was tried for long enough.
    async fn backs_off(&self, failing: &mut Failing, reason: &str) -> bool {
        let (config, now) = (&self.shared.config, self.shared.seams.clock.elapsed());
        let since = *failing.since.get_or_insert(now);
        let backoff = Backoff::new(config.projection_backoff, config.projection_backoff_max);
        let wait = backoff.after(failing.times);
        failing.times = failing.times.saturating_add(1);
        if failing.times == 1 {
            tracing::warn!(projection = self.name(), %reason, "the database fails, and is tried again");
        }
        let reason: Arc<str> = reason.into();
        self.current.set(|status| {
            status.failures = failing.times.into();
            status.failure = Some(reason.clone());
            if !matches!(status.state, ProjectionState::Rebuilding { .. }) {
                status.state = ProjectionState::Stale { reason };
            }
        });
        if now.saturating_sub(since) >= config.projection_patience {
            return false;
        }
        self.sleep(wait).await;
        true
    }

    /// Looks at what is there, and follows the journal from then on.
    async fn follow(&self, failing: &mut Failing) -> Stop {
        let mut mark = match self.opens().await {
            Ok(mark) => mark,
            Err(stop) => return stop,
        };
        let mut following = self.following(mark);
        let (mut level, mut next) = (false, None);
        loop {
            let batch = match next.take() {
                Some(batch) => batch,
                None if level => self.waits(&mut following, mark).await,
                None => Batch::read(&mut following, &self.shared.config).await,
            };
            let batch = match batch {
                None => return Stop::Closed,
                Some(Err(error)) => return Stop::Unread(ErrorReport::of(&error).to_string()),
                Some(Ok(batch)) => batch,
            };
            level = batch.level;
            if self.has_all_of(&batch, mark) {
                *failing = Failing::default();
                self.current.set(|status| {
                    (status.failures, status.failure) = (0, None);
                    status.state = ProjectionState::Ready;
                });
                continue;
            }
            let applied = self.applies(mark, batch);
            if !level {
                // Read while that is written.
                next = Some(Batch::read(&mut following, &self.shared.config).await);
            }
            match applied.await {
                None => return Stop::Closed,
                Some(Err(Refused::Overtaken)) => return Stop::Overtaken,
                Some(Err(Refused::Superseded { in_use })) => return self.superseded(in_use),
                Some(Err(Refused::Failed { reason })) => return Stop::Database(reason),
                Some(Ok(committed)) => {
                    *failing = Failing::default();
                    mark = Some(committed.mark);
                    let level = level && committed.broken.is_none();
                    if let Some(stop) = self.committed(committed, level).await {
                        return stop;
                    }
                }
            }
        }
    }

    /// Whether there is nothing to commit: the journal ends at the mark of rows that are in use.
    fn has_all_of(&self, batch: &Batch, mark: Option<Cursor>) -> bool {
        let in_use = self.current.get().in_use;
        batch.level
            && batch.events.is_empty()
            && mark.is_some_and(|mark| batch.upto <= mark.position)
            && in_use.is_some_and(|(version, _)| version == self.current.version)
    }

    fn following(&self, mark: Option<Cursor>) -> Following {
        let after = mark.map_or(Position::START, |mark| mark.position);
        Following::new(self.shared.clone(), self.query.clone(), after)
    }

    /// Looks at what is in the database. The mark from which it goes on.
    async fn opens(&self) -> Result<Option<Cursor>, Stop> {
        let marks = self.looks().await?;
        let Marks { own, in_use } = marks;
        let other = in_use.and_then(|(_, mark)| mark);
        for mark in [own, other].into_iter().flatten() {
            self.is_of_the_journal(mark).await?;
        }
        let head = self.head().await?;
        self.shows(marks, head, "it catches up");
        if in_use.is_some_and(|(version, _)| version == self.current.version) {
            self.drops_older().await;
        }
        Ok(own)
    }

    /// What was found in the database; `stale` is why its rows are not kept up here, if they are in use.
    fn shows(&self, Marks { own, in_use }: Marks, head: Position, stale: &str) {
        let position = |mark: Option<Cursor>| mark.map_or(Position::START, |mark| mark.position);
        self.current.set(|status| {
            status.position = position(own);
            status.in_use = in_use.map(|(version, mark)| (version, position(mark)));
            status.state = match status.in_use {
                Some((version, _)) if version == status.version => {
                    ProjectionState::Stale { reason: stale.into() }
                }
                older => {
                    let goal = older.map_or(head, |(_, goal)| goal);
                    let progress = RebuildProgress { position: status.position, goal };
                    ProjectionState::Rebuilding { progress }
                }
            };
        });
    }

    async fn looks(&self) -> Result<Marks, Stop> {
        let looked = self.thread.has_done(|folding| folding.look()).await.ok_or(Stop::Closed)?;
        let marks = looked.map_err(Stop::Database)?;
        match marks.in_use {
            Some((in_use, _)) if in_use > self.current.version => Err(self.superseded(in_use)),
            _ => Ok(marks),
        }
    }

    fn superseded(&self, in_use: u32) -> Stop {
        let version = self.current.version;
        let reason = format!(
            "its version {in_use} is in use, and this program has version {version}: start the later program; \
             if the older rows are wanted again, let them have a version above {in_use}"
        );
        Stop::Failed { at: None, reason }
    }

    async fn is_of_the_journal(&self, mark: Cursor) -> Result<(), Stop> {
        let journal = self.shared.journal().ok_or(Stop::Closed)?;
        let failed = |error| CursorError::Unread(port::unread(error));
        let resolved = Guarded::new(|| mark.resolve(&*journal), failed);
        drop(journal);
        match resolved.await {
            Ok(_) => Ok(()),
            Err(CursorError::Unread(error)) => Err(unread(&error)),
            Err(error) => {
                let reason =
                    format!("its mark is not of this journal: {}", ErrorReport::of(&error));
                Err(Stop::Failed { at: None, reason })
            }
        }
    }

    async fn head(&self) -> Result<Position, Stop> {
        let journal = self.shared.journal().ok_or(Stop::Closed)?;
        let head = port::head(&*journal);
        drop(journal);
        head.await.map(|head| head.position).map_err(|error| unread(&error))
    }

    /// Has the batch applied. It is under way from the call on.
    fn applies(
        &self,
        from: Option<Cursor>,
        batch: Batch,
    ) -> impl Future<Output = Option<Result<Committed, Refused>>> + Send + use<> {
        let Batch { events, upto, level } = batch;
        let part = Part {
            events,
            from,
            upto: Cursor::new(self.shared.journal_id, upto),
            level,
            #[cfg(feature = "fault-injection")]
            sabotage: self.shared.sabotage,
        };
        self.thread.has_done(move |folding| folding.apply(part))
    }

    async fn committed(&self, committed: Committed, level: bool) -> Option<Stop> {
        let Committed { mark, in_use, swapped, broken } = committed;
        self.current.set(|status| {
            status.position = mark.position;
            status.in_use = in_use;
            (status.failures, status.failure) = (0, None);
            let is_own = in_use.is_some_and(|(version, _)| version == status.version);
            match &mut status.state {
                ProjectionState::Rebuilding { progress } if !is_own => {
                    progress.position = mark.position;
                    progress.goal =
                        in_use.map_or(progress.goal, |(_, goal)| goal).max(progress.goal);
                }
                ProjectionState::Stale { .. } if !level => {}
                state if level => *state = ProjectionState::Ready,
                state @ ProjectionState::Rebuilding { .. } => {
                    *state = ProjectionState::Stale { reason: "it catches up".into() };
                }
                _ => {}
            }
        });
        if swapped {
            let version = self.current.version;
            tracing::info!(projection = self.name(), version, "this version is in use from now on");
            self.drops_older().await;
        }
        broken.map(|Broken { at, reason }| Stop::Failed { at: Some(at), reason })
    }

    async fn drops_older(&self) {
        let dropped = self.thread.has_done(|folding| folding.drop_older()).await;
        if let Some(Err(reason)) = dropped {
            tracing::warn!(projection = self.name(), %reason, "older versions could not be dropped");
        }
    }

    /// Waits until there is something that it wants, or until the mark is to move past what it does not want: because
    /// somebody waits for that, or because it is time.
    async fn waits(
        &self,
        following: &mut Following,
        mark: Option<Cursor>,
    ) -> Option<Result<Batch, JournalReadError>> {
        let position = mark.map_or(Position::START, |mark| mark.position);
        let first = {
            let passes = race(self.is_wanted(position), self.passes(position));
            race(batch::next(following), passes).await
        };
        match first {
            Either::Left(first) => Batch::begin(first?, following, &self.shared.config).await,
            Either::Right(_) => {
                *following = self.following(mark);
                Batch::read(following, &self.shared.config).await
            }
        }
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

    /// Looks at the mark that another runtime moves, until it does not move any more although it should.
    async fn stand_by(&self) {
        let elapsed = || self.shared.seams.clock.elapsed();
        let (mut seen, mut moved_at) = (None, elapsed());
        loop {
            self.is_stale("another runtime keeps it up");
            self.sleep(self.shared.config.projection_pass).await;
            // What is wrong is told by who opens it.
            let Ok(marks) = self.looks().await else { return };
            let Ok(head) = self.head().await else { return };
            self.shows(marks, head, "another runtime keeps it up");
            let (own, position) = (marks.own, self.current.get().position);
            if seen != Some(own) || position >= head {
                (seen, moved_at) = (Some(own), elapsed());
            } else if elapsed().saturating_sub(moved_at) >= self.shared.config.projection_standby {
                tracing::info!(
                    projection = self.name(),
                    "the other runtime has stopped; this one goes on"
                );
                return;
            }
        }
    }

    fn is_stale(&self, reason: &str) {
        self.current.set(|status| {
            if !matches!(status.state, ProjectionState::Rebuilding { .. }) {
                status.state = ProjectionState::Stale { reason: reason.into() };
            }
        });
    }
}

fn unread(error: &JournalReadError) -> Stop {
    Stop::Unread(ErrorReport::of(error).to_string())
}
