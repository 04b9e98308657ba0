//! A journal whose reads may be answered late, with what it held when it was asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bailiwick::{
    AppendCondition, AppendError, AppendLimits, Appended, BoxFuture, EncodedEvent, Head, Health,
    Journal, JournalReadError, LastMatch, MemoryJournal, Page, Query, Read, ReopenError,
};
use tokio::sync::watch;
use tokio::task::yield_now;

/// Cloning shares it.
#[derive(Clone)]
pub struct LateJournal {
    inner: MemoryJournal,
    held: Arc<watch::Sender<bool>>,
    /// How many calls there were, if each of them takes another number of turns.
    hesitant: Option<Arc<AtomicU32>>,
}

impl LateJournal {
    pub fn new() -> Self {
        let held = Arc::new(watch::Sender::new(false));
        LateJournal { inner: MemoryJournal::new(), held, hesitant: None }
    }

    /// Answers everything after some turns of others, to be met in whatever is under way.
    pub fn hesitant() -> Self {
        LateJournal { hesitant: Some(Arc::default()), ..LateJournal::new() }
    }

    async fn hesitate(hesitant: Option<Arc<AtomicU32>>) {
        let nth = hesitant.map_or(0, |calls| calls.fetch_add(1, Ordering::Relaxed));
        for _ in 0..nth.wrapping_mul(2_654_435_761) >> 29 {
            yield_now().await;
        }
    }

    /// From now on no read is answered.
    pub fn hold(&self) {
        self.held.send_replace(true);
    }

    /// All are answered.
    pub fn let_go(&self) {
        self.held.send_replace(false);
    }
}

impl Journal for LateJournal {
    fn limits(&self) -> AppendLimits {
        self.inner.limits()
    }

    fn append(
        &self,
        events: Vec<EncodedEvent>,
        condition: Option<AppendCondition>,
    ) -> BoxFuture<Result<Appended, AppendError>> {
        let (appended, hesitant) = (self.inner.append(events, condition), self.hesitant.clone());
        Box::pin(async move {
            let appended = appended.await;
            LateJournal::hesitate(hesitant).await;
            appended
        })
    }

    fn read(&self, read: Read) -> BoxFuture<Result<Page, JournalReadError>> {
        let (page, mut held) = (self.inner.read(read), self.held.subscribe());
        let hesitant = self.hesitant.clone();
        Box::pin(async move {
            let page = page.await;
            LateJournal::hesitate(hesitant).await;
            held.wait_for(|held| !held).await.expect("never closed");
            page
        })
    }

    fn last(&self, query: Query) -> BoxFuture<Result<LastMatch, JournalReadError>> {
        self.inner.last(query)
    }

    fn head(&self) -> BoxFuture<Result<Head, JournalReadError>> {
        self.inner.head()
    }

    fn health(&self) -> Health {
        self.inner.health()
    }

    fn reopen(&self) -> BoxFuture<Result<(), ReopenError>> {
        self.inner.reopen()
    }
}
