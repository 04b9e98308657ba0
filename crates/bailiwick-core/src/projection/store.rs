//! The port of a database that keeps the rows of a projection.

use super::Projection;
use crate::box_error::BoxError;
use crate::journal::Cursor;

/// A database, as a projection writes its rows there. Implemented once for each database, for all projections or for
/// one.
///
/// It has a thread of its own, from its first call to its last, and every transaction begins and ends there: so it
/// may block. A client that is asynchronous is waited for on that thread (`tokio::runtime::Handle::block_on`).
///
/// # What it has to keep
///
/// - **One transaction**: what is written through a [`ProjectionTransaction`] is there as a whole once its `commit`
///   has returned, and not at all if it was dropped.
/// - **The mark excludes**: of two transactions that both read the mark of one projection and write it, by whatever
///   process, one sees what the other has written, or fails; also of two that write the first one. And what is
///   [in use](ProjectionTransaction::in_use) is read as of when the mark was locked: it is asked for after it. Three ways:
///   - the transaction locks whatever it may write when it begins (`BEGIN IMMEDIATE` in SQLite);
///   - transactions are serialisable, and fail if they are not;
///   - reading a mark locks its row (`SELECT .. FOR UPDATE`), where each statement sees what is committed by then
///     (`READ COMMITTED`, and not one snapshot for the whole transaction). **A row that is not there cannot be
///     locked**: so it is made first, with no position yet (`INSERT .. ON CONFLICT DO NOTHING`), or the lock is an
///     advisory one, of name and version.
///
/// Everything else is up to the runtime. It looks at the mark in each transaction, and writes nothing unless it is
/// the one that it knows. An error of any call, or a panic, is tried again in a new transaction, later and later, so
/// a database may be busy, full, or gone for a while; nothing is skipped.
///
/// # Where things are
///
/// Rows belong to a generation, [`P::VERSION`](Projection::VERSION): two of them are there beside each other while a
/// new one is built. So the name of a table has the version in it, or the key of a row begins with it. Beside the rows
/// are, for each projection, one mark for each version and one version that is in use. Whoever reads rows reads which
/// version is in use first, in one snapshot with them.
///
/// The store for SQLite in `examples/src/sqlite` is one to copy.
///
/// ```
/// use std::collections::BTreeMap;
///
/// use bailiwick_core::journal::Cursor;
/// use bailiwick_core::{BoxError, Projection, ProjectionStore, ProjectionTransaction};
///
/// /// A database for those who need none: it forgets everything.
/// struct Nowhere;
///
/// impl<P: Projection> ProjectionStore<P> for Nowhere {
///     type Transaction<'t> = ToNowhere;
///
///     fn begin(&mut self) -> Result<ToNowhere, BoxError> {
///         Ok(ToNowhere)
///     }
/// }
///
/// struct ToNowhere;
///
/// impl<P: Projection> ProjectionTransaction<P> for ToNowhere {
///     fn mark(&mut self, _version: u32) -> Result<Option<Cursor>, BoxError> {
///         Ok(None) // SELECT mark FROM marks WHERE name = P::NAME AND version = ..
///     }
///
///     fn set_mark(&mut self, _mark: Cursor) -> Result<(), BoxError> {
///         Ok(())
///     }
///
///     fn in_use(&mut self) -> Result<Option<u32>, BoxError> {
///         Ok(None) // SELECT version FROM in_use WHERE name = P::NAME
///     }
///
///     fn set_in_use(&mut self) -> Result<(), BoxError> {
///         Ok(())
///     }
///
///     fn create(&mut self) -> Result<(), BoxError> {
///         Ok(()) // DROP TABLE IF EXISTS .., CREATE TABLE ..
///     }
///
///     fn load(&mut self, _keys: &[P::Key]) -> Result<Vec<(P::Key, P::Row)>, BoxError> {
///         Ok(Vec::new())
///     }
///
///     fn write(&mut self, _rows: &[(P::Key, Option<P::Row>)]) -> Result<(), BoxError> {
///         Ok(())
///     }
///
///     fn commit(self) -> Result<(), BoxError> {
///         Ok(())
///     }
/// }
/// ```
///
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no store for the projection `{P}`",
    note = "implement `ProjectionStore<{P}>` for it, and `ProjectionTransaction<{P}>` for its transactions"
)]
pub trait ProjectionStore<P: Projection>: Send + 'static {
    /// A transaction.
    type Transaction<'t>: ProjectionTransaction<P>
    where
        Self: 't;

    /// Begins a transaction. After an error it is up to the store to connect again: the runtime only begins anew. A
    /// store that connects here, and not where it is made, lets a runtime start while its database is gone.
    ///
    /// # Errors
    /// If that cannot be done now.
    fn begin(&mut self) -> Result<Self::Transaction<'_>, BoxError>;

    /// Drops what older generations left, rows and marks, if that is wanted: called when
    /// [`P::VERSION`](Projection::VERSION) has come into use, and at each start on which it is. Who reads which version
    /// is in use in one snapshot with the rows does not miss them. What a *later* generation left that was given up is told to
    /// nobody: it goes when that generation is [made anew](ProjectionTransaction::create), or by hand.
    ///
    /// # Errors
    /// It is reported, and tried again at the next start. The projection goes on.
    fn drop_older(&mut self) -> Result<(), BoxError> {
        Ok(())
    }
}

