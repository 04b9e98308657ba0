//! What the journal holds before the program begins: from that alone it is known where the story
//! stopped, whatever ended the program.

use bailiwick::journal::{Journal, Query, QueryItem, Read};
use bailiwick::{Id, Position, Timestamp};
use bailiwick_examples::streaming::AccountId;
use bailiwick_examples::streaming::SessionEvent::{self, *};

use super::cast::{ACCOUNT, PHONE, TABLET};
use super::ledger::Ledger;
use crate::audit::AuditError;
use crate::failure::Failure;

/// Where the story is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Scene {
    /// It has not begun, or the last one was told to its end.
    #[default]
    Beginning,
    /// The screens take their slots.
    Playing,
    /// Both slots were taken, and the streaming side may have fallen silent.
    Silent,
    /// The tablet got a slot that came free.
    TabletPlays,
}

impl Scene {
    fn after(self, event: &SessionEvent) -> Scene {
        match event {
            SessionEnded { session } if *session == TABLET.session() => Scene::Beginning,
            SessionStarted { session, .. } if *session == TABLET.session() => Scene::TabletPlays,
            LeaseRenewed { session, .. } if *session == PHONE.session() => self.max(Scene::Silent),
            _ => self.max(Scene::Playing),
        }
    }
}

/// What happened to the account before.
#[derive(Default)]
pub struct Past {
    pub ledger: Ledger,
    pub scene: Scene,
    /// How many events there are.
    pub events: usize,
    /// How many leases ran out.
    pub expired: usize,
    /// When the latest event was recorded.
    pub latest: Timestamp,
    /// Up to where it was read.
    pub upto: Position,
}

impl Past {
    /// Reads it from the journal.
    pub async fn read(journal: &dyn Journal) -> Result<Past, Failure> {
        let account: AccountId = ACCOUNT.into();
        let tag = account.tag().map_err(Failure::other)?;
        let mut read = Read::new(Query::from(QueryItem::tagged(tag)));
        let mut past = Past::default();
        loop {
            let page = journal.read(read.clone()).await.map_err(AuditError::Unread)?;
            for recorded in &page.events {
                if let Some(event) = recorded.event.decode().map_err(Failure::other)? {
                    past.note(&event, recorded.event.recorded_at);
                }
            }
            read.after = page.upto;
            past.upto = page.upto;
            if !page.more {
                return Ok(past);
            }
        }
    }

    fn note(&mut self, event: &SessionEvent, at: Timestamp) {
        self.ledger.note(event);
        self.scene = self.scene.after(event);
        self.events += 1;
        self.expired += usize::from(matches!(event, LeaseExpired { .. }));
        self.latest = at;
    }
}

#[cfg(test)]
mod tests {
    use super::super::cast::{Screen, TV};
    use super::*;

    fn started(screen: Screen) -> SessionEvent {
        SessionStarted { session: screen.session(), expires_at: 9.into() }
    }

    #[test]
    fn the_events_say_where_the_story_stopped() {
        let renewed =
            |screen: Screen| LeaseRenewed { session: screen.session(), expires_at: 9.into() };
        let expired = |screen: Screen| LeaseExpired { session: screen.session() };
        let evening = [
            (LimitChanged { limit: 2 }, Scene::Playing),
            (started(TV), Scene::Playing),
            (started(PHONE), Scene::Playing),
            (renewed(TV), Scene::Playing),
            (renewed(PHONE), Scene::Silent),
            (expired(TV), Scene::Silent),
            (started(TABLET), Scene::TabletPlays),
            (expired(PHONE), Scene::TabletPlays),
            (renewed(TABLET), Scene::TabletPlays),
            (SessionEnded { session: TABLET.session() }, Scene::Beginning),
            (started(TV), Scene::Playing),
        ];
        let mut past = Past::default();
        assert_eq!(past.scene, Scene::Beginning);
        for (event, scene) in evening {
            past.note(&event, 1.into());
            assert_eq!(past.scene, scene, "after {event:?}");
        }
        assert_eq!((past.events, past.expired), (11, 2));
    }

    #[test]
    fn a_slot_that_was_lost_and_taken_again_does_not_move_the_story_back() {
        let mut past = Past::default();
        let lost = LeaseExpired { session: TABLET.session() };
        for event in [started(TABLET), lost, started(TABLET)] {
            past.note(&event, 1.into());
            assert_eq!(past.scene, Scene::TabletPlays);
        }
    }
}
