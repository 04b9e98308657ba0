//! A bare tokio task per aggregate: a bounded channel in, a oneshot out. The measure of all.

use bailiwick::Tags;
use tokio::sync::{mpsc, oneshot};

use super::Keeper;
use crate::domain::{Credit, Draw};
use crate::ledger::Ledger;

/// A task that keeps a credit.
#[derive(Clone)]
pub struct TokioTask(mpsc::Sender<(Draw, oneshot::Sender<u64>)>);

impl Keeper for TokioTask {
    fn spawn(mut credit: Credit, tags: Tags, ledger: Ledger) -> Self {
        let (sender, mut receiver) = mpsc::channel::<(Draw, oneshot::Sender<u64>)>(1_024);
        tokio::spawn(async move {
            while let Some((draw, reply)) = receiver.recv().await {
                let left = ledger.draw(&mut credit, &tags, draw).expect("there is enough");
                let _ = reply.send(left);
            }
        });
        TokioTask(sender)
    }

    async fn draw(&self, draw: Draw) -> u64 {
        let (sender, receiver) = oneshot::channel();
        self.0.send((draw, sender)).await.expect("the task runs");
        receiver.await.expect("the task answers")
    }
}
