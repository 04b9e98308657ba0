//! Orders, their payments and their parcels, which agree later.

use serde_json::{Value, json};

use super::{Step, refused, step};

const OPEN: &str = "POST /orders";
const ORDER: &str = "GET /orders/{order}";
const ADD: &str = "POST /orders/{order}/positions";
const REMOVE: &str = "DELETE /orders/{order}/positions/{number}";
const PAY: &str = "POST /orders/{order}/payments";
const PAYMENT: &str = "GET /orders/{order}/payment";
const REFUND: &str = "PUT /orders/{order}/refund";
const PARCELS: &str = "GET /orders/{order}/parcels";
const PARCEL: &str = "GET /orders/{order}/parcels/{number}";
const SCAN: &str = "PUT /orders/{order}/parcels/{number}/status";

fn none() -> Value {
    Value::Null
}

fn euros(minor: u64) -> Value {
    json!({ "minor": minor, "currency": "EUR" })
}

fn position(minor: i64, quantity: u32) -> Value {
    json!({
        "product": "mug", "warehouse": "north", "quantity": quantity,
        "unit_price": { "minor": minor, "currency": "EUR" }
    })
}

fn transfer(transfer: &str, minor: u64) -> Value {
    json!({ "transfer": transfer, "amount": euros(minor) })
}

fn scan(status: &str) -> Value {
    json!({ "status": status })
}

fn open(order: &str) -> Step {
    step(OPEN, &[], json!({ "order": order, "customer": "cleo" }), 201).has("/order", order)
}

pub fn steps() -> Vec<Step> {
    [limits(), paying(), delivering(), refunding()].into_iter().flatten().collect()
}

fn limits() -> Vec<Step> {
    let dollars = json!({ "minor": 1, "currency": "USD" });
    let mut abroad = position(1, 1);
    abroad["unit_price"] = dollars.clone();
    vec![
        refused(ORDER, &["o1"], none(), (404, "no_such_order")),
        refused(ADD, &["o1"], position(1, 1), (404, "no_such_order")),
        open("o1"),
        refused(OPEN, &[], json!({ "order": "o1", "customer": "cleo" }), (409, "already_opened")),
        refused(ADD, &["o1"], position(1, 101), (409, "too_many_items"))
            .has("/limit", 100)
            .has("/total", 101),
        refused(ADD, &["o1"], position(500_001, 1), (409, "too_much_value"))
            .has("/limit", euros(500_000))
            .has("/total", euros(500_001)),
        refused(ADD, &["o1"], position(1, 0), (422, "no_quantity")),
        refused(ADD, &["o1"], position(-1, 1), (422, "negative_price")),
        refused(ADD, &["o1"], position(i64::MAX, 100), (422, "overflow")),
        refused(ADD, &["o1"], abroad, (422, "other_currency")),
        step(ADD, &["o1"], position(1_000, 2), 201).has("/number", 1),
        step(ADD, &["o1"], position(1, 1), 201).has("/number", 2),
        step(REMOVE, &["o1", "2"], none(), 204),
        refused(REMOVE, &["o1", "2"], none(), (404, "no_such_position")),
        step(ORDER, &["o1"], none(), 200)
            .has("/status", "unpaid")
            .has("/value", euros(2_000))
            .has("/items", 2)
            .has("/positions/0/number", 1)
            .has("/positions/0/unit_price", euros(1_000)),
    ]
}

fn paying() -> Vec<Step> {
    let dollars = json!({ "transfer": "t0", "amount": { "minor": 5, "currency": "USD" } });
    vec![
        step(PAYMENT, &["o1"], none(), 200).has("/total", euros(0)).has("/refunded", false),
        refused(REFUND, &["o1"], none(), (409, "nothing_received")),
        refused(PAY, &["o1"], dollars, (422, "other_currency")),
        refused(PAY, &["o1"], transfer("t0", 0), (422, "no_amount")),
        step(PAY, &["o1"], transfer("t1", 2_000), 201)
            .has("/counts", true)
            .has("/total", euros(2_000)),
        step(PAY, &["o1"], transfer("t1", 2_000), 201).has("/total", euros(2_000)),
        refused(PAY, &["o1"], transfer("t1", 1_999), (409, "transfer_differs"))
            .has("/amount", euros(2_000)),
        refused(PAY, &["o1"], transfer("t2", u64::MAX), (422, "overflow")),
        step(ORDER, &["o1"], none(), 200).has("/status", "paid").eventually(),
        refused(ADD, &["o1"], position(1_000, 1), (409, "not_covered"))
            .has("/received", euros(2_000))
            .has("/total", euros(3_000)),
    ]
}

fn delivering() -> Vec<Step> {
    vec![
        step(PARCELS, &["o1"], none(), 200)
            .has("/parcels", json!([{ "number": 1, "warehouse": "north" }]))
            .has("/done", false)
            .eventually(),
        step(PARCEL, &["o1", "1"], none(), 200).has("/status", "opened").eventually(),
        refused(PARCEL, &["o1", "2"], none(), (404, "no_such_parcel")),
        refused(SCAN, &["o1", "2"], scan("filled"), (404, "no_such_parcel")),
        step(SCAN, &["o1", "1"], scan("filled"), 204),
        step(ORDER, &["o1"], none(), 200)
            .has("/status", "in_delivery")
            .has("/packed", true)
            .eventually(),
        refused(ADD, &["o1"], position(1, 1), (409, "packed")),
        refused(REMOVE, &["o1", "1"], none(), (409, "packed")),
        step(SCAN, &["o1", "1"], scan("sent"), 204),
        refused(SCAN, &["o1", "1"], scan("cancelled"), (409, "already_sent")),
        step(SCAN, &["o1", "1"], scan("arrived"), 204),
        step(PARCEL, &["o1", "1"], none(), 200)
            .has("/status", "arrived")
            .has("/warehouse", "north"),
        step(ORDER, &["o1"], none(), 200).has("/status", "completed").eventually(),
        step(PARCELS, &["o1"], none(), 200).has("/done", true),
    ]
}

fn refunding() -> Vec<Step> {
    vec![
        open("o2"),
        step(ADD, &["o2"], position(1_000, 1), 201),
        step(PAY, &["o2"], transfer("t1", 1_000), 201),
        step(PARCEL, &["o2", "1"], none(), 200).has("/status", "opened").eventually(),
        step(REFUND, &["o2"], none(), 204),
        step(REFUND, &["o2"], none(), 204),
        step(PAYMENT, &["o2"], none(), 200).has("/refunded", true).has("/total", euros(0)),
        step(PAY, &["o2"], transfer("t2", 50), 201).has("/counts", false),
        step(ORDER, &["o2"], none(), 200).has("/refunded", true).eventually(),
        refused(ADD, &["o2"], position(1, 1), (409, "refunded")),
        refused(REMOVE, &["o2", "1"], none(), (409, "refunded")),
        step(PARCELS, &["o2"], none(), 200).has("/called_off", true).eventually(),
        step(PARCEL, &["o2", "1"], none(), 200).has("/status", "cancelled").eventually(),
        refused(SCAN, &["o2", "1"], scan("filled"), (409, "cancelled")),
        step(SCAN, &["o2", "1"], scan("cancelled"), 204),
    ]
}
