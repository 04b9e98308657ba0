//! What is asked, and what came of it.

/// How many of what.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Accounts.
    pub accounts: usize,
    /// Sessions that an account may have at once. One has one request under way at most.
    pub sessions: usize,
    /// How often a session is kept alive between its beginning and its end, on average.
    pub beats: u32,
    /// For how long a lease is asked for.
    pub lease_ms: u64,
    /// The same seed, the same requests in the same order.
    pub seed: u64,
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A session begins.
    Start,
    /// It still runs.
    Beat,
    /// It ends.
    Stop,
}

/// All kinds, in the order in which they are shown.
pub const KINDS: [Kind; 3] = [Kind::Start, Kind::Beat, Kind::Stop];

impl Kind {
    /// As it is shown.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Start => "start",
            Kind::Beat => "keep-alive",
            Kind::Stop => "stop",
        }
    }
}

/// Somebody's next request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Turn {
    /// Where the account has its session.
    pub(super) seat: usize,
    /// What it is.
    pub kind: Kind,
}

/// How a request ended, as far as it matters to the session.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Outcome<'a> {
    /// Accepted, with what was answered.
    Accepted(&'a [u8]),
    /// Certainly not done; come again in so many seconds.
    Refused(Option<u32>),
    /// A rule said no.
    Rejected,
    /// It may have been done.
    Unknown,
}

/// What an account must show, and what it must not.
#[derive(Debug, Default, PartialEq)]
pub struct Expected {
    /// Sessions whose lease was acknowledged, and until when.
    pub held: Vec<(String, u64)>,
    /// Sessions whose end was acknowledged, or whose beginning was refused.
    pub ended: Vec<String>,
}
