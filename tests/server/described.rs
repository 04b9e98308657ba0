//! The table, the routes and the description agree.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;

use crate::process::{Process, until};
use crate::schema::Description;
use crate::table::steps;

/// What the table cannot provoke.
const ELSEWHERE: &[(u16, &str)] = &[
    (401, "unauthorized"),    // token.rs
    (408, "request_timeout"), // clients.rs
    (503, "overloaded"),      // overload.rs
    (503, "unavailable"),     // disk.rs
    (503, "not_ready"),       // disk.rs
    (503, "timed_out"),       // bailiwick-axum: nothing here takes so long
    (503, "not_reached"),     // rows.rs
    (504, "outcome_unknown"), // disk.rs
];
/// What never ends: crashes.rs.
const STREAM: &str = "GET /accounts/{account}/events";

#[test]
fn every_route_answers_as_in_the_table() {
    let server = Process::server(["--memory"]);
    let description = Description(server.get("/openapi.json").json());
    let operations = description.operations();
    let mut met = BTreeSet::new();
    for step in steps() {
        let response = step.take(&server);
        let (method, path) = step.route.split_once(' ').expect("two");
        let mut of = operations.iter().filter(|of| of.method == method && of.path == path);
        let Some(of) = of.next() else {
            assert!([404, 405].contains(&step.status), "{} is not described", step.route);
            continue;
        };
        met.insert((step.route.to_owned(), step.status, step.code.unwrap_or_default().to_owned()));
        let said = &of.said["responses"][step.status.to_string()];
        assert!(!said.is_null(), "{} {} is not described", step.route, step.status);
        for (kind, content) in said["content"].as_object().into_iter().flatten() {
            let named = response.header("content-type").unwrap_or_default();
            assert!(named.starts_with(kind.as_str()), "{}: {named}", step.route);
            if kind.ends_with("json") {
                let checked = description.check(&content["schema"], &response.json());
                checked.unwrap_or_else(|wrong| panic!("{} {}: {wrong}", step.route, step.status));
            }
        }
    }
    a_bid_on_what_has_ended_stays(&server);
    met.insert((RETRACT.to_owned(), 409, "ended".to_owned()));
    let common: BTreeSet<_> = ELSEWHERE.iter().map(|(status, code)| (*status, *code)).collect();
    let missing: Vec<_> = described(&description)
        .into_iter()
        .filter(|(route, status, code)| {
            let is_met = met.contains(&(route.clone(), *status, code.clone()));
            let elsewhere = common.contains(&(*status, code.as_str()));
            let stream = route == STREAM && *status == 200;
            let of_form = is_of_form(code) && met.iter().any(|(_, _, other)| other == code);
            ![is_met, elsewhere, stream, of_form].contains(&true)
        })
        .collect();
    assert!(missing.is_empty(), "described, and not in the table: {missing:#?}");
}

const RETRACT: &str = "DELETE /listings/{listing}/bids/{bidder}";

/// The bid has to come before the end, however slow the machine is: so it is tried with more and more time.
fn a_bid_on_what_has_ended_stays(server: &Process) {
    let euros = |minor: u64| json!({ "minor": minor, "currency": "EUR" });
    for nth in 0_u32.. {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis();
        let listing = format!("brief-{nth}");
        let ends_at = u64::try_from(now).expect("soon") + (100 << nth);
        let open = json!({
            "listing": listing, "seller": "sam", "ask": euros(1), "increment": { "basis_points": 1 },
            "starts_at": 1, "ends_at": ends_at
        });
        assert_eq!(server.post("/listings", &open).status, 201);
        let bid = json!({ "bidder": "ben", "amount": euros(5) });
        if server.post(&format!("/listings/{listing}/bids"), &bid).status != 201 {
            continue;
        }
        let retract = || server.delete(&format!("/listings/{listing}/bids/ben"));
        until("it has ended", || {
            let status = server.get(&format!("/listings/{listing}")).json()["status"].clone();
            (status == "ended").then_some(())
        });
        let refused = retract();
        assert_eq!((refused.status, refused.code().as_deref()), (409, Some("ended")));
        return;
    }
}

/// Codes that are the same for every route: one that has it is enough.
fn is_of_form(code: &str) -> bool {
    const OF_FORM: &[&str] = &[
        "invalid_body",
        "body_too_large",
        "unsupported_media_type",
        "invalid_id",
        "invalid_idempotency_key",
        "idempotency_key_reused",
    ];
    OF_FORM.contains(&code)
}

/// Every route with every status and code of it.
fn described(description: &Description) -> Vec<(String, u16, String)> {
    let mut described = Vec::new();
    for operation in description.operations() {
        let route = format!("{} {}", operation.method, operation.path);
        let responses = operation.said["responses"].as_object().expect("responses");
        for (status, response) in responses {
            let status = status.parse().expect("a status");
            let codes = response
                .pointer("/content/application~1problem+json/schema/allOf/1/properties/code/enum")
                .and_then(|codes| codes.as_array());
            match codes {
                None => described.push((route.clone(), status, String::new())),
                Some(codes) => described.extend(codes.iter().map(|code| {
                    (route.clone(), status, code.as_str().expect("a code").to_owned())
                })),
            }
        }
    }
    described
}

/// What is in the sources of the server as `.route("/path", get(..).put(..))`.
#[test]
fn every_route_that_there_is_is_described() {
    let sources =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/servers/streaming_server");
    let mut routed = BTreeSet::new();
    let mut folders = vec![sources];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            match path.is_dir() {
                true => folders.push(path),
                false => routes_in(&std::fs::read_to_string(path).expect("text"), &mut routed),
            }
        }
    }
    let server = Process::server(["--memory"]);
    let description = Description(server.get("/openapi.json").json());
    let described: BTreeSet<_> = description
        .operations()
        .iter()
        .map(|operation| format!("{} {}", operation.method, operation.path))
        .collect();
    // Health is bailiwick-axum's.
    let health = ["GET /healthz", "GET /readyz"].map(str::to_owned);
    routed.extend(health);
    assert_eq!(routed, described);
}

fn routes_in(source: &str, routes: &mut BTreeSet<String>) {
    for call in source.split(".route(").skip(1) {
        let Some((path, rest)) =
            call.trim_start().strip_prefix('"').and_then(|call| call.split_once('"'))
        else {
            continue;
        };
        // Up to the parenthesis that ends the call.
        let mut depth = 1;
        let handlers: String = rest
            .chars()
            .take_while(|c| {
                depth += i32::from(*c == '(') - i32::from(*c == ')');
                depth > 0
            })
            .collect();
        for method in ["get", "post", "put", "delete"] {
            if handlers.contains(&format!("{method}(")) {
                routes.insert(format!("{} {path}", method.to_uppercase()));
            }
        }
    }
}
