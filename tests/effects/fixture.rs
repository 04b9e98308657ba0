//! Fixture: shops sell things, which are sent through hosts of the outside world.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use bailiwick::journal::{DELIVERY_ENDED, Journal, Query, RecordedEvent};
use bailiwick::policy::{DeliveryEnded, Ending};
use bailiwick::{
    Aggregate, Aggregates, Attempt, Builder, Context, Effect, Event, Failed, Lane, ManualClock,
    MemoryJournal, MockAnswer, MockService, News, ReactionHandle, Runtime, Start, Timestamp, View,
    commands, id,
};
use bailiwick_tests::journals::faulty::FaultyJournal;
use bailiwick_tests::journals::place::matching;
use bailiwick_tests::stage::settle;
use serde::{Deserialize, Serialize};

id!(pub ShopId: "shop");

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sold {
    pub n: u64,
    /// Through which host it is sent.
    pub host: String,
    /// When it need not be sent any more.
    pub until: Timestamp,
}

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ShopEvent {
    Sold(Sold),
    Closed {},
}

#[derive(Default)]
pub struct Shop {
    pub sold: u64,
    pub closed: bool,
}

impl View for Shop {
    type Key = ShopId;
    type Event = ShopEvent;
    fn new(_: &ShopId) -> Self {
        Shop::default()
    }
    fn apply(&mut self, event: &ShopEvent, _: Timestamp) {
        match event {
            ShopEvent::Sold(_) => self.sold += 1,
            ShopEvent::Closed {} => self.closed = true,
        }
    }
}

impl Aggregate for Shop {
    const NAME: &'static str = "shop";
}

#[derive(Debug, Clone)]
pub struct Sell(pub u64, pub String, pub Timestamp);

#[derive(Debug, Clone)]
pub struct Close;

type Never = std::convert::Infallible;

#[commands]
impl Shop {
    fn sell(&self, Sell(n, host, until): &Sell, ctx: &mut Context<ShopEvent>) -> Result<(), Never> {
        ctx.emit(Sold { n: *n, host: host.clone(), until: *until });
        Ok(())
    }

    fn close(&self, _: &Close, ctx: &mut Context<ShopEvent>) -> Result<(), Never> {
        ctx.emit(ShopEvent::Closed {});
        Ok(())
    }
}

/// What is sent: by which shop, what, and how much it had sold by then.
pub type Input = (String, u64, u64);

/// The outside world: some hosts. Cloning shares it.
#[derive(Clone)]
pub struct World {
    hosts: Arc<BTreeMap<&'static str, MockService<Input>>>,
    under_way: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

pub const HOSTS: [&str; 2] = ["near", "far"];

impl World {
    pub fn new() -> World {
        let hosts = HOSTS.into_iter().map(|host| (host, MockService::new()));
        World { hosts: Arc::new(hosts.collect()), under_way: Arc::default(), most: Arc::default() }
    }

    pub fn host(&self, name: &str) -> &MockService<Input> {
        &self.hosts[name]
    }

    /// How many calls there were at a time.
    pub fn most_at_a_time(&self) -> usize {
        self.most.load(SeqCst)
    }

    /// How many calls there are just now.
    pub fn under_way(&self) -> usize {
        self.under_way.load(SeqCst)
    }

    async fn call(&self, host: &str, key: &str, input: Input) -> Result<(), Failed> {
        struct Call<'a>(&'a World);
        impl Drop for Call<'_> {
            fn drop(&mut self) {
                self.0.under_way.fetch_sub(1, SeqCst);
            }
        }
        let at_a_time = self.under_way.fetch_add(1, SeqCst) + 1;
        let _call = Call(self);
        self.most.fetch_max(at_a_time, SeqCst);
        let answer = self.host(host).call(key, input).await;
        // It takes a moment.
        tokio::task::yield_now().await;
        answer
    }
}

/// Sends what was sold, unless that is too late, or the shop has closed.
pub struct Send(pub World);

impl Effect for Send {
    const NAME: &'static str = "send";
    const LANE: Lane = Lane::Emitter;
    const START: Start = Start::Beginning;
    type Event = Sold;
    type Views = Shop;

    fn keys(&self, news: &News<Sold>) -> ShopId {
        news.id().unwrap()
    }

