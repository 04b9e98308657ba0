//! Clients that are slow, or go away: nobody else waits for them, and nothing is half done.

use std::io::{BufReader, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use crate::callers::{sessions, start};
use crate::http::{Response, TIME_LIMIT, connect};
use crate::process::{Process, until};

/// So many at once.
const SLOW: usize = 200;

/// Sends this, and then nothing more.
fn begun(server: &Process, bytes: &[u8]) -> TcpStream {
    let mut stream = connect(server.at).expect("it listens");
    stream.write_all(bytes).expect("it reads");
    stream
}

#[test]
fn who_never_ends_a_request_holds_up_nobody_and_is_let_go() {
    let server = Process::server(["--memory"]);
    let whole = start("slow", "s").encoded();
    let head = whole.windows(4).position(|four| four == b"\r\n\r\n").expect("a head") + 4;
    let heads: Vec<_> = (0..SLOW).map(|_| begun(&server, &whole[..head / 2])).collect();
    let bodies: Vec<_> = (0..SLOW).map(|_| begun(&server, &whole[..head + 5])).collect();
    for nth in 0..20 {
        let asked = Instant::now();
        assert_eq!(
            server.send(&start("quick", &format!("s{nth}"))).status,
            if nth < 5 { 201 } else { 409 }
        );
        assert!(asked.elapsed() < TIME_LIMIT / 2, "nobody waits for them");
    }
    for stream in heads {
        let mut rest = Vec::new();
        // Closed, with or without an answer, before this side's patience is over.
        let closed = BufReader::new(stream).read_to_end(&mut rest);
        let reset = |error: &std::io::Error| error.kind() == std::io::ErrorKind::ConnectionReset;
        assert!(closed.is_ok() || closed.as_ref().is_err_and(reset), "{closed:?}");
    }
    for stream in bodies {
        let response = Response::read(&mut BufReader::new(stream)).expect("an answer");
        assert_eq!((response.status, response.code().as_deref()), (408, Some("request_timeout")));
    }
    assert!(sessions(&server, "slow").is_empty(), "nothing came of it");
}

/// A byte at a time, but within the time-out.
#[test]
fn who_is_slow_but_not_too_slow_is_served() {
    let server = Process::server(["--memory"]);
    let mut stream = connect(server.at).expect("it listens");
    stream.set_nodelay(true).expect("a socket");
    for byte in start("slow", "s").encoded() {
        stream.write_all(&[byte]).expect("it reads");
        thread::sleep(Duration::from_millis(1));
    }
    let response = Response::read(&mut BufReader::new(stream)).expect("an answer");
    assert_eq!(response.status, 201, "{}", response.text());
}

/// They do not wait for the answer. By their keys each session is started once, whatever came of it.
#[test]
fn who_goes_away_leaves_nothing_half_done() {
    let folder = tempfile::tempdir().expect("a folder");
    let args = [std::ffi::OsStr::new("--data"), folder.path().as_os_str()];
    let server = Process::server(args);
    let accounts: Vec<_> = (0..50).map(|nth| format!("gone-{nth}")).collect();
    for account in &accounts {
        for session in ["s1", "s2", "s3"] {
            drop(begun(&server, &start(account, session).encoded()));
        }
    }
    for account in &accounts {
        for session in ["s1", "s2", "s3"] {
            let again = server.send(&start(account, session));
            assert_eq!(again.status, 201, "{}", again.text());
        }
        let history = server.get(&format!("/accounts/{account}/history")).json();
        let mut started: Vec<_> = history["events"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|event| event["session"].as_str().expect("of a session").to_owned())
            .collect();
        started.sort();
        assert_eq!(started, ["s1", "s2", "s3"], "once each");
        assert_eq!(sessions(&server, account).len(), 3);
    }
    // It goes on, and forgets them.
    until("it is ready", || (server.get("/readyz").status == 200).then_some(()));
    assert_eq!(server.get("/healthz").status, 200);
}
