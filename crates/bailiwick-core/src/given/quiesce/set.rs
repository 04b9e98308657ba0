//! A set of aggregates, decisions, policies and effects in one thread, and how it comes to rest.

use std::any::{Any, TypeId};
use std::collections::VecDeque;

use super::aggregates::Kind;
use super::decisions::Decisions;
use super::past::{Cause, Past};
use super::pending::{Does, Order, Pending, Place, Running};
use super::refusal::Undone;
use crate::given::reacting::{self, Kept, Line, Reacted};
use crate::given::report::Report;
use crate::journal::RecordedEvent;
use crate::policy::{AnyPolicy, Outgoing, ReactionDescriptor, Start};
use crate::position::Position;
use crate::text::Text;
use crate::time::Timestamp;

pub(super) struct Set {
    pub(super) past: Past,
    pub(super) kinds: Vec<Box<dyn Kind>>,
    pub(super) decisions: Vec<(TypeId, Box<dyn Decisions>)>,
    pub(super) running: Vec<Running>,
    pub(super) pending: Pending,
    pub(super) twice: bool,
    pub(super) most_hops: u32,
    /// What was refused or given up, and the story has not mentioned.
    pub(super) undone: Vec<Undone>,
    /// For the next command.
    pub(super) correlation: Option<Text>,
    pub(super) principal: Option<Text>,
    /// What was dealt with in this step, to come once more.
    pub(super) dealt_with: Vec<(Place, Vec<Line>)>,
    /// How many deliveries there were in this step.
    pub(super) delivered: usize,
}

impl Set {
    pub(super) fn new() -> Set {
        Set {
            past: Past::default(),
            kinds: Vec::new(),
            decisions: Vec::new(),
            running: Vec::new(),
            pending: Pending { work: Default::default(), order: Order::Journal },
            twice: true,
            most_hops: super::HOPS,
            undone: Vec::new(),
            correlation: None,
            principal: None,
            dealt_with: Vec::new(),
            delivered: 0,
        }
    }

    pub(super) fn kind<K: Kind>(&mut self) -> Option<(&mut K, &mut Past)> {
        let mut kinds = self.kinds.iter_mut();
        let kind = kinds.find_map(|kind| (&mut **kind as &mut dyn Any).downcast_mut::<K>());
        Some((kind?, &mut self.past))
    }

    pub(super) fn add(
        &mut self,
        declares: ReactionDescriptor,
        called: &'static str,
        does: Does,
    ) -> Result<(), Report> {
        let name = declares.name;
        if self.running.iter().any(|running| running.declares.name == name) {
            let what = format_args!("two policies or effects are called {name}");
            return Err(self.past.report(what));
        }
        let offered = match declares.start {
            Start::Beginning => Position::START,
            Start::Now => self.past.log.head(),
        };
        let kept = Kept::default();
        self.running.push(Running { does, declares, called, run: 0, offered, kept });
        Ok(())
    }

    /// A policy or an effect sees everything behind `after` again, as another run.
    pub(super) fn rewind(&mut self, of: TypeId, after: Position) -> bool {
        let mut running = self.running.iter_mut();
        let found = running.find(|running| running.declares.id == of);
        found.map(|running| (running.run, running.offered) = (running.run + 1, after)).is_some()
    }

    /// Who asks for the next command.
    pub(super) fn caller(&mut self, command: Text) -> Cause {
        Cause {
            command: Some(command),
            correlation: self.correlation.take(),
            principal: self.principal.take(),
            delivery: None,
        }
    }

    /// Goes on to this time: policies and effects come to rest, and what falls due on the way expires.
    pub(super) fn settle(&mut self, until: Timestamp) -> Result<(), Report> {
        self.delivered = 0;
        loop {
            self.deliver_all()?;
            let mut first: Option<(Timestamp, usize)> = None;
            for (at, kind) in self.kinds.iter_mut().enumerate() {
                let due = kind.next_due(&self.past)?.filter(|due| *due <= until);
                first = [first, due.map(|due| (due, at))].into_iter().flatten().min();
            }
            let retry = self.pending.next_retry().filter(|retry| *retry <= until);
            match (first, retry) {
                (None, None) => break,
                (Some((due, kind)), retry) if retry.is_none_or(|retry| due <= retry) => {
                    self.past.now = self.past.now.max(due);
                    self.kinds[kind].expire(&mut self.past)?;
                }
                (_, retry) => self.past.now = self.past.now.max(retry.unwrap_or_default()),
            }
        }
        self.past.now = until;
        self.deal_again()
    }

    /// Policies and effects deal with their news until nobody has anything to do.
    fn deliver_all(&mut self) -> Result<(), Report> {
        loop {
            self.pending.offer(&mut self.running, &self.past)?;
            let Some(place) = self.pending.next(self.past.now) else { return Ok(()) };
            let work = self.pending.work.get_mut(&place).expect("it is pending");
            let news = work.news.clone();
            match work.left.as_mut().map(VecDeque::pop_front) {
                None if matches!(self.running[place.1].does, Does::Effect(_)) => {
                    self.performs(place, &news)?;
                }
                None => {
                    let left = self.first_look(place, &news)?;
                    self.pending.work.get_mut(&place).expect("it is pending").left = Some(left);
                }
                Some(Some(sent)) => self.deliver(place.1, &news, sent)?,
                Some(None) => drop(self.pending.work.remove(&place)),
            }
        }
    }

    /// What a policy sends, now that it sees its news.
    fn first_look(
        &mut self,
        place: Place,
        news: &RecordedEvent,
    ) -> Result<VecDeque<Outgoing>, Report> {
        let Some(reacted) = self.react(place.1, news)? else { return Ok(VecDeque::new()) };
        self.dealt_with.push((place, reacted.lines()));
        match reacted {
            Reacted::Sends(sent) => Ok(sent.into()),
            Reacted::GivesUp(why) => {
                self.gave_up(place.1, news, why.reason())?;
                Ok(VecDeque::new())
            }
        }
    }

    fn react(&mut self, policy: usize, news: &RecordedEvent) -> Result<Option<Reacted>, Report> {
        let Running { does: Does::Policy(policy), called, kept, .. } = &mut self.running[policy]
        else {
            return Ok(None);
        };
        let policy: &dyn AnyPolicy = &**policy;
        let reacted = reacting::react(policy, news, &self.past.log, kept);
        reacted.map_err(|error| {
            let report = self.past.report(format_args!("{called} cannot deal with this"));
            report.line("seeing", self.past.shown(news.position)).because(error.as_ref())
        })
    }

    /// All that was dealt with comes once more, and has to lead to the same.
    fn deal_again(&mut self) -> Result<(), Report> {
        let mut dealt_with = std::mem::take(&mut self.dealt_with);
        if !self.twice {
            return Ok(());
        }
        dealt_with.sort_by_key(|(place, _)| *place);
        for ((position, policy), first) in dealt_with {
            let news = self.past.at(position).expect("it was dealt with").clone();
            if let Does::Effect(_) = self.running[policy].does {
                self.performs_again(policy, &news)?;
                continue;
            }
            let again = self.react(policy, &news)?;
            let again = again.as_ref().map_or_else(Vec::new, Reacted::lines);
            let called = self.running[policy].called;
            self.past
                .report(format_args!("{called} does something else when its news comes again"))
                .line("seeing", self.past.shown(position))
                .compared(&reacting::TWICE, &first, &again, PartialEq::eq)?;
        }
        Ok(())
    }
}
