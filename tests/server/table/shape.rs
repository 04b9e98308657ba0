//! Requests that are wrong in their form, which is the same everywhere; and what belongs to no domain.

use serde_json::{Value, json};

use super::{Step, refused, step};
use crate::http::Request;

const START: &str = "POST /accounts/{account}/sessions";
const ACCOUNT: &str = "GET /accounts/{account}";

pub fn steps() -> Vec<Step> {
    let none = || Value::Null;
    let start = |body: Value, refusal| refused(START, &["a2"], body, refusal);
    let raw = |bytes: &'static [u8]| {
        start(none(), (400, "invalid_body")).by(move |request| request.bytes(bytes))
    };
    let long = "x".repeat(129);
    let large = format!("{{\"session\":\"{}\",\"lease_ms\":1}}", "x".repeat(17_000));
    vec![
        raw(b"{\"session\":"),
        raw(b""),
        raw(b"[]"),
        raw(b"\xff\xfe"),
        start(json!({ "session": "s1", "lease_ms": 1, "more": 1 }), (400, "invalid_body")),
        start(json!({ "session": "s1" }), (400, "invalid_body")),
        start(json!({ "session": "s1", "lease_ms": -1 }), (400, "invalid_body")),
        start(json!({ "session": "s1", "lease_ms": "1" }), (400, "invalid_body")),
        start(json!({ "session": "s 1", "lease_ms": 1 }), (400, "invalid_body")),
        start(none(), (413, "body_too_large")).by(move |request| request.bytes(large.as_bytes())),
        start(none(), (415, "unsupported_media_type")).by(|request| Request {
            body: Some(b"{}".to_vec()),
            ..request.header("Content-Type", "text/plain")
        }),
        start(json!({ "session": "s1", "lease_ms": 1 }), (400, "invalid_idempotency_key"))
            .by(|request| request.key("not one")),
        refused(ACCOUNT, &["a%20b"], none(), (400, "invalid_id")),
        refused(ACCOUNT, &["a%2Fb"], none(), (400, "invalid_id")),
        refused(ACCOUNT, &["%ff"], none(), (400, "invalid_id")),
        refused(ACCOUNT, &[&long], none(), (400, "invalid_id")),
        step(ACCOUNT, &[&long[..128]], none(), 200),
        refused("GET /nothing", &[], none(), (404, "not_found")),
        refused("PATCH /accounts/{account}", &["a1"], none(), (405, "method_not_allowed")),
        step("GET /healthz", &[], none(), 200),
        step("GET /readyz", &[], none(), 200).eventually(),
        step("GET /metrics", &[], none(), 200),
        step("GET /openapi.json", &[], none(), 200).has("/openapi", "3.1.0"),
    ]
}
