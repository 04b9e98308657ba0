//! Methods that do not decide a command.

use bailiwick_core::{Aggregate, Context, Event, Timestamp, View, commands, id};
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
struct NoView;

type Ctx = Context<Opened>;
type Refused = std::convert::Infallible;

#[commands]
impl Account {
    async fn awaits(&self, _: &Open, _: &mut Ctx) -> Result<(), Refused> {
        Ok(())
    }

    fn changes(&mut self, _: &Open, _: &mut Ctx) -> Result<(), Refused> {
        Ok(())
    }

    fn takes(&self, _: Open, _: &mut Ctx) -> Result<(), Refused> {
        Ok(())
    }

    fn no_context(&self, _: &Open) -> Result<(), Refused> {
        Ok(())
    }

    fn cannot_refuse(&self, _: &Open, _: &mut Ctx) {}

    fn generic<C>(&self, _: &C, _: &mut Ctx) -> Result<(), Refused> {
        Ok(())
    }

    #[command(title = "open")]
    fn open(&self, _: &Open, _: &mut Ctx) -> Result<(), Refused> {
        Ok(())
    }
}

#[commands]
impl NoView {
    fn open(&self, _: &Open, _: &mut Ctx) -> Result<(), Refused> {
        Ok(())
    }
}

#[commands(krate = "bailiwick_core")]
impl Account {}

#[commands]
impl Clone for Account {
    fn clone(&self) -> Self {
        Account
    }
}

fn main() {}
