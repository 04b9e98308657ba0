//! `/bidders`: who may bid.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post, put};
use bailiwick::{Aggregates, Builder, Runtime};
use bailiwick_axum::{Call, Json, PathId, Problem, UrlId};
use bailiwick_examples::auction::{
    Approve, Bidder, BidderId, BidderRefused, Ineligible, Register, StandingBids, Suspend,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::{created, done};
use crate::description::schema::*;
use crate::description::{self, Operation};

/// What the runtime has to know.
pub fn add(builder: Builder) -> Builder {
    builder.aggregate::<Bidder>().reads::<StandingBids>()
}

pub fn routes(runtime: &Runtime) -> Router {
    let look = Router::new().route("/bidders/{bidder}", get(show)).with_state(runtime.clone());
    Router::new()
        .route("/bidders", post(register))
        .route("/bidders/{bidder}/approval", put(approve))
        .route("/bidders/{bidder}/suspension", put(suspend))
        .with_state(runtime.aggregates::<Bidder>())
        .merge(look)
}

type Bidders = State<Aggregates<Bidder>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RegisterBody {
    bidder: UrlId<BidderId>,
}

async fn register(
    State(bidders): Bidders,
    call: Call,
    Json(RegisterBody { bidder: UrlId(bidder) }): Json<RegisterBody>,
) -> Result<Response, Problem> {
    let receipt = call.ask(&bidders.get(bidder.clone()), Register, bidder_refused).await?;
    Ok(created(receipt.position, json!({ "bidder": bidder })))
}

async fn approve(
    State(bidders): Bidders,
    PathId(bidder): PathId<BidderId>,
    call: Call,
) -> Result<Response, Problem> {
    let receipt = call.ask(&bidders.get(bidder), Approve, bidder_refused).await?;
    Ok(done(receipt.position))
}

async fn suspend(
    State(bidders): Bidders,
    PathId(bidder): PathId<BidderId>,
    call: Call,
) -> Result<Response, Problem> {
    let receipt = call.ask(&bidders.get(bidder), Suspend, bidder_refused).await?;
    Ok(done(receipt.position))
}

/// The bidder, and a view of what was bid anywhere: two reads, and so no position of both.
async fn show(
    State(runtime): State<Runtime>,
    PathId(id): PathId<BidderId>,
) -> Result<Json<Value>, Problem> {
    let bids = runtime.read::<StandingBids>(&id).await?.value;
    let bidder = runtime.aggregates::<Bidder>().get(id);
    let shown = bidder.read(move |bidder, _| shown_bidder(bidder, &bids)).await?.value;
    let nobody = || {
        let why = BidderRefused::NotRegistered;
        bidder_refused(why).detail(why.to_string())
    };
    shown.map(Json).ok_or_else(nobody)
}

/// None if nobody has registered.
fn shown_bidder(bidder: &Bidder, bids: &StandingBids) -> Option<Value> {
    let status = match bidder.eligible() {
        Ok(()) => "approved",
        Err(Ineligible::NotApproved) => "registered",
        Err(Ineligible::Suspended) => "suspended",
        Err(Ineligible::NotRegistered) => return None,
    };
    let bids: Vec<_> = bids.listings().collect();
    Some(json!({ "bidder": bidder.id(), "status": status, "bids": bids }))
}

fn bidder_refused(refused: BidderRefused) -> Problem {
    match refused {
        BidderRefused::AlreadyRegistered => Problem::new(409, "already_registered"),
        BidderRefused::NotRegistered => Problem::new(404, "not_registered"),
    }
}

pub fn described() -> Vec<Operation> {
    vec![
        description::post("/bidders", "Registers a bidder")
            .takes(object([("bidder", id())]))
            .answers(201, object([("bidder", id())]))
            .refuses(409, &["already_registered"]),
        description::get("/bidders/{bidder}", "A bidder, and where there is a bid that stands")
            .answers(
                200,
                object([
                    ("bidder", id()),
                    ("status", one_of(&["registered", "approved", "suspended"])),
                    ("bids", list(id())),
                ]),
            )
            .refuses(404, &["not_registered"]),
        description::put("/bidders/{bidder}/approval", "Lets a bidder bid")
            .answers_nothing(204)
            .refuses(404, &["not_registered"]),
        description::put("/bidders/{bidder}/suspension", "Lets a bidder bid no more")
            .answers_nothing(204)
            .refuses(404, &["not_registered"]),
    ]
}
