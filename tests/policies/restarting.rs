//! Whatever ends in between, a delivery has its effect once.

use bailiwick::journal::{EncodedEvent, EventType, Metadata};
use bailiwick::policy::{PolicyFact, policy_tag};
use bailiwick::{
    Aggregate, Commands, Context, Event, GiveUp, Lane, ManualClock, News, Policy, Position,
    Runtime, Start, StartError, Timestamp, View, commands, id,
};
use bailiwick_tests::journals::faulty::Fault;
use bailiwick_tests::stage::settle;
use serde::{Deserialize, Serialize};
use std::convert::Infallible;

use crate::fixture::Kind::{Empty, Heavy, Plain, Refused, Unreadable};
use crate::fixture::{Author, LetterWritten, Office, Post, PostBox, Register, TIME_LIMIT};

#[tokio::test]
async fn a_restart_does_nothing_again() {
    let mut office = Office::new().await;
    office.writes("ann", [(1, Plain), (2, Refused), (3, Empty), (4, Unreadable)]).await;
    settle().await;
    settle().await;
    let before = office.traces().await;
    assert_eq!(before.len(), 4);
    for _ in 0..3 {
        office = office.restart().await;
        settle().await;
        assert_eq!(office.traces().await, before);
        let counts = office.policy().status().counts;
        assert_eq!((counts.caused, counts.rejected, counts.gave_up), (0, 0, 0));
    }
}

/// Killed while the target's append hangs: whether it is there later or not, it is there once.
#[tokio::test]
async fn what_was_under_way_when_it_was_killed_is_done_once() {
    for fault in [Fault::UnknownLost, Fault::UnknownWritten, Fault::NotWritten, Fault::Hangs] {
        let office = Office::new().await;
        office.journal.plan([Fault::None, fault]);
        office.writes("ann", [(1, Plain)]).await;
        settle().await;
        let office = office.restart().await;
        settle().await;
        office.passes(TIME_LIMIT / 2).await;
        assert_eq!(office.letters("b").await, [1], "{fault:?}");
        assert_eq!(office.traces().await.len(), 1, "{fault:?}");
    }
}

/// The same without a restart.
#[tokio::test]
async fn an_unknown_outcome_is_looked_up() {
    for fault in [Fault::UnknownLost, Fault::UnknownWritten, Fault::NotWritten, Fault::Conflict] {
        let office = Office::new().await;
        // The letters are written first, then the first of them is delivered.
        office.journal.plan([Fault::None, Fault::None, fault]);
        office.writes("ann", [(1, Plain), (2, Plain)]).await;
        settle().await;
        office.passes(TIME_LIMIT / 2).await;
        assert_eq!(office.letters("b").await, [1, 2], "{fault:?}");
        assert_eq!(office.traces().await.len(), 2, "{fault:?}");
    }
}

#[tokio::test]
async fn two_runtimes_on_one_journal_deliver_once() {
    let office = Office::new().await;
    let other =
        Office::on(office.journal.clone(), office.clock.clone(), office.broken.clone(), |b| b);
    let other = other.await;
    office.writes("ann", (0..20).map(|n| (n, if n % 5 == 4 { Refused } else { Plain }))).await;
    other.writes("bob", (100..120).map(|n| (n, Plain))).await;
    for _ in 0..20 {
        settle().await;
        office.clock.advance(std::time::Duration::from_secs(1));
    }
    assert_eq!(office.traces().await.len(), 40);
    let mut letters = office.letters("b").await;
    if letters.len() < 36 {
        letters = other.letters("b").await;
    }
    assert_eq!(letters.len(), 36);
}

#[tokio::test]
async fn what_is_below_the_mark_is_never_looked_at_again() {
    let office = Office::with(|builder| builder.config(|config| config.policy_mark_news(5))).await;
    office.writes("ann", (0..10).map(|n| (n, Plain))).await;
    for _ in 0..20 {
        settle().await;
    }
    office.passes(std::time::Duration::from_secs(10)).await;
    let reached = office.policy().status().reached;
    let office = office.restart().await;
    settle().await;
    let status = office.policy().status();
    assert!(status.reached >= reached);
    assert_eq!(status.counts, Default::default(), "nothing was dealt with, not even found done");
}

