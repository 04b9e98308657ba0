//! Fixture: authors write letters, which a policy puts into post boxes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bailiwick::journal::{Query, RecordedEvent};
use bailiwick::{
    Aggregate, Aggregates, Builder, Commands, Context, Decision, Event, GiveUp, Lane, ManualClock,
    MemoryJournal, News, Policy, ReactionHandle, RoundTrip, Runtime, Start, Timestamp, View,
    commands, id, require,
};
use bailiwick_tests::journals::faulty::FaultyJournal;
use bailiwick_tests::journals::place::matching;
use bailiwick_tests::stage::settle;
use serde::{Deserialize, Serialize};

id!(pub AuthorId: "author", pub BoxId: "box");

/// What is to happen to a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, RoundTrip)]
pub enum Kind {
    Plain,
    /// The box refuses it.
    Refused,
    /// The box takes it, and nothing happens.
    Empty,
    /// The policy gives up on it.
    Unreadable,
    /// The box is broken by it, as long as the test says so.
    Heavy,
    /// The policy panics, as long as the test says so.
    Explosive,
    /// A decision delivers it.
    Registered,
    /// It is answered by another letter, for ever.
    Chain,
}

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LetterWritten {
    pub to: BoxId,
    pub n: u64,
    pub kind: Kind,
}

#[derive(Default)]
pub struct Author;

impl View for Author {
    type Key = AuthorId;
    type Event = LetterWritten;
    fn new(_: &AuthorId) -> Self {
        Author
    }
    fn apply(&mut self, _: &LetterWritten, _: Timestamp) {}
}

impl Aggregate for Author {
    const NAME: &'static str = "author";
}

#[derive(Debug, Clone)]
pub struct Write(pub &'static str, pub u64, pub Kind);

#[commands]
impl Author {
    fn write(
        &self,
        Write(to, n, kind): &Write,
        ctx: &mut Context<LetterWritten>,
    ) -> Result<(), std::convert::Infallible> {
        ctx.emit(LetterWritten { to: (*to).into(), n: *n, kind: *kind });
        Ok(())
    }
}

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LetterReceived {
    #[tag]
    pub into: BoxId,
    pub n: u64,
}

#[derive(Default)]
pub struct PostBox {
    pub letters: Vec<u64>,
}

impl View for PostBox {
    type Key = BoxId;
    type Event = LetterReceived;
    fn new(_: &BoxId) -> Self {
        PostBox::default()
    }
    fn apply(&mut self, event: &LetterReceived, _: Timestamp) {
        self.letters.push(event.n);
    }
}

impl Aggregate for PostBox {
    const NAME: &'static str = "box";
}

/// Whether boxes and policies are broken just now.
pub type Broken = Arc<AtomicBool>;

#[derive(Debug, Clone)]
pub struct PutIn {
    pub into: BoxId,
    pub n: u64,
    pub kind: Kind,
    pub broken: Broken,
}

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("this is not for us")]
pub struct NotForUs;

#[commands]
impl PostBox {
    fn put_in(&self, put: &PutIn, ctx: &mut Context<LetterReceived>) -> Result<(), NotForUs> {
        require(put.kind != Kind::Refused, NotForUs)?;
        assert!(
            put.kind != Kind::Heavy || !put.broken.load(Ordering::SeqCst),
            "the box is too weak"
        );
        if put.kind != Kind::Empty {
            ctx.emit(LetterReceived { into: put.into.clone(), n: put.n });
        }
        Ok(())
    }
}

#[derive(Debug)]
pub struct Register(pub BoxId, pub u64);

impl Decision for Register {
    type Views = PostBox;
    type Event = LetterReceived;
    type Reply = ();
    type Rejection = NotForUs;
    fn keys(&self) -> BoxId {
        self.0.clone()
    }
    fn decide(&self, _: &PostBox, ctx: &mut Context<LetterReceived>) -> Result<(), NotForUs> {
        ctx.emit(LetterReceived { into: self.0.clone(), n: self.1 });
        Ok(())
    }
}

pub struct Post(pub Broken);

impl Policy for Post {
    const NAME: &'static str = "post";
    const LANE: Lane = Lane::Emitter;
    const START: Start = Start::Beginning;
    type Event = LetterWritten;
    type Views = ();

