//! Where the classic cases are raced: one runtime or two on one journal, a clock that is driven, and
//! a gate before the journal.
//!
//! The gate is shut until every runtime has decided for the first time. So each of them has decided
//! on what was there before the race, and none has seen what another one decided: without a
//! condition, each would have a winner of its own.

use std::fmt::Debug;
use std::future::Future;
use std::time::Duration;

use bailiwick::journal::EncodedEvent;
use bailiwick::{AskError, Event, ManualClock, Runtime};
use bailiwick_examples::classics::course_aggregate::{
    ChangeCapacity, CourseAggregate, Create, Rebuilt, SubscribeStudent,
};
use bailiwick_examples::classics::invoice_number::CreateInvoice;
use bailiwick_examples::classics::opt_in_token::ConfirmSignUp;
use bailiwick_examples::classics::place_order::PlaceOrder;
use bailiwick_examples::classics::product_price::{OrderProducts, PriceEvent};
use bailiwick_examples::classics::user_name::{ChangeUserName, CloseAccount, RegisterAccount};
use bailiwick_tests::journals::faulty::FaultyJournal;
use bailiwick_tests::journals::place::{self, Kept, Place, encoded};
use tokio::task::JoinHandle;

/// When every race begins, in milliseconds.
const BEGIN: u64 = 1_000;

/// Longer than any story: nobody's time is up because the clock was driven.
const PATIENT: Duration = Duration::from_secs(1_000_000_000);

/// How a race is run.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    pub kept: Kept,
    pub callers: usize,
    pub runtimes: usize,
}

/// What came of the calls.
#[derive(Debug)]
pub struct Outcome<T, E> {
    pub won: Vec<T>,
    pub refused: Vec<E>,
    /// How many appends met what another had written.
    pub conflicts: u64,
}

pub struct Setup {
    pub setting: Setting,
    pub clock: ManualClock,
    pub journal: FaultyJournal,
    runtimes: Vec<Runtime>,
    place: Place,
}

impl Setup {
    pub async fn open(setting: Setting) -> Setup {
        Setup::at(Place::fresh(setting.kept), setting, ManualClock::at(BEGIN)).await
    }

    async fn at(place: Place, setting: Setting, clock: ManualClock) -> Setup {
        let journal = FaultyJournal::around(place.open());
        let mut runtimes = Vec::new();
        for n in 0..setting.runtimes {
            let builder = Runtime::builder(journal.clone())
                .aggregate::<CourseAggregate>()
                .decision::<Rebuilt<Create>>()
                .decision::<Rebuilt<ChangeCapacity>>()
                .decision::<Rebuilt<SubscribeStudent>>()
                .decision::<CreateInvoice>()
                .decision::<ConfirmSignUp>()
                .decision::<PlaceOrder>()
                .decision::<OrderProducts>()
                .decision::<RegisterAccount>()
                .decision::<CloseAccount>()
                .decision::<ChangeUserName>()
                // Written by the tests themselves.
                .emits::<PriceEvent>()
                .clock(clock.clone())
                .entropy(n as u64)
                .config(|config| {
                    config
                        .timeout(PATIENT)
                        // Who loses goes on: that races end is not left to chance.
                        .attempts(1_000)
                });
            runtimes.push(builder.start().await.expect("it starts"));
        }
        Setup { setting, clock, journal, runtimes, place }
    }

    /// Ends all runtimes and starts them again on what the journal holds.
    pub async fn restart(self) -> Setup {
        let Setup { setting, clock, journal, runtimes, place } = self;
        for runtime in runtimes {
            runtime.shutdown(PATIENT).await;
        }
        drop(journal);
        Setup::at(place, setting, clock).await
    }

    /// A runtime, for what is no race.
    pub fn runtime(&self) -> &Runtime {
        &self.runtimes[0]
    }

