//! A journal on which loading can be held up.

use std::sync::Arc;

use bailiwick::MemoryJournal;
use bailiwick::journal::Answer;
use bailiwick_tests::journals::altered::Altered;
use tokio::sync::watch;

use super::harness::within_reason;

/// While it is shut, whoever comes waits.
#[derive(Clone)]
pub struct Gate {
    open: Arc<watch::Sender<bool>>,
    waiting: Arc<watch::Sender<usize>>,
}

impl Default for Gate {
    fn default() -> Gate {
        Gate { open: Arc::new(watch::Sender::new(true)), waiting: Arc::default() }
    }
}

impl Gate {
    pub fn shut(&self) {
        self.open.send_replace(false);
    }

    pub fn open(&self) {
        self.open.send_replace(true);
    }

    /// Waits until somebody has come to the gate.
    pub async fn somebody_waits(&self) {
        let mut waiting = self.waiting.subscribe();
        let come = waiting.wait_for(|waiting| *waiting > 0);
        within_reason(come).await.expect("never closed");
    }

    pub async fn pass(self) {
        let mut open = self.open.subscribe();
        self.waiting.send_modify(|waiting| *waiting += 1);
        open.wait_for(|open| *open).await.expect("never closed");
        self.waiting.send_modify(|waiting| *waiting -= 1);
    }
}

/// A memory journal of which reads wait at a gate.
pub fn slow_reads(gate: &Gate) -> Altered {
    let gate = gate.clone();
    Altered::new(MemoryJournal::new()).read(move |inner, read| {
        let (inner, gate) = (inner.clone(), gate.clone());
        Answer::later(async move {
            gate.pass().await;
            inner.read(read).await
        })
    })
}
