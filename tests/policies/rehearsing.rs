//! What a policy has sent, computed again by today's code.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use bailiwick::rehearsal::{LeftOut, Part, RehearsalError, Report, Verdict};
use bailiwick::{Commands, GiveUp, Lane, News, Policy, Position, Rehearsal, Rewind, Start};
use bailiwick_tests::journals::faulty::FaultyJournal;
use bailiwick_tests::stage::settle;

use crate::fixture::Kind::{Empty, Explosive, Heavy, Plain, Refused, Registered, Unreadable};
use crate::fixture::{
    Author, Broken, LetterWritten, Office, Post, PostBox, PutIn, Register, TIME_LIMIT,
};

/// What is different about the post of today.
#[derive(Clone, Copy, PartialEq)]
enum Today {
    /// Nothing.
    Same,
    /// It puts plain letters into another box.
    Elsewhere,
    /// It puts each in twice.
    Twice,
    /// It throws plain letters away.
    Not,
    /// It gives up on plain letters.
    Unable,
}

struct PostOfToday(Today);

impl Policy for PostOfToday {
    const NAME: &'static str = "post";
    const LANE: Lane = Lane::Emitter;
    const START: Start = Start::Beginning;
    type Event = LetterWritten;
    type Views = ();

    fn keys(&self, _: &News<LetterWritten>) {}

    fn react(
        &self,
        news: &News<LetterWritten>,
        views: (),
        out: &mut Commands,
    ) -> Result<(), GiveUp> {
        let is_plain = news.event.kind == Plain;
        if is_plain && self.0 == Today::Elsewhere {
            let LetterWritten { n, kind, .. } = news.event;
            let put = PutIn { into: "c".into(), n, kind, broken: Broken::default() };
            out.to::<PostBox>(&"c".into()).send(put);
            return Ok(());
        }
        if is_plain && self.0 == Today::Unable {
            return Err(GiveUp::because("no stamps"));
        }
        if !is_plain || self.0 != Today::Not {
            Post(Broken::default()).react(news, views, out)?;
            if is_plain && self.0 == Today::Twice {
                Post(Broken::default()).react(news, views, out)?;
            }
        }
        Ok(())
    }
}

async fn rehearsed(journal: &FaultyJournal, today: Today) -> Report {
    let rehearsal = Rehearsal::of(journal)
        .aggregate::<Author>()
        .aggregate::<PostBox>()
        .decision::<Register>()
        .policy(PostOfToday(today));
    rehearsal.run(|_| {}).await.expect("it can be read")
}

fn part(report: &Report) -> &Part {
    report.parts.iter().find(|part| part.of == "policy post").expect("it was added")
}

fn counted(report: &Report) -> (u64, u64, Vec<(LeftOut, u64)>) {
    let part = part(report);
    (part.checked, part.differing, part.left_out.clone().into_iter().collect())
}

/// An office that wrote a letter of each kind that can be dealt with, and closed.
async fn closed() -> FaultyJournal {
    let office = Office::new().await;
    let kinds = [Plain, Refused, Empty, Unreadable, Registered, Plain];
    office.writes("ann", (1..).zip(kinds)).await;
    settle().await;
    office.runtime.shutdown(Duration::from_secs(5)).await;
    office.journal
}

#[tokio::test]
async fn the_same_code_sends_the_same() {
    let report = rehearsed(&closed().await, Today::Same).await;
    report.assert_same();
    assert_eq!(counted(&report), (6, 0, vec![]), "{report}");
}

