//! Fixture: a shop on a journal and a clock that the test controls.

use std::time::Duration;

use bailiwick::journal::{Delivery, Query, QueryItem, RecordedEvent};
use bailiwick::{Aggregates, Builder, Event, ManualClock, Policy, Position, Runtime};
use bailiwick_examples::money::{Amount, Money};
use bailiwick_examples::orders::{
    Accounting, AddPosition, Dispatch, Fulfilment, OpenOrder, Order, OrderEvent, OrderId, Parcel,
    ParcelId, ParcelStatus, Payment, Planning, Receive, Status, Tracking,
};
use bailiwick_tests::journals::faulty::FaultyJournal;
use bailiwick_tests::journals::place::{Kept, Place, events, matching};
use tokio::task::yield_now;

/// When every shop opens.
pub const BEGIN: u64 = 1_000;

/// A shop with its policies.
pub struct Shop {
    pub runtime: Runtime,
    pub orders: Aggregates<Order>,
    pub payments: Aggregates<Payment>,
    pub parcels: Aggregates<Parcel>,
    pub journal: FaultyJournal,
    pub clock: ManualClock,
    /// The journal is there as long as this.
    _place: Option<Place>,
}

impl Shop {
    /// On a fresh journal.
    pub async fn new(kept: Kept) -> Shop {
        let place = Place::fresh(kept);
        let journal = FaultyJournal::around(place.open());
        let shop = Shop::on(journal, ManualClock::at(BEGIN), |builder| builder).await;
        Shop { _place: Some(place), ..shop }
    }

    /// On this journal.
    pub async fn on(
        journal: FaultyJournal,
        clock: ManualClock,
        change: impl FnOnce(Builder) -> Builder,
    ) -> Shop {
        let builder = Runtime::builder(journal.clone())
            .aggregate::<Order>()
            .aggregate::<Payment>()
            .aggregate::<Parcel>()
            .aggregate::<Fulfilment>()
            .policy(Accounting)
            .policy(Planning)
            .policy(Dispatch)
            .policy(Tracking)
            .clock(clock.clone())
            .entropy(7)
            .config(|config| config.timeout(Duration::from_secs(60)));
        let runtime = change(builder).start().await.expect("it starts");
        let (orders, payments) = (runtime.aggregates(), runtime.aggregates());
        let parcels = runtime.aggregates();
        Shop { runtime, orders, payments, parcels, journal, clock, _place: None }
    }

    /// Another shop on the same journal.
    pub async fn second(&self) -> Shop {
        let journal = FaultyJournal::around(self.journal.inner());
        Shop::on(journal, self.clock.clone(), |builder| builder).await
    }

    /// The process has ended; another one goes on with this journal.
    pub async fn again(self, journal: FaultyJournal) -> Shop {
        let Shop { runtime, clock, _place, .. } = self;
        drop(runtime);
        Shop { _place, ..Shop::on(journal, clock, |builder| builder).await }
    }

