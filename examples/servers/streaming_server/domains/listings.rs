//! `/listings`: items that are up for auction, and the bids for them.
//!
//! A bid gets in whoever the bidder is, and a policy takes it out again if it must not stand; or it is decided
//! together with its bidder, as an eligible one.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{delete, get, post, put};
use bailiwick::{Aggregates, Builder, Decisions, Runtime, Timestamp};
use bailiwick_axum::{Call, Json, PathId, PathIds, Problem, UrlId};
use bailiwick_examples::auction::{
    Bid, BidRefused, BidderId, Cancel, CancelRefused, Corrective, EligibleBidRefused, Increment,
    Ineligible, Listing, ListingId, Open, OpenRefused, PlaceBid, PlaceEligibleBid, RetractBid,
    RetractRefused, TellBidders, Terms,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::money::{self, MoneyBody};
use super::notices::Noticeboard;
use crate::answer::{created, done, shown};
use crate::description::schema::*;
use crate::description::{self, Operation};

/// What the runtime has to know.
pub fn add(builder: Builder) -> Builder {
    builder
        .aggregate::<Listing>()
        .decision::<PlaceEligibleBid>()
        .policy(Corrective)
        .effect(TellBidders(Noticeboard))
}

pub fn routes(runtime: &Runtime) -> Router {
    let decided = Router::new()
        .route("/listings/{listing}/eligible-bids", post(bid_eligible))
        .with_state(runtime.decisions());
    Router::new()
        .route("/listings", post(open))
        .route("/listings/{listing}", get(show))
        .route("/listings/{listing}/bids", post(bid))
        .route("/listings/{listing}/bids/{bidder}", delete(retract))
        .route("/listings/{listing}/cancellation", put(cancel))
        .with_state(runtime.aggregates::<Listing>())
        .merge(decided)
}

type Listings = State<Aggregates<Listing>>;

async fn open(
    State(listings): Listings,
    call: Call,
    Json(body): Json<OpenBody>,
) -> Result<Response, Problem> {
    let (listing, terms) = body.terms();
    let receipt = call.ask(&listings.get(listing.clone()), Open(terms), open_refused).await?;
    Ok(created(receipt.position, json!({ "listing": listing })))
}

async fn show(
    State(listings): Listings,
    PathId(listing): PathId<ListingId>,
) -> Result<Response, Problem> {
    let seen = listings.get(listing).read(shown_listing).await?;
    shown(seen, || Problem::new(404, "no_such_listing").detail("nobody has opened it"))
}

async fn bid(
    State(listings): Listings,
    PathId(listing): PathId<ListingId>,
    call: Call,
    Json(body): Json<BidBody>,
) -> Result<Response, Problem> {
    let bid = PlaceBid::from(body);
    let placed = shown_placed(&listing, &bid);
    let receipt = call.ask(&listings.get(listing), bid, bid_refused).await?;
    Ok(created(receipt.position, placed))
}

async fn bid_eligible(
    State(decisions): State<Decisions>,
    PathId(listing): PathId<ListingId>,
    call: Call,
    Json(body): Json<BidBody>,
) -> Result<Response, Problem> {
    let bid = PlaceBid::from(body);
    let placed = shown_placed(&listing, &bid);
    let decision = PlaceEligibleBid { listing, bid };
    let receipt = call.decide(&decisions, decision, eligible_bid_refused).await?;
    Ok(created(receipt.position, placed))
}

async fn retract(
    State(listings): Listings,
    PathIds(listing, bidder): PathIds<ListingId, BidderId>,
    call: Call,
) -> Result<Response, Problem> {
    let command = RetractBid { bidder };
    let receipt = call.ask(&listings.get(listing), command, |refused| match refused {
        RetractRefused::NoStandingBid => Problem::new(404, "no_standing_bid"),
        RetractRefused::Ended => Problem::new(409, "ended"),
    });
    Ok(done(receipt.await?.position))
}

async fn cancel(
    State(listings): Listings,
    PathId(listing): PathId<ListingId>,
    call: Call,
    Json(body): Json<CancelBody>,
) -> Result<Response, Problem> {
    let command = Cancel { by: body.by.0 };
    let receipt = call.ask(&listings.get(listing), command, |refused| match refused {
        CancelRefused::NotTheSeller => Problem::new(403, "not_the_seller"),
        CancelRefused::Ended => Problem::new(409, "ended"),
        CancelRefused::HasBids => Problem::new(409, "has_bids"),
    });
    Ok(done(receipt.await?.position))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OpenBody {
    listing: UrlId<ListingId>,
    seller: UrlId<BidderId>,
    ask: MoneyBody,
    increment: IncrementBody,
    starts_at: u64,
    ends_at: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
enum IncrementBody {
    Amount(MoneyBody),
    BasisPoints(u32),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BidBody {
    bidder: UrlId<BidderId>,
    amount: MoneyBody,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CancelBody {
    by: UrlId<BidderId>,
}

impl OpenBody {
    fn terms(self) -> (ListingId, Terms) {
        let increment = match self.increment {
            IncrementBody::Amount(amount) => Increment::Amount(amount.into()),
            IncrementBody::BasisPoints(points) => Increment::BasisPoints(points),
        };
        let [starts_at, ends_at] = [self.starts_at, self.ends_at].map(Timestamp::from_millis);
        let (seller, ask) = (self.seller.0, self.ask.into());
        (self.listing.0, Terms { seller, ask, increment, starts_at, ends_at })
    }
}

impl From<BidBody> for PlaceBid {
    fn from(BidBody { bidder, amount }: BidBody) -> PlaceBid {
        PlaceBid { bidder: bidder.0, amount: amount.into() }
    }
}

/// None if it was never opened.
fn shown_listing(listing: &Listing, now: Timestamp) -> Option<Value> {
    let terms = listing.terms()?;
    let status = match () {
        () if listing.cancelled() => "cancelled",
        () if listing.ended(now) => "ended",
        () if now < terms.starts_at => "not_started",
        () => "open",
    };
    let increment = match terms.increment {
        Increment::Amount(amount) => json!({ "amount": money::shown(amount) }),
        Increment::BasisPoints(points) => json!({ "basis_points": points }),
    };
    Some(json!({
        "listing": listing.id(),
        "status": status,
        "seller": terms.seller,
        "ask": money::shown(terms.ask),
        "increment": increment,
        "starts_at": terms.starts_at.as_millis(),
        "ends_at": terms.ends_at.as_millis(),
        "leading": listing.leading().map(shown_bid),
        "minimum": listing.minimum(terms).map(money::shown),
        "bids": listing.standing().map(shown_bid).collect::<Vec<_>>(),
    }))
}

fn shown_placed(listing: &ListingId, bid: &PlaceBid) -> Value {
    json!({ "listing": listing, "bidder": bid.bidder, "amount": money::shown(bid.amount) })
}

fn shown_bid(bid: &Bid) -> Value {
    json!({
        "bidder": bid.bidder,
        "amount": money::shown(bid.amount),
        "placed_at": bid.placed_at.as_millis(),
    })
}

fn open_refused(refused: OpenRefused) -> Problem {
    match refused {
        OpenRefused::AlreadyOpened => Problem::new(409, "already_opened"),
        OpenRefused::EndsBeforeStart => Problem::new(422, "ends_before_start"),
        OpenRefused::NothingAsked => Problem::new(422, "nothing_asked"),
        OpenRefused::InvalidIncrement => Problem::new(422, "invalid_increment"),
        OpenRefused::OtherCurrency(_) => Problem::new(422, "other_currency"),
    }
}

fn bid_refused(refused: BidRefused) -> Problem {
    match refused {
        BidRefused::NotStarted => Problem::new(409, "not_started"),
        BidRefused::Ended => Problem::new(409, "ended"),
        BidRefused::Cancelled => Problem::new(409, "cancelled"),
        BidRefused::OtherCurrency(_) => Problem::new(422, "other_currency"),
        BidRefused::TooLow { minimum } => {
            Problem::new(409, "too_low").with("minimum", money::shown(minimum))
        }
        BidRefused::Unsurpassable => Problem::new(409, "unsurpassable"),
        BidRefused::BySeller => Problem::new(409, "by_seller"),
        BidRefused::AlreadyLeads => Problem::new(409, "already_leads"),
    }
}

fn eligible_bid_refused(refused: EligibleBidRefused) -> Problem {
    match refused {
        EligibleBidRefused::Bid(refused) => bid_refused(refused),
        EligibleBidRefused::Ineligible(why) => match why {
            Ineligible::NotRegistered => Problem::new(403, "not_registered"),
            Ineligible::NotApproved => Problem::new(403, "not_approved"),
            Ineligible::Suspended => Problem::new(403, "suspended"),
        },
    }
}

pub fn described() -> Vec<Operation> {
    let increment = either(
        object([("amount", money())]),
        object([("basis_points", count_upto(u32::MAX.into()))]),
    );
    let bid = || object([("bidder", id()), ("amount", money())]);
    let placed = || object([("listing", id()), ("bidder", id()), ("amount", money())]);
    let standing = || object([("bidder", id()), ("amount", money()), ("placed_at", time())]);
    let refusing_bids = |operation: Operation| {
        let codes = [
            "not_started",
            "ended",
            "cancelled",
            "too_low",
            "unsurpassable",
            "by_seller",
            "already_leads",
        ];
        operation.refuses(409, &codes).refuses(422, &["other_currency"])
    };
    vec![
        description::post("/listings", "Offers an item")
            .takes(object([
                ("listing", id()),
                ("seller", id()),
                ("ask", money()),
                ("increment", increment.clone()),
                ("starts_at", time()),
                ("ends_at", time()),
            ]))
            .answers(201, object([("listing", id())]))
            .refuses(409, &["already_opened"])
            .refuses(
                422,
                &["ends_before_start", "nothing_asked", "invalid_increment", "other_currency"],
            ),
        description::get("/listings/{listing}", "An item, with the bids that stand")
            .answers(
                200,
                object([
                    ("listing", id()),
                    ("status", one_of(&["not_started", "open", "ended", "cancelled"])),
                    ("seller", id()),
                    ("ask", money()),
                    ("increment", increment),
                    ("starts_at", time()),
                    ("ends_at", time()),
                    ("leading", maybe(standing())),
                    ("minimum", maybe(money())),
                    ("bids", list(standing())),
                ]),
            )
            .refuses(404, &["no_such_listing"]),
        refusing_bids(
            description::post(
                "/listings/{listing}/bids",
                "Bids; a policy takes out what must not stand",
            )
            .takes(bid())
            .answers(201, placed()),
        ),
        refusing_bids(
            description::post("/listings/{listing}/eligible-bids", "Bids, if the bidder may")
                .takes(bid())
                .answers(201, placed())
                .refuses(403, &["not_registered", "not_approved", "suspended"]),
        ),
        description::delete("/listings/{listing}/bids/{bidder}", "Takes a bid back")
            .answers_nothing(204)
            .refuses(404, &["no_standing_bid"])
            .refuses(409, &["ended"]),
        description::put("/listings/{listing}/cancellation", "Takes an item back")
            .takes(object([("by", id())]))
            .answers_nothing(204)
            .refuses(403, &["not_the_seller"])
            .refuses(409, &["ended", "has_bids"]),
    ]
}
