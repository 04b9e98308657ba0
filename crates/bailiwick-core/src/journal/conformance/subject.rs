//! What the cases are tried on.

use std::sync::Arc;

use crate::journal::Journal;

/// A fresh and empty journal, with whatever must live as long as it: a directory, a database, a
/// runtime. Dropping it cleans up.
///
/// For an example see the [module](super).
pub trait Subject {
    /// The journal, always the same one.
    fn journal(&self) -> Arc<dyn Journal>;
}

/// A journal that can be closed and opened again.
///
/// For an example see the [module](super).
pub trait Reopen: Subject {
    /// Closes the journal and opens it again on what it wrote, as after an orderly end of the
    /// process. The caller has let go of what [`journal`](Subject::journal) returned, and of all
    /// futures.
    fn reopen(&mut self);
}

impl Subject for Arc<dyn Journal> {
    fn journal(&self) -> Arc<dyn Journal> {
        self.clone()
    }
}

impl<J: Journal> Subject for Arc<J> {
    fn journal(&self) -> Arc<dyn Journal> {
        self.clone()
    }
}

/// A journal and what must live as long as it. Dropped in this order.
impl<S: Subject, G> Subject for (S, G) {
    fn journal(&self) -> Arc<dyn Journal> {
        self.0.journal()
    }
}
