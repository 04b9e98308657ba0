//! Ordering: limits that hold at every instant, and small aggregates that agree later.
//!
//! | aggregate | key | what it decides |
//! |---|---|---|
//! | [`Order`] | order | positions within the limits; how far it has come |
//! | [`Payment`] | order | what was received, and that it was given back |
//! | [`Parcel`] | parcel | filled, sent, arrived; or cancelled, as long as it was not sent |
//! | [`Fulfilment`] | order | which parcels there have to be: a process manager |
//!
//! Each command changes one of them. Between them policies carry the news:
//!
//! | policy | from | to | with the news that |
//! |---|---|---|---|
//! | [`Accounting`] | payment | order; fulfilment | money has come, or went back |
//! | [`Planning`] | order | fulfilment | it is paid, and from which warehouses it comes |
//! | [`Dispatch`] | fulfilment | parcel; order | it is needed, or not any more; all have arrived |
//! | [`Tracking`] | parcel | order; fulfilment | it is being filled; it has arrived, or was cancelled |
//!
//! The customer is told by an effect once the order is complete: [`TellCustomer`].
//!
//! What is told may come twice, late or out of order, and each choice that follows from this is written
//! down where it is made. They have one thing in common: an order and a fulfilment remember what they were
//! told, as a set that only grows, and what follows is a function of that. So it ends as the same in whatever
//! order it comes, but for a refund, which ends it where it is; and the [`Status`] of an order never goes
//! backwards.
//!
//! The shop trades in euros.

mod accounting;
mod ahead;
mod dispatch;
mod fulfilment;
mod ids;
mod order;
mod parcel;
mod payment;
mod planning;
mod refused;
#[cfg(test)]
mod stories;
mod telling;
mod tracking;

pub use accounting::Accounting;
pub use dispatch::Dispatch;
pub use fulfilment::{CallOff, Fulfilment, FulfilmentEvent, NoteArrived, NoteCancelled, Plan};
pub use ids::{CustomerId, OrderId, ParcelId, ParcelNo, ProductId, TransferId, WarehouseId};
pub use order::{
    AddPosition, MAX_ITEMS, MAX_VALUE, NoteArrival, NoteFilling, NoteReceived, NoteRefund,
    OpenOrder, Order, OrderEvent, PAID_PERCENT, Position, RemovePosition, Status,
};
pub use parcel::{
    CancelParcel, DeliverParcel, FillParcel, OpenParcel, Parcel, ParcelEvent, ParcelStatus,
    SendParcel,
};
pub use payment::{Payment, PaymentEvent, Receive, Received, Refund};
pub use planning::{Planning, PlanningNews};
pub use refused::{
    AddRefused, CancelRefused, NoteRefused, OpenRefused, ParcelRefused, ReceiveRefused,
    RefundRefused, RemoveRefused,
};
pub use telling::{CustomerNews, TellCustomer};
pub use tracking::{Tracking, TrackingNews};
