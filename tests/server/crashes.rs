//! SIGKILL of the orchestrator: leases, the projection, policies and keys are as they were.

use std::collections::BTreeMap;
use std::ffi::OsStr;

use serde_json::{Value, json};

use crate::callers::{Callers, are_there, projected, sessions, start};
use crate::http::{Events, Request, request};
use crate::process::{Process, until};

const ROUNDS: usize = 3;

#[test]
fn what_was_told_before_a_kill_is_there_after_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let args = || [OsStr::new("--data"), folder.path().as_os_str()];
    let mut told = Vec::new();
    for round in 0..ROUNDS {
        let server = Process::server(args());
        are_there(&told, &server);
        let callers = Callers::begin(server.at, round, 8);
        callers.has_started(100);
        server.kill();
        told.extend(callers.told());
    }
    let server = Process::server(args());
    are_there(&told, &server);
    for told in told.iter().rev().take(100) {
        let again = server.send(&told.request);
        assert_eq!(again.status, 201, "{}", again.text());
        assert_eq!(again.json(), told.response.json(), "the original answer");
    }
    // The projection has what the accounts have, once each.
    let last = server.send(&start("last", "s"));
    let position = last.header("Bailiwick-Position").expect("where it is").to_owned();
    let rows = projected(&server, &position);
    let mut counts = BTreeMap::<&str, u64>::new();
    told.iter().for_each(|told| *counts.entry(&told.account).or_default() += 1);
    for (account, told) in counts {
        let there = sessions(&server, account).len() as u64;
        assert!(there >= told, "{account}");
        assert_eq!(rows.get(account), Some(&there), "{account} in {rows:#?}");
    }
}

fn bid(listing: &str, bidder: &str, minor: u64) -> Request {
    let amount = json!({ "minor": minor, "currency": "EUR" });
    let body = json!({ "bidder": bidder, "amount": amount });
    request("POST", &format!("/listings/{listing}/bids")).json(&body)
}

fn open(server: &Process, listing: &str) {
    let body = json!({
        "listing": listing, "seller": "sam", "ask": { "minor": 1, "currency": "EUR" },
        "increment": { "basis_points": 1 }, "starts_at": 1, "ends_at": 32_503_680_000_000_u64
    });
    assert_eq!(server.post("/listings", &body).status, 201);
}

/// A policy goes on where it was.
#[test]
fn a_bid_that_must_not_stand_is_taken_out_by_whoever_runs_next() {
    let folder = tempfile::tempdir().expect("a folder");
    let args = || [OsStr::new("--data"), folder.path().as_os_str()];
    for round in 0..ROUNDS {
        let server = Process::server(args());
        let listings: Vec<_> = (0..20).map(|nth| format!("l{round}-{nth}")).collect();
        for listing in &listings {
            open(&server, listing);
            assert_eq!(server.send(&bid(listing, "stranger", 5)).status, 201);
        }
        server.kill();
        let server = Process::server(args());
        for listing in &listings {
            until("the bid is out", || {
                let leading = server.get(&format!("/listings/{listing}")).json()["leading"].clone();
                (leading == Value::Null).then_some(())
            });
        }
    }
}

/// Whoever follows an account goes on behind what was seen last, and misses and repeats nothing.
#[test]
fn a_stream_goes_on_behind_the_last_event_after_a_kill() {
    let folder = tempfile::tempdir().expect("a folder");
    let args = || [OsStr::new("--data"), folder.path().as_os_str()];
    let (mut seen, mut last) = (Vec::new(), None::<String>);
    for round in 0..ROUNDS {
        let server = Process::server(args());
        let follow = request("GET", "/accounts/followed/events");
        let follow = match &last {
            None => follow, // From now on.
            Some(last) => follow.header("Last-Event-ID", last),
        };
        let mut events = Events::open(&follow, server.at).expect("a stream");
        for nth in 0..4 {
            let session = format!("r{round}s{nth}");
            assert_eq!(server.send(&start("followed", &session)).status, 201);
            let end = format!("/accounts/followed/sessions/{session}");
            assert_eq!(server.delete(&end).status, 204);
        }
        // Not all that there is: the rest comes with the next round.
        for _ in 0..6 {
            let event = events.next().expect("it is there").expect("it goes on");
            let data: Value = serde_json::from_str(&event.data).expect("JSON");
            assert_eq!(data["type"], event.event.as_str());
            seen.push((event.event, data["session"].clone()));
        }
        last = Some(events.last.clone());
        server.kill();
    }
    let all = (0..ROUNDS).flat_map(|round| (0..4).map(move |nth| format!("r{round}s{nth}")));
    let expected = all.flat_map(|session| {
        ["SessionStarted", "SessionEnded"].map(|event| (event.to_owned(), json!(session)))
    });
    let expected: Vec<_> = expected.take(seen.len()).collect();
    assert_eq!(seen, expected);
    // What has happened is the same afterwards, page by page.
    let server = Process::server(args());
    let (mut told, mut after) = (Vec::new(), 0);
    loop {
        let page = server.get(&format!("/accounts/followed/history?limit=5&after={after}")).json();
        for event in page["events"].as_array().expect("a list") {
            told.push((
                event["type"].as_str().expect("a type").to_owned(),
                event["session"].clone(),
            ));
        }
        match page["next"].as_u64() {
            Some(next) => after = next,
            None => break,
        }
    }
    assert_eq!(told.len(), 8 * ROUNDS);
    assert_eq!(told[..seen.len()], seen);
}
