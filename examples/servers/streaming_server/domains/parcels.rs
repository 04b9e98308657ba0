//! `/orders/{order}/parcels/{number}`: a parcel of an order, as it is scanned.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, put};
use bailiwick::{Aggregates, Builder, Runtime};
use bailiwick_axum::{Call, Json, PathIds, Problem};
use bailiwick_examples::orders::{
    CancelParcel, CancelRefused, DeliverParcel, FillParcel, OrderId, Parcel, ParcelId,
    ParcelRefused, ParcelStatus, SendParcel,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::orders::Number;
use crate::answer::{done, shown};
use crate::description::schema::*;
use crate::description::{self, Operation};

/// What the runtime has to know.
pub fn add(builder: Builder) -> Builder {
    builder.aggregate::<Parcel>()
}

pub fn routes(runtime: &Runtime) -> Router {
    Router::new()
        .route("/orders/{order}/parcels/{number}", get(show))
        .route("/orders/{order}/parcels/{number}/status", put(scan))
        .with_state(runtime.aggregates::<Parcel>())
}

async fn show(
    State(parcels): State<Aggregates<Parcel>>,
    PathIds(order, number): PathIds<OrderId, Number>,
) -> Result<Response, Problem> {
    let parcel = parcels.get(ParcelId::of(&order, *number.inner()));
    let seen = parcel.read(|parcel, _| shown_parcel(parcel)).await?;
    shown(seen, || parcel_refused(ParcelRefused::NotOpened))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScanBody {
    status: Scanned,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Scanned {
    Filled,
    Sent,
    Arrived,
    Cancelled,
}

async fn scan(
    State(parcels): State<Aggregates<Parcel>>,
    PathIds(order, number): PathIds<OrderId, Number>,
    call: Call,
    Json(ScanBody { status }): Json<ScanBody>,
) -> Result<Response, Problem> {
    let parcel = parcels.get(ParcelId::of(&order, *number.inner()));
    let receipt = match status {
        Scanned::Filled => call.ask(&parcel, FillParcel, parcel_refused).await?,
        Scanned::Sent => call.ask(&parcel, SendParcel, parcel_refused).await?,
        Scanned::Arrived => call.ask(&parcel, DeliverParcel, parcel_refused).await?,
        Scanned::Cancelled => call.ask(&parcel, CancelParcel, cancel_refused).await?,
    };
    Ok(done(receipt.position))
}

/// None if nobody has asked for it.
fn shown_parcel(parcel: &Parcel) -> Option<Value> {
    let status = match parcel.status() {
        ParcelStatus::NotOpened => return None,
        ParcelStatus::Opened => "opened",
        ParcelStatus::Filled => "filled",
        ParcelStatus::Sent => "sent",
        ParcelStatus::Arrived => "arrived",
        ParcelStatus::Cancelled => "cancelled",
    };
    Some(json!({ "status": status, "warehouse": parcel.warehouse() }))
}

fn parcel_refused(refused: ParcelRefused) -> Problem {
    match refused {
        ParcelRefused::NotOpened => Problem::new(404, "no_such_parcel"),
        ParcelRefused::Cancelled => Problem::new(409, "cancelled"),
    }
}

fn cancel_refused(refused: CancelRefused) -> Problem {
    match refused {
        CancelRefused::NotOpened => Problem::new(404, "no_such_parcel"),
        CancelRefused::AlreadySent => Problem::new(409, "already_sent"),
    }
}

pub fn described() -> Vec<Operation> {
    const STATUS: &[&str] = &["opened", "filled", "sent", "arrived", "cancelled"];
    vec![
        description::get("/orders/{order}/parcels/{number}", "A parcel")
            .answers(200, object([("status", one_of(STATUS)), ("warehouse", maybe(id()))]))
            .refuses(404, &["no_such_parcel"]),
        description::put("/orders/{order}/parcels/{number}/status", "A parcel was scanned")
            .takes(object([("status", one_of(&STATUS[1..]))]))
            .answers_nothing(204)
            .refuses(404, &["no_such_parcel"])
            .refuses(409, &["cancelled", "already_sent"]),
    ]
}
