//! `/orders`: orders, their payments and their parcels, small aggregates that agree later, by policies.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{delete, get, post, put};
use bailiwick::{Aggregates, Builder, Runtime, id};
use bailiwick_axum::{Call, Json, PathId, PathIds, Problem, UrlId};
use bailiwick_examples::orders::{
    Accounting, AddPosition, AddRefused, CustomerId, Dispatch, Fulfilment, OpenOrder, OpenRefused,
    Order, OrderId, ParcelId, Payment, Planning, Position, ProductId, Receive, ReceiveRefused,
    Received, Refund, RefundRefused, RemovePosition, RemoveRefused, Status, TellCustomer, Tracking,
    TransferId, WarehouseId,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::money::{self, AmountBody, MoneyBody};
use super::notices::Noticeboard;
use crate::answer::{created, done, shown};
use crate::description::schema::*;
use crate::description::{self, Operation};

id!(
    /// The number of a position or of a parcel of an order, in a path.
    pub Number(u32): "number",
);

/// What the runtime has to know.
pub fn add(builder: Builder) -> Builder {
    builder
        .aggregate::<Order>()
        .aggregate::<Payment>()
        .aggregate::<Fulfilment>()
        .policy(Accounting)
        .policy(Planning)
        .policy(Dispatch)
        .policy(Tracking)
        .effect(TellCustomer(Noticeboard))
}

pub fn routes(runtime: &Runtime) -> Router {
    let orders = Router::new()
        .route("/orders", post(open))
        .route("/orders/{order}", get(show))
        .route("/orders/{order}/positions", post(add_position))
        .route("/orders/{order}/positions/{number}", delete(remove_position))
        .with_state(runtime.aggregates::<Order>());
    let payments = Router::new()
        .route("/orders/{order}/payment", get(payment))
        .route("/orders/{order}/payments", post(receive))
        .route("/orders/{order}/refund", put(refund))
        .with_state(runtime.aggregates::<Payment>());
    let parcels = Router::new()
        .route("/orders/{order}/parcels", get(parcels))
        .with_state(runtime.aggregates::<Fulfilment>());
    orders.merge(payments).merge(parcels)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OpenBody {
    order: UrlId<OrderId>,
    customer: UrlId<CustomerId>,
}

async fn open(
    State(orders): State<Aggregates<Order>>,
    call: Call,
    Json(OpenBody { order, customer }): Json<OpenBody>,
) -> Result<Response, Problem> {
    let command = OpenOrder { customer: customer.0 };
    let receipt = call.ask(&orders.get(order.0.clone()), command, |refused| match refused {
        OpenRefused::AlreadyOpened => Problem::new(409, "already_opened"),
    });
    Ok(created(receipt.await?.position, json!({ "order": order.0 })))
}

async fn show(
    State(orders): State<Aggregates<Order>>,
    PathId(order): PathId<OrderId>,
) -> Result<Response, Problem> {
    let id = order.clone();
    let seen = orders.get(order).read(move |order, _| shown_order(&id, order)).await?;
    shown(seen, || Problem::new(404, "no_such_order").detail("nobody has opened it"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PositionBody {
    product: UrlId<ProductId>,
    warehouse: UrlId<WarehouseId>,
    unit_price: AmountBody,
    quantity: u32,
}

async fn add_position(
    State(orders): State<Aggregates<Order>>,
    PathId(order): PathId<OrderId>,
    call: Call,
    Json(body): Json<PositionBody>,
) -> Result<Response, Problem> {
    let (product, warehouse) = (body.product.0, body.warehouse.0);
    let (unit_price, quantity) = (body.unit_price.into(), body.quantity);
    let command = AddPosition { product, warehouse, unit_price, quantity };
    let receipt = call.ask(&orders.get(order), command, add_refused).await?;
    Ok(created(receipt.position, json!({ "number": receipt.reply })))
}

async fn remove_position(
    State(orders): State<Aggregates<Order>>,
    PathIds(order, number): PathIds<OrderId, Number>,
    call: Call,
) -> Result<Response, Problem> {
    let command = RemovePosition { number: *number.inner() };
    let receipt = call.ask(&orders.get(order), command, |refused| match refused {
        RemoveRefused::Refunded => Problem::new(409, "refunded"),
        RemoveRefused::Packed => Problem::new(409, "packed"),
        RemoveRefused::NoSuchPosition => Problem::new(404, "no_such_position"),
    });
    Ok(done(receipt.await?.position))
}

async fn payment(
    State(payments): State<Aggregates<Payment>>,
    PathId(order): PathId<OrderId>,
) -> Result<Json<Value>, Problem> {
    let seen = payments.get(order).read(|payment, _| {
        json!({ "total": money::shown(payment.total()), "refunded": payment.refunded() })
    });
    Ok(Json(seen.await?.value))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TransferBody {
    transfer: UrlId<TransferId>,
    amount: MoneyBody,
}

async fn receive(
    State(payments): State<Aggregates<Payment>>,
    PathId(order): PathId<OrderId>,
    call: Call,
    Json(TransferBody { transfer, amount }): Json<TransferBody>,
) -> Result<Response, Problem> {
    let command = Receive { transfer: transfer.0, amount: amount.into() };
    let receipt = call.ask(&payments.get(order), command, receive_refused).await?;
    let answer = match receipt.reply {
        Received::Counts { total } => json!({ "counts": true, "total": money::shown(total) }),
        Received::GoesBack => json!({ "counts": false, "total": null }),
    };
    Ok(created(receipt.position, answer))
}

async fn refund(
    State(payments): State<Aggregates<Payment>>,
    PathId(order): PathId<OrderId>,
    call: Call,
) -> Result<Response, Problem> {
    let receipt = call.ask(&payments.get(order), Refund, |refused| match refused {
        RefundRefused::NothingReceived => Problem::new(409, "nothing_received"),
    });
    Ok(done(receipt.await?.position))
}

async fn parcels(
    State(fulfilments): State<Aggregates<Fulfilment>>,
    PathId(order): PathId<OrderId>,
) -> Result<Json<Value>, Problem> {
    let seen = fulfilments.get(order).read(|fulfilment, _| shown_parcels(fulfilment));
    Ok(Json(seen.await?.value))
}

/// None if nobody has opened it, and it was told nothing.
fn shown_order(id: &OrderId, order: &Order) -> Option<Value> {
    let customer = order.customer()?;
    let status = match order.status() {
        Status::Unpaid => "unpaid",
        Status::Paid => "paid",
        Status::InDelivery => "in_delivery",
        Status::Completed => "completed",
    };
    let position = |(number, position): (&u32, &Position)| {
        json!({
            "number": number,
            "product": position.product,
            "warehouse": position.warehouse,
            "unit_price": money::shown(position.unit_price),
            "quantity": position.quantity,
        })
    };
    Some(json!({
        "order": id,
        "customer": customer,
        "status": status,
        "positions": order.positions().iter().map(position).collect::<Vec<_>>(),
        "items": order.items(),
        "value": money::shown(order.value()),
        "received": money::shown(order.received()),
        "overpaid": money::shown(order.overpaid()),
        "packed": order.packed(),
        "refunded": order.refunded(),
    }))
}

fn shown_parcels(fulfilment: &Fulfilment) -> Value {
    let parcel = |(parcel, warehouse): (ParcelId, &WarehouseId)| json!({ "number": parcel.inner().number, "warehouse": warehouse });
    json!({
        "parcels": fulfilment.needed().map(parcel).collect::<Vec<_>>(),
        "done": fulfilment.done(),
        "called_off": fulfilment.called_off(),
    })
}

fn add_refused(refused: AddRefused) -> Problem {
    match refused {
        AddRefused::NotOpened => Problem::new(404, "no_such_order"),
        AddRefused::Refunded => Problem::new(409, "refunded"),
        AddRefused::Packed => Problem::new(409, "packed"),
        AddRefused::TooManyItems { limit, total } => {
            Problem::new(409, "too_many_items").with("limit", limit).with("total", total)
        }
        AddRefused::TooMuchValue { limit, total } => Problem::new(409, "too_much_value")
            .with("limit", money::shown(limit))
            .with("total", money::shown(total)),
        AddRefused::NoQuantity => Problem::new(422, "no_quantity"),
        AddRefused::NegativePrice => Problem::new(422, "negative_price"),
        AddRefused::Overflow => Problem::new(422, "overflow"),
        AddRefused::OtherCurrency(_) => Problem::new(422, "other_currency"),
        AddRefused::NotCovered { received, total } => Problem::new(409, "not_covered")
            .with("received", money::shown(received))
            .with("total", money::shown(total)),
    }
}

fn receive_refused(refused: ReceiveRefused) -> Problem {
    match refused {
        ReceiveRefused::OtherCurrency(_) => Problem::new(422, "other_currency"),
        ReceiveRefused::Nothing => Problem::new(422, "no_amount"),
        ReceiveRefused::TransferDiffers { amount, .. } => {
            Problem::new(409, "transfer_differs").with("amount", money::shown(amount))
        }
        ReceiveRefused::Overflow => Problem::new(422, "overflow"),
    }
}

pub fn described() -> Vec<Operation> {
    const STATUS: &[&str] = &["unpaid", "paid", "in_delivery", "completed"];
    vec![
        description::post("/orders", "Opens an order")
            .takes(object([("order", id()), ("customer", id())]))
            .answers(201, object([("order", id())]))
            .refuses(409, &["already_opened"]),
        description::get("/orders/{order}", "An order, and how far it has come")
            .answers(
                200,
                object([
                    ("order", id()),
                    ("customer", id()),
                    ("status", one_of(STATUS)),
                    (
                        "positions",
                        list(object([
                            ("number", count()),
                            ("product", id()),
                            ("warehouse", id()),
                            ("unit_price", money()),
                            ("quantity", count()),
                        ])),
                    ),
                    ("items", count()),
                    ("value", money()),
                    ("received", money()),
                    ("overpaid", money()),
                    ("packed", yes_or_no()),
                    ("refunded", yes_or_no()),
                ]),
            )
            .refuses(404, &["no_such_order"]),
        description::post("/orders/{order}/positions", "Adds a position")
            .takes(object([
                ("product", id()),
                ("warehouse", id()),
                ("unit_price", amount()),
                ("quantity", count_upto(u32::MAX.into())),
            ]))
            .answers(201, object([("number", count())]))
            .refuses(404, &["no_such_order"])
            .refuses(
                409,
                &["refunded", "packed", "too_many_items", "too_much_value", "not_covered"],
            )
            .refuses(422, &["no_quantity", "negative_price", "overflow", "other_currency"]),
        description::delete("/orders/{order}/positions/{number}", "Removes a position")
            .answers_nothing(204)
            .refuses(404, &["no_such_position"])
            .refuses(409, &["refunded", "packed"]),
        description::post("/orders/{order}/payments", "Money has come, as a bank reports it")
            .takes(object([("transfer", id()), ("amount", money())]))
            .answers(201, object([("counts", yes_or_no()), ("total", maybe(money()))]))
            .refuses(409, &["transfer_differs"])
            .refuses(422, &["no_amount", "overflow", "other_currency"]),
        description::get("/orders/{order}/payment", "What there is of an order's payment")
            .answers(200, object([("total", money()), ("refunded", yes_or_no())])),
        description::put("/orders/{order}/refund", "Gives all money back")
            .answers_nothing(204)
            .refuses(409, &["nothing_received"]),
        description::get("/orders/{order}/parcels", "Which parcels an order needs").answers(
            200,
            object([
                ("parcels", list(object([("number", count()), ("warehouse", id())]))),
                ("done", yes_or_no()),
                ("called_off", yes_or_no()),
            ]),
        ),
    ]
}
