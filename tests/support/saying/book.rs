//! The books of a policy or an effect: what was said, and what came of it, by a naive reading of the journal and
//! of what the outside world has seen.

mod calls;
mod facts;

use std::collections::{BTreeMap, BTreeSet};

use bailiwick::journal::{DELIVERY_ENDED, Delivery, EncodedEvent};
use bailiwick::{Position, Tag};
use bailiwick_core::policy::{DeliveryEnded, Ending, POLICY_KEY};

use super::calls::{CALLS, Call};
use super::{CARRIES, Heard, Kind, Said};
use crate::invariant::Invariant::{Once, Order, Overtaken, Rules, Traced};
use crate::invariant::{Checked, Violation};

/// Something that was said.
#[derive(Debug)]
struct News {
    lane: String,
    said: Said,
    /// How many deliveries there are of it, and how they end: with an effect, or like this.
    deliveries: (usize, Option<Ending>),
    /// What stands for its deliveries: where, and whether that is an effect.
    traces: BTreeMap<String, (u64, bool)>,
    /// Where it was skipped or given up as a whole.
    as_a_whole: Option<u64>,
    /// Where its lane was dropped.
    dropped: Option<u64>,
    /// Since when it is not to be done any more, by the one of these that everybody holds to.
    gone: Option<u64>,
}

impl News {
    fn is_done(&self) -> bool {
        let all = self.traces.len() == self.deliveries.0;
        all || self.as_a_whole.is_some() || self.dropped.is_some()
    }
}

/// All of it.
#[derive(Debug)]
pub struct Book {
    /// Of which policy or effect.
    name: &'static str,
    ends: fn(Kind) -> (usize, Option<Ending>),
    /// How the outside world was called, by news.
    calls: BTreeMap<u64, (Call, usize)>,
    keys: BTreeMap<String, u64>,
    news: BTreeMap<u64, News>,
    /// Which lanes are parked, and where.
    pub parked: BTreeMap<String, u64>,
    /// Which lanes are parked no more, up to where they are done, and where that was recorded. A runtime that had
    /// not read that has recorded a mark since.
    freed: BTreeMap<String, (u64, u64)>,
    /// Where it was recorded that a lane is parked.
    pub parked_where: BTreeMap<String, u64>,
    /// The news that an operator has asked to skip.
    pub may_skip: BTreeSet<u64>,
    pub reached: u64,
    /// How each kind of ending was met.
    pub endings: BTreeSet<&'static str>,
}

impl Book {
    /// Of the policy.
    pub fn of_policy() -> Book {
        Book::new(CARRIES, deliveries)
    }

    /// Of the effect.
    pub fn of_effect() -> Book {
        Book::new(CALLS, performances)
    }

    fn new(name: &'static str, ends: fn(Kind) -> (usize, Option<Ending>)) -> Book {
        Book {
            name,
            ends,
            calls: BTreeMap::new(),
            keys: BTreeMap::new(),
            news: BTreeMap::new(),
            parked: BTreeMap::new(),
            freed: BTreeMap::new(),
            parked_where: BTreeMap::new(),
            may_skip: BTreeSet::new(),
            reached: 0,
            endings: BTreeSet::new(),
        }
    }

    /// Whether an event is about what others do.
    fn is_of_others(&self, event: &EncodedEvent) -> bool {
        let by = |tag: &Tag| tag.key() == POLICY_KEY && tag.value() != self.name;
        let delivery = event.metadata.extra().delivery.as_ref();
        event.tags.iter().any(by) || delivery.is_some_and(|of| of.policy.as_str() != self.name)
    }

    /// All that there was before in its lane is done.
    fn is_next(&self, source: u64) -> Checked {
        let lane = &self.news[&source].lane;
        let mut before = self.news.range(..source).filter(|(_, other)| other.lane == *lane);
        match before.find(|(_, other)| !other.is_done()) {
            None => Ok(()),
            Some((undone, _)) if self.parked.get(lane) == Some(undone) => {
                Err(Overtaken.broken(format!("overtakes {undone}, at which {lane} is parked")))
            }
            Some((undone, _)) => Err(Order.broken(format!("overtakes {undone} of {lane}"))),
        }
    }

    /// An event took effect. `since`: the end of the journal when it was submitted.
    /// `told`: its writer hears of it. `alone`: there is no runtime beside that one.
    pub fn record(
        &mut self,
        at: u64,
        event: &EncodedEvent,
        since: u64,
        (told, alone): (bool, bool),
    ) -> Checked {
        if self.is_of_others(event) {
            return Ok(());
        }
        let entered = match event.event_type.as_str() {
            "Said" => self.said(at, event),
            "Heard" => self.heard(at, event, since, alone),
            DELIVERY_ENDED => self.ended(at, event, since, alone),
            _ => self.fact(at, event, (told, alone)),
        };
        entered.map_err(|Violation { invariant, what }| {
            invariant.broken(format!("the event at {at} {what}: {event:?}"))
        })
    }

    fn said(&mut self, at: u64, event: &EncodedEvent) -> Checked {
        let said: Said = decoded(event)?;
        let origin = event.metadata.origin.as_ref().ok_or_else(|| Rules.broken("is nobody's"))?;
        let lane = format!("{} {}", origin.aggregate, origin.tag);
        let news = News {
            lane,
            deliveries: (self.ends)(said.kind),
            said,
            traces: BTreeMap::new(),
            as_a_whole: None,
            dropped: None,
            gone: None,
        };
        self.news.insert(at, news);
        Ok(())
    }

