//! What is decided is given to the journal, on the condition that nobody else wrote what the aggregate
//! reads.

use bailiwick_core::journal::{AppendCondition, EncodedEvent, Journal};
use bailiwick_core::{Aggregate, Position};

use super::Cell;
use super::batch::Batch;
use super::encode::Tools;
use super::inbox::Scope;
use super::life::{Before, Known, Life, Live, Running};
use crate::delivery::unless_delivered;
use crate::journal::port;
use crate::request::entry::{Entries, EventAt};
use crate::telemetry::spans::Seen;
use crate::telemetry::timings::Mark;

/// What is known once it is durable, and where; or what is under way.
type Appending<A> = Result<(Box<Known<A>>, Position), Box<Live<A>>>;

impl<A: Aggregate> Cell<A> {
    /// Gives the forming batch to the journal, on the condition that nobody else wrote what this
    /// aggregate reads. What has no events needs no append.
    pub(super) fn submit(&self, live: &mut Live<A>, scope: &Scope, journal: &dyn Journal) {
        debug_assert!(live.running.is_none());
        let Batch { mut entries, readers, events, keys, deliveries, before, .. } =
            std::mem::take(&mut live.forming);
        if events.is_empty() {
            // The state is still what it was: the next batch has it.
            live.forming.before = before;
            entries.into_iter().for_each(|entry| entry.release(live.known.version));
            readers.into_iter().for_each(|reader| reader.release(live.known.version));
            return;
        }
        // Before the append: a crash in between leaves an entry that finds nothing due, never a
        // deadline without an entry.
        self.arm(live);
        for entry in &mut entries {
            entry.submitted = true;
            entry.repeats = entry.repeats.map(EventAt::submitted);
        }
        live.known.move_answers(&keys, EventAt::submitted);
        let concerned = self.kind.concerned_by(&events, &scope.tags.as_slice()[0]);
        let condition = AppendCondition::new(scope.boundary.clone()).after(live.known.seen);
        #[cfg(feature = "fault-injection")]
        let deliveries = crate::sabotage::guarded(&self.kind.shared, deliveries);
        let condition = unless_delivered(condition, &deliveries);
        let begun = self.kind.timings.begin(&self.kind.shared);
        let commands = entries.iter().map(|entry| &entry.envelope().request().span);
        let span = Seen::append(self.named(), events.len(), commands);
        let append = port::append(journal, events, Some(condition));
        live.running =
            Some(Running { entries, readers, keys, concerned, before, append, begun, _span: span });
        #[cfg(feature = "fault-injection")]
        if self.kind.shared.sabotaged(crate::sabotage::Sabotage::ReplyBeforeAppend)
            && let Some(running) = &mut live.running
        {
            let version = live.known.version;
            running.entries.drain(..).for_each(|entry| entry.release(version));
        }
    }

    /// Appends them. If the journal does not take them at once, that is under way.
    pub(super) fn append_alone(
        &self,
        mut known: Box<Known<A>>,
        before: Option<Box<Before<A>>>,
        events: Vec<EncodedEvent>,
        tools: &Tools<A>,
    ) -> Appending<A> {
        // Before the append: a crash in between leaves an entry that finds nothing due.
        if let Some(at) = known.deadline {
            self.arm_at(&mut known, at);
        }
        let scope = &tools.scope;
        let concerned = self.kind.concerned_by(&events, &scope.tags.as_slice()[0]);
        let condition = AppendCondition::new(scope.boundary.clone()).after(known.seen);
        match port::append(&*tools.journal, events, Some(condition)).now() {
            Ok(appended) => {
                self.kind.tell(&concerned, appended.first);
                known.advance(appended);
                if A::SNAPSHOTS.is_some() {
                    self.keep_snapshot(&mut known);
                }
                Ok((known, appended.last))
            }
            Err(append) => {
                let mut live = Box::new(Live::of(known));
                let (entries, begun) = (Entries::new(), Mark::default());
                live.running = Some(Running {
                    entries,
                    readers: Vec::new(),
                    keys: Vec::new(),
                    concerned,
                    before,
                    append,
                    begun,
                    _span: Seen::default(),
                });
                Err(live)
            }
        }
    }

    /// What is known once `apply` has panicked.
    pub(super) fn mended(
        &self,
        mut known: Box<Known<A>>,
        before: Option<Box<Before<A>>>,
    ) -> Life<A> {
        match before {
            Some(before) => {
                known.undo(*before);
                Life::Quiet(known)
            }
            None => {
                self.leave_index(&mut known);
                Life::Unloaded
            }
        }
    }
}
