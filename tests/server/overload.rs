//! More requests than may be at a time: the others are refused at once and told when to come again, and what was
//! accepted is done.

use std::io::{BufReader, Write};
use std::net::TcpStream;

use crate::book::{sessions, start};
use crate::http::{Response, connect};
use crate::process::{Process, until};

const MOST: usize = 4;

/// A request of which the body has still to come: it is being answered.
fn begun(server: &Process, nth: usize) -> (TcpStream, Vec<u8>) {
    let bytes = start("a", &format!("s{nth}")).encoded();
    let head = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a head") + 4;
    let mut stream = connect(server.at).expect("it listens");
    stream.write_all(&bytes[..head]).expect("it reads");
    (stream, bytes[head..].to_vec())
}

#[test]
fn what_is_too_much_is_refused_at_once_and_what_was_accepted_is_done() {
    let server = Process::server(["--memory", "--max-requests", &MOST.to_string()]);
    let accepted: Vec<_> = (0..MOST).map(|nth| begun(&server, nth)).collect();
    let refused = until("there is no room", || {
        Some(server.send(&start("b", "s"))).filter(|response| response.status != 201)
    });
    assert_eq!((refused.status, refused.code().as_deref()), (503, Some("overloaded")));
    let seconds = refused.header("Retry-After").and_then(|seconds| seconds.parse::<u64>().ok());
    assert!(seconds.is_some_and(|seconds| seconds > 0), "{refused:?}");
    // Health answers however much there is to do.
    assert_eq!(server.get("/healthz").status, 200);
    for (mut stream, rest) in accepted {
        stream.write_all(&rest).expect("it reads");
        let answer = Response::read(&mut BufReader::new(stream)).expect("an answer");
        assert_eq!(answer.status, 201, "{}", answer.text());
    }
    assert_eq!(sessions(&server, "a").len(), MOST);
    assert_eq!(server.send(&start("c", "s")).status, 201, "there is room again");
}
