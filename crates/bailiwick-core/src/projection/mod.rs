//! Projections: rows in a database of the user's, folded from events.
//!
//! 1. [`Projection`] is pure: which rows an event concerns, and what becomes of them.
//! 2. [`ProjectionStore`] is the port of the database: rows and mark, in one transaction.
//!
//! Why it is as it is: docs/decisions/projections.md.

mod store;

use crate::box_error::BoxError;
use crate::event::Event;
use crate::policy::News;

pub use store::{ProjectionStore, ProjectionTransaction};

/// A read model: rows that are folded from events and kept in a database of yours, to be queried there.
///
/// A runtime shows it every event of its set, in the order of the journal, and writes what became of the rows
/// into a [`ProjectionStore`]:
///
/// - **Each event counts once.** How far the rows have come, the *mark*, is committed in the transaction that
///   writes them, and is kept nowhere else. Whatever crashes, the rows are the fold of all events up to
///   their mark, and of no others.
/// - **A batch of events is folded in memory**, and each row that it changes is loaded once and written once.
/// - **A new [`VERSION`](Projection::VERSION) is another generation of rows**, which is built beside the one in use,
///   and takes its place when it has come as far.
///
/// It is folded again when a transaction has to be repeated, and when its version changes. So it must be a function
/// of the row and the event, and nothing else: no clock, no randomness, nothing from outside. What else a row needs
/// to know belongs into the row.
///
/// It is tested without a runtime and without a database, by
/// [a story of events](crate::GivenEvents::projects).
///
/// ```
/// use bailiwick_core::{BoxError, Event, News, Projection, id};
/// use serde::{Deserialize, Serialize};
///
/// id!(ShelfId: "shelf");
///
/// #[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
/// enum ShelfEvent {
///     BookPlaced { title: String },
///     BookTaken { title: String },
/// }
///
/// /// How many books there are on each shelf that has any.
/// struct BooksOnShelves;
///
/// impl Projection for BooksOnShelves {
///     const NAME: &'static str = "books-on-shelves";
///     const VERSION: u32 = 1;
///     type Event = ShelfEvent;
///     type Key = ShelfId;
///     type Row = u64;
///
///     fn keys(&self, news: &News<ShelfEvent>) -> Result<impl IntoIterator<Item = ShelfId>, BoxError> {
///         Ok([news.id()?])
///     }
///
///     fn fold(&self, _: &ShelfId, row: &mut Option<u64>, news: &News<ShelfEvent>) -> Result<(), BoxError> {
///         let books = row.unwrap_or(0);
///         let books = match news.event {
///             ShelfEvent::BookPlaced { .. } => books + 1,
///             ShelfEvent::BookTaken { .. } => books.checked_sub(1).ok_or("there is none")?,
///         };
///         *row = (books > 0).then_some(books);
///         Ok(())
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a projection",
    note = "implement `Projection` for it: its name and version, its events, keys and rows, `keys`, `fold`"
)]
pub trait Projection: Send + 'static {
    /// By which name it is known in the database, in logs and by operators. No other projection of the runtime has
    /// the same. Not empty.
    const NAME: &'static str;

    /// Which generation of rows it makes. Raise it whenever the same events would make other rows: what
    /// [`keys`](Self::keys) or [`fold`](Self::fold) does is another, or a row has another form. A lower one than
    /// the one in use is refused.
    const VERSION: u32;

    /// The events that it folds.
    type Event: Event;

    /// What tells its rows apart.
    type Key: Ord + Clone + Send + 'static;

    /// A row, without its key.
    type Row: Send + 'static;

    /// Which rows the event concerns: none, one or several. A row that is named twice is folded once. A row need not be
    /// there yet.
    ///
    /// All rows of a batch are loaded and written in one transaction, and a batch is bounded in events: so how many rows
    /// an event names at most bounds a transaction, too.
    ///
    /// # Errors
    /// If the event makes no sense. That stops the projection there, as a panic does.
    fn keys(
        &self,
        news: &News<Self::Event>,
    ) -> Result<impl IntoIterator<Item = Self::Key>, BoxError>;

    /// What becomes of a row: none is no row, before and after.
    ///
    /// # Errors
    /// If the event makes no sense. That stops the projection there, as a panic does; what was folded before it
    /// stands.
    fn fold(
        &self,
        key: &Self::Key,
        row: &mut Option<Self::Row>,
        news: &News<Self::Event>,
    ) -> Result<(), BoxError>;
}
