//! The bounds of a server.

use std::time::Duration;

/// The bounds of a [`Server`](crate::Server), each with a unit. Those of the runtime are its own
/// ([`Config`](bailiwick::Config)); the [time-out](bailiwick::Config::timeout) of a call there, 5 s by default, is to be
/// shorter than [`request_timeout`](Self::request_timeout) by the time that a handler needs beside it: the runtime
/// knows what has become of the call, and the server then says `outcome_unknown` of what was not run for certain.
///
/// | bound | default | what is beyond it |
/// |---|---:|---|
/// | `connections` | 4 096, or as many as the process may have files, but for 256 | one request of each of 64 further connections is answered within 2 s: health, and 503 `overloaded` of all else; others wait to be accepted |
/// | `requests` | 1 024 | 503 `overloaded`, at once; health and [`exempt`](crate::Server::exempt) are not counted |
/// | `streams` | 1 024 | 503 `overloaded`, at once |
/// | `head_timeout` | 10 s | the connection is closed |
/// | `head_bytes` | 32 KiB | 431, and the connection is closed |
/// | `write_timeout` | 30 s | the connection of a client that does not read is closed |
/// | `body_bytes` | 16 KiB | 413 `body_too_large` |
/// | `body_timeout` | 5 s | 408 `request_timeout` |
/// | `request_timeout` | 10 s | 504 `outcome_unknown`; of a GET 503 `timed_out` |
/// | `keys` | 65 536 | the oldest is forgotten (of other resources only: see [`Call`](crate::Call)) |
/// | `keys_for` | 1 h | it is forgotten |
/// | `notice` | 0 s | at the end, nothing more is accepted |
/// | `drain` | 15 s | at the end, requests that are still being answered are broken off |
/// | `shutdown` | 10 s | at the end, what the runtime has accepted is given back or unknown |
///
/// ```
/// use bailiwick_axum::Limits;
///
/// let limits = Limits { requests: 256, ..Limits::default() };
/// assert_eq!(limits.body_bytes, 16 * 1024);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// How many connections are open at a time.
    pub connections: usize,
    /// How many requests are being answered at a time. One is from when its body is there until its answer begins: so
    /// a client that is slow takes nobody's room, and a stream that has begun is none any more.
    pub requests: usize,
    /// How many streams of events are open at a time.
    pub streams: usize,
    /// How long a connection may take to send the head of a request, the first as well as the next one.
    pub head_timeout: Duration,
    /// How many bytes the head of a request may have, at least 8 KiB. It is also how much of an answer is written ahead.
    pub head_bytes: usize,
    /// How long no byte of an answer may be taken by its client.
    pub write_timeout: Duration,
    /// How many bytes a body may have.
    pub body_bytes: usize,
    /// How long a body may take to come.
    pub body_timeout: Duration,
    /// How long a request may take, from when its body is there until its answer begins.
    pub request_timeout: Duration,
    /// How many idempotency keys are remembered with the resource they were used for.
    pub keys: usize,
    /// For how long. As long as the runtime remembers them
    /// ([`answers_for`](bailiwick::Config::answers_for)), if it was not told otherwise.
    pub keys_for: Duration,
    /// How long connections are still accepted at the end, while `/readyz` says 503: as long as whoever sends clients
    /// here needs to notice that. Nothing, unless you have such a one.
    pub notice: Duration,
    /// How long requests that are being answered have at the end.
    pub drain: Duration,
    /// How long the runtime has after that.
    pub shutdown: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            connections: 4_096,
            requests: 1_024,
            streams: 1_024,
            head_timeout: Duration::from_secs(10),
            head_bytes: 32 << 10,
            write_timeout: Duration::from_secs(30),
            body_bytes: 16 << 10,
            body_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(10),
            keys: 65_536,
            keys_for: Duration::from_secs(3_600),
            notice: Duration::ZERO,
            drain: Duration::from_secs(15),
            shutdown: Duration::from_secs(10),
        }
    }
}
