//! Where a policy begins, and with what it does not start.

use std::convert::Infallible;
use std::marker::PhantomData;

use bailiwick::{
    Builder, Commands, Context, Decision, GiveUp, Lane, ManualClock, News, Policy, Rewind,
    RewindError, Runtime, Start, StartError,
};
use bailiwick::{MemoryJournal, Position};
use bailiwick_tests::journals::faulty::FaultyJournal;
use bailiwick_tests::stage::settle;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::fixture::Kind::{Heavy, Plain, Refused};
use crate::fixture::{
    Author, AuthorId, BoxId, LetterWritten, Office, Post, PostBox, Register, TIME_LIMIT,
};

/// What a policy declares.
trait Declared: Send + Sync + 'static {
    const LANE: Lane;
    const START: Start;
}

/// Counts the letters that it sees.
struct Counting<D>(Arc<AtomicU64>, PhantomData<D>);

impl<D> Counting<D> {
    fn new() -> (Self, Arc<AtomicU64>) {
        let seen = Arc::new(AtomicU64::new(0));
        (Counting(seen.clone(), PhantomData), seen)
    }
}

impl<D: Declared> Policy for Counting<D> {
    const NAME: &'static str = "counting";
    const LANE: Lane = D::LANE;
    const START: Start = D::START;
    type Event = LetterWritten;
    type Views = ();

    fn keys(&self, _: &News<LetterWritten>) {}

