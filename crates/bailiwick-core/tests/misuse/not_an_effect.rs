//! What is no effect is said to be none, and a future that no runtime could run is found where it is written.

use std::rc::Rc;

use bailiwick_core::{Attempt, Effect, Event, Failed, Lane, News, Start, given_events};
use serde::{Deserialize, Serialize};

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Rang {}

struct Silent;

struct Local;

impl Effect for Local {
    const NAME: &'static str = "local";
    const LANE: Lane = Lane::One("all");
    const START: Start = Start::Now;
    type Event = Rang;
    type Views = ();

    fn keys(&self, _: &News<Rang>) {}

    async fn perform(
        &self,
        _: &News<Rang>,
        _: (),
        _: &Attempt<'_>,
    ) -> Result<(), Failed> {
        let here = Rc::new(());
        std::future::ready(()).await;
        drop(here);
        Ok(())
    }
}

fn main() {
    let _ = given_events().performs(Silent, Rang {});
}
