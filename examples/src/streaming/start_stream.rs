//! A session has a lease, so its stream is started.

use std::time::Duration;

use bailiwick_core::{Attempt, Effect, Event, Failed, Lane, News, Start};
use serde::{Deserialize, Serialize};

use super::{AccountId, AccountSessions, SessionEvent, SessionId};
use super::{StreamOrder, StreamingService, Told};

/// When a stream is to be started.
#[derive(Event, Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum StreamStarts {
    /// A session took a slot.
    #[event(only(SessionStarted))]
    Session(SessionEvent),
}

/// Has the [streaming service](StreamingService) start a stream once its lease is durable.
///
/// If the service does not take it, it is told again until it does or the lease has ended, after a restart too. Nothing
/// else is done about it: the lease runs out by itself, and then this gives up.
#[derive(Debug)]
pub struct StartStream<S>(pub S);

/// For how long nobody looks whether a lease that was just granted has ended: what stops the stream wins over this,
/// whichever arrives first, and the look reads the history of the account.
const JUST_GRANTED: Duration = Duration::from_millis(500);

impl<S: StreamingService> Effect for StartStream<S> {
    const NAME: &'static str = "start-stream";
    const LANE: Lane = Lane::of::<SessionId>();
    const START: Start = Start::Now;
    type Event = StreamStarts;
    type Views = ();

    fn keys(&self, _: &News<StreamStarts>) {}

    async fn perform(
        &self,
        news: &News<StreamStarts>,
        (): (),
        attempt: &Attempt<'_>,
    ) -> Result<(), Failed> {
        let StreamStarts::Session(event) = &news.event;
        let SessionEvent::SessionStarted { session, expires_at } = event else { return Ok(()) };
        let account: AccountId = news.id().map_err(Failed::give_up)?;
        let now = attempt.now();
        if now.since(news.at()) > JUST_GRANTED {
            // It may have been renewed, or released.
            let account: AccountSessions = attempt.latest(&account).await?;
            if account.lease(session, now).is_none() {
                return Err(Failed::give_up("the lease has ended"));
            }
        }
        let lease_ms = expires_at.as_millis().saturating_sub(news.at().as_millis());
        let (session, token) = (session.clone(), news.position());
        let order = StreamOrder::Start { account, session, token, lease_ms };
        self.0.tell(Told::of(attempt), order).await
    }
}
