//! A kitchen with pots: what is too much for one flows into the next.

use std::convert::Infallible;
use std::sync::Mutex;

use bailiwick_core::quiesce::Quiesce;
use bailiwick_core::{
    Aggregate, Commands, Context, Decision, Event, GiveUp, Lane, News, Policy, Start, Timestamp,
    View, commands, id, quiesce, require,
};
use serde::{Deserialize, Serialize};

id!(pub PotNo(u64): "pot");

/// A pot was drained, by a decision.
#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drained {
    #[tag]
    pub pot: PotNo,
}

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum PotEvent {
    Filled {
        litres: u64,
    },
    Heated {
        until: Timestamp,
    },
    Boiled,
    Drained(Drained),
    Labelled {
        #[serde(skip)]
        label: String,
    },
}
pub use PotEvent::*;

#[derive(Debug, Default)]
pub struct Pot {
    pub litres: u64,
    pub boils_at: Option<Timestamp>,
    pub boiled_at: Option<Timestamp>,
}

impl View for Pot {
    type Key = PotNo;
    type Event = PotEvent;

    fn new(_: &PotNo) -> Self {
        Pot::default()
    }

    fn apply(&mut self, event: &PotEvent, at: Timestamp) {
        match event {
            Filled { litres } => {
                assert!(*litres != 99, "it bursts");
                self.litres += litres;
            }
            Heated { until } => self.boils_at = Some(*until),
            Boiled => (self.boils_at, self.boiled_at) = (None, Some(at)),
            Drained(_) => self.litres = 0,
            Labelled { .. } => {}
        }
    }
}

impl Aggregate for Pot {
    const NAME: &'static str = "pot";

    fn deadline(&self) -> Option<Timestamp> {
        self.boils_at
    }

    fn on_deadline(&self, ctx: &mut Context<PotEvent>) {
        // It burns, and that is a mistake.
        if self.litres != 66 {
            ctx.emit(Boiled);
        }
    }
}

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Refused {
    #[error("{0} litres are too much")]
    TooMuch(u64),
}

/// Fills a pot; with nothing, nothing happens.
#[derive(Debug, Clone, PartialEq)]
pub struct Fill(pub u64);

#[derive(Debug, Clone, PartialEq)]
pub struct Heat {
    pub until: u64,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Label;

#[commands(crate = "bailiwick_core")]
impl Pot {
    fn fill(&self, Fill(litres): &Fill, ctx: &mut Context<PotEvent>) -> Result<u64, Refused> {
        require(*litres < 1_000, Refused::TooMuch(*litres))?;
        assert!(*litres != 13, "unlucky");
        if *litres > 0 {
            ctx.emit(Filled { litres: *litres });
        }
        Ok(self.litres + litres)
    }

    fn heat(&self, heat: &Heat, ctx: &mut Context<PotEvent>) -> Result<(), Refused> {
        ctx.emit(Heated { until: heat.until.into() });
        Ok(())
    }

    fn label(&self, _: &Label, ctx: &mut Context<PotEvent>) -> Result<(), Refused> {
        ctx.emit(Labelled { label: "soup".into() });
        Ok(())
    }
}

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum TimerEvent {
    Wound { until: Timestamp },
    Rang,
}

/// Rings, and is another thing with the same ID.
#[derive(Default)]
pub struct Timer(Option<Timestamp>);

impl View for Timer {
    type Key = PotNo;
    type Event = TimerEvent;

    fn new(_: &PotNo) -> Self {
        Timer::default()
    }

    fn apply(&mut self, event: &TimerEvent, _: Timestamp) {
        self.0 = match event {
            TimerEvent::Wound { until } => Some(*until),
            TimerEvent::Rang => None,
        };
    }
}

impl Aggregate for Timer {
    const NAME: &'static str = "timer";

    fn deadline(&self) -> Option<Timestamp> {
        self.0
    }

    fn on_deadline(&self, ctx: &mut Context<TimerEvent>) {
        ctx.emit(TimerEvent::Rang);
    }
}

/// Drains a pot.
#[derive(Debug, Clone, PartialEq)]
pub struct Drain(pub PotNo);

impl Decision for Drain {
    type Views = Pot;
    type Event = Drained;
    type Reply = u64;
    type Rejection = Refused;

    fn keys(&self) -> PotNo {
        self.0
    }

    fn decide(&self, pot: &Pot, ctx: &mut Context<Drained>) -> Result<u64, Refused> {
        require(pot.litres < 500, Refused::TooMuch(pot.litres))?;
        ctx.emit(Drained { pot: self.0 });
        Ok(pot.litres)
    }
}

/// What a policy does with news of a pot that holds so much.
pub type Reaction = fn(&Rule, &News<PotEvent>, &Pot, &mut Commands) -> Result<(), GiveUp>;

/// A policy that does whatever it is told to.
pub struct Rule {
    pub reaction: Reaction,
    /// It should have none.
    pub memory: Mutex<Vec<u64>>,
}

impl Policy for Rule {
    const NAME: &'static str = "rule";
    const LANE: Lane = Lane::of::<PotNo>();
    const START: Start = Start::Beginning;
    type Event = PotEvent;
    type Views = Pot;

    fn keys(&self, news: &News<PotEvent>) -> PotNo {
        news.id().unwrap()
    }

    fn react(&self, news: &News<PotEvent>, pot: &Pot, out: &mut Commands) -> Result<(), GiveUp> {
        (self.reaction)(self, news, pot, out)
    }
}

pub fn rule(reaction: Reaction) -> Rule {
    Rule { reaction, memory: Mutex::default() }
}

/// The number of the pot that it concerns.
pub fn number(news: &News<PotEvent>) -> u64 {
    news.id::<PotNo>().unwrap().into()
}

/// The pot with the next number.
pub fn next(news: &News<PotEvent>) -> PotNo {
    (number(news) + 1).into()
}

/// What is beyond ten litres flows into the next pot.
pub fn overflow(
    _: &Rule,
    news: &News<PotEvent>,
    pot: &Pot,
    out: &mut Commands,
) -> Result<(), GiveUp> {
    if let Filled { .. } = news.event
        && pot.litres > 10
    {
        out.to::<Pot>(&next(news)).send(Fill(pot.litres - 10));
    }
    Ok(())
}

/// A policy that was added late, and wants nothing of what was before.
pub struct Late;

impl Policy for Late {
    const NAME: &'static str = "late";
    const LANE: Lane = Lane::One("late");
    const START: Start = Start::Now;
    type Event = PotEvent;
    type Views = ();

    fn keys(&self, _: &News<PotEvent>) {}

    fn react(&self, news: &News<PotEvent>, _: (), out: &mut Commands) -> Result<(), GiveUp> {
        if let Filled { litres: 1.. } = news.event {
            out.decide(Drain(news.id().map_err(GiveUp::because)?));
        }
        Ok(())
    }
}

/// A kitchen with this rule.
pub fn kitchen(reaction: Reaction) -> Quiesce {
    quiesce().aggregate::<Pot>().decision::<Drain>().policy(rule(reaction))
}

/// Emits nothing that anybody could find.
pub struct Nobody;

impl Decision for Nobody {
    type Views = ();
    type Event = PotEvent;
    type Reply = ();
    type Rejection = Infallible;

    fn keys(&self) {}

    fn decide(&self, (): (), ctx: &mut Context<PotEvent>) -> Result<(), Infallible> {
        ctx.emit(Boiled);
        Ok(())
    }
}