    /// An order with a position from each of these warehouses, of 100.00 each.
    pub async fn orders_from(&self, order: &'static str, warehouses: &[&'static str]) {
        self.orders.get(order).ask(OpenOrder { customer: "ann".into() }).await.expect("opened");
        for warehouse in warehouses {
            let added = self.orders.get(order).ask(add(warehouse, 1, 100_00)).await;
            added.expect("it is added");
        }
    }

    /// Its money comes, all at once.
    pub async fn pays(&self, order: &'static str, cents: u64) {
        let receive = Receive { transfer: "t".into(), amount: Money::cents(cents) };
        self.payments.get(order).ask(receive).await.expect("it is received");
        self.settled().await;
    }

    pub async fn status(&self, order: &'static str) -> Status {
        self.orders.get(order).read(|order, _| order.status()).await.expect("it is read").value
    }

    /// How far the parcels with these numbers have come.
    pub async fn are<const N: usize>(&self, order: &'static str, expected: [ParcelStatus; N]) {
        for (number, expected) in (1..).zip(expected) {
            let parcel = self.parcels.get(parcel(order, number));
            let status = parcel.read(|parcel, _| parcel.status()).await.expect("it is read");
            assert_eq!(status.value, expected, "parcel {number}");
        }
    }

    /// Waits until every policy has dealt with everything that has happened, and what follows from it.
    pub async fn settled(&self) {
        loop {
            let news = self.news().await;
            for (policy, upto) in news {
                self.has_dealt_with(policy, upto).await;
            }
            if self.news().await == news {
                return;
            }
        }
    }

    async fn has_dealt_with(&self, name: &'static str, upto: Position) {
        let policy = self.runtime.policies().get(name).expect("it has that policy");
        let done = async {
            loop {
                let status = policy.status();
                assert_eq!((status.stalled_lanes, status.parked_lanes), (0, 0), "{status:?}");
                if status.reached >= upto {
                    return;
                }
                yield_now().await;
            }
        };
        let in_time = tokio::time::timeout(Duration::from_secs(60), done).await;
        in_time.unwrap_or_else(|_| panic!("{name} is not done with {upto}: {:?}", policy.status()));
    }

    /// The last news of each policy.
    async fn news(&self) -> [(&'static str, Position); 4] {
        [
            self.last::<Accounting>().await,
            self.last::<Planning>().await,
            self.last::<Dispatch>().await,
            self.last::<Tracking>().await,
        ]
    }

    async fn last<P: Policy>(&self) -> (&'static str, Position) {
        let types = P::Event::TYPES.iter().map(|known| known.name);
        let news = QueryItem::new(types, []).expect("types");
        let last = matching(&self.journal.inner(), news.into()).await.pop();
        (P::NAME, last.map_or(Position::START, |news| news.position))
    }

    /// Waits until an append stands at the gate.
    pub async fn writes(&self) {
        let writes = self.journal.waiting_at_least(1);
        let writes = tokio::time::timeout(Duration::from_secs(60), writes);
        writes.await.expect("somebody writes");
    }

    /// Lets one append pass the gate, and waits until it is in the journal.
    pub async fn passes(&self) {
        self.writes().await;
        let before = self.head().await;
        self.journal.let_pass(1);
        let passes = async {
            while self.head().await == before {
                yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), passes).await.expect("it passes");
    }

    async fn head(&self) -> Position {
        self.journal.inner().head().await.expect("it can be read").position
    }

    /// All that happened to orders, in order.
    pub async fn order_events(&self) -> Vec<OrderEvent> {
        events(&self.journal.inner()).await
    }

    /// Everything that is in the journal, but for what policies record of themselves.
    pub async fn own(&self) -> Vec<RecordedEvent> {
        let mut all = matching(&self.journal.inner(), Query::all()).await;
        all.retain(|recorded| !recorded.event.is_reserved());
        all
    }

    /// The deliveries that left a trace: each once, or the test fails.
    pub async fn traces(&self) -> Vec<Delivery> {
        let all = matching(&self.journal.inner(), Query::all()).await.into_iter();
        let traces = all.filter_map(|recorded| recorded.event.metadata.extra().delivery.clone());
        let traces: Vec<_> = traces.collect();
        let mut tags: Vec<_> = traces.iter().map(Delivery::tag).collect();
        tags.sort();
        tags.dedup();
        assert_eq!(tags.len(), traces.len(), "a delivery has two traces");
        traces
    }
}

/// A position: from where, how many, and what one costs, in cents.
pub fn add(warehouse: &'static str, quantity: u32, cents: u64) -> AddPosition {
    let unit_price = Amount::from(Money::cents(cents));
    AddPosition { product: "p".into(), warehouse: warehouse.into(), unit_price, quantity }
}

pub fn parcel(order: &'static str, number: u32) -> ParcelId {
    ParcelId::of(&OrderId::from(order), number)
}