    fn react(&self, _: &News<LetterWritten>, _: (), _: &mut Commands) -> Result<(), GiveUp> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

macro_rules! declared {
    ($($name:ident = $lane:expr, $start:expr);+ $(;)?) => {$(
        struct $name;
        impl Declared for $name {
            const LANE: Lane = $lane;
            const START: Start = $start;
        }
    )+};
}

declared! {
    FromNow = Lane::Emitter, Start::Now;
    FromTheBeginning = Lane::of::<AuthorId>(), Start::Beginning;
    InOne = Lane::One("all"), Start::Beginning;
    OfNobody = Lane::of::<BoxId>(), Start::Beginning;
}

async fn with<D: Declared>(office: Office) -> (Office, Arc<AtomicU64>) {
    let (counting, seen) = Counting::<D>::new();
    let office = office.restart_with(|builder| builder.policy(counting)).await;
    settle().await;
    (office, seen)
}

#[tokio::test]
async fn now_is_when_it_was_first_started() {
    let office = Office::new().await;
    office.writes("ann", [(1, Plain), (2, Plain)]).await;
    settle().await;
    let (office, seen) = with::<FromNow>(office).await;
    assert_eq!(seen.load(Ordering::SeqCst), 0);
    // Written while no runtime has it.
    let office = office.restart_with(|builder| builder.ignores_policies(["counting"])).await;
    office.writes("ann", [(3, Plain)]).await;
    let (office, seen) = with::<FromNow>(office).await;
    assert_eq!(seen.load(Ordering::SeqCst), 1, "what came since");
    office.writes("ann", [(4, Plain)]).await;
    settle().await;
    assert_eq!(seen.load(Ordering::SeqCst), 2);
}

fn refused<D: Declared>(office: &Office) -> impl Future<Output = StartError> {
    let builder = Runtime::builder(office.journal.clone())
        .aggregate::<Author>()
        .aggregate::<PostBox>()
        .decision::<Register>()
        .policy(Post(office.broken.clone()))
        .policy(Counting::<D>::new().0)
        .clock(office.clock.clone());
    async { builder.start().await.expect_err("it is refused") }
}

#[tokio::test]
async fn lanes_change_only_when_nothing_is_under_way() {
    let office = Office::new().await;
    office.writes("ann", [(1, Plain)]).await;
    let (office, seen) = with::<FromTheBeginning>(office).await;
    assert_eq!(seen.load(Ordering::SeqCst), 1);
    // Not recorded yet: a mark comes after a while.
    let error = refused::<InOne>(&office).await;
    let StartError::LaneChanged { name, recorded, declared, next, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(
        (*name, recorded.as_str(), declared.as_str()),
        ("counting", "tag author", "one all")
    );
    assert_eq!(*next, Some(Position::new(2)));
    office.passes(std::time::Duration::from_secs(20)).await;
    let (office, seen) = with::<InOne>(office).await;
    assert_eq!(seen.load(Ordering::SeqCst), 0);
    office.writes("ann", [(2, Plain)]).await;
    settle().await;
    assert_eq!(seen.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn news_that_cannot_have_a_lane_are_refused() {
    let office = Office::new().await;
    let error = refused::<OfNobody>(&office).await;
    assert!(
        matches!(error, StartError::NoLane { event: "LetterWritten", key: "box", .. }),
        "{error}"
    );
}

/// Writes a letter that is nobody's.
struct Found;

impl Decision for Found {
    type Views = ();
    type Event = LetterWritten;
    type Reply = ();
    type Rejection = Infallible;
    fn keys(&self) {}
    fn decide(&self, (): (), _: &mut Context<LetterWritten>) -> Result<(), Infallible> {
        Ok(())
    }
}

#[tokio::test]
async fn what_decisions_emit_has_no_emitter() {
    let builder = |builder: Builder| builder.aggregate::<Author>().aggregate::<PostBox>();
    let builder = builder(Runtime::builder(MemoryJournal::new())).decision::<Found>();
    let builder = builder.policy(Counting::<FromNow>::new().0).clock(ManualClock::at(1));
    let error = builder.start().await.unwrap_err();
    assert!(matches!(error, StartError::NoEmitter { event: "LetterWritten", .. }), "{error}");
}

#[tokio::test]
async fn a_name_belongs_to_one_policy() {
    let office = Office::new().await;
    let builder = Runtime::builder(office.journal.clone()).aggregate::<Author>();
    let builder = builder.policy(Counting::<FromNow>::new().0);
    let error = builder.policy(Counting::<InOne>::new().0).start().await.unwrap_err();
    assert!(matches!(error, StartError::ReactionTaken { name: "counting", .. }), "{error}");
}

#[tokio::test]
async fn a_policy_that_is_rewound_does_it_again() {
    let office = Office::new().await;
    office.writes("ann", [(1, Plain), (2, Refused), (3, Plain)]).await;
    settle().await;
    office.passes(std::time::Duration::from_secs(20)).await;
    assert_eq!(office.letters("b").await, [1, 3]);
    let journal = office.journal.clone();
    let plan = || Rewind::plan::<Post>(Arc::new(journal.clone()), Position::new(2));
    let (rewind, late) = (plan().await.unwrap(), plan().await.unwrap());
    assert_eq!((rewind.news(), rewind.caused()), (2, 1));
    assert!(rewind.to_string().contains("sees 2 news again"), "{rewind}");
    rewind.confirm().await.unwrap();
    assert!(matches!(late.confirm().await, Err(RewindError::Overtaken)));
    for _ in 0..2 {
        let office =
            Office::on(journal.clone(), office.clock.clone(), office.broken.clone(), |b| b);
        let office = office.await;
        settle().await;
        office.passes(std::time::Duration::from_secs(20)).await;
        assert_eq!(office.letters("b").await, [1, 3, 3], "once again");
        office.traces().await;
    }
}

/// What lies before it is not: not even if no mark was recorded behind it yet.
#[tokio::test]
async fn what_was_not_rewound_is_not_done_again() {
    let office = Office::new().await;
    office.writes("ann", [(1, Plain)]).await;
    settle().await;
    let upto = office.journal.inner().head().await.unwrap().position;
    office.writes("ann", [(2, Plain)]).await;
    settle().await;
    let Office { runtime, journal, clock, broken, .. } = office;
    drop(runtime);
    settle().await;
    let rewind = Rewind::plan::<Post>(Arc::new(journal.clone()), upto).await.unwrap();
    assert_eq!(rewind.news(), 1);
    rewind.confirm().await.unwrap();
    let office = Office::on(journal, clock, broken, |builder| builder).await;
    office.passes(TIME_LIMIT).await;
    assert_eq!(office.letters("b").await, [1, 2, 2]);
}

#[tokio::test]
async fn what_was_never_started_cannot_be_rewound() {
    let journal = Arc::new(FaultyJournal::new(MemoryJournal::new()));
    let plan = Rewind::plan::<Post>(journal, Position::START).await;
    assert!(matches!(plan, Err(RewindError::NeverStarted)));
}

#[tokio::test]
async fn health_says_which_policies_stand_still() {
    let office = Office::new().await;
    assert!(office.runtime.health().is_well());
    office.broken.store(true, Ordering::SeqCst);
    office.writes("ann", [(1, Heavy)]).await;
    settle().await;
    let health = office.runtime.health();
    assert!(!health.is_well());
    assert_eq!((health.reactions[0].name, health.reactions[0].stalled_lanes), ("post", 1));
    office.passes(TIME_LIMIT * 3).await;
    let health = office.runtime.health();
    assert_eq!((health.reactions[0].parked_lanes, health.reactions[0].stopped), (1, false));
    assert!(
        health.to_string().contains("the policy `post` goes on: 1 lanes are parked"),
        "{health}"
    );
}
