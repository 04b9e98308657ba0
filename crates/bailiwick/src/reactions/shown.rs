//! What a policy or an effect would do about a news now, as operators see it.

use bailiwick_core::codec;
use bailiwick_core::journal::{Journal, RecordedEvent};
use bailiwick_core::policy::{Outgoing, short_reason};

use super::deliver::Reaction;
use super::reaction::Does;
use super::running::Running;
use crate::error::guarded;

impl Running {
    /// What it would send because of a news. Of an effect, the news itself: what it would call with nobody can
    /// say but by calling.
    ///
    /// # Errors
    /// Why nobody can say.
    pub(super) async fn would_do(
        &self,
        news: &RecordedEvent,
        journal: &dyn Journal,
    ) -> Result<Vec<String>, String> {
        let Does::Policy(policy) = &self.does else { return Ok(vec![shown_news(news)]) };
        match self.reaction(&**policy, news, journal).await? {
            Reaction::Sends(outgoing) => Ok(outgoing.iter().map(shown).collect()),
            Reaction::GivesUp(_) => Ok(Vec::new()),
        }
    }

    /// The delivery of a news that could not be made, if it is known which; of an effect, the news.
    pub(super) async fn shows(&self, news: &RecordedEvent, nth: Option<usize>) -> Option<String> {
        let nth = match self.does {
            Does::Policy(_) => nth?,
            Does::Effect(_) => 0,
        };
        let would_do = self.would_do(news, &*self.shared.journal()?).await;
        would_do.ok()?.into_iter().nth(nth)
    }
}

fn shown_news(news: &RecordedEvent) -> String {
    let RecordedEvent { position, event } = news;
    short_reason(format!("{} at {position}: {}", event.event_type, codec::show(&event.payload)))
}

fn shown(outgoing: &Outgoing) -> String {
    let shown = guarded(|| format!("{:?}", outgoing.payload));
    short_reason(shown.unwrap_or_else(|_| outgoing.command.to_owned()))
}
