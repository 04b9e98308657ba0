//! SIGTERM: what was accepted is finished, and nothing holds the end up.

use std::io::{BufReader, Write};
use std::time::{Duration, Instant};

use crate::callers::{Callers, are_there};
use crate::http::{Events, Response, connect, request};
use crate::process::Process;

/// More than the server's limits for requests and for the runtime together, 25 s: who waits for a client that follows
/// for ever takes longer.
const BOUND: Duration = Duration::from_secs(40);

/// Less than a server waits for requests that have begun, and for heads of requests that have not.
const AT_ONCE: Duration = Duration::from_secs(8);

#[test]
fn what_was_accepted_under_load_is_there_after_sigterm() {
    let folder = tempfile::tempdir().expect("a folder");
    let args = || [std::ffi::OsStr::new("--data"), folder.path().as_os_str()];
    let mut server = Process::server(args());
    let mut told = Vec::new();
    let callers = Callers::begin(server.at, 0, 8);
    callers.has_started(200);
    // Somebody follows an account for ever.
    let mut events =
        Events::open(&request("GET", "/accounts/r0-c0-0/events"), server.at).expect("a stream");
    let begun = Instant::now();
    server.ask_to_end();
    let status = server.ended();
    assert!(status.success(), "{status}");
    assert!(begun.elapsed() < BOUND, "{:?}", begun.elapsed());
    told.extend(callers.told());
    while events.next().expect("it ends in order").is_some() {}
    let server = Process::server(args());
    are_there(&told, &server);
    // Asked again: by the same keys, the same answers.
    for told in told.iter().rev().take(50) {
        let again = server.send(&told.request);
        assert_eq!((again.status, again.json()), (201, told.response.json()));
    }
}

#[test]
fn it_ends_at_once_when_nobody_wants_anything() {
    let mut server = Process::server(["--memory"]);
    // A connection that is kept open after an answer, and one on which nothing was sent.
    let kept = connect(server.at).expect("it listens");
    (&kept).write_all(b"GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n").expect("it is there");
    let answer = Response::read(&mut BufReader::new(&kept)).expect("an answer");
    assert_eq!((answer.status, answer.header("connection")), (200, None));
    let _idle = connect(server.at).expect("it listens");
    let begun = Instant::now();
    server.ask_to_end();
    assert!(server.ended().success());
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
}
