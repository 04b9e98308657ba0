//! A turn: expiry first, then each command on what the ones before it decided.
//!
//! All of a turn shares one `now`. Whatever the domain's code does, a command that is not accepted
//! leaves state, batch and deadline as they were after the expiry before it.

use std::sync::Arc;

use bailiwick_core::journal::Idempotency;
use bailiwick_core::turn::{Expiry, Round};
use bailiwick_core::{Aggregate, Context, ErrorReport, Timestamp};

use super::Cell;
use super::batch::Extent;
use super::encode::{Source, Tools};
use super::life::{Known, Live, Mend};
use super::record::NotRecorded;
use crate::error::{Cause, caught};
use crate::request::entry::{Entry, EventAt};
use crate::request::{Call, Envelope};

/// What is known of a command by its idempotency key.
enum Found {
    /// Nothing, or it has none: it is to be decided.
    Nothing,
    /// It was run before, and what it was answered then is, or will be, there.
    Answered(EventAt),
    /// It may not be run.
    Refused,
}

/// What all decisions of a turn share.
pub(super) struct Turn<'a, A: Aggregate> {
    pub(super) tools: &'a mut Tools<A>,
    pub(super) now: Timestamp,
    /// How many commands are judged in it.
    pub(super) commands: usize,
}

impl<A: Aggregate> Cell<A> {
    /// Judges one command on the speculative state and puts its verdict into the forming batch. If its
    /// events have no room there, it is judged again for the next one.
    pub(super) fn judge(&self, live: &mut Live<A>, mut entry: Entry<A>, turn: &mut Turn<'_, A>) {
        let expected = entry.envelope().call().and_then(|call| call.expected);
        if expected > Some(live.known.seen) && !std::mem::replace(&mut entry.reread, true) {
            // Its caller has seen more of the journal than this aggregate has, or says so: judged when
            // what is new has been read.
            live.read_on();
            live.again.entries.push(entry);
            return;
        }
        entry.attempts += 1;
        entry.repeats = None;
        match self.remembered(live, entry.envelope(), turn.now) {
            // As it was, whatever the aggregate is now, and whatever is being appended.
            Found::Answered(EventAt::Durable(position)) => return entry.release(position),
            Found::Answered(place) => entry.repeats = Some(place),
            Found::Refused => {}
            Found::Nothing if self.judge_anew(live, &entry, turn) => {}
            Found::Nothing => {
                entry.attempts -= 1;
                live.again.entries.push(entry);
                return;
            }
        }
        entry.events_upto = live.forming.count();
        live.forming.entries.push(entry);
    }

    /// What is known of the command by its key: then it has its verdict.
    fn remembered(&self, live: &Live<A>, envelope: &dyn Envelope<A>, now: Timestamp) -> Found {
        let once = envelope.call().and_then(|call| call.once.as_ref());
        let (Some(once), Some(answers)) = (once, &live.known.answers) else {
            return Found::Nothing;
        };
        let config = &self.kind.shared.config;
        let cause = match answers.find(&once.key, now, config.answers_for) {
            Some(answer) if answer.fingerprint == once.fingerprint => {
                envelope.repeat(&answer.reply);
                return Found::Answered(answer.place);
            }
            Some(_) => Some(Cause::KeyReused { key: once.key.clone() }),
            None => answers.full(now, config),
        };
        cause.map_or(Found::Nothing, |cause| {
            envelope.fail(cause);
            Found::Refused
        })
    }

    /// Whether it has a verdict: none if what was decided has no room in the forming batch.
    fn judge_anew(&self, live: &mut Live<A>, entry: &Entry<A>, turn: &mut Turn<'_, A>) -> bool {
        let expected = entry.envelope().call().and_then(|call| call.expected);
        if let Some(expected) = expected
            && (!live.is_unwritten() || live.known.version != expected)
        {
            // Where it really is will be known when the gate opens.
            entry.envelope().fail(Cause::Moved { expected, actual: live.known.version });
        } else if live.is_due(turn.now)
            && let Some(fault) = self.kind.shared.journal_closed()
        {
            // What is due comes first, and cannot be written.
            entry.envelope().fail(self.kind.shared.closed_by(fault));
        } else {
            return self.decide(live, entry.envelope(), turn);
        }
        true
    }

    /// Whether what was decided has room in the forming batch; if not, nothing of it is left.
    fn decide(
        &self,
        live: &mut Live<A>,
        envelope: &dyn Envelope<A>,
        turn: &mut Turn<'_, A>,
    ) -> bool {
        let mut ctx = Context::reusing(turn.now, std::mem::take(&mut turn.tools.events));
        let accepted = envelope.decide(&live.known.state, &mut ctx);
        let mut events = ctx.into_events();
        let mut has_room = true;
        if accepted {
            let call = envelope.call();
            let remembered = to_remember(envelope, call).map_err(NotRecorded::Failed);
            let recorded = remembered.and_then(|remembered| {
                let (command, form) = (Some(envelope.command()), envelope.recorded());
                let (remembered, form) = (remembered.as_ref(), form.as_ref());
                let source = Source { command, call, remembered, form };
                self.record(live, &mut events, turn, source)
            });
            match recorded {
                Ok(()) => {}
                Err(NotRecorded::Failed(cause) | NotRecorded::Garbage(cause)) => {
                    envelope.fail(cause);
                }
                Err(NotRecorded::NoRoom) => has_room = false,
            }
        }
        events.clear();
        turn.tools.events = events;
        has_room
    }

