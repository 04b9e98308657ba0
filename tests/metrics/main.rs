//! What is told of a runtime: which names and labels, that the sums are those of its counts, and nothing if
//! nobody asked.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bailiwick::journal::Journal;
use bailiwick::metrics::{Kind, TABLE};
use bailiwick::{
    AskError, Builder, Counts, ManualClock, MemoryJournal, MemoryRows, MockAnswer, MockService,
    ProjectionState, Runtime,
};
use bailiwick_examples::auction::{
    Approve, Bidder, Corrective, Increment, Listing, Money, Open, PlaceBid, PlaceEligibleBid,
    Register, Suspend, TellBidders, Terms,
};
use bailiwick_examples::notifier::Message;
use bailiwick_examples::streaming::{AccountSessions, SlotsInUse};
use metrics::{Recorder, set_default_local_recorder};
use metrics_util::MetricKind;
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use tokio::task::yield_now;

const STARTS: u64 = 1_000;
const ENDS: u64 = 61_000;

/// What was told, by name and by labels.
#[derive(Debug, Default)]
struct Told(BTreeMap<(String, Labels), (MetricKind, Vec<f64>)>);

type Labels = BTreeMap<String, String>;

impl Told {
    /// Histograms are told anew each time.
    fn of(snapshots: &Snapshotter) -> Told {
        let mut told = Told::default();
        for (key, _, _, value) in snapshots.snapshot().into_vec() {
            let (kind, key) = (key.kind(), key.key());
            let labels = key.labels().map(|l| (l.key().to_owned(), l.value().to_owned()));
            let values = match value {
                #[allow(clippy::cast_precision_loss)]
                DebugValue::Counter(number) => vec![number as f64],
                DebugValue::Gauge(value) => vec![value.0],
                DebugValue::Histogram(values) => values.into_iter().map(|value| value.0).collect(),
            };
            let earlier = told.0.insert((key.name().to_owned(), labels.collect()), (kind, values));
            assert!(earlier.is_none(), "{key:?} twice");
        }
        told
    }

    fn values(&self, name: &str, labels: &[(&str, &str)]) -> &[f64] {
        let own = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        match self.0.get(&(name.to_owned(), own.collect())) {
            Some((_, values)) => values,
            None => panic!("nobody told {name} {labels:?}"),
        }
    }

    fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.values(name, labels)[0]
    }

    /// That of an aggregate type.
    fn of_type(&self, name: &str, aggregate: &str) -> f64 {
        self.value(name, &[("kind", "aggregate"), ("name", aggregate)])
    }

    fn sum(&self, name: &str) -> f64 {
        let all = self.0.iter().filter(|((known, _), _)| known == name);
        all.map(|(_, (_, values))| values.iter().sum::<f64>()).sum()
    }
}

struct House {
    runtime: Runtime,
    clock: ManualClock,
    snapshots: Snapshotter,
}

impl House {
    async fn open(change: impl FnOnce(Builder) -> Builder) -> House {
        let recorder = DebuggingRecorder::new();
        let snapshots = recorder.snapshotter();
        let clock = ManualClock::at(STARTS);
        let mails: MockService<Vec<Message>> = MockService::new();
        mails.always(MockAnswer::Retry);
        let builder = Runtime::builder(MemoryJournal::new())
            .aggregate::<Listing>()
            .aggregate::<Bidder>()
            .decision::<PlaceEligibleBid>()
            .policy(Corrective)
            .effect(TellBidders(mails))
            .aggregate::<AccountSessions>()
            .projection(SlotsInUse, MemoryRows::new())
            .clock(clock.clone());
        // Of this thread, on which the whole test runs: tests do not meet each other's.
        let told = {
            let recorder: &dyn Recorder = Box::leak(Box::new(recorder));
            set_default_local_recorder(recorder)
        };
        let runtime = change(builder).start().await.unwrap();
        std::mem::forget(told);
        House { runtime, clock, snapshots }
    }