    fn keys(&self, _: &News<LetterWritten>) {}

    fn react(&self, news: &News<LetterWritten>, _: (), out: &mut Commands) -> Result<(), GiveUp> {
        let LetterWritten { to, n, kind } = news.event.clone();
        match kind {
            Kind::Unreadable => return Err(GiveUp::because("nobody can read it")),
            Kind::Explosive => assert!(!self.0.load(Ordering::SeqCst), "it explodes"),
            Kind::Registered => {
                out.decide(Register(to, n));
                return Ok(());
            }
            Kind::Chain => {
                let author = news.emitter::<Author>().unwrap().unwrap();
                out.to::<Author>(&author).send(Write("b", n + 1, Kind::Chain));
                return Ok(());
            }
            _ => {}
        }
        out.to::<PostBox>(&to).send(PutIn { into: to.clone(), n, kind, broken: self.0.clone() });
        Ok(())
    }
}

/// A runtime with the post.
pub struct Office {
    pub runtime: Runtime,
    pub authors: Aggregates<Author>,
    pub boxes: Aggregates<PostBox>,
    pub clock: ManualClock,
    pub journal: FaultyJournal,
    pub broken: Broken,
}

pub const TIME_LIMIT: Duration = Duration::from_secs(60);

impl Office {
    pub async fn new() -> Office {
        Office::with(|builder| builder).await
    }

    pub async fn with(change: impl FnOnce(Builder) -> Builder) -> Office {
        let journal = FaultyJournal::new(MemoryJournal::new());
        Office::on(journal, ManualClock::at(1_000), Broken::default(), change).await
    }

    pub async fn on(
        journal: FaultyJournal,
        clock: ManualClock,
        broken: Broken,
        change: impl FnOnce(Builder) -> Builder,
    ) -> Office {
        let builder = Runtime::builder(journal.clone())
            .aggregate::<Author>()
            .aggregate::<PostBox>()
            .decision::<Register>()
            .policy(Post(broken.clone()))
            .config(|config| config.policy_retry_for(TIME_LIMIT))
            .clock(clock.clone())
            .entropy(7);
        let runtime = change(builder).start().await.expect("it starts");
        let (authors, boxes) = (runtime.aggregates(), runtime.aggregates());
        Office { runtime, authors, boxes, clock, journal, broken }
    }

    /// Kills the runtime and starts another one.
    pub async fn restart(self) -> Office {
        self.restart_with(|builder| builder).await
    }

    pub async fn restart_with(self, change: impl FnOnce(Builder) -> Builder) -> Office {
        let Office { runtime, clock, journal, broken, .. } = self;
        drop(runtime);
        settle().await;
        Office::on(journal, clock, broken, change).await
    }

    pub fn policy(&self) -> ReactionHandle {
        self.runtime.policies().get("post").unwrap()
    }

    pub async fn writes(
        &self,
        author: &'static str,
        letters: impl IntoIterator<Item = (u64, Kind)>,
    ) {
        for (n, kind) in letters {
            self.authors.get(author).ask(Write("b", n, kind)).await.unwrap();
        }
    }

    pub async fn letters(&self, into: &'static str) -> Vec<u64> {
        self.boxes.get(into).read(|post_box, _| post_box.letters.clone()).await.unwrap().value
    }

    /// All events, those of Bailiwick's own too.
    pub async fn events(&self) -> Vec<RecordedEvent> {
        matching(&self.journal.inner(), Query::all()).await
    }

    /// What stands for deliveries: each once, or the test fails.
    pub async fn traces(&self) -> Vec<RecordedEvent> {
        let events = self.events().await.into_iter();
        let traces: Vec<_> =
            events.filter(|event| event.event.metadata.extra().delivery.is_some()).collect();
        let mut tags: Vec<_> = traces
            .iter()
            .map(|trace| trace.event.metadata.extra().delivery.as_ref().unwrap().tag())
            .collect();
        tags.sort();
        let all = tags.len();
        tags.dedup();
        assert_eq!(tags.len(), all, "a delivery has two traces");
        traces
    }

    /// Lets time pass, a bit at a time.
    pub async fn passes(&self, time: Duration) {
        for _ in 0..20 {
            self.clock.advance(time / 20);
            settle().await;
        }
    }
}
