//! Rehearsal: what was decided and sent before, computed again with the code of today.
//!
//! 1. A rehearsal holds the half of a journal that reads, and nothing else (`source`): it cannot append,
//!    send or perform anything.
//! 2. The journal is read once, in order. Everything is judged on states as of where it was judged then, made
//!    of what is recorded, never of what today's code would have made of it: so one difference does not lead
//!    to others.
//! 3. What is not compared is counted, by why. A report that compared nothing is told from one that found
//!    nothing.
//!
//! Refusals are recorded a little behind where they were judged. So the reading is ahead of the folding by
//! 4 096 events (`AHEAD`); one that is further behind has its states folded for it alone.
//!
//! For an example see [`Rehearsal`].

mod decided;
mod emitted;
mod error;
mod expired;
mod news;
mod policies;
mod progress;
mod report;
mod source;
mod states;
mod subjects;

use std::any::TypeId;
use std::collections::{BTreeMap, HashSet, VecDeque};
use std::num::NonZeroUsize;

use bailiwick_core::journal::{Journal, Query, REFUSED, Read, RecordedEvent};
use bailiwick_core::policy::AnyPolicy;
use bailiwick_core::{Aggregate, Decide, Decision, Policy, Position};

pub use error::RehearsalError;
pub use progress::Progress;
pub use report::{Difference, LeftOut, Part, Report, Verdict};

use crate::environment::clock::{Clock, SystemClock};
use crate::util::pace::Pace;
use decided::{Decided, judged_at};
use expired::Expired;
use policies::Policies;
use report::Findings;
use source::Source;
use states::States;
use subjects::{CommandOf, DecisionOf, Subject, Timed, TimedOf};

/// Events per page.
const PAGE: NonZeroUsize = NonZeroUsize::new(1_000).unwrap();
/// How many events the reading is ahead of the folding at most, refusals that wait for it among them.
const AHEAD: usize = 4_096;

/// Computes what is recorded in a journal again, with the code of today, and says what would be different
/// now: a gate before a release.
///
/// ```
/// # use bailiwick::{Aggregate, Context, Event, MemoryJournal, Rehearsal, Runtime, Timestamp};
/// # use bailiwick::{View, commands, id, require};
/// # use serde::{Deserialize, Serialize};
/// # id!(pub CupId: "cup");
/// # #[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
/// # pub struct Poured { ml: u32 }
/// # pub struct Cup { ml: u32 }
/// # impl View for Cup {
/// #     type Key = CupId;
/// #     type Event = Poured;
/// #     fn new(_: &CupId) -> Cup { Cup { ml: 0 } }
/// #     fn apply(&mut self, event: &Poured, _: Timestamp) { self.ml += event.ml; }
/// # }
/// # impl Aggregate for Cup { const NAME: &'static str = "cup"; }
/// # #[derive(Debug, PartialEq, thiserror::Error)] #[error("too much")] pub struct TooMuch;
/// #[derive(Serialize, Deserialize)]
/// pub struct Pour {
///     pub ml: u32,
/// }
///
/// #[commands]
/// impl Cup {
///     #[command(recorded)]
///     fn pour(&self, pour: &Pour, ctx: &mut Context<Poured>) -> Result<(), TooMuch> {
///         require(self.ml + pour.ml <= 200, TooMuch)?;
///         ctx.emit(Poured { ml: pour.ml });
///         Ok(())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // In production: the journal of yesterday, or a copy of it.
/// let journal = MemoryJournal::new();
/// let runtime = Runtime::builder(journal.clone()).aggregate::<Cup>().start().await?;
/// let cup = runtime.aggregates::<Cup>().get("c1");
/// cup.ask(Pour { ml: 150 }).await?;
/// assert!(cup.ask(Pour { ml: 60 }).await.is_err());
///
/// let report = Rehearsal::of(&journal)
///     .command::<Cup, Pour>()
///     .run(|progress| eprintln!("{progress}"))
///     .await?;
/// assert_eq!(report.assert_same().checked(), 2);
/// # Ok(())
/// # }
/// ```
///
/// # What is compared
///
/// | what | where it is recorded | with what |
/// |---|---|---|
/// | [commands](Self::command) and [decisions](Self::decision) | where their type opted in ([`Decide::RECORDED`]) | the events that it emitted, or the text of the refusal |
/// | [deadlines](Self::aggregate) | always | the events that fell due |
/// | [policies](Self::policy) | always | the deliveries: to whom, which of them, the name of the command, and the command where that is recorded; that it gave up, and why |
///
/// Everything is judged on the state as of where it was judged then, folded by today's code from what is
/// recorded, at the time that is recorded.
///
/// # What it proves, and what not
///
/// If a report is the [same](Verdict::Same), today's code makes of everything that was compared what was made
/// of it then. It does not show:
///
/// - what today's code makes of what did not happen: a command that nobody sent, a deadline that would fall
///   due though none did;
/// - replies, tags, and what was accepted without an event;
/// - what follows from a difference: what comes behind it is judged on what is recorded;
/// - anything of what was [left out](LeftOut), which is why that is counted.
///
/// It asks only for reading, and holds nothing that appends: on the journal of production, by
/// [`Runtime::journal`](crate::Runtime::journal) for example, nothing can happen. A folder that another
/// process has is rehearsed on a copy.
///
/// # How long it takes
///
/// The journal is read once. The states are held in memory, [as many as may be](Self::states), and folded
/// once.
#[must_use = "nothing is rehearsed before `run`"]
pub struct Rehearsal<'j> {
    source: Source<'j>,
    from: Position,
    upto: Option<Position>,
    states: usize,
    waiting: usize,
    kinds: Vec<Box<dyn Timed>>,
    subjects: Vec<Box<dyn Subject>>,
    decisions: Vec<TypeId>,
    policies: Vec<Box<dyn AnyPolicy>>,
}

