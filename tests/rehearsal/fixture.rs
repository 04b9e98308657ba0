//! Fixture: a till by yesterday's rules and by today's: the same events, the same names, other rules.

use std::time::Duration;

use bailiwick::rehearsal::{LeftOut, Part, Report};
use bailiwick::{
    Aggregate, Aggregates, Builder, Context, Decision, Event, ManualClock, MemoryJournal,
    Recording, Rehearsal, Runtime, Timestamp, Unguarded, View, commands, id, require,
};
use bailiwick_tests::journals::faulty::FaultyJournal;
use serde::{Deserialize, Serialize};

id!(pub TillId: "till", pub CustomerId: "customer");

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum TillEvent {
    Opened {
        until: Timestamp,
    },
    Sold {
        cents: u64,
    },
    /// After every second sale.
    Counted {
        cents: u64,
        sales: u64,
    },
    Closed {
        cents: u64,
    },
    Closing {},
}

#[derive(Clone)]
pub struct Till<const RULES: u8> {
    pub cents: u64,
    pub sales: u64,
    open_until: Option<Timestamp>,
    closing: bool,
}

impl<const RULES: u8> View for Till<RULES> {
    type Key = TillId;
    type Event = TillEvent;

    fn new(_: &TillId) -> Self {
        Till { cents: 0, sales: 0, open_until: None, closing: false }
    }

    fn apply(&mut self, event: &TillEvent, _: Timestamp) {
        match event {
            TillEvent::Opened { until } => self.open_until = Some(*until),
            TillEvent::Sold { cents } => {
                (self.cents, self.sales) = (self.cents + cents, self.sales + 1);
            }
            TillEvent::Counted { .. } => {}
            TillEvent::Closed { .. } => (self.open_until, self.closing) = (None, false),
            TillEvent::Closing {} => self.closing = true,
        }
    }

    fn try_clone(&self) -> Option<Self> {
        Some(self.clone())
    }
}

impl<const RULES: u8> Aggregate for Till<RULES> {
    const NAME: &'static str = "till";

    fn deadline(&self) -> Option<Timestamp> {
        self.open_until
    }

    /// In two rounds.
    fn on_deadline(&self, ctx: &mut Context<TillEvent>) {
        if self.closing {
            ctx.emit(TillEvent::Closed { cents: if RULES == 2 { 0 } else { self.cents } });
        } else {
            ctx.emit(TillEvent::Closing {});
            if self.sales > 1 {
                ctx.emit(TillEvent::Counted { cents: self.cents, sales: self.sales });
            }
        }
    }
}

#[derive(Debug, PartialEq, thiserror::Error)]
pub enum Refused {
    #[error("no more than {most} cents")]
    TooMuch { most: u64 },
    #[error("it is closed")]
    Closed,
    #[error("unlucky after {sales} sales")]
    Unlucky { sales: u64 },
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sell {
    pub cents: u64,
    #[serde(default)]
    pub note: String,
}

pub fn sell(cents: u64) -> Sell {
    Sell { cents, note: String::new() }
}

pub fn till_id(n: u64) -> TillId {
    format!("till-{n}").parse().expect("an ID")
}

/// Not recorded.
#[derive(Clone, Debug)]
pub struct Open {
    pub millis: u64,
}

/// Accepted, and nothing happens.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Look {}

#[commands]
impl<const RULES: u8> Till<RULES> {
    #[command(recorded)]
    fn sell(&self, sell: &Sell, ctx: &mut Context<TillEvent>) -> Result<u64, Refused> {
        let most = if RULES == 2 { 50 } else { 100 };
        require(sell.cents <= most, Refused::TooMuch { most })?;
        require(sell.cents != 13, Refused::Unlucky { sales: self.sales })?;
        assert!(RULES != 3, "no rules at all");
        ctx.emit(TillEvent::Sold { cents: sell.cents });
        let sales = self.sales + 1;
        if sales.is_multiple_of(2) {
            ctx.emit(TillEvent::Counted { cents: self.cents + sell.cents, sales });
        }
        Ok(sales)
    }

    #[command(name = "open")]
    fn open(&self, open: &Open, ctx: &mut Context<TillEvent>) -> Result<(), Refused> {
        ctx.emit(TillEvent::Opened { until: ctx.now().plus_millis(open.millis) });
        Ok(())
    }

