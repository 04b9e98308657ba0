//! A journal whose reads may be answered late, with what it held when it was asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bailiwick::MemoryJournal;
use bailiwick::journal::Answer;
use bailiwick_tests::journals::altered::Altered;
use tokio::sync::watch;
use tokio::task::yield_now;

/// A journal none of whose reads is answered while it is held.
#[derive(Clone, Default)]
pub struct Held(Arc<watch::Sender<bool>>);

impl Held {
    pub fn journal(&self) -> Altered {
        let held = self.0.clone();
        Altered::new(MemoryJournal::new()).read(move |inner, read| {
            let (page, mut held) = (inner.read(read), held.subscribe());
            Answer::later(async move {
                let page = page.await;
                held.wait_for(|held| !held).await.expect("never closed");
                page
            })
        })
    }

    /// From now on no read is answered.
    pub fn hold(&self) {
        self.0.send_replace(true);
    }

    /// All are answered.
    pub fn let_go(&self) {
        self.0.send_replace(false);
    }
}

/// A journal that answers after some turns of others, each call after another number of them, to be
/// met in whatever is under way.
pub fn hesitant() -> Altered {
    let calls = Arc::new(AtomicU32::new(0));
    let hesitate = move || {
        let nth = calls.fetch_add(1, Ordering::Relaxed);
        async move {
            for _ in 0..nth.wrapping_mul(2_654_435_761) >> 29 {
                yield_now().await;
            }
        }
    };
    let hesitates = hesitate.clone();
    Altered::new(MemoryJournal::new())
        .append(move |inner, events, condition| {
            let (appended, hesitation) = (inner.append(events, condition), hesitate());
            Answer::later(async move {
                let appended = appended.await;
                hesitation.await;
                appended
            })
        })
        .read(move |inner, read| {
            let (page, hesitation) = (inner.read(read), hesitates());
            Answer::later(async move {
                let page = page.await;
                hesitation.await;
                page
            })
        })
}