impl<'j> Rehearsal<'j> {
    /// A rehearsal of what is in this journal.
    pub fn of(journal: &'j dyn Journal) -> Self {
        Rehearsal {
            source: Source::of(journal),
            from: Position::new(1),
            upto: None,
            states: 100_000,
            waiting: 1_000_000,
            kinds: Vec::new(),
            subjects: Vec::new(),
            decisions: Vec::new(),
            policies: Vec::new(),
        }
    }

    /// Adds the deadlines of aggregates of this type, and that policies may send to them. Adding it again
    /// changes nothing.
    pub fn aggregate<A: Aggregate>(mut self) -> Self {
        if self.kinds.iter().all(|known| known.of() != TypeId::of::<A>()) {
            self.kinds.push(Box::new(TimedOf::<A>::new()));
        }
        self
    }

    /// Adds the commands of this type, and the [aggregates](Self::aggregate) that decide them. A type that
    /// is not recorded does not compile. Adding it again changes nothing.
    pub fn command<A, C>(self) -> Self
    where
        A: Decide<C>,
        C: Send + 'static,
    {
        self.aggregate::<A>().subject(CommandOf::<A, C>::new())
    }

    /// Adds the decisions of this type, and that policies may send them. One that is not
    /// [recorded](Decision::RECORDED) may be added for the policies alone. Adding it again changes nothing.
    pub fn decision<D: Decision>(mut self) -> Self {
        if self.decisions.contains(&TypeId::of::<D>()) {
            return self;
        }
        self.decisions.push(TypeId::of::<D>());
        match D::RECORDED {
            Some(_) => self.subject(DecisionOf::<D>::new()),
            None => self,
        }
    }

    fn subject(mut self, subject: impl Subject + 'static) -> Self {
        if self.subjects.iter().all(|known| known.types() != subject.types()) {
            self.subjects.push(Box::new(subject));
        }
        self
    }

    /// Adds a policy. What it sends to is to be added too, with [`aggregate`](Self::aggregate) and
    /// [`decision`](Self::decision).
    pub fn policy<P: Policy<Event: Sync>>(mut self, policy: P) -> Self {
        self.policies.push(Box::new(policy));
        self
    }

    /// Only what was decided from this position on, and news from there. States are folded from all that
    /// was before. From the beginning unless told otherwise.
    pub fn from(mut self, position: Position) -> Self {
        self.from = position.max(Position::new(1));
        self
    }

