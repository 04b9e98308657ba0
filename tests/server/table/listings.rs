//! Listings and their bidders: two remedies against bids of whoever may not bid.

use serde_json::{Value, json};

use super::{Step, refused, step};

const OPEN: &str = "POST /listings";
const LISTING: &str = "GET /listings/{listing}";
const BID: &str = "POST /listings/{listing}/bids";
const ELIGIBLE: &str = "POST /listings/{listing}/eligible-bids";
const RETRACT: &str = "DELETE /listings/{listing}/bids/{bidder}";
const CANCEL: &str = "PUT /listings/{listing}/cancellation";
const REGISTER: &str = "POST /bidders";
const BIDDER: &str = "GET /bidders/{bidder}";
const APPROVE: &str = "PUT /bidders/{bidder}/approval";
const SUSPEND: &str = "PUT /bidders/{bidder}/suspension";

fn euros(minor: u64) -> Value {
    json!({ "minor": minor, "currency": "EUR" })
}

fn listing(listing: &str, starts_at: u64, ends_at: u64) -> Value {
    json!({
        "listing": listing, "seller": "sam", "ask": euros(500), "increment": { "basis_points": 1000 },
        "starts_at": starts_at, "ends_at": ends_at
    })
}

fn but(mut body: Value, name: &str, value: Value) -> Value {
    body[name] = value;
    body
}

fn bid(bidder: &str, minor: u64) -> Value {
    json!({ "bidder": bidder, "amount": euros(minor) })
}

/// In a year that nobody here lives to see.
const NEVER: u64 = 32_503_680_000_000;

fn none() -> Value {
    Value::Null
}

pub fn steps() -> Vec<Step> {
    [bidders(), opening(), bidding(), deciding(), correcting(), cancelling()]
        .into_iter()
        .flatten()
        .collect()
}

fn bidders() -> Vec<Step> {
    vec![
        refused(BIDDER, &["ann"], none(), (404, "not_registered")),
        refused(APPROVE, &["ann"], none(), (404, "not_registered")),
        refused(SUSPEND, &["ann"], none(), (404, "not_registered")),
        step(REGISTER, &[], json!({ "bidder": "ann" }), 201).has("/bidder", "ann"),
        refused(REGISTER, &[], json!({ "bidder": "ann" }), (409, "already_registered")),
        step(BIDDER, &["ann"], none(), 200).has("/status", "registered"),
        step(APPROVE, &["ann"], none(), 204),
        step(APPROVE, &["ann"], none(), 204),
        step(BIDDER, &["ann"], none(), 200).has("/status", "approved"),
        step(REGISTER, &[], json!({ "bidder": "ben" }), 201),
        step(APPROVE, &["ben"], none(), 204),
        step(REGISTER, &[], json!({ "bidder": "kim" }), 201).by(|request| request.key("kim")),
        step(REGISTER, &[], json!({ "bidder": "kim" }), 201).by(|request| request.key("kim")),
        refused(REGISTER, &[], json!({ "bidder": "kit" }), (422, "idempotency_key_reused"))
            .by(|request| request.key("kim")),
        step(REGISTER, &[], json!({ "bidder": "newcomer" }), 201),
    ]
}

fn opening() -> Vec<Step> {
    let dollars = json!({ "amount": { "minor": 1, "currency": "USD" } });
    vec![
        refused(LISTING, &["l1"], none(), (404, "no_such_listing")),
        refused(OPEN, &[], listing("l1", 2, 2), (422, "ends_before_start")),
        refused(OPEN, &[], but(listing("l1", 1, NEVER), "ask", euros(0)), (422, "nothing_asked")),
        refused(
            OPEN,
            &[],
            but(listing("l1", 1, NEVER), "increment", json!({ "basis_points": 10_001 })),
            (422, "invalid_increment"),
        ),
        refused(
            OPEN,
            &[],
            but(listing("l1", 1, NEVER), "increment", dollars),
            (422, "other_currency"),
        ),
        step(OPEN, &[], listing("l1", 1, NEVER), 201).has("/listing", "l1"),
        refused(OPEN, &[], listing("l1", 1, NEVER), (409, "already_opened")),
        step(LISTING, &["l1"], none(), 200)
            .has("/seller", "sam")
            .has("/ask", euros(500))
            .has("/minimum", euros(500))
            .has("/leading", none())
            .has("/status", "open"),
        step(OPEN, &[], listing("later", NEVER, NEVER + 1), 201),
        step(LISTING, &["later"], none(), 200).has("/status", "not_started"),
        step(OPEN, &[], listing("past", 1, 2), 201),
        step(LISTING, &["past"], none(), 200).has("/status", "ended"),
    ]
}

