//! A command is sent to an aggregate that does not decide it.

use bailiwick_core::{Aggregate, Context, Decide, Event, Timestamp, View, id};
use serde::{Deserialize, Serialize};

id!(AccountId: "account");

#[derive(Event, Serialize, Deserialize)]
struct Opened;

struct Account;

impl View for Account {
    type Key = AccountId;
    type Event = Opened;

    fn new(_: &AccountId) -> Self {
        Account
    }

    fn apply(&mut self, _: &Opened, _: Timestamp) {}
}

impl Aggregate for Account {
    const NAME: &'static str = "Account";
}

struct Open;
struct Lock;
struct Close;

impl Decide<Open> for Account {
    type Reply = ();
    type Rejection = std::convert::Infallible;

    fn decide(&self, _: &Open, ctx: &mut Context<Opened>) -> Result<(), Self::Rejection> {
        ctx.emit(Opened);
        Ok(())
    }
}

// A second one: with a single command the compiler would expect that one instead of explaining.
impl Decide<Lock> for Account {
    type Reply = ();
    type Rejection = std::convert::Infallible;

    fn decide(&self, _: &Lock, _: &mut Context<Opened>) -> Result<(), Self::Rejection> {
        Ok(())
    }
}

fn ask<A: Decide<C>, C>(_: &A, _: C) {}

fn main() {
    ask(&Account, Open);
    ask(&Account, Lock);
    ask(&Account, Close);
}