    fn heard(&mut self, at: u64, event: &EncodedEvent, since: u64, alone: bool) -> Checked {
        let heard: Heard = decoded(event)?;
        let extra = event.metadata.extra();
        let delivery = extra.delivery.as_ref().ok_or_else(|| Rules.broken("is no delivery"))?;
        let is_its = delivery.source == Position::new(heard.news)
            && extra.causation == Some(delivery.source);
        Rules.require(is_its, || "says another news than its delivery".into())?;
        let news = self.news_of(delivery)?;
        let as_said =
            news.said.to == heard.by && news.said.n == heard.seen && news.deliveries.1.is_none();
        Rules.require(as_said, || format!("is not what follows from {news:?}"))?;
        self.trace(at, delivery, None, (since, alone))?;
        self.endings.insert("caused");
        Ok(())
    }

    fn ended(&mut self, at: u64, event: &EncodedEvent, since: u64, alone: bool) -> Checked {
        let ended: DeliveryEnded = decoded(event)?;
        let delivery = event.metadata.extra().delivery.as_ref();
        let delivery = delivery.ok_or_else(|| Rules.broken("is no delivery"))?.clone();
        let news = self.news_of(&delivery)?;
        let (by_rule, hopeless) = (news.deliveries.1, news.said.kind == Kind::Hopeless);
        let source = delivery.source.get();
        // A trace that there is already says more than what this one says.
        self.trace(at, &delivery, Some(ended.how), (since, alone))?;
        let right = match ended.how {
            Ending::Skipped => hopeless || self.may_skip.contains(&source),
            how => by_rule == Some(how),
        };
        Rules.require(right, || format!("is not how a delivery of {source} ends"))?;
        if self.name == CALLS && ended.how != Ending::Skipped {
            self.was_called(source)?;
        }
        self.endings.insert(match ended.how {
            Ending::Performed => "performed",
            Ending::Rejected => "rejected",
            Ending::Nothing => "nothing",
            Ending::GaveUp => "gave up",
            Ending::Skipped if delivery.target.is_none() => "skipped as a whole",
            Ending::Skipped => "skipped",
        });
        Ok(())
    }

    fn news_of(&self, delivery: &Delivery) -> Checked<&News> {
        let news = self.news.get(&delivery.source.get());
        news.ok_or_else(|| Rules.broken("is a delivery of no news"))
    }

    /// Something stands for a delivery: once, and after all there was before in its lane.
    fn trace(
        &mut self,
        at: u64,
        delivery: &Delivery,
        ended: Option<Ending>,
        (since, alone): (u64, bool),
    ) -> Checked {
        let source = delivery.source.get();
        let news = &self.news[&source];
        let key = format!("{:?} {}", delivery.target, delivery.ordinal);
        match news.traces.get(&key) {
            Some((first, true)) if ended.is_none() => {
                return Err(Once.broken(format!("is a second effect; the first is at {first}")));
            }
            Some((first, _)) => {
                return Err(Traced.broken(format!("is a second trace; the first is at {first}")));
            }
            None => {}
        }
        let whole = news.as_a_whole.filter(|_| delivery.target.is_none());
        Traced
            .require(whole.is_none(), || format!("is a second trace; the first is at {whole:?}"))?;
        // Two operators may skip it at once: one all of it, one each delivery.
        let is_skipped = ended == Some(Ending::Skipped);
        let gone = news.gone.filter(|gone| *gone <= since && !is_skipped);
        Once.require(gone.is_none(), || format!("was not to be done any more since {gone:?}"))?;
        self.is_next(source)?;
        let news = self.news.get_mut(&source).expect("it is there");
        match delivery.target {
            Some(_) => drop(news.traces.insert(key, (at, ended.is_none()))),
            None => {
                news.as_a_whole = Some(at);
                // A runtime beside that has begun with it does not look for this.
                news.gone = news.gone.or(Some(at).filter(|_| alone));
            }
        }
        Ok(())
    }

    /// Of which policy or effect they are.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Where it was recorded that a news is dropped.
    pub fn dropped(&self, news: Position) -> Option<u64> {
        self.news.get(&news.get())?.dropped
    }

    /// What is still to be done.
    pub fn undone(&self) -> Vec<u64> {
        self.news.iter().filter(|(_, news)| !news.is_done()).map(|(at, _)| *at).collect()
    }
}

/// The same of performances of the effect.
fn performances(kind: Kind) -> (usize, Option<Ending>) {
    match kind {
        Kind::GivesUp | Kind::Refused => (1, Some(Ending::GaveUp)),
        _ => (1, Some(Ending::Performed)),
    }
}

/// How many deliveries of a news of this kind there are, and how they end.
fn deliveries(kind: Kind) -> (usize, Option<Ending>) {
    match kind {
        Kind::Twice | Kind::Hopeless => (2, None),
        Kind::Refused => (1, Some(Ending::Rejected)),
        Kind::Nothing => (1, Some(Ending::Nothing)),
        Kind::GivesUp => (1, Some(Ending::GaveUp)),
        _ => (1, None),
    }
}

/// The event that this is.
pub fn decoded<E: bailiwick::Event>(event: &EncodedEvent) -> Checked<E> {
    match event.decode::<E>() {
        Ok(Some(event)) => Ok(event),
        other => Err(Rules.broken(format!("cannot be read ({:?})", other.map(drop)))),
    }
}