    /// Decides the deadline if it is due, as much of it as a turn may; if that is not all, the life is
    /// [overdue](Live::overdue) and nothing else is decided before the turns that follow have done the
    /// rest.
    pub(super) fn expire(&self, live: &mut Live<A>, turn: &mut Turn<'_, A>) {
        let now = turn.now;
        if live.known.deadline.is_none_or(|deadline| deadline > now) {
            live.overdue = false;
            live.not_stuck();
            return;
        }
        let shared = &self.kind.shared;
        if !live.is_due(now) {
            return;
        }
        if shared.journal_closed().is_some() {
            // It is due again as soon as the journal is open.
            live.rearm |= std::mem::take(&mut live.overdue);
            return;
        }
        if live.overdue && !live.may_go_on() {
            return;
        }
        if !std::mem::replace(&mut live.overdue, false) {
            self.kind.counters.here().deadlines.one();
            self.kind.timings.late(now.since(live.known.deadline.unwrap_or(now)));
        }
        // So much of the batch stands, whatever comes of the rounds after it.
        let mut kept = live.forming.extent();
        let mut expiry = Expiry::at(now);
        let problem: Arc<str> = loop {
            let round = caught(|| expiry.next_round(&live.known.state));
            if expiry.moved() {
                kept = live.forming.extent();
            }
            match round {
                Ok(Ok(Round::Events(mut events))) => {
                    match self.record(live, &mut events, turn, Source::DEADLINE) {
                        Ok(()) => {}
                        Err(NotRecorded::Failed(cause) | NotRecorded::Garbage(cause)) => {
                            break ErrorReport::of(&cause).to_string().into();
                        }
                        Err(NotRecorded::NoRoom) if kept == live.forming.extent() => {
                            live.overdue = true;
                            return;
                        }
                        Err(NotRecorded::NoRoom) if kept.events > 0 => {
                            // Nobody knows yet whether these rounds lead anywhere. They are decided
                            // again in a batch that has all its room for them.
                            self.undo(live, kept, turn);
                            live.rearm = true;
                            return;
                        }
                        Err(NotRecorded::NoRoom) => {
                            break "rounds that do not move the deadline on fill a whole batch"
                                .into();
                        }
                    }
                }
                Ok(Ok(Round::Later)) => {
                    live.overdue = true;
                    return;
                }
                Ok(Ok(Round::Done)) => return live.not_stuck(),
                Ok(Err(overdue)) => break overdue.to_string().into(),
                Err(message) => break message,
            }
        };
        if live.forming.extent() != kept {
            // Rounds that lead nowhere are not written.
            self.undo(live, kept, turn);
        }
        self.stuck(live, now, &problem);
    }

    /// Forgets all of the forming batch that was decided since; what that did to the state is undone
    /// when what is left has settled.
    fn undo(&self, live: &mut Live<A>, to: Extent, turn: &mut Turn<'_, A>) {
        live.forming.forget(to.events, turn.tools);
        (live.forming.bytes, live.forming.full) = (to.bytes, false);
        live.mend = Mend::FoldAnew;
    }

    /// Leaves the deadline alone for a while. Commands go on.
    fn stuck(&self, live: &mut Live<A>, now: Timestamp, problem: &str) {
        let again = self.kind.deadlines.put_off(&mut live.known.slot, &self.id, now);
        live.again.stuck = Some(again);
        live.known.armed = None;
        live.rearm = true;
        self.kind.counters.here().stuck_deadlines.one();
        self.named().stuck(problem);
    }

    /// If the index has put the deadline off, it was not tried in vain.
    pub(super) fn call_again(&self, known: &Known<A>) {
        if let Some(slot) = &known.slot {
            self.kind.deadlines.call_again(slot, self.kind.shared.now());
        }
    }

    /// Whether the deadline is due and was tried in vain: the index calls again, in its time.
    pub(super) fn was_tried(&self, known: &Known<A>) -> bool {
        let (Some(at), Some(slot)) = (known.deadline, &known.slot) else { return false };
        at <= self.kind.shared.now() && self.kind.deadlines.was_tried(slot)
    }

    /// Sees to it that the deadline index calls in time; before anything is submitted.
    pub(super) fn arm(&self, live: &mut Live<A>) {
        if let Some(at) = live.wake_at() {
            self.arm_at(&mut live.known, at);
        }
    }

    pub(super) fn arm_at(&self, Known { armed, slot, .. }: &mut Known<A>, at: Timestamp) {
        self.kind.deadlines.arm(armed, slot, &self.id, at);
    }
}

/// What is to be remembered of an accepted command with an idempotency key.
fn to_remember<A: Aggregate>(
    envelope: &dyn Envelope<A>,
    call: Option<&Call>,
) -> Result<Option<Idempotency>, Cause> {
    let Some(once) = call.and_then(|call| call.once.as_ref()) else { return Ok(None) };
    let reply = envelope.remembered()?;
    Ok(Some(Idempotency { key: once.key.clone(), fingerprint: once.fingerprint, reply }))
}

impl<A: Aggregate> Live<A> {
    /// Whether the deadline is to be decided at `now`.
    fn is_due(&self, now: Timestamp) -> bool {
        let due = self.known.deadline.is_some_and(|deadline| deadline <= now);
        due && self.again.stuck.is_none_or(|until| now >= until)
    }

    /// Whether no event is waiting to become durable.
    fn is_unwritten(&self) -> bool {
        self.forming.events.is_empty() && self.running.is_none()
    }
}
