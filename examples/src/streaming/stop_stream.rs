//! A session has no lease any more, so its stream is stopped.

use std::time::Duration;

use bailiwick_core::{Attempt, Effect, Event, Failed, Lane, News, Start};
use serde::{Deserialize, Serialize};

use super::{AccountId, SessionEvent, SessionId, StreamOrder, StreamingService, Told};

/// When a stream is to be stopped.
#[derive(Event, Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum StreamEnds {
    /// A session gave its slot back, or its lease ran out.
    #[event(only(SessionEnded, LeaseExpired))]
    Session(SessionEvent),
}

/// Has the [streaming service](StreamingService) stop a stream whose session has ended.
///
/// That is for promptness only. A service that lives finds it out by itself, at its next keep-alive, and one that is
/// dead runs nothing: so this gives up after [`STOPS_FOR`], and does not pile up in front of a dead service.
#[derive(Debug)]
pub struct StopStream<S>(pub S);

/// For how long it is tried to stop a stream.
pub const STOPS_FOR: Duration = Duration::from_secs(60);

impl<S: StreamingService> Effect for StopStream<S> {
    const NAME: &'static str = "stop-stream";
    const LANE: Lane = Lane::of::<SessionId>();
    const START: Start = Start::Now;
    type Event = StreamEnds;
    type Views = ();

    fn keys(&self, _: &News<StreamEnds>) {}

    async fn perform(
        &self,
        news: &News<StreamEnds>,
        (): (),
        attempt: &Attempt<'_>,
    ) -> Result<(), Failed> {
        let StreamEnds::Session(event) = &news.event;
        let (SessionEvent::SessionEnded { session } | SessionEvent::LeaseExpired { session }) =
            event
        else {
            return Ok(());
        };
        if attempt.now().since(news.at()) > STOPS_FOR {
            return Err(Failed::give_up("the service will have found out by itself"));
        }
        let account: AccountId = news.id().map_err(Failed::give_up)?;
        let (session, token) = (session.clone(), news.position());
        let order = StreamOrder::Stop { account, session, token };
        self.0.tell(Told::of(attempt), order).await
    }
}
