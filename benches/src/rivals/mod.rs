//! The rivals: the same work by other means.

mod kameo_actor;
mod locked;
mod tokio_sleep;
mod tokio_task;

use std::future::Future;
use std::sync::Arc;

use bailiwick::Tags;
use dashmap::DashMap;

use crate::domain::{Credit, CreditId, Draw};
use crate::ledger::Ledger;

pub use kameo_actor::KameoActor;
pub use locked::Locked;
pub use tokio_sleep::Sleepers;
pub use tokio_task::TokioTask;

/// One aggregate in a rival's hands.
pub trait Keeper: Clone + Send + Sync + 'static {
    /// Makes one.
    fn spawn(credit: Credit, tags: Tags, ledger: Ledger) -> Self;
    /// Draws and answers what is left.
    fn draw(&self, draw: Draw) -> impl Future<Output = u64> + Send;
}

/// Many aggregates in a rival's hands: keepers in a dashmap, made when first asked for.
pub struct Many<K> {
    keepers: Arc<DashMap<CreditId, K, foldhash::fast::RandomState>>,
    ledger: Ledger,
}

impl<K: Keeper> Many<K> {
    /// None yet.
    pub fn new(ledger: Ledger) -> Self {
        Many { keepers: Arc::default(), ledger }
    }

    /// Draws on the credit `id`.
    pub async fn draw(&self, id: &CreditId, draw: Draw) -> u64 {
        let keeper = match self.keepers.get(id) {
            Some(keeper) => keeper.clone(),
            None => self.make(id),
        };
        keeper.draw(draw).await
    }

    fn make(&self, id: &CreditId) -> K {
        let tags = Tags::from(bailiwick::Id::tag(id).expect("a valid tag"));
        let entry = self.keepers.entry(id.clone());
        entry.or_insert_with(|| K::spawn(Credit::full(), tags, self.ledger.clone())).clone()
    }
}

impl<K> Clone for Many<K> {
    fn clone(&self) -> Self {
        Many { keepers: self.keepers.clone(), ledger: self.ledger.clone() }
    }
}