fn bidding() -> Vec<Step> {
    let most = json!({ "bidder": "ben", "amount": euros(u64::MAX) });
    vec![
        refused(BID, &["nothing"], bid("ann", 500), (409, "not_started")),
        refused(BID, &["later"], bid("ann", 500), (409, "not_started")),
        refused(BID, &["past"], bid("ann", 500), (409, "ended")),
        refused(BID, &["l1"], bid("ann", 499), (409, "too_low")).has("/minimum", euros(500)),
        refused(
            BID,
            &["l1"],
            json!({ "bidder": "ann", "amount": { "minor": 500, "currency": "USD" } }),
            (422, "other_currency"),
        ),
        refused(BID, &["l1"], bid("sam", 500), (409, "by_seller")),
        step(BID, &["l1"], bid("ann", 500), 201).has("/listing", "l1").has("/bidder", "ann"),
        refused(BID, &["l1"], bid("ann", 600), (409, "already_leads")),
        refused(BID, &["l1"], bid("ben", 549), (409, "too_low")).has("/minimum", euros(550)),
        step(BID, &["l1"], bid("ben", 550), 201),
        step(LISTING, &["l1"], none(), 200)
            .has("/leading/bidder", "ben")
            .has("/leading/amount", euros(550))
            .has("/bids/0/bidder", "ann"),
        step(BIDDER, &["ben"], none(), 200).has("/bids", json!(["l1"])),
        step(RETRACT, &["l1", "ben"], none(), 204),
        refused(RETRACT, &["l1", "ben"], none(), (404, "no_standing_bid")),
        step(LISTING, &["l1"], none(), 200).has("/leading/bidder", "ann"),
        step(OPEN, &[], listing("dear", 1, NEVER), 201),
        step(BID, &["dear"], most, 201),
        refused(BID, &["dear"], bid("ann", u64::MAX), (409, "unsurpassable")),
    ]
}

/// The bid is decided with its bidder.
fn deciding() -> Vec<Step> {
    vec![
        step(OPEN, &[], listing("l2", 1, NEVER), 201),
        refused(ELIGIBLE, &["l2"], bid("nobody", 500), (403, "not_registered")),
        refused(ELIGIBLE, &["l2"], bid("newcomer", 500), (403, "not_approved")),
        step(ELIGIBLE, &["l2"], bid("ann", 500), 201).has("/listing", "l2").has("/bidder", "ann"),
        refused(ELIGIBLE, &["l2"], bid("ann", 600), (409, "already_leads")),
        refused(ELIGIBLE, &["l2"], bid("ben", 500), (409, "too_low")),
        refused(ELIGIBLE, &["nothing"], bid("ben", 500), (409, "not_started")),
        refused(ELIGIBLE, &["past"], bid("ben", 500), (409, "ended")),
        refused(ELIGIBLE, &["dear"], bid("ann", u64::MAX), (409, "unsurpassable")),
        refused(
            ELIGIBLE,
            &["l2"],
            json!({ "bidder": "ben", "amount": { "minor": 900, "currency": "USD" } }),
            (422, "other_currency"),
        ),
        step(REGISTER, &[], json!({ "bidder": "sam" }), 201),
        step(APPROVE, &["sam"], none(), 204),
        refused(ELIGIBLE, &["l2"], bid("sam", 900), (409, "by_seller")),
    ]
}

/// The bid gets in, and a policy takes it out.
fn correcting() -> Vec<Step> {
    vec![
        step(BID, &["l2"], bid("newcomer", 900), 201),
        step(LISTING, &["l2"], none(), 200).has("/leading/bidder", "ann").eventually(),
        step(SUSPEND, &["ann"], none(), 204),
        step(SUSPEND, &["ann"], none(), 204),
        step(BIDDER, &["ann"], none(), 200).has("/status", "suspended"),
        step(LISTING, &["l2"], none(), 200).has("/leading", none()).eventually(),
        refused(ELIGIBLE, &["l2"], bid("ann", 900), (403, "suspended")),
    ]
}

fn cancelling() -> Vec<Step> {
    let by = |who: &str| json!({ "by": who });
    vec![
        step(OPEN, &[], listing("l3", 1, NEVER), 201),
        refused(CANCEL, &["l3"], by("ann"), (403, "not_the_seller")),
        refused(CANCEL, &["past"], by("sam"), (409, "ended")),
        step(BID, &["l3"], bid("ben", 500), 201),
        refused(CANCEL, &["l3"], by("sam"), (409, "has_bids")),
        step(RETRACT, &["l3", "ben"], none(), 204),
        step(CANCEL, &["l3"], by("sam"), 204),
        step(LISTING, &["l3"], none(), 200).has("/status", "cancelled"),
        refused(BID, &["l3"], bid("ben", 500), (409, "cancelled")),
        refused(ELIGIBLE, &["l3"], bid("ben", 500), (409, "cancelled")),
    ]
}
