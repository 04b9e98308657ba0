//! Where the story is played: the account, its changes as they become durable, and the page. What
//! was not expected ends the story.

use std::fmt::Display;
use std::io::Write;
use std::time::Duration;

use bailiwick::{AggregateRef, Clock, News, Position, SystemClock, Timestamp, Watch};
use bailiwick_examples::streaming::{AccountSessions, SessionEvent};
use tokio::time::timeout;

use super::ledger::{Ledger, Told};
use super::narrator::{Line, Narrator, Who};
use crate::failure::Failure;

/// How long to wait for a change that has to come. A lease that nobody reclaims ends the story.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// The account, whoever watches it, and the page.
pub struct Stage<W> {
    pub account: AggregateRef<AccountSessions>,
    changes: Watch<AccountSessions>,
    pub ledger: Ledger,
    pub narrator: Narrator<W>,
    pub told: Told,
    /// The story began so many milliseconds after the page...
    behind: u64,
    /// ...and so many of them into it.
    skipped: u64,
}

impl<W: Write> Stage<W> {
    pub fn new(
        account: AggregateRef<AccountSessions>,
        changes: Watch<AccountSessions>,
        ledger: Ledger,
        narrator: Narrator<W>,
    ) -> Self {
        let (behind, told) = (0, Told::default());
        Stage { account, changes, ledger, narrator, told, behind, skipped: 0 }
    }

    /// Goes on with the story as if it were `millis` old.
    pub fn go_on_from(&mut self, millis: u64) {
        let age = SystemClock::new().now().since(self.narrator.started);
        self.behind = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
        self.skipped = millis;
    }

    /// Waits until the story is `millis` old. Nothing may happen meanwhile.
    pub async fn until(&mut self, millis: u64) -> Result<(), Failure> {
        let millis = (self.behind + millis).saturating_sub(self.skipped);
        let at = self.narrator.started.plus_millis(millis);
        let left = at.since(SystemClock::new().now());
        match timeout(left, self.changes.next()).await {
            Err(_) => Ok(()),
            Ok(None) => Err(self.otherwise("nothing", "the runtime was shut down")),
            Ok(Some(change)) => {
                let happened = format!("{:?} happened", change.map_err(Failure::other)?.event);
                Err(self.otherwise("nothing", happened))
            }
        }
    }

    /// The next durable change, which has to be this event.
    pub async fn change(
        &mut self,
        expected: &str,
        event: &SessionEvent,
    ) -> Result<News<SessionEvent>, Failure> {
        let Ok(Some(change)) = timeout(TIME_LIMIT, self.changes.next()).await else {
            return Err(self.otherwise(expected, "nothing happened"));
        };
        let change = change.map_err(Failure::other)?;
        if change.event != *event {
            return Err(self.otherwise(expected, format!("{:?} happened", change.event)));
        }
        self.ledger.note(&change.event);
        Ok(change)
    }

    /// A durable change, as the orchestrator tells it.
    pub fn orchestrator(
        &mut self,
        change: &News<SessionEvent>,
        verb: &str,
        text: &str,
    ) -> Result<(), Failure> {
        let (at, position) = (change.at(), Some(change.position()));
        self.line(at, Who::Orchestrator, verb, text, position)
    }

    /// The streaming side says or does something.
    pub fn streaming_side(&mut self, verb: &str, text: &str) -> Result<(), Failure> {
        self.says(Who::StreamingSide, verb, text)
    }

    /// Something that leaves nothing in the journal.
    pub fn says(&mut self, who: Who, verb: &str, text: &str) -> Result<(), Failure> {
        self.line(SystemClock::new().now(), who, verb, text, None)
    }

    fn line(
        &mut self,
        at: Timestamp,
        who: Who,
        verb: &str,
        text: &str,
        position: Option<Position>,
    ) -> Result<(), Failure> {
        let slots = matches!(who, Who::Orchestrator).then(|| self.ledger.slots(at));
        let line = Line { at, who, verb, text, position, slots };
        Ok(self.narrator.line(&line)?)
    }

    pub fn otherwise(&self, expected: impl Display, happened: impl Display) -> Failure {
        Failure::OtherStory {
            at: self.narrator.clock(SystemClock::new().now()),
            expected: expected.to_string(),
            happened: happened.to_string(),
        }
    }
}