/// A transaction of a [`ProjectionStore`]. Dropped without [`commit`](Self::commit), it is rolled back.
///
/// For an example see [`ProjectionStore`].
pub trait ProjectionTransaction<P: Projection> {
    /// Up to where the rows of this version are folded; none if there are none. Locks it: see
    /// [`ProjectionStore`]. That of [`P::VERSION`](Projection::VERSION) is asked for before anything else, that of the
    /// older version in use after it: so nobody waits in a circle.
    ///
    /// # Errors
    /// If it cannot be read now.
    fn mark(&mut self, version: u32) -> Result<Option<Cursor>, BoxError>;

    /// Writes the mark of [`P::VERSION`](Projection::VERSION).
    ///
    /// # Errors
    /// If it cannot be written now.
    fn set_mark(&mut self, mark: Cursor) -> Result<(), BoxError>;

    /// Which version readers are to read; none before the first is complete. Asked for after a mark, and covered by its
    /// lock: see [`ProjectionStore`].
    ///
    /// # Errors
    /// If it cannot be read now.
    fn in_use(&mut self) -> Result<Option<u32>, BoxError>;

    /// Has readers read [`P::VERSION`](Projection::VERSION) from the commit on: one row.
    ///
    /// # Errors
    /// If it cannot be written now.
    fn set_in_use(&mut self) -> Result<(), BoxError>;

    /// Makes room for the rows of [`P::VERSION`](Projection::VERSION), empty: whatever is there already goes, and if it is
    /// this version that is in use, none is from then on. Called in the transaction that writes the first mark of the
    /// version, and again if that was not committed.
    ///
    /// # Errors
    /// If it cannot be made now.
    fn create(&mut self) -> Result<(), BoxError>;

    /// Those rows of [`P::VERSION`](Projection::VERSION) that are there, of these keys, in any order. The keys are in
    /// order, each once.
    ///
    /// # Errors
    /// If they cannot be read now.
    #[expect(clippy::type_complexity, reason = "a pair needs no name")]
    fn load(&mut self, keys: &[P::Key]) -> Result<Vec<(P::Key, P::Row)>, BoxError>;

    /// Writes these rows of [`P::VERSION`](Projection::VERSION), and deletes those that are none. They are in the order of
    /// their keys.
    ///
    /// # Errors
    /// If they cannot be written now.
    fn write(&mut self, rows: &[(P::Key, Option<P::Row>)]) -> Result<(), BoxError>;

    /// Makes all of it so.
    ///
    /// # Errors
    /// If it was not committed, or nobody can tell. The mark is looked at before anything else is done.
    fn commit(self) -> Result<(), BoxError>;
}