    async fn perform(
        &self,
        news: &News<Sold>,
        shop: &Shop,
        attempt: &Attempt<'_>,
    ) -> Result<(), Failed> {
        let id: ShopId = news.id().map_err(Failed::give_up)?;
        let Sold { n, host, until } = &news.event;
        if attempt.now() >= *until {
            return Err(Failed::give_up("it is too late"));
        }
        if attempt.latest::<Shop>(&id).await?.closed {
            return Err(Failed::give_up("the shop has closed"));
        }
        self.0.call(host, attempt.key(), (id.to_string(), *n, shop.sold)).await
    }
}

/// A runtime that sends.
pub struct Scene {
    pub runtime: Runtime,
    pub shops: Aggregates<Shop>,
    pub clock: ManualClock,
    pub journal: FaultyJournal,
    pub world: World,
}

pub const TIME_LIMIT: Duration = Duration::from_secs(600);
pub const NEVER: u64 = u64::MAX / 2;

impl Scene {
    pub async fn new() -> Scene {
        Scene::with(|builder| builder).await
    }

    pub async fn with(change: impl FnOnce(Builder) -> Builder) -> Scene {
        let journal = FaultyJournal::new(MemoryJournal::new());
        Scene::on(journal, ManualClock::at(1_000), World::new(), change).await
    }

    pub async fn on(
        journal: FaultyJournal,
        clock: ManualClock,
        world: World,
        change: impl FnOnce(Builder) -> Builder,
    ) -> Scene {
        let builder = Runtime::builder(journal.clone())
            .aggregate::<Shop>()
            .effect(Send(world.clone()))
            .config(|config| config.effect_retry_for(TIME_LIMIT))
            .clock(clock.clone())
            .entropy(7);
        let runtime = change(builder).start().await.expect("it starts");
        let shops = runtime.aggregates();
        Scene { runtime, shops, clock, journal, world }
    }

    /// Another runtime beside this one.
    pub async fn beside(&self) -> Scene {
        let (journal, clock) = (self.journal.clone(), self.clock.clone());
        Scene::on(journal, clock, self.world.clone(), |builder| builder).await
    }

    /// Kills the runtime and starts another one.
    pub async fn restart(self) -> Scene {
        self.restart_with(|builder| builder).await
    }

    pub async fn restart_with(self, change: impl FnOnce(Builder) -> Builder) -> Scene {
        let Scene { runtime, clock, journal, world, .. } = self;
        drop(runtime);
        settle().await;
        Scene::on(journal, clock, world, change).await
    }

    pub fn effect(&self) -> ReactionHandle {
        self.runtime.effects().get("send").unwrap()
    }

    pub async fn sells(&self, shop: &str, host: &str, n: u64) {
        self.sells_until(shop, host, n, NEVER).await;
    }

    pub async fn sells_until(&self, shop: &str, host: &str, n: u64, until: u64) {
        let shop: ShopId = shop.parse().unwrap();
        self.shops.get(shop).ask(Sell(n, host.to_owned(), until.into())).await.unwrap();
    }

    /// What was sent through a host, in the order of the calls.
    pub fn sent(&self, host: &str) -> Vec<u64> {
        self.world.host(host).inputs().into_iter().map(|(_, n, _)| n).collect()
    }

    /// How every news ended that has: each once, or the test fails.
    pub async fn endings(&self) -> Vec<(u64, Ending)> {
        endings(&self.journal.inner()).await
    }

    /// Lets time pass, a bit at a time.
    pub async fn passes(&self, time: Duration) {
        for _ in 0..20 {
            self.clock.advance(time / 20);
            settle().await;
        }
    }

    /// What hosts do from now on.
    pub fn always(&self, host: &str, answer: MockAnswer) {
        self.world.host(host).always(answer);
    }
}

/// How every news ended that has, by its position: each once, or the test fails.
pub async fn endings(journal: &Arc<dyn Journal>) -> Vec<(u64, Ending)> {
    let events = matching(journal, Query::all()).await;
    let ended = events.iter().filter(|event| event.event.event_type == DELIVERY_ENDED);
    let of = |ended: &RecordedEvent| {
        let source = ended.event.metadata.extra().delivery.as_ref().unwrap().source.get();
        let ended: DeliveryEnded = ended.event.decode().unwrap().unwrap();
        (source, ended.how)
    };
    let mut endings: Vec<_> = ended.map(of).collect();
    endings.sort_by_key(|(source, _)| *source);
    let all = endings.len();
    endings.dedup_by_key(|(source, _)| *source);
    assert_eq!(endings.len(), all, "a news has two traces");
    endings
}
