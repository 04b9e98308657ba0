//! What a deadline emits is read back as what a command emits.

use std::convert::Infallible;
use std::time::Duration;

use bailiwick::{
    Aggregate, Context, Decide, Event, ManualClock, MemoryJournal, Position, Runtime, Timestamp,
    View,
};
use serde::{Deserialize, Serialize};

use crate::fixture::{LogId, head};

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Fuse {
    Lit {
        at: Timestamp,
        note: Option<Option<u8>>,
    },
    Burnt {
        #[serde(skip_serializing_if = "Option::is_some")]
        note: Option<Option<u8>>,
    },
}

/// Says when it burnt what was said when it was lit.
struct Bomb {
    lit: Option<(Timestamp, Option<Option<u8>>)>,
}

impl View for Bomb {
    type Key = LogId;
    type Event = Fuse;
    fn new(_: &LogId) -> Self {
        Bomb { lit: None }
    }
    fn apply(&mut self, event: &Fuse, _: Timestamp) {
        self.lit = match event {
            Fuse::Lit { at, note } => Some((*at, *note)),
            Fuse::Burnt { .. } => None,
        };
    }
}

impl Aggregate for Bomb {
    const NAME: &'static str = "Bomb";
    fn deadline(&self) -> Option<Timestamp> {
        self.lit.map(|(at, _)| at)
    }
    fn on_deadline(&self, ctx: &mut Context<Fuse>) {
        ctx.emit(Fuse::Burnt { note: self.lit.and_then(|(_, note)| note).map(|_| None) });
    }
}

struct Light(u64, Option<Option<u8>>);
struct Look;

impl Decide<Light> for Bomb {
    type Reply = ();
    type Rejection = Infallible;
    fn decide(&self, light: &Light, ctx: &mut Context<Fuse>) -> Result<(), Infallible> {
        ctx.emit(Fuse::Lit { at: light.0.into(), note: light.1 });
        Ok(())
    }
}

impl Decide<Look> for Bomb {
    type Reply = bool;
    type Rejection = Infallible;
    fn decide(&self, _: &Look, _: &mut Context<Fuse>) -> Result<bool, Infallible> {
        Ok(self.lit.is_some())
    }
}

#[tokio::test]
async fn a_deadline_that_emits_what_cannot_be_stored_is_stuck_and_commands_go_on() {
    let (journal, clock) = (MemoryJournal::new(), ManualClock::at(1_000));
    let builder = Runtime::builder(journal.clone()).aggregate::<Bomb>().clock(clock.clone());
    let runtime = builder.start().await.unwrap();
    let bomb = runtime.aggregates::<Bomb>().get("a");
    bomb.ask(Light(2_000, Some(Some(1)))).await.unwrap();
    clock.advance(Duration::from_secs(2));
    assert!(bomb.ask(Look).await.unwrap(), "what cannot be stored has not happened");
    assert!(bomb.ask(Look).await.unwrap());
    assert!(runtime.counts().stuck_deadlines > 0);
    assert_eq!(head(&journal).await, Position::new(1));
}
