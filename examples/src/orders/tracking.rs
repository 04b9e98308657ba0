//! From parcels to their order, and to its fulfilment.

use bailiwick_core::{Commands, Event, GiveUp, Lane, News, Policy, Start};
use serde::{Deserialize, Serialize};

use super::{
    Fulfilment, NoteArrived, NoteCancelled, NoteFilling, Order, OrderId, Parcel, ParcelEvent,
};

/// What the policy wants to know of.
#[derive(Event, Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum TrackingNews {
    /// That a parcel is being filled, and how it ended.
    #[event(only(ParcelFilled, ParcelArrived, ParcelCancelled))]
    Parcel(ParcelEvent),
}

/// Tells the order that a parcel is being filled, and the fulfilment which have arrived or were cancelled.
///
/// All parcels of one order are in one lane. Each says what happened to it in order, so an order hears that
/// it is in delivery before it hears that all has arrived.
#[derive(Debug)]
pub struct Tracking;

impl Policy for Tracking {
    const NAME: &'static str = "tracking";
    const LANE: Lane = Lane::of::<OrderId>();
    const START: Start = Start::Beginning;
    type Event = TrackingNews;
    type Views = ();

    fn keys(&self, _: &News<TrackingNews>) {}

    fn react(&self, news: &News<TrackingNews>, (): (), out: &mut Commands) -> Result<(), GiveUp> {
        let no_parcel = || GiveUp::because("no parcel says so");
        let parcel = news.emitter::<Parcel>().map_err(GiveUp::because)?.ok_or_else(no_parcel)?;
        let order: OrderId = parcel.order().clone();
        let TrackingNews::Parcel(event) = &news.event;
        match event {
            ParcelEvent::ParcelFilled { .. } => out.to::<Order>(&order).send(NoteFilling),
            ParcelEvent::ParcelArrived { .. } => {
                out.to::<Fulfilment>(&order).send(NoteArrived { parcel });
            }
            ParcelEvent::ParcelCancelled { .. } => {
                out.to::<Fulfilment>(&order).send(NoteCancelled { parcel });
            }
            ParcelEvent::ParcelOpened { .. } | ParcelEvent::ParcelSent { .. } => {}
        }
        Ok(())
    }
}