    /// Only what was decided up to this position. To the end that the journal has at the call of
    /// [`run`](Self::run) unless told otherwise.
    pub fn upto(mut self, position: Position) -> Self {
        self.upto = Some(position);
        self
    }

    /// How many states are held in memory: 100 000 unless told otherwise. With more than that to fold, those
    /// that were used least lately are let go, and folded again when they are needed again.
    pub fn states(mut self, most: usize) -> Self {
        self.states = most;
        self
    }

    /// How many news of one policy may wait until it is recorded that they are done: 1 000 000 unless told
    /// otherwise. Each takes some 300 bytes and what is sent. With more the first ones are
    /// [left out](LeftOut::TooLate).
    pub fn waiting(mut self, most: usize) -> Self {
        self.waiting = most;
        self
    }

    /// Rehearses, and tells `progress` after every thousand events.
    ///
    /// # Errors
    /// If the journal cannot be read; if two types that were added have one name, or a policy sends to what
    /// was not added. A panic of the domain's code is no error, but a difference.
    ///
    /// # Panics
    /// If `progress` does.
    ///
    /// # Cancel safety
    /// Dropped, it leaves nothing behind.
    pub async fn run(self, mut progress: impl FnMut(&Progress)) -> Result<Report, RehearsalError> {
        let clock = SystemClock::new();
        let began = clock.elapsed();
        let (from, head) = (self.from, self.source.head().await?);
        let upto = self.upto.map_or(head, |upto| upto.min(head));
        if from > upto && head > Position::START {
            return Err(RehearsalError::Nothing { from, upto });
        }
        let source = self.source;
        let after = Position::new(from.get() - 1);
        let mut reading = self.begin(after).await?;
        let mut read = Read::new(Query::all()).after(after).upto(upto).limit(PAGE);
        let mut told = Progress { events: 0, after, at: after, upto, elapsed: clock.elapsed() };
        let mut pace = Pace::default();
        loop {
            let page = source.read(read.clone()).await?;
            for recorded in page.events {
                told.events += 1;
                pace.folded(&recorded.event).await;
                reading.meet(recorded).await?;
            }
            read.after = page.upto;
            (told.at, told.elapsed) = (page.upto, clock.elapsed().saturating_sub(began));
            progress(&told);
            if !page.more {
                break;
            }
        }
        let findings = reading.finish(upto < head).await?;
        let elapsed = clock.elapsed().saturating_sub(began);
        let Findings { parts, differences } = findings;
        Ok(Report { events: told.events, from, upto, elapsed, parts, differences })
    }

    async fn begin(self, after: Position) -> Result<Reading<'j>, RehearsalError> {
        self.check_names()?;
        let Rehearsal { source, states, waiting, kinds, subjects, decisions, policies, .. } = self;
        let targets: HashSet<TypeId> =
            kinds.iter().map(|kind| kind.of()).chain(decisions).collect();
        let mut parts = Vec::new();
        let mut part = |of: String| {
            parts.push(Part::of(of));
            parts.len() - 1
        };
        let subjects = subjects.into_iter().map(|subject| {
            let part = part(match subject.aggregate() {
                Some(aggregate) => format!("command {} of {aggregate}", subject.command()),
                None => format!("decision {}", subject.command()),
            });
            (subject, part)
        });
        let subjects: Vec<_> = subjects.collect();
        let kinds = kinds.into_iter().map(|kind| {
            let part = part(format!("deadline of {}", kind.name()));
            (kind, part)
        });
        let kinds: Vec<_> = kinds.collect();
        let policies = policies.into_iter().map(|policy| {
            let part = part(format!("policy {}", policy.descriptor().name));
            (policy, part)
        });
        let policies: Vec<_> = policies.collect();
        let rest = parts.len();
        parts.push(Part::rest());
        let of = (rest, after.plus(1), waiting);
        let mut findings = Findings { parts, differences: Vec::new() };
        let mut policies = Policies::of(policies, (source, targets), of).await?;
        policies.stand_still(source, after, &mut findings).await?;
        Ok(Reading {
            decided: Decided::new(subjects, rest),
            expired: Expired::new(kinds, after),
            policies,
            states: States::new(source, states),
            findings,
            ahead: VecDeque::new(),
            refusals: BTreeMap::new(),
            waiting: 0,
            read: after,
            at: after,
        })
    }

    /// Every record is of one type, whoever reads it.
    fn check_names(&self) -> Result<(), RehearsalError> {
        let commands = self.subjects.iter().map(|subject| match subject.aggregate() {
            Some(aggregate) => ("commands", format!("{} of {aggregate}", subject.command())),
            None => ("decisions", subject.command().to_owned()),
        });
        let kinds = self.kinds.iter().map(|kind| ("aggregates", kind.name().to_owned()));
        let policies =
            self.policies.iter().map(|policy| ("policies", policy.descriptor().name.to_owned()));
        let mut known = HashSet::new();
        for (what, name) in commands.chain(kinds).chain(policies) {
            if !known.insert((what, name.clone())) {
                return Err(RehearsalError::SameName { what, name });
            }
        }
        Ok(())
    }
}