    /// Bids, a refusal, a bidder that is suspended, a bid that is taken out, the end of the auction.
    async fn evening(&self) {
        let listings = self.runtime.aggregates::<Listing>();
        let bidders = self.runtime.aggregates::<Bidder>();
        let eur = |minor| Money { minor, currency: "EUR".parse().unwrap() };
        let increment = Increment::Amount(eur(50));
        let terms = Terms {
            seller: "sam".into(),
            ask: eur(500),
            increment,
            starts_at: STARTS.into(),
            ends_at: ENDS.into(),
        };
        listings.get("l1").ask(Open(terms)).await.unwrap();
        for bidder in ["ann", "bob"] {
            bidders.get(bidder).ask(Register).await.unwrap();
            bidders.get(bidder).ask(Approve).await.unwrap();
        }
        let bid =
            |bidder: &'static str, minor| PlaceBid { bidder: bidder.into(), amount: eur(minor) };
        listings.get("l1").ask(bid("ann", 600)).await.unwrap();
        let refused = listings.get("l1").ask(bid("bob", 610)).await.unwrap_err();
        assert!(matches!(refused, AskError::Rejected(_)));
        let together = PlaceEligibleBid { listing: "l1".into(), bid: bid("bob", 700) };
        self.runtime.decide(together).await.unwrap();
        bidders.get("bob").ask(Suspend).await.unwrap();
        let corrective = self.runtime.policies().get("corrective").unwrap();
        until(|| corrective.status().counts.caused == 1).await;
        self.clock.advance(Duration::from_millis(ENDS - STARTS + 3_000));
        until(|| listings.counts().deadlines == 1).await;
        let tell = self.runtime.effects().get("tell-bidders").unwrap();
        until(|| tell.status().counts.failures > 0 && tell.status().stalled_lanes > 0).await;
        let slots = self.runtime.projection("slots");
        let head = self.runtime.journal().head().await.unwrap().position;
        until(|| slots.status().state == ProjectionState::Ready).await;
        slots.reached(head).await.unwrap();
    }

    fn told(&self) -> Told {
        self.runtime.record_metrics();
        Told::of(&self.snapshots)
    }
}

async fn until(is_so: impl Fn() -> bool) {
    while !is_so() {
        yield_now().await;
    }
}

#[tokio::test]
async fn each_row_of_the_table_is_told_with_its_labels_and_nothing_else() {
    let house = House::open(Builder::metrics).await;
    house.evening().await;
    let told = house.told();
    let rows: BTreeMap<_, _> = TABLE.iter().map(|row| (row.name, row)).collect();
    assert_eq!(rows.len(), TABLE.len(), "a name twice");
    let names = [
        "account-sessions",
        "slots",
        "projection",
        "ready",
        "rebuilding",
        "stale",
        "failed",
        "all",
        "listing",
        "bidder",
        "corrective",
        "tell-bidders",
        "aggregate",
        "decision",
        "policy",
        "effect",
    ];
    let outcomes = [
        "replied",
        "rejected",
        "panicked",
        "expired",
        "returned",
        "already_run",
        "unknown",
        "timed_out",
        "abandoned",
        "decided",
        "stuck",
        "performed",
        "caused",
        "nothing",
        "repeated",
        "gave_up",
        "skipped",
    ];
    let bounded: BTreeSet<_> = names.into_iter().chain(outcomes).collect();
    let mut seen = BTreeSet::new();
    for ((name, labels), (kind, _)) in &told.0 {
        let row = rows.get(name.as_str()).unwrap_or_else(|| panic!("{name} is in no table"));
        let keys: BTreeSet<_> = labels.keys().map(String::as_str).collect();
        assert_eq!(keys, row.labels.iter().copied().collect(), "{name}");
        let expected = match row.kind {
            Kind::Counter => MetricKind::Counter,
            Kind::Gauge => MetricKind::Gauge,
            Kind::Histogram => MetricKind::Histogram,
        };
        assert_eq!(*kind, expected, "{name}");
        let unbounded = labels.values().find(|value| !bounded.contains(value.as_str()));
        assert_eq!(unbounded, None, "{name}");
        seen.insert(row.name);
    }
    let never: Vec<_> = rows.keys().filter(|name| !seen.contains(*name)).collect();
    assert!(never.is_empty(), "{never:?} are never told");
}

