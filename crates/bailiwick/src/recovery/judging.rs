//! Judging anew: the deadlines of many aggregates of one type from readings of the journal, one page
//! after the other, and not one reading for each of them.
//!
//! It is done in the background. What happens to an aggregate meanwhile it is told, or decides, as
//! ever, and its deadline follows; so an entry that rests on what was read before may be one too many,
//! which finds nothing due, and never one too few.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bailiwick_core::journal::{JournalReadError, Query, Read};
use bailiwick_core::{BoxFuture, ErrorReport, Timestamp};

use super::folds::Folds;
use super::{Changed, Timed};
use crate::context::Lock;
use crate::journal::port::{self, or_closed};
use crate::util::backoff::Backoff;
use crate::util::pace::Pace;

/// Whose deadlines.
pub(crate) enum Whom {
    All,
    /// Those with these tags, by their values.
    Only(BTreeSet<String>),
}

/// What one type knows of judging anew.
pub(crate) struct Judging {
    seed: u64,
    /// To be done once the runtime has begun to work.
    wanted: Lock<Option<Whom>>,
    /// The rule has changed, and somebody has noticed.
    changed: AtomicBool,
}

impl Whom {
    /// Adds one. If they are too many to be remembered, it is all of them.
    pub(super) fn add(&mut self, value: &str, most: usize) {
        let Whom::Only(some) = self else { return };
        if some.contains(value) {
            return;
        }
        if some.len() < most {
            some.insert(value.to_owned());
        } else {
            *self = Whom::All;
        }
    }

    pub(super) fn remove(&mut self, value: &str) {
        if let Whom::Only(some) = self {
            some.remove(value);
        }
    }

    fn has(&self, value: &str) -> bool {
        match self {
            Whom::All => true,
            Whom::Only(some) => some.contains(value),
        }
    }
}

impl Judging {
    pub(crate) fn new(seed: u64) -> Self {
        Judging { seed, wanted: Lock::new(None), changed: AtomicBool::new(false) }
    }

    pub(super) fn seed(&self) -> u64 {
        self.seed
    }

    pub(crate) fn want(&self, whom: Whom) {
        *self.wanted.lock() = Some(whom);
    }

    pub(crate) fn wanted(&self) -> Option<Whom> {
        self.wanted.lock().take()
    }

    /// An aggregate of the type `name` has another deadline than the one that was recorded. Whether
    /// nobody knew yet that the rule has changed.
    pub(crate) fn notices(&self, name: &str, changed: &Changed) -> bool {
        let first = !self.changed.swap(true, Ordering::Relaxed);
        if first {
            let Changed { id, recorded, now } = changed;
            tracing::warn!(
                aggregate = name, %id, ?recorded, ?now,
                "the deadline is not the one that was recorded: `deadline`, or what it rests on, has \
                 changed. The deadlines of all these aggregates are judged anew; raise \
                 `DEADLINE_VERSION` so that every start knows it"
            );
        }
        first
    }
}

/// Why a reading came to no end.
enum Ended {
    /// The runtime is closed.
    Closed,
    Unread(JournalReadError),
}

/// Judges them in the background.
pub(crate) fn judge_anew(kind: Arc<dyn Timed>, whom: Whom) {
    let (shared, whom) = (kind.shared().clone(), Arc::new(whom));
    let task = format!("judging the deadlines of {}", kind.name());
    shared.keep(task, move || -> BoxFuture<()> { Box::pin(judge_all(kind.clone(), whom.clone())) });
}

/// Judges them, in as many readings as there is room for their states.
async fn judge_all(kind: Arc<dyn Timed>, whom: Arc<Whom>) {
    let shared = kind.shared();
    let config = &shared.config;
    let backoff = Backoff::new(config.reload_backoff, config.reload_backoff_max);
    let (mut from, mut times) = (0, 0_u8);
    loop {
        let folds = Folds::new(kind.judging().seed(), config.judged_at_once).from(from);
        match judge(&*kind, &whom, folds).await {
            Ok(u64::MAX) | Err(Ended::Closed) => return,
            Ok(upto) => (from, times) = (upto + 1, 0),
            Err(Ended::Unread(error)) => {
                let wait = backoff.after(times);
                let why = ErrorReport::of(&error).to_string();
                tracing::warn!(
                    aggregate = kind.name(),
                    why,
                    ?wait,
                    "deadlines cannot be judged anew yet"
                );
                if or_closed(shared, shared.environment.clock.sleep(wait)).await.is_none() {
                    return;
                }
                times = times.saturating_add(1);
            }
        }
    }
}

/// One reading. Says up to which hash it has come.
async fn judge(kind: &dyn Timed, whom: &Whom, mut folds: Folds) -> Result<u64, Ended> {
    let shared = kind.shared();
    let journal = shared.journal().ok_or(Ended::Closed)?;
    let mut reading = shared.config.paged(Read::new(Query::from(kind.query())));
    let mut pace = Pace::default();
    loop {
        let page = port::read(&*journal, reading.clone());
        let page = or_closed(shared, page).await.ok_or(Ended::Closed)?;
        let page = page.map_err(Ended::Unread)?;
        for recorded in &page.events {
            let event = &recorded.event;
            for tag in event.tags.iter().filter(|tag| kind.has_key(tag.key())) {
                folds.take(kind, tag, recorded, |value| whom.has(value));
            }
            pace.folded(event).await;
        }
        folds.lighten(shared.config.resting_bytes);
        reading.after = page.upto;
        if !page.more {
            break;
        }
    }
    let upto = folds.upto();
    for judged in folds.into_judged() {
        // Whoever loads one that cannot be folded says what is wrong with it.
        if let Some(at) = judged.deadline.unwrap_or(Some(Timestamp::EPOCH)) {
            kind.arm(&judged.value, at);
        }
    }
    Ok(upto)
}
