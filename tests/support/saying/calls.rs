//! The effect: the outside world is told what is said.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use bailiwick::{Attempt, Effect, Failed, Lane, News, Start};

use serde::{Deserialize, Serialize};

use super::{Broken, EXPLODES, HOPELESS, Kind, Said, Sender, SenderId, WEAK};

/// The name of the effect.
pub const CALLS: &str = "calls";

/// A call of the outside world.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// Because of which news.
    pub news: u64,
    pub key: String,
    pub input: String,
}

/// The outside world.
pub trait Outside: Send + Sync + 'static {
    /// It is called, at once. Whether the caller has an answer.
    fn call(&self, call: Call) -> impl Future<Output = bool> + Send;
}

/// Tells the outside world what is said. It is broken now and then.
pub struct Calls<O> {
    pub outside: O,
    pub broken: Broken,
}

impl<O: Outside> Effect for Calls<O> {
    const NAME: &'static str = CALLS;
    const LANE: Lane = Lane::Emitter;
    const START: Start = Start::Beginning;
    type Event = Said;
    type Views = Sender;

    fn keys(&self, news: &News<Said>) -> SenderId {
        news.id().expect("its sender has said it")
    }

    async fn perform(
        &self,
        news: &News<Said>,
        sender: &Sender,
        attempt: &Attempt<'_>,
    ) -> Result<(), Failed> {
        let Said { n, kind, to } = &news.event;
        let input = format!("{n} of {}: {kind:?} to {to}", sender.said);
        let call = Call { news: news.position().get(), key: attempt.key().to_owned(), input };
        if !self.outside.call(call).await {
            return Err(Failed::retry("the connection broke"));
        }
        let is_broken = self.broken.load(Relaxed);
        match kind {
            Kind::GivesUp | Kind::Refused => Err(Failed::give_up("nobody wants to know that")),
            Kind::Hopeless => Err(Failed::retry(HOPELESS)),
            Kind::Explosive if is_broken => panic!("{EXPLODES}"),
            Kind::Heavy if is_broken => Err(Failed::retry(WEAK)),
            Kind::Twice if is_broken => Err(Failed::retry_after(Duration::from_millis(3), WEAK)),
            Kind::Nothing if is_broken => std::future::pending().await,
            _ => Ok(()),
        }
    }
}
