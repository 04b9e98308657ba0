//! What a read saw, and as of which position.

use bailiwick_core::Position;

/// What a read saw, and as of which event.
///
/// `position` is that of the last event that `value` rests on, [`Position::START`] if there was none:
/// an entity tag that changes exactly when something happened. It is durable, and in order: of two
/// reads of one thing, the one with the later position saw more.
///
/// Of an aggregate ([`read`](crate::AggregateRef::read)) it is what
/// [`expecting`](crate::AggregateRef::expecting) accepts, for a form that is filled in from what was
/// seen and sent later; and [`watch`](crate::AggregateRef::watch) goes on from it without a gap.
///
/// ```
/// # use bailiwick::{Aggregate, Cause, Context, Decide, Event, MemoryJournal, Runtime, Timestamp, View, id};
/// # use serde::{Deserialize, Serialize};
/// # id!(RoomId: "room");
/// # #[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
/// # struct Renamed { name: String }
/// # struct Room { name: String }
/// # impl View for Room {
/// #     type Key = RoomId;
/// #     type Event = Renamed;
/// #     fn new(_: &RoomId) -> Self { Room { name: String::new() } }
/// #     fn apply(&mut self, event: &Renamed, _: Timestamp) { self.name.clone_from(&event.name); }
/// # }
/// # impl Aggregate for Room { const NAME: &'static str = "Room"; }
/// # struct Rename(&'static str);
/// # impl Decide<Rename> for Room {
/// #     type Reply = ();
/// #     type Rejection = std::convert::Infallible;
/// #     fn decide(&self, rename: &Rename, ctx: &mut Context<Renamed>) -> Result<(), Self::Rejection> {
/// #         ctx.emit(Renamed { name: rename.0.into() });
/// #         Ok(())
/// #     }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let runtime = Runtime::builder(MemoryJournal::new()).aggregate::<Room>().start().await?;
/// let room = runtime.aggregates::<Room>().get("r1");
/// let form = room.read(|room, _| room.name.clone()).await?;
/// // Somebody else is faster.
/// room.ask(Rename("blue")).await?;
/// let late = room.expecting(form.position).ask(Rename("red")).await.unwrap_err();
/// assert!(matches!(late.not_run(), Some(Cause::Moved { .. })));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Seen<T> {
    /// What it saw.
    pub value: T,
    /// The position of the last event that it rests on.
    pub position: Position,
}
