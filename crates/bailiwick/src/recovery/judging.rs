//! Judging anew: the deadlines of many aggregates of one type from readings of the journal, one page
//! after the other, and not one reading for each of them.
//!
//! It is done in the background. What happens to an aggregate meanwhile it is told, or decides, as
//! ever, and its deadline follows; so an entry that rests on what was read before may be one too many,
//! which finds nothing due, and never one too few.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bailiwick_core::journal::{JournalReadError, Query, QueryItem, Read};
use bailiwick_core::{Aggregate, ErrorReport, Timestamp};

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

/// What one type has to be judged by, and knows of being judged anew.
pub(crate) struct Judging {
    /// The `NAME` of the type.
    pub(super) name: &'static str,
    /// The version of the rule by which deadlines are made.
    pub(super) rule: u32,
    /// What aggregates of this type read, whichever they are.
    query: QueryItem,
    pub(super) seed: u64,
    /// To be done once the runtime has begun to work.
    wanted: Lock<Option<Whom>>,
    /// Who is to be compared then, by the values of their tags.
    drawn: Lock<Vec<String>>,
    /// The rule has changed, and somebody has noticed.
    changed: AtomicBool,
}

impl Whom {
    /// Adds one. If they are too many to be remembered, it is all of them.
    pub(super) fn add(&mut self, value: &str, most: usize) {
        let Whom::Only(some) = self else { return };
        if some.len() < most {
            some.insert(value.to_owned());
        } else if !some.contains(value) {
            *self = Whom::All;
        }
    }

    pub(super) fn remove(&mut self, value: &str) {
        if let Whom::Only(some) = self {
            some.remove(value);
        }
    }

    pub(super) fn has(&self, value: &str) -> bool {
        match self {
            Whom::All => true,
            Whom::Only(some) => some.contains(value),
        }
    }
}

impl Judging {
    pub(crate) fn of<A: Aggregate>(query: QueryItem, seed: u64) -> Self {
        let (wanted, drawn) = (Lock::new(None), Lock::new(Vec::new()));
        let (name, rule, changed) = (A::NAME, A::DEADLINE_VERSION, AtomicBool::new(false));
        Judging { name, rule, query, seed, wanted, drawn, changed }
    }

    pub(crate) fn want(&self, whom: Whom) {
        *self.wanted.lock() = Some(whom);
    }

    pub(crate) fn wanted(&self) -> Option<Whom> {
        self.wanted.lock().take()
    }

    pub(super) fn draw(&self, drawn: Vec<String>) {
        *self.drawn.lock() = drawn;
    }

    pub(super) fn drawn(&self) -> Vec<String> {
        std::mem::take(&mut *self.drawn.lock())
    }

    /// An aggregate of the type has another deadline than the one that was recorded. Whether nobody knew yet that
    /// the rule has changed.
    pub(crate) fn notices(&self, changed: &Changed) -> bool {
        let first = !self.changed.swap(true, Ordering::Relaxed);
        if first {
            let Changed { id, recorded, now } = changed;
            tracing::warn!(
                aggregate = self.name, %id, ?recorded, ?now,
                "the deadline is not the one that was recorded: `deadline`, or what it rests on, has \
                 changed. The deadlines of all these aggregates are judged anew; raise \
                 `DEADLINE_VERSION` so that every start knows it"
            );
        }
        first
    }
}

/// Judges them in the background, until the runtime is closed.
pub(crate) fn judge_anew(kind: Arc<dyn Timed>, whom: Whom) {
    let (shared, whom) = (kind.shared().clone(), Arc::new(whom));
    shared.keep(format!("judging the deadlines of {}", kind.name()), move || {
        let (kind, whom) = (kind.clone(), whom.clone());
        async move {
            or_closed(kind.shared(), judge_all(&*kind, &whom)).await;
        }
    });
}

/// Judges them, in as many readings as there is room for their states.
async fn judge_all(kind: &dyn Timed, whom: &Whom) {
    let (shared, judging) = (kind.shared(), kind.judging());
    let config = &shared.config;
    let backoff = Backoff::new(config.reload_backoff, config.reload_backoff_max);
    let (mut from, mut times) = (0, 0_u8);
    loop {
        let mut folds = Folds::new(judging.seed, config.judged_at_once);
        folds.from = from;
        match judge(kind, whom, folds).await {
            Ok(u64::MAX) => return,
            Ok(upto) => (from, times) = (upto + 1, 0),
            Err(error) => {
                let (aggregate, wait) = (kind.name(), backoff.after(times));
                let why = ErrorReport::of(&error).to_string();
                tracing::warn!(aggregate, why, ?wait, "deadlines cannot be judged anew yet");
                shared.environment.clock.sleep(wait).await;
                times = times.saturating_add(1);
            }
        }
    }
}

/// One reading. Says up to which hash it has come: to the last, if the runtime is closed.
async fn judge(kind: &dyn Timed, whom: &Whom, mut folds: Folds) -> Result<u64, JournalReadError> {
    let shared = kind.shared();
    let Some(journal) = shared.journal() else { return Ok(u64::MAX) };
    let mut reading = shared.config.paged(Read::new(Query::from(kind.judging().query.clone())));
    let mut pace = Pace::default();
    loop {
        let page = port::read(&*journal, reading.clone()).await?;
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
    let upto = folds.upto;
    for (value, deadline) in folds.into_judged() {
        // Whoever loads one that cannot be folded says what is wrong with it.
        if let Some(at) = deadline.unwrap_or(Some(Timestamp::EPOCH)) {
            kind.arm(&value, at);
        }
    }
    Ok(upto)
}
