//! Comparing the deadlines of some aggregates with what was recorded, each by reading its own events: where a start does
//! not read the journal, and so folds nobody on the way.
//!
//! It is done in the background. Who cannot be read, or folded, is left out: every load compares as well.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::BuildHasher;
use std::sync::Arc;

use bailiwick_core::ErrorReport;
use bailiwick_core::journal::{JournalReadError, KnownDeadlines, Read};
use foldhash::fast::FixedState;

use super::folds::Folds;
use super::judging::{Whom, judge_anew};
use super::{COMPARED_EVENTS, Changed, Timed};
use crate::journal::port::{self, or_closed};
use crate::util::pace::Pace;

/// So many of those that are armed are drawn, beside those that the outline has drawn of all.
const ARMED: usize = 8;
/// So many of those with events behind the outline.
const LATER: usize = 64;

/// Those who are to be compared, by the values of their tags.
pub(super) struct Drawn {
    first: Vec<String>,
    /// Those of the lowest hashes.
    later: BTreeMap<u64, String>,
    hashes: FixedState,
    most: usize,
}

impl Drawn {
    /// By what an outline knows: `most` at most.
    pub(super) fn by(known: &KnownDeadlines<'_>, seed: u64, most: usize) -> Self {
        let every = known.armed.len().div_ceil(ARMED).max(1);
        let first = usize::try_from(seed % every as u64).unwrap_or(0);
        let armed = known.armed.iter().skip(first).step_by(every).map(|(value, _)| *value);
        let drawn: BTreeSet<&str> = armed.chain(known.drawn.iter().copied()).take(most).collect();
        let (first, hashes) =
            (drawn.into_iter().map(str::to_owned).collect(), FixedState::with_seed(seed));
        Drawn { first, later: BTreeMap::new(), hashes, most }
    }

    /// An event behind the outline concerns this one.
    pub(super) fn offer(&mut self, value: &str) {
        let (hash, most) = (self.hashes.hash_one(value), LATER.min(self.most));
        let is_low = self.later.last_key_value().is_none_or(|(highest, _)| hash < *highest);
        if (self.later.len() < most || is_low) && !self.later.contains_key(&hash) {
            self.later.insert(hash, value.to_owned());
            if self.later.len() > most {
                self.later.pop_last();
            }
        }
    }

    pub(super) fn into_values(self) -> Vec<String> {
        let all: BTreeSet<String> =
            self.first.into_iter().chain(self.later.into_values()).collect();
        all.into_iter().take(self.most).collect()
    }
}

/// Compares those who were drawn, in the background. One that is not as it was recorded, and all are judged anew.
pub(crate) fn compare_drawn(kind: Arc<dyn Timed>) {
    let drawn = Arc::new(kind.judging().drawn());
    if drawn.is_empty() {
        return;
    }
    let shared = kind.shared().clone();
    shared.keep(format!("comparing deadlines of {}", kind.name()), move || {
        let (kind, drawn) = (kind.clone(), drawn.clone());
        async move {
            or_closed(kind.shared(), compare_all(&kind, &drawn)).await;
        }
    });
}

async fn compare_all(kind: &Arc<dyn Timed>, drawn: &[String]) {
    for value in drawn {
        match compare(&**kind, value).await {
            Ok(None) => {}
            Ok(Some(changed)) => {
                if kind.judging().notices(&changed) {
                    judge_anew(kind.clone(), Whom::All);
                }
                return;
            }
            Err(error) => {
                let (aggregate, why) = (kind.name(), ErrorReport::of(&error).to_string());
                tracing::debug!(aggregate, id = value, why, "its deadline is not compared");
            }
        }
    }
}

async fn compare(kind: &dyn Timed, value: &str) -> Result<Option<Changed>, JournalReadError> {
    let shared = kind.shared();
    let (Some(journal), Some(boundary)) = (shared.journal(), kind.boundary(value)) else {
        return Ok(None);
    };
    let mut folds = Folds::new(kind.judging().seed, 1);
    folds.events_each = COMPARED_EVENTS;
    let mut reading = shared.config.paged(Read::new(boundary));
    let (mut events, mut pace) = (0, Pace::default());
    loop {
        let page = port::read(&*journal, reading.clone()).await?;
        for recorded in &page.events {
            let tags = recorded.event.tags.iter();
            for tag in tags.filter(|tag| kind.has_key(tag.key()) && tag.value() == value) {
                folds.take(kind, tag, recorded, |_| true);
            }
            pace.folded(&recorded.event).await;
        }
        events += page.events.len();
        reading.after = page.upto;
        if !page.more || events > COMPARED_EVENTS as usize {
            break;
        }
    }
    Ok(folds.changed(kind.judging().rule))
}
