//! Accounts and their sessions under leases.

use serde_json::{Value, json};

use super::{Step, refused, step};

const START: &str = "POST /accounts/{account}/sessions";
const RENEW: &str = "PUT /accounts/{account}/sessions/{session}/lease";
const END: &str = "DELETE /accounts/{account}/sessions/{session}";
const LIMIT: &str = "PUT /accounts/{account}/limit";
const ACCOUNT: &str = "GET /accounts/{account}";
const ACCOUNTS: &str = "GET /accounts";
const EVENTS: &str = "GET /accounts/{account}/events";
const HISTORY: &str = "GET /accounts/{account}/history";

fn none() -> Value {
    Value::Null
}

fn session(session: &str, lease_ms: u64) -> Value {
    json!({ "session": session, "lease_ms": lease_ms })
}

fn lease(lease_ms: u64) -> Value {
    json!({ "lease_ms": lease_ms })
}

const DAY: u64 = 86_400_000;

pub fn steps() -> Vec<Step> {
    [sessions(), keys(), reading()].into_iter().flatten().collect()
}

fn sessions() -> Vec<Step> {
    vec![
        step(ACCOUNT, &["never-used"], none(), 200).has("/limit", 5).has("/sessions", json!([])),
        refused(START, &["a1"], session("s1", 0), (422, "invalid_lease")),
        refused(START, &["a1"], session("s1", DAY + 1), (422, "invalid_lease")),
        step(START, &["a1"], session("s1", 60_000), 201)
            .has("/session", "s1")
            .has("/in_use", 1)
            .has("/limit", 5),
        refused(START, &["a1"], session("s1", 60_000), (409, "already_active")),
        step(LIMIT, &["a1"], json!({ "limit": 1 }), 200).has("/limit", 1),
        refused(LIMIT, &["a1"], json!({ "limit": 10_001 }), (422, "invalid_limit")),
        refused(START, &["a1"], session("s2", 60_000), (409, "limit_reached")).has("/limit", 1),
        step(RENEW, &["a1", "s1"], lease(DAY), 200).has("/session", "s1"),
        refused(RENEW, &["a1", "s1"], lease(0), (422, "invalid_lease")),
        refused(RENEW, &["a1", "s2"], lease(60_000), (404, "no_such_lease")),
        step(ACCOUNT, &["a1"], none(), 200).has("/limit", 1).has("/sessions/0/session", "s1"),
        step(END, &["a1", "s1"], none(), 204),
        refused(END, &["a1", "s1"], none(), (404, "no_such_lease")),
        step(START, &["a1"], session("s3", 50), 201),
        step(ACCOUNT, &["a1"], none(), 200).has("/sessions", json!([])).eventually(),
        refused(RENEW, &["a1", "s3"], lease(60_000), (404, "no_such_lease")),
    ]
}

/// What was accepted once is answered as it was.
fn keys() -> Vec<Step> {
    let keyed = |step: Step, key: &str| step.by(|request| request.key(key));
    let same = || keyed(step(START, &["k1"], session("s1", 60_000), 201), "key-1");
    vec![
        same().has("/in_use", 1),
        step(START, &["k1"], session("s2", 60_000), 201).has("/in_use", 2),
        same().has("/in_use", 1),
        keyed(
            refused(START, &["k1"], session("s1", 60_001), (422, "idempotency_key_reused")),
            "key-1",
        ),
        keyed(step(END, &["k1", "s1"], none(), 204), "key-2"),
        keyed(step(END, &["k1", "s1"], none(), 204), "key-2"),
        keyed(refused(END, &["k1", "s2"], none(), (422, "idempotency_key_reused")), "key-2"),
        keyed(step(LIMIT, &["k1"], json!({ "limit": 7 }), 200), "key-3"),
        keyed(step(LIMIT, &["k1"], json!({ "limit": 7 }), 200).has("/limit", 7), "key-3"),
        keyed(
            refused(RENEW, &["k1", "s2"], lease(60_000), (422, "idempotency_key_reused")),
            "key-3",
        ),
        keyed(refused(END, &["k1", "s1"], none(), (404, "no_such_lease")), "key-4"),
    ]
}

fn reading() -> Vec<Step> {
    vec![
        step(HISTORY, &["a1"], none(), 200)
            .has("/events/0/type", "SessionStarted")
            .has("/events/0/session", "s1"),
        step(HISTORY, &["never-used"], none(), 200).has("/events", json!([])),
        step(ACCOUNTS, &[], none(), 200)
            .has("/accounts/0/account", "k1")
            .has("/accounts/0/in_use", 1)
            .eventually(),
        refused(ACCOUNTS, &[], none(), (400, "invalid_query")).query("cursor=%2f"),
        refused(ACCOUNTS, &[], none(), (400, "invalid_query")).query("min_position=soon"),
        refused(ACCOUNTS, &[], none(), (400, "unknown_position")).query("min_position=999999"),
        refused(HISTORY, &["a1"], none(), (400, "invalid_query")).query("after=soon"),
        refused(HISTORY, &["a1"], none(), (400, "unknown_cursor")).query("after=999999"),
        step(HISTORY, &["a1"], none(), 200)
            .query("limit=1")
            .has("/events/0/type", "SessionStarted")
            .has("/events/1", none()),
        refused(EVENTS, &["a1"], none(), (400, "unknown_cursor"))
            .by(|request| request.header("Last-Event-ID", "17")),
    ]
}
