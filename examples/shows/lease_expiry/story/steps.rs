//! The steps of which the story is made: each does one thing, waits for what is durable of it, and
//! fails if that is not what the story says.

use std::fmt::Display;
use std::io::Write;

use bailiwick::Timestamp;
use bailiwick_examples::streaming::SessionEvent::*;
use bailiwick_examples::streaming::{
    Acquire, AcquireRefused, KeepAlive, KeepAliveRefused, NoSuchLease, Release, SetLimit,
};

use super::cast::{LEASE_MS, SLOTS, Screen};
use super::narrator::Who;
use super::stage::Stage;
use crate::failure::Failure;
use crate::style::longer_than_a_second;

impl<W: Write> Stage<W> {
    /// The account may run so many streams. If that was said on an evening before, it stands.
    pub async fn limits(&mut self) -> Result<(), Failure> {
        if self.ledger.limit() == SLOTS {
            let text = format!("{SLOTS} streams at once, as before");
            return self.says(Who::Orchestrator, "limit", &text);
        }
        let expected = format!("a limit of {SLOTS}");
        let asked = self.account.ask(SetLimit { limit: SLOTS }).await;
        asked.map_err(|error| self.otherwise(&expected, answer(&error)))?;
        let change = self.change(&expected, &LimitChanged { limit: SLOTS }).await?;
        let text = format!("{SLOTS} streams at once, no more");
        self.orchestrator(&change, "limit", &text)
    }

    /// The screen gets a slot, unless it still has one from before.
    pub async fn plays(&mut self, screen: Screen) -> Result<(), Failure> {
        match self.holds(screen) {
            true => Ok(()),
            false => self.grants(screen).await,
        }
    }

    /// Whether the screen has a slot, as was told.
    pub fn holds(&self, screen: Screen) -> bool {
        self.ledger.held(&screen.session()).is_some()
    }

    /// The screen still has its slot from before.
    pub fn counts(&mut self, screen: Screen, end: Timestamp) -> Result<(), Failure> {
        let text = format!("{screen}, until {}", self.narrator.clock(end));
        self.says(Who::Orchestrator, "counts", &text)
    }

    /// The screen gets a slot.
    pub async fn grants(&mut self, screen: Screen) -> Result<(), Failure> {
        let expected = format!("a slot for {screen}");
        let (session, lease_ms) = (screen.session(), LEASE_MS);
        let asked = self.account.ask(Acquire { session, lease_ms }).await;
        let granted = asked.map_err(|error| self.otherwise(&expected, answer(&error)))?;
        let (session, expires_at) = (granted.session, granted.expires_at);
        let event = SessionStarted { session, expires_at };
        let change = self.change(&expected, &event).await?;
        let text = format!("{screen}, until {}", self.narrator.clock(expires_at));
        self.orchestrator(&change, "granted", &text)
    }

    /// The screen gets no slot, because all are taken.
    pub async fn refuses(&mut self, screen: Screen, why: &str) -> Result<(), Failure> {
        let expected = format!("no slot for {screen}");
        let (session, lease_ms) = (screen.session(), LEASE_MS);
        let asked = self.account.ask(Acquire { session, lease_ms }).await;
        match &asked {
            Err(error)
                if error.rejection() == Some(&AcquireRefused::LimitReached { limit: SLOTS }) => {}
            Err(error) => return Err(self.otherwise(expected, answer(error))),
            Ok(_) => return Err(self.otherwise(expected, "it got one")),
        }
        self.told.refused += 1;
        self.says(Who::Orchestrator, "refused", &format!("{screen}: {why}"))
    }

    /// The streaming side says that the screens play; their leases go on.
    pub async fn heartbeat(&mut self, screens: &[Screen]) -> Result<(), Failure> {
        let names: Vec<String> = screens.iter().map(Screen::to_string).collect();
        self.streaming_side("alive", &names.join(" and "))?;
        for screen in screens {
            self.keeps(*screen).await?;
        }
        Ok(())
    }

    async fn keeps(&mut self, screen: Screen) -> Result<(), Failure> {
        let expected = format!("the lease of {screen} to go on");
        let held = self.ledger.held(&screen.session());
        let (session, lease_ms) = (screen.session(), LEASE_MS);
        let asked = self.account.ask(KeepAlive { session, lease_ms }).await;
        let expires_at = asked.map_err(|error| self.otherwise(&expected, answer(&error)))?;
        if Some(expires_at) == held {
            self.told.kept += 1;
            let text = format!("{screen}: over half is left");
            return self.says(Who::Orchestrator, "kept", &text);
        }
        let session = screen.session();
        let event = LeaseRenewed { session, expires_at };
        let change = self.change(&expected, &event).await?;
        self.told.renewed += 1;
        let text = format!("{screen}, until {}", self.narrator.clock(expires_at));
        self.orchestrator(&change, "renewed", &text)
    }

    /// The streaming side says that the screen plays, and is told to stop it.
    pub async fn disowns(&mut self, screen: Screen) -> Result<(), Failure> {
        let expected = format!("{screen} to be told to stop");
        let (session, lease_ms) = (screen.session(), LEASE_MS);
        let asked = self.account.ask(KeepAlive { session, lease_ms }).await;
        match &asked {
            Err(error)
                if error.rejection() == Some(&KeepAliveRefused::NoSuchLease(NoSuchLease)) => {}
            Err(error) => return Err(self.otherwise(expected, answer(error))),
            Ok(_) => return Err(self.otherwise(expected, "its lease goes on")),
        }
        self.told.stopped += 1;
        self.says(Who::Orchestrator, "refused", &format!("{screen}: no lease, stop it"))
    }

    /// The screen gives its slot back.
    pub async fn releases(&mut self, screen: Screen) -> Result<(), Failure> {
        let expected = format!("{screen} to give its slot back");
        let session = screen.session();
        let asked = self.account.ask(Release { session }).await;
        asked.map_err(|error| self.otherwise(&expected, answer(&error)))?;
        let session = screen.session();
        let change = self.change(&expected, &SessionEnded { session }).await?;
        self.orchestrator(&change, "released", &format!("{screen}, switched off"))
    }

    /// Nobody does anything, and the screen's lease runs out.
    pub async fn runs_out(&mut self, screen: Screen) -> Result<(), Failure> {
        let expected = format!("the lease of {screen} to run out");
        let session = screen.session();
        let held = self.ledger.held(&session).unwrap_or(Timestamp::MAX);
        let change = self.change(&expected, &LeaseExpired { session }).await?;
        if change.at() < held {
            return Err(self.otherwise(expected, "it ran out early"));
        }
        let late = change.at().since(held);
        self.told.expired.push((screen, late));
        let text = match longer_than_a_second(late) {
            Some(late) => format!("{screen}, ran out {late} ago"),
            None => format!("{screen}, by itself, +{} ms", late.as_millis()),
        };
        self.orchestrator(&change, "expired", &text)
    }
}

fn answer(error: &impl Display) -> String {
    format!("the answer was \"{error}\"")
}
