//! The routes of accounts, and those that belong to no domain.

use serde_json::json;

use super::schema::*;
use super::{Operation, delete, get, health, post, put};

pub(super) fn described() -> Vec<Operation> {
    let lease = || object([("session", id()), ("expires_at", time())]);
    let status = |word: &str| object([("status", one_of(&[word]))]);
    vec![
        post("/accounts/{account}/sessions", "Asks for a slot for a session, for a time")
            .takes(object([("session", id()), ("lease_ms", count())]))
            .answers(
                201,
                object([
                    ("session", id()),
                    ("expires_at", time()),
                    ("in_use", count()),
                    ("limit", count()),
                    ("token", count()),
                ]),
            )
            .refuses(409, &["already_active", "limit_reached"])
            .refuses(422, &["invalid_lease"]),
        put("/accounts/{account}/sessions/{session}/lease", "Says that a session still runs")
            .takes(object([("lease_ms", count())]))
            .answers(200, lease())
            .refuses(404, &["no_such_lease"])
            .refuses(422, &["invalid_lease"]),
        delete("/accounts/{account}/sessions/{session}", "Ends a session")
            .answers_nothing(204)
            .refuses(404, &["no_such_lease"]),
        put("/accounts/{account}/limit", "Sets how many sessions an account may run")
            .takes(object([("limit", count())]))
            .answers(200, object([("limit", count())]))
            .refuses(422, &["invalid_limit"]),
        get("/accounts/{account}", "The sessions of an account that count now")
            .answers(200, object([("limit", count()), ("sessions", list(lease()))])),
        health("/healthz", "Whether the server lives").answers(200, status("live")),
        health("/readyz", "Whether it is to be sent clients")
            .answers(200, status("ready"))
            .refuses(503, &["not_ready"]),
        get("/metrics", "How much is done, and how long it takes, for Prometheus").answers_as(
            200,
            "text/plain",
            text(),
        ),
        get("/openapi.json", "This").answers(200, json!({ "type": "object" })),
    ]
}
