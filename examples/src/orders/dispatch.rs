//! From the fulfilment to its parcels, and to the order.

use bailiwick_core::{Commands, GiveUp, Lane, News, Policy, Start};

use super::{CancelParcel, FulfilmentEvent, NoteArrival, OpenParcel, Order, OrderId, Parcel};

/// Opens and cancels the parcels that a fulfilment asks for and calls off, and tells the order when all have
/// arrived.
///
/// A parcel that was sent refuses to be cancelled. That is recorded, and there is nothing else to do about it.
#[derive(Debug)]
pub struct Dispatch;

impl Policy for Dispatch {
    const NAME: &'static str = "dispatch";
    const LANE: Lane = Lane::of::<OrderId>();
    const START: Start = Start::Beginning;
    type Event = FulfilmentEvent;
    type Views = ();

    fn keys(&self, _: &News<FulfilmentEvent>) {}

    fn react(
        &self,
        news: &News<FulfilmentEvent>,
        (): (),
        out: &mut Commands,
    ) -> Result<(), GiveUp> {
        match &news.event {
            FulfilmentEvent::ParcelRequested { parcel, warehouse } => {
                out.to::<Parcel>(parcel).send(OpenParcel { warehouse: warehouse.clone() });
            }
            FulfilmentEvent::ParcelCalledOff { parcel } => {
                out.to::<Parcel>(parcel).send(CancelParcel);
            }
            FulfilmentEvent::DeliveryDone => {
                let order: OrderId = news.id().map_err(GiveUp::because)?;
                out.to::<Order>(&order).send(NoteArrival);
            }
            FulfilmentEvent::DeliveryPlanned { .. }
            | FulfilmentEvent::ParcelConfirmed { .. }
            | FulfilmentEvent::ParcelLost { .. }
            | FulfilmentEvent::DeliveryCalledOff => {}
        }
        Ok(())
    }
}