#[tokio::test]
async fn what_would_be_sent_otherwise_is_named() {
    let journal = closed().await;
    let sent = r#"sends PutIn to box b"#;
    for (today, now) in [
        (Today::Elsewhere, "to box c"),
        (Today::Twice, "sends PutIn { into: BoxId(b)"),
        (Today::Not, "sends nothing"),
        (Today::Unable, "gives up: no stamps"),
    ] {
        let report = rehearsed(&journal, today).await;
        assert_eq!(report.verdict(), Verdict::Differs);
        assert_eq!(counted(&report), (6, 2, vec![]), "{report}");
        let first = &report.differences[0];
        assert_eq!((first.of.as_str(), first.was.as_str()), ("policy post", sent));
        assert!(first.now.contains(now), "{report}");
        assert!(first.about.starts_with(r#"LetterWritten {"to": "b", "n": 1"#), "{report}");
    }
}

#[tokio::test]
async fn what_is_parked_dropped_or_skipped_is_left_out() {
    for how in ["parked", "dropped", "skipped"] {
        let office = Office::new().await;
        office.broken.store(true, Ordering::SeqCst);
        office.writes("ann", [(1, Heavy), (2, Plain)]).await;
        office.writes("bob", [(3, Plain)]).await;
        settle().await;
        office.passes(TIME_LIMIT * 3).await;
        let lane = office.policy().select(|lane| lane.lane == "author author:ann");
        let left_out = match how {
            "dropped" => {
                lane.drop_all().await.unwrap();
                (LeftOut::Dropped, 2)
            }
            "skipped" => {
                lane.skip().await.unwrap();
                (LeftOut::Skipped, 1)
            }
            _ => (LeftOut::Parked, 2),
        };
        settle().await;
        office.writes("bob", [(4, Plain)]).await;
        settle().await;
        office.runtime.shutdown(Duration::from_secs(5)).await;
        let report = rehearsed(&office.journal, Today::Same).await;
        let checked = if how == "skipped" { 3 } else { 2 };
        assert_eq!(counted(&report), (checked, 0, vec![left_out]), "{report}");
    }
}

/// That a lane stands still is recorded before what is rehearsed.
#[tokio::test]
async fn what_is_in_a_lane_that_was_parked_before_is_left_out() {
    let office = Office::new().await;
    office.broken.store(true, Ordering::SeqCst);
    office.writes("ann", [(1, Heavy)]).await;
    settle().await;
    office.passes(TIME_LIMIT * 3).await;
    let from = office.journal.inner().head().await.unwrap().position.plus(1);
    office.writes("ann", [(2, Plain)]).await;
    office.writes("bob", [(3, Plain)]).await;
    settle().await;
    office.runtime.shutdown(Duration::from_secs(5)).await;
    let rehearsal = Rehearsal::of(&office.journal).aggregate::<PostBox>().from(from);
    let report = rehearsal.policy(PostOfToday(Today::Same)).run(|_| {}).await.unwrap();
    assert_eq!(counted(&report), (1, 0, vec![(LeftOut::Parked, 1)]), "{report}");
}

#[tokio::test]
async fn a_lane_that_was_retried_is_compared() {
    let office = Office::new().await;
    office.broken.store(true, Ordering::SeqCst);
    office.writes("ann", [(1, Explosive), (2, Plain)]).await;
    office.writes("bob", [(3, Plain)]).await;
    settle().await;
    office.passes(TIME_LIMIT * 3).await;
    office.broken.store(false, Ordering::SeqCst);
    assert_eq!(office.policy().select(|_| true).retry(), 1);
    office.passes(TIME_LIMIT).await;
    office.runtime.shutdown(Duration::from_secs(5)).await;
    let report = rehearsed(&office.journal, Today::Same).await;
    assert_eq!(counted(&report), (3, 0, vec![]), "{report}");
    assert_eq!(counted(&rehearsed(&office.journal, Today::Not).await).1, 2);
}

#[tokio::test]
async fn what_is_not_known_to_be_done_is_left_out() {
    let office = Office::new().await;
    office.writes("ann", [(1, Plain)]).await;
    settle().await;
    let done = rehearsed(&office.journal, Today::Same).await;
    // What was sent stands there, though the policy has not said that it is done.
    assert_eq!(counted(&done), (1, 0, vec![]), "{done}");
    let more = rehearsed(&office.journal, Today::Twice).await;
    assert_eq!(counted(&more), (0, 0, vec![(LeftOut::NotDone, 1)]), "{more}");
    assert_eq!(more.verdict(), Verdict::NothingChecked);
    // That it would not be sent is certain.
    assert_eq!(counted(&rehearsed(&office.journal, Today::Not).await), (1, 1, vec![]));
}

#[tokio::test]
async fn what_it_did_again_after_a_rewind_is_left_out() {
    let office = Office::new().await;
    office.writes("ann", [(1, Plain), (2, Refused)]).await;
    settle().await;
    office.runtime.shutdown(Duration::from_secs(5)).await;
    let rewind = Rewind::plan::<Post>(Arc::new(office.journal.clone()), Position::START).await;
    rewind.unwrap().confirm().await.unwrap();
    let office = Office::on(office.journal, office.clock, office.broken, |builder| builder).await;
    office.writes("ann", [(3, Plain)]).await;
    settle().await;
    office.runtime.shutdown(Duration::from_secs(5)).await;
    let report = rehearsed(&office.journal, Today::Same).await;
    assert_eq!(counted(&report), (3, 0, vec![(LeftOut::Rewound, 2)]), "{report}");
}

#[tokio::test]
async fn a_policy_that_was_never_started_or_later_compares_nothing_before() {
    let office = Office::new().await;
    office.writes("ann", [(1, Plain)]).await;
    settle().await;
    office.runtime.shutdown(Duration::from_secs(5)).await;
    let report = Rehearsal::of(&office.journal).policy(Late).run(|_| {}).await.unwrap();
    let late = report.parts.iter().find(|part| part.of == "policy late").unwrap();
    assert_eq!(late.left_out.clone().into_iter().collect::<Vec<_>>(), [(LeftOut::NeverStarted, 1)]);
    assert_eq!(report.verdict(), Verdict::NothingChecked);

    let with_late = |builder: bailiwick::Builder| builder.policy(Late);
    let office = Office::on(office.journal, office.clock, office.broken, with_late).await;
    office.writes("ann", [(2, Plain)]).await;
    settle().await;
    office.runtime.shutdown(Duration::from_secs(5)).await;
    let report = Rehearsal::of(&office.journal).policy(Late).run(|_| {}).await.unwrap();
    let late = report.parts.iter().find(|part| part.of == "policy late").unwrap();
    assert_eq!(late.left_out.clone().into_iter().collect::<Vec<_>>(), [(LeftOut::BeforeStart, 1)]);
    assert_eq!(late.checked, 1);
    // What others have sent is not looked at, and counted.
    let others = report.parts.last().unwrap();
    let of_post = LeftOut::NotAdded("the policy or effect post".into());
    assert_eq!(others.left_out.get(&of_post), Some(&2), "{report}");
}

struct Late;

impl Policy for Late {
    const NAME: &'static str = "late";
    const LANE: Lane = Lane::Emitter;
    const START: Start = Start::Now;
    type Event = LetterWritten;
    type Views = ();

    fn keys(&self, _: &News<LetterWritten>) {}

    fn react(&self, _: &News<LetterWritten>, _: (), _: &mut Commands) -> Result<(), GiveUp> {
        Ok(())
    }
}

#[tokio::test]
async fn more_news_than_may_wait_are_left_out() {
    let office = Office::new().await;
    office.writes("ann", (1..=5).map(|n| (n, Plain))).await;
    settle().await;
    office.runtime.shutdown(Duration::from_secs(5)).await;
    let rehearsal = Rehearsal::of(&office.journal).aggregate::<PostBox>().waiting(0);
    let report = rehearsal.policy(PostOfToday(Today::Same)).run(|_| {}).await.unwrap();
    assert_eq!(counted(&report), (0, 0, vec![(LeftOut::TooLate, 5)]), "{report}");
}

#[tokio::test]
async fn what_a_policy_sends_to_is_to_be_added() {
    let journal = closed().await;
    let only = || Rehearsal::of(&journal).policy(PostOfToday(Today::Same));
    let error = only().run(|_| {}).await.unwrap_err();
    let RehearsalError::UnknownTarget { policy: "post", target, add: "aggregate" } = &error else {
        panic!("{error:?}");
    };
    assert!(target.ends_with("PostBox"));
    let text = error.to_string();
    assert!(
        text.ends_with("which was not added: add `.aggregate::<policies::fixture::PostBox>()`"),
        "{text}"
    );
    let error = only().aggregate::<PostBox>().run(|_| {}).await.unwrap_err();
    assert!(error.to_string().contains("`.decision::<policies::fixture::Register>()`"), "{error}");
    let error = only().policy(PostOfToday(Today::Not)).run(|_| {}).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "two policies are called post, so nobody could say whose a record is"
    );
}

mod recorded {
    //! What is sent is compared whole where it is recorded.

    use bailiwick::{
        Aggregate, Context, Event, Rehearsal, Runtime, Timestamp, View, commands, id, require,
    };
    use serde::{Deserialize, Serialize};

    use super::*;

    id!(BellId: "bell");

    #[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Pressed {
        times: u8,
    }

    #[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Rung {}

    #[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
    enum BellEvent {
        Pressed(Pressed),
        Rung(Rung),
    }

    struct Bell;

    impl View for Bell {
        type Key = BellId;
        type Event = BellEvent;
        fn new(_: &BellId) -> Bell {
            Bell
        }
        fn apply(&mut self, _: &BellEvent, _: Timestamp) {}
    }

    impl Aggregate for Bell {
        const NAME: &'static str = "bell";
    }

    struct Press(u8);

    #[derive(Debug, Serialize, Deserialize)]
    struct Ring {
        loud: u8,
    }

    #[derive(Debug, thiserror::Error)]
    #[error("too loud")]
    struct TooLoud;

    #[commands]
    impl Bell {
        fn press(&self, press: &Press, ctx: &mut Context<BellEvent>) -> Result<(), TooLoud> {
            ctx.emit(Pressed { times: press.0 });
            Ok(())
        }

        #[command(recorded)]
        fn ring(&self, ring: &Ring, ctx: &mut Context<BellEvent>) -> Result<(), TooLoud> {
            require(ring.loud < 10, TooLoud)?;
            // The form stands beside the first, the delivery beside the last.
            ctx.emit(Rung {});
            ctx.emit(Rung {});
            Ok(())
        }
    }

    /// How loud it rings: today's and yesterday's is one type.
    static LOUD: AtomicU8 = AtomicU8::new(1);

    struct Rings;

    impl Policy for Rings {
        const NAME: &'static str = "rings";
        const LANE: Lane = Lane::Emitter;
        const START: Start = Start::Beginning;
        type Event = Pressed;
        type Views = ();
        fn keys(&self, _: &News<Pressed>) {}
        fn react(&self, news: &News<Pressed>, _: (), out: &mut Commands) -> Result<(), GiveUp> {
            let bell = news.emitter::<Bell>().unwrap().unwrap();
            let loud = LOUD.load(Ordering::SeqCst) * news.event.times;
            out.to::<Bell>(&bell).send(Ring { loud });
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_command_that_is_recorded_is_compared_whole() {
        let journal = bailiwick::MemoryJournal::new();
        let builder = Runtime::builder(journal.clone()).aggregate::<Bell>().policy(Rings);
        let runtime = builder.start().await.unwrap();
        let bell = runtime.aggregates::<Bell>().get("b");
        bell.ask(Press(2)).await.unwrap();
        bell.ask(Press(20)).await.unwrap();
        let done = || runtime.policies().get("rings").unwrap().status().counts.news;
        while done() < 2 {
            tokio::task::yield_now().await;
        }
        runtime.shutdown(Duration::from_secs(5)).await;
        let rehearsed =
            || Rehearsal::of(&journal).command::<Bell, Ring>().policy(Rings).run(|_| {});
        let report = rehearsed().await.unwrap();
        report.assert_same();
        let checked: Vec<_> = report.parts.iter().map(|part| part.checked).collect();
        assert_eq!(checked, [2, 0, 2, 0], "{report}");
        LOUD.store(2, Ordering::SeqCst);
        let report = rehearsed().await.unwrap();
        let [first] = &report.differences[..] else { panic!("{report}") };
        assert_eq!(first.was, r#"sends Ring {"loud": 2} to bell b"#);
        assert_eq!(first.now, "sends Ring { loud: 4 } to bell b");
    }
}
