//! For authors of journals, and for whoever reads one: the port, what is appended and read through it,
//! and [`JournalHandle`], the journal of a runtime as others use it beside the runtime.
//!
//! An author implements [`Journal`] and runs the conformance suite on it (`conformance_tests!` of
//! `bailiwick-core`, feature `conformance`). A reader asks with [`Read`]:
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sessions.rs"));
//! use bailiwick::journal::{Journal, Query, Read};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let builder = Runtime::builder(MemoryJournal::new()).aggregate::<AccountSessions>();
//! # let runtime = builder.start().await?;
//! # runtime.aggregates::<AccountSessions>().get("acc-1").ask(Acquire("tv".into())).await?;
//! let page = runtime.journal().read(Read::new(Query::all())).await?;
//! let recorded = &page.events[0];
//! let account = recorded.id::<AccountId>()?;
//! assert_eq!((recorded.position.get(), account), (1, "acc-1".into()));
//! let event: Option<SessionEvent> = recorded.event.decode()?;
//! assert!(matches!(event, Some(SessionEvent::Started { .. })));
//! # Ok(())
//! # }
//! ```
//!
//! Why it is as it is: docs/decisions/journal-port.md.

pub(crate) mod call;
pub(crate) mod encoded;
pub(crate) mod fold;
pub(crate) mod memory;
pub(crate) mod port;
pub(crate) mod reopening;

use std::fmt;
use std::sync::Arc;

pub use bailiwick_core::journal::*;

use bailiwick_core::Position;

use self::port::Guarded;
use crate::context::RuntimeContext;
use crate::context::journal::let_go;

/// The journal of a runtime, for as long as the runtime has it; from
/// [`Runtime::journal`](crate::Runtime::journal).
///
/// It is a [`Journal`] like any other, so whatever reads one works with it. What is appended through it
/// is another writer's: aggregates and decisions of the runtime learn of it at their next append.
///
/// It keeps neither the runtime alive nor its journal: once the runtime is shut down or dropped every
/// call fails as one of a journal that is gone, also those that were under way, polled or not: reads
/// with [`JournalReadError::Unavailable`], appends with [`AppendError::Closed`], those that were
/// submitted before with [`AppendError::Unknown`].
///
/// ```
/// use bailiwick::journal::{Journal, Query, Read};
/// use bailiwick::{MemoryJournal, Runtime};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let runtime = Runtime::builder(MemoryJournal::new()).start().await?;
/// let journal = runtime.journal();
/// assert!(journal.read(Read::new(Query::all())).await?.events.is_empty());
/// runtime.shutdown(std::time::Duration::from_secs(1)).await;
/// assert!(journal.head().await.is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct JournalHandle {
    pub(crate) shared: Arc<RuntimeContext>,
}

impl JournalHandle {
    /// Makes a call, or says that there is no journal: `refused` if it was not made, `gone` if it is taken
    /// back.
    fn call<T: Send + 'static, E: Send + 'static>(
        &self,
        call: impl FnOnce(&dyn Journal) -> Guarded<T, E>,
        refused: fn() -> E,
        gone: fn() -> E,
    ) -> Answer<Result<T, E>> {
        let mut begun = false;
        let lent = self.shared.lend(|journal| {
            begun = true;
            call(journal)
        });
        match lent {
            Some(lent) => Answer::later(async move { lent.await.unwrap_or_else(|| Err(gone())) }),
            None if begun => Answer::ready(Err(gone())),
            None => Answer::ready(Err(refused())),
        }
    }
}

impl Journal for JournalHandle {
    fn append(
        &self,
        events: Vec<EncodedEvent>,
        condition: Option<AppendCondition>,
    ) -> Answer<Result<Appended, AppendError>> {
        self.call(
            |journal| port::append(journal, events, condition),
            || AppendError::Closed(let_go()),
            || AppendError::Unknown(let_go().into()),
        )
    }

    fn read(&self, read: Read) -> Answer<Result<Page, JournalReadError>> {
        self.call(|journal| port::read(journal, read), unread, unread)
    }

    fn last(&self, query: Query) -> Answer<Result<LastMatch, JournalReadError>> {
        self.call(|journal| port::last(journal, query), unread, unread)
    }

    fn changed(&self, query: Query, after: Position) -> Answer<Result<(), JournalReadError>> {
        self.call(|journal| port::changed(journal, query, after), unread, unread)
    }

    fn values(&self, read: ReadValues) -> Answer<Result<ValuesPage, JournalReadError>> {
        self.call(|journal| port::values(journal, read), unread, unread)
    }

    fn outline(&self) -> Answer<Result<Outline, JournalReadError>> {
        self.call(port::outline, unread, unread)
    }

    fn id(&self) -> JournalId {
        self.shared.journal_id
    }

    fn head(&self) -> Answer<Result<Head, JournalReadError>> {
        self.call(port::head, unread, unread)
    }

    fn limits(&self) -> AppendLimits {
        self.shared.limits
    }

    fn health(&self) -> Health {
        self.shared.health()
    }

    fn reopen(&self) -> Answer<Result<(), ReopenError>> {
        let gone = || ReopenError::StillClosed(let_go());
        self.call(port::reopen, gone, gone)
    }
}

fn unread() -> JournalReadError {
    port::unread(let_go().into())
}

impl fmt::Debug for JournalHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let open = self.shared.journal().is_some();
        f.debug_struct("JournalHandle").field("open", &open).finish()
    }
}