#[tokio::test]
async fn the_sums_are_those_of_the_counts() {
    let house = House::open(Builder::metrics).await;
    house.evening().await;
    for bidder in ["ann", "bob"] {
        // After a minute with nothing to do they have left memory.
        house.runtime.aggregates::<Bidder>().get(bidder).read(|_, _| ()).await.unwrap();
    }
    let told = house.told();
    let Counts { accepted, replied, rejected, deadlines, .. } = house.runtime.counts();
    #[allow(clippy::cast_precision_loss)]
    let number = |number: u64| number as f64;
    assert_eq!(told.sum("bailiwick_commands_accepted_total"), number(accepted));
    let open = told.sum("bailiwick_commands_open");
    assert_eq!(told.sum("bailiwick_commands_total") + open, number(accepted));
    let listings = house.runtime.aggregates::<Listing>().counts();
    let of_listings = |outcome| {
        let own = [("kind", "aggregate"), ("name", "listing"), ("outcome", outcome)];
        told.value("bailiwick_commands_total", &own)
    };
    assert_eq!(of_listings("replied"), number(listings.replied));
    assert_eq!(of_listings("rejected"), 1.0);
    // By hand: opened, one bid, and what the policy took out; five of bidders; one decision.
    assert_eq!((accepted, replied, rejected, deadlines), (10, 9, 1, 1));
    let decisions = [("kind", "decision"), ("name", "all")];
    assert_eq!(told.value("bailiwick_commands_accepted_total", &decisions), 1.0);
    let policy = [("kind", "policy"), ("name", "corrective"), ("outcome", "caused")];
    assert_eq!(told.value("bailiwick_deliveries_total", &policy), 1.0);
    let effect = [("kind", "effect"), ("name", "tell-bidders")];
    assert!(told.value("bailiwick_delivery_failures_total", &effect) >= 1.0);
    assert!(told.value("bailiwick_lanes_stalled", &effect) >= 1.0);
    assert!(told.value("bailiwick_lag_seconds", &effect) >= 3.0, "a minute went by");
    assert_eq!(told.of_type("bailiwick_aggregates_in_memory", "bidder"), 2.0);
    assert_eq!(told.of_type("bailiwick_deadlines_armed", "listing"), 0.0);
    let slots = [("kind", "projection"), ("name", "slots")];
    let ready = [slots[0], slots[1], ("outcome", "ready")];
    assert_eq!(told.value("bailiwick_projection_state", &ready), 1.0);
    assert_eq!(told.sum("bailiwick_projection_state"), 1.0, "it is one thing");
    let head = told.value("bailiwick_journal_position", &[]);
    let reached = told.value("bailiwick_reached_position", &slots);
    assert!(reached >= number(accepted - 1), "each but the refused one left an event");
    assert_eq!(told.value("bailiwick_lag_events", &slots), head - reached);
    assert_eq!(told.value("bailiwick_journal_open", &[]), 1.0);
    assert_eq!(told.value("bailiwick_well", &[]), 0.0, "the effect stands still");
}

#[tokio::test]
async fn what_takes_time_is_told_once_for_each() {
    let house = House::open(Builder::metrics).await;
    house.evening().await;
    let told = house.told();
    let waits = |kind, name| {
        told.values("bailiwick_queue_wait_seconds", &[("kind", kind), ("name", name)]).len()
    };
    assert_eq!((waits("aggregate", "listing"), waits("aggregate", "bidder")), (4, 5));
    assert_eq!(waits("decision", "all"), 1);
    let listing = [("kind", "aggregate"), ("name", "listing")];
    // By the clock of the test, which goes on when it is told to.
    let late = told.values("bailiwick_deadline_lateness_seconds", &listing);
    assert_eq!(late, [3.0]);
    assert!(told.values("bailiwick_turn_seconds", &listing).len() >= 5);
    let appends = told.values("bailiwick_append_seconds", &listing).len();
    assert_eq!(appends, 4, "opened, a bid, one taken out, closed");
}

#[tokio::test]
async fn nothing_is_told_to_who_did_not_ask() {
    let house = House::open(|builder| builder).await;
    house.evening().await;
    assert!(Told::of(&house.snapshots).0.is_empty());
    // Who asks now is told what is counted.
    let told = house.told();
    assert_eq!(told.sum("bailiwick_commands_accepted_total"), 10.0);
    assert!(told.0.values().all(|(kind, _)| *kind != MetricKind::Histogram));
}

#[tokio::test]
async fn runtimes_of_one_process_are_told_apart() {
    let house = House::open(|builder| builder.metrics_as("tenant-a")).await;
    house.evening().await;
    let told = house.told();
    let is_named = |labels: &BTreeMap<_, String>| {
        labels.get("runtime").is_some_and(|name| *name == "tenant-a")
    };
    assert!(told.0.keys().all(|(_, labels)| is_named(labels)), "{told:?}");
}