/// A rehearsal under way.
struct Reading<'j> {
    decided: Decided,
    expired: Expired,
    policies: Policies,
    states: States<'j>,
    findings: Findings,
    /// What was read, and is not folded yet.
    ahead: VecDeque<RecordedEvent>,
    /// Refusals that were read, by where they were judged.
    refusals: BTreeMap<Position, Vec<RecordedEvent>>,
    /// How many these are.
    waiting: usize,
    /// Everything up to here is read.
    read: Position,
    /// Everything up to here is folded.
    at: Position,
}

impl Reading<'_> {
    /// The next event of the journal is read.
    async fn meet(&mut self, recorded: RecordedEvent) -> Result<(), RehearsalError> {
        self.read = recorded.position;
        if recorded.event.event_type.as_str() != REFUSED {
            self.ahead.push_back(recorded);
        } else if let Some(judged) = judged_at(&recorded) {
            self.refusals.entry(judged.max(self.at)).or_default().push(recorded);
            self.waiting += 1;
        }
        self.judge_refusals().await?;
        while self.ahead.len() + self.waiting > AHEAD && !self.ahead.is_empty() {
            self.fold_next().await?;
        }
        Ok(())
    }

    async fn fold_next(&mut self) -> Result<(), RehearsalError> {
        let Some(recorded) = self.ahead.pop_front() else { return Ok(()) };
        let Reading { decided, expired, policies, states, findings, at, .. } = self;
        decided.look(&recorded, states, *at, findings).await?;
        let form = decided.form_at(recorded.position).cloned();
        expired.look(&recorded, states, *at, findings).await?;
        states.fold(&recorded);
        *at = recorded.position;
        policies.look(&recorded, form.as_ref(), states, findings).await?;
        self.judge_refusals().await
    }

    async fn judge_refusals(&mut self) -> Result<(), RehearsalError> {
        if self.ahead.is_empty() {
            // Nobody folds a refusal, and others may be judged on what goes up to one.
            self.at = self.read;
        }
        while let Some(first) = self.refusals.first_entry()
            && *first.key() <= self.at
        {
            let judged_here = first.remove();
            self.waiting -= judged_here.len();
            for refusal in judged_here {
                let Reading { decided, states, findings, at, .. } = self;
                decided.refused(&refusal, states, *at, findings).await?;
            }
        }
        Ok(())
    }

    /// `is_cut`: there is more in the journal.
    async fn finish(mut self, is_cut: bool) -> Result<Findings, RehearsalError> {
        while !self.ahead.is_empty() {
            self.fold_next().await?;
        }
        // Those that were judged on what is not to be read.
        for (_, refusals) in std::mem::take(&mut self.refusals) {
            for _ in refusals {
                self.findings.leave_out(self.findings.parts.len() - 1, LeftOut::CutOff);
            }
        }
        self.decided.finish(&mut self.findings);
        if is_cut {
            self.expired.cut_off(&mut self.findings);
        }
        self.expired.finish(&mut self.findings);
        self.policies.finish(&mut self.findings);
        Ok(self.findings)
    }
}
