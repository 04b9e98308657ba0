//! SIGTERM: what was accepted is finished, and nothing holds the end up.

use std::time::{Duration, Instant};

use crate::book::{Crowd, are_there, start};
use crate::http::{Events, request};
use crate::process::Process;

/// The limit of a shutdown is far below.
const BOUND: Duration = Duration::from_secs(40);

#[test]
fn what_was_accepted_under_load_is_there_after_sigterm() {
    let folder = tempfile::tempdir().expect("a folder");
    let args = || [std::ffi::OsStr::new("--data"), folder.path().as_os_str()];
    let mut server = Process::server(args());
    let mut told = Vec::new();
    let crowd = Crowd::begin(server.at, 0, 8);
    crowd.has_started(200);
    // Somebody follows an account for ever.
    let mut events =
        Events::open(&request("GET", "/accounts/r0-c0-0/events"), server.at).expect("a stream");
    let begun = Instant::now();
    server.ask_to_end();
    let status = server.ended();
    assert!(status.success(), "{status}");
    assert!(begun.elapsed() < BOUND, "{:?}", begun.elapsed());
    told.extend(crowd.told());
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
    // A connection that is kept open, and one on which nothing was sent.
    assert_eq!(server.send(&start("a", "s")).status, 201);
    let _idle = crate::http::connect(server.at).expect("it listens");
    let begun = Instant::now();
    server.ask_to_end();
    assert!(server.ended().success());
    assert!(begun.elapsed() < BOUND, "{:?}", begun.elapsed());
}