    #[command(recorded)]
    fn look(&self, _: &Look, _: &mut Context<TillEvent>) -> Result<u64, Refused> {
        require(RULES != 2, Refused::Closed)?;
        Ok(self.cents)
    }
}

/// A customer's points, of which nobody has more than so many.
#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Awarded {
    #[tag]
    pub customer: CustomerId,
    pub points: u64,
}

#[derive(Clone)]
pub struct Points(pub u64);

impl View for Points {
    type Key = CustomerId;
    type Event = Awarded;

    fn new(_: &CustomerId) -> Self {
        Points(0)
    }

    fn apply(&mut self, event: &Awarded, _: Timestamp) {
        self.0 += event.points;
    }

    fn try_clone(&self) -> Option<Self> {
        Some(self.clone())
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Award<const RULES: u8> {
    pub customer: CustomerId,
    pub till: TillId,
    pub points: u64,
}

pub fn award<const RULES: u8>(customer: &'static str, points: u64) -> Award<RULES> {
    Award { customer: customer.into(), till: "t".into(), points }
}

/// What the till has is good to know, and not guarded.
impl<const RULES: u8> Decision for Award<RULES> {
    const RECORDED: Option<Recording<Self>> = Some(Recording::new());
    type Views = (Points, Unguarded<Till<1>>);
    type Event = Awarded;
    type Reply = u64;
    type Rejection = Refused;

    fn keys(&self) -> (CustomerId, TillId) {
        (self.customer.clone(), self.till.clone())
    }

    fn decide(
        &self,
        (points, till): (&Points, &Till<1>),
        ctx: &mut Context<Awarded>,
    ) -> Result<u64, Refused> {
        let most = if RULES == 2 { 5 } else { 10 };
        require(points.0 + self.points <= most, Refused::TooMuch { most })?;
        let points = self.points.min(till.cents + 1_000);
        ctx.emit(Awarded { customer: self.customer.clone(), points });
        Ok(points)
    }
}

/// A runtime by yesterday's rules.
pub struct Shop {
    pub runtime: Runtime,
    pub tills: Aggregates<Till<1>>,
    pub clock: ManualClock,
    pub journal: FaultyJournal,
}

impl Shop {
    pub async fn new() -> Shop {
        Shop::with(|builder| builder).await
    }

    pub async fn with(change: impl FnOnce(Builder) -> Builder) -> Shop {
        let (journal, clock) = (FaultyJournal::new(MemoryJournal::new()), ManualClock::at(1_000));
        let builder = Runtime::builder(journal.clone())
            .aggregate::<Till<1>>()
            .decision::<Award<1>>()
            .clock(clock.clone())
            .entropy(7);
        let runtime = change(builder).start().await.expect("it starts");
        let tills = runtime.aggregates();
        Shop { runtime, tills, clock, journal }
    }

    /// Ends it in order, so that all is recorded.
    pub async fn closes(self) -> FaultyJournal {
        let Shop { runtime, journal, .. } = self;
        runtime.shutdown(Duration::from_secs(5)).await;
        journal
    }
}

/// All there is, by the rules of a day.
pub fn everything<const RULES: u8>(journal: &FaultyJournal) -> Rehearsal<'_> {
    Rehearsal::of(journal)
        .command::<Till<RULES>, Sell>()
        .command::<Till<RULES>, Look>()
        .decision::<Award<RULES>>()
}

pub async fn rehearsed<const RULES: u8>(journal: &FaultyJournal) -> Report {
    everything::<RULES>(journal).run(|_| {}).await.expect("it can be read")
}

pub fn part<'a>(report: &'a Report, of: &str) -> &'a Part {
    report.parts.iter().find(|part| part.of == of).unwrap_or_else(|| panic!("{of}: {report}"))
}

/// How many were compared, how many of these would be different now.
pub fn checked(report: &Report, of: &str) -> (u64, u64) {
    let part = part(report, of);
    (part.checked, part.differing)
}

pub fn left_out(report: &Report, of: &str) -> Vec<(LeftOut, u64)> {
    part(report, of).left_out.clone().into_iter().collect()
}
