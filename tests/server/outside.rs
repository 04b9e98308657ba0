//! The streaming service is unreachable, slow, answers errors, or is dead: no slot is lost, nobody waits for
//! another one's stream, and each start is asked for under one key.

use std::ffi::OsStr;
use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::callers::{sessions, start, start_for};
use crate::http::TIME_LIMIT;
use crate::process::{Process, until};
use crate::stub::{Mode, Stub};

fn with_service(service: &str) -> Process {
    Process::server(["--memory", "--streaming-service", service])
}

fn on(folder: &Path, service: &str) -> Process {
    let args = ["--streaming-service", service, "--data"].map(OsStr::new);
    Process::server(args.into_iter().chain([folder.as_os_str()]))
}

/// Waits until a session is to be started, and gives the key.
fn asked_for(stub: &Stub, session: &str) -> String {
    let keys = until("it is asked for", || {
        Some(stub.keys_of_starts(session)).filter(|keys| !keys.is_empty())
    });
    assert_eq!(keys.len(), 1, "{keys:?}");
    keys.into_iter().next().expect("one")
}

#[test]
fn nobody_is_there() {
    // Nobody listens there any more.
    let gone = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let server = with_service(&format!("http://{}", gone.expect("a port")));
    for session in ["s1", "s2", "s3", "s4", "s5"] {
        assert_eq!(server.send(&start_for("a", session, 1_500)).status, 201);
    }
    let full = server.send(&start("a", "s6"));
    assert_eq!(full.code().as_deref(), Some("limit_reached"));
    until("all slots are free", || sessions(&server, "a").is_empty().then_some(()));
    assert_eq!(server.send(&start("a", "s6")).status, 201);
    assert_eq!(server.get("/readyz").status, 200);
}

/// Retried under one key, and not again once it was taken: not after a restart either.
#[test]
fn it_answers_errors_for_a_while() {
    let folder = tempfile::tempdir().expect("a folder");
    let stub = Stub::new(Mode::Fails);
    let server = on(folder.path(), &stub.url());
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let traced = start("a", "s1").header("traceparent", &format!("00-{trace}-00f067aa0ba902b7-01"));
    assert_eq!(server.send(&traced).status, 201);
    until("it is tried again", || (stub.calls("s1").len() > 1).then_some(()));
    let key = asked_for(&stub, "s1");
    server.kill();
    stub.becomes(Mode::HangsUp);
    let before = stub.calls("s1").len();
    let server = on(folder.path(), &stub.url());
    until("it is tried by the next one", || (stub.calls("s1").len() > before).then_some(()));
    stub.becomes(Mode::Takes);
    let failed = stub.calls("s1").len();
    until("it is taken", || (stub.calls("s1").len() > failed).then_some(()));
    assert_eq!(asked_for(&stub, "s1"), key, "the same key in every attempt");
    let traces = stub.calls("s1").into_iter().map(|call| call.traceparent);
    for traceparent in traces {
        assert_eq!(
            traceparent.split('-').nth(1),
            Some(trace),
            "{traceparent}: after a restart, too"
        );
    }
    // What comes later is called later, so nothing more comes of the first.
    assert_eq!(server.send(&start("a", "s2")).status, 201);
    asked_for(&stub, "s2");
    let taken = stub.calls("s1").len();
    server.kill();
    let server = on(folder.path(), &stub.url());
    assert_eq!(server.send(&start("a", "s3")).status, 201);
    asked_for(&stub, "s3");
    assert_eq!(stub.calls("s1").len(), taken, "it has its trace");
    assert_ne!(asked_for(&stub, "s2"), key, "a key for each");
}

#[test]
fn it_hangs_and_holds_up_nobody_else() {
    let stub = Stub::new(Mode::Hangs);
    let server = with_service(&stub.url());
    for nth in 0..10 {
        let begun = Instant::now();
        assert_eq!(server.send(&start(&format!("a{nth}"), &format!("hangs-{nth}"))).status, 201);
        assert!(begun.elapsed() < TIME_LIMIT / 2, "no command waits for it");
    }
    until("all are asked for", || (stub.calls("hangs-").len() >= 10).then_some(()));
    stub.becomes(Mode::Takes);
    assert_eq!(server.send(&start("b", "other")).status, 201);
    asked_for(&stub, "other");
}

/// The lease has run out before anybody could start the stream: nobody does any more.
#[test]
fn what_has_run_out_is_not_started_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let stub = Stub::new(Mode::Fails);
    let server = on(folder.path(), &stub.url());
    // Longer than nobody looks at a lease that was just granted: half a second.
    let started = server.send(&start_for("a", "short", 700)).json();
    asked_for(&stub, "short");
    server.kill();
    stub.becomes(Mode::Takes);
    // Nobody runs until it is over.
    let end = Duration::from_millis(started["expires_at"].as_u64().expect("an end"));
    let left = (UNIX_EPOCH + end).duration_since(SystemTime::now()).unwrap_or_default();
    std::thread::sleep(left + Duration::from_millis(50));
    let before = stub.keys_of_starts("short").len();
    let calls = stub.calls("short").into_iter().filter(|call| call.method != "DELETE").count();
    let server = on(folder.path(), &stub.url());
    assert_eq!(server.send(&start("a", "long")).status, 201);
    asked_for(&stub, "long");
    let again = stub.calls("short").into_iter().filter(|call| call.method != "DELETE").count();
    assert_eq!((again, stub.keys_of_starts("short").len()), (calls, before));
    assert!(!sessions(&server, "a").contains_key("short"));
}
