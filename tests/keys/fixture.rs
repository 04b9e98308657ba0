//! Fixture: a small domain on which keys can be seen: a jar into which coins are dropped, and how many times
//! that really happened. What it replies is a parameter, so that a later version of the program can
//! reply something else.

use std::convert::Infallible;
use std::marker::PhantomData;
use std::sync::Arc;

use bailiwick::journal::{Query, Read};
use bailiwick::{
    Aggregate, Aggregates, Context, Decide, Event, ManualClock, MemoryJournal, Position, Runtime,
    Timestamp, View, id,
};
use bailiwick_tests::journals::faulty::FaultyJournal;
use bailiwick_tests::stage::settle;
use serde::{Deserialize, Serialize};

id!(pub JarId: "jar");

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CoinDropped {
    #[tag]
    pub jar: JarId,
    pub nth: u64,
}

/// Its replies are made of the number of coins.
pub struct Jar<R> {
    id: JarId,
    pub coins: u64,
    reply: PhantomData<fn() -> R>,
}

impl<R: 'static> View for Jar<R> {
    type Key = JarId;
    type Event = CoinDropped;

    fn new(id: &JarId) -> Self {
        Jar { id: id.clone(), coins: 0, reply: PhantomData }
    }

    fn apply(&mut self, event: &CoinDropped, _: Timestamp) {
        assert_eq!(event.nth, self.coins + 1);
        self.coins = event.nth;
    }
}

impl<R: 'static> Aggregate for Jar<R> {
    const NAME: &'static str = "Jar";
}

impl<R: 'static> Jar<R> {
    /// What every command that is run does, so that the coins say how many were.
    pub fn drop_one(&self, ctx: &mut Context<CoinDropped>) -> u64 {
        let nth = self.coins + 1;
        ctx.emit(CoinDropped { jar: self.id.clone(), nth });
        nth
    }
}

/// Drops a coin.
#[derive(Clone, Debug, Serialize)]
pub struct DropCoin;

impl<R: From<u64> + Send + 'static> Decide<DropCoin> for Jar<R> {
    type Reply = R;
    type Rejection = Infallible;

    fn decide(&self, _: &DropCoin, ctx: &mut Context<CoinDropped>) -> Result<R, Infallible> {
        Ok(self.drop_one(ctx).into())
    }
}

/// A runtime of jars that reply `R`.
pub struct Jars<R: 'static> {
    pub runtime: Runtime,
    pub all: Aggregates<Jar<R>>,
    pub journal: FaultyJournal,
    pub clock: ManualClock,
}

/// When it begins, in milliseconds.
pub const BEGIN: u64 = 10_000_000;

impl<R: 'static> Jars<R> {
    pub async fn new() -> Self {
        Self::with(|builder| builder).await
    }

    pub async fn with(change: impl FnOnce(bailiwick::Builder) -> bailiwick::Builder) -> Self {
        let journal = FaultyJournal::new(MemoryJournal::new());
        Self::on(journal, ManualClock::at(BEGIN), change).await
    }

    pub async fn on(
        journal: FaultyJournal,
        clock: ManualClock,
        change: impl FnOnce(bailiwick::Builder) -> bailiwick::Builder,
    ) -> Self {
        let builder = Runtime::builder(journal.clone()).aggregate::<Jar<R>>();
        let builder = change(builder.clock(clock.clone()).entropy(7));
        let runtime = builder.start().await.expect("it starts");
        let all = runtime.aggregates();
        Jars { runtime, all, journal, clock }
    }

    /// The next version of the program, which replies something else.
    pub async fn later<S: 'static>(self) -> Jars<S> {
        self.later_with(|builder| builder).await
    }

    pub async fn later_with<S: 'static>(
        self,
        change: impl FnOnce(bailiwick::Builder) -> bailiwick::Builder,
    ) -> Jars<S> {
        let Jars { journal, clock, .. } = self;
        Jars::on(journal, clock, change).await
    }

    /// Asks with the first of these keys, and, while what that led to waits to be appended, with the
    /// others. The journal is left shut.
    pub async fn behind<T, const N: usize>(
        &self,
        ask: impl Fn(&'static str) -> T,
        keys: [&'static str; N],
    ) -> [T; N] {
        self.journal.shut();
        let mut asked = Vec::new();
        for key in keys {
            asked.push(ask(key));
            if asked.len() == 1 {
                self.journal.waiting(1).await;
            }
        }
        settle().await;
        asked.try_into().ok().expect("as many as there are keys")
    }

    pub async fn coins(&self) -> u64 {
        self.all.get("a").read(|jar, _| jar.coins).await.expect("it can be read").value
    }

    /// How many events there are in the journal.
    pub async fn events(&self) -> usize {
        let journal: Arc<_> = self.journal.inner();
        let page = journal.read(Read::new(Query::all()).after(Position::START)).await;
        page.expect("it can be read").events.len()
    }
}
