//! The orchestrator and the streaming service: one of them dies, is out of reach, or is overtaken.

use std::ffi::OsStr;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::callers::{sessions, start_for};
use crate::process::{Process, free_port, until};

/// Short, since they are waited for.
const LEASE_MS: u64 = 3_000;
const ACCOUNTS: [&str; 3] = ["a", "b", "c"];

/// Two processes that know each other.
struct Pair {
    server: Process,
    service: Process,
}

/// The ports on which they are, over restarts.
struct Ports {
    server: u16,
    service: u16,
}

impl Ports {
    fn new() -> Ports {
        Ports { server: free_port(), service: free_port() }
    }

    fn server(&self, folder: &Path) -> Process {
        let listen = format!("127.0.0.1:{}", self.server);
        let service = format!("http://127.0.0.1:{}", self.service);
        let args = ["--listen", &listen, "--streaming-service", &service, "--data"];
        Process::server_with(args.map(OsStr::new).into_iter().chain([folder.as_os_str()]))
    }

    fn service(&self) -> Process {
        let listen = format!("127.0.0.1:{}", self.service);
        let orchestrator = format!("http://127.0.0.1:{}", self.server);
        Process::service(["--quiet", "--listen", &listen, "--orchestrator", &orchestrator])
    }

    fn pair(&self, folder: &Path) -> Pair {
        Pair { server: self.server(folder), service: self.service() }
    }
}

fn running(service: &Process) -> u64 {
    service.get("/streams").json()["running"].as_u64().expect("a count")
}

fn runs(service: &Process, streams: u64) {
    until(&format!("{streams} streams run"), || (running(service) == streams).then_some(()));
}

fn behaves(service: &Process, behaviour: &serde_json::Value) {
    let request = crate::http::request("PUT", "/behaviour").json(behaviour);
    assert_eq!(service.send(&request).status, 200);
}

/// Starts a session for each, and waits until their streams run.
fn begin(pair: &Pair) {
    for account in ACCOUNTS {
        for session in ["s1", "s2"] {
            let started = pair.server.send(&start_for(account, session, LEASE_MS));
            assert_eq!(started.status, 201, "{}", started.text());
        }
    }
    runs(&pair.service, 6);
}

fn happened(server: &Process, account: &str, kind: &str) -> usize {
    let history = server.get(&format!("/accounts/{account}/history?limit=1000")).json();
    let events = history["events"].as_array().expect("a list").iter();
    events.filter(|event| event["type"] == kind).count()
}

#[test]
fn a_killed_service_frees_all_its_slots_when_the_leases_have_run_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let pair = Ports::new().pair(folder.path());
    begin(&pair);
    // They outlive their first leases.
    for account in ACCOUNTS {
        until("both are kept alive", || {
            (happened(&pair.server, account, "LeaseRenewed") >= 4).then_some(())
        });
        assert_eq!(sessions(&pair.server, account).len(), 2);
    }
    pair.service.kill();
    for account in ACCOUNTS {
        until("all slots are free", || sessions(&pair.server, account).is_empty().then_some(()));
        until("they are reclaimed", || {
            (happened(&pair.server, account, "LeaseExpired") == 2).then_some(())
        });
        assert_eq!(happened(&pair.server, account, "SessionEnded"), 0, "nobody told so");
    }
    until("nobody is listed", || {
        (pair.server.get("/accounts").json()["accounts"] == json!([])).then_some(())
    });
    // Others take the slots.
    let again = pair.server.send(&start_for("a", "s1", LEASE_MS));
    assert_eq!((again.status, again.json()["in_use"].as_u64()), (201, Some(1)));
}

#[test]
fn streams_of_an_orchestrator_that_is_gone_stop_when_their_leases_have_run_out() {
    let (folder, ports) = (tempfile::tempdir().expect("a folder"), Ports::new());
    let pair = ports.pair(folder.path());
    begin(&pair);
    pair.server.kill();
    runs(&pair.service, 0);
    let server = ports.server(folder.path());
    for account in ACCOUNTS {
        until("all slots are free", || sessions(&server, account).is_empty().then_some(()));
    }
}

/// The orchestrator is away for less than a lease: nobody notices.
#[test]
fn leases_outlive_a_killed_orchestrator() {
    let (folder, ports) = (tempfile::tempdir().expect("a folder"), Ports::new());
    let pair = ports.pair(folder.path());
    let started = pair.server.send(&start_for("a", "long", 60_000));
    assert_eq!(started.status, 201);
    runs(&pair.service, 1);
    pair.server.kill();
    let server = ports.server(folder.path());
    let expires_at = started.json()["expires_at"].clone();
    assert_eq!(sessions(&server, "a").get("long"), Some(&expires_at));
    assert_eq!(running(&pair.service), 1);
    // And it is the same stream that stops.
    assert_eq!(server.delete("/accounts/a/sessions/long").status, 204);
    runs(&pair.service, 0);
}

#[test]
fn a_stream_that_ends_by_itself_gives_its_slot_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let pair = Ports::new().pair(folder.path());
    assert_eq!(pair.server.send(&start_for("a", "s", 60_000)).status, 201);
    runs(&pair.service, 1);
    let end = crate::http::request("POST", "/streams/a/s/end");
    assert_eq!(pair.service.send(&end).status, 202);
    until("the slot is free", || sessions(&pair.server, "a").is_empty().then_some(()));
    assert_eq!(happened(&pair.server, "a", "SessionEnded"), 1);
    // A service that ends in order gives all back.
    assert_eq!(pair.server.send(&start_for("a", "t", 60_000)).status, 201);
    runs(&pair.service, 1);
    // Also those that are just asking for their lease.
    pair.service.ask_to_end();
    until("it is told", || (happened(&pair.server, "a", "SessionEnded") == 2).then_some(()));
}

/// Orders do not arrive any more. It asks for its lease, and is told that there is none.
#[test]
fn a_stream_without_a_lease_stops_though_no_order_arrives() {
    let folder = tempfile::tempdir().expect("a folder");
    let pair = Ports::new().pair(folder.path());
    assert_eq!(pair.server.send(&start_for("a", "s", 4_000)).status, 201);
    runs(&pair.service, 1);
    behaves(&pair.service, &json!({ "status": 503 }));
    assert_eq!(pair.server.delete("/accounts/a/sessions/s").status, 204);
    runs(&pair.service, 0);
}

#[test]
fn a_stop_that_overtakes_its_start_wins() {
    const LATE: Duration = Duration::from_millis(3_000);
    let folder = tempfile::tempdir().expect("a folder");
    let pair = Ports::new().pair(folder.path());
    let late = u64::try_from(LATE.as_millis()).expect("short");
    behaves(&pair.service, &json!({ "delay_ms": late }));
    assert_eq!(pair.server.send(&start_for("a", "s", 60_000)).status, 201);
    // The start is on its way: those that come after it are faster.
    thread::sleep(LATE / 2);
    behaves(&pair.service, &json!({ "delay_ms": 0 }));
    assert_eq!(pair.server.delete("/accounts/a/sessions/s").status, 204);
    let begun = Instant::now();
    while begun.elapsed() < LATE {
        assert_eq!(running(&pair.service), 0, "nothing is started after it was stopped");
        thread::sleep(Duration::from_millis(20));
    }
    // The next one of that name is another order.
    assert_eq!(pair.server.send(&start_for("a", "s", 60_000)).status, 201);
    runs(&pair.service, 1);
}