/// Ended in order, it need not even look for what was done.
#[tokio::test]
async fn a_shutdown_records_how_far_it_has_come() {
    let office = Office::new().await;
    office.writes("ann", (0..10).map(|n| (n, Plain))).await;
    for _ in 0..20 {
        settle().await;
    }
    assert!(office.runtime.shutdown(TIME_LIMIT).await.in_time);
    let office = office.restart().await;
    settle().await;
    assert_eq!(office.policy().status().counts, Default::default());
}

/// Another runtime has recorded that everything is done, but for the lane that both have parked; it is freed
/// by one that has read less, and then nobody is left.
async fn freed_behind_the_mark() -> Office {
    let office = Office::new().await;
    office.broken.store(true, std::sync::atomic::Ordering::SeqCst);
    office.writes("ann", [(1, Heavy)]).await;
    settle().await;
    office.passes(TIME_LIMIT * 3).await;
    let parked = office.policy().parked().pop().unwrap();
    office.writes("ann", [(2, Plain)]).await;
    office.writes("bob", [(3, Plain)]).await;
    settle().await;
    assert!(office.runtime.shutdown(TIME_LIMIT).await.in_time);
    // As the other one records it: it has seen nothing of what came after the parking.
    let fact = PolicyFact::LaneFreed {
        lane: parked.lane.to_string(),
        upto: parked.at,
        dropped_after: Some(Position::new(parked.at.get() - 1)),
    };
    write_fact(&office, &fact).await;
    office
}

#[tokio::test]
async fn what_lies_between_a_freed_lane_and_a_mark_is_not_lost() {
    let office = freed_behind_the_mark().await;
    let office = office.restart().await;
    settle().await;
    assert_eq!(office.letters("b").await, [3, 2]);
    office.traces().await;
}

/// A lane is dropped twice, because nobody knew whether it was, and the first time is written after the second one.
#[tokio::test]
async fn a_fact_that_is_late_takes_nothing_back() {
    let office = Office::new().await;
    office.broken.store(true, std::sync::atomic::Ordering::SeqCst);
    office.writes("ann", [(1, Heavy), (2, Plain)]).await;
    settle().await;
    office.passes(TIME_LIMIT * 3).await;
    let parked = office.policy().parked().pop().unwrap();
    assert_eq!(office.policy().select(|_| true).drop_all().await.unwrap(), 1);
    office.writes("bob", [(11, Plain)]).await;
    settle().await;
    office.passes(TIME_LIMIT).await;
    assert!(office.runtime.shutdown(TIME_LIMIT).await.in_time);
    let fact = PolicyFact::LaneFreed {
        lane: parked.lane.to_string(),
        upto: parked.at,
        dropped_after: Some(Position::new(parked.at.get() - 1)),
    };
    write_fact(&office, &fact).await;
    let office = office.restart().await;
    office.broken.store(false, std::sync::atomic::Ordering::SeqCst);
    settle().await;
    assert_eq!(office.letters("b").await, [11]);
}

/// The new release goes by other lanes: it may not begin before what was freed behind the mark is done.
#[tokio::test]
async fn lanes_do_not_change_while_one_was_freed_behind_the_mark() {
    let office = freed_behind_the_mark().await;
    let builder = Runtime::builder(office.journal.clone()).aggregate::<Author>();
    let builder = builder.aggregate::<PostBox>().policy(PostInOne).clock(office.clock.clone());
    let error = builder.start().await.unwrap_err();
    assert!(matches!(error, StartError::LaneChanged { name: "post", .. }), "{error}");
}

/// As `Post`, for one lane of all.
struct PostInOne;

impl Policy for PostInOne {
    const NAME: &'static str = "post";
    const LANE: Lane = Lane::One("all");
    const START: Start = Start::Beginning;
    type Event = LetterWritten;
    type Views = ();

    fn keys(&self, _: &News<LetterWritten>) {}

    fn react(&self, _: &News<LetterWritten>, _: (), _: &mut Commands) -> Result<(), GiveUp> {
        Ok(())
    }
}

