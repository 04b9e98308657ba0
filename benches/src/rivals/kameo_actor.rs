//! A plain kameo actor per aggregate, asked as its documentation shows.

use bailiwick::Tags;
use kameo::Actor;
use kameo::actor::{ActorRef, Spawn};
use kameo::message::{Context, Message};

use super::Keeper;
use crate::domain::{Credit, Draw};
use crate::ledger::Ledger;

/// An actor that keeps a credit.
#[derive(Clone)]
pub struct KameoActor(ActorRef<Clerk>);

/// The actor itself.
pub struct Clerk {
    credit: Credit,
    tags: Tags,
    ledger: Ledger,
}

impl Actor for Clerk {
    type Args = Self;
    type Error = std::convert::Infallible;

    async fn on_start(clerk: Self, _: ActorRef<Self>) -> Result<Self, Self::Error> {
        Ok(clerk)
    }
}

impl Message<Draw> for Clerk {
    type Reply = u64;

    async fn handle(&mut self, draw: Draw, _: &mut Context<Self, u64>) -> u64 {
        self.ledger.draw(&mut self.credit, &self.tags, draw).expect("there is enough")
    }
}

impl Keeper for KameoActor {
    fn spawn(credit: Credit, tags: Tags, ledger: Ledger) -> Self {
        KameoActor(<Clerk as Spawn>::spawn(Clerk { credit, tags, ledger }))
    }

    async fn draw(&self, draw: Draw) -> u64 {
        self.0.ask(draw).send().await.expect("the actor answers")
    }
}
