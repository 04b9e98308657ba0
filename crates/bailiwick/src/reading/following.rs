//! Following the journal: all events that match, in order, and then those that come.
//!
//! 1. One page is in memory at most. The next is asked for when somebody polls and the page is used up:
//!    so who stops reading holds a page, or a call for one, and nothing more comes.
//! 2. At the end of the journal it waits for [`Journal::changed`](crate::journal::Journal::changed), from
//!    the position up to which it has read: no event comes in between, whoever appends it.
//! 3. The call for a page is kept here, and not by who polls: nothing is lost with a dropped future.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::task::{Context, Poll};

use bailiwick_core::journal::{Cursor, JournalReadError, Page, Query, Read, RecordedEvent};
use bailiwick_core::{BoxFuture, Position};

use crate::context::RuntimeContext;
use crate::journal::port::{self, or_closed};
use crate::util::race::yield_now;

/// What comes next.
pub(crate) enum Step {
    Event(RecordedEvent),
    /// There was nothing more up to here. Once after the beginning, and then after there was something.
    CaughtUp(Position),
}

pub(crate) struct Following {
    shared: Arc<RuntimeContext>,
    query: Query,
    /// Nothing beyond this is read, if it is said.
    pub(super) end: Option<Position>,
    /// No larger pages than this are read, from the next one on.
    pub(super) limit: NonZeroUsize,
    /// It never ends by itself: so it ends when the runtime drains.
    pub(super) endless: bool,
    /// Everything up to here was given.
    after: Position,
    page: VecDeque<RecordedEvent>,
    /// Up to where the page reaches.
    read_upto: Position,
    /// There was nothing more beyond the page.
    level: bool,
    /// That there is nothing more was said, and nothing given since.
    said_so: bool,
    /// The next page on its way.
    reading: Option<BoxFuture<Option<NextPage>>>,
    /// The journal could not be read the last time.
    failed: bool,
    ended: bool,
}

/// None: the runtime is closed, or drains and it is one that never ends by itself.
type NextPage = Result<Page, JournalReadError>;

impl Following {
    pub(crate) fn new(shared: Arc<RuntimeContext>, query: Query, after: Position) -> Self {
        Following {
            shared,
            query,
            end: None,
            limit: NonZeroUsize::MAX,
            endless: false,
            after,
            page: VecDeque::new(),
            read_upto: after,
            level: false,
            said_so: false,
            reading: None,
            failed: false,
            ended: false,
        }
    }

    /// Whether there may be more than was given, as far as it was read.
    pub(super) fn may_have_more(&self) -> bool {
        !(self.page.is_empty() && self.level)
    }

    /// Behind what was given last.
    pub(super) fn cursor(&self) -> Cursor {
        Cursor::new(self.shared.journal_id, self.after)
    }

    /// What comes next; none once the runtime is closed, and ever after.
    pub(crate) fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Step, JournalReadError>>> {
        loop {
            if let Some(step) = self.take() {
                return Poll::Ready(Some(Ok(step)));
            }
            if self.ended {
                return Poll::Ready(None);
            }
            // Out of its place while it runs: one that panics is not polled again.
            let mut reading = self.reading.take().unwrap_or_else(|| self.begin_reading());
            let Poll::Ready(page) = reading.as_mut().poll(cx) else {
                self.reading = Some(reading);
                return Poll::Pending;
            };
            self.failed = matches!(page, Some(Err(_)));
            match page {
                None => self.ended = true,
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(page)) => {
                    self.read_upto = self.read_upto.max(page.upto);
                    (self.page, self.level) = (page.events.into(), !page.more);
                }
            }
        }
    }

    fn take(&mut self) -> Option<Step> {
        if let Some(recorded) = self.page.pop_front() {
            (self.after, self.said_so) = (recorded.position, false);
            return Some(Step::Event(recorded));
        }
        self.after = self.after.max(self.read_upto);
        if self.level && !self.said_so {
            self.said_so = true;
            return Some(Step::CaughtUp(self.after));
        }
        None
    }

    fn begin_reading(&self) -> BoxFuture<Option<NextPage>> {
        let mut read = self.shared.config.paged(Read::new(self.query.clone()).after(self.after));
        (read.upto, read.limit) = (self.end, read.limit.min(self.limit));
        let (shared, endless) = (self.shared.clone(), self.endless);
        let page = next_page(shared.clone(), read, self.level, self.failed);
        Box::pin(async move {
            if endless { shared.or_drained(page).await.flatten() } else { page.await }
        })
    }
}

/// The next page with something in it; or an empty one that reaches the end, if that was not said yet.
async fn next_page(
    shared: Arc<RuntimeContext>,
    mut read: Read,
    level: bool,
    failed: bool,
) -> Option<NextPage> {
    if failed {
        // Who is polled in a loop does not spin.
        let pause = shared.environment.clock.sleep(shared.config.reload_backoff);
        or_closed(&shared, pause).await?;
    } else if read.after > Position::START && !level {
        // Others have their turn: who reads a long journal does not keep a thread for itself.
        yield_now().await;
    }
    let mut waits = level;
    loop {
        if waits {
            let (query, after) = (read.query.clone(), read.after);
            let changed = shared.lend(|journal| port::changed(journal, query, after))?;
            if let Err(error) = changed.await? {
                return Some(Err(error));
            }
        }
        let page = shared.lend(|journal| port::read(journal, read.clone()))?.await?;
        let page = match page {
            Ok(page) if page.events.is_empty() && (page.more || level) => page,
            page => return Some(page),
        };
        read.after = read.after.max(page.upto);
        waits = !page.more;
    }
}