/// The post box by another name.
#[derive(Default)]
struct Mailbox(Vec<u64>);

impl View for Mailbox {
    type Key = MailboxId;
    type Event = Received;
    fn new(_: &MailboxId) -> Self {
        Mailbox::default()
    }
    fn apply(&mut self, event: &Received, _: Timestamp) {
        self.0.push(event.n);
    }
}

impl Aggregate for Mailbox {
    const NAME: &'static str = "mailbox";
    const WAS: &'static [&'static str] = &["box"];
}

id!(MailboxId: "mailbox" was "box");

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[event(was = "LetterReceived")]
struct Received {
    #[tag]
    into: MailboxId,
    n: u64,
}

#[derive(Debug, Clone)]
struct PutIn(MailboxId, u64);

#[commands]
impl Mailbox {
    fn put_in(&self, put: &PutIn, ctx: &mut Context<Received>) -> Result<(), Infallible> {
        ctx.emit(Received { into: put.0.clone(), n: put.1 });
        Ok(())
    }
}

/// As `Post`, which knows the post box by its new name.
struct PostByMailbox;

impl Policy for PostByMailbox {
    const NAME: &'static str = "post";
    const LANE: Lane = Lane::Emitter;
    const START: Start = Start::Beginning;
    type Event = LetterWritten;
    type Views = ();

    fn keys(&self, _: &News<LetterWritten>) {}

    fn react(&self, news: &News<LetterWritten>, _: (), out: &mut Commands) -> Result<(), GiveUp> {
        let to: MailboxId = news.event.to.as_str().parse().expect("an ID");
        out.to::<Mailbox>(&to).send(PutIn(to.clone(), news.event.n));
        Ok(())
    }
}

/// What was delivered to an aggregate under the name and the key that it had is not delivered again.
#[tokio::test]
async fn a_target_may_be_renamed() {
    let office = Office::new().await;
    office.writes("ann", [(1, Plain)]).await;
    settle().await;
    assert_eq!(office.letters("b").await, [1]);
    // No mark was recorded.
    let (journal, clock) = (office.journal.clone(), office.clock.clone());
    drop(office);
    settle().await;
    let builder = Runtime::builder(journal).aggregate::<Author>().aggregate::<Mailbox>();
    let runtime = builder.policy(PostByMailbox).clock(clock).start().await.unwrap();
    settle().await;
    let letters = runtime.aggregates::<Mailbox>().get("b").read(|mailbox, _| mailbox.0.clone());
    assert_eq!(letters.await.unwrap().value, [1]);
}

/// The author by another name.
struct Writer;

impl View for Writer {
    type Key = WriterId;
    type Event = LetterWritten;
    fn new(_: &WriterId) -> Self {
        Writer
    }
    fn apply(&mut self, _: &LetterWritten, _: Timestamp) {}
}

impl Aggregate for Writer {
    const NAME: &'static str = "writer";
    const WAS: &'static [&'static str] = &["author"];
}

id!(WriterId: "writer" was "author");

#[derive(Debug, Clone)]
struct Writes(u64);

#[commands]
impl Writer {
    fn writes(&self, n: &Writes, ctx: &mut Context<LetterWritten>) -> Result<(), Infallible> {
        ctx.emit(LetterWritten { to: "b".into(), n: n.0, kind: Plain });
        Ok(())
    }
}

