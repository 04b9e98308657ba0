//! A lock per aggregate and no actor at all.

use std::sync::Arc;

use bailiwick::Tags;
use parking_lot::Mutex;

use super::Keeper;
use crate::domain::{Credit, Draw};
use crate::ledger::Ledger;

/// A credit behind a lock.
#[derive(Clone)]
pub struct Locked(Arc<Held>);

struct Held {
    credit: Mutex<Credit>,
    tags: Tags,
    ledger: Ledger,
}

impl Keeper for Locked {
    fn spawn(credit: Credit, tags: Tags, ledger: Ledger) -> Self {
        Locked(Arc::new(Held { credit: Mutex::new(credit), tags, ledger }))
    }

    async fn draw(&self, draw: Draw) -> u64 {
        let Held { credit, tags, ledger } = &*self.0;
        ledger.draw(&mut credit.lock(), tags, draw).expect("there is enough")
    }
}
