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
mod policy;
mod progress;
mod reading;
mod report;
mod source;
mod states;
mod subjects;

use std::any::TypeId;

use bailiwick_core::journal::{Journal, Query, Read};
use bailiwick_core::policy::AnyPolicy;
use bailiwick_core::{Aggregate, Decide, Decision, Policy, Position};

pub use error::RehearsalError;
pub use progress::Progress;
pub use report::{Difference, LeftOut, Part, Report, Verdict};

use crate::environment::clock::{Clock, SystemClock};
use crate::util::pace::Pace;
use reading::Reading;
use report::Findings;
use source::Source;
use subjects::{Subject, Timed};

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
    kinds: Vec<Timed>,
    subjects: Vec<Subject>,
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
        if self.kinds.iter().all(|known| known.of != TypeId::of::<A>()) {
            self.kinds.push(Timed::of::<A>());
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
        self.aggregate::<A>().subject(Subject::command::<A, C>())
    }

    /// Adds the decisions of this type, and that policies may send them. One that is not
    /// [recorded](Decision::RECORDED) may be added for the policies alone. Adding it again changes nothing.
    pub fn decision<D: Decision>(mut self) -> Self {
        if self.decisions.contains(&TypeId::of::<D>()) {
            return self;
        }
        self.decisions.push(TypeId::of::<D>());
        match D::RECORDED {
            Some(_) => self.subject(Subject::decision::<D>()),
            None => self,
        }
    }

    fn subject(mut self, subject: Subject) -> Self {
        if self.subjects.iter().all(|known| known.types != subject.types) {
            self.subjects.push(subject);
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
        let mut reading = Reading::begin(self, after).await?;
        let mut pages = source.pages(Read::new(Query::all()).after(after).upto(upto));
        let mut told = Progress { events: 0, after, at: after, upto, elapsed: clock.elapsed() };
        let mut pace = Pace::default();
        while let Some(page) = pages.next().await.map_err(RehearsalError::Unread)? {
            for recorded in page.events {
                told.events += 1;
                pace.folded(&recorded.event).await;
                reading.meet(recorded).await?;
            }
            (told.at, told.elapsed) = (page.upto, clock.elapsed().saturating_sub(began));
            progress(&told);
        }
        let findings = reading.finish(upto < head).await?;
        let elapsed = clock.elapsed().saturating_sub(began);
        let Findings { parts, differences } = findings;
        Ok(Report { events: told.events, from, upto, elapsed, parts, differences })
    }
}