    /// Calls that all want the same, of whom at least one gets it: in one runtime they take turns,
    /// of two the slower one conflicts, and goes on by itself.
    pub async fn race<T, E, F>(&self, call: impl Fn(usize, &Runtime) -> F) -> Outcome<T, E>
    where
        T: Send + 'static,
        E: Send + 'static,
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        let outcome = self.race_while(async {}, call).await;
        let conflicted = outcome.conflicts > 0;
        assert_eq!(conflicted, self.runtimes.len() > 1, "{} conflicts", outcome.conflicts);
        outcome
    }

    /// As [`race`](Self::race), and `meanwhile` something happens: when every runtime has decided for
    /// the first time, and before anything of that is written.
    pub async fn race_while<T, E, F>(
        &self,
        meanwhile: impl Future<Output = ()>,
        call: impl Fn(usize, &Runtime) -> F,
    ) -> Outcome<T, E>
    where
        T: Send + 'static,
        E: Send + 'static,
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        self.race_of(self.runtimes.len(), meanwhile, call).await
    }

    /// As [`race_while`](Self::race_while), where `writers` who can decide without waiting for each
    /// other stand at the gate before it is opened.
    pub async fn race_of<T, E, F>(
        &self,
        writers: usize,
        meanwhile: impl Future<Output = ()>,
        call: impl Fn(usize, &Runtime) -> F,
    ) -> Outcome<T, E>
    where
        T: Send + 'static,
        E: Send + 'static,
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        let before = self.conflicts();
        self.journal.shut();
        let calls = self.calls(call);
        self.journal.waiting_at_least(writers).await;
        meanwhile.await;
        self.journal.open();
        self.outcome(calls, before).await
    }

    /// Calls that have nothing to do with each other, or are all refused: nobody conflicts, and
    /// nobody waits at a gate.
    pub async fn at_once<T, E, F>(&self, call: impl Fn(usize, &Runtime) -> F) -> Outcome<T, E>
    where
        T: Send + 'static,
        E: Send + 'static,
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        let before = self.conflicts();
        let outcome = self.outcome(self.calls(call), before).await;
        assert_eq!(outcome.conflicts, 0);
        outcome
    }

    fn calls<F: Future<Output: Send + 'static> + Send + 'static>(
        &self,
        call: impl Fn(usize, &Runtime) -> F,
    ) -> Vec<JoinHandle<F::Output>> {
        let runtime = |n: usize| &self.runtimes[n % self.runtimes.len()];
        (0..self.setting.callers).map(|n| tokio::spawn(call(n, runtime(n)))).collect()
    }

    async fn outcome<T, E>(
        &self,
        calls: Vec<JoinHandle<Result<T, E>>>,
        before: u64,
    ) -> Outcome<T, E> {
        let (mut won, mut refused) = (Vec::new(), Vec::new());
        for call in calls {
            match call.await.expect("a caller ended well") {
                Ok(reply) => won.push(reply),
                Err(rejection) => refused.push(rejection),
            }
        }
        assert!(self.runtimes.iter().all(|runtime| runtime.counts().open() == 0));
        Outcome { won, refused, conflicts: self.conflicts() - before }
    }

    fn conflicts(&self) -> u64 {
        self.runtimes.iter().map(|runtime| runtime.counts().conflicts).sum()
    }

    /// This has happened now, somewhere else: it stands in the journal, and no runtime was told.
    pub async fn happened<E: Event>(&self, events: impl IntoIterator<Item = E>) {
        let now = bailiwick::Clock::now(&self.clock);
        let events = events.into_iter().map(|event| encoded(&event, now));
        self.append(events.collect()).await;
    }

    pub async fn append(&self, events: Vec<EncodedEvent>) {
        self.journal.inner().append(events, None).await.expect("it is open");
    }

    /// What the journal says, in order.
    pub async fn events<E: Event>(&self) -> Vec<E> {
        place::events(&self.journal.inner()).await
    }
}

impl<T, E: PartialEq + Debug> Outcome<T, E> {
    /// So many won, and all others were refused for this.
    #[track_caller]
    pub fn won_by(self, winners: usize, why: &E) -> Vec<T> {
        assert_eq!(self.won.len(), winners, "winners");
        assert!(self.refused.iter().all(|refused| refused == why), "{:?}", self.refused);
        self.won
    }

    /// All won.
    #[track_caller]
    pub fn won_by_all(self) -> Vec<T> {
        assert!(self.refused.is_empty(), "{:?}", self.refused);
        self.won
    }
}

/// The reply, or the rule that said no. Nothing else may happen.
pub async fn ruled<T, C, E: Debug>(
    asked: impl Future<Output = Result<T, AskError<C, E>>>,
) -> Result<T, E> {
    match asked.await {
        Ok(reply) => Ok(reply),
        Err(AskError::Rejected(rejection)) => Err(rejection),
        Err(error) => panic!("no rule said no: {error:?}"),
    }
}

/// A call of one type or another.
pub type Call<T, E> = bailiwick::BoxFuture<Result<T, E>>;
