//! Senders, receivers, the policy between them, and an effect: what runs of policies are about, simulated or killed.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use bailiwick::{
    Aggregate, Commands, Context, Decision, Event, GiveUp, Lane, News, Policy, RoundTrip, Start,
    Timestamp, View, commands, id, require,
};
use serde::{Deserialize, Serialize};

pub mod book;
pub mod books;
pub mod calls;

/// The message with which a receiver panics that is broken.
pub const WEAK: &str = "the receiver is too weak";
/// The message with which the policy panics that is broken.
pub const EXPLODES: &str = "the news explodes";
/// The message with which a receiver panics for ever.
pub const HOPELESS: &str = "the news is hopeless";

id!(pub SenderId: "sender", pub ReceiverId: "receiver");

/// What is to become of a news.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, RoundTrip)]
pub enum Kind {
    /// It is heard.
    Plain,
    /// It is heard twice, by two commands; the second is refused while all is broken.
    Twice,
    /// The receiver refuses it.
    Refused,
    /// The receiver takes it, and nothing happens.
    Nothing,
    /// The policy gives up.
    GivesUp,
    /// The receiver panics while all is broken.
    Heavy,
    /// The policy panics while all is broken.
    Explosive,
    /// It is heard by a decision.
    Decided,
    /// It is heard by a command, and by another one at which the receiver always panics.
    Hopeless,
}

/// Something was said. `n`: by this sender, from 1.
#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Said {
    pub n: u64,
    pub kind: Kind,
    pub to: ReceiverId,
}

pub struct Sender {
    said: u64,
}

impl View for Sender {
    type Key = SenderId;
    type Event = Said;
    fn new(_: &SenderId) -> Self {
        Sender { said: 0 }
    }
    fn apply(&mut self, said: &Said, _: Timestamp) {
        self.said = said.n;
    }
}

impl Aggregate for Sender {
    const NAME: &'static str = "sender";
}

#[derive(Debug, Clone, Serialize)]
pub struct Say(pub Kind, pub ReceiverId);

#[commands]
impl Sender {
    fn say(&self, Say(kind, to): &Say, ctx: &mut Context<Said>) -> Result<(), Infallible> {
        ctx.emit(Said { n: self.said + 1, kind: *kind, to: to.clone() });
        Ok(())
    }
}

/// Something was heard. `news`: where it was said. `seen`: how much its sender had said by then.
#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Heard {
    #[tag]
    pub by: ReceiverId,
    pub news: u64,
    pub seen: u64,
}

#[derive(Default)]
pub struct Receiver {
    heard: u64,
}

impl View for Receiver {
    type Key = ReceiverId;
    type Event = Heard;
    fn new(_: &ReceiverId) -> Self {
        Receiver::default()
    }
    fn apply(&mut self, _: &Heard, _: Timestamp) {
        self.heard += 1;
    }
}

impl Aggregate for Receiver {
    const NAME: &'static str = "receiver";
}

/// Whether what may be broken is so just now.
pub type Broken = Arc<AtomicBool>;

#[derive(Debug, Clone)]
pub struct Hear {
    heard: Heard,
    kind: Kind,
    broken: Broken,
}

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("nobody wants to hear that")]
pub struct Unwelcome;

#[commands]
impl Receiver {
    fn hear(&self, hear: &Hear, ctx: &mut Context<Heard>) -> Result<(), Unwelcome> {
        require(hear.kind != Kind::Refused, Unwelcome)?;
        let broken = hear.broken.load(Relaxed);
        assert!(hear.kind != Kind::Heavy || !broken, "{WEAK}");
        assert!(hear.kind != Kind::Hopeless, "{HOPELESS}");
        if hear.kind != Kind::Nothing {
            ctx.emit(hear.heard.clone());
        }
        Ok(())
    }
}

#[derive(Debug)]
pub struct HearByDecision(Heard);

impl Decision for HearByDecision {
    type Views = Receiver;
    type Event = Heard;
    type Reply = ();
    type Rejection = Infallible;
    fn keys(&self) -> ReceiverId {
        self.0.by.clone()
    }
    fn decide(&self, _: &Receiver, ctx: &mut Context<Heard>) -> Result<(), Infallible> {
        ctx.emit(self.0.clone());
        Ok(())
    }
}

/// The name of the policy.
pub const CARRIES: &str = "carries";

/// Has receivers hear what is said.
pub struct Carries(pub Broken);

impl Policy for Carries {
    const NAME: &'static str = CARRIES;
    const LANE: Lane = Lane::Emitter;
    const START: Start = Start::Beginning;
    type Event = Said;
    type Views = Sender;

    fn keys(&self, news: &News<Said>) -> SenderId {
        news.id().expect("its sender has said it")
    }

    fn react(&self, news: &News<Said>, sender: &Sender, out: &mut Commands) -> Result<(), GiveUp> {
        let Said { kind, to, .. } = news.event.clone();
        let heard = Heard { by: to.clone(), news: news.position().get(), seen: sender.said };
        let hear = |kind| Hear { heard: heard.clone(), kind, broken: self.0.clone() };
        match kind {
            Kind::GivesUp => return Err(GiveUp::because("nobody can hear that")),
            Kind::Explosive => assert!(!self.0.load(Relaxed), "{EXPLODES}"),
            Kind::Decided => {
                out.decide(HearByDecision(heard));
                return Ok(());
            }
            Kind::Twice | Kind::Hopeless => out.to::<Receiver>(&to).send(hear(Kind::Plain)),
            _ => {}
        }
        out.to::<Receiver>(&to).send(hear(if kind == Kind::Twice { Kind::Heavy } else { kind }));
        Ok(())
    }
}
