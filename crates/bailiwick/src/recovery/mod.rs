//! Which deadlines there are when a runtime starts, and whether what was recorded of them is still
//! what the program says.
//!
//! 1. An event carries the deadlines that are known after it, and the version of the rule that made
//!    them. What was recorded by this version is armed before anything is served, without loading
//!    anybody.
//! 2. Who is left open by that (another version, or an event of somebody who did not know) is judged
//!    anew: a few by being loaded, as if they were due; many from one reading of the journal in the
//!    background ([`judging`]). Until then such a deadline does not fire by itself: it is late by what
//!    the reading takes, never early, never forgotten. Commands and reads expire it as ever.
//! 3. A version that should have been raised and was not is found out by comparing: some aggregates,
//!    drawn by chance from all, are folded on the way through the journal, and every load compares
//!    too. One deadline that is not the recorded one, and all of the type are judged anew.
//! 4. Where the journal has an outline of its events, that is where it begins: with the deadlines that are armed by it,
//!    and those that are open by it. Who is compared is drawn by it as well, and read afterwards ([`comparing`]).
//!
//! Why it is as it is: docs/decisions/deadlines.md.

mod comparing;
mod folds;
mod judging;

use std::collections::BTreeMap;
use std::sync::Arc;

use bailiwick_core::journal::{
    EncodedEvent, KnownDeadlines, Outline, Query, RecordedDeadline, RecordedEvent,
};
use bailiwick_core::{Position, Tag, Timestamp};

use crate::context::RuntimeContext;
use comparing::Drawn;
pub(crate) use comparing::compare_drawn;
use folds::Folds;
pub(crate) use judging::{Judging, Whom, judge_anew};

/// An aggregate type, as far as the deadlines of its aggregates have to be found out.
pub(crate) trait Timed: Send + Sync {
    fn shared(&self) -> &Arc<RuntimeContext>;
    fn judging(&self) -> &Judging;
    /// The `NAME` of the type.
    fn name(&self) -> &'static str {
        self.judging().name
    }
    /// Whether these aggregates have tags with this key, or had.
    fn has_key(&self, key: &str) -> bool;
    /// What stands beside the event of the deadline of the aggregate with this tag.
    fn recorded(&self, event: &EncodedEvent, tag: &Tag) -> Option<RecordedDeadline>;
    /// What an outline knows of the deadlines of these aggregates.
    fn known_by<'a>(&self, outline: &'a Outline) -> KnownDeadlines<'a>;
    /// What the aggregate whose tag has this value reads. None if it is ignored.
    fn boundary(&self, value: &str) -> Option<Query>;
    /// The aggregate whose tag has this value, before its first event. None if it is ignored.
    fn unfolded(&self, value: &str) -> Option<Box<dyn Folding>>;
    /// Makes sure that it is called at this time or earlier. Whether there can be such an aggregate.
    fn arm(&self, value: &str, at: Timestamp) -> bool;
}

/// An aggregate that is folded for the sake of its deadline.
pub(crate) trait Folding: Send {
    /// Folds one event more. Fails if it cannot be.
    fn fold(&mut self, recorded: &RecordedEvent) -> bool;
    /// None if its code panics.
    fn deadline(&self) -> Option<Option<Timestamp>>;
    /// What its state takes.
    fn bytes(&self) -> usize;
}

/// How many events of an aggregate are folded at most to compare its deadline: a start is not to be
/// held up by a few long histories.
const COMPARED_EVENTS: u32 = 1_000;

/// What the journal has shown so far of the deadlines of one type. In order, so that the same journal
/// gives the same start. Kept are those that have a deadline or are left open, and a sample; not the
/// aggregates that ever were.
pub(crate) struct Recovery {
    kind: Arc<dyn Timed>,
    /// By the value of the tag.
    deadlines: BTreeMap<String, Timestamp>,
    open: Whom,
    compared: Folds,
    /// Who is compared later, if there is an outline: not all of their events are seen on the way.
    drawn: Option<Drawn>,
}

impl Recovery {
    /// From where the outline ends on.
    pub(crate) fn new(kind: Arc<dyn Timed>, outline: &Outline) -> Self {
        let (judging, config) = (kind.judging(), &kind.shared().config);
        let is_all = outline.upto() == Position::START;
        let mut compared = Folds::new(judging.seed, config.compared_aggregates);
        compared.events_each = COMPARED_EVENTS;
        let known = kind.known_by(outline);
        let draw = || Drawn::by(&known, judging.seed, config.compared_aggregates);
        let drawn = (!is_all).then(draw);
        let open = known.open.filter(|open| open.len() <= config.judged_at_once);
        let open = open.map(|open| Whom::Only(open.into_iter().map(str::to_owned).collect()));
        let armed = known.armed.into_iter().map(|(value, at)| (value.to_owned(), at));
        let (deadlines, open) = (armed.collect(), open.unwrap_or(Whom::All));
        Recovery { kind, deadlines, open, compared, drawn }
    }

    /// Called in order of position, with each event of the types that the type reads.
    pub(crate) fn take(&mut self, recorded: &RecordedEvent) {
        let event = &recorded.event;
        for tag in event.tags.iter().filter(|tag| self.kind.has_key(tag.key())) {
            let known = self.kind.recorded(event, tag);
            if known.is_none() && event.is_reserved() {
                // Bailiwick's own, and a namesake's: nobody folds it.
                continue;
            }
            match known.filter(|known| known.version() == self.kind.judging().rule) {
                Some(known) => {
                    self.open.remove(tag.value());
                    match known.at() {
                        Some(at) => drop(self.deadlines.insert(tag.value().to_owned(), at)),
                        None => drop(self.deadlines.remove(tag.value())),
                    }
                }
                // One that was known before stays: called in vain, it does no harm.
                None => self.open.add(tag.value(), self.kind.shared().config.judged_at_once),
            }
            match &mut self.drawn {
                Some(drawn) => drawn.offer(tag.value()),
                None => self.compared.take(&*self.kind, tag, recorded, |_| true),
            }
        }
    }

    /// The journal has come to its end: all of it are so many pages.
    pub(crate) fn finish(mut self, pages: usize) {
        let mut drawn = self.drawn.take().map_or(Vec::new(), Drawn::into_values);
        // Who is open is judged anyway.
        drawn.retain(|value| !self.open.has(value));
        self.kind.judging().draw(drawn);
        for (value, at) in &self.deadlines {
            self.arm(value, *at);
        }
        let judging = self.kind.judging();
        if let Some(changed) = self.compared.changed(judging.rule) {
            if judging.notices(&changed) {
                judging.want(Whom::All);
            }
            return;
        }
        match &self.open {
            // As many readings, or more, would find them all.
            Whom::Only(few) if few.len() <= pages => {
                few.iter().for_each(|value| self.arm(value, Timestamp::EPOCH));
            }
            _ => judging.want(self.open),
        }
    }

    fn arm(&self, value: &str, at: Timestamp) {
        if !self.kind.arm(value, at) {
            // Else the start would have been refused.
            let aggregate = self.kind.name();
            tracing::warn!(aggregate, id = value, "is ignored: its deadline is not armed");
        }
    }
}

/// A deadline that is not the one that was recorded by the same version of its rule.
pub(crate) struct Changed {
    pub(crate) id: String,
    pub(crate) recorded: Option<Timestamp>,
    pub(crate) now: Option<Timestamp>,
}