/// Its news are in one lane, whenever they were written: those by its new name wait for those by the old one.
#[tokio::test]
async fn an_emitter_may_be_renamed() {
    let office = Office::new().await;
    office.broken.store(true, std::sync::atomic::Ordering::SeqCst);
    office.writes("ann", [(1, Heavy), (2, Plain)]).await;
    settle().await;
    office.passes(TIME_LIMIT * 3).await;
    assert_eq!(office.policy().parked().len(), 1);
    office.writes("ann", [(3, Plain)]).await;
    let (journal, clock, broken) =
        (office.journal.clone(), office.clock.clone(), office.broken.clone());
    drop(office);
    settle().await;
    let builder = Runtime::builder(journal).aggregate::<Writer>().aggregate::<PostBox>();
    let builder = builder.policy(Post(broken.clone())).clock(clock.clone());
    let runtime = builder.start().await.unwrap();
    runtime.aggregates::<Writer>().get("ann").ask(Writes(4)).await.unwrap();
    settle().await;
    let letters = async || {
        let boxes = runtime.aggregates::<PostBox>();
        boxes.get("b").read(|post_box, _| post_box.letters.clone()).await.unwrap().value
    };
    assert!(letters().await.is_empty());
    broken.store(false, std::sync::atomic::Ordering::SeqCst);
    let policy = runtime.policies().get("post").unwrap();
    assert_eq!(policy.parked()[0].lane, "writer writer:ann");
    assert_eq!(policy.select(|_| true).retry(), 1);
    settle().await;
    assert_eq!(letters().await, [1, 2, 3, 4]);
}

/// A lane that is parked holds up no mark, and who ends in order has recorded that.
#[tokio::test]
async fn the_last_mark_passes_a_lane_that_was_parked_last() {
    let office = Office::new().await;
    office.broken.store(true, std::sync::atomic::Ordering::SeqCst);
    office.writes("ann", [(1, Heavy)]).await;
    office.writes("bob", (10..20).map(|n| (n, Plain))).await;
    settle().await;
    office.passes(TIME_LIMIT * 3).await;
    assert_eq!(office.policy().status().parked_lanes, 1);
    assert!(office.runtime.shutdown(TIME_LIMIT).await.in_time);
    let office = office.restart().await;
    settle().await;
    assert_eq!(office.policy().status().counts, Default::default());
}

/// The same of a fact that a lane is parked: further back than it is.
#[tokio::test]
async fn a_lane_is_parked_where_it_was_parked_last() {
    let office = Office::new().await;
    office.broken.store(true, std::sync::atomic::Ordering::SeqCst);
    office.writes("ann", [(1, Plain), (2, Heavy), (3, Plain)]).await;
    settle().await;
    office.passes(TIME_LIMIT * 3).await;
    let parked = office.policy().parked().pop().unwrap();
    let (lane, at) = (parked.lane.to_string(), parked.at);
    let late = Position::new(at.get() - 1);
    let reason = "it took long".to_owned();
    let park = PolicyFact::LaneParked { lane: lane.clone(), at: late, reason, command: None };
    write_fact(&office, &park).await;
    write_fact(&office, &PolicyFact::LaneFreed { lane, upto: late, dropped_after: None }).await;
    let head = office.journal.inner().head().await.unwrap().position;
    write_fact(&office, &PolicyFact::Reached { upto: head }).await;
    let office = office.restart().await;
    let parked = office.policy().parked().pop().unwrap();
    assert_eq!(parked.at, at);
    office.broken.store(false, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(office.policy().select(|_| true).retry(), 1);
    office.passes(TIME_LIMIT).await;
    assert_eq!(office.letters("b").await, [1, 2, 3]);
}

async fn write_fact(office: &Office, fact: &PolicyFact) {
    let mut payload = Vec::new();
    fact.encode(&mut payload).unwrap();
    let event = EncodedEvent {
        event_type: EventType::literal(fact.event_type()),
        version: 1,
        tags: policy_tag("post").unwrap().into(),
        payload: payload.into(),
        recorded_at: 1_000.into(),
        metadata: Metadata::default(),
    };
    office.journal.inner().append(vec![event], None).await.unwrap();
}

#[tokio::test]
async fn a_policy_that_is_gone_is_not_passed_over() {
    let office = Office::new().await;
    office.writes("ann", [(1, Plain)]).await;
    settle().await;
    let journal = office.journal.clone();
    drop(office);
    let builder = || {
        Runtime::builder(journal.clone())
            .aggregate::<Author>()
            .aggregate::<PostBox>()
            .decision::<Register>()
            .clock(ManualClock::at(1_000))
    };
    let error = builder().start().await.unwrap_err();
    assert!(matches!(&error, StartError::UnknownReaction { name, .. } if name == "post"));
    builder().ignores_policies(["post"]).start().await.unwrap();
}
