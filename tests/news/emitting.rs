//! What a decision may emit: nobody is acknowledged for an event that nobody finds.

use std::convert::Infallible;

use bailiwick::{
    Aggregate, Cause, Context, Decision, EmitError, Event, MemoryJournal, Runtime, Timestamp, View,
    id,
};
use serde::{Deserialize, Serialize};

id!(SeatId: "seat", GuestId: "guest");

/// Names whom it concerns, as far as it is told.
#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Released {
    #[tag]
    seat: Option<SeatId>,
    #[tag]
    guest: Option<GuestId>,
}

struct Seat;

impl View for Seat {
    type Key = SeatId;
    type Event = Released;

    fn new(_: &SeatId) -> Self {
        Seat
    }

    fn apply(&mut self, _: &Released, _: Timestamp) {}
}

impl Aggregate for Seat {
    const NAME: &'static str = "seat";
}

/// How many seats a guest has given back.
struct Guest;

impl View for Guest {
    type Key = GuestId;
    type Event = Released;

    fn new(_: &GuestId) -> Self {
        Guest
    }

    fn apply(&mut self, _: &Released, _: Timestamp) {}
}

impl Aggregate for Guest {
    const NAME: &'static str = "guest";
}

struct Release(Released);

impl Decision for Release {
    type Views = ();
    type Event = Released;
    type Reply = ();
    type Rejection = Infallible;

    fn keys(&self) {}

    fn decide(&self, (): (), ctx: &mut Context<Released>) -> Result<(), Infallible> {
        ctx.emit(self.0.clone());
        Ok(())
    }
}

/// The same, but reads what the guest has given back.
struct GiveBack(GuestId);

impl Decision for GiveBack {
    type Views = Guest;
    type Event = Released;
    type Reply = ();
    type Rejection = Infallible;

    fn keys(&self) -> GuestId {
        self.0.clone()
    }

    fn decide(&self, _: &Guest, ctx: &mut Context<Released>) -> Result<(), Infallible> {
        ctx.emit(Released { seat: None, guest: Some(self.0.clone()) });
        Ok(())
    }
}

fn released(seat: Option<&'static str>, guest: Option<&'static str>) -> Release {
    Release(Released { seat: seat.map(SeatId::from), guest: guest.map(GuestId::from) })
}

#[tokio::test]
async fn an_event_of_an_aggregate_under_the_id_of_somebody_else_only_is_refused() {
    let builder = Runtime::builder(MemoryJournal::new()).aggregate::<Seat>();
    let runtime = builder.decision::<Release>().start().await.unwrap();
    let error = runtime.decide(released(None, Some("ann"))).await.unwrap_err();
    let Some(Cause::Emit(EmitError::Misaddressed { event_type, keys, tags })) = error.not_run()
    else {
        panic!("{error:?}");
    };
    assert_eq!((*event_type, &keys[..]), ("Released", &["seat"][..]));
    assert_eq!(tags.as_slice()[0].as_str(), "guest:ann");
    for part in ["Released", "\"seat\"", "guest:ann", "#[tag]"] {
        assert!(error.to_string().contains(part), "{error}");
    }
    let error = runtime.decide(released(None, None)).await.unwrap_err();
    assert!(error.to_string().contains("carries no tag"), "{error}");
    runtime.decide(released(Some("1"), Some("ann"))).await.unwrap();
    runtime.decide(released(Some("1"), None)).await.unwrap();
}

#[tokio::test]
async fn one_of_those_who_read_it_is_enough() {
    let builder = Runtime::builder(MemoryJournal::new()).aggregate::<Seat>().aggregate::<Guest>();
    let runtime = builder.decision::<Release>().start().await.unwrap();
    runtime.decide(released(None, Some("ann"))).await.unwrap();
    runtime.decide(released(Some("1"), None)).await.unwrap();
}

#[tokio::test]
async fn a_view_of_the_same_decision_is_a_reader_too() {
    let builder = Runtime::builder(MemoryJournal::new()).aggregate::<Seat>();
    let runtime = builder.decision::<GiveBack>().start().await.unwrap();
    runtime.decide(GiveBack("ann".into())).await.unwrap();
}

#[tokio::test]
async fn what_no_aggregate_reads_may_concern_anybody() {
    let runtime =
        Runtime::builder(MemoryJournal::new()).decision::<Release>().start().await.unwrap();
    runtime.decide(released(None, Some("ann"))).await.unwrap();
}
